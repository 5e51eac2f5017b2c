"""Step 0, a model as bytes: a register carries its model inside itself, so that it can be opened alone.

Opening a register has 50 ms for everything and the YAML takes longer, so this reads JSON (orjson) and builds
the same frozen data again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from fallow.errors import FallowError
from fallow.kinds.model import Code, CodeList, Field, Kind, Model, StateMachine, Step


def model_to_json(model: Model) -> bytes:
    """The whole model as JSON, in the order it was declared: the same declarations give the same bytes."""
    return orjson.dumps(model)


def model_from_json(frozen: bytes) -> Model:
    """The model again, equal in every part. Raises ``MODEL_FROZEN`` for bytes that are none."""
    try:
        read = orjson.loads(frozen)
        return Model(
            {name: _kind(one) for name, one in read["kinds"].items()},
            {name: _code_list(one) for name, one in read["code_lists"].items()},
            read["digest"],
            read["overlay"],
            read["retired"],
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise FallowError("MODEL_FROZEN", "", found=type(error).__name__) from error


def _code_list(read: Mapping[str, Any]) -> CodeList:
    return CodeList(read["name"], read["label"], tuple(Code(**one) for one in read["codes"]), read["bands"])


def _kind(read: dict[str, Any]) -> Kind:
    read["fields"] = tuple(Field(**one) for one in read["fields"])
    read["states"] = tuple(_machine(one) for one in read["states"])
    read["shapes"] = tuple(read["shapes"])
    read["rules"] = tuple(read["rules"])
    return Kind(**read)


def _machine(read: Mapping[str, Any]) -> StateMachine:
    return StateMachine(
        read["field"],
        tuple(read["start"]),
        tuple(map(_step, read["steps"])),
        tuple(map(_step, read["forbidden"])),
    )


def _step(read: Mapping[str, Any]) -> Step:
    return Step(read["come"], read["go"], tuple(read["needs"]), read["why"])
