"""Step 2, counting: what one figure needs of a view, added up by the database in one walk over the history.

A figure tells what it rests on by a digest over every record read and its reports, and names the sources.
Both come from the columns of :mod:`fallow.register.summing`, which stand beside every history row. No row is
handed over: each is a small number, which says where it belongs and who says it.
"""

# ruff: noqa: S608 - names in SQL come from the checked model, values are always bound

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fallow.errors import FallowError
from fallow.kinds import Kind
from fallow.register.conditions import Condition
from fallow.register.report import OPEN_END
from fallow.register.sources import SaidBy, told_by
from fallow.register.summing import SUMS, VOICE, Source, Voice, digest_of, kept_voices, summed

_POSITIVE = 2**63 - 1
_FEW = 1_000_000
"""Different numbers that are counted without sorting."""
_NOUGHT = ord("0")
_CHECKED = 2**32 - 1
"""The part of a voice's number that is added up to find a row whose voice nobody keeps."""

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
class Added:
    """What was added up of all records of a view.

    Attributes
    ----------
    groups
        The records of each condition that was asked, by voice, and last those of which none holds.
    """

    inputs: Inputs
    groups: tuple[Voices, ...]
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
    conditions: Sequence[Condition],
    known: str | None,
    true: str | None,
) -> Added | None:
    """Add up the rows that stand on two days, and put each into the group of the first condition that holds.

    ``None`` for a register of an older format that is only read: its rows carry no sums.
    """
    if not summed(connection, kind):
        return None
    voices = kept_voices(connection, kind.name)
    apart = _apart(voices)
    shift = 10 ** len(str((len(conditions) + 1) * apart))  # all have as many digits
    group, values = _group(conditions)
    standing, days = _standing(known, true)
    sums = ", ".join(f"sum(h.{one})" for one in SUMS)
    # As JSON: SQLite writes a small number behind others at a quarter of the price of calling anything.
    row = connection.execute(
        f"SELECT count(*), sum(h.{VOICE} & {_CHECKED}), {sums}, json_group_array("
        f"{shift} + {apart} * {group} + (h.{VOICE} & {_POSITIVE}) % {apart}) "
        f'FROM "{kind.name}_history" h WHERE {standing}',
        [*values, *days],
    ).fetchone()
    records, checked, *added, codes = row
    found = _counted(codes, len(str(shift)), shift)
    groups = _told_apart(found, len(conditions) + 1, voices, apart)
    every = sum(map(Counter, groups), Counter[int]())
    if sum(count * (id & _CHECKED) for id, count in every.items()) != (checked or 0):
        raise FallowError("REGISTER_DAMAGED", f"{kind.name}_history", found=VOICE)
    return Added(
        Inputs(
            records,
            sum(count * voices[id].reports for id, count in every.items()),
            sum(count * voices[id].declared for id, count in every.items()),
            digest_of(records, (one or 0 for one in added)),
        ),
        groups,
        voices,
    )


def _standing(known: str | None, true: str | None) -> tuple[str, list[str]]:
    """SQL for the rows that stand on two days, and its values.

    The plus takes from a column that it is declared a date: SQLite would else try to read both sides of every
    comparison as numbers, a fifth of the walk. It also keeps the index of current rows out, by which all of
    them are fetched one by one.
    """
    parts: list[str] = []
    values: list[str] = []
    for day, bound in ((known, "known"), (true, "true")):
        if day is None:
            parts.append(f"+h.{bound}_to = '{OPEN_END}'")
        else:
            parts.append(f"+h.{bound}_to > ? AND +h.{bound}_from <= ?")
            values += [day, day]
    return " AND ".join(parts), values


def _group(conditions: Sequence[Condition]) -> tuple[str, list[Any]]:
    """SQL for the position of the first condition that holds, and its values."""
    sql = str(len(conditions))
    for at, one in reversed(list(enumerate(conditions))):
        sql = f"CASE WHEN {one.sql} THEN {sql if one.fails else at} ELSE {at if one.fails else sql} END"
    return sql, [value for one in conditions for value in one.values]


def _counted(codes: str, digits: int, shift: int) -> dict[int, int]:
    """How many there are of each number of a JSON array, less ``shift``; all have so many digits."""
    letters = np.frombuffer(codes.encode(), dtype=np.uint8)[1:]
    if len(letters) < digits:
        return {}
    columns = letters.reshape(-1, digits + 1)
    numbers = np.zeros(len(columns), dtype=np.int64)
    for digit in range(digits):
        numbers *= 10
        numbers += columns[:, digit] - _NOUGHT
    numbers -= shift
    if shift <= _FEW:
        counts = np.bincount(numbers)
        there = np.flatnonzero(counts)
        return dict(zip(there.tolist(), counts[there].tolist(), strict=True))
    there, counts = np.unique(numbers, return_counts=True)
    return dict(zip(there.tolist(), counts.tolist(), strict=True))


def _apart(voices: Collection[int]) -> int:
    """A small number by which no two voices leave the same remainder."""
    found = max(len(voices), 1)
    while len({(id & _POSITIVE) % found for id in voices}) < len(voices):
        found += 1 + found // 8
    return found


def _told_apart(
    codes: Mapping[int, int], groups: int, voices: Collection[int], apart: int
) -> tuple[Voices, ...]:
    """What the numbers of the rows mean: by group, how many rows have each voice."""
    by_rest = {(id & _POSITIVE) % apart: id for id in voices}
    found: tuple[dict[int, int], ...] = tuple({} for _ in range(groups))
    for code, count in codes.items():
        group, rest = divmod(code, apart)
        if rest in by_rest:  # one that is not there is missed by the check over all of them
            found[group][by_rest[rest]] = count
    return found
