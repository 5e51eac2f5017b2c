"""Step 0, reading a declaration: YAML with the line of every key, so that a refusal can say where.

Scalars stay text until somebody asks for a number or a flag: YAML would otherwise read the code ``no`` as
false and ``2021-02-05`` as a date. Keys are taken one by one and :meth:`Block.finish` refuses what is
left over, so a misspelled key is never ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from fallow.errors import FallowError
from fallow.words import Text

_FLAGS = {"true": True, "yes": True, "false": False, "no": False}
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")


def read_yaml(path: Path) -> Block:
    """The mapping at the top of a YAML file. Raises ``MODEL_FILE``, ``MODEL_KEY_TWICE``."""
    import yaml  # opening a register reads no YAML and need not wait for it

    name = f"{path.parent.name}/{path.name}"
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(path.read_bytes().decode("utf-8"), Loader=loader)
    except UnicodeDecodeError as error:
        raise FallowError("MODEL_FILE", name, found=f"UTF-8, byte {error.start}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}:{mark.line + 1}" if mark is not None else name
        raise FallowError("MODEL_FILE", where, found=getattr(error, "problem", None) or "YAML") from error
    if node is None or node.id != "mapping":
        raise FallowError("MODEL_FILE", f"{name}:1", found="-")
    return _block(node, name, set())


def nearest(found: str, among: Iterable[str]) -> str:
    """What a person may have meant: the nearest names, or all of them when none is near."""
    names = sorted(among)
    return ", ".join(get_close_matches(found, names, n=3, cutoff=0.6) or names[:40]) or "-"


class Block:
    """One mapping of a declaration, emptied key by key."""

    def __init__(self, file: str, line: int, values: dict[str, Any], lines: dict[str, int]) -> None:
        self.file = file
        self.line = line
        self._values = values
        self._lines = lines
        self._asked: list[str] = []

    def where(self, key: str | None = None) -> str:
        """File and line of a key, or of the block."""
        return f"{self.file}:{self._lines.get(key, self.line) if key else self.line}"

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def keys(self) -> Sequence[str]:
        """The keys not taken yet."""
        return tuple(self._values)

    def _take(self, key: str, kind: type, *, needed: bool) -> Any:
        self._asked.append(key)
        if key not in self._values:
            if needed:
                raise FallowError("MODEL_KEY_MISSING", self.where(), key=key)
            return None
        value = self._values.pop(key)
        if not isinstance(value, kind) or value == "":
            wanted = {str: "text", Block: "{key: value}", list: "[...]"}[kind]
            raise FallowError("MODEL_VALUE", self.where(key), key=key, found=_shown(value), allowed=wanted)
        return value

    def text(self, key: str) -> str:
        """A text that must be there."""
        return str(self._take(key, str, needed=True))

    def maybe(self, key: str) -> str | None:
        """A text that may be there."""
        return self._take(key, str, needed=False)  # type: ignore[no-any-return]

    def one_of(self, key: str, allowed: Iterable[str], default: str | None = None) -> str:
        """A text out of a closed set; ``MODEL_VALUE`` with the nearest otherwise."""
        value = self.maybe(key) if default is not None else self.text(key)
        value = default if value is None else value
        choices = tuple(allowed)
        if value not in choices:
            raise FallowError(
                "MODEL_VALUE", self.where(key), key=key, found=value, allowed=nearest(str(value), choices)
            )
        return str(value)

    def flag(self, key: str) -> bool:
        """True or false, false when it is not there."""
        value = self.maybe(key)
        if value is not None and value not in _FLAGS:
            raise FallowError("MODEL_VALUE", self.where(key), key=key, found=value, allowed="true, false")
        return value is not None and _FLAGS[value]

    def number(self, key: str) -> float | None:
        """A finite number, or ``None`` when it is not there."""
        value = self.maybe(key)
        if value is not None and not _NUMBER.fullmatch(value):
            raise FallowError("MODEL_VALUE", self.where(key), key=key, found=value, allowed="0, 12.5")
        return None if value is None else float(value)

    def texts(self, key: str, *, single: bool = False, needed: bool = False) -> tuple[str, ...]:
        """A list of texts, empty when it is not there; with ``single`` one bare text is a list of one."""
        if single and isinstance(self._values.get(key), str):
            return (self.text(key),)
        values = self._take(key, list, needed=needed) or []
        for value in values:
            if not isinstance(value, str) or not value:
                raise FallowError(
                    "MODEL_VALUE", self.where(key), key=key, found=_shown(value), allowed="text"
                )
        return tuple(values)

    def blocks(self, key: str, *, needed: bool = False) -> tuple[Block, ...]:
        """A list of mappings, empty when it is not there."""
        values = self._take(key, list, needed=needed) or []
        for value in values:
            if not isinstance(value, Block):
                raise FallowError(
                    "MODEL_VALUE", self.where(key), key=key, found=_shown(value), allowed="{key: value}"
                )
        return tuple(values)

    def block(self, key: str) -> Block | None:
        """A mapping that may be there."""
        return self._take(key, Block, needed=False)  # type: ignore[no-any-return]

    def label(self, key: str, needed: Sequence[str], allowed: Sequence[str]) -> Text:
        """Words in every language of ``needed``, and in none outside ``allowed``."""
        block: Block = self._take(key, Block, needed=True)
        words: dict[str, str] = {}
        for language in allowed:
            if language in block:
                words[language] = block.text(language)
        block._asked = list(allowed)
        block.finish()
        missing = [language for language in needed if language not in words]
        if missing or not words:
            raise FallowError(
                "MODEL_LABEL_MISSING", self.where(key), key=key, languages=", ".join(missing) or "-"
            )
        return words

    def finish(self) -> None:
        """Refuse the keys nobody asked for: ``MODEL_KEY_UNKNOWN`` with the nearest that exists."""
        for key in self._values:
            raise FallowError("MODEL_KEY_UNKNOWN", self.where(key), key=key, near=nearest(key, self._asked))


def _shown(value: Any) -> str:
    if isinstance(value, Block):
        return "{...}"
    if isinstance(value, list):
        return "[...]"
    return value or "-"


def _value(node: Any, file: str, seen: set[int]) -> Any:
    # Anchors and aliases are refused: ten lines of them expand to gigabytes, and no declaration needs one.
    if id(node) in seen:
        raise FallowError("MODEL_FILE", f"{file}:{node.start_mark.line + 1}", found="YAML alias (*)")
    seen.add(id(node))
    if node.id == "scalar":
        return "" if node.tag == "tag:yaml.org,2002:null" else str(node.value)
    if node.id == "sequence":
        return [_value(one, file, seen) for one in node.value]
    return _block(node, file, seen)


def _block(node: Any, file: str, seen: set[int]) -> Block:
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if key_node.id != "scalar":
            raise FallowError("MODEL_FILE", f"{file}:{line}", found="? [...]")
        key = str(key_node.value)
        if key in values:
            raise FallowError("MODEL_KEY_TWICE", f"{file}:{line}", key=key, first=lines[key])
        values[key] = _value(value_node, file, seen)
        lines[key] = line
    return Block(file, node.start_mark.line + 1, values, lines)


def text_in(words: Mapping[str, str]) -> Text:
    """Words without the languages that are empty."""
    return {language: word for language, word in words.items() if word}
