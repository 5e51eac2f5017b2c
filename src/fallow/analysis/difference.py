"""Step 3, the difference: why a figure was one thing on one day and another later, record by record."""

from __future__ import annotations

from dataclasses import replace

from fallow.analysis.parameters import Day, KnownDay
from fallow.analysis.people import harmed
from fallow.analysis.period import Period
from fallow.analysis.registry import Asked, Found, analysis
from fallow.analysis.result import Key, Line, Measure
from fallow.words import catalogue

_TOTAL = ("total", "")


@analysis("difference", people=True)
def difference(asked: Asked, known_before: KnownDay, since: Day = None, until: Day = None) -> Found:
    """What explains the change in casualties between ``known_before`` and the ``known`` of this call.

    Parameters
    ----------
    known_before
        ISO day of the earlier figure; the later one is as of ``known``, or now.
    since, until
        The period both figures speak about.
    """
    period = Period.of(since, until)
    earlier = Asked(asked.register, asked.register.at(known=known_before), asked.read, asked.declared)
    before, after = _counted(earlier, period), _counted(asked, period)
    words = catalogue()
    lines = []
    for record in sorted(before.keys() | after.keys()):
        was, now = before.get(record, 0), after.get(record, 0)
        if was != now:
            why = "added" if not was else "withdrawn" if not now else "corrected"
            if why != "corrected" and _known(earlier if why == "added" else asked, record):
                why = "corrected"  # it was there all along; its date or its counts were put right
            lines.append(_line((why, record), was, now, (record,)))
    changed = tuple(one.key[1] for one in lines)
    behind = {"before": tuple(sorted(before)), "after": tuple(sorted(after)), "change": changed}
    total = replace(_line(_TOTAL, sum(before.values()), sum(after.values()), ()), behind=behind)
    labels = {name: words[f"analysis.why.{name}"] for name in ("added", "corrected", "withdrawn")}
    labels["total"] = words["analysis.total"]
    return Found(
        keys=(Key("why", words["analysis.by.why"], labels), Key("record", words["analysis.by.record"])),
        measures=tuple(
            Measure(name, words[f"analysis.measure.{name}"]) for name in ("before", "after", "change")
        ),
        lines=(*lines, total),
        sums=(("change", ("after", "-before")),),
    )


def _counted(asked: Asked, period: Period) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in harmed(asked):
        if period.side(one.date, one.until) == "inside":
            found[one.record] = found.get(one.record, 0) + one.count
    return found


def _known(asked: Asked, record: str) -> bool:
    return asked.view.record(record) is not None


def _line(key: tuple[str, ...], was: int, now: int, behind: tuple[str, ...]) -> Line:
    return Line(
        key,
        {"before": was, "after": now, "change": now - was},
        dict.fromkeys(("before", "after", "change"), behind),
    )
