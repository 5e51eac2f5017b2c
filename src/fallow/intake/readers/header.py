"""Step 1, reports arrive: names of columns out of a header row, for every format that has one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from fallow.errors import FallowError
from fallow.intake.readers.job import Job

REWRITTEN = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d{1,3}")
"""A number as a spreadsheet rewrites a long identifier: ``1E+05``. Its last digits are lost."""


def column_names(cells: Sequence[Any], where: str, job: Job) -> list[str]:
    """Column names, spaces around them taken off; a column without a name is called ``column 7``.

    Raises
    ------
    FallowError
        ``DUPLICATE_HEADER`` when two columns would be one.
    """
    names = []
    for place, cell in enumerate(cells, 1):
        name = "" if cell is None else str(cell).strip().strip("\ufeff")
        if not name:
            name = f"column {place}"
            job.tally.add("HEADER_EMPTY", f"{where}, {name}")
        names.append(name)
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise FallowError("DUPLICATE_HEADER", where, names=", ".join(twice[:10]))
    if len(names) > job.spec.limits.columns:
        raise FallowError("TOO_MANY_COLUMNS", where, found=len(names), limit=job.spec.limits.columns)
    return names


def numbered(width: int, where: str, job: Job) -> list[str]:
    """Names for the columns of a table without a header: ``c1``, ``c2`` ... as wide as its first row."""
    return column_names([f"c{place}" for place in range(1, width + 1)], where, job)


def hxl_tags(cells: Sequence[Any]) -> tuple[str, ...] | None:
    """The tags of an HXL row, or ``None``: there every cell that holds something starts with ``#``."""
    texts = ["" if cell is None else str(cell).strip() for cell in cells]
    if any(texts) and all(text.startswith("#") or not text for text in texts):
        return tuple(texts)
    return None
