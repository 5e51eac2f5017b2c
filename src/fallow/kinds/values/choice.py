"""Step 0, values that are choices: yes or no, codes of a list, links to other records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from fallow.kinds.model import CodeList, Field, Model
from fallow.kinds.values.base import PLAIN, Reading, ValueType, refuse
from fallow.kinds.values.text import clean_text

_YES = "yes y true 1 oui si sí да так bəli hə نعم"
_NO = "no n false 0 non нет ні xeyr yox لا"
_ANSWERS = dict.fromkeys(_YES.split(), True) | dict.fromkeys(_NO.split(), False)

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_UUID = re.compile(UUID)
JOINED = ";"
"""Between the entries of a stored list. No code and no record id can hold it."""


class YesNoType(ValueType):
    """Yes or no; "unknown" is an empty value, never a no."""

    name = "yes_no"
    column = "BOOLEAN"

    def parse(self, raw: Any, field: Field, model: Model, reading: Reading = PLAIN) -> bool | None:
        """Yes and no in every language. Raises ``VALUE_NOT_YES_NO``."""
        if isinstance(raw, bool) or raw is None:
            return raw
        if isinstance(raw, (int, float)) and raw in (0, 1):
            return bool(raw)
        if isinstance(raw, str):
            text = raw.strip().casefold()
            if not text:
                return None
            if text in _ANSWERS:
                return _ANSWERS[text]
        raise refuse("VALUE_NOT_YES_NO", field, raw)

    def store(self, canonical: Any) -> Any:
        """1 or 0."""
        return int(canonical)

    def load(self, scalar: Any) -> Any:
        """True or false."""
        return bool(scalar)

    def schema(self, field: Field, model: Model) -> dict[str, Any]:
        """A boolean."""
        return {"type": "boolean"}

    def form(self, field: Field) -> str:
        """A choice of two."""
        return "select_one yes_no"


def find_code(text: str, field: Field, model: Model) -> str:
    """The code that was meant, letter case aside. Raises ``CODE_UNKNOWN`` with the nearest codes.

    Labels are not accepted for codes: which word of a source means which code is for a person to say once,
    in the lookup of the source. They do help to name the nearest code.
    """
    listed = model.codes(field)
    if listed.get(text) is not None:
        return text
    folded = text.casefold()
    for one in listed:
        if one.code.casefold() == folded:
            return one.code
    near = () if field.personal else near_codes(text, listed)
    raise refuse(
        "CODE_UNKNOWN",
        field,
        text,
        list=listed.name,
        near=", ".join(near or [one.code for one in listed][:12]),
    )


def near_codes(text: str, listed: CodeList) -> Sequence[str]:
    """At most three codes whose code or label in any language resembles a text, nearest first.

    By shared pairs of letters (Dice): a free-text column mapped to a code by mistake has 100,000 different
    values, and difflib would take minutes to say so.
    """
    asked = _pairs(text[:60].casefold())
    best: dict[str, float] = {}
    for one in listed:
        for word in (one.code, *one.label.values()):
            pairs = _pairs(word.casefold())
            alike = 2 * len(asked & pairs) / (len(asked) + len(pairs))
            if alike > best.get(one.code, _ALIKE):
                best[one.code] = alike
    return sorted(best, key=lambda code: -best[code])[:3]


_ALIKE = 0.45


@lru_cache(maxsize=16_384)
def _pairs(word: str) -> frozenset[str]:
    """Each letter with the next one, the ends of the word included."""
    framed = f" {word} "
    return frozenset(framed[at : at + 2] for at in range(len(framed) - 1))


def _offered(field: Field, model: Model) -> list[str]:
    return [one.code for one in model.codes(field)]


class CodeType(ValueType):
    """One code of a list. A retired code is still understood: old data keeps its meaning."""

    name = "code"
    column = "TEXT"

    def parse(self, raw: Any, field: Field, model: Model, reading: Reading = PLAIN) -> str | None:
        """Raises ``CODE_UNKNOWN``."""
        text = clean_text(raw, field)
        return None if text is None else find_code(text, field, model)

    def schema(self, field: Field, model: Model) -> dict[str, Any]:
        """One of the codes."""
        return {"type": "string", "enum": _offered(field, model)}

    def form(self, field: Field) -> str:
        """A choice of one."""
        return f"select_one {field.codes}"


class _ListType(ValueType):
    """Several texts, sorted and each once, kept in one column."""

    column = "TEXT"

    def store(self, canonical: Any) -> Any:
        """The entries joined by semicolons."""
        return JOINED.join(canonical)

    def load(self, scalar: Any) -> Any:
        """The entries again."""
        return scalar.split(JOINED) if scalar else []


class CodesType(_ListType):
    """Several codes of a list."""

    name = "codes"

    def parse(self, raw: Any, field: Field, model: Model, reading: Reading = PLAIN) -> list[str] | None:
        """From a list, or from text split at ``;``, ``,``, ``|`` or, as phones send it, at blanks."""
        found = {find_code(text, field, model) for text in _entries(raw, field)}
        return sorted(found) or None

    def schema(self, field: Field, model: Model) -> dict[str, Any]:
        """An array of codes."""
        items = {"type": "string", "enum": _offered(field, model)}
        return {"type": "array", "items": items, "uniqueItems": True, "minItems": 1}

    def form(self, field: Field) -> str:
        """A choice of several."""
        return f"select_multiple {field.codes}"


class LinkType(ValueType):
    """One other record, by its id (a UUID)."""

    name = "link"
    column = "TEXT"

    def parse(self, raw: Any, field: Field, model: Model, reading: Reading = PLAIN) -> str | None:
        """Raises ``LINK_FORMAT``; whether the record exists is for the register to say."""
        text = clean_text(raw, field)
        return None if text is None else _record(text, field)

    def schema(self, field: Field, model: Model) -> dict[str, Any]:
        """A UUID; the kind it points to stands beside it as an annotation."""
        return {"type": "string", "pattern": f"^{UUID}$", "x-link": field.link}

    def form(self, field: Field) -> str:
        """Text: a team in the field knows the code of a record, and the source description finds its id."""
        return "text"


class LinksType(_ListType):
    """Several other records."""

    name = "links"

    def parse(self, raw: Any, field: Field, model: Model, reading: Reading = PLAIN) -> list[str] | None:
        """From a list, or from text split like codes. Raises ``LINK_FORMAT``."""
        return sorted({_record(text, field) for text in _entries(raw, field)}) or None

    def schema(self, field: Field, model: Model) -> dict[str, Any]:
        """An array of UUIDs."""
        items = {"type": "string", "pattern": f"^{UUID}$"}
        return {"type": "array", "items": items, "uniqueItems": True, "minItems": 1, "x-link": field.link}

    def form(self, field: Field) -> str:
        """Text, like a single link."""
        return "text"


def _record(text: str, field: Field) -> str:
    folded = text.lower()
    if not _UUID.fullmatch(folded):
        raise refuse("LINK_FORMAT", field, text, kind=field.link or "")
    return folded


def _entries(raw: Any, field: Field) -> Iterable[str]:
    if isinstance(raw, (list, tuple, set, frozenset)):
        given: Iterable[Any] = raw
    else:
        text = clean_text(raw, field) or ""
        given = re.split(r"[;,|]", text) if re.search(r"[;,|]", text) else text.split()
    return [entry for one in given if (entry := clean_text(one, field)) is not None]
