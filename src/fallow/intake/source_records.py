"""Step 1, reports arrive: the part of ``source.yaml`` that turns rows into records, held against the
kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal

from fallow.errors import FallowError
from fallow.intake.mapping_values import parse_text, placeholders
from fallow.intake.read import GeometrySpec
from fallow.intake.source import Condition, FieldSpec, RecordSpec
from fallow.intake.source_yaml import Node
from fallow.kinds import Field, Kind, Model, date_low, date_patterns, find_unit

RECORD_KEYS = ("kind", "id", "match", "complete", "date", "fields", "geometry", "where", "author", "group")
FIELD_KEYS = (
    "from",
    "value",
    "lookup",
    "else",
    "empty",
    "unit",
    "date",
    "split",
    "join",
    "pad",
    "thousands",
    "decimal",
    "pattern",
    "collect",
    "when",
    "optional",
    "link",
    "by",
    "of",
)
GEOMETRY_KEYS = ("x", "y", "column", "as", "zone", "utm", "decimal", "order")
GEOMETRY = "@geometry"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a table writes numbers and emptiness; what a field says overrides it."""

    decimal: str = "."
    thousands: str = ""
    empty: frozenset[str] = frozenset()


def record_spec(node: Node, model: Model, manner: Manner) -> RecordSpec:
    """One entry of ``records``."""
    keys = node.keys(RECORD_KEYS, required=("kind", "id"))
    kind = _kind(keys["kind"], model)
    named = keys["fields"].entries("{outcome: estado}") if "fields" in keys else {}
    fields = tuple(_field(name, one, kind, model, manner) for name, one in named.items())
    date, undated, fields = _date(node, keys.get("date"), kind, model, manner, fields)
    id = _id(keys["id"])
    match = _match(keys["match"], kind, fields, date) if "match" in keys else ()
    if id and match:
        keys["match"].refuse("SOURCE_CLASH", one="id", other="match")
    spec = RecordSpec(
        kind=kind.name,
        id=id,
        match=match,
        complete=keys["complete"].yes() if "complete" in keys else bool(match),
        date=date,
        undated=undated,
        fields=fields,
        geometry=_geometry(keys.get("geometry"), kind, manner),
        rows=_condition(keys["where"]) if "where" in keys else {},
        author=_author(keys["author"]) if "author" in keys else None,
        group=keys["group"].yes() if "group" in keys else False,
        where=node.where,
    )
    _refuse_without_required(node, kind, spec)
    _refuse_personal_in_the_open(node, kind, spec)
    return spec


def _kind(node: Node, model: Model) -> Kind:
    name = node.text("hazard")
    if name not in model.kinds:
        node.refuse("SOURCE_KIND_UNKNOWN", found=name, near=_near(name, model.kinds))
    return model.kinds[name]


def _near(name: str, known: Iterable[str]) -> str:
    choices = sorted(known)
    near = get_close_matches(name, choices, n=1, cutoff=0.5)
    return near[0] if near else ", ".join(choices)


def _id(node: Node) -> tuple[str, ...]:
    """``none``, ``{column: X}`` or ``{columns: [a, b]}``."""
    if not node.is_map:
        node.word(("none",))
        return ()
    keys = node.keys(("column", "columns"))
    if len(keys) != 1:
        node.expected("none | {column: X} | {columns: [a, b]}")
    return next(iter(keys.values())).texts()


def _author(node: Node) -> str:
    keys = node.keys(("column",), required=("column",))
    return keys["column"].text("surveyor")


def _condition(node: Node) -> Condition:
    found = {}
    for column, said in node.entries('{TIPO_EVENTO: ["1", "2"]}').items():
        texts = said.items() if said.is_list else (said,)
        if any(one.is_map or one.is_list for one in texts):
            said.expected('["1", "2"]')
        found[column] = frozenset(str(one.value or "") for one in texts)
    return found


# Fields


