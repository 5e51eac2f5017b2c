"""Face two, clipping: a ring or a line cut to a square, whatever its shape.

A library's clipping may refuse or mend a ring that crosses itself, and such rings are in registers: the gate
names them and a person decides. These two keep every place inside the square, in order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Numbers = np.ndarray[Any, Any]

STILL = 1e-9
"""Units of a tile. A shorter step has no direction that a division could find."""


def clip_ring(places: Numbers, low: float, high: float) -> Numbers:
    """A ring ``(n, 2)`` cut to the square from ``low`` to ``high`` (Sutherland and Hodgman 1974)."""
    for axis, limit, sign in ((0, low, 1.0), (0, high, -1.0), (1, low, 1.0), (1, high, -1.0)):
        places = _half(places, axis, limit, sign)
    return places


def _half(places: Numbers, axis: int, limit: float, sign: float) -> Numbers:
    beyond = sign * (places[:, axis] - limit)
    inside = beyond >= 0
    if inside.all():
        return places
    following = np.roll(places, -1, axis=0)
    crossing = inside != np.roll(inside, -1)
    share = np.zeros(len(places))
    after = np.roll(beyond, -1)
    share[crossing] = beyond[crossing] / (beyond[crossing] - after[crossing])
    met = places + share[:, None] * (following - places)
    met[:, axis] = limit
    both = np.empty((2 * len(places), 2))
    both[0::2], both[1::2] = places, met
    kept = np.empty(2 * len(places), bool)
    kept[0::2], kept[1::2] = inside, crossing
    return both[kept]


def clip_line(places: Numbers, low: float, high: float) -> list[Numbers]:
    """The pieces of a line ``(n, 2)`` inside the square (Liang and Barsky 1984)."""
    start, step = places[:-1], np.diff(places, axis=0)
    enter, leave = np.zeros(len(step)), np.ones(len(step))
    for axis in (0, 1):
        moving = np.abs(step[:, axis]) > STILL
        beside = ~moving & ((start[:, axis] < low) | (start[:, axis] > high))
        leave[beside] = -1.0
        edges = (np.array([low, high]) - start[moving, axis, None]) / step[moving, axis, None]
        enter[moving] = np.maximum(enter[moving], edges.min(axis=1))
        leave[moving] = np.minimum(leave[moving], edges.max(axis=1))
    pieces: list[list[Numbers]] = []
    whole, last = False, -1
    for one in np.flatnonzero(enter <= leave).tolist():
        if not (whole and enter[one] == 0 and last == one - 1):
            pieces.append([start[one] + enter[one] * step[one]])
        pieces[-1].append(start[one] + leave[one] * step[one])
        whole, last = leave[one] == 1, one
    return [np.array(one) for one in pieces]
