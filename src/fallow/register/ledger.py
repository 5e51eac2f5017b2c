"""Step 2, the ledger: the append-only log of what this register was told and what people decided.

Each entry is numbered in the order this register received it, stamped by this register's own clock and
hashed over the entry before it; the head of every transaction is signed with the office's key. Nothing here
knows what a hazard is. The hash of an entry is

    SHA-256( previous hash | number | length of head, of body, of geometry | head | body | geometry )

with the number and the lengths as big-endian 64-bit, ``head`` = ``id|verb|at`` and ``body`` canonical JSON
(keys sorted, UTF-8, no spaces). The lengths make it impossible to move a byte from one part to
another without changing the hash.
"""

from __future__ import annotations

import os
import sqlite3
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import numpy as np
import orjson

from fallow.register.damage import readable
from fallow.register.inserting import Same, insert
from fallow.register.merkle import TreeHead
from fallow.register.trees import LedgerTree

GENESIS = bytes(32)
LENGTHS = struct.Struct(">QQQQ")
NO_ID = "00000000-0000-0000-0000-000000000000"

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The machine's clock in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger."""

    number: int
    id: str
    verb: str
    at: str
    body: bytes
    geometry: bytes | None
    hash: bytes

    @property
    def content(self) -> dict[str, Any]:
        """The body as it was written."""
        found: dict[str, Any] = orjson.loads(self.body)
        return found


def canonical(body: Any) -> bytes:
    """The one way a body is written: sorted keys, UTF-8, no spaces."""
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def entry_hash(
    before: bytes, number: int, id: str, verb: str, at: str, body: bytes, geometry: bytes | None
) -> bytes:
    """The hash of an entry over the hash before it."""
    head = f"{id}|{verb}|{at}".encode()
    shape = geometry or b""
    lengths = LENGTHS.pack(number, len(head), len(body), len(shape))
    return sha256(b"".join((before, lengths, head, body, shape))).digest()


