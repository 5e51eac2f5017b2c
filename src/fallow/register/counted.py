"""Step 2, counting: what one figure needs of a view, told by the database in one walk over the history.

A figure tells what it rests on by a digest over every record read and its reports, and names the sources.
Both come from the columns of :mod:`fallow.register.summing`, which stand beside every history row. No row is
handed over: each is a small number, which says how it answers the figure's questions and who says it.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from fallow.errors import FallowError
from fallow.kinds import Kind
from fallow.register.conditions import NEVER, Condition
from fallow.register.matching import FILLER, NEWLINE
from fallow.register.readers import walked
from fallow.register.report import OPEN_END
from fallow.register.sources import SaidBy, told_by
from fallow.register.summing import SUMS, VOICE, Source, Voice, digest_of, kept_voices, summed

Question = Sequence[Condition]
"""The answer of a row is the position of the first condition that holds, else how many there are."""


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked of every row.

    Attributes
    ----------
    each
        Asked of a row for which no condition of ``unless`` holds; others answer all of them with nought.
    always
        Asked of every row.
    """

    each: Sequence[Question] = ()
    unless: Question = ()
    always: Question = ()


NOTHING = Questions()

Integers = npt.NDArray[np.int64]

_POSITIVE = 2**63 - 1
_LARGEST = 10**17
"""What the answers of a row may count up to, as one number."""
_NOUGHT = ord("0")
_CHECKED = 2**32 - 1
"""The part of a voice's number that is added up to find a row whose voice nobody keeps."""
_NUMBER_BITS = 20
_BEYOND = 2**_NUMBER_BITS - 1
"""Stands for a number that is too large or none."""
_NUMBERS = 3


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

    @classmethod
    def of(cls, walks: Iterable[Walk]) -> Inputs:
        """What several walks over different kinds read together."""
        listed = list(walks)
        records = sum(one.records for one in listed)
        return cls(
            records,
            sum(one.reports for one in listed),
            sum(one.declared for one in listed),
            digest_of(records, map(sum, zip(*(one.sums for one in listed), strict=True))),
        )


@dataclass(frozen=True, slots=True)
class Walk:
    """All records of one kind that stand on two days, in one order, which is nobody's.

    Attributes
    ----------
    sums
        The four sums over them (:mod:`fallow.register.summing`).
    answers
        By record, its answers as one number: ``np.unravel_index`` of it and ``asked`` gives them one by one.
    asked
        How many answers there are to the question that is always asked, to which condition takes a row out,
        and to each other question.
    voice
        By record, the position of its voice in ``voices``.
    names
        What was asked for by name as UTF-8, a line for each record that ends in ``NEWLINE``; ``FILLER`` where
        it is empty.
    numbers
        By field of numbers and record, what is stored, nought where nothing is.
    """

    records: int
    sums: tuple[int, ...]
    answers: Integers
    asked: tuple[int, ...]
    voice: Integers
    voices: tuple[Voice, ...]
    names: bytes
    numbers: Integers

    @property
    def reports(self) -> int:
        """How many reports stand behind all of them."""
        return self._added(lambda one: one.reports)

    @property
    def declared(self) -> int:
        """How many of these are declared."""
        return self._added(lambda one: one.declared)

    def _added(self, told: Any) -> int:
        counts = np.bincount(self.voice, minlength=len(self.voices)).tolist()
        return sum(count * told(one) for one, count in zip(self.voices, counts, strict=True))

    def sources(self, of: npt.NDArray[np.bool_] | None) -> Counter[Source]:
        """How many reports of each source stand behind some of the records, ``None`` for all."""
        counts: Counter[Source] = Counter()
        chosen = self.voice if of is None else self.voice[of]
        for at, rows in enumerate(np.bincount(chosen, minlength=len(self.voices)).tolist()):
            if rows:
                for source, who, many in self.voices[at].sources:
                    counts[source, who] += rows * many
        return counts


def said_by(counts: Iterable[Counter[Source]]) -> list[SaidBy]:
    """The sources of what was counted in several walks, the most frequent first."""
    return told_by(sum(counts, Counter[Source]()))


