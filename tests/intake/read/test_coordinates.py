"""Coordinates as people write them: degrees in several scripts, UTM, MGRS against values made elsewhere."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import shapely

from fallow.intake.coordinates_grid import mgrs, to_lonlat
from fallow.intake.coordinates_text import BadCoordinate, number, pair, sexagesimal
from fallow.intake.read import GeometrySpec, Reading, ReadSpec

MGRS_KNOWN = [
    # Made with the GEOTRANS code of the PyPI package mgrs 1.6.0, which also gives the middle of the square.
    ("33TXK7426764489", 17.2039084, 44.8125436),
    ("38TMK5850747595", 44.5126452, 40.1777105),
    ("36UXU5125769973", 35.0461977, 48.4646958),
    ("18NXL0251508305", -74.0758041, 4.5981006),
    ("34LBM0109516602", 18.2499969, -12.5000036),
    ("48PVT9217177502", 104.9282012, 11.5563958),
    ("42SWD1903623748", 69.2074989, 34.5552965),
    ("32VKN9735300648", 5.3220920, 60.3913012),
    ("33XWG1427883355", 15.6266906, 78.2232003),
    ("37MBV5513499988", 36.8000000, -0.0001040),
    ("37NBA5513400011", 36.8000000, 0.0001040),
    ("37SBT4702911570", 36.2765015, 33.5138012),
    ("19FEV4500027239", -68.2999931, -54.7999989),
    ("35WMV3447789954", 25.0999991, 71.9998983),
    ("28PFQ9484737807", -13.2299996, 8.4800032),
    ("33TYK1234", 17.6745011, 44.5325113),
    ("38TLL12", 42.8051533, 40.8551853),
    ("48PVT", 104.5418317, 11.3073246),
]


@pytest.mark.parametrize(("reference", "lon", "lat"), MGRS_KNOWN)
def test_mgrs_known_values(reference: str, lon: float, lat: float) -> None:
    (found,) = to_lonlat([mgrs(reference)])
    assert found == pytest.approx((lon, lat), abs=2e-6)


def test_mgrs_with_spaces_and_small_letters() -> None:
    assert mgrs("33t xk 74267 64489") == mgrs("33TXK7426764489")


@pytest.mark.parametrize(
    "reference",
    [
        "TXK7426764489",  # no zone
        "61TXK7426764489",  # no such zone
        "33IXK7426764489",  # no such band
        "33TAK7426764489",  # not a column letter of zone 33
        "33TXK742676448",  # an odd number of digits
        "33TXK74267644899999",
        "ZAH12345678",  # polar
        "",
    ],
)
def test_mgrs_that_is_none(reference: str) -> None:
    with pytest.raises(BadCoordinate):
        mgrs(reference)


def test_mgrs_in_the_wrong_band_is_no_place() -> None:
    (found,) = to_lonlat([mgrs("33QXK7426764489")])
    assert found is None


SEXAGESIMAL = [
    (("17°12'14.1\"E", "44°48'45.1\"N"), (17.203917, 44.812528)),
    (("17 12 14.1 E", "44 48 45.1 N"), (17.203917, 44.812528)),
    (("E17:12:14.1", "N44:48:45.1"), (17.203917, 44.812528)),
    (("17° 12.235' E", "44° 48.7517' N"), (17.203917, 44.812528)),
    (("17°12′14.1″ в.д.", "44°48′45.1″ с.ш."), (17.203917, 44.812528)),
    (("17°12′14.1″ В", "44°48′45.1″ С"), (17.203917, 44.812528)),
    (("17°12′14.1″ сх.д.", "44°48′45.1″ пн.ш."), (17.203917, 44.812528)),
    (("17°12′14.1″ şərq", "44°48′45.1″ şimal"), (17.203917, 44.812528)),
    (("17°12′14.1″ شرق", "44°48′45.1″ شمال"), (17.203917, 44.812528)),
    (("75°11'6.66\" Oeste", "6°8'37.33\" Norte"), (-75.185183, 6.143703)),
    (("75 11 06.66 W", "6 08 37.33 S"), (-75.185183, -6.143703)),
    (("-75 11 06.66", "-6 08 37.33"), (-75.185183, -6.143703)),
    (("З 75°11′6.66″", "Ю 6°8′37.33″"), (-75.185183, -6.143703)),
    (("75.185183° W", "6.143703° N"), (-75.185183, 6.143703)),
    (("٧٥°١١′ W", "٦°٨′ N"), (-75.183333, 6.133333)),
]


@pytest.mark.parametrize(("cells", "expected"), SEXAGESIMAL, ids=[one[0][0] for one in SEXAGESIMAL])
def test_degrees_minutes_seconds(cells: tuple[str, str], expected: tuple[float, float]) -> None:
    assert sexagesimal(cells, ".", "lat_lon") == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "44°48'45.1\"N 17°12'14.1\"E",
        "N 44°48'45.1\" E 17°12'14.1\"",
        "44°48'45.1\"N, 17°12'14.1\"E",
        "17°12'14.1\"E 44°48'45.1\"N",
        "44 48 45.1, 17 12 14.1",
        "44°48′45.1″ с.ш. 17°12′14.1″ в.д.",
    ],
)
def test_both_angles_in_one_cell(text: str) -> None:
    assert sexagesimal((text,), ".", "lat_lon") == pytest.approx((17.203917, 44.812528), abs=1e-6)


def test_one_cell_without_letters_goes_by_the_declared_order() -> None:
    assert sexagesimal(("17 12 14.1; 44 48 45.1",), ".", "lon_lat") == pytest.approx(
        (17.203917, 44.812528), abs=1e-6
    )


def test_decimal_comma_in_seconds() -> None:
    assert sexagesimal(("17°12'14,1\"E", "44°48'45,1\"N"), ",", "lat_lon") == pytest.approx(
        (17.203917, 44.812528), abs=1e-6
    )


@pytest.mark.parametrize(
    "cells",
    [
        ("17°62'E", "44°N"),  # 62 minutes
        ("17°12'61\"E", "44°N"),
        ("17°12'N", "44°N"),  # a latitude where the longitude belongs
        ("17.5°12'E", "44°N"),  # a fraction of a degree and minutes
        ("-17°12'E", "44°N"),  # a sign and a letter
        ("17°12'O", "44°N"),  # west in French and Spanish, east in German
        ("17°12'E W", "44°N"),
        ("17°12'14.1.5\"E", "44°N"),
        ("about 17", "44°N"),
        ("", "44°N"),
        ("17°12'E 3 4 5", "44°N"),
    ],
)
def test_what_is_no_angle(cells: tuple[str, str]) -> None:
    with pytest.raises(BadCoordinate):
        sexagesimal(cells, ".", "lat_lon")


def test_letters_must_be_on_both_or_none() -> None:
    with pytest.raises(BadCoordinate):
        sexagesimal(("44°48' N, 17°12'",), ".", "lat_lon")


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("17.25", ".", 17.25),
        ("17,25", ",", 17.25),
        ("−17.25", ".", -17.25),
        (" 17 ", ".", 17.0),
        ("1.7e1", ".", 17.0),
    ],
)
def test_numbers(text: str, decimal: str, value: float) -> None:
    assert number(text, decimal, 0) == value


@pytest.mark.parametrize(
    ("text", "decimal"),
    [("17,25", "."), ("1.725,0", ","), ("17.25", ","), ("0x11", "."), ("1_7", "."), (True, ".")],
)
def test_what_is_no_number(text: Any, decimal: str) -> None:
    with pytest.raises(BadCoordinate):
        number(text, decimal, 0)


def test_pairs() -> None:
    assert pair("(6.143703, -75.185183)", ".", "lat_lon") == (-75.185183, 6.143703)
    assert pair("16,5; 44,25", ",", "lon_lat") == (16.5, 44.25)
    assert pair("16,5 44,25", ",", "lon_lat") == (16.5, 44.25)
    with pytest.raises(BadCoordinate):
        pair("16.5", ".", "lat_lon")


def _points(tmp_path: Path, rows: list[list[str]], geometry: GeometrySpec, **spec: Any) -> list[Any]:
    path = tmp_path / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as lines:
        csv.writer(lines).writerows(rows)
    batch = next(iter(Reading(path, ReadSpec("csv", geometry=geometry, **spec))))
    assert not [one for one in batch.findings if one.level == "refuse"], batch.findings
    return [None if wkb is None else shapely.from_wkb(wkb) for wkb in batch.wkb]


def test_utm_with_a_zone_column_and_a_fixed_zone(tmp_path: Path) -> None:
    head, known = ["e", "n", "z", "id"], ["674267.5", "4964489.5", "33N", "1"]
    rows = [head, known, ["", "", "", "2"], ["500000", "9000000", "33 S", "3"]]
    found = _points(tmp_path, rows, GeometrySpec("utm", x="e", y="n", zone="z"))
    assert (found[0].x, found[0].y) == pytest.approx((17.2039084, 44.8125436), abs=2e-6)
    assert found[1] is None
    assert (found[2].x, found[2].y) == pytest.approx((15.0, -9.0465), abs=1e-3)
    fixed = _points(tmp_path, rows[:2], GeometrySpec("utm", x="e", y="n", zone="33N"))
    assert fixed[0] == found[0]


def test_declared_system_is_converted(tmp_path: Path) -> None:
    rows = [["x", "y"], ["674267.5", "4964489.5"]]
    (found,) = _points(tmp_path, rows, GeometrySpec(x="x", y="y"), crs="EPSG:32633")
    assert (found.x, found.y) == pytest.approx((17.2039084, 44.8125436), abs=2e-6)


def test_wkt_and_geojson_in_a_column(tmp_path: Path) -> None:
    polygon = "POLYGON ((16 44, 17 44, 17 45, 16 44))"
    (by_wkt,) = _points(tmp_path, [["shape", "n"], [polygon, "1"]], GeometrySpec("wkt", column="shape"))
    text = '{"type": "Polygon", "coordinates": [[[16, 44], [17, 44], [17, 45], [16, 44]]]}'
    (by_json,) = _points(tmp_path, [["shape", "n"], [text, "1"]], GeometrySpec("geojson", column="shape"))
    assert by_wkt == by_json == shapely.from_wkt(polygon)


@pytest.mark.parametrize(
    ("form", "text", "code"),
    [
        ("wkt", "POLYGON ((16 44, 17 44, 17 45, 16.5 44.5))", "UNCLOSED_RING"),
        ("wkt", "POINT 16 44", "COORD_FORMAT"),
        ("wkt", "GEOMETRYCOLLECTION (" * 5000 + "POINT (1 1)" + ")" * 5000, "TOO_DEEP"),
        ("geojson", '{"type": "Point", "coordinates": ["16", 44]}', "COORD_NOT_NUMBER"),
        ("geojson", '{"type": "Point", "coordinates": [NaN, 44]}', "COORD_NOT_FINITE"),
        ("geojson", "https://example.org/x.json", "COORD_FORMAT"),
        ("geojson", "[" * 5000, "TOO_DEEP"),
    ],
)
def test_bad_geometry_in_a_column(form: str, text: str, code: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("w", newline="") as lines:
        csv.writer(lines).writerows([["shape", "n"], [text, "1"]])
    (batch,) = list(Reading(path, ReadSpec("csv", geometry=GeometrySpec(form, column="shape"))))
    assert [(one.code, one.where) for one in batch.findings if one.level == "refuse"] == [
        (code, "row 2, shape")
    ]
