"""Step 0, values that are numbers: whole, decimal, and quantities with a unit."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any

from fallow.kinds.model import Field, Model
from fallow.kinds.values.base import PLAIN, Reading, ValueType, refuse, shown
from fallow.kinds.values.units import AMBIGUOUS, UNITS, convert, find_unit

_LARGEST = 2**53 - 1
"""Beyond it JSON readers and spreadsheets no longer tell whole numbers apart."""

_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹−", "01234567890123456789-")
_SPACES = "\u0020\u00a0\u202f\u2009"


_PLAIN = re.compile(r"-?[0-9]{1,300}(?:\.[0-9]{1,300})?")
"""What nearly every cell looks like; read without asking for groups and units."""


@lru_cache(maxsize=64)
def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    """Sign, whole part in groups of three or none, fraction, then whatever follows."""
    if thousands:
        group = (
            f"[{_SPACES}]" if thousands in _SPACES else "['’]" if thousands in "'’" else re.escape(thousands)
        )
        whole = f"[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]+"
    else:
        whole = "[0-9]+"
    point = re.escape(decimal)
    return re.compile(f"([+-]?)({whole})?(?:{point}([0-9]+))?(.*)", re.DOTALL)


def split_number(text: str, reading: Reading) -> tuple[str, str] | None:
    """A written number as plain decimal digits, and what stands after it; ``None`` when there is none."""
    found = _pattern(reading.decimal, reading.thousands).fullmatch(text.strip().translate(_DIGITS))
    if found is None:
        return None
    sign, whole, fraction, rest = found.groups()
    if (whole is None and fraction is None) or len(whole or "") + len(fraction or "") > 400:
        return None
    digits = re.sub(r"[^0-9]", "", whole or "0")
    return f"{'-' if sign == '-' else ''}{digits}" + (f".{fraction}" if fraction else ""), rest.strip()


def _float(raw: Any, field: Field) -> float | None:
    """A number that is one already; ``None`` for text. Refuses yes/no, NaN and infinities."""
    if isinstance(raw, str):
        return None
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        raise refuse("VALUE_NOT_A_NUMBER", field, raw)
    if isinstance(raw, int) and abs(raw) > _LARGEST:
        raise refuse("OUT_OF_BOUNDS", field, "…", low=-_LARGEST, high=_LARGEST)
    if not math.isfinite(raw):
        raise refuse("VALUE_NOT_A_NUMBER", field, raw)
    return float(raw)


def _within(value: float, raw: Any, field: Field) -> float:
    low, high = field.low, field.high
    if (low is not None and value < low) or (high is not None and value > high) or not -1e300 < value < 1e300:
        raise refuse("OUT_OF_BOUNDS", field, raw, low=_bound(low), high=_bound(high))
    return value + 0.0  # minus zero is zero


def _bound(bound: float | None) -> str:
    return "…" if bound is None else f"{bound:g}"


def _empty(raw: Any) -> bool:
    return raw is None or (isinstance(raw, str) and not raw.strip())


def _decimal(raw: Any, field: Field, reading: Reading) -> float:
    number = _float(raw, field)
    if number is not None:
        return number
    if reading.decimal == "." and reading.thousands != "." and _PLAIN.fullmatch(raw):
        return float(raw)
    found = split_number(raw, reading)
    if found is None or found[1]:
        raise refuse("VALUE_NOT_A_NUMBER", field, raw)
    return float(found[0])


class IntegerType(ValueType):
    """A whole number."""

    name = "integer"
    column = "INTEGER"

    def parse(self, raw: Any, field: Field, model: Model, reading: Reading = PLAIN) -> int | None:
        """Raises ``VALUE_NOT_A_NUMBER``, ``VALUE_NOT_WHOLE``, ``OUT_OF_BOUNDS``."""
        if _empty(raw):
            return None
        if type(raw) is int and field.low is None and field.high is None and abs(raw) <= _LARGEST:
            return raw
        number = _within(_decimal(raw, field, reading), raw, field)
        if not number.is_integer():
            raise refuse("VALUE_NOT_WHOLE", field, raw)
        if abs(number) > _LARGEST:
            raise refuse("OUT_OF_BOUNDS", field, raw, low=-_LARGEST, high=_LARGEST)
        return int(number)

    def schema(self, field: Field, model: Model) -> dict[str, Any]:
        """An integer with its bounds."""
        low = -_LARGEST if field.low is None else math.ceil(field.low)
        high = _LARGEST if field.high is None else math.floor(field.high)
        return {"type": "integer", "minimum": low, "maximum": high}

    def form(self, field: Field) -> str:
        """A whole number."""
        return "integer"


class DecimalType(ValueType):
    """A number without a unit."""

    name = "decimal"
    column = "REAL"

    def parse(self, raw: Any, field: Field, model: Model, reading: Reading = PLAIN) -> float | None:
        """Raises ``VALUE_NOT_A_NUMBER``, ``OUT_OF_BOUNDS``."""
        return None if _empty(raw) else _within(_decimal(raw, field, reading), raw, field)

    def schema(self, field: Field, model: Model) -> dict[str, Any]:
        """A number with its bounds."""
        found: dict[str, Any] = {"type": "number"}
        if field.low is not None:
            found["minimum"] = field.low
        if field.high is not None:
            found["maximum"] = field.high
        return found

    def form(self, field: Field) -> str:
        """A decimal number."""
        return "decimal"


class QuantityType(DecimalType):
    """A number in the unit of its field; what is written in another unit of that dimension is converted."""

    name = "quantity"

    def parse(self, raw: Any, field: Field, model: Model, reading: Reading = PLAIN) -> float | None:
        """``12 ha``, ``0.5 km2``, or a bare number in the unit the source declares, else the field's.

        Raises ``VALUE_NOT_A_NUMBER``, ``UNIT_UNKNOWN``, ``UNIT_AMBIGUOUS``, ``OUT_OF_BOUNDS``.
        """
        if _empty(raw):
            return None
        written, rest = self._split(raw, field, reading)
        keep = UNITS[field.unit or ""]
        if not rest:
            if reading.unit is None or reading.unit == keep.name:
                return _within(float(written), raw, field)
            rest = reading.unit
        if rest.casefold() in AMBIGUOUS:
            raise refuse(
                "UNIT_AMBIGUOUS", field, raw, unit=shown(field, rest), choices=AMBIGUOUS[rest.casefold()]
            )
        unit = find_unit(rest)
        if unit is None or unit.dimension != keep.dimension:
            known = ", ".join(one.name for one in UNITS.values() if one.dimension == keep.dimension)
            raise refuse("UNIT_UNKNOWN", field, raw, unit=keep.name, choices=known)
        return _within(convert(written, unit, keep), raw, field)

    def _split(self, raw: Any, field: Field, reading: Reading) -> tuple[str, str]:
        number = _float(raw, field)
        if number is not None:
            return repr(number), ""
        if reading.decimal == "." and reading.thousands != "." and _PLAIN.fullmatch(raw):
            return raw, ""
        found = split_number(raw, reading)
        # After the digits only a unit may stand: "1,5" without a declared comma and "1E+05" are no numbers.
        if (
            found is None
            or (found[1] and not (found[1][0].isalpha() or found[1][0] in "°º%$"))
            or _exponent(found[1])
        ):
            raise refuse("VALUE_NOT_A_NUMBER", field, raw)
        return found

    def schema(self, field: Field, model: Model) -> dict[str, Any]:
        """A number; the unit stands beside it as an annotation."""
        return {**super().schema(field, model), "x-unit": field.unit}


def _exponent(rest: str) -> bool:
    """``E+05`` after a number: a spreadsheet has cut digits away, so nobody knows the number."""
    return re.fullmatch(r"[eE][+-]?[0-9]+", rest) is not None
