"""Step 4, the frame of a plot: its look, the growing picture, axes, legend, round numbers, broken names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from math import floor, log10

from fallow.publish.publication import Cell, Column, Figure, Unit
from fallow.publish.results import NOT_APPLICABLE
from fallow.publish.writers import printed
from fallow.words import RIGHT_TO_LEFT, in_language

WIDTH = 720.0
COLOURS = ("#12436d", "#f0a35e", "#28a197", "#b8577e", "#7b8794", "#5b7f2b")
"""Read in the order given each differs from its neighbour in lightness as well as in hue."""

_NO_GAP = (NOT_APPLICABLE, "analysis.not_begun")
"""What stands where there is no number to be told."""

_FONTS = "'Noto Sans','Almarai',sans-serif"
_SIZE = 12.0

Linked = Callable[[Figure], str]
"""The address of what is behind a number; empty for none."""


@dataclass(frozen=True, slots=True)
class Look:
    """Colours and letters of a plot.

    Attributes
    ----------
    paper
        Colour behind it; empty where the page it stands in shows through.
    hatch
        Colour of the marks that tell one series from another without colour.
    series
        Colours of the series, taken again from the first when there are more.
    """

    ink: str
    paper: str
    line: str
    hatch: str
    series: tuple[str, ...] = COLOURS
    fonts: str = _FONTS

    def colour(self, series: int) -> str:
        """The colour of a series."""
        return self.series[series % len(self.series)]

    def shade(self, share: float) -> tuple[str, str]:
        """How a field of a triangle is filled for a share of the largest number, and the ink on it."""
        if not self.paper:
            return f'fill="{self.series[0]}" fill-opacity="{0.06 + 0.44 * share:.2f}"', self.ink
        pale, full = (228, 236, 245), (18, 67, 109)
        mixed = (round(a + (b - a) * share) for a, b in zip(pale, full, strict=True))
        return f'fill="#{"".join(f"{one:02x}" for one in mixed)}"', "#ffffff" if share > 0.45 else LIGHT.ink


LIGHT = Look("#1d2733", "#ffffff", "#c9d1d9", "#ffffff")
"""For paper, and for whatever is read as if it were."""

PAGE = Look(
    "currentColor",
    "",
    "var(--line,#ddd8cb)",
    "var(--card,#fffdf8)",
    ("var(--blue,#2b5f8a)", "var(--clay,#9d3f19)", "var(--moss,#3f6147)"),
    "inherit",
)
"""For a page that has a light and a dark theme of its own: a dark page has a dark plot."""


@dataclass(slots=True)
class Picture:
    """An SVG that grows: its marks, its height, and the side its axis starts from."""

    lang: str
    look: Look = LIGHT
    name: str = "plot"
    """Begins the ids inside, so that two plots can stand in one page."""
    link: Linked | None = None
    height: float = 0.0
    marks: list[str] = field(default_factory=list)

    @property
    def mirrored(self) -> bool:
        """Whether it runs from the right."""
        return self.lang in RIGHT_TO_LEFT

    def x(self, x: float, width: float = 0.0) -> float:
        """A place counted from the side the axis starts from, as SVG counts it."""
        return WIDTH - x - width if self.mirrored else x

    def put(self, marks: str, words: str = "", href: str = "") -> None:
        """Marks that say to a pointer what they are, and lead to what is behind their number.

        The link is for the pointer alone: a keyboard and a screen reader have the same one in the table.
        """
        title = f"<title>{xml(words)}</title>" if words else ""
        if href:
            marks = f'<a href="{xml(href)}" tabindex="-1">{title}{marks}</a>'
        elif title:
            marks = f"<g>{title}{marks}</g>"
        self.marks.append(marks)

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        series: int,
        words: str = "",
        href: str = "",
    ) -> None:
        """A bar in the colour and hatching of a series."""
        place = f'x="{n(self.x(x, width))}" y="{n(y)}" width="{n(width)}" height="{n(height)}"'
        marks = f'<rect {place} fill="{self.look.colour(series)}"/>'
        if series % 3:
            marks += f'<rect {place} fill="url(#{self.name}-hatch{series % 3})"/>'
        self.put(marks, words, href)

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1.0) -> None:
        """A straight line."""
        self.marks.append(
            f'<line x1="{n(self.x(x1))}" y1="{n(y1)}" x2="{n(self.x(x2))}" y2="{n(y2)}" '
            f'stroke="{colour}" stroke-width="{n(width)}"/>'
        )

    def text(
        self,
        x: float,
        y: float,
        words: str,
        at: str = "middle",
        *,
        size: float = _SIZE,
        bold: bool = False,
        ink: str = "",
    ) -> None:
        """Words; ``at`` is the side of ``x`` they begin at, as in a language written from the left."""
        anchor = {"start": "end", "end": "start"}.get(at, at) if self.mirrored else at
        weight = ' font-weight="bold"' if bold else ""
        # Keeps the full stop of a sentence at its end, although SVG sets the line from the left.
        after = "\N{RIGHT-TO-LEFT MARK}" if self.mirrored and words.endswith(".") else ""
        self.marks.append(
            f'<text x="{n(self.x(x))}" y="{n(y)}" text-anchor="{anchor}" font-size="{n(size)}"{weight} '
            f'unicode-bidi="plaintext" fill="{ink or self.look.ink}">{xml(words)}{after}</text>'
        )


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn of a table: a name for each row, and for each series its cells."""

    names: tuple[str, ...]
    series: tuple[Column, ...]
    cells: tuple[tuple[Cell, ...], ...]
    """By series, then by row."""

    @property
    def values(self) -> list[list[float | None]]:
        """The numbers of the cells, ``None`` where none is told."""
        return [[_number(cell) for cell in of] for of in self.cells]

    @property
    def gaps(self) -> bool:
        """Whether some number that there is, or could be, is not told."""
        return any(_number(cell) is None and cell.instead not in _NO_GAP for of in self.cells for cell in of)

    def about(self, series: int, row: int, on: Picture) -> tuple[str, str]:
        """What one mark says to a pointer, and where it leads."""
        cell, column = self.cells[series][row], self.series[series]
        of = [self.names[row]] + ([in_language(column.label, on.lang)] if len(self.series) > 1 else [])
        words = f"{', '.join(of)}: {printed.number(_number(cell) or 0, on.lang, column.unit)}"
        return words, on.link(cell.figure) if on.link and cell.figure else ""

    @property
    def told(self) -> list[float]:
        """Every number that is told."""
        return [value for of in self.values for value in of if value is not None]


