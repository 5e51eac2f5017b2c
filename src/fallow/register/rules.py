"""Step 2, rules at approval: state machines and named checks that a kind declares.

A rule looks at what a record would become and answers with nothing, or with the code of a message that
says why not. Rules are a registry: a kind names them in YAML (``rules:``, ``needs:``),
``tests/register/test_rules.py`` refuses a name nobody wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fallow.errors import Finding
from fallow.kinds import Kind, Model, date_high, date_low
from fallow.register.claims import GEOMETRY
from fallow.words import in_language


class Neighbours(Protocol):
    """What a rule may ask about other records as they stand now."""

    def now(self, kind: str, record: str) -> Mapping[str, Any] | None:
        """Standing values of a record, geometry under ``@geometry``; ``None`` when it is not there."""

    def linked(self, kind: str, field: str, record: str) -> Sequence[Mapping[str, Any]]:
        """Standing values of the records of ``kind`` whose link ``field`` points to ``record``."""


@dataclass(frozen=True, slots=True)
class Change:
    """One record before and after what is about to be approved."""

    model: Model
    kind: Kind
    record: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    ask: Neighbours


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that does not hold: message code and its facts."""

    code: str
    facts: Mapping[str, Any]


Rule = Callable[[Change], Broken | None]

RULES: dict[str, Rule] = {}


def rule(name: str) -> Callable[[Rule], Rule]:
    """Register a rule under the name that kinds call it by."""

    def put(check: Rule) -> Rule:
        RULES[name] = check
        return check

    return put


CONCERNS: Mapping[str, tuple[str, ...]] = {
    "children_tile_parent": ("parent",),
    "release_inside_hazard": ("hazard",),
    "not_before_survey": ("activity",),
    "victims_add_up": ("casualties", "killed", "injured", "casualties_unknown"),
    "items_add_up": ("items_found", "quantity_found"),
    "bands_add_up": ("beneficiaries",),
}
"""Fields without which a rule has nothing to say of a first report; one not listed always looks."""


def check(change: Change, where: str) -> Iterator[Finding]:
    """Everything that speaks against this change."""
    for broken in _broken(change):
        yield Finding(broken.code, "refuse", where, {"record": change.record, **broken.facts})


def check_steps(change: Change, where: str) -> Iterator[Finding]:
    """What speaks against the steps of this change alone: for neighbours along true time."""
    for machine in change.kind.states:
        for broken in _steps(change, machine):
            yield Finding(broken.code, "refuse", where, {"record": change.record, **broken.facts})


def _broken(change: Change) -> Iterator[Broken]:
    if change.after is None:
        if change.before is not None:
            yield from _found(RULES["keep_hazard_with_harm"], change)
        return
    for one in change.kind.fields:
        if one.required != "never" and not one.personal and change.after.get(one.name) in (None, "", []):
            yield Broken("REQUIRED_AT_APPROVAL", {"field": in_language(one.label)})
    for name in change.kind.rules:
        yield from _found(RULES[name], change)
    for machine in change.kind.states:
        yield from _steps(change, machine)


def _found(one: Rule, change: Change) -> Iterator[Broken]:
    broken = one(change)
    if broken is not None:
        yield broken


def _steps(change: Change, machine: Any) -> Iterator[Broken]:
    come = (change.before or {}).get(machine.field)
    go = (change.after or {}).get(machine.field)
    if go is None or come == go:
        return
    facts = {"field": machine.field, "come": come or "-", "go": go}
    if come is None:
        if machine.start and go not in machine.start:
            yield Broken("STATE_START", {**facts, "start": ", ".join(machine.start)})
        return
    for forbidden in machine.forbidden:
        if forbidden.come == come and forbidden.go == go:
            if forbidden.needs and not [b for name in forbidden.needs for b in _found(RULES[name], change)]:
                return
            yield Broken("STEP_FORBIDDEN", {**facts, "reason": in_language(forbidden.why or {})})
            return
    step = machine.step(come, go)
    if step is None:
        allowed = ", ".join(one.go for one in machine.steps if one.come == come) or "-"
        yield Broken("STEP_UNKNOWN", {**facts, "allowed": allowed})
        return
    for name in step.needs:
        yield from _found(RULES[name], change)


