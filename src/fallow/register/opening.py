"""Step 2, making and opening a register: one GeoPackage, and beside it its key, its vault and its files.

``country.gpkg`` is what is copied, mailed and opened in QGIS. ``country.key`` signs, ``country.vault``
holds personal values, ``country.files`` the originals. A register carries its model inside itself, so that
opening it needs no catalogue and old data keeps its meaning; when the catalogue has grown, the register is
widened in one transaction (``migrate.py``).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from fallow.errors import FallowError
from fallow.kinds import Model, catalogue_digest, load_kinds, model_from_json, model_to_json
from fallow.register import geopackage, keys, migrate
from fallow.register.damage import damage_told
from fallow.register.ledger import Clock, canonical, new_ids, system_clock
from fallow.register.register import Register
from fallow.register.store import Store, unreadable
from fallow.register.vault import Vault

Boxes = Sequence[tuple[float, float, float, float]]


def create_register(
    path: str | Path,
    *,
    title: str,
    country: str | None = None,
    extent: Boxes = (),
    overlay: str | Path | None = None,
    passphrase: str | None = None,
    invented: bool = False,
    huge_area_m2: float = 1e9,
    clock: Clock = system_clock,
) -> Register:
    """Make a new register and open it for writing.

    Parameters
    ----------
    path
        The GeoPackage to make; ``REGISTER_EXISTS`` when there is one.
    country, extent
        ISO code of the programme's country, and boxes (west, south, east, north, degrees) that a location is
        expected in; a location outside waits for a person.
    overlay
        Folder of a national overlay on the kinds.
    passphrase
        Opens the vault and the key. Without one there is no vault and no personal value can come in.
    invented
        Marks every layer and page as invented data.
    huge_area_m2
        A polygon larger than this waits for a person.
    """
    target = Path(path)
    model = load_kinds(Path(overlay) if overlay else None)
    settings = {
        "format": migrate.FORMAT,
        "register": new_ids(1)[0],
        "title": title,
        "country": country,
        "extent": [list(box) for box in extent],
        "overlay": str(Path(overlay).name) if overlay else None,
        "invented": invented,
        "huge_area_m2": huge_area_m2,
    }
    key_path, vault = target.with_suffix(".key"), Vault(target.with_suffix(".vault"))
    for beside in (key_path, vault.path):
        if beside.exists():
            raise FallowError("REGISTER_EXISTS", beside.name)
    store = Store(target, create=True)
    try:
        key = keys.make(key_path, passphrase)
        if passphrase:
            vault.create(passphrase)
        with store.transaction():
            geopackage.create_contents(store.connection)
            for kind in model.kinds.values():
                geopackage.create_layer(store.connection, kind, invented=invented)
            _write_settings(store.connection, settings, model)
        register = Register(store, model, settings, key=key, vault=vault, clock=clock)
        with register.writing():
            anchor = sha256(model_to_json(model)).hexdigest()
            founding = {**settings, "key": key.public, "model": model.digest, "model_sha256": anchor}
            register.ledger.append("found", [canonical(founding)])
    except BaseException:
        store.close()
        vault.close()
        for left in (
            target,
            Path(f"{target}-journal"),
            Path(f"{target}-wal"),
            Path(f"{target}-shm"),
            key_path,
            vault.path,
        ):
            left.unlink(missing_ok=True)
        raise
    return register


def open_register(
    path: str | Path,
    *,
    passphrase: str | None = None,
    overlay: str | Path | None = None,
    read_only: bool = False,
    clock: Clock = system_clock,
) -> Register:
    """Open an existing register.

    Parameters
    ----------
    path
        The GeoPackage; ``REGISTER_MISSING``, ``NOT_A_REGISTER`` or ``REGISTER_NEWER`` when it cannot be.
    passphrase
        Opens the vault and a key that is wrapped; reading needs none.
    overlay
        A grown overlay to widen the register with.
    read_only
        Nothing on disk changes, not even the journal.
    """
    target = Path(path)
    store = Store(target, read_only=read_only)
    try:
        with damage_told(store.connection):
            register = _opened(store, target, passphrase, overlay, clock, read_only=read_only)
    except BaseException:
        store.close()
        raise
    return register


def _opened(
    store: Store,
    target: Path,
    passphrase: str | None,
    overlay: str | Path | None,
    clock: Clock,
    *,
    read_only: bool,
) -> Register:
    """Everything between the file and the register; the caller closes the file when it fails."""
    settings = read_settings(store)
    model = model_from_json(settings.pop("model"))
    if not read_only:
        migrate.run(store, settings)
    vault = Vault(target.with_suffix(".vault"))
    if passphrase is not None and vault.path.exists():
        vault.unlock(passphrase)
    key, fault = None, None
    if not read_only:
        try:
            key = keys.load(target.with_suffix(".key"), passphrase)
        except FallowError as error:
            fault = error  # reading goes on; writing says why it cannot
    register = Register(store, model, settings, key=key, vault=vault, clock=clock)
    register.key_fault = fault
    _check_key(register)
    if register.key_public:
        _grow(register, store, Path(overlay) if overlay else None)
    if vault.open and register.key_public:
        _sweep(register)
    return register


def read_settings(store: Store) -> dict[str, Any]:
    """The settings a register carries; ``NOT_A_REGISTER`` when the file is some other GeoPackage."""
    try:
        rows = store.connection.execute("SELECT name, value FROM fallow_setting").fetchall()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise unreadable(store.path, error, read_only=store.read_only) from error
    settings = {name: value if name == "model" else json.loads(value) for name, value in rows}
    if "model" not in settings or "format" not in settings:
        raise FallowError("NOT_A_REGISTER", store.path.name)
    if settings["format"] > migrate.FORMAT:
        raise FallowError("REGISTER_NEWER", store.path.name, found=settings["format"], known=migrate.FORMAT)
    settings["model"] = settings["model"].encode()
    return settings


def _write_settings(connection: sqlite3.Connection, settings: Mapping[str, Any], model: Model) -> None:
    rows = [(name, json.dumps(value)) for name, value in settings.items()]
    rows.append(("model", model_to_json(model).decode()))
    rows.append(("catalogue", json.dumps(model.digest)))
    connection.executemany("INSERT OR REPLACE INTO fallow_setting VALUES (?,?)", rows)


def _grow(register: Register, store: Store, overlay: Path | None) -> None:
    """Widen the register with a catalogue or overlay that has grown compatibly, and sign for it.

    The ledger keeps the SHA-256 of every model a register ever carried: whoever edits the carried one, to
    drop the guard of a state for example, is found by ``verify``.
    """
    settings = register.settings
    if settings.get("overlay") and overlay is None:
        return  # its overlay is not at hand; what it was made with holds
    if catalogue_digest(overlay) == settings.get("catalogue"):
        return
    grown = load_kinds(overlay)
    named = {**settings, "overlay": overlay.name if overlay else settings.get("overlay")}
    named.pop("catalogue", None)
    with register.writing():
        migrate.widen(store.connection, register.model, grown, invented=bool(settings.get("invented")))
        _write_settings(store.connection, named, grown)
        anchor = sha256(model_to_json(grown)).hexdigest()
        body = {"model": grown.digest, "model_sha256": anchor, "overlay": named["overlay"]}
        register.ledger.append("model", [canonical(body)])
    register.model = grown
    register.settings = {**named, "catalogue": grown.digest}


def _check_key(register: Register) -> None:
    """A key that is not this register's must not sign for it."""
    first = register.ledger.entry(1)
    if first is None:
        raise FallowError("NOT_A_REGISTER", register.path.name)
    try:
        public = first.content["key"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        found = type(error).__name__
        raise FallowError("REGISTER_DAMAGED", register.path.name, found=f"entry 1: {found}") from error
    if register.key_public and public != register.key_public:
        raise FallowError("KEY_OTHER", register.path.with_suffix(".key").name)


def _sweep(register: Register) -> None:
    """Bring the vault to what the ledger says: after a crash between the two files they may differ.

    Taken out is what was sealed for a transaction that never came to be, and what an erasure was decided for.
    Another program may have sealed and not yet committed, so the register is locked before anything goes.
    """
    for digest in _left_behind(register):
        register.vault.erase_file(digest)
        register.files.erase(digest)
    if not any(_astray(register)):
        return
    with register.writing():
        orphans, unfinished = _astray(register)
        if orphans:
            register.vault.forget(sorted(orphans))
        for record in sorted(unfinished):
            register.vault.erase(record)


def _left_behind(register: Register) -> list[str]:
    """Sealed originals that an erasure was decided for and that are still there."""
    doomed: set[str] = set()
    for entry in register.ledger.entries(("delivery", "erase")):
        if entry.verb == "erase":
            doomed.update(entry.content.get("files", ()))
        else:  # brought in again after the erasure: a person decided that too
            doomed.difference_update(one["sha256"] for one in entry.content["files"])
    return sorted(one for one in doomed if register.files.is_sealed(one))


def _astray(register: Register) -> tuple[set[str], set[str]]:
    """Report ids that are in the vault alone, and records whose erasure the vault has not seen."""
    sealed = register.vault.commitments()
    if not sealed:
        return set(), set()
    erased = {entry.content["record"]: entry.number for entry in register.ledger.entries(("erase",))}
    orphans, unfinished = set(sealed), set()
    for entry in register.ledger.entries(("report",)):
        if b'"sealed"' not in entry.body or "sealed" not in (said := entry.content):
            continue
        if said["sealed"]["id"] in orphans:
            orphans.discard(said["sealed"]["id"])
            if entry.number < erased.get(said["record"], 0):
                unfinished.add(said["record"])
    return orphans, unfinished