def _field(name: str, node: Node, kind: Kind, model: Model, manner: Manner) -> FieldSpec:
    of = kind.field(name)
    if of is None:
        node.refuse(
            "SOURCE_FIELD_UNKNOWN",
            found=name,
            kind=kind.name,
            near=_near(name, [f.name for f in kind.fields]),
        )
    spec = _made_of(name, node, of, manner)
    _check_codes(node, spec, of, model)
    _check_manner(node, spec, of)
    return spec


def _made_of(name: str, node: Node, of: Field, manner: Manner) -> FieldSpec:
    """``column``, or a mapping of the keys of ``docs/sources.md``."""
    plain = FieldSpec(
        name, empty=manner.empty, decimal=manner.decimal, thousands=manner.thousands, where=node.where
    )
    if not node.is_map:
        return replace(plain, columns=(node.text("column"),))
    keys = node.keys(FIELD_KEYS)
    if "link" in keys:
        return _link(node, keys, plain, of)
    if "collect" in keys:
        return _collected(keys, plain, of)
    if ("from" in keys) == ("value" in keys):
        node.expected("{from: column} | {value: text}")
    for key in ("by", "of"):
        if key in keys:
            keys[key].refuse("SOURCE_KEY_MISSING", key="link")
    spec = replace(
        plain,
        columns=keys["from"].texts("[column, column]") if "from" in keys else (),
        constant=keys["value"].text() if "value" in keys else None,
        lookup=_lookup(keys["lookup"]) if "lookup" in keys else None,
        otherwise=keys["else"].text() if "else" in keys else None,
        empty=manner.empty | (frozenset(keys["empty"].texts()) if "empty" in keys else frozenset()),
        unit=keys["unit"].text("ha") if "unit" in keys else None,
        date=keys["date"].text("dd/mm/yyyy") if "date" in keys else None,
        split=_sign(keys.get("split")),
        join=_sign(keys.get("join")),
        pad=keys["pad"].integer(1, "5") if "pad" in keys else None,
        pattern=keys["pattern"].text("{year}-{month:02}") if "pattern" in keys else None,
        decimal=keys["decimal"].word((".", ",", "٫")) if "decimal" in keys else manner.decimal,
        thousands=_thousands(keys["thousands"]) if "thousands" in keys else manner.thousands,
        when=_condition(keys["when"]) if "when" in keys else {},
        optional=keys["optional"].yes() if "optional" in keys else False,
    )
    if len(spec.columns) > 1 and spec.pattern is None and spec.join is None:
        node.refuse("SOURCE_KEY_MISSING", key="join | pattern")
    if spec.otherwise is not None and spec.lookup is None and "date" not in keys:
        keys["else"].refuse("SOURCE_KEY_MISSING", key="lookup")
    if spec.pattern is not None:
        strange = [one for one in placeholders(spec.pattern) if one not in spec.columns]
        if strange or not spec.columns:
            keys["pattern"].refuse("SOURCE_PATTERN", found=", ".join(strange) or spec.pattern)
    return spec


def _thousands(node: Node) -> str:
    found = node.value if isinstance(node.value, str) else ""
    return found if len(found) <= 1 else node.expected('","')


def _lookup(node: Node) -> Mapping[str, str | None]:
    entries = node.entries("{Herido: injured, Muerto: killed}")
    return {raw: None if one.value is None else one.text("injured") for raw, one in entries.items()}


def _sign(node: Node | None) -> str | None:
    """What separates or joins: may be a space, which ``text`` would call nothing."""
    if node is None:
        return None
    return node.value if isinstance(node.value, str) else node.expected('";"')


