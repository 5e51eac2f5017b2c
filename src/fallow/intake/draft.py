"""Step 1, reports arrive: propose a source description for a file, for a person to finish in minutes.

Everything only a person can know stands as ``?``, which loading refuses until it is decided. No value of a
column is written into the draft unless it looks like one of a short list of codes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fallow.intake.draft_header import headless
from fallow.intake.draft_match import (
    LOOKED_UP,
    NUMBERED,
    Sampled,
    best_kind,
    by_values,
    coordinates,
    date_pattern,
    fields_for,
    identifying,
    looks_dated,
    lookup_for,
    month_of,
    separators,
    zeros_lost,
)
from fallow.intake.draft_sniff import Seems, look_at
from fallow.intake.mapping_values import raw_text
from fallow.intake.read import TableInfo, batches, tables
from fallow.intake.source_yaml import UNDECIDED
from fallow.kinds import Field, Kind, Model, load_kinds

SAMPLE = 20_000
"""Rows looked at; a column unique in these is proposed as an id, and bringing in finds out if it is not."""

_LOOKED_AT = 200
"""Rows that show whether the first one is a header."""

_PLAIN = re.compile(r"[^\W\d_][\w .°/-]*[\w.]|[^\W\d_]")
_WORDS = frozenset({"yes", "no", "true", "false", "null", "on", "off", "y", "n"})


def draft_source(path: Path | str, kind: str | None = None, model: Model | None = None) -> str:
    """The text of a ``source.yaml`` for one file.

    Parameters
    ----------
    kind
        Kind of record its rows are; proposed from the columns when not given (``KIND_UNKNOWN``).
    model
        Kinds to map to; the bare catalogue when not given.
    """
    file = Path(path)
    seems = _with_header(file, look_at(file))
    kinds = model or load_kinds()
    infos = tables(file, seems.spec())
    shown = [one for one in infos if not one.hidden and one.columns] or list(infos)
    table = max(shown, key=lambda one: one.rows)
    layer = table.name if len(infos) > 1 or seems.format in ("gpkg", "xlsx") else None
    columns = _sample(file, seems, layer)
    of = kinds.kind(kind) if kind else best_kind(columns, kinds, file.stem)
    return "\n".join(_lines(file, seems, table, layer, columns, of, kinds)) + "\n"


def _with_header(file: Path, seems: Seems) -> Seems:
    """The same, with no header row where the first row of the largest table looks like data."""
    if seems.format not in ("csv", "tsv", "xlsx"):
        return seems
    bare = replace(seems, header_row=0)
    infos = tables(file, bare.spec())
    table = max((one for one in infos if not one.hidden), key=lambda one: one.rows, default=infos[0])
    first = next(batches(file, bare.spec(table.name or None)), None)
    if first is None:
        return seems
    rows = {name: cells[:_LOOKED_AT] for name, cells in first.columns.items()}
    return bare if len(first) > 1 and headless(rows) else seems


def _sample(file: Path, seems: Seems, layer: str | None) -> list[Sampled]:
    """The columns as the first rows show them."""
    texts: dict[str, dict[str, None]] = {}
    filled: dict[str, int] = {}
    rows = 0
    for batch in batches(file, seems.spec(layer)):
        for name, cells in batch.columns.items():
            seen = texts.setdefault(name, {})
            words = [text for text in map(raw_text, cells) if text.strip()]
            filled[name] = filled.get(name, 0) + len(words)
            seen.update(dict.fromkeys(words))
        rows += len(batch)
        if rows >= SAMPLE:
            break
    return [
        Sampled(
            name, tuple(seen)[: LOOKED_UP + 1], filled[name], bool(seen) and len(seen) == filled[name] == rows
        )
        for name, seen in texts.items()
    ]


def _lines(
    file: Path,
    seems: Seems,
    table: TableInfo,
    layer: str | None,
    columns: Sequence[Sampled],
    kind: Kind,
    model: Model,
) -> Iterator[str]:
    place = coordinates(columns)
    placed = set(place.values()) if place else set()
    free = [one for one in columns if one.name not in placed and one.folded not in NUMBERED]
    id = identifying(free)
    mapped = fields_for([one for one in free if one.name != id], kind)
    named = {id, *(one.name for one, _ in mapped)}
    rest = [one for one in free if one.name not in named]
    mapped += by_values(rest, kind, model, (field.name for _, field in mapped))
    date = next((one for one, field in mapped if field.name == kind.date), None) or _dated(free, mapped)
    fields = [(one, field) for one, field in mapped if field.name != kind.date and one is not date]
    yield f"# Proposed from {file.name}. Decide every {UNDECIDED} and read the rest before it is brought in."
    yield "# docs/sources.md explains each key."
    if table.header_row == 0:
        yield "# The first row looks like data and not like names: its columns are called c1, c2 and so on."
        yield "# If it does name them, take `header_row: 0` out and draft again or write the names in."
    yield f"source: {_name(file)}"
    yield f"title: {_quoted(file.stem)}"
    yield f'who: "{UNDECIDED}"                # the organisation or person that says so'
    yield f'licence: "{UNDECIDED}"            # under which it was handed over; "none stated" is an answer'
    yield f'delivered: "{UNDECIDED}"          # day it was handed over, like 2024-05-31'
    yield f"files: {{rows: {_quoted(file.name)}}}"
    yield ""
    yield "tables:"
    yield "  - name: rows"
    yield f"    format: {seems.format}"
    yield from _read(seems, table, layer, separators(columns))
    yield "    records:"
    yield f"      - kind: {kind.name}"
    yield f"        id: {{column: {_quoted(id)}}}" if id else "        id: none"
    if not id:
        yield f'        # match: ["{UNDECIDED}"]     # fields by which a row is found again next time'
    month = month_of(free, date)
    yield from _date(kind, date, month)
    yield "        fields:"
    for one, field in fields:
        yield from _field(one, field, model)
    filled = {field.name for _, field in fields}
    for field in kind.fields:
        if field.required == "draft" and field.name not in {*filled, "code", kind.date}:
            codes = f"   # {', '.join(code.code for code in model.codes(field))}" if field.codes else ""
            yield f'          {field.name}: {{value: "{UNDECIDED}"}}{codes}'
    if kind.shapes:
        yield f"        geometry: {'own' if table.geometry else _flow(place) if place else 'none'}"
    used = {
        *(one.name for one, _ in fields),
        *placed,
        *({id} if id else ()),
        *(one.name for one in (date, month) if one),
    }
    left = [one for one in columns if one.name not in used]
    if left:
        yield "    # Left over. Map each, or move it under `ignore` with the reason; else it is not stored."
        yield "    # ignore:"
        for one in left:
            yield f"    #   {_quoted(one.name)}: why     # filled in {one.filled} rows"


def _read(seems: Seems, table: TableInfo, layer: str | None, signs: dict[str, str]) -> Iterator[str]:
    said: dict[str, Any] = dict(signs)
    if seems.encoding or table.encoding:
        said["encoding"] = seems.encoding or table.encoding
    if seems.format == "csv" and seems.delimiter:
        said["delimiter"] = seems.delimiter
    if table.header_row != 1:
        said["header_row"] = table.header_row
    if table.hxl:
        said["hxl"] = "true"
    if layer:
        said["sheet" if seems.format == "xlsx" else "layer"] = layer
    if seems.format == "shapefile" and table.crs is None:
        said["crs"] = UNDECIDED
    if said:
        yield f"    read: {_flow(said)}"


def _dated(columns: Sequence[Sampled], mapped: Sequence[tuple[Sampled, Field]]) -> Sampled | None:
    """A column called like a date, when no field of that name took it."""
    taken = {one.name for one, _ in mapped}
    words = ("date", "fecha", "дата", "tarix", "datum")
    free = [one for one in columns if one.name not in taken]
    named = (one for one in free if any(word in one.folded for word in words))
    return next(named, None) or next((one for one in free if looks_dated(one)), None)


def _date(kind: Kind, date: Sampled | None, month: Sampled | None) -> Iterator[str]:
    if kind.date is None:
        yield "        date: delivered"
    elif date is None:
        yield f'        date: "{UNDECIDED}"           # a column, or `delivered` when the table has no date'
    elif month is not None:
        filled = _quoted(f"{{{date.name}}}-{{{month.name}:02}}")
        yield f"        date: {{from: [{_quoted(date.name)}, {_quoted(month.name)}], pattern: {filled}}}"
    else:
        pattern = date_pattern(date.texts)
        if pattern == "":
            yield f"        date: {_quoted(date.name)}"
        else:
            said = pattern or UNDECIDED
            note = "" if pattern else "   # dd/mm/yyyy or mm/dd/yyyy: both would fit"
            yield f"        date: {{from: {_quoted(date.name)}, date: {_quoted(said)}}}{note}"


def _field(one: Sampled, field: Field, model: Model) -> Iterator[str]:
    start = f"          {field.name}: "
    if field.type in ("code", "codes") and 0 < len(one.texts) <= LOOKED_UP:
        yield start.rstrip()
        yield f"            from: {_quoted(one.name)}"
        yield "            lookup:"
        lookup = lookup_for(one.texts, field, model)
        for text, (code, near) in lookup.items():
            hint = f"     # {near} is near" if near else ""
            yield f"              {_quoted(text)}: {code or json.dumps(UNDECIDED)}{hint}"
        if any(code is None for code, _ in lookup.values()):
            codes = ", ".join(code.code for code in model.codes(field))
            yield f"            # codes: {codes}; null says nothing"
    elif field.type == "date" and (pattern := date_pattern(one.texts)) != "":
        yield f"{start}{{from: {_quoted(one.name)}, date: {_quoted(pattern or UNDECIDED)}}}"
    elif field.type == "quantity":
        yield f"{start}{{from: {_quoted(one.name)}, unit: {_quoted(UNDECIDED)}}}   # stored in {field.unit}"
    elif field.type == "text" and (width := zeros_lost(one)):
        yield f"{start}{{from: {_quoted(one.name)}, pad: {width}}}   # gives leading zeros back"
    else:
        note = "   # personal: goes to the vault" if field.personal else ""
        yield f"{start}{_quoted(one.name)}{note}"


def _name(file: Path) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", file.stem.lower().encode("ascii", "ignore").decode()).strip("-")
    return plain or UNDECIDED


def _quoted(text: str) -> str:
    """A text as YAML reads it back; quoted unless it is plain words."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)


def _flow(values: dict[str, Any]) -> str:
    return (
        "{"
        + ", ".join(
            f"{key}: {value if isinstance(value, int) else _quoted(value)}" for key, value in values.items()
        )
        + "}"
    )
