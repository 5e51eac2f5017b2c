"""Step 3, telling: how numbers, days, notes and the sentence of S4 read, the same in every face."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fallow.analysis.registry import analyses
from fallow.analysis.result import Key, Measure, Recipe, Result
from fallow.words import RIGHT_TO_LEFT, THIN, current_language, in_language, say
from fallow.words import day as day
from fallow.words import number as written

if TYPE_CHECKING:
    from fallow.register import Register

_SQUARE_METRES: Mapping[str, str] = {"ru": "м²", "uk": "м²", "ar": "م²"}
_TYPED = frozenset({"metres", "tolerance"})
"""Facts that are numbers as somebody typed them."""

NAMED = 3
"""Records that a note names; the result has all of them."""


def unit_sign(unit: str, lang: str | None = None) -> str:
    """A unit as a language writes it."""
    return _SQUARE_METRES.get(lang or current_language(), "m²") if unit == "m2" else unit


def listed(words: Iterable[str], lang: str | None = None, mark: str = ",") -> str:
    """Words in a row, with the comma of the language, or its semicolon for ``mark=";"``.

    In a language written from the right the list runs from the right too, whatever letters its words have.
    """
    if (lang or current_language()) not in RIGHT_TO_LEFT:
        return f"{mark} ".join(words)
    sign = {",": "،", ";": "؛"}[mark]
    return f"\N{RIGHT-TO-LEFT MARK}{sign} ".join(words)


def number(value: float | int | None, unit: str = "", lang: str | None = None) -> str:
    """A number with thin-space thousands: counts and square metres whole, shares with one decimal."""
    if value is None:
        return ""
    decimals = 1 if unit == "%" else 0 if float(value).is_integer() or unit == "m2" else 2
    return written(value, decimals, lang)


def instead(result: Result) -> str:
    """Key of the words that stand where a result has no number; empty where its face may choose them."""
    return "analysis.not_begun" if result.name == "vintages" else ""


def quantity(value: float | int | None, unit: str = "") -> str:
    """A number with its unit; in words where there is none."""
    if value is None:
        return say("analysis.figure.none")
    said = number(value, unit)
    return f"{said}{THIN}{unit_sign(unit)}" if unit else said


def head(measure: Measure, lang: str | None = None) -> str:
    """What stands over a column of numbers, with the unit."""
    label = in_language(measure.label, lang)
    return listed([label, unit_sign(measure.unit, lang)], lang) if measure.unit else label


def about(keys: Sequence[Key], key: tuple[str, ...]) -> list[str]:
    """What a line is about, cell by cell: labels of codes, "total" at the first key it does not have."""
    cells = [one.text(value) for one, value in zip(keys, key, strict=False)]
    if len(cells) < len(keys):
        cells += [say("analysis.total"), *[""] * (len(keys) - len(cells) - 1)]
    return cells


def notes(result: Result, called: Mapping[str, str] | None = None, lang: str | None = None) -> list[str]:
    """What a reader must have beside the numbers; ``called`` has the names of records by their ids."""
    return [note(key, facts, called, lang) for key, facts in result.notes]


def note(
    key: str, facts: Mapping[str, Any], called: Mapping[str, str] | None = None, lang: str | None = None
) -> str:
    """One note as a sentence: numbers as the language writes them, of its records the first by name."""
    return say(key, lang, **{name: _fact(name, value, called or {}, lang) for name, value in facts.items()})


def _fact(name: str, value: Any, called: Mapping[str, str], lang: str | None) -> str:
    if name == "records":
        ids = str(value).split()
        more = ["…"] if len(ids) > NAMED else []
        return listed([*(called.get(one, one) for one in ids[:NAMED]), *more], lang)
    if name in _TYPED:
        decimals = len(str(value).partition(".")[2])
        return written(float(value), decimals, lang)
    whole = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number(value, lang=lang) if whole else str(value)


def names_of(register: Register, recipe: Recipe, records: Iterable[str]) -> dict[str, str]:
    """What people call records, by their ids, as known for a recipe.

    A record without a name is left out, and so is one whose name is not for everybody: where a sentence goes
    is not known here.
    """
    head = None if recipe.head == register.ledger.head()[0] else recipe.head
    view = register.at(known=recipe.known, true=recipe.true, head=head)
    found = {}
    for id in dict.fromkeys(records):
        record = view.record(id)
        kind = register.model.kind(record.kind) if record else None
        title = kind.field(kind.title) if kind and kind.title else None
        if record and title and title.sensitivity == "public" and record.fields.get(title.name):
            found[id] = str(record.fields[title.name])
    return found


def noted(result: Result) -> list[str]:
    """Ids of the records that the notes of a result name."""
    return [id for _, facts in result.notes for id in str(facts.get("records", "")).split()[:NAMED]]


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
    return listed(parts, mark=";")


def _listed(value: Any) -> str:
    return listed(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


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
