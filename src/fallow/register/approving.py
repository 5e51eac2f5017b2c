"""Step 2, approving: from the chosen reports to their rows in the history, in one act.

The first report about a record takes the short way (one row); whatever was spoken about before is folded
again when everything has been seen. Reports that came in a moment ago need not be read back:
:meth:`Approval.receive` takes the drafts as they are, :meth:`Approval.read` takes ledger numbers.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import orjson

from fallow.errors import Finding
from fallow.kinds import Kind, Model, date_low
from fallow.register.cases import CaseLoader, claim_of
from fallow.register.claims import GEOMETRY, Claim, Slice
from fallow.register.decide import Books, Conflict, Outcome, as_ranges, conflicts, doubtful, latest
from fallow.register.fold import fold
from fallow.register.parallel import parallel
from fallow.register.report import OPEN_END, Draft
from fallow.register.rules import Change, check, check_steps
from fallow.register.schema import REPORT_BY_RECORD
from fallow.register.sheet import Sheet
from fallow.register.sources import who
from fallow.register.summing import Source

_CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class _Pending:
    """A report about to be approved."""

    number: int
    kind: str
    record: str
    true: str
    learned: str
    declared: bool
    fields: Mapping[str, Any]
    geometry: bytes | None
    located: bool
    where: str
    alone: bool
    """Nobody spoke about its record before, and it speaks about nothing else."""


class Approval:
    """One act of approving."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        model: Model,
        day: str,
        accept: frozenset[str],
        *,
        declared: bool,
    ) -> None:
        self._connection = connection
        self._model = model
        self.day = day
        self.declared = declared
        self._accept = accept
        self.books = Books(connection, model)
        self.outcome = Outcome()
        self.approved: list[int | range] = []
        self.marked: list[tuple[int, int]] = []
        """Those of the approved that the index of reports calls approved already."""
        self._again: dict[str, dict[str, list[int]]] = {}
        self._said_by: dict[tuple[str, int], Source] = {}
        # Nothing was told before: until something asks for a record, the indexes by record can wait.
        self._founding = connection.execute("SELECT 1 FROM fallow_report LIMIT 1").fetchone() is None
        self._waiting = False
        # Records that a decision speaks about are folded, even if only one report does.
        self._decided = {row[0] for row in connection.execute("SELECT DISTINCT record FROM fallow_about")}

    def read(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Take reports by their ledger numbers, in ledger order."""
        self._settle()
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
                self._take([one for row in rows if (one := self._stored(row)) is not None])

    def receive(self, numbers: range, drafts: Sequence[Draft], today: str) -> None:
        """Take reports that were received in this same transaction."""
        self._take_drafts(numbers, drafts, today)

    def _take_drafts(self, numbers: Sequence[int], drafts: Sequence[Draft], today: str) -> None:
        self._settle()
        told = {draft.record for draft in drafts}
        again = {
            row[0]
            for row in self._connection.execute(
                "SELECT record FROM fallow_report WHERE record IN (SELECT value FROM json_each(?)) "
                "GROUP BY record HAVING count(*) > 1",
                (orjson.dumps(sorted(told)).decode(),),
            )
        }
        again |= self._decided & told
        self._take(
            [
                _Pending(
                    number,
                    draft.kind,
                    draft.record,
                    draft.true,
                    draft.learned or today,
                    draft.learned is not None,
                    draft.fields,
                    draft.geometry,
                    draft.located,
                    draft.where,
                    not (draft.withdraws or draft.corrects or draft.record in again),
                )
                for number, draft in zip(numbers, drafts, strict=True)
                if not (draft.held and self._held(number, draft.held))
            ]
        )

    def short(self, sheet: Sheet) -> Sequence[int]:
        """The statements of a sheet that become one row of history each, without fold and without rules.

        Asked before the sheet is entered: nobody spoke about their records before, no finding holds them, and
        no rule of their kind has anything to look at.
        """
        if self._founding and sheet.apart:
            if not self._waiting:
                self._connection.execute(f"DROP INDEX IF EXISTS {REPORT_BY_RECORD}")
            self._waiting = True
            spoken: frozenset[int] = frozenset()
        else:
            self._settle()
            spoken = self._spoken_of(sheet.records)
        held = {row for row, codes in sheet.held.items() if not self._accept.issuperset(codes)}
        others = held | spoken | doubtful(self.books.plain(sheet.kind), sheet)
        for name, codes in self.books.guards(sheet.kind).guarded.items():
            if not codes.isdisjoint(cells := sheet.columns.get(name, ())):
                others |= {row for row, cell in enumerate(cells) if cell in codes}
        return [row for row in range(len(sheet)) if row not in others] if others else range(len(sheet))

    def receive_sheet(
        self,
        sheet: Sheet,
        delivery: int,
        numbers: range,
        fields: Sequence[bytes],
        short: Sequence[int],
        today: str,
    ) -> None:
        """Take a sheet that was entered a moment ago; ``short`` is what :meth:`short` said of it."""
        if len(short) < len(sheet):
            chosen = frozenset(short)
            rest = [row for row in range(len(sheet)) if row not in chosen]
            self._take_drafts([numbers[row] for row in rest], sheet.drafts(rest), today)
        writer = self.books.writer(sheet.kind, coming=len(short))
        if self._waiting:
            writer.wait_with_records()
        since = max(sheet.learned or today, self.day)
        declared = int(sheet.learned is not None or self.declared)
        by = self._by(sheet.source, delivery)
        writer.put_sheet(sheet, short, numbers, fields, since, declared, by)
        entered = [numbers] if len(short) == len(sheet) else [numbers[row] for row in short]
        self.approved += entered
        self.marked += as_ranges(entered)

    def _by(self, source: str, delivery: int) -> Source:
        """A source and who says so; asked once a delivery, because to ask is to wait for what is written."""
        if (source, delivery) not in self._said_by:
            self._said_by[source, delivery] = (source, who(self._connection, delivery))
        return self._said_by[source, delivery]

    def _settle(self) -> None:
        """Somebody asks for a record: from here on records can be looked up."""
        self._founding = False
        if self._waiting:
            self._waiting = False
            self._connection.execute(f"CREATE INDEX {REPORT_BY_RECORD} ON fallow_report (record)")
            for writer in self.books.writers():
                writer.settle()

    def _spoken_of(self, records: Sequence[str]) -> frozenset[int]:
        """Positions of records that were spoken about before, are decided about, or stand here twice."""
        known = {
            row[0]
            for row in self._connection.execute(
                "SELECT DISTINCT record FROM fallow_report WHERE record IN (SELECT value FROM json_each(?))",
                (orjson.dumps(list(records)).decode(),),
            )
        }
        known |= self._decided.intersection(records)
        known.update(record for record, count in Counter(records).items() if count > 1)
        return (
            frozenset(row for row, record in enumerate(records) if record in known) if known else frozenset()
        )

    def finish(self) -> None:
        """Fold again what was spoken about before."""
        self._settle()
        for kind, records in self._again.items():
            self._fold_again(self._model.kind(kind), records)

    def _held(self, number: int, codes: Sequence[str]) -> bool:
        """Whether findings nobody accepted keep a report back; it is then named in the outcome."""
        waiting = tuple(code for code in codes if code not in self._accept)
        if waiting:
            self.outcome.held.append((number, waiting))
        return bool(waiting)

    def _stored(self, row: tuple[Any, ...]) -> _Pending | None:
        number, kind, record, learned, declared, held, state, body, geometry, spoken = row
        if state == "approved":
            self.outcome.already += 1
            return None
        if held and self._held(number, held.split()):
            return None
        content = orjson.loads(body)
        alone = (
            spoken == 1
            and state == "draft"
            and record not in self._decided
            and not content.get("withdraws")
            and not content.get("corrects")
        )
        return _Pending(
            number,
            kind,
            record,
            content["true"],
            learned,
            bool(declared),
            content["fields"],
            geometry,
            bool(content.get("located")),
            content.get("where", ""),
            alone,
        )

    def _take(self, chunk: Sequence[_Pending]) -> None:
        rows: dict[str, list[_Pending]] = {}
        for one in chunk:
            guarded = self.books.guards(one.kind).guarded
            claims = guarded and any(one.fields.get(name) in codes for name, codes in guarded.items())
            if not one.alone or claims:
                self._again.setdefault(one.kind, {}).setdefault(one.record, []).append(one.number)
                continue
            if not self.books.plain(one.kind).lets_through(one.fields) and self._refused_alone(one):
                continue
            rows.setdefault(one.kind, []).append(one)
            self.approved.append(one.number)
        for kind, fresh in rows.items():
            self.books.writer(kind, coming=len(fresh)).put(
                [
                    (
                        (one.record, max(one.learned, self.day), OPEN_END, date_low(one.true), OPEN_END),
                        one.fields,
                        ("", "", int(one.declared or self.declared), str(one.number)),
                    )
                    for one in fresh
                ],
                [one.geometry if one.located else None for one in fresh],
            )

    def _refused_alone(self, one: _Pending) -> bool:
        kind = self._model.kind(one.kind)
        after = dict(one.fields)
        if one.located:
            after[GEOMETRY] = one.geometry
        change = Change(self._model, kind, one.record, None, after, self.books.standing)
        where = f"report {one.number}" + (f" ({one.where})" if one.where else "")
        found = list(check(change, where))
        self.outcome.refused.extend(found)
        return bool(found)

    def _fold_again(self, kind: Kind, records: Mapping[str, list[int]]) -> None:
        rules = self.books.guards(kind.name)
        ruled = bool(kind.rules or kind.states)
        folded: list[tuple[frozenset[str], list[Slice]]] = []
        for group, case in CaseLoader(self._connection).cases(records):
            numbers = [number for record in group for number in records.get(record, ())]
            new = [self._claim(number) for number in numbers]
            fresh = {claim.number for claim in new}
            old = tuple(one for one in case.claims if one.number not in fresh)
            before = fold(rules, kind, replace(case, claims=old)) if ruled else []
            after = fold(rules, kind, replace(case, claims=(*old, *new)))
            broken = self._broken(kind, before, after, numbers)
            if broken:
                self.outcome.refused.extend(broken)
                continue
            folded.append((group, after))
            self.approved.extend(numbers)
            self.outcome.conflicts.extend(conflicts(kind, after))
            self.outcome.parallel.extend(self._parallel(kind, (*old, *new), after))
            # A rule that looks at neighbours must see what was folded before it.
            if len(folded) >= (1 if ruled else _CHUNK):
                self._replace(kind, folded)
        self._replace(kind, folded)

    @staticmethod
    def _parallel(kind: Kind, claims: Sequence[Claim], after: Sequence[Slice]) -> Iterator[Conflict]:
        if len({claim.source for claim in claims}) > 1:
            for one in after:
                if one.known_to == one.true_to == OPEN_END and (beside := parallel(claims, one)):
                    yield Conflict(kind.name, one.record, tuple(soft.field for soft in beside))

    def _replace(self, kind: Kind, folded: list[tuple[frozenset[str], list[Slice]]]) -> None:
        if folded:
            self.books.writer(kind.name, coming=len(folded)).replace_all(folded)
            folded.clear()

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
        spans.append((max(learned, self.day), OPEN_END))
        declared = bool(declared) or self.declared
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
        # One delivery may tell several states of one record: each step along true time counts.
        paths = _paths(kind, before)
        for record, path in _paths(kind, after).items():
            known = [_states(kind, *pair) for pair in pairwise(paths.get(record, ()))]
            for come, go in pairwise(path):
                if _states(kind, come, go) not in known:
                    change = Change(self._model, kind, record, come, go, self.books.standing)
                    found.extend(one for one in check_steps(change, where) if one not in found)
        return found


def _paths(kind: Kind, slices: Sequence[Slice]) -> dict[str, list[Mapping[str, Any]]]:
    """What is believed now of each record, along true time; empty for a kind without states."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    if kind.states:
        for one in sorted(slices, key=lambda one: one.true_from):
            if one.known_to == OPEN_END:
                found.setdefault(one.record, []).append(one.values)
    return found


def _states(kind: Kind, come: Mapping[str, Any], go: Mapping[str, Any]) -> tuple[Any, ...]:
    """The states on both sides of a step."""
    return tuple((come.get(one.field), go.get(one.field)) for one in kind.states)
