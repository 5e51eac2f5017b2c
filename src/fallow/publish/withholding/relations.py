"""Step 4, relations: which numbers of a publication follow from which, for a reader with all its tables.

Whoever withholds a number must know every sum it stands in. They are found, not listed: from the keys of
the lines (a total and its parts, in one result or over several that break the same numbers down
differently), from measures that add up (declared by ``Result.sums`` and ``Measure.of``, or seen in all
lines), and from the records behind the numbers (the same records are the same number, a disjoint union is
a sum). Finding a relation that a reader could not know makes the redaction stricter, never weaker.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from fallow.analysis import Line, Result
from fallow.publish.publication import Figure
from fallow.publish.withholding.nested import Rest, inside, left_over, rests
from fallow.publish.withholding.numbers import Number, Relations, Sum

WILD = frozenset({"", "total"})
"""Values of a key that stand for all of them."""

OUTCOME = "outcome"
"""The key by whose values people are told apart as by measures: killed, injured."""

YEAR = "year"
"""The key and the parameter of a year: asked for one or broken down by it, it is the same number."""

_MOST_MEASURES = 10
"""Measures among which sums are looked for; more are declared."""


@dataclass(frozen=True, slots=True)
class _Told:
    """A number as one result tells it."""

    figure: Figure
    value: int
    records: frozenset[str]
    keys: Mapping[str, str]
    family: tuple[object, ...]
    measure: str
    line: tuple[tuple[str, str], ...]
    counts: str
    """What is counted: a part of a sum, as a measure or as the outcome of its line, or all."""


@dataclass(slots=True)
class _Joined:
    """Numbers that turned out to be one: a disjoint-set forest."""

    parent: list[int]

    def find(self, one: int) -> int:
        while self.parent[one] != one:
            self.parent[one] = self.parent[self.parent[one]]
            one = self.parent[one]
        return one

    def join(self, one: int, other: int) -> None:
        self.parent[self.find(other)] = self.find(one)


def relations_of(results: Mapping[str, Result], smallest: int) -> Relations:
    """Numbers and sums of all results about people.

    Parameters
    ----------
    smallest
        Below this a number is not recognised by its records where its measure has another name: one person
        is counted in many lines, and they are not one number for that.
    """
    people = {name: one for name, one in results.items() if one.people}
    told = [one for name, result in people.items() for one in _told(name, result)]
    at = {one.figure: i for i, one in enumerate(told)}
    joined = _Joined(list(range(len(told))))
    _join_same(told, joined, smallest)
    found: set[Sum] = set()
    layers = _layers(told)
    for sum in (*_by_keys(told, layers), *_by_records(told, layers, smallest), *_by_measures(people, at)):
        merged: dict[int, int] = defaultdict(int)
        for one, factor in sum:
            if told[one].value:  # a zero is told, and adds nothing
                merged[joined.find(one)] += factor
        kept = tuple(sorted((one, factor) for one, factor in merged.items() if factor))
        if kept:
            found.add(kept)
    changes = _changes(people)
    counted = [
        inside(people[one.figure.result], one.figure, one.value, one.records, one.line)
        for one in told
        if (one.figure.result, one.measure) not in changes
    ]
    return _numbered(told, joined, people, found, tuple(rests(counted, smallest)))


def _changes(people: Mapping[str, Result]) -> set[tuple[str, str]]:
    """Measures that are differences of others; they count nobody."""
    return {
        (name, total)
        for name, result in people.items()
        for total, parts in declared_sums(result)
        if any(one.startswith("-") for one in parts)
    }


def count_measures(result: Result) -> tuple[str, ...]:
    """Measures of a result that count: no unit, and whole numbers."""
    return tuple(
        one.name
        for one in result.measures
        if one.unit == "" and all(isinstance(line.values.get(one.name), int | None) for line in result.lines)
    )


def by_record(result: Result) -> bool:
    """Whether its lines are records one by one, which are no numbers but people."""
    return any(key.name == "record" for key in result.keys)


def lines_told(result: Result) -> tuple[Line, ...]:
    """The lines that speak of more than one record each."""
    if not by_record(result):
        return result.lines
    return tuple(one for one in result.lines if "record" not in _keys(result, one))


def _keys(result: Result, line: Line) -> dict[str, str]:
    return {key.name: value for key, value in zip(result.keys, line.key, strict=False) if value not in WILD}


def _told(name: str, result: Result) -> Iterator[_Told]:
    recipe = result.recipe
    asked = tuple(
        sorted((key, str(value)) for key, value in recipe.parameters.items() if key not in ("by", YEAR))
    )
    year = recipe.parameters.get(YEAR)
    of_year = {YEAR: str(year)} if year not in (None, "") else {}
    family = (recipe.analysis, recipe.head, recipe.known, recipe.true, asked)
    counts = count_measures(result)
    parts = {part for _, some in result.sums for part in some}
    for line in lines_told(result):
        told = _keys(result, line)
        keys = of_year | told
        apart = tuple(sorted(told.items()))
        for measure in counts:
            value = line.values.get(measure)
            if isinstance(value, int):
                records = frozenset(line.behind.get(measure, ()))
                of = keys.get(OUTCOME, measure if measure in parts else "")
                yield _Told(Figure(name, measure, line.key), value, records, keys, family, measure, apart, of)


def _join_same(told: Sequence[_Told], joined: _Joined, smallest: int) -> None:
    """The same records and the same value are the same number; so is the same question asked twice."""
    seen: dict[object, int] = {}
    for i, one in enumerate(told):
        if not one.value:
            continue
        marks: list[object] = [(one.family, one.measure, tuple(sorted(one.keys.items())), one.value)]
        if one.records:
            marks.append((one.records, one.value, one.measure))
            marks.append((one.records, one.value, "counts", one.counts))
            marks.append((one.records, one.value, one.figure.result, one.figure.line))
            if abs(one.value) >= smallest:
                marks.append((one.records, one.value))
        for mark in marks:
            joined.join(seen.setdefault(mark, i), i)


_Layer = tuple[str, str, frozenset[str]]
"""A result, a measure, and the keys its lines are told apart by."""


def _layers(told: Sequence[_Told]) -> dict[_Layer, list[int]]:
    layers: dict[_Layer, list[int]] = defaultdict(list)
    for i, one in enumerate(told):
        layers[one.figure.result, one.measure, frozenset(one.keys)].append(i)
    return layers | _years_together(told)


def _years_together(told: Sequence[_Told]) -> dict[_Layer, list[int]]:
    """The same table of one year after the other is one by year, for who has them all."""
    tables: dict[tuple[object, str, frozenset[str]], dict[tuple[tuple[str, str], ...], int]] = defaultdict(
        dict
    )
    results: dict[tuple[object, str, frozenset[str]], set[str]] = defaultdict(set)
    for i, one in enumerate(told):
        if YEAR in one.keys:
            table = one.family, one.measure, frozenset(one.keys)
            tables[table].setdefault(tuple(sorted(one.keys.items())), i)
            results[table].add(one.figure.result)
    several = [table for table in tables if len(results[table]) > 1]
    return {
        (f"{YEAR} {number}", table[1], table[2]): list(tables[table].values())
        for number, table in enumerate(several)
    }


def _by_keys(told: Sequence[_Told], layers: Mapping[_Layer, Sequence[int]]) -> Iterator[Sum]:
    """A number is the sum of the lines of a finer layer that agree with its keys, when the values say so."""
    families: dict[tuple[object, ...], list[tuple[frozenset[str], Sequence[int]]]] = defaultdict(list)
    for (_, measure, names), lines in layers.items():
        families[(told[lines[0]].family, measure)].append((names, lines))
    for members in families.values():
        for coarse, parents in members:
            for fine, children in members:
                if coarse < fine:
                    yield from _margins(told, sorted(coarse), parents, children)


def _margins(
    told: Sequence[_Told], names: Sequence[str], parents: Sequence[int], children: Sequence[int]
) -> Iterator[Sum]:
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for child in children:
        groups[tuple(told[child].keys[name] for name in names)].append(child)
    for parent in parents:
        parts = groups.get(tuple(told[parent].keys[name] for name in names), [])
        if parts and sum(told[one].value for one in parts) == told[parent].value:
            yield ((parent, 1), *((one, -1) for one in parts))


def _by_records(
    told: Sequence[_Told], layers: Mapping[_Layer, Sequence[int]], smallest: int
) -> Iterator[Sum]:
    """A number is the sum of those numbers of a layer whose records, disjoint, are together its own."""
    parents = [i for i, one in enumerate(told) if len(one.records) > 1 and one.value > 0]
    for lines in layers.values():
        owner: dict[str, int] = {}
        parts = [one for one in lines if told[one].records and told[one].value > 0]
        if sum(len(told[one].records) for one in parts) != len(
            frozenset().union(*(told[one].records for one in parts))
        ):
            continue  # its lines overlap
        for one in parts:
            owner.update(dict.fromkeys(told[one].records, one))
        for parent in parents:
            yield from _union(told, parent, owner, smallest)


def _union(told: Sequence[_Told], parent: int, owner: Mapping[str, int], smallest: int) -> Iterator[Sum]:
    of = told[parent]
    first = owner.get(next(iter(of.records)))
    if first is None or not told[first].records <= of.records:
        return  # most layers break people down otherwise, and one part of them tells
    found = set(map(owner.get, of.records))
    if None in found or parent in found or len(found) < 2:
        return
    parts = sorted(one for one in found if one is not None)
    # few people are many things by chance: they are known again by what is counted of them
    if of.value < smallest and any(told[one].counts != of.counts for one in parts):
        return
    if sum(len(told[one].records) for one in parts) != len(of.records):
        return
    if sum(told[one].value for one in parts) == of.value:
        yield ((parent, 1), *((one, -1) for one in parts))


def _by_measures(people: Mapping[str, Result], at: Mapping[Figure, int]) -> Iterator[Sum]:
    """Measures of a line that add up."""
    for name, result in people.items():
        for total, parts in (*declared_sums(result), *_seen_sums(result)):
            for line in lines_told(result):
                terms = [(total, 1)] + [
                    (one.removeprefix("-"), 1 if one.startswith("-") else -1) for one in parts
                ]
                figures = [(Figure(name, measure, line.key), factor) for measure, factor in terms]
                if all(figure in at for figure, _ in figures):
                    yield tuple((at[figure], factor) for figure, factor in figures)


def declared_sums(result: Result) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Measures that are sums or differences of others in every line, as the analysis says."""
    return (*result.sums, *((one.name, one.of) for one in result.measures if one.of and one.unit != "%"))


