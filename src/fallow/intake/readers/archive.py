"""Step 1, reports arrive: ZIP archives, checked entry by entry before one byte of them is used.

The directory at the end and the headers in front of the entries say everything twice; whoever lies says two
things, and programs differ in which they believe. So both are compared, entries may not share bytes
(CVE-2024-0450), and what comes out is counted as it comes, whatever the directory promised.
"""

from __future__ import annotations

import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO

from fallow.errors import FallowError
from fallow.intake.limits import Limits
from fallow.intake.readers.job import Job
from fallow.intake.readers.sniff import expect, looks_like

_LOCAL = struct.Struct("<4s5H3I2H")
_ENCRYPTED, _SIZES_BEHIND, _UTF8_NAME = 0x1, 0x8, 0x800
_RATIO_FROM = 1024 * 1024
_BLOCK = 256 * 1024
_ARCHIVES = re.compile(r"\.(zip|kmz|jar|7z|rar|tar|tgz|gz|bz2|xz|zst)$", re.IGNORECASE)
_ARCHIVE_SIGNS = {"ZIP", "GZIP", "BZIP2", "7Z", "RAR", "XZ", "TAR"}


class Archive:
    """An archive that passed the checks; entries are read through :class:`Entry`, which counts."""

    def __init__(self, opened: zipfile.ZipFile, limits: Limits, packed: int) -> None:
        self._zip, self._limits, self._packed = opened, limits, packed
        self._entries = {one.filename: one for one in opened.infolist() if not one.is_dir()}
        self.unpacked = 0

    def names(self) -> list[str]:
        """Files in the archive, in its order."""
        return list(self._entries)

    def open(self, name: str) -> Entry:
        """One file as a stream of counted bytes."""
        return Entry(self, self._zip.open(self._entries[name]), name)

    def read(self, name: str) -> bytes:
        """One whole file; only for those that are small by nature."""
        return self.open(name).read_exactly(self._limits.unpacked)

    def count(self, size: int, name: str) -> None:
        """Note bytes that came out and refuse the archive when they are too many."""
        self.unpacked += size
        if self.unpacked > self._limits.unpacked:
            raise FallowError(
                "ARCHIVE_BOMB", name, found=_mb(self.unpacked), limit=_mb(self._limits.unpacked)
            )
        if self.unpacked > _RATIO_FROM and self.unpacked > self._packed * self._limits.ratio:
            ratio = f"{self.unpacked / self._packed:.0f}:1"
            raise FallowError("ARCHIVE_BOMB", name, found=ratio, limit=f"{self._limits.ratio}:1")


