"""Step 2, as of a head: the register exactly as it was when the ledger had so many entries.

Slower than the two clocks, because the prefix is folded anew; it exists for proof. The same head gives the
same records to the last digit, whatever was approved, resolved or declared afterwards.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import shapely

from fallow.errors import FallowError
from fallow.kinds import VALUE_TYPES, Kind, Model, columns
from fallow.register import geoblob
from fallow.register.called import asked_for, called, follow
from fallow.register.cases import assemble, claim_of, day_of, judgement
from fallow.register.claims import GEOMETRY, Claim, Sameness, Slice
from fallow.register.counted import NOTHING, Questions, Walk
from fallow.register.damage import readable
from fallow.register.fold import fold
from fallow.register.report import OPEN_END, Record
from fallow.register.schema import BOUNDS
from fallow.register.standing import guards
from fallow.register.view import BESIDE, States, View, Where, _column, checked_box

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


Spans = list[tuple[str, str]]
"""Days from (inclusive) and to (exclusive) on which a report was accepted, by decision."""


@readable
class PrefixView(View):
    """A view on the first ``head`` entries of the ledger."""

    def __init__(
        self, connection: sqlite3.Connection, model: Model, known: str | None, true: str | None, head: int
    ) -> None:
        super().__init__(connection, model, known, true)
        last = connection.execute("SELECT max(number) FROM fallow_ledger").fetchone()[0] or 0
        if not 0 < head <= last:
            raise FallowError("HEAD_UNKNOWN", str(head), last=last)
        self.head = head
        self._folded: dict[str, list[Slice]] = {}

    @cached_property
    def _others(self) -> Mapping[str, str]:
        return called(self._connection, self.known, self.head)

    def count(self, kind: str, where: Where | None = None, bbox: Sequence[float] | None = None) -> int:
        """How many records there were."""
        return sum(1 for _ in self.records(kind, where, bbox))

    def tally(self, kind: str, by: Sequence[str], where: Where | None = None) -> dict[tuple[Any, ...], int]:
        """Counts by combinations of stored values."""
        declared = self._model.kind(kind)
        names = [_column(declared, name) for name in by]
        found: dict[tuple[Any, ...], int] = {}
        for one in self.records(kind, where):
            key = tuple(_stored(declared, one)(name) for name in names)
            found[key] = found.get(key, 0) + 1
        return found

    def unlocated(self, kind: str) -> int:
        """How many records had no geometry."""
        spatial = bool(self._model.kind(kind).shapes)
        return sum(1 for one in self.records(kind) if one.geometry is None) if spatial else 0

    def records(
        self,
        kind: str,
        where: Where | None = None,
        bbox: Sequence[float] | None = None,
        *,
        order: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> Iterator[Record]:
        """Records as the prefix has them; see :meth:`View.records`."""
        declared = self._model.kind(kind)
        links, wanted = self._links(declared), dict(where or {})
        for name in wanted:
            _column(declared, name)
            if name in links:
                wanted[name] = asked_for(wanted[name], self._others)
        box = checked_box(bbox)
        found = [
            record
            for one in self._slices(declared)
            if self._here(one)
            for record in [self._read(declared, one)]
            if _meets(record, wanted) and (box is None or _inside(record.geometry, box))
        ]
        if order is not None:
            name = _column(declared, order.removeprefix("-"))
            cells = {one.id: _stored(declared, one)(name) for one in found}
            empty = [one for one in found if cells[one.id] is None]
            filled = [one for one in found if cells[one.id] is not None]
            filled.sort(key=lambda one: cells[one.id], reverse=order.startswith("-"))
            found = [*filled, *empty] if order.startswith("-") else [*empty, *filled]
        yield from found[offset : None if limit is None else offset + limit]

    def _read(self, kind: Kind, one: Slice) -> Record:
        """A slice as a record, its links followed."""
        record = _record(kind, one)
        links = self._links(kind)
        return (
            replace(
                record,
                fields={
                    name: follow(value, self._others) if name in links else value
                    for name, value in record.fields.items()
                },
            )
            if links
            else record
        )

    def record(self, record: str) -> Record | None:
        """One record by its id."""
        row = self._connection.execute(
            "SELECT kind FROM fallow_report WHERE record = ? AND number <= ? LIMIT 1", (record, self.head)
        ).fetchone()
        return next((one for one in self.records(row[0]) if one.id == record), None) if row else None

    def states(self, kind: str, names: Sequence[str]) -> Iterator[States]:
        """Every state along true time as the prefix has it; see :meth:`View.states`."""
        declared = self._model.kind(kind)
        links = self._links(declared)
        for one in self._slices(declared):
            known = one.known_to == OPEN_END
            if self.known is not None:
                known = one.known_from <= self.known < one.known_to
            if known:
                said = [
                    follow(one.values.get(name), self._others) if name in links else one.values.get(name)
                    for name in names
                ]
                values = tuple(";".join(value) if isinstance(value, list) else value for value in said)
                shape = one.values.get(GEOMETRY)
                yield one.record, one.true_from, one.true_to, shape, one.reports, one.declared, values

    def raw(self, kind: str, names: Sequence[str], *, geometry: bool) -> Iterator[list[tuple[Any, ...]]]:
        """Stored cells as the prefix has them; see :meth:`View.raw`."""
        declared = self._model.kind(kind)
        kept = {*BESIDE, *BOUNDS}
        checked = [one if one in kept else _column(declared, one) for one in names]
        records = list(self.records(kind))
        yield from _batches(declared, records, checked, geometry=geometry)

    def frame(
        self, kind: str, where: Where | None = None, bbox: Sequence[float] | None = None
    ) -> GeoDataFrame:
        """The records as a GeoDataFrame on EPSG:4326; see :meth:`View.frame`."""
        from fallow.register.frames import framed, listed

        declared = self._model.kind(kind)
        names = listed(declared)
        records = list(self.records(kind, where, bbox))
        cells = np.empty((len(records), len(names) + bool(declared.shapes)), dtype=object)
        start = 0
        for batch in _batches(declared, records, names, geometry=bool(declared.shapes)):
            cells[start : start + len(batch)] = batch
            start += len(batch)
        return framed(declared, cells)

    def walk(
        self,
        kind: str,
        questions: Questions = NOTHING,
        *,
        names: str | None = None,
        numbers: Sequence[str] = (),
    ) -> Walk | None:
        """``None``: what is folded anew stands in no table that could be walked."""
        return None

    def _here(self, one: Slice) -> bool:
        known = (
            one.known_to == OPEN_END if self.known is None else one.known_from <= self.known < one.known_to
        )
        true = one.true_to == OPEN_END if self.true is None else one.true_from <= self.true < one.true_to
        return known and true

    def _slices(self, kind: Kind) -> list[Slice]:
        if kind.name not in self._folded:
            self._folded[kind.name] = fold_prefix(self._connection, self._model, kind, self.head)
        return self._folded[kind.name]


def fold_prefix(connection: sqlite3.Connection, model: Model, kind: Kind, head: int) -> list[Slice]:
    """Fold one kind from the ledger's first ``head`` entries alone; also what ``verify`` compares with."""
    spans, declared = acceptance(connection, head)
    claims: dict[str, list[Claim]] = {}
    rows = connection.execute(
        "SELECT r.number, r.record, r.learned, l.body, l.geometry FROM fallow_report r JOIN fallow_ledger l "
        "ON l.number = r.number WHERE r.kind = ? AND r.number <= ?",
        (kind.name, head),
    )
    for number, record, learned, body, geometry in rows:
        accepted = tuple((max(day, learned), end) for day, end in spans.get(number, ()))
        if accepted:
            content = orjson.loads(body)
            claim = claim_of(
                number, record, accepted, number in declared or "learned" in content, content, geometry
            )
            claims.setdefault(record, []).append(claim)
    judged: dict[str, list[Any]] = {}
    decisions = connection.execute(
        "SELECT a.record, l.number, l.verb, l.at, l.body FROM fallow_about a JOIN fallow_ledger l ON "
        "l.number = a.number "
        "WHERE l.number <= ?",
        (head,),
    )
    for record, number, verb, at, body in decisions:
        one = judgement(number, verb, at, orjson.loads(body))
        if one is not None:
            judged.setdefault(record, []).append(one)
    rules = guards(model, kind)
    found: list[Slice] = []
    for group in _groups(claims, judged):
        case = assemble(
            (claim for record in group for claim in claims.get(record, ())),
            (one for record in group for one in judged.get(record, ())),
        )
        found.extend(fold(rules, kind, case))
    return found


