"""Step 2, asking: the register as known on one day about one day, or as of one ledger head.

A :class:`View` is a filter on the four bounds of the history, so that any pair of dates costs about what the
present costs. Days are inclusive: ``known="2017-12-31"`` is what was known when that day ended.
"""

# ruff: noqa: S608 - names in SQL come from the checked model, values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fallow.errors import FallowError
from fallow.kinds import VALUE_TYPES, Kind, Model, columns, date_high, date_low
from fallow.register import geoblob, rtree
from fallow.register.called import asked_for, called, follow, follow_stored, linking
from fallow.register.counted import NOTHING, Integers, Questions, Walk, walk
from fallow.register.damage import readable
from fallow.register.matching import NEWLINE, positions
from fallow.register.report import OPEN_END, Record
from fallow.register.schema import BOUNDS

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

Where = Mapping[str, Any]
"""Field name to the value it must have, or a list of values; ``None`` for empty."""

States = tuple[str, str, str, bytes | None, tuple[int, ...], int, tuple[Any, ...]]
"""Record, true from, true to, WKB, reports, how many of them declared, stored values in the order asked."""

BESIDE = ("conflict", "awaiting", "declared", "reports")


def checked_day(day: str | None, name: str) -> str | None:
    """A day as ISO text; a partial date means its last day. Raises ``DATE_FORMAT``."""
    if day is None:
        return None
    try:
        date_low(day)
        return date_high(day)
    except FallowError:
        raise
    except ValueError as error:
        raise FallowError("DATE_FORMAT", name, found=day) from error


def checked_box(box: Sequence[float] | None) -> Box | None:
    """A box whose numbers are finite, in range and not inverted. Raises ``BBOX``."""
    if box is None:
        return None
    west, south, east, north = box if len(box) == 4 else (1.0, 0.0, 0.0, 0.0)
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise FallowError("BBOX", "bbox", found=",".join(str(one) for one in box))
    return (float(west), float(south), float(east), float(north))


@dataclass(frozen=True, slots=True)
class Layout:
    """How a history row of one kind is read back."""

    names: tuple[str, ...]
    loaders: tuple[tuple[int, Callable[[Any], Any]], ...]
    spatial: bool

    @classmethod
    def of(cls, kind: Kind) -> Layout:
        """The layout of a kind's history."""
        names = tuple(one.name for one in columns(kind))
        loaders = []
        for position, name in enumerate(names):
            one = kind.field(name)
            if one is not None and one.type in ("names", "codes", "links", "yes_no"):
                loaders.append((position, VALUE_TYPES[one.type].load))
        return cls(names, tuple(loaders), bool(kind.shapes))

    def values(self, cells: Sequence[Any]) -> dict[str, Any]:
        """Canonical values by field name."""
        found = dict(zip(self.names, cells, strict=True))
        for position, load in self.loaders:
            if cells[position] is not None:
                found[self.names[position]] = load(cells[position])
        return found


