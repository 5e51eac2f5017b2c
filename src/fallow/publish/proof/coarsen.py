"""Step 4, coarsening: the least that a row about people must say to be counted where the person counts.

What is chosen depends on the numbers a class of people counts in and on the question that was asked, and on a
single person never. A column that no number needs is dropped for all. A date becomes the period that was
asked for, or else a year or a month; a value becomes nothing, or else ``withheld``. A year, month or value
is told only where everybody in one of the printed numbers has it, as all in the line of women are women.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fallow.errors import FallowError
from fallow.kinds import Kind, date_high, date_low
from fallow.publish.publication import Figure
from fallow.register import BEGINNING, OPEN_END

Content = Mapping[str, Any]
Class = tuple[int, frozenset[Figure], tuple[tuple[Content, int], ...]]
"""View, the numbers it counts in, and what its people are like with how many of them there are."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of rows.

    Attributes
    ----------
    counted
        The figures each of some rows is counted in.
    shared
        By figures, a column and how many characters of it: the values that everybody in one of the figures
        has.
    """

    counted: Callable[[Sequence[tuple[int, Content]]], list[frozenset[Figure]]]
    shared: Callable[[frozenset[Figure], str, int | None], set[str]]
    kind: Kind
    parameters: Mapping[str, Any]


Holding = Callable[[Sequence[Content]], list[bool]]

DATE = ("date", "date_until")
_TOLD = frozenset({"text", "code", "codes", "yes_no"})
"""Types whose value may stand in a row as it is: it is then the value the printed line has."""
WITHHELD = "withheld"


def coarsest(classes: Sequence[Class], question: Question) -> list[Content] | None:
    """A content for each class that is counted in the same numbers; ``None`` when there is none."""
    contents = [dict(max(people, key=lambda one: one[1])[0]) for _, _, people in classes]

    def holding(tried: Sequence[Content]) -> list[bool]:
        """Which are counted where their class is; none when the analysis refuses one of them."""
        told = [(view, one) for (view, _, _), one in zip(classes, tried, strict=True)]
        try:
            found = question.counted(told)
        except FallowError:
            return [False] * len(tried)
        return [one == figures for one, (_, figures, _) in zip(found, classes, strict=True)]

    if not all(holding(contents)):
        return None
    contents = _without_needless(contents, holding)
    for column in _columns(contents):
        coarser = _coarser(column, contents, classes, holding, question)
        if coarser is None:
            return None
        contents = coarser
    return list(contents) if all(holding(contents)) else None


def _without_needless(contents: list[dict[str, Any]], holding: Holding) -> list[dict[str, Any]]:
    """Drop every column that no number needs, by halves; those with most different values first."""

    def variety(column: tuple[str, ...]) -> int:
        return len({tuple(str(one.get(name)) for name in column) for one in contents})

    def try_without(columns: list[tuple[str, ...]]) -> None:
        nonlocal contents
        if not columns:
            return
        gone = {name for column in columns for name in column}
        tried = [{name: one[name] for name in one if name not in gone} for one in contents]
        if all(holding(tried)):
            contents = tried
        elif len(columns) > 1:
            half = len(columns) // 2
            try_without(columns[:half])
            try_without(columns[half:])

    try_without(sorted(_columns(contents), key=lambda one: (-variety(one), one)))
    return contents


def _columns(contents: Iterable[Content]) -> list[tuple[str, ...]]:
    """The columns there are; the two of a date are one."""
    names = sorted({name for one in contents for name in one})
    dates = [DATE] if set(DATE) & set(names) else []
    return [*dates, *((name,) for name in names if name not in DATE)]


def _coarser(
    column: tuple[str, ...],
    contents: Sequence[dict[str, Any]],
    classes: Sequence[Class],
    holding: Holding,
    question: Question,
) -> list[dict[str, Any]] | None:
    """For each class, the first of the candidates of a column with which it still counts where it does.

    Classes that have none yet stand as they are while the others are tried, and ``withheld`` is tried by
    itself: an analysis may refuse it.
    """
    choices = [list(_choices(column, one, question)) for one in classes]
    done: dict[int, dict[str, Any]] = {}
    for level in range(max(map(len, choices), default=0)):
        for refused in (False, True):
            tried = {}
            for position, mine in enumerate(choices):
                if position in done or level >= len(mine):
                    continue
                if (WITHHELD in mine[level].values()) == refused:
                    rest = {name: value for name, value in contents[position].items() if name not in column}
                    told = {name: value for name, value in mine[level].items() if value is not None}
                    tried[position] = {**rest, **told}
            if tried:
                rows = [tried.get(at, done.get(at, one)) for at, one in enumerate(contents)]
                fits = holding(rows)
                done.update({at: one for at, one in tried.items() if fits[at]})
    return [done[at] for at in range(len(contents))] if len(done) == len(contents) else None


def _choices(column: tuple[str, ...], of: Class, question: Question) -> Iterator[dict[str, str | None]]:
    """What a column may say of a class, the coarsest first."""
    _, figures, people = of
    if column == DATE:
        yield from _dates(figures, question)
        return
    (name,) = column
    if len({one.get(name) for one, _ in people}) > 1:
        yield {name: WITHHELD}
    yield {name: None}
    yield {name: WITHHELD}
    field = question.kind.field(name)
    if field is not None and field.type in _TOLD:
        for value in sorted(question.shared(figures, name, None)):
            yield {name: value}
    elif field is not None and field.type == "date":
        low, high = _period(question.parameters)
        for digits in (4, 7):
            if low[:digits] == high[:digits]:
                yield {name: low[:digits]}
            for value in sorted(question.shared(figures, name, digits)):
                yield {name: value}


def _dates(figures: frozenset[Figure], question: Question) -> Iterator[dict[str, str | None]]:
    yield {"date": None, "date_until": None}
    yield {"date": WITHHELD, "date_until": None}
    low, high = _period(question.parameters)
    yield {"date": low, "date_until": high}
    for digits in (4, 7):
        for shared in sorted(question.shared(figures, "date", digits)):
            yield {"date": shared, "date_until": None}
            first, last = max(date_low(shared), low), min(date_high(shared), high)
            if first <= last:
                yield {"date": first, "date_until": last}


def _period(parameters: Mapping[str, Any]) -> tuple[str, str]:
    """The period a recipe asks for, in whichever of the usual words; all of time without one."""
    year = parameters.get("year")
    since, until = parameters.get("since") or year, parameters.get("until") or year
    low = date_low(str(since)) if since else BEGINNING
    return low, date_high(str(until)) if until else OPEN_END
