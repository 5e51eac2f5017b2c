"""Step 3, items: explosive ordnance that was found, one by one or as a number in a report of work.

A find is told in three places, and is counted once. An activity says how many items it found, by type; its
find records are those of them somebody wrote down; a release says again what the work behind it found. So,
for each piece of work (an activity with its finds and its releases; a release without an activity is one of
its own):

``items = max(items stated, items in find records)``

Those beyond the find records are *unlisted*: they take the types that are stated beyond those written down,
and are of unknown type where none is. Where unlisted items of several types were only partly destroyed,
nobody said which, and they stand under ``several`` types. A spot task adds items and no area (rule R5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fallow.analysis.registry import Asked
from fallow.analysis.tally import UNKNOWN, number
from fallow.register import Record

SEVERAL = "several"
"""Type of unlisted items of more than one type whose fate is not told by type."""

FATES = ("destroyed", "handed_over", "awaiting", "left_in_place", "fate_unknown")
"""What became of items found: rule R7, ``found`` is their sum."""

STATED = {
    "ap_mines_found": "ap_mine",
    "av_mines_found": "av_mine",
    "improvised_mines_found": "improvised_mine",
    "cluster_found": "cluster_munition_remnant",
    "uxo_found": "uxo",
    "axo_found": "axo",
    "ied_found": "ied",
    "other_found": "other_device",
}
"""Fields of work that state a number found, and the category each is."""

_DISPOSAL = {
    "destroyed": "destroyed",
    "handed_over": "handed_over",
    "awaiting_disposal": "awaiting",
    "left_in_place": "left_in_place",
}


@dataclass(frozen=True, slots=True)
class Items:
    """Items of one type that one record tells of.

    Attributes
    ----------
    record
        The find, or the activity or release that states unlisted ones.
    date, until
        When they were found; ``until`` ends a span.
    disposed
        When they were destroyed or handed over, where that is recorded.
    fates
        How many met each of :data:`FATES`; together they are the number found.
    fields
        Where and by whom, filled in from the work where the find is silent.
    """

    record: str
    category: str
    date: str | None
    until: str | None
    disposed: str | None
    fates: Mapping[str, int]
    fields: Mapping[str, Any]
    listed: bool

    @property
    def count(self) -> int:
        """How many were found."""
        return sum(self.fates.values())


@dataclass(slots=True)
class _Work:
    """An activity or a release of its own, what it states, and the finds that belong to it."""

    record: Record
    states: Mapping[str, Any]
    finds: list[Items] = field(default_factory=list)


_PLACE = ("admin1", "admin2", "admin1_code", "admin2_code")
_SHARED = (*_PLACE, "hazard", "organisation", "task", "donor")


def items(asked: Asked) -> Iterator[Items]:
    """Everything found, as the view has it, in order of find and then of work."""
    tasks = {one.id: one for one in asked.records("task")}
    activities = {one.id: one for one in asked.records("activity")}
    hazards = {one.id: one for one in asked.records("hazard")}
    releases = asked.records("land_release")
    of_release = {
        one.id: str(one.fields["activity"]) for one in releases if one.fields.get("activity") in activities
    }
    works = _works(activities, releases, of_release)
    for record in asked.records("ordnance_find"):
        at = str(record.fields.get("activity") or "")
        if at not in works:
            release = str(record.fields.get("land_release") or "")
            at = of_release.get(release, release)
        work = works.get(at)
        found = _listed(record, _where(record, work.record if work else None, tasks, hazards))
        if work is not None:
            work.finds.append(found)
        yield found
    for work in works.values():
        yield from _unlisted(work, _where(work.record, None, tasks, hazards))


def _works(
    activities: Mapping[str, Record], releases: Iterable[Record], of_release: Mapping[str, str]
) -> dict[str, _Work]:
    works = {id: _Work(one, one.fields) for id, one in activities.items()}
    repeated: dict[str, list[Record]] = {}
    for one in releases:
        if one.id in of_release:
            repeated.setdefault(of_release[one.id], []).append(one)
        else:
            works[one.id] = _Work(one, one.fields)
    for id, those in repeated.items():
        if not _states_items(works[id].states):
            works[id].states = _added(those)
    return works


def _states_items(fields: Mapping[str, Any]) -> bool:
    return any(fields.get(name) is not None for name in ("items_found", *STATED))


def _added(releases: Sequence[Record]) -> dict[str, int | None]:
    """What several releases of one activity state together, where the activity itself is silent."""
    names = ("items_found", "items_destroyed", "items_handed_over", *STATED)
    stated = {name: [number(one.fields.get(name)) for one in releases] for name in names}
    return {
        name: sum(one for one in of if one is not None) if any(one is not None for one in of) else None
        for name, of in stated.items()
    }


def _where(
    record: Record, work: Record | None, tasks: Mapping[str, Record], hazards: Mapping[str, Record]
) -> dict[str, Any]:
    """Place, operator and donor: of the record, its work or its task; place also of its hazard."""
    fields = {name: record.fields.get(name) for name in _SHARED}
    for other in (work, tasks.get(str(fields["task"] or (work.fields.get("task") if work else "")))):
        if other is not None:
            for name in _SHARED:
                if fields[name] in (None, ""):
                    fields[name] = other.fields.get(name)
    hazard = hazards.get(str(fields["hazard"]))
    for name in _PLACE:
        if fields[name] in (None, "") and hazard is not None:
            fields[name] = hazard.fields.get(name)
    of = work or record
    kind = of.fields.get("activity_type") if of.kind == "activity" else None
    fields["during"] = record.fields.get("found_during") or kind
    fields["model"] = record.fields.get("model")
    return fields


def _listed(record: Record, where: Mapping[str, Any]) -> Items:
    of = record.fields
    destroyed, handed = number(of.get("items_destroyed")), number(of.get("items_handed_over"))
    told = (destroyed or 0) + (handed or 0)
    count = max(number(of.get("quantity_found")) or 0, told) or 1
    fates = dict.fromkeys(FATES, 0) | {"destroyed": destroyed or 0, "handed_over": handed or 0}
    fate = _DISPOSAL.get(str(of.get("disposal")), "fate_unknown")
    if (fate == "destroyed" and destroyed is not None) or (fate == "handed_over" and handed is not None):
        fate = "fate_unknown"  # the number stated is smaller than the number found: the rest is not told
    fates[fate] += count - told
    return Items(
        record.id,
        str(of.get("ordnance_category") or UNKNOWN),
        of.get("date"),
        None,
        of.get("disposal_date"),
        fates,
        where,
        listed=True,
    )


def _unlisted(work: _Work, where: Mapping[str, Any]) -> Iterator[Items]:
    stated = {category: number(work.states.get(name)) or 0 for name, category in STATED.items()}
    listed: dict[str, int] = {}
    for one in work.finds:
        listed[one.category] = listed.get(one.category, 0) + one.count
    total = max(number(work.states.get("items_found")) or 0, sum(stated.values()))
    left = total - sum(listed.values())
    if left <= 0:
        return
    types: dict[str, int] = {}
    for category, count in stated.items():
        taken = min(max(count - listed.get(category, 0), 0), left - sum(types.values()))
        if taken:
            types[category] = taken
    if left > sum(types.values()):
        types[UNKNOWN] = left - sum(types.values())
    fates = dict.fromkeys(FATES, 0)
    for fate, name in (("destroyed", "items_destroyed"), ("handed_over", "items_handed_over")):
        beyond = (number(work.states.get(name)) or 0) - sum(one.fates[fate] for one in work.finds)
        fates[fate] = min(max(beyond, 0), left - sum(fates.values()))
    fates["fate_unknown"] = left - sum(fates.values())
    one_fate = sum(1 for count in fates.values() if count) == 1
    if len(types) > 1 and not one_fate:
        types = {SEVERAL: left}
    of = work.record.fields
    date = of.get("start_date") or of.get("date") or of.get("end_date")
    until = of.get("end_date") or of.get("date")
    for category, count in types.items():
        those = {fate: count if number_ else 0 for fate, number_ in fates.items()} if one_fate else fates
        yield Items(work.record.id, category, date, until, None, those, where, listed=False)
