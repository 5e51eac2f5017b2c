"""Two programs, one file: writers wait for each other, readers change no byte, and wrong files are named."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from fallow.errors import FallowError
from fallow.register import open_register
from fixtures_register import PASSPHRASE, Days, accepted, catalogue, make, reopen, says, square

DAYS = Days("2021-01-10")


def test_a_second_writer_waits_and_both_are_kept(tmp_path: Path) -> None:
    make(tmp_path, DAYS).close()

    def write(name: str) -> None:
        with open_register(tmp_path / "country.gpkg", clock=DAYS) as register:
            for i in range(5):
                with register.writing():
                    numbers = register.add([says(f"{name}{i}", shape=square(46 + i))])
                    time.sleep(0.005)
                    register.approve(numbers, by=name, why="x")

    threads = [threading.Thread(target=write, args=(name,)) for name in ("a", "b", "c")]
    with catalogue():
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    with reopen(tmp_path, DAYS) as register:
        assert register.at().count("hazard") == 15
        verdict = register.verify(refold=True)
        assert verdict.holds, verdict.as_dict()


def test_a_writer_that_waits_too_long_is_told_and_nothing_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, DAYS).close()
    monkeypatch.setattr("fallow.register.store.BUSY_SECONDS", 0.1)
    with reopen(tmp_path, DAYS) as first, reopen(tmp_path, DAYS) as second:
        with first.writing():
            first.add([says("a")])
            with pytest.raises(FallowError) as refused:
                second.add([says("b")])
            assert refused.value.code == "REGISTER_BUSY"
        second.add([says("b")])
        assert [entry.content["record"] for entry in second.ledger.entries(("report",))] == ["a", "b"]


def test_a_failure_inside_a_transaction_undoes_all_of_it(tmp_path: Path) -> None:
    with make(tmp_path, DAYS) as register:
        head = register.ledger.head()
        with pytest.raises(ZeroDivisionError), register.writing():
            accepted(register, says("h", shape=square()))
            raise ZeroDivisionError
        assert register.ledger.head() == head
        assert register.at().count("hazard") == 0
        accepted(register, says("h", shape=square()))
        assert register.verify(refold=True).holds


def test_reading_changes_no_byte_on_disk(tmp_path: Path) -> None:
    with make(tmp_path, DAYS, passphrase=PASSPHRASE) as register:
        accepted(
            register, says("h", shape=square()), says("v", kind="victim", secret={"full_name": "A Name"})
        )
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()}
    with reopen(tmp_path, DAYS, read_only=True, passphrase=PASSPHRASE) as register:
        assert register.at().count("hazard", bbox=(46, 40, 47, 41)) == 1
        assert register.secrets("v") == {"full_name": "A Name"}
        assert register.history("h").now is not None
        assert register.review().drafts == ()
        assert register.verify(refold=True).holds
        for verb in (lambda: register.add([says("x")]), lambda: register.erase("h", by="x", why="x")):
            with pytest.raises(FallowError) as refused:
                verb()
            assert refused.value.code == "REGISTER_READ_ONLY"
        assert {path.name for path in tmp_path.iterdir()} == before.keys(), "no journal appears while reading"
    assert {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in tmp_path.iterdir()} == before


def test_a_reader_sees_the_last_commit_while_a_writer_writes(tmp_path: Path) -> None:
    with make(tmp_path, DAYS) as writer:
        accepted(writer, says("a"))
        with reopen(tmp_path, DAYS, read_only=True) as reader:
            with writer.writing():
                accepted(writer, says("b"))
                assert reader.at().count("hazard") == 1
            assert reader.at().count("hazard") == 2


def test_making_does_not_overwrite_and_opening_names_what_is_wrong(tmp_path: Path) -> None:
    make(tmp_path, DAYS).close()
    before = (tmp_path / "country.gpkg").read_bytes()
    with pytest.raises(FallowError) as refused:
        make(tmp_path, DAYS)
    assert refused.value.code == "REGISTER_EXISTS"
    assert (tmp_path / "country.gpkg").read_bytes() == before

    key = tmp_path / "country.key"
    mine = key.read_bytes()
    key.unlink()
    with reopen(tmp_path, DAYS) as register:
        with pytest.raises(FallowError) as refused:
            register.add([says("h")])
        assert refused.value.code == "KEY_MISSING"
    (tmp_path / "other").mkdir()
    make(tmp_path / "other", DAYS).close()
    key.write_bytes((tmp_path / "other" / "country.key").read_bytes())
    with pytest.raises(FallowError) as refused:
        reopen(tmp_path, DAYS)
    assert refused.value.code == "KEY_OTHER"
    key.write_bytes(mine)

    for content, code in ((b"", "NOT_A_REGISTER"), (b"name,x\n1,2\n", "NOT_A_REGISTER")):
        (tmp_path / "other" / "country.gpkg").write_bytes(content)
        with pytest.raises(FallowError) as refused:
            reopen(tmp_path / "other", DAYS)
        assert refused.value.code == code, content
    (tmp_path / "other" / "country.gpkg").unlink()
    sqlite3.connect(tmp_path / "other" / "country.gpkg").execute("CREATE TABLE t (x)").connection.close()
    with pytest.raises(FallowError) as refused:
        reopen(tmp_path / "other", DAYS)
    assert refused.value.code == "NOT_A_REGISTER"
    with pytest.raises(FallowError) as refused:
        reopen(tmp_path / "nowhere", DAYS)
    assert refused.value.code == "REGISTER_MISSING"


def test_making_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("fallow.register.geopackage.create_layer", full)
    with pytest.raises(FallowError) as refused:
        make(tmp_path, DAYS, passphrase=PASSPHRASE)
    assert refused.value.code == "DISK_FULL"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="a limit on file size is set as POSIX sets it")
def test_a_full_disk_is_named_and_nothing_is_half_saved(tmp_path: Path) -> None:
    """SQLite's own page limit stands for the disk: it fails in the same place with the same error."""
    with make(tmp_path, DAYS) as register:
        accepted(register, says("h", shape=square()))
        pages = register._connection.execute("PRAGMA page_count").fetchone()[0]
        register._connection.execute(f"PRAGMA max_page_count={pages + 1}")
        head = register.ledger.head()
        with pytest.raises(FallowError) as refused:
            accepted(register, *(says(f"g{i}", name="x" * 900) for i in range(200)))
        assert refused.value.code == "DISK_FULL"
        assert register.ledger.head() == head
        assert register.at().count("hazard") == 1, "reading goes on"
        register._connection.execute("PRAGMA max_page_count=1000000")
        accepted(register, says("g"))
        assert register.verify(refold=True).holds


def test_reading_after_a_crash_says_to_open_for_writing_once(tmp_path: Path) -> None:
    """A half-written transaction lies beside the file; a reader may not undo it, a writer does."""
    home, copy = tmp_path / "home", tmp_path / "copy"
    home.mkdir()
    with make(home, DAYS) as register:
        accepted(register, says("h"))
        register._connection.execute("PRAGMA cache_size=5")  # so that pages reach the file before the commit
        with register.writing():
            register.add([says(f"g{i}", name="x" * 2_000) for i in range(200)])
            shutil.copytree(home, copy)
    before = (copy / "country.gpkg").read_bytes()
    with pytest.raises(FallowError) as refused:
        reopen(copy, DAYS, read_only=True)
    assert refused.value.code == "REGISTER_UNFINISHED"
    assert (copy / "country.gpkg").read_bytes() == before
    with reopen(copy, DAYS) as register:
        assert register.at().count("hazard") == 1
        assert [entry.verb for entry in register.ledger.entries()] == ["found", "report", "approve"]
        assert register.verify(refold=True).holds
