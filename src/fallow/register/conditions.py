"""Step 2, conditions: what a figure asks of a history row, said so that SQLite alone can answer.

Handing 400,000 people over to be looked at costs more than adding them up. So a period of partial dates, a
name in any case and an age that another field tells are said in SQL here, each giving exactly what Python
says of the same row (``tests/register/test_conditions.py``, ``tests/laws/test_one_figure.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from fallow.kinds import date_high

_PAST = "\U0010ffff"
"""Sorts behind whatever text may follow the same beginning."""
_BEYOND_ASCII = "\x80"
_LAST_CASED = 0x1E943
"""The last character that has another case."""
_MOST_SPELLINGS = 64
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Condition:
    """What may hold of a row of the history ``h``; where a cell is empty it may be neither true nor false.

    Attributes
    ----------
    sql
        Holds names of fields only; every value is bound.
    fields
        The stored fields it reads: the view refuses one that the kind does not have.
    fails
        Whether it is meant that ``sql`` does not hold, be it false or unknown.
    """

    sql: str
    values: tuple[Any, ...] = ()
    fields: frozenset[str] = frozenset()
    fails: bool = False


NEVER = Condition("0")
ALWAYS = Condition("1")


def all_of(parts: Iterable[Condition]) -> Condition:
    """Whether every one holds."""
    listed = [one for one in parts if one is not ALWAYS]
    return NEVER if NEVER in listed else _joined(" AND ", listed, ALWAYS)


def any_of(parts: Iterable[Condition]) -> Condition:
    """Whether one of them holds."""
    listed = [one for one in parts if one is not NEVER]
    return ALWAYS if ALWAYS in listed else _joined(" OR ", listed, NEVER)


def _joined(word: str, parts: Sequence[Condition], nothing: Condition) -> Condition:
    if len(parts) < 2:
        return parts[0] if parts else nothing
    return Condition(
        word.join(f"({one.sql}) IS NOT TRUE" if one.fails else f"({one.sql})" for one in parts),
        tuple(value for one in parts for value in one.values),
        frozenset().union(*(one.fields for one in parts)),
    )


def failing(of: Condition) -> Condition:
    """Whether it does not hold, be it false or unknown."""
    if of is ALWAYS or of is NEVER:
        return NEVER if of is ALWAYS else ALWAYS
    return replace(of, fails=not of.fails)


def among(name: str, wanted: Iterable[str | None]) -> Condition:
    """Whether a field has one of these values; ``None`` is empty."""
    listed = tuple(dict.fromkeys(wanted))
    parts = [
        Condition(f'h."{name}" IS NULL') if one is None else Condition(f'h."{name}" = ?', (one,))
        for one in listed
    ]
    found = any_of(parts)
    return Condition(found.sql, found.values, frozenset({name}))


def below(name: str, number: int) -> Condition:
    """Whether a number is told and smaller than another."""
    return Condition(f'h."{name}" < ?', (number,), frozenset({name}))


def from_on(name: str, number: int) -> Condition:
    """Whether a number is told and not smaller than another."""
    return Condition(f'h."{name}" >= ?', (number,), frozenset({name}))


@dataclass(frozen=True, slots=True)
class Dated:
    """The fields that tell when: a partial date, and the last possible day where only a span is known.

    ISO dates sort as text, and a partial one right before its first day. So its first day is compared without
    looking at how exact it is, and its last day but for the two partial dates that a bound itself lies in.
    """

    date: str
    until: str | None = None

    @property
    def _fields(self) -> frozenset[str]:
        return frozenset({self.date, self.until or self.date})

    @property
    def _last(self) -> str:
        """SQL for the last day, partial as it is told."""
        date, until = f'h."{self.date}"', f'h."{self.until}"'
        return date if self.until is None else f"CASE WHEN {until} > '' THEN {until} ELSE {date} END"

    def _either(self, span: Condition, single: Condition) -> Condition:
        """One condition for those of a span, another for the many told by one date.

        As alternatives, at which SQLite jumps: a CASE, which it works out as a value, costs twice as much.
        """
        if self.until is None:
            return Condition(single.sql, single.values, self._fields)
        until = f'h."{self.until}"'
        sql = (
            f"({until} IS NULL AND {single.sql}) OR ({until} > '' AND {span.sql}) "
            f"OR ({until} = '' AND {single.sql})"
        )
        return Condition(sql, (*single.values, *span.values, *single.values), self._fields)

    def inside(self, since: str, until: str) -> Condition:
        """Whether the whole of it lies between two full days, both inclusive."""
        earliest = since[:4] if since.endswith("-01-01") else since[:7] if since.endswith("-01") else since
        date, last = f'h."{self.date}"', f'h."{self.until}"'
        reaching = tuple(one for one in (until[:4], until[:7]) if date_high(one) > until)
        beyond = f"NOT IN ({', '.join('?' * len(reaching))})"
        span = Condition(f"{last} <= ? AND {last} {beyond}", (until, *reaching))
        between = Condition(f"{date} BETWEEN ? AND ?", (earliest, until))
        told = all_of([between, self._either(span, Condition(f"{date} {beyond}", reaching))])
        if self.until is None:
            return told
        # A span that ends before it begins: both days lie where they lie all the same.
        turned = Condition(f"{date} > ? AND {last} > '' AND {span.sql}", (until, *span.values), self._fields)
        return any_of([told, turned])

    def outside(self, since: str, until: str) -> Condition:
        """Whether all of it lies before or after them, given that it does not lie inside."""
        date, last = f'h."{self.date}"', f'h."{self.until}"'
        touching = (since, since[:4], since[:7])
        span = Condition(f"{last} < ? AND {last} NOT IN (?, ?)", touching)
        # Most dates are told by their year: only those of the first one are looked at.
        early = self._either(span, Condition("1"))
        near = self._either(span, Condition(f"{date} < ? AND {date} NOT IN (?, ?)", touching))
        return any_of(
            [
                Condition(f"{date} > ?", (until,), self._fields),
                all_of([Condition(f"{date} < ?", (since[:4],)), early]),
                all_of([Condition(f"{date} BETWEEN ? AND ?", (since[:4], since)), near]),
            ]
        )

    def all_in(self, partial: str) -> Condition:
        """Whether the whole of it lies in a year or a month, given as a partial date."""
        ends = (partial, f"{partial}-99")
        sql = f'h."{self.date}" BETWEEN ? AND ?'
        if self.until is None:
            return Condition(sql, ends, self._fields)
        return Condition(f"{sql} AND {self._last} BETWEEN ? AND ?", ends * 2, self._fields)

    def in_no_one(self, digits: int) -> Condition:
        """Whether no single year (4) or month (7) is told in which all of it lies."""
        date = f'h."{self.date}"'
        sql = f"{date} IS NULL OR length({date}) < {digits}"
        if self.until is not None:
            sql += f" OR substr({self._last}, 1, {digits}) <> substr({date}, 1, {digits})"
        return Condition(sql, (), self._fields)


def reads_as(names: Iterable[str], text: str) -> Condition | None:
    """Whether one of some fields is this text, whichever its case (as ``str.casefold`` compares).

    ``None`` for a text that has too many spellings to be listed.
    """
    folded = text.casefold()
    if not folded or len(folded) > _LONGEST or "\0" in folded or _PAST in folded:
        return None
    specials = _specials(folded)
    if not specials:
        return any_of(_reading(name, "{} = ? COLLATE NOCASE", (folded,)) for name in names)
    patterns = _patterns(folded)
    if patterns is None:
        return None
    globs = " OR ".join("{} GLOB ?" for _ in patterns)
    globbed = tuple("".join(map(_globbed, spelling)) for spelling in patterns)
    if not folded[0].isascii():
        firsts = {one for spelling in patterns for one in spelling[0]}
        ends = (min(firsts), max(firsts) + _PAST)
        return any_of(
            _reading(name, f"{{}} BETWEEN ? AND ? AND ({globs})", (*ends, *globbed)) for name in names
        )
    # Most rows are told by their beginning, at a fraction of the price of a pattern: that one is for the few
    # which go on with a letter outside of ASCII where the text may.
    parts, values = ["{} = ? COLLATE NOCASE"], [folded]
    for at in specials:
        parts.append(f"{{}} COLLATE NOCASE BETWEEN ? AND ? AND ({globs})")
        values += [folded[:at] + _BEYOND_ASCII, folded[:at] + _PAST, *globbed]
    sql, plain = " OR ".join(f"({one})" for one in parts), folded[: specials[0]]
    if plain:
        sql, values = f"{{}} COLLATE NOCASE BETWEEN ? AND ? AND ({sql})", [plain, plain + _PAST, *values]
    return any_of(_reading(name, sql, tuple(values)) for name in names)


def _reading(name: str, sql: str, values: tuple[str, ...]) -> Condition:
    return Condition(sql.replace("{}", f'h."{name}"'), values, frozenset({name}))


@cache
def _spelled() -> dict[str, str]:
    """A folded text, of one to three characters, to the single characters that fold to it."""
    found: dict[str, str] = {}
    for one in map(chr, range(_LAST_CASED + 1)):
        folded = one.casefold()
        if folded != one:
            found[folded] = found.get(folded, "") + one
    return found


def _specials(folded: str) -> list[int]:
    """Where a folded text may be spelled otherwise than by a capital letter from A to Z.

    None behind a letter that is not of ASCII and has another case: from there on only a pattern tells.
    """
    spelled = _spelled()
    found = []
    for at, one in enumerate(folded):
        several = any(folded[at : at + many] in spelled for many in (2, 3) if at + many <= len(folded))
        if several or not spelled.get(one, "").isascii():
            found.append(at)
        if not one.isascii() and one in spelled:
            break
    return found


def _patterns(folded: str) -> list[list[str]] | None:
    """Every way to spell a folded text, each a list of the characters that may stand at a position.

    Several, because one character may stand for two or three folded ones: ß for ss.
    """
    spelled = _spelled()
    found: list[tuple[int, list[str]]] = [(0, [])]
    done: list[list[str]] = []
    while found:
        at, spelling = found.pop()
        if at == len(folded):
            done.append(spelling)
            continue
        one = folded[at]
        found += [
            (at + many, [*spelling, spelled[folded[at : at + many]]])
            for many in (3, 2)
            if at + many <= len(folded) and folded[at : at + many] in spelled
        ]
        found.append((at + 1, [*spelling, one + spelled.get(one, "")]))
        if len(done) + len(found) > _MOST_SPELLINGS:
            return None
    return done


def _globbed(characters: str) -> str:
    """The part of a GLOB pattern that takes one of some characters."""
    return characters if len(characters) == 1 and characters not in "*?[" else f"[{characters}]"
