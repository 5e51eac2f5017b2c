"""Step 1, reports arrive: XML without document types, entities, includes and bottomless nesting, read as a
stream.

Expat is used directly: every one of these is refused at the sign that opens it, before anything is expanded
or fetched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol
from xml.parsers import expat

from fallow.errors import FallowError
from fallow.intake.limits import Limits
from fallow.intake.readers.text import known_encoding

_BLOCK = 256 * 1024
_MOST_NAMES = 10_000
_XINCLUDE = "http://www.w3.org/2001/XInclude"


class Bytes(Protocol):
    """Anything that gives bytes: a file or an entry of an archive."""

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes."""


class GuardedParser:
    """Reads one XML stream and tells a listener of elements and text; names come without their namespace.

    Parameters
    ----------
    limits
        Nesting and length of a value.
    start, end, text
        Called with the local name and attributes, the local name, and pieces of text.
    root
        Local names the file may begin with.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        start: Callable[[str, dict[str, str]], None] | None = None,
        end: Callable[[str], None] | None = None,
        text: Callable[[str], None] | None = None,
        root: tuple[str, ...] = (),
    ) -> None:
        self._limits, self._start, self._end, self._root = limits, start, end, root
        self._depth = 0
        self._names: dict[str, str] = {}
        self._parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._forbid_document_type
        parser.EntityDeclHandler = self._forbid_document_type
        parser.ExternalEntityRefHandler = self._forbid_document_type
        parser.ProcessingInstructionHandler = self._instruction
        parser.StartElementHandler = self._open
        parser.EndElementHandler = self._close
        if text is not None:
            parser.CharacterDataHandler = text

    def feed(self, stream: Bytes) -> bool:
        """One further block; ``False`` at the end of the stream."""
        raw = stream.read(_BLOCK)
        try:
            self._parser.Parse(raw, not raw)
        except expat.ExpatError as fault:
            raise FallowError("XML_SYNTAX", f"line {fault.lineno}, column {fault.offset + 1}") from fault
        except (LookupError, ValueError) as fault:
            raise FallowError("ENCODING_UNKNOWN", "line 1") from fault
        return bool(raw)

    @property
    def line(self) -> int:
        """The line the parser stands at, counted from 1."""
        return self._parser.CurrentLineNumber

    def run(self, stream: Bytes) -> None:
        """The whole stream."""
        while self.feed(stream):
            pass

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None:
            known_encoding(encoding)

    def _forbid_document_type(self, *_: Any) -> int:
        raise FallowError("XML_DTD_FORBIDDEN", f"line {self.line}")

    def _instruction(self, target: str, _data: str) -> None:
        if target.lower() == "xml-stylesheet":
            raise FallowError("XML_INCLUDE", f"line {self.line}", found=target)

    def _open(self, name: str, attributes: dict[str, str]) -> None:
        local = self._names.get(name)
        if local is None:
            local = self._new_name(name)
        self._depth += 1
        if self._depth > self._limits.depth:
            raise FallowError("TOO_DEEP", f"line {self.line}", found=self._depth, limit=self._limits.depth)
        if self._depth == 1 and self._root and local not in self._root:
            raise FallowError("XML_ROOT", "line 1", found=local[:40])
        qualified = False
        for key, value in attributes.items():
            qualified = qualified or " " in key
            if len(value) > self._limits.text:
                raise FallowError(
                    "TEXT_TOO_LONG", f"line {self.line}", found=len(value), limit=self._limits.text
                )
        if self._start is not None:
            if qualified:
                attributes = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
            self._start(local, attributes)

    def _new_name(self, name: str) -> str:
        """The local part of a name; a sheet of a million cells has a dozen different ones."""
        space, _, local = name.rpartition(" ")
        if space == _XINCLUDE:
            raise FallowError("XML_INCLUDE", f"line {self.line}", found="XInclude")
        if len(self._names) < _MOST_NAMES:
            self._names[name] = local
        return local

    def _close(self, name: str) -> None:
        self._depth -= 1
        if self._end is not None:
            self._end(self._names.get(name) or name.rpartition(" ")[2])
