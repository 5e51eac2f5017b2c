"""Face one, a conflict as a person judges it: what each source says, true when, known when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fallow.cli.records_out import geometry_of

if TYPE_CHECKING:
    from fallow.register import Life, LifeReport, Register

PLACE = "geometry"


def sides(register: Register, life: Life, field: str) -> list[dict[str, Any]]:
    """What every source says about a field now: its latest approved report, and any that stands."""
    found, heard = [], set()
    for one in life.reports:
        speaks = one.located if field == PLACE else field in one.fields
        counts = one.state == "approved" and one.known_to in (None, "9999-12-31")
        if not speaks or not counts or (one.source in heard and field not in stands(one)):
            continue
        heard.add(one.source)
        found.append(side(register, one, field))
    return found


def side(register: Register, report: LifeReport, field: str) -> dict[str, Any]:
    """One report's side of a field."""
    return {
        "report": report.number,
        "source": report.source,
        "who": report.who,
        "author": report.author,
        "true": report.true,
        "known_from": report.known_from,
        "declared": report.declared,
        "value": value_in(register, report, field),
        "stands": field in stands(report),
    }


def stands(report: LifeReport) -> set[str]:
    """Fields whose value now is this report's, the geometry under its plain name."""
    return {name.removeprefix("@") for name in report.stands}


def value_in(register: Register, report: LifeReport, field: str) -> Any:
    """What a report says about a field; GeoJSON for the geometry."""
    if field == PLACE:
        return geometry_of(register.entry(report.number).geometry)
    return report.fields.get(field)


def soft_sides(register: Register, life: Life) -> dict[str, list[dict[str, Any]]]:
    """Fields that changed hands between sources unseen: what stands, then what others had said."""
    reports = {one.number: one for one in life.reports}
    return {
        soft.field: [
            side(register, reports[number], soft.field)
            for number in (*soft.stands, *soft.beside)
            if number in reports
        ]
        for soft in life.parallel
    }
