"""Booked ground is kept for the next question about the same moment, and for no other."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from fallow.analysis import run
from fallow.analysis.books import balance as books
from fallow.analysis.books.account import Account, book_account
from fallow.analysis.books.memory import Memory
from fallow.analysis.registry import Asked
from fallow.errors import FallowError
from fallow.register import geoblob, open_register
from fallow.register.evidence import EvidenceRegister, Facts, model_of, part_of_model
from fallow.register.evidence_rows import rows_read
from fallow.register.moment import moment
from fallow.register.watched import Watched
from fixtures_books import Country

FIELD = (0, 0, 10, 10)
HALF = (0, 0, 10, 5)


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """A memory of this test alone."""
    own = Memory()
    monkeypatch.setattr(books, "MEMORY", own)
    return own


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """Every view that was booked, and not found in memory."""
    found: list[Asked] = []

    def noted(asked: Asked) -> Account:
        found.append(asked)
        return book_account(asked)

    monkeypatch.setattr(books, "book_account", noted)
    return found


@pytest.fixture
def country(tmp_path: Path) -> Iterator[Country]:
    made = Country(tmp_path)
    made.hazard("h", "2020-01-01", [FIELD], learned="2022-02-01")
    made.release("r", "h", "cleared", "2020-05-01", [HALF], learned="2022-05-01")
    yield made
    made.close()


def test_one_moment_is_booked_once(country: Country, memory: Memory, made: list[Asked]) -> None:
    first = run("books", country.register, each="year", by="class")
    again = run("books", country.register, each="year", by="class")
    assert again == first
    assert again.digest == first.digest
    run("books", country.register, year=2020, true="2020-03-01")
    run("progress", country.register)
    assert len(made) == 1
    assert len(memory) == 1
    assert run("books", country.register, each="year", by="class").recipe == first.recipe


def test_another_known_day_is_another_moment(country: Country, memory: Memory, made: list[Asked]) -> None:
    now = run("books", country.register).value("closing")
    then = run("books", country.register, known="2022-03-01").value("closing")
    assert (now or 0) < (then or 0)
    assert len(made) == len(memory) == 2
    assert run("books", country.register, known="2022-03-01").value("closing") == then
    assert run("books", country.register).value("closing") == now
    assert len(made) == 2


def test_a_new_report_is_seen_at_once(country: Country, memory: Memory, made: list[Asked]) -> None:
    before = run("books", country.register, known="2022-03-01")
    closing = run("books", country.register).value("closing")
    country.hazard("k", "2021-01-01", [(20, 0, 30, 10)])
    after = run("books", country.register)
    assert (after.value("closing") or 0) > (closing or 0)
    assert "k" in after.explain("newly_identified").records
    assert len(memory) == 1, "what was kept of the earlier head is gone"
    # An old known day is asked anew too: history that is brought in late may change it.
    assert run("books", country.register, known="2022-03-01").lines == before.lines
    assert len(made) == 4


def test_the_head_alone_is_enough(country: Country, memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a file system tells nothing of the last write, a report still moves the head."""
    monkeypatch.setattr("fallow.register.moment._marks", lambda _: ())
    closing = run("books", country.register).value("closing")
    country.hazard("k", "2021-01-01", [(20, 0, 30, 10)])
    assert (run("books", country.register).value("closing") or 0) > (closing or 0)


def test_a_report_of_another_process_is_seen_at_once(
    country: Country, memory: Memory, made: list[Asked]
) -> None:
    before = run("books", country.register)
    with open_register(country.register.path) as other:
        assert run("books", other).lines == before.lines
        assert len(made) == 1, "the same file as it lies there, whoever opened it"
    again = Country.__new__(Country)
    again.register = open_register(country.register.path)
    again.hazard("k", "2021-01-01", [(20, 0, 30, 10)])
    again.register.close()
    assert run("books", country.register).value("closing") != before.value("closing")


def test_what_was_never_entered_is_not_kept(country: Country, memory: Memory) -> None:
    before = run("books", country.register)
    with pytest.raises(RuntimeError), country.register.writing():
        country.hazard("k", "2021-01-01", [(20, 0, 30, 10)])
        inside = run("books", country.register)
        raise RuntimeError("it did not happen")
    assert inside.value("closing") != before.value("closing")
    assert run("books", country.register).digest == before.digest


def test_two_files_never_share(country: Country, memory: Memory, tmp_path: Path) -> None:
    """A copy has the same id and the same head; what a hand did to its rows must show, and only there."""
    true = run("books", country.register).value("closing")
    copy = tmp_path / "copy" / "country.gpkg"
    copy.parent.mkdir()
    country.register.close()
    for one in tmp_path.glob("country.*"):
        if one.is_file():
            shutil.copy(one, copy.parent / one.name)
    _altered(copy)
    with open_register(copy) as altered, open_register(tmp_path / "country.gpkg") as whole:
        assert altered.id == whole.id
        assert altered.ledger.head() == whole.ledger.head()
        assert run("books", altered).value("closing") != true
        assert run("books", whole).value("closing") == true
        assert len(memory) == 2


