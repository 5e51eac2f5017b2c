"""Step 1, reports arrive: what the reviewer is told about the ground under a delivery."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fallow.errors import Finding
from fallow.register import Outlines, Register

WARNINGS = ("HAZARDS_OVERLAP", "RELEASED_WITHOUT_HAZARD", "RELEASED_AGAIN", "GROUND_NOT_MEASURED")
"""Codes of what is told here: it comes in, and the person who approves should look at it."""


def look_at_ground(
    register: Register, reports: Sequence[range], outlines: Outlines | None = None
) -> Iterator[Finding]:
    """Hazardous areas that cover each other, land released where none is recorded, land released again.

    Parameters
    ----------
    reports
        Ledger numbers of the delivery; it is held against itself and against what stood before.
    outlines
        Where its polygons lie, as noted while it was entered.
    """
    found = register.ground(reports, outlines)
    facts: dict[str, object]
    for one in found.overlaps:
        facts = {
            "record": one.record,
            "other": one.other,
            "area": round(one.area_m2),
            "share": round(100 * one.share, 1),
        }
        yield Finding("HAZARDS_OVERLAP", "note", one.where or f"report {one.report}", facts)
    for alone in found.outside:
        facts = {
            "record": alone.record,
            "outside": round(alone.outside_m2),
            "area": round(alone.area_m2),
        }
        yield Finding("RELEASED_WITHOUT_HAZARD", "note", alone.where or f"report {alone.report}", facts)
    for twice in found.again:
        facts = {"record": twice.record, "other": twice.other, "area": round(twice.area_m2)}
        yield Finding("RELEASED_AGAIN", "note", twice.where or f"report {twice.report}", facts)
    if found.unmeasured:
        yield Finding("GROUND_NOT_MEASURED", "note", "", {"count": found.unmeasured})
