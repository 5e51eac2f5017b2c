"""Step 3, the two sides of a comparison: an operator's records read and matched, and how ours differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import shapely

from fallow.analysis.books.area import areas_m2
from fallow.analysis.books.cut import overlay
from fallow.analysis.books.declared import number
from fallow.analysis.books.ground import OVERLAP_M2
from fallow.analysis.books.history import OUT_OF_STOCK
from fallow.errors import FallowError
from fallow.register import Record, Register

Difference = Literal["missing", "extra", "status_conflict", "area_conflict", "overlap"]
DIFFERENCES: tuple[Difference, ...] = ("missing", "extra", "status_conflict", "area_conflict", "overlap")


@dataclass(frozen=True, slots=True)
class Theirs:
    """One record of the operator's file; ``key`` is its id or, without one, its code."""

    key: str
    code: str | None
    status: str | None
    hazard_class: str | None
    geometry: Any
    declared_area: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One difference, with its place on the map.

    Attributes
    ----------
    detail
        The field and the two values, the register's first: ``status: open > closed``.
    ours, theirs_m2, shared
        Square metres; ``None`` where a side has no polygon and declares no area.
    geometry
        Shape of the difference on EPSG:4326, or ``None``.
    """

    difference: Difference
    record: str
    theirs: str
    detail: str
    ours: float | None
    theirs_m2: float | None
    shared: float | None
    geometry: Any


def read_theirs(register: Register, records: Iterable[Mapping[str, Any]]) -> list[Theirs]:
    """The records of the file, each with a key of its own, known codes and a valid polygon or none."""
    found: list[Theirs] = []
    keys: set[str] = set()
    kind = register.model.kind("hazard")
    for row, one in enumerate(records):
        key = str(one.get("id") or one.get("code") or "")
        if not key:
            raise FallowError("AGAINST_NO_ID", f"row {row + 1}")
        if key in keys:
            raise FallowError("AGAINST_TWICE", f"row {row + 1}", found=key)
        keys.add(key)
        for name in ("status", "hazard_class"):
            field = kind.field(name)
            codes = [code.code for code in register.model.codes(field)] if field else []
            if one.get(name) is not None and one[name] not in codes:
                raise FallowError(
                    "AGAINST_UNKNOWN_CODE", key, field=name, found=one[name], known=", ".join(codes)
                )
        shape = None if one.get("geometry") is None else shapely.force_2d(shapely.from_wkb(one["geometry"]))
        if shape is not None and not shapely.is_valid(shape):
            raise FallowError("AGAINST_SHAPE", key, found=shapely.is_valid_reason(shape))
        area = one.get("declared_area")
        found.append(
            Theirs(
                key,
                str(one["code"]) if one.get("code") else None,
                one.get("status"),
                one.get("hazard_class"),
                shape,
                None if area is None else number(area, f"{key}.declared_area"),
            )
        )
    return found


def matched_by(ours: Mapping[str, Record], theirs: Sequence[Theirs]) -> dict[str, str]:
    """Key of their record to the id of ours: by id, else by code, else by the code the source used."""
    by_code: dict[str, str] = {}
    for name in ("external_id", "code"):
        by_code |= {str(one.fields[name]): one.id for one in ours.values() if one.fields.get(name)}
    found = {}
    for one in theirs:
        record = one.key if one.key in ours else by_code.get(one.code or one.key)
        if record is not None:
            found[one.key] = record
    return found


def rows_of(
    ours: Mapping[str, Record],
    theirs: Sequence[Theirs],
    matched: Mapping[str, str],
    allowed: float,
    operator: str | None,
) -> Iterator[Row]:
    """Every difference between the two sides, in no order."""
    shapes = {
        one.id: shapely.force_2d(shapely.from_wkb(one.geometry))
        for one in ours.values()
        if one.geometry is not None
    }
    for one in theirs:
        if one.key not in matched:
            yield Row("missing", "", one.key, one.code or "", None, _m2(one), None, one.geometry)
            continue
        record = ours[matched[one.key]]
        yield from _conflicts(record, one, shapes.get(record.id), allowed)
    there = set(matched.values())
    for record in ours.values():
        if (
            record.id not in there
            and _stands(record)
            and operator in (None, record.fields.get("organisation"))
        ):
            shape = shapes.get(record.id)
            code = str(record.fields.get("code") or "")
            yield Row("extra", record.id, "", code, _area(shape), None, None, shape)
    yield from _overlaps(ours, shapes, theirs, matched)


def _conflicts(record: Record, one: Theirs, shape: Any, allowed: float) -> Iterator[Row]:
    mine, other = _area(shape), _m2(one)
    both = None
    if shape is not None and one.geometry is not None:
        both = _overlay(shapely.intersection, shape, one.geometry)
    shared = None if both is None else _area(both) or 0.0
    place = one.geometry if one.geometry is not None else shape
    for name in ("status", "hazard_class"):
        said, held = getattr(one, name), record.fields.get(name)
        if said is not None and said != held:
            detail = f"{name}: {held or '-'} > {said}"
            yield Row("status_conflict", record.id, one.key, detail, mine, other, shared, place)
    held_area = mine if mine is not None else record.fields.get("declared_area")
    if other is None or (held_area is None and one.geometry is None):
        return
    held_area = float(held_area or 0.0)
    apart = abs(held_area - other) if shared is None else held_area + other - 2 * shared
    if apart > max(OVERLAP_M2, allowed / 100 * max(held_area, other)):
        detail = f"area: {round(held_area)} > {round(other)}"
        ground = place if both is None else _overlay(shapely.symmetric_difference, shape, one.geometry)
        yield Row("area_conflict", record.id, one.key, detail, held_area, other, shared, ground)


def _overlaps(
    ours: Mapping[str, Record],
    shapes: Mapping[str, Any],
    theirs: Sequence[Theirs],
    matched: Mapping[str, str],
) -> Iterator[Row]:
    ids = [id for id in shapes if _stands(ours[id])]
    drawn = [one for one in theirs if one.geometry is not None]
    if not ids or not drawn:
        return
    tree = shapely.STRtree([shapes[id] for id in ids])
    one, other = tree.query([each.geometry for each in drawn], predicate="intersects")
    for i, j in zip(one.tolist(), other.tolist(), strict=True):
        record, mine = ids[j], drawn[i]
        if matched.get(mine.key) == record:
            continue
        both = _overlay(shapely.intersection, shapes[record], mine.geometry)
        shared = _area(both) or 0.0
        if shared >= OVERLAP_M2:
            code = str(ours[record].fields.get("code") or "")
            yield Row("overlap", record, mine.key, code, _area(shapes[record]), _m2(mine), shared, both)


def _stands(record: Record) -> bool:
    return (
        record.fields.get("hazard_class") != "dismissed" and record.fields.get("status") not in OUT_OF_STOCK
    )


def _m2(one: Theirs) -> float | None:
    """The area their record speaks of: of its polygon, else as declared."""
    area = _area(one.geometry)
    return one.declared_area if area is None else area


def _area(shape: Any) -> float | None:
    """Square metres of a polygon; ``None`` for a point or for nothing."""
    if shape is None or shapely.get_dimensions(shape) != 2:
        return None
    return float(areas_m2(np.array([shape], dtype=object))[0])


def _overlay(act: Any, one: Any, other: Any) -> Any:
    return overlay(act, np.array([one], dtype=object), np.array([other], dtype=object))[0]
