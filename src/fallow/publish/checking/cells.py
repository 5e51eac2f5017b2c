"""Step 4, checking a table in a file that is not the one Fallow makes, cell by cell."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from typing import Any

from fallow.publish.checking.checked import Line, fails
from fallow.publish.checking.comparing import shown
from fallow.publish.checking.reading import sheets
from fallow.publish.publication import Publication, Table
from fallow.publish.writers.harmless import harmless, harmless_in_csv
from fallow.publish.writers.remade import Document
from fallow.publish.writers.tables import grid
from fallow.publish.writers.workbook import FIRST_ROW, HEADER_ROW
from fallow.words import say

_CSV_HEADER, _CSV_FIRST = 1, 3
_MOST_NAMED = 20
_Cells = Sequence[Sequence[Any]]


def cells(document: Document, content: bytes, publication: Publication, *, strict: bool) -> list[Line]:
    """A line for each cell that is not the published one, the first of them.

    Parameters
    ----------
    strict
        Whether the words of Fallow itself must be the same too: another version may have others for a number
        that is withheld, or for a unit.
    """
    return [
        line
        for _, line in zip(range(_MOST_NAMED), _cells(document, content, publication, strict), strict=False)
    ]


def _cells(document: Document, content: bytes, publication: Publication, strict: bool) -> Iterator[Line]:
    tables = {one.id: one for one in publication.tables}
    if document.form == "csv" and document.block in tables:
        found = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
        table = tables[document.block]
        yield from _differing(document, table, found, (_CSV_HEADER, _CSV_FIRST), strict)
        if len(found) > _CSV_FIRST - 1 + len(table.rows):
            more = len(found) - _CSV_FIRST + 1
            yield fails("BUNDLE_DOCUMENT", document.name, printed=len(table.rows), found=more)
    elif document.form == "xlsx":
        there = sheets(content, document.name)
        for id, table in tables.items():
            if id[:31] in there:
                yield from _differing(document, table, there[id[:31]], (HEADER_ROW, FIRST_ROW), strict)
            else:
                yield fails("BUNDLE_DOCUMENT", document.name, printed=id, found="-")


def _differing(
    document: Document, table: Table, found: _Cells, rows: tuple[int, int], strict: bool
) -> Iterator[Line]:
    header, first = rows
    expected = grid(table, document.lang)
    untold = {say(cell.instead, document.lang) for row in table.rows for cell in row.cells if cell.instead}
    lines: list[tuple[int, int, Sequence[Any]]] = [(0, header - 1, expected.header)]
    lines += [(number, first - 2 + number, row) for number, row in enumerate(expected.rows, 1)]
    for number, at, row in lines:
        there = found[at] if at < len(found) else ()
        for column, value in enumerate(row):
            seen = there[column] if column < len(there) else None
            if _same(value, seen) or (not strict and _worded(value, seen, untold, head=number == 0)):
                continue
            place = f"{document.name} {table.id} {number}:{column + 1}"
            read = _number(seen)
            said = shown("" if seen is None else str(seen)) if read is None else read
            yield fails("BUNDLE_DOCUMENT", place, printed=value, found=said)


def _same(value: Any, seen: Any) -> bool:
    if not isinstance(value, str):
        return _number(value) == _number(seen)
    found = " ".join(str("" if seen is None else seen).removeprefix("'").split())
    return found in {" ".join(way(value).removeprefix("'").split()) for way in (harmless, harmless_in_csv)}


def _worded(value: Any, seen: Any, untold: set[str], *, head: bool) -> bool:
    """Whether only a word of Fallow's own may differ: what stands for an untold number, a unit in a head."""
    if not isinstance(value, str) or _number(seen) is not None:
        return False
    return value in untold or (head and value.partition(" (")[0] in str(seen))


def _number(value: Any) -> float | None:
    """A number, also one that is written as text; ``None`` for words."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None
