"""Step 2, evidence: rows that were taken out of a register, opened again as a small one.

:class:`EvidenceRegister` puts them into history tables in memory and answers an analysis through the same SQL
as a register does. It trusts nothing in them: a hostile row gives an error.
"""

# ruff: noqa: S608 - names in SQL come from a checked model, values are always bound

from __future__ import annotations

import re
import sqlite3
import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from sqlalchemy.dialects import sqlite as dialect
from sqlalchemy.schema import CreateTable

from fallow.errors import FallowError
from fallow.kinds import VALUE_TYPES, Kind, Model, model_from_json, model_to_json
from fallow.register import geoblob, schema
from fallow.register.evidence_rows import EvidenceRow, Judged
from fallow.register.schema import BOUNDS
from fallow.register.sources import SaidBy, told_by
from fallow.register.summing import ADDED, VoiceWriter, sums_of, voices_of
from fallow.register.view import View
from fallow.register.watched import Clocks

_WORD = re.compile(r"[a-z][a-z0-9_]{0,62}")
_MOST_PARTS = 100_000


@dataclass(frozen=True, slots=True)
class Facts:
    """What an analysis asks of a register beside its rows.

    Attributes
    ----------
    views
        The clocks the rows were taken through; another question has no answer here.
    said
        Report number to source and who says so.
    judged
        Which records were judged the same, or not the same any more: links lead where they say.
    """

    register: str
    head: int
    head_hash: str
    views: frozenset[Clocks]
    settings: Mapping[str, Any] = field(default_factory=dict)
    known_days: tuple[str, ...] | None = None
    said: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    judged: tuple[Judged, ...] = ()


def part_of_model(model: Model, kinds: Iterable[str]) -> bytes:
    """Some kinds of a model and their code lists, as JSON: what they are, without what guides entry."""
    chosen = {
        name: replace(
            model.kinds[name],
            fields=tuple(replace(one, hint=None) for one in model.kinds[name].fields),
            states=(),
            rules=(),
        )
        for name in sorted(set(kinds))
        if name in model.kinds
    }
    lists = {one.codes for kind in chosen.values() for one in kind.fields if one.codes}
    codes = {name: model.code_lists[name] for name in sorted(lists)}
    return model_to_json(replace(model, kinds=chosen, code_lists=codes, retired={}))


def model_of(frozen: bytes) -> Model:
    """The model of a bundle; ``EVIDENCE_MODEL`` for one that is none, or that no register could have."""
    try:
        model = model_from_json(frozen)
    except FallowError as error:
        raise FallowError("EVIDENCE_MODEL", found=error.code) from error
    for name, kind in model.kinds.items():
        words = [name, kind.name, *(one.name for one in kind.fields)]
        known = all(one.type in VALUE_TYPES for one in kind.fields)
        lists = all(one.codes is None or one.codes in model.code_lists for one in kind.fields)
        if not known or not lists or not all(isinstance(one, str) and _WORD.fullmatch(one) for one in words):
            raise FallowError("EVIDENCE_MODEL", found=str(name)[:60])
    return model


@dataclass(frozen=True, slots=True)
class _Head:
    hash: bytes


class _Ledger:
    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def head(self) -> tuple[int, bytes, str]:
        return self._facts.head, bytes.fromhex(self._facts.head_hash), ""


