"""Step 2, which shapes may meet: pairs of boxes that overlap, joined strip by strip: memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

Boxes = npt.NDArray[np.float64]
"""Shape (n, 4): west, south, east, north in degrees."""

Pairs = npt.NDArray[np.int64]
"""Shape (m, 2): positions in the one and in the other."""

_STRIP = 16_384


def within_one(boxes: Boxes) -> Iterator[Pairs]:
    """Pairs of boxes of one set that overlap or touch, each pair once."""
    order = np.argsort(boxes[:, 0], kind="stable")
    placed = boxes[order]
    for start in range(0, len(placed), _STRIP):
        rest = placed[start:]
        count = min(_STRIP, len(rest))
        near = _near(rest[:count], rest)  # begins with the strip itself
        lines = _diagonals(rest[near])
        others, mine = shapely.STRtree(lines[:count]).query(lines)
        others = near[others]
        once = mine < others
        yield np.column_stack((order[start + mine[once]], order[start + others[once]]))


def between(boxes: Boxes, others: Boxes) -> Iterator[Pairs]:
    """Pairs of a box of one set and a box of another that overlap or touch."""
    order = np.argsort(boxes[:, 0], kind="stable")
    for start in range(0, len(order), _STRIP):
        mine = order[start : start + _STRIP]
        near = _near(boxes[mine], others)
        found = _meeting(boxes[mine], others[near])
        yield np.column_stack((mine[found[:, 0]], near[found[:, 1]]))


def _near(strip: Boxes, others: Boxes) -> npt.NDArray[np.int64]:
    """Positions of the boxes that meet the one box around a whole strip."""
    if not len(strip) or not len(others):
        return np.empty(0, dtype=np.int64)
    west, south = strip[:, :2].min(axis=0)
    east, north = strip[:, 2:].max(axis=0)
    inside = (
        (others[:, 0] <= east) & (others[:, 2] >= west) & (others[:, 1] <= north) & (others[:, 3] >= south)
    )
    return np.flatnonzero(inside)


def _meeting(strip: Boxes, others: Boxes) -> Pairs:
    if not len(strip) or not len(others):
        return np.empty((0, 2), dtype=np.int64)
    tree = shapely.STRtree(_diagonals(strip))
    found = []
    for start in range(0, len(others), _STRIP):
        theirs, mine = tree.query(_diagonals(others[start : start + _STRIP]))
        found.append(np.column_stack((mine, theirs + start)))
    return np.concatenate(found)


def _diagonals(boxes: Boxes) -> Any:
    """Lines across boxes: the tree looks at envelopes alone, and a line is made in half the time."""
    return shapely.linestrings(boxes.reshape(-1, 2, 2))
