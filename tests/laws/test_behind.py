"""Laws of writing behind: rows go in in their order, in the transaction, or not at all.

Nothing may see that a thread wrote them: not a question asked in between, not a full disk, not kill -9, and
not one byte of the file.
"""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import shapely
from test_sheet import NOW, content, numbered_ids

from fallow.errors import FallowError
from fallow.register import Sheet, create_register, inserting, open_register
from fallow.register.behind import MOST, Connection, WriteFailed

ROWS = 1_500
"""More than one large statement, and a rest in small ones."""

CHILD = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from test_behind import sheet
from fallow.register import open_register
with open_register(Path(sys.argv[1])) as register:
    print("open", flush=True)
    for round in range(3):
        with register.approving("im", "round") as act:
            for part in range(3):
                register.add_sheet(sheet(10 * round + part), act=act)
        print("approved", flush=True)
"""


def sheet(part: int, rows: int = ROWS, **more: Any) -> Sheet:
    """First statements about records of their own."""
    numbers = range(part * 10_000, part * 10_000 + rows)
    return Sheet(
        kind="hazard",
        source="survey",
        learned=None,
        records=[f"00000000-0000-8000-8000-{i:012d}" for i in numbers],
        authors=["Ana"] * rows,
        trues=["2024-03-01"] * rows,
        columns={
            "code": [f"H-{i}" for i in numbers],
            "hazard_class": ["sha", "cha"] * (rows // 2),
            "date_of_information": ["2024-03-01"] * rows,
        },
        originals=[{}] * rows,
        shapes=[shapely.to_wkb(shapely.box(46, 40, 46.01, 40.01 + i % 7), byte_order=1) for i in numbers],
        wheres=[f"a.gpkg row {i}" for i in numbers],
        **more,
    )


def opened(folder: Path) -> Connection:
    connection = sqlite3.connect(
        folder / "t.db", isolation_level=None, check_same_thread=False, factory=Connection
    )
    connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY)")
    return connection


def threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("register")]


def test_whatever_is_asked_sees_what_is_behind(tmp_path: Path) -> None:
    connection = opened(tmp_path)
    connection.execute("BEGIN")
    asked = (
        lambda: connection.execute("SELECT count(*) FROM t").fetchone()[0],
        lambda: connection.cursor().execute("SELECT count(*) FROM t").fetchone()[0],
        lambda: (
            connection.executemany("UPDATE t SET n = n WHERE n = ?", [(1,), (2,)]).rowcount
            and connection.execute("SELECT count(*) FROM t").fetchone()[0]
        ),
    )
    for count in range(1, 6 * MOST):
        connection.behind("INSERT INTO t VALUES (?)", [count])
        assert count % 5 or asked[count % 3]() == count
    connection.execute("COMMIT")
    assert threads() == []
    connection.execute("BEGIN")
    connection.behind("INSERT INTO t VALUES (?)", [0])
    connection.close()
    with sqlite3.connect(tmp_path / "t.db") as after:
        assert after.execute("SELECT count(*), min(n) FROM t").fetchone() == (6 * MOST - 1, 1)
    after.close()
    assert threads() == []


def test_once_a_statement_behind_fails_nothing_goes_on_until_it_is_taken_back(tmp_path: Path) -> None:
    connection = opened(tmp_path)
    connection.execute("BEGIN")
    for number in (1, 1, 2, 3):
        connection.behind("INSERT INTO t VALUES (?)", [number])
    for asked in (
        lambda: connection.execute("SELECT 1"),
        lambda: connection.behind("INSERT INTO t VALUES (?)", [4]),
        lambda: connection.execute("COMMIT"),
        lambda: connection.cursor(),
        lambda: connection.executemany("INSERT INTO t VALUES (?)", [(5,)]),
    ):
        with pytest.raises(WriteFailed) as failed:
            asked()
        assert isinstance(failed.value.error, sqlite3.IntegrityError)
    assert threads() == []
    connection.forget()
    connection.execute("ROLLBACK")
    assert connection.execute("SELECT count(*) FROM t").fetchone()[0] == 0
    connection.close()


def test_no_more_waits_than_two_batches(tmp_path: Path) -> None:
    connection = opened(tmp_path)
    gate = threading.Event()
    connection.create_function("held", 1, lambda number: gate.wait(30) and number)
    connection.execute("BEGIN")
    done: list[int] = []

    def give() -> None:
        for number in range(MOST + 2):
            connection.behind("INSERT INTO t VALUES (held(?))", [number])
            done.append(number)

    giver = threading.Thread(target=give)
    giver.start()
    giver.join(0.5)
    assert len(done) == MOST, "the next one waits for the first"
    gate.set()
    giver.join(30)
    connection.execute("COMMIT")
    assert connection.execute("SELECT count(*) FROM t").fetchone()[0] == MOST + 2
    connection.close()


@pytest.mark.parametrize("asked", ["commit", "between"])
def test_a_disk_that_is_full_behind_is_named_and_nothing_is_saved(tmp_path: Path, asked: str) -> None:
    with create_register(tmp_path / "r.gpkg", title="Full", clock=lambda: NOW) as register:
        pages = register._connection.execute("PRAGMA page_count").fetchone()[0]
        register._connection.execute(f"PRAGMA max_page_count={pages + 20}")
        head = register.ledger.head()
        with pytest.raises(FallowError) as refused, register.writing():
            register.add_sheet(sheet(0))
            if asked == "between":
                register.said("survey", "hazard", ["00000000-0000-8000-8000-000000000001"])
                pytest.fail("what cannot be written must not be answered about")
        assert refused.value.code == "DISK_FULL"
        assert threads() == []
        assert register.ledger.head() == head
        register._connection.execute("PRAGMA max_page_count=1000000")
        with register.approving("im", "room again") as act:
            register.add_sheet(sheet(0), act=act)
        assert register.at().count("hazard") == ROWS
        assert register.verify(refold=True).holds


def test_an_error_of_the_program_drops_what_is_behind(tmp_path: Path) -> None:
    with create_register(tmp_path / "r.gpkg", title="Fault", clock=lambda: NOW) as register:
        head = register.ledger.head()
        with pytest.raises(KeyError), register.writing():
            register.add_sheet(sheet(0))
            assert register.ledger.head()[0] == head[0] + ROWS
            raise KeyError("a fault")
        assert threads() == []
        assert register.ledger.head() == head
        assert register.drafts() == []
        register.add_sheet(sheet(1))
        assert register.ledger.head()[0] == head[0] + ROWS
        assert register.verify(refold=True).holds


def test_behind_or_not_the_file_holds_the_same(tmp_path: Path) -> None:
    """Every table, and the order of the statements: what a large import writes in its thread and without."""
    held = {3: ("OUTSIDE_COUNTRY",), 700: ("NULL_ISLAND",)}
    sheets = [sheet(0, apart=True), sheet(1, apart=True, held=held), sheet(1, rows=240), sheet(2, rows=40)]
    create_register(tmp_path / "r.gpkg", title="Law", clock=lambda: NOW).close()

    def entered(name: str) -> tuple[dict[str, list[Any]], list[Any]]:
        for suffix in ("gpkg", "key"):
            (tmp_path / f"{name}.{suffix}").write_bytes((tmp_path / f"r.{suffix}").read_bytes())
        with open_register(tmp_path / f"{name}.gpkg", clock=lambda: NOW) as register, numbered_ids():
            with register.approving("im", "law", accept=["NULL_ISLAND"]) as act:
                for one in sheets:
                    register.add_sheet(one, act=act)
            assert register.verify(refold=True).holds
            order = register._connection.execute("SELECT fid, record FROM hazard_history ORDER BY fid")
            return content(register), order.fetchall()

    behind, order = entered("behind")
    with patch.object(inserting, "_LARGE", 10**9):
        direct, order_direct = entered("direct")
    assert behind == direct
    assert order == order_direct
    assert len(behind["fallow_report"]) == 2 * ROWS + 280


def test_the_head_that_is_remembered_is_the_one_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "r.gpkg"
    with create_register(path, title="Head", clock=lambda: NOW) as register:
        with register.writing():
            register.add_sheet(sheet(0))
            within = register.ledger.head()
            row = register._connection.execute(
                "SELECT number, hash, at FROM fallow_ledger ORDER BY number DESC LIMIT 1"
            ).fetchone()
            assert within == tuple(row)
        with open_register(path, clock=lambda: NOW) as other:
            other.add_sheet(sheet(1))
        assert register.ledger.head()[0] == within[0] + ROWS, "another program wrote since"
        register.add_sheet(sheet(2))
        assert register.verify(refold=True).holds


def test_killed_while_rows_are_behind(tmp_path: Path, long: bool) -> None:
    """kill -9 at any moment: each round that was acknowledged is there, and no round by half."""
    cut = 0
    for seed in range(60 if long else 3):
        path = tmp_path / f"{seed}.gpkg"
        create_register(path, title="Killed").close()
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path), str(Path(__file__).parent)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == b"open\n"
        time.sleep(random.Random(seed).uniform(0.05, 0.8))
        child.kill()
        out, err = child.communicate(timeout=120)
        assert child.returncode in (0, -9), err.decode()
        rounds = out.count(b"approved")
        with open_register(path) as register:
            assert register.verify(refold=True).holds
            there, rest = divmod(register.at().count("hazard"), 3 * ROWS)
            assert rest == 0, "half a round"
            assert rounds <= there <= rounds + 1
            assert register.drafts() == []
        cut += rounds < 3
    assert cut, "every child came to its end: nothing was proved"
