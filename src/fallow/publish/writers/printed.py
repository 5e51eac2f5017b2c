"""Step 4, as printed: how numbers, dates, notices and sources read in one language, the same in every writer.

PDF, Word, pages and plots all take their texts from here, so a number cannot read one way in one file and
another way in the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from fallow.analysis import Result, telling
from fallow.kinds import load_kinds
from fallow.publish.publication import (
    Absent,
    Block,
    Cell,
    Column,
    Figure,
    Heading,
    Paragraph,
    Publication,
    Stamp,
    Table,
    Unit,
)
from fallow.words import MINUS, RIGHT_TO_LEFT, Text, in_language, say
from fallow.words import THIN as THIN
from fallow.words import day as day
from fallow.words import number as written_in

LEFT_TO_RIGHT_MARK = "\N{LEFT-TO-RIGHT MARK}"
NUMBERS: frozenset[Unit] = frozenset({"count", "m2", "percent", "number"})
"""Units whose columns stand flush at the right, digit under digit."""

_SIGNS: Mapping[Unit, str] = {"m2": "m2", "percent": "%"}
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff\ufffe\uffff]")
_SPACES = re.compile(r"[\t\n\r\x0b\x0c\u2028\u2029]+")
_ISO_DAY = re.compile(r"(?<![\w-])\d{4}-\d{2}(-\d{2})?(?![\w-])")
_FIELD = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def blocks(publication: Publication) -> Iterator[Block]:
    """Blocks in order; a form that stands empty under a heading of its own name does not say it twice."""
    before: Text = {}
    for block in publication.blocks:
        same = isinstance(block, Absent) and dict(block.title) == dict(before)
        yield replace(block, title={}) if isinstance(block, Absent) and same else block
        before = block.text if isinstance(block, Heading) else {}


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words, or one number in them when ``figure`` is there."""

    text: str
    figure: Figure | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One result as the appendix tells it.

    Attributes
    ----------
    mark
        ``A``, ``B`` ... ``Z``, ``AA``: what stands beside a number in the text.
    rows
        Label and value, in the order of the recipe.
    figures
        Ids of the numbers taken from it, those of one table drawn together.
    """

    name: str
    mark: str
    title: str
    rows: tuple[tuple[str, str], ...]
    figures: tuple[str, ...]

    @property
    def anchor(self) -> str:
        """Where links to it go, the same in every format."""
        return f"recipe-{self.mark}"


def number(value: float, lang: str, unit: Unit = "count") -> str:
    """A number: thin spaces between thousands, a real minus, the decimal sign of the language."""
    decimals = 1 if unit == "percent" else 0
    if unit == "number" and value != int(value):
        decimals = 2
    written = written_in(value, decimals, lang)
    # Without the mark a line of Arabic would put the sign on the other side of the digits.
    turned = lang in RIGHT_TO_LEFT and written.startswith(MINUS)
    return LEFT_TO_RIGHT_MARK + written if turned else written


def shown(cell: Cell, unit: Unit, lang: str, values: Mapping[str, Text] | None = None) -> str:
    """A cell of a table: its value, the label of its code, or the words that stand in its place."""
    if cell.value is None:
        return say(cell.instead, lang) if cell.instead else ""
    if isinstance(cell.value, str):
        label = (values or {}).get(cell.value)
        return in_language(label, lang) if label else cell.value
    return number(cell.value, lang, unit)


def spoken(cell: Cell, unit: Unit, lang: str) -> str:
    """The same in a sentence, where no column head tells the unit."""
    text = shown(cell, unit, lang)
    suffix = _suffix(unit, lang)
    return f"{text}{THIN}{suffix}" if suffix and cell.value is not None else text


def head(column: Column, lang: str) -> str:
    """The head of a column, with the unit where the label does not tell it."""
    label, suffix = in_language(column.label, lang), _suffix(column.unit, lang)
    return f"{label} ({suffix})" if suffix and suffix not in label else label


def _suffix(unit: Unit, lang: str) -> str | None:
    return telling.unit_sign(_SIGNS[unit], lang) if unit in _SIGNS else None


def plain(words: str, lang: str) -> str:
    """Words without what no page can show or what would turn its letters round.

    Control characters go, and so do the bidirectional overrides, with which a name could be made to read as
    another; a line end becomes a space. In a language written from the right, a mark keeps the parts of an
    ISO date in their order.
    """
    shown = _HIDDEN.sub("", _SPACES.sub(" ", words))
    return _ISO_DAY.sub(rf"{LEFT_TO_RIGHT_MARK}\g<0>", shown) if lang in RIGHT_TO_LEFT else shown


def pieces(paragraph: Paragraph, lang: str) -> Iterator[Piece]:
    """The words of a paragraph in one language, cut at its numbers."""
    text, at = in_language(paragraph.text, lang), 0
    for found in _FIELD.finditer(text):
        cell = paragraph.figures.get(found[1])
        if cell is None:
            continue
        yield from (Piece(text[at : found.start()]),) if found.start() > at else ()
        yield Piece(spoken(cell, paragraph.units.get(found[1], "count"), lang), cell.figure)
        at = found.end()
    yield from (Piece(text[at:]),) if at < len(text) else ()


def s4(stamp: Stamp, lang: str) -> str:
    """What every file must say: date of the data, coordinates, what is on no map, what silence means."""
    kinds = load_kinds().kinds
    without = telling.listed(
        (
            f"{in_language(kinds[name].plural, lang) if name in kinds else name}: {number(count, lang)}"
            for name, count in stamp.unlocated.items()
        ),
        lang,
    )
    return say("publish.s4", lang, date=stamp.data_date, crs=stamp.crs, unlocated=without or "0")


def invented(stamp: Stamp, lang: str) -> str:
    """The sentence of a programme that does not exist; empty for a real one."""
    return say("cli.invented", lang) if stamp.invented else ""


def clocks(stamp: Stamp, lang: str) -> str:
    """As known and as true on which days."""
    known = say("publish.known_on", lang, day=stamp.known) if stamp.known else say("publish.known_now", lang)
    return f"{known}; {say('publish.true_on', lang, day=stamp.true)}" if stamp.true else known


def mark(position: int) -> str:
    """``A`` to ``Z``, then ``AA``."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def sources(publication: Publication, lang: str) -> tuple[Source, ...]:
    """Every result a number here is bound to, in the order of the publication."""
    used = _used(publication)
    return tuple(
        Source(
            name=name,
            mark=mark(position),
            title=in_language(result.title, lang),
            rows=tuple(_recipe(result, lang)),
            figures=tuple(used.get(name, ())),
        )
        for position, (name, result) in enumerate(publication.results.items())
    )


