"""Face one, which register, and with which passphrase."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fallow.errors import FallowError
from fallow.words import say

if TYPE_CHECKING:
    from fallow.register import Register


@contextmanager
def reading(path: Path | None) -> Iterator[Register]:
    """A register to ask; nothing on disk changes."""
    from fallow.register import open_register

    found = find_register(path)
    with _named_faults(found), open_register(found, read_only=True) as register:
        yield register


@contextmanager
def writing(path: Path | None, passphrase_file: Path | None) -> Iterator[Register]:
    """A register to tell something; its key may need a passphrase."""
    from fallow.register import open_register

    found = find_register(path)
    if not found.exists():
        raise FallowError("REGISTER_MISSING", found.name)
    passphrase = passphrase_of(passphrase_file)
    if passphrase is None and found.with_suffix(".vault").exists() and sys.stdin.isatty():
        passphrase = click.prompt(say("cli.passphrase"), hide_input=True, err=True)
    with _named_faults(found), open_register(found, passphrase=passphrase) as register:
        yield register


def find_register(given: Path | None) -> Path:
    """The register meant: the one named, else the only one in the current folder.

    Raises
    ------
    FallowError
        ``REGISTER_NOT_NAMED`` when there is none here, ``REGISTER_AMBIGUOUS`` when there are several,
        ``FILE_NOT_FOUND`` when the one named lies where nobody may look.
    """
    if given is not None:
        try:
            given.exists()
        except OSError as error:  # it lies in a folder that may not be entered
            raise FallowError("FILE_NOT_FOUND", given.name) from error
        return given
    found = sorted(path for path in Path.cwd().glob("*.gpkg") if _has_ledger(path))
    if not found:
        raise FallowError("REGISTER_NOT_NAMED", "--register")
    if len(found) > 1:
        raise FallowError("REGISTER_AMBIGUOUS", "--register", found=", ".join(path.name for path in found))
    return found[0]


def passphrase_of(file: Path | None) -> str | None:
    """The passphrase from a file or ``FALLOW_PASSPHRASE``; ``None`` when neither is given."""
    if file is None:
        return os.environ.get("FALLOW_PASSPHRASE") or None
    try:
        text = file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise FallowError("PASSPHRASE_FILE", file.name, found=type(error).__name__) from error
    if not text:
        raise FallowError("PASSPHRASE_EMPTY", file.name)
    return text


def _has_ledger(path: Path) -> bool:
    try:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as file:
            asked = "SELECT 1 FROM sqlite_master WHERE name = 'fallow_ledger'"
            return file.execute(asked).fetchone() is not None
    except sqlite3.Error:
        return False  # not a database: some other file with this ending, which is not ours to judge


@contextmanager
def _named_faults(path: Path) -> Iterator[None]:
    """A file that breaks while it is read is a damaged register (status 3), not a fault of the program."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        said = str(error)
        if "locked" in said or "busy" in said:
            raise FallowError("REGISTER_BUSY", path.name) from error
        if type(error) is sqlite3.DatabaseError or "disk I/O" in said or "no such" in said:
            raise FallowError("REGISTER_DAMAGED", path.name, found=said) from error
        raise
