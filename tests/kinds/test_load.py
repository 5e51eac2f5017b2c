"""A declaration is read whole or refused: exact code, file and line, and a remedy that says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from two_kinds import BAND, CRATER, HEADER, NEAR, STATUS, VISIT, Declare, line_of, row, words

from fallow.errors import FallowError
from fallow.kinds import Model, catalogue_digest, load_kinds
from fallow.words import LANGUAGES, speaking

C, V = "catalogue/crater.yaml", "catalogue/visit.yaml"


def test_what_a_kind_says_is_what_the_model_has(model: Model) -> None:
    crater, visit = model.kind("crater"), model.kind("visit")
    assert list(model.kinds) == ["crater", "visit"]
    assert (crater.id, crater.group, crater.clock, crater.source) == (
        "crater",
        "object",
        "state",
        "IMAS 07.11",
    )
    assert (crater.shapes, crater.location_unknown, crater.danger) == (("point", "polygon"), True, True)
    assert (crater.date, crater.title, crater.symbol, crater.rules) == (
        "seen_on",
        "code",
        "status",
        ("nothing_remains",),
    )
    assert crater.label["az"] == "az Crater"
    area = crater.field("area")
    assert area is not None and area.hint is not None
    assert (area.id, area.unit, area.low, area.high, area.required) == ("crater.4", "m2", 0.0, None, "never")
    assert area.hint["ar"] == "ar Measured on the ground"
    assert [one.name for one in crater.fields if one.personal] == ["owner"]
    assert (visit.clock, visit.shapes, visit.date) == ("event", (), "day")
    link = visit.field("crater")
    assert link is not None and link.reverse is not None
    assert (link.link, link.reverse["fr"]) == ("crater", "fr Visits here")


def test_states_are_spread_out_over_their_lists(model: Model) -> None:
    (machine,) = model.kind("crater").states
    assert machine.start == ("open",)
    assert [(one.come, one.go, one.needs) for one in machine.steps] == [
        ("open", "closed", ("two_signatures",)),
        ("open", "unknown", ("two_signatures",)),
        ("closed", "open", ()),
        ("unknown", "open", ()),
    ]
    (forbidden,) = machine.forbidden
    assert forbidden.why is not None
    assert forbidden.why["es"] == "es Closed stays known."


def test_what_a_code_list_says_is_what_the_model_has(model: Model) -> None:
    status = model.code_lists["crater_status"]
    assert [(one.code, one.danger, one.guard, one.symbol) for one in status] == [
        ("open", 3, None, "#ff0000"),
        ("closed", 1, "release", None),
        ("unknown", 3, None, None),
    ]
    assert status.label["ru"] == "ru Status of a crater"
    bands = model.code_lists["band"]
    assert bands.bands
    assert [(one.low, one.high) for one in bands] == [(0, 17), (18, 45), (46, None), (None, None)]


def field(name: str, rest: str) -> tuple[str, str]:
    """Put one more field before ``depth`` of the crater."""
    mark = "  - {id: crater.10,"
    return mark, f"  - {{id: crater.11, name: {name}, {rest}}}\n{mark}"


NEW_FIELD = line_of(CRATER, "id: crater.10")
LABEL = f"label: {words('New')}"

REFUSED: list[tuple[str, str, list[tuple[str, str]], str, int, dict[str, Any]]] = [
    (
        "unknown key",
        C,
        [("group: object", "group: object\ncolour: red")],
        "MODEL_KEY_UNKNOWN",
        4,
        {"key": "colour"},
    ),
    (
        "misspelled key",
        C,
        [("symbol: status", "symbl: status")],
        "MODEL_KEY_UNKNOWN",
        line_of(CRATER, "symbol:"),
        {"key": "symbl", "near": "symbol"},
    ),
    (
        "misspelled key of a field",
        C,
        [("    low: 0\n", "    lowest: 0\n")],
        "MODEL_KEY_UNKNOWN",
        line_of(CRATER, "    low: 0"),
        {"near": "low"},
    ),
    (
        "bounds on a text",
        C,
        [field("note", f"type: text, low: 1, class: public, {LABEL}")],
        "MODEL_KEY_UNKNOWN",
        NEW_FIELD,
        {"key": "low"},
    ),
    (
        "key twice",
        C,
        [("clock: state", "clock: state\nclock: event")],
        "MODEL_KEY_TWICE",
        5,
        {"key": "clock", "first": 4},
    ),
    ("missing key", C, [("group: object\n", "")], "MODEL_KEY_MISSING", 1, {"key": "group"}),
    (
        "a code field without a list",
        C,
        [field("kind_of", f"type: code, class: public, {LABEL}")],
        "MODEL_KEY_MISSING",
        NEW_FIELD,
        {"key": "codes"},
    ),
    (
        "a quantity without a unit",
        C,
        [field("width", f"type: quantity, class: public, {LABEL}")],
        "MODEL_KEY_MISSING",
        NEW_FIELD,
        {"key": "unit"},
    ),
    (
        "unknown type",
        C,
        [field("note", f"type: txt, class: public, {LABEL}")],
        "MODEL_VALUE",
        NEW_FIELD,
        {"found": "txt", "allowed": "text"},
    ),
    (
        "unknown unit",
        C,
        [("unit: m2", "unit: m²")],
        "MODEL_VALUE",
        line_of(CRATER, "unit: m2"),
        {"key": "unit"},
    ),
    ("unknown clock", C, [("clock: state", "clock: states")], "MODEL_VALUE", 4, {"allowed": "state"}),
    ("unknown shape", C, [("[point, polygon]", "[point, circle]")], "MODEL_VALUE", 9, {"found": "circle"}),
    ("a flag that is none", C, [("danger: true", "danger: perhaps")], "MODEL_VALUE", 9, {"found": "perhaps"}),
    (
        "a bound that is no number",
        C,
        [("low: 0\n", "low: none\n")],
        "MODEL_VALUE",
        line_of(CRATER, "    low"),
        {},
    ),
    ("an empty value", C, [("date: seen_on", "date:")], "MODEL_VALUE", 10, {"key": "date"}),
    (
        "a list where a text stands",
        C,
        [("date: seen_on", "date: [seen_on]")],
        "MODEL_VALUE",
        10,
        {"key": "date"},
    ),
    ("the wrong file", C, [("kind: crater", "kind: hole")], "MODEL_VALUE", 1, {"allowed": "crater"}),
    (
        "no class",
        C,
        [field("note", f"type: text, {LABEL}")],
        "MODEL_CLASS_MISSING",
        NEW_FIELD,
        {"field": "note"},
    ),
    (
        "geometry without class",
        C,
        [("class: public, danger", "danger")],
        "MODEL_CLASS_MISSING",
        9,
        {"field": "geometry"},
    ),
    (
        "a language is missing",
        C,
        [('az: "az Crater", ', "")],
        "MODEL_LABEL_MISSING",
        5,
        {"key": "label", "languages": "az"},
    ),
    (
        "a hint lacks a language",
        C,
        [(', ar: "ar Measured on the ground"', "")],
        "MODEL_LABEL_MISSING",
        line_of(CRATER, "hint:"),
        {"key": "hint", "languages": "ar"},
    ),
    (
        "a language nobody knows",
        C,
        [('az: "az Crater"', 'tr: "tr Crater"')],
        "MODEL_KEY_UNKNOWN",
        5,
        {"key": "tr"},
    ),
    (
        "a forbidden step without reason",
        C,
        [(f", why: {words('Closed stays known.')}", "")],
        "MODEL_KEY_MISSING",
        line_of(CRATER, "go: unknown, why"),
        {"key": "why"},
    ),
    (
        "unknown code list",
        C,
        [("codes: near", "codes: nears")],
        "MODEL_NAME_UNKNOWN",
        line_of(CRATER, "crater.7"),
        {"found": "nears", "near": "near"},
    ),
    (
        "unknown link target",
        V,
        [("link: crater, reverse", "link: krater, reverse")],
        "MODEL_NAME_UNKNOWN",
        line_of(VISIT, "visit.3"),
        {"near": "crater"},
    ),
    (
        "date names no field",
        C,
        [("date: seen_on", "date: seen")],
        "MODEL_NAME_UNKNOWN",
        10,
        {"near": "seen_on"},
    ),
    ("date names a text", C, [("date: seen_on", "date: code")], "MODEL_NAME_UNKNOWN", 10, {"found": "code"}),
    ("title names a personal field", C, [("title: code", "title: owner")], "MODEL_NAME_UNKNOWN", 11, {}),
    (
        "symbol names no code field",
        C,
        [("symbol: status", "symbol: near")],
        "MODEL_NAME_UNKNOWN",
        12,
        {"near": "status"},
    ),
    (
        "states of a field that is none",
        C,
        [("field: status", "field: state")],
        "MODEL_NAME_UNKNOWN",
        line_of(CRATER, "- field: status"),
        {"near": "status"},
    ),
    (
        "a start that is no code",
        C,
        [("start: [open]", "start: [opened]")],
        "MODEL_NAME_UNKNOWN",
        line_of(CRATER, "start:"),
        {"key": "start", "near": "open"},
    ),
    (
        "a step to no code",
        C,
        [("go: [closed, unknown]", "go: [done, unknown]")],
        "MODEL_NAME_UNKNOWN",
        line_of(CRATER, "needs:"),
        {"key": "go", "found": "done"},
    ),
    (
        "id twice",
        C,
        [("id: crater.5", "id: crater.1")],
        "MODEL_ID_TWICE",
        line_of(CRATER, "crater.5"),
        {"id": "crater.1"},
    ),
    (
        "id of another kind",
        V,
        [("id: visit.2", "id: crater.1")],
        "MODEL_ID_TWICE",
        line_of(VISIT, "visit.2"),
        {"first": f"{C}:{line_of(CRATER, 'crater.1,')}"},
    ),
    (
        "retired id used again",
        C,
        [("rules:", "retired: {crater.99: old}\nrules:"), ("id: crater.5", "id: crater.99")],
        "MODEL_ID_TWICE",
        line_of(CRATER, "crater.5"),
        {"id": "crater.99"},
    ),
    (
        "name twice",
        C,
        [("name: owner", "name: code")],
        "MODEL_NAME_TWICE",
        line_of(CRATER, "crater.5"),
        {"name": "code"},
    ),
    (
        "reserved name",
        C,
        [("name: owner", "name: known_from")],
        "MODEL_NAME_BAD",
        line_of(CRATER, "crater.5"),
        {},
    ),
    (
        "name with a quote",
        C,
        [("name: owner", "name: 'o\"; DROP'")],
        "MODEL_NAME_BAD",
        line_of(CRATER, "crater.5"),
        {},
    ),
    ("capital id", C, [("id: crater.5", "id: Crater.5")], "MODEL_NAME_BAD", line_of(CRATER, "crater.5"), {}),
    (
        "low above high",
        C,
        [("low: 0, high: 120", "low: 130, high: 120")],
        "MODEL_BOUNDS",
        line_of(CRATER, "crater.6"),
        {},
    ),
    ("not YAML", C, [("fields:\n", "fields: [\n")], "MODEL_FILE", 14, {}),
    ("an alias", C, [("group: object", "group: &a object\nclock2: *a")], "MODEL_FILE", 3, {}),
    ("a list at the top", C, [(CRATER, "- a\n")], "MODEL_FILE", 1, {}),
    ("an empty file", C, [(CRATER, "")], "MODEL_FILE", 1, {}),
]


@pytest.mark.parametrize(
    ("file", "changes", "code", "line", "facts"),
    [one[1:] for one in REFUSED],
    ids=[one[0] for one in REFUSED],
)
def test_a_wrong_kind_is_refused_with_its_place(
    declare: Declare, file: str, changes: list[tuple[str, str]], code: str, line: int, facts: dict[str, Any]
) -> None:
    with pytest.raises(FallowError) as refused:
        load_kinds(declared_in=declare({file: changes}))
    assert refused.value.code == code
    where = refused.value.where
    assert where == f"{file}:{line}", refused.value
    assert {key: refused.value.facts[key] for key in facts} == facts
    for language in LANGUAGES:
        with speaking(language):
            assert refused.value.what and refused.value.remedy
            assert "{" not in refused.value.what.replace("{...}", "").replace("{key: value}", "")


S, B = "codes/crater_status.csv", "codes/band.csv"

REFUSED_CODES: list[tuple[str, str, list[tuple[str, str]], str, str, dict[str, Any]]] = [
    (
        "code twice",
        S,
        [(STATUS[4], STATUS[2])],
        "MODEL_CODE_TWICE",
        f"{S}:5",
        {"found": "open", "first": f"{S}:3"},
    ),
    (
        "code twice but for case",
        S,
        [(STATUS[4], row("Open", "x"))],
        "MODEL_CODE_TWICE",
        f"{S}:5",
        {"found": "Open"},
    ),
    ("a second label", S, [(STATUS[4], row("*", "x"))], "MODEL_CODE_TWICE", f"{S}:5", {"found": "*"}),
    ("no label", S, [(STATUS[1] + "\n", "")], "MODEL_LABEL_MISSING", f"{S}:2", {"key": "*"}),
    (
        "no Arabic",
        S,
        [("ar Closed", "")],
        "MODEL_LABEL_MISSING",
        f"{S}:4",
        {"key": "closed", "languages": "ar"},
    ),
    (
        "a code with a blank",
        S,
        [("unknown,3", "not known,3")],
        "MODEL_NAME_BAD",
        f"{S}:5",
        {"found": "not known"},
    ),
    (
        "danger in words",
        S,
        [("open,3", "open,high")],
        "MODEL_VALUE",
        f"{S}:3",
        {"key": "danger", "found": "high"},
    ),
    (
        "an unknown guard",
        S,
        [("closed,1,release", "closed,1,lock")],
        "MODEL_VALUE",
        f"{S}:4",
        {"key": "guard"},
    ),
    ("a colour by name", S, [("#ff0000", "red")], "MODEL_VALUE", f"{S}:3", {"key": "symbol"}),
    ("an unknown column", S, [("until,en", "untill,en")], "MODEL_KEY_UNKNOWN", f"{S}:1", {"near": "until"}),
    ("a column twice", S, [("since,until", "since,since")], "MODEL_KEY_TWICE", f"{S}:1", {"key": "since"}),
    ("a missing column", S, [(",az", "")], "MODEL_KEY_MISSING", f"{S}:1", {"key": "az"}),
    ("a short row", S, [(",ar Closed", "")], "MODEL_FILE", f"{S}:4", {}),
    ("an open quote", S, [("open,3", '"open,3')], "MODEL_FILE", f"{S}:5", {}),
    (
        "46 falls nowhere",
        B,
        [("b46,,,,46", "b46,,,,47")],
        "MODEL_BANDS_GAP",
        f"{B}:5",
        {"age": 46, "list": "band"},
    ),
    ("45 falls twice", B, [("b46,,,,46", "b46,,,,45")], "MODEL_BANDS_OVERLAP", f"{B}:5", {"age": 45}),
    ("0 falls nowhere", B, [("b0_17,,,,0,", "b0_17,,,,1,")], "MODEL_BANDS_GAP", f"{B}:3", {"age": 0}),
    ("old age falls nowhere", B, [("b46,,,,46,", "b46,,,,46,99")], "MODEL_BANDS_GAP", B, {"age": 100}),
    ("two bands are open", B, [("18,45", "18,")], "MODEL_BANDS_OVERLAP", f"{B}:4", {"age": 46}),
    ("a band upside down", B, [("18,45", "18,4")], "MODEL_BOUNDS", f"{B}:4", {"low": 18, "high": 4}),
]


@pytest.mark.parametrize(
    ("file", "changes", "code", "where", "facts"),
    [one[1:] for one in REFUSED_CODES],
    ids=[one[0] for one in REFUSED_CODES],
)
def test_a_wrong_code_list_is_refused_with_its_place(
    declare: Declare, file: str, changes: list[tuple[str, str]], code: str, where: str, facts: dict[str, Any]
) -> None:
    with pytest.raises(FallowError) as refused:
        load_kinds(declared_in=declare({file: changes}))
    assert (refused.value.code, refused.value.where) == (code, where), refused.value
    assert {key: refused.value.facts[key] for key in facts} == facts
    assert refused.value.remedy


def test_the_words_yes_and_no_stay_codes(declare: Declare) -> None:
    """YAML 1.1 reads a bare ``no`` as false; a code list may well have a code of that name."""
    folder = declare(
        {
            C: [("start: [open]", "start: [no]")],
            S: [(STATUS[2], STATUS[2] + "\n" + row("no", "No", "2"))],
        }
    )
    assert load_kinds(declared_in=folder).kind("crater").states[0].start == ("no",)


def test_retired_bands_need_not_tile(declare: Declare) -> None:
    retired = row("over_46", "Over 46", "", "", "", "47", "", "", "2")
    folder = declare({B: [(BAND[5], f"{BAND[5]}\n{retired}")]})
    assert load_kinds(declared_in=folder).code_lists["band"].get("over_46") is not None


def test_bytes_that_are_no_utf8_are_named(declare: Declare) -> None:
    folder = declare()
    path = folder / "codes" / "near.csv"
    path.write_bytes((HEADER + "\n" + "\n".join(NEAR[1:]) + "\n").encode().replace(b"Road", b"Stra\xdfe", 1))
    with pytest.raises(FallowError) as refused:
        load_kinds(declared_in=folder)
    assert (refused.value.code, refused.value.where) == ("MODEL_FILE", "codes/near.csv")
    assert "byte" in refused.value.what


def test_the_digest_follows_the_bytes_and_needs_no_yaml(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = declare()
    before = catalogue_digest(declared_in=folder)
    assert load_kinds(declared_in=folder).digest == before
    assert catalogue_digest(declared_in=declare()) == before, "the place does not matter"
    path = folder / "codes" / "near.csv"
    path.write_text(path.read_text(encoding="utf-8") + row("tree", "Tree") + "\n", encoding="utf-8")
    monkeypatch.setitem(__import__("sys").modules, "yaml", None)
    assert catalogue_digest(declared_in=folder) != before


def test_a_changed_file_is_read_again(declare: Declare) -> None:
    folder = declare()
    assert load_kinds(declared_in=folder).code_lists["near"].get("tree") is None
    path = folder / "codes" / "near.csv"
    path.write_text(path.read_text(encoding="utf-8") + row("tree", "Tree") + "\n", encoding="utf-8")
    assert load_kinds(declared_in=folder).code_lists["near"].get("tree") is not None


def test_an_overlay_that_is_not_there_never_gives_the_bare_catalogue(
    declare: Declare, tmp_path: Path
) -> None:
    with pytest.raises(FallowError) as refused:
        load_kinds(tmp_path / "syrja", declared_in=declare())
    assert (refused.value.code, refused.value.where) == ("MODEL_FILE", "syrja")


def test_an_unknown_kind_is_met_with_the_nearest(model: Model) -> None:
    with pytest.raises(FallowError) as refused:
        model.kind("craters")
    assert (refused.value.code, refused.value.facts["near"]) == ("KIND_UNKNOWN", "crater")
