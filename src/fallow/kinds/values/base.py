"""Step 0, what a value type is: how a raw cell becomes a canonical value, how it is kept and asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from fallow.errors import FallowError
from fallow.kinds.model import Field, Model

ColumnType = Literal["TEXT", "INTEGER", "REAL", "BOOLEAN"]

NOT_SHOWN = "•••"
"""Stands for the value of a ``personal`` field in a message; the same in every language."""

_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Reading:
    """How a source writes its values. What is not declared here is not guessed.

    Attributes
    ----------
    decimal
        Decimal separator, ``.`` or ``,``.
    thousands
        Separator of groups of three digits; a space also stands for the no-break spaces.
    date_pattern
        Order of a date that is not ISO: ``dd/mm/yyyy``, ``mm/yyyy``, ``yyyy``; several joined by ``|``.
    unit
        Unit of a number that carries none; ``None`` means the unit of the field.
    language
        Language of a name that comes as plain text; ``und`` is "not said" (ISO 639).
    """

    decimal: str = "."
    thousands: str = ""
    date_pattern: str | None = None
    unit: str | None = None
    language: str = "und"


PLAIN = Reading()


def refuse(code: str, field: Field, raw: Any, **facts: Any) -> FallowError:
    """The refusal of a value, without the value when the field is personal."""
    return FallowError(code, field.name, field=field.name, found=shown(field, raw), **facts)


def shown(field: Field, raw: Any) -> str:
    """A value as it may stand in a message: shortened, on one line, and never a personal one."""
    if field.personal:
        return NOT_SHOWN
    text = raw if isinstance(raw, str) else repr(raw)
    visible = "".join(one if one.isprintable() else f"U+{ord(one):04X}" for one in text[: _SHOWN + 1])
    return visible if len(text) <= _SHOWN else visible[:_SHOWN] + "…"


class ValueType(ABC):
    """One kind of value; canonical values are JSON: str, int, float, bool, list of str, dict of str."""

    name: ClassVar[str]
    column: ClassVar[ColumnType]

    @abstractmethod
    def parse(self, raw: Any, field: Field, model: Model, reading: Reading = PLAIN) -> Any:
        """The canonical value of a raw cell; ``None`` for an empty one. Raises ``FallowError``."""

    def store(self, canonical: Any) -> Any:
        """The scalar that a column holds."""
        return canonical

    def load(self, scalar: Any) -> Any:
        """The canonical value of a stored scalar."""
        return scalar

    @abstractmethod
    def schema(self, field: Field, model: Model) -> dict[str, Any]:
        """JSON Schema (2020-12) of the canonical value."""

    @abstractmethod
    def form(self, field: Field) -> str:
        """The XLSForm question type."""
