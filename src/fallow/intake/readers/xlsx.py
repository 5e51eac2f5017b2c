"""Step 1, reports arrive: XLSX. The values come from openpyxl, what stands between them from our own scan."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterator
from itertools import chain
from typing import Any

import openpyxl
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from fallow.errors import FallowError, Finding
from fallow.intake.read_spec import TableInfo
from fallow.intake.readers.archive import Archive, open_archive
from fallow.intake.readers.header import REWRITTEN, column_names, hxl_tags, numbered
from fallow.intake.readers.job import ROWS_A_BATCH, Chunk, Job
from fallow.intake.readers.xlsx_scan import Scan, Sheet, column_letters, refuse_active, scan_sheet, sheets

_FIFTEEN_DIGITS = 10**15


def tables(job: Job) -> list[TableInfo]:
    """Every sheet, hidden ones marked."""
    with open_archive(job, "XLSX", nested=True) as archive:
        found = []
        for sheet in _sheets(job, archive):
            scan = scan_sheet(archive, sheet, job.spec.limits)
            found.append(_describe(job, sheet, scan))
        return found


def read(job: Job) -> Iterator[Chunk]:
    """Rows of one sheet; ``where`` is ``Sheet1!row 4``."""
    with open_archive(job, "XLSX", nested=True) as archive:
        sheet = _chosen(job, _sheets(job, archive))
        scan = scan_sheet(archive, sheet, job.spec.limits)
    _tell_what_is_hidden(job, sheet, scan)
    yield from _chunks(job, sheet, scan)


def _sheets(job: Job, archive: Archive) -> list[Sheet]:
    refuse_active(archive)
    return sheets(archive, job.spec.limits)


def _chosen(job: Job, sheets: list[Sheet]) -> Sheet:
    visible = [one for one in sheets if not one.hidden]
    known = ", ".join(one.name for one in sheets)
    if job.spec.layer is not None:
        chosen = next((one for one in sheets if one.name == job.spec.layer), None)
        if chosen is None:
            raise FallowError("LAYER_UNKNOWN", job.spec.layer, known=known)
    elif len(visible) == 1:
        chosen = visible[0]
    else:
        raise FallowError("LAYER_MISSING", "", known=known)
    others = [one for one in sheets if one is not chosen]
    job.ignored += [f"sheet {one.name}" for one in others]
    hidden = [one.name for one in others if one.hidden]
    if hidden:
        job.tell("XLSX_HIDDEN_SHEET", "confirm", "", places=", ".join(hidden[:20]), count=len(hidden))
    return chosen


def _tell_what_is_hidden(job: Job, sheet: Sheet, scan: Scan) -> None:
    rows = scan.hidden_rows.named()
    if rows:
        job.tell(
            "XLSX_HIDDEN_ROWS",
            "confirm",
            sheet.name,
            places=", ".join(rows[:20]),
            count=scan.hidden_rows.count(),
        )
    if scan.hidden_columns:
        places = ", ".join(scan.hidden_columns[:20])
        job.tell("XLSX_HIDDEN_COLUMNS", "confirm", sheet.name, places=places, count=len(scan.hidden_columns))
    if scan.merged:
        places = ", ".join(scan.merged[:20])
        job.tell("XLSX_MERGED", "confirm", sheet.name, places=places, count=len(scan.merged))


def _describe(job: Job, sheet: Sheet, scan: Scan) -> TableInfo:
    rows = _rows(job, sheet)
    if job.spec.header_row == 0:
        names, _ = _numbered(job, sheet, rows)
        return TableInfo(sheet.name, tuple(names), scan.rows, header_row=0, hidden=sheet.hidden)
    number = 0
    names = []
    hxl: tuple[str, ...] = ()
    for number, cells in rows:
        if number == job.spec.header_row and any(one is not None for one in cells):
            names = column_names(_trimmed(cells), f"{sheet.name}!row {number}", job)
        elif number == job.spec.header_row + 1:
            hxl = hxl_tags(cells[: len(names)]) or ()
            break
    data = max(scan.rows - job.spec.header_row - (1 if hxl else 0), 0)
    return TableInfo(
        sheet.name, tuple(names), data, header_row=job.spec.header_row, hxl=hxl, hidden=sheet.hidden
    )


def _rows(job: Job, sheet: Sheet) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Row number and values; dates are read in the workbook's own epoch (1900 or 1904)."""
    # Looking for the dimension reads a sheet that has none to its end, and we would not believe it anyway.
    ReadOnlyWorksheet._get_size = _no_size
    try:
        book = openpyxl.load_workbook(job.path, read_only=True, data_only=True, keep_links=False)
        table = book[sheet.name]
        # The dimension a sheet claims can be too small; without it every cell that is there is read.
        table.reset_dimensions()
        yield from enumerate(table.iter_rows(values_only=True), 1)
        book.close()
    except (KeyError, ValueError, TypeError, IndexError, AttributeError, zipfile.BadZipFile) as fault:
        raise FallowError("XLSX_DAMAGED", sheet.name[:80], found=type(fault).__name__) from fault


