"""Fallow beside what a user would pick instead, both in one run, as a ratio.

    python benchmarks/side_by_side.py [--rows 100000] [--repeat 3] [--write docs/benchmarks.md]

Every row of the table is one sentence of a target: what was measured, Fallow, the other side, the ratio, and
whether the target holds. Missed targets stay in the table. Times are the best of ``--repeat`` on the machine named in
the heading; only the ratios travel. The other sides: pyogrio (GDAL) on a plain GeoPackage with the same
rows and columns, and SQL written by hand on the same tables.
"""

from __future__ import annotations

import argparse
import platform
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import shapely

import fallow
from fallow.intake import bring_in
from fallow.register import Register, Sheet, create_register, open_register

SOURCE = """
source: benchmark
title: Invented polygons
who: Benchmark
licence: invented
delivered: 2024-01-31
known: declared
files: {areas: FILE}
tables:
  - name: areas
    format: FORMAT
    records:
      - kind: hazard
        id: {column: id}
        date: delivered
        geometry: own
        fields:
          code: id
          hazard_class: {from: class, lookup: {S: sha, C: cha}}
          status: {value: open}
          admin1: region
          declared_area: area
"""


@dataclass
class Row:
    """One line of the table."""

    what: str
    fallow: float
    other: float | None
    target: str
    holds: bool
    unit: str = "s"
    worked: str = "-"
    """Processor time in seconds, which says what the work costs also where others share the machine."""

    def line(self) -> str:
        """The line as Markdown."""
        other = "-" if self.other is None else f"{self.other:,.3f} {self.unit}"
        ratio = "-" if self.other is None else f"{self.fallow / self.other:.2f}x"
        return (
            f"| {self.what} | {self.fallow:,.3f} {self.unit} | {other} | {ratio} | {self.target} "
            f"| {'yes' if self.holds else '**missed**'} | {self.worked} |"
        )


@dataclass(frozen=True)
class Took:
    """What one run took, in seconds."""

    wall: float
    own: float
    """Processor time of this process."""
    child: float
    """Processor time of the reading child."""


def timed(repeat: int, act: Callable[[], object]) -> Took:
    """The shortest of some runs, each number for itself."""
    times = []
    for _ in range(repeat):
        own, child = (_processor(who) for who in _WHO)
        start = time.perf_counter()
        act()
        wall = time.perf_counter() - start
        times.append((wall, _processor(_WHO[0]) - own, _processor(_WHO[1]) - child))
    return Took(*(min(one) for one in zip(*times, strict=True)))


_WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def _processor(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def best(repeat: int, act: Callable[[], object]) -> float:
    """Shortest wall time of some runs, in seconds."""
    return timed(repeat, act).wall


def invented(rows: int) -> geopandas.GeoDataFrame:
    """``rows`` invented sixteen-sided polygons of about 100 m, with four columns."""
    rng = np.random.default_rng(20240131)
    centre = np.column_stack([rng.uniform(-21, -19, rows), rng.uniform(-39, -37, rows)])
    turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ring = np.column_stack([np.cos(turn), np.sin(turn)]) * 0.0005
    ring = np.vstack([ring, ring[:1]])
    return geopandas.GeoDataFrame(
        {
            "id": [f"H-{i:07d}" for i in range(rows)],
            "class": np.where(rng.random(rows) < 0.5, "S", "C"),
            "region": [f"Region {i % 12}" for i in range(rows)],
            "area": np.round(rng.uniform(100, 9_000, rows), 1),
        },
        geometry=shapely.polygons(centre[:, None, :] + ring[None]),
        crs="EPSG:4326",
    )


def bring_rows(folder: Path, rows: int, repeat: int) -> list[Row]:
    """Bring and approve against a plain write, and that memory does not grow with the rows."""
    frame = invented(rows)
    write = timed(repeat, lambda: _plain(frame, folder / "plain.gpkg"))
    found = []
    for format, name in (("gpkg", "areas.gpkg"), ("geojson", "areas.geojson")):
        pyogrio.write_dataframe(
            frame, folder / name, layer="areas", driver="GPKG" if format == "gpkg" else "GeoJSON"
        )
        (folder / "source.yaml").write_text(SOURCE.replace("FILE", name).replace("FORMAT", format))
        took = timed(repeat, lambda: _bring(folder))
        found.append(
            Row(
                f"bring + approve {rows:,} polygons from {format}, beside pyogrio writing them",
                took.wall,
                write.wall,
                "4x",
                took.wall <= 4 * write.wall,
                worked=f"{took.own:.2f} + child {took.child:.2f}; other side {write.own:.2f}",
            )
        )
    with tempfile.TemporaryDirectory(dir=folder) as apart:
        small, large = (_memory(Path(apart), count) for count in (rows, 4 * rows))
    found.append(
        Row(
            f"peak memory of that, {4 * rows:,} beside {rows:,} rows",
            large,
            small,
            "1.25x",
            large <= 1.25 * small,
            "MB",
        )
    )
    return found


def _plain(frame: geopandas.GeoDataFrame, path: Path) -> None:
    path.unlink(missing_ok=True)
    pyogrio.write_dataframe(frame, path, layer="areas")


def _bring(folder: Path) -> None:
    for left in folder.glob("register*"):
        if left.is_file():
            left.unlink()
    with create_register(folder / "register.gpkg", title="Benchmark", invented=True) as register:
        receipt = bring_in(folder, register, approve_by="bench", why="benchmark")
        assert receipt.approved == receipt.rows > 0


def _memory(folder: Path, rows: int) -> float:
    """Peak resident memory in MB of a process of its own that brings ``rows`` in."""
    pyogrio.write_dataframe(invented(rows), folder / "areas.gpkg", layer="areas")
    (folder / "source.yaml").write_text(SOURCE.replace("FILE", "areas.gpkg").replace("FORMAT", "gpkg"))
    program = (
        "import sys; sys.path.insert(0, sys.argv[2]); from pathlib import Path; import _memory_probe as b;"
        "b.bring(Path(sys.argv[1])); print(b.peak_mb())"
    )
    here = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder), here], capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[-1])


def read_rows(folder: Path, repeat: int) -> list[Row]:
    """The register read back against pyogrio reading the same rows and columns."""
    with open_register(folder / "register.gpkg", read_only=True) as register:
        (folder / "snapshot.gpkg").unlink(missing_ok=True)
        register.snapshot(folder / "snapshot.gpkg", restricted=True)
        plain = best(repeat, lambda: pyogrio.read_dataframe(folder / "snapshot.gpkg", layer="hazard"))
        current = best(repeat, lambda: register.at().frame("hazard"))
        dated = best(repeat, lambda: register.at(known="2024-06-30", true="2024-06-30").frame("hazard"))
        count = register.at().count("hazard")
        verified = best(1, register.verify)
        entries = register.ledger.head()[0]
    opened = best(max(repeat, 5), lambda: open_register(folder / "register.gpkg", read_only=True).close())
    speed = entries / _chain_seconds(folder / "register.gpkg")
    return [
        Row(
            f"current layer of {count:,} to a GeoDataFrame, beside pyogrio on a plain GeoPackage",
            current,
            plain,
            "1.5x",
            current <= 1.5 * plain,
        ),
        Row(
            "the same as known and true on other days, beside the current layer",
            dated,
            current,
            "2x",
            dated <= 2 * current,
        ),
        Row("open a register", opened, None, "0.050 s", opened <= 0.05),
        Row(
            "verify: chain of the ledger, entries a second", speed, None, "100,000/s", speed >= 100_000, "/s"
        ),
        Row(f"verify everything ({entries:,} entries, rows, signatures, files)", verified, None, "-", True),
    ]


def _chain_seconds(path: Path) -> float:
    from fallow.register.verify import chain_only

    connection = sqlite3.connect(path)
    start = time.perf_counter()
    chain_only(connection)
    return time.perf_counter() - start


