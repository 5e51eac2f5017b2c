"""Step 0, values that say when: partial dates (``2021``, ``2021-02``, ``2021-02-05``) and times of day.

A partial date stays partial. Which end of it counts is a question of the caller: :func:`date_low` and
:func:`date_high` give both.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any

from fallow.errors import FallowError
from fallow.kinds.model import Field, Model
from fallow.kinds.values.base import PLAIN, Reading, ValueType, refuse

_PARTIAL = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?( ?(Z|[+-][0-9:]{2,6}))?"
)
_UNDECLARED = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4}|[0-9]{2})")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9:]{2,6})?")
_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")

_YEARS = range(1800, 2200)
"""Outside of it a year is a slip of the keyboard: 0202, 20211."""


@lru_cache(maxsize=65_536)
def date_low(partial: str) -> str:
    """The first day a partial date can mean: ``2021-02`` is ``2021-02-01``. Raises ``DATE_FORMAT``."""
    year, month, _ = _parts(partial)
    return f"{year}-{month or '01'}-{_ or '01'}"


@lru_cache(maxsize=65_536)
def date_high(partial: str) -> str:
    """The last day a partial date can mean: ``2021-02`` is ``2021-02-28``. Raises ``DATE_FORMAT``."""
    year, month, day = _parts(partial)
    month = month or "12"
    return f"{year}-{month}-{day or f'{monthrange(int(year), int(month))[1]:02}'}"


def _parts(partial: str) -> tuple[str, str | None, str | None]:
    found = _PARTIAL.fullmatch(partial) if isinstance(partial, str) else None
    if found is None:
        raise FallowError("DATE_FORMAT", "", found=str(partial)[:40])
    year, month, day = found.groups()
    if not _exists(int(year), month, day):
        raise FallowError("DATE_IMPOSSIBLE", "", found=partial)
    return year, month, day


def _exists(year: int, month: str | None, day: str | None) -> bool:
    if year < 1 or (month is not None and not 1 <= int(month) <= 12):
        return False
    return day is None or month is None or 1 <= int(day) <= monthrange(year, int(month))[1]


@lru_cache(maxsize=256)
def date_patterns(declared: str) -> tuple[re.Pattern[str], ...]:
    """Compile ``dd/mm/yyyy``, ``d.m.yyyy``, ``mm/yyyy``, ``yyyy``, or several joined by ``|``.

    Raises ``DATE_PATTERN`` for anything else; two-digit years are refused, their century is a guess.
    """
    return tuple(_compiled(one.strip(), declared) for one in declared.split("|"))


def _compiled(pattern: str, declared: str) -> re.Pattern[str]:
    pieces: list[str] = []
    seen: list[str] = []
    for token in re.findall(r"y+|m+|d+|[^ymd]+", pattern):
        letter = token[0]
        if letter not in "ymd":
            pieces.append(re.escape(token))
        elif letter in seen or token not in ("yyyy", "mm", "m", "dd", "d"):
            raise FallowError("DATE_PATTERN", "", found=declared)
        else:
            seen.append(letter)
            pieces.append(f"(?P<{letter}>{'[0-9]{4}' if letter == 'y' else '[0-9]{1,2}'})")
    if "y" not in seen or ("d" in seen and "m" not in seen):
        raise FallowError("DATE_PATTERN", "", found=declared)
    return re.compile("".join(pieces))


class DateType(ValueType):
    """A day, a month or a year.

    Kept as text: GDAL refuses ``2021-02`` in a column declared DATE, and the text sorts in order of time.
    """

    name = "date"
    column = "TEXT"

    def parse(self, raw: Any, field: Field, model: Model, reading: Reading = PLAIN) -> str | None:
        """ISO 8601, partial as given; other orders only as the source declares them.

        Raises ``DATE_FORMAT``, ``AMBIGUOUS_DATE``, ``DATE_IMPOSSIBLE``.
        """
        if isinstance(raw, str) and _stands(raw):
            return raw
        text = _date_text(raw, field)
        if text is None:
            return None
        if found := _PARTIAL.fullmatch(text):
            return _checked(found.group(1), found.group(2), found.group(3), field, raw)
        if moment := _MOMENT.fullmatch(text):
            return self.parse(moment.group(1), field, model, reading)
        if reading.thousands and text.replace(reading.thousands, "").isdigit():
            return self.parse(text.replace(reading.thousands, ""), field, model, Reading())
        for pattern in date_patterns(reading.date_pattern) if reading.date_pattern else ():
            if found := pattern.fullmatch(text):
                parts = found.groupdict()
                return _checked(parts["y"], parts.get("m"), parts.get("d"), field, raw)
        if reading.date_pattern is None and (written := _UNDECLARED.fullmatch(text)):
            first, second = int(written.group(1)), int(written.group(2))
            if (1 <= first <= 12 and 1 <= second <= 12) or len(written.group(3)) == 2:
                raise refuse("AMBIGUOUS_DATE", field, raw)
        if text.replace(".", "", 1).isdigit():
            # 44231 may count days from 1900 or from 1904, and may be no date at all.
            raise refuse("AMBIGUOUS_DATE", field, raw)
        raise refuse("DATE_FORMAT", field, raw)

    def schema(self, field: Field, model: Model) -> dict[str, Any]:
        """A string of 4, 7 or 10 characters."""
        return {"type": "string", "pattern": "^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$"}

    def form(self, field: Field) -> str:
        """A date; the form asks beside it how exactly it is known."""
        return "date"


@lru_cache(maxsize=65_536)
def _stands(text: str) -> bool:
    """Whether a text is a date already: the days of a programme are few, its rows many."""
    found = _PARTIAL.fullmatch(text)
    return (
        found is not None
        and int(found.group(1)) in _YEARS
        and _exists(int(found.group(1)), *found.group(2, 3))
    )


def _date_text(raw: Any, field: Field) -> str | None:
    if raw is None:
        return None
    if isinstance(raw, str):
        return raw.strip().translate(_DIGITS) or None
    if isinstance(raw, (date, datetime)):
        return raw.isoformat()[:10]
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        raise refuse("DATE_FORMAT", field, raw)
    if isinstance(raw, float) and not raw.is_integer():
        raise refuse("AMBIGUOUS_DATE", field, raw)
    return str(int(raw))


def _checked(year: str, month: str | None, day: str | None, field: Field, raw: Any) -> str:
    if int(year) not in _YEARS or not _exists(int(year), month, day):
        raise refuse("DATE_IMPOSSIBLE", field, raw)
    return "-".join([year, *(f"{int(part):02}" for part in (month, day) if part is not None)])


class TimeType(ValueType):
    """A time of day to the minute, in local time."""

    name = "time"
    column = "TEXT"

    def parse(self, raw: Any, field: Field, model: Model, reading: Reading = PLAIN) -> str | None:
        """``HH:MM``; seconds and zone are cut off. Raises ``TIME_FORMAT``."""
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            return None
        if isinstance(raw, (datetime, time)):
            return raw.strftime("%H:%M")
        found = _TIME.fullmatch(raw.strip().translate(_DIGITS)) if isinstance(raw, str) else None
        if found is None or int(found.group(1)) > 23 or int(found.group(2)) > 59:
            raise refuse("TIME_FORMAT", field, raw)
        return f"{int(found.group(1)):02}:{found.group(2)}"

    def schema(self, field: Field, model: Model) -> dict[str, Any]:
        """``HH:MM``."""
        return {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}

    def form(self, field: Field) -> str:
        """A time."""
        return "time"
