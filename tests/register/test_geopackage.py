"""The file as others open it: GDAL and QGIS see ordinary layers, indexed and with the right counts."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from fallow.errors import FallowError
from fallow.register import Register, geoblob, rtree
from fixtures_register import Days, accepted, make, says, square
from strictness import missing

QGIS = Path("/usr/bin/python3")


@pytest.fixture
def country(tmp_path: Path) -> Iterator[Register]:
    """Twelve hazards in a row, one of them without a place and one seen twice; an accident."""
    days = Days("2021-01-10")
    with make(tmp_path, days, invented=True) as register:
        accepted(
            register,
            *(
                says(f"h{i}", "2020-01-01", name=f"Field {i}", team_notes="by night", shape=square(46 + i))
                for i in range(11)
            ),
            says("nowhere", "2020-01-01", name="Unknown place", shape=None),
            says("a", "2020-02-02", kind="accident", date="2020-02-02", place="Bridge"),
        )
        days.on("2021-02-01")
        accepted(register, says("h0", "2020-06-01", hazard_class="cha"))
        yield register


BOX = (48.5, 39.0, 50.5, 41.0)
INSIDE = {"h3", "h4"}


def test_gdal_opens_the_live_register(country: Register) -> None:
    layers = dict(pyogrio.list_layers(country.path))
    assert {"hazard", "hazard_history", "accident"} <= layers.keys()
    hazards = pyogrio.read_dataframe(country.path, layer="hazard")
    assert len(hazards) == 12
    assert hazards.crs == "EPSG:4326"
    assert set(hazards.loc[hazards.geometry.isna(), "record"]) == {"nowhere"}
    assert set(pyogrio.read_dataframe(country.path, layer="hazard", bbox=BOX)["record"]) == INSIDE
    history = pyogrio.read_info(country.path, layer="hazard_history")
    assert history["features"] == 14, "twelve, and h0 as believed before and since"
    assert "team_notes" in hazards.columns


def test_gdal_knows_the_spatial_index(country: Register, tmp_path: Path) -> None:
    country.snapshot(tmp_path / "out.gpkg")
    for path, layer in ((country.path, "hazard_history"), (tmp_path / "out.gpkg", "hazard")):
        sql = f"SELECT HasSpatialIndex('{layer}', 'geom')"
        asked = pyogrio.read_dataframe(path, sql=sql)
        assert asked["HasSpatialIndex"].tolist() == [1], (path.name, layer)


def test_a_box_is_answered_through_the_index(country: Register) -> None:
    view = country.at()
    condition, values = view._condition(country.model.kind("hazard"), None, BOX)
    plan = country._connection.execute(
        f"EXPLAIN QUERY PLAN SELECT fid FROM hazard_history h WHERE {condition}", values
    ).fetchall()
    said = " ".join(row[3] for row in plan)
    assert "VIRTUAL TABLE INDEX" in said
    assert "SCAN h" not in said, said
    assert {one.id for one in view.records("hazard", bbox=BOX)} == INSIDE
    for box in ((50, 40, 49, 41), (0, 0, 0), (float("nan"), 0, 1, 1), (-181, 0, 1, 1)):
        with pytest.raises(FallowError) as refused:
            view.count("hazard", bbox=box)
        assert refused.value.code == "BBOX"
    with pytest.raises(FallowError) as refused:
        view.count("victim", bbox=BOX)
    assert refused.value.code == "NO_GEOMETRY"


def test_a_snapshot_is_clean_and_says_when_and_what_is_missing(country: Register, tmp_path: Path) -> None:
    out = tmp_path / "out.gpkg"
    assert country.snapshot(out) == {"hazard": 12, "accident": 1, "victim": 0}
    with pytest.raises(FallowError) as refused:
        country.snapshot(out)
    assert refused.value.code == "SNAPSHOT_EXISTS"
    hazards = pyogrio.read_dataframe(out, layer="hazard")
    assert len(hazards) == 12
    assert "team_notes" not in hazards.columns, "restricted"
    assert b"by night" not in out.read_bytes()
    assert set(pyogrio.read_dataframe(out, layer="hazard", bbox=BOX)["record"]) == INSIDE
    file = sqlite3.connect(out)
    tables = {row[0] for row in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert not any(name.startswith("fallow_") or name.endswith("_history") for name in tables)
    contents = dict(file.execute("SELECT table_name, description FROM gpkg_contents"))
    assert "2021-02-01" in contents["hazard"], "S4: the data date"
    assert "1 records have no known location" in contents["hazard"]
    assert "does not mean" in contents["hazard"]
    identifiers = [row[0] for row in file.execute("SELECT identifier FROM gpkg_contents")]
    assert all(one.startswith("INVENTED ") for one in identifiers)
    file.close()
    country.snapshot(tmp_path / "then.gpkg", known="2021-01-31", restricted=True)
    then = pyogrio.read_dataframe(tmp_path / "then.gpkg", layer="hazard")
    assert then.set_index("record").loc["h0", "hazard_class"] is None
    assert set(then["team_notes"].dropna()) == {"by night"}
    old = sqlite3.connect(tmp_path / "then.gpkg").execute(
        "SELECT description FROM gpkg_contents WHERE table_name = 'hazard'"
    )
    assert "2021-01-31" in old.fetchone()[0]


def test_the_file_is_a_geopackage_by_the_standard_s_own_requirements(
    country: Register, tmp_path: Path
) -> None:
    """OGC 12-128r18: the requirements (by number) that a reader relies on; register and snapshot."""
    country.snapshot(tmp_path / "out.gpkg")
    for path in (country.path, tmp_path / "out.gpkg"):
        file = sqlite3.connect(path)
        geoblob.register_functions(file)
        assert file.execute("PRAGMA application_id").fetchone()[0] == 0x47504B47  # 2
        assert file.execute("PRAGMA user_version").fetchone()[0] == 10300
        assert file.execute("PRAGMA integrity_check").fetchone()[0] == "ok"  # 6
        assert file.execute("PRAGMA foreign_key_check").fetchall() == []  # 7
        srs = {row[0] for row in file.execute("SELECT srs_id FROM gpkg_spatial_ref_sys")}
        assert {-1, 0, 4326} <= srs  # 11
        for table, kind, when, srs_id in file.execute(
            "SELECT table_name, data_type, last_change, srs_id FROM gpkg_contents"
        ).fetchall():
            assert kind in ("features", "attributes")
            assert file.execute("SELECT strftime('%s', ?)", (when,)).fetchone()[0], "15: a time"
            columns = [row[1] for row in file.execute(f"PRAGMA table_info({table})")]
            assert columns, f"{table} is listed and not there"
            assert ("geom" in columns) == (kind == "features")
            if kind == "features":
                assert srs_id == 4326
                listed = file.execute(
                    "SELECT column_name, geometry_type_name, srs_id, z, m FROM gpkg_geometry_columns "
                    "WHERE table_name = ?",
                    (table,),
                ).fetchall()
                assert listed == [("geom", "GEOMETRY", 4326, 0, 0)]  # 21-27
                for (blob,) in file.execute(f"SELECT geom FROM {table} WHERE geom NOT NULL").fetchall():
                    assert blob[:3] == b"GP\0"  # 19
        for table, extension in file.execute(
            "SELECT table_name, extension_name FROM gpkg_extensions WHERE column_name = 'geom'"
        ).fetchall():
            assert extension == "gpkg_rtree_index"  # 75
            index = rtree.name(table)
            assert file.execute("SELECT rtreecheck(?)", (index,)).fetchone()[0] == "ok"
            triggers = {
                row[0]
                for row in file.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
                )
            }
            assert triggers == set(rtree.triggers(table))  # 77
        file.close()


# -- the packed index ------------------------------------------------------------------------------------


def table(shapes: list[bytes | None]) -> sqlite3.Connection:
    """A feature table whose index the triggers filled row by row."""
    file = sqlite3.connect(":memory:", isolation_level=None)
    geoblob.register_functions(file)
    file.execute("CREATE TABLE gpkg_extensions (a, b, c, d, e)")
    file.execute("CREATE TABLE t (fid INTEGER PRIMARY KEY, geom BLOB)")
    rtree.create(file, "t")
    blobs = geoblob.to_blobs(shapes, geoblob.bounds_of(shapes))
    file.executemany("INSERT INTO t (geom) VALUES (?)", [(one,) for one in blobs])
    return file


def found(file: sqlite3.Connection, box: tuple[float, float, float, float]) -> set[int]:
    west, south, east, north = box
    rows = file.execute(
        f"SELECT id FROM {rtree.name('t')} WHERE minx <= ? AND maxx >= ? AND miny <= ? AND maxy >= ?",
        (east, west, north, south),
    )
    return {row[0] for row in rows}


def met(shapes: list[bytes | None], box: tuple[float, float, float, float], slack: float) -> set[int]:
    """Which shapes meet a box by their exact bounds, each edge moved out by a share of itself."""
    west, south, east, north = box
    bounds = geoblob.bounds_of(shapes)
    out = np.abs(bounds) * slack
    low, high = bounds[:, :2] - out[:, :2], bounds[:, 2:] + out[:, 2:]
    inside = (low[:, 0] <= east) & (high[:, 0] >= west) & (low[:, 1] <= north) & (high[:, 1] >= south)
    return {int(one) + 1 for one in np.flatnonzero(inside)}


# Nine decimals are a tenth of a millimetre; far below, SQLite rounds a box so that it loses its point.
degrees = st.floats(-180, 180, allow_nan=False, width=64).map(lambda one: round(one, 9))
corners = st.tuples(degrees, degrees.map(lambda one: one / 2), st.sampled_from((0.0, 1e-9, 0.1, 5.0)))


def shape(corner: tuple[float, float, float]) -> bytes:
    x, y, size = corner
    if not size:
        return bytes(shapely.to_wkb(shapely.Point(x, y), byte_order=1))
    return bytes(shapely.to_wkb(shapely.box(x, y, min(x + size, 180), min(y + size, 90)), byte_order=1))


EMPTY = [
    bytes(shapely.to_wkb(shapely.from_wkt(one)))
    for one in ("POLYGON EMPTY", "MULTIPOINT EMPTY", "POINT EMPTY")
]
DATELINE = [
    bytes(shapely.to_wkb(shapely.box(west, -1, east, 1))) for west, east in ((179.9, 180.0), (-180.0, -179.9))
]


@settings(max_examples=60)
@given(
    drawn=st.lists(st.one_of(corners.map(shape), st.sampled_from([None, *EMPTY, *DATELINE])), max_size=40),
    copies=st.sampled_from((1, 1, 1, 7, 70)),
    boxes=st.lists(
        st.tuples(degrees, degrees.map(lambda one: one / 2), st.floats(0, 40)), min_size=1, max_size=8
    ),
)
def test_the_packed_index_answers_like_the_standard_s_triggers(
    drawn: list[bytes | None], copies: int, boxes: list[tuple[float, float, float]]
) -> None:
    shapes = drawn * copies
    file = table(shapes)
    areas = [(x, y, x + size, y + size) for x, y, size in boxes] + [(-180.0, -90.0, 180.0, 90.0)]
    areas += [
        tuple(shapely.bounds(shapely.from_wkb(one)).tolist()) for one in drawn if one not in (None, *EMPTY)
    ]  # type: ignore[misc]
    by_triggers = [found(file, box) for box in areas]
    rtree.drop_triggers(file, "t")
    rtree.rebuild(file, "t")
    rtree.raise_triggers(file, "t")
    assert file.execute("SELECT rtreecheck(?)", (rtree.name("t"),)).fetchone()[0] == "ok"
    for box, triggered in zip(areas, by_triggers, strict=True):
        exact_ids, loose_ids = met(shapes, box, 0.0), met(shapes, box, 2.0**-21)
        assert exact_ids <= found(file, box) <= loose_ids
        assert exact_ids <= triggered <= loose_ids, "the comparison: the standard's own triggers"
    exact = shapely.from_wkb(np.array([one for one in shapes if one not in (None, *EMPTY)], dtype=object))
    if len(exact):
        west, south, east, north = shapely.total_bounds(exact).tolist()
        low_x, low_y, high_x, high_y = rtree.extent(file, "t")
        assert low_x is not None
        assert low_x <= west <= east <= high_x  # type: ignore[operator]
        assert low_y <= south <= north <= high_y  # type: ignore[operator]
    else:
        assert rtree.extent(file, "t") == (None,) * 4
    # and it goes on as an ordinary index: insert, move, delete
    file.execute(
        "INSERT INTO t (fid, geom) SELECT 100000, ?",
        (geoblob.to_blobs(DATELINE[:1], geoblob.bounds_of(DATELINE[:1]))[0],),
    )
    assert 100_000 in found(file, (179.95, 0.0, 180.0, 0.5))
    file.execute("UPDATE t SET geom = NULL WHERE fid = 100000")
    assert 100_000 not in found(file, (179.95, 0.0, 180.0, 0.5))
    file.execute("DELETE FROM t WHERE fid IN (SELECT fid FROM t ORDER BY fid LIMIT 60)")
    assert file.execute("SELECT rtreecheck(?)", (rtree.name("t"),)).fetchone()[0] == "ok"
    file.close()


def test_a_large_approval_packs_and_a_small_one_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rtree, "BULK_FROM", 30)
    packed: list[str] = []
    rebuild = rtree.rebuild
    monkeypatch.setattr(
        rtree, "rebuild", lambda connection, name: (packed.append(name), rebuild(connection, name))
    )
    with make(tmp_path, Days("2021-01-10")) as register:
        packed.clear()
        accepted(register, *(says(f"h{i}", shape=square(40 + i % 10, 30 + i // 10)) for i in range(29)))
        assert packed == []
        accepted(register, *(says(f"g{i}", shape=square(50 + i % 10, 30 + i // 10)) for i in range(60)))
        assert packed == ["hazard_history"]
        assert register.verify(refold=True).holds
        assert register.at().count("hazard", bbox=(50, 30, 52.005, 30.005)) == 3
        assert len(pyogrio.read_dataframe(register.path, layer="hazard", bbox=(50, 30, 52.005, 30.005))) == 3


QGIS_SCRIPT = """
import json, sys
from qgis.core import QgsApplication, QgsFeatureRequest, QgsFeatureSource, QgsRectangle, QgsVectorLayer
QgsApplication.setPrefixPath("/usr", True)
app = QgsApplication([], False)
app.initQgis()
said = {}
for path, name in zip(sys.argv[1::2], sys.argv[2::2]):
    layer = QgsVectorLayer(f"{path}|layername={name}", name, "ogr")
    box = QgsRectangle(48.5, 39.0, 50.5, 41.0)
    said[name + "@" + path.rsplit("/", 1)[-1]] = {
        "valid": layer.isValid(),
        "count": layer.featureCount(),
        "index": layer.hasSpatialIndex() == QgsFeatureSource.SpatialIndexPresent,
        "inside": sorted(one["record"] for one in layer.getFeatures(QgsFeatureRequest(box))),
        "crs": layer.crs().authid(),
    }
    del layer
