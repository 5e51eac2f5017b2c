"""Face one, records as JSON, GeoJSON and CSV, written as they are read so that memory stays flat."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from fallow.cli.stamp import CRS, Stamp

if TYPE_CHECKING:
    from fallow.register import Record

BESIDE = ("known_from", "known_to", "true_from", "true_to", "conflict", "awaiting", "declared", "reports")


def geometry_of(wkb: bytes | None) -> dict[str, Any] | None:
    """GeoJSON of a geometry, every digit of it kept (S1); ``None`` for "location unknown"."""
    if wkb is None:
        return None
    import shapely

    found: dict[str, Any] = shapely.geometry.mapping(shapely.from_wkb(wkb))
    return found


def record_dict(record: Record, names: Sequence[str]) -> dict[str, Any]:
    """One record as a JSON object."""
    return {
        "id": record.id,
        "kind": record.kind,
        "fields": {name: record.fields.get(name) for name in names},
        "geometry": geometry_of(record.geometry),
        "known_from": record.known_from,
        "known_to": record.known_to,
        "true_from": record.true_from,
        "true_to": record.true_to,
        "conflict": record.conflict.split(),
        "awaiting": record.awaiting,
        "declared": record.declared,
        "reports": list(record.reports),
    }


def as_json(records: Iterable[Record], names: Sequence[str], stamp: Stamp) -> Iterator[bytes]:
    """One object: the stamp, then ``records``."""
    head = orjson.dumps(stamp.as_dict())
    yield head[:-1] + b',"records":['
    yield from _joined(orjson.dumps(record_dict(one, names)) for one in records)
    yield b"]}\n"


def as_geojson(records: Iterable[Record], names: Sequence[str], stamp: Stamp) -> Iterator[bytes]:
    """A feature collection (RFC 7946: longitude, latitude on WGS 84) with the stamp as member ``fallow``."""
    yield b'{"type":"FeatureCollection","fallow":' + orjson.dumps(stamp.as_dict()) + b',"features":['
    yield from _joined(orjson.dumps(_feature(one, names)) for one in records)
    yield b"]}\n"


def as_csv(records: Iterable[Record], names: Sequence[str], stamp: Stamp) -> Iterator[bytes]:
    """UTF-8, comma, one header line; geometry as WKT. Each row carries the date, the CRS and the notice.

    The notice is repeated because rows are copied out of tables one by one, and their meaning must go along.
    """
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\r\n")

    def written(cells: Sequence[Any]) -> bytes:
        writer.writerow(cells)
        text = line.getvalue().encode()
        line.seek(0)
        line.truncate()
        return text

    yield written(["id", *names, "geometry_wkt", *BESIDE, "data_date", "crs", "notice"])
    tail = [stamp.data_date, CRS, cell(stamp.notice)]
    for one in records:
        beside = [cell(getattr(one, name)) for name in BESIDE]
        values = [cell(one.fields.get(name)) for name in names]
        yield written([one.id, *values, _wkt(one.geometry), *beside, *tail])


def cell(value: Any) -> Any:
    """A value as a cell: numbers stay numbers, text that a spreadsheet would run gets a quote before it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, (list, tuple)):
        text = ";".join(str(one) for one in value)
    elif isinstance(value, dict):
        text = orjson.dumps(value).decode()
    else:
        text = str(value)
    if text[:1].isalnum() and text.isprintable() and ";" not in text:
        return text
    from fallow.publish import harmless_in_csv

    return harmless_in_csv(text)


def _feature(record: Record, names: Sequence[str]) -> dict[str, Any]:
    values = record_dict(record, names)
    geometry, fields, id = values.pop("geometry"), values.pop("fields"), values.pop("id")
    beside = {name: values[name] for name in BESIDE}
    return {
        "type": "Feature",
        "id": id,
        "geometry": geometry,
        "properties": {**fields, "record": id, **beside},
    }


def _wkt(wkb: bytes | None) -> str:
    if wkb is None:
        return ""
    import shapely

    # 17 digits: what comes back is the same double
    return str(shapely.to_wkt(shapely.from_wkb(wkb), rounding_precision=17, trim=True))


def _joined(parts: Iterator[bytes]) -> Iterator[bytes]:
    for position, part in enumerate(parts):
        yield (b",\n" if position else b"\n") + part
