"""Step 1, reports arrive: which record a row is about, the same on every machine and every run.

The id is derived (UUID version 8 from SHA-256): of source, kind and the id in the file, or, when the file
has none, of the delivery's files, table and position. The same import twice is therefore the same records,
and two equal rows without an id stay two people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b, file_digest, sha256
from marshal import dumps
from pathlib import Path
from typing import Any

BETWEEN = "\x1f"


def uuids8(digests: Iterable[bytes]) -> list[str]:
    """UUIDs of version 8 (RFC 9562), each from the first 16 bytes of a digest."""
    packed = bytearray(b"".join([one[:16] for one in digests]))
    for spot, kept, version in ((6, 0x0F, 0x80), (8, 0x3F, 0x80)):
        packed[spot::16] = bytes(kept & one | version for one in packed[spot::16])
    text = packed.hex()
    return [
        f"{text[at : at + 8]}-{text[at + 8 : at + 12]}-{text[at + 12 : at + 16]}"
        f"-{text[at + 16 : at + 20]}-{text[at + 20 : at + 32]}"
        for at in range(0, len(text), 32)
    ]


def id_text(parts: Sequence[str]) -> str:
    """Several id columns as one text; a sign that no reader lets through stands between them."""
    return BETWEEN.join(parts)


class Named:
    """Records of one kind that the source gives an id."""

    def __init__(self, source: str, kind: str) -> None:
        self._start = sha256(BETWEEN.join(("fallow record", source, kind, "")).encode())

    def record(self, id: str) -> str:
        """The record of this id in the file."""
        return self.every([id])[0]

    def every(self, ids: Iterable[str]) -> list[str]:
        """The records of some ids in the file."""
        return uuids8(_digests(self._start, (id.encode() for id in ids)))


class Placed:
    """Records of one kind that the source gives no id: they are told apart by where they stand."""

    def __init__(self, source: str, kind: str, files: str, table: str) -> None:
        self._start = sha256(BETWEEN.join(("fallow place", source, kind, files, table, "")).encode())

    def record(self, position: int) -> str:
        """The record of the row at this position of the table, counted from 0 over all its files."""
        return self.every([position])[0]

    def every(self, positions: Iterable[int]) -> list[str]:
        """The records of the rows at some positions."""
        return uuids8(_digests(self._start, (b"%d" % position for position in positions)))


def _digests(start: Any, parts: Iterable[bytes]) -> Iterator[bytes]:
    copy = start.copy
    for part in parts:
        digest = copy()
        digest.update(part)
        yield digest.digest()


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