def _no_size(_: ReadOnlyWorksheet) -> None:
    """Stands in for openpyxl's look at the dimension a sheet claims."""


def _chunks(job: Job, sheet: Sheet, scan: Scan) -> Iterator[Chunk]:
    rows = _rows(job, sheet)
    if job.spec.header_row == 0:
        names, rows = _numbered(job, sheet, rows)
    else:
        names = _header(job, sheet, rows)
    start, where, kept, numbers = 0, [], [], []
    first = True
    for number, cells in rows:
        if first:
            first = False
            tags = hxl_tags(cells)
            if job.spec.hxl and tags is None:
                raise FallowError("HXL_MISSING", f"{sheet.name}!row {number}")
            if job.spec.hxl:
                continue
            if tags is not None:
                job.findings.append(Finding("HXL_ROW_FOUND", "refuse", f"{sheet.name}!row {number}", {}, 0))
        if all(one is None for one in cells) and number not in scan.uncalculated:
            if number <= scan.last_row:
                job.skipped.add(number)
            continue
        where.append(f"{sheet.name}!row {number}")
        kept.append(cells)
        numbers.append(number)
        if len(kept) == ROWS_A_BATCH:
            yield _chunk(job, scan, names, start, where, kept, numbers)
            start += len(kept)
            where, kept, numbers = [], [], []
    if kept or start == 0:
        yield _chunk(job, scan, names, start, where, kept, numbers)


def _header(job: Job, sheet: Sheet, rows: Iterator[tuple[int, tuple[Any, ...]]]) -> list[str]:
    place = f"{sheet.name}!row {job.spec.header_row}"
    for number, cells in rows:
        if number == job.spec.header_row:
            if all(one is None for one in cells):
                break
            return column_names(_trimmed(cells), place, job)
    raise FallowError("HEADER_MISSING", place)


def _numbered(
    job: Job, sheet: Sheet, rows: Iterator[tuple[int, tuple[Any, ...]]]
) -> tuple[list[str], Iterator[tuple[int, tuple[Any, ...]]]]:
    """Names for a sheet without a header, and all of its rows."""
    empty: list[tuple[int, tuple[Any, ...]]] = []
    for number, cells in rows:
        if any(one is not None for one in cells):
            names = numbered(len(_trimmed(cells)), f"{sheet.name}!row {number}", job)
            return names, chain(empty, [(number, cells)], rows)
        empty.append((number, cells))
    raise FallowError("HEADER_MISSING", f"{sheet.name}!row 1")


def _trimmed(cells: tuple[Any, ...]) -> list[Any]:
    """Cells without the empty ones at the end, which formatting leaves behind."""
    end = len(cells)
    while end and (cells[end - 1] is None or not str(cells[end - 1]).strip()):
        end -= 1
    return list(cells[:end])


def _chunk(
    job: Job, scan: Scan, names: list[str], start: int, where: list[str], kept: list[Any], numbers: list[int]
) -> Chunk:
    width = len(names)
    chunk = Chunk(start, where, {}, done=numbers[-1] / max(scan.last_row, 1) if numbers else 1.0)
    rows = []
    for spot, cells in enumerate(kept):
        if any(one is not None for one in cells[width:]):
            chunk.say(spot, "RAGGED_ROW", "refuse", found=len(_trimmed(cells)), expected=width)
        rows.append((*cells[:width], *(None,) * (width - len(cells))))
    by_column = list(zip(*rows, strict=True)) if rows else [()] * width
    for name, cells in zip(names, by_column, strict=True):
        chunk.columns[name] = [_plain(job, chunk, spot, name, one) for spot, one in enumerate(cells)]
    _tell_faults(chunk, scan, names, numbers)
    return chunk


def _tell_faults(chunk: Chunk, scan: Scan, names: list[str], numbers: list[int]) -> None:
    for spot, number in enumerate(numbers):
        for column, shown in scan.errors.get(number, ()):
            if column <= len(names):
                chunk.columns[names[column - 1]][spot] = None
                chunk.say(spot, "XLSX_ERROR_CELL", "refuse", f", {names[column - 1]}", found=shown)
        for column in scan.uncalculated.get(number, ()):
            name = names[column - 1] if column <= len(names) else column_letters(column)
            chunk.say(spot, "XLSX_NO_VALUE", "refuse", f", {name}")


def _plain(job: Job, chunk: Chunk, spot: int, name: str, value: Any) -> Any:
    """A cell as text, number or yes/no; dates as ISO text, a date without a time of day as a date."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            value = int(value)
        if abs(value) >= _FIFTEEN_DIGITS:
            # A spreadsheet keeps fifteen digits: a longer identifier has lost its end.
            job.tally.add("ID_MANGLED", f"{chunk.where[spot]}, {name}", chunk.start + spot)
        return value
    if isinstance(value, str):
        if REWRITTEN.fullmatch(value):
            job.tally.add("ID_MANGLED", f"{chunk.where[spot]}, {name}", chunk.start + spot)
        return value or None
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        return value.date().isoformat() if midnight else value.isoformat(timespec="seconds")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return str(value)
