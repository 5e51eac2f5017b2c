"""Step 4, plots: a chart of a table as SVG, written by hand.

Typst, a browser and a word processor (through a picture that typst makes) all take this SVG and shape its
text themselves. A plotting library would have to shape Arabic, and matplotlib draws its letters unjoined and
in the wrong order. In a right-to-left language the axis runs from the right as well.

Only what is told is drawn: rows that are totals and cells without a value are not, and where a number is
missing a dash stands, because nothing would look like zero.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from fallow.publish.publication import Cell, Chart, Column, Table
from fallow.publish.writers import printed
from fallow.publish.writers.plots_frame import (
    LIGHT,
    WIDTH,
    Drawn,
    Frame,
    Linked,
    Look,
    Picture,
    legend,
    marker,
    n,
    reach,
    short,
    xml,
)
from fallow.words import in_language, say

_DOWN = frozenset({"cancelled", "reduced", "cleared", "released"})
"""Columns of the books that lessen what is there: told as positive areas, drawn as steps down."""


def svg(chart: Chart, table: Table, lang: str, *, look: Look = LIGHT, link: Linked | None = None) -> str:
    """A chart as SVG text: the same chart, table and language give the same text.

    Parameters
    ----------
    table
        The redacted table the chart is of; what is withheld there has no value and is not drawn.
    look
        Colours and letters: for paper, or those of the page it stands in.
    link
        Where a mark leads: the address of what is behind its number.
    """
    of = drawn(chart, table, lang)
    on = Picture(lang, look, re.sub(r"[^A-Za-z0-9_]", "_", f"plot_{chart.id}"), link)
    if not of.told:
        on.height = 60.0
        on.text(WIDTH / 2, 34.0, say("publish.chart.empty", lang))
    else:
        forms = {
            "bars": _bars,
            "stack": _stack,
            "lines": _lines,
            "waterfall": _waterfall,
            "triangle": _triangle,
        }
        forms[chart.form](on, of)
        if of.gaps:
            on.text(8.0, on.height + 12.0, say("publish.chart.gap", lang), "start", size=10.5)
            on.height += 20.0
    return _wrapped(on, chart, lang)


def drawn(chart: Chart, table: Table, lang: str) -> Drawn:
    """The rows and columns a chart is of; ``KeyError`` when the table has no such column."""
    places = {one.name: position for position, one in enumerate(table.columns)}
    category = table.columns[places[chart.category]]
    keep_totals = chart.form == "waterfall"
    rows = [row for row in table.rows if keep_totals or not row.total]
    names = tuple(
        printed.shown(row.cells[places[chart.category]], category.unit, lang, category.values) for row in rows
    )
    series = tuple(table.columns[places[name]] for name in chart.series)
    cells = tuple(tuple(row.cells[places[name]] for row in rows) for name in chart.series)
    if chart.form == "waterfall" and len(series) > 1:
        return _steps_of_columns(series, cells, lang)
    return Drawn(names, series, cells)


def _steps_of_columns(series: Sequence[Column], cells: Sequence[Sequence[Cell]], lang: str) -> Drawn:
    """One line of books, its columns as steps: what lessens is stored positive and drawn downward."""
    steps = []
    for column, of in zip(series, cells, strict=True):
        cell = of[0] if of else Cell(None)
        lessens = column.name in _DOWN and isinstance(cell.value, (int, float))
        steps.append(replace(cell, value=-abs(float(cell.value or 0))) if lessens else cell)
    return Drawn(
        tuple(in_language(one.label, lang) for one in series),
        (Column("step", {}, series[0].unit),),
        (tuple(steps),),
    )


# -- forms ------------------------------------------------------------------------------------------------


def _bars(on: Picture, of: Drawn) -> None:
    if _sideways(of):
        _bars_sideways(on, of)
        return
    numbers = of.values
    frame = Frame(on, of, *reach(of.told))
    slot = frame.width / len(of.names)
    bar = min(46.0, slot * 0.78 / len(of.series))
    room = slot if len(of.series) == 1 else bar
    for row in range(len(of.names)):
        left = frame.left + slot * (row + 0.5) - bar * len(of.series) / 2
        for series, values in enumerate(numbers):
            x, value = left + bar * series, values[row]
            if value is None:
                on.text(x + bar / 2, frame.y(0) - 4, "–")
                continue
            top, foot = frame.y(max(value, 0)), frame.y(min(value, 0))
            on.box(x + 1, top, bar - 2, foot - top, series, *of.about(series, row, on))
            label = printed.number(value, on.lang, of.series[series].unit)
            if room > 5.2 * len(label):
                on.text(x + bar / 2, top - 4 if value >= 0 else foot + 11, label, size=10)
    frame.close()


def _bars_sideways(on: Picture, of: Drawn) -> None:
    """Long names stand beside their bars."""
    widest = max(len(name) for name in of.names)
    left = min(280.0, 16.0 + widest * 6.6)
    numbers = of.values
    low, high = reach(of.told)
    scale = (WIDTH - left - 90.0) / ((high - low) or 1.0)
    y = legend(on, of) + 6.0
    zero = left - low * scale
    top = y
    for row, name in enumerate(of.names):
        tall = 17.0 * len(of.series)
        on.text(left - 8, y + tall / 2 + 4, short(name, int((left - 16) / 6.2)), "end")
        for series, values in enumerate(numbers):
            value, at = values[row], y + 17.0 * series
            if value is None:
                on.text(zero + 5, at + 12, "–", "start")
                continue
            x, about = zero + min(value, 0) * scale, of.about(series, row, on)
            on.box(x, at + 1, abs(value) * scale, 15.0, series, *about)
            label = printed.number(value, on.lang, of.series[series].unit)
            on.text(zero + max(value, 0) * scale + 5, at + 12.5, label, "start", size=10.5)
        y += tall + 7.0
    on.line(zero, top - 3, zero, y - 4, on.look.ink)
    on.height = y + 4.0


def _stack(on: Picture, of: Drawn) -> None:
    numbers = of.values
    sums = [sum(value for values in numbers if (value := values[row])) for row in range(len(of.names))]
    frame = Frame(on, of, *reach([*sums, 0.0]))
    slot = frame.width / len(of.names)
    bar = min(64.0, slot * 0.72)
    for row in range(len(of.names)):
        x, base = frame.left + slot * (row + 0.5) - bar / 2, 0.0
        for series, values in enumerate(numbers):
            value = values[row]
            if value:
                top, about = frame.y(base + value), of.about(series, row, on)
                on.box(x, top, bar, frame.y(base) - top, series, *about)
                base += value
        label = printed.number(base, on.lang, of.series[0].unit)
        missing = any(values[row] is None for values in numbers)
        if missing:
            on.text(x + bar / 2, frame.y(base) - 4, "–")
        elif slot > 5.6 * len(label):
            on.text(x + bar / 2, frame.y(base) - 4, label, size=10)
    frame.close()


def _lines(on: Picture, of: Drawn) -> None:
    frame = Frame(on, of, *reach([*of.told, 0.0]), lines=True)
    slot = frame.width / len(of.names)
    for series, values in enumerate(of.values):
        run = list[tuple[float, float, int]]()
        for row, value in enumerate(values):
            x = frame.left + slot * (row + 0.5)
            if value is None:
                _path(on, of, run, series)
                run = []
                on.text(x, frame.y(0) - 4, "–")
            else:
                run.append((x, frame.y(value), row))
        _path(on, of, run, series)
    frame.close()


def _path(on: Picture, of: Drawn, run: Sequence[tuple[float, float, int]], series: int) -> None:
    """One unbroken piece of a line: places across and down, and the row each is of."""
    if not run:
        return
    colour, dash = on.look.colour(series), ("", "7 4", "2 3")[series % 3]
    points = " ".join(f"{n(on.x(x))},{n(y)}" for x, y, _ in run)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    on.marks.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.4"{dashed}/>')
    for x, y, row in run:
        on.put(marker(on.x(x), y, colour, series), *of.about(series, row, on))


def _waterfall(on: Picture, of: Drawn) -> None:
    """Steps from a level to a level: the first, the last and those of the books' levels stand on the ground.

    After a step that is not told nobody can say where the next one begins, so no further step is drawn
    before the next level.
    """
    steps, last = of.values[0], len(of.names) - 1
    levels = {0, last}
    spans: list[tuple[float, float] | None] = []
    at: float | None = 0.0
    for row, value in enumerate(steps):
        begin = 0.0 if row in levels else at
        at = None if value is None or begin is None else begin + value
        spans.append(None if value is None or begin is None or at is None else (begin, at))
    frame = Frame(on, of, *reach([0.0, *(edge for span in spans if span for edge in span)]), keyed=False)
    slot = frame.width / len(of.names)
    bar = min(74.0, slot * 0.7)
    for row, span in enumerate(spans):
        x = frame.left + slot * (row + 0.5) - bar / 2
        if span is None:
            on.text(x + bar / 2, frame.y(0) - 4, "–")
            continue
        top, foot = frame.y(max(span)), frame.y(min(span))
        colour = 0 if row in levels else 1 if span[1] >= span[0] else 2
        on.box(x, top, bar, max(foot - top, 1.2), colour, *of.about(0, row, on))
        value = steps[row] or 0.0
        sign = "+" if value > 0 and row not in levels else ""
        on.text(x + bar / 2, top - 4, sign + printed.number(value, on.lang, of.series[0].unit), size=10)
        if row < last and spans[row + 1] is not None:
            on.line(x + bar, frame.y(span[1]), x + slot, frame.y(span[1]), on.look.ink, 0.7)
    frame.close()


def _triangle(on: Picture, of: Drawn) -> None:
    """Rows by columns, each number in its cell, the larger the darker."""
    numbers = of.values
    low, high = 0.0, max(of.told) or 1.0
    left, top, tall = 92.0, 44.0, 25.0
    wide = (WIDTH - left - 8.0) / len(of.series)
    for position, column in enumerate(of.series):
        words = in_language(column.label, on.lang).split()
        middle = left + wide * (position + 0.5)
        split = max(1, len(words) - 1)
        on.text(middle, 18.0, short(" ".join(words[:split]), int(wide / 5.6)), size=10)
        on.text(middle, 33.0, short(" ".join(words[split:]), int(wide / 5.6)), size=10.5, bold=True)
    for row, name in enumerate(of.names):
        y = top + tall * row
        on.text(left - 8, y + 17, short(name, 13), "end", bold=True)
        for position, values in enumerate(numbers):
            value, x = values[row], left + wide * position
            if value is None:
                on.text(x + wide / 2, y + 17, "–")
                continue
            share = (value - low) / (high - low) if high > low else 0.0
            fill, ink = on.look.shade(share)
            on.put(
                f'<rect x="{n(on.x(x + 1, wide - 2))}" y="{n(y + 1)}" width="{n(wide - 2)}" '
                f'height="{n(tall - 2)}" {fill}/>',
                *of.about(position, row, on),
            )
            label = printed.number(value, on.lang, of.series[position].unit)
            on.text(x + wide / 2, y + 17, label, size=11.5, ink=ink)
    on.height = top + tall * len(of.names) + 8.0


def _sideways(of: Drawn) -> bool:
    longest = max(len(name) for name in of.names)
    return longest * 6.8 * len(of.names) > WIDTH * 1.5 or (longest > 14 and len(of.names) > 5)


def _wrapped(on: Picture, chart: Chart, lang: str) -> str:
    look = on.look
    paper = f'<rect width="{n(WIDTH)}" height="{n(on.height)}" fill="{look.paper}"/>' if look.paper else ""
    size = f"{n(WIDTH)} {n(on.height)}"
    marks = "".join(on.marks)
    role = "img"
    if on.link:
        # What leads somewhere may not lie in an image; its links are the table's, for a pointer alone.
        role, marks = "group", f'<g aria-hidden="true">{marks}</g>'
    hatches = (
        f'<defs><pattern id="{on.name}-hatch1" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)">'
        f'<rect width="1.3" height="6" fill="{look.hatch}" fill-opacity="0.75"/></pattern>'
        f'<pattern id="{on.name}-hatch2" width="5" height="5" patternUnits="userSpaceOnUse">'
        f'<circle cx="2.5" cy="2.5" r="0.9" fill="{look.hatch}" fill-opacity="0.85"/></pattern></defs>'
    )
    used = hatches if f"#{on.name}-hatch" in marks else ""
    title, about = xml(in_language(chart.title, lang)), xml(in_language(chart.about, lang))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" role="{role}" '
        f'font-family="{look.fonts}" direction="ltr" xml:lang="{lang}">'
        f"<title>{title}</title><desc>{about}</desc>"
        f"{used}{paper}{marks}</svg>"
    )
