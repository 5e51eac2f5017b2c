"""Step 4, a statement's file: YAML that a person writes, read strictly, as fields of the record.

Scalars stay text, a key that nobody knows is refused, and so are aliases, keys given twice and whatever is
not a text where a text belongs: each with the line or the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fallow.errors import FallowError
from fallow.kinds import VALUE_TYPES, Kind
from fallow.publish.statements.terms import Terms
from fallow.register import Register
from fallow.words import LANGUAGES

LARGEST = 1_000_000
"""Bytes of a statement's file: a long report is a tenth of it."""

_KEYS = {
    "code": "code",
    "type": "statement_type",
    "date": "date",
    "issuer": "issuer_stated",
    "addressed_to": "addressed_to",
    "known": "figures_known_on",
    "from": "period_from",
    "to": "period_to",
    "mandate": "mandate",
    "web_address": "web_address",
}
"""Keys of the file that are one field each."""

_OTHERS = ("title", "text", "figures", "tables", "charts", "signatures")
_SIGNED = ("name", "organisation", "mandate", "date")


@dataclass(frozen=True, slots=True)
class Written:
    """A statement's file as read: what goes into the register."""

    fields: Mapping[str, Any]
    signatures: tuple[Mapping[str, str], ...]


def read_statement(path: Path, kind: Kind, register: Register) -> Written:
    """Read and check a file.

    Raises
    ------
    FallowError
        ``STATEMENT_FILE`` with the line; ``STATEMENT_DEFINITION``; what the value types refuse.
    """
    given = _yaml(path)
    for key in given:
        if key not in (*_KEYS, *_OTHERS):
            raise _bad(path, f"{key}?")
    fields: dict[str, Any] = {}
    for key, name in _KEYS.items():
        field = kind.field(name)
        if key in given and field is not None:
            fields[name] = VALUE_TYPES[field.type].parse(_text(path, given, key), field, register.model)
    for needed in ("code", "type", "date", "title", "text"):
        if needed not in given:
            raise _bad(path, f"{needed}: -")
    texts, titles = _by_language(path, given, "text"), _by_language(path, given, "title")
    if set(texts) != set(titles):
        raise _bad(path, f"title: {', '.join(titles)}; text: {', '.join(texts)}")
    terms = Terms.of({key: given[key] for key in ("figures", "tables", "charts") if key in given})
    ordered = [lang for lang in LANGUAGES if lang in texts]
    fields |= {
        "name": titles[ordered[0]],
        "names": titles,
        "body": texts,
        "languages": ordered,
        "recipe": terms.as_json(),
        "figures_used": ", ".join(terms.figures) or None,
    }
    return Written(fields, tuple(_signature(path, one) for one in _list(path, given, "signatures")))


class _Loader(yaml.BaseLoader):  # type: ignore[misc]
    """Scalars stay text (a day is no timestamp, ``no`` is no flag); no aliases, no key twice."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(problem="alias", problem_mark=mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value} x 2", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _yaml(path: Path) -> dict[str, Any]:
    try:
        body = path.read_bytes()
    except OSError as error:
        raise _bad(path, type(error).__name__) from error
    if len(body) > LARGEST:
        raise _bad(path, f"{len(body)} > {LARGEST} B")
    try:
        found = yaml.load(body.decode("utf-8"), Loader=_Loader)  # noqa: S506 - a BaseLoader: text only
    except UnicodeDecodeError as error:
        raise _bad(path, f"UTF-8, byte {error.start}") from error
    except RecursionError as error:
        raise _bad(path, "[[[[") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        raise FallowError(
            "STATEMENT_FILE", f"{path.name}{line}", found=getattr(error, "problem", None) or "YAML"
        ) from error
    if not isinstance(found, dict):
        raise _bad(path, "{key: value}")
    return found


def _bad(path: Path, found: str) -> FallowError:
    return FallowError("STATEMENT_FILE", path.name, found=found[:200])


def _text(path: Path, given: Mapping[str, Any], key: str) -> str:
    value = given[key]
    if not isinstance(value, str) or not value.strip():
        raise _bad(path, f"{key}: -")
    return value


def _by_language(path: Path, given: Mapping[str, Any], key: str) -> dict[str, str]:
    value = given[key]
    if not isinstance(value, dict) or not value:
        raise _bad(path, f"{key}: {{en: ...}}")
    for lang, text in value.items():
        if lang not in LANGUAGES or not isinstance(text, str) or not text.strip():
            raise _bad(path, f"{key}.{lang} ({', '.join(LANGUAGES)})")
    return {lang: value[lang] for lang in LANGUAGES if lang in value}


def _list(path: Path, given: Mapping[str, Any], key: str) -> list[Any]:
    value = given.get(key, [])
    if not isinstance(value, list):
        raise _bad(path, f"{key}: [...]")
    return value


def _signature(path: Path, given: Any) -> Mapping[str, str]:
    if not isinstance(given, dict) or not all(isinstance(one, str) for one in given.values()):
        raise _bad(path, "signatures: [{name: ...}]")
    for key in given:
        if key not in _SIGNED:
            raise _bad(path, f"signatures.{key}? ({', '.join(_SIGNED)})")
    for needed in ("name", "date"):
        if not given.get(needed, "").strip():
            raise _bad(path, f"signatures.{needed}: -")
    return dict(given)
