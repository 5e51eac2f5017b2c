"""kill -9 in the middle of an import: what was acknowledged is there, nothing is half there.

The oracle of every run: each acknowledged delivery and approval is present; a delivery is there whole, with
its receipt, or not at all; ``verify(refold=True)`` holds; and running the same work again reaches the state
that a run without a fault reaches.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

import kill_child
import pytest

import fallow.register.vault as vault
from fallow.register import Register
from fixtures_register import PASSPHRASE, Days, make, reopen

CHILD = Path(__file__).with_name("kill_child.py")
POINTS = ("begin", "append", "index", "seal", "history", "sign", "before commit", "after commit")


def state(register: Register) -> str:
    """A digest of everything a reader is shown, without ids and times that each run makes anew."""
    said = [
        (
            kind,
            one.id,
            sorted(one.fields.items(), key=str),
            one.geometry,
            one.true_from,
            one.true_to,
            one.conflict,
        )
        for kind in register.model.kinds
        for one in sorted(register.at().records(kind), key=lambda one: one.id)
    ]
    names = sorted(str(register.secrets(one.id).get("full_name")) for one in register.at().records("victim"))
    titles = [one.delivery.title for one in register.deliveries()]
    return sha256(repr((said, names, titles)).encode()).hexdigest()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    make(folder, Days("2021-01-01"), passphrase=PASSPHRASE).close()
    return folder


def work(
    folder: Path,
    seed: int,
    point: str = "-",
    count: int = 1,
    after: float | None = None,
    *,
    fork: bool = False,
) -> list[str]:
    """Run the child; gives its acknowledgements. With ``after`` it is killed from outside, seconds later.

    ``fork`` starts it from this process instead of a new Python: what is killed is a process all the same,
    and ten thousand of them fit into an hour.
    """
    return _forked(folder, seed, after) if fork else _started(folder, seed, point, count, after)


def _started(folder: Path, seed: int, point: str, count: int, after: float | None) -> list[str]:
    child = subprocess.Popen(
        [sys.executable, str(CHILD), str(folder), str(seed), point, str(count)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    if after is not None:
        assert child.stdout.readline() == b"open\n"
        time.sleep(after)
        child.kill()
    out, err = child.communicate(timeout=120)
    assert child.returncode in (0, -9), err.decode()
    return out.decode().splitlines()


def _forked(folder: Path, seed: int, after: float | None) -> list[str]:
    ear, mouth = os.pipe()
    child = os.fork()
    if child == 0:
        ended = 1
        try:
            os.dup2(mouth, 1)
            kill_child.work(folder, seed)
            ended = 0
        finally:
            os._exit(ended)
    os.close(mouth)
    with os.fdopen(ear, "rb") as spoken:
        if after is not None:
            assert spoken.readline() == b"open\n"
            time.sleep(after)
            os.kill(child, signal.SIGKILL)
        out = spoken.read()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, -9)
    return out.decode().splitlines()


def check(folder: Path, said: list[str]) -> None:
    """The oracle after a crash."""
    with reopen(folder, Days("2021-02-01"), passphrase=PASSPHRASE) as register:
        verdict = register.verify(refold=True)
        assert verdict.holds, verdict.as_dict()
        there = {one.delivery.title: one for one in register.deliveries()}
        drafts = {number for one in register.drafts() for number in one}
        for line in said:
            verb, *words = line.split()
            if verb == "open":
                continue
            title = f"delivery {words[0]} {words[1]}"
            assert title in there, f"acknowledged and lost: {line}"
            if verb == "added":
                for number in range(int(words[2]), int(words[3])):
                    assert register.entry(number).verb == "report"
            if verb in ("approved", "done"):
                delivered = register.drafts(there[title].number)
                assert delivered == [], f"approved and lost: {line}"
        for one in there.values():
            assert one.receipt is not None, "a delivery without its receipt is half a delivery"
            reports = [
                entry.number
                for entry in register.ledger.entries(("report",))
                if entry.content["delivery"] == one.number
            ]
            assert len(reports) == one.receipt["reports"]
            assert {number in drafts for number in reports} in ({True}, {False}), "approved as a whole or not"
            for entry in map(register.entry, reports):
                if "sealed" in entry.content:
                    assert register.secrets(entry.content["record"])


@pytest.fixture(scope="module")
def faultless(empty: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, str]]:
    """The state that work without a fault reaches, by seed."""
    found: dict[int, str] = {}
    for seed in (1, 2):
        folder = tmp_path_factory.mktemp("faultless") / "home"
        shutil.copytree(empty, folder)
        said = work(folder, seed)
        assert said[-1] == f"done {seed} 2"
        check(folder, said)
        with reopen(folder, Days("2021-02-01"), passphrase=PASSPHRASE) as register:
            found[seed] = state(register)
    assert found[1] != found[2]
    yield found


def crash_and_go_on(
    folder: Path, seed: int, faultless: dict[int, str], said: list[str], *, fork: bool = False
) -> None:
    check(folder, said)
    said += work(folder, seed, fork=fork)
    assert said[-1] == f"done {seed} 2"
    check(folder, said)
    with reopen(folder, Days("2021-02-01"), passphrase=PASSPHRASE) as register:
        assert state(register) == faultless[seed]


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_named_point(
    point: str, empty: Path, tmp_path: Path, faultless: dict[int, str], long: bool
) -> None:
    for count in range(1, 7) if long else (1 + POINTS.index(point) % 3,):
        folder = tmp_path / f"{count}"
        shutil.copytree(empty, folder)
        said = work(folder, 1, point, count)
        if not long or count < 4:
            assert f"done {1} 2" not in said, "the point was never passed"
        crash_and_go_on(folder, 1, faultless, said)


def test_killed_at_random(
    empty: Path, tmp_path: Path, faultless: dict[int, str], long: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The passphrase is stretched once, not fifty thousand times; children that are forked inherit it.
    monkeypatch.setattr(vault, "_stretched", cache(vault._stretched))
    chance = random.Random(20210430)
    reached = set()
    in_ci = os.environ.get("CI", "") != ""
    for run in range(10_000 if long else 100 if in_ci else 3):
        folder = tmp_path / f"{run}"
        shutil.copytree(empty, folder)
        after = (
            run and chance.random() * 0.12
        )  # the first at once: three that all come to their end prove nothing
        said = work(folder, 2, after=after, fork=run >= 100)
        reached.add(len(said))
        crash_and_go_on(folder, 2, faultless, said, fork=run >= 100)
        shutil.rmtree(folder)
    assert len(reached) > 1, "always killed at the same place: the times prove nothing"


def test_the_oracle_sees_a_lost_acknowledgement(empty: Path, tmp_path: Path) -> None:
    """Negative control: a program that speaks before it has committed must fail the check above."""
    folder = tmp_path / "home"
    shutil.copytree(empty, folder)
    said = work(folder, 1, "before commit", 1)
    with pytest.raises(AssertionError, match="acknowledged and lost"):
        check(folder, [*said, "added 1 0 2 9"])


def test_the_points_of_the_child_are_those_tried_here() -> None:
    text = CHILD.read_text(encoding="utf-8")
    for point in POINTS:
        assert text.count(f'"{point}"') >= 2, point