def _sum_rule(whole: str, parts: tuple[str, ...], code: str) -> Rule:
    def adds_up(change: Change) -> Broken | None:
        after = change.after or {}
        total = after.get(whole)
        given = [after.get(part) for part in parts]
        if total is None or any(one is None for one in given):
            return None
        summed = sum(given)  # type: ignore[arg-type]
        return (
            None
            if summed == total
            else Broken(code, {"whole": total, "sum": summed, "parts": ", ".join(parts)})
        )

    return adds_up


@rule("two_signatures")
def two_signatures(change: Change) -> Broken | None:
    """S3 holds by construction: the fold shows no guarded state without two signers."""
    return None


@rule("direct_evidence")
def direct_evidence(change: Change) -> Broken | None:
    """Suspected becomes confirmed only on direct evidence."""
    after = change.after or {}
    return None if after.get("direct_evidence") else Broken("DIRECT_EVIDENCE_NEEDED", {})


@rule("reason_given")
def reason_given(change: Change) -> Broken | None:
    """A step back needs a reason of its own: the reason of an earlier step is no reason for this one."""
    return None if _said_anew(change, ("reason", "remarks")) else Broken("REASON_IN_REPORT", {})


def _said_anew(change: Change, fields: Sequence[str]) -> bool:
    """Whether one of some fields says something now that it did not say before."""
    before, after = change.before or {}, change.after or {}
    return any(after.get(name) and after.get(name) != before.get(name) for name in fields)


def _activity_rule(release_type: str, activity_types: tuple[str, ...], code: str) -> Rule:
    def rests_on(change: Change) -> Broken | None:
        after = change.after or {}
        if after.get("release_type") != release_type:
            return None
        linked = after.get("activity")
        activity = change.ask.now("activity", linked) if linked else None
        found = (activity or {}).get("activity_type")
        if found in activity_types:
            return None
        return Broken(code, {"found": found or "-"})

    return rests_on


@rule("nts_decision")
def nts_decision(change: Change) -> Broken | None:
    """Cancelled and dismissed rest on a non-technical survey: of the release, or of the hazard itself."""
    if change.kind.name != "hazard":
        return _activity_rule("cancelled", ("nts",), "CANCELLED_NEEDS_NTS")(change)
    named = (change.after or {}).get("survey_activity")
    surveys = [change.ask.now("activity", named)] if named else []
    surveys += change.ask.linked("activity", "hazard", change.record)
    if any(one and one.get("activity_type") == "nts" for one in surveys):
        return None
    return Broken("DISMISSED_NEEDS_NTS", {})


RULES["technical_survey"] = _activity_rule("reduced", ("ts",), "REDUCED_NEEDS_TS")


@rule("clearance_with_depth_and_quality")
def clearance_with_depth_and_quality(change: Change) -> Broken | None:
    """Cleared rests on a clearance activity, a depth and a quality result."""
    after = change.after or {}
    if after.get("release_type") != "cleared":
        return None
    broken = _activity_rule("cleared", ("clearance", "bac"), "CLEARED_NEEDS_CLEARANCE")(change)
    if broken:
        return broken
    if after.get("clearance_depth") is None or after.get("quality_result") != "accepted":
        return Broken("CLEARED_NEEDS_QUALITY", {"depth": after.get("clearance_depth") or "-"})
    return None


@rule("certificate")
def certificate(change: Change) -> Broken | None:
    """Handed over needs a certificate."""
    found = change.ask.linked("handover_certificate", "hazard", change.record)
    return None if found else Broken("CERTIFICATE_NEEDED", {})


