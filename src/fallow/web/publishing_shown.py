"""Face two, what an audience will get: a redacted publication as it will be printed, looked at first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from django.utils.safestring import mark_safe

from fallow.errors import FallowError
from fallow.publish import (
    PAGE_LOOK,
    Absent,
    Cell,
    Chart,
    Column,
    Figure,
    Heading,
    Paragraph,
    Publication,
    Redacted,
    Signatures,
    Table,
    audience,
    chart_svg,
    fields_for,
    preview,
    printed,
    small_numbers,
)
from fallow.register import Register
from fallow.web import wording
from fallow.web.publishing_asked import Wish
from fallow.words import RIGHT_TO_LEFT, Text, current_language, in_language, say

ROWS = 200
"""Rows of a table shown; the file has all of them."""

SMALL_SHOWN = 200
"""Small numbers offered to be answered for; the form may not have more fields than the framework reads."""


_WORDS = {
    "absent": "absent",
    "empty": "empty_table",
    "signed": "signed_by",
    "nobody": "nobody_signed",
    "name": "signatory.name",
    "organisation": "signatory.organisation",
    "mandate": "signatory.mandate",
    "date": "signatory.date",
}
"""What stands in the document besides its own texts, in the language of the document."""


@dataclass(frozen=True, slots=True)
class Number:
    """A run of words, or a number with the address of what is behind it; ``quiet`` is not told."""

    text: str
    href: str = ""
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """One block as a template prints it; which of its parts are filled depends on ``sort``."""

    sort: str
    title: str = ""
    level: int = 3
    text: str = ""
    id: str = ""
    pieces: tuple[Number, ...] = ()
    heads: tuple[tuple[str, bool], ...] = ()
    rows: tuple[tuple[bool, tuple[tuple[Number, bool], ...]], ...] = ()
    notes: tuple[str, ...] = ()
    more: str = ""
    picture: str = ""
    people: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Small:
    """A number that is withheld because it is small, and why it is to stand if somebody said so."""

    figure: str
    where: str
    value: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What the audience gets, and what it does not.

    Attributes
    ----------
    judged
        Digest of the numbers as they are now: reasons for small numbers hold for these and no others.
    put_aside
        Reasons were given for other numbers and are not used.
    fields
        By kind, the fields that are in no file for this audience.
    """

    title: str
    subtitle: str
    facts: str
    s4: str
    invented: str
    language: str
    direction: str
    audience: str
    blocks: tuple[Block, ...]
    withheld: int
    hidden: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]
    small: tuple[Small, ...]
    small_count: int
    judged: str
    put_aside: bool
    words: Mapping[str, str]


def judged(publication: Publication, wish: Wish) -> Wish:
    """The wish with the digest of these numbers; reasons that were given for others are taken out of it."""
    digests = sorted((name, one.digest) for name, one in publication.results.items())
    now = sha256(repr((wish.audience, digests)).encode()).hexdigest()
    return replace(wish, judged=now, accepted=wish.accepted if wish.judged == now else {})


def shown(publication: Publication, wish: Wish, register: Register) -> Shown:
    """Redact for the audience and lay out what is left, in the language of the page where it has it."""
    held = judged(publication, wish)
    redacted = preview(publication, wish.audience, register=register, accepted=held.accepted)
    if redacted.newly:  # the command line lets it leave where somebody answers for it
        raise FallowError("TELLS_TOGETHER", publication.name, count=redacted.newly)
    lang = _language(redacted.publication, wish)
    of, stamp = redacted.publication, redacted.publication.stamp
    small = tuple(_small(publication, redacted, held))
    return Shown(
        title=_label(of.title, lang),
        subtitle=_label(of.subtitle, lang) if of.subtitle else "",
        facts=_plain(printed.clocks(stamp, lang), lang),
        s4=_plain(printed.s4(stamp, lang), lang),
        invented=printed.invented(stamp, lang),
        language=lang,
        direction="rtl" if lang in RIGHT_TO_LEFT else "ltr",
        audience=say(f"publish.audience.{wish.audience}"),
        blocks=tuple(_blocks(of, lang)),
        withheld=len(redacted.withheld),
        hidden=redacted.hidden,
        fields=tuple(_fields(register, wish.audience)),
        small=small[:SMALL_SHOWN],
        small_count=len(small),
        judged=held.judged,
        put_aside=bool(wish.accepted) and not held.accepted,
        words={key: say(f"publish.{word}", lang) for key, word in _WORDS.items()},
    )


