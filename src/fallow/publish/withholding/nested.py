"""Step 4, relations: what is left of a number when numbers inside it, from other questions, are taken away.

Who has the casualties until August and those until June subtracts one from the other and has July and
August, which no table tells; who has the country and all districts but one has that one. Such numbers are
found by the records behind them. What is left, where it is small, is to the redaction a number like the
printed ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fallow.analysis import Result
from fallow.publish.publication import Figure
from fallow.publish.withholding.numbers import Number, Sum


@dataclass(frozen=True, slots=True)
class Inside:
    """A number of people, with what was asked.

    Attributes
    ----------
    alike
        Analysis, clocks and measure: only numbers that agree in these are taken from each other. The same
        question on another known day is a revision, which is told in the open (decision 0011).
    asked
        The period, the place: everything but what the numbers are broken down by.
    line
        What the line is told apart by.
    """

    figure: Figure
    value: int
    records: frozenset[str]
    alike: tuple[object, ...]
    asked: tuple[tuple[str, str], ...]
    line: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Rest:
    """A number, numbers inside it that have no record in common, and how many people are left of it.

    ``mark`` says who they are, ``printed`` is a figure that prints them.
    """

    parent: Figure
    parts: tuple[Figure, ...]
    value: int
    mark: tuple[object, ...]
    printed: Figure | None


def inside(
    result: Result,
    figure: Figure,
    value: int,
    records: frozenset[str],
    line: tuple[tuple[str, str], ...],
) -> Inside:
    """A number with the question of its result."""
    recipe = result.recipe
    asked = tuple(
        sorted(
            (name, str(of)) for name, of in recipe.parameters.items() if name != "by" and of not in (None, "")
        )
    )
    alike = (recipe.analysis, recipe.known, recipe.true, figure.measure)
    return Inside(figure, value, records, alike, asked, line)


def rests(counted: Sequence[Inside], smallest: int) -> Iterator[Rest]:
    """What is left of each number without one other, where that is small, and without as many as fit in it.

    Parameters
    ----------
    smallest
        Below this what is left is small. Where as many as fit leave nothing, they are a sum.
    """
    groups: dict[tuple[object, ...], list[Inside]] = defaultdict(list)
    for one in counted:
        if one.value > 0 and one.records:
            groups[one.alike].append(one)
    for group in groups.values():
        if len({one.asked for one in group}) > 1:
            yield from _within(group, smallest)


def _within(group: Sequence[Inside], smallest: int) -> Iterator[Rest]:
    starts: dict[str, list[Inside]] = defaultdict(list)
    printed: dict[tuple[object, ...], Figure] = {}
    for one in group:
        starts[min(one.records)].append(one)
        printed.setdefault((one.records, one.value), one.figure)
    for of in group:
        # the women of the country and of each district; finer lines add up within their own questions
        parts = sorted(
            (
                one
                for record in of.records
                for one in starts.get(record, ())
                if one.asked != of.asked
                and one.line == of.line
                and one.value <= of.value
                and one.records < of.records
            ),
            key=lambda one: (-one.value, one.figure.id),
        )
        for one in parts:
            if smallest <= one.value and 0 < of.value - one.value < smallest:
                yield _left(of, [one], printed)
        forms: dict[tuple[str, ...], list[Inside]] = defaultdict(list)
        for one in parts:
            forms[tuple(name for name, _ in one.asked)].append(one)
        for some in forms.values():
            chosen, seen = _apart(some)
            left = of.value - sum(one.value for one in chosen)
            # two small parts hide each other, and what is left with them
            open = left and sum(one.value < smallest for one in chosen) > 1
            whole = bool(left) == (len(seen) < len(of.records))
            if len(chosen) > 1 and 0 <= left < smallest and whole and not open:
                yield _left(of, chosen, printed)


def _apart(parts: Iterable[Inside]) -> tuple[list[Inside], set[str]]:
    """As many as have no record in common, the first of them first; and their records."""
    chosen: list[Inside] = []
    seen: set[str] = set()
    for one in parts:
        if seen.isdisjoint(one.records):
            chosen.append(one)
            seen |= one.records
    return chosen, seen


def _left(of: Inside, parts: Sequence[Inside], printed: Mapping[tuple[object, ...], Figure]) -> Rest:
    records = of.records.difference(*(one.records for one in parts))
    value = of.value - sum(one.value for one in parts)
    figures = tuple(one.figure for one in parts)
    return Rest(of.figure, figures, value, (*of.alike, records, value), printed.get((records, value)))


def left_over(rests: Iterable[Rest], numbers: list[Number], of: Mapping[Figure, int]) -> Iterator[Sum]:
    """The sums of what is left; where nobody prints it, it becomes a number that stands nowhere."""
    nowhere: dict[tuple[object, ...], int] = {}
    for one in rests:
        sum: dict[int, int] = defaultdict(int)
        sum[of[one.parent]] += 1
        for part in one.parts:
            sum[of[part]] -= 1
        if one.printed is not None:
            sum[of[one.printed]] -= 1
        elif one.value:
            if one.mark not in nowhere:
                nowhere[one.mark] = len(numbers)
                numbers.append(Number(one.value, rest=True))
            sum[nowhere[one.mark]] -= 1
        kept = tuple(sorted((number, factor) for number, factor in sum.items() if factor))
        if kept:
            yield kept