@rule("new_evidence")
def new_evidence(change: Change) -> Broken | None:
    """Reopening rests on something new: an item found or an accident since, or evidence not named before.

    It leans towards danger: what was linked on or after the day the closed state speaks of counts as new,
    and so does anything without a date.
    """
    if _said_anew(change, ("direct_evidence", "indirect_evidence", "reason")):
        return None
    closed_on = (change.before or {}).get(change.kind.date or "")
    since = date_low(str(closed_on)) if closed_on else ""
    for kind in ("accident", "ordnance_find"):
        for one in change.ask.linked(kind, "hazard", change.record):
            if not one.get("date") or date_high(str(one["date"])) >= since:
                return None
    return Broken("NEW_EVIDENCE_NEEDED", {})


@rule("not_before_survey")
def not_before_survey(change: Change) -> Broken | None:
    """A release is not dated before the survey or clearance it rests on."""
    after = change.after or {}
    linked = after.get("activity")
    activity = change.ask.now("activity", linked) if linked else None
    start, day = (activity or {}).get("start_date"), after.get("date")
    if start and day and date_high(str(day)) < date_low(str(start)):
        return Broken("RELEASE_BEFORE_SURVEY", {"release": day, "start": start})
    return None


@rule("keep_hazard_with_harm")
def keep_hazard_with_harm(change: Change) -> Broken | None:
    """A hazard in which people were harmed is not withdrawn."""
    if change.kind.name != "hazard":
        return None
    found = sum(
        len(change.ask.linked(kind, "hazard", change.record)) for kind in ("accident", "ordnance_find")
    )
    return Broken("HAZARD_WITH_HARM", {"count": found}) if found else None


@rule("items_add_up")
def items_add_up(change: Change) -> Broken | None:
    """R7: items found = destroyed + handed over + awaiting disposal + left in place."""
    whole = "quantity_found" if change.kind.field("quantity_found") else "items_found"
    parts = ("items_destroyed", "items_handed_over", "items_awaiting", "items_left")
    return _sum_rule(whole, parts, "ITEMS_DO_NOT_ADD_UP")(change)


@rule("victims_add_up")
def victims_add_up(change: Change) -> Broken | None:
    """R8: killed, injured and unknown together are the casualties, not fewer than the victims."""
    after = change.after or {}
    parts = [after.get(name) for name in ("killed", "injured", "casualties_unknown")]
    total = after.get("casualties")
    if all(one is None for one in parts):
        return None
    summed = sum(one or 0 for one in parts)
    if total is not None and total != summed:
        return Broken("VICTIMS_DO_NOT_ADD_UP", {"whole": total, "sum": summed})
    recorded = len(change.ask.linked("victim", "accident", change.record))
    if recorded > summed:
        return Broken("VICTIMS_DO_NOT_ADD_UP", {"whole": recorded, "sum": summed})
    return None


@rule("bands_add_up")
def bands_add_up(change: Change) -> Broken | None:
    """R10: beneficiaries are the sum of their bands."""
    after = change.after or {}
    total = after.get("beneficiaries")
    bands = [
        value for name, value in after.items() if name.startswith("beneficiaries_") and isinstance(value, int)
    ]
    if total is None or not bands or sum(bands) == total:
        return None
    return Broken("BANDS_DO_NOT_ADD_UP", {"whole": total, "sum": sum(bands)})


_TOLERANCE_M2 = 1.0
_TOLERANCE_SHARE = 0.01


def _area(wkb: bytes | None) -> float:
    from fallow.register.geodesy import area_m2

    return 0.0 if wkb is None else area_m2(wkb)


@rule("release_inside_hazard")
def release_inside_hazard(change: Change) -> Broken | None:
    """R3: what is released of a hazard lies inside it; clearance outside (fade-out) is counted apart."""
    import shapely

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


@rule("nothing_remains")
def nothing_remains(change: Change) -> Broken | None:
    """A hazard closes when what was released leaves nothing; a point task when its item is disposed of."""
    import shapely

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
    import shapely

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
