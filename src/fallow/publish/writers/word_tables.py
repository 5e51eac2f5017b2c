"""Step 4, tables in Word: widths in which no number is broken, on a turned page where they need it.

Word gives each column the same width and breaks what does not fit at any letter: of 2 047 186 it made 2 04718
and 6 on two lines. So widths are computed from what stands in the cells, as for the printed page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unicodedata import bidirectional

from fallow.publish.publication import Table
from fallow.publish.writers import printed
from fallow.publish.writers.letters import width
from fallow.publish.writers.word_parts import made, put, q

if TYPE_CHECKING:
    from docx.document import Document

PORTRAIT, LANDSCAPE = 470.0, 717.0
"""Points between the margins of a page and of a turned page."""
LARGEST, UPRIGHT, SMALLEST = 8.5, 6.5, 5.0
"""Points of the letters: as a rule, before the page is turned, and at all."""

_LETTER, _BOLD, _MARGIN = 0.57, 1.12, 3.0
_PADDING = 2 * _MARGIN + 1.5
"""Width of a letter in em, how much wider a bold one is, and points a cell keeps free at each side."""
_JOINED = 1.25
"""How much wider a letter of Arabic may be: the printed page has its font, a reader of Word has another."""
_LONGEST_WORD, _WORDS_BESIDE = 24, 30
"""Letters from which on a word may be broken (a hash), and how many letters of words stand side by side."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table stands on its page: widths of the columns and size of the letters, both in points."""

    widths: tuple[float, ...]
    size: float
    turned: bool


def heads(table: Table, lang: str) -> list[tuple[str, bool]]:
    """The heads of a table's columns, and whether a column is of numbers."""
    return [(printed.head(one, lang), one.unit in printed.NUMBERS) for one in table.columns]


def texts(table: Table, lang: str) -> list[list[str]]:
    """The texts of a table's cells."""
    return [
        [
            printed.shown(cell, column.unit, lang, column.values)
            for cell, column in zip(row.cells, table.columns, strict=True)
        ]
        for row in table.rows
    ]


def layout(columns: Sequence[tuple[str, bool]], rows: Sequence[Sequence[str]]) -> Layout:
    """The layout of a table from its heads and texts."""
    least, most = [], []
    for place, (head, number) in enumerate(columns):
        told = [row[place] for row in rows]
        words = [_BOLD * min(_wide(one), _LONGEST_WORD) for one in head.split()]
        words += (
            [_BOLD * width(one) for one in told]  # a total is bold
            if number
            else [min(_wide(one), _LONGEST_WORD) for text in told for one in text.split()]
        )
        least.append(max(words, default=1.0))
        most.append(max(least[-1], min(max(map(width, (*told, head)), default=1.0), _WORDS_BESIDE)))
    size, turned = _size(least)
    room = LANDSCAPE if turned else PORTRAIT
    needed = [one * _LETTER * size + _PADDING for one in least]
    wanted = [one * _LETTER * size + _PADDING for one in most]
    total = max(room / 2, min(room, sum(wanted)))
    if sum(needed) >= total:
        return Layout(tuple(one * room / sum(needed) for one in needed), size, turned)
    spare, wish = total - sum(needed), sum(wanted) - sum(needed)
    more = [(w - n) / wish if wish else 1 / len(needed) for n, w in zip(needed, wanted, strict=True)]
    return Layout(tuple(n + spare * m for n, m in zip(needed, more, strict=True)), size, turned)


def _wide(word: str) -> float:
    """About how many Latin letters stand in the place of a word, in whatever font its reader has."""
    return width(word) * (_JOINED if any(bidirectional(one) == "AL" for one in word) else 1.0)


def _size(least: Sequence[float]) -> tuple[float, bool]:
    """The largest letters with which nothing is broken; below a size to read well the page is turned."""
    letters, padding = sum(least) * _LETTER, len(least) * _PADDING
    upright = (PORTRAIT - padding) / letters
    if upright >= UPRIGHT:
        return round(min(LARGEST, upright) * 2 - 0.499) / 2, False
    turned = (LANDSCAPE - padding) / letters
    return max(SMALLEST, round(min(LARGEST, turned) * 2 - 0.499) / 2), True


def fit(table: Any, to: Layout) -> None:
    """Give a table these widths, and keep each of its rows on one page."""
    table.autofit = False
    twips = [round(one * 20) for one in to.widths]
    for column, wide in zip(table._tbl.tblGrid.gridCol_lst, twips, strict=True):
        column.set(q("w:w"), str(wide))
    whole = table._tbl.tblPr.find(q("w:tblW"))
    whole.set(q("w:type"), "dxa")
    whole.set(q("w:w"), str(sum(twips)))
    margins = made("w:tblCellMar")
    for side in ("left", "right"):
        margins.append(made(f"w:{side}", {"w:w": str(round(_MARGIN * 20)), "w:type": "dxa"}))
    put(table._tbl.tblPr, margins, ("tblLook", "tblCaption", "tblDescription", "tblPrChange"))
    for row in table._tbl.tr_lst:
        row.get_or_add_trPr().insert(0, made("w:cantSplit"))
        cells = row.tc_lst
        for cell, wide in zip(cells, twips if len(cells) == len(twips) else [sum(twips)], strict=True):
            properties = cell.get_or_add_tcPr()
            for old in properties.findall(q("w:tcW")):
                properties.remove(old)
            properties.insert(0, made("w:tcW", {"w:type": "dxa", "w:w": str(wide)}))


def turn(out: Document, *, turned: bool) -> None:
    """From here on, pages that stand upright or turned; head and foot stay."""
    from docx.enum.section import WD_ORIENT, WD_SECTION

    now = out.sections[-1]
    if (now.orientation == WD_ORIENT.LANDSCAPE) == turned:
        return
    new = out.add_section(WD_SECTION.NEW_PAGE)
    new.orientation = WD_ORIENT.LANDSCAPE if turned else WD_ORIENT.PORTRAIT
    new.page_width, new.page_height = now.page_height, now.page_width
