"""Step 2, counting: what one figure needs of a view, added up by the database in one walk over the history.

A figure tells what it rests on by a digest over every record read and its reports, and names the sources.
Both come from the columns of :mod:`fallow.register.summing`, which stand beside every history row; no row is
handed over but those of which more must be known.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from fallow.errors import FallowError
from fallow.kinds import Kind
from fallow.register.sources import SaidBy, told_by
from fallow.register.summing import SUMS, VOICE, Source, Voice, digest_of, kept_voices, summed

_FEW = 12
"""Voices that are counted one by one in the walk; more of them are sorted, at twice the time."""

Voices = Mapping[int, int]
"""How many history rows have each voice, by its number."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a figure read.

    Attributes
    ----------
    records, reports, declared
        How many records, reports behind them, and how many of these have a declared known date.
    digest
        What :func:`~fallow.register.summing.digest_of_inputs` gives of the same records and reports.
    """

    records: int
    reports: int
    declared: int
    digest: str


@dataclass(frozen=True, slots=True)
class Alike:
    """Records that are alike in everything that was asked: how many, who says so, and the stored cells."""

    rows: int
    voices: Voices
    cells: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """Which records are looked at more closely.

    Attributes
    ----------
    span
        Only those whose date, partial or not, may lie in these days; those without a date are among them.
    among
        Stored field to the values it may have; ``None`` is empty.
    """

    span: tuple[str, str] | None = None
    among: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)


EVERY = Cell()


@dataclass(frozen=True, slots=True)
class Added:
    """What was added up: of all records of a view, and of those in a cell by what they are alike in."""

    inputs: Inputs
    alike: tuple[Alike, ...]
    _voices: Mapping[int, Voice]

    def said_by(self, voices: Voices) -> list[SaidBy]:
        """The sources of all reports behind so many rows of each voice."""
        counts: Counter[Source] = Counter()
        for id, rows in voices.items():
            for source, who, many in self._voices[id].sources:
                counts[source, who] += rows * many
        return told_by(counts)


def add_up(
    connection: sqlite3.Connection,
    kind: Kind,
    names: Sequence[str],
    condition: str,
    values: Sequence[Any],
    cell: Cell = EVERY,
) -> Added | None:
    """Add up the rows of a condition on the history ``h``, and tell those of a cell apart by some fields.

    ``None`` for a register of an older format that is only read: its rows carry no sums.
    """
    if not summed(connection, kind):
        return None
    few = kept_voices(connection, kind.name, most=_FEW + 1)
    walk = _Walk(connection, kind, names, condition, values, *_within(kind, cell))
    sums, rows = walk.counting(list(few)) if len(few) <= _FEW else walk.sorting()
    voices = few if len(few) <= _FEW else kept_voices(connection, kind.name, [one[0] for one in rows])
    records = sum(count for _, count, _ in rows)
    if not voices.keys() >= {id for id, _, _ in rows}:
        raise FallowError("REGISTER_DAMAGED", f"{kind.name}_history", found=VOICE)
    return Added(
        Inputs(
            records,
            sum(count * voices[id].reports for id, count, _ in rows),
            sum(count * voices[id].declared for id, count, _ in rows),
            digest_of(records, sums),
        ),
        tuple(_alike(rows)),
        voices,
    )


_Row = tuple[int, int, Mapping[tuple[Any, ...], int]]
"""A voice, how many rows have it, and how many of these in the cell have the same stored cells."""


def _alike(rows: Iterable[_Row]) -> Iterable[Alike]:
    found: dict[tuple[Any, ...], dict[int, int]] = {}
    for voice, _, inside in rows:
        for cells, count in inside.items():
            found.setdefault(cells, {})[voice] = count
    return (Alike(sum(voices.values()), voices, cells) for cells, voices in found.items())


def _within(kind: Kind, cell: Cell) -> tuple[str, list[Any]]:
    """SQL for the rows of a cell, and its values; a superset where dates are partial."""
    parts, values = ["1"], list[Any]()
    for name, wanted in cell.among.items():
        texts = [one for one in wanted if one is not None]
        empty = f' OR h."{name}" IS NULL' if None in wanted else ""
        parts.append(f'(h."{name}" IN ({",".join("?" * len(texts))}){empty})')
        values += texts
    if cell.span is not None:
        first, until = cell.span
        last = "coalesce(h.date_until, h.date)" if kind.field("date_until") else "h.date"
        # A partial date reads as text before its first day: the year and month of the first day count too.
        parts.append(f"(h.date IS NULL OR (h.date <= ? AND ({last} >= ? OR {last} IN (?, ?))))")
        values += [until, first, first[:4], first[:7]]
    return " AND ".join(parts), values


@dataclass(frozen=True, slots=True)
class _Walk:
    """One walk over the history."""

    connection: sqlite3.Connection
    kind: Kind
    names: Sequence[str]
    condition: str
    values: Sequence[Any]
    cell: str
    cell_values: Sequence[Any]

    @property
    def _from(self) -> str:
        return f'FROM "{self.kind.name}_history" h WHERE {self.condition}'

    @property
    def _sums(self) -> str:
        return ", ".join(f"sum(h.{one})" for one in SUMS)

    @property
    def _cells(self) -> str:
        return ", ".join(f'h."{name}"' for name in self.names)

    def counting(self, voices: Sequence[int]) -> tuple[tuple[int, ...], list[_Row]]:
        """The sums and the rows of each voice, every voice counted for itself: nothing is sorted."""
        counts = [f"count(*) FILTER (WHERE h.{VOICE} = ?)" for _ in voices]
        bound: list[Any] = list(voices)
        if self.names:
            inside = [f"json_group_array(json_array(h.{VOICE}, {self._cells})) FILTER (WHERE {self.cell})"]
            bound += self.cell_values
        elif self.cell_values:
            inside = [f"count(*) FILTER (WHERE h.{VOICE} = ? AND {self.cell})" for _ in voices]
            bound += [one for voice in voices for one in (voice, *self.cell_values)]
        else:
            inside = []
        row = self.connection.execute(
            f"SELECT count(*), {', '.join([self._sums, *counts, *inside])} {self._from}",
            [*bound, *self.values],
        ).fetchone()
        rest = row[1 + len(SUMS) :]
        every = dict(zip(voices, rest[: len(voices)], strict=True))
        if sum(every.values()) != row[0]:
            raise FallowError("REGISTER_DAMAGED", f"{self.kind.name}_history", found=VOICE)
        if self.names:
            alike: dict[int, dict[tuple[Any, ...], int]] = {}
            for (voice, *cells), count in _counted(rest[-1]).items():
                alike.setdefault(voice, {})[tuple(cells)] = count
        else:
            there = zip(voices, rest[len(voices) :] if inside else every.values(), strict=True)
            alike = {voice: {(): count} for voice, count in there if count}
        rows: list[_Row] = [(voice, count, alike.get(voice, {})) for voice, count in every.items() if count]
        return tuple(one or 0 for one in row[1 : 1 + len(SUMS)]), rows

    def sorting(self) -> tuple[tuple[int, ...], list[_Row]]:
        """The same where there are many voices: SQLite sorts the rows by them."""
        if self.names:
            inside = f"json_group_array(json_array({self._cells})) FILTER (WHERE {self.cell})"
        else:
            inside = f"count(*) FILTER (WHERE {self.cell})"
        found = self.connection.execute(
            f"SELECT h.{VOICE}, count(*), {inside}, {self._sums} {self._from} GROUP BY h.{VOICE}",
            [*self.cell_values, *self.values],
        ).fetchall()
        sums = tuple(sum(column) for column in zip(*(row[3:] for row in found), strict=True))
        rows: list[_Row] = []
        for voice, count, inside, *_ in found:
            alike = _counted(inside) if self.names else ({(): inside} if inside else {})
            rows.append((voice, count, alike))
        return sums or (0,) * len(SUMS), rows


def _counted(cells: str) -> Counter[tuple[Any, ...]]:
    """How many of some rows, given as JSON, are the same."""
    return Counter(map(tuple, orjson.loads(cells)))
