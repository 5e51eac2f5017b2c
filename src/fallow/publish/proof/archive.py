"""Step 4, archives: a zip written so that the same files give the same bytes, and read as if by an enemy.

A bundle comes from anywhere, so a zip is read in memory, within limits that are counted on real bytes and not
on what the file says of itself, and nothing is ever unpacked to disk.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from fallow.errors import FallowError

MOST_MEMBERS = 2_000
MOST_BYTES = 512 * 1024 * 1024
MOST_IN_FILE = 256 * 1024 * 1024
MOST_RATIO = 200
"""Bytes that one byte of the file may become, counted from a megabyte on."""
RATIO_FROM = 1024 * 1024

_TIME = (1980, 1, 1, 0, 0, 0)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]{0,99}(/[A-Za-z0-9_][A-Za-z0-9_. -]{0,99}){0,5}")
_CHUNK = 256 * 1024
_FAULTS = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    struct.error,
    UnicodeDecodeError,
    ValueError,
)


def write(members: Mapping[str, bytes]) -> bytes:
    """A zip with the members in order of name and fixed times; ``BUNDLE_NAME`` for a name not allowed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(members):
            _allowed(name)
            entry = zipfile.ZipInfo(name, _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            entry.create_system = 3
            archive.writestr(entry, members[name])
    return out.getvalue()


def read(path: Path) -> dict[str, bytes]:
    """Every member of a zip by name.

    Raises
    ------
    FallowError
        What :func:`load` refuses; ``BUNDLE_UNREADABLE`` for what is no whole zip, ``BUNDLE_LIMIT`` for one
        that would grow beyond all use, ``BUNDLE_NAME`` for names that leave the archive or hide what they
        are, ``BUNDLE_MEMBER_TWICE``.
    """
    return members(load(path), path.name)


def load(path: Path) -> bytes:
    """The bytes of a file that is to be a zip.

    Raises
    ------
    FallowError
        ``FILE_NOT_FOUND``, ``BUNDLE_FOLDER``, ``BUNDLE_NO_RIGHT`` or ``BUNDLE_UNREADABLE`` where there is
        nothing to read, ``BUNDLE_LIMIT`` for a file that is too large.
    """
    try:
        if path.is_dir():
            there = sorted(one.name for one in path.iterdir() if one.suffix.lower() == ".zip")
            raise FallowError("BUNDLE_FOLDER", path.name or str(path), found=", ".join(there[:5]) or "-")
        size = path.stat().st_size
        if size > MOST_IN_FILE:
            raise FallowError("BUNDLE_LIMIT", path.name, found=f"{size} B", limit=f"{MOST_IN_FILE} B")
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FallowError("FILE_NOT_FOUND", path.name) from error
    except PermissionError as error:
        raise FallowError("BUNDLE_NO_RIGHT", path.name) from error
    except (OSError, ValueError) as error:  # a name with a null byte is a ValueError
        raise FallowError("BUNDLE_UNREADABLE", path.name[:80], found=type(error).__name__) from error


def listed(content: bytes, where: str) -> frozenset[str]:
    """The names in the table of contents of what is to be a zip, none of them looked at.

    Raises
    ------
    FallowError
        ``BUNDLE_EMPTY``, ``BUNDLE_NO_ZIP``; ``BUNDLE_UNREADABLE`` for a zip that is damaged.
    """
    if not content:
        raise FallowError("BUNDLE_EMPTY", where)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = frozenset(archive.namelist())
    except _FAULTS as error:
        if not content.startswith(b"PK\x03\x04"):
            raise FallowError("BUNDLE_NO_ZIP", where) from error
        raise FallowError("BUNDLE_UNREADABLE", where, found=type(error).__name__) from error
    if not names:
        raise FallowError("BUNDLE_EMPTY", where)
    return names


def parts(content: bytes, where: str) -> dict[str, bytes]:
    """The parts of a workbook or a Word file, a zip with names of its own, within the same limits."""
    if not content.startswith(b"PK\x03\x04"):
        raise FallowError("BUNDLE_UNREADABLE", where, found="no zip")
    return members(content, where, any_name=True)


def same_parts(one: bytes, other: bytes, where: str) -> bool:
    """Whether two such files differ in nothing but how they are packed.

    Only for a zip in which every byte belongs to a member or to the table of contents, so that no two
    programs can read two things out of it.
    """
    return _tight(one) and _tight(other) and parts(one, where) == parts(other, where)


def _tight(content: bytes) -> bool:
    """Whether member follows member from the first byte on, and the table of contents ends the file."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            at = 0
            for one in archive.infolist():
                named, more = struct.unpack("<26x2H", content[at : at + 30])
                plain = not (one.flag_bits or one.extra or one.comment or more)
                if one.header_offset != at or not plain or content[at + 6 : at + 8] != b"\0\0":
                    return False
                at += 30 + named + one.compress_size
            table = sum(46 + len(one.filename.encode()) for one in archive.infolist())
            return archive.start_dir == at and at + table + 22 == len(content)
    except _FAULTS:
        return False


def members(content: bytes, where: str, *, any_name: bool = False) -> dict[str, bytes]:
    """The same for a zip that is in memory."""
    found: dict[str, bytes] = {}
    total = 0
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _listed(entries, len(content), where)
            for entry in entries:
                _checked(entry, found, any_name=any_name)
                body = _body(archive, entry, MOST_BYTES - total, where)
                total += len(body)
                found[entry.filename] = body
    except _FAULTS as error:
        raise FallowError("BUNDLE_UNREADABLE", where, found=type(error).__name__) from error
    return found


def _listed(entries: list[zipfile.ZipInfo], size: int, where: str) -> None:
    """The table of contents: not too long, and no member lying over another one."""
    if len(entries) > MOST_MEMBERS:
        raise FallowError("BUNDLE_LIMIT", where, found=str(len(entries)), limit=str(MOST_MEMBERS))
    if sum(one.compress_size for one in entries) > size:
        raise FallowError("BUNDLE_UNREADABLE", where, found="overlap")
    end = 0
    for one in sorted(entries, key=lambda entry: entry.header_offset):
        if one.header_offset < end:
            raise FallowError("BUNDLE_UNREADABLE", where, found="overlap")
        end = one.header_offset + 30 + len(one.filename.encode()) + one.compress_size


def _checked(entry: zipfile.ZipInfo, found: Mapping[str, bytes], *, any_name: bool) -> None:
    name = entry.filename
    if not any_name:
        _allowed(name)
    if name.casefold() in {one.casefold() for one in found}:
        raise FallowError("BUNDLE_MEMBER_TWICE", _shown(name))
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise FallowError("BUNDLE_NAME", name, found="link")
    if entry.flag_bits & 0x1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FallowError("BUNDLE_UNREADABLE", name, found="encrypted or packed otherwise")


def _allowed(name: str) -> None:
    if not _NAME.fullmatch(name) or any(part.strip(". ") != part.strip(" ") for part in name.split("/")):
        raise FallowError("BUNDLE_NAME", _shown(name), found="path")


def _shown(name: str) -> str:
    return name[:80].encode("ascii", "backslashreplace").decode()


def _body(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, room: int, where: str) -> bytes:
    """The bytes of a member, counted while they come."""
    parts: list[bytes] = []
    size = 0
    with archive.open(entry) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > room:
                raise FallowError("BUNDLE_LIMIT", entry.filename, found=f"{size} B", limit=f"{MOST_BYTES} B")
            if size > RATIO_FROM and size > MOST_RATIO * max(entry.compress_size, 1):
                raise FallowError(
                    "BUNDLE_LIMIT",
                    entry.filename,
                    found=f"1:{size // max(entry.compress_size, 1)}",
                    limit=f"1:{MOST_RATIO}",
                )
            parts.append(chunk)
    if size != entry.file_size:
        raise FallowError("BUNDLE_UNREADABLE", where, found=entry.filename)
    return b"".join(parts)
