"""Step 4, checking the documents of a bundle: tables are read again and compared with what is published.

CSV and XLSX are compared cell by cell. PDF, Word and HTML are bound by their hash alone: what they show is
for people to read, and a change in them is found without knowing where it is.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fallow.errors import FallowError
from fallow.publish import archive
from fallow.publish.bundle import DOCUMENTS
from fallow.publish.checked import Line, fails, failure, holds
from fallow.publish.harmless import harmless
from fallow.publish.manifest import Manifest
from fallow.publish.publication import Publication, Table
from fallow.publish.tables import grid
from fallow.publish.workbook import FIRST_ROW

_CSV_FIRST = 3
_MOST_NAMED = 20
_Cells = Sequence[Sequence[Any]]


def documents(members: Mapping[str, bytes], manifest: Manifest, publication: Publication) -> Iterator[Line]:
    """A line for each number in a table that is not the published one, and one for each file that holds."""
    tables = {one.id: one for one in publication.tables}
    for name in sorted(members):
        if not name.startswith(DOCUMENTS):
            continue
        stem = name.rpartition("/")[2].rpartition(".")[0]
        if name.endswith(".csv") and stem in tables:
            yield from _compared(name, {stem: tables[stem]}, {stem: (_csv, members[name], _CSV_FIRST)})
        elif name.endswith(".xlsx"):
            yield from _workbook(name, members[name], tables)


def _workbook(name: str, content: bytes, tables: Mapping[str, Table]) -> Iterator[Line]:
    try:
        sheets = _sheets(content, name)
    except FallowError as error:
        yield failure(error, name)
        return
    except Exception as error:  # noqa: BLE001 - a hostile workbook may break its reader in any way
        yield fails("BUNDLE_JSON", name, found=type(error).__name__)
        return
    there = {id: table for id, table in tables.items() if id[:31] in sheets}
    for id in sorted(set(tables) - set(there)):
        yield fails("BUNDLE_DOCUMENT", name, printed=id, found="-")
    yield from _compared(name, there, {id: (_rows, sheets[id[:31]], FIRST_ROW) for id in there})


def _compared(name: str, tables: Mapping[str, Table], files: Mapping[str, Any]) -> Iterator[Line]:
    count = named = 0
    for id, table in tables.items():
        read, content, first = files[id]
        try:
            found: _Cells = read(content)
        except (UnicodeDecodeError, csv.Error) as error:
            yield fails("BUNDLE_JSON", name, found=type(error).__name__)
            return
        # Words differ from language to language and may from version to version: numbers do not.
        for number, expected in enumerate(grid(table, "en").rows):
            row = found[first - 1 + number] if first - 1 + number < len(found) else ()
            for column, value in enumerate(expected):
                there, wanted = _number(row[column] if column < len(row) else None), _number(_printed(value))
                if there == wanted:
                    count += isinstance(value, int | float)
                    continue
                named += 1
                if named <= _MOST_NAMED:
                    place = f"{name} {id} {number + 1}:{column + 1}"
                    yield fails(
                        "BUNDLE_DOCUMENT", place, printed=value, found="-" if there is None else there
                    )
        if len(found) > first - 1 + len(table.rows) and read is _csv:
            named += 1
            yield fails("BUNDLE_DOCUMENT", name, printed=len(table.rows), found=len(found) - first + 1)
    if not named:
        yield holds("document", name, count=count)


def _csv(content: bytes) -> _Cells:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def _rows(sheet: _Cells) -> _Cells:
    return sheet


def _sheets(content: bytes, where: str) -> dict[str, _Cells]:
    """The sheets of a workbook by name, after a look at what it is made of."""
    for name, part in archive.workbook_parts(content, where).items():
        if name.endswith((".xml", ".rels")) and (b"<!DOCTYPE" in part or b"<!ENTITY" in part):
            raise FallowError("BUNDLE_UNREADABLE", where, found="DOCTYPE")
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(content), read_only=True)
    found: dict[str, _Cells] = {}
    for sheet in book.worksheets:
        sheet.reset_dimensions()
        found[sheet.title] = [
            row
            for _, row in zip(range(100_000), sheet.iter_rows(max_col=500, values_only=True), strict=False)
        ]
    return found


def _printed(value: Any) -> Any:
    return harmless(value) if isinstance(value, str) else value


def _number(value: Any) -> float | None:
    """A number, also one that is written as text; ``None`` for words."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None
