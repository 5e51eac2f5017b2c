"""Face one, ``fallow look``: one record, with the report and source behind each of its values."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fallow.cli import options
from fallow.cli.labels import told, word_of
from fallow.cli.opening import reading
from fallow.cli.records_out import geometry_of
from fallow.cli.show import print_json, print_line, print_table, wants_json
from fallow.cli.sides import PLACE, sides, soft_sides, stands
from fallow.cli.stamp import stamp_of
from fallow.cli.wanted import find_record
from fallow.words import in_language, say

if TYPE_CHECKING:
    from fallow.kinds import Kind, Model
    from fallow.register import Life, LifeReport, Record, Register, Slice, View


@options.verb("look")
@click.argument("record", metavar="ID")
@options.register_option
@options.clock_options
@options.json_option
def look(
    record: str,
    path: Path | None,
    known: str | None,
    true: str | None,
    head: int | None,
    as_json: bool | None,
) -> None:
    """Look at a record."""
    with reading(path) as register:
        found = find_record(register, record)
        life = register.history(found)
        view = register.at(known=known, true=true, head=head)
        seen = _seen(register, life, view, found, head)
    if wants_json(as_json):
        print_json(seen)
    else:
        _print(seen, register.model, register.model.kind(life.kind))


def _seen(register: Register, life: Life, view: View, record: str, head: int | None) -> dict[str, Any]:
    """Everything about the record on these dates, as JSON."""
    kind = register.model.kind(life.kind)
    stamp = stamp_of(register, view, kind, head)
    slice = None if head is not None else _slice(life, view, record)
    standing = view.record(record if slice is None else slice.record)
    reports = [one for one in life.reports if head is None or one.number <= head]
    decisions = [one for one in life.decisions if head is None or one.number <= head]
    title = kind.field(kind.title) if kind.title else None
    return {
        "id": record,
        "kind": kind.name,
        "label": in_language(kind.label),
        "title": standing.fields.get(title.name) if standing and title and not title.personal else None,
        "stands_as": slice.record if slice is not None else (standing.id if standing else None),
        "as_of": stamp.as_dict(),
        "standing": _standing(standing),
        "geometry": geometry_of(standing.geometry) if standing else None,
        "values": _values(register.model, kind, standing, slice, {one.number: one for one in reports}),
        "conflicts": {
            name: sides(register, life, name) for name in (standing.conflict.split() if standing else ())
        },
        "parallel": soft_sides(register, life) if _is_now(slice, life) else {},
        "awaiting": _awaiting(standing),
        "reports": [_report(one) for one in reports],
        "decisions": [asdict(one) for one in decisions],
    }


def _slice(life: Life, view: View, record: str) -> Slice | None:
    """The slice of the history that holds on these dates; this record's own before one it was joined to."""
    held = [
        one
        for one in life.slices
        if _inside(view.known, one.known_from, one.known_to)
        and _inside(view.true, one.true_from, one.true_to)
    ]
    return next((one for one in held if one.record == record), held[0] if held else None)


def _is_now(slice: Slice | None, life: Life) -> bool:
    """Whether the slice that is looked at is what stands today."""
    now = life.now
    if slice is None or now is None or slice.record != now.record:
        return False
    return (slice.known_from, slice.true_from) == (now.known_from, now.true_from)


def _inside(day: str | None, since: str, until: str) -> bool:
    return until == "9999-12-31" if day is None else since <= day < until


def _standing(record: Record | None) -> dict[str, Any] | None:
    if record is None:
        return None
    names = ("known_from", "known_to", "true_from", "true_to", "declared")
    return {**{name: getattr(record, name) for name in names}, "reports": list(record.reports)}


