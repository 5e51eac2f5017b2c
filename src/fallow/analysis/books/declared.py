"""Step 3, declared and computed areas: what a source says, beside what its polygon gives (rule R6).

Neither replaces the other. The books count polygons; a declared area that differs from its polygon by more
than the tolerance is a question to the source: a typing error, another unit, another datum, or a polygon of
something else.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from fallow.analysis.books.area import areas_m2
from fallow.analysis.parameters import Number
from fallow.analysis.registry import Asked, Found, analysis
from fallow.analysis.result import Key, Line, Measure
from fallow.errors import FallowError
from fallow.register import Record
from fallow.words import catalogue

KINDS = ("hazard", "land_release", "activity")


@analysis("areas")
def areas(asked: Asked, tolerance: Number = 5.0) -> Found:
    """Records whose declared area differs from that of their polygon by more than a tolerance.

    Parameters
    ----------
    tolerance
        Per cent of the polygon's area; ``BOOKS_NUMBER`` when it is no number from 0 up.
    """
    allowed = number(tolerance, "areas.tolerance")
    told = {"checked": 0, "beyond": 0, "undeclared": 0, "unshaped": 0}
    lines = []
    for kind in KINDS:
        records = asked.records(kind)
        wkb = np.array([one.geometry for one in records], dtype=object)
        computed = areas_m2(shapely.force_2d(shapely.from_wkb(wkb))) if len(records) else np.zeros(0)
        for one, area in zip(records, computed.tolist(), strict=True):
            line = _compared(one, area, allowed, told)
            if line is not None:
                lines.append(line)
    words = catalogue()
    labels = {
        kind: asked.register.model.kinds[kind].plural for kind in KINDS if kind in asked.register.model.kinds
    }
    return Found(
        keys=(
            Key("kind", words["books.by.kind"], labels),
            Key("record", words["books.by.record"]),
        ),
        measures=(
            *(
                Measure(name, words[f"books.measure.{name}"], "m2")
                for name in ("declared", "computed", "difference")
            ),
            Measure("share", words["books.measure.share"], "%"),
        ),
        lines=tuple(lines),
        notes=(("books.note.areas", {**told, "tolerance": f"{allowed:g}"}),),
    )


def _compared(one: Record, computed: float, allowed: float, told: dict[str, int]) -> Line | None:
    declared = one.fields.get("declared_area")
    if declared is None:
        told["undeclared"] += 1
        return None
    if computed < 1.0:
        told["unshaped"] += 1
        return None
    told["checked"] += 1
    share = 100 * (float(declared) - computed) / computed
    if abs(share) <= allowed:
        return None
    told["beyond"] += 1
    values: dict[str, float | int | None] = {
        "declared": round(float(declared)),
        "computed": round(computed),
        "difference": round(float(declared)) - round(computed),
        "share": round(share, 4),
    }
    return Line((one.kind, one.id), values, dict.fromkeys(values, (one.id,)))


def number(given: Any, where: str) -> float:
    """A number from 0 up; ``BOOKS_NUMBER`` otherwise."""
    try:
        found = float(given)
    except (TypeError, ValueError) as error:
        raise FallowError("BOOKS_NUMBER", where, found=given) from error
    if not 0 <= found < float("inf"):
        raise FallowError("BOOKS_NUMBER", where, found=given)
    return found
