"""Step 2, the files beside the register: originals and attachments by the hash of their content.

A file is written to a temporary name, synced, renamed, and its folder synced, before any row that names it is
committed: after a power cut a row never points to nothing. Names people gave are labels in the ledger, never
paths on disk.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from fallow.errors import FallowError

_BLOCK = 1 << 20


def digest_of(path: Path) -> str:
    """SHA-256 of a file's content, as hex."""
    sum = sha256()
    with path.open("rb") as content:
        while block := content.read(_BLOCK):
            sum.update(block)
    return sum.hexdigest()


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` durable; on systems without folder handles the rename alone must do."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class FileStore:
    """The folder ``<register>.files``: kept originals, and a quarantine for what was refused.

    Readable by its owner only: an original holds every column it came with, personal ones too.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, path: Path) -> str:
        """Copy a file in and return its SHA-256; a file that is there already is not written twice."""
        return self._put(path, self.folder)

    def quarantine(self, path: Path, code: str) -> str:
        """Keep a file that was refused, under its hash and the code that says why."""
        digest = self._put(path, self.folder / "quarantine")
        note = self.folder / "quarantine" / f"{digest}.{code}"
        note.touch(mode=0o600)
        return digest

    def path(self, digest: str) -> Path:
        """Where a kept file lies; ``FILE_MISSING`` when it does not."""
        found = self.folder / digest[:2] / digest
        if not found.exists():
            raise FallowError("FILE_MISSING", digest)
        return found

    def damaged(self) -> Iterator[str]:
        """Hashes of kept files whose content no longer matches their name."""
        for shelf in sorted(self.folder.glob("??")):
            for path in sorted(shelf.iterdir()):
                if len(path.name) == 64 and digest_of(path) != path.name:
                    yield path.name

    def _put(self, path: Path, folder: Path) -> str:
        digest = digest_of(path)
        shelf = folder / digest[:2]
        target = shelf / digest
        if target.exists():
            return digest
        if not self.folder.exists():
            self.folder.mkdir(mode=0o700, parents=True)
        shelf.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=shelf, prefix=".incoming-")
        try:
            with os.fdopen(handle, "wb") as out, path.open("rb") as content:
                shutil.copyfileobj(content, out, _BLOCK)
                out.flush()
                os.fsync(out.fileno())
            if digest_of(Path(name)) != digest:
                raise FallowError("FILE_CHANGED", path.name)
            os.replace(name, target)  # noqa: PTH105 - the atomic rename is the point
        except OSError as error:
            raise FallowError("DISK_FAULT", path.name) from error
        finally:
            Path(name).unlink(missing_ok=True)
        sync_folder(shelf)
        sync_folder(shelf.parent)
        return digest
