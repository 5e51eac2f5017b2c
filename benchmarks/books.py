"""Books of a country beside a hand-written GeoPandas union of the same polygons, in one run, as a ratio.

    python benchmarks/books.py [--hazards 50000] [--releases 150000] [--years 10] [--repeat 3]

The register has invented hazards over ten years: three of ten are confirmed later (SHA to CHA), one in twenty is
redrawn, one in fifty overlaps its neighbour; each has about three releases, one in twenty of which overlaps another.
The history rows are written as the fold would write them, because receiving, approving and signing 150,000 releases
is another benchmark; from there on it is the ordinary ``run("books", ...)``, reading included.

The other side is what an analyst writes: read both layers with pyogrio into GeoPandas, dissolve the releases up to the
end of each year by hazard, subtract, project to equal area, sum by class. It makes one column of the eight, closing
balances, explains nothing and does not look for overlapping hazards.
"""

from __future__ import annotations

import argparse
import platform
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyogrio
import shapely

from fallow.analysis import figure, run
from fallow.analysis.books.memory import MEMORY
from fallow.register import OPEN_END, Register, create_register
from fallow.register.history import HistoryWriter

EQUAL_AREA = "ESRI:54034"


def star(random: np.random.Generator, east: Any, north: Any, size: Any, corners: int) -> Any:
    """Many star-shaped polygons round given points, as a fan of corners with random reach."""
    count = len(east)
    turn = np.sort(random.uniform(0, 2 * np.pi, (count, corners)), axis=1)
    turn = (turn + np.linspace(0, 2 * np.pi, corners, endpoint=False)) / 2 + np.pi / 8
    reach = size[:, None] * random.uniform(0.7, 1.0, (count, corners))
    x = east[:, None] + reach * np.cos(2 * turn / 2)
    y = north[:, None] + reach * np.sin(2 * turn / 2)
    ring = np.stack([np.c_[x, x[:, :1]], np.c_[y, y[:, :1]]], axis=2)
    made = shapely.polygons(ring)
    return np.where(shapely.is_valid(made), made, shapely.convex_hull(made))


