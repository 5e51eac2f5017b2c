"""A disk that forgets: a VFS for SQLite that records writes and syncs, and what a power cut could leave.

Between two syncs of a file a disk may have written any part of what it was given, in any order, and a sector
may have been torn. So a crash image holds everything synced, and of every unsynced sector one half at random;
some of those are garbled. A file whose making or deletion was not followed by a sync of its folder may be
back or gone.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

SECTOR = 512


@dataclass
class Disk:
    """What was written, and what of it is sure to survive."""

    now: dict[str, bytearray] = field(default_factory=dict)
    """Content of every file as a program sees it."""
    sure: dict[str, bytearray] = field(default_factory=dict)
    """Content of every file at its last sync; a file is listed when its folder entry is sure."""
    pending: dict[str, list[tuple[int, bytes] | int]] = field(default_factory=dict)
    """Writes (offset, data) and truncations (size) since the last sync, by file."""
    deleted: dict[str, bytearray] = field(default_factory=dict)
    """Files deleted without a sync of the folder: they may come back."""
    moments: int = 0
    """Counts writes and syncs, so that a crash can be set at each."""
    crash_at: int = 0

    def tick(self) -> None:
        """One more write or sync; from the crash on nothing is taken any more."""
        self.moments += 1
        if 0 < self.crash_at <= self.moments:
            raise PowerCut

    def image(self, chance: random.Random) -> dict[str, bytes]:
        """One content the disk may have after a power cut now."""
        found: dict[str, bytes] = {}
        for name in self.now.keys() | self.sure.keys():
            content = bytearray(self.sure.get(name, b""))
            if name not in self.sure and chance.random() < 0.5:
                continue  # its folder entry never reached the disk
            for one in self.pending.get(name, ()):
                if isinstance(one, int):
                    if chance.random() < 0.5:
                        del content[one:]
                    continue
                self._half(content, *one, chance)
            found[name] = bytes(content)
        for name, kept in self.deleted.items():
            if name not in self.now and chance.random() < 0.5:
                found[name] = bytes(kept)
        return found

    @staticmethod
    def _half(content: bytearray, offset: int, data: bytes, chance: random.Random) -> None:
        at = offset
        while at < offset + len(data):
            end = min(offset + len(data), (at // SECTOR + 1) * SECTOR)
            if chance.random() < 0.5:
                part = bytearray(data[at - offset : end - offset])
                if chance.random() < 0.1:
                    part = bytearray(chance.randbytes(len(part)))
                if len(content) < end:
                    content.extend(bytes(end - len(content)))
                content[at:end] = part
            at = end


class PowerCut(Exception):
    """The moment the lights go out."""


class _File:
    """One open file of the forgetful disk; locks are not needed, there is one program."""

    def __init__(self, disk: Disk, name: str) -> None:
        self._disk, self._name = disk, name
        disk.now.setdefault(name, bytearray())
        disk.pending.setdefault(name, [])

    def xRead(self, amount: int, offset: int) -> bytes:
        return bytes(self._disk.now[self._name][offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.tick()
        content = self._disk.now[self._name]
        if len(content) < offset:
            content.extend(bytes(offset - len(content)))
        content[offset : offset + len(data)] = data
        self._disk.pending[self._name].append((offset, bytes(data)))

    def xTruncate(self, size: int) -> None:
        self._disk.tick()
        del self._disk.now[self._name][size:]
        self._disk.pending[self._name].append(size)

    def xSync(self, flags: int) -> None:
        self._disk.tick()
        self._disk.sure[self._name] = bytearray(self._disk.now[self._name])
        self._disk.pending[self._name] = []
        # SQLite syncs the folder when it syncs a journal it has just made.
        self._disk.deleted = {n: c for n, c in self._disk.deleted.items() if not n.endswith("-journal")}

    def xFileSize(self) -> int:
        return len(self._disk.now[self._name])

    def xLock(self, level: int) -> None:
        return None

    def xUnlock(self, level: int) -> None:
        return None

    def xCheckReservedLock(self) -> bool:
        return False

    def xSectorSize(self) -> int:
        return SECTOR

    def xDeviceCharacteristics(self) -> int:
        return 0

    def xFileControl(self, op: int, pointer: int) -> bool:
        return False

    def xClose(self) -> None:
        return None


class ForgetfulVFS(apsw.VFS):
    """SQLite's view of the forgetful disk."""

    def __init__(self, name: str, disk: Disk) -> None:
        self._disk = disk
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> Any:
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        return _File(self._disk, Path(path).name)

    def xAccess(self, path: str, flags: int) -> bool:
        return Path(path).name in self._disk.now

    def xFullPathname(self, path: str) -> str:
        return path

    def xDelete(self, path: str, sync_folder: bool) -> None:
        self._disk.tick()
        name = Path(path).name
        content = self._disk.now.pop(name, None)
        if content is None:
            raise apsw.IOError
        kept = self._disk.sure.pop(name, bytearray())
        self._disk.pending.pop(name, None)
        if not sync_folder:
            self._disk.deleted[name] = kept


class Connection:
    """An apsw connection that answers as far as the register asks of ``sqlite3.Connection``."""

    def __init__(self, path: str, vfs: str, *, wal: bool) -> None:
        self._inner = apsw.Connection(path, vfs=vfs)
        if wal:  # a VFS in Python has no shared memory; one program alone needs none
            self._inner.execute("PRAGMA locking_mode=EXCLUSIVE")

    def execute(self, sql: str, values: Any = ()) -> Any:
        """One statement."""
        return self._inner.execute(sql, tuple(values))

    def executemany(self, sql: str, rows: Any) -> Any:
        """One statement for each row."""
        return self._inner.executemany(sql, (tuple(one) for one in rows))

    def create_function(self, name: str, count: int, call: Any, *, deterministic: bool) -> None:
        """A function for SQL."""
        self._inner.create_scalar_function(name, call, count, deterministic=deterministic)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._inner.in_transaction

    def close(self) -> None:
        """Close without writing anything more."""
        self._inner.close(True)
