"""Step 4, checking the layout of a zip: whether every byte belongs to a member that all programs see alike.

One file can be two things: bytes before or after a zip are another document to another program, and what
stands before a member may name and size it otherwise than the table of contents does. What is sealed is the
content of members, so a file that holds anything else is not the one the office sealed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from fallow.publish.checking.checked import Line, fails

_END, _CENTRAL, _LOCAL, _DESCRIPTOR = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04", b"PK\x07\x08"
_STREAMED = 0x8
"""Flag of a member whose sizes follow its body instead of standing before it."""

_HARMLESS = frozenset({0x5455, 0x7875, 0x000A})
"""Extra fields with times and owners, which some packers add; others may give a member another name."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One member as the table of contents has it, and where its bytes lie."""

    name: bytes
    start: int
    flags: int
    said: tuple[int, ...]
    """Way of packing, checksum, packed size, size."""
    odd: str


def faults(content: bytes, where: str) -> Iterator[Line]:
    """A line for everything in a zip that is no member of it, or that two programs may read apart.

    Nothing is said of what is no zip: reading it refuses that.
    """
    end = content.rfind(_END)
    if end < 0 or end + 22 > len(content):
        return
    count, size, offset = struct.unpack_from("<H2L", content, end + 10)
    table = end - size
    shift = table - offset
    after = len(content) - end - 22
    if after:
        yield fails("BUNDLE_BYTES_AFTER", where, count=after)
    entries = list(_entries(content, table, end, shift))
    if len(entries) != count:
        yield fails("BUNDLE_TWO_WAYS", where, found="count")
    at = 0
    for one in sorted(entries, key=lambda each: each.start):
        if one.start > at:
            yield _loose(where, one.start - at, first=at == 0)
        name, length, odd = _local(content, one)
        if odd or one.odd:
            yield fails("BUNDLE_TWO_WAYS", _shown(one.name), found=odd or one.odd)
        if odd == "name":
            yield fails("BUNDLE_MEMBER_ADDED", _shown(name))
        at = max(at, one.start + length)
    if entries and table > at:
        yield _loose(where, table - at, first=False)


def _entries(content: bytes, at: int, end: int, shift: int) -> Iterator[_Entry]:
    while at >= 0 and at + 46 <= end and content[at : at + 4] == _CENTRAL:
        flags, method = struct.unpack_from("<2H", content, at + 8)
        checksum, packed, size, named, more, comment = struct.unpack_from("<3L3H", content, at + 16)
        (start,) = struct.unpack_from("<L", content, at + 42)
        name = content[at + 46 : at + 46 + named]
        extra = content[at + 46 + named : at + 46 + named + more]
        odd = "comment" if comment else "" if _harmless(extra) else "extra"
        yield _Entry(name, start + shift, flags, (method, checksum, packed, size), odd)
        at += 46 + named + more + comment


def _local(content: bytes, one: _Entry) -> tuple[bytes, int, str]:
    """Name of a member where it stands, its length with everything that belongs to it, and what is odd."""
    if content[one.start : one.start + 4] != _LOCAL or one.start + 30 > len(content):
        return b"", 0, "start"
    flags, method = struct.unpack_from("<2H", content, one.start + 6)
    checksum, packed, size, named, more = struct.unpack_from("<3L2H", content, one.start + 14)
    name = content[one.start + 30 : one.start + 30 + named]
    extra = content[one.start + 30 + named : one.start + 30 + named + more]
    length = 30 + named + more + one.said[2]
    streamed = bool(one.flags & _STREAMED)
    if streamed:
        length += 16 if content[one.start + length :].startswith(_DESCRIPTOR) else 12
    if name != one.name:
        return name, length, "name"
    said = (method, *one.said[1:]) if streamed else (method, checksum, packed, size)
    if flags != one.flags or said != one.said:
        return name, length, "size"
    return name, length, "" if _harmless(extra) else "extra"


def _harmless(extra: bytes) -> bool:
    at = 0
    while at + 4 <= len(extra):
        sort, size = struct.unpack_from("<2H", extra, at)
        if sort not in _HARMLESS:
            return False
        at += 4 + size
    return at == len(extra)


def _loose(where: str, count: int, *, first: bool) -> Line:
    return fails("BUNDLE_BYTES_BEFORE" if first else "BUNDLE_BYTES_BETWEEN", where, count=count)


def _shown(name: bytes) -> str:
    return name[:80].decode("ascii", "backslashreplace")
