"""Step 1, reports arrive: which record a row is about, the same on every machine and every run.

The id is derived (UUID version 8 from SHA-256): of source, kind and the id in the file, or, when the file
has none, of the delivery's files, table and position. The same import twice is therefore the same records,
and two equal rows without an id stay two people.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b, file_digest, sha256
from marshal import dumps
from pathlib import Path

_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
BETWEEN = "\x1f"


def uuid8(digest: bytes) -> str:
    """UUID version 8 (RFC 9562) from the first 16 bytes of a digest."""
    text = digest[:16].hex()
    return f"{text[:8]}-{text[8:12]}-8{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"


def id_text(parts: Sequence[str]) -> str:
    """Several id columns as one text; a sign that no reader lets through stands between them."""
    return BETWEEN.join(parts)


class Named:
    """Records of one kind that the source gives an id."""

    def __init__(self, source: str, kind: str) -> None:
        self._start = sha256(BETWEEN.join(("fallow record", source, kind, "")).encode())

    def record(self, id: str) -> str:
        """The record of this id in the file."""
        digest = self._start.copy()
        digest.update(id.encode())
        return uuid8(digest.digest())


class Placed:
    """Records of one kind that the source gives no id: they are told apart by where they stand."""

    def __init__(self, source: str, kind: str, files: str, table: str) -> None:
        self._start = sha256(BETWEEN.join(("fallow place", source, kind, files, table, "")).encode())

    def record(self, position: int) -> str:
        """The record of the row at this position of the table, counted from 0 over all its files."""
        digest = self._start.copy()
        digest.update(b"%d" % position)
        return uuid8(digest.digest())


def files_digest(digests: Iterable[str]) -> str:
    """One SHA-256 for the content of a delivery, in the order its files are read."""
    return sha256("\n".join(digests).encode()).hexdigest()


def row_digest(cells: Sequence[str | int | float | bool | None], wkb: bytes | None) -> bytes:
    """16 bytes that two rows share only when every cell and the geometry are the same."""
    # marshal 2 writes the same bytes for equal values (later versions write references by interning).
    return blake2b(dumps((tuple(cells), wkb), 2), digest_size=16).digest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, as hex."""
    with path.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()
