"""Step 3, a result: numbers that carry their recipe, and behind every number the records that make it.

A figure nobody can take apart is an assertion. So a :class:`Result` keeps, cell by cell, the ids of the
records it counted; from them :meth:`Result.explain` goes down to reports and sources. Its digest depends on
the numbers, the records and the recipe, and on nothing else: the same question twice has the same digest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any, Protocol

import orjson

from fallow.errors import FallowError
from fallow.register import SaidBy
from fallow.words import Text, in_language

_SHOWN = 12
"""Keys named to somebody who asked for one there is not."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A column of numbers: its name, label and unit (``""`` for a count, ``m2``, ``%``).

    Attributes
    ----------
    of
        What a number that counts nothing of its own is made of: measures of the same line, one that is taken
        away with ``-`` before its name. A percentage is of the first of them, over the sum of it in all lines
        that have the percentage. The gate learns from it what the number gives away, when it must not be
        told, and how it is proved.
    """

    name: str
    label: Text
    unit: str = ""
    of: tuple[str, ...] = ()


Fields = tuple[tuple[str, str], ...]
"""Fields of records, by kind and name."""


@dataclass(frozen=True, slots=True)
class Key:
    """A column that says what a row is about, with the labels of its values where it has codes.

    Attributes
    ----------
    fields
        The fields of records whose values stand in it: the gate leaves them to those who may see them. Empty
        where only words and numbers of the analysis do; ``None`` where nobody has said, and then it does not
        leave.
    """

    name: str
    label: Text
    values: Mapping[str, Text] = field(default_factory=dict)
    fields: Fields | None = None

    def text(self, value: Any, lang: str | None = None) -> str:
        """How a value of this column reads."""
        label = self.values.get(str(value))
        return in_language(label, lang) if label else str(value)


@dataclass(frozen=True, slots=True)
class Line:
    """One row: what it is about, its numbers, and behind each number the records."""

    key: tuple[str, ...]
    values: Mapping[str, float | int | None]
    behind: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that is needed to make the same numbers again.

    Attributes
    ----------
    head, head_hash
        The ledger's head when it was computed, or the head that was asked for.
    known, true
        The two clocks as asked; ``None`` for now and for the latest.
    declared, witnessed
        Of the reports behind the numbers, how many have a declared and how many a witnessed known date.
    inputs
        Digest of the ids of the records read and the reports behind them: SHA-256 over their number and four
        sums (:func:`~fallow.register.digest_of_inputs`).
    """

    analysis: str
    version: int
    register: str
    head: int
    head_hash: str
    known: str | None
    true: str | None
    parameters: Mapping[str, Any]
    declared: int
    witnessed: int
    records: int
    inputs: str
    fallow: str


class Carried(Protocol):
    """Which reports are behind a number, where not all reports of its records are."""

    def reports(self, line: tuple[str, ...], measure: str) -> Sequence[int]:
        """Ledger numbers behind one number, each once and in order."""

    def true(self, line: tuple[str, ...], measure: str) -> str | None:
        """ISO day, the last true one that the number speaks of; ``None`` when it has no end."""

    def every(self) -> Sequence[int]:
        """Ledger numbers behind any of the numbers."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is behind one number: record ids and the ledger numbers of their reports.

    ``true`` is the last true day the number speaks of, where that is another one than was asked for.
    """

    line: tuple[str, ...]
    measure: str
    value: float | int | None
    records: tuple[str, ...]
    reports: tuple[int, ...]
    true: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What an analysis found.

    Attributes
    ----------
    lines
        In a stable order; a line without keys is the total.
    reports
        Record id to the ledger numbers of its reports, for every record behind any number.
    carried
        Which of those reports a number rests on, where that is not all of them: what stood at the end of a
        year does not rest on what was true later.
    said_by
        The sources of the reports behind the numbers; a figure with one source is that source's claim.
    notes
        Sentences a reader must have beside the numbers, by their key in the words.
    people
        Whether the numbers count people: the gate then keeps small ones from the public.
    sums
        Measures that are sums of others in every line: ``("casualties", ("killed", "injured"))``; an addend
        that is taken away has ``-`` before its name. The gate learns from them what a number gives away.
    """

    name: str
    title: Text
    keys: tuple[Key, ...]
    measures: tuple[Measure, ...]
    lines: tuple[Line, ...]
    reports: Mapping[str, tuple[int, ...]]
    recipe: Recipe
    said_by: tuple[SaidBy, ...] = ()
    notes: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    people: bool = False
    sums: tuple[tuple[str, tuple[str, ...]], ...] = ()
    carried: Carried | None = field(default=None, compare=False, repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 over numbers, records behind them and recipe."""
        body = {
            "name": self.name,
            "keys": [one.name for one in self.keys],
            "measures": [[one.name, one.unit] for one in self.measures],
            "lines": [
                [one.key, dict(one.values), {k: list(v) for k, v in one.behind.items()}] for one in self.lines
            ],
            "recipe": asdict(self.recipe),
        }
        return sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def measure(self, name: str) -> Measure:
        """The measure of this name; ``CELL_UNKNOWN`` with those there are."""
        return next(one for one in self.measures if one.name == self._measure(name))

    def line(self, *key: str) -> Line:
        """The line with this key; ``CELL_UNKNOWN`` when there is none."""
        for one in self.lines:
            if one.key == key:
                return one
        raise FallowError("CELL_UNKNOWN", self.name, found=", ".join(key) or "-", known=self._near(key))

    def _near(self, key: tuple[str, ...]) -> str:
        """The keys that have most in common with one there is not, and how many more there are."""
        known = [one.key for one in self.lines]
        known.sort(key=lambda one: -sum(mine == asked for mine, asked in zip(one, key, strict=False)))
        more = f" (+{len(known) - _SHOWN})" if len(known) > _SHOWN else ""
        return "; ".join(", ".join(one) or "-" for one in known[:_SHOWN]) + more

    def value(self, measure: str, *key: str) -> float | int | None:
        """One number."""
        return self.line(*key).values[self._measure(measure)]

    def explain(self, measure: str, *key: str) -> Explanation:
        """The records and reports behind one number."""
        line = self.line(*key)
        records = line.behind.get(self._measure(measure), ())
        value = line.values[measure]
        if self.carried is not None:
            numbers = tuple(self.carried.reports(key, measure))
            return Explanation(key, measure, value, records, numbers, self.carried.true(key, measure))
        every = {number for record in records for number in self.reports.get(record, ())}
        return Explanation(key, measure, value, records, tuple(sorted(every)))

    def _measure(self, name: str) -> str:
        names = [one.name for one in self.measures]
        if name not in names:
            raise FallowError("CELL_UNKNOWN", self.name, found=name, known=", ".join(names))
        return name

    def as_dict(self, lang: str | None = None) -> dict[str, Any]:
        """For ``--json``: labels in one language, numbers, recipe, digest."""
        return {
            "name": self.name,
            "title": in_language(self.title, lang),
            "keys": [{"name": one.name, "label": in_language(one.label, lang)} for one in self.keys],
            "measures": [
                {"name": one.name, "label": in_language(one.label, lang), "unit": one.unit}
                for one in self.measures
            ],
            "rows": [
                {
                    **{key.name: value for key, value in zip(self.keys, one.key, strict=False)},
                    **one.values,
                }
                for one in self.lines
            ],
            "notes": [{"key": key, **facts} for key, facts in self.notes],
            "said_by": [asdict(one) for one in self.said_by],
            "recipe": asdict(self.recipe),
            "digest": self.digest,
        }
