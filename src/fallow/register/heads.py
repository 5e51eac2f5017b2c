"""Step 2, signed heads: the state of a ledger that the office put its name to, as it leaves in a bundle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fallow.register import keys
from fallow.register.register import Register


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head with its signature; ``key`` is the public key as hex."""

    register: str
    number: int
    hash: bytes
    at: str
    key: str
    signature: bytes

    @property
    def statement(self) -> bytes:
        """The bytes the signature is over."""
        return keys.statement(self.register, self.number, self.hash, self.at)

    @property
    def holds(self) -> bool:
        """Whether the signature is that of the key it names."""
        return keys.verified(self.key, self.signature, self.statement)

    def as_dict(self) -> dict[str, Any]:
        """For JSON; bytes as hex."""
        return {
            "register": self.register,
            "number": self.number,
            "hash": self.hash.hex(),
            "at": self.at,
            "key": self.key,
            "signature": self.signature.hex(),
        }

    @classmethod
    def from_dict(cls, said: dict[str, Any]) -> SignedHead:
        """Back from :meth:`as_dict`; ``KeyError``, ``TypeError`` or ``ValueError`` when it is none."""
        return cls(
            str(said["register"]),
            int(said["number"]),
            bytes.fromhex(said["hash"]),
            str(said["at"]),
            str(said["key"]),
            bytes.fromhex(said["signature"]),
        )


def signed_head(register: Register) -> SignedHead | None:
    """The last signed head of a register, or ``None`` when none ever was."""
    row = register._connection.execute(
        "SELECT number, hash, at, key, signature FROM fallow_head ORDER BY number DESC LIMIT 1"
    ).fetchone()
    return SignedHead(register.id, row[0], bytes(row[1]), row[2], row[3], bytes(row[4])) if row else None


def office_key(register: Register) -> str:
    """The public key that a register was founded with, as hex."""
    return str(register.entry(1).content["key"])
