"""Face two, charts: SVG drawn on the server, for both themes and both directions of writing, with no script.

A chart stands beside its table, never instead of it, so its text alternative is short: what it shows and
from where to where it reaches. The page puts the title, the unit and the meaning of the colours of a
:class:`Chart` over its picture. Colours are those of the page, so that a dark page has a dark chart; nothing
is told by colour alone. In a right-to-left language the axis runs from the right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

from fallow.analysis import telling

WIDTH = 760
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 16, 22, 40
_PLOT = 220
_UP, _DOWN, _WHOLE = "var(--clay,#9d3f19)", "var(--moss,#3f6147)", "var(--blue,#2b5f8a)"
_TICKS = 4
"""Lines across the plot, about."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture and the words it must not be without.

    Attributes
    ----------
    title
        What it shows and of which account.
    axes
        What is upright and what across, with the unit.
    about
        What was asked: the period, the place, as known when.
    legend
        Class of the mark and what it means; empty with a single series.
    """

    title: str
    axes: str
    about: str
    svg: str
    legend: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it is of, how long it is, and its number as people read it."""

    label: str
    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a waterfall: a level (opening, closing) or a change."""

    label: str
    value: float
    text: str
    level: bool = False


def bars(items: Sequence[Bar], title: str, *, right_to_left: bool = False) -> str:
    """Upright bars from nought; at most about forty keep their labels."""
    top = max((one.value for one in items), default=0.0) or 1.0
    low = min(0.0, *(one.value for one in items)) if items else 0.0
    scale = _Scale(low, top, len(items), right_to_left)
    marks = [scale.axis()]
    for at, one in enumerate(items):
        y, height = scale.span(0.0, one.value)
        marks.append(_rect(scale.x(at), y, scale.wide, height, _WHOLE, f"{one.label}: {one.text}"))
        marks += _labels(scale, at, one.label, one.text, y, _every(scale, items))
    return _svg(marks, title, _reach(items))


def waterfall(steps: Sequence[Step], title: str, *, right_to_left: bool = False) -> str:
    """How a first level becomes a last one: levels from nought, changes hanging where they stand."""
    spans, at_level, reach = [], 0.0, [0.0]
    for one in steps:
        start = 0.0 if one.level else at_level
        end = one.value if one.level else at_level + one.value
        spans.append((start, end))
        reach += [start, end]
        at_level = end
    scale = _Scale(min(reach), max(reach) or 1.0, len(steps), right_to_left)
    marks = [scale.axis()]
    for at, (one, (start, end)) in enumerate(zip(steps, spans, strict=True)):
        y, height = scale.span(start, end)
        colour = _WHOLE if one.level else _UP if end >= start else _DOWN
        marks.append(_rect(scale.x(at), y, scale.wide, height, colour, f"{one.label}: {one.text}"))
        marks += _labels(scale, at, one.label, one.text, y, _every(scale, steps))
        if at + 1 < len(steps):
            level = scale.y(end)
            first, _, _, second = sorted(
                (scale.x(at), scale.x(at) + scale.wide, scale.x(at + 1), scale.x(at + 1) + scale.wide)
            )
            marks.append(
                f'<line x1="{first:.1f}" x2="{second:.1f}" y1="{level:.1f}" y2="{level:.1f}" '
                'stroke="currentColor" stroke-width=".8" stroke-dasharray="2 3"/>'
            )
    return _svg(marks, title, "; ".join(f"{one.label}: {one.text}" for one in steps))


def triangle(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float | None]],
    texts: Sequence[Sequence[str]],
    title: str,
    *,
    right_to_left: bool = False,
) -> str:
    """A field of numbers, darker where they are larger: years down, days of knowledge across."""
    top = max((value or 0.0 for row in values for value in row), default=0.0) or 1.0
    wide = (WIDTH - _LEFT - _RIGHT) / max(1, len(columns))
    high = 24
    marks = []
    for across, name in enumerate(columns):
        x = _side(_LEFT + wide * (across + 0.5), right_to_left)
        marks.append(_text(x, _TOP - 6, name, "middle", bold=True))
    for down, name in enumerate(rows):
        y = _TOP + high * down
        x = _side(_LEFT - 8, right_to_left)
        marks.append(_text(x, y + 16, name, "start" if right_to_left else "end"))
        for across, value in enumerate(values[down]):
            left = _LEFT + wide * across
            left = WIDTH - left - wide if right_to_left else left
            share = 0.0 if value is None else max(0.0, value) / top
            told = texts[down][across] or "\N{EN DASH}"
            marks.append(
                f'<rect x="{left + 1:.1f}" y="{y + 1}" width="{wide - 2:.1f}" height="{high - 2}" '
                f'fill="{_WHOLE}" fill-opacity="{0.06 + 0.44 * share:.2f}" stroke="{_WHOLE}" '
                f'stroke-width=".5"><title>{escape(f"{name}, {columns[across]}: {told}")}</title></rect>'
            )
            marks.append(_text(left + wide / 2, y + 16, told, "middle"))
    return _svg(marks, title, f"{rows[0]} - {rows[-1]}" if rows else "", _TOP + high * len(rows) + 8)


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    top: float
    count: int
    right_to_left: bool

    @property
    def slot(self) -> float:
        return (WIDTH - _LEFT - _RIGHT) / max(1, self.count)

    @property
    def wide(self) -> float:
        return max(1.0, min(self.slot * 0.72, 64.0))

    def x(self, at: int) -> float:
        """The left edge of a bar."""
        left = _LEFT + self.slot * at + (self.slot - self.wide) / 2
        return WIDTH - left - self.wide if self.right_to_left else left

    def y(self, value: float) -> float:
        return _TOP + _PLOT * (self.top - value) / ((self.top - self.low) or 1.0)

    def span(self, start: float, end: float) -> tuple[float, float]:
        upper, lower = self.y(max(start, end)), self.y(min(start, end))
        return upper, max(lower - upper, 0.8)

    def axis(self) -> str:
        """The line of nought, and lines across with their numbers at round distances."""
        step = _round_step(self.top - self.low)
        marks = []
        for at in range(ceil(self.low / step), floor(self.top / step) + 1):
            y = self.y(at * step)
            strength = "1" if at == 0 else ".25"
            start, end = sorted((_side(_LEFT, self.right_to_left), _side(WIDTH - _RIGHT, self.right_to_left)))
            marks.append(
                f'<line x1="{start}" x2="{end}" y1="{y:.1f}" y2="{y:.1f}" stroke="currentColor" '
                f'stroke-width="1" stroke-opacity="{strength}"/>'
            )
            x, anchor = _side(_LEFT - 8, self.right_to_left), "start" if self.right_to_left else "end"
            marks.append(_text(x, y + 4, telling.number(at * step), anchor))
        return "".join(marks)


def _round_step(reach: float) -> float:
    """1, 2 or 5 times a power of ten, so that about four steps make the reach; never a broken number."""
    rough = max(reach, 1.0) / _TICKS
    power = 10.0 ** floor(log10(rough))
    return float(max(1.0, next(one * power for one in (1, 2, 5, 10) if one * power >= rough)))


_LETTER = 6.4
"""Width of a letter, about."""


def _every(scale: _Scale, items: Sequence[Bar | Step]) -> int:
    """Every how many bars a name stands, so that no year is cut to its first figures."""
    longest = max((len(word) for one in items for word in one.label.split()), default=1)
    return max(1, ceil(min(longest, 12) * _LETTER / scale.slot))


def _labels(scale: _Scale, at: int, label: str, text: str, y: float, every: int) -> list[str]:
    """The number over a bar and its name under the axis, where there is room for them."""
    middle = scale.x(at) + scale.wide / 2
    found = []
    if len(text) * (_LETTER - 0.6) <= scale.slot:
        found.append(_text(middle, y - 4, text, "middle"))
    if at % every == 0:
        lines = _broken(label, max(4, int(scale.slot * every / _LETTER)))
        found += [
            _text(middle, _TOP + _PLOT + 16 + 12 * row, line, "middle") for row, line in enumerate(lines[:3])
        ]
    return found


def _broken(label: str, letters: int) -> list[str]:
    """A label over several lines; a word that is too long keeps its beginning, the table has the whole."""
    lines: list[str] = []
    for word in label.split():
        if lines and len(lines[-1]) + 1 + len(word) <= letters:
            lines[-1] += f" {word}"
        else:
            lines.append(word if len(word) <= letters else word[: letters - 1] + "\N{HORIZONTAL ELLIPSIS}")
    return lines or [label]


def _side(x: float, right_to_left: bool) -> float:
    return WIDTH - x if right_to_left else x


def _rect(x: float, y: float, width: float, height: float, colour: str, told: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}">'
        f"<title>{escape(told)}</title></rect>"
    )


def _text(x: float, y: float, words: str, anchor: str, *, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" direction="ltr" unicode-bidi="plaintext" '
        f'fill="currentColor" font-size="11"{weight}>{escape(words)}</text>'
    )


def _reach(items: Sequence[Bar]) -> str:
    if not items:
        return ""
    least, most = min(items, key=lambda one: one.value), max(items, key=lambda one: one.value)
    return f"{items[0].label} - {items[-1].label}: {least.text} ({least.label}) - {most.text} ({most.label})"


def _svg(marks: Sequence[str], title: str, about: str, height: float = _TOP + _PLOT + _BOTTOM + 12) -> str:
    """The picture, named for those who do not see it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
        f'aria-label="{escape(f"{title}. {about}", quote=True)}" font-family="inherit">'
        + "".join(marks)
        + "</svg>"
    )
