"""Step 2, evidence rows: the rows of the history that an analysis read, taken out of a register.

What leaves with a figure is not the register but what was read of it (:mod:`fallow.register.watched`): those
records, those fields, and of them only what the audience may see.
"""

# ruff: noqa: S608 - names in SQL come from the checked model, values are always bound

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from fallow.kinds import VALUE_TYPES, Kind
from fallow.register import geoblob
from fallow.register.claims import GEOMETRY, Slice
from fallow.register.prefix import PrefixView
from fallow.register.register import Register
from fallow.register.report import OPEN_END
from fallow.register.schema import BOUNDS
from fallow.register.sources import sources_of
from fallow.register.watched import Clocks, Notes, Read

Judged = tuple[int, str, str, str, str, str | None]
"""Ledger number, ``same`` or ``different``, when, the two records, and the day it was declared for if any."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One history row: what was believed of a record between four bounds.

    ``cells`` are stored values by field, ``shape`` is WKB on EPSG:4326.
    """

    kind: str
    record: str
    bounds: tuple[str, str, str, str]
    cells: Mapping[str, Any]
    shape: bytes | None = None
    conflict: str = ""
    awaiting: str = ""
    declared: int = 0
    reports: tuple[int, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For JSON; the shape as hex, what is empty left out."""
        said: dict[str, Any] = {
            "kind": self.kind,
            "record": self.record,
            **dict(zip(BOUNDS, self.bounds, strict=True)),
            "fields": {name: value for name, value in self.cells.items() if value is not None},
            "declared": self.declared,
            "reports": list(self.reports),
        }
        if self.shape is not None:
            said["geometry"] = self.shape.hex()
        for name in ("conflict", "awaiting"):
            if getattr(self, name):
                said[name] = getattr(self, name)
        return said

    @classmethod
    def from_dict(cls, said: Mapping[str, Any]) -> EvidenceRow:
        """A row that was written; ``KeyError``, ``TypeError`` or ``ValueError`` when it is none."""
        bounds = tuple(said[name] for name in BOUNDS)
        if not all(isinstance(one, str) and _DAY.fullmatch(one) for one in bounds):
            raise ValueError("bounds")
        cells, reports = said["fields"], said["reports"]
        if not isinstance(cells, dict) or not all(type(one) is int for one in reports):
            raise TypeError("row")
        for value in cells.values():
            if type(value) not in (str, int, float):
                raise TypeError("value")
        texts = (said["kind"], said["record"], said.get("conflict", ""), said.get("awaiting", ""))
        if not all(isinstance(one, str) for one in texts) or type(said["declared"]) is not int:
            raise TypeError("row")
        shape = bytes.fromhex(said["geometry"]) if "geometry" in said else None
        return cls(
            texts[0],
            texts[1],
            (bounds[0], bounds[1], bounds[2], bounds[3]),
            cells,
            shape,
            texts[2],
            texts[3],
            said["declared"],
            tuple(reports),
        )


def rows_read(register: Register, notes: Notes, shown: Mapping[str, Sequence[str]]) -> list[EvidenceRow]:
    """The history rows behind everything that was read, in order.

    Parameters
    ----------
    shown
        By kind, the fields that may be told; ``geometry`` among them when shapes may. A kind that is missing
        is told with no field.
    """
    found: list[EvidenceRow] = []
    for name, read in sorted(notes.read.items()):
        kind = register.model.kind(name)
        visible = set(shown.get(name, ()))
        fields = sorted({one.name for one in kind.stored} & read.fields & visible)
        geometry = bool(kind.shapes) and read.geometry and "geometry" in visible
        rows = {one for part in _by_head(read) for one in _rows(register, kind, fields, geometry, part)}
        found += [_only_visible(one, read, visible) for one in rows if one.record in read.records]
    return sorted(found, key=lambda one: (one.kind, one.record, one.bounds))


def said_by_report(register: Register, numbers: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Report number to its source and who says so."""
    return sources_of(register._connection, numbers)


def judged(register: Register, rows: Sequence[EvidenceRow], head: int | None) -> tuple[Judged, ...]:
    """The judgements (same, different) that tell under which id the records of these rows go, in order.

    Who judged and why stays in the register.
    """
    found = register._connection.execute(
        "SELECT DISTINCT l.number, l.verb, l.at, l.body FROM fallow_about a JOIN fallow_ledger l "
        "ON l.number = a.number WHERE l.verb IN ('same', 'different') AND l.number <= ? ORDER BY l.number",
        (2**62 if head is None else head,),
    ).fetchall()
    every = [
        (number, verb, at, said["one"], said["other"], said.get("as_of"))
        for number, verb, at, body in found
        for said in [orjson.loads(body)]
    ]
    if not every:
        return ()
    meant = {one.record for one in rows}
    for row in rows:
        for value in row.cells.values():
            if isinstance(value, str):
                meant.update(value.split(";"))
    grown = -1
    while grown != len(meant):
        grown = len(meant)
        meant.update(id for one in every if {one[3], one[4]} & meant for id in (one[3], one[4]))
    return tuple(one for one in every if one[3] in meant)


def _by_head(read: Read) -> Iterator[tuple[int | None, dict[Clocks, bool]]]:
    for head in sorted({clocks[2] for clocks in read.clocks}, key=lambda one: one or 0):
        yield head, {clocks: states for clocks, states in read.clocks.items() if clocks[2] == head}


def _rows(
    register: Register,
    kind: Kind,
    fields: Sequence[str],
    geometry: bool,
    part: tuple[int | None, Mapping[Clocks, bool]],
) -> Iterator[EvidenceRow]:
    head, clocks = part
    if head is not None:
        yield from _folded(register, kind, fields, geometry, head, clocks)
        return
    wheres, values = [], []
    for (known, true, _), states in clocks.items():
        parts = []
        for day, bound in ((known, "known"), *([] if states else [(true, "true")])):
            if day is None:
                parts.append(f"h.{bound}_to = '{OPEN_END}'")
            else:
                parts.append(f"h.{bound}_from <= ? AND h.{bound}_to > ?")
                values += [day, day]
        wheres.append(f"({' AND '.join(parts)})")
    listed = "".join(f', h."{one}"' for one in fields)
    bounds = ", ".join(f"h.{one}" for one in BOUNDS)
    shape = "h.geom" if geometry else "NULL"
    rows = register._connection.execute(
        f"SELECT h.record, {bounds}, h.conflict, h.awaiting, h.declared, h.reports, "
        f'{shape}{listed} FROM "{kind.name}_history" h WHERE {" OR ".join(wheres)}',
        values,
    )
    for row in rows:
        yield EvidenceRow(
            kind.name,
            row[0],
            row[1:5],
            _Cells(zip(fields, row[10:], strict=True)),
            geoblob.to_wkb(row[9]),
            row[5],
            row[6],
            row[7],
            tuple(map(int, row[8].split())),
        )


class _Cells(dict[str, Any]):
    """Stored values that can stand in a set of rows."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self.items()))


def _folded(
    register: Register,
    kind: Kind,
    fields: Sequence[str],
    geometry: bool,
    head: int,
    clocks: Mapping[Clocks, bool],
) -> Iterator[EvidenceRow]:
    view = register.at(head=head)
    assert isinstance(view, PrefixView)  # noqa: S101 - a head always gives one
    loaders = {one.name: VALUE_TYPES[one.type].store for one in kind.stored}
    for one in view._slices(kind):
        if not any(_seen(one, *asked[:2], states=states) for asked, states in clocks.items()):
            continue
        cells = _Cells(
            (name, None if one.values.get(name) is None else loaders[name](one.values[name]))
            for name in fields
        )
        yield EvidenceRow(
            kind.name,
            one.record,
            (one.known_from, one.known_to, one.true_from, one.true_to),
            cells,
            one.values.get(GEOMETRY) if geometry else None,
            " ".join(one.conflict).replace(GEOMETRY, "geometry"),
            " ".join(one.awaiting),
            one.declared,
            one.reports,
        )


def _seen(one: Slice, known: str | None, true: str | None, *, states: bool) -> bool:
    for day, low, high in (
        (known, one.known_from, one.known_to),
        *([] if states else [(true, one.true_from, one.true_to)]),
    ):
        if not (high == OPEN_END if day is None else low <= day < high):
            return False
    return True


def _only_visible(one: EvidenceRow, read: Read, visible: set[str]) -> EvidenceRow:
    """Without what the audience may not see, and without what nobody looked at."""
    conflict = " ".join(name for name in one.conflict.split() if name in visible)
    awaiting = " ".join(part for part in one.awaiting.split() if part.split("=")[0] in visible)
    return replace(
        one,
        conflict=conflict if "conflict" in read.beside else "",
        awaiting=awaiting if "awaiting" in read.beside else "",
    )
