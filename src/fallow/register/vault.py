"""Step 2, the vault: ``personal`` values, encrypted one record at a time in a file beside the register.

Every record has a key of its own (AES-256-GCM), wrapped by the vault's master key, which is wrapped by the
passphrase through argon2id. The ledger holds only the SHA-256 of each ciphertext: under a random key and
nonce that says nothing about the content, and it goes on verifying after the key and the ciphertext are
erased.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from fallow.errors import FallowError
from fallow.register.store import durable

# RFC 9106, second recommended option: 64 MiB, three passes, four lanes. Kept in the vault beside the salt, so
# that it can be raised for new vaults and old ones still open; a vault without it was made with this one.
_COST = {"iterations": 3, "lanes": 4, "memory_cost": 64 * 1024}
_FIRST_COST = {"iterations": 3, "lanes": 4, "memory_cost": 64 * 1024}
_MOST = {"iterations": 64, "lanes": 64, "memory_cost": 2 * 1024 * 1024}
"""What a vault may ask for: a changed file must not take all memory of the machine that opens it."""
_TABLES = (
    "CREATE TABLE master (salt BLOB NOT NULL, wrapped BLOB NOT NULL, iterations INTEGER, lanes INTEGER, "
    "memory_cost INTEGER)",
    "CREATE TABLE record_key (record TEXT PRIMARY KEY, wrapped BLOB NOT NULL)",
    "CREATE TABLE sealed (report TEXT PRIMARY KEY, record TEXT NOT NULL, content BLOB NOT NULL)",
    "CREATE INDEX sealed_record ON sealed (record)",
    "CREATE TABLE file_key (file TEXT PRIMARY KEY, wrapped BLOB NOT NULL)",
)


def _stretched(passphrase: str, salt: bytes, *, iterations: int, lanes: int, memory_cost: int) -> bytes:
    cost = {"iterations": iterations, "lanes": lanes, "memory_cost": memory_cost}
    return Argon2id(salt=salt, length=32, **cost).derive(passphrase.encode())  # type: ignore[arg-type]


def _wrap(key: bytes, content: bytes, about: bytes) -> bytes:
    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, content, about)


def _unwrap(key: bytes, wrapped: bytes, about: bytes) -> bytes:
    return AESGCM(key).decrypt(wrapped[:12], wrapped[12:], about)


class Vault:
    """The vault of one register; closed until a passphrase opens it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._master: bytes | None = None
        self._file: sqlite3.Connection | None = None

    @property
    def open(self) -> bool:
        """Whether personal values can be read and written."""
        return self._master is not None

    def create(self, passphrase: str) -> None:
        """Make the vault; the passphrase is nowhere kept."""
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.close(handle)
        file = self._connect()
        salt, master = os.urandom(16), AESGCM.generate_key(256)
        file.execute("BEGIN IMMEDIATE")
        for statement in _TABLES:
            file.execute(statement)
        file.execute(
            "INSERT INTO master VALUES (:salt,:wrapped,:iterations,:lanes,:memory_cost)",
            {
                "salt": salt,
                "wrapped": _wrap(_stretched(passphrase, salt, **_COST), master, b"master"),
                **_COST,
            },
        )
        file.execute("COMMIT")
        self._master = master

    def unlock(self, passphrase: str) -> None:
        """Open an existing vault; ``VAULT_PASSPHRASE`` when the passphrase is another one."""
        if not self.path.exists():
            raise FallowError("VAULT_MISSING", self.path.name)
        try:
            salt, wrapped, cost = self._header()
            self._master = _unwrap(_stretched(passphrase, salt, **cost), wrapped, b"master")
        except InvalidTag as error:
            raise FallowError("VAULT_PASSPHRASE", self.path.name) from error
        except (sqlite3.DatabaseError, TypeError, ValueError) as error:
            raise FallowError("VAULT_DAMAGED", self.path.name) from error

    def _header(self) -> tuple[bytes, bytes, dict[str, int]]:
        """Salt, wrapped master key, and the cost it was wrapped at; ``ValueError`` for one nobody sets."""
        answer = self._connect().execute("SELECT * FROM master")
        found = dict(zip((one[0] for one in answer.description), answer.fetchone(), strict=True))
        cost = {name: found.get(name, usual) for name, usual in _FIRST_COST.items()}
        if not all(isinstance(one, int) and 0 < one <= _MOST[name] for name, one in cost.items()):
            raise ValueError(f"cost {cost}")
        return found["salt"], found["wrapped"], cost

    @property
    def dated(self) -> bool:
        """Whether the passphrase was stretched at less than today's cost; :meth:`rewrap` raises it."""
        cost = self._header()[2]
        return any(cost[name] < now for name, now in _COST.items())

    def rewrap(self, passphrase: str) -> None:
        """Open the vault and wrap its master key anew at today's cost, under the same passphrase.

        The records' own keys stay as they are. ``VAULT_PASSPHRASE`` when the passphrase is another one.
        """
        self.unlock(passphrase)
        master, file = self._opened()
        salt = os.urandom(16)
        wrapped = _wrap(_stretched(passphrase, salt, **_COST), master, b"master")
        file.execute("PRAGMA secure_delete=ON")  # what is quicker to guess must not lie about
        there = {row[1] for row in file.execute("PRAGMA table_info(master)")}
        file.execute("BEGIN IMMEDIATE")
        try:
            for name in _COST.keys() - there:
                file.execute(f"ALTER TABLE master ADD COLUMN {name} INTEGER")
            file.execute(
                "UPDATE master SET salt=:salt, wrapped=:wrapped, iterations=:iterations, lanes=:lanes, "
                "memory_cost=:memory_cost",
                {"salt": salt, "wrapped": wrapped, **_COST},
            )
            file.execute("COMMIT")
        except BaseException:
            file.execute("ROLLBACK")
            raise

    def seal(self, secrets: Sequence[tuple[str, str, Mapping[str, Any]]]) -> list[str]:
        """Encrypt ``(report id, record, values)``, durable on return; gives commitments for the ledger."""
        master, file = self._opened()
        commitments = []
        file.execute("BEGIN IMMEDIATE")
        try:
            for report, record, values in secrets:
                key = self._record_key(file, master, record, make=True)
                content = _wrap(key, orjson.dumps(values, option=orjson.OPT_SORT_KEYS), report.encode())
                file.execute("INSERT INTO sealed VALUES (?,?,?)", (report, record, content))
                commitments.append(sha256(content).hexdigest())
            file.execute("COMMIT")
        except BaseException:
            file.execute("ROLLBACK")
            raise
        return commitments

    def read(self, record: str) -> dict[str, Mapping[str, Any]]:
        """Personal values of a record by report id; empty when there are none or they were erased."""
        master, file = self._opened()
        rows = file.execute("SELECT report, content FROM sealed WHERE record = ?", (record,)).fetchall()
        if not rows:
            return {}
        try:
            key = self._record_key(file, master, record, make=False)
            return {report: orjson.loads(_unwrap(key, content, report.encode())) for report, content in rows}
        except InvalidTag as error:
            raise FallowError("VAULT_DAMAGED", record) from error

    def require_open(self) -> None:
        """Refuse with ``VAULT_CLOSED`` before anything is decided that needs the vault."""
        self._opened()

    def erase(self, record: str) -> int:
        """Destroy a record's key and ciphertexts for good; gives how many reports had personal values."""
        _, file = self._opened()
        file.execute("PRAGMA secure_delete=ON")
        file.execute("BEGIN IMMEDIATE")
        file.execute("DELETE FROM record_key WHERE record = ?", (record,))
        gone = file.execute("DELETE FROM sealed WHERE record = ?", (record,)).rowcount
        file.execute("COMMIT")
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # where a WAL is in use, old pages go too
        return gone

    def file_key(self, digest: str, *, make: bool = False) -> bytes:
        """The key of a sealed file, made on first use; ``FILE_MISSING`` when it was erased."""
        master, file = self._opened()
        row = file.execute("SELECT wrapped FROM file_key WHERE file = ?", (digest,)).fetchone()
        if row is not None:
            return _unwrap(master, row[0], digest.encode())
        if not make:
            raise FallowError("FILE_MISSING", digest)
        key = AESGCM.generate_key(256)
        file.execute("INSERT INTO file_key VALUES (?,?)", (digest, _wrap(master, key, digest.encode())))
        return key

    def erase_file(self, digest: str) -> None:
        """Destroy the key of a sealed file for good."""
        _, file = self._opened()
        file.execute("PRAGMA secure_delete=ON")
        file.execute("DELETE FROM file_key WHERE file = ?", (digest,))

    def commitments(self) -> dict[str, str]:
        """SHA-256 of every ciphertext by report id; needs no passphrase."""
        if not self.path.exists():
            return {}
        rows = self._connect().execute("SELECT report, content FROM sealed")
        return {report: sha256(content).hexdigest() for report, content in rows}

    def forget(self, reports: Sequence[str]) -> None:
        """Take out ciphertexts whose reports never reached the ledger (their transaction was undone)."""
        file = self._connect()
        file.execute("PRAGMA secure_delete=ON")
        file.executemany("DELETE FROM sealed WHERE report = ?", [(one,) for one in reports])

    def close(self) -> None:
        """Forget the master key and close the file."""
        self._master = None
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self) -> tuple[bytes, sqlite3.Connection]:
        if self._master is None:
            raise FallowError("VAULT_CLOSED", self.path.name)
        return self._master, self._connect()

    def _connect(self) -> sqlite3.Connection:
        if self._file is None:
            self._file = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=30)
            durable(self._file)
        return self._file

    @staticmethod
    def _record_key(file: sqlite3.Connection, master: bytes, record: str, *, make: bool) -> bytes:
        row = file.execute("SELECT wrapped FROM record_key WHERE record = ?", (record,)).fetchone()
        if row is not None:
            return _unwrap(master, row[0], record.encode())
        if not make:
            raise InvalidTag
        key = AESGCM.generate_key(256)
        file.execute("INSERT INTO record_key VALUES (?,?)", (record, _wrap(master, key, record.encode())))
        return key