def _collected(keys: Mapping[str, Node], plain: FieldSpec, of: Field) -> FieldSpec:
    """One yes/no column for each code, as forms write a choice of several."""
    if of.type != "codes":
        keys["collect"].refuse("SOURCE_CLASH", one="collect", other=f"{of.name}: {of.type}")
    for key in keys:
        if key not in ("collect", "empty", "when", "optional"):
            keys[key].refuse("SOURCE_CLASH", one=key, other="collect")
    codes = {
        column: one.text("code") for column, one in keys["collect"].entries("{ev_scrap: scrap_metal}").items()
    }
    return replace(
        plain,
        columns=tuple(codes),
        collect=codes,
        empty=plain.empty | (frozenset(keys["empty"].texts()) if "empty" in keys else frozenset()),
        when=_condition(keys["when"]) if "when" in keys else {},
        optional=keys["optional"].yes() if "optional" in keys else False,
    )


def _link(node: Node, keys: Mapping[str, Node], plain: FieldSpec, of: Field) -> FieldSpec:
    kind = keys["link"].text("accident")
    if of.type not in ("link", "links") or of.link != kind:
        keys["link"].refuse("SOURCE_LINK_KIND", field=of.name, kind=kind, expected=of.link or of.type)
    for key in keys:
        if key not in ("link", "by", "of", "empty", "when", "optional", "split"):
            keys[key].refuse("SOURCE_CLASH", one=key, other="link")
    if "of" in keys and "by" not in keys:
        node.refuse("SOURCE_KEY_MISSING", key="by")
    return replace(
        plain,
        link=kind,
        by=keys["by"].texts("column") if "by" in keys else (),
        of=keys["of"].text("other-source") if "of" in keys else None,
        empty=plain.empty | (frozenset(keys["empty"].texts()) if "empty" in keys else frozenset()),
        when=_condition(keys["when"]) if "when" in keys else {},
        optional=keys["optional"].yes() if "optional" in keys else False,
        split=_sign(keys.get("split")),
    )


def _check_manner(node: Node, spec: FieldSpec, of: Field) -> None:
    """A unit and an order of dates that nobody knows show now, not at the first row."""
    if spec.date is not None:
        try:
            date_patterns(spec.date)
        except FallowError:
            node.refuse("SOURCE_DATE_ORDER", found=spec.date)
    if spec.unit is not None:
        unit = find_unit(spec.unit)
        if of.type != "quantity" or unit is None:
            node.refuse("SOURCE_UNIT", found=spec.unit, field=of.name, expected=of.unit or of.type)


def _check_codes(node: Node, spec: FieldSpec, of: Field, model: Model) -> None:
    """Every text the description itself gives must be a value of the field: a wrong code shows now, not at
    row 9,000.
    """
    given = [*(spec.lookup or {}).values(), *(spec.collect or {}).values(), spec.otherwise, spec.constant]
    for text in given:
        if text is None:
            continue
        try:
            parse_text(text, replace(spec, unit=None, date=None, thousands="", decimal="."), of, model)
        except FallowError as fault:
            near = fault.facts.get("near") or (
                ", ".join(one.code for one in model.codes(of)) if of.codes else of.type
            )
            node.refuse("SOURCE_CODE_UNKNOWN", found=text, known=near)


# Date, continuity, place


def _date(
    node: Node, given: Node | None, kind: Kind, model: Model, manner: Manner, fields: tuple[FieldSpec, ...]
) -> tuple[FieldSpec | None, str | None, tuple[FieldSpec, ...]]:
    """The date spec, what stands for a missing one, and the other fields."""
    mapped = next((one for one in fields if one.name == kind.date), None)
    rest = tuple(one for one in fields if one is not mapped)
    if given is None:
        if mapped is None and kind.date is not None:
            node.refuse("SOURCE_KEY_MISSING", key="date")
        return mapped, None, rest
    if mapped is not None:
        given.refuse("SOURCE_CLASH", one="date", other=f"fields.{kind.date}")
    if given.value == "delivered":
        return None, "delivered", rest
    if kind.date is None:
        given.expected("delivered")
    of = kind.field(kind.date)
    assert of is not None  # the model's loader refuses a kind whose date names no field  # noqa: S101
    undated = None
    if given.is_map and "else" in given.entries():
        otherwise = given.entries()["else"]
        undated = otherwise.text("delivered | 1995")
        if undated != "delivered":
            try:
                date_low(undated)
            except (FallowError, ValueError):
                otherwise.expected("delivered | 1995")
        entries = {key: one for key, one in given.entries().items() if key != "else"}
        given = replace(given, value=entries)
    spec = _made_of(of.name, given, of, manner)
    _check_manner(given, spec, of)
    if spec.constant is not None:
        _check_codes(given, spec, of, model)
    return spec, undated, rest


