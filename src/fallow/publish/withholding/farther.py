"""Step 4, the patient search for other worlds: the simplex method, in whole steps, from the true numbers on.

`worlds` looks along single directions and a few of them together, which is enough while much is withheld.
Where much has been told already, what blocks a direction is led round by others, one after another, as the
simplex method does. It starts at the true numbers, goes whole steps only, and stops as soon as it is far
enough, so each place it comes to is a world. Nothing is believed: `worlds.audit` looks at them again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Change = Mapping[int, int]

_WAYS = 400
"""Directions that are looked at together: those that hang together with a number most closely."""
_TURNS = 1_500
"""Turns from one direction to the next."""
_STUCK = 40
"""Turns without a step after which the first direction is taken, not the best, lest it goes in circles."""
_EDGE = 1e-9
_ENDLESS = 1e12
_MOST_STEPS = 1_000


def farther(
    ways: Mapping[int, Change],
    through: Mapping[int, Collection[int]],
    spare: Sequence[int],
    number: int,
    need: int,
) -> tuple[Change, Change] | None:
    """Two worlds in which a number stands ``need`` or more apart, or ``None`` when none were found.

    Parameters
    ----------
    ways, through
        The directions in which numbers may move together, and by number those that move it.
    spare
        How much each number stands above the least it may be.
    """
    if not through.get(number):
        return None  # nothing moves it
    near = _near(ways, through, number)
    rows = sorted({one for i in near for one in ways[i]})
    at = {one: row for row, one in enumerate(rows)}
    table = np.zeros((len(rows), len(near)))
    for column, i in enumerate(near):
        for one, change in ways[i].items():
            table[at[one], column] = change
    room = np.array([min(float(spare[one]), _ENDLESS) for one in rows])
    target = at[number]
    up = down = np.zeros(len(rows))
    for patience in (_STUCK, 0):
        up = max(up, _climb(table, room, target, need, 1, patience), key=lambda moved: moved[target])
        if up[target] < need:
            down = min(down, _climb(table, room, target, need, -1, patience), key=lambda moved: moved[target])
        if up[target] - down[target] >= need:
            return _change(rows, down), _change(rows, up)
    return None


def _near(ways: Mapping[int, Change], through: Mapping[int, Collection[int]], number: int) -> list[int]:
    """Directions in rings round a number: those that move it, those that move what they move, and so on."""
    found: dict[int, None] = {}
    ring = sorted(through.get(number, ()), key=lambda i: (len(ways[i]), i))
    while ring and len(found) < _WAYS:
        found.update(dict.fromkeys(ring[: _WAYS - len(found)]))
        moved = {one for i in ring for one in ways[i]}
        ring = sorted(
            {i for one in moved for i in through.get(one, ())} - found.keys(),
            key=lambda i: (len(ways[i]), i),
        )
    return list(found)


def _change(rows: Sequence[int], moved: NDArray[np.float64]) -> Change:
    return {one: round(by) for one, by in zip(rows, moved.tolist(), strict=True) if round(by)}


def _climb(
    table: NDArray[np.float64], room: NDArray[np.float64], target: int, need: int, sign: int, patience: int
) -> NDArray[np.float64]:
    """How far each number moved when one was led as far up (or down) as it goes, in whole steps."""
    table = table.copy()
    left = room.copy()
    held = _reduced(table)
    stuck = 0
    for _ in range(_TURNS):
        gain = sign * table[target]
        # a number that is held may go up, and down as far as it stands above its least
        ahead = np.where(gain > _EDGE, gain, np.where((gain < -_EDGE) & (left[held] > _EDGE), -gain, 0))
        if not ahead.any():
            break
        column = int(np.argmax(ahead > 0) if stuck >= patience else np.argmax(ahead))
        way = table[:, column] * (1 if gain[column] > 0 else -1)
        whole = _whole(way)
        if whole is None:
            break
        blocks = whole < -_EDGE
        steps = np.full(len(left), np.inf)
        steps[blocks] = left[blocks] / -whole[blocks]
        first = int(np.argmin(steps))
        most = np.floor(min(float(steps[first]), _MOST_STEPS) + _EDGE)
        wanted = np.ceil((need - abs((left - room)[target])) / abs(whole[target]) - _EDGE)
        go = min(most, max(wanted, 0))
        left = np.round(left + go * whole)
        if abs((left - room)[target]) >= need or not blocks.any():
            break
        stuck = 0 if go else stuck + 1
        if abs(table[first, column]) > _EDGE and first != held[column]:
            _turn(table, first, column)
            held[column] = first
    moved: NDArray[np.float64] = left - room
    return moved


def _reduced(table: NDArray[np.float64]) -> NDArray[np.intp]:
    """Make every direction the only one that moves some number; which number it is."""
    held = np.zeros(table.shape[1], dtype=np.intp)
    taken = np.zeros(table.shape[0], dtype=bool)
    for column in range(table.shape[1]):
        size = np.abs(table[:, column])
        size[taken] = 0
        single = np.flatnonzero(np.abs(size - 1) < _EDGE)
        row = int(single[0]) if len(single) else int(np.argmax(size))
        _turn(table, row, column)
        held[column] = row
        taken[row] = True
    return held


def _turn(table: NDArray[np.float64], row: int, column: int) -> None:
    """Give a direction factor 1 at a number and take the number out of all others."""
    table[:, column] /= table[row, column]
    others = np.flatnonzero(np.abs(table[row]) > _EDGE)
    others = others[others != column]
    table[:, others] -= np.outer(table[:, column], table[row, others])
    table[np.abs(table) < _EDGE] = 0


def _whole(way: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """A direction in whole numbers, a few times as long where it is not; ``None`` where it is none."""
    for times in (1, 2, 3, 4, 6, 12):
        whole = np.round(times * way)
        if np.abs(whole - times * way).max() < 1e-6:
            return whole
    return None
