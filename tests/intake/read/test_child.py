"""The reading child: what it may not do, how little it loads, and how its answers are framed."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from read_files import SQUARE, collection, feature, polygon

import fallow.intake
from fallow.errors import FallowError
from fallow.intake.limits import Limits
from fallow.intake.read import GeometrySpec, Reading, ReadSpec, _batch, tables
from fallow.intake.read_frames import BrokenFrame, cut_digests, cut_wkb, read_frame, write_frame

START = Path(fallow.intake.__file__).with_name("child_start.py")

FORBIDDEN = {
    "a socket": "import socket; socket.socket()",
    "a name look-up": "import socket; socket.getaddrinfo('localhost', 80)",
    "another program": "import subprocess; subprocess.run(['true'])",
    "a shell": "import os; os.system('true')",
    "a fork": "import os; os.fork()",
    "a file of the machine": "open('/etc/passwd')",
    "writing its own file": "open(PATH, 'ab')",
    "writing beside it": "open(PATH + '.new', 'w')",
    "a low-level open to write": "import os; os.open(PATH, os.O_RDWR)",
    "deleting": "import os; os.remove(PATH)",
    "renaming": "import os; os.rename(PATH, PATH + '.old')",
    "a C library": "import ctypes; ctypes.CDLL('libc.so.6')",
    "another database": "import sqlite3; sqlite3.connect('/tmp/other.db')",
}


def _confined(tmp_path: Path, code: str) -> subprocess.CompletedProcess[str]:
    path = tmp_path / "a.geojson"
    path.write_text(collection(feature()))
    program = (
        "import sys; from pathlib import Path\n"
        "from fallow.intake.limits import Limits, confine\n"
        f"PATH = {str(path)!r}\n"
        "confine(Limits(), Path(PATH))\n"
        "assert open(PATH).read(1) == '{'\n"
        f"try:\n    {code}\nexcept PermissionError:\n    sys.exit(77)\n"
    )
    return subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("what", FORBIDDEN, ids=list(FORBIDDEN))
def test_confined_process_may_not(what: str, tmp_path: Path) -> None:
    done = _confined(tmp_path, FORBIDDEN[what])
    assert done.returncode == 77, done.stderr[-400:]


def test_confined_process_may_do_plain_work(tmp_path: Path) -> None:
    """The control: the same harness lets harmless work through."""
    assert _confined(tmp_path, "import pyproj; pyproj.CRS('EPSG:32633')").returncode == 0


def test_child_loads_no_register_and_no_door() -> None:
    """The child reads hostile files: the database, the keys and the doors of the rooms stay out of it."""
    program = (
        "import runpy, sys, io\n"
        "sys.stdin = io.TextIOWrapper(io.BytesIO(b''))\n"
        f"start = runpy.run_path({str(START)!r})\n"
        "try:\n    start['main']()\nexcept Exception:\n    pass\n"
        "print(' '.join(sorted(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "fallow.intake.child" in loaded
    for heavy in (
        "sqlalchemy",
        "cryptography",
        "fallow.register",
        "fallow.intake.bring",
        "pyproj",
        "openpyxl",
    ):
        assert heavy not in loaded, heavy


def test_guards_hold_on_linux(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(collection(feature()))
    reading = Reading(path, ReadSpec("geojson"))
    list(reading)
    guards = set(reading.bytes_report().guards)
    assert "hook" in guards
    if sys.platform.startswith("linux"):
        assert {"memory", "cpu", "write"} <= guards


def test_memory_does_not_grow_with_rows(tmp_path: Path) -> None:
    peaks = []
    for rows in (5_000, 100_000):
        path = tmp_path / f"{rows}.geojsonl"
        with path.open("w") as lines:
            for number in range(rows):
                print(collection_line(number), file=lines)
        reading = Reading(path, ReadSpec("geojsonl"))
        assert sum(len(batch) for batch in reading) == rows
        peaks.append(reading.bytes_report().peak_memory_mb)
    assert peaks[1] < peaks[0] * 1.3


def collection_line(number: int) -> str:
    import json

    return json.dumps(feature(polygon(SQUARE), id=f"HA-{number}", status="open"))


def test_spec_and_limits_survive_the_pipe() -> None:
    spec = ReadSpec(
        "csv",
        crs="EPSG:32633",
        geometry=GeometrySpec.from_dict({"utm": {"x": "e", "y": "n", "zone": "33N"}}),
        extent=[[1.0, 2.0, 3.0, 4.0]],
        accept={"SELF_INTERSECTION": "repair"},
        limits=Limits(rows=7),
    )
    assert ReadSpec.from_dict(spec.as_dict()) == spec
    assert spec.geometry is not None and spec.geometry.form == "utm"
    with pytest.raises(TypeError):
        Limits.from_dict({"rowz": 1})


def test_frames_come_back_as_they_went() -> None:
    pipe = io.BytesIO()
    write_frame(pipe, b'{"is":"batch"}', [b"abc", b"", b"de"])
    pipe.seek(0)
    frame = read_frame(pipe)
    assert frame is not None
    assert cut_wkb(frame[1], [3, -1, 0, 2]) == [b"abc", None, b"", b"de"]
    assert read_frame(pipe) is None


@pytest.mark.parametrize("cut", [3, 13, 20, 30])
def test_cut_frames_are_noticed(cut: int) -> None:
    pipe = io.BytesIO()
    write_frame(pipe, b'{"is":"batch","more":1}', [b"abcdef"])
    with pytest.raises(BrokenFrame):
        read_frame(io.BytesIO(pipe.getvalue()[:cut]))


def test_lengths_that_do_not_fit_are_noticed() -> None:
    with pytest.raises(BrokenFrame):
        cut_wkb(memoryview(b"abc"), [2, 2])


def test_progress_ends_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id\n" + "HA\n" * 4_500)
    seen: list[tuple[int, float]] = []
    list(Reading(path, ReadSpec("csv"), on_progress=lambda rows, share: seen.append((rows, share))))
    assert [rows for rows, _ in seen] == [2_000, 4_000, 4_500]
    assert seen[-1][1] == 1.0
    assert all(0.0 <= share <= 1.0 for _, share in seen)


def test_an_abandoned_reading_leaves_no_process(tmp_path: Path) -> None:
    import psutil

    path = tmp_path / "a.csv"
    path.write_text("id\n" + "HA\n" * 50_000)
    before = {one.pid for one in psutil.Process().children()}
    reading = iter(Reading(path, ReadSpec("csv")))
    next(reading)
    reading.close()  # type: ignore[attr-defined]
    assert {one.pid for one in psutil.Process().children()} == before


def test_tables_propose_a_delimiter(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("id;Ort\n#id;#loc\n1;Über\n\n".encode("utf-8-sig"))
    (table,) = tables(path, ReadSpec("csv"))
    assert (table.columns, table.rows, table.delimiter, table.hxl) == (("id", "Ort"), 1, ";", ("#id", "#loc"))
    assert table.encoding == "utf-8-sig"


HONEST = {
    "start": 0,
    "where": ["row 1", "row 2"],
    "columns": {"a": ["x", 1]},
    "lengths": [],
    "findings": [],
    "digests": "00" * 32,
}


def test_a_batch_comes_with_the_digest_of_every_row() -> None:
    assert _batch(HONEST, memoryview(b"")).digests == [bytes(16)] * 2
    assert cut_digests("", 0) == []


@pytest.mark.parametrize(
    "lie",
    [
        {"digests": "00" * 31},
        {"digests": "no"},
        {"columns": {"a": ["x"]}},
        {"columns": ["x", "y"]},
        {"where": None},
        {"lengths": [1, 1]},
        {"findings": [["CODE"]]},
    ],
)
def test_a_child_that_answers_nonsense_is_taken_for_dead(lie: dict[str, object], tmp_path: Path) -> None:
    reading = Reading(tmp_path / "a.csv", ReadSpec("csv"))
    answers = iter([({"is": "batch", "done": 0.5, **HONEST, **lie}, memoryview(b""))])
    with patch("fallow.intake.read._ask", lambda *_: answers), pytest.raises(FallowError) as refused:
        list(reading)
    assert refused.value.code == "READER_DIED"
