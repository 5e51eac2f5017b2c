"""Step 2, review: the short list of what needs a person."""

# ruff: noqa: S608 - names in SQL come from the checked model, values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from fallow.kinds import Model
from fallow.register.cases import CaseLoader
from fallow.register.decide import Books, Conflict
from fallow.register.fold import fold
from fallow.register.parallel import parallel
from fallow.register.report import OPEN_END


@dataclass(frozen=True, slots=True)
class Waiting:
    """Drafts of one delivery and kind, and the findings that hold some of them."""

    delivery: int
    source: str
    kind: str
    drafts: int
    held: dict[str, int]
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """A record of which a report claims what only two signatures can set."""

    kind: str
    record: str
    awaiting: str


@dataclass(frozen=True, slots=True)
class Review:
    """Everything that waits for a person."""

    drafts: tuple[Waiting, ...]
    conflicts: tuple[Conflict, ...]
    claims: tuple[Claimed, ...]


def review(connection: sqlite3.Connection, model: Model, kind: str | None) -> Review:
    """Read the review list, of one kind or of all."""
    names = [model.kind(kind).name] if kind else list(model.kinds)
    return Review(
        tuple(_drafts(connection, names)),
        tuple(
            Conflict(name, record, tuple(fields.split()))
            for name in names
            for record, fields in _now(connection, name, "conflict")
        ),
        tuple(
            Claimed(name, record, claim)
            for name in names
            for record, claim in _now(connection, name, "awaiting")
        ),
    )


def _now(connection: sqlite3.Connection, kind: str, column: str) -> list[tuple[str, str]]:
    return connection.execute(
        f"SELECT record, {column} FROM \"{kind}_history\" WHERE known_to = '{OPEN_END}' AND true_to = "
        f"'{OPEN_END}' "
        f"AND {column} != '' ORDER BY record"
    ).fetchall()


def _drafts(connection: sqlite3.Connection, names: list[str]) -> list[Waiting]:
    rows = connection.execute(
        "SELECT delivery, source, kind, held, count(*), min(number), max(number) FROM fallow_report "
        f"WHERE state = 'draft' AND kind IN ({','.join('?' * len(names))}) GROUP BY delivery, source, "
        "kind, held "
        "ORDER BY delivery, kind",
        names,
    )
    found: dict[tuple[int, str, str], Waiting] = {}
    for delivery, source, kind, held, count, first, last in rows:
        before = found.get((delivery, source, kind))
        codes = dict(before.held) if before else {}
        for code in held.split():
            codes[code] = codes.get(code, 0) + count
        found[delivery, source, kind] = Waiting(
            delivery,
            source,
            kind,
            count + (before.drafts if before else 0),
            codes,
            min(first, before.first if before else first),
            max(last, before.last if before else last),
        )
    return list(found.values())


def soft_conflicts(connection: sqlite3.Connection, model: Model, kind: str | None) -> Iterator[Conflict]:
    """Records with soft conflicts, of one kind or of all; folded one by one, so take as many as are shown."""
    names = [model.kind(kind).name] if kind else list(model.kinds)
    asked = ",".join("?" * len(names))
    rows = connection.execute(
        "SELECT record FROM fallow_report "
        f"WHERE state = 'approved' AND kind IN ({asked}) GROUP BY record HAVING min(source) < max(source) "
        "UNION SELECT r.record FROM fallow_about a JOIN fallow_ledger l ON l.number = a.number "
        f"JOIN fallow_report r ON r.record = a.record WHERE l.verb = 'same' AND r.kind IN ({asked})",
        [*names, *names],
    ).fetchall()
    books = Books(connection, model)
    for group, case in CaseLoader(connection).cases(record for (record,) in rows):
        of = books.kind_of(min(group))
        for one in fold(books.guards(of.name), of, case):
            if one.known_to == one.true_to == OPEN_END and (beside := parallel(case.claims, one)):
                yield Conflict(of.name, one.record, tuple(soft.field for soft in beside))
