"""The map's tiles hold every shape: as itself, or while it is too small as a dot that covers it."""

from __future__ import annotations

import math
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
import vector_tiles
from hypothesis import given, settings
from hypothesis import strategies as st
from web_story import Programme, Visitor

from fallow.web.clipping import clip_line, clip_ring
from fallow.web.flat import flat
from fallow.web.tiles import DEEPEST, tile

SIDE = 8192
PIXEL = SIDE / 512


def project(east: float, north: float) -> tuple[float, float]:
    """On the square of the world, as the specification of the projection has it."""
    latitude = math.radians(north)
    return (east + 180) / 360, (1 - math.log(math.tan(latitude) + 1 / math.cos(latitude)) / math.pi) / 2


def drawn_world(shape: Any) -> Any:
    """A geometry on the square of the world in pixels of zoom 0."""
    return shapely.transform(shape, lambda at: 512 * np.array([project(*one) for one in at]))


def around(shape: Any, zoom: int) -> list[tuple[int, int]]:
    """Every tile a geometry's bounds meet."""
    west, south, east, north = shape.bounds
    (left, top), (right, bottom) = project(west, north), project(east, south)
    low, high = int(left * 2**zoom), int(right * 2**zoom)
    return [
        (x, y) for x in range(low, high + 1) for y in range(int(top * 2**zoom), int(bottom * 2**zoom) + 1)
    ]


def on_screen(shape: Any, zoom: int) -> tuple[list[Any], list[Any]]:
    """Dots and areas of one geometry at a zoom, in pixels of zoom 0, out of all its tiles."""
    dots, areas = [], []
    laid = flat(np.array([shape], dtype=object))
    for x, y in around(shape, zoom):
        for found in vector_tiles.read(tile(laid, ["a"], ["hazard.sha"], zoom, x, y)):
            placed = [
                [((x + px / SIDE) * 512 / 2**zoom, (y + py / SIDE) * 512 / 2**zoom) for px, py in stroke]
                for stroke in found.strokes
            ]
            if found.layer == "hazard.sha:dot":
                dots.append(shapely.Point(placed[0][0]))
            elif found.layer == "hazard.sha:area":
                areas.append(shapely.union_all([shapely.LineString(one) for one in placed]))
                whole = [shapely.Polygon(one) for one in placed if len(set(one)) > 2]
                areas += whole[:1]
    return dots, areas


def covered(shape: Any, zoom: int) -> bool:
    """Whether dots of 3 pixels and areas with an outline of 0.8 cover every corner of a geometry."""
    dots, areas = on_screen(shape, zoom)
    scale = 1 / 2**zoom
    seen = shapely.union_all(
        [one.buffer(3.0 * scale) for one in dots] + [one.buffer(0.4 * scale) for one in areas]
    )
    return bool(seen.covers(shapely.MultiPoint(shapely.get_coordinates(drawn_world(shape)))))


def box(size: float, east: float = 18.0, north: float = 44.7) -> Any:
    return shapely.box(east, north, east + size, north + size)


ODD = {
    "tiny": box(0.00003),
    "wide": box(0.4),
    "sliver": shapely.Polygon([(18, 44), (18.5, 44.2), (18, 44.0000001)]),
    "an islet far from its land": shapely.MultiPolygon([box(0.2), box(0.00002, 18.6, 44.9)]),
    "crossing itself": shapely.Polygon([(18, 44), (18.3, 44.3), (18.3, 44), (18, 44.3)]),
    "a hole": box(0.3).difference(box(0.1, 18.1, 44.8)),
    "across many tiles": box(3.0),
}


@pytest.mark.parametrize("zoom", [0, 4, 6, 8, 9, 10, 11])
@pytest.mark.parametrize("name", ODD)
def test_no_zoom_hides_any_part_of_a_shape(name: str, zoom: int) -> None:
    assert covered(ODD[name], zoom), "S1"


@settings(max_examples=60, deadline=None)
@given(
    west=st.floats(-179, 178),
    south=st.floats(-80, 79),
    size=st.floats(-7, -0.3).map(lambda power: 10**power),
    zoom=st.integers(0, DEEPEST),
)
def test_a_shape_of_any_size_anywhere_is_covered(west: float, south: float, size: float, zoom: int) -> None:
    shape = box(size, west, south)
    if len(around(shape, zoom)) <= 16:
        assert covered(shape, zoom), "S1"


def test_a_dot_stands_in_one_tile_and_ends_where_its_shape_begins() -> None:
    shape = box(0.004)
    seen = {zoom: on_screen(shape, zoom) for zoom in range(DEEPEST - 4)}
    dots = [zoom for zoom, (found, _) in seen.items() if found]
    areas = [zoom for zoom, (_, found) in seen.items() if found]
    assert all(len(found) <= 1 for found, _ in seen.values()), "one dot, whichever tiles it lies near"
    assert dots == list(range(dots[-1] + 1)) and areas[0] == dots[-1], "both for one zoom, never neither"


