"""Beside the faces: the authority's files: places, yearly lists of hazards, tasks, cancellations, finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import shapely
import shapely.ops

from fallow.demo.formats import Row, write_csv, write_geojson, write_gpx, write_kml, write_shapefile
from fallow.demo.ground import District
from fallow.demo.plan import AUTHORITY, CATEGORY, OPERATORS, UTM, YEARS, chance, lon_lat, to_degrees
from fallow.demo.programme import Programme
from fallow.demo.survey import Hazard

SOURCES = Path(__file__).parent / "sources"


def source_folder(folder: Path, name: str) -> Path:
    """The folder of one source with its description in it."""
    made = folder / "sources" / name
    made.mkdir(parents=True, exist_ok=True)
    (made / "source.yaml").write_bytes((SOURCES / f"{name}.yaml").read_bytes())
    return made


def write_organisations(folder: Path) -> None:
    """Who works in the programme."""
    rows = [{"code": "FMAA", "name": AUTHORITY, "type": "authority", "since": "2020-01-06"}]
    rows += [
        {"code": code, "name": name, "type": "NGO", "since": "2020-02-03"} for code, name in OPERATORS.items()
    ]
    write_csv(source_folder(folder, "ficta-organisations") / "organisations_INVENTED.csv", rows)


def write_places(folder: Path, programme: Programme) -> None:
    """Outline, districts and villages: the base map shows open sea here."""
    ground = programme.ground
    rows: list[Row] = [_place("XF", "Ficta (INVENTED)", "country", 0, ground.outline, None, "")]
    rows += [_place(one.code, one.name, "admin_unit", 2, one.shape, one, "") for one in ground.districts]
    rows += [
        _place(one.code, one.name, "village", "", shapely.Point(one.at), one.district, one.population)
        for one in ground.villages
    ]
    write_geojson(source_folder(folder, "ficta-places") / "places_INVENTED.geojson", rows)


def _place(
    code: str, name: str, type: str, level: Any, shape: Any, district: District | None, people: Any
) -> Row:
    return {
        "pcode": code,
        "name": name,
        "type": type,
        "level": level,
        "province": district.province if district else "",
        "district": district.name if district else "",
        "population": people,
        "counted": "2019-07" if people != "" else "",
        "geometry": to_degrees(shape),
    }


def write_zones(folder: Path, programme: Programme) -> None:
    """Which side of the front each party said it held until 2018, and the line itself."""
    ground = programme.ground
    line = ground.front
    cut = shapely.get_parts(shapely.ops.split(ground.outline, ground.across))
    held: dict[str, list[Any]] = {"A": [], "B": []}
    for part in cut:
        middle = part.representative_point()
        level = line.interpolate(line.project(middle)).y
        held["A" if middle.y > level else "B"].append(part)
    rows: list[Row] = [
        {
            "zone": f"Z-{party}",
            "kind": "control",
            "party": f"Party {party} (INVENTED)",
            "from": "2014-04",
            "until": "2018-02-20",
            "geometry": to_degrees(max(parts, key=lambda part: float(part.area))),
        }
        for party, parts in held.items()
    ]
    rows.append({**rows[0], "zone": "Z-L", "kind": "contact_line", "party": "", "geometry": to_degrees(line)})
    write_geojson(source_folder(folder, "ficta-zones") / "zones_INVENTED.geojson", rows)


def write_hazards(folder: Path, programme: Programme) -> None:
    """The authority's list as it stands each year, whole."""
    made = source_folder(folder, "ficta-hazards")
    for year in YEARS:
        rows = [row for hazard in programme.hazards if (row := _hazard(hazard, year))]
        write_geojson(made / f"hazards_{year}_INVENTED.geojson", rows)


_STATUS = {"open": "Open", "worked_on": "Worked on", "closed": "Closed", "reopened": "Reopened"}


def _hazard(hazard: Hazard, year: int) -> Row | None:
    listed = hazard.listed(year)
    if listed is None:
        return None
    district = hazard.village.district
    first = listed["day"] == hazard.changes[0].day
    # Some teams wrote down only the month of their first visit.
    day = listed["day"][:7] if first and int(hazard.code[3:7]) % 23 == 0 else listed["day"]
    return {
        "hazard_id": hazard.code,
        "name": hazard.name,
        "class": listed["hazard_class"].upper(),
        "status": _STATUS[listed["status"]],
        "info_date": day,
        "first_rep": hazard.found,
        "contam": listed["contamination"],
        "ordnance": ";".join(listed["ordnance"]),
        "direct_ev": ";".join(listed["direct_evidence"]),
        "indirect": ";".join(listed["indirect_evidence"]),
        "src_rel": listed["source_reliability"],
        "info_rel": listed["information_reliability"],
        "area_m2": listed["area"],
        "village": hazard.village.name,
        "district": district.name,
        "dist_code": district.code,
        "province": district.province,
        "prov_code": district.province_code,
        "parent": hazard.parent,
        "note": listed["remarks"],
        "org": "FMAA",
        "editor": f"desk {int(hazard.code[3:7]) % 4 + 1}",
        "old_ref": "" if int(hazard.code[3:7]) % 5 else f"X/{hazard.code[3:7]}",
        "geometry": to_degrees(listed["shape"]),
    }


