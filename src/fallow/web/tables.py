"""Face two, tables: forty rows of one kind, filtered, searched and sorted, at the dates of the page."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from fallow.errors import FallowError
from fallow.kinds import Field, Kind
from fallow.register import Register
from fallow.web import asked, wording
from fallow.web.asked import When
from fallow.web.desk import Desk
from fallow.web.layers import Layer, layer
from fallow.words import in_language, say

ROWS = 40

FLAGS = ("unlocated", "conflict", "awaiting")


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a filter."""

    code: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """One drop-down over the table."""

    name: str
    label: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One head of the table, and the address that sorts by it."""

    name: str
    label: str
    sorted: str
    """``ascending``, ``descending`` or empty."""
    href: str


@dataclass(frozen=True, slots=True)
class Row:
    """One record of the table."""

    id: str
    title: str
    cells: tuple[str, ...]
    line: str
    conflict: bool
    awaiting: bool
    unlocated: bool


@dataclass(frozen=True, slots=True)
class Table:
    """Everything the page of a kind shows."""

    kind: str
    plural: str
    about: str
    search: str
    filters: tuple[Filter, ...]
    flags: tuple[Choice, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    total: int
    every: int
    page: int
    pages: int
    first: int
    last: int
    previous: str
    following: str
    filtered: bool
    clear: str


def table(desk: Desk, register: Register, kind: str, when: When, query: Mapping[str, str]) -> Table:
    """The table of a kind.

    Raises
    ------
    FallowError
        ``KIND_UNKNOWN``, ``FIELD_UNKNOWN`` for a sort by a column that is not shown, ``WEB_PARAMETER`` for a
        code or switch that is not offered, ``WEB_PAGE`` for a page past the last.
    """
    found = layer(desk, register, kind, when)
    search, sort, page = asked.text(query, "q"), asked.text(query, "sort"), asked.page(query)
    chosen = _chosen(register, found.kind, found, query)
    flags = {name for name in FLAGS if _switch(query, name)}
    at = _sorted(found, _kept(found, search, chosen, flags), sort)
    pages = max(1, -(-len(at) // ROWS))
    if page > pages:
        raise FallowError("WEB_PAGE", "page", found=page, last=pages)
    start = (page - 1) * ROWS
    kept: dict[str, str | int | None] = {"q": search, **chosen, **dict.fromkeys(sorted(flags), "1")}
    filled = [name for name, cells in found.cells.items() if any(one is not None for one in cells)]
    shown = [name for name in filled if name != _title_field(found)]
    return Table(
        kind=kind,
        plural=in_language(found.kind.plural),
        about=in_language(found.kind.about),
        search=search,
        filters=tuple(_filter(register, one, chosen) for one in _filterable(found.kind, found)),
        flags=tuple(Choice(name, say(f"web.flag.{name}"), name in flags) for name in FLAGS),
        columns=tuple(
            _column(found.kind, name, sort, when, kept) for name in (_title_field(found), *shown) if name
        ),
        rows=tuple(_row(register, found, one, shown) for one in at[start : start + ROWS]),
        total=len(at),
        every=len(found),
        page=page,
        pages=pages,
        first=start + 1 if at else 0,
        last=min(len(at), start + ROWS),
        previous=when.query(**kept, sort=sort, page=page - 1) if page > 1 else "",
        following=when.query(**kept, sort=sort, page=page + 1) if page < pages else "",
        filtered=bool(search or chosen or flags),
        clear=when.query() or "?",
    )


def _title_field(found: Layer) -> str:
    title = found.kind.title or ""
    return title if title in found.cells else ""


def _filterable(kind: Kind, found: Layer) -> list[Field]:
    fields = [kind.field(name) for name in found.cells]
    return [one for one in fields if one is not None and one.type == "code"]


def _chosen(register: Register, kind: Kind, found: Layer, query: Mapping[str, str]) -> dict[str, str]:
    chosen = {}
    for one in _filterable(kind, found):
        value = asked.text(query, one.name)
        if not value:
            continue
        if register.model.codes(one).get(value) is None:
            raise FallowError("WEB_PARAMETER", one.name, name=one.name, found=asked.shown(value))
        chosen[one.name] = value
    return chosen


def _switch(query: Mapping[str, str], name: str) -> bool:
    value = asked.text(query, name)
    if value not in ("", "0", "1"):
        raise FallowError("WEB_PARAMETER", name, name=name, found=asked.shown(value))
    return value == "1"


def _kept(found: Layer, search: str, chosen: dict[str, str], flags: set[str]) -> list[int]:
    located = found.located
    needle = folded(search)
    kept = []
    for at in range(len(found)):
        if any(found.cells[name][at] != code for name, code in chosen.items()):
            continue
        if "unlocated" in flags and located[at]:
            continue
        if ("conflict" in flags and not found.conflict[at]) or (
            "awaiting" in flags and not found.awaiting[at]
        ):
            continue
        if needle and not _mentions(found, at, needle):
            continue
        kept.append(at)
    return kept


def _mentions(found: Layer, at: int, needle: str) -> bool:
    if found.ids[at].startswith(needle):
        return True
    return any(needle in folded(cell) for cells in found.cells.values() if isinstance(cell := cells[at], str))


def folded(words: str) -> str:
    """Letters without accents and case: ``Šabac`` is found by ``sabac``."""
    apart = unicodedata.normalize("NFKD", words.casefold())
    return "".join(one for one in apart if not unicodedata.combining(one))


def _sorted(found: Layer, at: list[int], sort: str) -> list[int]:
    name = sort.removeprefix("-")
    if not name:
        order = {one.key: position for position, one in enumerate(found.symbology.items)}
        return sorted(at, key=lambda one: (order[found.lines[one]], found.title(one)))
    if name not in found.cells:
        raise FallowError(
            "FIELD_UNKNOWN", f"{found.kind.name}.{asked.shown(name)}", near=", ".join(found.cells)
        )
    cells = found.cells[name]
    filled = sorted(
        (one for one in at if cells[one] is not None), key=lambda one: cells[one], reverse=sort[0] == "-"
    )
    return filled + [one for one in at if cells[one] is None]  # empty cells last, whichever way it is sorted


def _column(kind: Kind, name: str, sort: str, when: When, kept: dict[str, str | int | None]) -> Column:
    field = kind.field(name)
    direction = {name: "ascending", f"-{name}": "descending"}.get(sort, "")
    turned = f"-{name}" if direction == "ascending" else name
    return Column(
        name, in_language(field.label) if field else name, direction, when.query(**kept, sort=turned)
    )


def _filter(register: Register, field: Field, chosen: dict[str, str]) -> Filter:
    choices = tuple(
        Choice(one.code, in_language(one.label), chosen.get(field.name) == one.code)
        for one in register.model.codes(field)
        if one.until is None
    )
    return Filter(field.name, in_language(field.label), choices)


def _row(register: Register, found: Layer, at: int, shown: list[str]) -> Row:
    cells = []
    for name in shown:
        field = found.kind.field(name)
        value = found.cells[name][at]
        cells.append(wording.value_words(register.model, field, value) if field else str(value or ""))
    return Row(
        id=found.ids[at],
        title=found.title(at),
        cells=tuple(cells),
        line=found.symbology.item(found.lines[at]).look,
        conflict=bool(found.conflict[at]),
        awaiting=bool(found.awaiting[at]),
        unlocated=bool(found.kind.shapes) and not found.located[at],
    )
