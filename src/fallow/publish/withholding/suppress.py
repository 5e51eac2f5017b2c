"""Step 4, small numbers: which numbers about people are withheld, so that none of them can be worked out.

Numbers from 1 to ``smallest - 1`` are withheld wherever they stand, and so many more that neither
subtraction nor bounds tell them, over all tables of a publication together (`relations`). Which more is
decided from the other end: at first all are withheld, then they are told, most people first, as long as each
small number stays open to as many values as there are small numbers. That it does is proved each time
(`worlds`). Nobody learns which of the withheld are the small ones: the word is the same for all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from fallow.analysis import Measure, Result
from fallow.errors import FallowError
from fallow.publish.publication import Figure
from fallow.publish.withholding.farther import farther
from fallow.publish.withholding.numbers import Relations
from fallow.publish.withholding.relations import (
    by_record,
    count_measures,
    counted_by,
    lines_told,
    relations_of,
)
from fallow.publish.withholding.worlds import Change, Witness, Worlds, audit, joined

_TOGETHER = 64
"""Numbers that are tried to be told at once."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """What is withheld.

    Attributes
    ----------
    withheld
        Every figure that is not told: counts, and shares and other numbers made of them.
    small
        How many different numbers are withheld because they are small; never told outside the office.
    more
        How many different numbers are withheld so that those cannot be worked out.
    given_away
        How many different small numbers are no secret any more: what was told before tells them, so nothing
        is withheld for their sake. They are not printed for that.
    """

    withheld: frozenset[Figure] = frozenset()
    small: int = 0
    more: int = 0
    given_away: int = 0


@dataclass(frozen=True, slots=True)
class Before:
    """What the readers have already: results under names of their own, and what was withheld of them.

    ``unread`` results are not among them, because this version of their analysis cannot make them again.
    """

    results: Mapping[str, Result] = field(default_factory=dict)
    withheld: frozenset[Figure] = frozenset()
    unread: int = 0


def suppression_of(
    results: Mapping[str, Result],
    smallest: int,
    accepted: Collection[Figure] = frozenset(),
    before: Before | None = None,
) -> Suppression:
    """Decide what is withheld in all results of a publication together, and with what was told before.

    Parameters
    ----------
    smallest
        Numbers about people above 0 and below this are withheld; 0 withholds none.
    accepted
        Small numbers that a named person lets stand.
    before
        What was told stays told. What was withheld stays withheld, so that the same table has the same gaps
        whenever it is published, and small numbers of earlier tables are protected like those of these.

    Raises
    ------
    FallowError
        ``ACCEPTED_TELLS`` when an accepted number gives away another that is withheld.
    """
    if smallest <= 1:
        return Suppression()
    every, told, held = _with(results, before or Before())
    relations = relations_of(every, smallest)
    kept = {relations.of[one] for one in accepted if one in relations.of}
    past = {i for i, one in enumerate(relations.numbers) if not told.isdisjoint((*one.places, *one.shares))}
    gaps = {i for i, one in enumerate(relations.numbers) if not held.isdisjoint((*one.places, *one.shares))}
    few = {
        i
        for i, one in enumerate(relations.numbers)
        if (one.places or one.rest) and 0 < abs(one.value) < smallest
    }
    stay = gaps - past - kept
    if kept - past:  # what somebody lets stand now needs nothing withheld for its sake any more
        stay = {one for one in stay if not _stands_in(relations, one, results)}
    telling = _Telling(relations, few - kept - past, kept, smallest, past, stay)
    known = (few & past) - kept
    hidden = telling.withheld() | known
    withheld = {place for one in hidden for place in relations.numbers[one].places}
    withheld |= {share for one in hidden for share in relations.numbers[one].shares}
    withheld = {one for one in withheld if one.result in results}
    withheld |= set(_derived(results, withheld)) - (set(accepted) & relations.of.keys())
    small = {one for one in few - kept if _stands_in(relations, one, results)}
    more = {one for one in hidden - few if _stands_in(relations, one, results)}
    given_away = len((few & past) | telling.given_away)
    return Suppression(frozenset(withheld), len(small), len(more), given_away)


def _with(
    results: Mapping[str, Result], before: Before
) -> tuple[dict[str, Result], set[Figure], set[Figure]]:
    """The results of now and then, each once; and the figures that were told then, and that were not."""
    every, told, held = dict(results), set[Figure](), set[Figure]()
    for earlier, result in before.results.items():
        name = next((name for name, one in results.items() if _same(one, result)), earlier)
        every.setdefault(name, result)
        for line in lines_told(result):
            for measure, value in line.values.items():
                if value is not None:
                    withheld = Figure(earlier, measure, line.key) in before.withheld
                    (held if withheld else told).add(Figure(name, measure, line.key))
    return every, told, held


def _same(one: Result, other: Result) -> bool:
    """Whether two results answer the same question with the same numbers of the same people."""

    def asked(of: Result) -> tuple[object, ...]:
        recipe = of.recipe
        parameters = sorted((name, str(value)) for name, value in recipe.parameters.items())
        return recipe.analysis, recipe.version, recipe.known, recipe.true, parameters

    return asked(one) == asked(other) and one.lines == other.lines


def _stands_in(relations: Relations, one: int, results: Mapping[str, Result]) -> bool:
    number = relations.numbers[one]
    return any(place.result in results for place in (*number.places, *number.shares))


class _Telling:
    """Tells one number after another, the greatest first, as long as every small one stays open.

    At first everything but the zeros is withheld; then anything is possible. A number is told if worlds
    remain in which each small number is another one. What is left at the end is withheld, and nothing of it
    could be told alone.
    """

    def __init__(
        self,
        relations: Relations,
        small: set[int],
        kept: set[int],
        smallest: int,
        past: Collection[int] = frozenset(),
        gaps: Collection[int] = frozenset(),
    ) -> None:
        self.relations = relations
        self.small = small
        self.past = past
        self.gaps = gaps
        self.given_away: set[int] = set()
        self.need = smallest - 1
        self.worlds = Worlds.of(relations)
        self.witness: dict[int, Witness] = {}
        self.moved_by: dict[int, set[int]] = defaultdict(set)
        self.kept = kept
        numbers = relations.numbers
        self.hidden = {i for i, one in enumerate(numbers) if one.value}
        self.joined = joined(relations, self.hidden)

    def withheld(self) -> set[int]:
        """The small numbers and as many more as it takes; proved, or refused."""
        if not self.small:
            return set(self.gaps)
        self._tell_past()
        if not self._tell(sorted(self.kept - set(self.past))):
            names = sorted(self.relations.numbers[one].places[0].id for one in self.kept)
            raise FallowError("ACCEPTED_TELLS", ", ".join(names))
        stay = self.small | self.given_away | set(self.gaps)
        self._tell_most(sorted(self.hidden - stay, key=self._worth, reverse=True))
        # what was needed once may not be in the end: no world that is still needed moves it
        self._tell([one for one in self.hidden - stay if not self.moved_by.get(one)])
        needs = dict.fromkeys(self.hidden - stay, 1) | dict.fromkeys(self.small, self.need)
        weak = audit(self.relations, self.hidden, needs, self.witness.values())
        if weak:
            raise ValueError("a withheld number was not proved to be open")
        return self.hidden

    def _worth(self, one: int) -> tuple[bool, int, int]:
        """Numbers made of others come last: told without them they are not told at all, see `_derived`."""
        number = self.relations.numbers[one]
        return not number.made, abs(number.value) * max(1, len(number.places)), one

    def _tell_past(self) -> None:
        """What was told is told: the small numbers that it gives away need no protection any more."""
        order = sorted(self.hidden & set(self.past), key=self._worth, reverse=True)
        self._tell_most(order, force=True)
        for p in sorted(self.given_away):  # now that all is told, they may be found open after all
            witness = self.worlds.witness(p, self.need) or self._farther(p)
            if witness:
                self.given_away.discard(p)
                self.small.add(p)
                self._keep(p, witness)

    def _tell_most(self, numbers: Sequence[int], *, force: bool = False) -> None:
        """Tell as many as can be told: halves of what cannot be told together are tried apart."""
        waiting = [numbers[i : i + _TOGETHER] for i in range(0, len(numbers), _TOGETHER)][::-1]
        while waiting:
            some = waiting.pop()
            if not self._tell(some, force=force and len(some) == 1) and len(some) > 1:
                half = len(some) // 2
                waiting += [some[half:], some[:half]]

    def _tell(self, numbers: Collection[int], *, force: bool = False) -> bool:
        before: dict[int, Change] = {}
        for one in numbers:
            self.worlds.tell(one, self.need, before)
        lost = {p for one in numbers for p in self.moved_by.get(one, ())}
        lost |= self.small - self.witness.keys()
        found: dict[int, Witness] = {}
        for p in sorted(lost):
            witness = self.worlds.witness(p, self.need) or self._multiplied(p, numbers)
            if witness is None and force:
                witness = self._farther(p)
            if witness is None and not force:
                self.worlds.take_back(before)
                return False
            if witness is None:
                self._give_up(p)
            else:
                found[p] = witness
        self.hidden -= set(numbers)
        for p, witness in found.items():
            self._keep(p, witness)
        return True

    def _multiplied(self, p: int, telling: Collection[int]) -> Witness | None:
        """All numbers that hang together with a small one, so many times as large: no sum can object.

        It is the world that is always there at the beginning, and only while none of them is told.
        """
        whole = self.joined[p]
        if not whole <= self.hidden or not whole.isdisjoint(telling):
            return None
        value = self.worlds.value
        times = -(-self.need // abs(value[p]))
        return {}, {one: times * value[one] for one in whole}

    def _farther(self, p: int) -> Witness | None:
        worlds = self.worlds
        return farther(worlds.ways, worlds.through, worlds.spare, p, self.need)

    def _give_up(self, p: int) -> None:
        self._keep(p, ({}, {}))
        del self.witness[p]
        self.small.discard(p)
        self.given_away.add(p)

    def _keep(self, p: int, witness: Witness) -> None:
        for world in self.witness.get(p, ()):
            for one in world:
                self.moved_by[one].discard(p)
        self.witness[p] = witness
        for world in witness:
            for one in world:
                self.moved_by[one].add(p)


def _derived(results: Mapping[str, Result], withheld: Collection[Figure]) -> Iterator[Figure]:
    """Shares, changes and other numbers made of a withheld one; people one by one are never told.

    A change that is told while what changed is not could be worked out by nobody, and proved by nobody.
    """
    for name, result in results.items():
        if not result.people:
            continue
        counts = set(count_measures(result))
        if by_record(result):
            told = {one.key for one in lines_told(result)}
            for line in result.lines:
                if line.key not in told:
                    yield from (Figure(name, measure.name, line.key) for measure in result.measures)
        if not any(one.result == name for one in withheld):
            continue
        for measure in result.measures:
            if measure.name in counts and not measure.of:
                continue
            made_of = _made_of(result, measure)
            for line in lines_told(result):
                if made_of is None or any(Figure(name, one, line.key) in withheld for one in made_of):
                    yield Figure(name, measure.name, line.key)


def _made_of(result: Result, measure: Measure) -> tuple[str, ...] | None:
    """The measures of a line without which one is not told; ``None`` where nobody knows them."""
    if measure.of:
        return tuple(one.removeprefix("-") for one in measure.of)
    counted = counted_by(result, measure.name)
    return (counted,) if counted else None
