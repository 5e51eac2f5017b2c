"""Step 1, reports arrive: parsed GeoJSON features to columns and WKB, for both ways of writing them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

import orjson

from fallow.errors import FallowError
from fallow.intake.readers import json_strict
from fallow.intake.readers.geometry_json import to_wkb
from fallow.intake.readers.job import Chunk, Job
from fallow.intake.readers.json_stream import Segment

Troubles = list[tuple[int, str, str, dict[str, Any]]]
"""Feature in the segment, code, path inside the feature, facts."""

_OF_A_FEATURE = ("type", "geometry", "properties", "id", "bbox")
_FAMILY = {"Point": "point", "LineString": "line", "Polygon": "polygon"}
_PAST_64_BITS = 2.0**63


class _Listed(NamedTuple):
    """One column: whether it is a member of the feature itself, its name in the file and in the table."""

    member: bool
    name: str
    column: str


class Columns:
    """The properties of all features in the order they first appear, and the members outside the standard."""

    def __init__(self) -> None:
        self._properties: dict[str, None] = {}
        self._members: dict[str, None] = {}
        self._types: set[str] = set()
        self._settled: list[_Listed] | None = None

    def settle(self) -> None:
        """From here on every column keeps its name and place, and what is new comes last."""
        self._settled = self.listed()

    def add(self, features: Sequence[Any]) -> None:
        """Note what a batch of features brings."""
        objects = [one for one in features if type(one) is dict]
        inner = [one for feature in objects if type(one := feature.get("properties")) is dict]
        for keys in dict.fromkeys(map(tuple, inner)):
            self._note(self._properties, keys, member=False)
        for keys in dict.fromkeys(map(tuple, objects)):
            named = (key for key in keys if key not in _OF_A_FEATURE or key == "id")
            self._note(self._members, named, member=True)
        shapes = [one for feature in objects if type(one := feature.get("geometry")) is dict]
        self._types |= {one for shape in shapes if isinstance(one := shape.get("type"), str)}

    def _note(self, known: dict[str, None], keys: Iterable[str], *, member: bool) -> None:
        for key in keys:
            if key not in known:
                known[key] = None
                if self._settled is not None:
                    self._settled.append(_Listed(member, key, f"feature.{key}" if member else key))

    def listed(self) -> list[_Listed]:
        """Every column of the table: members of a feature outside its properties first."""
        if self._settled is not None:
            return self._settled
        plain = self.may_rename()
        return [
            *(
                _Listed(True, one, one if one == "id" and plain else f"feature.{one}")
                for one in self._members
            ),
            *(_Listed(False, one, one) for one in self._properties),
        ]

    def may_rename(self) -> bool:
        """Whether a member ``id`` is called ``id``: so long as no property is."""
        return "id" in self._members and "id" not in self._properties

    def has(self, names: Iterable[str]) -> bool:
        """Whether there are columns of all these names."""
        return set(self.names()).issuperset(names)

    def names(self) -> list[str]:
        """Every column of the table by its name there."""
        return [one.column for one in self.listed()]

    def geometry(self) -> str | None:
        """``point``, ``line``, ``polygon``, ``mixed``, or ``None`` when no feature has a geometry."""
        families = {_FAMILY.get(one.removeprefix("Multi"), "mixed") for one in self._types}
        return next(iter(families)) if len(families) == 1 else "mixed" if families else None


@dataclass(frozen=True, slots=True)
class Parsed:
    """The features of one segment."""

    features: list[Any]
    troubles: Troubles = field(default_factory=list)
    strictly: bool = False
    """The fast parser would refuse or change something here."""


def parse(segment: Segment, start: int, *, first: bool) -> Parsed:
    """The features of a segment; what the fast parser refuses or would change is parsed again to the letter.

    Raises
    ------
    FallowError
        ``JSON_SYNTAX`` with the byte when it is no JSON in any reading.
    """
    text = segment.text
    if not first:
        text = text.lstrip(b" \t\r\n")
        if text[:1] != b",":
            raise FallowError("JSON_SYNTAX", f"byte {segment.offset}", found=text[:1].decode("latin-1"))
        text = text[1:]
    if segment.strictly:
        return _to_the_letter(segment, text, start)
    try:
        features = orjson.loads(b"[" + text + b"]")
    except orjson.JSONDecodeError:
        return _to_the_letter(segment, text, start)
    if segment.checked:
        return Parsed(features)
    if len(features) != segment.count:
        # A number or a word between the features has no bracket to be counted by.
        at = next(at for at, one in enumerate(features) if type(one) not in (dict, list))
        raise FallowError("GEOJSON_FEATURE", f"features[{start + at}]", member="type")
    if not as_it_was_written(features, segment.colons):
        return _to_the_letter(segment, text, start)
    return Parsed(features)


def as_it_was_written(features: list[Any], colons: int) -> bool:
    """Whether the fast parser kept every key and every digit.

    A key that stood twice leaves fewer keys than colons. A whole number past 64 bits comes back as a float:
    an identifier would change without a word.
    """
    plain = [one for one in features if type(one) is dict]
    inner = [one for feature in plain if type(one := feature.get("properties")) is dict]
    shapes = [one for feature in plain if type(one := feature.get("geometry")) is dict]
    values = set(map(type, chain.from_iterable(map(dict.values, inner))))
    simple = (
        not values & {dict, list}
        and all(map(_is_simple, shapes))
        and set(chain.from_iterable(plain)) <= _USUAL
    )
    if simple and len(plain) == len(features):
        keys = sum(map(len, plain)) + sum(map(len, inner)) + sum(map(len, shapes))
    else:
        keys = json_strict.count_keys(features)
    if float in values and any(
        type(one) is float and abs(one) >= _PAST_64_BITS
        for one in chain.from_iterable(map(dict.values, inner))
    ):
        return False
    ids = [feature["id"] for feature in plain if "id" in feature]
    return keys == colons and not any(type(one) is float and abs(one) >= _PAST_64_BITS for one in ids)


_USUAL = {"type", "id", "properties", "geometry"}


def _is_simple(shape: dict[str, Any]) -> bool:
    return len(shape) == 2 and "coordinates" in shape


def _to_the_letter(segment: Segment, text: bytes, start: int) -> Parsed:
    try:
        whole = text.decode("utf-8")
    except UnicodeDecodeError as fault:
        at = segment.offset + len(segment.text) - len(text) + fault.start
        found = f"0x{text[fault.start]:02X}"
        raise FallowError("ENCODING", f"byte {at}", encoding="UTF-8", found=found) from fault
    try:
        features, found_troubles = json_strict.loads("[" + whole + "]")
    except json.JSONDecodeError as fault:
        before = whole[: max(fault.pos - 1, 0)].encode("utf-8")
        at = segment.offset + len(segment.text) - len(text) + len(before)
        raise FallowError("JSON_SYNTAX", f"byte {at}", found=whole[len(before.decode()) :][:1]) from fault
    except RecursionError as fault:
        raise FallowError("TOO_DEEP", f"byte {segment.offset}", found="> 900", limit=32) from fault
    troubles: Troubles = []
    for code, path, facts in found_troubles:
        match = re.match(r"\[(\d+)\]", path)
        if match is None:
            raise FallowError(code, f"features[{start}]", **facts)
        troubles.append((int(match[1]), code, path[match.end() :], facts))
    return Parsed(features, troubles, strictly=True)


def rows(job: Job, columns: Columns, parsed: Parsed, where: list[str], start: int) -> Chunk:
    """Features as a chunk: properties and other members as columns, geometry as WKB."""
    features = parsed.features
    chunk = Chunk(start, where, {})
    for spot, code, path, facts in parsed.troubles:
        chunk.say(spot, code, "refuse", path, **facts)
    _refuse_what_is_no_feature(chunk, features)
    blamed = {spot for spot, _, path, _ in parsed.troubles if path.startswith(".geometry")}
    inner = [one if type(one := feature.get("properties")) is dict else {} for feature in features]
    for member, name, column in columns.listed():
        chunk.columns[column] = _plain([one.get(name) for one in (features if member else inner)])
    shapes = [None if spot in blamed else feature.get("geometry") for spot, feature in enumerate(features)]

    def refuse(spot: int, code: str, path: str, facts: dict[str, Any]) -> None:
        chunk.say(spot, code, "refuse", f".geometry{path}", **facts)

    chunk.wkb = to_wkb(shapes, refuse, job.tally, where, start)
    return chunk


def _refuse_what_is_no_feature(chunk: Chunk, features: list[Any]) -> None:
    for spot, feature in enumerate(features):
        if type(feature) is dict and feature.get("type") == "Feature":
            if type(feature.get("properties")) is dict or feature.get("properties") is None:
                continue
            chunk.say(spot, "GEOJSON_FEATURE", "refuse", ".properties", member="properties")
        else:
            chunk.say(spot, "GEOJSON_FEATURE", "refuse", ".type", member="type")
            if type(feature) is not dict:
                features[spot] = {}


_PLAIN = {str, int, float, bool, type(None)}


def _plain(values: list[Any]) -> list[Any]:
    """A column of plain values: lists and objects become their JSON text, nothing is lost."""
    if set(map(type, values)) <= _PLAIN:
        return values
    return [orjson.dumps(one).decode() if isinstance(one, dict | list) else one for one in values]