def acceptance(connection: sqlite3.Connection, head: int) -> tuple[dict[int, Spans], set[int]]:
    """When each report was accepted, read from the decisions; and which approvals were declared."""
    spans: dict[int, Spans] = {}
    declared: set[int] = set()
    rows = connection.execute(
        "SELECT number, verb, at, body FROM fallow_ledger WHERE verb IN ('approve', 'reject') AND number <= "
        "? ORDER BY number",
        (head,),
    )
    for entry, verb, at, body in rows:
        content: Mapping[str, Any] = orjson.loads(body)
        day = day_of(content, at)
        for low, high in content["reports"]:
            for number in range(low, min(high + 1, entry)):
                mine = spans.setdefault(number, [])
                if verb == "approve":
                    mine.append((day, OPEN_END))
                    if content.get("as_of"):
                        declared.add(number)
                elif mine and mine[-1][1] == OPEN_END:
                    mine[-1] = (mine[-1][0], max(day, mine[-1][0]))
    return spans, declared


def _groups(claims: Mapping[str, Any], judged: Mapping[str, Sequence[Any]]) -> list[list[str]]:
    """Records by themselves, or together with those they were ever judged the same as."""
    parent = {record: record for record in claims}

    def root(record: str) -> str:
        while parent.setdefault(record, record) != record:
            record = parent[record]
        return record

    for of_record in judged.values():
        for one in of_record:
            if isinstance(one, Sameness):
                low, high = sorted((root(one.one), root(one.other)))
                parent[high] = low
    groups: dict[str, list[str]] = {}
    for record in claims:
        groups.setdefault(root(record), []).append(record)
    return [sorted(group) for _, group in sorted(groups.items())]


