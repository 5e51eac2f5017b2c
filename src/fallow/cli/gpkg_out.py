"""Face one, records and features as a GeoPackage of one layer, for QGIS, by the writer of the gate."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from fallow.cli.stamp import Stamp
from fallow.errors import FallowError
from fallow.words import in_language

if TYPE_CHECKING:
    from fallow.kinds import Kind
    from fallow.register import Record

_BESIDE = (("known_from", "DATE"), ("true_from", "DATE"), ("conflict", "TEXT"), ("awaiting", "TEXT"))


def write_gpkg(
    target: Path, records: Iterable[Record], kind: Kind, names: Sequence[str], stamp: Stamp
) -> int:
    """Write records to a new GeoPackage; gives how many. The notice is the layer's description."""
    from fallow.kinds import columns
    from fallow.publish import write_layer

    types = {one.name: one.type for one in columns(kind)}
    listed = [(name, types.get(name, "TEXT")) for name in names]
    prefix = "INVENTED " if stamp.invented else ""
    with _written(target):
        return write_layer(
            target,
            kind.name,
            [("record", "TEXT"), *listed, *_BESIDE],
            _rows(records, kind, listed),
            spatial=bool(kind.shapes),
            title=prefix + in_language(kind.plural),
            about=f"{stamp.notice} {orjson.dumps(stamp.as_dict()).decode()}",
            changed=_now(),
        )


def write_features(target: Path, layer: str, features: Sequence[Mapping[str, Any]], about: str) -> None:
    """Write mappings with a ``geometry`` (WKB or ``None``) as one layer; ``about`` is its description."""
    from fallow.publish import write_layer

    partial = target.with_name(target.name + ".partial")
    names = [name for name in (features[0] if features else {"difference": ""}) if name != "geometry"]
    numbers = {name for name in names for one in features if isinstance(one[name], (int, float))}
    with _written(target):
        partial.unlink(missing_ok=True)
        write_layer(
            partial,
            layer,
            [(name, "REAL" if name in numbers else "TEXT") for name in names],
            ((one["geometry"], *(one[name] for name in names)) for one in features),
            spatial=True,
            title=layer,
            about=about,
            changed=_now(),
        )
        partial.replace(target)


@contextmanager
def _written(target: Path) -> Iterator[None]:
    """A file that may not be written is named; what the register says of itself has its name already."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        said = getattr(error, "strerror", None) or getattr(error, "sqlite_errorname", None)
        name = target.name.removesuffix(".partial")
        raise FallowError("TARGET_NOT_WRITTEN", name, found=said or type(error).__name__) from error


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _rows(records: Iterable[Record], kind: Kind, listed: Sequence[tuple[str, str]]) -> Iterator[list[Any]]:
    from fallow.kinds import VALUE_TYPES

    stores = [
        (name, VALUE_TYPES[field.type].store if (field := kind.field(name)) else None) for name, _ in listed
    ]
    for one in records:
        row: list[Any] = [one.geometry] if kind.shapes else []
        row.append(one.id)
        for name, store in stores:
            value = one.fields.get(name)
            row.append(store(value) if store is not None and value is not None else value)
        row += [one.known_from, one.true_from, one.conflict, one.awaiting]
        yield row
