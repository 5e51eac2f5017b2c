"""Step 4, the text of a statement: paragraphs, headings, figures in braces, and nothing else.

The format is small so that it can be translated by somebody who has never seen it (docs/statements.md):

- a blank line ends a paragraph;
- ``# Heading``, ``## Heading`` and ``### Heading`` stand alone;
- ``{name}`` in a paragraph is the figure of that name;
- ``[table name]``, ``[chart name]`` and ``[signatures]`` stand alone.

Everything else is text as it stands: no emphasis, no links, no markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from fallow.errors import FallowError, Finding

PartKind = Literal["heading", "paragraph", "table", "chart", "signatures"]

_HEADING = re.compile(r"(#{1,3})\s+(.+)")
_PLACED = re.compile(r"\[(table|chart)\s+([a-z][a-z0-9_]*)\]")
_BRACED = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_DATE = re.compile(
    r"(?<!\d)\d{4}-\d{2}(?:-\d{2})?(?!\d)"  # 2023-04-28
    r"|(?<!\d)\d{1,2}\.?(?:\s+[^\s\d{}]+){1,3}\s+(?:19|20)\d\d"  # 28 April 2023, 28 de abril de 2023
    r"|(?<!\d)(?:19|20)\d\d(?!\d)"  # a year
)
_TYPED = re.compile(r"(?<![\w{])\d(?:[\d.,'’\u00a0\u202f]*\d)?")


@dataclass(frozen=True, slots=True)
class Part:
    """One block of a text.

    Attributes
    ----------
    text
        Words of a heading or paragraph; the name of a table or chart.
    names
        Figures in it, in order.
    """

    kind: PartKind
    text: str = ""
    level: int = 0
    names: tuple[str, ...] = ()


def parse(text: str, where: str, known: Mapping[str, frozenset[str]]) -> tuple[Part, ...]:
    """The blocks of a text.

    Parameters
    ----------
    where
        Said in front of the number of the block when something is wrong.
    known
        Names that are defined, by ``figures``, ``tables`` and ``charts``.

    Raises
    ------
    FallowError
        ``STATEMENT_MARK`` for a brace or a bracket that stands for nothing.
    """
    blocks = [one.strip() for one in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n")) if one.strip()]
    return tuple(_part(one, f"{where}, block {number}", known) for number, one in enumerate(blocks, 1))


def _part(block: str, where: str, known: Mapping[str, frozenset[str]]) -> Part:
    if block == "[signatures]":
        return Part("signatures")
    placed = _PLACED.fullmatch(block)
    if placed:
        listed = known[f"{placed[1]}s"]
        if placed[2] not in listed:
            raise FallowError("STATEMENT_MARK", where, found=block, known=_listed(listed))
        return Part("table" if placed[1] == "table" else "chart", placed[2])
    if block.startswith("[") and block.endswith("]"):
        choices = [*(f"table {one}" for one in known["tables"]), *(f"chart {one}" for one in known["charts"])]
        raise FallowError("STATEMENT_MARK", where, found=block[:60], known=_listed([*choices, "signatures"]))
    heading = _HEADING.fullmatch(block)
    if heading:
        if set(heading[2]) & set("{}"):
            raise FallowError("STATEMENT_MARK", where, found=heading[2][:60], known="-")
        return Part("heading", heading[2].strip(), len(heading[1]))
    words = " ".join(block.split())
    names = tuple(found[1] for found in _BRACED.finditer(words))
    for name in names:
        if name not in known["figures"]:
            found = "{" + name[:40] + "}"
            raise FallowError("STATEMENT_MARK", where, found=found, known=_listed(known["figures"]))
    if set(_BRACED.sub("", words)) & set("{}"):
        raise FallowError("STATEMENT_MARK", where, found=words[:60], known=_listed(known["figures"]))
    return Part("paragraph", words, names=names)


def _listed(names: object) -> str:
    return ", ".join(sorted(names)) or "-"  # type: ignore[call-overload]


def differs(texts: Mapping[str, tuple[Part, ...]], where: str) -> None:
    """Refuse translations that are not of one text: other blocks, or another figure in a block.

    Raises
    ------
    FallowError
        ``STATEMENT_DIFFERS`` with the first language and block that differ.
    """
    first, *others = texts
    for lang in others:
        for number in range(max(len(texts[first]), len(texts[lang]))):
            one, other = (texts[it][number] if number < len(texts[it]) else None for it in (first, lang))
            if _shape(one) != _shape(other):
                raise FallowError(
                    "STATEMENT_DIFFERS", f"{where}, block {number + 1}", first=first, other=lang
                )


def _shape(part: Part | None) -> object:
    if part is None:
        return None
    return part.kind, part.level, sorted(part.names), part.text if part.kind in ("table", "chart") else ""


def typed_numbers(parts: tuple[Part, ...], where: str) -> Iterator[Finding]:
    """Numbers that somebody typed and bound to nothing; dates and years are let pass."""
    for number, part in enumerate(parts, 1):
        if part.kind not in ("heading", "paragraph"):
            continue
        for found in typed(part.text):
            yield Finding("STATEMENT_TYPED_NUMBER", "note", f"{where}, block {number}", {"found": found})


def typed(text: str) -> list[str]:
    """The numbers of a text that no figure stands behind; dates and years are let pass."""
    return _TYPED.findall(_DATE.sub(" ", _BRACED.sub(" ", text)))
