"""Step 2, the fold: approved reports become a record, for every pair of dates at once.

``fold(rules, kind, case)`` is pure. It walks the days on which what is known changed; for each it lays the
claims known then along the time they speak about, and keeps the rectangles (known from/to, true from/to)
in which the picture is one and the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from fallow.kinds import Kind
from fallow.register.claims import Case, Claim, Resolution, Sameness, Slice
from fallow.register.report import OPEN_END
from fallow.register.standing import Guards, Sight, stand, starts

_Part = tuple[str, str, dict[str, Any], dict[str, tuple[int, ...]], tuple[str, ...], tuple[str, ...], int]
"""True from, true to, values, givers, conflicting fields, claims awaiting signatures, declared reports."""


def fold(rules: Guards, kind: Kind, case: Case) -> list[Slice]:
    """Every slice of every record in ``case``, in order of record, known and true."""
    days = sorted(
        {day for claim in case.claims for span in claim.spans for day in span}
        | {day for one in case.resolutions for day in (one.known_from, one.known_to)}
        | {day for one in case.signatures for day in (one.known_from, one.known_to)}
        | {one.known_from for one in case.sameness}
    )
    open_parts: dict[str, list[tuple[str, _Part]]] = {}
    slices: list[Slice] = []
    for day in days:
        now = _pictures(rules, kind, case, day) if day != OPEN_END else {}
        for record in sorted(open_parts.keys() | now.keys()):
            kept: list[tuple[str, _Part]] = []
            parts = list(now.get(record, ()))
            for since, part in open_parts.get(record, ()):
                if part in parts:
                    parts.remove(part)
                    kept.append((since, part))
                elif since < day:
                    slices.append(_slice(record, since, day, part))
            kept.extend((day, part) for part in parts)
            open_parts[record] = kept
    return sorted(slices, key=lambda one: (one.record, one.known_from, one.true_from))


def _slice(record: str, since: str, until: str, part: _Part) -> Slice:
    true_from, true_to, values, givers, conflict, awaiting, declared = part
    return Slice(record, since, until, true_from, true_to, values, givers, conflict, awaiting, declared)


def _pictures(rules: Guards, kind: Kind, case: Case, day: str) -> dict[str, list[_Part]]:
    """What was believed on ``day``: for each record, its parts along true time."""
    known = [claim for claim in case.claims if claim.known_at(day)]
    name = names(case.sameness, day)
    groups: dict[str, list[Claim]] = {}
    for claim in known:
        groups.setdefault(name(claim.record), []).append(claim)
    resolutions = [one for one in case.resolutions if one.known_from <= day < one.known_to]
    signed: dict[int, set[str]] = {}
    for signature in case.signatures:
        if signature.known_from <= day < signature.known_to:
            for number in signature.claims:
                signed.setdefault(number, set()).add(signature.person)
    released = {number for number, people in signed.items() if len(people) >= 2}
    found: dict[str, list[_Part]] = {}
    for record, claims in groups.items():
        living, awaiting = _living(rules, claims, released)
        if living:
            found[record] = list(_timeline(rules, kind, living, awaiting, _sight(resolutions)))
    return found


def names(sameness: Sequence[Sameness], day: str) -> Any:
    """Which record a record is known as on ``day``: the smallest id among those judged the same."""
    latest: dict[tuple[str, str], Sameness] = {}
    for judgement in sorted(sameness, key=lambda one: (one.known_from, one.number)):
        if judgement.known_from <= day:
            first, second = sorted((judgement.one, judgement.other))
            latest[first, second] = judgement
    parent: dict[str, str] = {}

    def root(record: str) -> str:
        while parent.get(record, record) != record:
            record = parent[record]
        return record

    for (one, other), judgement in latest.items():
        if judgement.same:
            low, high = sorted((root(one), root(other)))
            parent[high] = low
    return root


def _sight(resolutions: Sequence[Resolution]) -> Sight:
    """Who stands over whom: what a person decided; what was named as seen; earlier reports of one source."""
    decided: dict[tuple[int, int, str], int] = {}
    for one in sorted(resolutions, key=lambda one: one.number):
        for beaten in one.over:
            decided.pop((beaten, one.chosen, one.field), None)
            decided[one.chosen, beaten, one.field] = one.number

    def sight(one: Claim, other: Claim, field: str) -> Literal["decided", "saw", ""]:
        if (one.number, other.number, field) in decided:
            return "decided"
        if other.number in one.seen:
            return "saw"
        # Two records of one source that a person judged to be the same are two statements, not a correction.
        if one.source == other.source and one.record == other.record and one.number > other.number:
            return "saw"
        return ""

    return sight


def _living(
    rules: Guards, claims: Sequence[Claim], released: set[int]
) -> tuple[dict[str, list[Claim]], dict[str, list[Claim]]]:
    """Claims by field after withdrawals, corrections and S3; and the guarded ones still waiting."""
    taken_back: set[int] = set()
    for claim in sorted(claims, key=lambda one: -one.number):
        if claim.number not in taken_back:
            taken_back.update(claim.withdraws)
    standing = [one for one in claims if one.number not in taken_back]

    def waits(claim: Claim, field: str) -> bool:
        return claim.values[field] in rules.guarded.get(field, ()) and claim.number not in released

    # What still waits for signatures replaces nothing: until then the state before it stands (S3).
    corrected: set[tuple[int, str]] = {
        (number, field)
        for claim in standing
        for number in claim.corrects
        for field in claim.values
        if not waits(claim, field)
    }
    living: dict[str, list[Claim]] = {}
    awaiting: dict[str, list[Claim]] = {}
    for claim in standing:
        for field in claim.values:
            if (claim.number, field) not in corrected:
                (awaiting if waits(claim, field) else living).setdefault(field, []).append(claim)
    for field in awaiting:
        living.setdefault(field, [])  # something is said about it; the state before the signatures stands
    return living, awaiting


def _timeline(
    rules: Guards, kind: Kind, living: dict[str, list[Claim]], awaiting: dict[str, list[Claim]], sight: Sight
) -> Iterator[_Part]:
    """The parts of one record along true time, neighbours that are equal joined."""
    timed = kind.clock == "state"
    from_day = {field: starts(rules, field, claims) for field, claims in living.items()}
    if timed:
        days = sorted(
            {day for of_field in from_day.values() for day in of_field.values()}
            | {claim.low for claims in awaiting.values() for claim in claims}
        )
    else:
        days = [_event_day(kind, living, sight, rules)]
    before: _Part | None = None
    for position, day in enumerate(days):
        until = days[position + 1] if position + 1 < len(days) else OPEN_END
        part = _at(rules, living, awaiting, sight, from_day if timed else None, day, until)
        if before is not None and before[2:] == part[2:]:
            before = (before[0], part[1], *part[2:])
            continue
        if before is not None:
            yield before
        before = part
    if before is not None:
        yield before


def _overtaken(waiting: Claim, claims: Sequence[Claim], day: str) -> bool:
    """Whether a later statement made a claim that waits for signatures moot."""
    return any(
        one.low <= day
        and (one.low > waiting.high or (one.source == waiting.source and one.number > waiting.number))
        for one in claims
    )


def _event_day(kind: Kind, living: dict[str, list[Claim]], sight: Sight, rules: Guards) -> str:
    """The day an event counts from: the first day of its standing date, else the earliest that is claimed."""
    dated = living.get(kind.date or "", [])
    numbers: set[int] = set()
    if dated:
        numbers = set(stand(rules, kind.date or "", dated, sight, timed=False).givers)
    every = [claim for claims in living.values() for claim in claims]
    chosen = [claim.low for claim in every if claim.number in numbers] or [claim.low for claim in every]
    return min(chosen, default="0001-01-01")


def _at(
    rules: Guards,
    living: dict[str, list[Claim]],
    awaiting: dict[str, list[Claim]],
    sight: Sight,
    from_day: dict[str, dict[int, str]] | None,
    day: str,
    until: str,
) -> _Part:
    """The picture on one true day."""
    values: dict[str, Any] = {}
    givers: dict[str, tuple[int, ...]] = {}
    conflict: list[str] = []
    declared: set[int] = set()
    waiting: list[str] = []
    for field, claims in awaiting.items():
        said = {
            str(one.values[field])
            for one in claims
            if (from_day is None or one.low <= day) and not _overtaken(one, living[field], day)
        }
        waiting.extend(f"{field}={value}" for value in said)
    for field, claims in living.items():
        counting = [one for one in claims if from_day is None or from_day[field][one.number] <= day]
        if not counting:
            if field in awaiting and any(from_day is None or c.low <= day for c in awaiting[field]):
                values[field] = rules.before.get(field)
                givers[field] = tuple(sorted(one.number for one in awaiting[field]))
                declared.update(one.number for one in awaiting[field] if one.declared)
            continue
        outcome = stand(rules, field, counting, sight, timed=from_day is not None)
        values[field] = outcome.value
        givers[field] = outcome.givers
        if outcome.conflict:
            conflict.append(field)
        declared.update(one.number for one in counting if one.declared and one.number in outcome.givers)
    return (day, until, values, givers, tuple(sorted(conflict)), tuple(sorted(waiting)), len(declared))
