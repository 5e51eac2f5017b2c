"""Power cuts: at any write or sync, whatever the disk kept of it, nothing acknowledged is lost.

The register's own code runs over the forgetful disk of ``power_loss.py``; each crash image is then opened by
the register as a user would and verified. The negative controls must lose data.
"""

from __future__ import annotations

import contextlib
import copy
import random
import sqlite3
import types
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from fallow.errors import FallowError
from fallow.register import store as store_room
from fixtures_register import Days, make, reopen, says, square

apsw = pytest.importorskip("apsw", reason="apsw (dev) brings the VFS that forgets")

from power_loss import Connection, Disk, ForgetfulVFS, PowerCut  # noqa: E402

# A power cut also strikes where SQLite asks nobody: while it closes a file.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

_names = count(1)
NAME = "country.gpkg"


def pragmas(journal: str, synchronous: str) -> Callable[[Any], None]:
    def set_them(connection: Any) -> None:
        connection.execute(f"PRAGMA journal_mode={journal}")
        connection.execute(f"PRAGMA synchronous={synchronous}")

    return set_them


MODES: dict[str, tuple[bool, Callable[[Any], None]]] = {
    "as shipped": (store_room.wal_is_sound(), store_room.durable),
    "DELETE + EXTRA": (False, pragmas("DELETE", "EXTRA")),
    "WAL + FULL": (True, pragmas("WAL", "FULL")),
}
CONTROLS: dict[str, tuple[bool, Callable[[Any], None]]] = {
    "WAL + NORMAL": (True, pragmas("WAL", "NORMAL")),
    "DELETE + OFF": (False, pragmas("DELETE", "OFF")),
}


@dataclass
class Run:
    """What a run acknowledged, and the disk as it was when it ended or was cut."""

    disk: Disk
    acknowledged: list[tuple[str, int]]


def work(home: Path, wal: bool, durable: Callable[[Any], None], crash_at: int = 0) -> Run:
    """Add and approve four times over the forgetful disk; cut at the given write or sync."""
    start = bytearray((home / NAME).read_bytes())
    disk = Disk({NAME: bytearray(start)}, {NAME: start}, {NAME: []})
    name = f"forgetful-{next(_names)}"
    vfs = ForgetfulVFS(name, disk)
    watched = types.ModuleType("watched")
    watched.__dict__.update(sqlite3.__dict__)
    opened: list[Connection] = []

    def connect(path: str, **_: Any) -> Connection:
        opened.append(Connection(f"/{NAME}", name, wal=wal))
        return opened[-1]

    watched.connect = connect  # type: ignore[attr-defined]
    said: list[tuple[str, int]] = []
    with patch.object(store_room, "sqlite3", watched), patch.object(store_room, "durable", durable):
        disk.crash_at = crash_at
        try:
            register = reopen(home, Days("2021-02-01"))
            for i in range(4):
                drafts = [
                    says(
                        f"h{(i + j) % 5}",
                        f"2020-{1 + i:02}-01",
                        source=f"s{j}",
                        status="open",
                        shape=square(46 + i),
                    )
                    for j in range(4)
                ]
                with register.writing():
                    numbers = register.add(drafts)
                said.append(("added", numbers.stop - 1))
                register.approve(numbers, by="im.officer", why="x")
                said.append(("approved", numbers.stop - 1))
        except (PowerCut, apsw.Error, FallowError):
            assert crash_at, "the faultless run must not fail"
    left = copy.deepcopy(disk)
    disk.crash_at = 0  # what the dying program still does goes to a disk that nobody reads
    for one in opened:
        with contextlib.suppress(apsw.Error):
            one.close()
    vfs.unregister()
    return Run(left, said)


def lost(image: dict[str, bytes], run: Run, home: Path, folder: Path) -> str:
    """What the oracle says of one image: nothing, or what is wrong with it."""
    folder.mkdir()
    (folder / "country.key").write_bytes((home / "country.key").read_bytes())
    for name, content in image.items():
        (folder / name).write_bytes(content)
    try:
        with reopen(folder, Days("2021-02-01")) as register:
            verdict = register.verify(refold=True)
            if not verdict.holds:
                return f"damaged: {verdict.findings[0].code}"
            drafts = {number for one in register.drafts() for number in one}
            for verb, number in run.acknowledged:
                entry = register.ledger.entry(number)
                if entry is None or entry.verb != "report":
                    return f"lost: {verb} {number}"
                if verb == "approved" and number in drafts:
                    return f"lost: {verb} {number}"
    except FallowError as refused:
        return f"refused: {refused.code}"
    except sqlite3.DatabaseError as fault:
        return f"unreadable: {fault}"
    return ""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    make(folder, Days("2021-01-01")).close()
    return folder


def trial(home: Path, folder: Path, mode: tuple[bool, Callable[[Any], None]], images: int) -> list[str]:
    """Crash images at moments spread over the whole run; gives what was wrong with each that was."""
    whole = work(home, *mode)
    assert len(whole.acknowledged) == 8
    if mode not in CONTROLS.values():  # a control may lose even what a whole run had acknowledged
        assert lost(whole.disk.image(random.Random(0)), whole, home, folder / "whole") == ""
    chance = random.Random(42)
    wrong = []
    for one in range(images):
        crash_at = 1 + (one * whole.disk.moments) // images  # spread over the run, so no moment is left out
        run = work(home, *mode, crash_at=crash_at)
        found = lost(run.disk.image(chance), run, home, folder / f"{one}")
        if found:
            wrong.append(f"moment {crash_at}: {found}")
    return wrong


@pytest.mark.parametrize("mode", MODES)
def test_a_power_cut_at_any_moment_loses_nothing_that_was_acknowledged(
    mode: str, home: Path, tmp_path: Path, long: bool
) -> None:
    wrong = trial(home, tmp_path, MODES[mode], 30_000 if long else 60)
    assert wrong == []


@pytest.mark.parametrize("mode", CONTROLS)
def test_the_disk_forgets_enough_to_catch_a_mode_that_is_not_durable(
    mode: str, home: Path, tmp_path: Path
) -> None:
    """Negative control: the same trial must fail where acknowledgement does not wait for the disk."""
    wrong = trial(home, tmp_path, CONTROLS[mode], 40)
    assert len(wrong) > 5, wrong


def test_the_version_gate_follows_the_fixes() -> None:
    sound = {(3, 51, 3), (3, 51, 4), (3, 52, 0), (4, 0, 0), (3, 50, 7), (3, 50, 9), (3, 44, 6)}
    unsound = {(3, 40, 1), (3, 44, 5), (3, 45, 0), (3, 50, 6), (3, 51, 0), (3, 51, 2), (3, 7, 0)}
    assert {one for one in sound | unsound if store_room.wal_is_sound(one)} == sound


def test_the_modes_are_those_of_the_rule(home: Path) -> None:
    with reopen(home, Days("2021-02-01")) as register:
        asked = {
            name: register._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "mmap_size", "fullfsync")
        }
    expected = ("wal", 2) if store_room.wal_is_sound() else ("delete", 3)
    assert (asked["journal_mode"], asked["synchronous"]) == expected
    assert (asked["mmap_size"], asked["fullfsync"]) == (0, 1)
