"""Step 2, migrating: a register made by an older Fallow, or with fewer fields, becomes today's.

A migration is named, runs in one transaction, and is written into the ledger of migrations in the settings.
The file is copied beside itself first (``country.gpkg.before-<name>``). A register of a newer format is
refused when opened, never half understood.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fallow.kinds import Model, check_compatible
from fallow.register import geopackage
from fallow.register.snapshot import copy_database
from fallow.register.store import Store

FORMAT = 1
"""Version of the tables of this Fallow."""


@dataclass(frozen=True, slots=True)
class Migration:
    """A named step from one format to the next."""

    name: str
    to: int
    change: Callable[[sqlite3.Connection], None]


MIGRATIONS: tuple[Migration, ...] = ()
"""In order; format 1 is the first, so there is none yet."""


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
