"""Face two, which charts show a result: casualties by year, vintages, the books of each account, progress.

A chart is a table and a way to draw it, and what draws it is what draws the plots of a document. Battle area
and mined area are never added together (R9), so the books have one chart an account; no account is chosen for
the reader, and every chart says in words which account, unit and dates it is of. It stands beside its table,
never instead of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from zlib import crc32

from fallow.analysis import Line, Measure, Result, telling
from fallow.publish import (
    PAGE_LOOK,
    Cell,
    Chart,
    Column,
    Figure,
    Row,
    Table,
    chart_svg,
    key_column,
    measure_column,
)
from fallow.words import current_language, in_language, say

_MOST_BARS = 60
_MOST_DAYS = 12
_WATERFALL = ("opening", "newly_identified", "corrected", "reclassified", "cancelled", "reduced", "cleared")
_LEVELS = ("opening", "closing")
_OVER_TIME = {"books": "closing", "progress": "released"}
"""What the bars of an analysis of land are of."""

NOT_BEGUN = Cell(None, None, "analysis.not_begun")
"""Nothing was known of a year before it began: neither a nought nor a number that is missing."""

Address = Callable[[str, tuple[str, ...]], str]
"""Where a measure of a line is explained."""


@dataclass(frozen=True, slots=True)
class Shown:
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
class _Drawing:
    """What every chart of one result needs."""

    result: Result
    address: Address | None

    def cell(self, line: Line, measure: str) -> Cell:
        return Cell(line.values.get(measure), Figure(self.result.name, measure, line.key))

    def shown(
        self,
        form: Literal["bars", "waterfall", "triangle"],
        title: str,
        axes: str,
        columns: Sequence[Column],
        rows: Sequence[tuple[Cell, ...]],
        *,
        reach: str = "",
        legend: tuple[tuple[str, str], ...] = (),
    ) -> Shown:
        """The first column names the rows, the others are drawn."""
        lang, address = current_language(), self.address
        # Ids inside the pictures of one page may not be the same.
        table = Table(
            f"{form}_{crc32(title.encode()):08x}", {lang: title}, tuple(columns), tuple(map(Row, rows))
        )
        names = tuple(one.name for one in columns[1:])
        said = ". ".join(one for one in (axes.rstrip("."), reach) if one)
        chart = Chart(table.id, table.id, form, columns[0].name, names, table.title, {lang: said})
        svg = chart_svg(
            chart,
            table,
            lang,
            look=PAGE_LOOK,
            link=(lambda of: address(of.measure, of.line)) if address else None,
        )
        return Shown(title, axes, telling.asked(self.result.recipe), svg, legend)


def charts_of(result: Result, address: Address | None = None) -> list[Shown]:
    """The charts of a result, each mark leading where ``address`` says; none where a table says it better."""
    if not result.lines:
        return []
    drawing = _Drawing(result, address)
    if result.name == "vintages":
        return _triangle(drawing)
    if result.name in _OVER_TIME:
        return list(_land(drawing))
    return _casualties(drawing) if result.name == "casualties" else []


def _land(of: _Drawing) -> Iterator[Shown]:
    """One chart an account: bars over the periods, or how a single period went."""
    result = of.result
    in_time = result.keys[0].name in ("period", "year")
    periods = list(dict.fromkeys(line.key[0] for line in result.lines)) if in_time else []
    if len(periods) > _MOST_BARS:
        return
    for account, lines in _accounts(result, len(result.keys[:1]) if in_time else 0).items():
        title = _of(in_language(result.title), _account(result, account, in_time))
        if len(periods) > 1:
            yield _over_time(of, result.measure(_OVER_TIME[result.name]), periods, lines, title)
        elif result.name == "books":
            yield _waterfall(of, lines[0], _of(title, periods[0]) if periods else title)


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


def _over_time(of: _Drawing, measure: Measure, periods: list[str], lines: list[Line], title: str) -> Shown:
    """One bar a period; an account without a line in a period has nothing in it."""
    at = {line.key[0]: line for line in lines}
    cells = [of.cell(at[one], measure.name) if one in at else Cell(0) for one in periods]
    bars = [(Cell(one), cell) for one, cell in zip(periods, cells, strict=True)]
    return _bars(of, measure, bars, title)


def _casualties(of: _Drawing) -> list[Shown]:
    """One bar a value of what they are broken down by; not by two things at once."""
    result = of.result
    measure = result.measures[0]
    lines = [line for line in result.lines if line.key]
    if len(result.keys) != 1 or not 1 < len(lines) <= _MOST_BARS:
        return []
    title = _of(in_language(result.title), in_language(result.keys[0].label))
    return [_bars(of, measure, [(Cell(line.key[0]), of.cell(line, measure.name)) for line in lines], title)]


def _bars(of: _Drawing, measure: Measure, bars: list[tuple[Cell, Cell]], title: str) -> Shown:
    key = of.result.keys[0]
    axes = say(
        "web.chart.axes",
        measure=in_language(measure.label),
        unit=_unit(of.result, measure),
        across=in_language(key.label),
    )
    columns = (key_column(key), measure_column(measure))
    told = [(key.text(name.value), float(cell.value or 0)) for name, cell in bars]
    return of.shown("bars", title, axes, columns, bars, reach=_reach(told, measure.unit))


def _reach(told: list[tuple[str, float]], unit: str) -> str:
    """From where to where the bars reach, for those who do not see them; the table has every number."""
    least, most = (choose(told, key=lambda one: one[1]) for choose in (min, max))
    ends = " - ".join(f"{telling.number(value, unit)} ({name})" for name, value in (least, most))
    return f"{told[0][0]} - {told[-1][0]}: {ends}"


def _triangle(of: _Drawing) -> list[Shown]:
    result = of.result
    days = [one.name for one in result.measures]
    if len(days) > _MOST_DAYS:
        return []
    rows = []
    for line in result.lines:
        year = line.key[0]
        cells = (NOT_BEGUN if line.values[day] is None else of.cell(line, day) for day in days)
        rows.append((Cell(year), *cells))
    axes = say("web.chart.triangle", down=in_language(result.keys[0].label), unit=say("web.chart.people"))
    legend = (("more", say("web.chart.darker")), ("none", say("web.chart.not_begun")))
    columns = (key_column(result.keys[0]), *map(measure_column, result.measures))
    title = in_language(result.title)
    reach = f"{result.keys[0].text(result.lines[0].key[0])} - {result.keys[0].text(result.lines[-1].key[0])}"
    return [of.shown("triangle", title, axes, columns, rows, reach=reach, legend=legend)]


def _waterfall(of: _Drawing, line: Line, title: str) -> Shown:
    """How a period went: its levels, and of the steps between them those that were taken."""
    measures = [
        of.result.measure(name)
        for name in (*_WATERFALL, "date_uncertain", "closing")
        if line.values.get(name) or name in _LEVELS
    ]
    axes = say("web.chart.waterfall", unit=say("web.chart.m2"))
    legend = tuple((look, say(f"web.chart.{look}")) for look in ("level", "up", "down"))
    columns = (Column("line", {}), *map(measure_column, measures))
    cells = (Cell(title), *(of.cell(line, one.name) for one in measures))
    reach = telling.listed(
        (
            f"{in_language(one.label)}: {telling.number(line.values.get(one.name) or 0, one.unit)}"
            for one in measures
        ),
        mark=";",
    )
    return of.shown("waterfall", title, axes, columns, [cells], reach=reach, legend=legend)


def _unit(result: Result, measure: Measure) -> str:
    if measure.unit:
        return say(f"web.chart.{measure.unit}")
    return say("web.chart.people" if result.people else "web.chart.number")


def _of(title: str, what: str) -> str:
    return say("analysis.figure.parameter", label=title, value=what)
