"""Step 2, receiving: drafts become ledger entries, and a line each in the index of reports."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from difflib import get_close_matches
from math import isfinite
from typing import Any, NoReturn

from fallow.errors import FallowError
from fallow.kinds import Kind, Model, date_low
from fallow.register.inserting import Column, Same, insert
from fallow.register.ledger import Ledger, canonical, new_ids
from fallow.register.report import Draft
from fallow.register.sheet import Sheet, as_json, bodies, keeps_to
from fallow.register.vault import Vault

Spans = Iterable[tuple[int, int]]


def add(
    connection: sqlite3.Connection,
    ledger: Ledger,
    model: Model,
    vault: Vault,
    drafts: Sequence[Draft],
    delivery: int,
) -> range:
    """Enter drafts; personal values go to the vault first, so that no ledger entry can point to nothing."""
    head = ledger.head()[0]
    gates: dict[str, _Gate] = {}
    for draft in drafts:
        if draft.kind not in gates:
            gates[draft.kind] = _Gate(model, model.kind(draft.kind))
        gates[draft.kind].check(draft, head)
    sealed = _seal(vault, drafts)
    bodies = [canonical(_body(draft, delivery, sealed.get(i))) for i, draft in enumerate(drafts)]
    numbers = ledger.append("report", bodies, [draft.geometry for draft in drafts])
    today = ledger.head()[2][:10]
    connection.executemany(
        "INSERT INTO fallow_report VALUES (?,?,?,?,?,?,?,?,?,'draft',NULL,NULL)",
        [
            (
                number,
                draft.kind,
                draft.record,
                draft.source,
                delivery,
                draft.true,
                draft.learned or today,
                int(draft.learned is not None),
                " ".join(draft.held),
            )
            for number, draft in zip(numbers, drafts, strict=True)
        ],
    )
    return numbers


def add_sheet(
    connection: sqlite3.Connection,
    ledger: Ledger,
    model: Model,
    sheet: Sheet,
    delivery: int,
    short: Collection[int],
    day: str,
    *,
    declared: bool,
) -> tuple[range, list[bytes]]:
    """Enter a sheet; gives the ledger numbers, and the fields of each statement as JSON.

    ``short`` are the positions of those that are approved in the same act, as decided on ``day``: their line
    in the index of reports is written as approved at once. The others are drafts.
    """
    kind = model.kind(sheet.kind)
    if not keeps_to(sheet, model, kind):
        gate, head = _Gate(model, kind), ledger.head()[0]
        for draft in sheet.drafts():
            gate.check(draft, head)
    count = len(sheet)
    fields = as_json(sheet.columns, count)
    numbers = ledger.append("report", bodies(sheet, fields, delivery), sheet.shapes)
    learned = sheet.learned or ledger.head()[2][:10]
    told, held = int(sheet.learned is not None), sheet.held
    approved = (max(told, int(declared)), "approved", max(learned, day))
    drafted = (told, "draft", None)
    chosen = frozenset(short)
    stands: Sequence[Column]
    if len(chosen) in (0, count):
        stands = list(map(Same, approved if chosen else drafted))
    else:
        each = (approved if row in chosen else drafted for row in range(count))
        stands = list(zip(*each, strict=True))
    marked, state, since = stands
    columns: Sequence[Column] = (
        numbers,
        Same(sheet.kind),
        sheet.records,
        Same(sheet.source),
        Same(delivery),
        sheet.trues,
        Same(learned),
        marked,
        [" ".join(held.get(row, ())) for row in range(count)] if held else Same(""),
        state,
        since,
        Same(None),
    )
    insert(connection, "fallow_report", columns, count)
    return numbers, fields


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


_FITS: dict[str, Callable[[Any], bool]] = {
    "integer": _is_whole,
    "decimal": _is_number,
    "quantity": _is_number,
    "yes_no": lambda value: isinstance(value, bool),
    "codes": lambda value: isinstance(value, list) and all(map(_is_text, value)),
    "links": lambda value: isinstance(value, list) and all(map(_is_text, value)),
    "names": lambda value: isinstance(value, dict) and all(map(_is_text, value.values())),
}
"""Which Python values are canonical for a value type; everything not named here is text.

