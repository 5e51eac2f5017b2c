"""Step 1, reports arrive: ``source.yaml`` as a tree whose every leaf knows its line, so a refusal can name
it.

Every scalar stays the text a person typed. YAML would read ``No`` as false, ``05001`` as 2561 and
``2017-10-31`` as a date object; in a table of lookups those are words, codes and days.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any, NoReturn

import yaml

from fallow.errors import FallowError

MAX_BYTES = 1_000_000
MAX_DEPTH = 24
UNDECIDED = "?"
"""What ``fallow source draft`` writes where only a person can know; loading refuses it."""


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a source description and the place it stands at.

    Attributes
    ----------
    value
        Text, ``None`` (nothing written, ``~`` or ``null``), a mapping of nodes or a tuple of nodes.
    path
        Keys down to here: ``tables[0].records[0].fields.outcome``.
    """

    value: str | Mapping[str, Node] | tuple[Node, ...] | None
    file: str
    line: int
    path: str

    @property
    def where(self) -> str:
        """``source.yaml:12 tables[0].format``."""
        return f"{self.file}:{self.line} {self.path}".strip()

    def refuse(self, code: str, **facts: Any) -> NoReturn:
        """Raise a ``FallowError`` at this place."""
        raise FallowError(code, self.where, **facts)

    def expected(self, example: str) -> NoReturn:
        """Refuse the value, showing what one looks like."""
        self.refuse("SOURCE_VALUE", found=self.shown, expected=example)

    @property
    def shown(self) -> str:
        """The value as a message may print it: what a person wrote into the description, cut short."""
        if isinstance(self.value, Mapping):
            return "{" + ", ".join(list(self.value)[:4]) + "}"
        if isinstance(self.value, tuple):
            return "[...]"
        return "" if self.value is None else self.value[:80]

    @property
    def is_map(self) -> bool:
        """Whether it has keys."""
        return isinstance(self.value, Mapping)

    @property
    def is_list(self) -> bool:
        """Whether it is a list."""
        return isinstance(self.value, tuple)

    def text(self, example: str = "text") -> str:
        """The text of a scalar; refused when there is none."""
        if not isinstance(self.value, str) or not self.value.strip():
            self.expected(example)
        return self.value

    def word(self, known: Iterable[str]) -> str:
        """One of some known words; refused with the nearest."""
        choices = tuple(known)
        found = self.text(" | ".join(choices))
        if found not in choices:
            self.expected(" | ".join(choices))
        return found

    def integer(self, low: int = 0, example: str = "5") -> int:
        """A whole number of at least ``low``."""
        found = self.text(example)
        if not found.isascii() or not found.isdigit() or len(found) > 12 or int(found) < low:
            self.expected(example)
        return int(found)

    def yes(self) -> bool:
        """``true`` or ``false``."""
        return self.word(("true", "false")) == "true"

    def day(self) -> str:
        """A whole ISO day."""
        found = self.text("2017-10-31")
        try:
            if len(found) == 10:
                return date.fromisoformat(found).isoformat()
        except ValueError:
            pass  # refused below like any other text that is no day
        return self.expected("2017-10-31")

    def items(self, example: str = "[a, b]") -> tuple[Node, ...]:
        """The nodes of a list."""
        if not isinstance(self.value, tuple):
            self.expected(example)
        return self.value

    def texts(self, example: str = "[a, b]") -> tuple[str, ...]:
        """A list of texts, or one text as a list of one."""
        if self.is_list:
            return tuple(
                one.value if isinstance(one.value, str) else one.text(example) for one in self.items()
            )
        return (self.text(example),)

    def entries(self, example: str = "{key: value}") -> Mapping[str, Node]:
        """The entries of a mapping whose keys are the person's own (columns, raw values)."""
        if not isinstance(self.value, Mapping):
            self.expected(example)
        return self.value

    def keys(self, known: Iterable[str], required: Iterable[str] = ()) -> Mapping[str, Node]:
        """The entries of a mapping whose keys are Fallow's; an unknown one is refused with the nearest."""
        choices = tuple(known)
        found = self.entries("{" + ": ..., ".join(required or choices[:2]) + ": ...}")
        for key, node in found.items():
            if key not in choices:
                near = get_close_matches(key, choices, n=1, cutoff=0.6)
                node.refuse("SOURCE_KEY_UNKNOWN", found=key, near=near[0] if near else ", ".join(choices))
        for key in required:
            if key not in found:
                self.refuse("SOURCE_KEY_MISSING", key=key)
        return found

    def walk(self) -> Iterator[Node]:
        """Every leaf below, in the order of the file."""
        if isinstance(self.value, Mapping):
            for node in self.value.values():
                yield from node.walk()
        elif isinstance(self.value, tuple):
            for node in self.value:
                yield from node.walk()
        else:
            yield self

    def plain(self) -> Any:
        """As dictionaries, lists and text, for the digest of a mapping."""
        if isinstance(self.value, Mapping):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, tuple):
            return [node.plain() for node in self.value]
        return self.value


def parse_yaml(content: bytes, file: str) -> Node:
    """The tree of a source description.

    Raises
    ------
    FallowError
        ``SOURCE_YAML`` (not YAML, not UTF-8, anchors, too deep, too large) or ``SOURCE_KEY_TWICE``.
    """
    if len(content) > MAX_BYTES:
        raise FallowError("SOURCE_YAML", file, found=f"{len(content)} > {MAX_BYTES} bytes")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        text = content.decode("utf-8-sig")
        # An alias can make a page of text into a tree of billions (or a loop); none is needed here.
        depth = 0
        for event in yaml.parse(text, Loader=loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent):
                raise FallowError(
                    "SOURCE_YAML", f"{file}:{event.start_mark.line + 1}", found=f"*{event.anchor}"
                )
            if depth > MAX_DEPTH:
                raise FallowError(
                    "SOURCE_YAML", f"{file}:{event.start_mark.line + 1}", found=f"> {MAX_DEPTH} levels"
                )
        root = yaml.compose(text, Loader=loader)
    except UnicodeDecodeError as fault:
        raise FallowError("SOURCE_YAML", file, found=f"UTF-8, byte {fault.start}") from fault
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        place = f"{file}:{mark.line + 1}" if mark else file
        raise FallowError("SOURCE_YAML", place, found=str(getattr(fault, "problem", fault))) from fault
    if root is None:
        raise FallowError("SOURCE_YAML", file, found="0")
    return _node(root, file, "")


def _node(raw: yaml.Node, file: str, path: str) -> Node:
    line = raw.start_mark.line + 1
    if isinstance(raw, yaml.MappingNode):
        entries: dict[str, Node] = {}
        for key_node, value_node in raw.value:
            key_line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise FallowError("SOURCE_YAML", f"{file}:{key_line}", found=path or "?")
            key = key_node.value
            below = f"{path}.{key}" if path else key
            if key in entries:
                raise FallowError("SOURCE_KEY_TWICE", f"{file}:{key_line} {below}", found=key)
            entries[key] = _node(value_node, file, below)
        return Node(entries, file, line, path)
    if isinstance(raw, yaml.SequenceNode):
        items = tuple(_node(one, file, f"{path}[{position}]") for position, one in enumerate(raw.value))
        return Node(items, file, line, path)
    nothing = raw.tag == "tag:yaml.org,2002:null" and raw.style is None
    return Node(None if nothing else raw.value, file, line, path)
