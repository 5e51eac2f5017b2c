"""Step 1, reports arrive: the rows of a batch as statements about records of one kind, column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fallow.errors import FallowError, Finding
from fallow.intake.identity import BETWEEN, id_text
from fallow.intake.mapping_columns import UNSAID, Column, FieldReader, matching
from fallow.intake.mapping_values import raw_text
from fallow.intake.read import Batch
from fallow.intake.source import FieldSpec, RecordSpec
from fallow.kinds import Field, Kind, Model

_SHAPES = {1: "point", 2: "line", 3: "polygon", 4: "point", 5: "line", 6: "polygon"}


@dataclass(frozen=True)
class Statements:
    """What the rows of one batch say about records of one kind; every list has one entry a row.

    Attributes
    ----------
    here
        Rows this record spec speaks about.
    ids
        The id in the file (``codes``: as a person reads it), or ``None`` when the source gives none.
    links
        Field name to the id in the file of the linked record (a list where several are linked).
    columns
        Field name to canonical values; ``None`` where a row says nothing, ``UNSAID`` where it does not speak
        about the field.
    originals, secrets
        Raw text of those that read differently; personal values (``None`` where no column is personal).
    spoken
        Fields every row speaks about, empty or not; ``unsaid`` holds the exceptions by row.
    """

    spec: RecordSpec
    here: Sequence[bool]
    ids: Sequence[str] | None
    codes: Sequence[str] | None
    links: Mapping[str, Sequence[Any]]
    columns: Mapping[str, Sequence[Any]]
    originals: Sequence[Mapping[str, str]]
    secrets: Sequence[Mapping[str, Any]] | None
    true: Sequence[str]
    authors: Sequence[str] | None
    spoken: tuple[str, ...]
    unsaid: Mapping[int, frozenset[str]]
    located: bool
    coded: bool
    """The kind has a ``code`` that the description leaves to Fallow."""

    @cached_property
    def fields(self) -> list[dict[str, Any]]:
        """The columns as one dictionary a row, without the empty cells; made when first asked for."""
        return _rows(self.columns, len(self.here))


class RecordMapper:
    """Maps the rows of a table to one kind of record."""

    def __init__(
        self, spec: RecordSpec, kind: Kind, model: Model, columns: Sequence[str], delivered: str
    ) -> None:
        self.spec = spec
        self.kind = kind
        self.delivered = delivered
        present = set(columns)

        def absent(one: FieldSpec) -> bool:
            return one.optional and not {*one.columns, *one.by} <= present

        self.absent = [one for one in spec.fields if absent(one)]
        self.links = [one for one in spec.fields if one.link and not absent(one)]
        self.readers = [
            FieldReader(one, _field(kind, one.name), model)
            for one in spec.fields
            if not one.link and not absent(one)
        ]
        self.date = FieldReader(spec.date, _field(kind, spec.date.name), model) if spec.date else None
        self.guarded = _guarded(kind, model)
        self.located = spec.geometry != "none"
        self.coded = kind.field("code") is not None and all(one.name != "code" for one in spec.fields)
        self.names = tuple(one.of.name for one in self.readers if not one.of.personal)
        self.id_field = self._id_field()
        date_names = (self.date.of.name,) if self.date else ()
        self.spoken = (*self.names, *date_names, *self.id_field, *(one.name for one in self.links))

    def _id_field(self) -> tuple[str, ...]:
        """The id in the file is kept as ``external_id`` unless the description fills that field itself."""
        of = self.kind.field("external_id")
        filled = {one.name for one in self.spec.fields}
        return ("external_id",) if self.spec.id and of is not None and of.name not in filled else ()

    def map(self, batch: Batch, place: str, findings: list[Finding], unread: frozenset[int]) -> Statements:
        """The statements of a batch; what is wrong goes to ``findings`` (``row`` is the position in the
        batch).

        ``unread`` rows were refused by the reader: their geometry is missing for that reason and no other.
        """
        count = len(batch)
        columns = batch.columns
        here = matching(self.spec.rows, columns, count)
        report = _Report(batch, place, here, findings)
        ids = self._ids(columns, count, report)
        open_columns: list[tuple[str, Column]] = []
        secret_columns: list[tuple[str, Column]] = []
        for reader in self.readers:
            column = reader.read(columns, count)
            report.faults(column, reader.spec)
            (secret_columns if reader.of.personal else open_columns).append((reader.of.name, column))
            if reader.of.name in self.guarded:
                report.claims(column, reader.of.name, self.guarded[reader.of.name])
        true, date_column = self._true(columns, count, report)
        if date_column is not None and self.date is not None:
            open_columns.append((self.date.of.name, date_column))
        self._required(open_columns, secret_columns, report)
        if self.located:
            report.places(batch.wkb, self.kind, unread)
        spoken = {name: column.values for name, column in open_columns}
        if self.id_field and ids is not None:
            spoken["external_id"] = _readable(ids, self.spec)
        return Statements(
            spec=self.spec,
            here=here,
            ids=ids,
            codes=None if ids is None else _readable(ids, self.spec),
            links=self._links(columns, count),
            columns=spoken,
            originals=_originals(open_columns, count),
            secrets=_rows({name: one.values for name, one in secret_columns}, count)
            if secret_columns
            else None,
            true=true,
            authors=[raw_text(one).strip() for one in columns[self.spec.author]]
            if self.spec.author
            else None,
            spoken=self.spoken,
            unsaid=_unsaid([*open_columns]),
            located=self.located,
            coded=self.coded,
        )

    def _ids(self, columns: Mapping[str, list[Any]], count: int, report: _Report) -> list[str] | None:
        if not self.spec.id:
            return None
        parts = [_trimmed(columns[name]) for name in self.spec.id]
        ids = parts[0] if len(parts) == 1 else [id_text(row) for row in zip(*parts, strict=True)]
        if len(parts) > 1 or "" in ids:
            for row in range(count):
                if not ids[row].strip(BETWEEN):
                    report.refuse(row, "ID_MISSING", column=", ".join(self.spec.id))
        return ids

    def _true(
        self, columns: Mapping[str, list[Any]], count: int, report: _Report
    ) -> tuple[Sequence[str], Column | None]:
        if self.date is None:
            return [self.delivered] * count, None
        column = self.date.read(columns, count)
        report.faults(column, self.date.spec)
        if None not in column.values:
            return column.values, column
        wrong = {row for row, _ in column.faults}
        instead = self.delivered if self.spec.undated == "delivered" else self.spec.undated
        for row, value in enumerate(column.values):
            if value is None and row not in wrong:
                report.undated(row, ", ".join(self.date.spec.columns), instead)
        values = [instead or "" if value is None else value for value in column.values]
        if instead is None:
            return values, column
        told = column.originals or [None] * count
        # The empty text beside the date says that the source gave none.
        originals = ["" if value is None else text for value, text in zip(column.values, told, strict=True)]
        return values, Column(values, originals, column.faults)

    def _required(
        self, open_columns: list[tuple[str, Column]], secrets: list[tuple[str, Column]], report: _Report
    ) -> None:
        for name, column in (*open_columns, *secrets):
            of = _field(self.kind, name)
            if of.required == "draft" and name != self.kind.date and None in column.values:
                wrong = {row for row, _ in column.faults}
                for row, value in enumerate(column.values):
                    if value is None and row not in wrong:
                        report.refuse(row, "REQUIRED_MISSING", field=name)

    def _links(self, columns: Mapping[str, list[Any]], count: int) -> dict[str, list[Any]]:
        """The id each link names; for the record of the same row the row itself (``True``)."""
        found: dict[str, list[Any]] = {}
        for one in self.links:
            said = matching(one.when, columns, count) if one.when else None
            if one.by:
                raws = zip(*(columns[name] for name in one.by), strict=True)
                named: list[Any] = [_named(row, one) for row in raws]
            else:
                named = [True] * count
            found[one.name] = (
                named
                if said is None
                else [id if here else UNSAID for id, here in zip(named, said, strict=True)]
            )
        return found


def _trimmed(column: Sequence[Any]) -> list[str]:
    if set(map(type, column)) == {str}:
        return [text.strip() for text in column]
    return [raw_text(raw).strip() for raw in column]


def _readable(ids: Sequence[str], spec: RecordSpec) -> Sequence[str]:
    """Ids as a person reads them: several columns with a blank between."""
    return ids if len(spec.id) == 1 else [id.replace(BETWEEN, " ") for id in ids]


def _named(raws: Sequence[Any], spec: FieldSpec) -> Any:
    """The id in the file that a link names, several where the cell lists several, ``None`` where it names
    none.
    """
    text = id_text([raw_text(raw).strip() for raw in raws])
    if not text.strip(BETWEEN) or text in spec.empty:
        return None
    if spec.split is None:
        return text
    return [part.strip() for part in text.split(spec.split) if part.strip()]


def _field(kind: Kind, name: str) -> Field:
    found = kind.field(name)
    if found is None:
        raise FallowError("SOURCE_FIELD_UNKNOWN", kind.name, found=name, kind=kind.name, near="")
    return found


def _guarded(kind: Kind, model: Model) -> dict[str, frozenset[str]]:
    """Code fields with values that only two signatures make effective (S3)."""
    found = {}
    for one in kind.fields:
        if one.type == "code":
            kept = frozenset(code.code for code in model.codes(one) if code.guard == "release")
            if kept:
                found[one.name] = kept
    return found


def _rows(columns: Mapping[str, Sequence[Any]], count: int) -> list[dict[str, Any]]:
    """The cells that say something, as one dictionary a row."""
    if not columns:
        return [{} for _ in range(count)]
    names = list(columns)
    rows = zip(*columns.values(), strict=True)
    if not any(None in values or UNSAID in values for values in columns.values()):
        return [dict(zip(names, row, strict=True)) for row in rows]
    return [
        {
            name: value
            for name, value in zip(names, row, strict=True)
            if value is not None and value is not UNSAID
        }
        for row in rows
    ]


_NO_ORIGINAL: Mapping[str, str] = {}


def _originals(columns: list[tuple[str, Column]], count: int) -> Sequence[Mapping[str, str]]:
    read = [(name, column.originals) for name, column in columns if column.originals is not None]
    if not read:
        return [_NO_ORIGINAL] * count
    names = [name for name, _ in read]
    rows = list(zip(*(texts for _, texts in read), strict=True))
    # Drafts are never changed, so rows that came written alike share one dictionary.
    shared = {
        row: {name: text for name, text in zip(names, row, strict=True) if text is not None}
        for row in dict.fromkeys(rows)
    }
    return [shared[row] for row in rows]


def _unsaid(columns: list[tuple[str, Column]]) -> dict[int, frozenset[str]]:
    found: dict[int, set[str]] = {}
    for name, column in columns:
        if UNSAID in column.values:
            for row, value in enumerate(column.values):
                if value is UNSAID:
                    found.setdefault(row, set()).add(name)
    return {row: frozenset(names) for row, names in found.items()}


class _Report:
    """Collects findings about the rows of one batch that a record spec speaks about."""

    def __init__(self, batch: Batch, place: str, here: Sequence[bool], findings: list[Finding]) -> None:
        self._batch, self._place, self._here, self._findings = batch, place, here, findings

    def refuse(self, row: int, code: str, **facts: Any) -> None:
        self._say(row, code, "refuse", facts)

    def undated(self, row: int, column: str, instead: str | None) -> None:
        """A row without a date: refused, or told what stands in for it."""
        if instead is None:
            self.refuse(row, "DATE_MISSING", column=column)
        else:
            self._say(row, "DATE_STANDS_IN", "note", {"found": instead})

    def _say(self, row: int, code: str, level: Any, facts: Mapping[str, Any], column: str = "") -> None:
        if self._here[row]:
            where = f"{self._place}{self._batch.where[row]}" + (f", {column}" if column else "")
            self._findings.append(Finding(code, level, where, dict(facts), row))

    def faults(self, column: Column, spec: FieldSpec) -> None:
        for row, fault in column.faults:
            self._say(row, fault.code, "refuse", fault.facts, " + ".join(spec.columns))

    def claims(self, column: Column, name: str, guarded: frozenset[str]) -> None:
        if guarded.isdisjoint(column.values):
            return
        for row, value in enumerate(column.values):
            if value in guarded:
                self._say(row, "CLAIM_NEEDS_RELEASE", "note", {"field": name, "found": value})

    def places(self, wkb: Sequence[bytes | None], kind: Kind, unread: frozenset[int]) -> None:
        """A missing place where the kind needs one, and a shape the kind does not have."""
        allowed = frozenset(kind.shapes)
        if None not in wkb and {_SHAPES.get(shape[1]) for shape in wkb if shape} <= allowed:
            return
        for row, shape in enumerate(wkb):
            if row in unread:
                continue
            if shape is None:
                if kind.location_unknown:
                    self._say(row, "LOCATION_UNKNOWN", "note", {"kind": kind.name})
                else:
                    self._say(row, "LOCATION_REQUIRED", "refuse", {"kind": kind.name})
            elif _SHAPES.get(shape[1]) not in allowed:
                found = _SHAPES.get(shape[1], "collection")
                facts = {"kind": kind.name, "found": found, "known": ", ".join(kind.shapes)}
                self._say(row, "SHAPE_NOT_ALLOWED", "refuse", facts)
