"""Step 1, reports arrive: one delivery, from its files to its drafts in the register."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from fallow.intake.continuity import Pairing, Statement, pair
from fallow.intake.identity import Placed
from fallow.intake.linking import Linker, in_order
from fallow.intake.mapping import Mapped, TableMapper
from fallow.intake.read import Reading
from fallow.intake.receipt import Columns, Receipt, Tally
from fallow.intake.reporting import Reporter
from fallow.intake.reporting_sheet import Hand
from fallow.intake.source import DeliverySpec, Source, TableSpec
from fallow.register import Approval, Draft, Outlines, Register, Said, Sheet


class DeliveryRun:
    """Reads, maps and reports the tables of one delivery; used once.

    Attributes
    ----------
    first
        Nothing of this source came in before: there is nothing to compare with.
    digest
        Over the contents of the delivery's files; the identity of rows without an id rests on it.
    outlines
        Where the polygons that came in lie.
    reading
        The file being read right now; where it cannot be read, it is the one to keep in quarantine.
    """

    def __init__(
        self,
        source: Source,
        delivery: DeliverySpec,
        paths: Mapping[str, list[Path]],
        register: Register,
        tally: Tally,
        on_progress: Callable[[int, float], None] | None,
    ) -> None:
        self.first = True
        self.digest = ""
        self.reading: Path | None = None
        self.reports: list[range] = []
        self.outlines = Outlines()
        self._source = source
        self._delivery = delivery
        self._paths = paths
        self._register = register
        self._tally = tally
        self._on_progress = on_progress
        self._mappers: dict[str, TableMapper] = {}
        self._rows_before = 0
        self._bytes_before = 0
        self._bytes = sum(path.stat().st_size for path in self.every_file) or 1
        self._skipped: list[str] = []
        self._act: Approval | None = None
        self._paired: dict[str, tuple[int, ...]] = {}

    @property
    def every_file(self) -> list[Path]:
        """Every file once, in the order of the tables."""
        return list(dict.fromkeys(path for files in self._paths.values() for path in files))

    def close(self) -> None:
        """Let go of temporary files."""
        if hasattr(self, "reporter"):
            self.reporter.close()

    def report(self, number: int, act: Approval | None = None) -> None:
        """Enter every draft of this delivery; ``number`` is the ledger's number of the delivery.

        With ``act`` each batch is approved as it comes in, without being read back.
        """
        self._act = act
        hand = Hand(self._source, self._delivery.delivered, self.digest, self.first)
        linker = Linker(self._source, self._register)
        self.reporter = Reporter(hand, self._register, self._tally, linker)
        tables, ahead = in_order(self._source.tables)
        for kind in self._withdrawing():
            self.reporter.listed[kind] = set()
        if ahead:
            self._read_ahead(tables, ahead, linker)
        staged: list[tuple[TableSpec, list[Mapped]]] = []
        for table in tables:
            mapped = self._mapped(table)
            if self._continues(table):
                staged.append((table, list(mapped)))
                continue
            for batch in mapped:
                for drafts in self.reporter.take(table.name, batch):
                    self._add(drafts, number)
        if staged:
            self._report_continued(staged, number)
        self._withdraw(number)

    def counts(self) -> dict[str, int]:
        """What expectations are held against, and what the next delivery is compared with."""
        count = self.reporter.count
        return {
            "rows": count.rows,
            "refused": count.refused,
            "withdrawals": count.withdrawals,
            **count.by_kind,
        }

    def receipt(self, number: int, files: Sequence[Mapping[str, Any]], approved: int, held: int) -> Receipt:
        """The receipt of this delivery."""
        count = self.reporter.count
        return Receipt(
            source=self._source.name,
            delivered=self._delivery.delivered,
            rows=count.rows,
            reported=count.reported,
            refused=count.refused,
            known_already=count.known_already,
            reports=tuple(self.reports),
            held=held,
            approved=approved,
            additions=count.additions,
            updates=count.updates,
            withdrawals=count.withdrawals,
            findings=tuple(self._tally.shown),
            counts=dict(self._tally.counts),
            columns=self._columns(),
            by_kind=dict(count.by_kind),
            files=tuple(files),
            skipped=tuple(self._skipped),
            accepted=tuple(
                {
                    "code": one.code,
                    "do": one.do,
                    "by": one.by,
                    "why": one.why,
                    "count": self._tally.counts.get(one.code, 0),
                }
                for one in self._source.accept
            ),
            paired=self._paired,
            delivery=number,
        )

    # -- reading -----------------------------------------------------------------------------------------

    def _mapped(self, table: TableSpec) -> Iterator[Mapped]:
        """Every batch of a table, mapped; memory holds one of them."""
        mapper = self._mappers.setdefault(
            table.name, TableMapper(table, self._register.model, self._delivery.delivered)
        )
        base = 0
        for path in self._paths[table.file]:
            self.reading = path
            reading = Reading(path, table.read, on_progress=self._progress(path))
            for batch in reading:
                yield mapper.map(batch, path.name, base, self._source.accepted)
            summary = reading.bytes_report()
            base += summary.rows
            self._rows_before += summary.rows
            self._bytes_before += path.stat().st_size
            self._skipped += [f"{path.name} {place}" for place in (*summary.skipped, *summary.ignored)]
            self.reading = None

    def _progress(self, path: Path) -> Callable[[int, float], None] | None:
        tell = self._on_progress
        if tell is None:
            return None
        rows, behind, size = self._rows_before, self._bytes_before, path.stat().st_size
        return lambda done, share: tell(rows + done, min(1.0, (behind + share * size) / self._bytes))

    def _read_ahead(self, tables: Sequence[TableSpec], kinds: frozenset[str], linker: Linker) -> None:
        """Which records will come in, where rows link to rows further down."""
        for table in tables:
            if not any(record.kind in kinds for record in table.records):
                continue
            for mapped in self._mapped(table):
                for one in mapped.statements:
                    if one.spec.kind in kinds:
                        records = self.reporter.records(table.name, one, mapped.base + mapped.batch.start, {})
                        linker.note(
                            one.spec.kind,
                            [
                                r
                                for row, r in enumerate(records)
                                if r is not None and row not in mapped.refused
                            ],
                        )
            del self._mappers[table.name]
        self._rows_before = self._bytes_before = 0
        self._skipped.clear()

    def _columns(self) -> Columns:
        """The columns of every table; named with their table where a source has several."""
        several = len(self._mappers) > 1
        mapped, left = [], []
        ignored: dict[str, str] = {}
        for name, mapper in self._mappers.items():
            prefix = f"{name}." if several else ""
            mapped += [prefix + column for column in mapper.audit.mapped]
            left += [prefix + column for column in mapper.audit.left_over]
            ignored.update((prefix + column, why) for column, why in mapper.audit.ignored.items())
        return Columns(tuple(mapped), ignored, tuple(left))

    # -- reporting ---------------------------------------------------------------------------------------

    def _add(self, drafts: Sequence[Draft] | Sheet, number: int) -> None:
        if not len(drafts):
            return
        if isinstance(drafts, Sheet):
            span = self._register.add_sheet(drafts, number, self._act)
            self.outlines.note(drafts.kind, span, drafts.shapes)
        else:
            span = self._register.add(drafts, delivery=number)
            for kind in {one.kind for one in drafts}:
                mine = [(at, one.geometry) for at, one in zip(span, drafts, strict=True) if one.kind == kind]
                self.outlines.note(kind, [at for at, _ in mine], [shape for _, shape in mine])
            if self._act is not None:
                self._act.receive(span, drafts, self._register.today())
        if self.reports and self.reports[-1].stop == span.start:
            span = range(self.reports.pop().start, span.stop)
        self.reports.append(span)

    def _continues(self, table: TableSpec) -> bool:
        """Whether rows without id must be paired with a delivery before."""
        return not self.first and any(not record.id for record in table.records)

    def _withdrawing(self) -> list[str]:
        """Kinds of which a delivery with ids lists every living record."""
        if self.first:
            return []
        specs = [record for table in self._source.tables for record in table.records]
        kinds = dict.fromkeys(record.kind for record in specs)
        return [kind for kind in kinds if all(one.complete and one.id for one in specs if one.kind == kind)]

    def _report_continued(self, staged: Sequence[tuple[TableSpec, list[Mapped]]], number: int) -> None:
        """Pair the rows of all tables with what was said before, then report them."""
        kinds = dict.fromkeys(record.kind for table, _ in staged for record in table.records if not record.id)
        assigned: dict[str, dict[str, dict[int, str]]] = {}
        before: dict[str, dict[str, Said]] = {}
        gone: dict[str, list[Said]] = {}
        doubtful: set[str] = set()
        for kind in kinds:
            said = list(self._register.said_all(self._source.name, kind))
            before[kind] = {one.record: one for one in said}
            now, refused = self._statements(kind, staged)
            pairing = self._pair(kind, said, now, staged)
            self._paired[kind] = pairing.by_tier
            for (table, position), record in self._by_place(kind, pairing, now).items():
                assigned.setdefault(table, {}).setdefault(kind, {})[position] = record
            if all(record.complete for _, record in self._source.records_of(kind)):
                gone[kind] = [before[kind][record] for record in pairing.withdrawn]
            if refused & set(pairing.added):
                doubtful.add(kind)
        for table, batches in staged:
            for mapped in batches:
                for drafts in self.reporter.take(table.name, mapped, assigned.get(table.name, {}), before):
                    self._add(drafts, number)
        for kind, said in gone.items():
            self._add(self.reporter.withdraw(kind, said, kind in doubtful), number)

    def _statements(
        self, kind: str, staged: Sequence[tuple[TableSpec, list[Mapped]]]
    ) -> tuple[list[Statement], set[Any]]:
        """The rows of a kind as they stand now; refused ones last, so that they hold a record's place only
        if free.
        """
        found, refused = [], set()
        for table, batches in staged:
            for mapped in batches:
                for one in mapped.statements:
                    if one.spec.kind != kind:
                        continue
                    for row, here in enumerate(one.here):
                        if here:
                            name = (table.name, mapped.base + mapped.batch.start + row)
                            shape = mapped.batch.wkb[row] if one.located else None
                            kept_out = row in mapped.refused
                            found.append(Statement(name, one.fields[row], shape, int(kept_out)))
                            if kept_out:
                                refused.add(name)
        return found, refused

    def _pair(
        self,
        kind: str,
        said: Sequence[Said],
        now: Sequence[Statement],
        staged: Sequence[tuple[TableSpec, list[Mapped]]],
    ) -> Pairing:
        spoken = [
            one.spoken
            for _, batches in staged
            for m in batches[:1]
            for one in m.statements
            if one.spec.kind == kind
        ]
        compared = [name for name in spoken[0] if all(name in names for names in spoken)] if spoken else []
        tiers = next(record.match for table, _ in staged for record in table.records if record.kind == kind)
        then = {one.record: one for one in said}
        # The very same file read again under a better mapping: its rows are who they were, whatever changed
        # in them.
        again = {name: record for name, record in self._places(kind, now).items() if record in then}
        taken = set(again.values())
        rest = pair(
            [Statement(one.record, one.fields, one.geometry) for one in said if one.record not in taken],
            [one for one in now if one.name not in again],
            tiers,
            compared,
        )
        return Pairing({**again, **rest.pairs}, rest.added, rest.withdrawn, rest.by_tier)

    def _places(self, kind: str, now: Sequence[Statement]) -> dict[Any, str]:
        tables: dict[str, list[int]] = {}
        for one in now:
            table, position = cast(tuple[str, int], one.name)
            tables.setdefault(table, []).append(position)
        return {
            (table, position): record
            for table, positions in tables.items()
            for position, record in zip(
                positions, Placed(self._source.name, kind, self.digest, table).every(positions), strict=True
            )
        }

    def _by_place(self, kind: str, pairing: Pairing, now: Sequence[Statement]) -> dict[Any, str]:
        """Table and position to record: the one it continues, or a new one."""
        new = self._places(kind, now)
        return {one.name: pairing.pairs.get(one.name, new[one.name]) for one in now}

    def _withdraw(self, number: int) -> None:
        """Records with ids that a complete delivery no longer lists."""
        unnamed = self._tally.counts["ID_MISSING"] > 0  # one of those rows may be a record that seems gone
        for kind, listed in self.reporter.listed.items():
            gone = [
                one for one in self._register.said_all(self._source.name, kind) if one.record not in listed
            ]
            self._add(self.reporter.withdraw(kind, gone, doubtful=unnamed), number)
