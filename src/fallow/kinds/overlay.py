"""Step 0, the national overlay: a folder of declarations that adds to the catalogue and never takes away.

``overlay.yaml`` says the name, ``kinds/*.yaml`` declare new kinds or extend one (``extend: hazard``),
``codes/*.csv`` add codes to a list or bring a new list, ``labels.csv`` gives further words for what is there.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fallow.errors import FallowError
from fallow.kinds.build import Built, Languages, build_kind, extend_kind
from fallow.kinds.code_lists import read_codes, relabelled
from fallow.kinds.declared import nearest, read_yaml
from fallow.kinds.gathered import Gathered, check_file_name
from fallow.kinds.model import Field, Kind
from fallow.words import LANGUAGES, Text


@dataclass(frozen=True, slots=True)
class Overlay:
    """The head of an overlay."""

    name: str
    prefix: str
    """Permanent ids it brings begin with this and a point."""
    title: Text
    languages: Languages
    """Its labels are needed in the languages of its title."""


def read_overlay(folder: Path) -> Overlay:
    """``overlay.yaml`` of a folder. Raises ``MODEL_FILE`` when it is not there."""
    path = folder / "overlay.yaml"
    if not path.is_file():
        raise FallowError("MODEL_FILE", f"{folder.name}/overlay.yaml", found="-")
    block = read_yaml(path)
    name = block.text("name")
    further = block.texts("languages")
    allowed = (*LANGUAGES, *(one for one in further if one not in LANGUAGES))
    overlay = Overlay(
        name=name,
        prefix=block.maybe("prefix") or name,
        title=(title := block.label("title", (), allowed)),
        languages=Languages(needed=tuple(one for one in allowed if one in title), allowed=allowed),
    )
    block.finish()
    return overlay


def lay_on(found: Gathered, folder: Path) -> Overlay:
    """Add what the overlay in ``folder`` declares. Raises ``MODEL_*`` with file and line."""
    overlay = read_overlay(folder)
    for path in sorted((folder / "codes").glob("*.csv")):
        base = found.code_lists.get(path.stem)
        found.code_lists[path.stem] = read_codes(
            path, overlay.languages.needed, overlay.languages.allowed, base
        )
    for path in sorted((folder / "kinds").glob("*.yaml")):
        _kind(found, path, overlay)
    labels = folder / "labels.csv"
    if labels.is_file():
        _relabel(found, labels, overlay.languages.allowed)
    return overlay


def _kind(found: Gathered, path: Path, overlay: Overlay) -> None:
    block = read_yaml(path)
    where = block.where()
    extended = block.maybe("extend")
    if extended is None:
        built = build_kind(block, overlay.languages)
        check_file_name(built, path, where)
        if built.kind.name in found.kinds:
            raise FallowError("MODEL_OVERLAY_CHANGES", where, found=built.kind.name)
    else:
        base = found.kinds.get(extended)
        if base is None:
            raise FallowError(
                "MODEL_NAME_UNKNOWN", where, key="extend", found=extended, near=nearest(extended, found.kinds)
            )
        built = extend_kind(block, base, overlay.languages)
    _check_prefix(built, overlay.prefix)
    found.put(built)


def _check_prefix(built: Built, prefix: str) -> None:
    for permanent, where in built.where.items():
        if not permanent.startswith(f"{prefix}."):
            raise FallowError("MODEL_OVERLAY_PREFIX", where, id=permanent, prefix=prefix)


def _relabel(found: Gathered, path: Path, allowed: tuple[str, ...]) -> None:
    """Further words by id (``hazard``, ``hazard.3``), by list (``sex``) or by code (``sex:female``)."""
    words: dict[str, dict[str, dict[str, str]]] = {}
    where = f"{path.parent.name}/{path.name}"
    known = _ids(found)
    for line, row in _label_rows(path, where, allowed):
        if row["id"] not in known:
            raise FallowError(
                "MODEL_NAME_UNKNOWN",
                f"{where}:{line}",
                key="id",
                found=row["id"],
                near=nearest(row["id"], known),
            )
        if row["part"] not in known[row["id"]]:
            allowed_parts = ", ".join(known[row["id"]])
            raise FallowError(
                "MODEL_VALUE", f"{where}:{line}", key="part", found=row["part"] or "-", allowed=allowed_parts
            )
        given = {language: word for language in allowed if (word := row.get(language, "").strip())}
        words.setdefault(row["id"], {}).setdefault(row["part"], {}).update(given)
    for name, kind in found.kinds.items():
        fields = tuple(_relabelled_field(one, words.get(one.id, {})) for one in kind.fields)
        found.kinds[name] = _relabelled_kind(replace(kind, fields=fields), words.get(kind.id, {}))
    by_code = {one: parts["label"] for one, parts in words.items() if "label" in parts}
    for name, listed in found.code_lists.items():
        found.code_lists[name] = relabelled(listed, by_code)


def _label_rows(path: Path, where: str, allowed: tuple[str, ...]) -> list[tuple[int, Mapping[str, str]]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        read = csv.DictReader(lines, restkey="", strict=True)
        for name in read.fieldnames or ():
            if name not in ("id", "part", *allowed):
                near = nearest(name, ("id", "part", *allowed))
                raise FallowError("MODEL_KEY_UNKNOWN", f"{where}:1", key=name, near=near)
        for name in ("id", "part"):
            if name not in (read.fieldnames or ()):
                raise FallowError("MODEL_KEY_MISSING", f"{where}:1", key=name)
        try:
            rows: list[tuple[int, Mapping[str, str]]] = [(read.line_num, row) for row in read]
        except (csv.Error, UnicodeDecodeError) as error:
            raise FallowError("MODEL_FILE", f"{where}:{read.line_num}", found=str(error)) from error
    for line, row in rows:
        if "" in row or None in row.values():
            raise FallowError("MODEL_FILE", f"{where}:{line}", found="CSV")
    return rows


def _ids(found: Gathered) -> Mapping[str, tuple[str, ...]]:
    """Everything that has words: its name in ``labels.csv``, and which parts of it can be said."""
    known: dict[str, tuple[str, ...]] = {}
    for listed in found.code_lists.values():
        known[listed.name] = ("label",)
        known.update({f"{listed.name}:{one.code}": ("label",) for one in listed})
    for kind in found.kinds.values():
        known[kind.id] = ("label", "plural", "about")
        for one in kind.fields:
            known[one.id] = (
                "label",
                *(part for part in ("hint", "reverse") if getattr(one, part) is not None),
            )
    return known


def _relabelled_field(one: Field, parts: Mapping[str, Mapping[str, str]]) -> Field:
    changed = {part: {**(getattr(one, part) or {}), **words} for part, words in parts.items()}
    return replace(one, **changed) if changed else one  # type: ignore[arg-type]


def _relabelled_kind(kind: Kind, parts: Mapping[str, Mapping[str, str]]) -> Kind:
    changed = {part: {**getattr(kind, part), **words} for part, words in parts.items()}
    return replace(kind, **changed) if changed else kind  # type: ignore[arg-type]
