"""Square metres: against Karney's geodesic area, additive under any cut, and whole numbers that sum."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from fallow.analysis.books.area import areas_m2, spread, whole_m2

GEOD = Geod(ellps="WGS84")


def followed(shape: shapely.Geometry, step: float) -> float:
    """Geodesic area of the same outline, each edge followed in steps of so many degrees."""
    fine = shapely.orient_polygons(shapely.segmentize(shape, step))
    return abs(float(GEOD.geometry_area_perimeter(fine)[0]))


def star(east: float, north: float, reach: float, corners: int = 9, seed: int = 1) -> shapely.Geometry:
    """A star-shaped polygon of ``reach`` degrees round a point."""
    random = np.random.default_rng(seed)
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    far = reach * random.uniform(0.6, 1.0, corners)
    return shapely.Polygon(np.c_[east + far * np.cos(turn), north + far * np.sin(turn)])


@pytest.mark.parametrize("north", [-60.0, -5.0, 0.0, 33.0, 45.0, 69.0])
@pytest.mark.parametrize("reach", [0.002, 0.02, 0.2])
def test_it_is_the_geodesic_area_of_the_outline(north: float, reach: float) -> None:
    shapes = np.array([star(46.0, north, reach, seed=seed) for seed in range(5)])
    for shape, area in zip(shapes, areas_m2(shapes).tolist(), strict=True):
        assert area == pytest.approx(followed(shape, reach / 200), rel=1e-7)


def test_edges_of_a_hundred_metres_agree_with_the_vertices_alone_to_a_millionth_or_so() -> None:
    shapes = np.array([star(46.0, 45.0, 0.0008, seed=seed) for seed in range(40)])
    found = areas_m2(shapes)
    apart = [abs(a - followed(shape, 1.0)) / a for a, shape in zip(found.tolist(), shapes, strict=True)]
    assert np.median(apart) < 1e-6
    assert max(apart) < 5e-6


def test_holes_parts_points_and_nothing() -> None:
    outer, hole = shapely.box(46, 40, 46.01, 40.01), shapely.box(46.002, 40.002, 46.004, 40.004)
    apart = shapely.box(47, 40, 47.01, 40.01)
    shapes = np.array(
        [
            outer,
            shapely.difference(outer, hole),
            shapely.MultiPolygon([outer, apart]),
            shapely.Point(46, 40),
            None,
            hole,
        ],
        dtype=object,
    )
    whole, ring, two, point, nothing, inner = areas_m2(shapes).tolist()
    assert ring == pytest.approx(whole - inner, rel=1e-12)
    assert two == pytest.approx(2 * whole, rel=1e-12)
    assert (point, nothing) == (0.0, 0.0)
    assert areas_m2(np.array([], dtype=object)).tolist() == []


def test_across_180_degrees_the_short_way_counts() -> None:
    across = shapely.Polygon([(179.99, 10), (-179.99, 10), (-179.99, 10.02), (179.99, 10.02)])
    same = shapely.box(20.0, 10, 20.02, 10.02)
    one, other = areas_m2(np.array([across, same])).tolist()
    assert one == pytest.approx(other, rel=1e-9)


@given(
    east=st.floats(-170, 170),
    north=st.floats(-70, 70),
    reach=st.floats(0.0005, 0.05),
    turn=st.floats(0, np.pi),
    away=st.floats(-0.5, 0.5),
    seed=st.integers(0, 50),
)
def test_the_parts_of_a_cut_sum_to_the_whole(
    east: float, north: float, reach: float, turn: float, away: float, seed: int
) -> None:
    shape = star(east, north, reach, seed=seed)
    along, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    middle = np.array([east, north]) + across * away * reach
    knife = shapely.Polygon(
        [
            middle - 3 * reach * along,
            middle + 3 * reach * along,
            middle + 3 * reach * (along + across),
            middle + 3 * reach * (across - along),
        ]
    )
    parts = np.array([shapely.intersection(shape, knife), shapely.difference(shape, knife), shape])
    one, other, whole = areas_m2(parts).tolist()
    assert one + other == pytest.approx(whole, rel=1e-9)


@given(st.lists(st.lists(st.floats(0, 1e6, allow_nan=False), min_size=1, max_size=6), min_size=1, max_size=6))
def test_whole_square_metres_sum_to_the_rounded_group(groups: list[list[float]]) -> None:
    areas = np.array([area for group in groups for area in group])
    of = np.array([g for g, group in enumerate(groups) for _ in group])
    whole = whole_m2(areas, of)
    assert (np.abs(whole - areas) < 1 + 1e-6).all()
    for g, group in enumerate(groups):
        assert abs(int(whole[of == g].sum()) - sum(group)) <= 0.5 + 1e-6


def test_many_polygons_in_threads_are_the_same_as_in_one() -> None:
    shapes = np.array([shapely.box(i / 1e4, 45, (i + 1) / 1e4, 45.001) for i in range(5_001)])
    assert spread(areas_m2, shapes).tolist() == areas_m2(shapes).tolist()
    cut = spread(shapely.intersection, shapes, shapes[::-1])
    assert shapely.equals(cut, shapely.intersection(shapes, shapes[::-1])).all()
