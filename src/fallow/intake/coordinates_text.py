"""Step 1, reports arrive: numbers, degrees, minutes and seconds as people write them, in several scripts.

A letter that means two things in two languages is not taken: ``O`` is west in French and Spanish and east in
German, Latin ``C`` is south in Azerbaijani and looks like Cyrillic north.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any


class BadCoordinate(Exception):
    """A value that is no coordinate in the declared form: code of the finding and number of the column."""

    def __init__(self, column: int = 0, code: str = "COORD_FORMAT", **facts: Any) -> None:
        super().__init__(code)
        self.column, self.code, self.facts = column, code, facts


_HEMISPHERES: dict[str, tuple[str, int]] = {
    word: (axis, sign)
    for axis, sign, words in (
        ("y", 1, "n north nord norte с сш север северная северной пн пнш північ північна şimal شمال شمالا"),
        ("y", -1, "s south sud sur ю юш юг южная южной пд пдш південь південна cənub جنوب جنوبا"),
        ("x", 1, "e east est este в вд восток восточная восточной сх схд схід східна şərq شرق شرقا"),
        ("x", -1, "w west ouest oeste з зд запад западная западной зх зхд захід західна qərb غرب غربا"),
    )
    for word in words.split()
}
_WORD = re.compile(r"[^\W\d_][^\W\d_.]*(?:\.\s?[^\W\d_]\.?)?\.?")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_SIGNS = str.maketrans({"−": "-", "–": "-", "\u066b": ".", "\u00a0": " ", "\u202f": " "})
_SEPARATORS = re.compile(r"[°º˚′’‘'´`″”“\"¨:\s]+")
_ANGLE = re.compile(r"[+-]?\d+(?:\.\d+)?(?: \d+(?:\.\d+)?){0,2}")


def number(cell: Any, decimal: str, column: int) -> float:
    """One number with the declared decimal sign; raises :class:`BadCoordinate`."""
    if isinstance(cell, bool):
        raise BadCoordinate(column)
    if isinstance(cell, int | float):
        value = float(cell)
    else:
        text = str(cell).translate(_SIGNS).strip()
        if text.lower().lstrip("+-") in ("nan", "inf", "infinity"):
            raise BadCoordinate(column, "COORD_NOT_FINITE", found=text[:9])
        if decimal == ",":
            if "." in text:
                raise BadCoordinate(column)
            text = text.replace(",", ".")
        if not _NUMBER.fullmatch(text):
            raise BadCoordinate(column)
        value = float(text)
    if not math.isfinite(value):
        raise BadCoordinate(column, "COORD_NOT_FINITE", found="x, y")
    return value


def pair(cell: Any, decimal: str, order: str) -> tuple[float, float]:
    """Longitude and latitude out of ``(6.14, -75.18)``, in the declared order."""
    text = str(cell).translate(_SIGNS).strip().strip("()[]")
    parts = re.split(r"\s*;\s*|,\s+|\s+" if decimal == "," else r"\s*[,;]\s*|\s+", text)
    if len(parts) != 2:
        raise BadCoordinate
    first, second = (number(part, decimal, 0) for part in parts)
    return (second, first) if order == "lat_lon" else (first, second)


def sexagesimal(cells: Sequence[Any], decimal: str, order: str) -> tuple[float, float]:
    """Longitude and latitude out of degrees, minutes and seconds: two cells (x, y), or one with both."""
    if len(cells) == 2:
        return _angle(cells[0], decimal, 0, "x"), _angle(cells[1], decimal, 1, "y")
    first, second = _halves(str(cells[0]).translate(_SIGNS).strip(), decimal)
    axes = ("y", "x") if order == "lat_lon" else ("x", "y")
    letters = [_split(half)[1] for half in (first, second)]
    if all(letters):
        axes = (letters[0][0], letters[1][0])  # type: ignore[index]
        if axes[0] == axes[1]:
            raise BadCoordinate
    elif any(letters):
        raise BadCoordinate
    values = dict(
        zip(
            axes,
            (_angle(half, decimal, 0, axis) for half, axis in zip((first, second), axes, strict=True)),
            strict=True,
        )
    )
    return values["x"], values["y"]


def _halves(text: str, decimal: str) -> tuple[str, str]:
    text = text.strip("()[]")
    parts = [one for one in re.split(r"[;/|\n]|,\s" if decimal == "," else r"[,;/|\n]", text) if one.strip()]
    if len(parts) == 2:
        return parts[0], parts[1]
    words = [match for match in _WORD.finditer(text) if _hemisphere(match[0])]
    if len(parts) == 1 and len(words) == 2:
        cut = words[1].start() if not text[: words[0].start()].strip() else words[0].end()
        return text[:cut], text[cut:]
    raise BadCoordinate


def _hemisphere(word: str) -> tuple[str, int] | None:
    return _HEMISPHERES.get(re.sub(r"[.\s]", "", word).casefold().replace("i̇", "i"))


def _split(text: str) -> tuple[str, tuple[str, int] | None]:
    """The digits of one angle and its hemisphere, if a letter or word says one."""
    words = list(_WORD.finditer(text))
    if not words:
        return text, None
    found = _hemisphere(words[0][0]) if len(words) == 1 else None
    if found is None:
        raise BadCoordinate
    rest = text[: words[0].start()] + " " + text[words[0].end() :]
    return rest, found


def _angle(cell: Any, decimal: str, column: int, axis: str) -> float:
    """Degrees of one angle; a hemisphere must be of the axis, and then no sign may stand before it."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return number(cell, decimal, column)
    text = str(cell).translate(_SIGNS).strip()
    if decimal == ",":
        text = text.replace(",", ".")
    try:
        digits, hemisphere = _split(text)
    except BadCoordinate:
        raise BadCoordinate(column) from None
    plain = _SEPARATORS.sub(" ", digits).strip()
    if not _ANGLE.fullmatch(plain):
        raise BadCoordinate(column)
    parts = plain.split(" ")
    negative = parts[0].startswith("-")
    if (hemisphere and (hemisphere[0] != axis or parts[0][0] in "+-")) or any(
        "." in part for part in parts[:-1]
    ):
        raise BadCoordinate(column)
    degrees, minutes, seconds = (*(abs(float(part)) for part in parts), 0.0, 0.0)[:3]
    if minutes >= 60 or seconds >= 60:
        raise BadCoordinate(column)
    value = degrees + minutes / 60 + seconds / 3600
    return -value if negative or (hemisphere is not None and hemisphere[1] < 0) else value