def test_a_row_altered_by_hand_is_not_hidden(country: Country, memory: Memory) -> None:
    path = country.register.path
    true = run("books", country.register).value("closing")
    _altered(path)
    assert run("books", country.register).value("closing") != true


def _altered(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        geoblob.register_functions(connection)
        connection.execute("UPDATE land_release_history SET hazard = 'nobody'")
    connection.close()


def test_memory_is_bounded(country: Country, monkeypatch: pytest.MonkeyPatch, made: list[Asked]) -> None:
    small = Memory(most_rows=5, most_accounts=2)
    monkeypatch.setattr(books, "MEMORY", small)
    days = ("2022-02-01", "2022-03-01", "2022-04-01", "2022-06-01", "2022-07-01", "2022-08-01")
    for day in days:
        run("books", country.register, known=day)
        assert len(small) <= 2
        assert small.rows <= 5
    assert len(small) == 2
    run("books", country.register, known=days[-1])
    assert len(made) == len(days), "the last one is there"
    run("books", country.register, known=days[0])
    assert len(made) == len(days) + 1, "the first one had to go"
    nothing = Memory(most_rows=1)
    monkeypatch.setattr(books, "MEMORY", nothing)
    run("books", country.register)
    assert len(nothing) == 0, "what is too large is not kept"
    small.forget()
    assert small.rows == 0


def test_threads_wait_for_each_other(
    country: Country, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = country.register.path
    expected = run("books", country.register, by="class").digest
    memory.forget()
    made: list[Asked] = []
    together = Barrier(6)

    def slow(asked: Asked) -> Account:
        made.append(asked)
        time.sleep(0.3)
        return book_account(asked)

    monkeypatch.setattr(books, "book_account", slow)

    def ask() -> str:
        with open_register(path) as own:
            together.wait()
            return run("books", own, by="class").digest

    with ThreadPoolExecutor(6) as threads:
        answers = [one.result() for one in [threads.submit(ask) for _ in range(6)]]
    assert set(answers) == {expected}
    assert len(made) == 1
    assert not memory._making


def test_what_fails_is_not_kept(country: Country, memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: Asked) -> Account:
        raise FallowError("BOOKS_UNEXPLAINED", "h", found="1 m2", day="2020-01-01")

    with monkeypatch.context() as patched, pytest.raises(FallowError):
        patched.setattr(books, "book_account", refused)
        run("books", country.register)
    assert not memory._making
    assert len(memory) == 0
    assert run("books", country.register).lines


def test_nobody_can_change_what_is_kept(country: Country, memory: Memory) -> None:
    asked = Asked(country.register, country.register.at())
    with pytest.raises(ValueError, match="read-only"):
        books.account(asked).columns.m2[0] = 0


def test_what_is_watched_is_read_again(country: Country, memory: Memory, made: list[Asked]) -> None:
    cold = Watched(country.register)
    run("books", cold, by="class")  # type: ignore[arg-type]  # it answers as a register does
    warm = Watched(country.register)
    result = run("books", warm, by="class")  # type: ignore[arg-type]
    assert len(made) == 1
    assert warm.notes == cold.notes
    assert warm.notes.read["hazard"].records == {"h"}
    assert result.recipe == run("books", country.register, by="class").recipe


def test_evidence_is_booked_anew(country: Country, memory: Memory, made: list[Asked]) -> None:
    """A bundle says itself what register and head it is of: it must not be answered from the register."""
    true = run("books", country.register)
    watched = Watched(country.register)
    run("books", watched)  # type: ignore[arg-type]
    shown = {name: [*read.fields, "geometry"] for name, read in watched.notes.read.items()}
    rows = rows_read(country.register, watched.notes, shown)
    number, hash, _ = country.register.ledger.head()
    model = model_of(part_of_model(country.register.model, shown))
    facts = Facts(country.register.id, number, hash.hex(), frozenset({(None, None, None)}))
    forged = [one for one in rows if one.kind == "hazard"]
    before = len(made)
    for some, same in ((rows, True), (forged, False)):
        with EvidenceRegister(some, model, facts) as evidence:
            view: Any = evidence.at()
            assert moment(evidence, view, ("hazard",)) is None  # type: ignore[arg-type]
            found = run("books", evidence)  # type: ignore[arg-type]
            assert (found.value("closing") == true.value("closing")) is same
    assert len(made) == before + 2


def test_a_head_is_folded_anew(country: Country, memory: Memory, made: list[Asked]) -> None:
    head = country.register.ledger.head()[0]
    for _ in range(2):
        run("books", country.register, head=head)
    assert len(made) == 2
    assert len(memory) == 0
