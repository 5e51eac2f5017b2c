"""Step 2, verifying the indexes: what makes the ledger quick to ask must say exactly what the ledger says.

A history row can be right and yet never be seen: because an index of reports calls its report a draft, or
because the spatial index puts its box elsewhere. So each index is computed again from the ledger (the boxes
from the shapes) and compared.
"""

# ruff: noqa: S608 - names in SQL come from the checked model, values are always bound

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import Any

import orjson

from fallow.errors import Finding
from fallow.kinds import Kind, Model
from fallow.register import geoblob, geopackage, rtree
from fallow.register.prefix import Spans, acceptance
from fallow.register.report import OPEN_END
from fallow.register.sources import sources_of
from fallow.register.summing import ADDED, sums_of, voices_of

_READ = 2_000


def damage(code: str, where: str, **facts: Any) -> Finding:
    """A finding of verification; it is always a refusal."""
    return Finding(code, "refuse", where, facts)


def content_of(body: Any) -> Mapping[str, Any]:
    """The body of an entry; empty when it is damaged, which the chain has then named."""
    try:
        found = orjson.loads(body)
    except (orjson.JSONDecodeError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def reports(connection: sqlite3.Connection) -> Iterator[Finding]:
    """The index of reports, their state and the spans of their acceptance."""
    last = connection.execute("SELECT max(number) FROM fallow_ledger").fetchone()[0] or 0
    spans, declared = acceptance(connection, last)
    earlier: dict[int, list[tuple[str, str]]] = {}
    for number, since, until in connection.execute(
        "SELECT report, known_from, known_to FROM fallow_earlier_span"
    ):
        earlier.setdefault(number, []).append((since, until))
    rows = connection.execute(
        "SELECT l.number, l.at, l.body, r.number, r.kind, r.record, r.source, r.delivery, r.true_on, "
        "r.learned, r.declared, r.held, r.state, r.known_from, r.known_to FROM fallow_ledger l "
        "LEFT JOIN fallow_report r ON r.number = l.number WHERE l.verb = 'report' ORDER BY l.number"
    )
    for number, at, body, indexed, *cells in rows:
        if indexed is None:
            yield damage("REPORT_NOT_INDEXED", f"report {number}", found="-")
            continue
        said = content_of(body)
        expected, before = _indexed(said, at, number in declared, spans.get(number))
        if said and (tuple(cells) != expected or sorted(earlier.pop(number, [])) != sorted(before)):
            named = (
                name for name, cell, right in zip(_COLUMNS, cells, expected, strict=True) if cell != right
            )
            yield damage("REPORT_NOT_INDEXED", f"report {number}", found=", ".join(named) or "known_from")
    strangers = connection.execute(
        "SELECT number FROM fallow_report WHERE number NOT IN "
        "(SELECT number FROM fallow_ledger WHERE verb = 'report')"
    )
    for (number,) in strangers:
        yield damage("ENTRY_MISSING", f"report {number}", found="-")


_COLUMNS = (
    "kind",
    "record",
    "source",
    "delivery",
    "true_on",
    "learned",
    "declared",
    "held",
    "state",
    "known_from",
    "known_to",
)


def _indexed(
    said: Mapping[str, Any], at: str, approved_declared: bool, spans: Spans | None
) -> tuple[tuple[Any, ...], Spans]:
    """What the index must hold of a report, and the earlier spans kept beside it."""
    learned = said.get("learned") or at[:10]
    declared = int(approved_declared or "learned" in said)
    state = "draft" if spans is None else "approved" if spans and spans[-1][1] == OPEN_END else "rejected"
    real = [(max(since, learned), max(since, learned, until)) for since, until in spans or ()]
    known_from = real[-1][0] if real else None
    known_to = real[-1][1] if real and state == "rejected" else None
    first = tuple(said.get(name) for name in ("kind", "record", "source", "delivery", "true"))
    held = " ".join(said.get("held", ()))
    return (*first, learned, declared, held, state, known_from, known_to), [
        one for one in real[:-1] if one[0] < one[1]
    ]


def decisions(connection: sqlite3.Connection) -> Iterator[Finding]:
    """The index of decisions by the record they speak about."""
    expected: set[tuple[str, int]] = set()
    rows = connection.execute(
        "SELECT number, body FROM fallow_ledger "
        "WHERE verb IN ('resolve', 'release', 'same', 'different', 'erase')"
    )
    for number, body in rows:
        said = content_of(body)
        expected.update((said[name], number) for name in ("record", "one", "other") if name in said)
    there = set(connection.execute("SELECT record, number FROM fallow_about"))
    for record, number in sorted(expected ^ there, key=lambda one: one[1]):
        yield damage("DECISION_NOT_INDEXED", f"entry {number}", record=record)


def sums(connection: sqlite3.Connection, kind: Kind, broken: Collection[int]) -> Iterator[Finding]:
    """What figures add up of each history row: its four sums and its voice, as its reports make them.

    Rows whose own hash is broken have been named and are left out.
    """
    table = f"{kind.name}_history"
    kept = dict(connection.execute("SELECT id, said FROM fallow_voice WHERE kind = ?", (kind.name,)))
    rows = connection.execute(f'SELECT fid, record, declared, reports, {", ".join(ADDED)} FROM "{table}"')
    while some := rows.fetchmany(_READ):
        whole = [row for row in some if row[0] not in broken]
        voices = voices_of([row[2:4] for row in whole], partial(sources_of, connection))
        expected = sums_of(f"{row[1]} {row[3]}" for row in whole).tolist()
        for row, told, voice in zip(whole, expected, voices, strict=True):
            if row[4:] != (*told, voice.id) or kept.get(voice.id) != voice.text:
                yield damage("ROW_DAMAGED", f"{table} row {row[0]}", record=row[1])


def boxes(connection: sqlite3.Connection, model: Model) -> Iterator[Finding]:
    """The spatial index: sound in itself, and every shape inside the box it is found by (S1)."""
    for kind in model.kinds.values():
        if not kind.shapes:
            continue
        table = f"{kind.name}_history"
        index = rtree.name(table)
        said = connection.execute("SELECT rtreecheck(?)", (index,)).fetchone()[0]
        if said != "ok":
            yield damage("INDEX_DAMAGED", table, found=str(said).splitlines()[0])
        rows = connection.execute(
            f'SELECT h.fid, substr(h.geom, 9, 32), r.minx, r.maxx, r.miny, r.maxy FROM "{table}" h '
            f"LEFT JOIN \"{index}\" r ON r.id = h.fid WHERE substr(h.geom, 4, 1) = x'03'"
        )
        found = 0
        for fid, envelope, west, east, south, north in rows:
            found += west is not None
            if west is None or not _inside(envelope, west, east, south, north):
                yield damage("INDEX_DAMAGED", table, found=f"row {fid}")
        total = connection.execute(f'SELECT count(*) FROM "{index}"').fetchone()[0]
        if total != found:
            yield damage("INDEX_DAMAGED", table, found=f"{total} != {found}")


def _inside(envelope: bytes, west: float, east: float, south: float, north: float) -> bool:
    min_x, max_x, min_y, max_y = struct.unpack("<4d", envelope)
    return (
        _just_below(west, min_x)
        and _just_below(south, min_y)
        and _just_below(-east, -max_x)
        and _just_below(-north, -max_y)
    )


def _just_below(edge: float, exact: float) -> bool:
    """Whether a 32-bit edge lies outside of an exact one, and no further than rounding puts it."""
    return exact - abs(exact) * 2**-21 - 1e-30 <= edge <= exact


def definitions(connection: sqlite3.Connection, model: Model) -> Iterator[Finding]:
    """Views, indexes and triggers as they were made, and every column there: a changed view hides records."""
    made = sqlite3.connect(":memory:", isolation_level=None)
    try:
        geoblob.register_functions(made)
        geopackage.create_contents(made)
        for kind in model.kinds.values():
            geopackage.create_layer(made, kind)
        expected, there = _objects(made), _objects(connection)
    finally:
        made.close()
    said = connection.execute("SELECT value FROM fallow_setting WHERE name = 'format'").fetchone()
    if said is not None and said[0] == "1":  # read, and not yet brought to today's format
        expected = _without_sums(expected)
    for name in sorted(expected.keys() | there.keys()):
        if expected.get(name) != there.get(name):
            yield damage("SCHEMA_CHANGED", name, found=name)


def _without_sums(expected: Mapping[str, Any]) -> dict[str, Any]:
    """The objects of format 1, whose rows carried nothing to add up."""
    return {
        name: [one for one in made if one[0] not in ADDED] if isinstance(made, list) else made
        for name, made in expected.items()
        if name != "fallow_voice"
    }


def _objects(connection: sqlite3.Connection) -> dict[str, Any]:
    """What each object of a database is: the columns of a table, the text of anything else.

    A widened table has its new columns last, so columns are compared without order.
    """
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")
    found: dict[str, Any] = {}
    for kind, name, sql in rows.fetchall():
        plain = kind == "table" and not sql.startswith("CREATE VIRTUAL")
        found[name] = (
            sorted(connection.execute("SELECT name, type, pk FROM pragma_table_info(?)", (name,)))
            if plain
            else sql
        )
    return found
