"""Step 3, telling: how numbers, days, notes and the sentence of S4 read, the same in every face."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fallow.analysis.registry import analyses
from fallow.analysis.result import Key, Measure, Recipe, Result
from fallow.words import THIN, in_language, say
from fallow.words import day as day
from fallow.words import number as written

if TYPE_CHECKING:
    from fallow.register import Register

_UNITS = {"m2": "m²"}


def number(value: float | int | None, unit: str = "") -> str:
    """A number with thin-space thousands: counts and square metres whole, shares with one decimal."""
    if value is None:
        return ""
    decimals = 1 if unit == "%" else 0 if float(value).is_integer() or unit == "m2" else 2
    return written(value, decimals)


def instead(result: Result) -> str:
    """Key of the words that stand where a result has no number; empty where its face may choose them."""
    return "analysis.not_begun" if result.name == "vintages" else ""


def quantity(value: float | int | None, unit: str = "") -> str:
    """A number with its unit; in words where there is none."""
    if value is None:
        return say("analysis.figure.none")
    said = number(value, unit)
    return f"{said}{THIN}{_UNITS.get(unit, unit)}" if unit else said


def head(measure: Measure, lang: str | None = None) -> str:
    """What stands over a column of numbers, with the unit."""
    label = in_language(measure.label, lang)
    return f"{label}, {_UNITS.get(measure.unit, measure.unit)}" if measure.unit else label


def about(keys: Sequence[Key], key: tuple[str, ...]) -> list[str]:
    """What a line is about, cell by cell: labels of codes, "total" at the first key it does not have."""
    cells = [one.text(value) for one, value in zip(keys, key, strict=False)]
    if len(cells) < len(keys):
        cells += [say("analysis.total"), *[""] * (len(keys) - len(cells) - 1)]
    return cells


def notes(result: Result) -> list[str]:
    """What a reader must have beside the numbers."""
    return [say(key, **{name: _fact(value) for name, value in facts.items()}) for key, facts in result.notes]


def _fact(value: Any) -> str:
    whole = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number(value) if whole else str(value)


def parameters(made: Recipe) -> list[str]:
    """The period and place that were asked for; how it was broken down shows in the keys."""
    parts = []
    for one in analyses()[made.analysis].parameters:
        value = made.parameters.get(one.name)
        if value is None or one.name in ("by", "each"):
            continue
        if one.sort == "day" and one.name in ("since", "until"):
            parts.append(say(f"analysis.figure.{one.name}", day=day(str(value))))
            continue
        shown = day(str(value)) if one.sort == "day" else _listed(value)
        parts.append(say("analysis.figure.parameter", label=in_language(one.label), value=shown))
    return parts


def asked(made: Recipe) -> str:
    """What was asked beside the keys, in one line: period, place, as known and as true when."""
    parts = parameters(made)
    if made.known:
        parts.append(say("analysis.figure.known", day=day(made.known)))
    if made.true:
        parts.append(say("analysis.figure.true", day=day(made.true)))
    return "; ".join(parts)


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def data_date(register: Register, head: int | None = None) -> str:
    """ISO day of the last ledger entry that an answer rests on."""
    return register.ledger.head()[2][:10] if head is None else register.entry(head).at[:10]


def s4(register: Register, head: int | None = None) -> str:
    """Data date, coordinates and accuracy, and that no hazard shown does not mean safe (S4)."""
    said = say("analysis.s4", date=data_date(register, head))
    return f"{say('cli.invented')} {said}" if register.settings.get("invented") else said


def recipe(result: Result) -> str:
    """One sentence with everything that is needed to make the numbers again."""
    made = result.recipe
    return say(
        "analysis.recipe",
        analysis=made.analysis,
        version=made.version,
        head=made.head,
        hash=made.head_hash[:16],
        records=number(made.records),
        declared=number(made.declared),
        witnessed=number(made.witnessed),
        digest=result.digest,
    )
