"""Several readers of one history read what one reads, or leave it to the first."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from fallow.analysis import figure
from fallow.register import Draft, Register, open_register, readers


@pytest.fixture
def people(register: Register, monkeypatch: pytest.MonkeyPatch) -> Register:
    drafts = [
        Draft("victim", f"v{i}", "hospital", "nurse", "2019-05-01", {"code": f"V{i}", "outcome": "killed"})
        for i in range(50)
    ]
    register.approve([register.add(drafts)], by="im.officer", why="checked")
    monkeypatch.setattr(readers, "MANY", 10)
    monkeypatch.setattr(readers.os, "cpu_count", lambda: 2)
    return register


def parts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each walk gives from now on: one of each reader."""
    found: list[int] = []
    walked = readers.walked

    def counting(*given: Any) -> list[Any]:
        rows = walked(*given)
        found.append(len(rows))
        return rows

    monkeypatch.setattr("fallow.register.counted.walked", counting)
    return found


@pytest.mark.parametrize("many", [2, 3, 4, 64])
def test_several_read_what_one_reads(people: Register, monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    monkeypatch.setattr(readers.os, "cpu_count", lambda: many)
    counts = parts(monkeypatch)
    several = figure("casualties", people)
    monkeypatch.setattr(readers, "MANY", 1_000)
    one = figure("casualties", people)
    assert counts == [1, min(many, 4), 1, 1], "no accident, and fifty victims"
    assert (several.value, several.said_by) == (50, one.said_by)
    assert several.digest == one.digest


def test_inside_a_transaction_one_reads_what_is_not_saved_yet(
    people: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = parts(monkeypatch)
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
    counts = parts(monkeypatch)
    head, asked = readers._head, []

    def moving(connection: sqlite3.Connection) -> tuple[Any, ...]:
        asked.append(head(connection))
        return (len(asked), b"")

    monkeypatch.setattr(readers, "_head", moving)
    assert figure("casualties", people).value == 50
    assert counts == [1, 1]
    assert len(asked) == 4, "before and after, by both"
    assert len(set(asked)) == 1, "and here it did not move"


def test_where_another_writes_one_waits(people: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = parts(monkeypatch)

    def locked(*_: Any) -> Any:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(readers, "_read_beside", locked)
    assert figure("casualties", people).value == 50
    assert counts == [1, 1]


def test_a_file_that_is_only_read_has_two_readers_too(
    people: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(people._connection.execute("PRAGMA database_list").fetchone()[2])
    counts = parts(monkeypatch)
    with open_register(path, read_only=True) as again:
        assert figure("casualties", again).value == 50
    assert counts == [1, 2]
