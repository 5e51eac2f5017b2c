"""Step 1, reports arrive: a batch of rows becomes statements about records, column by column.

Each mapped column is popped, what remains is audited (:class:`ColumnAudit`); a row that cannot come in says
why, and comes in for none of its records when it cannot for one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from fallow.errors import FallowError, Finding
from fallow.intake.mapping_records import RecordMapper, Statements
from fallow.intake.read import Batch
from fallow.intake.source import TableSpec
from fallow.kinds import Model

GEOMETRY_COLUMN = "(geometry)"
"""How the receipt names the format's own geometry when no record takes it."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """One batch after mapping: ``refused`` rows (positions in the batch) come in for none of their
    records.
    """

    file: str
    batch: Batch
    base: int
    """Rows of the table in earlier files."""
    statements: tuple[Statements, ...]
    refused: frozenset[int]
    findings: list[Finding] = field(default_factory=list)


@dataclass(slots=True)
class ColumnAudit:
    """Mapped + ignored + left over = the columns that were present."""

    mapped: dict[str, None] = field(default_factory=dict)
    ignored: dict[str, str] = field(default_factory=dict)
    left_over: dict[str, None] = field(default_factory=dict)

    def see(self, columns: Sequence[str], used: frozenset[str], ignore: Mapping[str, str]) -> None:
        """Sort the columns of one file."""
        for name in columns:
            if name in used:
                self.mapped[name] = None
            elif name in ignore:
                self.ignored[name] = ignore[name]
            else:
                self.left_over[name] = None


class TableMapper:
    """Maps one table of one delivery, batch by batch."""

    def __init__(self, table: TableSpec, model: Model, delivered: str) -> None:
        self.table = table
        self.audit = ColumnAudit()
        self._model = model
        self._delivered = delivered
        self._records: list[RecordMapper] = []
        self._columns: tuple[str, ...] | None = None
        self._geometry_seen = False

    def map(self, batch: Batch, file: str, base: int, accepted: Mapping[str, str]) -> Mapped:
        """One batch of ``file``; ``base`` is the number of rows of the table before this file."""
        findings: list[Finding] = []
        self._see(batch, file, findings)
        self._see_geometry(batch)
        place = f"{file} "
        for one in batch.findings:
            level = "note" if one.level == "confirm" and one.code in accepted else one.level
            row = None if one.row is None else one.row - batch.start
            findings.append(Finding(one.code, level, f"{place}{one.where}".strip(), one.facts, row))
        unread = frozenset(one.row for one in findings if one.level == "refuse" and one.row is not None)
        statements = tuple(record.map(batch, place, findings, unread) for record in self._records)
        partial = all(one.spec.rows for one in statements)
        for row in range(len(batch)) if partial else ():
            if not any(one.here[row] for one in statements):
                findings.append(Finding("ROW_NOT_DESCRIBED", "refuse", f"{place}{batch.where[row]}", {}, row))
        refused = frozenset(one.row for one in findings if one.level == "refuse" and one.row is not None)
        return Mapped(file, batch, base, statements, refused, findings)

    def _see(self, batch: Batch, file: str, findings: list[Finding]) -> None:
        columns = tuple(batch.columns)
        if columns == self._columns:
            return
        first, self._columns = self._columns is None or not self._records, columns
        used = frozenset().union(*(record.columns for record in self.table.records))
        missing = used - set(columns) - self._optional()
        if missing and (columns or len(batch)):
            name = min(missing)
            near = get_close_matches(name, columns, n=1, cutoff=0.5)
            raise FallowError(
                "COLUMN_NOT_FOUND",
                file,
                found=", ".join(sorted(missing)),
                near=near[0] if near else ", ".join(columns),
            )
        self.audit.see(columns, used, self.table.ignore)
        kinds = self._model.kinds
        self._records = [
            RecordMapper(record, kinds[record.kind], self._model, columns, self._delivered)
            for record in self.table.records
        ]
        if first:
            for mapper in self._records:
                if mapper.date is None and mapper.kind.date is not None:
                    findings.append(Finding("DATE_STANDS_IN", "note", file, {"found": self._delivered}))
                for one in mapper.absent:
                    facts = {"field": one.name, "found": ", ".join((*one.columns, *one.by))}
                    findings.append(Finding("OPTIONAL_COLUMN_ABSENT", "note", file, facts))

    def _see_geometry(self, batch: Batch) -> None:
        """The format's own geometry is a column like any other: taken, ignored on purpose, or left over."""
        if self._geometry_seen or self.table.read.geometry or not any(batch.wkb):
            return
        self._geometry_seen = True
        own = any(record.geometry == "own" for record in self.table.records)
        self.audit.see([GEOMETRY_COLUMN], frozenset([GEOMETRY_COLUMN] if own else []), self.table.ignore)

    def _optional(self) -> frozenset[str]:
        """Columns that only optional fields are made of."""
        optional: set[str] = set()
        needed: set[str] = set()
        for record in self.table.records:
            needed |= replace(record, fields=tuple(one for one in record.fields if not one.optional)).columns
            optional |= record.columns
        return frozenset(optional - needed)
