"""Step 4, a publication as bytes: everything that is printed, in one JSON that gives the same bytes again.

Results are not in it: of them a stranger gets the recipe and what is printed. What is read back is trusted in
nothing but its form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, get_args

import orjson

from fallow.errors import FallowError
from fallow.publish.publication import (
    Absent,
    Block,
    Cell,
    Chart,
    Column,
    Figure,
    Heading,
    Paragraph,
    Publication,
    Row,
    Signatory,
    Signatures,
    Stamp,
    Table,
    Unit,
)
from fallow.register.ledger import canonical
from fallow.words import Text

SCHEMA = 1

_BLOCKS: dict[str, type[Any]] = {
    "heading": Heading,
    "paragraph": Paragraph,
    "table": Table,
    "absent": Absent,
    "chart": Chart,
    "signatures": Signatures,
}
_NAMES = {one: name for name, one in _BLOCKS.items()}
_FAULTS = (KeyError, TypeError, ValueError, AttributeError, IndexError)


def as_bytes(publication: Publication) -> bytes:
    """``publication.json``."""
    return canonical(
        {
            "schema": SCHEMA,
            "name": publication.name,
            "version": publication.version,
            "title": dict(publication.title),
            "subtitle": dict(publication.subtitle),
            "issued": publication.issued,
            "parameters": _plain(publication.parameters),
            "stamp": asdict(publication.stamp),
            "blocks": [_block(one) for one in publication.blocks],
        }
    )


def from_bytes(content: bytes, where: str) -> Publication:
    """The publication again, without its results; ``BUNDLE_JSON`` for anything else."""
    said = json_of(content, where)
    try:
        return Publication(
            name=_str(said["name"]),
            version=int(said["version"]),
            title=_text(said["title"]),
            subtitle=_text(said["subtitle"]),
            blocks=tuple(_made(one) for one in said["blocks"]),
            results={},
            stamp=checked_stamp(Stamp(**said["stamp"])),
            issued=said["issued"],
            parameters=dict(said["parameters"]),
        )
    except _FAULTS as error:
        raise FallowError("BUNDLE_JSON", where, found=type(error).__name__) from error


def json_of(content: bytes, where: str) -> Any:
    """What canonical JSON says.

    ``BUNDLE_JSON`` for everything that is not written in the one way there is: a name that stands twice, a
    number beyond what a number holds, NaN, nesting without end.
    """
    try:
        said = orjson.loads(content)
        if canonical(said) != content:
            raise FallowError("BUNDLE_JSON", where, found="not canonical")
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError) as error:
        raise FallowError("BUNDLE_JSON", where, found=type(error).__name__) from error
    return said


def checked_stamp(stamp: Stamp) -> Stamp:
    """A stamp whose parts are what they must be; ``TypeError`` or ``ValueError`` otherwise."""
    for one in (stamp.programme, stamp.register, stamp.data_date, stamp.head_hash, stamp.crs):
        _str(one)
    if type(stamp.head) is not int or not isinstance(stamp.unlocated, dict):
        raise TypeError("stamp")
    bytes.fromhex(stamp.head_hash)
    return stamp


def _plain(parameters: Mapping[str, object]) -> Any:
    return orjson.loads(orjson.dumps(dict(parameters), default=str))


def _block(one: Block) -> dict[str, Any]:
    said: dict[str, Any] = {"block": _NAMES[type(one)]}
    if isinstance(one, Table):
        rows = [{"cells": [_cell(cell) for cell in row.cells], "total": row.total} for row in one.rows]
        said |= {
            "id": one.id,
            "title": dict(one.title),
            "columns": [_said(column) for column in one.columns],
            "rows": rows,
            "notes": [dict(note) for note in one.notes],
        }
        return said
    if isinstance(one, Paragraph):
        figures = {name: _cell(cell) for name, cell in one.figures.items()}
        return {**said, "text": dict(one.text), "figures": figures, "units": dict(one.units)}
    return {**said, **asdict(one)}


def _said(column: Column) -> dict[str, Any]:
    """A column as it reads; where its values come from was for the redaction."""
    said = asdict(column)
    del said["fields"]
    return said


def _cell(one: Cell) -> dict[str, Any]:
    said: dict[str, Any] = {"value": one.value}
    if one.figure is not None:
        said["figure"] = [one.figure.result, one.figure.measure, *one.figure.line]
    if one.instead:
        said["instead"] = one.instead
    return said


def _made(said: Mapping[str, Any]) -> Block:
    given = {name: value for name, value in said.items() if name != "block"}
    name = said["block"]
    if name == "table":
        table = Table(
            id=_str(given["id"]),
            title=_text(given["title"]),
            columns=tuple(_column(one) for one in given["columns"]),
            rows=tuple(
                Row(tuple(_read(c) for c in one["cells"]), one["total"] is True) for one in given["rows"]
            ),
            notes=tuple(_text(one) for one in given["notes"]),
        )
        if any(len(row.cells) != len(table.columns) for row in table.rows):
            raise ValueError("cells")
        return table
    if name == "paragraph":
        figures = {_str(key): _read(one) for key, one in given["figures"].items()}
        return Paragraph(
            _text(given["text"]), figures, {key: _unit(one) for key, one in given["units"].items()}
        )
    if name == "signatures":
        return Signatures(tuple(Signatory(**one) for one in given["people"]))
    if name == "chart":
        given["series"] = tuple(given["series"])
    for key in ("text", "title", "reason", "about"):
        if key in given:
            given[key] = _text(given[key])
    made: Block = _BLOCKS[name](**given)
    return made


def _read(said: Mapping[str, Any]) -> Cell:
    value, figure = said["value"], said.get("figure")
    if value is not None and type(value) not in (str, int, float):
        raise TypeError("value")
    if figure is None:
        return Cell(value, None, _str(said.get("instead", "")))
    result, measure, *line = (_str(one) for one in figure)
    return Cell(value, Figure(result, measure, tuple(line)), _str(said.get("instead", "")))


def _column(said: Mapping[str, Any]) -> Column:
    values = {_str(code): _text(label) for code, label in said["values"].items()}
    return Column(_str(said["name"]), _text(said["label"]), _unit(said["unit"]), values, _str(said["hxl"]))


def _unit(said: Any) -> Unit:
    if said not in get_args(Unit):
        raise ValueError("unit")
    unit: Unit = said
    return unit


def _text(said: Any) -> Text:
    return {_str(lang): _str(words) for lang, words in said.items()}


def _str(said: Any) -> str:
    if not isinstance(said, str):
        raise TypeError("text")
    return said