app.exitQgis()
print("SAID" + json.dumps(said))
"""


@pytest.mark.qgis
def test_qgis_opens_the_register_and_a_snapshot(country: Register, tmp_path: Path) -> None:
    import json

    there = (
        QGIS.exists()
        and not subprocess.run(
            [str(QGIS), "-c", "import qgis.core"], capture_output=True, check=False
        ).returncode
    )
    if not there:
        missing("QGIS's Python (Debian: python3-qgis)")
    country.snapshot(tmp_path / "out.gpkg")
    register = tmp_path / "copy" / "country.gpkg"
    register.parent.mkdir()
    register.write_bytes(country.path.read_bytes())
    done = subprocess.run(
        [
            str(QGIS),
            "-c",
            QGIS_SCRIPT,
            str(register),
            "hazard",
            str(register),
            "hazard_history",
            str(tmp_path / "out.gpkg"),
            "hazard",
        ],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("SAID")]
    assert lines, done.stderr
    said = json.loads(lines[0][4:])
    for name, count, index in (
        ("hazard@country.gpkg", 12, None),
        ("hazard_history@country.gpkg", 14, True),
        ("hazard@out.gpkg", 12, True),
    ):
        layer = said[name]
        assert layer["valid"], name
        assert layer["count"] == count, name
        assert set(layer["inside"]) == INSIDE, name
        assert layer["crs"] == "EPSG:4326"
        assert index is None or layer["index"] is index, name


def test_python_s_sqlite_is_the_one_measured() -> None:
    """rtreecheck and packed nodes need the R-tree module compiled in: say so plainly where it is not."""
    file = sqlite3.connect(":memory:")
    options = {row[0] for row in file.execute("PRAGMA compile_options")}
    assert "ENABLE_RTREE" in options, sys.version
