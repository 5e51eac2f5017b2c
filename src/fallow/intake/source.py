"""Step 1, reports arrive: what a source description says, as plain frozen data.

``load_source`` reads ``source.yaml`` into a :class:`Source` and refuses it whole, with file, line and
remedy, before any data file is opened. Nothing here is guessed: a format, a unit, a date order or a
coordinate system that a person did not declare is not assumed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import orjson

from fallow.intake.read import GeometrySpec, ReadSpec

Condition = Mapping[str, frozenset[str]]
"""Column to the texts it may have (all columns must agree); the empty text stands for an empty cell."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """How one field of a kind is filled.

    Attributes
    ----------
    columns
        The columns it is made of; empty for a constant.
    constant
        A value that holds for every row.
    lookup
        Text in the file to canonical text; ``None`` means "says nothing".
    otherwise
        What a text not in ``lookup`` becomes; such a text is refused when there is no ``else``.
    empty
        Texts that mean nothing is known.
    date
        Order of a date written otherwise than ISO: ``dd/mm/yyyy``.
    when
        Rows in which the field is spoken about at all.
    collect
        Yes/no columns to the code each stands for; the field is the codes of those that say yes.
    optional
        The columns may be absent from a delivery; the field is then not spoken about.
    link, by, of
        Kind of the linked record; the columns that hold its id (none: the record of the same row); the source
        it belongs to (``None``: this one).
    """

    name: str
    columns: tuple[str, ...] = ()
    constant: str | None = None
    lookup: Mapping[str, str | None] | None = None
    otherwise: str | None = None
    empty: frozenset[str] = frozenset()
    unit: str | None = None
    date: str | None = None
    split: str | None = None
    join: str | None = None
    pad: int | None = None
    pattern: str | None = None
    collect: Mapping[str, str] | None = None
    decimal: str = "."
    thousands: str = ""
    when: Condition = field(default_factory=dict)
    optional: bool = False
    link: str | None = None
    by: tuple[str, ...] = ()
    of: str | None = None
    where: str = ""
    """Line of the description, for messages."""


@dataclass(frozen=True, slots=True)
class RecordSpec:
    """What kind of record the rows of a table speak about, and how.

    Attributes
    ----------
    id
        Columns whose values together name a record; empty when the source names none.
    match
        Tiers of field names by which rows of two deliveries are paired when there is no id; the strictest
        first. ``@geometry`` is the place.
    complete
        A delivery lists every living record, so that one no longer listed is withdrawn.
    date
        Date of information or of the event; ``None`` when the day of delivery is the date.
    undated
        What stands for the date of a row without one: ``delivered`` or a partial date; ``None`` refuses
        such rows.
    geometry
        ``own`` takes the geometry of the format, ``none`` says nothing about the place.
    group
        Rows with the same id are one record told several times (an accident, once for each victim).
    """

    kind: str
    id: tuple[str, ...]
    match: tuple[tuple[str, ...], ...]
    complete: bool
    date: FieldSpec | None
    undated: str | None
    fields: tuple[FieldSpec, ...]
    geometry: Literal["own", "none"] | GeometrySpec
    rows: Condition
    author: str | None
    group: bool
    where: str = ""

    @property
    def columns(self) -> frozenset[str]:
        """Every column this record is made of."""
        named = [*self.id, *self.rows, *([self.author] if self.author else [])]
        for one in (*self.fields, *([self.date] if self.date else [])):
            named += [*one.columns, *one.when, *one.by]
        if isinstance(self.geometry, GeometrySpec):
            place = self.geometry
            named += [name for name in (place.x, place.y, place.column, place.zone) if name]
        return frozenset(named)


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One table of a delivery: how its file is read and what its rows are."""

    name: str
    file: str
    read: ReadSpec
    records: tuple[RecordSpec, ...]
    ignore: Mapping[str, str]
    """Columns left out on purpose, with the reason."""
    where: str = ""


@dataclass(frozen=True, slots=True)
class DeliverySpec:
    """One hand-over: its day and the files of each table."""

    delivered: str
    files: Mapping[str, tuple[str, ...]]
    where: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A finding that a named person has accepted for this source."""

    code: str
    do: Literal["accept", "repair"]
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Expected:
    """Bounds on one count of a delivery; a count outside stops the run.

    ``max_change`` is a share (0.1 is 10 %) of the same count in the delivery before.
    """

    count: str
    least: int | None = None
    most: int | None = None
    most_share: float | None = None
    """At most this share of the rows, for ``refused``."""
    max_change: float | None = None
    where: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A whole source description."""

    name: str
    title: str
    who: str
    author: str
    licence: str
    declared: bool
    deliveries: tuple[DeliverySpec, ...]
    tables: tuple[TableSpec, ...]
    expect: tuple[Expected, ...]
    accept: tuple[Accepted, ...]
    folder: Path
    mapping: str
    """SHA-256 over what decides the reports: tables, columns, lookups, repairs; not over deliveries or
    titles."""

    def records_of(self, kind: str) -> list[tuple[TableSpec, RecordSpec]]:
        """Every table that speaks about a kind."""
        return [(table, record) for table in self.tables for record in table.records if record.kind == kind]

    @property
    def accepted(self) -> dict[str, str]:
        """Finding code to what was decided about it."""
        return {one.code: one.do for one in self.accept}


def mapping_digest(*parts: object) -> str:
    """SHA-256 over the plain values of a description."""
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()
