"""Step 2, rules at approval that look at ground: what is released lies where it may, once.

What lies within the accuracy of drawing, a square metre or a hundredth, is not held against anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import shapely

from fallow.kinds import date_high, date_low
from fallow.register.claims import GEOMETRY
from fallow.register.geodesy import area_m2
from fallow.register.ruling import Broken, Change, rule

_TOLERANCE_M2 = 1.0
_TOLERANCE_SHARE = 0.01


def _area(wkb: bytes | None) -> float:
    return 0.0 if wkb is None else area_m2(wkb)


@rule("release_inside_hazard")
def release_inside_hazard(change: Change) -> Broken | None:
    """R3: what is released of a hazard lies inside it; clearance outside (fade-out) is counted apart."""
    after = change.after or {}
    linked, shape = after.get("hazard"), after.get(GEOMETRY)
    hazard = change.ask.now("hazard", linked) if linked else None
    outer = (hazard or {}).get(GEOMETRY)
    if shape is None or outer is None or after.get("release_type") == "cleared":
        return None
    outside = shapely.difference(shapely.from_wkb(shape), shapely.from_wkb(outer))
    lost = _area(shapely.to_wkb(outside))
    if lost <= max(_TOLERANCE_M2, _TOLERANCE_SHARE * _area(shape)):
        return None
    return Broken("RELEASE_OUTSIDE_HAZARD", {"outside": round(lost)})


@rule("released_once")
def released_once(change: Change) -> Broken | None:
    """R3: two releases of one hazard share no ground, unless the hazard was reopened between them.

    Only what is signed counts: what somebody claims is compared when it comes in, and told to the reviewer.
    """
    after = change.after or {}
    hazard, shape = after.get("hazard"), after.get(GEOMETRY)
    if after.get("release_status") != "released" or not hazard or shape is None:
        return None
    mine = shapely.from_wkb(shape)
    for other in change.ask.linked("land_release", "hazard", hazard):
        if other["@record"] == change.record or other.get("release_status") != "released":
            continue
        theirs = other.get(GEOMETRY)
        if theirs is None or _reopened_between(change, hazard, after, other):
            continue
        shared = _area(shapely.to_wkb(shapely.intersection(mine, shapely.from_wkb(theirs))))
        if shared > max(_TOLERANCE_M2, _TOLERANCE_SHARE * min(_area(shape), _area(theirs))):
            called = other.get("code") or other["@record"]
            return Broken("RELEASED_ALREADY", {"other": called, "area": round(shared)})
    return None


def _reopened_between(change: Change, hazard: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether the ground was given back to the hazard after the earlier of two releases."""
    days = sorted(str(release["date"]) for release in (one, other) if release.get("date"))
    if len(days) < 2:
        return False
    first, last = date_low(days[0]), date_high(days[1])
    course = change.ask.course("hazard", hazard, "status")
    return any(status == "reopened" and first <= since <= last for since, status in course)


@rule("nothing_remains")
def nothing_remains(change: Change) -> Broken | None:
    """A hazard closes when what was released leaves nothing; a point task when its item is disposed of."""
    shape = (change.after or {}).get(GEOMETRY)
    releases = change.ask.linked("land_release", "hazard", change.record)
    if shape is None or shapely.get_dimensions(shapely.from_wkb(shape)) == 0:
        finds = change.ask.linked("ordnance_find", "hazard", change.record)
        open_finds = [one for one in finds if one.get("disposal") not in ("destroyed", "handed_over")]
        return Broken("ITEMS_REMAIN", {"count": len(open_finds)}) if open_finds or not finds else None
    done = [
        one[GEOMETRY] for one in releases if one.get("release_status") == "released" and one.get(GEOMETRY)
    ]
    rest = shapely.from_wkb(shape)
    if done:
        rest = shapely.difference(rest, shapely.union_all(shapely.from_wkb(done)))
    left = _area(shapely.to_wkb(rest))
    if left <= _TOLERANCE_M2:  # remaining is nothing; a share of a large hazard is a field
        return None
    return Broken("AREA_REMAINS", {"area": round(left)})


@rule("children_tile_parent")
def children_tile_parent(change: Change) -> Broken | None:
    """A split: the children do not overlap each other and do not leave the parent."""
    after = change.after or {}
    parent = change.ask.now("hazard", after["parent"]) if after.get("parent") else None
    shape, outer = after.get(GEOMETRY), (parent or {}).get(GEOMETRY)
    if shape is None or outer is None:
        return None
    mine = shapely.from_wkb(shape)
    outside = _area(shapely.to_wkb(shapely.difference(mine, shapely.from_wkb(outer))))
    overlap = sum(
        _area(shapely.to_wkb(shapely.intersection(mine, shapely.from_wkb(one[GEOMETRY]))))
        for one in change.ask.linked("hazard", "parent", after["parent"])
        if one.get("@record") != change.record and one.get(GEOMETRY)
    )
    slack = max(_TOLERANCE_M2, _TOLERANCE_SHARE * _area(shape))
    if outside > slack or overlap > slack:
        return Broken("SPLIT_DOES_NOT_TILE", {"outside": round(outside), "overlap": round(overlap)})
    return None
