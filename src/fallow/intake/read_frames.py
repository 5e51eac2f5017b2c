"""Step 1, reports arrive: the frames the reading child answers with, and how both ends agree on them.

One frame is ``length of the header (4 bytes), length of the body (8 bytes)``, big endian, a JSON header, and
a body of raw WKB. No pickle: the child has read a hostile file, so nothing it says may become code here.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import IO, Any

import orjson

from fallow.intake.identity import DIGEST_BYTES

_HEAD = struct.Struct(">IQ")
MOST_HEADER = 512 * 1024 * 1024
MOST_BODY = 1024 * 1024 * 1024


class BrokenFrame(Exception):
    """The answer stopped in the middle or makes no sense: the child is gone or not itself."""


def write_frame(pipe: IO[bytes], header: bytes, body: Sequence[bytes] = ()) -> None:
    """Send one frame; ``header`` is JSON already encoded."""
    pipe.write(_HEAD.pack(len(header), sum(map(len, body))))
    pipe.write(header)
    for part in body:
        pipe.write(part)
    pipe.flush()


def read_frame(pipe: IO[bytes]) -> tuple[dict[str, Any], memoryview] | None:
    """The next frame, or ``None`` at a clean end; raises :class:`BrokenFrame`."""
    head = pipe.read(_HEAD.size)
    if not head:
        return None
    if len(head) < _HEAD.size:
        raise BrokenFrame("short head")
    header_size, body_size = _HEAD.unpack(head)
    if header_size > MOST_HEADER or body_size > MOST_BODY:
        raise BrokenFrame("impossible size")
    header = pipe.read(header_size)
    body = pipe.read(body_size)
    if len(header) < header_size or len(body) < body_size:
        raise BrokenFrame("short frame")
    try:
        answer = orjson.loads(header)
    except orjson.JSONDecodeError as fault:
        raise BrokenFrame("not JSON") from fault
    if not isinstance(answer, dict) or not isinstance(answer.get("is"), str):
        raise BrokenFrame("not an answer")
    return answer, memoryview(body)


def cut_digests(digests: str, count: int) -> list[bytes]:
    """The digests of ``count`` rows, which come as one text of hexadecimal digits."""
    try:
        whole = bytes.fromhex(digests)
    except ValueError as fault:
        raise BrokenFrame("no digests") from fault
    if len(whole) != count * DIGEST_BYTES:
        raise BrokenFrame("digests of other rows")
    return [whole[at : at + DIGEST_BYTES] for at in range(0, len(whole), DIGEST_BYTES)]


def cut_wkb(body: memoryview, lengths: Sequence[int]) -> list[bytes | None]:
    """The geometries of a body: ``lengths`` in bytes, -1 for none."""
    if sum(one for one in lengths if one > 0) != len(body):
        raise BrokenFrame("geometry does not fill its body")
    whole = body.tobytes()
    cut: list[bytes | None] = []
    at = 0
    for length in lengths:
        if length < 0:
            cut.append(None)
            continue
        cut.append(whole[at : at + length])
        at += length
    return cut
