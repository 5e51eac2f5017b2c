"""Step 1, reports arrive: what a delivery is expected to be, checked before anything of it is kept.

A source that shrinks is more often a broken export than land given back. Where a delivery lists every living
record (``complete``), each row that is missing withdraws one: more than a fifth fewer rows than before stop
the run until a person accepts it, unless the source has a bound of its own. Where a delivery is only what is
new, its size says little: the same is a note.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fallow.errors import FallowError, Finding
from fallow.intake.source import Expected, Source

SHRINKS_AT_MOST = 0.2
CODE = "EXPECTATION_FAILED"
SMALLER = "DELIVERY_SMALLER"


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
    found = [one for expected in source.expect for one in _outside(expected, counts, before)]
    shrunk = [] if _bounds_rows(source) else _outside(_SHRINKING, counts, before)
    if shrunk and not any(record.complete for table in source.tables for record in table.records):
        facts = {name: shrunk[0].facts[name] for name in ("found", "before")}
        return [*_stopping(source, found, accept), Finding(SMALLER, "note", source.name, facts)]
    return _stopping(source, [*found, *(replace(one, where=source.name) for one in shrunk)], accept)


def _stopping(source: Source, found: list[Finding], accept: frozenset[str]) -> list[Finding]:
    """What was found, where a person accepts it; else the run stops with the first."""
    if found and CODE not in accept and CODE not in source.accepted:
        raise FallowError(CODE, found[0].where, **found[0].facts)
    return found


_SHRINKING = Expected("rows", max_change=-SHRINKS_AT_MOST)


def _bounds_rows(source: Source) -> bool:
    """Whether the source says itself how much its rows may become fewer."""
    return any(
        one.count == "rows" and (one.max_change is not None or one.least is not None) for one in source.expect
    )


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
