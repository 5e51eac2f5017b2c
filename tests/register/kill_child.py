"""The program that is killed: receives a delivery, adds it in one transaction and approves it.

``kill_child.py FOLDER SEED POINT COUNT``: at the COUNTth time the named point is passed the process kills
itself with SIGKILL; without a point it works until its parent kills it. What it prints is acknowledged:
each line goes out only after the call has returned.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from fallow.register import Delivery, Draft, Register, open_register
from fallow.register import store as store_room
from fallow.register.history import HistoryWriter
from fallow.register.ledger import Ledger
from fallow.register.vault import Vault
from fixtures_register import PASSPHRASE, Days, catalogue, says, square

POINTS = ("begin", "append", "index", "seal", "history", "sign", "before commit", "after commit")


class Killer:
    """Counts how often a point is passed."""

    def __init__(self, point: str, count: int) -> None:
        self.point, self.left = point, count

    def pass_by(self, point: str) -> None:
        if point == self.point:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class Watched(sqlite3.Connection):
    """A connection that knows the points; used only in this program, the product has none."""

    killer: Killer

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if sql.startswith("COMMIT"):
            self.killer.pass_by("before commit")
        if sql.startswith("INSERT INTO fallow_head"):
            self.killer.pass_by("sign")
        found = super().execute(sql, *values)
        if sql.startswith("BEGIN"):
            self.killer.pass_by("begin")
        if sql.startswith("COMMIT"):
            self.killer.pass_by("after commit")
        return found

    def executemany(self, sql: str, values: Any) -> sqlite3.Cursor:
        found = super().executemany(sql, values)
        if sql.startswith("INSERT INTO fallow_report"):
            self.killer.pass_by("index")
        return found


def plant(killer: Killer) -> None:
    """Put the points in place."""
    Watched.killer = killer
    connect = sqlite3.connect
    store_room.sqlite3 = type(sys)("watched")  # type: ignore[attr-defined]
    store_room.sqlite3.__dict__.update(sqlite3.__dict__)
    store_room.sqlite3.connect = lambda *a, **k: connect(*a, factory=Watched, **k)  # type: ignore[attr-defined]
    for room, verb, point in (
        (Ledger, "append", "append"),
        (HistoryWriter, "put", "history"),
        (Vault, "seal", "seal"),
    ):
        whole = getattr(room, verb)

        def after(*a: Any, _whole: Any = whole, _point: str = point, **k: Any) -> Any:
            found = _whole(*a, **k)
            killer.pass_by(_point)
            return found

        setattr(room, verb, after)


def parcel(seed: int, round: int) -> list[Draft]:
    """The drafts of one delivery: the same seed and round give the same drafts."""
    return [
        says(
            f"h{(seed * 7 + round * 3 + i) % 40}",
            f"2020-{1 + (seed + round + i) % 12:02}-01",
            source=f"source {(seed + i) % 3}",
            hazard_class=("sha", "cha")[(seed + i) % 2],
            status="open",
            shape=square(46 + i / 10),
        )
        for i in range(6)
    ] + [says(f"v{seed}-{round}", "2020-05", kind="victim", secret={"full_name": f"Name {seed} {round}"})]


def one_round(register: Register, seed: int, round: int) -> None:
    """One delivery from receipt to approval; safe to run again."""
    name = f"delivery {seed} {round}"
    before = [one for one in register.deliveries() if one.delivery.title == name]
    if not before:
        with register.writing():
            number = register.receive(
                Delivery("survey", "An organisation", "2020-12-31", False, (), "0" * 64, title=name)
            )
            reports = register.add(parcel(seed, round), number)
            register.keep_receipt(number, {"rows": 7, "reports": len(reports)})
        say(f"added {seed} {round} {reports.start} {reports.stop}")
    else:
        number = before[0].number
    waiting = register.drafts(number)
    if waiting:
        outcome = register.approve(waiting, by="im.officer", why=name)
        say(f"approved {seed} {round} {outcome.approved}")
    say(f"done {seed} {round}")


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def main() -> None:
    folder, seed, point, count = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    plant(Killer(point, count))
    work(folder, seed)


def work(folder: Path, seed: int) -> None:
    """Three deliveries, each acknowledged line by line."""
    with (
        catalogue(),
        open_register(folder / "country.gpkg", passphrase=PASSPHRASE, clock=Days("2021-02-01")) as register,
    ):
        say("open")
        for round in range(3):
            one_round(register, seed, round)


if __name__ == "__main__":
    main()