def invent(hazards: int, releases: int, years: int, seed: int = 7) -> dict[str, list[Any]]:
    """History rows of both kinds: bounds, values, WKB."""
    random = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(hazards)))
    east = 40 + (np.arange(hazards) % side) * 0.01
    north = 40 + (np.arange(hazards) // side) * 0.01
    size = random.uniform(0.0015, 0.004, hazards)
    near = random.random(hazards) < 0.02
    size[near] = 0.0075
    shapes = star(random, east, north, size, 9)
    days = [
        f"{2014 + y:04d}-{m:02d}-{d:02d}"
        for y, m, d in zip(
            random.integers(0, years, hazards),
            random.integers(1, 13, hazards),
            random.integers(1, 29, hazards),
            strict=True,
        )
    ]
    rows: dict[str, list[Any]] = {"hazard": [], "land_release": []}
    later, redrawn = random.random(hazards) < 0.3, random.random(hazards) < 0.05
    grown = shapely.union(shapes, shapely.box(east, north, east + size, north + size * 0.2))
    for i in range(hazards):
        id = f"h{i:06d}"
        values = {
            "code": id,
            "hazard_class": "sha" if i % 3 else "cha",
            "status": "open",
            "admin1": f"Province {i % 12}",
            "admin2": f"District {i % 140}",
            "organisation": f"o{i % 9}",
            "ordnance": ["ap_mine"] if i % 4 else ["ap_mine", "uxo"],
            "contamination": "mined_area",
            "date_of_information": days[i],
        }
        first, then = days[i], f"{int(days[i][:4]) + 1:04d}{days[i][4:]}"
        changes = later[i] or redrawn[i]
        rows["hazard"].append((id, first, then if changes else OPEN_END, values, shapely.to_wkb(shapes[i])))
        if changes:
            values = {
                **values,
                "date_of_information": then,
                "hazard_class": "cha" if later[i] else values["hazard_class"],
            }
            shape = grown[i] if redrawn[i] else shapes[i]
            rows["hazard"].append((id, then, OPEN_END, values, shapely.to_wkb(shape)))
    of = np.arange(releases) % hazards
    turn = (np.arange(releases) // hazards) * 2.1 + random.uniform(0, 0.3, releases)
    away = size[of] * np.where(random.random(releases) < 0.05, 0.1, 0.42)
    cut = star(random, east[of] + away * np.cos(turn), north[of] + away * np.sin(turn), size[of] * 0.3, 8)
    types = random.choice(["cancelled", "reduced", "cleared"], releases, p=[0.5, 0.2, 0.3])
    for r in range(releases):
        h = int(of[r])
        year = int(days[h][:4]) + int(random.integers(0, max(1, 2014 + years - int(days[h][:4]))))
        date = f"{year:04d}{days[h][4:]}"
        values = {
            "code": f"r{r:06d}",
            "release_type": str(types[r]),
            "release_status": "released",
            "hazard": f"h{h:06d}",
            "date": date,
            "organisation": f"o{h % 9}",
        }
        rows["land_release"].append((f"r{r:06d}", date, OPEN_END, values, shapely.to_wkb(cut[r])))
    return rows


def fill(register: Register, rows: dict[str, list[Any]]) -> None:
    """Write history rows as the fold would."""
    number = 0
    with register.writing():
        for kind, some in rows.items():
            writer = HistoryWriter(register._connection, register.model.kind(kind))
            writer.begin_bulk()
            for start in range(0, len(some), 5_000):
                batch = some[start : start + 5_000]
                put = []
                for record, since, until, values, _ in batch:
                    number += 1
                    put.append(((record, since, OPEN_END, since, until), values, ("", "", 0, str(number))))
                writer.put(put, [one[4] for one in batch])
            writer.end_bulk()


def by_hand(layers: Path, years: int) -> dict[str, float]:
    """Closing balances by class and year, as an analyst writes it."""
    hazards = pyogrio.read_dataframe(layers, layer="hazard")
    releases = pyogrio.read_dataframe(layers, layer="land_release")
    found = {}
    for year in range(2014, 2014 + years + 1):
        end = f"{year}-12-31"
        there = hazards[(hazards.since <= end) & (hazards.until > end)].set_index("record")
        union = releases[releases.date <= end].dissolve(by="hazard").geometry
        left = there.geometry.difference(union.reindex(there.index))
        left = left.where(left.notna(), there.geometry)
        areas = left.set_crs("EPSG:4326", allow_override=True).to_crs(EQUAL_AREA).area
        for name, area in areas.groupby(there.hazard_class).sum().items():
            found[f"{year} {name}"] = float(area)
    return found


def by_hand_once(layers: Path) -> float:
    """The least an analyst can do: one union of all releases of each hazard, one difference, one sum."""
    hazards = pyogrio.read_dataframe(layers, layer="hazard")
    releases = pyogrio.read_dataframe(layers, layer="land_release")
    there = hazards[hazards.until == OPEN_END].set_index("record")
    union = releases.dissolve(by="hazard").geometry
    left = there.geometry.difference(union.reindex(there.index))
    left = left.where(left.notna(), there.geometry)
    return float(left.set_crs("EPSG:4326", allow_override=True).to_crs(EQUAL_AREA).area.sum())


def layered(rows: dict[str, list[Any]], target: Path) -> None:
    """The same polygons as two plain layers."""
    for kind, some in rows.items():
        frame = geopandas.GeoDataFrame(
            {
                "record": [one[0] for one in some],
                "since": [one[1] for one in some],
                "until": [one[2] for one in some],
                **{
                    name: [one[3].get(name) for one in some]
                    for name in ("hazard_class", "hazard", "date", "release_type")
                },
            },
            geometry=shapely.from_wkb([one[4] for one in some]),
            crs="EPSG:4326",
        )
        pyogrio.write_dataframe(frame, target, layer=kind, driver="GPKG")


def best(repeat: int, act: Callable[[], object]) -> float:
    """Shortest wall time of some runs, in seconds."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        act()
        times.append(time.perf_counter() - start)
    return min(times)


def whole(register: Register) -> None:
    """The books with nothing kept from the last time."""
    MEMORY.forget()
    run("books", register, each="year", by="class,operator")


def one_number(register: Register) -> None:
    """One number with nothing kept: what a process pays that asks no other."""
    MEMORY.forget()
    figure("books", register, "closing", ("mined_area", "cha"), by="class", year=2019)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hazards", type=int, default=50_000)
    parser.add_argument("--releases", type=int, default=150_000)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    rows = invent(asked.hazards, asked.releases, asked.years)
    with tempfile.TemporaryDirectory() as folder:
        register = create_register(Path(folder) / "country.gpkg", title="Invented", invented=True)
        register.grant("im.officer", ["release"], by="The Director", why="so that the ledger has a head")
        fill(register, rows)
        layers = Path(folder) / "layers.gpkg"
        layered(rows, layers)
        result = run("books", register, each="year", by="class")
        mine = best(asked.repeat, lambda: whole(register))
        first_one = best(1, lambda: one_number(register))
        next_one = best(
            asked.repeat,
            lambda: figure("books", register, "closing", ("mined_area", "cha"), by="class", year=2019),
        )
        once = best(asked.repeat, lambda: by_hand_once(layers))
        figures: dict[str, float] = {}
        theirs = best(1, lambda: figures.update(by_hand(layers, asked.years)))
        closing = sum(
            line.values["closing"] or 0
            for line in result.lines
            if line.key[0] == "2023" and len(line.key) == 1
        )
        register.close()
    by_analyst = sum(area for name, area in figures.items() if name.startswith("2023"))
    print(
        f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, GEOS {shapely.geos_version_string}, SQLite {sqlite3.sqlite_version}"
    )
    print(
        f"{asked.hazards:,} hazards ({len(rows['hazard']):,} states), {asked.releases:,} releases, {asked.years} years"
    )
    print(f"fallow books, all columns, each year, by class and operator   {mine:8.2f} s   target 10 s")
    print(f"one number, the first in a process                           {first_one:8.2f} s   target 0.3 s")
    print(f"one number of another year after that                        {next_one:8.3f} s   target 0.3 s")
    print(
        f"GeoPandas, one union and one closing                          {once:8.2f} s   ratio {mine / once:.2f}   target 2"
    )
    print(
        f"GeoPandas, closing of each year by class                      {theirs:8.2f} s   ratio {mine / theirs:.2f}"
    )
    print(f"closing 2023: {closing:,} m2; by hand, overlaps of hazards counted twice: {by_analyst:,.0f} m2")
    print(f"peak memory of the whole run {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main()
