"""Beside the faces: what others hand over: completion reports, areas, minefield records, casualties."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import shapely

from fallow.demo.formats import Row, write_csv, write_gpkg, write_xlsx
from fallow.demo.harm import Accident, Victim
from fallow.demo.plan import CATEGORY, YEARS, lon_lat, to_degrees
from fallow.demo.programme import Programme
from fallow.demo.work import Release
from fallow.demo.write_lists import source_folder

DIRTY_YEAR = 2023

HEADER = (
    "Report No",
    "Task No",
    "Hazard",
    "Type",
    "Status",
    "Completed on",
    "Area (ha)",
    "Depth (cm)",
    "QA",
    "Items",
    "Polygon",
    "Team leader",
    "Comment",
)


def write_completion(folder: Path, programme: Programme) -> list[Row]:
    """Operator One's completion reports as workbooks; the one of 2023 was filled in by many hands.

    Returns
    -------
    list of dict
        The faults planted: ``file``, ``report``, ``code``, ``level``.
    """
    made = source_folder(folder, "op1-completion")
    planted: list[Row] = []
    for year in YEARS[1:]:
        rows = [
            _completion(one, year)
            for one in programme.work.releases
            if one.organisation == "OP1" and year in one.claims
        ]
        if year == DIRTY_YEAR:
            rows, planted = _soiled(rows)
        head = (f"Operator One: completion reports {year}", "INVENTED DATA")
        write_xlsx(made / f"completion_{year}_INVENTED.xlsx", "Reports", head, HEADER, rows)
    return planted


_HANDS = {"cleared": ("Cleared", "CLR", "clearance"), "reduced": ("Reduced", "RED", "reduced by TS")}


def _completion(one: Release, year: int) -> dict[str, Any]:
    number = int(one.code[2:])
    hand = number % 3 if year == DIRTY_YEAR else 0
    hectares = f"{one.shape.area / 10_000:.4f}".replace(".", ",")
    return {
        "Report No": one.code,
        "Task No": one.activity.code,
        "Hazard": one.hazard.code,
        "Type": _HANDS[one.type][hand],
        "Status": "handed to authority" if one.claims[year] == "released" else "in QA",
        "Completed on": "{2}.{1}.{0}".format(*one.date.split("-")),
        "Area (ha)": hectares,
        "Depth (cm)": one.depth_cm,
        "QA": ("accepted", "OK", "Accepted")[hand],
        "Items": one.items_found,
        "Polygon": shapely.to_wkt(to_degrees(one.shape), rounding_precision=7),
        "Team leader": f"INVENTED {number % 9}",
        "Comment": "",
    }


def _soiled(rows: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[Row]]:
    """The rows of a year with one row of every fault behind them, and what has to be found."""
    shapes = [shapely.from_wkt(row["Polygon"]) for row in rows]

    def fault(number: int, code: str, level: str, **changes: Any) -> dict[str, Any]:
        planted.append(
            {
                "file": f"completion_{DIRTY_YEAR}_INVENTED.xlsx",
                "report": f"R-90{number:02}",
                "code": code,
                "level": level,
            }
        )
        return {**rows[number], "Report No": f"R-90{number:02}", **changes}

    def wkt(number: int, x: int, y: int, sign: float = 1.0) -> str:
        moved = shapely.transform(shapes[number], lambda xy: xy[:, [x, y]] * (sign, 1.0))
        return str(shapely.to_wkt(moved, rounding_precision=7))

    planted: list[Row] = []
    west, south, east, north = shapes[7].bounds
    tie = f"POLYGON (({west} {south}, {east} {north}, {east} {south}, {west} {north}, {west} {south}))"
    soiled = [
        fault(1, "LIKELY_SWAPPED", "confirm", Polygon=wkt(1, 1, 0)),
        fault(2, "WRONG_SIGN", "confirm", Polygon=wkt(2, 0, 1, -1.0)),
        fault(3, "DATE_FORMAT", "refuse", **{"Completed on": "end of August"}),
        fault(4, "CODE_UNKNOWN", "refuse", Type="C/R"),
        fault(5, "VALUE_NOT_A_NUMBER", "refuse", **{"Area (ha)": "1,2,5"}),
        fault(6, "LOCATION_REQUIRED", "refuse", Polygon=None),
        fault(7, "SELF_INTERSECTION", "refuse", Polygon=tie),
        fault(8, "LINK_DANGLING", "confirm", **{"Task No": "T-9999"}),
        fault(9, "ID_MISSING", "refuse", **{"Report No": None}),
    ]
    planted[-1] = {**planted[-1], "report": ""}
    for report, code, level in (
        ("", "REQUIRED_MISSING", "refuse"),  # the report without a number lacks its code too
        (rows[0]["Report No"], "DUPLICATE_ID", "refuse"),
        (rows[1]["Report No"], "DUPLICATE_ROW", "note"),
        ("", "XLSX_MERGED", "confirm"),  # the title lines above the header
    ):
        planted.append({**planted[0], "report": report, "code": code, "level": level})
    return [*rows, *soiled, {**rows[0], "Area (ha)": "9,9"}, dict(rows[1])], planted


def write_areas(folder: Path, programme: Programme) -> None:
    """Operator Two's released areas, a GeoPackage a year."""
    made = source_folder(folder, "op2-areas")
    for year in YEARS[1:]:
        rows = [
            {
                "release_no": one.code,
                "task_no": one.activity.code,
                "hazard_id": one.hazard.code,
                "method": one.type,
                "state": one.claims[year],
                "done_on": one.date,
                "area_m2": round(one.shape.area),
                "depth_cm": one.depth_cm or 0,
                "qc": "accepted",
                "items": one.items_found,
                "geometry": to_degrees(one.shape),
            }
            for one in programme.work.releases
            if one.organisation == "OP2" and year in one.claims
        ]
        if rows:
            write_gpkg(made / f"areas_{year}_INVENTED.gpkg", {"released": rows})


