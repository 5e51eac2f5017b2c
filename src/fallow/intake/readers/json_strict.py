"""Step 1, reports arrive: JSON read to the letter, for the few places where the fast parser says only yes or
no.

Two parsers that disagree about one file are two registers that disagree about one hazard. So what parsers are
known to disagree about (duplicate keys, NaN, 1e400, lone surrogates, endless integers) is named with its
path.
"""

from __future__ import annotations

import json
import re
from typing import Any

from fallow.errors import FallowError

MOST_DIGITS = 100
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Bad:
    """Stands where a value stood that cannot be taken."""

    def __init__(self, code: str, **facts: Any) -> None:
        self.code, self.facts = code, facts


class _Object(dict[str, Any]):
    """An object that remembers the keys it was given twice."""

    twice: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    made = _Object(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        made.twice = tuple(sorted({key for key in keys if keys.count(key) > 1}))
    return made


def _integer(digits: str) -> Any:
    if len(digits) > MOST_DIGITS:
        return _Bad("NUMBER_TOO_LONG", found=len(digits), limit=MOST_DIGITS)
    value = int(digits)
    # Past 64 bits the number would be rounded by most programs; its digits are kept as text.
    return value if -(2**63) <= value < 2**64 else digits


def _real(text: str) -> Any:
    value = float(text)
    return value if abs(value) != float("inf") else _Bad("COORD_NOT_FINITE", found=text[:20])


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_real,
    parse_constant=lambda word: _Bad("COORD_NOT_FINITE", found=word),
)

Trouble = tuple[str, str, dict[str, Any]]
"""Code, path inside the value (``.geometry.coordinates[0]``), facts."""


def loads(text: str) -> tuple[Any, list[Trouble]]:
    """One value with what had to be taken out of it; raises ``json.JSONDecodeError`` when it is no JSON."""
    value = _DECODER.decode(text)
    return _clean(value)


def prefix(text: str, at: int) -> tuple[Any, int]:
    """The value at a position of a longer text and where it ends; any trouble refuses the file."""
    try:
        value, end = _DECODER.raw_decode(text, at)
    except RecursionError as fault:
        raise FallowError("TOO_DEEP", f"byte {at}", found="> 900", limit=32) from fault
    cleaned, troubles = _clean(value)
    for code, path, facts in troubles:
        raise FallowError(code, path.lstrip("."), **facts)
    return cleaned, end


def _clean(value: Any) -> tuple[Any, list[Trouble]]:
    troubles: list[Trouble] = []
    return _walk(value, "", troubles), troubles


def _walk(value: Any, path: str, troubles: list[Trouble]) -> Any:
    if isinstance(value, _Bad):
        troubles.append((value.code, path, value.facts))
        return None
    if isinstance(value, str) and (match := _SURROGATE.search(value)):
        troubles.append(("BAD_CHAR", path, {"found": f"U+{ord(match[0]):04X}"}))
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        if isinstance(value, _Object) and value.twice:
            troubles.append(("DUPLICATE_KEY", path, {"key": ", ".join(value.twice)}))
        return {
            _key(key, path, troubles): _walk(one, f"{path}.{key}", troubles) for key, one in value.items()
        }
    if isinstance(value, list):
        return [_walk(one, f"{path}[{at}]", troubles) for at, one in enumerate(value)]
    return value


def _key(key: str, path: str, troubles: list[Trouble]) -> str:
    if _SURROGATE.search(key):
        troubles.append(("BAD_CHAR", path, {"found": "U+D800-DFFF"}))
        return _SURROGATE.sub("\ufffd", key)
    return key


def count_keys(values: Any) -> int:
    """How many keys stand in parsed values: fewer than the colons in the text means one stood twice."""
    return sum(_keys(value) for value in values)


def _keys(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(_keys(one) for one in value.values() if isinstance(one, dict | list))
    if isinstance(value, list):
        return sum(_keys(one) for one in value if isinstance(one, dict | list))
    return 0
