"""Step 3, one number of the casualties, counted by columns: a figure at any date of a long history at once.

The table of :mod:`~fallow.analysis.casualties` keeps the records behind every cell. One figure needs them of
one cell only, so here the database itself answers, row by row, whether a person is of the place, in the line,
in the period (:mod:`~fallow.analysis.casualties_asked`). What a victim leaves to the accident is filled in by
columns, and so is whom an accident counts and nobody named. Value, recipe and sources are those of the table
(``tests/analysis/test_figure.py``, ``tests/laws/test_one_figure.py``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fallow.analysis.casualties import dimension_key, dimensions_of, measures_of
from fallow.analysis.casualties_asked import (
    ELSEWHERE,
    INSIDE,
    MINE,
    OTHER,
    OTHER_LINE,
    OUTSIDE,
    UNCERTAIN,
    UNKNOWN_LINE,
    Part,
    Parts,
)
from fallow.analysis.people import OUTCOMES, UNKNOWN
from fallow.analysis.period import Period
from fallow.analysis.registry import Asked, Counted, counting
from fallow.register import Inputs, Walk
from fallow.register.counted import said_by
from fallow.register.summing import Source

_COLUMNS = {
    "casualties": (0, 1, 2),
    "share": (0, 1, 2),
    "date_uncertain": (0, 1, 2),
    **{one: (at,) for at, one in enumerate(OUTCOMES)},
}
"""By measure, the positions of the outcomes it counts."""

Bools = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]


@counting("casualties")
def count(
    asked: Asked,
    measure: str | None,
    at: Sequence[str],
    since: str | None = None,
    until: str | None = None,
    year: int | str | None = None,
    by: Sequence[str] | str = (),
    place: str | None = None,
) -> Counted | None:
    """The number, or ``None`` where the table has to be made, as for a line that is not there."""
    period, dimensions = Period.of(since, until, year), dimensions_of(by)
    measures = {one.name: one for one in measures_of(dimensions)}
    chosen = measure or "casualties"
    if chosen not in measures or "victim" not in asked.register.model.kinds:
        return None
    parts = Parts.of(asked.register.model, dimensions, at, period, place, share=chosen == "share")
    people = None if parts is None else _People.of(asked, parts)
    if people is None:
        return None
    some = list(people.all())
    lines = [one.in_table() if at else one.there() for one in some]
    if (at or place is not None) and not any(one.any() for one in lines):
        return None
    wanted = [
        one.uncertain() if chosen == "date_uncertain" else one.counted(_COLUMNS[chosen]) for one in some
    ]
    value: float | None = sum(one.many(mask) for one, mask in zip(some, wanted, strict=True))
    if chosen == "share":
        value = _share(some, value or 0, at)
    return Counted(
        keys=tuple(dimension_key(asked.register.model, name) for name in dimensions),
        measure=measures[chosen],
        value=value,
        uncertain=None if chosen == "date_uncertain" else sum(one.many(one.uncertain()) for one in some),
        said_by=tuple(said_by(people.sources(wanted))),
        inputs=Inputs.of(people.walks),
    )


def _share(some: Sequence[_Some], counted: float, at: Sequence[str]) -> float | None:
    """The share of a line among those of whom it is known to which line they belong."""
    known = sum(one.many(one.known()) for one in some)
    return None if not at or at[0] == UNKNOWN or not known else round(100 * counted / known, 4)


@dataclass(frozen=True, slots=True)
class _Some:
    """Some people of one walk, each row one or several of one outcome.

    Attributes
    ----------
    place, line
        Whether a row is of the place; its answer to whether it belongs in the line.
    side
        Where its date lies.
    outcome
        Position among :data:`OUTCOMES`; beyond them where it is none of these.
    count
        How many people a row is.
    """

    place: Bools
    line: Integers
    side: Integers
    outcome: Integers
    count: Integers

    def many(self, of: Bools) -> int:
        """How many people some rows are."""
        return int(self.count[of].sum())

    def there(self) -> Bools:
        """Those of the place."""
        found: Bools = self.place & (self.count > 0)
        return found

    def in_table(self) -> Bools:
        """Those who have a line in the table, if with a nought in the column that is asked."""
        found: Bools = self.there() & (self.line == MINE) & (self.side != OUTSIDE)
        return found

    def uncertain(self) -> Bools:
        """Those of the line who may be of the period or not."""
        found: Bools = self.there() & (self.line == MINE) & (self.side == UNCERTAIN)
        return found

    def counted(self, outcomes: Sequence[int]) -> Bools:
        """Those of the line and the period with one of these outcomes."""
        mine = self.there() & (self.line == MINE) & (self.side == INSIDE)
        found: Bools = mine & (self.outcome >= outcomes[0]) & (self.outcome <= outcomes[-1])
        return found

    def known(self) -> Bools:
        """Those of the period of whom it is known to which line they belong."""
        found: Bools = self.there() & (self.line != UNKNOWN_LINE) & (self.side == INSIDE)
        return found


@dataclass(frozen=True, slots=True)
class _People:
    """Victims, and the accidents that tell what a victim leaves out and count whom nobody named.

    Attributes
    ----------
    at
        By victim, the position of its accident, or ``-1``.
    """

    parts: Parts
    victims: Walk
    accidents: Walk | None
    at: Integers

    @classmethod
    def of(cls, asked: Asked, parts: Parts) -> _People | None:
        """Read them; ``None`` where a history cannot be walked."""
        accidents = None
        if parts.counted is not None:
            numbers = [one for one in parts.counted if one is not None]
            accidents = asked.view.walk("accident", parts.to_accident(), names="record", numbers=numbers)
            if accidents is None:
                return None
        linked = accidents is not None and accidents.records > 0
        victims = asked.view.walk(
            "victim", parts.to_victim(linked=linked), names="accident" if linked else None
        )
        if victims is None:
            return None
        if accidents is None or not linked:
            return cls(parts, victims, None, np.zeros(0, dtype=np.int64))
        at = asked.view.leads(victims, accidents)
        return None if at is None else cls(parts, victims, accidents, at)

    @property
    def walks(self) -> list[Walk]:
        """Everything that was read."""
        return [self.victims] if self.accidents is None else [self.victims, self.accidents]

    def all(self) -> Iterator[_Some]:
        """The victims, and by outcome those whom nobody named."""
        told = None if self.accidents is None else _answers(self.accidents)
        always, out, *given = _answers(self.victims)
        outcome = given.pop() if self.accidents is None else always
        filled = {
            part: part.filled(given[i], None if told is None else told[i + 2], self.at)
            for i, part in enumerate(self.parts.all())
        }
        some = self._some(filled, outcome, np.ones(self.victims.records, dtype=np.int64))
        yield replace(
            some,
            place=some.place & (out != ELSEWHERE),
            line=np.where(out == OTHER_LINE, OTHER, some.line),
        )
        if self.accidents is None or told is None:
            return
        said = {
            part: np.full(self.accidents.records, part.unsaid) if part.silent is None else told[i + 2]
            for i, part in enumerate(self.parts.all())
        }
        for at, count in enumerate(self._unnamed(self.accidents, outcome)):
            yield self._some(said, np.full(self.accidents.records, at), count)

    def _some(self, answers: dict[Part, Integers], outcome: Integers, count: Integers) -> _Some:
        parts = self.parts
        place = [answers[one] == MINE for one in parts.place]
        return _Some(
            place=np.logical_or.reduce(place) if place else np.ones(len(outcome), dtype=np.bool_),
            line=parts.belonging([answers[one] for one in parts.line], outcome),
            side=np.zeros(len(outcome), dtype=np.int64) if parts.dated is None else answers[parts.dated],
            outcome=outcome,
            count=count,
        )

    def _unnamed(self, accidents: Walk, outcome: Integers) -> Iterator[Integers]:
        """By outcome, how many each accident counts beyond its victims (:func:`fallow.analysis.people`)."""
        linked, outcomes = self.at >= 0, len(OUTCOMES)
        of = self.at[linked] * (outcomes + 1) + outcome[linked]
        recorded = np.bincount(of, minlength=accidents.records * (outcomes + 1)).reshape(-1, outcomes + 1)
        numbers = iter(accidents.numbers)
        told = [
            np.zeros(accidents.records, np.int64) if one is None else next(numbers)
            for one in self.parts.counted or ()
        ]
        left = [one - recorded[:, at] for at, one in enumerate(told)]
        over = sum(np.maximum(-one, 0) for one in left)
        for one in left:
            count = np.maximum(one, 0)
            taken = np.minimum(count, over)
            over = over - taken
            yield count - taken

    def sources(self, wanted: Sequence[Bools]) -> Iterator[Counter[Source]]:
        """The sources of the reports behind some of each of :meth:`all`; an accident speaks once."""
        yield self.victims.sources(wanted[0])
        if self.accidents is not None:
            yield self.accidents.sources(np.logical_or.reduce(wanted[1:]))


def _answers(walk: Walk) -> list[Integers]:
    """By question, what each record answers."""
    return list(np.unravel_index(walk.answers, walk.asked))
