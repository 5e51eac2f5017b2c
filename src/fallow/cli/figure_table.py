"""Face one, the table of an analysis in a terminal of any width: no number is ever broken.

Wide enough, it is one table. If not, and the lines are few, it is turned: measures down, lines across, as
books are read. With many lines the measures are shared out over several tables, square metres apart from
counts, each with the columns that say what a line is about; only where these are too wide themselves, as two
ids beside each other are, are long words folded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING

from fallow.cli.show import console, print_table
from fallow.words import in_language, say

if TYPE_CHECKING:
    from fallow.analysis import Measure, Result

_BLOCKS = 6
"""A turned table of more parts than this is a heap nobody reads."""

_NARROW = 16
"""Least width a column of long ids is folded to; no word of a language is that long."""

_LABEL = 24
"""Least width of the measures' names in a turned table, where there is room; they break between words."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Heads and cells as text; the first ``keys`` columns say what a line is about."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    keys: int

    def only(self, columns: Sequence[int]) -> Grid:
        """The keys and some columns of numbers."""
        kept = [*range(self.keys), *columns]
        rows = tuple(tuple(row[at] for at in kept) for row in self.rows)
        return Grid(tuple(self.heads[at] for at in kept), rows, self.keys)

    @property
    def least(self) -> list[int]:
        """Least width of each column: its longest number, or its longest word."""
        widths = []
        for at, head in enumerate(self.heads):
            cells = [row[at] for row in self.rows]
            parts = cells if at >= self.keys else [word for cell in cells for word in cell.split()]
            widths.append(max(map(len, [*head.split(), *parts]), default=1))
        return widths

    @property
    def most(self) -> list[int]:
        """Width at which nothing is broken over two lines."""
        return [
            max(map(len, [*head.split("\n"), *(row[at] for row in self.rows)]))
            for at, head in enumerate(self.heads)
        ]


def print_figures(result: Result, shown: Sequence[Measure], title: str) -> None:
    """Print the lines of a result, as wide as the terminal is."""
    from fallow.analysis import telling

    why = telling.instead(result)
    missing = say(why) if why else ""
    grid = Grid(
        (*(in_language(one.label) for one in result.keys), *(telling.head(one) for one in shown)),
        tuple(
            (
                *telling.about(result.keys, line.key),
                *(telling.number(line.values.get(one.name), one.unit) or missing for one in shown),
            )
            for line in result.lines
        ),
        len(result.keys),
    )
    width = console().width
    parts = _shared_out(grid, shown, width)
    if len(parts) == 1:
        _print(parts[0], title, width)
        return
    blocks = _turned(grid, width)
    too_wide = max(_width(one.least) for one in parts) > width
    hopeless = max(_width(_folded(one)) for one in parts) > width
    if len(blocks) == 1 or hopeless or (too_wide and len(blocks) <= _BLOCKS):
        parts = blocks
    for at, part in enumerate(parts):
        _print(part, "" if at else title, width)


def _print(grid: Grid, title: str, width: int) -> None:
    """With what room there is given to the first columns that would rather be wider."""
    widths = grid.least
    while _width(widths) > width and max(widths[: grid.keys], default=0) > _NARROW:
        widths[max(range(grid.keys), key=widths.__getitem__)] -= 1
    left = width - _width(widths)
    for at, wanted in enumerate(grid.most):
        more = max(0, min(left, wanted - widths[at]))
        widths[at] += more
        left -= more
    numbers = range(grid.keys, len(grid.heads))
    print_table(grid.heads, grid.rows, title=title, numbers=numbers, widths=widths)


def _folded(grid: Grid) -> list[int]:
    """Widths with the long words of the keys folded."""
    return [min(one, _NARROW) if at < grid.keys else one for at, one in enumerate(grid.least)]


def _width(least: Sequence[int]) -> int:
    """Width of a table: three signs between columns, and its edges."""
    return sum(least) + 3 * len(least) + 1


def _shared_out(grid: Grid, shown: Sequence[Measure], width: int) -> list[Grid]:
    """One table, or several with some of the measures each, those of one unit together."""
    if _width(grid.least) <= width:
        return [grid]
    parts = []
    for _, same in groupby(range(len(shown)), key=lambda at: shown[at].unit):
        columns: list[int] = []
        for at in same:
            if columns and _width(grid.only([*columns, grid.keys + at]).least) > width:
                parts.append(grid.only(columns))
                columns = []
            columns.append(grid.keys + at)
        parts.append(grid.only(columns))
    return parts


def _turned(grid: Grid, width: int) -> list[Grid]:
    """Measures down and lines across, as many lines at once as there is room for."""
    names = grid.heads[grid.keys :]
    longest = max(len(word) for head in grid.heads for word in head.split())
    label = min(max(map(len, grid.heads)), max(longest, _LABEL))
    across = [_column(row, grid.keys) for row in grid.rows]
    left = width - _width([*across, 0])
    label = left if longest <= left < label else label
    blocks: list[list[int]] = [[]]
    for at, _ in enumerate(grid.rows):
        if blocks[-1] and _width([label, *(across[one] for one in [*blocks[-1], at])]) > width:
            blocks.append([])
        blocks[-1].append(at)
    return [
        Grid(
            _heads(
                [grid.heads[: grid.keys], *(grid.rows[at][: grid.keys] for at in block)], label, across, block
            ),
            tuple(
                (name, *(grid.rows[at][grid.keys + measure] for at in block))
                for measure, name in enumerate(names)
            ),
            1,
        )
        for block in blocks
    ]


def _column(row: Sequence[str], keys: int) -> int:
    """Width of a line that stands upright."""
    return max(map(len, [*(word for cell in row[:keys] for word in cell.split()), *row[keys:]]), default=1)


def _heads(
    about: Sequence[Sequence[str]], label: int, across: Sequence[int], block: Sequence[int]
) -> tuple[str, ...]:
    """What each line is about, key under key; every key begins at the same height in all columns."""
    widths = [label, *(across[at] for at in block)]
    heads: list[list[str]] = [[] for _ in about]
    for cells in zip(*about, strict=True):
        broken = [wrap(cell, width) for cell, width in zip(cells, widths, strict=True)]
        height = max(map(len, broken))
        for head, lines in zip(heads, broken, strict=True):
            head += [*lines, *[""] * (height - len(lines))]
    return tuple("\n".join(head) for head in heads)
