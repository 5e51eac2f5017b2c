"""Step 0, from a declaration to a kind: every key taken, every name looked up, everything else refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, cast

from fallow.errors import FallowError
from fallow.kinds.declared import Block, nearest
from fallow.kinds.model import Clock, Field, Kind, Sensitivity, Shape, StateMachine, Step
from fallow.kinds.values import UNITS, VALUE_TYPES
from fallow.words import Text

CLASSES = ("public", "restricted", "personal")
_SHAPES = ("point", "line", "polygon")
_GROUPS = ("object", "process", "place", "paper")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
_ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
_BOUNDED = frozenset({"integer", "decimal", "quantity"})

RESERVED = frozenset(
    {"fid", "geom", "ogc_fid", "rowid", "oid", "_rowid_", "record", "kind"}
    | {"known", "true", "known_from", "known_to", "true_from", "true_to"}
    | {"conflict", "awaiting", "declared", "reports", "row_hash"}
    | {"geometry", "geom_point", "geom_line", "geom_polygon", "meta"}
)
"""Names that the register, GeoPackage or XLSForm use themselves."""


@dataclass(frozen=True, slots=True)
class Languages:
    """The languages every label must be in, and those it may be in."""

    needed: tuple[str, ...]
    allowed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that must exist once everything is read: checked last, reported where it stands."""

    where: str
    key: str
    target: str
    within: Literal["kinds", "code_lists"] | tuple[str, str]
    """``("codes", list)`` for a code of a list."""


@dataclass(slots=True)
class Built:
    """A kind, the places its ids were declared at, and the names it still has to be checked for."""

    kind: Kind
    where: dict[str, str] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    retired: dict[str, str] = field(default_factory=dict)


def build_kind(block: Block, languages: Languages) -> Built:
    """One kind from its declaration. Raises ``MODEL_*`` with file and line."""
    name = block.text("kind")
    _check_name(name, block.where("kind"))
    permanent = checked_id(block, "id")
    built = Built(
        Kind(
            id=permanent,
            name=name,
            label=_label(block, "label", languages),
            plural=_label(block, "plural", languages),
            about=_label(block, "about", languages),
            clock=cast(Clock, block.one_of("clock", ("state", "event"))),
            group=block.one_of("group", _GROUPS),
            source=block.maybe("source"),
            fields=(),
        ),
        where={permanent: block.where("id")},
    )
    _geometry(built, block.block("geometry"))
    _retired(built, block.block("retired"))
    _fields(built, block.blocks("fields", needed=True), languages)
    _roles(built, block)
    _states(built, block.blocks("states"), languages)
    built.kind = replace(built.kind, rules=block.texts("rules"))
    block.finish()
    return built


def extend_kind(block: Block, base: Kind, languages: Languages) -> Built:
    """A kind of the catalogue with the fields, states and rules that an overlay adds."""
    built = Built(base)
    _fields(built, block.blocks("fields"), languages)
    _states(built, block.blocks("states"), languages)
    built.kind = replace(
        built.kind, rules=(*base.rules, *(one for one in block.texts("rules") if one not in base.rules))
    )
    block.finish()
    return built


def checked_id(block: Block, key: str) -> str:
    """A permanent id: lower-case words joined by points."""
    permanent = block.text(key)
    if not _ID.fullmatch(permanent):
        raise FallowError("MODEL_NAME_BAD", block.where(key), found=permanent)
    return permanent


def _check_name(name: str, where: str) -> None:
    own = name.endswith("_history") or name.startswith(("fallow_", "gpkg_", "rtree_", "sqlite_"))
    if own or name in RESERVED or not _NAME.fullmatch(name):
        raise FallowError("MODEL_NAME_BAD", where, found=name)


def _label(block: Block, key: str, languages: Languages) -> Text:
    return block.label(key, languages.needed, languages.allowed)


def _class(block: Block, of: str) -> Sensitivity:
    if "class" not in block:
        raise FallowError("MODEL_CLASS_MISSING", block.where(), field=of)
    return cast(Sensitivity, block.one_of("class", CLASSES))


def _geometry(built: Built, block: Block | None) -> None:
    if block is None:
        return
    shapes = block.texts("shapes", needed=True)
    for shape in shapes:
        if shape not in _SHAPES:
            raise FallowError(
                "MODEL_VALUE", block.where("shapes"), key="shapes", found=shape, allowed=", ".join(_SHAPES)
            )
    built.kind = replace(
        built.kind,
        shapes=cast(tuple[Shape, ...], shapes),
        location_unknown=block.flag("unknown"),
        danger=block.flag("danger"),
        sensitivity=_class(block, "geometry"),
    )
    block.finish()


