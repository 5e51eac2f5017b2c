"""Step 4, the proof of a redaction: other worlds that the told numbers allow just as well.

A withheld number is safe when the tables that leave are also true of worlds in which it is another number.
So the proof is made of such worlds: whole numbers that meet every sum, equal what is told, and are at least
1 where something is withheld (a zero is always told, so a reader may assume that). No bound is estimated and
nothing is rounded; :func:`audit` looks at the worlds alone and shares nothing with the search that found
them. The tests ask a linear program the same question from the other side.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd, lcm

from fallow.publish.withholding.numbers import Relations

Change = Mapping[int, int]
"""By number: how much it is more in another world; numbers that are the same are left out."""

Witness = tuple[Change, Change]
"""Two worlds that stand as far apart in one number as it takes."""

_FAR = 1_000
"""Steps taken along a direction that nothing bounds."""
_ENDLESS = 1 << 62
"""What a number without a floor stands above it."""
_TRIED = 12
"""Blocked directions that are led round what blocks them."""
_DETOURS, _BLOCKERS, _PARTNERS = 3, 3, 16
"""How often, round how many numbers, and by how many other directions each."""


@dataclass(slots=True)
class Worlds:
    """Every way in which the withheld numbers may move together: a basis of directions, kept short.

    Telling a number takes one direction away.
    """

    value: Sequence[int]
    floor: Sequence[int | None]
    ways: dict[int, Change] = field(default_factory=dict)
    through: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    spare: Sequence[int] = ()
    """How much each number stands above its floor."""

    def __post_init__(self) -> None:
        self.spare = [
            _ENDLESS if least is None else value - least
            for value, least in zip(self.value, self.floor, strict=True)
        ]

    @classmethod
    def of(cls, relations: Relations) -> Worlds:
        """With every number but the zeros withheld."""
        made = cls(
            [one.value for one in relations.numbers],
            [None if one.signed else 1 for one in relations.numbers],
        )
        free = frozenset(i for i, one in enumerate(relations.numbers) if one.value)
        for i, way in enumerate(directions(relations, free)):
            made.ways[i] = dict(way)
            for one in way:
                made.through[one].add(i)
        return made

    def tell(self, number: int, need: int, before: dict[int, Change]) -> None:
        """Hold a number where it is: one direction that moves it goes, and the others are freed of it.

        ``before`` keeps the directions as they were, for :meth:`take_back`.
        """
        ids = self.through.get(number)
        if not ids:
            return
        pivot = self._pivot(ids, number, need)
        by = self.ways.pop(pivot)
        before.setdefault(pivot, by)
        for one in by:
            self.through[one].discard(pivot)
        for i in list(self.through.pop(number, ())):
            before.setdefault(i, self.ways[i])
            self._free(i, number, by)

    def take_back(self, before: Mapping[int, Change]) -> None:
        """Make the directions what they were."""
        nothing: Change = {}
        for i, way in before.items():
            now = self.ways.get(i, nothing)
            for one in now.keys() - way.keys():
                self.through[one].discard(i)
            self.ways[i] = way
            for one in way.keys() - now.keys():
                self.through[one].add(i)

    def _pivot(self, ids: Collection[int], number: int, need: int) -> int:
        """The direction to lean on: factor 1, then room both ways, then few and small numbers in it."""
        ways, value = self.ways, self.value.__getitem__
        single = [i for i in ids if abs(ways[i][number]) == 1]
        order = sorted((sum(map(value, ways[i])), i) for i in single or ids)
        for _, i in order:
            back, forth = self.room(ways[i], need)
            if min(-back, forth) >= need:
                return i
        return order[0][1]

    def _free(self, i: int, number: int, by: Change) -> None:
        way = self.ways[i]
        times, less = by[number], way[number]
        common = gcd(times, less)
        times, less = times // common, less // common
        freed = _less(way, by, times, less)
        self.ways[i] = freed
        for one in by:
            (self.through[one].add if one in freed else self.through[one].discard)(i)

    def room(self, way: Change, enough: int) -> tuple[int, int]:
        """How many steps back and forth leave every number at its floor or above; 0 and 0 if not enough."""
        back, forth = -_FAR, _FAR
        spare = self.spare
        for one, change in way.items():
            if change > 0:
                steps = -(spare[one] // change)
                if steps > back:
                    back = steps
                    if forth - back < enough:
                        return 0, 0
            else:
                steps = spare[one] // -change
                if steps < forth:
                    forth = steps
                    if forth - back < enough:
                        return 0, 0
        return back, forth

    def witness(self, number: int, need: int) -> Witness | None:
        """Two worlds in which a number differs by at least ``need``; ``None`` when none was found."""
        ids = sorted(self.through.get(number, ()), key=lambda i: len(self.ways[i]))
        for i in ids:
            found = self._along(self.ways[i], number, need)
            if found:
                return found
        for i in ids[:_TRIED]:
            found = self._with_another(self.ways[i], number, need)
            if found:
                return found
        return None

    def _along(self, way: Change, number: int, need: int) -> Witness | None:
        back, forth = self.room(way, -(-need // abs(way[number])))
        return _apart(way, number, need, back, forth)

    def _with_another(self, way: Change, number: int, need: int) -> Witness | None:
        """Lead a blocked direction round what blocks it, by others that free it; three at most."""
        tried = way
        for _ in range(_DETOURS):
            best: tuple[int, Change] | None = None
            for blocker in self._blockers(tried):
                for i in sorted(self.through[blocker], key=lambda i: len(self.ways[i]))[:_PARTNERS]:
                    other = self.ways[i]
                    if tried[blocker] % other[blocker]:
                        continue
                    joined = _less(tried, other, 1, tried[blocker] // other[blocker])
                    if number not in joined:
                        continue
                    back, forth = self.room(joined, 1)
                    found = _apart(joined, number, need, back, forth)
                    if found:
                        return found
                    wide = abs(joined[number]) * (forth - back)
                    if best is None or wide > best[0]:
                        best = (wide, joined)
            if best is None:
                return None
            tried = best[1]
        return None

    def _blockers(self, way: Change) -> list[int]:
        """Numbers at which a direction stops at once, or soon."""
        near = [
            (self.value[one] // abs(change), one)
            for one, change in way.items()
            if self.floor[one] is not None
        ]
        return [one for _, one in sorted(near)[:_BLOCKERS]]


def _apart(way: Change, number: int, need: int, back: int, forth: int) -> Witness | None:
    """Two worlds along a direction with so much room, if they stand far enough apart in a number."""
    if abs(way[number]) * (forth - back) < need:
        return None
    steps = -(-need // abs(way[number]))
    forth = min(forth, steps)
    back = max(back, forth - steps)
    return (
        {one: change * back for one, change in way.items()} if back else {},
        {one: change * forth for one, change in way.items()} if forth else {},
    )


def joined(relations: Relations, free: Collection[int]) -> Mapping[int, frozenset[int]]:
    """By number: all that hang together with it through sums of numbers that are not nought."""
    parent = {one: one for one in free}

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    for sum in relations.sums:
        moving = [one for one, _ in sum if one in parent]
        for one in moving[1:]:
            parent[root(one)] = root(moving[0])
    groups: dict[int, set[int]] = defaultdict(set)
    for one in parent:
        groups[root(one)].add(one)
    whole = {top: frozenset(group) for top, group in groups.items()}
    return {one: whole[root(one)] for one in parent}


def _less(way: Change, by: Change, times: int, less: int) -> dict[int, int]:
    """``times`` a direction less ``less`` times another, a factor below 0 turned round."""
    found = {one: times * change for one, change in way.items()} if times != 1 else dict(way)
    for one, change in by.items():
        left = found.get(one, 0) - less * change
        if left:
            found[one] = left
        else:
            found.pop(one, None)
    return found


def directions(relations: Relations, free: Collection[int]) -> list[Change]:
    """A basis of all changes of some numbers that leave every sum true, in whole numbers."""
    solved: dict[int, dict[int, Fraction | int]] = {}
    used_in: dict[int, set[int]] = defaultdict(set)
    rows = [dict(sum) for sum in relations.sums]
    for row in sorted(rows, key=lambda one: (len(one), sorted(one.items()))):
        left: dict[int, Fraction | int] = {}
        for one, factor in row.items():
            if one in solved:
                for other, of in solved[one].items():
                    _add(left, other, factor * of)
            else:
                _add(left, one, factor)
        if left:
            _solve(left, solved, used_in, relations)
    ways: dict[int, dict[int, Fraction | int]] = {one: {one: 1} for one in free if one not in solved}
    for pivot, row_of in solved.items():
        for one, change in row_of.items():
            ways[one][pivot] = change
    return [_whole(way) for _, way in sorted(ways.items())]


def _add(row: dict[int, Fraction | int], one: int, factor: Fraction | int) -> None:
    value = row.get(one, 0) + factor
    if value:
        row[one] = value
    else:
        row.pop(one, None)


def _solve(
    left: dict[int, Fraction | int],
    solved: dict[int, dict[int, Fraction | int]],
    used_in: dict[int, set[int]],
    relations: Relations,
) -> None:
    """Express one number of an equation by the others, everywhere: the largest, which is most of a sum."""
    pivot = min(left, key=lambda one: (abs(left[one]) != 1, -abs(relations.numbers[one].value), one))
    factor = left.pop(pivot)
    row: dict[int, Fraction | int] = {
        one: -of * factor if abs(factor) == 1 else Fraction(of) / -factor for one, of in left.items()
    }
    for other in list(used_in.pop(pivot, ())):
        into = solved[other]
        times = into.pop(pivot)
        for one, of in row.items():
            _add(into, one, times * of)
            (used_in[one].add if one in into else used_in[one].discard)(other)
    solved[pivot] = row
    for one in row:
        used_in[one].add(pivot)


def _whole(way: Mapping[int, Fraction | int]) -> Change:
    times = lcm(*(Fraction(one).denominator for one in way.values()))
    return {one: int(factor * times) for one, factor in way.items()}


def audit(
    relations: Relations, hidden: Collection[int], needs: Mapping[int, int], witnesses: Iterable[Witness]
) -> frozenset[int]:
    """Numbers that the worlds do not prove to be open; empty when the redaction is safe.

    Parameters
    ----------
    needs
        By withheld number, how far apart it must stand in two worlds.

    Raises
    ------
    ValueError
        A world contradicts what is told: the search is wrong, and nothing may leave.
    """
    sums_of: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for i, sum in enumerate(relations.sums):
        for one, factor in sum:
            sums_of[one].append((i, factor))
    low = {one: relations.numbers[one].value for one in needs}
    high = dict(low)
    told = frozenset(range(len(relations.numbers))) - frozenset(hidden)
    for witness in witnesses:
        for world in witness:
            totals: dict[int, int] = defaultdict(int)
            for one, change in world.items():
                number = relations.numbers[one]
                if one in told or (not number.signed and number.value + change < 1):
                    raise ValueError("a world contradicts what is told")
                for i, factor in sums_of[one]:
                    totals[i] += factor * change
                if one in low:
                    low[one] = min(low[one], number.value + change)
                    high[one] = max(high[one], number.value + change)
            if any(totals.values()):
                raise ValueError("a world breaks a sum")
    return frozenset(one for one, need in needs.items() if high[one] - low[one] < need)
