"""Step 2, receiving: drafts become ledger entries, and a line each in the index of reports."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from fallow.errors import FallowError
from fallow.kinds import Model
from fallow.register.ledger import Ledger, canonical, new_ids
from fallow.register.report import Draft
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
    personal = {name: {one.name for one in kind.fields if one.personal} for name, kind in model.kinds.items()}
    for draft in drafts:
        hidden = personal[model.kind(draft.kind).name]
        if hidden and not hidden.isdisjoint(draft.fields):
            raise FallowError("PERSONAL_IN_THE_OPEN", draft.kind, field=min(hidden & draft.fields.keys()))
        if not draft.secret.keys() <= hidden:
            raise FallowError("FIELD_UNKNOWN", draft.kind, near=", ".join(sorted(hidden)) or "-")
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
    for name in ("original", "learned", "where", "corrects", "withdraws", "seen"):
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
