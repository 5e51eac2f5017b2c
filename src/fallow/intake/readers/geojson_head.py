"""Step 1, reports arrive: what stands around the features of a GeoJSON file: type, ``crs``, the rest."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from fallow.errors import FallowError
from fallow.intake.readers import json_strict
from fallow.intake.readers.job import Job
from fallow.intake.readers.text import Utf8Stream

_FIRST = 256 * 1024
_MOST = 16 * 1024 * 1024
_SPACE = " \t\r\n"
_WGS84 = {
    "urn:ogc:def:crs:ogc:1.3:crs84",
    "urn:ogc:def:crs:ogc::crs84",
    "urn:ogc:def:crs:epsg::4326",
    "epsg:4326",
    "crs84",
    "ogc:crs84",
    "wgs84",
    "http://www.opengis.net/def/crs/ogc/1.3/crs84",
}


@dataclass(slots=True)
class Head:
    """The members before the features, and the bytes already read that follow the ``[``."""

    members: dict[str, Any]
    first: bytes = b""
    offset: int = 0
    single: bytes | None = None
    """The whole text, when the file is one Feature and no collection."""
    seen: set[str] = field(default_factory=set)


class _NeedMore(Exception):
    pass


def read_head(stream: Utf8Stream) -> Head:
    """Read up to the first feature; the stream then stands behind ``Head.first``."""
    raw = b""
    size = _FIRST
    while True:
        more = stream.read_exactly(size)
        raw += more
        try:
            return _head(raw, stream.mark, whole=len(more) < size)
        except _NeedMore:
            if len(raw) > _MOST:
                raise FallowError("GEOJSON_TYPE", f"byte {stream.mark}", found="features") from None
            size = len(raw)


def _head(raw: bytes, mark: int, *, whole: bool) -> Head:
    text = raw.decode("latin-1")  # one sign a byte, so that positions are bytes; names are turned back below
    at = _skip(text, 0)
    if text[at : at + 1] == "[":
        raise FallowError("GEOJSON_TYPE", f"byte {mark + at}", found="array")
    if text[at : at + 1] != "{":
        raise FallowError("JSON_SYNTAX", f"byte {mark + at}", found=text[at : at + 1])
    head = Head({})
    try:
        at = _skip(text, at + 1)
        while text[at : at + 1] != "}":
            key, at = _key(text, at)
            if key == "features" and text[at : at + 1] == "[":
                _once(head, key)
                head.first, head.offset = raw[at + 1 :], mark + at + 1
                _check_type(head.members.get("type", "FeatureCollection"))
                return head
            at = _member(head, text, key, at)
    except (json.JSONDecodeError, IndexError) as fault:
        if not whole:
            raise _NeedMore from None
        raise _syntax(fault, text, mark) from fault
    _end(text, at + 1, mark)
    if head.members.get("type") != "Feature":
        _check_type(head.members.get("type"))
        raise FallowError("GEOJSON_TYPE", "", found="features")
    head.single = raw
    return head


def read_tail(head: Head, rest: bytes, offset: int, stream: Utf8Stream) -> None:
    """Read the members behind the features, to the end of the file."""
    rest += stream.read_exactly(_MOST)
    if stream.read(1):
        raise FallowError("JSON_SYNTAX", f"byte {offset}", found="]")
    text = rest.decode("latin-1")
    at = _skip(text, 0)
    try:
        while text[at] == ",":
            key, at = _key(text, _skip(text, at + 1))
            at = _member(head, text, key, at, tail=True)
        if text[at] != "}":
            raise FallowError("JSON_SYNTAX", f"byte {offset + at}", found=text[at])
    except (json.JSONDecodeError, IndexError) as fault:
        raise _syntax(fault, text, offset) from fault
    _end(text, at + 1, offset)
    _check_type(head.members.get("type"))


def check_crs(job: Job, members: dict[str, Any]) -> None:
    """Refuse another coordinate system than WGS 84 unless the source declares one; set ``job.crs``."""
    if job.spec.crs is not None:
        job.crs = job.spec.crs
        return
    crs = members.get("crs")
    if crs is None:
        return
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str) or name.lower() not in _WGS84:
        raise FallowError("CRS_NOT_ALLOWED", "crs", found=name if isinstance(name, str) else "?")


def list_ignored(job: Job, members: dict[str, Any]) -> None:
    """Name the members outside the standard; they hold no rows."""
    job.ignored += [f"member {name}" for name in members if name not in ("type", "features", "crs", "bbox")]


def _once(head: Head, key: str) -> None:
    if key in head.seen:
        raise FallowError("DUPLICATE_KEY", "", key=key)
    head.seen.add(key)


def _member(head: Head, text: str, key: str, at: int, *, tail: bool = False) -> int:
    _once(head, key)
    value, at = json_strict.prefix(text, at)
    head.members[key] = value
    at = _skip(text, at)
    if tail or text[at] == "}":
        return at
    if text[at] != ",":
        raise json.JSONDecodeError("comma", text, at)
    at = _skip(text, at + 1)
    if text[at] == "}":
        raise json.JSONDecodeError("key", text, at)
    return at


def _key(text: str, at: int) -> tuple[str, int]:
    if text[at] != '"':
        raise json.JSONDecodeError("key", text, at)
    key, at = json_strict.prefix(text, at)
    at = _skip(text, at)
    if text[at] != ":":
        raise json.JSONDecodeError("colon", text, at)
    return key.encode("latin-1", "replace").decode("utf-8", "replace"), _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] and text[at] in _SPACE:
        at += 1
    return at


def _end(text: str, at: int, mark: int) -> None:
    at = _skip(text, at)
    if at < len(text):
        raise FallowError("JSON_SYNTAX", f"byte {mark + at}", found=text[at])


def _syntax(fault: Exception, text: str, mark: int) -> FallowError:
    at = fault.pos if isinstance(fault, json.JSONDecodeError) else len(text)
    if at >= len(text.rstrip(_SPACE)) or (
        isinstance(fault, json.JSONDecodeError) and "Unterminated" in fault.msg
    ):
        return FallowError("TRUNCATED", f"byte {mark + len(text)}", found="}")
    return FallowError("JSON_SYNTAX", f"byte {mark + at}", found=text[at])


def _check_type(found: Any) -> None:
    if found != "FeatureCollection":
        raise FallowError("GEOJSON_TYPE", "type", found=found if isinstance(found, str) else "?")
