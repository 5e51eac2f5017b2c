"""Step 2, soft conflicts: values that changed hands between sources that had not seen each other.

A hard conflict (:mod:`fallow.register.standing`) keeps both values and lets danger win. A soft one settles
itself, because the other source speaks of a later time, and is told to the reviewer all the same: nobody who
wrote either report knew of the other. A hard conflict is never counted as a soft one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fallow.register.claims import GEOMETRY, Claim, Slice


@dataclass(frozen=True, slots=True)
class Parallel:
    """A field whose standing value another source, unseen, has said differently."""

    field: str
    stands: tuple[int, ...]
    """The reports that gave the value that stands."""
    beside: tuple[int, ...]
    """The reports of other sources that said something else."""


def parallel(claims: Iterable[Claim], now: Slice) -> tuple[Parallel, ...]:
    """The soft conflicts of a record as it stands; ``claims`` are all claims about it."""
    every = {claim.number: claim for claim in claims}
    gone = {number for claim in every.values() for number in claim.withdraws}
    found = []
    for field, givers in sorted(now.givers.items()):
        if field in now.conflict:
            continue
        standing = [every[number] for number in givers if number in every]
        beside = tuple(
            sorted(
                claim.number
                for claim in every.values()
                if claim.number not in gone
                and claim.number not in givers
                and claim.spans[-1][1] > now.known_from
                and field in claim.values
                and claim.values[field] != now.values.get(field)
                and standing
                and not any(_aware(one, claim) for one in standing)
            )
        )
        if beside:
            found.append(Parallel(field.replace(GEOMETRY, "geometry"), tuple(givers), beside))
    return tuple(found)


def _aware(one: Claim, other: Claim) -> bool:
    """Whether the author of one had the other before them, or the two come from one source."""
    return one.source == other.source or other.number in one.seen or other.number in one.corrects