def walk(
    connection: sqlite3.Connection,
    kind: Kind,
    questions: Questions,
    known: str | None,
    true: str | None,
    *,
    names: str | None = None,
    numbers: Sequence[str] = (),
) -> Walk | None:
    """Put questions to every row that stands on two days.

    Parameters
    ----------
    names
        ``record``, or a field that links to one record.
    numbers
        At most three fields of whole numbers.

    Returns
    -------
    Walk | None
        ``None`` where only the long way answers: a register of an older format that is only read (its rows
        carry no sums), more answers than fit a number, a number beyond a million.
    """
    if not summed(connection, kind):
        return None
    voices = kept_voices(connection, kind.name)
    apart = _apart(voices)
    asked = tuple(len(one) + 1 for one in (questions.always, questions.unless, *questions.each))
    if prod(asked) * apart >= _LARGEST:
        return None
    shift = 10 ** len(str(prod(asked) * apart))  # all have as many digits
    answer, values = _answer(questions, apart)
    standing, days = _standing(known, true)
    columns = [
        "count(*)",
        f"sum(h.{VOICE} & {_CHECKED})",
        # As JSON: SQLite writes a small number behind others at a quarter of the price of calling anything.
        f"json_group_array({shift} + {answer} + (h.{VOICE} & {_POSITIVE}) % {apart})",
        "NULL" if names is None else _listed(names),
        f"json_group_array({_packed(numbers)})" if numbers else "''",
        *(f"sum(h.{one})" for one in SUMS),
    ]
    parts = walked(connection, ", ".join(columns), f"{kind.name}_history", standing, [*values, *days])
    counts, checks, codes, told, packed, *added = zip(*parts, strict=True)
    unpacked = np.concatenate([_unpacked(one, len(numbers)) for one in packed], axis=1)
    if (unpacked >= _BEYOND).any():
        return None
    found = np.concatenate([_read(one, len(str(shift))) for one in codes]) - shift
    answers, rest = np.divmod(found, apart)
    return Walk(
        records=sum(counts),
        sums=tuple(sum(one or 0 for one in some) for some in added),
        answers=answers,
        asked=asked,
        voice=_heard(kind, rest, voices, apart, sum(one or 0 for one in checks)),
        voices=tuple(voices.values()),
        names=b"".join(one + NEWLINE for one in told if one),
        numbers=unpacked,
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


def _answer(questions: Questions, apart: int) -> tuple[str, list[Any]]:
    """SQL for the answers to all questions as one number, a multiple of ``apart``, and its values."""
    weight = apart
    parts: list[str] = []
    values: list[Any] = []
    for question in reversed(questions.each):
        sql, own = _first(question, _answers(question, weight))
        parts, values = [sql, *parts], [*own, *values]
        weight *= len(question) + 1
    out = _answers(questions.unless, weight)
    sql, own = _first(questions.unless, [*out[:-1], " + ".join([out[-1], *parts])])
    said, first = _first(questions.always, _answers(questions.always, weight * (len(questions.unless) + 1)))
    return f"{said} + {sql}", [*first, *own, *values]


def _answers(question: Question, weight: int) -> list[str]:
    return [str(weight * at) for at in range(len(question) + 1)]


def _first(question: Question, answers: Sequence[str]) -> tuple[str, list[Any]]:
    """SQL for what belongs to the first condition that holds, the last where none does, and its values.

    The values of an answer that is SQL itself come behind those of the conditions: only the last may have
    any.
    """
    sql = f"({answers[-1]})"
    for one, mine in reversed(list(zip(question, answers, strict=False))):
        if one is not NEVER:
            sql = (
                f"CASE WHEN {one.sql} THEN {sql if one.fails else mine} ELSE {mine if one.fails else sql} END"
            )
    return sql, [value for one in question for value in one.values]


def _listed(name: str) -> str:
    """SQL for the ids in a column, a line each."""
    return f"CAST(group_concat(coalesce(h.\"{name}\", '{FILLER}'), char({ord(NEWLINE)})) AS BLOB)"


def _packed(names: Sequence[str]) -> str:
    """SQL for some whole numbers as one."""
    if len(names) > _NUMBERS:
        raise ValueError(f"at most {_NUMBERS} numbers of a row, not {len(names)}")
    parts = [
        f'((CASE WHEN h."{name}" BETWEEN 0 AND {_BEYOND - 1} THEN h."{name}" '
        f'WHEN h."{name}" IS NULL THEN 0 ELSE {_BEYOND} END) << {_NUMBER_BITS * at})'
        for at, name in enumerate(names)
    ]
    return " | ".join(parts)


def _unpacked(packed: str, many: int) -> Integers:
    """What :func:`_packed` put together, shape (numbers, rows)."""
    rows = np.fromstring(packed[1:-1], dtype=np.int64, sep=",") if len(packed) > 2 else np.zeros(0, np.int64)
    shifts = np.arange(many, dtype=np.int64) * _NUMBER_BITS
    unpacked: Integers = rows[None, :] >> shifts[:, None] & _BEYOND
    return unpacked


def _read(codes: str, digits: int) -> Integers:
    """The numbers of a JSON array that all have so many digits."""
    letters = np.frombuffer(codes.encode(), dtype=np.uint8)[1:]
    if len(letters) < digits:
        return np.zeros(0, dtype=np.int64)
    columns = letters.reshape(-1, digits + 1)
    numbers = np.zeros(len(columns), dtype=np.int64)
    for digit in range(digits):
        numbers *= 10
        numbers += columns[:, digit] - _NOUGHT
    return numbers


def _apart(voices: Collection[int]) -> int:
    """A small number by which no two voices leave the same remainder."""
    found = max(len(voices), 1)
    while len({(id & _POSITIVE) % found for id in voices}) < len(voices):
        found += 1 + found // 8
    return found


def _heard(kind: Kind, rest: Integers, voices: Mapping[int, Voice], apart: int, checked: int) -> Integers:
    """The positions of the voices that leave these remainders; ``REGISTER_DAMAGED`` where nobody keeps one.

    Such a row leaves the remainder of another voice, but its number is missing in what they add up to.
    """
    of = np.zeros(apart, dtype=np.int64)
    of[[(id & _POSITIVE) % apart for id in voices]] = np.arange(len(voices))
    heard = of[rest]
    counts = np.bincount(heard, minlength=len(voices)).tolist()
    if sum(count * (id & _CHECKED) for count, id in zip(counts, voices, strict=False)) != checked or (
        len(heard) and not voices
    ):
        raise FallowError("REGISTER_DAMAGED", f"{kind.name}_history", found=VOICE)
    return heard