def _recipe(result: Result, lang: str) -> Iterator[tuple[str, str]]:
    """The recipe of a result as labels and values; nothing in it tells a number of the result."""
    of = result.recipe

    def row(key: str, value: str) -> tuple[str, str]:
        return say(f"publish.recipe.{key}", lang), value

    yield row("analysis", say("publish.recipe.version", lang, name=of.analysis, version=of.version))
    asked = "; ".join(f"{key} = {_plain(value)}" for key, value in sorted(of.parameters.items()))
    yield row("parameters", asked or say("publish.recipe.none", lang))
    yield row("known", of.known or say("publish.recipe.now", lang))
    yield row("true", of.true or say("publish.recipe.latest", lang))
    yield row("head", f"{of.head}")
    yield row("head_hash", of.head_hash)
    untold = say("publish.withheld", lang)
    reports = say("publish.recipe.reports", lang, declared=of.declared, witnessed=of.witnessed)
    yield row("dates", reports if of.inputs else untold)
    who = telling.listed(dict.fromkeys(one.who or one.source for one in result.said_by), lang)
    yield row("said_by", who or say("publish.recipe.none", lang))
    yield row("inputs", of.inputs or untold)
    yield row("digest", result.digest)
    yield row("made_with", f"Fallow {of.fallow}")


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _used(publication: Publication) -> dict[str, list[str]]:
    """Ids of figures by result; a table's are drawn together, measures and lines counted."""
    found: dict[str, list[str]] = {}
    for block in publication.blocks:
        if isinstance(block, Paragraph):
            for cell in block.figures.values():
                if cell.figure:
                    found.setdefault(cell.figure.result, []).append(cell.figure.id)
        elif isinstance(block, Table):
            for result, measures, lines in _drawn(block):
                named = measures[0] if len(measures) == 1 else "{" + ",".join(measures) + "}"
                found.setdefault(result, []).append(f"{result}/{named}/* [{block.id}: {lines}]")
    return {name: list(dict.fromkeys(ids)) for name, ids in found.items()}


def _drawn(table: Table) -> Iterator[tuple[str, list[str], int]]:
    by: dict[str, tuple[dict[str, None], dict[tuple[str, ...], None]]] = {}
    for row in table.rows:
        for cell in row.cells:
            if cell.figure:
                measures, lines = by.setdefault(cell.figure.result, ({}, {}))
                measures[cell.figure.measure] = None
                lines[cell.figure.line] = None
    for result, (measures, lines) in by.items():
        yield result, list(measures), len(lines)
