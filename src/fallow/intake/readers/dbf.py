"""Step 1, reports arrive: the ``.dbf`` of a shapefile, record by record, deleted ones kept in step."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fallow.errors import FallowError
from fallow.intake.readers.archive import Entry
from fallow.intake.readers.text import known_encoding

_LANGUAGE_DRIVERS = {
    0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x57: "cp1252", 0x64: "cp852", 0x65: "cp866", 0x6B: "cp857",
    0x7D: "cp1255", 0x7E: "cp1256", 0xC8: "cp1250", 0xC9: "cp1251", 0xCA: "cp1254", 0xCB: "cp1253",
    0xCC: "cp1257",
}  # fmt: skip
_NUMBER = re.compile(rb"[+-]?\d+")
_REAL = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def encoding_by_cpg(raw: bytes) -> str:
    """What a ``.cpg`` says: ``UTF-8``, ``1251``, ``ISO 88591``, ``ANSI 1252``."""
    text = raw.decode("ascii", errors="replace").strip().lower()
    digits = re.sub(r"[^0-9]", "", text)
    if text.startswith("iso") and digits.startswith("8859") and len(digits) > 4:
        return known_encoding(f"iso8859-{digits[4:]}")
    if digits and (text == digits or text.startswith(("ansi", "cp", "windows", "oem"))):
        return "utf-8" if digits == "65001" else known_encoding(f"cp{digits}")
    return known_encoding(text)


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    kind: str
    start: int
    end: int
    decimals: int


class Table:
    """Reads the header at once and the records as they are asked for."""

    def __init__(self, stream: Entry, encoding: str | None) -> None:
        self._stream = stream
        head = stream.read_exactly(32)
        if len(head) < 32:
            raise FallowError("SHP_DAMAGED", ".dbf", found="short")
        self.count, header_size, self._record_size = struct.unpack("<IHH", head[4:12])
        self._encoding = encoding or _LANGUAGE_DRIVERS.get(head[29], "utf-8")
        fields = stream.read_exactly(header_size - 32)
        if header_size < 33 or len(fields) < header_size - 32:
            raise FallowError("SHP_DAMAGED", ".dbf", found="short")
        self._columns = self._described(fields)
        self.names = [one.name for one in self._columns]
        if len(set(self.names)) < len(self.names):
            twice = sorted({one for one in self.names if self.names.count(one) > 1})
            raise FallowError("DUPLICATE_HEADER", ".dbf", names=", ".join(twice))

    def _described(self, raw: bytes) -> list[_Column]:
        found = []
        at = 1  # the first byte of a record says whether it is deleted
        for low in range(0, len(raw) - 31, 32):
            if raw[low] == 0x0D:
                break
            name, kind, size, decimals = struct.unpack("<11sc4xBB14x", raw[low : low + 32])
            length = size + 256 * decimals if kind == b"C" else size
            text = self._decode(name.split(b"\x00")[0], "header").strip()
            found.append(_Column(text, kind.decode("latin-1"), at, at + length, decimals))
            at += length
        if not found or at > self._record_size:
            raise FallowError("SHP_DAMAGED", ".dbf", found="fields")
        return found

    def records(self) -> Iterator[list[Any] | None]:
        """Values of each record, ``None`` for one that is marked as deleted."""
        for number in range(1, self.count + 1):
            raw = self._stream.read_exactly(self._record_size)
            if len(raw) < self._record_size:
                raise FallowError("SHP_DAMAGED", f"record {number}", found="short")
            yield (
                None
                if raw[:1] == b"*"
                else [self._value(one, raw[one.start : one.end], number) for one in self._columns]
            )

    def _value(self, column: _Column, raw: bytes, number: int) -> Any:
        place = f"record {number}, {column.name}"
        if column.kind in "IBO+" and len(raw) in (4, 8):
            return struct.unpack("<i" if len(raw) == 4 else "<d", raw)[0]
        cell = raw.strip(b" \x00")
        if not cell or (
            column.kind in "NFD" and not cell.strip(b"*0-") and (column.kind == "D" or b"*" in cell)
        ):
            return None
        if column.kind in "NF":
            return self._number(cell, place)
        if column.kind == "L":
            return {b"T": True, b"Y": True, b"F": False, b"N": False}.get(cell.upper())
        text = self._decode(cell, place)
        if column.kind == "D" and len(text) == 8 and text.isascii() and text.isdigit():
            return f"{text[:4]}-{text[4:6]}-{text[6:]}"
        return text

    def _number(self, cell: bytes, place: str) -> Any:
        if _NUMBER.fullmatch(cell):
            value = int(cell)
            return value if abs(value) < 2**63 else cell.decode("ascii")
        if _REAL.fullmatch(cell):
            return float(cell)
        # What is no number stays as it stands; the mapping refuses it at its row.
        return self._decode(cell, place)

    def _decode(self, raw: bytes, place: str) -> str:
        try:
            return raw.decode(self._encoding)
        except UnicodeDecodeError as fault:
            found = f"0x{raw[fault.start]:02X}"
            raise FallowError("ENCODING", place, encoding=self._encoding, found=found) from fault
