"""Step 0, a kind as JSON Schema (2020-12): what a report on it looks like from outside."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fallow.kinds.model import Field, Kind, Model, Shape
from fallow.kinds.values import VALUE_TYPES
from fallow.kinds.values.choice import UUID
from fallow.words import in_language

_GEOJSON: dict[Shape, tuple[tuple[str, int], ...]] = {
    "point": (("Point", 0), ("MultiPoint", 1)),
    "line": (("LineString", 1), ("MultiLineString", 2)),
    "polygon": (("Polygon", 2), ("MultiPolygon", 3)),
}
"""GeoJSON type and how deep its positions lie."""


def as_schema(kind: Kind, model: Model, *, first: bool = True) -> dict[str, Any]:
    """JSON Schema of one report.

    Parameters
    ----------
    first
        A report that makes a record must have the fields required of a draft; one that changes a record
        (``first=False``) speaks only about what it changes.

    Notes
    -----
    Canonical values only: what people write is for :data:`VALUE_TYPES` to read. ``null`` says "this is now
    empty". Personal fields stand apart under ``secret``, as they do on their way to the vault.
    """
    open_fields = [one for one in kind.fields if not one.personal]
    secret = [one for one in kind.fields if one.personal]
    properties: dict[str, Any] = {
        "kind": {"const": kind.name},
        "record": {"type": "string", "pattern": f"^{UUID}$"},
        "true": VALUE_TYPES["date"].schema(kind.fields[0], model),
        "fields": _fields(open_fields, model, first=first),
    }
    if secret:
        properties["secret"] = _fields(secret, model, first=first)
    if kind.shapes:
        properties["geometry"] = _geometry(kind)
    needed = ["kind", "record", "true", "fields"]
    if first and kind.shapes and not kind.location_unknown:
        needed.append("geometry")
    if first and any(one.required == "draft" for one in secret):
        needed.append("secret")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:fallow:kind:{kind.id}:{model.digest[:16]}:{'first' if first else 'change'}",
        "title": in_language(kind.label, "en"),
        "description": in_language(kind.about, "en"),
        "type": "object",
        "properties": properties,
        "required": needed,
        "additionalProperties": False,
    }


def _fields(fields: Iterable[Field], model: Model, *, first: bool) -> dict[str, Any]:
    listed = list(fields)
    found: dict[str, Any] = {
        "type": "object",
        "properties": {one.name: _field(one, model, first=first) for one in listed},
        "additionalProperties": False,
    }
    needed = [one.name for one in listed if first and one.required == "draft"]
    return {**found, "required": needed} if needed else found


def _field(one: Field, model: Model, *, first: bool) -> dict[str, Any]:
    value = VALUE_TYPES[one.type].schema(one, model)
    about = {"title": in_language(one.label, "en"), "x-id": one.id, "x-class": one.sensitivity}
    if first and one.required == "draft":
        return {**about, **value}
    return {**about, "anyOf": [value, {"type": "null"}]}


def _geometry(kind: Kind) -> dict[str, Any]:
    """GeoJSON on WGS 84, longitude before latitude, in two dimensions."""
    shapes = [
        {
            "type": "object",
            "properties": {"type": {"const": name}, "coordinates": _positions(depth)},
            "required": ["type", "coordinates"],
            "additionalProperties": False,
        }
        for shape in kind.shapes
        for name, depth in _GEOJSON[shape]
    ]
    return {"anyOf": [*shapes, {"type": "null"}]} if kind.location_unknown else {"anyOf": shapes}


def _positions(depth: int) -> dict[str, Any]:
    if depth == 0:
        longitude = {"type": "number", "minimum": -180, "maximum": 180}
        latitude = {"type": "number", "minimum": -90, "maximum": 90}
        return {"type": "array", "prefixItems": [longitude, latitude], "minItems": 2, "maxItems": 2}
    return {"type": "array", "items": _positions(depth - 1), "minItems": 1}