class Entry:
    """One file of an archive as it is unpacked."""

    def __init__(self, archive: Archive, stream: IO[bytes], name: str) -> None:
        self._archive, self._stream, self._name = archive, stream, name

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; empty at the end, where the checksum is compared."""
        try:
            given = self._stream.read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError) as fault:
            raise FallowError("ARCHIVE_DAMAGED", self._name) from fault
        self._archive.count(len(given), self._name)
        return given

    def read_exactly(self, size: int) -> bytes:
        """``size`` bytes, fewer only at the end."""
        parts = []
        while size > 0 and (part := self.read(min(size, _BLOCK))):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


@contextmanager
def open_archive(job: Job, declared: str, *, nested: bool = False) -> Iterator[Archive]:
    """Open a ZIP after checking its structure; with ``nested`` true the caller looks for archives inside
    itself.

    Raises
    ------
    FallowError
        One of the ``ARCHIVE_...`` codes with the name of the entry.
    """
    with job.path.open("rb") as file:
        _check_beginning(file, declared)
        try:
            with zipfile.ZipFile(file) as opened:
                _check_directory(opened, job.spec.limits)
                _check_local_headers(opened, file)
                _check_end(opened, job.size)
                archive = Archive(opened, job.spec.limits, job.size)
                if not nested:
                    _refuse_nested(archive)
                yield archive
        except (zipfile.BadZipFile, NotImplementedError, struct.error, EOFError) as fault:
            raise FallowError("ARCHIVE_DAMAGED") from fault


def _check_beginning(file: BinaryIO, declared: str) -> None:
    head = file.read(4)
    file.seek(0)
    # A file can be a picture in front and an archive behind; one of the two was not looked at by somebody.
    if head[:2] != b"PK" and zipfile.is_zipfile(file):
        raise FallowError("ARCHIVE_PREFIX")
    file.seek(0)
    expect(file, declared, {"ZIP"})


def _check_directory(opened: zipfile.ZipFile, limits: Limits) -> None:
    entries = opened.infolist()
    if len(entries) > limits.entries:
        raise FallowError("ARCHIVE_ENTRIES", "", found=len(entries), limit=limits.entries)
    seen: set[str] = set()
    for one in entries:
        name = one.orig_filename
        shown = one.filename[:80]
        if _leads_outside(name):
            raise FallowError("ARCHIVE_PATH", shown.replace("\x00", "?"))
        mode = one.external_attr >> 16
        if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise FallowError("ARCHIVE_LINK", shown)
        if one.flag_bits & _ENCRYPTED:
            raise FallowError("ARCHIVE_ENCRYPTED", shown)
        if one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FallowError("ARCHIVE_DAMAGED", shown)
        twin = unicodedata.normalize("NFC", one.filename).casefold()
        if twin in seen:
            raise FallowError("ARCHIVE_DUPLICATE", shown)
        seen.add(twin)
    promised = sum(one.file_size for one in entries)
    if promised > limits.unpacked:
        raise FallowError("ARCHIVE_BOMB", "", found=_mb(promised), limit=_mb(limits.unpacked))


def _leads_outside(name: str) -> bool:
    return (
        "\\" in name
        or name.startswith("/")
        or re.match(r"[A-Za-z]:", name) is not None
        or ".." in name.split("/")
        or any(ord(sign) < 32 for sign in name)
    )


def _check_local_headers(opened: zipfile.ZipFile, file: BinaryIO) -> None:
    """Each entry's own header says what the directory says, and no two entries share a byte."""
    end_of_last = 0
    for one in sorted(opened.infolist(), key=lambda entry: entry.header_offset):
        file.seek(one.header_offset)
        raw = file.read(_LOCAL.size)
        if len(raw) < _LOCAL.size or raw[:4] != b"PK\x03\x04":
            raise FallowError("ARCHIVE_DAMAGED", one.filename[:80])
        _, _, flags, method, _, _, crc, packed, size, name_size, extra_size = _LOCAL.unpack(raw)
        name = file.read(name_size).decode("utf-8" if flags & _UTF8_NAME else "cp437", errors="replace")
        known_sizes = not flags & _SIZES_BEHIND and packed != 0xFFFFFFFF
        differs = known_sizes and (crc, packed, size) != (one.CRC, one.compress_size, one.file_size)
        if name != one.orig_filename or method != one.compress_type or differs:
            raise FallowError("ARCHIVE_MISMATCH", one.filename[:80])
        if one.header_offset < end_of_last:
            raise FallowError("ARCHIVE_OVERLAP", one.filename[:80])
        end_of_last = one.header_offset + _LOCAL.size + name_size + extra_size + one.compress_size
    if end_of_last > opened.start_dir:
        raise FallowError("ARCHIVE_OVERLAP", "")


def _check_end(opened: zipfile.ZipFile, size: int) -> None:
    """Nothing stands in front of the first entry and nothing behind the directory."""
    entries = opened.infolist()
    if entries and min(one.header_offset for one in entries) != 0:
        raise FallowError("ARCHIVE_PREFIX")
    directory = sum(
        46 + len(one.orig_filename.encode()) + len(one.extra) + len(one.comment) for one in entries
    )
    # 22 bytes of end record, 76 more for the ZIP64 ones.
    if size - opened.start_dir - directory - len(opened.comment) > 22 + 76 + 64 * 1024:
        raise FallowError("ARCHIVE_MISMATCH")


def _refuse_nested(archive: Archive) -> None:
    for name in archive.names():
        if _ARCHIVES.search(name) or looks_like(archive.open(name).read(512)) in _ARCHIVE_SIGNS:
            raise FallowError("ARCHIVE_NESTED", name[:80])


def _mb(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MB"
