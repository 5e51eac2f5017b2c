"""Step 3, processed area: ground that work passed over, which is not land cleared.

A square metre may be passed over by several assets and to several depths, by quality checks, and outside the
hazard; so processed area is told beside the books and never in them (rule R4). It is what activities state,
and what a release states whose activity is silent or not there; nothing is computed from polygons.
"""

from __future__ import annotations

from fallow.analysis.parameters import Day, Year
from fallow.analysis.period import Period
from fallow.analysis.registry import Asked, Found, analysis
from fallow.analysis.tally import Tally, coded, measures, text_of, worked

_MEASURES = ("processed", "works", "silent", "date_uncertain")


@analysis("processed")
def processed(asked: Asked, since: Day = None, until: Day = None, year: Year = None) -> Found:
    """Area processed in a period by kind of work, as stated; not to be read as land cleared.

    Parameters
    ----------
    since, until, year
        The period in which the work ended; work that reaches beyond it is "date uncertain".
    """
    period = Period.of(since, until, year)
    tally = Tally(_MEASURES, (0, 1), frozenset({"works", "silent", "date_uncertain"}))
    told: dict[str, list[float]] = {}
    releases = asked.records("land_release")
    for one in releases:
        area = one.fields.get("processed_area")
        if area is not None and one.fields.get("activity"):
            told.setdefault(str(one.fields["activity"]), []).append(float(area))
    works = asked.records("activity")
    for one in works:
        area = one.fields.get("processed_area")
        those = told.pop(one.id, [])
        area = sum(those) if area is None and those else area
        side = period.side(*worked(one.fields))
        key = [text_of(one.fields.get("activity_type"))]
        if side == "uncertain":
            tally.add(key, one.id, date_uncertain=1)
        elif side == "inside":
            tally.add(key, one.id, works=1, silent=int(area is None), processed=area)
    there = {one.id for one in works}
    for one in releases:
        area = one.fields.get("processed_area")
        if area is None or one.fields.get("activity") in there:
            continue
        side = period.side(one.fields.get("date"))
        if side != "outside":
            amounts = {"works": 1, "processed": float(area)} if side == "inside" else {"date_uncertain": 1}
            tally.add([text_of(None)], one.id, **amounts)
    return Found(
        keys=(coded(asked, "work", "activity", "activity_type", "analysis.by.during"),),
        measures=measures(_MEASURES, "analysis.processed.", {"processed": "m2"}),
        lines=tally.lines(),
        notes=(("analysis.note.processed", {}),),
    )
