"""Step 2, which value stands: one field, the claims about it, and invariants S2 and S3.

A claim *yields* to another when the other one is later in truth, or speaks of the same time having seen it.
Where neither yields and the values differ, the sources disagree: the field is in conflict, both values are
kept, and until a named person decides the more dangerous one stands (S2): the higher ``danger`` of the
code list, the union of the shapes for a hazard, and otherwise the value that was there first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import shapely

from fallow.kinds import Kind, Model
from fallow.register.claims import GEOMETRY, Claim

Sight = Callable[[Claim, Claim, str], Literal["decided", "saw", ""]]
"""Whether the first claim stands over the second: a person decided so, its author had seen it, or neither."""


@dataclass(frozen=True, slots=True)
class Stands:
    """The outcome for one field at one moment."""

    value: Any
    givers: tuple[int, ...]
    conflict: bool


@dataclass(frozen=True, slots=True)
class Guards:
    """What a kind says about danger and signatures, looked up once."""

    danger: Mapping[str, Mapping[str, int]]
    """Code field to the danger of each code."""
    guarded: Mapping[str, frozenset[str]]
    """Code field to the codes that only two signatures set."""
    before: Mapping[str, str | None]
    """Code field to the code that stands while a guarded one is only claimed."""
    shape: bool
    """Whether the geometry is that of a danger (S1, S2)."""


def guards(model: Model, kind: Kind) -> Guards:
    """Read the guards of a kind from its code lists."""
    danger: dict[str, dict[str, int]] = {}
    guarded: dict[str, frozenset[str]] = {}
    before: dict[str, str | None] = {}
    for one in kind.fields:
        if one.type != "code" or one.codes is None:
            continue
        codes = model.codes(one).codes
        ranks = {code.code: code.danger for code in codes if code.danger is not None}
        if ranks:
            danger[one.name] = ranks
        kept = frozenset(code.code for code in codes if code.guard == "release")
        if kept:
            guarded[one.name] = kept
            open_codes = [code for code in ranks if code not in kept]
            before[one.name] = max(open_codes, key=lambda code: ranks[code]) if open_codes else None
    return Guards(danger, guarded, before, kind.danger and bool(kind.shapes))


def lessens(rules: Guards, field: str, new: Any, old: Any) -> bool:
    """Whether believing ``new`` instead of ``old`` makes the picture less dangerous."""
    if field == GEOMETRY:
        if not rules.shape or old is None:
            return False
        if new is None:
            return True
        return new != old and not shapely.covers(shapely.from_wkb(new), shapely.from_wkb(old))
    ranks = rules.danger.get(field)
    if ranks is None:
        return False
    return ranks.get(new, -1) < ranks.get(old, -1)


def starts(rules: Guards, field: str, claims: Sequence[Claim]) -> dict[int, str]:
    """The day from which each claim about a field counts.

    A partial date counts in the dangerous direction: from its first day, or from its last when it makes the
    picture less dangerous than an earlier claim had it.
    """
    if len(claims) == 1:
        return {claims[0].number: claims[0].low}
    found: dict[int, str] = {}
    for claim in claims:
        partial = claim.low != claim.high
        lower = partial and any(
            lessens(rules, field, claim.values[field], other.values[field])
            for other in claims
            if other.low <= claim.high and other.number != claim.number
        )
        found[claim.number] = claim.high if lower else claim.low
    return found


def stand(rules: Guards, field: str, claims: Sequence[Claim], sight: Sight, *, timed: bool) -> Stands:
    """The value of ``field`` among claims that all count at the moment asked about.

    ``timed`` is false for kinds that are events: their claims all speak of the one moment it happened.
    """
    if len(claims) == 1:  # nine values in ten were said once
        return Stands(claims[0].values[field], (claims[0].number,), conflict=False)
    top = _unbeaten(rules, field, claims, sight, timed)
    top.sort(key=lambda claim: (min(claim.spans), claim.number))
    first = top[0].values[field]
    if all(claim.values[field] == first for claim in top):
        return Stands(first, tuple(sorted(claim.number for claim in top)), conflict=False)
    if field == GEOMETRY and rules.shape:
        return _largest(top)
    ranks = rules.danger.get(field)
    if ranks is None:
        return Stands(first, (top[0].number,), conflict=True)
    worst = max(top, key=lambda claim: ranks.get(claim.values[field], -1)).values[field]
    return Stands(
        worst, tuple(sorted(claim.number for claim in top if claim.values[field] == worst)), conflict=True
    )


def _unbeaten(rules: Guards, field: str, claims: Sequence[Claim], sight: Sight, timed: bool) -> list[Claim]:
    """The claims that stand: they give way to none, or only to claims that themselves have given way.

    So a claim comes back when the one that replaced it is taken back by its own source: nobody who called the
    place dangerous has then been answered (S2). A person's decision can also close a circle (old over young
    with a third between); a circle stands as a whole, in conflict.
    """
    over = {
        one.number: {
            other.number
            for other in claims
            if other is not one and _yields(rules, field, one, other, sight, timed)
        }
        for one in claims
    }
    standing: set[int] = set()
    beaten: set[int] = set()
    while fresh := {number for number in over.keys() - standing - beaten if over[number] <= beaten}:
        standing |= fresh
        beaten |= {number for number in over.keys() - standing if over[number] & standing}
    return [one for one in claims if one.number not in beaten]


def _yields(rules: Guards, field: str, one: Claim, other: Claim, sight: Sight, timed: bool) -> bool:
    """Whether ``one`` gives way to ``other``."""
    forth = sight(other, one, field)
    back = sight(one, other, field)
    if "decided" in (forth, back):
        return forth == "decided"
    if not timed:
        return forth == "saw"
    if forth or back:
        return other.low > one.low or (other.low == one.low and forth == "saw")
    later = other.low > one.high
    return later and not lessens(rules, field, other.values[field], one.values[field])


def _largest(top: Sequence[Claim]) -> Stands:
    """All shapes together: nothing that any source calls dangerous is left out."""
    shapes = [shapely.from_wkb(claim.values[GEOMETRY]) for claim in top if claim.values[GEOMETRY] is not None]
    givers = tuple(sorted(claim.number for claim in top))
    if not shapes:
        return Stands(None, givers, conflict=True)
    covering = next((one for one in shapes if all(shapely.covers(one, other) for other in shapes)), None)
    union = covering if covering is not None else shapely.union_all(shapes)
    return Stands(shapely.to_wkb(union, byte_order=1), givers, conflict=True)
