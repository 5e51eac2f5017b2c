"""Step 4, tables: a publication as CSV, a file a table, which a spreadsheet opens and a script reads.

Each file has the labels in its first row, HXL hashtags in its second and the data after that, nothing else:
what a reader must know besides (S4's words, recipes, notes) stands in ``README.txt`` beside it. Columns of
codes are there twice, code and label, so that files in two languages can be joined.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fallow.publish.publication import (
    Absent,
    Cell,
    Column,
    Heading,
    Paragraph,
    Publication,
    Signatures,
    Table,
    Unit,
)
from fallow.publish.writers import printed
from fallow.publish.writers.harmless import harmless_in_csv
from fallow.words import catalogue, in_language, say

Value = str | int | float

README = "README.txt"


@dataclass(frozen=True, slots=True)
class Grid:
    """A table as rows and columns of plain values in one language.

    Attributes
    ----------
    header, tags
        Labels and HXL hashtags, one for each column.
    units
        How the values of each column read; a code and its label are ``text`` both.
    rows
        Numbers are numbers; a number that is not told is the words that say so.
    totals
        For each row, whether it sums others.
    """

    header: tuple[str, ...]
    tags: tuple[str, ...]
    units: tuple[Unit, ...]
    rows: tuple[tuple[Value, ...], ...]
    totals: tuple[bool, ...]


def grid(table: Table, lang: str) -> Grid:
    """Lay a table out: what CSV and XLSX print, and what a check compares them with."""
    header: list[str] = []
    tags: list[str] = []
    units: list[Unit] = []
    for column in table.columns:
        label = printed.head(column, lang)
        if column.unit == "code":
            header.append(f"{label} ({say('publish.code', lang)})")
            tags.append(f"{column.hxl}+code" if column.hxl else "")
            units.append("text")
        header.append(label)
        tags.append(column.hxl)
        units.append("text" if column.unit == "code" else column.unit)
    return Grid(
        tuple(header),
        tuple(tags),
        tuple(units),
        tuple(
            tuple(
                value
                for column, cell in zip(table.columns, row.cells, strict=True)
                for value in _values(column, cell, lang)
            )
            for row in table.rows
        ),
        tuple(row.total for row in table.rows),
    )


def _values(column: Column, cell: Cell, lang: str) -> Iterator[Value]:
    if isinstance(cell.value, int | float):
        yield _rounded(cell.value, column.unit)
        return
    if column.unit == "code":
        yield cell.value or ""
    yield printed.shown(cell, column.unit, lang, column.values)


def _rounded(value: float, unit: Unit) -> int | float:
    if unit in ("count", "m2"):
        return round(value)
    return round(value, 1 if unit == "percent" else 6)


def absent_grid(block: Absent, lang: str) -> Grid:
    """A form that is printed empty: its title, and the reason where numbers would stand."""
    return Grid(
        (in_language(block.title, lang),),
        ("",),
        ("text",),
        ((f"{say('publish.absent', lang)}: {in_language(block.reason, lang)}",),),
        (False,),
    )


def grids(publication: Publication, lang: str) -> Iterator[tuple[Table | Absent, Grid]]:
    """Every table and every empty form in order, laid out."""
    for block in publication.blocks:
        if isinstance(block, Table):
            yield block, grid(block, lang)
        elif isinstance(block, Absent):
            yield block, absent_grid(block, lang)


def write_csv(publication: Publication, lang: str, folder: Path) -> list[Path]:
    """Write a file a table into a folder, and ``README.txt``; gives the paths in order.

    UTF-8 with a byte order mark, because a spreadsheet reads Cyrillic and Arabic wrongly without one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for block, of in grids(publication, lang):
        path = folder / f"{block.id}.csv"
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file, lineterminator="\r\n")
            for line in (of.header, of.tags, *of.rows):
                writer.writerow([harmless_in_csv(one) if isinstance(one, str) else one for one in line])
        written.append(path)
    readme = folder / README
    readme.write_text("\n".join(_readme(publication, lang)) + "\n", encoding="utf-8-sig", newline="\r\n")
    return [*written, readme]


def about(publication: Publication, lang: str) -> Iterator[tuple[str, str]]:
    """What a reader must have before the numbers: label and sentence, in order."""
    stamp = publication.stamp
    if stamp.invented:
        yield "", printed.invented(stamp, lang)
    yield say("publish.readme.programme", lang), stamp.programme
    if publication.issued:
        yield "", say("publish.issued", lang, day=printed.day(publication.issued, lang))
    audience = str(publication.parameters.get("audience", ""))
    if audience:
        label = catalogue().get(f"publish.audience.{audience}")
        yield say("publish.readme.audience", lang), in_language(label, lang) if label else audience
    asked = ", ".join(
        f"{key}={_short(value)}" for key, value in publication.parameters.items() if key != "audience"
    )
    name = f"{publication.name} v{publication.version}"
    yield say("publish.readme.asked", lang), f"{name}: {asked}" if asked else name
    yield say("publish.readme.stamp", lang), printed.s4(stamp, lang)
    yield "", printed.clocks(stamp, lang)
    yield say("publish.recipe.head", lang), f"{stamp.head} {stamp.head_hash}"
    yield say("publish.readme.check", lang), say("publish.readme.check_how", lang)


def spoken(block: Paragraph, lang: str) -> str:
    """A paragraph with its numbers in it."""
    return "".join(one.text for one in printed.pieces(block, lang))


def _readme(publication: Publication, lang: str) -> Iterator[str]:
    yield in_language(publication.title, lang)
    if publication.subtitle:
        yield in_language(publication.subtitle, lang)
    yield ""
    yield from (f"{label}: {text}" if label else text for label, text in about(publication, lang))
    yield ""
    for block in publication.blocks:
        if isinstance(block, Heading):
            yield from ("", in_language(block.text, lang))
        elif isinstance(block, Paragraph):
            yield spoken(block, lang)
        elif isinstance(block, Absent):
            reason = f"{say('publish.absent', lang)}: {in_language(block.reason, lang)}"
            yield f"{block.id}.csv: {in_language(block.title, lang)}. {reason}"
        elif isinstance(block, Table):
            yield f"{block.id}.csv: {in_language(block.title, lang)}"
            yield from (f"  - {in_language(note, lang)}" for note in block.notes)
        elif isinstance(block, Signatures):
            yield from ("", say("publish.signed_by", lang) if block.people else "")
            for one in block.people:
                yield f"  - {one.name}, {one.organisation}, {one.mandate}, {one.date}"
    yield from ("", say("publish.sources", lang))
    for source in printed.sources(publication, lang):
        yield f"  {source.name}: {source.title}"
        yield from (f"    {label}: {value}" for label, value in source.rows)


def _short(value: object) -> str:
    """A parameter in one line; a long one (a polygon) is cut."""
    text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
