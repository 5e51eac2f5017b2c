"""Step 1, reports arrive: read ``source.yaml`` and refuse it whole where it is unclear, with file, line and
remedy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from fallow.errors import FallowError, catalogue
from fallow.intake.read import FORMATS, GeometrySpec, ReadSpec
from fallow.intake.source import (
    Accepted,
    DeliverySpec,
    Expected,
    RecordSpec,
    Source,
    TableSpec,
    mapping_digest,
)
from fallow.intake.source_records import Manner, record_spec
from fallow.intake.source_yaml import UNDECIDED, Node, parse_yaml
from fallow.kinds import Model

FILE = "source.yaml"

TOP_KEYS = (
    "source",
    "title",
    "who",
    "author",
    "licence",
    "known",
    "delivered",
    "files",
    "deliveries",
    "tables",
    "expect",
    "accept",
)
TABLE_KEYS = ("name", "file", "format", "read", "empty", "records", "ignore")
READ_KEYS = ("encoding", "delimiter", "decimal", "thousands", "header_row", "sheet", "layer", "hxl", "crs")
COUNT_KEYS = ("min", "max", "max_change")

_NAME = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_SHARE = re.compile(r"(\d{1,3}(?:\.\d+)?) ?%")


def load_source(path: Path | str, model: Model) -> Source:
    """The description of a source.

    Parameters
    ----------
    path
        A folder with ``source.yaml`` in it, or the file itself.
    model
        The kinds and code lists it may speak about.

    Raises
    ------
    FallowError
        ``SOURCE_MISSING``, ``SOURCE_YAML``, ``SOURCE_UNDECIDED`` and the other ``SOURCE_...`` codes;
        ``where`` is ``<folder>/source.yaml:<line> <key>``.
    """
    file = Path(path)
    if file.is_dir():
        file = file / FILE
    label = f"{file.resolve().parent.name}/{file.name}"
    try:
        content = file.read_bytes()
    except OSError as fault:
        raise FallowError("SOURCE_MISSING", label) from fault
    return source_from(parse_yaml(content, label), model, file.resolve().parent)


def source_from(root: Node, model: Model, folder: Path) -> Source:
    """The description in a tree; file names in it are relative to ``folder``."""
    top = root.keys(TOP_KEYS, required=("source", "who", "licence", "tables"))
    _refuse_undecided(root)
    name = top["source"].text("colombia-victims")
    if not _NAME.fullmatch(name):
        top["source"].expected("colombia-victims")
    accept = _accepted(top.get("accept"))
    tables = tuple(
        _table(node, model, accept) for node in top["tables"].items("[{name: ..., format: csv, ...}]")
    )
    if not tables:
        top["tables"].expected("[{name: ..., format: csv, ...}]")
    _refuse_twice(top["tables"], [table.name for table in tables])
    _refuse_links_to_nothing(tables)
    author = top["author"].text("L. Demo") if "author" in top else ""
    deliveries = _deliveries(root, top, tables)
    _refuse_without_continuity(deliveries, tables)
    return Source(
        name=name,
        title=top["title"].text() if "title" in top else name,
        who=top["who"].text("AICMA"),
        author=author,
        licence=top["licence"].text("CC BY 4.0"),
        declared="known" in top and top["known"].word(("witnessed", "declared")) == "declared",
        deliveries=deliveries,
        tables=tables,
        expect=_expectations(top.get("expect"), tables),
        accept=accept,
        folder=folder,
        mapping=mapping_digest(
            top["tables"].plain(), author, sorted(one.code for one in accept if one.do == "repair")
        ),
    )


def _refuse_undecided(root: Node) -> None:
    """Everything a draft left open, in one message: a person fills it in at one sitting."""
    undecided = [node for node in root.walk() if node.value == UNDECIDED]
    if undecided:
        shown = ", ".join(f"{node.path} ({node.line})" for node in undecided[:12])
        more = f" + {len(undecided) - 12}" if len(undecided) > 12 else ""
        undecided[0].refuse("SOURCE_UNDECIDED", found=shown + more, count=len(undecided))


def _refuse_links_to_nothing(tables: tuple[TableSpec, ...]) -> None:
    """A record named by its id must have one, made of as many columns."""
    ids = {record.kind: len(record.id) for table in tables for record in table.records}
    for table in tables:
        for record in table.records:
            for field in record.fields:
                kind = field.link or ""
                if field.by and field.of is None and ids.get(kind, 0) != len(field.by):
                    raise FallowError("SOURCE_LINK_NO_ID", field.where, kind=kind, count=ids.get(kind, 0))


def _refuse_twice(node: Node, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            node.refuse("SOURCE_KEY_TWICE", found=name)


# Deliveries


def _deliveries(
    root: Node, top: Mapping[str, Node], tables: tuple[TableSpec, ...]
) -> tuple[DeliverySpec, ...]:
    labels = {table.file for table in tables}
    if "deliveries" in top:
        for key in ("delivered", "files"):
            if key in top:
                top[key].refuse("SOURCE_CLASH", one=key, other="deliveries")
        nodes = top["deliveries"].items("[{delivered: 2017-10-31, files: {...}}]")
        found = tuple(
            _delivery(one, one.keys(("delivered", "files"), required=("delivered", "files")), labels)
            for one in nodes
        )
        days = [one.delivered for one in found]
        if not found or days != sorted(set(days)):
            top["deliveries"].refuse("SOURCE_DELIVERY_ORDER", found=", ".join(days))
        return found
    for key in ("delivered", "files"):
        if key not in top:
            root.refuse("SOURCE_KEY_MISSING", key=key)
    return (_delivery(root, top, labels),)


def _delivery(node: Node, keys: Mapping[str, Node], labels: set[str]) -> DeliverySpec:
    given = keys["files"].keys(sorted(labels), required=sorted(labels))
    files = {label: one.texts("victims.csv") for label, one in given.items()}
    for label, names in files.items():
        for name in names:
            # A name is a label under the folder of the source: no way up, no other drive, no address.
            if Path(name).is_absolute() or ".." in Path(name).parts or "\\" in name or ":" in name:
                given[label].refuse("SOURCE_FILE_NAME", found=name)
    return DeliverySpec(keys["delivered"].day(), files, node.where)


def _refuse_without_continuity(deliveries: tuple[DeliverySpec, ...], tables: tuple[TableSpec, ...]) -> None:
    if len(deliveries) < 2:
        return
    for table in tables:
        for record in table.records:
            if not record.id and not record.match:
                raise FallowError("SOURCE_NO_CONTINUITY", record.where, kind=record.kind)


# Tables


def _table(node: Node, model: Model, accept: tuple[Accepted, ...]) -> TableSpec:
    keys = node.keys(TABLE_KEYS, required=("name", "format", "records"))
    name = keys["name"].text("victims")
    manner, read = _reading(keys)
    read = replace(read, accept={one.code: one.do for one in accept})
    nodes = keys["records"].items("[{kind: victim, ...}]")
    if not nodes:
        keys["records"].expected("[{kind: victim, ...}]")
    records = [record_spec(one, model, manner) for one in nodes]
    _refuse_twice(keys["records"], [record.kind for record in records])
    for record in records:
        for field in record.fields:
            if field.link and not field.by and field.link not in {one.kind for one in records}:
                raise FallowError("SOURCE_LINK_SAME_ROW", field.where, kind=field.link)
    linked = {field.link for record in records for field in record.fields if field.link and not field.by}
    records = [replace(record, group=True) if record.kind in linked else record for record in records]
    ignored = keys["ignore"].entries("{column: reason}") if "ignore" in keys else {}
    return TableSpec(
        name=name,
        file=keys["file"].text() if "file" in keys else name,
        read=replace(read, geometry=_one_geometry(keys["records"], records)),
        records=tuple(records),
        ignore={column: reason.text("reason") for column, reason in ignored.items()},
        where=node.where,
    )


def _reading(keys: Mapping[str, Node]) -> tuple[Manner, ReadSpec]:
    read = keys["read"].keys(READ_KEYS) if "read" in keys else {}
    if "sheet" in read and "layer" in read:
        read["sheet"].refuse("SOURCE_CLASH", one="sheet", other="layer")
    layer = read.get("sheet") or read.get("layer")
    decimal = read["decimal"].word((".", ",", "٫")) if "decimal" in read else "."
    thousands = _sign(read["thousands"]) if "thousands" in read else ""
    if thousands == decimal:
        read["thousands"].refuse("SOURCE_CLASH", one="decimal", other="thousands")
    empty = frozenset(keys["empty"].texts("[n/a, unknown]")) if "empty" in keys else frozenset()
    delimiter = read.get("delimiter")
    spec = ReadSpec(
        format=keys["format"].word(FORMATS),
        crs=read["crs"].text("EPSG:4326") if "crs" in read else None,
        layer=layer.text() if layer else None,
        encoding=read["encoding"].text("utf-8") if "encoding" in read else None,
        delimiter=_sign(delimiter) if delimiter else None,
        header_row=read["header_row"].integer(0, "1") if "header_row" in read else 1,
        hxl=read["hxl"].yes() if "hxl" in read else False,
    )
    return Manner(decimal, thousands, empty), spec


def _sign(node: Node) -> str:
    """One sign, also a space or a tab (which ``text`` would call nothing)."""
    found = node.value if isinstance(node.value, str) else ""
    found = {"\\t": "\t", "tab": "\t", "space": " "}.get(found, found)
    return found if len(found) == 1 else node.expected('","')


def _one_geometry(node: Node, records: list[RecordSpec]) -> GeometrySpec | None:
    """Where the coordinates stand: one answer a table, because a row is one place."""
    specs = [one.geometry for one in records if isinstance(one.geometry, GeometrySpec)]
    if any(one != specs[0] for one in specs) or (specs and any(one.geometry == "own" for one in records)):
        node.refuse("SOURCE_TWO_PLACES")
    return specs[0] if specs else None


# Expectations and what was accepted


def _expectations(node: Node | None, tables: tuple[TableSpec, ...]) -> tuple[Expected, ...]:
    if node is None:
        return ()
    kinds = {record.kind for table in tables for record in table.records}
    found = []
    for count, bounds in node.keys(("rows", "refused", "withdrawals", *sorted(kinds))).items():
        keys = bounds.keys(COUNT_KEYS)
        share = _SHARE.fullmatch(keys["max"].text("200")) if "max" in keys else None
        found.append(
            Expected(
                count,
                least=keys["min"].integer() if "min" in keys else None,
                most=keys["max"].integer() if "max" in keys and not share else None,
                most_share=float(share[1]) / 100 if share else None,
                max_change=_share(keys["max_change"]) if "max_change" in keys else None,
                where=bounds.where,
            )
        )
    return tuple(found)


def _share(node: Node) -> float:
    found = _SHARE.fullmatch(node.text("10%"))
    return float(found[1]) / 100 if found else node.expected("10%")


def _accepted(node: Node | None) -> tuple[Accepted, ...]:
    if node is None:
        return ()
    found = []
    for one in node.items("[{code: OUTSIDE_COUNTRY, by: L. Demo, why: ...}]"):
        keys = one.keys(("code", "do", "by", "why"), required=("code", "by", "why"))
        code = keys["code"].text("OUTSIDE_COUNTRY")
        if code not in catalogue():
            keys["code"].refuse("SOURCE_CODE_UNKNOWN", found=code, known="docs/errors.md")
        do = keys["do"].word(("accept", "repair")) if "do" in keys else "accept"
        found.append(
            Accepted(
                code, "repair" if do == "repair" else "accept", keys["by"].text("L. Demo"), keys["why"].text()
            )
        )
    _refuse_twice(node, [one.code for one in found])
    return tuple(found)