def _record(kind: Kind, one: Slice) -> Record:
    fields = {column.name: one.values.get(column.name) for column in columns(kind)}
    return Record(
        id=one.record,
        kind=kind.name,
        fields=fields,
        geometry=one.values.get(GEOMETRY),
        known_from=one.known_from,
        known_to=one.known_to,
        true_from=one.true_from,
        true_to=one.true_to,
        conflict=" ".join(one.conflict).replace(GEOMETRY, "geometry"),
        awaiting=" ".join(one.awaiting),
        declared=one.declared,
        reports=one.reports,
    )


def _stored(kind: Kind, one: Record) -> Callable[[str], Any]:
    """What the column of each name would hold of a record."""

    def cell(name: str) -> Any:
        if name == "record":
            return one.id
        if name == "reports":
            return " ".join(map(str, one.reports))
        declared = kind.field(name)
        value = getattr(one, name) if declared is None else one.fields.get(name)
        return value if declared is None or value is None else VALUE_TYPES[declared.type].store(value)

    return cell


def _batches(
    kind: Kind, records: Sequence[Record], names: Sequence[str], *, geometry: bool
) -> Iterator[list[tuple[Any, ...]]]:
    """Stored cells of records in batches of 2,000, geometry blob first if asked."""
    for start in range(0, len(records), 2_000):
        some = records[start : start + 2_000]
        shapes = [one.geometry for one in some]
        blobs = [(one,) for one in geoblob.to_blobs(shapes, geoblob.bounds_of(shapes))] if geometry else []
        cells = [tuple(map(_stored(kind, one), names)) for one in some]
        yield [(*blob, *row) for blob, row in zip(blobs, cells, strict=True)] if geometry else cells


def _meets(record: Record, where: Where) -> bool:
    for name, wanted in where.items():
        value = record.id if name == "record" else record.fields.get(name, getattr(record, name, None))
        listed = list(wanted) if isinstance(wanted, (list, tuple, set, frozenset)) else [wanted]
        if isinstance(value, list):
            if not set(listed) & set(value):
                return False
        elif value not in listed:
            return False
    return True


def _inside(wkb: bytes | None, box: tuple[float, float, float, float]) -> bool:
    if wkb is None:
        return False
    west, south, east, north = shapely.bounds(shapely.from_wkb(wkb)).tolist()
    return bool(west <= box[2] and east >= box[0] and south <= box[3] and north >= box[1])
