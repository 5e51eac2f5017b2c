"""Just enough of JSON Schema 2020-12 to hold our schemas to it; an unknown keyword is an error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_TYPES: dict[str, Any] = {
    "string": lambda one: isinstance(one, str),
    "integer": lambda one: isinstance(one, int) and not isinstance(one, bool),
    "number": lambda one: isinstance(one, (int, float)) and not isinstance(one, bool),
    "boolean": lambda one: isinstance(one, bool),
    "null": lambda one: one is None,
    "array": lambda one: isinstance(one, list),
    "object": lambda one: isinstance(one, dict),
}
_SAID = {"$schema", "$id", "title", "description"}


def errors(value: Any, schema: dict[str, Any], path: str = "$") -> Iterator[str]:
    """Every place at which a value breaks a schema."""
    for keyword, wanted in schema.items():
        if keyword in _SAID or keyword.startswith("x-"):
            continue
        yield from _RULES[keyword](value, wanted, schema, path)


def _type(value: Any, wanted: str, schema: dict[str, Any], path: str) -> Iterator[str]:
    if not _TYPES[wanted](value):
        yield f"{path}: {value!r} is no {wanted}"


def _any_of(value: Any, wanted: list[dict[str, Any]], schema: dict[str, Any], path: str) -> Iterator[str]:
    if all(list(errors(value, one, path)) for one in wanted):
        yield f"{path}: {value!r} fits none"


def _properties(value: Any, wanted: dict[str, Any], schema: dict[str, Any], path: str) -> Iterator[str]:
    for name, one in wanted.items():
        if isinstance(value, dict) and name in value:
            yield from errors(value[name], one, f"{path}.{name}")


def _additional(value: Any, wanted: Any, schema: dict[str, Any], path: str) -> Iterator[str]:
    for name in value if isinstance(value, dict) else ():
        if name not in schema.get("properties", {}):
            if wanted is False:
                yield f"{path}.{name}: not allowed"
            else:
                yield from errors(value[name], wanted, f"{path}.{name}")


def _names(value: Any, wanted: dict[str, Any], schema: dict[str, Any], path: str) -> Iterator[str]:
    for name in value if isinstance(value, dict) else ():
        yield from errors(name, wanted, f"{path}.{name}")


def _items(value: Any, wanted: dict[str, Any], schema: dict[str, Any], path: str) -> Iterator[str]:
    for position, one in enumerate(value if isinstance(value, list) else ()):
        yield from errors(one, wanted, f"{path}[{position}]")


def _prefix(value: Any, wanted: list[dict[str, Any]], schema: dict[str, Any], path: str) -> Iterator[str]:
    for position, (one, rule) in enumerate(
        zip(value if isinstance(value, list) else (), wanted, strict=False)
    ):
        yield from errors(one, rule, f"{path}[{position}]")


def _if(type_: str, fits: Any) -> Any:
    """A keyword that speaks about values of one type only."""

    def rule(value: Any, wanted: Any, schema: dict[str, Any], path: str) -> Iterator[str]:
        if _TYPES[type_](value) and not fits(value, wanted):
            yield f"{path}: {value!r} against {wanted!r}"

    return rule


_RULES: dict[str, Any] = {
    "type": _type,
    "anyOf": _any_of,
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "items": _items,
    "prefixItems": _prefix,
    "const": lambda value, wanted, schema, path: iter([] if value == wanted else [f"{path}: not {wanted!r}"]),
    "enum": lambda value, wanted, schema, path: iter(
        [] if value in wanted else [f"{path}: {value!r} not listed"]
    ),
    "required": _if("object", lambda value, wanted: all(one in value for one in wanted)),
    "minProperties": _if("object", lambda value, wanted: len(value) >= wanted),
    "pattern": _if("string", lambda value, wanted: re.search(wanted, value) is not None),
    "minLength": _if("string", lambda value, wanted: len(value) >= wanted),
    "maxLength": _if("string", lambda value, wanted: len(value) <= wanted),
    "minimum": _if("number", lambda value, wanted: value >= wanted),
    "maximum": _if("number", lambda value, wanted: value <= wanted),
    "minItems": _if("array", lambda value, wanted: len(value) >= wanted),
    "maxItems": _if("array", lambda value, wanted: len(value) <= wanted),
    "uniqueItems": _if("array", lambda value, wanted: not wanted or len(set(value)) == len(value)),
}
