"""Step 1, reports arrive: what a delivery is expected to be, checked before anything of it is kept.

A source that shrinks is more often a broken export than land given back. Without a bound of its own a
source may lose a fifth of its rows between two deliveries; more stops the run until a person accepts it.
"""

from __future__ import annotations

from collections.abc import Mapping

from fallow.errors import FallowError, Finding
from fallow.intake.source import Expected, Source

SHRINKS_AT_MOST = 0.2
CODE = "EXPECTATION_FAILED"


def check(
    source: Source, counts: Mapping[str, int], before: Mapping[str, int] | None, accept: frozenset[str]
) -> list[Finding]:
    """Hold a delivery against what is expected of it.

    Parameters
    ----------
    counts
        ``rows``, ``refused``, ``withdrawals`` and rows by kind of this delivery.
    before
        The same of the delivery before; ``None`` when there is none.
    accept
        Codes a person accepts for this run.

    Raises
    ------
    FallowError
        ``EXPECTATION_FAILED``, unless it is accepted: then it is a finding.
    """
    found = [one for expected in _bounds(source) for one in _outside(expected, counts, before)]
    if found and CODE not in accept and CODE not in source.accepted:
        raise FallowError(CODE, found[0].where, **found[0].facts)
    return found


def _bounds(source: Source) -> tuple[Expected, ...]:
    if any(
        one.count == "rows" and (one.max_change is not None or one.least is not None) for one in source.expect
    ):
        return source.expect
    return (*source.expect, Expected("rows", max_change=-SHRINKS_AT_MOST, where=source.name))


def _outside(
    expected: Expected, counts: Mapping[str, int], before: Mapping[str, int] | None
) -> list[Finding]:
    """The bounds of one count that do not hold; a negative ``max_change`` bounds only the way down."""
    count = counts.get(expected.count, 0)
    low, high = expected.least, expected.most
    if expected.most_share is not None:
        high = int(expected.most_share * counts.get("rows", 0))
    bounds = [(low, high, 0)]
    was = (before or {}).get(expected.count)
    if expected.max_change is not None and was:
        change = abs(expected.max_change)
        up = None if expected.max_change < 0 else int(was * (1 + change))
        bounds.append((int(was * (1 - change)), up, was))
    found = []
    for least, most, then in bounds:
        if (least is not None and count < least) or (most is not None and count > most):
            facts = {
                "count": expected.count,
                "found": count,
                "low": "-" if least is None else least,
                "high": "-" if most is None else most,
                "before": then or "-",
            }
            found.append(Finding(CODE, "note", expected.where, facts))
    return found
