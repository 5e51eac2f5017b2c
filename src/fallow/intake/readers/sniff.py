"""Step 1, reports arrive: is the content what was declared? It only says no and never chooses a format."""

from __future__ import annotations

import codecs
from typing import BinaryIO

from fallow.errors import FallowError

_MAGIC = (
    (b"PK\x03\x04", "ZIP"),
    (b"PK\x05\x06", "ZIP"),
    (b"SQLite format 3\x00", "SQLite"),
    (b"MZ", "EXE"),
    (b"\x7fELF", "ELF"),
    (b"%PDF", "PDF"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "OLE (XLS, DOC)"),
    (b"\x1f\x8b", "GZIP"),
    (b"BZh", "BZIP2"),
    (b"7z\xbc\xaf", "7Z"),
    (b"Rar!", "RAR"),
    (b"\xfd7zXZ", "XZ"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"\x00\x00\x27\x0a", "SHP"),
)
_TEXT_STARTS = (
    (b"<!doctype html", "HTML"),
    (b"<html", "HTML"),
    (b"<ogrvrtdatasource", "VRT"),
    (b"<vrtdataset", "VRT"),
    (b"<kml", "KML"),
    (b"<gpx", "GPX"),
    (b"<svg", "SVG"),
    (b"<?xml", "XML"),
    (b"<", "XML"),
)
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_by_mark(head: bytes) -> tuple[str, int] | None:
    """Encoding that a byte-order mark says and the length of the mark."""
    return next(((name, len(mark)) for mark, name in BYTE_ORDER_MARKS if head.startswith(mark)), None)


def looks_like(head: bytes) -> str | None:
    """What the first kilobyte gives away (``ZIP``, ``VRT``, ``JSON``...), or ``None`` for plain text."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[257:262] == b"ustar":
        return "TAR"
    marked = encoding_by_mark(head)
    if marked:
        usable = head[: len(head) // 4 * 4]
        head = usable.decode(marked[0], errors="replace").encode("utf-8", errors="replace")
    start = head.lstrip(b" \t\r\n").lower()
    if b"<ogrvrtdatasource" in start:
        return "VRT"
    for sign, name in _TEXT_STARTS:
        if start.startswith(sign):
            return name
    if start[:1] in (b"{", b"["):
        return "JSON"
    return None


def expect(file: BinaryIO, declared: str, allowed: set[str | None]) -> bytes:
    """The first kilobyte, if what it looks like is ``allowed``; the file is left at its beginning.

    Raises
    ------
    FallowError
        ``EMPTY``, ``ARCHIVE_TAR`` or ``TYPE_MISMATCH`` with what it looks like.
    """
    head = file.read(1024)
    file.seek(0)
    if not head.strip(b" \t\r\n\x00"):
        raise FallowError("EMPTY")
    found = looks_like(head)
    if found == "TAR":
        raise FallowError("ARCHIVE_TAR")
    if found not in allowed:
        raise FallowError("TYPE_MISMATCH", "", declared=declared, found=found or "text")
    return head
