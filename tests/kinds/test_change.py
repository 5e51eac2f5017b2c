"""Ids and codes live for ever: added, never renamed, never reused, never removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from two_kinds import FILES, Declare, row

from fallow.errors import FallowError
from fallow.kinds import Field, Model, check_compatible, load_kinds
from fallow.kinds.change import differences, identities, read_identities, write_identities

C, S, B = "catalogue/crater.yaml", "codes/crater_status.csv", "codes/band.csv"


def test_the_same_model_adds_nothing(model: Model) -> None:
    added = check_compatible(model, model)
    assert (added.kinds, added.fields, added.codes) == ((), {}, {})


def test_what_was_added_is_named(model: Model, declare: Declare) -> None:
    field = "  - {id: crater.10,"
    new = field.replace("crater.10", "crater.11").replace(",", ", name: width, type: quantity, unit: m,", 1)
    label = next(line for line in _lines(C) if "crater.10" in line).partition("label:")[2]
    grown = load_kinds(
        declared_in=declare(
            {
                C: [(field, f"{new} class: public, label:{label}\n{field}")],
                S: [
                    (
                        row("unknown", "Unknown", "3"),
                        row("unknown", "Unknown", "3") + "\n" + row("flooded", "Flooded", "2"),
                    )
                ],
            }
        )
    )
    added = check_compatible(model, grown)
    assert added.kinds == ()
    assert added.fields == {"crater": ("width",)}
    assert added.codes == {"crater_status": ("flooded",)}


def _lines(name: str) -> list[str]:
    return FILES[name].splitlines()


def changed(model: Model, name: str, field: Callable[[Field], Field | None]) -> Model:
    """The model with every field of the crater passed through a function; ``None`` takes it out."""
    crater = model.kind("crater")
    fields = tuple(one for before in crater.fields if (one := field(before)) is not None)
    return replace(model, kinds={**model.kinds, name: replace(crater, fields=fields)})


def one_field(name: str, /, **values: object) -> Callable[[Field], Field]:
    return lambda one: replace(one, **values) if one.name == name else one  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "code", "where"),
    [
        (one_field("area", name="size"), "MODEL_CHANGED", "crater.4"),
        (one_field("area", type="decimal"), "MODEL_CHANGED", "crater.4"),
        (one_field("area", unit="ha"), "MODEL_CHANGED", "crater.4"),
        (one_field("near", codes="band"), "MODEL_CHANGED", "crater.7"),
        (one_field("owner", sensitivity="public"), "MODEL_CHANGED", "crater.5"),
        (one_field("code", sensitivity="personal"), "MODEL_CHANGED", "crater.1"),
        (one_field("owner", id="crater.50"), "MODEL_REMOVED", "crater.5"),
        (lambda one: None if one.name == "people" else one, "MODEL_REMOVED", "crater.6"),
    ],
)
def test_a_field_keeps_what_it_means(
    model: Model, change: Callable[[Field], Field | None], code: str, where: str
) -> None:
    with pytest.raises(FallowError) as refused:
        check_compatible(model, changed(model, "crater", change))
    assert (refused.value.code, refused.value.where) == (code, where)
    assert refused.value.entry.exit_status == 3
    assert refused.value.remedy


@pytest.mark.parametrize(
    "change",
    [
        one_field("area", low=None),
        one_field("area", required="approved"),
        one_field("people", sensitivity="public"),
        one_field("code", label={"en": "Number"}),
    ],
)
def test_what_does_not_change_old_data_may_change(model: Model, change: Callable[[Field], Field]) -> None:
    assert check_compatible(model, changed(model, "crater", change)).fields == {}


@pytest.mark.parametrize(
    ("file", "change", "code", "where"),
    [
        (
            S,
            (row("unknown", "Unknown", "3") + "\n", row("other", "Other", "3") + "\n"),
            "MODEL_REMOVED",
            "crater_status:unknown",
        ),
        (S, (",1,release,", ",1,,"), "MODEL_CHANGED", "crater_status:closed"),
        (S, ("open,3,,", "open,3,release,"), "MODEL_CHANGED", "crater_status:open"),
        (B, ("b0_17,,,,0,17", "b0_17,,,,0,18"), "MODEL_CHANGED", "band:b0_17"),
    ],
)
def test_a_code_keeps_what_it_means(
    model: Model, declare: Declare, file: str, change: tuple[str, str], code: str, where: str
) -> None:
    changes = {file: [change]}
    if code == "MODEL_REMOVED":
        changes[C] = [
            ("[closed, unknown], needs", "[closed], needs"),
            ("[closed, unknown], go", "[closed], go"),
            ("go: unknown, why", "go: open, why"),
        ]
    if file == B:
        changes[B].append(("b18_45,,,,18", "b18_45,,,,19"))
    with pytest.raises(FallowError) as refused:
        check_compatible(model, load_kinds(declared_in=declare(changes)))
    assert (refused.value.code, refused.value.where) == (code, where)


def test_a_kind_is_not_removed_and_keeps_its_clock_and_geometry(model: Model) -> None:
    visit, crater = model.kind("visit"), model.kind("crater")
    for wrong, code in (
        ({"visit": visit}, "MODEL_REMOVED"),
        ({"crater": replace(crater, clock="event"), "visit": visit}, "MODEL_CHANGED"),
        ({"crater": replace(crater, name="hole"), "visit": visit}, "MODEL_CHANGED"),
        ({"crater": replace(crater, shapes=("point",)), "visit": visit}, "MODEL_CHANGED"),
        ({"crater": crater, "visit": replace(visit, shapes=("point",))}, "MODEL_CHANGED"),
    ):
        with pytest.raises(FallowError) as refused:
            check_compatible(model, replace(model, kinds=wrong))
        assert refused.value.code == code
    wider = replace(crater, shapes=("point", "line", "polygon"))
    assert check_compatible(model, replace(model, kinds={"crater": wider, "visit": visit})).kinds == ()


def test_a_field_does_not_move_to_another_kind(model: Model) -> None:
    crater, visit = model.kind("crater"), model.kind("visit")
    moved = crater.fields[-1]
    kinds = {
        "crater": replace(crater, fields=crater.fields[:-1]),
        "visit": replace(visit, fields=(*visit.fields, moved)),
    }
    with pytest.raises(FallowError) as refused:
        check_compatible(model, replace(model, kinds=kinds))
    assert (refused.value.code, refused.value.where) == ("MODEL_REMOVED", moved.id)


def test_the_committed_list_of_ids_reads_as_it_was_written(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "ids.csv"
    assert read_identities(path) == {}
    write_identities(path, identities(model))
    assert read_identities(path) == identities(model)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "id,name,type"
    assert lines.index("crater.2,seen_on,date") < lines.index("crater.10,depth,decimal"), "10 comes after 2"
    assert "crater_status:closed,closed,code:release" in lines
    assert "crater.5,owner,text:personal" in lines


def test_a_retired_id_stays_on_the_list(declare: Declare) -> None:
    retired = load_kinds(declared_in=declare({C: [("rules:", "retired: {crater.99: colour}\nrules:")]}))
    assert retired.retired == {"crater.99": "colour"}
    assert identities(retired)["crater.99"].type == "retired"


def test_differences_name_every_id_at_once(model: Model) -> None:
    now = {key: one for key, one in identities(model).items() if key not in ("crater.4", "band:b46")}
    assert {one.where for one in differences(identities(model), now)} == {"crater.4", "band:b46"}