def write_opinions(folder: Path, programme: Programme) -> None:
    """Operator Two's own list of hazards, which it delivered once."""
    rows = [
        {
            "hazard_id": one.hazard.code,
            "name": one.hazard.name,
            "class": one.hazard_class,
            "status": one.status,
            "seen_on": one.day,
            "evidence": "ordnance_seen" if one.hazard_class == "cha" else "",
            "area_m2": round(one.shape.area),
            "org": "OP2",
            "geometry": to_degrees(one.shape),
        }
        for one in programme.opinions
    ]
    write_gpkg(source_folder(folder, "op2-hazards") / "op2_hazards_2023_INVENTED.gpkg", {"hazards": rows})


def write_minefield_records(folder: Path, programme: Programme) -> None:
    """What the parties handed over: A as a surveyed layer, B typed from paper sheets."""
    rows: dict[str, list[Row]] = {"A": [], "B": []}
    for one in programme.truth.records:
        rows_text = shapely.to_wkt(to_degrees(shapely.MultiLineString(list(one.rows))), rounding_precision=7)
        rows[one.party.party].append(
            {
                "record_no": one.code,
                "laid": one.laid_on if one.party.party == "A" else one.laid_on[:4],
                "pattern": "pattern",
                "mines": one.mines_claimed,
                "row_count": len(one.rows),
                "types": ";".join(sorted({CATEGORY[model] for model in one.models})),
                "models": ", ".join(one.models),
                "rows": rows_text,
                "geometry": to_degrees(one.outline),
            }
        )
    write_gpkg(source_folder(folder, "party-a-records") / "records_INVENTED.gpkg", {"records": rows["A"]})
    typed = [
        {
            **{name: value for name, value in row.items() if name != "geometry"},
            "outline": shapely.to_wkt(row["geometry"], rounding_precision=7),
            "sheet": f"B/{number}",
        }
        for number, row in enumerate(rows["B"], start=1)
    ]
    write_csv(source_folder(folder, "party-b-records") / "sheets_INVENTED.tsv", typed, delimiter="\t")


def write_casualties(folder: Path, programme: Programme) -> None:
    """Accidents and victims in one table, a line for each victim; and names apart, for the vault."""
    made = source_folder(folder, "ficta-casualties")
    for year in YEARS:
        rows: list[Row] = []
        for number, one in enumerate(programme.accidents):
            revised = one.reported == year - 1 and number % 15 == 0
            if one.reported == year or revised:
                rows += [_casualty(one, victim, revised=revised) for victim in one.victims]
        write_csv(made / f"casualties_{year}_INVENTED.csv", rows)
    names = [_person(one, victim) for one in programme.accidents for victim in one.victims]
    write_csv(source_folder(folder, "ficta-casualties-names") / "names_INVENTED.csv", names)


def _outcome(victim: Victim, *, revised: bool) -> str:
    """Some who were injured died later; the next file says so."""
    return "killed" if revised and victim.outcome == "injured" else victim.outcome


def _casualty(one: Accident, victim: Victim, *, revised: bool) -> Row:
    outcomes = [_outcome(each, revised=revised) for each in one.victims]
    lon, lat = lon_lat(one.at) if one.at else (None, None)
    return {
        "accident_no": one.code,
        "date": one.date,
        "village": one.village.name,
        "district": one.village.district.name,
        "dist_code": one.village.district.code,
        "latitude": "" if lat is None else _dms(lat, "N", "S"),
        "longitude": "" if lon is None else _dms(lon, "E", "W"),
        "type": one.type,
        "device": one.device,
        "killed": outcomes.count("killed"),
        "injured": outcomes.count("injured"),
        "not_known": outcomes.count("unknown"),
        "hazard_id": one.hazard.code if one.hazard and one.hazard.listed(one.reported) else "",
        "released_land": "yes" if one.on_released_land else "",
        "victim_no": victim.code,
        "outcome": _outcome(victim, revised=revised),
        "sex": victim.sex,
        "age": "" if victim.age is None else victim.age,
        "doing": victim.activity,
        "civil_status": victim.status,
    }


def _person(one: Accident, victim: Victim) -> Row:
    revised = one.reported < YEARS[-1] and int(one.code[3:]) % 15 == 1
    return {
        "victim_no": victim.code,
        "date": one.date,
        "outcome": _outcome(victim, revised=revised),
        "full_name": victim.name,
        "phone": victim.phone,
        "publish_name": "yes" if victim.consent else "no",
    }


def _dms(value: float, plus: str, minus: str) -> str:
    seconds = round(abs(value) * 3600, 2)
    degrees, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    return f"{int(degrees)}°{int(minutes):02}'{left:05.2f}\"{plus if value >= 0 else minus}"


def write_table(path: Path, rows: Sequence[Row]) -> None:
    """A plain CSV for the truth."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
