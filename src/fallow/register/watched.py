"""Step 2, watching: what an analysis reads of a register, noted while it reads.

A :class:`Watched` answers like the register under it. Its :class:`Notes` then say which records, which
fields, on which days: what somebody needs to run the same analysis again, and nothing more. A question that
cannot be kept (a record's life, the vault) is refused with ``EVIDENCE_NOT_KEPT``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fallow.errors import FallowError
from fallow.kinds import Kind, Model
from fallow.register.ledger import Entry, Ledger
from fallow.register.register import Register
from fallow.register.report import Record
from fallow.register.sources import SaidBy
from fallow.register.view import BESIDE, States, View, Where

Clocks = tuple[str | None, str | None, int | None]
"""Known, true and head, as a view was asked for."""


@dataclass(slots=True)
class Read:
    """What was read of one kind.

    Attributes
    ----------
    fields
        Names of stored fields.
    beside
        Which of ``conflict`` and ``awaiting`` were looked at.
    records
        Ids of the records that were read.
    clocks
        The views they were read through, and whether all states along true time were read.
    """

    fields: set[str] = field(default_factory=set)
    beside: set[str] = field(default_factory=set)
    records: set[str] = field(default_factory=set)
    clocks: dict[Clocks, bool] = field(default_factory=dict)
    geometry: bool = False


@dataclass(slots=True)
class Notes:
    """What was read, by kind; which kinds were asked about; whether and what days were known."""

    read: dict[str, Read] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)
    views: set[Clocks] = field(default_factory=set)
    known_days: list[str] | None = None

    def of(self, kind: str, clocks: Clocks, *, states: bool = False) -> Read:
        """The notes on a kind, with one more view through which it was read."""
        found = self.read.setdefault(kind, Read())
        found.clocks[clocks] = found.clocks.get(clocks, False) or states
        return found


class _Kinds(Mapping[str, Kind]):
    """The kinds of a model; those that were asked for by name are noted."""

    def __init__(self, kinds: Mapping[str, Kind], asked: set[str]) -> None:
        self._kinds = kinds
        self._asked = asked

    def __getitem__(self, name: str) -> Kind:
        found = self._kinds[name]
        self._asked.add(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


class _Fields(Mapping[str, Any]):
    """The values of a record; those that were looked at are noted."""

    __slots__ = ("_fields", "_read")

    def __init__(self, fields: Mapping[str, Any], read: set[str]) -> None:
        self._fields = fields
        self._read = read

    def __getitem__(self, name: str) -> Any:
        self._read.add(name)
        return self._fields[name]

    def __contains__(self, name: object) -> bool:
        self._read.add(str(name))
        return name in self._fields

    def get(self, name: str, default: Any = None) -> Any:
        """The value, noted as read also where there is none."""
        self._read.add(name)
        return self._fields.get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


class _WatchedRecord:
    """A record that notes what is asked of it."""

    __slots__ = ("_read", "_record", "fields")

    def __init__(self, record: Record, read: Read) -> None:
        self._record = record
        self._read = read
        self.fields = _Fields(record.fields, read.fields)

    def __getattr__(self, name: str) -> Any:
        if name == "geometry":
            self._read.geometry = True
        elif name in ("conflict", "awaiting"):
            self._read.beside.add(name)
        return getattr(self._record, name)


class WatchedView(View):
    """A view that notes what is read through it."""

    def __init__(self, view: View, clocks: Clocks, notes: Notes) -> None:
        self._view = view
        self._clocks = clocks
        self._notes = notes
        self.known, self.true = view.known, view.true

    def records(
        self,
        kind: str,
        where: Where | None = None,
        bbox: Sequence[float] | None = None,
        *,
        order: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> Iterator[Record]:
        """See :meth:`View.records`."""
        read = self._notes.of(kind, self._clocks)
        read.fields.update(where or {})
        read.geometry = read.geometry or bbox is not None
        if order is not None:
            read.fields.add(order.removeprefix("-"))
        for one in self._view.records(kind, where, bbox, order=order, limit=limit, offset=offset):
            read.records.add(one.id)
            yield _WatchedRecord(one, read)  # type: ignore[misc]  # it answers as a record does

    def record(self, record: str) -> Record | None:
        """See :meth:`View.record`."""
        found = self._view.record(record)
        if found is None:
            return None
        read = self._notes.of(found.kind, self._clocks)
        read.records.add(record)
        return _WatchedRecord(found, read)  # type: ignore[return-value]

    def states(self, kind: str, names: Sequence[str]) -> Iterator[States]:
        """See :meth:`View.states`."""
        read = self._notes.of(kind, self._clocks, states=True)
        read.fields.update(names)
        read.geometry = True
        for one in self._view.states(kind, names):
            read.records.add(one[0])
            yield one

    def count(self, kind: str, where: Where | None = None, bbox: Sequence[float] | None = None) -> int:
        """See :meth:`View.count`."""
        self._all(kind, where or {}, geometry=bbox is not None)
        return self._view.count(kind, where, bbox)

    def tally(self, kind: str, by: Sequence[str], where: Where | None = None) -> dict[tuple[Any, ...], int]:
        """See :meth:`View.tally`."""
        self._all(kind, (*by, *(where or {})))
        return self._view.tally(kind, by, where)

    def unlocated(self, kind: str) -> int:
        """See :meth:`View.unlocated`."""
        self._all(kind, (), geometry=True)
        return self._view.unlocated(kind)

    def raw(self, kind: str, names: Sequence[str], *, geometry: bool) -> Iterator[list[tuple[Any, ...]]]:
        """See :meth:`View.raw`."""
        if "record" not in names:
            self._all(kind, names, geometry=geometry)
            yield from self._view.raw(kind, names, geometry=geometry)
            return
        read = self._notes.of(kind, self._clocks)
        read.fields.update(names)
        read.geometry = read.geometry or geometry
        read.beside.update({"conflict", "awaiting"} & set(names))
        at = list(names).index("record") + geometry
        for batch in self._view.raw(kind, names, geometry=geometry):
            read.records.update(row[at] for row in batch)
            yield batch

    def frame(self, kind: str, where: Where | None = None, bbox: Sequence[float] | None = None) -> Any:
        """See :meth:`View.frame`."""
        declared = self._notes_model(kind)
        self._all(kind, [one.name for one in declared.stored], geometry=bool(declared.shapes))
        return self._view.frame(kind, where, bbox)

    def _notes_model(self, kind: str) -> Kind:
        return self._view._model.kind(kind)

    def _all(self, kind: str, names: Iterable[str], *, geometry: bool = False) -> None:
        """Note every record of a kind as read."""
        read = self._notes.of(kind, self._clocks)
        read.fields.update(name for name in names if name != "record")
        read.geometry = read.geometry or geometry
        read.beside.update(set(names) & {"conflict", "awaiting"} & set(BESIDE))
        read.records.update(one.id for one in self._view.records(kind))


class Watched:
    """A register whose every answer to an analysis is noted."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self.notes = Notes()
        self.id: str = register.id
        self.settings: Mapping[str, Any] = register.settings
        self.ledger: Ledger = register.ledger
        self.model: Model = replace(register.model, kinds=_Kinds(register.model.kinds, self.notes.kinds))

    def at(self, known: str | None = None, true: str | None = None, head: int | None = None) -> WatchedView:
        """A view that notes what is read through it."""
        view = self._register.at(known, true, head)
        clocks = (view.known, view.true, head)
        self.notes.views.add(clocks)
        return WatchedView(view, clocks, self.notes)

    def entry(self, number: int) -> Entry:
        """One ledger entry."""
        return self._register.entry(number)

    def said_by(self, numbers: Iterable[int]) -> list[SaidBy]:
        """The sources of reports."""
        return self._register.said_by(numbers)

    def known_days(self) -> list[str]:
        """The days on which anything became known, noted as asked for."""
        self.notes.known_days = self._register.known_days()
        return list(self.notes.known_days)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise FallowError("EVIDENCE_NOT_KEPT", name)
