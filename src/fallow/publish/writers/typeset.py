"""Step 4, PDF: a publication typeset by typst, as PDF/A-2b for the archive and PDF/UA-1 for every reader.

What people wrote goes to typst as data and is never read as markup (``typeset.typ``). Typst sees no file and
no network: its root is an empty folder, and its fonts are those that came with the packages, so that the same
publication gives the same bytes on every machine.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from unicodedata import category

import orjson

from fallow.analysis import telling
from fallow.errors import FallowError
from fallow.publish.publication import (
    Absent,
    Block,
    Cell,
    Chart,
    Heading,
    Paragraph,
    Publication,
    Signatures,
    Table,
)
from fallow.publish.statements.statement import require_language
from fallow.publish.writers import letters, plots, printed
from fallow.publish.writers.letters import FONTS as FONTS
from fallow.words import RIGHT_TO_LEFT, in_language, say

if TYPE_CHECKING:
    import typst

STANDARDS = ("a-2b", "ua-1")
CONTENTS_FROM = 7
"""A publication with at least so many headings begins with a table of contents."""

_PORTRAIT, _LANDSCAPE = 470.0, 716.0
"""Points between the margins of a page and of a turned page."""
_LETTER, _PADDING, _WORDS_BESIDE = 0.56, 2.2, 30
"""Width of a letter in em, of a cell's padding in letters, and how long words grow before they are broken."""
_HYPHENATED, _LONGEST_WORD = frozenset({"en", "fr", "es", "ru", "uk"}), 12
"""Languages typst can divide words of, and from how many letters on it may do so in a tight table."""
_UNBROKEN = 99
_MOST_LINES, _ROWS_TOGETHER = 4, 14
"""Lines of a cell in a tight table before the page is turned; rows (twice so many lines) kept on one page."""
_LARGEST, _SMALLEST, _LEAST = 9.0, 6.6, 5.2
"""Points of the letters of a table: as a rule, before the page is turned, and at all."""

_TEMPLATE = Path(__file__).with_name("typeset.typ")
_SIGNS = re.compile(r"[\x00-\x7f\u2000-\u206f]*")


def write_pdf(publication: Publication, lang: str, target: Path) -> None:
    """Write a (redacted) publication in one language.

    Raises
    ------
    FallowError
        ``DOCUMENTS_MISSING`` or ``FONTS_MISSING`` when what prints is not installed; ``LETTER_MISSING`` when
        a text has letters that no font at hand has; ``TYPESET_FAILED``.
    """
    target.write_bytes(pdf(publication, lang))


def pdf(publication: Publication, lang: str) -> bytes:
    """The bytes of the PDF."""
    data = _plain(as_data(publication, lang), from_right=lang in RIGHT_TO_LEFT)
    others = letters.families(orjson.dumps(data).decode())
    data |= {"others": others, "almarai": letters.ALMARAI}
    drawn = [one for one in data["blocks"] if one["kind"] == "chart"]
    plain = [one["svg"] for one in drawn]
    for one in drawn:
        one["svg"] = letters.in_their_fonts(one["svg"])
    try:
        return _set(data, others)
    except FallowError:
        if not drawn:
            raise
    # In a drawing typst cannot say which letters a glyph stands for when several share it, as in Khmer or
    # Tamil, and UA-1 asks that. The plot becomes a picture; its words stand in its table and description.
    for one, svg in zip(drawn, plain, strict=True):
        one["svg"] = _as_picture(svg)
    return _set(data, others)


def _set(data: Mapping[str, Any], others: Sequence[str]) -> bytes:
    inputs = {"data": orjson.dumps(data).decode()}
    return _compile(_TEMPLATE.read_bytes(), inputs, others, pdf_standards=list(STANDARDS))


def _as_picture(svg: str) -> str:
    """A drawing that holds its own picture."""
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert size is not None  # noqa: S101 - every plot has one
    wide, high = size.groups()
    picture = b64encode(png(svg, 220)).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}">'
        f'<image width="{wide}" height="{high}" href="data:image/png;base64,{picture}"/></svg>'
    )


def png(svg: str, ppi: float = 150.0) -> bytes:
    """An SVG of :mod:`plots` as a picture, for a format that takes no SVG."""
    page = (
        '#set page(width: 720pt, height: auto, margin: 0pt)\n#image(bytes(sys.inputs.svg), format: "svg", '
        "width: 100%)"
    )
    inputs = {"svg": letters.in_their_fonts(svg)}
    return _compile(page.encode(), inputs, letters.families(svg), format="png", ppi=ppi)


