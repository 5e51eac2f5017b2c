"""Step 0, a kind as a table: one column for each field that the register file may hold."""

from __future__ import annotations

from dataclasses import dataclass

from fallow.kinds.model import Field, Kind
from fallow.kinds.values import VALUE_TYPES, ColumnType


@dataclass(frozen=True, slots=True)
class Column:
    """One column of ``<kind>_history``. Its name is a lower-case word, checked at load, safe in quotes."""

    name: str
    type: ColumnType
    field: Field


def columns(kind: Kind) -> list[Column]:
    """The columns of a kind in the order of its fields; personal fields have none, they are in the vault."""
    return [Column(one.name, VALUE_TYPES[one.type].column, one) for one in kind.stored]
