"""Step 1, reports arrive: whole columns at a time, each distinct text worked out once.

100,000 rows have a budget of about 12 microseconds each here. A column of a real register repeats itself (32
departments in 11,498 rows), so a dictionary from raw cell to finished cell does nearly all the work in C.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from fallow.intake.mapping_plain import plain_reader
from fallow.intake.mapping_values import Cell, Fault, cell, parse_text, raw_text
from fallow.intake.source import Condition, FieldSpec
from fallow.kinds import Field, Model

MEMO_LIMIT = 50_000
"""Distinct cells remembered for one field: memory must not grow with a column of free text."""


class Unsaid:
    """Stands where a row does not speak about a field at all (``when``)."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNSAID"


UNSAID = Unsaid()


@dataclass(frozen=True, slots=True)
class Column:
    """One field for every row of a batch."""

    values: Sequence[Any]
    originals: Sequence[str | None] | None
    """``None`` when no cell of the batch reads differently from its value."""
    faults: Sequence[tuple[int, Fault]]
    """Position in the batch and what is wrong there."""


class _Memo(dict[Any, Cell]):
    """Raw cell to finished cell, worked out on first sight."""

    def __init__(self, work: Callable[[Any], Cell]) -> None:
        super().__init__()
        self._work = work

    def __missing__(self, key: Any) -> Cell:
        found = self._work(key)
        self[key] = found
        return found


class FieldReader:
    """Fills one field from the columns of a batch."""

    def __init__(self, spec: FieldSpec, of: Field, model: Model) -> None:
        self.spec = spec
        self.of = of
        self._constant = None if spec.constant is None else parse_text(spec.constant, spec, of, model)
        self._plain = plain_reader(spec, of)
        self._memo = _Memo(lambda key: cell(_cells(key, len(spec.columns)), spec, of, model))

    def read(self, columns: Mapping[str, list[Any]], count: int) -> Column:
        """The field for each of the ``count`` rows of a batch."""
        if self.spec.constant is not None:
            column = Column(list(repeat(self._constant, count)), None, ())
        else:
            column = self._quick(columns) or self._work_out(_keys(columns, self.spec.columns))
        return _only_when(column, matching(self.spec.when, columns, count)) if self.spec.when else column

    def _quick(self, columns: Mapping[str, list[Any]]) -> Column | None:
        found = self._plain(columns[self.spec.columns[0]]) if self._plain else None
        return Column(found[0], found[1], ()) if found else None

    def _work_out(self, keys: Sequence[Any]) -> Column:
        if not keys:
            return Column([], None, ())
        if len(self._memo) > MEMO_LIMIT:
            self._memo.clear()
        distinct = set(keys)
        if len(distinct) < len(keys) // 2:
            cells = {key: self._memo[key] for key in distinct}
            if not any(one.fault for one in cells.values()):
                told = {key: one.value for key, one in cells.items()}
                came = {key: one.original for key, one in cells.items()}
                return Column(
                    list(map(told.__getitem__, keys)),
                    list(map(came.__getitem__, keys)) if any(came.values()) else None,
                    (),
                )
        values, originals, faults = zip(*map(self._memo.__getitem__, keys), strict=True)
        return Column(
            values,
            originals if any(originals) else None,
            [(row, fault) for row, fault in enumerate(faults) if fault is not None] if any(faults) else (),
        )


def _keys(columns: Mapping[str, list[Any]], names: Sequence[str]) -> Sequence[Any]:
    """What the memo is asked: the cell, or the cells of several columns; 1, 1.0 and true are kept apart."""
    found = [_typed(columns[name]) for name in names]
    return found[0] if len(found) == 1 else list(zip(*found, strict=True))


def _typed(column: list[Any]) -> list[Any]:
    if set(map(type, column)) <= {str, type(None)}:
        return column
    return [raw if raw.__class__ is str or raw is None else (raw.__class__, raw) for raw in column]


def _cells(key: Any, count: int) -> Sequence[Any]:
    if count == 1:
        return (_bare(key),)
    return tuple(map(_bare, key))


def _bare(key: Any) -> Any:
    return key[1] if key.__class__ is tuple else key


def _only_when(column: Column, said: Sequence[bool]) -> Column:
    return Column(
        [value if here else UNSAID for value, here in zip(column.values, said, strict=True)],
        column.originals,
        [(row, fault) for row, fault in column.faults if said[row]],
    )


def matching(condition: Condition, columns: Mapping[str, list[Any]], count: int) -> list[bool]:
    """Which rows a condition speaks about."""
    said = [True] * count
    for name, texts in condition.items():
        memo: dict[Any, bool] = {}
        for row, raw in enumerate(_typed(columns[name])):
            hit = memo.get(raw)
            if hit is None:
                hit = memo[raw] = raw_text(_bare(raw)).strip() in texts
            said[row] = said[row] and hit
    return said
