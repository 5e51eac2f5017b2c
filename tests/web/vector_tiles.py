"""A reader of vector tiles for tests, from the specification (2.1), sharing nothing with the writer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Feature:
    layer: str
    id: str
    type: int
    strokes: list[list[tuple[int, int]]]
    """Points, lines or rings in units of the tile, 8192 a side."""


def read(tile: bytes) -> list[Feature]:
    found = []
    names = []
    for number, layer in fields(tile):
        assert number == 3, "a tile holds nothing but layers"
        said = list(fields(layer))
        name = one(said, 1).decode()
        assert one(said, 15) == 2 and one(said, 5) == 8192
        assert [value.decode() for key, value in said if key == 3] == ["id"]
        values = [one(list(fields(value)), 1).decode() for key, value in said if key == 4]
        names.append(name)
        for feature in (list(fields(value)) for key, value in said if key == 2):
            key, value = varints(one(feature, 2))
            assert key == 0
            found.append(
                Feature(name, values[value], one(feature, 3), list(strokes(varints(one(feature, 4)))))
            )
    assert len(names) == len(set(names)), "a layer is there once"
    return found


def one(said: list[tuple[int, Any]], number: int) -> Any:
    (found,) = [value for key, value in said if key == number]
    return found


def fields(message: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(message):
        tag, at = varint(message, at)
        value, at = varint(message, at)
        if tag & 7 == 2:
            assert at + value <= len(message)
            yield tag >> 3, message[at : at + value]
            at += value
        else:
            assert tag & 7 == 0
            yield tag >> 3, value


def varint(message: bytes, at: int) -> tuple[int, int]:
    found = shift = 0
    while True:
        byte = message[at]
        found |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return found, at


def varints(message: bytes) -> list[int]:
    found, at = [], 0
    while at < len(message):
        value, at = varint(message, at)
        found.append(value)
    return found


def strokes(commands: list[int]) -> Iterator[list[tuple[int, int]]]:
    x = y = at = 0
    stroke: list[tuple[int, int]] = []
    while at < len(commands):
        what, count = commands[at] & 7, commands[at] >> 3
        at += 1
        if what == 7:
            stroke.append(stroke[0])
            continue
        for _ in range(count):
            x += commands[at] >> 1 ^ -(commands[at] & 1)
            y += commands[at + 1] >> 1 ^ -(commands[at + 1] & 1)
            at += 2
            if what == 1:
                if stroke:
                    yield stroke
                stroke = []
            stroke.append((x, y))
    if stroke:
        yield stroke
