"""Step 2, deciding: reports are approved or rejected, conflicts resolved, land released by two signatures.

Every decision is one ledger entry that names people, reasons and reports; the history follows from it in
the same transaction. Approving a first report about a record takes the short way (one row), everything
else is folded again.
"""

# ruff: noqa: S608 - names in SQL come from the checked model, values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from fallow.errors import FallowError, Finding
from fallow.kinds import Kind, Model, date_low
from fallow.register import rtree
from fallow.register.cases import CaseLoader, claim_of, day_of
from fallow.register.claims import GEOMETRY, Case, Claim, Slice
from fallow.register.fold import fold
from fallow.register.history import HistoryWriter
from fallow.register.ledger import Ledger, canonical
from fallow.register.neighbours import Standing
from fallow.register.report import OPEN_END
from fallow.register.rules import CONCERNS, Change, check
from fallow.register.standing import Guards, guards

_CHUNK = 2_000

Numbers = Iterable[int] | Iterable[range]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A record on whose fields the sources disagree."""

    kind: str
    record: str
    fields: tuple[str, ...]


@dataclass(slots=True)
class Outcome:
    """What approving did, and what it left alone and why."""

    approved: int = 0
    already: int = 0
    held: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    """Reports with findings that a named person must accept, and the codes of those findings."""
    refused: list[Finding] = field(default_factory=list)
    """Rules that do not hold; ``where`` names the report."""
    conflicts: list[Conflict] = field(default_factory=list)
    decision: int | None = None


def as_ranges(reports: Numbers) -> list[tuple[int, int]]:
    """Ledger numbers as ascending, disjoint, inclusive ranges."""
    spans: list[tuple[int, int]] = []
    for one in reports:
        if isinstance(one, range):
            if len(one):
                spans.append((one.start, one.stop - 1))
        else:
            spans.append((one, one))
    merged: list[tuple[int, int]] = []
    for low, high in sorted(spans):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged


@dataclass(frozen=True, slots=True)
class _Plain:
    """The check of a first report that no declared rule looks at: required fields and first states."""

    always: bool
    """Whether some rule of the kind looks at every report."""
    concerns: frozenset[str]
    """Fields that some rule of the kind looks at."""
    required: tuple[str, ...]
    starts: tuple[tuple[str, frozenset[str]], ...]

    @classmethod
    def of(cls, kind: Kind) -> _Plain:
        required = tuple(one.name for one in kind.fields if one.required != "never" and not one.personal)
        starts = tuple((one.field, frozenset(one.start)) for one in kind.states if one.start)
        always = any(name not in CONCERNS for name in kind.rules)
        concerns = frozenset(field for name in kind.rules for field in CONCERNS.get(name, ()))
        return cls(always, concerns, required, starts)

    def lets_through(self, fields: Mapping[str, Any]) -> bool:
        """True when nothing can speak against the report; else the rules decide, with words."""
        if self.always or not self.concerns.isdisjoint(fields):
            return False
        for name in self.required:
            if fields.get(name) in (None, "", []):
                return False
        for name, start in self.starts:  # plain loops: this runs once a row
            found = fields.get(name)
            if found is not None and found not in start:
                return False
        return True


@dataclass(frozen=True, slots=True)
class _Pending:
    number: int
    kind: str
    record: str
    learned: str
    declared: bool
    body: Mapping[str, Any]
    geometry: bytes | None
    alone: bool


class Approval:
    """One act of approving, from the chosen reports to their rows in the history."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        model: Model,
        ledger: Ledger,
        day: str,
        accept: frozenset[str],
        declared: bool,
    ) -> None:
        self._connection = connection
        self._model = model
        self._ledger = ledger
        self._day = day
        self._declared = declared
        self._accept = accept
        self.books = Books(connection, model)
        self.outcome = Outcome()
        self.approved: list[int] = []
        self._again: dict[str, dict[str, list[int]]] = {}

    def run(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Go through the reports in ledger order, then fold again what was spoken about before."""
        total = sum(high - low + 1 for low, high in ranges)
        for chunk in self._chunks(ranges):
            self._take(chunk, total)
        for kind, records in self._again.items():
            self._fold_again(self._model.kind(kind), records)

    def _chunks(self, ranges: Sequence[tuple[int, int]]) -> Iterator[list[_Pending]]:
        known = set()
        if self._connection.execute("SELECT 1 FROM fallow_about LIMIT 1").fetchone():
            known = {row[0] for row in self._connection.execute("SELECT DISTINCT record FROM fallow_about")}
        for low, high in ranges:
            for start in range(low, high + 1, _CHUNK):
                rows = self._connection.execute(
                    "SELECT r.number, r.kind, r.record, r.learned, r.declared, r.held, r.state, "
                    "l.body, l.geometry, "
                    "(SELECT count(*) FROM fallow_report x WHERE x.record = r.record) "
                    "FROM fallow_report r JOIN fallow_ledger l ON l.number = r.number "
                    "WHERE r.number BETWEEN ? AND ? ORDER BY r.number",
                    (start, min(start + _CHUNK - 1, high)),
                ).fetchall()
                yield [one for row in rows if (one := self._pending(row, known)) is not None]

    def _pending(self, row: tuple[Any, ...], known: set[str]) -> _Pending | None:
        number, kind, record, learned, declared, held, state, body, geometry, spoken = row
        if state == "approved":
            self.outcome.already += 1
            return None
        open_codes = tuple(code for code in held.split() if code not in self._accept)
        if open_codes:
            self.outcome.held.append((number, open_codes))
            return None
        content = orjson.loads(body)
        alone = (
            spoken == 1
            and state == "draft"
            and record not in known
            and not content.get("withdraws")
            and not content.get("corrects")
        )
        return _Pending(number, kind, record, learned, bool(declared), content, geometry, alone)

    def _take(self, chunk: Sequence[_Pending], total: int) -> None:
        rows: dict[str, list[tuple[_Pending, str]]] = {}
        for one in chunk:
            guard = self.books.guards(one.kind)
            fields = one.body["fields"]
            guarded = any(fields.get(name) in codes for name, codes in guard.guarded.items())
            if not one.alone or guarded:
                self._again.setdefault(one.kind, {}).setdefault(one.record, []).append(one.number)
                continue
            if not self.books.plain(one.kind).lets_through(fields) and self._refused_alone(one):
                continue
            rows.setdefault(one.kind, []).append((one, max(one.learned, self._day)))
            self.approved.append(one.number)
        for kind, fresh in rows.items():
            writer = self.books.writer(kind, coming=total)
            writer.put(
                [
                    (
                        (one.record, since, OPEN_END, date_low(one.body["true"]), OPEN_END),
                        one.body["fields"],
                        ("", "", int(one.declared or self._declared), str(one.number)),
                    )
                    for one, since in fresh
                ],
                [one.geometry if one.body.get("located") else None for one, _ in fresh],
            )

    def _refused_alone(self, one: _Pending) -> bool:
        kind = self._model.kind(one.kind)
        after = dict(one.body["fields"])
        if one.body.get("located"):
            after[GEOMETRY] = one.geometry
        change = Change(self._model, kind, one.record, None, after, self.books.standing)
        found = list(check(change, self._where(one.number, one.body)))
        self.outcome.refused.extend(found)
        return bool(found)

    @staticmethod
    def _where(number: int, body: Mapping[str, Any]) -> str:
        return f"report {number}" + (f" ({body['where']})" if body.get("where") else "")

    def _fold_again(self, kind: Kind, records: Mapping[str, list[int]]) -> None:
        writer = self.books.writer(kind.name, coming=len(records))
        for group, case in CaseLoader(self._connection).cases(records):
            numbers = [number for record in group for number in records.get(record, ())]
            new = [self._claim(number) for number in numbers]
            fresh = {claim.number for claim in new}
            old = tuple(one for one in case.claims if one.number not in fresh)
            before = fold(self.books.guards(kind.name), kind, replace(case, claims=old))
            after = fold(self.books.guards(kind.name), kind, replace(case, claims=(*old, *new)))
            broken = self._broken(kind, before, after, numbers)
            if broken:
                self.outcome.refused.extend(broken)
                continue
            writer.replace(group, after)
            self.approved.extend(numbers)
            self.outcome.conflicts.extend(conflicts(kind, after))

    def _claim(self, number: int) -> Claim:
        row = self._connection.execute(
            "SELECT r.record, r.learned, r.declared, r.known_from, r.known_to, l.body, l.geometry "
            "FROM fallow_report r "
            "JOIN fallow_ledger l ON l.number = r.number WHERE r.number = ?",
            (number,),
        ).fetchone()
        record, learned, declared, since, until, body, geometry = row
        spans = [
            (one[0], one[1])
            for one in self._connection.execute(
                "SELECT known_from, known_to FROM fallow_earlier_span WHERE report = ?", (number,)
            )
        ]
        if since is not None and until is not None:
            spans.append((since, until))
        spans.append((max(learned, self._day), OPEN_END))
        declared = bool(declared) or self._declared
        return claim_of(number, record, tuple(spans), declared, orjson.loads(body), geometry)

    def _broken(
        self, kind: Kind, before: Sequence[Slice], after: Sequence[Slice], numbers: Sequence[int]
    ) -> list[Finding]:
        was, now = latest(before), latest(after)
        where = ", ".join(f"report {number}" for number in numbers[:5])
        found: list[Finding] = []
        for record in sorted(was.keys() | now.keys()):
            change = Change(self._model, kind, record, was.get(record), now.get(record), self.books.standing)
            found.extend(check(change, where))
        return found


def latest(slices: Iterable[Slice]) -> dict[str, Mapping[str, Any]]:
    """What stands at the open end of both clocks, by record."""
    return {one.record: one.values for one in slices if one.known_to == OPEN_END and one.true_to == OPEN_END}


def conflicts(kind: Kind, slices: Iterable[Slice]) -> list[Conflict]:
    """The conflicts standing now."""
    return [
        Conflict(kind.name, one.record, tuple(name.replace(GEOMETRY, "geometry") for name in one.conflict))
        for one in slices
        if one.conflict and one.known_to == OPEN_END and one.true_to == OPEN_END
    ]


class Books:
    """Writers and guards of each kind during one act, opened when first needed."""

    def __init__(self, connection: sqlite3.Connection, model: Model) -> None:
        self._connection = connection
        self.model = model
        self._guards: dict[str, Guards] = {}
        self._plain: dict[str, _Plain] = {}
        self._writers: dict[str, HistoryWriter] = {}
        self.standing = Standing(connection, model)

    def guards(self, kind: str) -> Guards:
        """The guards of a kind."""
        if kind not in self._guards:
            self._guards[kind] = guards(self.model, self.model.kind(kind))
        return self._guards[kind]

    def plain(self, kind: str) -> _Plain:
        """The quick check of a kind."""
        if kind not in self._plain:
            self._plain[kind] = _Plain.of(self.model.kind(kind))
        return self._plain[kind]

    def writer(self, kind: str, *, coming: int = 0) -> HistoryWriter:
        """The writer of a kind; packs the spatial index anew when much is coming and little is there."""
        if kind not in self._writers:
            self._writers[kind] = HistoryWriter(self._connection, self.model.kind(kind))
            there = self._connection.execute(f'SELECT max(fid) FROM "{kind}_history"').fetchone()[0] or 0
            if coming >= max(rtree.BULK_FROM, there // 10):
                self._writers[kind].begin_bulk()
        return self._writers[kind]

    def refold(self, records: Iterable[str], *, keeping: bool = False) -> list[Conflict]:
        """Fold records again from what the tables now say; returns the conflicts standing in them.

        With ``keeping``, a record that would vanish although a rule keeps it is refused with that rule.
        """
        found: list[Conflict] = []
        for group, case in CaseLoader(self._connection).cases(records):
            kind = self.kind_of(min(group))
            slices = fold(self.guards(kind.name), kind, case)
            if keeping:
                self._keep(kind, group - latest(slices).keys())
            self.writer(kind.name).replace(group, slices)
            found.extend(conflicts(kind, slices))
        return found

    def _keep(self, kind: Kind, vanishing: Iterable[str]) -> None:
        for record in sorted(vanishing):
            before = self.standing.now(kind.name, record)
            for finding in check(Change(self.model, kind, record, before, None, self.standing), record):
                raise FallowError(finding.code, record, **finding.facts)

    def kind_of(self, record: str) -> Kind:
        """The kind of a record; ``RECORD_UNKNOWN`` when nobody ever spoke about it."""
        row = self._connection.execute(
            "SELECT kind FROM fallow_report WHERE record = ? LIMIT 1", (record,)
        ).fetchone()
        if row is None:
            raise FallowError("RECORD_UNKNOWN", record)
        return self.model.kind(row[0])

    def case(self, record: str) -> tuple[frozenset[str], Case]:
        """The case of one record."""
        self.kind_of(record)
        return next(CaseLoader(self._connection).cases([record]))

    def writers(self) -> Iterable[HistoryWriter]:
        """The writers that were opened."""
        return self._writers.values()


def append_decision(
    ledger: Ledger,
    connection: sqlite3.Connection,
    verb: str,
    body: Mapping[str, Any],
    records: Iterable[str] = (),
) -> int:
    """Append a decision and index the records it speaks about."""
    number = ledger.append(verb, [canonical(body)])[0]
    connection.executemany("INSERT INTO fallow_about VALUES (?,?)", [(one, number) for one in records])
    return number


__all__ = [
    "Approval",
    "Books",
    "Conflict",
    "Outcome",
    "append_decision",
    "as_ranges",
    "conflicts",
    "day_of",
    "latest",
]
