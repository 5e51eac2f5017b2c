"""Step 3, the difference: why a figure was one thing on one day and another later, record by record.

Without a breakdown each line is a record that changed the figure. Broken down, each line is a cell whose
number changed (a municipality in a month), and behind its change stand the records that changed it, with
the reports of both days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from fallow.analysis.casualties import DIMENSIONS, dimension_key, dimensions_of, value_of
from fallow.analysis.parameters import Day, KnownDay, Takes
from fallow.analysis.people import harmed
from fallow.analysis.period import Period, first_known
from fallow.analysis.registry import Asked, Found, analysis
from fallow.analysis.result import Key, Line, Measure
from fallow.words import catalogue

Cell = tuple[str, ...]
_OF = {"before": (), "after": (), "change": ("after", "-before")}


@analysis("difference", version=2, people=True)
def difference(
    asked: Asked,
    known_before: KnownDay,
    since: Day = None,
    until: Day = None,
    by: Annotated[Sequence[str] | str, Takes("some", tuple(DIMENSIONS), "analysis.by.")] = (),
) -> Found:
    """What explains the change in casualties between ``known_before`` and the ``known`` of this call.

    Parameters
    ----------
    known_before
        ISO day of the earlier figure; the later one is as of ``known``, or now. ``KNOWN_ORDER`` when it is
        the later day of the two.
    since, until
        The period both figures speak about.
    by
        As for the casualties: then each line is a cell whose number changed.
    """
    period, dimensions = Period.of(since, until), dimensions_of(by, "difference.by")
    first_known(known_before, asked.view.known)
    earlier = Asked(asked.register, asked.register.at(known=known_before), {}, {})
    before, after = _counted(earlier, period, dimensions), _counted(asked, period, dimensions)
    for record, reports in earlier.read.items():
        asked.read[record] = tuple(sorted({*reports, *asked.read.get(record, ())}))
        asked.declared[record] = max(earlier.declared[record], asked.declared.get(record, 0))
    words = catalogue()
    measures = tuple(Measure(name, words[f"analysis.measure.{name}"], of=of) for name, of in _OF.items())
    if dimensions:
        keys = tuple(dimension_key(asked.register.model, name) for name in dimensions)
        return Found(keys, measures, tuple(_cells(before, after)))
    labels = {name: words[f"analysis.why.{name}"] for name in ("added", "corrected", "withdrawn")}
    labels["total"] = words["analysis.total"]
    return Found(
        (
            Key("why", words["analysis.by.why"], labels, fields=()),
            Key("record", words["analysis.by.record"], fields=()),
        ),
        measures,
        tuple(_records(earlier, asked, before, after)),
    )


Counted = Mapping[str, Mapping[Cell, int]]
"""Record to its people by cell."""


def _counted(asked: Asked, period: Period, dimensions: Sequence[str]) -> dict[str, dict[Cell, int]]:
    found: dict[str, dict[Cell, int]] = {}
    for one in harmed(asked, [DIMENSIONS[name] for name in dimensions]):
        if period.side(one.date, one.until) == "inside":
            cell = tuple(value_of(one, name) for name in dimensions)
            of = found.setdefault(one.record, {})
            of[cell] = of.get(cell, 0) + one.count
    return found


def _records(earlier: Asked, asked: Asked, before: Counted, after: Counted) -> list[Line]:
    """One line a record that changed the figure, then the total."""
    every = sorted(before.keys() | after.keys())
    lines = []
    for record in every:
        was, now = _sum(before.get(record)), _sum(after.get(record))
        if was != now:
            why = "added" if not was else "withdrawn" if not now else "corrected"
            if why != "corrected" and _known(earlier if why == "added" else asked, record):
                why = "corrected"  # it was there all along; its date or its counts were put right
            lines.append(_line((why, record), was, now, (record,), (record,), (record,)))
    return [*lines, _total(before, after, ("total", ""))]


def _cells(before: Counted, after: Counted) -> list[Line]:
    """One line a cell whose number changed, then the total."""
    sums: dict[Cell, tuple[int, int]] = {}
    behind: dict[Cell, tuple[list[str], list[str], list[str]]] = {}
    for record in sorted(before.keys() | after.keys()):
        was, now = before.get(record, {}), after.get(record, {})
        for cell in was.keys() | now.keys():
            then, later = was.get(cell, 0), now.get(cell, 0)
            first, last = sums.get(cell, (0, 0))
            sums[cell] = (first + then, last + later)
            of = behind.setdefault(cell, ([], [], []))
            for listed, told in zip(of, (then, later, then - later), strict=True):
                if told:
                    listed.append(record)
    lines = []
    for cell in sorted(sums):
        then, later = sums[cell]
        if then != later:
            lines.append(_line(cell, then, later, *(tuple(listed) for listed in behind[cell])))
    return [*lines, _total(before, after, ())]


def _total(before: Counted, after: Counted, key: tuple[str, ...]) -> Line:
    changed = [one for one in before.keys() | after.keys() if _sum(before.get(one)) != _sum(after.get(one))]
    return _line(
        key,
        sum(_sum(of) for of in before.values()),
        sum(_sum(of) for of in after.values()),
        tuple(sorted(before)),
        tuple(sorted(after)),
        tuple(sorted(changed)),
    )


def _sum(cells: Mapping[Cell, int] | None) -> int:
    return sum(cells.values()) if cells else 0


def _known(asked: Asked, record: str) -> bool:
    return asked.view.record(record) is not None


def _line(
    key: tuple[str, ...],
    was: int,
    now: int,
    before: tuple[str, ...],
    after: tuple[str, ...],
    change: tuple[str, ...],
) -> Line:
    return Line(
        key,
        {"before": was, "after": now, "change": now - was},
        {"before": before, "after": after, "change": change},
    )
