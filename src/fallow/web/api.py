"""Face two, the API the map draws from: read only, every answer cut from the same layers."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import numpy as np
import orjson
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotModified,
    JsonResponse,
    StreamingHttpResponse,
)

from fallow.errors import FallowError
from fallow.register import Register
from fallow.web import asked, layers, picture, tiles
from fallow.web.desk import Desk
from fallow.web.symbology import SHOWN_AT_FIRST, symbology
from fallow.words import in_language

GEOJSON = "application/geo+json"

TILE = "application/vnd.mapbox-vector-tile"


def kinds(request: HttpRequest) -> Any:
    """Every kind with a place on the map, and its legend in the language of the request."""
    with _desk(request).reading() as register:
        return _answer({"kinds": legend(register)})


def legend(register: Register) -> list[dict[str, Any]]:
    """What the map needs to know of each kind."""
    found = []
    for name in sorted(picture.mapped(register), key=lambda one: _place(register, one)):
        kind = register.model.kind(name)
        found.append(
            {
                "name": name,
                "label": in_language(kind.label),
                "plural": in_language(kind.plural),
                "group": kind.group,
                "danger": kind.danger,
                "shapes": kind.shapes,
                "shown": name in SHOWN_AT_FIRST,
                "items": [
                    {"key": one.key, "look": one.look, "colour": one.colour, "label": one.words()}
                    for one in symbology(register.model, name).items
                ],
            }
        )
    return found


def _place(register: Register, name: str) -> int:
    """Where a kind stands in the legend: dangers, then what the map begins with, then the rest."""
    if register.model.kind(name).danger:
        return 0
    return 1 + SHOWN_AT_FIRST.index(name) if name in SHOWN_AT_FIRST else 9


def layer(request: HttpRequest, kind: str) -> Any:
    """One kind as GeoJSON at two dates, whole or within a box; what has no location is in the summary."""
    desk, when, box = _desk(request), asked.when(request.GET), asked.box(request.GET)
    with desk.reading() as register:
        _spatial(register, kind)
        tag = _tag(register, kind, when, box)
        if request.META.get("HTTP_IF_NONE_MATCH") == tag:
            return _cached(HttpResponseNotModified(), tag)
        found = layers.layer(desk, register, kind, when)
    packed = _packs(request)
    if box is None:
        body = layers.whole(found, packed=packed)
    else:
        pieces = layers.geojson(found, found.within(box))
        body = layers.gzipped(pieces) if packed else pieces
    response = StreamingHttpResponse(body, content_type=GEOJSON)
    if packed:
        response["Content-Encoding"] = "gzip"
    return _cached(response, tag)


def tile(request: HttpRequest, zoom: int, x: int, y: int) -> Any:
    """Some kinds (``kinds=a,b``) in one vector tile at two dates: dots, signs, lines and areas.

    Not packed: it crosses a loopback, and packing 600 kB of ids took longer than they did.
    """
    desk, when = _desk(request), asked.when(request.GET)
    at = asked.tile(zoom, x, y, tiles.DEEPEST)
    kinds = asked.text(request.GET, "kinds").split(",")
    with desk.reading() as register:
        for kind in kinds:
            _spatial(register, kind)
        tag = _tag(register, *kinds, when, at)
        if request.META.get("HTTP_IF_NONE_MATCH") == tag:
            return _cached(HttpResponseNotModified(), tag)
        found = [layers.layer(desk, register, kind, when) for kind in kinds]
    body = b"".join(layers.tile(one, at) for one in found)
    return _cached(HttpResponse(body, content_type=TILE), tag)


def shape(request: HttpRequest, record: str) -> Any:
    """One record's shape at two dates as GeoJSON, for the ring round it; nothing when it has none then."""
    desk, when, record = _desk(request), asked.when(request.GET), asked.record_id(record)
    with desk.reading() as register:
        kind = register.history(record).kind
        found = layers.layer(desk, register, kind, when)
    at = np.array([one for one in np.flatnonzero(found.located) if found.ids[one] == record], dtype=int)
    return StreamingHttpResponse(layers.geojson(found, at), content_type=GEOJSON)


def _spatial(register: Register, kind: str) -> None:
    if not register.model.kind(kind).shapes:
        raise FallowError("NO_GEOMETRY", kind)


def _packs(request: HttpRequest) -> bool:
    return "gzip" in request.META.get("HTTP_ACCEPT_ENCODING", "")


def summary(request: HttpRequest) -> Any:
    """Counts by kind and legend line at two dates, location unknown, and what became known later."""
    desk, when = _desk(request), asked.when(request.GET)
    with desk.reading() as register:
        return _answer(picture.summary(desk, register, when))


def times(request: HttpRequest) -> Any:
    """First and last day, and reports by the months of their two dates, for the sliders."""
    desk = _desk(request)
    with desk.reading() as register:
        return _answer(picture.times(desk, register))


def table(request: HttpRequest) -> Any:
    """Rows of what lies in a box at two dates, for the table beside the map."""
    desk, when, box = _desk(request), asked.when(request.GET), asked.box(request.GET)
    lines = request.GET.get("lines")
    kept = None if lines is None else frozenset(lines.split(","))
    with desk.reading() as register:
        return _answer(picture.in_view(desk, register, when, box, kept))


def difference(request: HttpRequest) -> Any:
    """What looks otherwise by what is known now: shapes as GeoJSON, and every such record in ``rows``.

    Feature property ``d`` is ``came``, ``went`` or ``changed``; a changed record is drawn as known now.
    """
    desk, when = _desk(request), asked.when(request.GET)
    with desk.reading() as register:
        if when.known is None:
            return _answer({"type": "FeatureCollection", "features": [], "rows": [], "total": 0})
        found = list(picture.differing(desk, register, when))
    return StreamingHttpResponse(_difference(found), content_type=GEOJSON)


def _difference(found: list[picture.Differing]) -> Iterator[bytes]:
    rows: list[dict[str, Any]] = []
    features: list[bytes] = []
    total = 0
    for one in found:
        total += len(one.said)
        for source, wanted in ((one.after, {"came", "changed"}), (one.before, {"went"})):
            at = np.array([n for n, id in enumerate(source.ids) if one.said.get(id) in wanted], dtype=int)
            room = picture.IN_VIEW - len(rows)
            rows += [
                picture.row(source, int(n)) | {"said": one.said[source.ids[n]]} for n in at[: max(0, room)]
            ]
            drawn = at[source.located[at]] if len(at) else at
            whole = b"".join(layers.geojson(source, drawn, said=one.said))
            features.append(whole[len(b'{"type":"FeatureCollection","features":[') : -2])
    yield b'{"type":"FeatureCollection","total":%d,"rows":%b,"features":[' % (total, orjson.dumps(rows))
    yield b",".join(one for one in features if one)
    yield b"]}"


def _desk(request: HttpRequest) -> Desk:
    desk: Desk = request.META["fallow.desk"]
    return desk


def _answer(body: dict[str, Any]) -> Any:
    return JsonResponse(body)


def _tag(register: Register, *question: object) -> str:
    """An ETag: the same ledger head and the same question give the same bytes."""
    number, digest, _ = register.ledger.head()
    # What is known or true "now" changes at midnight without an entry in the ledger.
    said = repr((register.id, number, digest, register.model.digest, question, picture.today(register)))
    return f'"{sha256(said.encode()).hexdigest()[:32]}"'


def _cached(response: Any, tag: str) -> Any:
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    response["Vary"] = "Accept-Encoding"
    return response
