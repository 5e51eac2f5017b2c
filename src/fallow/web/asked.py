"""Face two, what was asked: parameters of an address, read strictly or refused by name."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from fallow.errors import FallowError
from fallow.register import Register, View

Box = tuple[float, float, float, float]

DAY = re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}")

LONGEST = 200
"""Characters of any one parameter; nobody types more, and nothing longer is echoed."""


@dataclass(frozen=True, slots=True)
class When:
    """The two dates a page speaks about, as ISO days; ``None`` is now."""

    known: str | None = None
    true: str | None = None

    def query(self, **more: str | int | None) -> str:
        """The dates and whatever else belongs to an address, as ``?known=...``; else empty."""
        parts = {"known": self.known, "true": self.true, **more}
        encoded = urlencode({name: value for name, value in parts.items() if value not in (None, "")})
        return f"?{encoded}" if encoded else ""

    def view(self, register: Register) -> View:
        """The register at these dates."""
        return register.at(known=self.known, true=self.true)


def shown(found: str) -> str:
    """What a person typed, short enough to repeat in a sentence."""
    return found if len(found) <= 60 else found[:57] + "…"


def text(query: Mapping[str, str], name: str) -> str:
    """A parameter as text without surrounding space; ``WEB_PARAMETER`` when too long or not printable."""
    value = query.get(name, "").strip()
    if len(value) > LONGEST or any(not one.isprintable() for one in value):
        raise FallowError("WEB_PARAMETER", name, name=name, found=shown(ascii(value)[1:-1]))
    return value


def when(query: Mapping[str, str]) -> When:
    """``known`` and ``true``; ``DATE_FORMAT`` for what is no day, or lies outside the calendar."""
    return When(day(query, "known"), day(query, "true"))


def day(query: Mapping[str, str], name: str) -> str | None:
    """One day; ``2021`` and ``2021-02`` mean their last day, as everywhere in the register."""
    value = text(query, name)
    if not value:
        return None
    try:
        if not DAY.fullmatch(value):
            raise ValueError(value)
        return _last_day(*(int(one) for one in value.split("-"))).isoformat()
    except ValueError as error:
        raise FallowError("DATE_FORMAT", name, found=shown(value)) from error


def _last_day(year: int, month: int | None = None, on: int | None = None) -> date:
    if month is None:
        return date(year, 12, 31)
    if on is None:
        first = date(year, month, 1)
        return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return date(year, month, on)


def box(query: Mapping[str, str]) -> Box | None:
    """``bbox=west,south,east,north`` in degrees; ``BBOX`` when not four numbers in order and in range."""
    value = text(query, "bbox")
    if not value:
        return None
    try:
        west, south, east, north = (float(one) for one in value.split(","))
    except ValueError as error:
        raise FallowError("BBOX", "bbox", found=shown(value)) from error
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise FallowError("BBOX", "bbox", found=shown(value))
    return west, south, east, north


def tile(zoom: int, x: int, y: int, deepest: int) -> tuple[int, int, int]:
    """A tile of the world; ``WEB_PARAMETER`` for a zoom that is too deep or a place outside."""
    if zoom > deepest or x >= 1 << zoom or y >= 1 << zoom:
        raise FallowError("WEB_PARAMETER", "tile", name="tile", found=shown(f"{zoom}/{x}/{y}"))
    return zoom, x, y


def page(query: Mapping[str, str]) -> int:
    """``page``, counted from 1; ``WEB_PARAMETER`` for what is no count."""
    value = text(query, "page") or "1"
    if not (value.isascii() and value.isdigit() and len(value) <= 9 and int(value) >= 1):
        raise FallowError("WEB_PARAMETER", "page", name="page", found=shown(value))
    return int(value)


def record_id(value: str) -> str:
    """A record's id as the register writes it; ``RECORD_UNKNOWN`` for what is no UUID."""
    try:
        return str(uuid.UUID(value))
    except ValueError as error:
        raise FallowError("RECORD_UNKNOWN", shown(value)) from error