def _compile(source: bytes, inputs: dict[str, str], others: Sequence[str], **how: Any) -> bytes:
    if find_spec("typst") is None:
        raise FallowError("DOCUMENTS_MISSING", "typst", package="typst")
    import typst

    fonts = _fonts(letters.folders(others))
    with TemporaryDirectory(prefix="fallow-typeset-") as empty:
        try:
            made = typst.compile(
                source,
                root=empty,
                font_paths=fonts,
                package_path=empty,
                package_cache_path=empty,
                sys_inputs=inputs,
                **how,
            )
        except typst.TypstError as error:
            said = str(error)
            if "could not be displayed" in said:
                raise FallowError("LETTER_MISSING", "pdf", found=_letters(said)) from error
            raise FallowError("TYPESET_FAILED", "pdf", found=said.splitlines()[0][:200]) from error
    assert isinstance(made, bytes)  # noqa: S101 - one page or one PDF; several pictures are never asked for
    return made


def _letters(said: str) -> str:
    """Which letters typst had no glyph for."""
    quoted = re.search(r'the text `?"(.*?)"`? could not', said, re.DOTALL)
    return letters.missing(quoted[1] if quoted else "")


@lru_cache(maxsize=8)
def _fonts(folders: tuple[str, ...]) -> typst.Fonts:
    """The fonts, read once; those of the system and those inside typst are left out."""
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=list(folders))


# -- the publication as data --------------------------------------------------------------------------------


def as_data(publication: Publication, lang: str) -> dict[str, Any]:
    """Everything the template prints, as JSON values of this language."""
    require_language(publication, lang)
    sources = printed.sources(publication, lang)
    marks = {one.name: one for one in sources}
    stamp = publication.stamp
    blocks = list(_blocks(publication, lang, marks))
    day = publication.issued or stamp.data_date
    facts = (
        [say("publish.issued", lang, day=printed.day(publication.issued, lang))] if publication.issued else []
    )
    words = {
        name: say(f"publish.{key}", lang)
        for name, key in {
            "silence": "silence",
            "page": "page",
            "contents": "contents",
            "sources": "sources",
            "sources_about": "sources.about",
            "source_short": "source.short",
            "figures": "source.figures",
            "signed_by": "signed_by",
            "nobody_signed": "nobody_signed",
            "empty": "empty_table",
            "absent": "absent",
        }.items()
    }
    return {
        "lang": lang,
        "from_right": lang in RIGHT_TO_LEFT,
        "title": _seen(in_language(publication.title, lang), _seen(stamp.programme, "–")),
        "subtitle": in_language(publication.subtitle, lang),
        "programme": stamp.programme,
        "date": [int(part) for part in (*day[:10].split("-"), "1", "1")[:3]],
        "facts": [*facts, printed.clocks(stamp, lang)],
        "invented": printed.invented(stamp, lang),
        "s4": printed.s4(stamp, lang),
        "contents": sum(one["kind"] == "heading" for one in blocks) >= CONTENTS_FROM,
        "words": {
            **words,
            "comma": telling.listed(("", ""), lang),
            "data_to": say("publish.data_to", lang, date=stamp.data_date),
        },
        "blocks": blocks,
        "sources": [
            {
                "id": one.anchor,
                "title": say("publish.source", lang, mark=one.mark, title=one.title),
                "rows": [[label, value, bool(_SIGNS.fullmatch(value))] for label, value in one.rows],
                "figures": list(one.figures),
            }
            for one in sources
        ],
    }


def _seen(words: str, otherwise: str) -> str:
    """Words when a letter of them can be seen."""
    return words if any(category(one)[0] not in "CZM" for one in words) else otherwise


def _plain(data: Any, *, from_right: bool) -> Any:
    """Every text in the data as a page can show it; pictures are left as they are.

    The template sets days and negative numbers from the left itself: a mark before a digit would be taken
    for a part of it whenever the text is copied out of the file.
    """
    if isinstance(data, str):
        shown = printed.plain(data, "").replace(printed.LEFT_TO_RIGHT_MARK, "")
        return letters.numbers_in_place(shown, from_right=from_right)
    if isinstance(data, list):
        return [_plain(one, from_right=from_right) for one in data]
    if isinstance(data, dict):
        return {key: one if key == "svg" else _plain(one, from_right=from_right) for key, one in data.items()}
    return data


def _blocks(
    publication: Publication, lang: str, marks: Mapping[str, printed.Source]
) -> Iterator[dict[str, Any]]:
    level, above = 0, ""
    for block in printed.blocks(publication):
        if isinstance(block, Heading):
            level = min(block.level, level + 1)  # a reader's outline may not skip a level
            above = _seen(in_language(block.text, lang), "–")  # nor have an entry that says nothing
            yield {"kind": "heading", "level": level, "text": above}
            continue
        data = _block(block, publication, lang, marks)
        if data["kind"] == "table" and data["title"] == above:
            data["title"] = ""  # the heading right above says it
        above = ""
        yield data


