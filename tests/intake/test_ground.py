"""What the reviewer is told about ground: areas counted twice, land released where no hazard is recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from desk import Desk

from fallow.errors import Finding
from fallow.intake import Receipt, bring_in
from fallow.intake import bring as bringing
from fallow.intake.ground import look_at_ground
from fallow.register import Delivery, Draft, Outlines, Register, create_register
from fallow.register import ground as comparing
from fallow.register.ground_reading import COMPARED, Reading

HAZARDS = """
source: survey
who: Survey organisation
licence: none stated
delivered: 2024-03-31
files: {areas: areas.geojson}
tables:
  - name: areas
    format: geojson
    records:
      - kind: hazard
        id: {column: id}
        date: delivered
        fields:
          hazard_class: class
          status: {value: open}
        geometry: own
"""
RELEASES = """
source: operator
who: Clearance organisation
licence: none stated
delivered: 2024-06-30
files: {done: areas.geojson}
tables:
  - name: done
    format: geojson
    records:
      - kind: land_release
        id: {column: id}
        date: delivered
        fields:
          release_type: class
        geometry: own
"""
DEGREE = 110_576.0
"""Metres of one degree of latitude at the equator, about; the areas below lie there."""


def square(west: float, south: float = 0.0, side: float = 0.01) -> list[list[list[float]]]:
    east, north = west + side, south + side
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def areas(*rows: tuple[str, str, list[list[list[float]]]]) -> str:
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {"id": id, "class": code},
                    "geometry": {"type": "Polygon", "coordinates": ring},
                }
                for id, code, ring in rows
            ],
        }
    )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with create_register(tmp_path / "country.gpkg", title="Test") as opened:
        yield Desk(tmp_path, opened)


def told(receipt: Receipt, code: str) -> list[Finding]:
    return [one for one in receipt.findings if one.code == code]


def drafts(desk: Desk, description: str, content: str) -> Receipt:
    return bring_in(desk.write(description, areas__geojson=content), desk.register)


@pytest.mark.parametrize("approved", [True, False])
def test_areas_of_one_delivery_that_cover_each_other_are_told(desk: Desk, approved: bool) -> None:
    content = areas(
        ("A", "sha", square(30)),
        ("B", "cha", square(30.005)),
        ("C", "sha", square(30.015)),
        ("D", "cha", square(31)),
    )
    receipt = desk.bring(HAZARDS, areas__geojson=content) if approved else drafts(desk, HAZARDS, content)
    (found,) = told(receipt, "HAZARDS_OVERLAP")
    assert found.level == "note"
    assert found.where == "areas.geojson features[1]"
    assert found.facts["share"] == 50.0
    assert found.facts["area"] == pytest.approx(0.5 * (0.01 * DEGREE) ** 2, rel=0.01)
    assert receipt.counts["HAZARDS_OVERLAP"] == 1
    assert receipt.reported == 4


def test_what_stood_before_is_compared_and_a_new_drawing_replaces_its_own(desk: Desk) -> None:
    desk.bring(HAZARDS, areas__geojson=areas(("A", "sha", square(30)), ("B", "cha", square(40))))
    other = HAZARDS.replace("source: survey", "source: another")
    receipt = desk.bring(other, areas__geojson=areas(("X", "cha", square(30.005))))
    (found,) = told(receipt, "HAZARDS_OVERLAP")
    records = {one.fields["code"]: one.id for one in desk.register.at().records("hazard")}
    assert (found.facts["record"], found.facts["other"]) == (records["X"], records["A"])
    later = HAZARDS.replace("2024-03-31", "2024-05-31")
    moved = desk.bring(later, areas__geojson=areas(("A", "sha", square(20)), ("B", "cha", square(40.001))))
    assert told(moved, "HAZARDS_OVERLAP") == []  # B covers only its own earlier drawing, A left X
    back = HAZARDS.replace("2024-03-31", "2024-07-31")
    again = desk.bring(back, areas__geojson=areas(("A", "sha", square(30)), ("B", "cha", square(40.001))))
    assert [one.facts["other"] for one in told(again, "HAZARDS_OVERLAP")] == [records["X"]]


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ("sha", "cha", 1),
        ("cha", "cha", 1),
        ("unknown", "sha", 1),
        ("indication", "sha", 0),
        ("dismissed", "cha", 0),
    ],
)
def test_only_ground_that_is_suspected_or_confirmed_counts(
    desk: Desk, one: str, other: str, count: int
) -> None:
    receipt = desk.bring(HAZARDS, areas__geojson=areas(("A", one, square(30)), ("B", other, square(30.002))))
    assert len(told(receipt, "HAZARDS_OVERLAP")) == count


def test_neighbours_and_slivers_are_not_told(desk: Desk) -> None:
    content = areas(("A", "sha", square(30)), ("B", "cha", square(30.01)), ("C", "cha", square(30.01995)))
    assert told(desk.bring(HAZARDS, areas__geojson=content), "HAZARDS_OVERLAP") == []


def add(register: Register, *said: dict[str, Any]) -> range:
    number = register.receive(
        Delivery(source="s", who="w", delivered="2024-01-01", declared=False, files=(), mapping="0" * 64)
    )
    made = []
    for one in said:
        fields = {name: value for name, value in one.items() if name not in ("record", "kind", "shape")}
        draft = Draft(
            kind=one.get("kind", "hazard"),
            record=one["record"],
            source="s",
            author="w",
            true="2024-01-01",
            fields=fields,
            geometry=one.get("shape"),
            located="shape" in one,
        )
        made.append(draft)
    return register.add(made, number)


def wkb(west: float, side: float = 0.01) -> bytes:
    import shapely

    found: bytes = shapely.to_wkb(shapely.box(west, 0, west + side, side))
    return found


def test_a_part_covers_its_parent_by_right_and_a_closed_area_nothing(desk: Desk) -> None:
    named = {"code": "x", "hazard_class": "sha", "status": "open"}
    numbers = add(
        desk.register,
        {**named, "record": "whole", "shape": wkb(30)},
        {**named, "record": "part", "parent": "whole", "shape": wkb(30, 0.005)},
        {**named, "record": "done", "status": "closed", "shape": wkb(30)},
    )
    assert desk.register.ground([numbers]).overlaps == ()
    later = add(desk.register, {**named, "record": "real", "shape": wkb(30.002)})
    found = desk.register.ground([range(numbers.start, later.stop)]).overlaps
    assert {one.other for one in found} == {"whole", "part"}


def test_land_released_where_no_hazard_is_recorded_is_told(desk: Desk) -> None:
    desk.bring(HAZARDS, areas__geojson=areas(("A", "sha", square(30)), ("B", "cha", square(30.01))))
    content = areas(
        ("R1", "cleared", square(30.005)),  # over both: nothing outside
        ("R2", "cleared", square(30.015)),  # half outside
        ("R3", "cleared", square(50)),
    )
    receipt = drafts(desk, RELEASES, content)
    found = {one.where: one.facts for one in told(receipt, "RELEASED_WITHOUT_HAZARD")}
    assert set(found) == {"areas.geojson features[1]", "areas.geojson features[2]"}
    half, whole = found["areas.geojson features[1]"], found["areas.geojson features[2]"]
    assert half["outside"] == pytest.approx(half["area"] / 2, rel=0.001)
    assert whole["outside"] == whole["area"]


def test_a_release_of_a_point_task_says_nothing_about_ground(desk: Desk) -> None:
    import shapely

    spot: bytes = shapely.to_wkb(shapely.Point(60, 0))
    release = {"record": "r", "kind": "land_release", "release_type": "cleared", "shape": wkb(60)}
    numbers = add(
        desk.register,
        {"record": "spot", "code": "x", "hazard_class": "cha", "shape": spot},
        {**release, "hazard": "spot"},
        {**release, "record": "r2"},
    )
    assert [one.record for one in desk.register.ground([numbers]).outside] == ["r2"]


def test_releases_of_one_hazard_that_cover_each_other_are_told(desk: Desk) -> None:
    release = {"kind": "land_release", "release_type": "cleared", "code": "x", "date": "2024-01-01"}
    release["release_status"] = "claimed"
    named = {"code": "x", "hazard_class": "sha", "status": "open", "date_of_information": "2024-01-01"}
    first = add(
        desk.register,
        {**named, "record": "A", "shape": wkb(30)},
        {**named, "record": "B", "shape": wkb(30)},
        {**release, "record": "r1", "hazard": "A", "shape": wkb(30, 0.005)},
        {**release, "record": "r2", "hazard": "A", "shape": wkb(30.005, 0.005)},  # beside it
        {**release, "record": "r3", "hazard": "B", "shape": wkb(30, 0.005)},  # of another hazard
    )
    assert desk.register.ground([first]).again == ()
    outcome = desk.register.approve(first, by="im.officer", why="checked")
    assert outcome.approved == 5, outcome
    again = add(desk.register, {**release, "record": "r4", "hazard": "A", "shape": wkb(30.0025, 0.005)})
    found = desk.register.ground([again]).again
    assert {(one.record, one.other) for one in found} == {("r4", "r1"), ("r4", "r2")}
    assert found[0].share == pytest.approx(0.5, rel=0.001)
    (one, other) = (one for one in look_at_ground(desk.register, [again]) if one.code == "RELEASED_AGAIN")
    assert {one.facts["other"], other.facts["other"]} == {"r1", "r2"}
    assert one.level == "note"


def test_what_is_not_measured_is_counted_and_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "PAIRS", 3)
    content = areas(*((f"A{n}", "sha", square(30 + n / 10_000)) for n in range(4)))
    receipt = desk.bring(HAZARDS, areas__geojson=content)
    assert len(told(receipt, "HAZARDS_OVERLAP")) == 3
    (rest,) = told(receipt, "GROUND_NOT_MEASURED")
    assert rest.facts["count"] == 3


def test_many_strips_give_the_pairs_that_one_tree_gives() -> None:
    import numpy as np
    import shapely

    from fallow.register import boxes as joins

    chance = np.random.default_rng(44)
    low = chance.uniform(0, 10, (20_000, 2))
    made = np.column_stack((low, low + chance.uniform(0, 0.05, (20_000, 2))))
    made[:3] = (0, 0, 10, 10)  # as large as a country: in every strip
    tree = shapely.STRtree(shapely.box(*made.T))
    left, right = tree.query(shapely.box(*made.T))
    expected = {(int(a), int(b)) for a, b in zip(left, right, strict=True) if a < b}
    found = [tuple(sorted(pair)) for some in joins.within_one(made) for pair in some.tolist()]
    assert len(found) == len(set(found))
    assert set(found) == expected
    others = made[15_000:]
    tree = shapely.STRtree(shapely.box(*others.T))
    left, right = tree.query(shapely.box(*made.T))
    between = [tuple(pair) for some in joins.between(made, others) for pair in some.tolist()]
    assert len(between) == len(set(between))
    assert set(between) == {(int(a), int(b)) for a, b in zip(left, right, strict=True)}


def test_areas_of_many_are_the_geodesic_areas() -> None:
    import numpy as np
    import shapely

    from fallow.register.geodesy import area_m2, areas_m2

    corners = [(lon, lat) for lon in (-170, 0, 45.5) for lat in (-75, -30, 0, 12, 47, 70)]
    shapes = [shapely.box(x, y, x + 0.02, y + 0.01) for x, y in corners]
    shapes.append(shapely.box(10, 40, 10.02, 40.02).difference(shapely.box(10.005, 40.005, 10.01, 40.01)))
    assert areas_m2(np.array(shapes)) == pytest.approx(
        [area_m2(shapely.to_wkb(one)) for one in shapes], rel=1e-5
    )


def test_outlines_noted_on_the_way_in_are_those_read_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What first comes in is entered in columns, what changed one by one: both are noted."""
    noted: list[tuple[int, int]] = []

    def looked(register: Register, reports: Sequence[range], outlines: Outlines) -> Iterator[Finding]:
        spans = [(one.start, one.stop - 1) for one in reports]
        back = Reading(register._connection, register.model, spans).coming()
        for kind in COMPARED:
            for mine, theirs in zip(outlines.of(kind), back.of(kind), strict=True):
                assert np.array_equal(mine, theirs), kind
        noted.append((len(outlines.of("hazard")[0]), len(outlines.of("land_release")[0])))
        return look_at_ground(register, reports, outlines)

    monkeypatch.setattr(bringing, "look_at_ground", looked)
    first = [("A", "sha", square(30)), ("B", "cha", square(31)), ("C", "sha", square(32))]
    desk.bring(HAZARDS, areas__geojson=areas(*first))
    changed = [("A", "sha", square(40)), ("B", "cha", square(31)), ("D", "cha", square(33))]
    desk.bring(HAZARDS.replace("2024-03-31", "2024-06-30"), areas__geojson=areas(*changed))
    desk.bring(RELEASES, areas__geojson=areas(("R", "cleared", square(31))))
    assert noted == [(3, 0), (2, 0), (0, 1)]
