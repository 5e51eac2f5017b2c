"""Step 4, forms: what the builders share; a form is a table of a result, or printed empty with its reason.

Three reasons are told apart, because they are three different things to a reader: the register keeps no such
records at all; it could and has none; it has some and none of the period that is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fallow.analysis import Line, Result, telling
from fallow.errors import FallowError
from fallow.kinds import date_high
from fallow.publish.builders import Making
from fallow.publish.publication import (
    Absent,
    Cell,
    Chart,
    Column,
    Heading,
    Paragraph,
    Row,
    Table,
)
from fallow.publish.results import NOT_RECORDED, table_of
from fallow.words import LANGUAGES, Text, catalogue, in_language, say

LAND = ("hazard",)
PEOPLE = ("victim", "accident")


def text(key: str, **facts: Any) -> Text:
    """The words of a key in every language, facts filled in; a fact may be a text in every language."""
    if not facts:
        return catalogue()[key]
    return {
        lang: say(
            key,
            lang,
            **{
                name: in_language(one, lang) if isinstance(one, Mapping) else one
                for name, one in facts.items()
            },
        )
        for lang in LANGUAGES
    }


def heading(key: str, level: int = 1, **facts: Any) -> Heading:
    """A heading with the words of a key."""
    return Heading(text(key, **facts), level)


def paragraph(key: str, **facts: Any) -> Paragraph:
    """Words without a number in them that could be doubted."""
    return Paragraph(text(key, **facts))


def joined(*texts: Text) -> Text:
    """Texts one after another, with a comma as the language writes it."""
    return {lang: telling.listed((in_language(one, lang) for one in texts), lang) for lang in LANGUAGES}


def form(
    making: Making,
    name: str,
    *,
    id: str | None = None,
    title: str | Text,
    kinds: Sequence[str],
    period: str = "",
    keep: Callable[[Line], bool] | None = None,
    measures: Sequence[str] | None = None,
    notes: Sequence[str] = (),
    zeros: bool = False,
    own_notes: bool = True,
    extra: Sequence[Column] = (),
) -> Table | Absent:
    """A result that was run as a table, or the reason why nothing stands in it.

    Parameters
    ----------
    name
        What the result is called in the publication.
    title
        The title, or its key in the words.
    kinds
        The kinds whose records it counts.
    period
        What to say was asked for when the register has records and none of them lies in it.
    keep
        Lines that are shown; all when empty.
    zeros
        Whether a table without any number above 0 is shown as it is, because nought is an answer.
    extra
        Columns that the form has and the register does not: each cell says that it is not recorded.
    """
    words = catalogue()[title] if isinstance(title, str) else title
    result = making.results[name]
    table = table_of(
        name, result, making.register, id=id, title=words, measures=measures, own_notes=own_notes
    )
    why = missing(making, kinds)
    if why is not None:
        return Absent(table.id, words, why)
    chosen = [row for row, line in zip(table.rows, result.lines, strict=True) if keep is None or keep(line)]
    if not zeros and not any(_told(row) for row in chosen):
        return Absent(table.id, words, text("publish.why.not_in_period", period=period or "-"))
    unrecorded = tuple(Cell(None, None, NOT_RECORDED) for _ in extra)
    shown = _columns_with_words(table, result, chosen)
    return Table(
        id=table.id,
        title=table.title,
        columns=(*(table.columns[i] for i in shown), *extra),
        rows=tuple(Row((*(row.cells[i] for i in shown), *unrecorded), row.total) for row in chosen),
        notes=(*(catalogue()[one] for one in notes), *table.notes),
    )


def _columns_with_words(table: Table, result: Result, rows: Sequence[Row]) -> list[int]:
    """Positions of the columns to show: not those of a key that every row shown has left open."""
    keys = len(result.keys)
    return [
        i
        for i in range(len(table.columns))
        if i >= keys or i == 0 or not rows or any(row.cells[i].value for row in rows)
    ]


def _told(row: Row) -> bool:
    return any(cell.figure is not None and cell.value for cell in row.cells)


def missing(making: Making, kinds: Sequence[str]) -> Text | None:
    """Why there is nothing to show of some kinds; ``None`` when one of them has a record."""
    model = making.register.model.kinds
    there = [one for one in kinds if one in model]
    if not there:
        return text("publish.why.no_kind", kinds=", ".join(kinds))
    view = making.register.at(**making.clocks)
    if any(view.count(one) for one in there):
        return None
    return text("publish.why.no_records", kinds=joined(*(model[one].plural for one in there)))


def by_hand(id: str, title: str) -> Absent:
    """A form that no register can fill."""
    return Absent(id, catalogue()[title], catalogue()["publish.why.by_hand"])


def chart(
    table: Table | Absent,
    form: Any,
    category: str,
    series: Sequence[str],
    about: str,
    id: str | None = None,
) -> tuple[Chart, ...]:
    """A chart of a table, when the table is there and has something to draw."""
    if isinstance(table, Absent) or not table.rows:
        return ()
    return (
        Chart(
            id=id or f"{table.id}_chart",
            table=table.id,
            form=form,
            category=category,
            series=tuple(series),
            title=table.title,
            about=catalogue()[about],
        ),
    )


def year_of(year: int | str) -> int:
    """A calendar year; ``PARAMETER_YEAR`` for what is none."""
    given = str(year).strip()
    if not (given.isascii() and given.isdigit() and len(given) == 4 and given != "0000"):
        raise FallowError("PARAMETER_YEAR", "year", found=given[:40])
    return int(given)


def end_of(making: Making, year: int) -> str:
    """The note that says when the land of a year is told: at its end, or so far."""
    return "publish.note.end_of_year" if f"{year}-12-31" <= _today(making) else "publish.note.so_far"


def _today(making: Making) -> str:
    """The last day the publication can know of."""
    known = making.clocks.get("known")
    return min(making.register.today(), date_high(str(known))) if known else making.register.today()


def begun(making: Making, first_day: str) -> None:
    """Refuse a period that has not begun on the day of the register: nobody can report it yet."""
    today = _today(making)
    if first_day > today:
        raise FallowError("PERIOD_AHEAD", "period", found=first_day, today=today)


def contamination_of(result: Result) -> tuple[str, ...]:
    """The kinds of contamination a result of land has lines for, in order."""
    place = next((i for i, key in enumerate(result.keys) if key.name == "contamination"), None)
    if place is None:
        return ()
    return tuple(dict.fromkeys(line.key[place] for line in result.lines if len(line.key) > place))