def _retired(built: Built, block: Block | None) -> None:
    if block is None:
        return
    for permanent in block.keys():  # noqa: SIM118, a Block is no dict
        built.where[permanent] = block.where(permanent)
        built.retired[permanent] = block.text(permanent)


def _fields(built: Built, blocks: Iterable[Block], languages: Languages) -> None:
    fields = list(built.kind.fields)
    names = {one.name: "" for one in fields}
    for block in blocks:
        one = _field(block, languages, built)
        if one.name in names:
            raise FallowError(
                "MODEL_NAME_TWICE", block.where("name"), name=one.name, first=names[one.name] or "-"
            )
        if one.id in built.where:
            raise FallowError("MODEL_ID_TWICE", block.where("id"), id=one.id, first=built.where[one.id])
        names[one.name] = block.where("name")
        built.where[one.id] = block.where("id")
        fields.append(one)
    built.kind = replace(built.kind, fields=tuple(fields))


def _field(block: Block, languages: Languages, built: Built) -> Field:
    name = block.text("name")
    _check_name(name, block.where("name"))
    value_type = block.one_of("type", VALUE_TYPES)
    low, high = (block.number("low"), block.number("high")) if value_type in _BOUNDED else (None, None)
    if low is not None and high is not None and low > high:
        raise FallowError("MODEL_BOUNDS", block.where("low"), low=low, high=high)
    codes = block.text("codes") if value_type in ("code", "codes") else None
    link = block.text("link") if value_type in ("link", "links") else None
    if codes:
        built.references.append(Reference(block.where("codes"), "codes", codes, "code_lists"))
    if link:
        built.references.append(Reference(block.where("link"), "link", link, "kinds"))
    one = Field(
        id=checked_id(block, "id"),
        name=name,
        type=value_type,
        label=_label(block, "label", languages),
        sensitivity=_class(block, name),
        hint=_label(block, "hint", languages) if "hint" in block else None,
        codes=codes,
        unit=block.one_of("unit", UNITS) if value_type == "quantity" else None,
        link=link,
        reverse=_label(block, "reverse", languages) if link and "reverse" in block else None,
        required=cast(
            Literal["never", "draft", "approved"],
            block.one_of("required", ("never", "draft", "approved"), default="never"),
        ),
        low=low,
        high=high,
        source=block.maybe("source"),
    )
    block.finish()
    return one


_ROLE_TYPES: Mapping[str, tuple[str, ...]] = {
    "date": ("date",),
    "title": ("text", "names", "code", "date", "integer"),
    "symbol": ("code",),
}


def _roles(built: Built, block: Block) -> None:
    """Which field is the date, which one a person calls the record by, which one colours the map."""
    for role, types in _ROLE_TYPES.items():
        name = block.maybe(role)
        if name is None:
            continue
        fitting = [one.name for one in built.kind.fields if one.type in types and not one.personal]
        if name not in fitting:
            raise FallowError(
                "MODEL_NAME_UNKNOWN", block.where(role), key=role, found=name, near=nearest(name, fitting)
            )
        built.kind = replace(built.kind, **{role: name})  # type: ignore[arg-type]


def _states(built: Built, blocks: Iterable[Block], languages: Languages) -> None:
    machines = {one.field: one for one in built.kind.states}
    coded = {one.name: one.codes or "" for one in built.kind.fields if one.type == "code"}
    for block in blocks:
        name = block.text("field")
        if name not in coded:
            raise FallowError(
                "MODEL_NAME_UNKNOWN", block.where("field"), key="field", found=name, near=nearest(name, coded)
            )
        within = ("codes", coded[name])
        before = machines.get(name, StateMachine(name, (), ()))
        start = block.texts("start")
        built.references += [Reference(block.where("start"), "start", one, within) for one in start]
        machines[name] = StateMachine(
            name,
            (*before.start, *(one for one in start if one not in before.start)),
            (*before.steps, *_steps(built, block.blocks("steps"), within, languages, forbidden=False)),
            (*before.forbidden, *_steps(built, block.blocks("forbidden"), within, languages, forbidden=True)),
        )
        block.finish()
    built.kind = replace(built.kind, states=tuple(machines.values()))


def _steps(
    built: Built, blocks: Sequence[Block], within: tuple[str, str], languages: Languages, *, forbidden: bool
) -> list[Step]:
    steps: list[Step] = []
    for block in blocks:
        come = block.texts("come", single=True, needed=True)
        go = block.texts("go", single=True, needed=True)
        for key, states in (("come", come), ("go", go)):
            built.references += [Reference(block.where(key), key, one, within) for one in states]
        needs = block.texts("needs", single=True)
        # A refusal without its reason teaches nobody: "why" is not optional for a forbidden step.
        why = _label(block, "why", languages) if forbidden or "why" in block else None
        block.finish()
        steps += [Step(one, other, needs, why) for one in come for other in go]
    return steps
