"""Step 1, reports arrive: one cell on its way from the text in the file to the canonical value of a field.

Everything a description can say about a field (``empty``, ``lookup``, ``split``, ``join``, ``pattern``,
``pad``, ``unit``, ``date``) happens here, cell by cell; ``mapping_columns.py`` calls it once for each
distinct text of a column.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from fallow.errors import FallowError
from fallow.intake.source import FieldSpec
from fallow.kinds import VALUE_TYPES, Field, Model, Reading

PLAIN = Reading()
_PLACEHOLDER = re.compile(r"\{([^{}:]+)(?::0?(\d+))?\}")
_CODED = frozenset({"code", "codes"})


class Fault(NamedTuple):
    """Why a cell cannot come in."""

    code: str
    facts: Mapping[str, Any]


class Cell(NamedTuple):
    """What one cell says: a canonical value, the text it came as when that reads differently, or a fault."""

    value: Any
    original: str | None = None
    fault: Fault | None = None


NOTHING = Cell(None)


def raw_text(raw: Any) -> str:
    """A cell as text, as a person would read it: ``5313.0`` of a spreadsheet is ``5313``."""
    if raw is None:
        return ""
    if isinstance(raw, str):
        return raw
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 1e15:
        return str(int(raw))
    text = str(raw)
    # 0.00005 is written 5e-05; with an exponent it would look like a number that a spreadsheet cut short.
    return format(Decimal(text), "f") if "e" in text and isinstance(raw, float) else text


def placeholders(pattern: str) -> list[str]:
    """The columns a pattern names."""
    return [found[1] for found in _PLACEHOLDER.finditer(pattern)]


def cell(raws: Sequence[Any], spec: FieldSpec, of: Field, model: Model) -> Cell:
    """The canonical value of one field from the cells of its columns."""
    if spec.collect is not None:
        return _collected(raws, spec, of, model)
    original = " ".join(text for text in map(raw_text, raws) if text)
    # A number that a spreadsheet or JSON typed carries no separators of a language.
    typed = len(raws) == 1 and isinstance(raws[0], int | float)
    text = _one_text(raws, spec)
    if not text or text in spec.empty:
        return NOTHING
    try:
        value = _value(text, spec, of, model, _reading(spec, typed=typed))
    except FallowError as fault:
        return Cell(None, None, Fault(fault.code, {"field": of.name, **fault.facts}))
    if value is None:
        return NOTHING
    return Cell(value, None if original == raw_text(value) else original)


def parse_text(text: str, spec: FieldSpec, of: Field, model: Model) -> Any:
    """A text the description itself gives (a constant, a lookup's answer) as a canonical value."""
    return VALUE_TYPES[of.type].parse(text, of, model, _reading(spec))


def _collected(raws: Sequence[Any], spec: FieldSpec, of: Field, model: Model) -> Cell:
    """The codes whose columns say yes; an answer that is neither yes nor no must be declared empty."""
    codes = []
    for column, raw in zip(spec.columns, raws, strict=True):
        text = raw_text(raw).strip()
        if not text or text in spec.empty:
            continue
        try:
            yes = VALUE_TYPES["yes_no"].parse(text, of, model, PLAIN)
        except FallowError as fault:
            return Cell(None, None, Fault(fault.code, {**fault.facts, "field": of.name, "column": column}))
        if yes:
            codes.append((spec.collect or {})[column])
    return Cell(VALUE_TYPES[of.type].parse(codes, of, model, PLAIN)) if codes else NOTHING


def _reading(spec: FieldSpec, *, typed: bool = False) -> Reading:
    if typed:
        return Reading(date_pattern=spec.date, unit=spec.unit)
    return Reading(decimal=spec.decimal, thousands=spec.thousands, date_pattern=spec.date, unit=spec.unit)


def _one_text(raws: Sequence[Any], spec: FieldSpec) -> str:
    texts = [raw_text(raw).strip() for raw in raws]
    if spec.pattern is not None:
        return _patterned(dict(zip(spec.columns, texts, strict=True)), spec)
    if len(texts) > 1:
        return (spec.join or "").join(text for text in texts if text and text not in spec.empty)
    return texts[0]


def _patterned(texts: Mapping[str, str], spec: FieldSpec) -> str:
    """A pattern filled in up to the first column that says nothing: year without month is the year."""
    filled, end = "", 0
    for found in _PLACEHOLDER.finditer(spec.pattern or ""):
        text = _without(texts[found[1]], spec.thousands)
        if not text or text in spec.empty:
            return filled.rstrip("-/. :")
        filled += (spec.pattern or "")[end : found.start()] + text.zfill(int(found[2] or 0))
        end = found.end()
    return filled + (spec.pattern or "")[end:]


def _without(text: str, thousands: str) -> str:
    return text.replace(thousands, "") if thousands else text


def _value(text: str, spec: FieldSpec, of: Field, model: Model, reading: Reading) -> Any:
    value_type = VALUE_TYPES[of.type]
    if spec.split is not None:
        parts = [part.strip() for part in text.split(spec.split)]
        looked_up = [_looked_up(part, spec, of) for part in parts if part and part not in spec.empty]
        given = [part for part, _ in looked_up if part is not None]
        return value_type.parse(given, of, model, reading) if given else None
    found, by_lookup = _looked_up(text, spec, of)
    if found is None:
        return None
    if by_lookup:
        return value_type.parse(found, of, model, PLAIN)
    if spec.pad is not None:
        return value_type.parse(_without(found, spec.thousands).zfill(spec.pad), of, model, PLAIN)
    return value_type.parse(found, of, model, reading)


def _looked_up(text: str, spec: FieldSpec, of: Field) -> tuple[str | None, bool]:
    """The text a lookup gives, and whether it gave one; letter case alone makes no difference."""
    if spec.lookup is None:
        return text, False
    if text in spec.lookup:
        return spec.lookup[text], True
    folded = text.casefold()
    for raw, meant in spec.lookup.items():
        if raw.strip().casefold() == folded:
            return meant, True
    if spec.otherwise is not None:
        return spec.otherwise, True
    if of.type in _CODED:
        return (
            text,
            False,
        )  # it may be a code already; if not, its value type refuses it and names the nearest
    shown = "•••" if of.personal else text[:60]
    raise FallowError("LOOKUP_MISSING", found=shown)
