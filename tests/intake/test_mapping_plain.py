"""The quick way and the careful way of reading a column say the same, or the quick way says nothing."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fallow.intake.mapping_plain import plain_reader
from fallow.intake.mapping_values import cell
from fallow.intake.source import FieldSpec
from fallow.kinds import Field, Model, load_kinds

MODEL: Model = load_kinds()
TEXTS = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.sampled_from(
        ["", " ", " a ", "n/a", "é", "e\u0301", "Ağdam", "a\nb", "a\rb", "\u202e", "\x00", "قرية"]
    ),
)
NUMBERS = st.one_of(
    st.none(),
    st.floats(),
    st.integers(-(2**60), 2**60),
    st.sampled_from([-1.0, 0.0, -0.0, 5.0, math.nan, 1e400]),
)


def both(spec: FieldSpec, of: Field, column: list[Any]) -> None:
    quick = plain_reader(spec, of)
    assert quick is not None
    found = quick(column)
    careful = [cell((raw,), spec, of, MODEL) for raw in column]
    if found is None:
        return
    values, originals = found
    assert not any(one.fault for one in careful)
    assert list(values) == [one.value for one in careful]
    assert list(originals or [None] * len(column)) == [one.original for one in careful]
    assert all(
        math.copysign(1, value) == math.copysign(1, one.value)
        for value, one in zip(values, careful, strict=True)
        if isinstance(value, float)
    )


@given(column=st.lists(TEXTS, max_size=8))
def test_texts(column: list[Any]) -> None:
    of = MODEL.kind("hazard").field("name")
    assert of is not None
    both(FieldSpec("name", ("x",), empty=frozenset({"n/a"})), of, column)


@given(column=st.lists(NUMBERS, max_size=8))
def test_areas(column: list[Any]) -> None:
    of = MODEL.kind("hazard").field("declared_area")
    assert of is not None
    both(FieldSpec("declared_area", ("x",)), of, column)


def test_what_is_plain_goes_the_quick_way() -> None:
    """The law above holds for a reader that always gives up; this one must not."""
    name, area = MODEL.kind("hazard").field("name"), MODEL.kind("hazard").field("declared_area")
    assert name is not None
    assert area is not None
    texts = plain_reader(FieldSpec("name", ("x",)), name)
    areas = plain_reader(FieldSpec("declared_area", ("x",)), area)
    assert texts is not None
    assert areas is not None
    assert texts(["Ağdam ", None, "b"]) == (["Ağdam", None, "b"], ["Ağdam ", None, None])
    assert areas([1, 2.5, None]) == ([1.0, 2.5, None], None)
    assert areas([1.0, -2.5]) is None  # below the field's bound: the careful way says so in words


def test_what_asks_for_work_has_no_quick_way() -> None:
    of = MODEL.kind("hazard").field("name")
    assert of is not None
    assert plain_reader(FieldSpec("name", ("x",), pad=5), of) is None
    assert plain_reader(FieldSpec("name", ("x", "y"), join=" "), of) is None
