"""Step 1, reports arrive: columns that need no working out, checked whole.

A column where every cell differs (ids, names, areas) gains nothing from a memo: each cell then costs 25
microseconds, a quarter of a large import. What such a column usually holds is already canonical, and that can
be seen for 2,000 cells at once. Where it cannot, ``None`` sends the batch the careful way;
``tests/intake/test_mapping_plain.py`` holds that both ways say the same.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

from fallow.intake.source import FieldSpec
from fallow.kinds import LONGEST_TEXT, Field, suspicious

Plain = Callable[[Sequence[Any]], tuple[Sequence[Any], Sequence[str | None] | None] | None]
"""A column of raw cells to values and originals, or ``None`` when some cell needs care."""

_STRINGS = frozenset({str, type(None)})
_NUMBERS = frozenset({float, int, type(None)})


def plain_reader(spec: FieldSpec, of: Field) -> Plain | None:
    """The quick way for a field, where its description asks for nothing special."""
    special = (spec.lookup, spec.split, spec.join, spec.pad, spec.pattern, spec.date, spec.constant)
    if len(spec.columns) != 1 or any(one is not None for one in special):
        return None
    if of.type == "text":
        return lambda column: _texts(column, spec.empty)
    if of.type in ("quantity", "decimal") and not spec.empty and spec.unit in (None, of.unit):
        return lambda column: _numbers(column, of)
    return None


def _texts(
    column: Sequence[Any], empty: frozenset[str]
) -> tuple[Sequence[Any], Sequence[str | None] | None] | None:
    if not set(map(type, column)) <= _STRINGS:
        return None
    # A blank between the cells: it starts a new cluster, so the whole is in form C only if each cell is.
    together = " ".join([text for text in column if text])
    plain = together.isascii() and together.isprintable()
    if not plain and (
        suspicious(together) or "\r" in together or not unicodedata.is_normalized("NFC", together)
    ):
        return None
    if plain and all(column) and "  " not in f" {together} " and empty.isdisjoint(column):
        # Every cell says something, and no blank stands at either end of one.
        return (column, None) if max(map(len, column), default=0) <= LONGEST_TEXT else None
    values = [text.strip() or None if text else None for text in column]
    if empty:
        values = [None if text in empty else text for text in values]
    if max(map(len, filter(None, values)), default=0) > LONGEST_TEXT:
        return None
    originals = [
        raw if value is not None and value != raw else None for raw, value in zip(column, values, strict=True)
    ]
    return values, originals if any(originals) else None


def _numbers(column: Sequence[Any], of: Field) -> tuple[Sequence[Any], Sequence[str | None] | None] | None:
    if not set(map(type, column)) <= _NUMBERS:
        return None
    given = [number for number in column if number is not None]
    if not given:
        return list(column), None
    low, high = min(given), max(given)
    if not all(map(math.isfinite, given)) or abs(low) > 1e15 or abs(high) > 1e15:
        return None
    if (of.low is not None and low < of.low) or (of.high is not None and high > of.high):
        return None
    return [None if number is None else number + 0.0 for number in column], None
