"""Step 2, the rules at approval: evidence, signatures, sums and dates.

Those that look at ground are in :mod:`fallow.register.rules_ground`; both are loaded here.
"""

from __future__ import annotations

from collections.abc import Sequence

from fallow.kinds import date_high, date_low
from fallow.register import rules_ground
from fallow.register.ruling import CONCERNS, RULES, Broken, Change, Rule, check, check_steps, rule

__all__ = ["CONCERNS", "RULES", "Broken", "Change", "check", "check_steps", "rules_ground"]


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


@rule("not_before_hazard")
def not_before_hazard(change: Change) -> Broken | None:
    """What was found later is not released by an earlier decision: one of the two dates is wrong.

    Only what is signed is held against it, so that claims come in as they were made.
    """
    after = change.after or {}
    hazard, day = after.get("hazard"), after.get("date")
    if after.get("release_status") != "released" or not hazard or not day:
        return None
    course = change.ask.course("hazard", hazard, "hazard_class")
    if course and date_high(str(day)) < course[0][0]:
        return Broken("RELEASE_BEFORE_HAZARD", {"release": day, "start": course[0][0]})
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