def write_activities(folder: Path, programme: Programme) -> None:
    """The task register, whole, each year."""
    made = source_folder(folder, "ficta-activities")
    for year in YEARS:
        rows = []
        for one in programme.work.activities:
            status = one.listed(year)
            if status is None:
                continue
            number = int(one.code[2:])
            middle = one.hazard.shape.representative_point()
            lon, lat = lon_lat((middle.x, middle.y))
            rows.append(
                {
                    "task_no": one.code,
                    "type": one.type.upper(),
                    "status": status,
                    "as_of": one.end if status == "completed" or one.type == "nts" else f"{year}-01-31",
                    "start": one.start,
                    "end": one.end,
                    "hazard_id": one.hazard.code,
                    "org": one.organisation,
                    "district": one.hazard.village.district.name,
                    "lon": f"{lon:.7f}",
                    "lat": f"{lat:.7f}",
                    "hours": 8 * (3 + number % 29),
                    "items_found": one.items_found,
                    "women": number % 7,
                    "men": number % 11,
                }
            )
            # The line of an accepted task is not touched again: its date stays what it was.
            if status == "accepted":
                rows[-1]["as_of"] = f"{max(one.status)}-01-31" if len(one.status) > 1 else one.end
        write_csv(made / f"tasks_{year}_INVENTED.csv", rows)


def write_cancellations(folder: Path, programme: Programme) -> None:
    """Hazards that a second non-technical survey cancelled."""
    made = source_folder(folder, "ficta-cancellations")
    for year in YEARS[1:]:
        rows = [
            {
                "release_no": one.code,
                "task_no": one.activity.code,
                "hazard_id": one.hazard.code,
                "state": one.claims[year],
                "date": one.date,
                "area_m2": round(one.shape.area),
                "grounds": "no evidence found; land in use",
                "org": one.organisation,
                "geometry": to_degrees(one.shape),
            }
            for one in programme.work.releases
            if one.type == "cancelled" and year in one.claims
        ]
        write_geojson(made / f"cancelled_{year}_INVENTED.geojson", rows)


_NAMES = {"ap_mine": "AP mine", "av_mine": "AV mine", "cluster_munition_remnant": "Submunition", "uxo": "UXO"}


def write_finds(folder: Path, programme: Programme) -> None:
    """The find database, a zipped shapefile in UTM of what was found each year."""
    made = source_folder(folder, "ficta-finds")
    for year in YEARS[1:]:
        rows = []
        for one in programme.work.finds:
            if int(one.date[:4]) != year:
                continue
            number = int(one.code[2:])
            readable = number % 3 != 0
            rows.append(
                {
                    "FIND_NO": one.code,
                    "DATE": one.date,
                    "CATEGORY": _NAMES[CATEGORY[one.item.model]],
                    "MODEL": one.item.model,
                    "QTY": 1,
                    "DEPTH_CM": round(one.item.depth_cm),
                    "CONDITION": ("good", "corroded", "corroded", "damaged")[number % 4],
                    "DISPOSAL": "Awaiting" if year == YEARS[-1] and number % 9 == 0 else "Destroyed",
                    "MARKINGS": f"{one.item.model} LOT {one.item.lot} {one.item.year_marked}"
                    if readable
                    else "",
                    "LOT": one.item.lot if readable else "",
                    "YEAR": one.item.year_marked if readable else "",
                    "TASK_NO": one.activity.code,
                    "HAZARD_ID": one.activity.hazard.code,
                    "ORG": one.organisation,
                    "x": round(one.item.at[0] + one.wrong_by[0], 2),
                    "y": round(one.item.at[1] + one.wrong_by[1], 2),
                }
            )
        write_shapefile(made / f"finds_{year}_INVENTED.zip", f"finds_{year}", rows, UTM)


def write_indications(folder: Path, programme: Programme) -> None:
    """What villages said in 2024, as somebody marked it on a web map."""
    rows = [
        {
            "name": f"{one.code} {one.village.name}",
            "description": one.words,
            "code": one.code,
            "told_on": one.day,
            "village": one.village.name,
            "district": one.village.district.name,
            "geometry": None if one.at is None else lon_lat(one.at),
        }
        for one in programme.indications
    ]
    write_kml(
        source_folder(folder, "ficta-indications") / "indications_INVENTED.kml", "INVENTED indications", rows
    )


def write_waypoints(folder: Path, programme: Programme) -> None:
    """Items a roving team of Operator One saw in 2025, and one point its receiver never fixed."""
    seen = [item for item in programme.truth.items if item.fate == "in_ground"][::37][:12]
    drift = chance(programme.seed, "receiver")
    rows: list[dict[str, Any]] = []
    for number, item in enumerate(seen, start=1):
        lon, lat = lon_lat((item.at[0] + drift.gauss(0, 6), item.at[1] + drift.gauss(0, 6)))
        rows.append(
            {
                "lon": lon,
                "lat": lat,
                "time": f"2025-06-{number + 2:02}T09:{number:02}:00Z",
                "name": f"WP-{number:02}",
                "desc": f"{item.model} seen beside the track, left in place",
                "sym": CATEGORY[item.model],
            }
        )
    rows.append({**rows[-1], "lon": 0.0, "lat": 0.0, "name": "WP-99", "desc": "receiver without a fix"})
    track = [(row["lon"], row["lat"]) for row in rows[:-1]]
    write_gpx(source_folder(folder, "op1-waypoints") / "team_2025-06_INVENTED.gpx", rows, track)
