"""Step 2, the tree of one ledger: built from the entry hashes when first asked, and kept while it grows."""

from __future__ import annotations

import sqlite3

from fallow.errors import FallowError
from fallow.register.merkle import SIZE, Tree, TreeHead

_BATCH = 20_000
"""Hashes read at a time: the tree itself is what takes the memory, 64 bytes an entry."""


class LedgerTree:
    """The Merkle tree over the ledger of one open connection; see :mod:`fallow.register.merkle`.

    Asked again it reads only what was entered since. A transaction that was taken back may have
    entered and lost entries in between, so the last entry the tree knows is compared first: its hash covers
    every one before it.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._tree = Tree()
        self._last = b""

    def head(self, size: int | None = None) -> TreeHead:
        """The root over the first ``size`` entries, or over all; ``HEAD_UNKNOWN`` when there are fewer."""
        tree = self._grown()
        wanted = tree.size if size is None else self._checked(size)
        return TreeHead(wanted, tree.root(wanted))

    def inclusion(self, number: int, size: int | None = None) -> list[bytes]:
        """The path from the entry of this number to the root over ``size`` entries, leaf first."""
        tree = self._grown()
        wanted = tree.size if size is None else self._checked(size)
        if not 1 <= number <= wanted:
            raise FallowError("ENTRY_UNKNOWN", str(number))
        return tree.inclusion(number - 1, wanted)

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """The proof that the first ``new`` entries begin with the first ``old``."""
        tree = self._grown()
        wanted = tree.size if new is None else self._checked(new)
        if not 1 <= old <= wanted:
            raise FallowError("HEAD_UNKNOWN", str(old), last=wanted)
        return tree.consistency(old, wanted)

    def _checked(self, size: int) -> int:
        if not 1 <= size <= self._tree.size:
            raise FallowError("HEAD_UNKNOWN", str(size), last=self._tree.size)
        return size

    def _grown(self) -> Tree:
        size = self._tree.size
        if size and self._rows("number = ?", size).fetchall() != [(size, self._last)]:
            self._tree, size = Tree(), 0
        rows = self._rows("number > ? ORDER BY number", size)
        while some := rows.fetchmany(_BATCH):
            hashes = [one for _, one in some]
            whole = some[-1][0] == self._tree.size + len(some)
            if not whole or any(not one or len(one) != SIZE for one in hashes):
                found = self._tree.size + 1
                self._tree, self._last = Tree(), b""
                raise FallowError("REGISTER_DAMAGED", "fallow_ledger", found=f"entry {found} +")
            self._tree.extend(hashes)
            self._last = hashes[-1]
        return self._tree

    def _rows(self, condition: str, value: int) -> sqlite3.Cursor:
        query = f"SELECT number, CAST(hash AS BLOB) FROM fallow_ledger WHERE {condition}"  # noqa: S608 - ours
        return self._connection.execute(query, (value,))