def test_rings_turn_as_the_standard_wants_and_holes_follow_their_outside() -> None:
    for shape in (ODD["a hole"], ODD["a hole"].reverse()):
        laid = flat(np.array([shape], dtype=object))
        ((x, y),) = {(x, y) for x, y in around(shape, 7)}
        (found,) = vector_tiles.read(tile(laid, ["a"], ["k"], 7, x, y))
        turns = [sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(one)) for one in found.strokes]
        assert turns[0] > 0 > turns[1]


def test_another_reader_finds_the_same_shapes(visitor: Visitor) -> None:
    """GDAL reads the tile of the whole programme."""
    zoom, (east, north) = 11, project(18.06, 44.73)
    x, y = int(east * 2**zoom), int(north * 2**zoom)
    body = visitor.get(f"/api/tile/{zoom}/{x}/{y}.mvt?kinds=hazard,accident").body
    ours = vector_tiles.read(body)
    assert ours
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / str(zoom) / str(x) / f"{y}.mvt"
        path.parent.mkdir(parents=True)
        path.write_bytes(body)
        names = [one for one, _ in pyogrio.list_layers(path)]
        assert set(names) == {one.layer for one in ours}
        for name in names:
            _, _, geometry, (ids,) = pyogrio.raw.read(path, layer=name, columns=["id"])
            mine = {one.id: one for one in ours if one.layer == name}
            assert set(ids) == set(mine)
            assert shapely.is_valid(shapely.from_wkb(geometry)).all()


def test_every_record_with_a_place_is_in_the_tile_of_the_world(
    visitor: Visitor, programme: Programme
) -> None:
    kinds = "hazard,accident,land_release"
    in_tile = {one.id for one in vector_tiles.read(visitor.get(f"/api/tile/0/0/0.mvt?kinds={kinds}").body)}
    located = {
        one["properties"]["id"]
        for kind in kinds.split(",")
        for one in visitor.json(f"/api/layer/{kind}.geojson")["features"]
    }
    assert in_tile == located
    assert programme.unlocated not in in_tile and programme.tiny in in_tile


def test_both_clocks_move_the_tile(visitor: Visitor, programme: Programme) -> None:
    def ids(dates: str) -> set[str]:
        body = visitor.get(f"/api/tile/0/0/0.mvt?kinds=hazard&{dates}").body
        return {one.id for one in vector_tiles.read(body)}

    assert programme.late not in ids("known=2021-12-31&true=2021-12-31")
    assert programme.late in ids("known=2022-12-31&true=2021-12-31")
    assert ids("known=2019-12-31&true=2022-12-31") == set()


def test_a_claim_is_on_a_layer_of_its_own(visitor: Visitor, programme: Programme) -> None:
    body = visitor.get("/api/tile/0/0/0.mvt?kinds=land_release").body
    assert {one.layer for one in vector_tiles.read(body)} == {"land_release.cancelled~claimed:dot"}, "S3"


def test_a_tile_is_answered_from_its_head(visitor: Visitor) -> None:
    first = visitor.get("/api/tile/0/0/0.mvt?kinds=hazard")
    again = visitor.get("/api/tile/0/0/0.mvt?kinds=hazard", **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.body) == (304, b"")
    others = {
        visitor.get(f"/api/tile/{at}.mvt?kinds={kinds}")["ETag"]
        for at, kinds in (("0/0/0", "accident"), ("1/0/0", "hazard"), ("0/0/0", "hazard,accident"))
    }
    assert len(others | {first["ETag"]}) == 4


def test_the_ring_round_a_record_has_its_shape(visitor: Visitor, programme: Programme) -> None:
    whole = {one["properties"]["id"]: one for one in visitor.json("/api/layer/hazard.geojson")["features"]}
    found = visitor.json(f"/api/shape/{programme.disputed}.geojson")["features"]
    assert found == [whole[programme.disputed]]
    assert visitor.json(f"/api/shape/{programme.unlocated}.geojson")["features"] == []
    assert visitor.json(f"/api/shape/{programme.late}.geojson?known=2021-12-31")["features"] == []
    assert visitor.json(f"/api/shape/{programme.victim}.geojson")["features"] == []


INSIDE = st.tuples(st.floats(-30, 30), st.floats(-30, 30))


@settings(max_examples=200, deadline=None)
@given(st.lists(INSIDE, min_size=3, max_size=9, unique=True))
def test_clipping_keeps_what_is_inside(corners: list[tuple[float, float]]) -> None:
    ring = np.array(corners)
    shape = shapely.Polygon(ring)
    if not shape.is_valid:
        return
    clipped = clip_ring(ring, -10.0, 10.0)
    wanted = shape.intersection(shapely.box(-10, -10, 10, 10))
    area = shapely.Polygon(clipped).area if len(clipped) > 2 else 0.0
    assert area == pytest.approx(wanted.area, abs=1e-6)
    line = shapely.LineString(ring).intersection(shapely.box(-10, -10, 10, 10))
    pieces = clip_line(ring, -10.0, 10.0)
    assert sum(float(np.hypot(*np.diff(one, axis=0).T).sum()) for one in pieces) == pytest.approx(
        line.length, abs=1e-6
    )
