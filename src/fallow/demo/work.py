"""Beside the faces: six years of survey and clearance: what is worked on, found, missed and claimed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import shapely

from fallow.demo.contamination import Contamination, Item
from fallow.demo.plan import DETECTION, YEARS, day_in
from fallow.demo.survey import Change, Hazard


@dataclass(slots=True, eq=False)
class Activity:
    """Survey or clearance of one hazard by one organisation."""

    code: str
    type: str
    hazard: Hazard
    organisation: str
    start: str
    end: str
    status: dict[int, str] = field(default_factory=dict)
    """Year of the list to the status in it, where it changes."""
    items_found: int = 0

    def listed(self, year: int) -> str | None:
        """The status in the list of a year."""
        told = [known for known in self.status if known <= year]
        return self.status[max(told)] if told else None


@dataclass(slots=True, eq=False)
class Release:
    """Land that an organisation says may be given back."""

    code: str
    type: str
    hazard: Hazard
    activity: Activity
    organisation: str
    shape: Any
    date: str
    claims: dict[int, str]
    """Year of the file to what it claims: ``claimed``, then ``released``."""
    depth_cm: int | None = None
    items_found: int = 0
    signatures: int = 0
    """How many of the two signatories sign; one or none leaves it a claim."""


@dataclass(frozen=True, slots=True)
class Find:
    """An item somebody found."""

    code: str
    item: Item
    date: str
    activity: Activity
    organisation: str
    wrong_by: tuple[float, float]
    """Error of the position, east and north."""


@dataclass(slots=True, eq=False)
class Work:
    """Everything that was done."""

    activities: list[Activity] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)
    finds: list[Find] = field(default_factory=list)
    closed: dict[str, int] = field(default_factory=dict)
    """Hazard to the year in whose list it is claimed closed and can be signed."""


def play(random: Random, truth: Contamination, hazards: Sequence[Hazard]) -> Work:
    """Work through the hazards year by year, in the order of their numbers."""
    work = Work()
    for hazard in hazards:
        _survey(random, work, hazard)
        if hazard.patch is None:
            _disprove(random, work, hazard)
        else:
            _confirm_and_clear(random, work, truth, hazard)
    return work


def _survey(random: Random, work: Work, hazard: Hazard) -> None:
    year = int(hazard.found[:4])
    activity = _activity(work, "nts", hazard, "FMAA", f"{year}-01-20", hazard.found)
    activity.status = {year: "accepted"}


def _activity(work: Work, type: str, hazard: Hazard, organisation: str, start: str, end: str) -> Activity:
    activity = Activity(f"T-{len(work.activities) + 1:04}", type, hazard, organisation, start, end)
    work.activities.append(activity)
    return activity


def _release(
    work: Work, type: str, activity: Activity, shape: Any, claims: dict[int, str], **more: Any
) -> Release:
    hazard = activity.hazard
    release = Release(
        f"R-{len(work.releases) + 1:04}",
        type,
        hazard,
        activity,
        activity.organisation,
        shape,
        activity.end,
        claims,
    )
    for name, value in more.items():
        setattr(release, name, value)
    work.releases.append(release)
    return release


def _signatures(random: Random) -> int:
    return random.choices((2, 1, 0), (0.80, 0.08, 0.12))[0]


def _disprove(random: Random, work: Work, hazard: Hazard) -> None:
    """Nothing is there: most are cancelled by a second look or reduced by technical survey, some wait."""
    first = int(hazard.found[:4])
    year = first + random.choice((1, 1, 2, 3))
    way = random.choices(("nts", "ts", ""), (0.5, 0.25, 0.25))[0]
    if year > YEARS[-1] or not way:
        return
    organisation = "FMAA" if way == "nts" else hazard.operator
    start = day_in(random, year, 1, 3)
    activity = _activity(work, way, hazard, organisation, start, day_in(random, year, 5, 9))
    activity.status = {year: "accepted"}
    if way == "ts":
        hazard.tell(year, activity.start, status="worked_on")
    release = _release(
        work,
        "cancelled" if way == "nts" else "reduced",
        activity,
        hazard.shape,
        {year: "released"},
        signatures=_signatures(random),
    )
    _close(work, hazard, [release], year + 1)


def _confirm_and_clear(random: Random, work: Work, truth: Contamination, hazard: Hazard) -> None:
    """Technical survey confirms and reduces; clearance follows where there was capacity."""
    assert hazard.patch is not None  # noqa: S101  (the caller asked)
    watched = hazard.patch.code in ("B-02", "B-05", "B-08")
    year = int(hazard.found[:4]) + (1 if watched else random.choice((1, 1, 2, 3)))
    if year > YEARS[-1]:
        return
    ts = _activity(
        work, "ts", hazard, hazard.operator, day_in(random, year, 1, 3), day_in(random, year, 5, 9)
    )
    ts.status = {year: "completed", year + 1: "accepted"}
    confirmed = any(one.values.get("hazard_class") == "cha" for one in hazard.changes)
    evidence = ["ordnance_seen", "found_by_survey"] if confirmed else ["found_by_survey"]
    hazard.tell(
        year,
        ts.end,
        hazard_class="cha",
        status="worked_on",
        direct_evidence=evidence,
        **_enlarged(random, hazard),
    )
    core = hazard.patch.extent.buffer(14.0, quad_segs=2).intersection(hazard.shape)
    if core.geom_type != "Polygon":
        core = max(core.geoms, key=lambda part: float(part.area)) if not core.is_empty else hazard.shape
    _find(random, work, truth, core, ts)
    rest = hazard.shape.difference(core)
    releases = []
    if rest.area > 200:
        signed = 2 if watched else _signatures(random)
        releases.append(_release(work, "reduced", ts, rest, {year + 1: "released"}, signatures=signed))
    year += 1 if watched else random.choice((1, 1, 2))
    if year > YEARS[-1]:
        return
    clearance = _activity(
        work, "clearance", hazard, hazard.operator, day_in(random, year, 1, 4), day_in(random, year, 6, 9)
    )
    clearance.status = {year: "completed", year + 1: "accepted"}
    for part in _halves(random, core):
        found = _find(random, work, truth, part, clearance)
        release = _release(
            work,
            "cleared",
            clearance,
            part,
            {year: "claimed", year + 1: "released"},
            depth_cm=random.choice((13, 15, 20)),
            items_found=found,
            signatures=2 if watched else _signatures(random),
        )
        releases.append(release)
    _close(work, hazard, releases, year + 2)


def _enlarged(random: Random, hazard: Hazard) -> dict[str, Any]:
    """Technical survey that meets mines outside the line draws it wider, more often than not."""
    assert hazard.patch is not None  # noqa: S101  (only real ones are confirmed)
    if hazard.shape.covers(hazard.patch.extent) or random.random() < 0.3:
        return {}
    first = hazard.changes[0]
    hazard.changes[0] = Change(first.year, first.day, {**first.values, "shape": hazard.shape})
    hazard.shape = shapely.union(hazard.shape, hazard.patch.extent.buffer(20.0, quad_segs=2)).convex_hull
    return {
        "shape": hazard.shape,
        "area": round(hazard.shape.area),
        "remarks": "enlarged after technical survey",
    }


def _halves(random: Random, core: Any) -> list[Any]:
    """Larger areas are handed in as two parts that tile the whole."""
    if core.area < 6_000 or random.random() < 0.5:
        return [core]
    west, south, east, north = core.bounds
    half = shapely.box(west - 1, south - 1, (west + east) / 2, north + 1)
    parts = [core.intersection(half), core.difference(half)]
    return parts if all(part.geom_type == "Polygon" for part in parts) else [core]


def _find(random: Random, work: Work, truth: Contamination, area: Any, activity: Activity) -> int:
    """Find what lies in an area with the chance the method has; what is missed stays."""
    chance = DETECTION[activity.organisation, activity.type]
    count = 0
    for item in truth.inside(area):
        if item.fate != "in_ground" or item.laid_on > activity.start:
            continue
        if random.random() >= chance:
            continue
        item.fate, item.fate_on = "found", activity.end
        error = 1.5 if activity.organisation == "OP1" else 4.0
        wrong_by = (random.gauss(0, error), random.gauss(0, error))
        code = f"F-{len(work.finds) + 1:05}"
        work.finds.append(Find(code, item, activity.end, activity, activity.organisation, wrong_by))
        count += 1
    activity.items_found += count
    return count


def _close(work: Work, hazard: Hazard, releases: list[Release], year: int) -> None:
    """The list claims the hazard closed a year later; it can be signed when every release of it was."""
    if year > YEARS[-1]:
        return
    hazard.tell(year, max(one.date for one in releases), status="closed")
    if all(one.signatures == 2 for one in releases) and all(max(one.claims) < year for one in releases):
        work.closed[hazard.code] = year
