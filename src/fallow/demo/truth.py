"""Beside the faces: the known truth of the invented programme, kept beside the files and never brought in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fallow.demo.formats import Row, write_geojson
from fallow.demo.plan import DETECTION, lon_lat, to_degrees
from fallow.demo.programme import Programme
from fallow.demo.write_reports import write_table


@dataclass(frozen=True, slots=True)
class Truth:
    """What an analysis of the demo is held against.

    Attributes
    ----------
    folder
        ``sources/`` (what people handed over) and ``truth/`` (what is so).
    programme
        Everything in memory, positions in metres on EPSG:32727.
    planted
        The faults of the dirty workbook: ``file``, ``report``, ``code``, ``level``.
    """

    folder: Path
    programme: Programme
    planted: tuple[Row, ...]


_README = """INVENTED. This is what is true in the invented programme; none of it is brought in.

items.csv        every item that was ever in the ground: where, what, laid when and by whom, and its fate
extents.geojson  the ground within 10 m of an item, by minefield, strike or scatter
records.csv      each minefield record: how far it is shifted, how many rows and mines it leaves out
hazards.csv      each hazard of the authority's list: what really lies in it
releases.csv     each released area: who worked, how many items were in it, found and missed, who signed
detection.csv    the chance that an operator finds an item it works over, by method
planted.csv      the faults planted in the workbook of 2023
"""


def write_truth(folder: Path, programme: Programme, planted: Sequence[Row]) -> Truth:
    """Write the truth as tables and layers."""
    made = folder / "truth"
    made.mkdir(parents=True, exist_ok=True)
    (made / "README.txt").write_text(_README, encoding="utf-8")
    write_table(made / "items.csv", _items(programme))
    write_geojson(made / "extents.geojson", _extents(programme))
    write_table(made / "records.csv", _records(programme))
    write_table(made / "hazards.csv", _hazards(programme))
    write_table(made / "releases.csv", _releases(programme))
    write_table(
        made / "detection.csv",
        [{"operator": who, "method": how, "chance": chance} for (who, how), chance in DETECTION.items()],
    )
    write_table(made / "planted.csv", planted)
    return Truth(folder, programme, tuple(planted))


def _items(programme: Programme) -> list[Row]:
    found = {one.item.code: one.code for one in programme.work.finds}
    rows: list[Row] = []
    for item in programme.truth.items:
        lon, lat = lon_lat(item.at)
        rows.append(
            {
                "item": item.code,
                "model": item.model,
                "lon": lon,
                "lat": lat,
                "depth_cm": item.depth_cm,
                "laid_on": item.laid_on,
                "laid_by": item.laid_by,
                "patch": item.patch,
                "row": item.row or "",
                "serial": item.serial or "",
                "year_marked": item.year_marked,
                "fate": item.fate,
                "fate_on": item.fate_on,
                "find": found.get(item.code, ""),
            }
        )
    return rows


def _extents(programme: Programme) -> list[Row]:
    return [
        {
            "patch": one.code,
            "type": one.type,
            "party": one.party,
            "laid_on": one.laid_on,
            "items": len(one.items),
            "rows": len(one.rows),
            "geometry": to_degrees(one.extent),
        }
        for one in programme.truth.patches
    ]


def _records(programme: Programme) -> list[Row]:
    laid = {one.code: one for one in programme.truth.patches}
    return [
        {
            "record": one.code,
            "party": one.party.party,
            "patch": one.patch,
            "shift_east_m": one.shift[0],
            "shift_north_m": one.shift[1],
            "rows_laid": len(laid[one.patch].rows),
            "rows_missing": one.rows_missing,
            "mines_laid": len(laid[one.patch].items),
            "mines_claimed": one.mines_claimed,
        }
        for one in programme.truth.records
    ]


def _hazards(programme: Programme) -> list[Row]:
    rows: list[Row] = []
    for hazard in programme.hazards:
        inside = programme.truth.inside(hazard.shape)
        rows.append(
            {
                "hazard": hazard.code,
                "patch": hazard.patch.code if hazard.patch else "",
                "items_ever": len(inside),
                "items_left": sum(item.fate == "in_ground" for item in inside),
                "covers_patch": hazard.shape.covers(hazard.patch.extent) if hazard.patch else "",
                "corrected": sum(change.day == hazard.changes[0].day for change in hazard.changes) - 1,
                "signed_closed": programme.work.closed.get(hazard.code, ""),
            }
        )
    return rows


def _releases(programme: Programme) -> list[Row]:
    rows: list[Row] = []
    for one in programme.work.releases:
        inside = [item for item in programme.truth.inside(one.shape) if item.laid_on <= one.activity.start]
        missed = [item for item in inside if item.fate != "found"]
        rows.append(
            {
                "release": one.code,
                "type": one.type,
                "operator": one.organisation,
                "hazard": one.hazard.code,
                "date": one.date,
                "items_ever": len(inside),
                "items_missed": len(missed),
                "signatures": one.signatures,
            }
        )
    return rows
