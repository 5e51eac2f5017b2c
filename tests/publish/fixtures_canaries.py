"""A register in which every field that not everybody may see holds a token found nowhere else.

It is filled the way any register is: a source a kind, brought in and approved. Fields that hold no free text
(codes, links, yes or no) cannot carry a token; numbers carry one in their digits.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from fallow.intake import bring_in
from fallow.kinds import Field, Kind, Model
from fallow.register import Register, create_register

PASSPHRASE = "a long passphrase for canaries"
LON, LAT = 15.0, 45.0
ORDER = ("organisation", "statement", "accident", "victim", "hazard")
"""Kinds that others must point to come first."""


@dataclass
class Canaries:
    """The register and what is hidden in it: by ``kind.field`` the token, of which class."""

    register: Register
    restricted: dict[str, str] = field(default_factory=dict)
    personal: dict[str, str] = field(default_factory=dict)


def token(kind: str, name: str) -> str:
    return "Q" + sha256(f"{kind}.{name}".encode()).hexdigest()[:14].upper()


def digits(kind: str, name: str) -> int:
    """Seven digits that begin with a 7."""
    return 7_000_000 + int(sha256(f"{kind}.{name}".encode()).hexdigest()[:8], 16) % 999_983


def planted(folder: Path) -> Canaries:
    register = create_register(
        folder / "canaries.gpkg", title="Canaries", invented=True, passphrase=PASSPHRASE, country=None
    )
    made = Canaries(register)
    kinds = register.model.kinds
    for name in (*ORDER, *(one for one in kinds if one not in ORDER)):
        _bring(folder / "in" / name, kinds[name], made)
    return made


def _bring(folder: Path, kind: Kind, made: Canaries) -> None:
    folder.mkdir(parents=True)
    row: dict[str, str] = {"id": f"{kind.name}-1"}
    for one in kind.fields:
        value = _value(kind, one, made)
        if value is not None:
            row[one.name] = value
    row = {**row, **_also(kind.name)}
    geometry: Any = "none"
    if kind.shapes:
        column = "polygon" if "point" not in kind.shapes else "point"
        row["where"] = _shape(kind, column, made)
        geometry = {"column": "where", "as": "wkt"}
    with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(row))
        writer.writeheader()
        writer.writerow(row)
    fields: dict[str, Any] = {name: name for name in row if name not in ("id", "where", kind.date)}
    for name in fields:
        link = kind.field(name)
        if link is not None and link.type == "link":
            of = f"canary-{link.link}".replace("_", "-")
            fields[name] = {"link": link.link, "by": name, "of": of}
    record = {
        "kind": kind.name,
        "id": {"column": "id"},
        "date": kind.date if kind.date in row else "delivered",
        "fields": fields,
    }
    if kind.shapes:
        record["geometry"] = geometry
    description = {
        "source": f"canary-{kind.name.replace('_', '-')}",
        "title": "Canaries",
        "who": "Canary organisation",
        "licence": "for a test",
        "delivered": "2024-05-31",
        "files": {"rows": "rows.csv"},
        "tables": [{"name": "rows", "format": "csv", "records": [record]}],
    }
    (folder / "source.yaml").write_text(yaml.safe_dump(description, allow_unicode=True), encoding="utf-8")
    receipt = bring_in(folder, made.register, approve_by="officer", why="canaries")
    assert receipt.approved == 1, (kind.name, [one.as_dict() for one in receipt.findings])


def _value(kind: Kind, one: Field, made: Canaries) -> str | None:
    """What a field holds: a token where nobody else may see it, and what is required."""
    if one.sensitivity != "public":
        if one.type == "text":
            return _plant(kind, one, token(kind.name, one.name), made)
        if one.type in ("integer", "quantity", "decimal"):
            number = digits(kind.name, one.name)
            if one.high is None or one.high >= number:
                return _plant(kind, one, str(number), made)
    if one.name == kind.date or one.required != "never":
        return _required(kind, one, made.register.model)
    if one.type == "text" and one.sensitivity == "public" and one.name in ("admin1", "admin2", "name"):
        return f"Public {one.name}"
    return None


def _plant(kind: Kind, one: Field, value: str, made: Canaries) -> str:
    where = made.personal if one.personal else made.restricted
    where[f"{kind.name}.{one.name}"] = value
    return value


def _required(kind: Kind, one: Field, model: Model) -> str | None:
    if one.type == "date":
        return "2024-03-04"
    if one.type == "code":
        return _START.get((kind.name, one.name)) or model.codes(one).codes[0].code
    if one.type == "link":
        return f"{one.link}-1"
    return f"{kind.name} {one.name}"


_START = {("assistance", "status"): "need"}


def _also(kind: str) -> dict[str, str]:
    """What makes the records count: a victim is killed, in an accident."""
    return {"victim": {"outcome": "killed"}}.get(kind, {})


def _shape(kind: Kind, form: str, made: Canaries) -> str:
    """A place with digits of its own; restricted where the kind says so."""
    number = digits(kind.name, "geometry")
    lon, lat = f"15.1{number}", f"45.1{number}"
    if kind.sensitivity != "public":
        made.restricted[f"{kind.name}.geometry"] = lon
    if form == "point":
        return f"POINT ({lon} {lat})"
    return f"POLYGON (({lon} {lat}, 15.3 {lat}, 15.3 45.3, {lon} 45.3, {lon} {lat}))"


def every_word(made: Canaries) -> Iterator[tuple[str, str, bytes]]:
    """Class, field and token, as bytes."""
    for name, value in made.restricted.items():
        yield "restricted", name, value.encode()
    for name, value in made.personal.items():
        yield "personal", name, value.encode()
