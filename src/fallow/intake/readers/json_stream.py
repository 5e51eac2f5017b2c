"""Step 1, reports arrive: cut a stream of JSON into its features without parsing it, as fast as numpy counts
brackets.

The whole file is never in memory. Within a block the brackets, colons and quotes outside strings are found
with array operations (about 3 ns a byte on one core of 2020), which gives the end of every feature, its
depth, and its number of keys, before one of them is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fallow.errors import FallowError
from fallow.intake.readers.job import BYTES_A_BATCH, ROWS_A_BATCH
from fallow.intake.readers.text import Utf8Stream

_BLOCK = 512 * 1024
_ESCAPED = re.compile(rb"\\.", re.DOTALL)


@dataclass(slots=True)
class Segment:
    """Some whole features of the array, with the commas between them."""

    offset: int
    """Bytes of the stream (after a byte-order mark, as UTF-8) before it."""
    text: bytes
    count: int
    colons: int
    """Colons outside strings: as many as keys, or a key stands twice."""
    checked: bool = False
    """Seen before and found without fault."""
    strictly: bool = False
    """Seen before and found with faults that only the slow parser names."""


class ArrayCutter:
    """Cuts the elements of one JSON array that starts at the position the stream stands at.

    Parameters
    ----------
    stream
        Stands right behind the ``[`` of the array, once ``first`` has been given back to it.
    first
        Bytes already read from the stream that belong to the array.
    offset
        Position of ``first`` in the stream.
    deepest
        Nesting allowed inside the array.
    """

    def __init__(self, stream: Utf8Stream, first: bytes, offset: int, deepest: int) -> None:
        self._stream, self._first, self._offset, self._deepest = stream, first, offset, deepest
        self.rest = b""
        """What followed the end of the array, after the last segment."""
        self.rest_offset = 0

    def __iter__(self) -> Iterator[Segment]:
        buffer = bytearray()
        base = self._offset  # position of buffer[0] in the stream
        done = 0  # bytes of the buffer already looked at
        depth, odd, escape = 0, 0, False
        ends: list[int] = []  # ends of elements in the buffer
        colons: list[int] = []
        block = self._first or self._stream.read(_BLOCK)
        while block:
            found = look(block, depth, odd, escape=escape)
            depth, odd, escape = found.depth, found.odd, found.escape
            buffer += block
            if found.deepest > self._deepest:
                raise FallowError(
                    "TOO_DEEP",
                    f"byte {base + done + found.deepest_at}",
                    found=found.deepest,
                    limit=self._deepest,
                )
            ends += (found.ends + done).tolist()
            colons += (found.colons + done).tolist()
            if found.closed is not None:
                end = done + found.closed
                if buffer[end] != 0x5D:
                    raise FallowError("JSON_SYNTAX", f"byte {base + end}", found="}")
                yield from self._last(bytes(buffer[:end]), base, [one for one in ends if one <= end], colons)
                self.rest, self.rest_offset = bytes(buffer[end + 1 :]), base + end + 1
                return
            done += len(block)
            while len(ends) >= ROWS_A_BATCH or (ends and ends[-1] > BYTES_A_BATCH):
                count = min(ROWS_A_BATCH, len(ends))
                end = ends[count - 1]
                inside = int(np.searchsorted(colons, end))
                yield Segment(base, bytes(buffer[:end]), count, inside)
                del buffer[:end], ends[:count], colons[:inside]
                ends, colons = [one - end for one in ends], [one - end for one in colons]
                base, done = base + end, done - end
            block = self._stream.read(_BLOCK)
        raise FallowError("TRUNCATED", f"byte {base + done}", found="]")

    def _last(self, text: bytes, base: int, ends: list[int], colons: list[int]) -> Iterator[Segment]:
        for low in range(0, len(ends), ROWS_A_BATCH):
            some = ends[low : low + ROWS_A_BATCH]
            begin = ends[low - 1] if low else 0
            inside = int(np.searchsorted(colons, some[-1]) - np.searchsorted(colons, begin))
            yield Segment(base + begin, text[begin : some[-1]], len(some), inside)
        tail = text[ends[-1] if ends else 0 :]
        if tail.strip(b" \t\r\n"):
            at = base + len(text) - len(tail.lstrip(b" \t\r\n"))
            raise FallowError("JSON_SYNTAX", f"byte {at}", found=_shown(tail))


_SIGNS = bytes(sign in b'":[]{}' for sign in range(256))
"""1 for every byte that may shape the text, 0 for all others."""


@dataclass(slots=True)
class Look:
    """Brackets, colons and strings of one block; positions count from its first byte."""

    depth: int
    odd: int
    escape: bool
    ends: np.ndarray[tuple[int], np.dtype[np.int64]]
    colons: np.ndarray[tuple[int], np.dtype[np.int64]]
    deepest: int
    deepest_at: int
    closed: int | None
    """Where the array itself ended."""


def look(block: bytes, depth: int, odd: int, *, escape: bool) -> Look:
    """Structure of one block, given the depth, the open string and the open escape it starts with."""
    plain = block
    if escape:
        plain = b" " + plain[1:]
    escape = False
    if b"\\" in plain:
        plain = _ESCAPED.sub(b"  ", plain)
        escape = plain.endswith(b"\\")
    # Nine bytes in ten of a file of outlines are digits: only the others are looked at.
    at = np.flatnonzero(np.frombuffer(plain.translate(_SIGNS), dtype=np.bool_))
    signs = np.frombuffer(plain, dtype=np.uint8)[at]
    quotes = np.cumsum(signs == 34) + odd
    outside = (quotes & 1) == 0
    folded = signs & np.uint8(0xDF)  # '{' and '[' become one byte, '}' and ']' another
    bracket = ((folded == 0x5B) | (folded == 0x5D)) & outside
    brackets = at[bracket]
    steps = np.where(folded[bracket] == 0x5B, 1, -1)
    levels = depth + np.cumsum(steps)
    colons = at[(signs == 58) & outside]
    ends = brackets[(levels == 0) & (steps == -1)] + 1
    closed = brackets[levels < 0]
    deepest = int(levels.max()) if len(levels) else depth
    return Look(
        int(levels[-1]) if len(levels) else depth,
        int(quotes[-1] if len(quotes) else odd) & 1,
        escape,
        ends,
        colons,
        deepest,
        int(brackets[int(levels.argmax())]) if len(levels) else 0,
        int(closed[0]) if len(closed) else None,
    )


def _shown(tail: bytes) -> str:
    """The first sign of what should not be there; one sign gives nobody's data away."""
    return tail.strip(b" \t\r\n")[:1].decode("latin-1")
