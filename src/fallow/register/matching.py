"""Step 2, matching: which record each of many links leads to, without a word of Python for each.

Ids are 36 characters long unless a person chose others, so that a list of them is a table of bytes. Looking
270,000 links up in a dictionary of 150,000 takes 0.1 s, in such a table a fifth of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

NEWLINE = b"\n"
_WIDTH = 36
FILLER = " " * _WIDTH
"""Stands where there is no link; no record has such an id."""
_LINE = np.dtype([("words", "<u8", (4,)), ("rest", "<u4"), ("end", "u1")])
"""An id of 36 characters and the end of its line."""

_ODD = [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F]
"""What a word is multiplied with: large odd numbers, any would do."""
_FOLD = np.uint64(29)
_SHIFTS = (44, 24, 4, 34, 14)
"""Which bits of a hash the tables go by, one after the other."""
_MOST_BITS = 20

Integers = npt.NDArray[np.int64]
_Hashes = npt.NDArray[np.uint64]
_Lines = npt.NDArray[np.void]


def positions(links: bytes, among: bytes, others: Mapping[str, str]) -> Integers:
    """By line of ``links``, the line of ``among`` it names, or ``-1``; each line ends in ``NEWLINE``.

    ``others`` holds the records known under another id: a link to one leads to the record it is.
    """
    if not links:
        return np.zeros(0, dtype=np.int64)
    found = _lookup(links, among)
    if others:
        judged = _lookup(links, lines_of(others))
        follows = judged >= 0
        found[follows] = _lookup(lines_of(others.values()), among)[judged[follows]]
    return found


def lines_of(names: Iterable[str]) -> bytes:
    """Some names, a line each."""
    return b"".join(one.encode() + NEWLINE for one in names)


def _lookup(links: bytes, among: bytes) -> Integers:
    wanted, there = _lines(links), _lines(among)
    found = None if wanted is None or there is None or not among else _by_hash(wanted, there)
    return _by_name(links, among) if found is None else found


def _by_name(links: bytes, among: bytes) -> Integers:
    at = {name: position for position, name in enumerate(among.split(NEWLINE)[:-1])}
    return np.array([at.get(name, -1) for name in links.split(NEWLINE)[:-1]], dtype=np.int64)


def _lines(text: bytes) -> _Lines | None:
    """Lines as a table of bytes; ``None`` where one is not of 36 of them."""
    if len(text) % _LINE.itemsize or text.count(NEWLINE) * _LINE.itemsize != len(text):
        return None
    table = np.frombuffer(text, dtype=_LINE)
    return table if (table["end"] == ord(NEWLINE)).all() else None


def _by_hash(wanted: _Lines, there: _Lines) -> Integers | None:
    """Positions by a hash, each then compared whole; ``None`` where ids share one.

    Tables of what a part of the hash leads to, each for those whose place in the ones before was taken: two
    or three of them hold everybody.
    """
    hashed, sought = _hash(there), _hash(wanted)
    bits = min(len(there).bit_length() + 2, _MOST_BITS)
    found = np.full(len(wanted), -1, dtype=np.int64)
    left, open_ = np.arange(len(there)), np.arange(len(wanted))
    for shift in _SHIFTS:
        table = np.full(1 << bits, -1, dtype=np.int32)
        slots = _slots(hashed[left], shift, bits)
        table[slots] = left
        at = table[_slots(sought[open_], shift, bits)]
        met = (at >= 0) & (hashed[at] == sought[open_])
        found[open_[met]] = at[met]
        left, open_ = left[table[slots] != left], open_[~met]
        if not len(left):
            break
    else:
        return None
    met_there, met_wanted = there[found[found >= 0]], wanted[found >= 0]
    whole = (met_there["words"] == met_wanted["words"]).all() and (
        met_there["rest"] == met_wanted["rest"]
    ).all()
    return found if whole else None


def _slots(hashed: _Hashes, shift: int, bits: int) -> Integers:
    return ((hashed >> np.uint64(shift)) & np.uint64((1 << bits) - 1)).astype(np.int64)


def _hash(lines: _Lines) -> _Hashes:
    made = np.zeros(len(lines), dtype=np.uint64)
    for column, odd in enumerate(_ODD):
        made ^= lines["words"][:, column] if column < len(_ODD) - 1 else lines["rest"]
        made *= np.uint64(odd)
        made ^= made >> _FOLD
    return made
