"""Step 3, tallies: numbers by what they are about, with the records behind each, for the analyses that count.

Casualties and books have shapes of their own; whatever else is counted (items, sessions, services) is summed
here, so that totals, unknown values and records behind a number are treated alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fallow.analysis.registry import Asked
from fallow.analysis.result import Key, Line, Measure
from fallow.errors import FallowError
from fallow.words import Text, catalogue

UNKNOWN = "unknown"

PLACE = {"province": "admin1", "place": "admin2"}
"""Dimensions of place, and the field each reads."""

CALENDAR = {"year": 4, "month": 7}
"""Dimensions of time, and how much of an ISO date tells them."""


@dataclass(slots=True)
class _Cell:
    values: dict[str, float] = field(default_factory=dict)
    behind: dict[str, set[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Tally:
    """Sums by key.

    Attributes
    ----------
    measures
        Names in order. A measure to which nothing was ever added is empty in a line, not 0, unless
        ``counted`` says that it counts things rather than adding up what reports state.
    levels
        Lengths of the keys for which there are lines: ``(0, 2)`` gives a total and the lines of two
        dimensions.
    """

    measures: tuple[str, ...]
    levels: tuple[int, ...]
    counted: frozenset[str]
    cells: dict[tuple[str, ...], _Cell] = field(default_factory=dict)

    def add(self, key: Sequence[str], record: str, **amounts: float | None) -> None:
        """Add amounts to the lines of a key; ``None`` adds nothing and nobody stands behind it."""
        for level in self.levels:
            cell = self.cells.setdefault(tuple(key[:level]), _Cell())
            for measure, amount in amounts.items():
                if amount is None or (not amount and measure in self.counted):
                    continue
                cell.values[measure] = cell.values.get(measure, 0) + amount
                cell.behind.setdefault(measure, set()).add(record)

    def lines(self) -> tuple[Line, ...]:
        """The lines in order of key, a total after what it sums; the grand total is there with no record."""
        if 0 in self.levels:
            self.cells.setdefault((), _Cell())
        # Sorting after every value puts a beginning of keys behind the lines it sums.
        order = sorted(self.cells, key=lambda key: (*[(0, one) for one in key], (1, "")))
        return tuple(Line(key, *self._numbers(self.cells[key])) for key in order)

    def _numbers(self, cell: _Cell) -> tuple[Mapping[str, float | int | None], Mapping[str, tuple[str, ...]]]:
        values = {one: cell.values.get(one, 0 if one in self.counted else None) for one in self.measures}
        return values, {one: tuple(sorted(cell.behind.get(one, ()))) for one in self.measures}


def levels_of(dimensions: Sequence[str], first: int = 0) -> tuple[int, ...]:
    """A total over everything (or over each of the ``first`` dimensions), and the lines."""
    return tuple(sorted({first, len(dimensions)}))


def dimensions_of(given: Sequence[str] | str, allowed: Sequence[str], where: str) -> tuple[str, ...]:
    """Names of dimensions, each once and in order; ``PARAMETER_VALUE`` for one there is not."""
    names = [one.strip() for one in given.split(",")] if isinstance(given, str) else list(given)
    for name in names:
        if name and name not in allowed:
            raise FallowError("PARAMETER_VALUE", f"{where}.by", found=name, known=", ".join(allowed))
    return tuple(dict.fromkeys(name for name in names if name))


def within(date: str | None, until: str | None, digits: int) -> str:
    """The year (4) or month (7) in which all of a date or span lies; unknown where it may lie in another."""
    start = (date or "")[:digits]
    return start if len(start) == digits and (until or start)[:digits] == start else UNKNOWN


def text_of(value: Any) -> str:
    """A stored value as part of a key."""
    return UNKNOWN if value in (None, "") else str(value)


def worked(fields: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """First and last day of an activity; one that tells only its end is dated by it."""
    end = fields.get("end_date")
    return fields.get("start_date") or end, end


def coded(
    asked: Asked, dimension: str, kind: str | None = None, name: str = "", label: str | None = None
) -> Key:
    """The column of a dimension: the labels of its codes where a field of a kind has some.

    ``label`` is the key of its words, ``analysis.by.<dimension>`` when empty. Without a field of its own it
    is a date or place of the kind.
    """
    words = catalogue()
    values: dict[str, Text] = {UNKNOWN: words["analysis.unknown"]}
    model = asked.register.model
    of = model.kinds[kind].field(name) if kind is not None and kind in model.kinds else None
    if of is not None and of.codes:
        values |= {one.code: one.label for one in model.codes(of)}
    told = name or PLACE.get(dimension, "date")
    fields = ((kind, told),) if kind is not None else None
    return Key(dimension, words[label or f"analysis.by.{dimension}"], values, fields)


def organisations(asked: Asked, dimension: str, none: str) -> Key:
    """The column of an organisation (operator, donor); ``none`` is what a missing one is called."""
    words = catalogue()
    names: dict[str, Text] = {UNKNOWN: words[none]}
    if "organisation" in asked.register.model.kinds:
        for one in asked.view.records("organisation"):
            names[one.id] = {"en": str(one.fields.get("name") or one.id)}
    return Key(dimension, words[f"analysis.by.{dimension}"], names, (("organisation", "name"),))


def measures(
    names: Sequence[str],
    prefix: str,
    units: Mapping[str, str] | None = None,
    of: Mapping[str, tuple[str, ...]] | None = None,
) -> tuple[Measure, ...]:
    """Measures with their labels, the words ``<prefix><name>``, and what they are made of."""
    return tuple(
        Measure(name, catalogue()[prefix + name], (units or {}).get(name, ""), (of or {}).get(name, ()))
        for name in names
    )


def number(value: Any) -> int | None:
    """A stated whole number, or ``None`` where nobody stated one."""
    return None if value is None or value == "" else int(value)
