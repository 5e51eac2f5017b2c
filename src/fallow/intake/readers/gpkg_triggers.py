"""Step 1, reports arrive: which triggers of a GeoPackage are the standard's own, told by what they would do.

Every file GDAL or QGIS writes carries triggers that keep the R-tree and a row count. Writers differ in
quotes, spaces and version of the standard, so each statement of a trigger is compared with the few the
standard has.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|\w+|\S")
_TRIGGER = re.compile(
    r"create trigger (?:if not exists )?\S+ (?:before|after) (?:insert|delete|update(?: of .+?)?) "
    r"on (?P<table>\S+)(?: for each row)?(?: when (?P<when>.+?))? begin (?P<body>.+?) ; end",
)
_RAISE = re.compile(r"select raise \( (?:abort|rollback|fail) , '(?:[^']|'')*' \)(?: where (?P<where>.+))?")
_CALL = re.compile(r"([a-z_]\w*) \(")
_HARMLESS_CALLS = {"in", "not", "and", "or", "values", "where", "lower", "count", "select", "when", "exists"}


class Indexed(NamedTuple):
    """A feature table with its key and geometry column, as the file's own tables list them."""

    table: str
    key: str
    geometry: str


def is_standard(sql: str, tables: list[Indexed]) -> bool:
    """Whether a ``CREATE TRIGGER`` does nothing but what the GeoPackage standard or GDAL's row count does."""
    text = _plain(sql)
    match = _TRIGGER.fullmatch(text)
    if match is None:
        return False
    statements = [one.strip() for one in _split(match["body"])]
    if match["table"].startswith("gpkg_"):  # only tables of the standard have these names
        return not match["when"] and all(_only_raises(one) for one in statements)
    feature = next((one for one in tables if _name(f'"{one.table}"') == match["table"]), None)
    if feature is None:
        return False
    return _harmless_condition(match["when"] or "", feature) and all(
        _keeps_index(one, feature) for one in statements
    )


def _plain(sql: str) -> str:
    """The tokens in lower case with one space between; names without quotes, text constants with theirs."""
    text = " ".join(_name(token) for token in _TOKEN.findall(sql))
    text = re.sub(r"^create trigger '(\w+)'", r"create trigger \1", text)
    return re.sub(r" on '(\w+)'", r" on \1", text).rstrip("; ")


def _name(token: str) -> str:
    if token[0] in '"`[':
        # A space in a name must not look like the space between two tokens.
        token = token[1:-1].replace(" ", "\x1f")
    return token.lower()


def _split(body: str) -> list[str]:
    """Statements of a body; a semicolon inside a text constant does not end one."""
    return [one.strip() for one in re.findall(r"(?:'(?:[^']|'')*'|[^;'])+", body) if one.strip()]


def _only_raises(statement: str) -> bool:
    match = _RAISE.fullmatch(statement)
    return (
        match is not None
        and set(_CALL.findall(re.sub(r"'(?:[^']|'')*'", "''", match["where"] or ""))) <= _HARMLESS_CALLS
    )


def _harmless_condition(when: str, feature: Indexed) -> bool:
    key, geometry = _name(f'"{feature.key}"'), _name(f'"{feature.geometry}"')
    allowed = {
        key,
        geometry,
        "rowid",
        "old",
        "new",
        ".",
        "not",
        "null",
        "isnull",
        "notnull",
        "is",
        "and",
        "or",
    }
    allowed |= {"st_isempty", "(", ")", "=", "!", "<", ">"}
    return set(when.split(" ")) - {""} <= allowed


def _keeps_index(statement: str, feature: Indexed) -> bool:
    table, key, geometry = (re.escape(_name(f'"{one}"')) for one in feature)
    index = f"rtree_{table}_{geometry}"
    new, old = rf"new \. (?:{key}|rowid)", rf"old \. (?:{key}|rowid)"
    side = {one: rf"st_{one} \( new \. {geometry} \)" for one in ("minx", "maxx", "miny", "maxy")}
    values = " , ".join(side.values())
    settings = " , ".join(f"{one} = {value}" for one, value in side.items())
    count = r"update gpkg_ogr_contents set feature_count = feature_count [+-] 1 where lower \( table_name \)"
    forms = (
        rf"insert(?: or replace)? into {index} values \( {new} , {values} \)",
        rf"delete from {index} where id = {old}",  # noqa: S608 - a pattern to compare with, never run
        rf"delete from {index} where id in \( {old} , {new} \)",  # noqa: S608 - a pattern to compare with, never run
        rf"update {index} set {settings} where id = {new}",  # noqa: S608 - a pattern to compare with, never run
        rf"{count} = lower \( '{table}' \)",
    )
    return any(re.fullmatch(form, statement) for form in forms)
