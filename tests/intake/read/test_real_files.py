"""Real deliveries through the readers: the numbers in the data's own README, to the last row."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from fallow.intake.read import GeometrySpec, Reading, ReadSpec, country_extent, tables


def _read(path: Path, spec: ReadSpec) -> dict[str, Any]:
    rows = located = 0
    findings: list[Any] = []
    columns: dict[str, list[Any]] = {}
    for batch in Reading(path, spec):
        rows += len(batch)
        located += sum(one is not None for one in batch.wkb)
        findings += batch.findings
        for name, values in batch.columns.items():
            columns.setdefault(name, []).extend(values)
    counts = Counter((one.code, one.level) for one in findings)
    return {"rows": rows, "located": located, "findings": findings, "columns": columns, "counts": counts}


BIH = [
    ("suspect_areas_simplyfied", 11_068, 3_094, 3, 467),
    ("cleared_areas_simplyfied", 8_329, 108, 5, 709),
    ("incidents", 1_442, 0, 0, 0),
    ("lifted_minefields", 925, 0, 0, 0),
]


@pytest.mark.parametrize(("layer", "rows", "null", "empty", "invalid"), BIH, ids=[one[0] for one in BIH])
def test_bosnia(shared_data: Path, layer: str, rows: int, null: int, empty: int, invalid: int) -> None:
    path = shared_data / "bih-mines" / f"{layer}.geojson"
    found = _read(path, ReadSpec("geojson", extent=country_extent("BA")))
    refused = sum(count for (_, level), count in found["counts"].items() if level == "refuse")
    assert found["rows"] == rows
    assert found["counts"]["EMPTY_GEOMETRY", "note"] == empty
    assert refused == invalid
    assert found["rows"] - found["located"] == null + empty + invalid


def test_bosnia_proposes_repairs_and_applies_them_only_when_accepted(shared_data: Path) -> None:
    path = shared_data / "bih-mines" / "suspect_areas_simplyfied.geojson"
    plain = _read(path, ReadSpec("geojson"))
    crossing = [one for one in plain["findings"] if one.code == "SELF_INTERSECTION"]
    assert all({"lon", "lat", "proposal"} <= set(one.facts) for one in crossing)
    proposed = [one for one in crossing if one.facts["proposal"] == "structure"]
    assert len(proposed) >= 0.9 * len(crossing)
    assert all(
        {"area_m2", "repaired_m2", "change_m2", "change_percent"} <= set(one.facts) for one in proposed
    )
    accepted = _read(path, ReadSpec("geojson", accept={"SELF_INTERSECTION": "repair"}))
    assert accepted["located"] == plain["located"] + len(proposed)
    assert accepted["counts"]["SELF_INTERSECTION", "note"] == len(proposed)


def test_bosnia_columns(shared_data: Path) -> None:
    path = shared_data / "bih-mines" / "incidents.geojson"
    found = _read(path, ReadSpec("geojson"))
    assert list(found["columns"]) == ["typeArea", "fileId"]
    assert set(found["columns"]["typeArea"]) == {"Incidents"}


def test_colombia_events(shared_data: Path) -> None:
    rows = 0
    signs = []
    kinds: Counter[str] = Counter()
    for path in sorted((shared_data / "colombia-events").glob("*.json")):
        found = _read(path, ReadSpec("geojson", extent=country_extent("CO")))
        rows += found["rows"]
        kinds.update(found["columns"]["TIPO_EVENTO"])
        signs += [one for one in found["findings"] if one.level in ("confirm", "refuse")]
    assert rows == 36_527
    assert [one.code for one in signs] == ["WRONG_SIGN"]
    assert signs[0].facts["lon"] > 0 > signs[0].facts["would_lon"]
    assert [kinds[str(number)] for number in range(1, 9)] == [6667, 242, 8, 24136, 3494, 44, 28, 1908]


def test_colombia_victims(shared_data: Path) -> None:
    geometry = GeometrySpec(x="longitudcabecera", y="latitudcabecera")
    spec = ReadSpec("csv", geometry=geometry, extent=country_extent("CO"))
    first = _read(shared_data / "colombia-victims" / "victims_2017-10.csv", spec)
    assert first["rows"] == first["located"] == 11_498
    assert next(iter(first["columns"])) == "departamento"  # and no byte-order mark in front of it
    assert first["columns"]["codigodanemunicipio"][0] == "5,313"
    assert first["columns"]["ano"][0] == "2,006"
    assert Counter(first["columns"]["estado"]) == {"Herido": 9_225, "Muerto": 2_273}


def test_colombia_victims_by_the_written_pair(shared_data: Path) -> None:
    path = shared_data / "colombia-victims" / "victims_2017-10.csv"
    by_pair = ReadSpec("csv", geometry=GeometrySpec("decimal_pair", column="Ubicación", order="lat_lon"))
    by_columns = ReadSpec("csv", geometry=GeometrySpec(x="longitudcabecera", y="latitudcabecera"))
    pairs = [one for batch in Reading(path, by_pair) for one in batch.wkb]
    columns = [one for batch in Reading(path, by_columns) for one in batch.wkb]
    assert pairs == columns


def test_colombia_victims_second_delivery(shared_data: Path) -> None:
    (table,) = tables(shared_data / "colombia-victims" / "victims_2022-02.csv", ReadSpec("csv"))
    found = _read(
        shared_data / "colombia-victims" / "victims_2022-02.csv", ReadSpec("csv", delimiter=table.delimiter)
    )
    assert found["rows"] == table.rows == 12_062


def test_pcodes_with_hxl(shared_data: Path) -> None:
    path = shared_data / "pcodes" / "global_pcodes_adm_1_2_hxl.csv"
    (table,) = tables(path, ReadSpec("csv"))
    assert table.hxl[:3] == ("#country+code", "#geo+admin_level", "#adm+code")
    found = _read(path, ReadSpec("csv", hxl=True))
    assert found["rows"] == 34_584
    assert found["columns"]["P-Code"][0] == "AF01"
    forgotten = _read(path, ReadSpec("csv"))
    assert forgotten["counts"]["HXL_ROW_FOUND", "refuse"] == 1


def test_workbook_of_codes(shared_data: Path) -> None:
    path = shared_data / "colombia-admin" / "divipola_final.xlsx"
    sheets = tables(path, ReadSpec("xlsx"))
    assert sheets
    for sheet in sheets:
        if not sheet.columns:
            continue
        found = _read(path, ReadSpec("xlsx", layer=sheet.name))
        assert found["rows"] == sheet.rows, sheet.name


def test_places_as_raw_tsv(shared_data: Path) -> None:
    path = shared_data / "geonames-cities500" / "cities500_mine_affected.tsv"
    with path.open("rb") as lines:
        expected = sum(1 for _ in lines)
    found = _read(path, ReadSpec("tsv"))
    assert found["rows"] == expected - 1