def figure_rows(folder: Path, rows: int, repeat: int) -> list[Row]:
    """One figure over a history of many versions against the SQL a person would write."""
    path = folder / "figures.gpkg"
    with create_register(path, title="Benchmark", invented=True) as register:
        versions = _history(register, rows)
    with open_register(path, read_only=True) as register:
        connection = sqlite3.connect(path)
        sql = (
            "SELECT hazard_class, count(*) FROM hazard_history WHERE known_from <= '2021-06-30' AND known_to > '2021-06-30' "
            "AND true_from <= '2021-06-30' AND true_to > '2021-06-30' GROUP BY hazard_class"
        )
        hand = best(repeat, lambda: connection.execute(sql).fetchall())
        ours = best(
            repeat,
            lambda: register.at(known="2021-06-30", true="2021-06-30").tally("hazard", ["hazard_class"]),
        )
        assert dict(connection.execute(sql).fetchall()) == {
            key[0]: count
            for key, count in register.at(known="2021-06-30", true="2021-06-30")
            .tally("hazard", ["hazard_class"])
            .items()
        }
    return [
        Row(
            f"a figure as known and true on a day, over {versions:,} history rows, beside hand-written SQL",
            ours,
            hand,
            "1.2x",
            ours <= 1.2 * hand,
        )
    ]


_AT_ONCE = 5_000


def _history(register: Register, rows: int) -> int:
    """Records told once, and each tenth of them anew in two later years, through the ordinary doors.

    Three reports of one record make five rectangles of known and true; gives the rows of history.
    """
    records = -(-rows * 10 // 14)
    with register.writing():
        for start in range(0, records, _AT_ONCE):
            _approve(register, range(start, min(start + _AT_ONCE, records)), 2019)
        for year in (2020, 2022):
            for start in range(0, records, 10 * _AT_ONCE):
                _approve(register, range(start, min(start + 10 * _AT_ONCE, records), 10), year)
    return int(register._connection.execute("SELECT count(*) FROM hazard_history").fetchone()[0])


def _approve(register: Register, numbers: range, year: int) -> None:
    """Some records as they are told in one year."""
    many = len(numbers)
    sheet = Sheet(
        kind="hazard",
        source="benchmark",
        learned=f"{year}-04-01",
        records=[f"00000000-0000-8000-8000-{i:012d}" for i in numbers],
        authors=["benchmark"] * many,
        trues=[f"{year}-03-01"] * many,
        columns={
            "code": [f"H-{i}" for i in numbers],
            "name": [f"as told in {year}"] * many,
            "hazard_class": ["sha" if i % 3 else "cha" for i in numbers],
            "status": ["open"] * many,
            "date_of_information": [f"{year}-03-01"] * many,
        },
        originals=[{}] * many,
        shapes=None,
        wheres=[""] * many,
    )
    with register.approving("bench", "benchmark", as_of=f"{year}-05-01") as act:
        register.add_sheet(sheet, act=act)
    assert not act.outcome.refused, act.outcome.refused[:1]


def main() -> None:
    """Measure, print, and write the table if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--history", type=int, default=500_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--write", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fallow-bench-") as name:
        folder = Path(name)
        table = bring_rows(folder, chosen.rows, chosen.repeat)
        table += read_rows(folder, chosen.repeat)
        table += figure_rows(folder, chosen.history, chosen.repeat)
    lines = [
        f"Measured {datetime.now(UTC):%Y-%m-%d} with Fallow {getattr(fallow, '__version__', '0')}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, pyogrio {pyogrio.__version__} (GDAL {pyogrio.__gdal_version_string__}), "
        f"{platform.machine()}, peak of this run {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB.",
        "",
        "| what | Fallow | the other side | ratio | target | holds | processor time, s |",
        "|---|--:|--:|--:|--:|---|---|",
        *(row.line() for row in table),
    ]
    text = "\n".join(lines)
    print(text)
    if chosen.write:
        page = chosen.write.read_text() if chosen.write.exists() else ""
        start, _, rest = page.partition("<!-- measured -->")
        _, _, end = rest.partition("<!-- end -->")
        chosen.write.write_text(f"{start}<!-- measured -->\n{text}\n<!-- end -->{end}")


if __name__ == "__main__":
    main()