A value of another type would read back changed from its column, and its row would then look damaged.
"""


class _Gate:
    """What a report of one kind must keep to, because nothing can be taken out of the ledger again."""

    def __init__(self, model: Model, kind: Kind) -> None:
        self._kind = kind
        self._open = frozenset(one.name for one in kind.stored)
        self._hidden = frozenset(one.name for one in kind.fields if one.personal)
        self._codes = {
            one.name: frozenset(code.code for code in model.codes(one))
            for one in kind.stored
            if one.type == "code"
        }
        self._fits = {one.name: (one.type, _FITS.get(one.type, _is_text)) for one in kind.stored}

    def check(self, draft: Draft, head: int) -> None:
        """Refuse what a later reader could not understand, or what would slip past a guard."""
        said = draft.fields.keys()
        if not said <= self._open:
            if said & self._hidden:
                raise FallowError("PERSONAL_IN_THE_OPEN", draft.kind, field=min(said & self._hidden))
            self._unknown(min(said - self._open), self._open)
        if not draft.secret.keys() <= self._hidden:
            self._unknown(min(draft.secret.keys() - self._hidden), self._hidden)
        for name, value in draft.fields.items():
            type, fits = self._fits[name]
            if value is not None and not fits(value):
                raise FallowError("VALUE_TYPE", f"{draft.kind}.{name}", field=name, type=type)
        for name in self._codes.keys() & said:
            value = draft.fields[name]
            if value is not None and value not in self._codes[name]:
                near = ", ".join(sorted(self._codes[name]))
                raise FallowError(
                    "CODE_UNKNOWN", f"{draft.kind}.{name}", field=name, list=name, found=value, near=near
                )
        if draft.located and draft.geometry is not None and not self._kind.shapes:
            raise FallowError("NO_GEOMETRY", draft.kind)
        date_low(draft.true)
        if draft.learned is not None and date_low(draft.learned) != draft.learned:
            raise FallowError("DATE_FORMAT", "learned", found=draft.learned)
        for number in (*draft.seen, *draft.corrects, *draft.withdraws):
            if not 0 < number <= head:
                raise FallowError("REPORT_UNKNOWN", str(number))

    def _unknown(self, name: str, names: frozenset[str]) -> NoReturn:
        near = get_close_matches(name, names, n=1, cutoff=0.5) or [", ".join(sorted(names)) or "-"]
        raise FallowError("FIELD_UNKNOWN", f"{self._kind.name}.{name}", near=near[0])


def _seal(vault: Vault, drafts: Sequence[Draft]) -> dict[int, dict[str, str]]:
    """Encrypt personal values; gives, by position, what the ledger keeps of them."""
    secret = [(i, draft) for i, draft in enumerate(drafts) if draft.secret]
    if not secret:
        return {}
    ids = new_ids(len(secret))
    commitments = vault.seal(
        [(id, draft.record, draft.secret) for id, (_, draft) in zip(ids, secret, strict=True)]
    )
    return {
        i: {"id": id, "sha256": commitment}
        for (i, _), id, commitment in zip(secret, ids, commitments, strict=True)
    }


def _body(draft: Draft, delivery: int, sealed: dict[str, str] | None) -> dict[str, object]:
    body: dict[str, object] = {
        "kind": draft.kind,
        "record": draft.record,
        "source": draft.source,
        "author": draft.author,
        "true": draft.true,
        "fields": draft.fields,
        "delivery": delivery,
    }
    if draft.located:
        body["located"] = True
    for name in ("original", "learned", "where", "corrects", "withdraws", "seen", "held"):
        if value := getattr(draft, name):
            body[name] = value
    if sealed is not None:
        body["sealed"] = sealed
    return body


def mark_approved(connection: sqlite3.Connection, spans: Spans, day: str, *, declared: bool) -> None:
    """Open the span of acceptance of reports; one that was closed before is kept beside."""
    for low, high in spans:
        connection.execute(
            "INSERT INTO fallow_earlier_span SELECT number, known_from, known_to FROM fallow_report "
            "WHERE number BETWEEN ? AND ? AND known_to IS NOT NULL AND known_from < known_to",
            (low, high),
        )
        connection.execute(
            "UPDATE fallow_report SET state = 'approved', known_from = max(learned, ?), known_to = NULL, "
            "declared = max(declared, ?) WHERE number BETWEEN ? AND ?",
            (day, int(declared), low, high),
        )


def mark_rejected(connection: sqlite3.Connection, spans: Spans, day: str) -> tuple[int, list[str]]:
    """Reject drafts and close the span of approved reports; gives how many, and the records to fold again."""
    count = 0
    touched: set[str] = set()
    for low, high in spans:
        touched.update(
            row[0]
            for row in connection.execute(
                "SELECT record FROM fallow_report WHERE number BETWEEN ? AND ? AND state = 'approved'",
                (low, high),
            )
        )
        count += connection.execute(
            "UPDATE fallow_report SET known_to = CASE WHEN state = 'approved' THEN max(known_from, ?) END, "
            "state = 'rejected' WHERE number BETWEEN ? AND ? AND state != 'rejected'",
            (day, low, high),
        ).rowcount
    return count, sorted(touched)


def drafts(connection: sqlite3.Connection, delivery: int | None) -> list[range]:
    """Ranges of ledger numbers in state ``draft``."""
    query = "SELECT number FROM fallow_report WHERE state = 'draft'"
    values: tuple[int, ...] = ()
    if delivery is not None:
        query, values = query + " AND delivery = ?", (delivery,)
    found: list[range] = []
    for (number,) in connection.execute(query + " ORDER BY number", values):
        if found and found[-1].stop == number:
            found[-1] = range(found[-1].start, number + 1)
        else:
            found.append(range(number, number + 1))
    return found


def late(connection: sqlite3.Connection, spans: Sequence[tuple[int, int]], day: str) -> tuple[int, str]:
    """How many reports a source declares to have learned before a day, and the earliest of those days."""
    count, first = 0, ""
    for low, high in spans:
        found, earliest = connection.execute(
            "SELECT count(*), min(learned) FROM fallow_report "
            "WHERE number BETWEEN ? AND ? AND declared = 1 AND learned < ?",
            (low, high, day),
        ).fetchone()
        count += found
        first = min(filter(None, (first, earliest)), default="")
    return count, first
