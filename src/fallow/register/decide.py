"""Step 2, deciding: reports are approved or rejected, conflicts resolved, land released by two signatures.

Every decision is one ledger entry that names people, reasons and reports; the history follows from it in
the same transaction. Approving a first report about a record takes the short way (one row), everything
else is folded again.
"""

# ruff: noqa: S608 - names in SQL come from the checked model, values are always bound

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fallow.errors import FallowError, Finding
from fallow.kinds import Kind, Model
from fallow.register import rtree
from fallow.register.cases import CaseLoader, day_of
from fallow.register.claims import GEOMETRY, Case, Slice
from fallow.register.fold import fold
from fallow.register.history import HistoryWriter
from fallow.register.ledger import Ledger, canonical
from fallow.register.neighbours import Standing
from fallow.register.report import OPEN_END
from fallow.register.rules import CONCERNS, Change, check
from fallow.register.sheet import Sheet
from fallow.register.standing import Guards, guards

_CHUNK = 2_000

Numbers = Iterable[int] | Iterable[range] | Iterable[int | range]


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
    parallel: list[Conflict] = field(default_factory=list)
    """Soft conflicts: fields that changed hands between sources that had not seen each other."""
    decision: int | None = None
    late: int = 0
    """Reports whose source declares an earlier day than that of this approval, from which on they count."""
    learned: str = ""
    """The earliest of those days."""


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


def without(spans: Sequence[tuple[int, int]], taken: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ascending ranges less those in ``taken``, which all lie inside them and are ascending too."""
    left: list[tuple[int, int]] = []
    waiting = deque(sorted(taken))
    for low, high in spans:
        while waiting and waiting[0][0] <= high:
            start, stop = waiting.popleft()
            if low < start:
                left.append((low, start - 1))
            low = stop + 1
        if low <= high:
            left.append((low, high))
    return left


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


def doubtful(plain: _Plain, sheet: Sheet) -> set[int]:
    """Positions of the statements of a sheet that :meth:`_Plain.lets_through` would not let through."""
    if plain.always:
        return set(range(len(sheet)))
    found: set[int] = set()
    for name in plain.concerns & sheet.columns.keys():
        found.update(row for row, cell in enumerate(sheet.columns[name]) if cell is not None)
    for name in plain.required:
        cells = sheet.columns.get(name)
        if cells is None:
            return set(range(len(sheet)))
        if None in cells or "" in cells or [] in cells:
            found.update(row for row, cell in enumerate(cells) if cell in (None, "", []))
    for name, start in plain.starts:
        cells = sheet.columns.get(name, ())
        if not start.issuperset(cells):
            found.update(row for row, cell in enumerate(cells) if cell is not None and cell not in start)
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
        self._there: dict[str, int] = {}
        self._come: dict[str, int] = {}
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
        """The writer of a kind; its indexes are built anew when much has come and little was there."""
        if kind not in self._writers:
            self._writers[kind] = HistoryWriter(self._connection, self.model.kind(kind))
            there = self._connection.execute(f'SELECT max(fid) FROM "{kind}_history"').fetchone()[0] or 0
            self._there[kind] = there
        self._come[kind] = self._come.get(kind, 0) + coming
        if self._come[kind] >= max(rtree.BULK_FROM, self._there[kind] // 10):
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
            now = latest(slices)
            if keeping:
                self._keep(kind, group - now.keys())
            self._guard(kind, now)
            self.writer(kind.name).replace(group, slices)
            found.extend(conflicts(kind, slices))
        return found

    def _guard(self, kind: Kind, now: Mapping[str, Mapping[str, Any]]) -> None:
        """A decision that brings a guarded state into force asks its rules, whichever verb it is (S3)."""
        guarded = self.guards(kind.name).guarded
        for record, values in now.items():
            if not any(values.get(field) in codes for field, codes in guarded.items()):
                continue
            before = self.standing.now(kind.name, record) or {}
            if any(values.get(one) in guarded[one] and before.get(one) != values[one] for one in guarded):
                for finding in check(Change(self.model, kind, record, before, values, self.standing), record):
                    facts = {name: value for name, value in finding.facts.items() if name != GEOMETRY}
                    raise FallowError(finding.code, record, **facts)

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
    "Books",
    "Conflict",
    "Outcome",
    "append_decision",
    "as_ranges",
    "conflicts",
    "day_of",
    "doubtful",
    "latest",
    "without",
]
