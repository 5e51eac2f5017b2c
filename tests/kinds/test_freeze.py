"""A model frozen into a register thaws as the same model, and the same model freezes to the same bytes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallow.errors import FallowError
from fallow.kinds import (
    Code,
    CodeList,
    Field,
    Kind,
    Model,
    StateMachine,
    Step,
    load_kinds,
    model_from_json,
    model_to_json,
)

WORD = st.text(st.characters(codec="utf-8"), max_size=8)
WORDS = st.dictionaries(st.sampled_from(["en", "fr", "ar"]), WORD, max_size=3)
BOUND = st.none() | st.floats(allow_nan=False, allow_infinity=False)


def some(each: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(each, max_size=most).map(tuple)


CODES = st.builds(
    Code, WORD, WORDS, danger=st.none() | st.integers(0, 9), low=st.none() | st.integers(0, 120)
)
LISTS = st.builds(CodeList, WORD, WORDS, some(CODES), st.booleans())
FIELDS = st.builds(
    Field,
    WORD,
    WORD,
    WORD,
    WORDS,
    st.sampled_from(["public", "personal"]),
    hint=st.none() | WORDS,
    low=BOUND,
    high=BOUND,
)
STEPS = st.builds(Step, WORD, WORD, some(WORD), st.none() | WORDS)
MACHINES = st.builds(StateMachine, WORD, some(WORD), some(STEPS), some(STEPS))
KINDS = st.builds(
    Kind,
    *(WORD, WORD, WORDS, WORDS, WORDS, st.sampled_from(["state", "event"]), some(FIELDS)),
    shapes=some(st.sampled_from(["point", "line", "polygon"])),
    states=some(MACHINES, 2),
    rules=some(WORD),
    danger=st.booleans(),
    title=st.none() | WORD,
)
MODELS = st.builds(
    Model,
    st.dictionaries(WORD, KINDS, max_size=2),
    st.dictionaries(WORD, LISTS, max_size=2),
    WORD,
    st.none() | WORD,
    st.dictionaries(WORD, WORD, max_size=2),
)


@given(MODELS)
def test_thawing_gives_the_same_model(model: Model) -> None:
    thawed = model_from_json(model_to_json(model))
    assert thawed == model
    assert repr(thawed) == repr(model), "tuples stay tuples, and the order of declaration is kept"
    assert model_to_json(thawed) == model_to_json(model)


def test_the_whole_catalogue_thaws_as_itself() -> None:
    model = load_kinds()
    thawed = model_from_json(model_to_json(model))
    assert thawed == model
    assert repr(thawed) == repr(model)


@pytest.mark.parametrize("wrong", [b"", b"{}", b"[]", b'{"kinds": 1}', b'{"kinds": {"a": {}}}', b"\xff"])
def test_bytes_that_are_no_model_are_refused(wrong: bytes) -> None:
    with pytest.raises(FallowError) as refused:
        model_from_json(wrong)
    assert refused.value.code == "MODEL_FROZEN"
    assert refused.value.entry.exit_status == 3


def test_a_field_from_a_newer_fallow_is_refused_and_not_dropped() -> None:
    frozen = model_to_json(load_kinds()).replace(b'"bands":', b'"belts":')
    with pytest.raises(FallowError) as refused:
        model_from_json(frozen)
    assert refused.value.code == "MODEL_FROZEN"
