"""Every door that reads names a damaged file, ``REGISTER_DAMAGED``, and lets out no error of the driver.

Pages are overwritten at random places, so that each question meets damage in its own way; a page that a
question does not need changes nothing for it.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fallow.errors import FallowError
from fallow.register import Delivery, Register, geoblob, open_register
from fallow.register.damage import damage_told
from fixtures_register import Days, accepted, make, reopen, says, square

PAGE = 4096
CODES = {"REGISTER_DAMAGED", "NOT_A_REGISTER"}

DOORS: dict[str, Callable[[Register], Any]] = {
    "records": lambda register: list(register.at().records("hazard")),
    "records in a box": lambda register: list(register.at().records("hazard", bbox=(46, 40, 47, 41))),
    "records of a day": lambda register: list(register.at(known="2021-01-20").records("hazard")),
    "record": lambda register: register.at().record("h3"),
    "count": lambda register: register.at().count("hazard"),
    "tally": lambda register: register.at().tally("hazard", ["hazard_class"]),
    "states": lambda register: list(register.at().states("hazard", ["hazard_class"])),
    "frame": lambda register: register.at().frame("hazard"),
    "head": lambda register: list(register.at(head=30).records("hazard")),
    "history": lambda register: register.history("h3"),
    "review": lambda register: register.review(),
    "soft conflicts": lambda register: list(register.soft_conflicts()),
    "deliveries": lambda register: register.deliveries(),
    "said": lambda register: list(register.said_all("survey", "hazard")),
    "known days": lambda register: register.known_days(),
    "drafts": lambda register: register.drafts(),
    "ledger": lambda register: [one.content for one in register.ledger.entries()],
    "tree": lambda register: register.ledger.tree_head(),
    "ground": lambda register: register.ground([range(3, 40)]),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A register of some hundred pages."""
    folder = tmp_path_factory.mktemp("whole")
    with make(folder, Days("2021-01-10")) as register:
        delivery = register.receive(
            Delivery(
                source="survey", who="w", delivered="2021-01-09", declared=False, files=(), mapping="0" * 64
            )
        )
        drafts = [
            says(f"h{i}", "2020-01-01", hazard_class="sha", name="n" * 300, shape=square(46 + i / 200))
            for i in range(200)
        ]
        register.approve(register.add(drafts, delivery), by="im", why="x")
        accepted(register, *(says(f"h{i}", "2020-06-01", name="m", source="village") for i in range(60)))
        for door in DOORS.values():
            door(register)  # on a whole file every one answers
    return folder


def asked(folder: Path) -> dict[str, str]:
    """What each door said: ``ok`` or a code; anything else fails the test."""
    said = {}
    for name, door in DOORS.items():
        try:
            with reopen(folder, read_only=True) as register:
                door(register)
            said[name] = "ok"
        except FallowError as refusal:
            assert refusal.remedy
            said[name] = refusal.code
    return said


@pytest.mark.parametrize("seed", range(8))
def test_pages_overwritten_at_random_are_named(whole: Path, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    folder = tmp_path / "copy"
    shutil.copytree(whole, folder)
    path = folder / "country.gpkg"
    raw = bytearray(path.read_bytes())
    for page in chance.sample(range(1, len(raw) // PAGE), len(raw) // PAGE // (2 if seed % 2 else 12)):
        raw[page * PAGE : (page + 1) * PAGE] = chance.randbytes(PAGE) if seed % 3 else bytes(PAGE)
    path.write_bytes(raw)
    said = asked(folder)
    assert set(said.values()) <= {*CODES, "ok"}, said
    assert CODES & set(said.values()), said
    try:
        with reopen(folder, read_only=True) as register:
            verdict = register.verify(refold=True)
            assert not verdict.holds
            assert "REGISTER_DAMAGED" in {one.code for one in verdict.findings}
    except FallowError as refusal:
        assert refusal.code in CODES


@pytest.mark.parametrize("table", ["fallow_ledger", "fallow_report", "hazard_history", "fallow_setting"])
def test_every_page_of_a_table_damaged(whole: Path, tmp_path: Path, table: str) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(whole, folder)
    path = folder / "country.gpkg"
    with sqlite3.connect(path) as file:
        (root,) = file.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    raw = bytearray(path.read_bytes())
    raw[(root - 1) * PAGE : root * PAGE] = b"\xff" * PAGE
    path.write_bytes(raw)
    said = asked(folder)
    assert set(said.values()) <= {*CODES, "ok"}, said
    needs = {
        "fallow_ledger": {"history", "ledger", "tree", "head"},
        "fallow_report": {"history", "review", "record", "said", "drafts"},
        "hazard_history": {"records", "tally", "frame", "states"},
        "fallow_setting": set(DOORS),
    }[table]
    assert {name for name in needs if said[name] == "ok"} == set()


def test_writing_to_a_damaged_file_is_refused_by_name(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(whole, folder)
    path = folder / "country.gpkg"
    with sqlite3.connect(path) as file:
        (root,) = file.execute("SELECT rootpage FROM sqlite_master WHERE name = 'fallow_report'").fetchone()
    raw = bytearray(path.read_bytes())
    raw[(root - 1) * PAGE : root * PAGE] = b"\xff" * PAGE
    path.write_bytes(raw)
    with reopen(folder) as register, pytest.raises(FallowError) as refusal:
        register.add([says("new", "2021-01-01", hazard_class="sha")])
    assert refusal.value.code == "REGISTER_DAMAGED"


def test_faults_of_a_program_stay_what_they_are(whole: Path) -> None:
    with reopen(whole, read_only=True) as register:
        connection = register._connection
        with pytest.raises(KeyError), damage_told(connection):
            {}["x"]
        with pytest.raises(sqlite3.ProgrammingError), damage_told(connection):
            connection.execute("SELECT ?")
        with pytest.raises(FallowError) as refusal:
            list(register.at().records("hazard", {"no_such": 1}))
        assert refusal.value.code == "FIELD_UNKNOWN"


def test_a_locked_file_is_busy_and_not_damaged(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(whole, folder)
    other = sqlite3.connect(folder / "country.gpkg", isolation_level=None)
    geoblob.register_functions(other)
    with open_register(folder / "country.gpkg", read_only=True) as register:
        register._connection.execute("PRAGMA busy_timeout=0")
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(FallowError) as refusal:
            register.at().count("hazard")
        other.execute("ROLLBACK")
    other.close()
    assert refusal.value.code == "REGISTER_BUSY"
