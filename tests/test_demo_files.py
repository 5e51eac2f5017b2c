"""The invented programme as files: the same on every run, readable by others, with a truth beside it."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import zipfile
from collections import Counter
from math import hypot
from pathlib import Path
from statistics import mean

import pytest

from fallow.demo import Truth, write_programme
from fixtures_demo import digests


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    return write_programme(tmp_path_factory.mktemp("truth"))


# -- the files ----------------------------------------------------------------------------------------------


def test_one_seed_gives_the_same_bytes_and_another_gives_another_country(tmp_path: Path) -> None:
    """Also in another process with another order of sets: nothing may hang on it."""
    write_programme(tmp_path / "one", 1)
    write_programme(tmp_path / "other", 2)
    code = "import sys; from fallow.demo import write_programme; write_programme(sys.argv[1], 1)"
    again = tmp_path / "again"
    subprocess.run(
        [sys.executable, "-c", code, str(again)], check=True, env={**os.environ, "PYTHONHASHSEED": "7"}
    )
    one, other = digests(tmp_path / "one"), digests(tmp_path / "other")
    assert one == digests(again)
    assert one.keys() == other.keys()
    fixed = (".yaml", ".txt", "detection.csv", "organisations_INVENTED.csv")
    assert [name for name in one if not name.endswith(fixed) and one[name] == other[name]] == []


def test_the_files_are_of_the_formats_people_send(truth: Truth) -> None:
    kinds = Counter(path.suffix for path in (truth.folder / "sources").rglob("*") if path.is_file())
    assert set(kinds) == {".yaml", ".csv", ".tsv", ".geojson", ".gpkg", ".kml", ".gpx", ".xlsx", ".zip"}


def test_every_file_says_that_it_is_invented(truth: Truth) -> None:
    for path in (truth.folder / "sources").rglob("*"):
        if path.suffix == ".yaml":
            assert "INVENTED" in path.read_text(encoding="utf-8").splitlines()[0]
        elif path.is_file():
            assert "INVENTED" in path.name


def test_the_country_is_open_sea(truth: Truth) -> None:
    from fallow.demo.plan import EXTENT, to_degrees

    west, south, east, north = to_degrees(truth.programme.ground.outline).bounds
    assert EXTENT[0] < west < east < EXTENT[2]
    assert EXTENT[1] < south < north < EXTENT[3]


def test_the_shapefile_is_one_that_others_can_read(truth: Truth) -> None:
    import pyogrio

    path = truth.folder / "sources/ficta-finds/finds_2023_INVENTED.zip"
    with zipfile.ZipFile(path) as archive:
        assert {Path(name).suffix for name in archive.namelist()} == {".shp", ".shx", ".dbf", ".prj", ".cpg"}
    told = pyogrio.read_info(f"/vsizip/{path}")
    assert told["crs"] == "EPSG:32727"
    assert told["geometry_type"] == "Point"


# -- the truth ----------------------------------------------------------------------------------------------


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "truth" / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_one_party_wrote_down_where_its_mines_are_and_the_other_did_not(truth: Truth) -> None:
    shift: dict[str, list[float]] = {"A": [], "B": []}
    missing: Counter[str] = Counter()
    for row in table(truth.folder, "records.csv"):
        shift[row["party"]].append(hypot(float(row["shift_east_m"]), float(row["shift_north_m"])))
        missing[row["party"]] += int(row["rows_missing"])
    assert mean(shift["A"]) < 10
    assert 32 < mean(shift["B"]) < 48
    assert missing["A"] == 0 < missing["B"]


def test_each_item_has_one_fate_and_each_find_one_item(truth: Truth) -> None:
    items = table(truth.folder, "items.csv")
    assert {row["fate"] for row in items} == {"in_ground", "found", "detonated"}
    assert all(bool(row["find"]) == (row["fate"] == "found") for row in items)
    finds = [row["find"] for row in items if row["find"]]
    assert len(finds) == len(set(finds)) == len(truth.programme.work.finds)
    assert all(row["laid_on"] <= row["fate_on"] for row in items if row["fate_on"])
    assert all(int(row["year_marked"]) <= int(row["laid_on"][:4]) for row in items)


def test_clearance_finds_about_what_its_method_can(truth: Truth) -> None:
    chance = {
        (row["operator"], row["method"]): float(row["chance"]) for row in table(truth.folder, "detection.csv")
    }
    for operator in ("OP1", "OP2"):
        rows = [
            row
            for row in table(truth.folder, "releases.csv")
            if (row["operator"], row["type"]) == (operator, "cleared")
        ]
        there, missed = (sum(int(row[name]) for row in rows) for name in ("items_ever", "items_missed"))
        expected = (1 - chance[operator, "clearance"]) * there
        assert there > 300
        # Poisson: what is missed lies within four standard deviations of what the chance says.
        assert abs(missed - expected) < 4 * expected**0.5 + 1


def test_what_is_nowhere_in_the_list_is_known_to_the_truth(truth: Truth) -> None:
    listed = {row["patch"] for row in table(truth.folder, "hazards.csv")}
    real = {one.code for one in truth.programme.truth.patches}
    assert 2 <= len(real - listed) <= 10
    empty = [row for row in table(truth.folder, "hazards.csv") if row["items_ever"] == "0"]
    assert len(empty) > 100
