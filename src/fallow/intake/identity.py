"""Step 1, reports arrive: which record a row is about, the same on every machine and every run.

The id is derived (UUID version 8 from SHA-256): of source, kind and the id in the file, or, when the file
has none, of the delivery's files, table and position. The same import twice is therefore the same records,
and two equal rows without an id stay two people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b, file_digest, sha256
from itertools import repeat
from marshal import dumps
from pathlib import Path
from typing import Any

import numpy as np

BETWEEN = "\x1f"


def uuids8(digests: Iterable[bytes]) -> list[str]:
    """UUIDs of version 8 (RFC 9562), each from the first 16 bytes of a digest."""
    packed = bytearray(b"".join([one[:16] for one in digests]))
    bits = np.frombuffer(packed, dtype=np.uint8).reshape(-1, 16)
    bits[:, 6] = bits[:, 6] & 0x0F | 0x80
    bits[:, 8] = bits[:, 8] & 0x3F | 0x80
    signs = np.full((len(bits), 36), ord("-"), dtype=np.uint8)
    signs[:, _DIGITS] = np.frombuffer(packed.hex().encode(), dtype=np.uint8).reshape(-1, 32)
    text = signs.tobytes().decode()
    return [text[at : at + 36] for at in range(0, len(text), 36)]


_DIGITS = [at for at, sign in enumerate("00000000-0000-0000-0000-000000000000") if sign != "-"]


def id_text(parts: Sequence[str]) -> str:
    """Several id columns as one text; a sign that no reader lets through stands between them."""
    return BETWEEN.join(parts)


class Named:
    """Records of one kind that the source gives an id."""

    def __init__(self, source: str, kind: str) -> None:
        self._start = BETWEEN.join(("fallow record", source, kind, "")).encode()

    def every(self, ids: Iterable[str]) -> list[str]:
        """The records of some ids in the file."""
        start = self._start
        return uuids8([sha256(start + id.encode()).digest() for id in ids])


class Placed:
    """Records of one kind that the source gives no id: they are told apart by where they stand."""

    def __init__(self, source: str, kind: str, files: str, table: str) -> None:
        self._start = BETWEEN.join(("fallow place", source, kind, files, table, "")).encode()

    def every(self, positions: Iterable[int]) -> list[str]:
        """The records of the rows at some positions of the table, counted from 0 over all its files."""
        start = self._start
        return uuids8([sha256(b"%b%d" % (start, position)).digest() for position in positions])


def files_digest(digests: Iterable[str]) -> str:
    """One SHA-256 for the content of a delivery, in the order its files are read."""
    return sha256("\n".join(digests).encode()).hexdigest()


DIGEST_BYTES = 16


def row_digests(
    columns: Mapping[str, Sequence[str | int | float | bool | None]],
    wkb: Sequence[bytes | None] | None,
    count: int,
    late: int = 0,
) -> list[bytes]:
    """For each of ``count`` rows 16 bytes that two share only when every cell and the geometry are the same.

    Worked out in the reading child, where there is a second core. A child that lies about them can make two
    rows look alike or unlike, which the file it reads could have done as well. Of the ``late`` last columns
    those that say nothing do not count: an equal row before them had no such cell.
    """
    cells: Iterable[tuple[Any, ...]] = zip(*columns.values(), strict=True) if columns else repeat((), count)
    if late:
        cells = (_said(one, len(columns) - late) for one in cells)
    shapes = wkb if wkb is not None else repeat(None, count)
    # marshal 2 writes the same bytes for equal values (later versions write references by interning).
    return [
        blake2b(dumps(one, 2), digest_size=DIGEST_BYTES).digest() for one in zip(cells, shapes, strict=True)
    ]


def _said(cells: tuple[Any, ...], least: int) -> tuple[Any, ...]:
    """The cells of a row without empty ones at its end, but at least so many."""
    end = len(cells)
    while end > least and cells[end - 1] is None:
        end -= 1
    return cells[:end]


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, as hex."""
    with path.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()
