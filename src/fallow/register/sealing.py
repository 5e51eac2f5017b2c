"""Step 2, sealing: a file encrypted block by block, so that any size takes two blocks of memory.

AES-256-GCM under a random key of its own for every file. The nonce is the number of the block, which never
repeats under one key; the number and whether the block is the last are bound to it, so that blocks cannot be
swapped, dropped or cut off unseen.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fallow.errors import FallowError

BLOCK = 1 << 20
_LENGTH = struct.Struct(">I")


def _about(number: int, last: bool) -> bytes:
    return b"%d|%d" % (number, last)


def seal(content: BinaryIO, out: BinaryIO, key: bytes) -> None:
    """Encrypt ``content`` into ``out``."""
    cipher = AESGCM(key)
    block, number = content.read(BLOCK), 0
    while True:
        following = content.read(BLOCK)
        sealed = cipher.encrypt(number.to_bytes(12, "big"), block, _about(number, not following))
        out.write(_LENGTH.pack(len(sealed)) + sealed)
        if not following:
            return
        block, number = following, number + 1


def unseal(sealed: BinaryIO, key: bytes, name: str) -> Iterator[bytes]:
    """The blocks of a sealed file; ``FILE_DAMAGED`` when anything in it was changed."""
    cipher, number = AESGCM(key), 0
    head = sealed.read(_LENGTH.size)
    while head:
        try:
            block = sealed.read(_LENGTH.unpack(head)[0])
            head = sealed.read(_LENGTH.size)
            yield cipher.decrypt(number.to_bytes(12, "big"), block, _about(number, not head))
        except (InvalidTag, struct.error) as error:
            raise FallowError("FILE_DAMAGED", name) from error
        number += 1
