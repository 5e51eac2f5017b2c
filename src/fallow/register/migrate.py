"""Step 2, migrating: a register made by an older Fallow, or with fewer fields, becomes today's.

A migration is named, runs in one transaction, and is written into the ledger of migrations in the settings.
The file is copied beside itself first (``country.gpkg.before-<name>``). A register of a newer format is
refused when opened, never half understood.
"""

# ruff: noqa: S608 - names in SQL come from the checked model, values are always bound

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy.dialects import sqlite as dialect
from sqlalchemy.schema import CreateTable

from fallow.kinds import Kind, Model, check_compatible, model_from_json
from fallow.register import geopackage, schema
from fallow.register.inserting import insert
from fallow.register.snapshot import copy_database
from fallow.register.sources import sources_of
from fallow.register.store import Store
from fallow.register.summing import ADDED, VoiceWriter, sums_of, voices_of

FORMAT = 2
"""Version of the tables of this Fallow."""
_AT_ONCE = 2_000

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Migration:
    """A named step from one format to the next."""

    name: str
    to: int
    change: Callable[[sqlite3.Connection], None]


def _carry_sums(connection: sqlite3.Connection) -> None:
    """Format 2: beside each history row stands what figures add up (:mod:`fallow.register.summing`).

    The histories are written anew, because columns that are added to a table come last: behind all others
    SQLite reads them at nearly twice the price.
    """
    connection.execute(str(CreateTable(schema.voice).compile(dialect=dialect.dialect())))
    (carried,) = connection.execute("SELECT value FROM fallow_setting WHERE name = 'model'").fetchone()
    for kind in model_from_json(carried.encode()).kinds.values():
        before = geopackage.put_aside(connection, kind)
        for names, rows in _with_sums(connection, kind, before):
            listed = ", ".join(f'"{one}"' for one in names)
            insert(connection, f'"{kind.name}_history" ({listed})', list(zip(*rows, strict=True)), len(rows))
        connection.execute(f'DROP TABLE "{before}"')
        geopackage.create_indexes(connection, kind)


def _with_sums(
    connection: sqlite3.Connection, kind: Kind, before: str
) -> Iterator[tuple[list[str], list[Row]]]:
    """Names of columns and rows of a history, with what they are to carry, in batches."""
    keep = VoiceWriter(connection, kind.name).keep
    cursor = connection.execute(f'SELECT * FROM "{before}" ORDER BY fid')
    names = [one[0] for one in cursor.description]
    at = [names.index(one) for one in ("record", "declared", "reports")]
    while rows := cursor.fetchmany(_AT_ONCE):
        told = [[row[one] for one in at] for row in rows]
        sums = sums_of(f"{record} {reports}" for record, _, reports in told).tolist()
        voices = voices_of([(one[1], one[2]) for one in told], partial(sources_of, connection))
        added = [(*some, keep(voice)) for some, voice in zip(sums, voices, strict=True)]
        yield [*names, *ADDED], [(*row, *some) for row, some in zip(rows, added, strict=True)]


MIGRATIONS: tuple[Migration, ...] = (Migration("sums", 2, _carry_sums),)
"""In order, each to the next format."""


def run(store: Store, settings: dict[str, Any], migrations: tuple[Migration, ...] = MIGRATIONS) -> list[str]:
    """Bring the tables to today's format; gives the names of the migrations that ran.

    Each one is all or nothing: killed half way, the register is as it was before.
    """
    done = []
    for migration in migrations:
        if migration.to <= settings["format"]:
            continue
        copy_database(store.connection, store.path.with_name(f"{store.path.name}.before-{migration.name}"))
        with store.transaction():
            migration.change(store.connection)
            store.connection.execute(
                "UPDATE fallow_setting SET value = ? WHERE name = 'format'", (json.dumps(migration.to),)
            )
        settings["format"] = migration.to
        done.append(migration.name)
    return done


def widen(connection: sqlite3.Connection, old: Model, new: Model, *, invented: bool) -> Mapping[str, Any]:
    """Add the layers and columns of a grown model; refuses one that lost or renamed something."""
    check_compatible(old, new)
    added: dict[str, list[str]] = {}
    for name, kind in new.kinds.items():
        before = old.kinds.get(name)
        if before is None:
            geopackage.create_layer(connection, kind, invented=invented)
            added[name] = []
            continue
        there = {one.name for one in before.stored}
        fields = [one.name for one in kind.stored if one.name not in there]
        if fields:
            geopackage.widen_layer(connection, kind, fields)
            added[name] = fields
    return added
