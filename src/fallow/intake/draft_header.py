"""Step 1, reports arrive: whether the first row of a table names its columns or is already data.

Only a proposal for the draft. A row of names has words over columns of dates, numbers, coordinates and ids; a
row of data has, in such a column, one more of the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fallow.intake.mapping_values import raw_text

_NUMBER = re.compile(r"[+-]?\d[\d ]*([.,]\d+)*")
_DAY = re.compile(r"\d{4}-\d{2}(-\d{2})?([T ].*)?|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}")
_YEAR = re.compile(r"(19|20)\d\d")
_REPEATED = 20
"""A column with more different texts than this does not show that a word in it is one of its codes."""


def headless(columns: Mapping[str, Sequence[Any]]) -> bool:
    """Whether the first row looks like data.

    Parameters
    ----------
    columns
        The cells of the first rows by column, the doubtful row first.

    Returns
    -------
    bool
        Some first cell is of one style with those below it, and none is a word over a column that has no
        words.
    """
    alike = False
    for cells in columns.values():
        first, *rest = (raw_text(cell).strip() for cell in cells)
        below = [text for text in rest if text]
        if not first or not below:
            continue
        styles = {_style(text) for text in below}
        typed = all(style != "" for style in styles)
        if typed and _style(first) == "":
            return False
        if _YEAR.fullmatch(first) and styles == {"number"} and not all(map(_YEAR.fullmatch, below)):
            continue  # a column called 2019 over counts
        same = typed and _style(first) in styles
        code = len(below) > 1 and len(set(below)) < min(len(below), _REPEATED) and first in below
        alike = alike or same or code
    return alike


def _style(text: str) -> str:
    """``day``, ``number``, or the shape of an id (``A-9`` for ``V-17``); empty for words."""
    if _DAY.fullmatch(text):
        return "day"
    if _NUMBER.fullmatch(text):
        return "number"
    if " " in text or not any(map(str.isdigit, text)):
        return ""
    return re.sub(r"[^\W\d_]+", "A", re.sub(r"\d+", "9", text))
