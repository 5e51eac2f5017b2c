"""Step 2, the office's key: every head of the ledger is signed with it (Ed25519).

The private key lies in ``<register>.key`` beside the register, readable by its owner only, wrapped with the
passphrase when there is one. The public key is in the first entry of the ledger.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fallow.errors import FallowError


def statement(register_id: str, number: int, hash: bytes, at: str) -> bytes:
    """The bytes a head's signature is over."""
    return f"fallow head|{register_id}|{number}|{hash.hex()}|{at}".encode()


def sealing(register_id: str, statement: bytes) -> bytes:
    """The bytes a seal's signature is over, which can never be those of a head or of a tree."""
    return f"fallow bundle|{register_id}|{sha256(statement).hexdigest()}".encode()


def verified(public: str, signature: bytes, message: bytes) -> bool:
    """Whether ``signature`` is that of the holder of ``public`` (hex) over ``message``."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class OfficeKey:
    """An opened private key."""

    private: Ed25519PrivateKey

    @property
    def public(self) -> str:
        """The public key as hex."""
        return self.private.public_key().public_bytes(form.Encoding.Raw, form.PublicFormat.Raw).hex()

    def sign(self, message: bytes) -> bytes:
        """The signature over ``message``, 64 bytes."""
        return self.private.sign(message)


def make(path: Path, passphrase: str | None) -> OfficeKey:
    """Make a new key and write it to ``path`` for its owner only."""
    key = Ed25519PrivateKey.generate()
    wrap: form.KeySerializationEncryption = (
        form.BestAvailableEncryption(passphrase.encode()) if passphrase else form.NoEncryption()
    )
    text = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, wrap)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    return OfficeKey(key)


def load(path: Path, passphrase: str | None) -> OfficeKey:
    """Open the key at ``path``.

    Raises
    ------
    FallowError
        ``KEY_MISSING`` when there is none, ``KEY_LOCKED`` when it needs a passphrase that was not given or
        another one.
    """
    if not path.exists():
        raise FallowError("KEY_MISSING", path.name)
    text = path.read_bytes()
    try:
        encrypted = b"ENCRYPTED" in text
        key = form.load_pem_private_key(text, passphrase.encode() if passphrase and encrypted else None)
    except (TypeError, ValueError) as error:
        raise FallowError("KEY_LOCKED", path.name) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise FallowError("KEY_LOCKED", path.name)
    return OfficeKey(key)
