"""Step 4, a publication: what leaves, before anybody has decided how it looks or who may see it.

A statement, a treaty report, a bulletin and a bare result are all the same thing here: blocks in order, and
the results their numbers come from. Every number in a block that a reader could doubt carries a
:class:`Figure`, which says of which result, measure and line it is; so one redaction works for all of them
(`redact`), any writer can print any of them, and a bundle can prove each number (`bundle`).

Nothing here writes a file. Texts are in every language at once; the writer chooses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from fallow.analysis import Result
from fallow.analysis.result import Fields
from fallow.kinds import Model
from fallow.words import Text

Unit = Literal["text", "code", "count", "m2", "percent", "date", "number"]
"""How the values of a column read. ``m2`` is whole square metres, ``percent`` one decimal."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Which number of which result: a key of :attr:`Publication.results`, a measure, a line's key."""

    result: str
    measure: str
    line: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """One text for it, used for links, footnotes and the list of figures in a bundle."""
        return "/".join((self.result, self.measure, *self.line))


@dataclass(frozen=True, slots=True)
class Cell:
    """A value, the figure it is when it is one, and what stands in place of a value that is not told.

    ``instead`` is a key of the words (``publish.withheld``, ``publish.not_recorded`` ...); the value is then
    ``None``, and no writer has it.
    """

    value: str | int | float | None
    figure: Figure | None = None
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its label, how its values read, labels of its codes, its HXL tag.

    ``fields`` are the fields of records whose values stand in it, which the redaction leaves to those who may
    see them; empty for words, codes and numbers of our own. A column with words in it that says neither does
    not leave.
    """

    name: str
    label: Text
    unit: Unit = "text"
    values: Mapping[str, Text] = field(default_factory=dict)
    hxl: str = ""
    fields: Fields | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row, a cell for every column."""

    cells: tuple[Cell, ...]
    total: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table; ``id`` is ASCII, unique in its publication, and names its sheet and its CSV file."""

    id: str
    title: Text
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is under the title of the publication."""

    text: Text
    level: int = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Words with numbers in them: ``{name}`` in the text stands for the figure of that name.

    ``fields`` are the fields whose values stand in it where the cell of a name is words, as for a column.
    """

    text: Text
    figures: Mapping[str, Cell] = field(default_factory=dict)
    units: Mapping[str, Unit] = field(default_factory=dict)
    fields: Mapping[str, Fields] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Absent:
    """A form or table printed empty, with the reason why nothing stands in it."""

    id: str
    title: Text
    reason: Text


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of a table in the same publication, for where a person would rather look.

    ``series`` are columns of numbers, ``category`` the column along the axis. Rows that are totals and cells
    that are withheld are not drawn. ``about`` says in words what the picture shows, for those who do not see.
    """

    id: str
    table: str
    form: Literal["bars", "stack", "lines", "waterfall", "triangle"]
    category: str
    series: tuple[str, ...]
    title: Text
    about: Text


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signed, for whom, with which mandate, when; the report that says so by its ledger number."""

    name: str
    organisation: str
    mandate: str
    date: str
    report: int


@dataclass(frozen=True, slots=True)
class Signatures:
    """The people who stand behind a statement."""

    people: tuple[Signatory, ...]


Block = Heading | Paragraph | Table | Absent | Chart | Signatures


@dataclass(frozen=True, slots=True)
class Stamp:
    """What S4 demands on everything that leaves.

    Attributes
    ----------
    programme
        The title of the register.
    data_date
        ISO day of the last ledger entry everything here rests on.
    head, head_hash
        That entry.
    known, true
        The clocks as asked; ``None`` for now and for the latest.
    unlocated
        By kind, records without a location, for kinds that are on a map or in a table of land.
    invented
        The programme is not a real one, and every page says so.
    """

    programme: str
    register: str
    data_date: str
    head: int
    head_hash: str
    known: str | None
    true: str | None
    unlocated: Mapping[str, int]
    invented: bool
    crs: str = "EPSG:4326"


@dataclass(frozen=True, slots=True)
class Publication:
    """Everything that leaves together.

    Attributes
    ----------
    name, version
        The builder that made it (``statement``, ``article7``, ``result`` ...).
    issued
        ISO day it is issued, as said by whoever issues it.
    results
        By a short name: every result a figure here is bound to.
    parameters
        What the builder was asked.
    classes
        The class of every field of the register's kinds, by ``kind.field``.
    """

    name: str
    version: int
    title: Text
    blocks: tuple[Block, ...]
    results: Mapping[str, Result]
    stamp: Stamp
    subtitle: Text = field(default_factory=dict)
    issued: str | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)

    @property
    def tables(self) -> tuple[Table, ...]:
        """Its tables in order."""
        return tuple(one for one in self.blocks if isinstance(one, Table))

    def table(self, id: str) -> Table:
        """One table by its id; ``KeyError`` when there is none."""
        return {one.id: one for one in self.tables}[id]


def classes_of(model: Model) -> dict[str, str]:
    """The class of every field, by ``kind.field``, as kinds and overlays have it now."""
    return {
        f"{kind.name}.{one.name}": one.sensitivity for kind in model.kinds.values() for one in kind.fields
    }
