"""Face two, which chart shows a result: casualties by year, vintages, a year's books, progress."""

from __future__ import annotations

from fallow.analysis import Line, Result, telling
from fallow.web import charts
from fallow.words import RIGHT_TO_LEFT, current_language, in_language

_MOST_BARS = 60
_WATERFALL = ("opening", "newly_identified", "corrected", "reclassified", "cancelled", "reduced", "cleared")
_TAKEN_OFF = frozenset({"cancelled", "reduced", "cleared"})


def chart_of(result: Result) -> str:
    """The SVG of a result; empty where a table says it better."""
    mirrored = current_language() in RIGHT_TO_LEFT
    title = in_language(result.title)
    if not result.lines:
        return ""
    if result.name == "vintages":
        return _triangle(result, title, mirrored)
    if result.name == "books" and not any(one.name == "period" for one in result.keys):
        return _waterfall(result, result.lines[0], title, mirrored)
    measure = {"books": "closing", "progress": "released"}.get(result.name)
    if measure is None and result.name != "casualties":
        return ""
    return _bars(result, measure or result.measures[0].name, title, mirrored)


def _bars(result: Result, measure: str, title: str, mirrored: bool) -> str:
    """One bar a line that is no total; the first of several lines of a period is its total."""
    of = result.measure(measure)
    shown: dict[str, charts.Bar] = {}
    for line in result.lines:
        if not line.key or (result.name == "casualties" and len(line.key) != 1):
            continue
        value = line.values.get(measure)
        label = result.keys[0].text(line.key[0])
        if value is not None and label not in shown:
            shown[label] = charts.Bar(label, float(value), telling.number(value, of.unit))
    if not 1 < len(shown) <= _MOST_BARS:
        return ""
    return charts.bars(list(shown.values()), f"{title}: {telling.head(of)}", right_to_left=mirrored)


def _triangle(result: Result, title: str, mirrored: bool) -> str:
    rows = [result.keys[0].text(line.key[0]) for line in result.lines]
    days = [one.name for one in result.measures]
    if len(days) > 12:
        return ""
    values = [[line.values.get(day) for day in days] for line in result.lines]
    # nothing was known of a year before it began: an empty cell, not a nought
    empty = [
        [line.key[0].isdigit() and line.key[0] > day[:4] and not line.values.get(day) for day in days]
        for line in result.lines
    ]
    texts = [
        ["" if gone else telling.number(value) for value, gone in zip(row, none, strict=True)]
        for row, none in zip(values, empty, strict=True)
    ]
    return charts.triangle(rows, days, values, texts, title, right_to_left=mirrored)


def _waterfall(result: Result, line: Line, title: str, mirrored: bool) -> str:
    steps = []
    for name in (*_WATERFALL, "date_uncertain", "closing"):
        value = float(line.values.get(name) or 0) * (-1 if name in _TAKEN_OFF else 1)
        if value or name in ("opening", "closing"):
            label = in_language(result.measure(name).label)
            text = telling.number(value, "m2")
            steps.append(charts.Step(label, value, text, level=name in ("opening", "closing")))
    about = " ".join(telling.about(result.keys, line.key))
    return charts.waterfall(steps, f"{title}, m²: {about}", right_to_left=mirrored)
