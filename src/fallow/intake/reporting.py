"""Step 1, reports arrive: mapped rows become drafts. First statements, changes only, withdrawals.

What a source said before is asked of the register, so that a second delivery reports what is new and
nothing else: a row that says nothing new is known already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import Any

import shapely

from fallow.errors import Finding
from fallow.intake.identity import Named, Placed
from fallow.intake.linking import Linker, Links
from fallow.intake.mapping import Mapped
from fallow.intake.mapping_columns import UNSAID
from fallow.intake.mapping_records import Statements
from fallow.intake.receipt import Tally
from fallow.intake.repeats import RepeatFinder
from fallow.intake.reporting_sheet import Hand, first_sheet
from fallow.intake.source import RecordSpec
from fallow.kinds import date_low
from fallow.register import Draft, Register, Said, Sheet


@dataclass(slots=True)
class Count:
    """Rows and records of one delivery as they come by."""

    rows: int = 0
    reported: int = 0
    refused: int = 0
    known_already: int = 0
    additions: int = 0
    updates: int = 0
    withdrawals: int = 0
    held: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)


class Reporter:
    """Makes the drafts of one delivery, batch after batch."""

    def __init__(self, hand: Hand, register: Register, tally: Tally, linker: Linker) -> None:
        self.hand = hand
        self.count = Count()
        self.listed: dict[str, set[str]] = {}
        """Kind to the records this delivery lists, refused rows too; only kept where withdrawals follow."""
        self._register = register
        self._tally = tally
        self._linker = linker
        self._repeats = RepeatFinder()

    def close(self) -> None:
        """Let go of what was remembered of this delivery."""
        self._repeats.close()

    def take(
        self,
        table: str,
        mapped: Mapped,
        assigned: Mapping[str, Mapping[int, str]] | None = None,
        before: Mapping[str, Mapping[str, Said]] | None = None,
    ) -> list[list[Draft] | Sheet]:
        """The drafts of one batch: for each record spec a list, or a sheet where all is said for the first
        time.

        Parameters
        ----------
        assigned
            Kind to position in the table to record, where rows without id continue a delivery before.
        before
            Kind to record to what was said, where continuity has already asked.
        """
        offset = mapped.base + mapped.batch.start
        statements = mapped.statements
        records = [self.records(table, one, offset, assigned or {}) for one in statements]
        repeats = self._repeats.find(mapped, records)
        refused = mapped.refused | repeats.refused
        findings = [*mapped.findings, *repeats.findings]
        links = []
        for one in statements:
            linked, dangling = self._linker.links(one, statements, records, mapped, refused)
            links.append(linked)
            findings += dangling
        findings = [self._as_accepted(found) for found in findings]
        for found in findings:
            self._tally.add(found, offset)
        held = _held(findings)
        made = [False] * len(mapped.batch)
        drafts: list[list[Draft] | Sheet] = []
        for one, of_rows, linked, again in zip(statements, records, links, repeats.again, strict=True):
            skip = refused | again
            said = self._said(one.spec, of_rows, before)
            if said or one.secrets is not None:
                drafts.append(self._drafts(one, of_rows, linked, mapped, skip, held, said, made))
            else:
                drafts.append(self._first(one, of_rows, linked, mapped, skip, held, made))
            self._linker.note(one.spec.kind, _those(of_rows, refused))
        self.count.rows += len(made)
        self.count.refused += len(refused)
        self.count.reported += sum(made)
        self.count.known_already += len(made) - len(refused) - sum(made)
        return drafts

    def records(
        self, table: str, one: Statements, offset: int, assigned: Mapping[str, Mapping[int, str]]
    ) -> Sequence[str | None]:
        """The record each row speaks about; ``None`` where it speaks about none of this kind."""
        source, kind = self.hand.source.name, one.spec.kind
        here = one.here
        if one.ids is not None:
            found = _where_told(here, Named(source, kind).every(compress(one.ids, here)))
        elif kind in assigned:
            given = assigned[kind]
            found = [given.get(offset + row) if told else None for row, told in enumerate(here)]
        else:
            placed = Placed(source, kind, self.hand.files, table)
            found = _where_told(here, placed.every(compress(range(offset, offset + len(here)), here)))
        if kind in self.listed:
            self.listed[kind].update(record for record in found if record is not None)
        return found

    def withdraw(self, kind: str, gone: Iterable[Said], doubtful: bool) -> list[Draft]:
        """Take back what the source no longer lists.

        A danger that silently vanishes from a list is the costliest mistake there is, so its withdrawal
        waits for a named person; so does any withdrawal while rows of this kind were refused
        (``doubtful``): one of them may be it.
        """
        of = self._register.model.kind(kind)
        waits = of.danger or doubtful
        drafts = []
        for one in gone:
            code = "NO_LONGER_LISTED"
            found = Finding(code, "confirm" if waits else "note", one.record, {"kind": kind})
            found = self._as_accepted(found)
            self._tally.add(found)
            held = (code,) if found.level == "confirm" else ()
            drafts.append(
                Draft(
                    kind,
                    one.record,
                    self.hand.source.name,
                    self.hand.author,
                    one.true,
                    learned=self.hand.learned,
                    withdraws=one.reports,
                    held=held,
                )
            )
        self.count.withdrawals += len(drafts)
        self.count.by_kind[kind] += len(drafts)
        self.count.held += sum(1 for draft in drafts if draft.held)
        return drafts

    def _as_accepted(self, found: Finding) -> Finding:
        """A finding that a named person accepted in the description is told, and holds nothing up."""
        if found.level == "confirm" and found.code in self.hand.source.accepted:
            return Finding(found.code, "note", found.where, found.facts, found.row)
        return found

    def _said(
        self, spec: RecordSpec, records: Sequence[str | None], before: Mapping[str, Mapping[str, Said]] | None
    ) -> Mapping[str, Said]:
        if self.hand.first:
            return {}
        if before is not None and spec.kind in before:
            return before[spec.kind]
        asked = list(dict.fromkeys(record for record in records if record is not None))
        return self._register.said(self.hand.source.name, spec.kind, asked)

    def _first(
        self,
        one: Statements,
        records: Sequence[str | None],
        links: Links,
        mapped: Mapped,
        skip: frozenset[int],
        held: Mapping[int, tuple[str, ...]],
        made: list[bool],
    ) -> Sheet:
        """Everything a batch says of one kind when nothing of it was said before."""
        rows = [row for row, record in enumerate(records) if record is not None and row not in skip]
        sheet = first_sheet(
            self.hand,
            one,
            rows,
            records,
            links,
            mapped,
            held,
            dated=self._dated(one.spec),
            apart=self._apart(one),
        )
        for row in rows:
            made[row] = True
        self.count.additions += len(rows)
        self.count.by_kind[one.spec.kind] += len(rows)
        self.count.held += len(sheet.held)
        return sheet

    def _apart(self, one: Statements) -> bool:
        """Whether a record of this kind cannot come twice: ids are compared, and each row stands once."""
        return one.ids is not None or all(
            sum(1 for record in table.records if record.kind == one.spec.kind and not record.id) <= 1
            for table in self.hand.source.tables
        )

    def _drafts(
        self,
        one: Statements,
        records: Sequence[str | None],
        links: Links,
        mapped: Mapped,
        skip: frozenset[int],
        held: Mapping[int, tuple[str, ...]],
        said: Mapping[str, Said],
        made: list[bool],
    ) -> list[Draft]:
        hand, kind, located = self.hand, one.spec.kind, one.located
        source, learned, author = hand.source.name, hand.learned, hand.author
        dated = self._dated(one.spec)
        place, wheres, wkb = f"{mapped.file} ", mapped.batch.where, mapped.batch.wkb
        every, originals, codes, trues = one.fields, one.originals, one.codes, one.true
        secrets = one.secrets if one.secrets is not None else [{}] * len(records)
        coded, authors = one.coded, one.authors
        drafts: list[Draft] = []
        updates = of_updates = 0
        for row, record in enumerate(records):
            if record is None or row in skip:
                continue
            fields = every[row]
            for name, linked in links.items():
                if linked[row] is not None and linked[row] is not UNSAID:
                    fields[name] = linked[row]
            original = originals[row]
            if dated:
                fields[dated] = hand.delivered
                original = {**original, dated: ""}
            if coded:
                # A person finds a record without an id of its own by the first half of its record id.
                fields["code"] = codes[row] if codes is not None else record[:13]
            # Positional, in the order of Draft: this line runs once a row and keywords cost a third more.
            draft = Draft(
                kind,
                record,
                source,
                (authors[row] or author) if authors else author,
                trues[row],
                fields,
                original,
                wkb[row] if located else None,
                located,
                learned,
                place + wheres[row],
                (),
                (),
                (),
                secrets[row],
                held.get(row, ()) if held else (),
            )
            previous = said.get(record) if said else None
            if previous is None:
                drafts.append(draft)
            else:
                unsaid = one.unsaid.get(row, frozenset()) | {
                    n for n, cells in links.items() if cells[row] is UNSAID
                }
                changes = self._changes(
                    draft, previous, [n for n in one.spoken if n not in unsaid], one.spec, dated
                )
                if not changes:
                    continue
                drafts += changes
                updates += 1
                of_updates += len(changes)
            made[row] = True
        self.count.updates += updates
        self.count.additions += len(drafts) - of_updates
        self.count.by_kind[kind] += len(drafts)
        self.count.held += sum(1 for draft in drafts if draft.held)
        return drafts

    def _dated(self, spec: RecordSpec) -> str | None:
        """The date field that the day of delivery fills, for want of a date in the table
        (``DATE_STANDS_IN``).
        """
        return self._register.model.kind(spec.kind).date if spec.date is None else None

    def _changes(
        self, whole: Draft, previous: Said, spoken: Sequence[str], spec: RecordSpec, dated: str | None
    ) -> list[Draft]:
        """What a second statement about a record adds: nothing, a correction, a later report."""
        kind = self._register.model.kind(whole.kind)
        fields = {
            name: whole.fields.get(name)
            for name in spoken
            if whole.fields.get(name) != previous.fields.get(name)
        }
        moved = whole.located and not _same_place(whole.geometry, previous.geometry)
        secret = self._new_secrets(whole)
        if not fields and not moved and not secret:
            return []
        fixed = spec.date is None and kind.clock == "event"
        true = previous.true if fixed else whole.true
        now, then = date_low(true), date_low(previous.true)
        changed = replace(
            whole,
            true=true,
            fields={**fields, dated: self.hand.delivered} if dated and now > then else fields,
            original={name: text for name, text in whole.original.items() if name in fields},
            geometry=whole.geometry if moved else None,
            located=moved,
            secret=secret,
        )
        if kind.clock == "event" or now == then:
            return [replace(changed, corrects=previous.reports)]
        if now > then:
            return [changed]
        # The date itself moved back: what was said for the later day is no longer said at all.
        return [
            replace(
                whole,
                fields={},
                original={},
                geometry=None,
                located=False,
                secret={},
                withdraws=previous.reports,
            ),
            whole,
        ]

    def _new_secrets(self, whole: Draft) -> dict[str, Any]:
        """Personal values that differ from those in the vault."""
        if not whole.secret:
            return {}
        kept = self._register.secrets(whole.record)
        return {name: value for name, value in whole.secret.items() if kept.get(name) != value}


def _where_told(here: Sequence[bool], records: Sequence[str]) -> Sequence[str | None]:
    if all(here):
        return records
    waiting = iter(records)
    return [next(waiting) if told else None for told in here]


def _held(findings: Iterable[Finding]) -> dict[int, tuple[str, ...]]:
    """Row to the codes a person must accept before its reports can be approved."""
    held: dict[int, tuple[str, ...]] = {}
    for one in findings:
        if one.level == "confirm" and one.row is not None and one.code not in held.get(one.row, ()):
            held[one.row] = (*held.get(one.row, ()), one.code)
    return held


def _those(records: Sequence[str | None], refused: frozenset[int]) -> Iterable[str]:
    return (record for row, record in enumerate(records) if record is not None and row not in refused)


def _same_place(one: bytes | None, other: bytes | None) -> bool:
    """The same coordinates in the same order, however the bytes are arranged."""
    if one is None or other is None or one == other:
        return one == other
    return bool(shapely.equals_identical(shapely.from_wkb(one), shapely.from_wkb(other)))
