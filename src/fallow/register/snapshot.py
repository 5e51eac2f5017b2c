"""Step 2, snapshots: a clean copy of the current layers for the office's own QGIS.

QGIS flips the journal mode of a file it opens and freezes on a network drive with a WAL, so what it opens
is a copy: the current rows of each kind as plain tables with their own spatial index, and nothing else. No
ledger, no history, no restricted column unless asked, never a personal one.
"""

# ruff: noqa: S608 - names in SQL come from the checked model, values are always bound

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from fallow.errors import FallowError
from fallow.kinds import Kind, Model, columns
from fallow.register import geoblob, geopackage, rtree
from fallow.register.files import sync_folder
from fallow.register.store import APPLICATION_ID, GEOPACKAGE_VERSION
from fallow.register.view import View
from fallow.words import in_language, say


def copy_database(connection: sqlite3.Connection, target: Path) -> None:
    """A consistent copy of a whole database by the online backup API, synced."""
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    copy = sqlite3.connect(partial)
    try:
        connection.backup(copy)
    finally:
        copy.close()
    with partial.open("rb+") as content:
        os.fsync(content.fileno())
    partial.replace(target)
    sync_folder(target.parent)


def snapshot(
    model: Model, settings: dict[str, Any], view: View, target: Path, *, restricted: bool
) -> dict[str, int]:
    """Write the layers of ``view`` to a new GeoPackage; gives rows by layer.

    Parameters
    ----------
    restricted
        Whether restricted fields and layers come along. With or without them a snapshot is the office's own
        working copy (it has people one by one) and says so; what goes to others is written by the gate of
        ``publish``.

    Raises
    ------
    FallowError
        ``SNAPSHOT_EXISTS`` when the target is there, ``TARGET_NOT_WRITTEN`` where it may not be written.
    """
    try:
        if target.exists():
            raise FallowError("SNAPSHOT_EXISTS", target.name)
        return _written(model, settings, view, target, restricted=restricted)
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise FallowError("TARGET_NOT_WRITTEN", target.name, found=found) from error
    except sqlite3.OperationalError as error:
        # what the register says itself is named by its view; this is the copy's
        found = getattr(error, "sqlite_errorname", None) or type(error).__name__
        raise FallowError("TARGET_NOT_WRITTEN", target.name, found=found) from error


def _written(
    model: Model, settings: dict[str, Any], view: View, target: Path, *, restricted: bool
) -> dict[str, int]:
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    out = sqlite3.connect(partial, isolation_level=None)
    try:
        geoblob.register_functions(out)
        out.execute("PRAGMA page_size=4096")
        out.execute(f"PRAGMA application_id={APPLICATION_ID}")
        out.execute(f"PRAGMA user_version={GEOPACKAGE_VERSION}")
        out.execute("BEGIN")
        geopackage.create_standard_tables(out)
        counts = {}
        for kind in model.kinds.values():
            counts[kind.name] = _layer(out, view, kind, settings, restricted=restricted)
        out.execute("COMMIT")
    except BaseException:
        out.close()
        partial.unlink(missing_ok=True)
        raise
    out.close()
    with partial.open("rb+") as content:
        os.fsync(content.fileno())
    partial.replace(target)
    sync_folder(target.parent)
    return counts


def _layer(
    out: sqlite3.Connection, view: View, kind: Kind, settings: dict[str, Any], *, restricted: bool
) -> int:
    spatial = bool(kind.shapes) and (restricted or kind.sensitivity == "public")
    kept = [one for one in columns(kind) if restricted or one.field.sensitivity == "public"]
    beside = ["known_from", "true_from", "conflict", "awaiting"]
    spelled = [f'"{one.name}" {one.type}' for one in kept] + [
        "known_from DATE",
        "true_from DATE",
        "conflict TEXT",
        "awaiting TEXT",
    ]
    geometry = "geom GEOMETRY, " if spatial else ""
    listed = ", ".join(spelled)
    out.execute(
        f'CREATE TABLE "{kind.name}" (fid INTEGER PRIMARY KEY, {geometry}record TEXT NOT NULL, {listed})'
    )
    geopackage.list_layer(
        out, kind.name, _identifier(kind, settings), _about(kind, view, settings), spatial=spatial
    )
    if spatial:
        rtree.create(out, kind.name)
        rtree.drop_triggers(out, kind.name)
    names = [*(["geom"] if spatial else []), "record", *(one.name for one in kept), *beside]
    quoted = ", ".join(f'"{one}"' for one in names)
    insert = f'INSERT INTO "{kind.name}" ({quoted}) VALUES ({",".join("?" * len(names))})'
    count = 0
    wanted = ["record", *(one.name for one in kept), *beside]
    for batch in view.raw(kind.name, wanted, geometry=spatial):
        out.executemany(insert, batch)
        count += len(batch)
    if spatial:
        rtree.rebuild(out, kind.name)
        rtree.raise_triggers(out, kind.name)
    return count


def _identifier(kind: Kind, settings: dict[str, Any]) -> str:
    return ("INVENTED " if settings.get("invented") else "") + in_language(kind.plural)


def _about(kind: Kind, view: View, settings: dict[str, Any]) -> str:
    """S4's words travel with the layer."""
    words = say("register.s4", date=settings["date"], unlocated=view.unlocated(kind.name))
    return f"{in_language(kind.about)} {words} {say('register.office')}"