class EvidenceRegister:
    """Evidence that answers an analysis as a register does. A context manager; it lies in memory.

    Raises
    ------
    FallowError
        ``EVIDENCE_ROW`` for a row that no history could have.
    """

    def __init__(self, rows: Sequence[EvidenceRow], model: Model, facts: Facts) -> None:
        self.model = model
        self.id = facts.register
        self.settings = facts.settings
        self.ledger = _Ledger(facts)
        self._facts = facts
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        geoblob.register_functions(self._connection)
        self._connection.execute("CREATE TABLE fallow_report (record TEXT, kind TEXT)")
        self._judge(facts.judged)
        for table in (schema.voice, *(schema.history(kind) for kind in model.kinds.values())):
            self._connection.execute(str(CreateTable(table).compile(dialect=dialect.dialect())))
        self.put(rows)
        self._connection.execute("CREATE INDEX by_record ON fallow_report (record)")

    def _judge(self, judged: Sequence[Judged]) -> None:
        self._connection.execute("CREATE TABLE fallow_about (record TEXT, number INTEGER)")
        self._connection.execute("CREATE TABLE fallow_ledger (number INTEGER, verb TEXT, at TEXT, body BLOB)")
        for number, verb, at, one, other, as_of in judged:
            said = {"one": one, "other": other, **({"as_of": as_of} if as_of else {})}
            self._connection.execute(
                "INSERT INTO fallow_ledger VALUES (?,?,?,?)", (number, verb, at, orjson.dumps(said))
            )
            self._connection.executemany(
                "INSERT INTO fallow_about VALUES (?,?)", [(one, number), (other, number)]
            )

    def put(self, rows: Sequence[EvidenceRow]) -> None:
        """Add rows."""
        by_kind: dict[str, list[EvidenceRow]] = {}
        for one in rows:
            by_kind.setdefault(one.kind, []).append(one)
        for name, some in by_kind.items():
            kind = self.model.kinds.get(name)
            if kind is None:
                raise FallowError("EVIDENCE_ROW", some[0].record, found=name)
            self._put(kind, some)

    def empty(self) -> None:
        """Take all rows out."""
        for name in self.model.kinds:
            self._connection.execute(f'DELETE FROM "{name}_history"')
        self._connection.execute("DELETE FROM fallow_report")

    def at(self, known: str | None = None, true: str | None = None, head: int | None = None) -> View:
        """A view on the evidence; ``EVIDENCE_NOT_KEPT`` for one that it was not taken through."""
        view = View(self._connection, self.model, known, true)
        if (view.known, view.true, head) not in self._facts.views:
            raise FallowError("EVIDENCE_NOT_KEPT", f"known {known}, true {true}, head {head}")
        return view

    def entry(self, number: int) -> Any:
        """The one entry that is known here: the head."""
        if number != self._facts.head:
            raise FallowError("EVIDENCE_NOT_KEPT", f"entry {number}")
        return _Head(bytes.fromhex(self._facts.head_hash))

    def said_by(self, numbers: Iterable[int]) -> list[SaidBy]:
        """The sources of reports, the most frequent first."""
        said = self._said(set(numbers))
        return told_by(Counter(said.values()))

    def _said(self, numbers: Iterable[int]) -> dict[int, tuple[str, str]]:
        return {one: self._facts.said.get(one, ("", "")) for one in numbers}

    def known_days(self) -> list[str]:
        """The days on which anything became known, as they were then."""
        if self._facts.known_days is None:
            raise FallowError("EVIDENCE_NOT_KEPT", "known_days")
        return list(self._facts.known_days)

    def close(self) -> None:
        """Forget the rows."""
        self._connection.close()

    def __enter__(self) -> EvidenceRegister:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise FallowError("EVIDENCE_NOT_KEPT", name)

    def _put(self, kind: Kind, rows: Sequence[EvidenceRow]) -> None:
        for one in rows:
            if one.shape is not None and (not kind.shapes or not plain(one.shape)):
                raise FallowError("EVIDENCE_ROW", one.record, found="geometry")
        stored = {one.name for one in kind.stored}
        used = sorted({name for one in rows for name in one.cells})
        if not set(used) <= stored:
            raise FallowError("EVIDENCE_ROW", rows[0].record, found=", ".join(set(used) - stored)[:60])
        shapes = [one.shape for one in rows]
        blobs = geoblob.to_blobs(shapes, geoblob.bounds_of(shapes)) if kind.shapes else []
        names = [*(["geom"] if kind.shapes else []), "record", *BOUNDS, *ADDED, *used]
        names += ["conflict", "awaiting", "declared", "reports", "row_hash"]
        listed = ", ".join(f'"{one}"' for one in names)
        reports = [" ".join(map(str, one.reports)) for one in rows]
        sums = sums_of(f"{one.record} {said}" for one, said in zip(rows, reports, strict=True)).tolist()
        voices = voices_of(
            [(one.declared, said) for one, said in zip(rows, reports, strict=True)], self._said
        )
        kept = VoiceWriter(self._connection, kind.name)
        lines = [
            (
                one.record,
                *one.bounds,
                *some,
                kept.keep(voice),
                *(one.cells.get(name) for name in used),
                one.conflict,
                one.awaiting,
                one.declared,
                said,
                b"",
            )
            for one, some, voice, said in zip(rows, sums, voices, reports, strict=True)
        ]
        if kind.shapes:
            lines = [(blob, *line) for blob, line in zip(blobs, lines, strict=True)]
        marks = ",".join("?" * len(names))
        self._connection.executemany(f'INSERT INTO "{kind.name}_history" ({listed}) VALUES ({marks})', lines)
        self._connection.executemany(
            "INSERT INTO fallow_report VALUES (?, ?)", [(one.record, kind.name) for one in rows]
        )


def plain(wkb: bytes) -> bool:
    """Whether WKB is one point, line or polygon, or a collection of one sort of them, and whole.

    Read before GEOS reads it: a few bytes of collections in collections end the process.
    """
    try:
        end = _shape(wkb, 0, (1, 2, 3, 4, 5, 6))
    except struct.error:
        return False
    return end == len(wkb)


def _shape(wkb: bytes, at: int, allowed: Sequence[int]) -> int:
    order = {0: ">", 1: "<"}.get(wkb[at] if at < len(wkb) else 2)
    if order is None:
        return -1
    (code,) = struct.unpack_from(order + "I", wkb, at + 1)
    at += 5
    size = 24 if code // 1000 == 1 else 16
    code %= 1000
    if code not in allowed:
        return -1
    if code == 1:
        return at + size
    count = int(struct.unpack_from(order + "I", wkb, at)[0])
    at += 4
    if count > _MOST_PARTS * 10:
        return -1
    if code == 2:
        return at + count * size
    for _ in range(count):
        if code == 3:
            (points,) = struct.unpack_from(order + "I", wkb, at)
            at += 4 + points * size
        else:
            at = _shape(wkb, at, (code - 3,))
        if not 0 <= at <= len(wkb):
            return -1
    return at
