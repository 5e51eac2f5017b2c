"""Step 1, reports arrive: links between the records of a delivery, and to what came in before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fallow.errors import Finding
from fallow.intake.identity import Named
from fallow.intake.mapping import Mapped
from fallow.intake.mapping_columns import UNSAID
from fallow.intake.mapping_records import Statements
from fallow.intake.source import FieldSpec, Source, TableSpec
from fallow.register import Register

Links = Mapping[str, Sequence[Any]]
"""Field name to the linked record (or records) of each row of a batch; ``None`` for none."""


class Linker:
    """Turns the ids a file gives into records, and finds the links that lead nowhere."""

    def __init__(self, source: Source, register: Register) -> None:
        self._source = source
        self._register = register
        self._present: dict[str, set[str]] = {kind: set() for kind in self.wanted(source)}
        self._elsewhere: dict[tuple[str, str], dict[str, bool]] = {}

    @staticmethod
    def wanted(source: Source) -> frozenset[str]:
        """Kinds that other records of this source name by id."""
        return frozenset(
            field.link
            for table in source.tables
            for record in table.records
            for field in record.fields
            if field.link and field.by and field.of is None
        )

    def note(self, kind: str, records: Iterable[str]) -> None:
        """These records of this delivery come in."""
        if kind in self._present:
            self._present[kind].update(records)

    def links(
        self,
        one: Statements,
        every: Sequence[Statements],
        records: Sequence[Sequence[str | None]],
        mapped: Mapped,
        refused: frozenset[int],
    ) -> tuple[Links, list[Finding]]:
        """The links of one record spec for each row; a dangling one is left out and a person must confirm."""
        found: dict[str, Sequence[Any]] = {}
        findings: list[Finding] = []
        specs = {field.name: field for field in one.spec.fields if field.link}
        for name, named in one.links.items():
            spec = specs[name]
            if spec.by:
                linked, missing = self._by_id(spec, named)
            else:
                linked, missing = _same_row(spec, named, every, records)
            for row in missing:
                if one.here[row] and row not in refused:
                    where = f"{mapped.file} {mapped.batch.where[row]}"
                    facts = {"field": name, "kind": spec.link or "", "column": ", ".join(spec.by)}
                    findings.append(Finding("LINK_DANGLING", "confirm", where, facts, row))
            found[name] = linked
        return found, findings

    def _by_id(self, spec: FieldSpec, named: Sequence[Any]) -> tuple[list[Any], list[int]]:
        source, kind = spec.of or self._source.name, spec.link or ""
        ids = sorted({id for cell in named for id in _ids(cell)})
        records = Named(source, kind).every(ids)
        there = self._that_exist(source, kind, dict(zip(ids, records, strict=True)))
        linked: list[Any] = []
        missing = []
        for row, cell in enumerate(named):
            wanted = _ids(cell)
            kept = sorted({there[id] for id in wanted if id in there})
            if len({id for id in wanted if id in there}) < len(set(wanted)):
                missing.append(row)
            if cell is UNSAID:
                linked.append(UNSAID)
            elif isinstance(cell, list):
                linked.append(kept or None)
            else:
                linked.append(kept[0] if kept else None)
        return linked, missing

    def _that_exist(self, source: str, kind: str, records: Mapping[str, str]) -> dict[str, str]:
        """Those of the named records that this delivery or an earlier one has told."""
        here = self._present.get(kind, set()) if source == self._source.name else set()
        known = self._elsewhere.setdefault((source, kind), {})
        ask = [record for record in records.values() if record not in here and record not in known]
        if ask:
            said = self._register.said(source, kind, ask)
            known.update((record, record in said) for record in ask)
        return {id: record for id, record in records.items() if record in here or known.get(record)}


def _ids(cell: Any) -> list[str]:
    if cell is None or cell is UNSAID:
        return []
    return cell if isinstance(cell, list) else [cell]


def _same_row(
    spec: FieldSpec,
    named: Sequence[Any],
    every: Sequence[Statements],
    records: Sequence[Sequence[str | None]],
) -> tuple[list[Any], list[int]]:
    target = next(index for index, one in enumerate(every) if one.spec.kind == spec.link)
    linked = [
        UNSAID if cell is UNSAID else record for cell, record in zip(named, records[target], strict=True)
    ]
    return linked, [row for row, record in enumerate(linked) if record is None]


def in_order(tables: Sequence[TableSpec]) -> tuple[list[TableSpec], frozenset[str]]:
    """Tables so that linked records come first, and the kinds for which no order will do.

    Those are told to each other within one table or in a circle; their ids are read ahead.
    """
    waiting = list(tables)
    ordered: list[TableSpec] = []
    ahead: set[str] = set()
    while waiting:
        open_kinds = {record.kind for table in waiting for record in table.records}
        free = next((one for one in waiting if not (_needs(one) & open_kinds)), None)
        if free is None:
            free = waiting[0]
            ahead |= _needs(free) & open_kinds
        waiting.remove(free)
        ordered.append(free)
    return ordered, frozenset(ahead)


def _needs(table: TableSpec) -> set[str]:
    """Kinds whose records this table names by id."""
    return {
        field.link
        for record in table.records
        for field in record.fields
        if field.link and field.by and field.of is None
    }
