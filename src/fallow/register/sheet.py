"""Step 2, receiving many first statements at once: a sheet of reports, kept as columns until it is written.

A draft is an object with fifteen attributes; 100,000 of them cost more than everything the database does.
What a source says for the first time comes in columns and leaves in columns, so it stays in columns. A
sheet means exactly its :meth:`Sheet.drafts`: ``tests/laws/test_sheet.py`` proves that both ways write the
same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from math import isfinite
from typing import Any

import orjson

from fallow.kinds import Kind, Model, date_low
from fallow.register.ledger import canonical
from fallow.register.report import Draft

NOTHING: Mapping[str, str] = {}
_NONE = frozenset({None})


@dataclass(frozen=True, slots=True)
class Sheet:
    """Statements of one source about records of one kind; every sequence has one entry a statement.

    Attributes
    ----------
    columns
        Field name to canonical values; ``None`` where a statement does not speak about the field.
    originals
        The text that came in, for fields whose cleaned value reads differently.
    shapes
        WKB, or ``None`` for "location unknown"; the whole is ``None`` where no place is spoken about.
    held
        Position to the codes of findings that a named person must accept.
    apart
        Whoever made the sheet has seen to it that no record stands twice in it, nor in an earlier sheet of
        the same delivery.

    See :class:`~fallow.register.report.Draft` for the rest.
    """

    kind: str
    source: str
    learned: str | None
    records: Sequence[str]
    authors: Sequence[str]
    trues: Sequence[str]
    columns: Mapping[str, Sequence[Any]]
    originals: Sequence[Mapping[str, str]]
    shapes: Sequence[bytes | None] | None
    wheres: Sequence[str]
    held: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    apart: bool = False

    def __len__(self) -> int:
        return len(self.records)

    def drafts(self, rows: Iterable[int] | None = None) -> list[Draft]:
        """The same statements one by one, all or some of them."""
        return [
            Draft(
                self.kind,
                self.records[row],
                self.source,
                self.authors[row],
                self.trues[row],
                {name: cells[row] for name, cells in self.columns.items() if cells[row] is not None},
                self.originals[row],
                self.shapes[row] if self.shapes is not None else None,
                located=self.shapes is not None,
                learned=self.learned,
                where=self.wheres[row],
                held=self.held.get(row, ()),
            )
            for row in (range(len(self)) if rows is None else rows)
        ]


def keeps_to(sheet: Sheet, model: Model, kind: Kind) -> bool:
    """Whether every statement is one that the ledger may hold, seen column by column.

    ``False`` sends the drafts through the gate one by one, which lets them in or says what is wrong.
    """
    stored = {one.name: one for one in kind.stored}
    for name, cells in sheet.columns.items():
        of = stored.get(name)
        if of is None:
            return False
        if of.type == "code":
            known = _NONE.union(code.code for code in model.codes(of))
            if not (_texts(cells) and known.issuperset(cells)):
                return False
        elif not _FITS.get(of.type, _texts)(cells):
            return False
    if sheet.shapes is not None and not kind.shapes and any(one is not None for one in sheet.shapes):
        return False
    for day in set(sheet.trues):
        date_low(day)
    return sheet.learned is None or date_low(sheet.learned) == sheet.learned


def _types(cells: Iterable[Any]) -> set[type]:
    return set(map(type, cells)) - {type(None)}


def _texts(cells: Sequence[Any]) -> bool:
    return _types(cells) <= {str}


def _numbers(cells: Sequence[Any]) -> bool:
    return _types(cells) <= {int, float} and all(map(isfinite, (one for one in cells if one is not None)))


def _wholes(cells: Sequence[Any]) -> bool:
    given = [one for one in cells if one is not None]
    return _types(given) <= {int} and (not given or (min(given) >= -(2**63) and max(given) < 2**63))


def _lists(cells: Sequence[Any]) -> bool:
    return _types(cells) <= {list} and _types(chain.from_iterable(one for one in cells if one)) <= {str}


def _named(cells: Sequence[Any]) -> bool:
    return _types(cells) <= {dict} and all(set(map(type, one.values())) <= {str} for one in cells if one)


_FITS: Mapping[str, Callable[[Sequence[Any]], bool]] = {
    "integer": _wholes,
    "decimal": _numbers,
    "quantity": _numbers,
    "yes_no": lambda cells: _types(cells) <= {bool},
    "codes": _lists,
    "links": _lists,
    "names": _named,
}
"""The same as ``receiving._FITS`` says of one value."""


def as_json(columns: Mapping[str, Sequence[Any]], count: int) -> list[bytes]:
    """The cells of each row that say something, as canonical JSON."""
    names = sorted(columns)
    if not names:
        return [b"{}"] * count
    written = [_in_json(columns[name]) for name in names]
    if all(written):
        return _side_by_side(names, [one for one in written if one], count)
    rows = zip(*(columns[name] for name in names), strict=True)
    write, manner = orjson.dumps, orjson.OPT_SORT_KEYS
    if any(None in columns[name] for name in names):
        return [
            write(
                {name: cell for name, cell in zip(names, row, strict=True) if cell is not None}, None, manner
            )
            for row in rows
        ]
    return [write(dict(zip(names, row, strict=True)), None, manner) for row in rows]


def _in_json(cells: Sequence[Any]) -> Sequence[bytes] | None:
    """Every cell of a column as JSON, where they are all texts or all plain numbers; else ``None``."""
    types = set(map(type, cells))
    if types == {str}:
        return quoted(cells)
    if types and types <= {int, float, bool}:
        return orjson.dumps(list(cells))[1:-1].split(b",")
    return None


def _side_by_side(names: Sequence[str], columns: Sequence[Sequence[bytes]], count: int) -> list[bytes]:
    """One object a row of columns in the order of their names."""
    parts: list[Iterable[bytes]] = []
    for name, cells in zip(names, columns, strict=True):
        parts += (repeat((b"," if parts else b"{") + orjson.dumps(name) + b":", count), cells)
    return list(map(b"".join, zip(*parts, repeat(b"}", count), strict=True)))


class Stencil:
    """Canonical JSON that is the same in every row but for some holes.

    The holes are put in as marks before :func:`canonical` writes the whole, so that the order and the
    spelling of what stands around them are its own.
    """

    def __init__(self, make: Callable[[Mapping[str, str]], Any], *holes: str) -> None:
        marks = {hole: f"\x00{hole}\x00" for hole in holes}
        text = canonical(make(marks))
        if any(text.count(orjson.dumps(mark)) != 1 for mark in marks.values()):
            raise ValueError("a value looks like a mark")
        places = sorted((text.index(orjson.dumps(mark)), hole) for hole, mark in marks.items())
        self._holes = [hole for _, hole in places]
        self._around: list[bytes] = []
        at = 0
        for place, hole in places:
            self._around.append(text[at:place])
            at = place + len(orjson.dumps(marks[hole]))
        self._end = text[at:]

    def fill(self, count: int, **cells: Iterable[bytes]) -> list[bytes]:
        """One text a row; ``cells`` are JSON already."""
        parts: list[Iterable[bytes]] = []
        for around, hole in zip(self._around, self._holes, strict=True):
            parts += (repeat(around, count), cells[hole])
        return list(map(b"".join, zip(*parts, repeat(self._end, count), strict=True)))


def quoted(texts: Sequence[str]) -> list[bytes]:
    """Texts as JSON strings."""
    if not texts or "," in texts:
        return list(map(orjson.dumps, texts))
    # Within a text a quote has a backslash before it and a line break is escaped: but for a text that is a
    # comma, these three signs stand between two texts only.
    return orjson.dumps(list(texts))[1:-1].replace(b'","', b'"\n"').split(b"\n")


@dataclass(frozen=True, slots=True)
class _Parts:
    """Which parts the body of a statement has beside those that all have."""

    original: bool
    where: bool
    held: tuple[str, ...]


def bodies(sheet: Sheet, fields: Sequence[bytes], delivery: int) -> list[bytes]:
    """The bodies of the ledger entries: what ``canonical`` writes of each draft."""
    if not sheet.held and all(sheet.wheres):
        told = set(map(bool, sheet.originals))
        if len(told) == 1:
            return _alike(sheet, range(len(sheet)), fields, delivery, _Parts(told.pop(), where=True, held=()))
    groups: dict[_Parts, list[int]] = {}
    for row, (original, where) in enumerate(zip(sheet.originals, sheet.wheres, strict=True)):
        groups.setdefault(_Parts(bool(original), bool(where), sheet.held.get(row, ())), []).append(row)
    out: list[bytes] = [b""] * len(sheet)
    for parts, rows in groups.items():
        written = _alike(sheet, rows, [fields[row] for row in rows], delivery, parts)
        for row, body in zip(rows, written, strict=True):
            out[row] = body
    return out


def _alike(
    sheet: Sheet, rows: Sequence[int], fields: Sequence[bytes], delivery: int, parts: _Parts
) -> list[bytes]:
    """The bodies of statements that have the same parts."""
    cells: dict[str, Iterable[bytes]] = {
        "record": quoted(_picked(sheet.records, rows)),
        "author": _remembered(_picked(sheet.authors, rows)),
        "true": _remembered(_picked(sheet.trues, rows)),
        "fields": fields,
    }
    if parts.where:
        cells["where"] = quoted(_picked(sheet.wheres, rows))
    if parts.original:
        cells["original"] = _remembered_by_identity(_picked(sheet.originals, rows))

    def make(marks: Mapping[str, str]) -> dict[str, Any]:
        body = {"kind": sheet.kind, "source": sheet.source, "delivery": delivery, **marks}
        if sheet.shapes is not None:
            body["located"] = True
        if sheet.learned:
            body["learned"] = sheet.learned
        if parts.held:
            body["held"] = parts.held
        return body

    return Stencil(make, *cells).fill(len(rows), **cells)


def _picked(cells: Sequence[Any], rows: Sequence[int]) -> Sequence[Any]:
    return cells if isinstance(rows, range) else [cells[row] for row in rows]


def _remembered(texts: Sequence[str]) -> list[bytes]:
    known = {text: orjson.dumps(text) for text in set(texts)}
    return list(map(known.__getitem__, texts))


def _remembered_by_identity(originals: Sequence[Mapping[str, str]]) -> list[bytes]:
    """Rows that came written alike share one mapping (``mapping_records``)."""
    known = {id(one): one for one in originals}
    written = {key: canonical(one) for key, one in known.items()}
    return list(map(written.__getitem__, map(id, originals)))
