"""Step 3, cutting land along every outline and release, many grounds at once.

Round by round: the first outline of every ground, then the second, and so on, so that each round is one
overlay of two arrays, whatever the number of grounds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from fallow.analysis.books.area import Integers, Shapes, spread

_GRID = 1e-9
"""Degrees; a tenth of a millimetre."""
_NOTHING = 1e-13
"""Square degrees; about a thousandth of a square metre: dropped while cutting, so that it is not cut
again."""


@dataclass(frozen=True, slots=True)
class Cutting:
    """One ground: outlines that add land, then releases that only divide it."""

    outlines: Sequence[Any]
    releases: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Cut:
    """Parts of all grounds: shape, which cutting, and as bits the outlines and releases each lies in."""

    shapes: Shapes
    cutting: Integers
    inside: list[int]
    released: list[int]


def cut(cuttings: Sequence[Cutting]) -> Cut:
    """Parts that no outline and no release of their ground cuts any further."""
    shapes: list[Any] = []
    owner: list[int] = []
    inside: list[int] = []
    released: list[int] = []
    parts_of: list[list[int]] = [[] for _ in cuttings]
    land: list[Any] = [None] * len(cuttings)

    def add(shape: Any, of: int, lies_in: int, under: int) -> None:
        parts_of[of].append(len(shapes))
        shapes.append(shape)
        owner.append(of)
        inside.append(lies_in)
        released.append(under)

    rounds = max((len(one.outlines) + len(one.releases) for one in cuttings), default=0)
    for step in range(rounds):
        knives = {of: knife for of, one in enumerate(cuttings) if (knife := _knife(one, step)) is not None}
        pairs = [(part, of) for of in knives for part in parts_of[of]]
        for part, of, inner, outer in _divided(pairs, shapes, {of: knife[0] for of, knife in knives.items()}):
            _, is_outline, bit = knives[of]
            if outer is not None:
                add(outer, of, inside[part], released[part])
            shapes[part] = inner
            if is_outline:
                inside[part] |= bit
            else:
                released[part] |= bit
        adding = [of for of, knife in knives.items() if knife[1]]
        if not step:  # the first outline is all new
            for of in adding:
                land[of] = knives[of][0]
                add(land[of], of, 1, 0)
            continue
        for of, new, whole in _beyond(adding, knives, land):
            land[of] = whole
            if new is not None:
                add(new, of, knives[of][2], 0)
    return Cut(_array(shapes), np.array(owner, dtype=np.int64), inside, released)


def _knife(one: Cutting, step: int) -> tuple[Any, bool, int] | None:
    """What a ground is cut along in this round: a shape, whether it is an outline, and its bit."""
    if step < len(one.outlines):
        return one.outlines[step], True, 1 << step
    step -= len(one.outlines)
    return (one.releases[step], False, 1 << step) if step < len(one.releases) else None


def _divided(
    pairs: Sequence[tuple[int, int]], shapes: Sequence[Any], knives: dict[int, Any]
) -> list[tuple[int, int, Any, Any]]:
    """Of the parts that a knife reaches: what lies inside it, and what lies outside or ``None``."""
    part = _array([shapes[p] for p, _ in pairs])
    knife = _array([knives[of] for _, of in pairs])
    met = np.flatnonzero(spread(shapely.intersects, part, knife))
    inner = overlay(shapely.intersection, part[met], knife[met])
    reached = shapely.area(inner) > _NOTHING
    met, inner = met[reached], inner[reached]
    outer = overlay(shapely.difference, part[met], knife[met])
    left = shapely.area(outer) > _NOTHING
    return [
        (*pairs[at], inner[i] if left[i] else part[at], outer[i] if left[i] else None)
        for i, at in enumerate(met.tolist())
    ]


def _beyond(
    adding: Sequence[int], knives: dict[int, tuple[Any, bool, int]], land: Sequence[Any]
) -> list[tuple[int, Any, Any]]:
    """What an outline adds to the land that is there, or ``None``, and the land with it."""
    outline = _array([knives[of][0] for of in adding])
    there = _array([land[of] for of in adding])
    new = overlay(shapely.difference, outline, there)
    whole = overlay(shapely.union, outline, there)
    grows = shapely.area(new) > _NOTHING
    return [(of, new[i] if grows[i] else None, whole[i]) for i, of in enumerate(adding)]


def overlay(act: Callable[..., Any], one: Shapes, other: Shapes) -> Shapes:
    """An overlay of many pairs, its polygons only; where rounding defeats it, again on a fine grid.

    The grid moves no vertex by more than a tenth of a millimetre, and GEOS's overlay on a grid does not fail.
    """
    try:
        found = spread(act, one, other)
    except shapely.errors.GEOSException:
        found = spread(act, one, other, grid_size=_GRID)
    return _polygons(np.asarray(found, dtype=object))


def _polygons(shapes: Shapes) -> Shapes:
    """The same without the points and lines that overlays leave where outlines touch."""
    for at in np.flatnonzero(shapely.get_type_id(shapes) == 7).tolist():
        parts = [one for one in shapely.get_parts(shapes[at]) if shapely.get_dimensions(one) == 2]
        shapes[at] = shapely.union_all(parts)
    return shapes


def _array(shapes: Sequence[Any]) -> Shapes:
    made = np.empty(len(shapes), dtype=object)
    made[:] = shapes
    return made
