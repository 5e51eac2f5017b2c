"""Face one, printing: tables in a terminal, JSON into a pipe."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from fallow.words import RIGHT_TO_LEFT, current_language

if TYPE_CHECKING:
    from rich.console import Console

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters and writing-direction overrides: data must not steer the terminal it is shown in."""


_CODE, _DATE = 16, 10


def clean(text: str) -> str:
    """Text that cannot move the cursor, change colours or turn the order of letters around."""
    return _UNSEEN.sub("\ufffd", text)


def wants_json(as_json: bool | None) -> bool:
    """``--json`` and ``--table`` decide; otherwise whether a person is looking."""
    return as_json if as_json is not None else not sys.stdout.isatty()


def print_json(values: Any) -> None:
    """One JSON document on standard output, in UTF-8."""
    import orjson

    click.echo(orjson.dumps(values, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS))


def print_line(text: str) -> None:
    """One line for a person."""
    click.echo(clean(text))


def print_table(
    heads: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    title: str = "",
    numbers: Sequence[int] = (),
    widths: Sequence[int] | None = None,
) -> None:
    """A table for a person; the columns in ``numbers`` are right-aligned, in Arabic all are.

    ``widths`` are those of the columns, where the caller has shared out the screen.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    mirrored = current_language() in RIGHT_TO_LEFT
    order = list(range(len(heads)))[:: -1 if mirrored else 1]
    cells = [[spoken(one) for one in row] for row in rows]
    screen = console()
    least = _least_widths(cells, len(heads), screen.width)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for at in order:
        table.add_column(
            Text(clean(heads[at])),
            justify="right" if at in numbers or mirrored else "left",
            overflow="fold",  # never cut: what is not shown would be taken for what is not there
            # a number broken in two would be read as two numbers
            min_width=max((len(row[at]) for row in cells), default=1) if at in numbers else least[at],
            width=widths[at] if widths is not None else None,
        )
    for row in cells:
        table.add_row(*(Text(row[at], no_wrap=True if at in numbers else None) for at in order))
    if title:
        screen.print(Text(clean(title), style="bold"), justify="right" if mirrored else "left")
    screen.print(table, crop=False)


def _least_widths(cells: Sequence[Sequence[str]], count: int, screen: int) -> list[int | None]:
    """Wide enough for codes, else for dates, which are misread when broken; else no least width."""
    for unbroken in (_CODE, _DATE):
        words = [[len(word) for row in cells for word in row[at].split()] for at in range(count)]
        least = [max((one for one in found if one <= unbroken), default=1) for found in words]
        if sum(least) + 3 * count + 1 <= screen:
            return list(least)
    return [None] * count


def spoken(value: Any) -> str:
    """A cell of a table as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "✓" if value else "–"
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(spoken(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {spoken(one)}" for key, one in value.items())
    return clean(str(value))


def console() -> Console:
    """A console that prints what it is given: no markup, no guessing of numbers and links."""
    from rich.console import Console

    return Console(file=sys.stdout, markup=False, highlight=False, emoji=False)
