"""The build of the map: whoever comes while it is being built waits, and finds it built. Needs no Node."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[1] / "tools" / "build_web.py"

PERSON = """
import contextlib, importlib.util, os, shutil, sys, time
from pathlib import Path

room, tool_at, habit = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
spec = importlib.util.spec_from_file_location("build_web", tool_at)
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)
tool.WEB, tool.BUILT = room / "web", room / "built"
tool.LOCK, tool.STAMP = tool.WEB / ".building", tool.BUILT / ".inputs"
tool.MAPS = tool.WEB / "node_modules" / ".fallow-maps"

def note(what):
    with (room / "log").open("a") as log:
        log.write(f"{what} {os.getpid()}\\n")

def npm(*arguments):
    note(f"begins {arguments[-1]}")
    if arguments[-1] == "build":
        shutil.rmtree(tool.BUILT, ignore_errors=True)  # Vite empties its folder
        tool.BUILT.mkdir()
    (tool.WEB / "node_modules").mkdir(exist_ok=True)
    # long enough for the others to come in between, if anything let them
    time.sleep(0.5)
    while habit == "unlocked" and (room / "log").read_text().count("begins ci") < int(os.environ["TOGETHER"]):
        time.sleep(0.01)
    if habit == "dies":
        os._exit(9)
    note(f"ends {arguments[-1]}")

def cut_maps():
    for folder in ("base", "places"):
        (tool.MAPS / folder).mkdir(parents=True, exist_ok=True)

tool.npm, tool.cut_maps, tool.maps_digest = npm, cut_maps, lambda: "maps"
if habit == "unlocked":
    tool.alone = contextlib.nullcontext
sys.argv = ["build_web.py"]
(room / f"ready {os.getpid()}").touch()
while len(list(room.glob("ready *"))) < int(os.environ["TOGETHER"]):
    time.sleep(0.01)
sys.exit(tool.main())
"""


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A project of which nothing has been built."""
    (tmp_path / "web" / "src").mkdir(parents=True)
    (tmp_path / "web" / "package-lock.json").write_text("{}")
    (tmp_path / "web" / "src" / "map.ts").write_text("export {};")
    return tmp_path


def together(room: Path, count: int, habit: str = "") -> list[tuple[int, str]]:
    """So many processes call the tool at one moment; the status of each and what it said."""
    for ready in room.glob("ready *"):
        ready.unlink()
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PERSON, str(room), str(TOOL), habit],
            env={**os.environ, "TOGETHER": str(count)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(count)
    ]
    said = [one.communicate(timeout=120)[0] for one in started]
    return [(one.returncode, words) for one, words in zip(started, said, strict=True)]


def log(room: Path) -> list[str]:
    return [line.rsplit(" ", 1)[0] for line in (room / "log").read_text().splitlines()]


def test_three_builds_at_once_build_once(room: Path) -> None:
    done = together(room, 3)
    assert [status for status, _ in done] == [0, 0, 0], done
    assert log(room) == ["begins ci", "ends ci", "begins build", "ends build"]
    assert sum("was built in" in words for _, words in done) == 1
    assert sum("The map is built." in words for _, words in done) == 2


def test_without_the_lock_they_would_build_at_the_same_time(room: Path) -> None:
    """The negative control: this test sees two builds at once when there are two."""
    together(room, 3, "unlocked")
    assert log(room)[:3] == ["begins ci"] * 3


def test_a_build_that_dies_gives_the_lock_back(room: Path) -> None:
    assert together(room, 1, "dies")[0][0] == 9
    done = together(room, 2)
    assert [status for status, _ in done] == [0, 0], done
    assert log(room).count("ends build") == 1


def test_what_changed_is_built_again_and_nothing_else(room: Path) -> None:
    together(room, 1)
    before = len(log(room))
    assert "The map is built." in together(room, 1)[0][1]
    assert len(log(room)) == before
    (room / "web" / "src" / "map.ts").write_text("export const other = 1;")
    assert "was built in" in together(room, 1)[0][1]
    assert log(room)[before:] == ["begins build", "ends build"]
