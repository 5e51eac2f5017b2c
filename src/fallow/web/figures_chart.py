"""Face two, which charts show a result: casualties by year, vintages, the books of each account, progress.

Battle area and mined area are never added together (R9), so the books have one chart an account; no account
is chosen for the reader, and every chart says in words which account, unit and dates it is of.
"""

from __future__ import annotations

from collections.abc import Iterator

from fallow.analysis import Line, Measure, Result, telling
from fallow.web import charts
from fallow.words import RIGHT_TO_LEFT, current_language, in_language, say

_MOST_BARS = 60
_MOST_DAYS = 12
_WATERFALL = ("opening", "newly_identified", "corrected", "reclassified", "cancelled", "reduced", "cleared")
_TAKEN_OFF = frozenset({"cancelled", "reduced", "cleared"})
_LEVELS = ("opening", "closing")
_OVER_TIME = {"books": "closing", "progress": "released"}
"""What the bars of an analysis of land are of."""


def charts_of(result: Result) -> list[charts.Chart]:
    """The charts of a result; none where a table says it better."""
    if not result.lines:
        return []
    if result.name == "vintages":
        return _triangle(result)
    if result.name in _OVER_TIME:
        return list(_land(result))
    return _casualties(result) if result.name == "casualties" else []


def _land(result: Result) -> Iterator[charts.Chart]:
    """One chart an account: bars over the periods, or how a single period went."""
    in_time = result.keys[0].name in ("period", "year")
    periods = list(dict.fromkeys(line.key[0] for line in result.lines)) if in_time else []
    if len(periods) > _MOST_BARS:
        return
    for account, lines in _accounts(result, len(result.keys[:1]) if in_time else 0).items():
        title = _of(in_language(result.title), _account(result, account, in_time))
        if len(periods) > 1:
            yield _bars(result, result.measure(_OVER_TIME[result.name]), periods, lines, title)
        elif result.name == "books":
            yield _waterfall(result, lines[0], _of(title, periods[0]) if periods else title)


def _accounts(result: Result, before: int) -> dict[str | None, list[Line]]:
    """The lines of each kind of contamination; their total (``None``) only where it adds up several."""
    found: dict[str | None, list[Line]] = {}
    for line in result.lines:
        if before <= len(line.key) <= before + 1:
            account = line.key[before] if len(line.key) > before else None
            found.setdefault(account, []).append(line)
    if len(found) == 2:
        found.pop(None, None)
    return found


def _account(result: Result, account: str | None, in_time: bool) -> str:
    key = result.keys[1 if in_time else 0]
    return say("analysis.total") if account is None else key.text(account)


def _bars(
    result: Result, measure: Measure, periods: list[str], lines: list[Line], title: str
) -> charts.Chart:
    """One bar a period; an account without a line in a period has nothing in it."""
    values = {line.key[0]: line.values.get(measure.name) or 0 for line in lines}
    bars = [
        charts.Bar(
            result.keys[0].text(one),
            float(values.get(one, 0)),
            telling.number(values.get(one, 0), measure.unit),
        )
        for one in periods
    ]
    return _chart(result, measure, bars, title)


def _casualties(result: Result) -> list[charts.Chart]:
    """One bar a value of what they are broken down by; not by two things at once."""
    measure = result.measures[0]
    lines = [line for line in result.lines if line.key]
    if len(result.keys) != 1 or not 1 < len(lines) <= _MOST_BARS:
        return []
    bars = [
        charts.Bar(
            result.keys[0].text(line.key[0]),
            float(line.values[measure.name] or 0),
            telling.number(line.values[measure.name], measure.unit),
        )
        for line in lines
    ]
    return [_chart(result, measure, bars, _of(in_language(result.title), in_language(result.keys[0].label)))]


def _chart(result: Result, measure: Measure, bars: list[charts.Bar], title: str) -> charts.Chart:
    axes = say(
        "web.chart.axes",
        measure=in_language(measure.label),
        unit=_unit(result, measure),
        across=in_language(result.keys[0].label),
    )
    svg = charts.bars(bars, f"{title}. {axes}", right_to_left=_mirrored())
    return charts.Chart(title, axes, telling.asked(result.recipe), svg)


def _triangle(result: Result) -> list[charts.Chart]:
    days = [one.name for one in result.measures]
    if len(days) > _MOST_DAYS:
        return []
    rows = [result.keys[0].text(line.key[0]) for line in result.lines]
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
    title = in_language(result.title)
    axes = say("web.chart.triangle", down=in_language(result.keys[0].label), unit=say("web.chart.people"))
    svg = charts.triangle(rows, days, values, texts, f"{title}. {axes}", right_to_left=_mirrored())
    legend = (("more", say("web.chart.darker")), ("none", say("web.chart.not_begun")))
    return [charts.Chart(title, axes, telling.asked(result.recipe), svg, legend)]


def _waterfall(result: Result, line: Line, title: str) -> charts.Chart:
    steps = []
    for name in (*_WATERFALL, "date_uncertain", "closing"):
        value = float(line.values.get(name) or 0) * (-1 if name in _TAKEN_OFF else 1)
        if value or name in _LEVELS:
            label = in_language(result.measure(name).label)
            steps.append(charts.Step(label, value, telling.number(value, "m2"), level=name in _LEVELS))
    axes = say("web.chart.waterfall", unit=say("web.chart.m2"))
    svg = charts.waterfall(steps, f"{title}. {axes}", right_to_left=_mirrored())
    legend = tuple((look, say(f"web.chart.{look}")) for look in ("level", "up", "down"))
    return charts.Chart(title, axes, telling.asked(result.recipe), svg, legend)


def _unit(result: Result, measure: Measure) -> str:
    if measure.unit:
        return say(f"web.chart.{measure.unit}")
    return say("web.chart.people" if result.people else "web.chart.number")


def _of(title: str, what: str) -> str:
    return say("analysis.figure.parameter", label=title, value=what)


def _mirrored() -> bool:
    return current_language() in RIGHT_TO_LEFT
