"""Step 3, the text of a parcel: WKT read to a polygon, or the place in it where it goes wrong.

People type it or paste it. The library that reads WKT says that a word was expected; whoever has to mend the
text needs the character, what stands there and what belongs there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import shapely

from fallow.errors import FallowError

WHERE = "parcel"
"""Name of the parameter, in the analysis, on the command line, in a page and in a statement."""

_SHOWN = 20
_TYPES = ("POLYGON", "MULTIPOLYGON")
_NUMBER = "30.5"
"""What stands for a number where one is expected: it reads in every language."""

_TOKEN = re.compile(r"\s*([(),]|[^\s(),]+)")
_FIGURE = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_WORD = re.compile(r"[A-Za-z]+")


def read_parcel(text: str) -> Any:
    """The polygon of a WKT; longitude before latitude, without height.

    Raises
    ------
    FallowError
        ``PARCEL_WKT``, ``PARCEL_WKT_END`` with the character that is wrong; ``PARCEL_RING`` for an outline
        that is not closed; ``PARCEL_SHAPE`` for another geometry than a polygon.
    """
    for number, ring in enumerate(_rings(text), 1):
        if len(ring) < 4 or ring[0] != ring[-1]:
            first, last = (" ".join(ring[at]) for at in (0, -1))
            raise FallowError("PARCEL_RING", WHERE, ring=number, count=len(ring), first=first, last=last)
    try:
        return shapely.force_2d(shapely.from_wkt(text))
    except shapely.errors.ShapelyError as error:
        raise FallowError("PARCEL_SHAPE", WHERE, found=text[:_SHOWN]) from error


@dataclass(slots=True)
class _Reading:
    """A text while it is walked over, word by word."""

    text: str
    at: int = 0

    def next(self) -> str:
        """The word that comes next, without going on; empty at the end."""
        found = _TOKEN.match(self.text, self.at)
        return found[1] if found else ""

    def take(self, *expected: str) -> str:
        """Go over one of these signs, or say that it is not there."""
        word = self.next()
        if word.upper() not in expected:
            self.wrong(" ".join(expected))
        return self._over().upper()

    def number(self) -> str:
        """Go over a number."""
        if not _FIGURE.fullmatch(self.next()):
            self.wrong(_NUMBER)
        return self._over()

    def wrong(self, expected: str) -> None:
        """Refuse the text at this place."""
        found = _TOKEN.match(self.text, self.at)
        if found is None:
            raise FallowError("PARCEL_WKT_END", WHERE, at=len(self.text), expected=expected)
        rest = self.text[found.start(1) :]
        shown = rest if len(rest) <= _SHOWN else f"{rest[:_SHOWN]}…"
        raise FallowError("PARCEL_WKT", WHERE, at=found.start(1) + 1, found=shown, expected=expected)

    def _over(self) -> str:
        found = _TOKEN.match(self.text, self.at)
        assert found is not None  # noqa: S101 - whoever takes a word has looked at it
        self.at = found.end()
        return found[1]


def _rings(text: str) -> Iterator[list[tuple[str, ...]]]:
    """The points of each outline and hole as they are written; none of another geometry or an empty one."""
    reading = _Reading(text)
    word = reading.next().upper()
    if _WORD.fullmatch(word) and word not in _TYPES and _geometry(text):
        return  # a point, a line: well written, and no parcel
    type = reading.take(*_TYPES)
    if reading.next().upper() in ("Z", "M", "ZM"):
        reading.take("Z", "M", "ZM")
    if reading.next().upper() == "EMPTY":
        return
    yield from _several(reading) if type == "MULTIPOLYGON" else _polygon(reading)
    if reading.next():
        reading.wrong("—")


def _geometry(text: str) -> bool:
    try:
        shapely.from_wkt(text)
    except shapely.errors.ShapelyError:
        return False
    return True


def _several(reading: _Reading) -> Iterator[list[tuple[str, ...]]]:
    reading.take("(")
    yield from _polygon(reading)
    while reading.take(",", ")") == ",":
        yield from _polygon(reading)


def _polygon(reading: _Reading) -> Iterator[list[tuple[str, ...]]]:
    reading.take("(")
    yield _ring(reading)
    while reading.take(",", ")") == ",":
        yield _ring(reading)


def _ring(reading: _Reading) -> list[tuple[str, ...]]:
    reading.take("(")
    points = [_point(reading)]
    while reading.take(",", ")") == ",":
        points.append(_point(reading))
    return points


def _point(reading: _Reading) -> tuple[str, ...]:
    """Longitude and latitude; a height or a measure may follow."""
    numbers = [reading.number(), reading.number()]
    while len(numbers) < 4 and _FIGURE.fullmatch(reading.next()):
        numbers.append(reading.number())
    return tuple(numbers)
