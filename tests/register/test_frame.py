"""A view as a GeoDataFrame: the same records, types a notebook can count with, also as of another day."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shapely

from fallow.errors import FallowError
from fallow.register import Register
from fixtures_register import Days, accepted, make, point, says, square


@pytest.fixture
def country(tmp_path: Path) -> Iterator[Register]:
    days = Days("2021-01-10")
    with make(tmp_path, days) as register:
        accepted(
            register,
            says(
                "h1",
                "2020-01-01",
                name="Hill",
                depth=12.5,
                benefit=3,
                marked=True,
                ordnance=["uxo"],
                shape=square(),
            ),
            says("h2", "2020-01-01", name="Unknown place", marked=False, shape=None),
            says("h3", "2020-01-01", shape=point(47, 41)),
            says("v", "2020-05", kind="victim", outcome="injured"),
        )
        days.on("2021-02-01")
        accepted(register, says("h1", "2020-06-01", depth=20, name="Mound", source="village"))
        yield register


def test_a_frame_holds_what_the_records_hold(country: Register) -> None:
    for when in ({}, {"known": "2021-01-31"}, {"true": "2020-05-31"}, {"head": country.ledger.head()[0]}):
        view = country.at(**when)  # type: ignore[arg-type]
        frame = view.frame("hazard")
        records = {one.id: one for one in view.records("hazard")}
        assert frame.index.name == "record"
        assert set(frame.index) == records.keys() == {"h1", "h2", "h3"}
        assert frame.crs == "EPSG:4326"
        for record, row in frame.iterrows():
            one = records[record]
            shape = None if one.geometry is None else shapely.from_wkb(one.geometry)
            assert row.geometry == shape
            for name, value in one.fields.items():
                cell = row[name]
                assert (cell is None or cell != cell) if value is None else cell == value, (record, name)
            assert row["reports"] == " ".join(map(str, one.reports))
            assert (row["known_from"], row["conflict"]) == (one.known_from, one.conflict)


def test_numbers_are_numbers_and_text_is_text(country: Register) -> None:
    frame = country.at().frame("hazard")
    assert {name: frame[name].dtype.kind for name in ("depth", "benefit", "declared")} == dict.fromkeys(
        ("depth", "benefit", "declared"), "f"
    )
    assert frame["benefit"].sum() == 3
    assert np.isnan(frame.loc["h3", "depth"])
    assert frame.loc["h1", "ordnance"] == ["uxo"]
    assert frame.loc["h1", "marked"] is True
    assert "full_name" not in country.at().frame("victim").columns, "personal values have no column"
    assert len(country.at().frame("victim")) == 1
    assert len(country.at(known="2019-01-01").frame("hazard")) == 0


def test_a_frame_as_of_another_day_is_another_frame(country: Register) -> None:
    now, then = country.at().frame("hazard"), country.at(known="2021-01-31").frame("hazard")
    assert (now.loc["h1", "depth"], then.loc["h1", "depth"]) == (20.0, 12.5)
    assert list(country.at().frame("hazard", {"name": "Mound"}).index) == ["h1"]
    assert list(country.at().frame("hazard", bbox=(46.9, 40.9, 47.1, 41.1)).index) == ["h3"]


def test_without_geopandas_the_remedy_is_said(country: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "geopandas", None)
    with pytest.raises(FallowError) as refused:
        country.at().frame("hazard")
    assert refused.value.code == "FRAME_NEEDS_GEOPANDAS"
    assert "fallow[frame]" in refused.value.remedy