def _values(
    model: Model, kind: Kind, standing: Record | None, slice: Slice | None, reports: dict[int, LifeReport]
) -> dict[str, dict[str, Any]]:
    """Each standing value with the reports behind it; as of a head only the record names its reports."""
    if standing is None:
        return {}
    givers: Any = {name.removeprefix("@"): numbers for name, numbers in slice.givers.items()} if slice else {}
    found: dict[str, dict[str, Any]] = {}
    for name, value in standing.fields.items():
        if value is None:
            continue
        behind = [reports[number] for number in givers.get(name, ()) if number in reports]
        declared = kind.field(name)
        found[name] = {
            "value": value,
            "meaning": word_of(model, declared, value),
            "label": in_language(declared.label) if declared else name,
            "reports": [one.number for one in behind],
            "sources": sorted({one.source for one in behind}),
            "who": sorted({one.who for one in behind}),
            "true": max((one.true for one in behind), default=None),
        }
    if standing.geometry is not None and givers.get(PLACE):
        behind = [reports[number] for number in givers[PLACE] if number in reports]
        found[PLACE] = {
            "value": None,
            "meaning": None,
            "label": say("cli.column.geometry"),
            "reports": [one.number for one in behind],
            "sources": sorted({one.source for one in behind}),
            "who": sorted({one.who for one in behind}),
            "true": max((one.true for one in behind), default=None),
        }
    return found


def _awaiting(standing: Record | None) -> dict[str, str]:
    """Field to the state that is claimed and waits for two signatures."""
    claims = standing.awaiting.split() if standing else ()
    return {name: value for name, _, value in (one.partition("=") for one in claims)}


def _report(report: LifeReport) -> dict[str, Any]:
    return {**asdict(report), "stands": sorted(stands(report))}


def _print(seen: dict[str, Any], model: Model, kind: Kind) -> None:
    print_line(f"{seen['label']}  {seen['title'] or ''}  {seen['id']}")
    standing = seen["standing"]
    if standing is None:
        print_line(say("cli.nothing_stands"))
    else:
        print_line(say("cli.stands_since", true=standing["true_from"], known=standing["known_from"]))
        heads = [say(f"cli.column.{name}") for name in ("field", "value", "reports", "source", "true")]
        values = dict(seen["values"])
        if seen["geometry"] is not None:
            values.setdefault(
                PLACE, {"label": say("cli.column.geometry"), "reports": [], "who": [], "true": None}
            )
            values[PLACE] = {**values[PLACE], "meaning": seen["geometry"]}
        rows = [
            [one["label"], told(one["meaning"]), one["reports"], one["who"], one["true"]]
            for one in values.values()
        ]
        print_table(heads, rows)
    for name, both in seen["conflicts"].items():
        print_sides(model, kind, name, both)
    for name, both in seen["parallel"].items():
        print_sides(model, kind, name, both, soft=True)
    for name, claimed in seen["awaiting"].items():
        print_line(say("cli.claimed", field=name, value=claimed))
    names: tuple[str, ...] = ("report", "state", "true", "known_from", "source", "says", "stands")
    rows = [
        [
            one["number"],
            one["state"],
            one["true"],
            one["known_from"],
            one["who"],
            len(one["fields"]) + one["located"],
            len(one["stands"]),
        ]
        for one in seen["reports"]
    ]
    print_table(
        [say(f"cli.column.{name}") for name in names], rows, title=say("cli.reports"), numbers=[0, 5, 6]
    )
    if seen["decisions"]:
        names = ("number", "decision", "day", "person", "why")
        rows = [[one["number"], one["verb"], one["day"], one["by"], one["why"]] for one in seen["decisions"]]
        print_table(
            [say(f"cli.column.{name}") for name in names], rows, title=say("cli.decisions"), numbers=[0]
        )
    print_line(seen["as_of"]["notice"])


def print_sides(
    model: Model, kind: Kind, field: str, both: list[dict[str, Any]], *, soft: bool = False
) -> None:
    """A conflict as a table: one line a source, with what stands meanwhile; a soft one is settled."""
    declared = kind.field(field)
    label = in_language(declared.label) if declared else say("cli.column.geometry")
    names = ("report", "source", "true", "known_from", "value", "stands")
    rows = [
        [
            one["report"],
            one["who"] or one["source"],
            one["true"],
            one["known_from"],
            told(word_of(model, declared, one["value"])),
            one["stands"],
        ]
        for one in both
    ]
    print_table(
        [say(f"cli.column.{name}") for name in names],
        rows,
        title=say("cli.soft_conflict_on" if soft else "cli.conflict_on", field=label),
        numbers=[0],
    )
