"""Step 1, reports arrive: what of this delivery has gone by already, in memory up to a bound and then on
disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from types import TracebackType

_AT_ONCE = 500

IN_MEMORY = 100_000
"""Keys held in memory, about 20 MB; a larger delivery goes on in a temporary file, so that memory stays
flat."""


class Seen:
    """Key to what came with it the first time, for one delivery.

    An unnamed SQLite file holds it: the system deletes it when it is closed, or when the process dies.
    """

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self._near: dict[bytes, bytes] | None = {}
        self._in_memory = in_memory
        self._file = sqlite3.connect("", isolation_level=None)
        self._file.execute("PRAGMA journal_mode=OFF")
        self._file.execute("PRAGMA synchronous=OFF")
        self._file.execute("CREATE TABLE seen (key BLOB PRIMARY KEY, first BLOB NOT NULL) WITHOUT ROWID")
        self._file.execute("BEGIN")

    def meet(self, keys: Sequence[bytes], values: Sequence[bytes]) -> dict[int, bytes]:
        """Take note of some keys; gives, for each position whose key came before, what came with it first."""
        if self._near is None:
            return self._meet_on_disk(keys, values)
        near = self._near
        before: dict[int, bytes] = {}
        fresh = dict(zip(keys, values, strict=True))
        if len(fresh) == len(keys) and near.keys().isdisjoint(fresh):
            near.update(fresh)
        else:
            for position, (key, value) in enumerate(zip(keys, values, strict=True)):
                first = near.setdefault(key, value)
                if first is not value:
                    before[position] = first
        if len(near) > self._in_memory:
            self._file.executemany("INSERT INTO seen VALUES (?,?)", sorted(near.items()))
            self._near = None
        return before

    def _meet_on_disk(self, keys: Sequence[bytes], values: Sequence[bytes]) -> dict[int, bytes]:
        before: dict[int, bytes] = {}
        fresh: dict[bytes, int] = {}
        for position, key in enumerate(keys):
            if key in fresh:
                before[position] = values[fresh[key]]
            else:
                fresh[key] = position
        changes = self._file.total_changes
        self._file.executemany(
            "INSERT OR IGNORE INTO seen VALUES (?,?)",
            [(key, values[position]) for key, position in fresh.items()],
        )
        if self._file.total_changes - changes == len(fresh):
            return before
        known = self._known(list(fresh))
        for position, key in enumerate(keys):
            if known[key] != values[fresh[key]]:
                before[position] = known[key]
        return before

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        for start in range(0, len(keys), _AT_ONCE):
            chunk = keys[start : start + _AT_ONCE]
            marks = ",".join("?" * len(chunk))
            query = f"SELECT key, first FROM seen WHERE key IN ({marks})"  # noqa: S608 - only question marks
            found.update(self._file.execute(query, chunk))
        return found

    def __contains__(self, key: bytes) -> bool:
        if self._near is not None:
            return key in self._near
        return self._file.execute("SELECT 1 FROM seen WHERE key = ?", (key,)).fetchone() is not None

    def close(self) -> None:
        """Forget everything."""
        self._file.close()

    def __enter__(self) -> Seen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
