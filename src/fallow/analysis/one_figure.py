"""Step 3, a figure: one number with its sentence - of what, in which period, as known when, says who.

``figure("casualties", register, since="2020-11-10", known="2023-04-28").value`` is 298, and its sentence says
that it is one party's claim. A number leaves a table and is quoted alone; so a figure keeps what a quotation
loses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

import orjson

from fallow.analysis import telling
from fallow.analysis.registry import analyses, counted, run
from fallow.analysis.result import Key, Measure, Recipe, Result
from fallow.errors import FallowError
from fallow.register import Register, SaidBy
from fallow.words import Text, current_language, in_language, say, speaking

_UNCERTAIN = "date_uncertain"

_RECORD = "record"
"""The key whose values are ids of records."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number.

    Attributes
    ----------
    key
        The line it stands in, and ``keys`` the columns those values belong to; empty for the total.
    value
        ``None`` where the analysis has a line and no number.
    uncertain
        How many more there may be, because of partial dates; ``None`` where the analysis does not tell.
    said_by
        The sources of the reports behind this number.
    data_date
        ISO day of the last ledger entry it rests on.
    called
        What people call the records its line is about, by their ids.
    """

    title: Text
    measure: Measure
    keys: tuple[Key, ...]
    key: tuple[str, ...]
    value: float | int | None
    uncertain: float | int | None
    said_by: tuple[SaidBy, ...]
    recipe: Recipe
    asked_head: bool
    data_date: str
    called: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 over the number, what it is of, and its recipe: the same question twice has the same."""
        body = {
            "measure": [self.measure.name, self.measure.unit],
            "key": self.key,
            "value": self.value,
            "recipe": asdict(self.recipe),
        }
        return sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()

    @property
    def one_voice(self) -> str | None:
        """Who says so, when every report behind the number comes from one source."""
        return (self.said_by[0].who or self.said_by[0].source) if len(self.said_by) == 1 else None

    def sentence(self, lang: str | None = None) -> str:
        """The number and everything that must be quoted with it, in one sentence."""
        with speaking(lang or current_language()):
            return self._sentence()

    def _sentence(self) -> str:
        value = telling.quantity(self.value, self.measure.unit)
        label = in_language(self.measure.label)
        measure = label[:1].lower() + label[1:] if label[1:2].islower() else label
        parts = [say("analysis.figure.value", value=value, measure=measure)]
        parts += [
            say("analysis.figure.parameter", label=in_language(one.label), value=value)
            for one, value in zip(self.keys, self._about(), strict=False)
        ]
        parts += [*telling.parameters(self.recipe), *self._clocks()]
        if self.uncertain:
            parts.append(say("analysis.figure.uncertain", count=telling.number(self.uncertain)))
        parts.append(self._voice())
        return telling.listed(parts, mark=";") + "."

    def _about(self) -> list[str]:
        return [
            self.called.get(code) or one.text(code) for one, code in zip(self.keys, self.key, strict=False)
        ]

    def _clocks(self) -> list[str]:
        made = self.recipe
        known, date = made.known, telling.day(self.data_date)
        parts = [
            say("analysis.figure.known", day=telling.day(known))
            if known
            else say("analysis.figure.now", day=date)
        ]
        if made.true:
            parts.append(say("analysis.figure.true", day=telling.day(made.true)))
        if self.asked_head:
            parts.append(say("analysis.figure.head", head=telling.number(made.head)))
        return parts

    def _voice(self) -> str:
        if self.one_voice is not None:
            return say("analysis.figure.one_source", who=self.one_voice)
        if not self.said_by:
            return say("analysis.figure.no_report")
        return say("analysis.figure.sources", count=telling.number(len(self.said_by)))

    def as_dict(self, lang: str | None = None) -> dict[str, Any]:
        """For ``--json``: value, unit, what it is of, sentence, recipe, digest."""
        return {
            "analysis": self.recipe.analysis,
            "title": in_language(self.title, lang),
            "measure": self.measure.name,
            "label": in_language(self.measure.label, lang),
            "unit": self.measure.unit,
            "value": self.value,
            "date_uncertain": self.uncertain,
            "at": {one.name: code for one, code in zip(self.keys, self.key, strict=False)},
            "sentence": self.sentence(lang),
            "said_by": [asdict(one) for one in self.said_by],
            "one_party": self.one_voice,
            "data_date": self.data_date,
            "recipe": asdict(self.recipe),
            "digest": self.digest,
        }


def figure(
    name: str, register: Register, measure: str | None = None, at: Sequence[str] = (), **parameters: Any
) -> Figure:
    """One number of an analysis.

    Parameters
    ----------
    measure
        Name of a measure; the first the analysis has when not given.
    at
        Keys of the line; the total when empty. ``CELL_UNKNOWN`` names those there are.
    parameters
        As for :func:`~fallow.analysis.registry.run`.
    """
    short = counted(name, register, measure, at, parameters)
    if short is None:
        return of_result(run(name, register, **parameters), register, measure, at, parameters.get("head"))
    found, recipe = short
    return Figure(
        title=analyses()[name].title,
        measure=found.measure,
        keys=found.keys,
        key=tuple(at),
        value=found.value,
        uncertain=found.uncertain,
        said_by=found.said_by,
        recipe=recipe,
        asked_head=False,
        data_date=telling.data_date(register),
    )


def of_result(
    result: Result,
    register: Register,
    measure: str | None = None,
    at: Sequence[str] = (),
    head: int | None = None,
) -> Figure:
    """One number of a result that is there already."""
    if not result.measures:
        raise FallowError("CELL_UNKNOWN", result.name, found=measure or "-", known="-")
    chosen = result.measure(measure or result.measures[0].name)
    line = result.line(*at)
    behind = result.explain(chosen.name, *at)
    records = [code for one, code in zip(result.keys, at, strict=False) if one.name == _RECORD]
    return Figure(
        title=result.title,
        measure=chosen,
        keys=result.keys,
        key=tuple(at),
        value=line.values[chosen.name],
        uncertain=line.values.get(_UNCERTAIN) if chosen.name != _UNCERTAIN else None,
        said_by=tuple(register.said_by(behind.reports)),
        recipe=result.recipe,
        asked_head=head is not None,
        data_date=telling.data_date(register, head),
        called=telling.names_of(register, result.recipe, records),
    )
