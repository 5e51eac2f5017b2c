"""Face two, the picture: counts by legend line, what later reports change, the table in view, the days."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from fallow.kinds import date_low
from fallow.register import Register
from fallow.web.asked import Box, When
from fallow.web.desk import Desk
from fallow.web.layers import Layer, layer

IN_VIEW = 200
"""Rows of the table beside the map; with more in view the table says how many there are."""


def mapped(register: Register) -> list[str]:
    """Names of the kinds that have a place on the map, in the order of the catalogue."""
    return [one.name for one in register.model.kinds.values() if one.shapes]


def today(register: Register) -> str:
    """Today by the register's own clock: the last day a slider reaches."""
    return register.ledger.now().date().isoformat()


def data_date(register: Register) -> str:
    """The day something last entered the ledger (S4); empty for a register with nothing in it."""
    return register.ledger.head()[2][:10]


def summary(desk: Desk, register: Register, when: When) -> dict[str, Any]:
    """Counts of everything on the map at two dates, and how much became known later."""
    kinds: dict[str, Any] = {}
    boxes = []
    declared = 0
    for name in mapped(register):
        found = layer(desk, register, name, when)
        located = found.located
        kinds[name] = {
            "count": len(found),
            "unlocated": int(len(found) - located.sum()),
            "lines": dict(Counter(found.lines)),
            "conflicts": sum(map(bool, found.conflict)),
            "awaiting": sum(map(bool, found.awaiting)),
        }
        declared += sum(1 for one in found.declared if one)
        if located.any():
            boxes.append(found.bounds[located])
    return {
        "known": when.known,
        "true": when.true,
        "head": register.ledger.head()[0],
        "data_date": data_date(register),
        "declared": declared,
        "kinds": kinds,
        "bounds": _around(boxes),
        "later": later(desk, register, when),
    }


def bounds(desk: Desk, register: Register, when: When) -> list[float] | None:
    """West, south, east, north of everything on the map at two dates; ``None`` when nothing has a place."""
    found = [layer(desk, register, name, when) for name in mapped(register)]
    return _around([one.bounds[one.located] for one in found if one.located.any()])


def _around(boxes: list[np.ndarray[Any, Any]]) -> list[float] | None:
    if not boxes:
        return None
    every = np.concatenate(boxes)
    low, high = every[:, :2].min(axis=0), every[:, 2:].max(axis=0)
    return [round(float(one), 7) for one in (*low, *high)]


@dataclass(frozen=True, slots=True)
class Differing:
    """Records of one kind that look otherwise by what is known now."""

    before: Layer
    after: Layer
    said: dict[str, str]
    """Record id to ``came`` (only there now), ``went`` (no longer there) or ``changed``."""
    reports: frozenset[int]
    """Ledger numbers behind the later picture that were not behind the earlier one."""


def differing(desk: Desk, register: Register, when: When) -> Iterator[Differing]:
    """Kind by kind, the same day as known then and as known now."""
    now = When(known=None, true=when.true)
    for name in mapped(register):
        before, after = layer(desk, register, name, when), layer(desk, register, name, now)
        was, became = _states(before), _states(after)
        said = {
            one: "came" if one not in was else "went" if one not in became else "changed"
            for one in was.keys() | became.keys()
            if was.get(one) != became.get(one)
        }
        new: set[int] = set()
        for one in said:
            new |= _numbers(became.get(one)) - _numbers(was.get(one))
        yield Differing(before, after, said, frozenset(new))


def _states(found: Layer) -> dict[str, tuple[str, str, str]]:
    return dict(zip(found.ids, zip(found.reports, found.conflict, found.awaiting, strict=True), strict=True))


def _numbers(state: tuple[str, str, str] | None) -> set[int]:
    return {int(one) for one in state[0].split()} if state else set()


def later(desk: Desk, register: Register, when: When) -> dict[str, int]:
    """How many later reports change the picture of the same day, and in how many records."""
    if when.known is None:
        return {"reports": 0, "records": 0}
    found = list(differing(desk, register, when))
    return {"reports": sum(len(one.reports) for one in found), "records": sum(len(one.said) for one in found)}


def times(desk: Desk, register: Register) -> dict[str, Any]:
    """For the sliders: first and last day, and approved reports by the months of their two dates."""
    head, end = register.ledger.head()[0], today(register)
    return desk.kept((register.id, head, "times", end), lambda: _times(register, end))


def _times(register: Register, end: str) -> dict[str, Any]:
    spans = sorted(
        (low, high, decision.content.get("as_of") or decision.at[:10])
        for decision in register.ledger.entries(("approve",))
        for low, high in decision.content["reports"]
    )
    starts = [low for low, _, _ in spans]
    true: Counter[str] = Counter()
    known: Counter[str] = Counter()
    first = end
    for entry in register.ledger.entries(("report",)):
        at = bisect_right(starts, entry.number) - 1
        if at < 0 or entry.number > spans[at][1]:
            continue  # a draft changes no picture yet
        report = entry.content
        day = max(report.get("learned") or entry.at[:10], spans[at][2])
        said = date_low(report["true"])
        first = min(first, day, said)
        true[said[:7]] += 1
        known[day[:7]] += 1
    return {"first": first, "last": end, "true": sorted(true.items()), "known": sorted(known.items())}


def in_view(
    desk: Desk, register: Register, when: When, box: Box | None, lines: frozenset[str] | None
) -> dict[str, Any]:
    """Rows of what lies in a box, the most dangerous kinds first; ``lines`` keeps those of the legend."""
    rows: list[dict[str, Any]] = []
    total = 0
    for name in sorted(mapped(register), key=lambda one: not register.model.kind(one).danger):
        found = layer(desk, register, name, when)
        at = found.within(box)
        if lines is not None:
            at = np.array([one for one in at if found.lines[one] in lines], dtype=int)
        total += len(at)
        room = IN_VIEW - len(rows)
        if room > 0:
            order = {one.key: position for position, one in enumerate(found.symbology.items)}
            chosen = sorted(at, key=lambda one: (order[found.lines[one]], found.title(one)))[:room]
            rows += [row(found, int(one)) for one in chosen]
    return {"total": total, "rows": rows}


def row(found: Layer, at: int) -> dict[str, Any]:
    """One record as the table beside the map shows it."""
    west, south, east, north = (float(one) for one in found.bounds[at])
    day = found.cells.get(found.kind.date or "", ())
    return {
        "id": found.ids[at],
        "kind": found.kind.name,
        "title": found.title(at),
        "line": found.lines[at],
        "day": (day[at] or "") if day else "",
        "conflict": bool(found.conflict[at]),
        "awaiting": bool(found.awaiting[at]),
        "bounds": None if west != west else [west, south, east, north],
    }
