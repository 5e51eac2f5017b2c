"""Step 2, by source: what one source has said so far, and who else spoke about a field."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import orjson

from fallow.errors import FallowError
from fallow.kinds import Model
from fallow.register.cases import CaseLoader
from fallow.register.claims import GEOMETRY
from fallow.register.files import FileStore
from fallow.register.fold import names
from fallow.register.report import OPEN_END, Said
from fallow.register.summing import Source
from fallow.register.vault import Vault

_AT_ONCE = 500
_SELECT = (
    "SELECT r.record, r.number, r.true_on, l.body, l.geometry FROM fallow_report r "
    "JOIN fallow_ledger l ON l.number = r.number WHERE r.source = ? AND r.kind = ? AND r.state != 'rejected'"
)


def said(connection: sqlite3.Connection, source: str, kind: str, records: Sequence[str]) -> dict[str, Said]:
    """What ``source`` has said about ``records``, its reports laid on each other in ledger order."""
    found: dict[str, Said] = {}
    for start in range(0, len(records), _AT_ONCE):
        chunk = records[start : start + _AT_ONCE]
        rows = connection.execute(
            f"{_SELECT} AND r.record IN ({','.join('?' * len(chunk))}) ORDER BY r.record, r.number",
            (source, kind, *chunk),
        )
        found.update((one.record, one) for one in _laid(rows))
    return found


def said_all(connection: sqlite3.Connection, source: str, kind: str) -> Iterator[Said]:
    """The same for every record of a kind, in the order the source first spoke of them."""
    rows = connection.execute(f"{_SELECT} ORDER BY r.record, r.number", (source, kind))
    yield from sorted(_laid(rows), key=lambda one: one.reports[0])


def _laid(rows: Any) -> Iterator[Said]:
    for record, own in groupby(rows, key=lambda row: row[0]):
        reports: list[tuple[int, str, Mapping[str, Any], bytes | None]] = [
            (number, true_on, orjson.loads(body), shape) for _, number, true_on, body, shape in own
        ]
        taken = {number for _, _, content, _ in reports for number in content.get("withdraws", ())}
        standing = [one for one in reports if one[0] not in taken and not one[2].get("withdraws")]
        if not standing:
            continue
        fields: dict[str, Any] = {}
        geometry: bytes | None = None
        for _, _, content, shape in standing:
            fields.update(content["fields"])
            if content.get("located"):
                geometry = shape
        yield Said(record, fields, geometry, standing[-1][1], tuple(one[0] for one in standing))


def spoken(field: str) -> str:
    """The name a field has among claims."""
    return GEOMETRY if field == "geometry" else field


def others_on(
    connection: sqlite3.Connection, model: Model, record: str, field: str, report: int
) -> list[int]:
    """The other reports that speak about a field of a record; refuses a report that does not."""
    said = spoken(field)
    numbers = []
    for _, case in CaseLoader(connection).cases([record]):
        name = names(case.sameness, OPEN_END)
        numbers += [
            claim.number
            for claim in case.claims
            if said in claim.values and name(claim.record) == name(record)
        ]
    if report not in numbers:
        raise FallowError(
            "REPORT_NOT_ON_FIELD", record, field=field, found=", ".join(map(str, numbers)) or "-"
        )
    return [one for one in numbers if one != report]


@dataclass(frozen=True, slots=True)
class SaidBy:
    """One source among the reports behind something."""

    source: str
    who: str
    """The organisation or person that says so; empty for reports that came in no delivery."""
    reports: int


def sources_of(connection: sqlite3.Connection, numbers: Iterable[int]) -> dict[int, Source]:
    """Report number to its source and who says so."""
    # One statement however many there are: 50,000 numbers asked in pieces take ten times as long.
    rows = connection.execute(
        "SELECT number, source, delivery FROM fallow_report WHERE number IN (SELECT value FROM json_each(?))",
        (orjson.dumps(list(numbers)).decode(),),
    ).fetchall()
    names = {delivery: who(connection, delivery) for delivery in {row[2] for row in rows}}
    return {number: (source, names[delivery]) for number, source, delivery in rows}


def who(connection: sqlite3.Connection, delivery: int) -> str:
    """The organisation or person of a delivery; empty for reports that came in none."""
    row = connection.execute("SELECT body FROM fallow_ledger WHERE number = ?", (delivery,)).fetchone()
    return str(orjson.loads(row[0]).get("who", "")) if row else ""


def said_by(connection: sqlite3.Connection, numbers: Iterable[int]) -> list[SaidBy]:
    """Which sources the reports with these ledger numbers come from, the most frequent first."""
    rows = connection.execute(
        "SELECT source, delivery, count(*) FROM fallow_report "
        "WHERE number IN (SELECT value FROM json_each(?)) GROUP BY source, delivery",
        (orjson.dumps(sorted(set(numbers))).decode(),),
    ).fetchall()
    counts: Counter[Source] = Counter()
    for source, delivery, count in rows:
        counts[source, who(connection, delivery)] += count
    return told_by(counts)


def told_by(counts: Mapping[Source, int]) -> list[SaidBy]:
    """The sources of so many reports, the most frequent first.

    A source whose deliveries name several organisations is called by the one with the most reports.
    """
    found: dict[str, SaidBy] = {}
    for (source, who), count in sorted(counts.items(), key=lambda one: (not one[0][1], -one[1], one[0])):
        before = found.get(source)
        found[source] = SaidBy(
            source, before.who if before else who, count + (before.reports if before else 0)
        )
    return sorted(found.values(), key=lambda one: (-one.reports, one.source))


def secrets(connection: sqlite3.Connection, vault: Vault, record: str) -> dict[str, Any]:
    """Personal values of a record, later approved reports laid over earlier ones."""
    values = vault.read(record)
    found: dict[str, Any] = {}
    rows = connection.execute(
        "SELECT l.body FROM fallow_report r JOIN fallow_ledger l ON l.number = r.number "
        "WHERE r.record = ? AND r.state != 'rejected' ORDER BY r.state = 'approved', r.number",
        (record,),
    )
    for (body,) in rows:
        sealed = orjson.loads(body).get("sealed")
        if sealed:
            found.update(values.get(sealed["id"], {}))
    return found


def sealed_originals(connection: sqlite3.Connection, files: FileStore, record: str) -> list[str]:
    """The sealed originals of the deliveries that spoke about a record."""
    rows = connection.execute(
        "SELECT l.body FROM fallow_ledger l WHERE l.number IN "
        "(SELECT delivery FROM fallow_report WHERE record = ?) AND l.verb = 'delivery'",
        (record,),
    ).fetchall()
    named = {one["sha256"] for (body,) in rows for one in orjson.loads(body)["files"]}
    return sorted(one for one in named if files.is_sealed(one))
