"""Step 4, a workbook: a publication as XLSX, a sheet to be read first and a sheet a table.

On every sheet: title, S4's words, the labels, their HXL hashtags, the numbers as numbers, the notes. The
same publication gives the same bytes, whenever and wherever it is written.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fallow.publish.publication import (
    Absent,
    Heading,
    Paragraph,
    Publication,
    Signatures,
    Table,
    Unit,
)
from fallow.publish.writers import printed
from fallow.publish.writers.harmless import harmless
from fallow.publish.writers.tables import Grid, Value, about, grids, spoken
from fallow.words import RIGHT_TO_LEFT, in_language, say

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

HEADER_ROW, TAG_ROW, FIRST_ROW = 4, 5, 6
"""Where a sheet of a table has its labels, its hashtags and its first line of numbers, counted from 1."""

_FORMATS: dict[Unit, str] = {"count": "#,##0", "m2": "#,##0", "percent": "0.0", "number": "#,##0.##"}
_WIDEST, _NARROWEST = 48, 9
_INK, _PALE, _BAND = "FF1F3A33", "FF5B6B66", "FFE7EEEA"


def write_xlsx(publication: Publication, lang: str, target: Path) -> None:
    """Write the workbook in one language; right to left for languages that are."""
    from openpyxl import Workbook  # 0.3 s to import

    book = Workbook()
    if book.active is not None:
        book.remove(book.active)
    names = _sheet_names(publication, say("publish.readme", lang))
    _read_me(book, publication, lang, names)
    for block, of in grids(publication, lang):
        _sheet(book, publication, block, of, names[block.id], lang)
    signed = [one for one in publication.blocks if isinstance(one, Signatures) and one.people]
    if signed:
        _signatures(book, signed, lang)
    for sheet in book.worksheets:
        _page(sheet, publication, lang)
    properties = book.properties
    properties.title = harmless(in_language(publication.title, lang))
    properties.creator = harmless(publication.stamp.programme)
    properties.subject = harmless(publication.name)
    properties.description = harmless(printed.s4(publication.stamp, lang))
    properties.language = lang
    made = io.BytesIO()
    book.save(made)
    target.write_bytes(_without_clock(made.getvalue(), publication.stamp.data_date))


def _sheet_names(publication: Publication, first: str) -> dict[str, str]:
    """A sheet name for each table: its id, cut to the 31 characters there may be, each once."""
    taken, names = {first.casefold()}, {"": first}
    for block in publication.blocks:
        if isinstance(block, Table | Absent):
            name, number = block.id[:31], 1
            while name.casefold() in taken:
                number += 1
                name = f"{block.id[: 30 - len(str(number))]}_{number}"
            taken.add(name.casefold())
            names[block.id] = name
    return names


def _read_me(book: Workbook, publication: Publication, lang: str, names: dict[str, str]) -> None:
    sheet = book.create_sheet(names[""])
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 28, 110
    _row(sheet, [in_language(publication.title, lang)], bold=True, size=16)
    if publication.subtitle:
        _row(sheet, [in_language(publication.subtitle, lang)], size=12)
    _row(sheet, [])
    for label, text in about(publication, lang):
        _row(sheet, [label, text], strong=publication.stamp.invented and not label)
    listed = False
    for block in publication.blocks:
        if isinstance(block, Heading):
            _row(sheet, [])
            _row(sheet, [in_language(block.text, lang)], bold=True, size=13 if block.level == 1 else 11)
        elif isinstance(block, Paragraph):
            _row(sheet, ["", spoken(block, lang)])
        elif isinstance(block, Table | Absent):
            if not listed:
                listed = True
                _row(sheet, [])
                _row(sheet, [say("publish.readme.sheets", lang)], bold=True, size=13)
            title = in_language(block.title, lang)
            reason = (
                f". {say('publish.absent', lang)}: {in_language(block.reason, lang)}"
                if isinstance(block, Absent)
                else ""
            )
            _row(sheet, [names[block.id], f"{title}{reason}"])
            name = names[block.id].replace("'", "''")
            sheet.cell(sheet.max_row, 1).hyperlink = _inside(sheet, sheet.max_row, f"'{name}'!A1")
    _row(sheet, [])
    _row(sheet, [say("publish.sources", lang)], bold=True, size=13)
    for source in printed.sources(publication, lang):
        _row(sheet, [source.name, source.title], bold=True)
        for label, value in source.rows:
            _row(sheet, [label, value])


def _inside(sheet: Worksheet, row: int, place: str) -> Any:
    from openpyxl.worksheet.hyperlink import Hyperlink

    return Hyperlink(ref=f"A{row}", location=place)


def _sheet(
    book: Workbook, publication: Publication, block: Table | Absent, of: Grid, name: str, lang: str
) -> None:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(name)
    _row(sheet, [in_language(block.title, lang)], bold=True, size=14, wrap=False)
    invented = printed.invented(publication.stamp, lang)
    _row(sheet, [invented or publication.stamp.programme], strong=bool(invented), wrap=False)
    _row(sheet, [printed.s4(publication.stamp, lang)], pale=True, wrap=False)
    _row(sheet, of.header, bold=True)
    _row(sheet, of.tags, pale=True, wrap=False)
    line = Side(style="thin", color=_INK)
    for cell in sheet[HEADER_ROW]:
        cell.fill = PatternFill("solid", fgColor=_BAND)
        cell.alignment = Alignment(wrap_text=True, vertical="bottom")
        cell.border = Border(bottom=line)
    for row, total in zip(of.rows, of.totals, strict=True):
        _row(sheet, row, bold=total, wrap=isinstance(block, Absent))
        for cell, unit in zip(sheet[sheet.max_row], of.units, strict=True):
            if unit in _FORMATS:
                cell.alignment = Alignment(horizontal="right", vertical="top")
                cell.number_format = _FORMATS[unit]
                if cell.data_type == "s":  # a number that is not told
                    cell.font = Font(name="Calibri", italic=True, color=_PALE, bold=total)
            if total:
                cell.border = Border(top=Side(style="hair", color=_INK))
    if isinstance(block, Table):
        if not of.rows:
            _row(sheet, [say("publish.empty_table", lang)], wrap=False)
        _row(sheet, [])
        for note in block.notes:
            _row(sheet, [in_language(note, lang)], pale=True, wrap=False)
    for position, width in enumerate(_widths(of), start=1):
        sheet.column_dimensions[get_column_letter(position)].width = width
    sheet.freeze_panes = f"A{FIRST_ROW}"


def _widths(of: Grid) -> Iterable[float]:
    for position, label in enumerate(of.header):
        longest = max((len(str(row[position])) for row in of.rows), default=0)
        words = max((len(word) for word in label.split()), default=0)
        wanted = max(longest * 1.15, words * 1.15, min(len(label), 20)) + 2
        yield float(round(min(max(wanted, _NARROWEST), 110 if len(of.header) == 1 else _WIDEST), 1))


def _signatures(book: Workbook, signed: list[Signatures], lang: str) -> None:
    sheet = book.create_sheet(say("publish.signed_by", lang)[:31])
    parts = ("name", "organisation", "mandate", "date")
    _row(sheet, [say(f"publish.signatory.{one}", lang) for one in parts], bold=True)
    for block in signed:
        for one in block.people:
            _row(sheet, [one.name, one.organisation, one.mandate, one.date])
    for letter in "ABCD":
        sheet.column_dimensions[letter].width = 36
    sheet.freeze_panes = "A2"


def _row(
    sheet: Worksheet,
    values: Iterable[Value],
    *,
    bold: bool = False,
    size: int = 11,
    pale: bool = False,
    strong: bool = False,
    wrap: bool = True,
) -> None:
    """Put a row under the last; text as text, so that no cell is ever a formula."""
    from openpyxl.styles import Alignment, Font

    row = getattr(sheet, "_next", 1)
    sheet._next = row + 1
    colour = _PALE if pale else "FFA32A12" if strong else None
    font = Font(name="Calibri", bold=bold or strong, size=size, color=colour)
    for position, value in enumerate(values, start=1):
        cell = sheet.cell(row, position)
        if isinstance(value, str):
            if value:
                # Typed as text even when it begins with "=", and quoted for who edits the cell later.
                safe = harmless(value)
                cell.value = value if safe == value else safe.removeprefix("'")
                cell.data_type = "s"
                cell.quotePrefix = safe != value
        else:
            cell.value = value
        cell.font = font
        cell.alignment = Alignment(wrap_text=wrap, vertical="top")


def _page(sheet: Worksheet, publication: Publication, lang: str) -> None:
    """How a sheet looks and prints: direction, one page wide, S4's words on every page."""
    sheet.sheet_view.rightToLeft = lang in RIGHT_TO_LEFT
    sheet.sheet_view.showGridLines = False
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    invented = printed.invented(publication.stamp, lang)
    sheet.oddHeader.center.text = _in_margin(invented or publication.stamp.programme)
    silence = say("publish.silence", lang)
    sheet.oddFooter.left.text = _in_margin(
        f"{say('publish.data_to', lang, date=publication.stamp.data_date)}. {silence}"
    )
    sheet.oddFooter.right.text = "&P / &N"


def _in_margin(text: str) -> str:
    """Headers and footers take ``&`` for a command and at most 255 characters."""
    return harmless(text).replace("&", "&&")[:200]


def _without_clock(book: bytes, day: str) -> bytes:
    """The same workbook dated with its data instead of the moment it was written."""
    out = io.BytesIO()
    dated = f">{day}T00:00:00Z<".encode()
    year, month, of_month = (int(one) for one in day.split("-"))
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb">\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ<", dated, content)
            info = zipfile.ZipInfo(name, (max(year, 1980), month, of_month, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            new.writestr(info, content)
    return out.getvalue()
