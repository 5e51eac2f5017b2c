"""An operator's file beside the register: each kind of difference, and the drafts that come of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from fallow.analysis.against import Comparison, against, draft_reports
from fallow.analysis.books.area import areas_m2
from fallow.errors import FallowError
from fixtures_books import Box, Country, box, wkb

FIELD: Box = (0, 0, 10, 10)
BOW_TIE = shapely.to_wkb(shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]))


@pytest.fixture
def country(tmp_path: Path) -> Iterator[Country]:
    made = Country(tmp_path)
    yield made
    made.close()


def m2(*boxes: Box) -> int:
    return round(float(areas_m2(np.array([box(*one) for one in boxes])).sum()))


def theirs(id: str | None = None, *boxes: Box, **more: Any) -> dict[str, Any]:
    return {"id": id, "geometry": wkb(*boxes) if boxes else None, **more}


def found(comparison: Comparison) -> list[tuple[str, str, str, str]]:
    return [one.key for one in comparison.result.lines if len(one.key) == 4]  # type: ignore[misc]


def test_a_file_that_says_the_same_has_no_difference(country: Country) -> None:
    country.hazard("h", "2020-01-01", [FIELD])
    country.hazard("spot", "2020-01-01", None)
    same = [
        theirs("h", FIELD, status="open", hazard_class="sha", declared_area=1.0),
        theirs("spot", code="spot"),
    ]
    comparison = against(country.register, same)
    assert found(comparison) == []
    assert [one.values["records"] for one in comparison.result.lines] == [0] * 5
    ((key, facts),) = comparison.result.notes
    assert (key, facts["matched"], facts["equal"]) == ("books.note.against", 2, 2)


def test_each_difference_is_a_line_with_its_place_on_the_map(country: Country) -> None:
    country.hazard("same", "2020-01-01", [FIELD], external_id="OP-1")
    country.hazard("done", "2020-01-01", [(20, 0, 30, 10)])
    country.hazard("moved", "2020-01-01", [(40, 0, 50, 10)])
    country.hazard("ours", "2020-01-01", [(60, 0, 70, 10)])
    comparison = against(
        country.register,
        [
            theirs(None, FIELD, code="OP-1"),
            theirs("done", (20, 0, 30, 10), status="closed"),
            theirs("moved", (45, 0, 55, 10)),
            theirs(None, (68, 0, 75, 10), code="NEW-1"),
        ],
    )
    assert found(comparison) == [
        ("missing", "", "NEW-1", "NEW-1"),
        ("extra", "ours", "", "ours"),
        ("status_conflict", "done", "done", "status: open > closed"),
        ("area_conflict", "moved", "moved", f"area: {m2((40, 0, 50, 10))} > {m2((45, 0, 55, 10))}"),
        ("overlap", "ours", "NEW-1", "ours"),
    ]
    layer = {(one["difference"], one["theirs"]): one for one in comparison.layer}
    assert layer["overlap", "NEW-1"]["shared"] == pytest.approx(m2((68, 0, 70, 10)), abs=1)
    shown = shapely.from_wkb(layer["area_conflict", "moved"]["geometry"])
    assert shapely.equals(shown, shapely.from_wkb(wkb((40, 0, 45, 10), (50, 0, 55, 10))))
    assert shapely.equals(shapely.from_wkb(layer["missing", "NEW-1"]["geometry"]), box(68, 0, 75, 10))
    assert comparison.result.value("records", "extra") == 1
    assert comparison.result.explain("shared", "overlap", "ours", "NEW-1", "ours").records == ("ours",)
    assert (
        comparison.result.digest
        == against(
            country.register,
            [
                theirs(None, (68, 0, 75, 10), code="NEW-1"),
                theirs("moved", (45, 0, 55, 10)),
                theirs("done", (20, 0, 30, 10), status="closed"),
                theirs(None, FIELD, code="OP-1"),
            ],
        ).result.digest
    )


def test_a_declared_area_stands_in_for_a_polygon_that_is_not_there(country: Country) -> None:
    country.hazard("h", "2020-01-01", [FIELD])
    near, far = m2(FIELD) * 1.02, m2(FIELD) * 2
    assert found(against(country.register, [theirs("h", declared_area=near)])) == []
    ((difference, *_),) = found(against(country.register, [theirs("h", declared_area=near)], tolerance=1))
    assert difference == "area_conflict"
    ((difference, *_),) = found(against(country.register, [theirs("h", declared_area=far)]))
    assert difference == "area_conflict"


def test_closed_hazards_and_those_of_others_are_not_extra(country: Country) -> None:
    country.hazard("a", "2020-01-01", [FIELD], organisation="o1")
    country.hazard("b", "2020-01-01", [(20, 0, 30, 10)], organisation="o2")
    country.hazard("c", "2020-01-01", [(40, 0, 50, 10)], organisation="o1")
    country.release("r", "c", "cleared", "2020-05-01", [(40, 0, 50, 10)])
    country.hazard("c", "2020-06-01", status="closed")
    country.sign("c", "status")
    assert [one[1] for one in found(against(country.register, [], operator="o1"))] == ["a"]
    assert [one[1] for one in found(against(country.register, []))] == ["a", "b"]
    assert [one[1] for one in found(against(country.register, [], true="2020-05-31"))] == ["a", "b", "c"]


def test_drafts_say_what_the_operator_says_and_release_nothing(country: Country) -> None:
    country.hazard("done", "2020-01-01", [FIELD])
    country.hazard("ours", "2020-01-01", [(60, 0, 70, 10)])
    comparison = against(
        country.register,
        [
            theirs("done", (0, 0, 10, 8), status="closed", declared_area=5000.0),
            theirs(None, (68, 0, 75, 10), code="NEW-1", hazard_class="cha"),
        ],
    )
    how: Mapping[str, Any] = {"source": "operator", "author": "O. Perator", "true": "2021-03"}
    drafts = {one.where: one for one in draft_reports(comparison, **how)}
    assert set(drafts) == {"done", "NEW-1"}
    done, new = drafts["done"], drafts["NEW-1"]
    assert done.record == "done"
    assert done.fields == {
        "status": "closed",
        "declared_area": 5000.0,
        "date_of_information": "2021-03",
    }
    assert shapely.equals(shapely.from_wkb(done.geometry), box(0, 0, 10, 8))
    assert (new.fields["code"], new.fields["hazard_class"], new.fields["status"]) == ("NEW-1", "cha", "open")
    assert [one.record for one in draft_reports(comparison, **how)] == [one.record for one in drafts.values()]
    assert [one.where for one in draft_reports(comparison, **how, only=["NEW-1"])] == ["NEW-1"]
    before = country.register.at().record("done")
    numbers = country.register.add(list(drafts.values()))
    assert country.register.at().record("done") == before
    country.register.approve(numbers, by="im.officer", why="talked to the operator")
    after = country.register.at().record("done")
    assert after is not None
    assert after.fields["status"] == "open"  # two people have not signed


@pytest.mark.parametrize(
    ("code", "records"),
    [
        ("AGAINST_NO_ID", [{"status": "open"}]),
        ("AGAINST_TWICE", [{"id": "h"}, {"code": "h"}]),
        ("AGAINST_UNKNOWN_CODE", [{"id": "h", "status": "fertig"}]),
        ("AGAINST_UNKNOWN_CODE", [{"id": "h", "hazard_class": "red"}]),
        ("AGAINST_SHAPE", [{"id": "h", "geometry": BOW_TIE}]),
        ("BOOKS_NUMBER", [{"id": "h", "declared_area": "much"}]),
    ],
)
def test_a_file_that_cannot_be_compared_is_refused(
    country: Country, code: str, records: list[dict[str, Any]]
) -> None:
    country.hazard("h", "2020-01-01", [FIELD])
    with pytest.raises(FallowError) as refused:
        against(country.register, records)
    assert refused.value.code == code