def new_ids(count: int, milliseconds: int | None = None) -> list[str]:
    """UUIDs of version 7 (RFC 9562): time-ordered, the rest random."""
    stamp = (time.time_ns() // 1_000_000 if milliseconds is None else milliseconds) & 0xFFFF_FFFF_FFFF
    packed = np.empty((count, 16), dtype=np.uint8)
    packed[:, :6] = np.frombuffer(stamp.to_bytes(6, "big"), dtype=np.uint8)
    packed[:, 6:] = np.frombuffer(os.urandom(10 * count), dtype=np.uint8).reshape(count, 10)
    packed[:, 6] = packed[:, 6] & 0x0F | 0x70
    packed[:, 8] = packed[:, 8] & 0x3F | 0x80
    signs = np.full((count, 36), ord("-"), dtype=np.uint8)
    signs[:, _DIGITS] = np.frombuffer(packed.tobytes().hex().encode(), dtype=np.uint8).reshape(-1, 32)
    text = signs.tobytes().decode()
    return [text[at : at + 36] for at in range(0, len(text), 36)]


_DIGITS = [at for at, sign in enumerate(NO_ID) if sign != "-"]


@readable
class Ledger:
    """Appends to and reads the ledger table of one open connection."""

    def __init__(self, connection: sqlite3.Connection, clock: Clock = system_clock) -> None:
        self._connection = connection
        self._clock = clock
        self._moment: datetime | None = None
        self._reached: tuple[int, bytes, str] | None = None
        """The head in the transaction that is open; nobody else can move it there."""
        self._tree = LedgerTree(connection)

    def now(self) -> datetime:
        """The clock of this register, in UTC."""
        return (self._moment or self._clock()).astimezone(UTC)

    @contextmanager
    def one_moment(self) -> Iterator[None]:
        """Stop the clock inside the block: one act has one moment, also when it runs across midnight."""
        before, self._moment = self._moment, self._moment or self._clock()
        try:
            yield
        finally:
            self._moment = before
            if before is None:
                self._reached = None

    def head(self) -> tuple[int, bytes, str]:
        """Number, hash and time of the last entry; ``(0, GENESIS, "")`` when there is none."""
        if self._reached is not None:
            return self._reached
        row = self._connection.execute(
            "SELECT number, hash, at FROM fallow_ledger ORDER BY number DESC LIMIT 1"
        ).fetchone()
        return (row[0], bytes(row[1]), row[2]) if row else (0, GENESIS, "")

    def append(
        self, verb: str, bodies: Sequence[bytes], geometries: Sequence[bytes | None] | None = None
    ) -> range:
        """Append entries of one verb and return their numbers.

        The stamp is this machine's clock, but never before the entry already there: a clock that was
        turned back must not make the order of the ledger and its times disagree.
        """
        number, before, last = self.head()
        now = self.now().isoformat(timespec="microseconds").replace("+00:00", "Z")
        at = max(now, last)
        first = number + 1
        ids = new_ids(len(bodies))
        stem, size = f"|{verb}|{at}".encode(), len(f"{NO_ID}|{verb}|{at}")
        pack, hashes = LENGTHS.pack, []
        shapes: Sequence[bytes | None] = geometries if geometries is not None else [None] * len(bodies)
        # The same bytes as entry_hash() joins, without a call and three names for each of 100,000 rows.
        for id, body, shape in zip(ids, bodies, shapes, strict=True):
            number += 1
            solid = shape or b""
            lengths = pack(number, size, len(body), len(solid))
            before = sha256(b"".join((before, lengths, id.encode(), stem, body, solid))).digest()
            hashes.append(before)
        numbers = range(first, number + 1)
        columns = (numbers, ids, Same(verb), Same(at), bodies, shapes, hashes)
        insert(self._connection, "fallow_ledger", columns, len(bodies))
        if self._moment is not None:
            self._reached = (number, before, at)
        return numbers

    def entries(
        self, verbs: Sequence[str] = (), *, upto: int | None = None, after: int = 0
    ) -> Iterator[Entry]:
        """Entries in order, of some verbs or all, ``after < number <= upto``."""
        query = "SELECT number, id, verb, at, body, geometry, hash FROM fallow_ledger WHERE number > ?"
        values: list[Any] = [after]
        if upto is not None:
            query, values = query + " AND number <= ?", [*values, upto]
        if verbs:
            query += f" AND verb IN ({','.join('?' * len(verbs))})"
            values += verbs
        for row in self._connection.execute(query + " ORDER BY number", values):
            yield Entry(*row)

    def entry(self, number: int) -> Entry | None:
        """One entry by its number."""
        row = self._connection.execute(
            "SELECT number, id, verb, at, body, geometry, hash FROM fallow_ledger WHERE number = ?", (number,)
        ).fetchone()
        return Entry(*row) if row else None

    def tree_head(self, size: int | None = None) -> TreeHead:
        """The Merkle root (RFC 9162) over the first ``size`` entries, or all; else ``HEAD_UNKNOWN``."""
        return self._tree.head(size)

    def inclusion_proof(self, number: int, size: int | None = None) -> list[bytes]:
        """The hashes that lead from an entry to the root; for :func:`fallow.register.verify_inclusion`.

        Raises
        ------
        FallowError
            ``HEAD_UNKNOWN`` when there are fewer entries than ``size``, ``ENTRY_UNKNOWN`` when the entry is
            not among them.
        """
        return self._tree.inclusion(number, size)

    def consistency_proof(self, old: int, new: int | None = None) -> list[bytes]:
        """The hashes that show that the first ``new`` entries begin with the first ``old``.

        For :func:`fallow.register.verify_consistency`; ``HEAD_UNKNOWN`` unless ``1 <= old <= new`` and there
        are so many.
        """
        return self._tree.consistency(old, new)
