"""Step 2, the tree over the ledger (RFC 9162, 2.1): one entry proved to stand in it without the others.

The chain proves a ledger to who holds all of it. The tree proves to who holds one signed root that an entry
is the one of its number (inclusion), and that a later ledger begins with the earlier one (consistency), with
about twenty hashes for half a million entries. The leaves are the hashes of the entries as the chain has
them, so nothing more is stored. Leaves and nodes are hashed with different first bytes: a node can never be
shown as a leaf.

Everything that verifies is a plain function of bytes and numbers, for who has no register.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from fallow.register import keys

SIZE = 32
EMPTY = sha256().digest()
"""The root over no entries."""


def leaf_hash(entry: bytes) -> bytes:
    """The leaf of an entry; ``entry`` is what is proved, here the entry's hash in the chain."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The node over two nodes."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class TreeHead:
    """The root over the first ``size`` entries."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class SignedTree:
    """A tree head signed by an office: what a bundle carries, and all that a proof in it needs.

    ``at`` is the moment of signing by the register's clock, ``key`` the office's public key as hex.
    """

    register: str
    size: int
    root: bytes
    at: str
    key: str
    signature: bytes

    @property
    def statement(self) -> bytes:
        """The bytes the signature is over."""
        return f"fallow tree|{self.register}|{self.size}|{self.root.hex()}|{self.at}".encode()

    def as_dict(self) -> dict[str, Any]:
        """For JSON; bytes as hex."""
        return {
            "register": self.register,
            "size": self.size,
            "root": self.root.hex(),
            "at": self.at,
            "key": self.key,
            "signature": self.signature.hex(),
        }

    @property
    def head(self) -> TreeHead:
        """Size and root, as the other proofs take them."""
        return TreeHead(self.size, self.root)

    @classmethod
    def from_dict(cls, said: dict[str, Any]) -> SignedTree:
        """Back from :meth:`as_dict`; ``KeyError``, ``TypeError`` or ``ValueError`` when it is not one."""
        return cls(
            str(said["register"]),
            int(said["size"]),
            bytes.fromhex(said["root"]),
            str(said["at"]),
            str(said["key"]),
            bytes.fromhex(said["signature"]),
        )


def verify_tree(signed: SignedTree, key: str) -> bool:
    """Whether the office that holds ``key`` (hex, known from elsewhere) signed this tree head."""
    return signed.key == key and keys.verified(key, signed.signature, signed.statement)


class Tree:
    """A growing tree that keeps its complete nodes: 64 bytes an entry, two hashes an entry, once.

    ``_levels[j]`` holds, one after the other, the nodes over ``2**j`` leaves each.
    """

    def __init__(self, entries: Iterable[bytes] = ()) -> None:
        self._levels: list[bytearray] = [bytearray()]
        self.size = 0
        self.extend(entries)

    def extend(self, entries: Iterable[bytes]) -> None:
        """Add entries at the end."""
        self._levels[0] += b"".join([sha256(b"\x00" + one).digest() for one in entries])
        self.size = len(self._levels[0]) // SIZE
        level = 0
        while len(below := self._levels[level]) >= 2 * SIZE:
            level += 1
            if level == len(self._levels):
                self._levels.append(bytearray())
            start, stop = 2 * len(self._levels[level]), len(below) - len(below) % (2 * SIZE)
            pairs = range(start, stop, 2 * SIZE)
            self._levels[level] += b"".join(
                [sha256(b"\x01" + below[at : at + 2 * SIZE]).digest() for at in pairs]
            )

    def root(self, size: int) -> bytes:
        """The root over the first ``size`` entries, ``0 <= size <= self.size``."""
        self._within(0, size)
        return self._over(0, size) if size else EMPTY

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The audit path of the entry at ``index`` (from 0) in the tree over ``size`` entries, leaf first."""
        self._within(1, size)
        if not 0 <= index < size:
            raise IndexError(index)
        path: list[bytes] = []
        start, stop = 0, size
        while stop - start > 1:
            middle = start + _split(stop - start)
            if index < middle:
                path.append(self._over(middle, stop))
                stop = middle
            else:
                path.append(self._over(start, middle))
                start = middle
        return path[::-1]

    def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that the tree over ``new`` entries begins with that over ``old``; ``0 < old <= new``."""
        self._within(1, new)
        if not 1 <= old <= new:
            raise IndexError(old)
        path: list[bytes] = []
        start, stop, whole = 0, new, True
        while old != stop:
            middle = start + _split(stop - start)
            if old <= middle:
                path.append(self._over(middle, stop))
                stop = middle
            else:
                path.append(self._over(start, middle))
                start, whole = middle, False
        if not whole:
            path.append(self._over(start, stop))
        return path[::-1]

    def _within(self, least: int, size: int) -> None:
        if not least <= size <= self.size:
            raise IndexError(size)

    def _over(self, start: int, stop: int) -> bytes:
        """The node over the leaves from ``start`` to before ``stop``, as the RFC's recursion cuts them."""
        count = stop - start
        if count & (count - 1) == 0:
            level = count.bit_length() - 1
            at = (start >> level) * SIZE
            return bytes(self._levels[level][at : at + SIZE])
        middle = start + _split(count)
        return node_hash(self._over(start, middle), self._over(middle, stop))


def _split(count: int) -> int:
    """The largest power of two below ``count``."""
    return 1 << ((count - 1).bit_length() - 1)


def verify_inclusion(entry: bytes, number: int, head: TreeHead, proof: Sequence[bytes]) -> bool:
    """Whether the entry of this number (from 1) stands in the tree (RFC 9162, 2.1.3.2).

    Parameters
    ----------
    entry
        The hash of the entry in the chain.
    proof
        What ``register.ledger.inclusion_proof(number, head.size)`` gave.
    """
    at, last = number - 1, head.size - 1
    if not 0 <= at <= last or not _well_made(head, proof):
        return False
    found = leaf_hash(entry)
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == head.root


def verify_consistency(old: TreeHead, new: TreeHead, proof: Sequence[bytes]) -> bool:
    """Whether the newer tree begins with the older one, entry for entry (RFC 9162, 2.1.4.2)."""
    if not 0 < old.size <= new.size or not _well_made(old, proof) or not _well_made(new, proof):
        return False
    if old.size == new.size:
        return not proof and old.root == new.root
    path = list(proof)
    if old.size & (old.size - 1) == 0:
        path.insert(0, old.root)
    if not path:
        return False
    at, last = old.size - 1, new.size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and before == old.root and after == new.root


def _well_made(head: TreeHead, proof: Sequence[bytes]) -> bool:
    """Sizes before hashing: a node of another length could pass two hashes off as one."""
    return len(head.root) == SIZE and all(len(one) == SIZE for one in proof)
