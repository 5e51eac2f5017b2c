"""Laws of writing many rows: all of them are in the file or none, whatever cuts the writing short."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import shapely
from test_sheet import NOW

from fallow.errors import FallowError
from fallow.register import Sheet, create_register, open_register

ROWS = 1_500
"""Many full statements, and a rest in small ones."""

CHILD = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from test_inserting import sheet
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


def test_a_disk_that_is_full_is_named_and_nothing_is_saved(tmp_path: Path) -> None:
    with create_register(tmp_path / "r.gpkg", title="Full", clock=lambda: NOW) as register:
        pages = register._connection.execute("PRAGMA page_count").fetchone()[0]
        register._connection.execute(f"PRAGMA max_page_count={pages + 20}")
        head = register.ledger.head()
        with pytest.raises(FallowError) as refused, register.writing():
            register.add_sheet(sheet(0))
        assert refused.value.code == "DISK_FULL"
        assert register.ledger.head() == head
        register._connection.execute("PRAGMA max_page_count=1000000")
        with register.approving("im", "room again") as act:
            register.add_sheet(sheet(0), act=act)
        assert register.at().count("hazard") == ROWS
        assert register.verify(refold=True).holds


def test_an_error_of_the_program_drops_what_was_written(tmp_path: Path) -> None:
    with create_register(tmp_path / "r.gpkg", title="Fault", clock=lambda: NOW) as register:
        head = register.ledger.head()
        with pytest.raises(KeyError), register.writing():
            register.add_sheet(sheet(0))
            assert register.ledger.head()[0] == head[0] + ROWS
            raise KeyError("a fault")
        assert register.ledger.head() == head
        assert register.drafts() == []
        register.add_sheet(sheet(1))
        assert register.ledger.head()[0] == head[0] + ROWS
        assert register.verify(refold=True).holds


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


def test_killed_while_rows_are_written(tmp_path: Path, long: bool) -> None:
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
