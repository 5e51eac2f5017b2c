"""Step 1, reports arrive: observations that are told once a table with a count, and rows that hold nothing.

A delivery in which all 11,000 outlines run clockwise is one thing to know, not 11,000.
"""

from __future__ import annotations

from typing import Any

from fallow.errors import Finding

MOST_PLACES = 20


class Tally:
    """Counts notes by code and remembers the first places."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, list[str], dict[str, Any]]] = {}

    def add(self, code: str, place: str, row: int | None = None, **facts: Any) -> None:
        """One more occurrence; ``facts`` of the first are kept."""
        count, places, first = self._seen.get(code, (0, [], facts))
        if len(places) < MOST_PLACES:
            places.append(place)
        self._seen[code] = (count + 1, places, first)

    def findings(self) -> list[Finding]:
        """One note a code: how many, where first, and up to twenty places."""
        return [
            Finding(code, "note", places[0], {**facts, "count": count, "places": ", ".join(places)})
            for code, (count, places, facts) in self._seen.items()
        ]


class Ranges:
    """Row numbers as they come, kept as ranges: a sheet of a million formatted empty rows stays one line."""

    def __init__(self) -> None:
        self._ranges: list[list[int]] = []

    def add(self, number: int) -> None:
        """One more number, not smaller than the last."""
        if self._ranges and self._ranges[-1][1] == number - 1:
            self._ranges[-1][1] = number
        else:
            self._ranges.append([number, number])

    def count(self) -> int:
        """How many numbers."""
        return sum(high - low + 1 for low, high in self._ranges)

    def named(self, word: str = "row") -> list[str]:
        """``row 7``, ``row 10-1048576``."""
        return [f"{word} {low}" if low == high else f"{word} {low}-{high}" for low, high in self._ranges]