def _match(
    node: Node, kind: Kind, fields: tuple[FieldSpec, ...], date: FieldSpec | None
) -> tuple[tuple[str, ...], ...]:
    """Tiers of field names; a column stands for the field it fills."""
    tiers = node.items("[admin2_code, date, outcome]")
    if not any(one.is_list for one in tiers):
        tiers = (node,)
    known = [*fields, *([date] if date else [])]
    found = []
    for tier in tiers:
        names: list[str] = []
        for one in tier.items():
            said = one.text("column")
            of = next((spec.name for spec in known if said == spec.name), None) or next(
                (spec.name for spec in known if said in spec.columns), None
            )
            if said in ("geometry", GEOMETRY):
                of = GEOMETRY
            if of is None:
                one.refuse(
                    "SOURCE_MATCH_UNKNOWN", found=said, near=_near(said, [spec.name for spec in known])
                )
            field = kind.field(of)
            if field is not None and field.personal:
                one.refuse("SOURCE_MATCH_PERSONAL", found=said)
            if of not in names:
                names.append(of)
        if not names:
            tier.expected("[admin2_code, date, outcome]")
        found.append(tuple(names))
    return tuple(found)


def _geometry(node: Node | None, kind: Kind, manner: Manner) -> Literal["own", "none"] | GeometrySpec:
    if node is None:
        return "own" if kind.shapes else "none"
    if not node.is_map:
        word = node.word(("own", "none"))
        if word == "own" and not kind.shapes:
            node.refuse("SOURCE_NO_PLACE", kind=kind.name)
        return "own" if word == "own" else "none"
    if not kind.shapes:
        node.refuse("SOURCE_NO_PLACE", kind=kind.name)
    keys = node.keys(GEOMETRY_KEYS)
    plain = {
        key: {
            inner: leaf.text("column")
            for inner, leaf in one.keys(("x", "y", "zone"), ("x", "y", "zone")).items()
        }
        if key == "utm"
        else one.text("column")
        for key, one in keys.items()
    }
    plain.setdefault("decimal", manner.decimal)
    spec = GeometrySpec.from_dict(plain)
    if bool(spec.x and spec.y) == bool(spec.column):
        node.expected("{x: lon, y: lat} | {column: where, as: dms}")
    return spec


def _refuse_without_required(node: Node, kind: Kind, spec: RecordSpec) -> None:
    # The code a person calls a record by is its id in the file, or cut from its record id (``reporting.py``).
    filled = {one.name for one in spec.fields} | {"code"} | ({kind.date} if kind.date else set())
    missing = [one.name for one in kind.fields if one.required == "draft" and one.name not in filled]
    if missing:
        node.refuse("SOURCE_FIELD_REQUIRED", found=", ".join(missing), kind=kind.name)


def _refuse_personal_in_the_open(node: Node, kind: Kind, spec: RecordSpec) -> None:
    """A column that goes to the vault goes nowhere else: an id made of it could be guessed back."""
    personal = {one.name for one in kind.fields if one.personal}
    hidden = {column: one.name for one in spec.fields if one.name in personal for column in one.columns}
    dated = [spec.date] if spec.date else []
    shown = [column for one in (*spec.fields, *dated) if one.name not in personal for column in one.columns]
    for column in (*spec.id, *shown, *(column for one in spec.fields for column in one.by)):
        if column in hidden:
            node.refuse("SOURCE_PERSONAL_TWICE", found=column, field=hidden[column])
