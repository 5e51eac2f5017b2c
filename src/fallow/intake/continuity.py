"""Step 1, reports arrive: the second delivery of a source that gives its rows no id.

Rows are paired with what the source said before as multisets: equal values are paired one to one, in order.
Nothing is merged and nothing is dropped, so the counts are exact by construction: rows now = pairs +
additions, records before = pairs + withdrawals.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

GEOMETRY = "@geometry"


@dataclass(frozen=True, slots=True)
class Statement:
    """One record as a source states it: before by its record id, now by where it stands in the delivery."""

    name: Hashable
    fields: Mapping[str, Any]
    geometry: bytes | None
    weight: int = 0
    """Statements of a lower weight are paired first: rows that come in before rows that were refused."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """Who is who between two deliveries."""

    pairs: Mapping[Hashable, str]
    """Name of a statement now to the record it continues."""
    added: tuple[Hashable, ...]
    withdrawn: tuple[str, ...]
    by_tier: tuple[int, ...] = field(default=())
    """How many pairs each tier found, the exact one first: what a reviewer asks first."""


def pair(
    before: Sequence[Statement],
    now: Sequence[Statement],
    tiers: Iterable[Sequence[str]],
    compared: Sequence[str],
) -> Pairing:
    """Pair two deliveries.

    Parameters
    ----------
    before, now
        Statements in the order of their deliveries.
    tiers
        Field names whose equality makes a pair, the strictest first; ``@geometry`` is the place.
    compared
        Every field both speak about. Rows equal in all of these and in place are paired before any tier, so
        that an unchanged row is never taken for a changed one.
    """
    left_before = list(before)
    left_now = sorted(now, key=lambda one: one.weight)
    pairs: dict[Hashable, str] = {}
    by_tier = []
    for tier in ((*compared, GEOMETRY), *tiers):
        waiting: dict[Hashable, deque[Statement]] = defaultdict(deque)
        for one in left_before:
            waiting[_key(one, tier)].append(one)
        rest = []
        for one in left_now:
            queue = waiting.get(_key(one, tier))
            if queue:
                pairs[one.name] = str(queue.popleft().name)
            else:
                rest.append(one)
        taken = set(pairs.values())
        by_tier.append(len(left_now) - len(rest))
        left_before = [one for one in left_before if one.name not in taken]
        left_now = rest
    return Pairing(
        pairs,
        tuple(one.name for one in left_now),
        tuple(str(one.name) for one in left_before),
        tuple(by_tier),
    )


def _key(one: Statement, tier: Sequence[str]) -> Hashable:
    return tuple(one.geometry if name == GEOMETRY else _frozen(one.fields.get(name)) for name in tier)


def _frozen(value: Any) -> Hashable:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, Mapping):
        return tuple(sorted(value.items()))
    return value  # type: ignore[no-any-return]
