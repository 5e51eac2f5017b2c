"""Step 1, reports arrive: bytes to text, with the place where the encoding breaks."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from fallow.errors import FallowError
from fallow.intake.readers.job import Chunk
from fallow.intake.readers.sniff import encoding_by_mark

_BAD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
"""Control signs and those that reorder what is read: a name shown other than it is stored."""


def known_encoding(name: str) -> str:
    """The Python name of a declared encoding; raises ``ENCODING_UNKNOWN``."""
    try:
        info = codecs.lookup(name)
    except LookupError as fault:
        raise FallowError("ENCODING_UNKNOWN", name) from fault
    # UTF-7 hides any sign behind plain ASCII and no program of today writes it; the others are no text
    # encodings.
    if info.name == "utf-7" or not getattr(info, "_is_text_encoding", True):
        raise FallowError("ENCODING_UNKNOWN", name)
    return info.name


def encoding_of(head: bytes, declared: str | None) -> str:
    """What to decode with: as declared, else by the byte-order mark, else UTF-8."""
    marked = encoding_by_mark(head)
    if declared is None:
        return marked[0] if marked else "utf-8"
    name = known_encoding(declared)
    return "utf-8-sig" if name == "utf-8" else name


class Utf8Stream:
    """A file as UTF-8 bytes without byte-order mark, whatever Unicode encoding it came in.

    UTF-8 passes through untouched (the JSON parser checks it); UTF-16 and UTF-32 are turned on the way.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        head = file.read(4)
        marked = encoding_by_mark(head)
        file.seek(0)
        self._decoder: codecs.IncrementalDecoder | None = None
        self.mark = 0
        """Bytes of the mark that were left out."""
        if marked and marked[0] == "utf-8-sig":
            self.mark = marked[1]
            file.seek(marked[1])
        elif marked:
            self._decoder = codecs.getincrementaldecoder(marked[0])("strict")
        self._spare = b""

    @classmethod
    def of(cls, text: bytes) -> Utf8Stream:
        """A stream of bytes that are UTF-8 already."""
        return cls(io.BytesIO(text))

    def read(self, size: int) -> bytes:
        """About ``size`` further bytes; empty at the end of the file."""
        while not self._spare:
            raw = self._file.read(size)
            if self._decoder is None:
                return raw
            try:
                self._spare = self._decoder.decode(raw, final=not raw).encode("utf-8")
            except UnicodeError as fault:
                raise FallowError(
                    "ENCODING", f"byte {max(self._file.tell() - len(raw), 0)}", encoding="UTF-16"
                ) from fault
            if not raw:
                break
        given, self._spare = self._spare[:size], self._spare[size:]
        return given

    def read_exactly(self, size: int) -> bytes:
        """``size`` bytes, fewer only at the end of the file."""
        parts = []
        while size > 0 and (part := self.read(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


class TextLines:
    """The lines of a text file with their ends, whichever of LF, CRLF or CR they have.

    Raises
    ------
    FallowError
        While iterating: ``ENCODING`` with the offset of the first byte that does not fit.
    """

    def __init__(self, path: Path, encoding: str) -> None:
        self._path, self._encoding = path, encoding
        self._file: BinaryIO | None = None

    def __iter__(self) -> Iterator[str]:
        with self._path.open("rb") as self._file:
            text = io.TextIOWrapper(self._file, self._encoding, newline="")
            try:
                yield from text
            except UnicodeError as fault:
                at, byte = _first_misfit(self._path, self._encoding)
                raise FallowError("ENCODING", f"byte {at}", encoding=self._encoding, found=byte) from fault

    def bytes_read(self) -> int:
        """Bytes taken from the file so far."""
        return self._file.tell() if self._file is not None and not self._file.closed else 0


def _first_misfit(path: Path, encoding: str) -> tuple[int, str]:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    at = 0
    with path.open("rb") as file:
        while True:
            raw = file.read(1 << 16)
            waiting = len(decoder.getstate()[0])
            try:
                decoder.decode(raw, final=not raw)
            except UnicodeDecodeError as fault:
                return at - waiting + fault.start, f"0x{fault.object[fault.start]:02X}"
            except UnicodeError:
                return at, "?"
            at += len(raw)
            if not raw:
                return at, "?"


def refuse_bad_text(chunk: Chunk, encoded: bytes, most: int) -> None:
    r"""Refuse rows with control signs, bidirectional overrides or endless values.

    ``encoded`` is the chunk's columns as JSON: there a control sign is ``\u00..`` and an override starts
    with E2 80 or E2 81, so a clean batch costs three searches.
    """
    suspicious = (b"\\u00", b"\\b", b"\\f", b"\x7f", b"\xe2\x80", b"\xe2\x81")
    if len(encoded) <= most and not any(one in encoded for one in suspicious):
        return
    for name, values in chunk.columns.items():
        if match := _BAD.search(name):
            raise FallowError("BAD_CHAR", "header", found=f"U+{ord(match[0]):04X}")
        for spot, value in enumerate(values):
            if isinstance(value, str):
                _check_value(chunk, spot, name, value, most)


def _check_value(chunk: Chunk, spot: int, name: str, value: Any, most: int) -> None:
    if len(value) > most:
        chunk.say(spot, "TEXT_TOO_LONG", "refuse", f", {name}", found=len(value), limit=most)
    elif match := _BAD.search(value):
        chunk.say(spot, "BAD_CHAR", "refuse", f", {name}", found=f"U+{ord(match[0]):04X}")
