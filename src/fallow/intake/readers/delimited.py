"""Step 1, reports arrive: CSV and TSV, with whatever line ends, quotes and encodings offices write."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from fallow.errors import FallowError
from fallow.intake.read_spec import TableInfo
from fallow.intake.readers.header import REWRITTEN, column_names, hxl_tags, numbered
from fallow.intake.readers.job import ROWS_A_BATCH, Chunk, Job
from fallow.intake.readers.sniff import expect
from fallow.intake.readers.text import TextLines, encoding_of

DELIMITERS = (",", ";", "\t", "|")


@dataclass(slots=True)
class _Table:
    names: list[str]
    records: Iterator[tuple[int, list[str]]]
    """Row number as a spreadsheet counts it, and its cells."""
    hxl: tuple[str, ...]
    lines: TextLines
    head: list[str]
    """The row the names were taken from; without a header the first row of data."""


def tables(job: Job) -> list[TableInfo]:
    """One table; the delimiter is proposed when the source declares none."""
    with job.path.open("rb") as file:
        head = expect(file, job.spec.format.upper(), {None})
        encoding = encoding_of(head, job.spec.encoding)
    delimiter = job.spec.delimiter or _proposed(job, encoding)
    table = _open(job, encoding, delimiter, find_hxl=True)
    rows = sum(1 for _, cells in table.records if any(cells))
    return [
        TableInfo(
            "",
            tuple(table.names),
            rows,
            delimiter=delimiter,
            encoding=encoding,
            header_row=job.spec.header_row,
            hxl=table.hxl,
        )
    ]


def read(job: Job) -> Iterator[Chunk]:
    """Records as rows; ``where`` is ``row 12``, counted as a spreadsheet does."""
    job.no_layer()
    with job.path.open("rb") as file:
        head = expect(file, job.spec.format.upper(), {None})
    delimiter = job.spec.delimiter or ("\t" if job.spec.format == "tsv" else ",")
    table = _open(job, encoding_of(head, job.spec.encoding), delimiter)
    _refuse_other_delimiter(table.head, delimiter)
    yield from _chunks(job, table)


@dataclass(slots=True)
class _Gathered:
    """Records on their way into one chunk."""

    start: int = 0
    where: list[str] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)
    ragged: list[tuple[int, int]] = field(default_factory=list)
    """Spot and number of cells of the records that are not as wide as the header."""


def _chunks(job: Job, table: _Table) -> Iterator[Chunk]:
    width = len(table.names)
    some = _Gathered()
    for number, cells in table.records:
        if not any(cells):
            job.skipped.add(number)
            continue
        if len(cells) != width:
            # Empty cells behind the last column are left behind by spreadsheets and hold nothing.
            if len(cells) < width or any(cells[width:]):
                some.ragged.append((len(some.cells), len(cells)))
            cells = (cells + [""] * width)[:width]
        some.where.append(f"row {number}")
        some.cells.append(cells)
        if len(some.cells) == ROWS_A_BATCH:
            yield _chunk(job, table, some, table.lines.bytes_read() / job.size)
            some = _Gathered(some.start + ROWS_A_BATCH)
    if some.cells or some.start == 0:
        yield _chunk(job, table, some, 1.0)


def _chunk(job: Job, table: _Table, some: _Gathered, done: float) -> Chunk:
    by_column = list(zip(*some.cells, strict=True)) if some.cells else [()] * len(table.names)
    columns: dict[str, list[Any]] = {
        name: [cell or None for cell in cells] for name, cells in zip(table.names, by_column, strict=True)
    }
    chunk = Chunk(some.start, some.where, columns, done=min(done, 1.0))
    for spot, found in some.ragged:
        chunk.say(spot, "RAGGED_ROW", "refuse", found=found, expected=len(table.names))
    if some.start == 0 and not table.hxl and some.cells and hxl_tags(some.cells[0]):
        chunk.say(0, "HXL_ROW_FOUND", "refuse")
    for name, cells in zip(table.names, by_column, strict=True):
        if "+" in "".join(cells):
            for spot, cell in enumerate(cells):
                if REWRITTEN.fullmatch(cell):
                    job.tally.add("ID_MANGLED", f"{some.where[spot]}, {name}", some.start + spot)
    return chunk


def _open(job: Job, encoding: str, delimiter: str, *, find_hxl: bool = False) -> _Table:
    lines = TextLines(job.path, encoding)
    records = _records(job, lines, delimiter)
    if job.spec.header_row == 0:
        empty, header = _first(records)
        number = len(empty)
        names = numbered(len(header), f"row {number + 1}", job)
        records = chain(empty, [(number + 1, header)], records)
    else:
        number, header = next(((at, cells) for at, cells in records if at >= job.spec.header_row), (0, [""]))
        if number < job.spec.header_row or not any(header):
            raise FallowError("HEADER_MISSING", f"row {job.spec.header_row}")
        names = column_names(header, f"row {number}", job)
    hxl: tuple[str, ...] = ()
    if job.spec.hxl or find_hxl:
        ahead = next(records, None)
        tags = hxl_tags(ahead[1]) if ahead else None
        if tags is not None:
            hxl = tags
        elif job.spec.hxl:
            raise FallowError("HXL_MISSING", f"row {number + 1}")
        elif ahead:
            records = chain([ahead], records)
    return _Table(names, records, hxl, lines, header)


def _first(records: Iterator[tuple[int, list[str]]]) -> tuple[list[tuple[int, list[str]]], list[str]]:
    """The rows without any value before the first that has one, and that one."""
    empty: list[tuple[int, list[str]]] = []
    for number, cells in records:
        if any(cells):
            return empty, cells
        empty.append((number, cells))
    raise FallowError("HEADER_MISSING", "row 1")


def _records(job: Job, lines: TextLines, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(job.spec.limits.text)
    number = 1
    try:
        for cells in csv.reader(lines, delimiter=delimiter, strict=True):
            yield number, cells
            number += 1
    except csv.Error as fault:
        if "field larger" in str(fault):
            # A quote that is never closed swallows the rest of the file into one cell.
            raise FallowError(
                "TEXT_TOO_LONG", f"row {number}", found="", limit=job.spec.limits.text
            ) from fault
        raise FallowError("CSV_QUOTE", f"row {number}") from fault


def _refuse_other_delimiter(names: list[str], delimiter: str) -> None:
    """A header in one piece that holds another delimiter was cut with the wrong one."""
    if len(names) > 1:
        return
    better = max(DELIMITERS, key=names[0].count)
    if better != delimiter and names[0].count(better):
        shown = {"\t": "TAB"}
        raise FallowError(
            "DELIMITER", "header", declared=shown.get(delimiter, delimiter), found=shown.get(better, better)
        )


def _proposed(job: Job, encoding: str) -> str:
    """The delimiter that cuts the first rows into the most cells, the same number in each."""
    best, most = "\t" if job.spec.format == "tsv" else ",", 1
    for delimiter in DELIMITERS:
        widths = []
        try:
            for number, cells in _records(job, TextLines(job.path, encoding), delimiter):
                if number > job.spec.header_row + 20:
                    break
                if number >= job.spec.header_row and cells:
                    widths.append(len(cells))
        except FallowError as refusal:
            if refusal.code != "CSV_QUOTE":
                raise
            continue
        if widths and min(widths) == max(widths) > most:
            best, most = delimiter, widths[0]
    return best
