"""Two readers of one history read what one reads, or leave it to him."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from fallow.analysis import figure
from fallow.register import Draft, Register, halves, open_register


@pytest.fixture
def people(register: Register, monkeypatch: pytest.MonkeyPatch) -> Register:
    drafts = [
        Draft("victim", f"v{i}", "hospital", "nurse", "2019-05-01", {"code": f"V{i}", "outcome": "killed"})
        for i in range(50)
    ]
    register.approve([register.add(drafts)], by="im.officer", why="checked")
    monkeypatch.setattr(halves, "MANY", 10)
    monkeypatch.setattr(halves.os, "cpu_count", lambda: 2)
    return register


def readers(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each walk gives from now on: one for a reader."""
    found: list[int] = []
    walked = halves.walked

    def counting(*given: Any) -> list[Any]:
        rows = walked(*given)
        found.append(len(rows))
        return rows

    monkeypatch.setattr("fallow.register.counted.walked", counting)
    return found


def test_two_read_what_one_reads(people: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = readers(monkeypatch)
    two = figure("casualties", people)
    monkeypatch.setattr(halves, "MANY", 1_000)
    one = figure("casualties", people)
    assert counts == [1, 2, 1, 1], "no accident, and fifty victims by two and by one"
    assert (
        (two.value, two.digest, two.said_by)
        == (one.value, one.digest, one.said_by)
        == (50, one.digest, one.said_by)
    )


def test_inside_a_transaction_one_reads_what_is_not_saved_yet(
    people: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = readers(monkeypatch)
    with people.writing():
        later = Draft(
            "victim", "v99", "hospital", "nurse", "2019-05-01", {"code": "V99", "outcome": "killed"}
        )
        people.approve([people.add([later])], by="im.officer", why="checked")
        assert figure("casualties", people).value == 51
    assert counts == [1, 1]


def test_where_the_register_changes_meanwhile_one_reads_again(
    people: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = readers(monkeypatch)
    heads = halves._heads
    asked: list[set[Any]] = []

    def moving(*of: sqlite3.Connection) -> set[Any]:
        asked.append(heads(*of))
        return {(len(asked), b"")}

    monkeypatch.setattr(halves, "_heads", moving)
    assert figure("casualties", people).value == 50
    assert counts == [1, 1]
    assert all(len(one) == 1 for one in asked), "both saw one head"


def test_where_another_writes_one_waits(people: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = readers(monkeypatch)

    def locked(*_: sqlite3.Connection) -> set[Any]:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(halves, "_heads", locked)
    assert figure("casualties", people).value == 50
    assert counts == [1, 1]


def test_a_file_that_is_only_read_has_two_readers_too(
    people: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(people._connection.execute("PRAGMA database_list").fetchone()[2])
    counts = readers(monkeypatch)
    with open_register(path, read_only=True) as again:
        assert figure("casualties", again).value == 50
    assert counts == [1, 2]
