"""Step 2, the life of a record: every report about it, and behind every value the report that gave it."""

# ruff: noqa: S608 - names in SQL come from the checked model, values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from fallow.kinds import Kind, Model
from fallow.register.called import called, follow, linking
from fallow.register.cases import CaseLoader, values_of
from fallow.register.claims import GEOMETRY, Slice
from fallow.register.decide import Books
from fallow.register.fold import fold, names
from fallow.register.parallel import Parallel, parallel
from fallow.register.report import OPEN_END


@dataclass(frozen=True, slots=True)
class LifeReport:
    """One report in the life of a record."""

    number: int
    id: str
    received: str
    state: str
    true: str
    known_from: str | None
    known_to: str | None
    declared: bool
    source: str
    who: str
    author: str
    delivery: int
    where: str
    fields: Mapping[str, Any]
    original: Mapping[str, Any]
    located: bool
    stands: tuple[str, ...]
    """Fields whose value now is the one this report gave."""
    corrects: tuple[int, ...]
    withdraws: tuple[int, ...]
    held: tuple[str, ...]
    sealed: bool
    """Whether it also has personal values, in the vault."""


@dataclass(frozen=True, slots=True)
class LifeDecision:
    """One decision that bears on the record."""

    number: int
    verb: str
    at: str
    day: str
    by: str
    why: str
    about: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Life:
    """Everything a register knows of one record, newest first."""

    record: str
    kind: str
    now: Slice | None
    reports: tuple[LifeReport, ...]
    decisions: tuple[LifeDecision, ...]
    slices: tuple[Slice, ...]
    parallel: tuple[Parallel, ...] = ()
    """Soft conflicts: sources that had not seen each other, told although the later one settles them."""

    def behind(self, field: str) -> tuple[LifeReport, ...]:
        """The reports that gave the standing value of a field."""
        name = GEOMETRY if field == "geometry" else field
        givers = self.now.givers.get(name, ()) if self.now else ()
        return tuple(one for one in self.reports if one.number in givers)


def life_of(connection: sqlite3.Connection, model: Model, record: str) -> Life:
    """Read and fold the life of one record; ``RECORD_UNKNOWN`` when nobody ever spoke about it."""
    books = Books(connection, model)
    kind = books.kind_of(record)
    group, case = next(CaseLoader(connection).cases([record]))
    slices = fold(books.guards(kind.name), kind, case)
    called = names(case.sameness, OPEN_END)(record)
    now = next(
        (one for one in slices if one.record == called and one.known_to == one.true_to == OPEN_END), None
    )
    reports = _reports(connection, sorted(group), now)
    decisions = _decisions(connection, sorted(group), [one.number for one in reports])
    beside = parallel(case.claims, now) if now is not None else ()
    now = _followed(connection, kind, now) if now is not None else None
    return Life(record, kind.name, now, reports, decisions, tuple(slices), beside)


def _followed(connection: sqlite3.Connection, kind: Kind, now: Slice) -> Slice:
    """What stands now, with its links leading to records under the id they are known by."""
    links, others = linking(kind), called(connection, None)
    if not links or not others:
        return now
    values = {name: follow(one, others) if name in links else one for name, one in now.values.items()}
    return replace(now, values=values)


def _reports(connection: sqlite3.Connection, records: list[str], now: Slice | None) -> tuple[LifeReport, ...]:
    rows = connection.execute(
        "SELECT r.number, l.id, l.at, r.state, r.true_on, r.known_from, r.known_to, r.declared, "
        "r.delivery, r.held, "
        "l.body, l.geometry, d.body FROM fallow_report r JOIN fallow_ledger l ON l.number = r.number "
        "LEFT JOIN fallow_ledger d ON d.number = r.delivery "
        f"WHERE r.record IN ({','.join('?' * len(records))}) ORDER BY r.number DESC",
        records,
    )
    found = []
    for number, id, at, state, true, since, until, declared, delivery, held, body, geometry, parcel in rows:
        content = orjson.loads(body)
        givers = now.givers if now else {}
        said = values_of(content, geometry)
        found.append(
            LifeReport(
                number=number,
                id=id,
                received=at,
                state=state,
                true=true,
                known_from=since,
                known_to=until,
                declared=bool(declared),
                source=content["source"],
                who=orjson.loads(parcel)["who"] if parcel else "",
                author=content["author"],
                delivery=delivery,
                where=content.get("where", ""),
                fields=content["fields"],
                original=content.get("original", {}),
                located=bool(content.get("located")),
                stands=tuple(sorted(name for name in said if number in givers.get(name, ()))),
                corrects=tuple(content.get("corrects", ())),
                withdraws=tuple(content.get("withdraws", ())),
                held=tuple(held.split()),
                sealed="sealed" in content,
            )
        )
    return tuple(found)


def _decisions(
    connection: sqlite3.Connection, records: list[str], numbers: list[int]
) -> tuple[LifeDecision, ...]:
    found: dict[int, LifeDecision] = {}
    about = connection.execute(
        "SELECT l.number, l.verb, l.at, l.body FROM fallow_about a JOIN fallow_ledger l ON l.number "
        "= a.number "
        f"WHERE a.record IN ({','.join('?' * len(records))})",
        records,
    ).fetchall()
    in_bulk = connection.execute(
        "SELECT number, verb, at, body FROM fallow_ledger WHERE verb IN ('approve', 'reject') AND number > ?",
        (min(numbers, default=0),),
    )
    for number, verb, at, body in [*about, *in_bulk]:
        content = orjson.loads(body)
        spans = content.get("reports", ())
        if verb in ("approve", "reject") and not any(
            low <= one <= high for low, high in spans for one in numbers
        ):
            continue
        rest = {
            name: value for name, value in content.items() if name not in ("by", "why", "as_of", "reports")
        }
        found[number] = LifeDecision(
            number, verb, at, content.get("as_of") or at[:10], content["by"], content["why"], rest
        )
    return tuple(sorted(found.values(), key=lambda one: -one.number))
