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
from fallow.register.sealing import seal, unseal
from fallow.register.vault import Vault

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

    Readable by its owner only. An original holds every column it came with; one that has personal columns is
    sealed with the vault: ``<sha256>.<sha256 as written>.sealed``, so that damage shows without a key.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, path: Path, vault: Vault | None = None) -> str:
        """Copy a file in and return its SHA-256; sealed with ``vault`` if given; never written twice."""
        return self._put(path, self.folder, vault)

    def quarantine(self, path: Path, code: str, vault: Vault | None = None) -> str:
        """Keep a file that was refused, under its hash and the code that says why."""
        digest = self._put(path, self.folder / "quarantine", vault)
        note = self.folder / "quarantine" / f"{digest}.{code}"
        note.touch(mode=0o600)
        return digest

    def path(self, digest: str) -> Path:
        """Where a kept file lies, sealed or open; ``FILE_MISSING`` when it does not."""
        found = self._there(self.folder, digest)
        if found is None:
            raise FallowError("FILE_MISSING", digest)
        return found

    def content(self, digest: str, vault: Vault) -> bytes:
        """The bytes of a kept file; ``VAULT_CLOSED`` when it is sealed and no passphrase was given."""
        found = self.path(digest)
        if found.suffix != ".sealed":
            return found.read_bytes()
        with found.open("rb") as sealed:
            return b"".join(unseal(sealed, vault.file_key(digest), digest))

    def has(self, digest: str) -> bool:
        """Whether a file is kept, sealed or open."""
        return self._there(self.folder, digest) is not None

    def is_sealed(self, digest: str) -> bool:
        """Whether a kept file is there and sealed."""
        found = self._there(self.folder, digest)
        return found is not None and found.suffix == ".sealed"

    def erase(self, digest: str) -> None:
        """Remove a sealed file; its key is destroyed in the vault."""
        found = self._there(self.folder, digest)
        if found is not None and found.suffix == ".sealed":
            found.unlink()
            sync_folder(found.parent)

    def damaged(self) -> Iterator[str]:
        """Hashes of kept files whose content no longer matches their name."""
        for shelf in sorted(self.folder.glob("??")):
            for path in sorted(shelf.iterdir()):
                digest, _, rest = path.name.partition(".")
                expected = rest.removesuffix(".sealed") if rest.endswith(".sealed") else digest
                if len(digest) == len(expected) == 64 and digest_of(path) != expected:
                    yield digest

    @staticmethod
    def _there(folder: Path, digest: str) -> Path | None:
        shelf = folder / digest[:2]
        if (shelf / digest).exists():
            return shelf / digest
        return next(shelf.glob(f"{digest}.*.sealed"), None)

    def _put(self, path: Path, folder: Path, vault: Vault | None) -> str:
        digest = digest_of(path)
        if self._there(folder, digest) is not None:
            return digest
        shelf = folder / digest[:2]
        if not self.folder.exists():
            self.folder.mkdir(mode=0o700, parents=True)
        shelf.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=shelf, prefix=".incoming-")
        try:
            with os.fdopen(handle, "wb") as out, path.open("rb") as content:
                if vault is None:
                    shutil.copyfileobj(content, out, _BLOCK)
                else:
                    seal(content, out, vault.file_key(digest, make=True))
                out.flush()
                os.fsync(out.fileno())
            written = digest_of(Path(name))
            if digest_of(path) != digest or (vault is None and written != digest):
                raise FallowError("FILE_CHANGED", path.name)
            target = shelf / (digest if vault is None else f"{digest}.{written}.sealed")
            os.replace(name, target)  # noqa: PTH105 - the atomic rename is the point
        except OSError as error:
            raise FallowError("DISK_FAULT", path.name) from error
        finally:
            Path(name).unlink(missing_ok=True)
        sync_folder(shelf)
        sync_folder(shelf.parent)
        return digest