def _block(
    block: Block, publication: Publication, lang: str, marks: Mapping[str, printed.Source]
) -> dict[str, Any]:
    if isinstance(block, Paragraph):
        parts = [
            {"text": one.text, **_source(Cell(None, one.figure), marks)}
            for one in printed.pieces(block, lang)
        ]
        return {"kind": "paragraph", "parts": parts}
    if isinstance(block, Table):
        return _table(block, lang, marks)
    if isinstance(block, Chart):
        table = publication.table(block.table)
        return {
            "kind": "chart",
            "title": _seen(in_language(block.title, lang), "–"),
            "about": _seen(in_language(block.about, lang), "–"),
            "svg": plots.svg(block, table, lang),
            "sources": _sources(table, marks),
        }
    if isinstance(block, Absent):
        title, reason = in_language(block.title, lang), in_language(block.reason, lang)
        return {"kind": "absent", "title": title, "reason": reason}
    if isinstance(block, Signatures):
        heads = [
            say(f"publish.signatory.{name}", lang) for name in ("name", "organisation", "mandate", "date")
        ]
        people = [
            {
                "name": one.name,
                "organisation": one.organisation,
                "mandate": one.mandate,
                "date": one.date,
            }
            for one in block.people
        ]
        return {"kind": "signatures", "level": 1, "heads": heads, "people": people}
    raise TypeError(type(block).__name__)


def _table(table: Table, lang: str, marks: Mapping[str, printed.Source]) -> dict[str, Any]:
    columns = [
        {"label": printed.head(one, lang), "number": one.unit in printed.NUMBERS} for one in table.columns
    ]
    rows = [
        {
            "total": row.total,
            "cells": [
                {
                    "text": printed.shown(cell, column.unit, lang, column.values),
                    "quiet": cell.value is None,
                    **_source(cell, marks),
                }
                for cell, column in zip(row.cells, table.columns, strict=True)
            ],
        }
        for row in table.rows
    ]
    return {
        "kind": "table",
        "title": in_language(table.title, lang),
        **_measured(columns, rows, lang),
        "rows": rows,
        "notes": [in_language(one, lang) for one in table.notes],
        "sources": _sources(table, marks),
    }


def _measured(columns: list[dict[str, Any]], rows: list[dict[str, Any]], lang: str) -> dict[str, Any]:
    """Widths of the columns by what stands in them, and from their sum the size of the letters.

    Typst would squeeze a column of words until nothing can be read. A table that is too wide as it is has its
    words broken sooner; if it is too wide even so, it takes a page of its own, turned.
    """
    divided = _LONGEST_WORD if lang in _HYPHENATED else _UNBROKEN
    loose, tight = (
        _needs(columns, rows, _WORDS_BESIDE, _UNBROKEN),
        _needs(columns, rows, divided + 2, divided),
    )
    # words in a column of many short lines are worse than a turned page
    upright = [loose, tight] if all(_lines(tight, row) <= _MOST_LINES for row in rows) else [loose]
    needs = next((one for one in upright if sum(one) * _LETTER * _SMALLEST <= _PORTRAIT), loose)
    total = sum(needs) * _LETTER
    wide = total * _SMALLEST > _PORTRAIT
    size = max(_LEAST, min(_LARGEST, (_LANDSCAPE if wide else _PORTRAIT) / total))
    share = 1.0 if wide else min(1.0, max(0.5, 1.5 * total * _LARGEST / _PORTRAIT))
    lines = [max(1.0, _lines(needs, row)) for row in rows]
    measured = [{**column, "width": round(need, 2)} for column, need in zip(columns, needs, strict=True)]
    return {
        "columns": measured,
        "size": round(size, 2),
        "share": round(share, 3),
        "wide": wide,
        "divided": needs is tight,
        "together": len(lines) <= _ROWS_TOGETHER and sum(lines) <= 2 * _ROWS_TOGETHER,
        "long": max(lines, default=0) > 2 * _ROWS_TOGETHER,
    }


def _lines(needs: Sequence[float], row: Mapping[str, Any]) -> float:
    """About how many lines a row has."""
    return max(
        letters.width(one["text"]) / (need - _PADDING) for one, need in zip(row["cells"], needs, strict=True)
    )


def _needs(
    columns: list[dict[str, Any]], rows: list[dict[str, Any]], beside: int, longest: int
) -> list[float]:
    """Letters each column needs: its longest word, and of words in a row about ``beside`` letters."""
    needs = []
    for place, column in enumerate(columns):
        texts = [row["cells"][place]["text"] for row in rows]
        label = str(column["label"])
        word = max((min(letters.width(one), longest) for one in label.split()), default=1) * 1.12
        widest = max((letters.width(one) for one in texts), default=1)
        if not column["number"]:
            word = max(word, *(min(letters.width(one), longest) for text in texts for one in text.split()), 1)
            widest = min(widest, beside)
        needs.append(max(word, widest) + _PADDING)
    return needs


def _source(cell: Cell, marks: Mapping[str, printed.Source]) -> dict[str, str | None]:
    found = marks.get(cell.figure.result) if cell.figure else None
    return {"source": found.anchor if found else None, "mark": found.mark if found else None}


def _sources(table: Table, marks: Mapping[str, printed.Source]) -> Sequence[Mapping[str, str]]:
    """Each source a table's numbers are from, once."""
    names = dict.fromkeys(cell.figure.result for row in table.rows for cell in row.cells if cell.figure)
    return [{"source": marks[name].anchor, "mark": marks[name].mark} for name in names if name in marks]
