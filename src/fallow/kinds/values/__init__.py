"""Step 0, value types: what a field can hold, one class a type, found by the name a declaration uses."""

from __future__ import annotations

from collections.abc import Mapping

from fallow.kinds.values.base import NOT_SHOWN, PLAIN, ColumnType, Reading, ValueType
from fallow.kinds.values.choice import CodesType, CodeType, LinksType, LinkType, YesNoType, near_codes
from fallow.kinds.values.number import DecimalType, IntegerType, QuantityType, split_number
from fallow.kinds.values.text import LONGEST, FileType, NamesType, TextType, suspicious
from fallow.kinds.values.units import UNITS, Unit, convert, find_unit
from fallow.kinds.values.when import DateType, TimeType, date_high, date_low, date_patterns

LONGEST_TEXT = LONGEST

__all__ = [
    "LONGEST_TEXT",
    "NOT_SHOWN",
    "PLAIN",
    "UNITS",
    "VALUE_TYPES",
    "ColumnType",
    "Reading",
    "Unit",
    "ValueType",
    "convert",
    "date_high",
    "date_low",
    "date_patterns",
    "find_unit",
    "near_codes",
    "split_number",
    "suspicious",
]

VALUE_TYPES: Mapping[str, ValueType] = {
    one.name: one
    for one in (
        TextType(),
        NamesType(),
        IntegerType(),
        DecimalType(),
        QuantityType(),
        DateType(),
        TimeType(),
        YesNoType(),
        CodeType(),
        CodesType(),
        LinkType(),
        LinksType(),
        FileType(),
    )
}