def _number(cell: Cell) -> float | None:
    return float(cell.value) if isinstance(cell.value, (int, float)) else None


class Frame:
    """Axes of an upright plot: the value axis at the side where reading starts, names below."""

    def __init__(
        self,
        on: Picture,
        of: Drawn,
        low: float,
        high: float,
        *,
        lines: bool = False,
        keyed: bool = True,
    ) -> None:
        self._on, self._of = on, of
        unit: Unit = of.series[0].unit
        ticks = _ticks(low, high)
        self.low, self.high = min(low, ticks[0]), max(high, ticks[-1])
        labels = [printed.number(tick, on.lang, unit) for tick in ticks]
        self.left = 20.0 + 6.6 * max(len(label) for label in labels)
        self.width = WIDTH - self.left - 10.0
        self.top = (legend(on, of, lines=lines) if keyed else 8.0) + 16.0
        self.tall = 215.0
        for tick, label in zip(ticks, labels, strict=True):
            on.line(self.left, self.y(tick), self.left + self.width, self.y(tick), on.look.line, 0.6)
            on.text(self.left - 8, self.y(tick) + 4, label, "end", size=10.5)

    def y(self, value: float) -> float:
        """Height of a value."""
        return self.top + self.tall * (self.high - value) / ((self.high - self.low) or 1.0)

    def close(self) -> None:
        """The base line and the names, turned or thinned where they would run into each other."""
        on, names = self._on, self._of.names
        on.line(self.left, self.y(0), self.left + self.width, self.y(0), on.look.ink, 1.2)
        slot, foot = self.width / len(names), self.top + self.tall
        every = max(1, -(-max(len(name) for name in names) * 7 // max(int(slot * _rows(names, slot)), 1)))
        for row, name in enumerate(names):
            if row % every:
                continue
            for turn, part in enumerate(_broken(name, int(slot * every / 6.4))):
                on.text(self.left + slot * (row + 0.5), foot + 17 + 13 * turn, part, size=11)
        on.height = (
            foot + 26.0 + 13.0 * max(len(_broken(name, int(slot * every / 6.4))) - 1 for name in names)
        )


def _rows(names: Sequence[str], slot: float) -> int:
    """How many lines of words a name may take: three where it has spaces to break at."""
    return 3 if any(" " in name for name in names) and slot > 46 else 1


def _broken(name: str, letters: int) -> list[str]:
    """A name in at most three lines of about so many letters."""
    lines: list[str] = []
    for word in name.split():
        if lines and len(lines[-1]) + 1 + len(word) <= letters:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return [short(one, max(letters, 4)) for one in lines[:3]] or [""]


def legend(on: Picture, of: Drawn, *, lines: bool = False) -> float:
    """Names of the series in rows at the top; the height they take. One series needs none."""
    if len(of.series) < 2:
        return 0.0
    x, y = 12.0, 14.0
    for series, column in enumerate(of.series):
        words = printed.head(column, on.lang)
        if x + 28 + 6.6 * len(words) > WIDTH and x > 12.0:
            x, y = 12.0, y + 19.0
        if lines:
            on.line(x, y - 4, x + 18, y - 4, on.look.colour(series), 2.4)
            on.marks.append(marker(on.x(x + 9), y - 4, on.look.colour(series), series))
        else:
            on.box(x, y - 10, 14, 12, series)
        on.text(x + 22, y, words, "start")
        x += 44 + 6.6 * len(words)
    return y + 8.0


def reach(values: Sequence[float]) -> tuple[float, float]:
    """The lowest and the highest value, zero among them."""
    return min(0.0, *values), max(0.0, *values) or 1.0


def _ticks(low: float, high: float) -> list[float]:
    """About five round numbers from below ``low`` to above ``high``."""
    rough = (high - low) / 5 or 1.0
    power = 10.0 ** floor(log10(rough))
    step = next(power * one for one in (1, 2, 5, 10) if power * one >= rough * 0.999)
    step = max(step, 1.0) if high >= 2 else step
    first = floor(low / step)
    last = -floor(-high / step)
    return [one * step for one in range(first, last + 1)]


def short(words: str, letters: int) -> str:
    """Words cut to about so many letters, with an ellipsis where something is missing."""
    return words if len(words) <= max(letters, 3) else words[: max(letters - 1, 2)].rstrip() + "…"


def n(value: float) -> str:
    """A coordinate with one decimal at most, the same on every machine."""
    return f"{value:.1f}".removesuffix(".0")


def xml(words: str) -> str:
    """Words as text or an attribute of XML; what XML cannot hold is left out."""
    return escape("".join(_allowed(words)), quote=True)


def _allowed(words: str) -> Iterator[str]:
    """Letters that XML 1.0 may hold."""
    for one in words:
        if one in "\t\n\r" or " " <= one <= "\ud7ff" or "\ue000" <= one <= "\ufffd" or one >= "\U00010000":
            yield one


def marker(x: float, y: float, colour: str, series: int) -> str:
    """A circle, a square or a triangle: the shape tells the series where the colour does not."""
    if series % 3 == 1:
        return f'<rect x="{n(x - 3.6)}" y="{n(y - 3.6)}" width="7.2" height="7.2" fill="{colour}"/>'
    if series % 3 == 2:
        corners = f"{n(x)},{n(y - 4.6)} {n(x - 4.4)},{n(y + 3.4)} {n(x + 4.4)},{n(y + 3.4)}"
        return f'<polygon points="{corners}" fill="{colour}"/>'
    return f'<circle cx="{n(x)}" cy="{n(y)}" r="3.8" fill="{colour}"/>'