def _seen_sums(result: Result) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Sums among the measures that hold in every line, for values and for records, without being declared."""
    lines = lines_told(result)
    names = [one for one in count_measures(result) if any(line.values.get(one) for line in lines)]
    if len(names) > _MOST_MEASURES:
        return
    declared = {total for total, _ in declared_sums(result)}
    for total in names:
        if total in declared:
            continue
        for size in (2, 3, 4):
            for parts in combinations([one for one in names if one != total], size):
                if all(_adds_up(line, total, parts) for line in lines) and all(
                    _same_people(line, total, parts) for line in lines
                ):
                    yield total, parts


def _adds_up(line: Line, total: str, parts: Sequence[str]) -> bool:
    values = [line.values.get(one) for one in (total, *parts)]
    if any(one is None for one in values):
        return all(one is None for one in values)
    return values[0] == sum(one or 0 for one in values[1:])


def _same_people(line: Line, total: str, parts: Sequence[str]) -> bool:
    if line.values.get(total) is None:
        return True
    records = [frozenset(line.behind.get(one, ())) for one in parts]
    return sum(map(len, records)) == len(frozenset().union(*records)) and frozenset(
        line.behind.get(total, ())
    ) == frozenset().union(*records)


def _numbered(
    told: Sequence[_Told],
    joined: _Joined,
    people: Mapping[str, Result],
    found: Iterable[Sum],
    left: Iterable[Rest],
) -> Relations:
    numbers: list[Number] = []
    position: dict[int, int] = {}
    of: dict[Figure, int] = {}
    differences = _changes(people)
    made = {
        (name, measure.name) for name, result in people.items() for measure in result.measures if measure.of
    }
    for i, one in enumerate(told):
        root = joined.find(i)
        if root not in position:
            position[root] = len(numbers)
            numbers.append(Number(one.value, made=True, signed=True))
        number = numbers[position[root]]
        number.made &= (one.figure.result, one.measure) in made
        number.places.append(one.figure)
        # a change that is also a count somewhere is bounded like the count
        number.signed &= one.value < 0 or (one.figure.result, one.measure) in differences
        of[one.figure] = position[root]
    sums = [tuple((position[one], factor) for one, factor in sum) for sum in found]
    sums.extend(left_over(left, numbers, of))
    for name, result in people.items():
        sums.extend(_shared(name, result, numbers, of))
    return Relations(tuple(numbers), tuple(sorted(set(sums))), of)


def _shared(name: str, result: Result, numbers: list[Number], of: Mapping[Figure, int]) -> Iterator[Sum]:
    """What printed percentages tell: the sum they are percentages of."""
    for measure in (one.name for one in result.measures if one.unit == "%"):
        lines = [one for one in lines_told(result) if one.values.get(measure) is not None]
        counted = counted_by(result, measure)
        if counted is None or not lines:
            continue
        figures = [Figure(name, counted, one.key) for one in lines]
        whole = sum(int(one.values[counted] or 0) for one in lines)
        shares = tuple(Figure(name, measure, one.key) for one in lines)
        parts = [of[one] for one in figures if numbers[of[one]].value]
        if whole:
            numbers.append(Number(whole, shares=shares))
            yield ((len(numbers) - 1, 1), *((one, -1) for one in parts))


def counted_by(result: Result, share: str) -> str | None:
    """The measure that a percentage is of, over the sum of the lines that have one; ``None`` if none fits.

    Where the analysis does not say it, it is looked for, as a reader would.
    """
    declared = result.measure(share).of
    if declared:
        return declared[0]
    lines = [one for one in lines_told(result) if one.values.get(share) is not None]
    for measure in count_measures(result):
        whole = sum(one.values.get(measure) or 0 for one in lines)
        if whole and all(
            abs(100 * (one.values.get(measure) or 0) / whole - (one.values[share] or 0)) < 0.06
            for one in lines
        ):
            return measure
    return None