def explained(publication: Publication, figure: Figure | None) -> str:
    """The address of what is behind a number; none for a parcel, whose shape has no place in an address."""
    result = publication.results.get(figure.result) if figure else None
    if figure is None or result is None or "parcel" in result.recipe.parameters:
        return ""
    recipe = result.recipe
    asked = [(name, _flat(value)) for name, value in recipe.parameters.items()]
    clocks = [(name, day) for name, day in (("known", recipe.known), ("true", recipe.true)) if day]
    line = [("measure", figure.measure), *(("at", one) for one in figure.line)]
    return f"/figures/{recipe.analysis}/explain?{urlencode([*asked, *clocks, *line])}"


def _flat(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _language(publication: Publication, wish: Wish) -> str:
    """The language of the page when it leaves in that one, else the first it leaves in."""
    spoken = [one for one in wish.languages if one in publication.title]
    return current_language() if current_language() in spoken else next(iter(spoken), "en")


def _plain(words: str, lang: str) -> str:
    return printed.plain(words, lang)


def _label(text: Text, lang: str) -> str:
    return _plain(in_language(text, lang), lang)


def _blocks(of: Publication, lang: str) -> Iterator[Block]:
    level = 0
    for block in printed.blocks(of):
        if isinstance(block, Heading):
            level = min(block.level, level + 1)
            yield Block("heading", _label(block.text, lang), level=min(3 + level, 6))
        elif isinstance(block, Paragraph):
            untold = {one.figure for one in block.figures.values() if one.value is None}
            pieces = (
                Number(_plain(one.text, lang), "", quiet=True)
                if one.figure and one.figure in untold
                else Number(_plain(one.text, lang), explained(of, one.figure))
                for one in printed.pieces(block, lang)
            )
            yield Block("paragraph", pieces=tuple(pieces))
        elif isinstance(block, Table):
            yield _table(of, block, lang)
        elif isinstance(block, Chart):
            drawn = chart_svg(
                block, of.table(block.table), lang, look=PAGE_LOOK, link=lambda one: explained(of, one)
            )
            # the writer of the picture escapes every word in it
            yield Block("chart", _label(block.title, lang), picture=mark_safe(drawn))  # noqa: S308
        elif isinstance(block, Absent):
            title = _label(block.title, lang) if block.title else ""
            yield Block("absent", title, text=_label(block.reason, lang))
        elif isinstance(block, Signatures):
            yield Block("signatures", people=block.people)


def _table(of: Publication, table: Table, lang: str) -> Block:
    numeric = [one.unit in printed.NUMBERS for one in table.columns]
    rows = tuple(
        (
            row.total,
            tuple(
                (_cell(of, cell, column, lang), number)
                for cell, column, number in zip(row.cells, table.columns, numeric, strict=True)
            ),
        )
        for row in table.rows[:ROWS]
    )
    more = len(table.rows) > ROWS
    return Block(
        "table",
        _label(table.title, lang),
        id=table.id,
        heads=tuple(
            (_plain(printed.head(one, lang), lang), number)
            for one, number in zip(table.columns, numeric, strict=True)
        ),
        rows=rows,
        notes=tuple(_label(one, lang) for one in table.notes),
        more=say("web.publish.rows", shown=ROWS, count=len(table.rows)) if more else "",
    )


def _cell(of: Publication, cell: Cell, column: Column, lang: str) -> Number:
    text = _plain(printed.shown(cell, column.unit, lang, column.values), lang)
    told = cell.value is not None
    return Number(text, explained(of, cell.figure) if told else "", quiet=not told)


def _small(publication: Publication, redacted: Redacted, wish: Wish) -> Iterator[Small]:
    """Those somebody answers for first, then the small ones that are withheld."""
    names = _named(publication)
    for figure, why in wish.accepted.items():
        yield Small(figure, names.get(figure, figure), None, why)
    for figure, (where, value) in small_numbers(publication, redacted, wish.audience).items():
        yield Small(figure, names.get(figure, where), value, "")


def _named(publication: Publication) -> Mapping[str, str]:
    """Where each number stands, in words: the table, the line and the column."""
    found: dict[str, str] = {}
    lang = current_language()
    for table in publication.tables:
        for row in table.rows:
            line = wording.listed(
                printed.shown(cell, column.unit, lang, column.values)
                for cell, column in zip(row.cells, table.columns, strict=True)
                if cell.figure is None and cell.value is not None
            )
            for cell, column in zip(row.cells, table.columns, strict=True):
                if cell.figure is not None:
                    words = [in_language(table.title), line, in_language(column.label)]
                    found.setdefault(cell.figure.id, " · ".join(one for one in words if one))
    return found


def _fields(register: Register, name: str) -> Iterator[tuple[str, str]]:
    """By kind, what this audience may not see of what the register keeps; the vault is in no audience."""
    reader = audience(name)
    for kind in register.model.kinds.values():
        seen = set(fields_for(kind, reader))
        gone = [in_language(one.label) for one in kind.stored if one.name not in seen]
        if gone:
            yield in_language(kind.plural), wording.listed(gone)