@readable
class View:
    """The register at one pair of dates.

    Attributes
    ----------
    known
        ISO day; ``None`` for now.
    true
        ISO day; ``None`` for the latest that is known.
    """

    def __init__(
        self, connection: sqlite3.Connection, model: Model, known: str | None, true: str | None
    ) -> None:
        self._connection = connection
        self._model = model
        self.known = checked_day(known, "known")
        self.true = checked_day(true, "true")
        self._linked: dict[str, Mapping[str, str]] = {}

    @cached_property
    def _others(self) -> Mapping[str, str]:
        """Records known under another id on this view's day; links lead there."""
        return called(self._connection, self.known)

    def _links(self, kind: Kind) -> Mapping[str, str]:
        """The link fields of a kind, where any link may lead elsewhere than it says."""
        found = self._linked.get(kind.name)
        if found is None:  # asked for every row of a country: a third of the time its books take
            there = linking(kind)
            found = self._linked[kind.name] = there if there and self._others else {}
        return found

    def count(self, kind: str, where: Where | None = None, bbox: Sequence[float] | None = None) -> int:
        """How many records there are."""
        declared = self._model.kind(kind)
        condition, values = self._condition(declared, where, checked_box(bbox))
        row = self._connection.execute(f'SELECT count(*) FROM "{kind}_history" h WHERE {condition}', values)
        return int(row.fetchone()[0])

    def tally(self, kind: str, by: Sequence[str], where: Where | None = None) -> dict[tuple[Any, ...], int]:
        """How many records there are for each combination of stored values of the fields ``by``."""
        declared = self._model.kind(kind)
        for name in by:
            _column(declared, name)
        listed = ", ".join(f'h."{name}"' for name in by)
        condition, values = self._condition(declared, where, None)
        rows = self._connection.execute(
            f'SELECT {listed}, count(*) FROM "{kind}_history" h WHERE {condition} GROUP BY {listed}', values
        )
        found: dict[tuple[Any, ...], int] = {}
        for *cells, count in rows:
            key = self._followed(declared, by, cells)
            found[key] = found.get(key, 0) + count
        return found

    def _followed(self, kind: Kind, names: Sequence[str], cells: Sequence[Any]) -> tuple[Any, ...]:
        """Stored cells with their links followed."""
        links = self._links(kind)
        if links.keys().isdisjoint(names):
            return tuple(cells)
        return tuple(
            follow_stored(cell, links[name], self._others) if name in links else cell
            for name, cell in zip(names, cells, strict=True)
        )

    def unlocated(self, kind: str) -> int:
        """How many records have no geometry: said on every map."""
        declared = self._model.kind(kind)
        if not declared.shapes:
            return 0
        condition, values = self._condition(declared, None, None)
        row = self._connection.execute(
            f'SELECT count(*) FROM "{kind}_history" h WHERE {condition} AND h.geom IS NULL', values
        )
        return int(row.fetchone()[0])

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
        """Records in a stable order; geometry is WKB on EPSG:4326.

        Parameters
        ----------
        kind
            Name of a kind; ``KIND_UNKNOWN`` otherwise.
        where
            Exact matches on stored fields; ``FIELD_UNKNOWN`` for one that is not stored.
        bbox
            West, south, east, north; records without geometry are then left out.
        order
            A field name, with ``-`` before it to turn the order around.
        """
        declared = self._model.kind(kind)
        layout, links = Layout.of(declared), self._links(declared)
        condition, values = self._condition(declared, where, checked_box(bbox))
        fields = "".join(f', h."{name}"' for name in layout.names)
        geometry = "h.geom" if layout.spatial else "NULL"
        bounds = "h.record, h.known_from, h.known_to, h.true_from, h.true_to"
        beside = "h.conflict, h.awaiting, h.declared, h.reports"
        query = f'SELECT {bounds}, {geometry}, {beside}{fields} FROM "{kind}_history" h WHERE {condition}'
        if order is not None:
            column = _column(declared, order.removeprefix("-"))
            query += f' ORDER BY h."{column}" {"DESC" if order.startswith("-") else "ASC"}, h.fid'
        elif limit is not None:
            query += " ORDER BY h.fid"
        if limit is not None:
            query += " LIMIT ? OFFSET ?"
            values = [*values, limit, offset]
        for row in self._connection.execute(query, values):
            said = layout.values(row[10:])
            for name in links:
                said[name] = follow(said[name], self._others)
            yield Record(
                id=row[0],
                kind=kind,
                fields=said,
                geometry=geoblob.to_wkb(row[5]),
                known_from=row[1],
                known_to=row[2],
                true_from=row[3],
                true_to=row[4],
                conflict=row[6],
                awaiting=row[7],
                declared=row[8],
                reports=tuple(int(one) for one in row[9].split()),
            )

    def record(self, record: str) -> Record | None:
        """One record by its id, whatever its kind; ``None`` when it is not there on these days."""
        row = self._connection.execute(
            "SELECT kind FROM fallow_report WHERE record = ? LIMIT 1", (record,)
        ).fetchone()
        if row is None:
            return None
        return next(self.records(row[0], {"record": record}), None)

    def states(self, kind: str, names: Sequence[str]) -> Iterator[States]:
        """Every state of every record along true time, as known on this view's day; ``true`` plays no part.

        For analyses that add up what happened between two days. Fields the kind does not have read as empty,
        so that one question fits a register with an older catalogue.
        """
        declared = self._model.kind(kind)
        there = {one.name for one in declared.stored}
        listed = "".join(f', h."{name}"' if name in there else ", NULL" for name in names)
        geometry = "h.geom" if declared.shapes else "NULL"
        known = "h.known_to = ?" if self.known is None else "h.known_from <= ? AND h.known_to > ?"
        rows = self._connection.execute(
            f"SELECT h.record, h.true_from, h.true_to, {geometry}, h.reports, h.declared{listed} "
            f'FROM "{kind}_history" h WHERE {known}',
            [OPEN_END] if self.known is None else [self.known, self.known],
        )
        linked = not self._links(declared).keys().isdisjoint(names)
        for row in rows:
            numbers = row[4]
            reports = (int(numbers),) if " " not in numbers else tuple(map(int, numbers.split()))
            cells = self._followed(declared, names, row[6:]) if linked else row[6:]
            yield row[0], row[1], row[2], geoblob.to_wkb(row[3]), reports, row[5], cells

    def raw(self, kind: str, names: Sequence[str], *, geometry: bool) -> Iterator[list[tuple[Any, ...]]]:
        """Stored cells in batches of 2,000, geometry first if asked; links are followed."""
        declared = self._model.kind(kind)
        condition, values = self._condition(declared, None, None)
        kept = {*BESIDE, *BOUNDS}
        listed = ", ".join(f'h."{one if one in kept else _column(declared, one)}"' for one in names)
        shape = "h.geom, " if geometry else ""
        rows = self._connection.execute(
            f'SELECT {shape}{listed} FROM "{kind}_history" h WHERE {condition}', values
        )
        linked = not self._links(declared).keys().isdisjoint(names)
        said = ["", *names] if geometry else names
        while batch := rows.fetchmany(2_000):
            yield [self._followed(declared, said, row) for row in batch] if linked else batch

    def walk(
        self,
        kind: str,
        questions: Questions = NOTHING,
        *,
        names: str | None = None,
        numbers: Sequence[str] = (),
    ) -> Walk | None:
        """Everything a figure rests on, and what each record answers (:func:`fallow.register.counted.walk`).

        Links are as they are stored: :meth:`leads` follows them.
        """
        declared = self._model.kind(kind)
        listed = (questions.always, questions.unless, *questions.each)
        read = {name for question in listed for one in question for name in one.fields}
        for name in (*read, *numbers, *([] if names is None else [names])):
            _column(declared, name)
        return walk(
            self._connection, declared, questions, self.known, self.true, names=names, numbers=numbers
        )

    def leads(self, links: Walk, to: Walk) -> Integers | None:
        """By record of a walk over a link, the position of the record of another that it leads to, or -1.

        ``None`` where names have line breaks in them, so that only the long way tells.
        """
        if to.names.count(NEWLINE) != to.records:
            return None
        found = positions(links.names, to.names, self._others)
        return found if len(found) == links.records else None

    def frame(
        self, kind: str, where: Where | None = None, bbox: Sequence[float] | None = None
    ) -> GeoDataFrame:
        """The records as a GeoDataFrame on EPSG:4326, index ``record`` (extra ``fallow[frame]``)."""
        from fallow.register.frames import frame

        declared = self._model.kind(kind)
        condition, values = self._condition(declared, where, checked_box(bbox))
        found = frame(self._connection, declared, condition, values)
        for name in self._links(declared):
            found[name] = found[name].map(lambda value: follow(value, self._others), na_action="ignore")
        return found

    def _condition(self, kind: Kind, where: Where | None, box: Box | None) -> tuple[str, list[Any]]:
        """SQL over the history ``h`` and its values; only names that the model declares enter the text."""
        parts: list[str] = []
        values: list[Any] = []
        # A plus keeps SQLite off the index of current rows where another leads straight to a few records:
        # without statistics it takes the former and walks all of them (17 ms a record of 100,000).
        plus = "+" if any(_leads(kind, name) for name, wanted in (where or {}).items() if wanted) else ""
        for day, bound in ((self.known, "known"), (self.true, "true")):
            if day is None:
                parts.append(f"{plus}h.{bound}_to = '{OPEN_END}'")
            else:
                parts.append(f"h.{bound}_from <= ? AND h.{bound}_to > ?")
                values += [day, day]
        links = self._links(kind) if where else {}
        for name, given in (where or {}).items():
            column = _column(kind, name)
            wanted = asked_for(given, self._others) if name in links else given
            if wanted is None:
                parts.append(f'h."{column}" IS NULL')
                continue
            one = kind.field(name)
            listed = list(wanted) if isinstance(wanted, (list, tuple, set, frozenset)) else [wanted]
            if one is not None and one.type in ("codes", "links"):
                parts.append(
                    "(" + " OR ".join(f"""instr(';' || h."{column}" || ';', ?)""" for _ in listed) + ")"
                )
                values += [f";{item};" for item in listed]
            else:
                parts.append(f'h."{column}" IN ({",".join("?" * len(listed))})')
                values += [_scalar(item) for item in listed]
        if box is not None:
            if not kind.shapes:
                raise FallowError("NO_GEOMETRY", kind.name)
            index = rtree.name(f"{kind.name}_history")
            parts.append(
                f'h.fid IN (SELECT id FROM "{index}" WHERE minx <= ? AND maxx >= ? AND miny <= ? AND '
                "maxy >= ?)"
            )
            values += [box[2], box[0], box[3], box[1]]
        return " AND ".join(parts), values


def _scalar(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


def _column(kind: Kind, name: str) -> str:
    """A column that may be asked about; personal fields have none."""
    if name == "record" or name in BESIDE or name in {one.name for one in kind.stored}:
        return name
    from difflib import get_close_matches

    names = [one.name for one in kind.stored]
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    raise FallowError("FIELD_UNKNOWN", f"{kind.name}.{name}", near=near[0] if near else ", ".join(names))


def _leads(kind: Kind, name: str) -> bool:
    """Whether the history has an index on this column: the record, and every link to one other record."""
    one = kind.field(name)
    return name == "record" or (one is not None and one.type == "link")
