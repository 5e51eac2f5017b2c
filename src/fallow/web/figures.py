"""Face two, figures: every analysis as a form, a table whose numbers explain themselves, and a chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.shortcuts import render
from django.utils.safestring import mark_safe

from fallow.analysis import Analysis, Line, Result, analyses, analysis_of, behind, of_result, run, telling
from fallow.errors import FallowError
from fallow.publish import printed
from fallow.register import Register
from fallow.web import asked, pages
from fallow.web.desk import Desk
from fallow.web.figures_asked import Question, form, question
from fallow.web.figures_chart import charts_of
from fallow.words import current_language, in_language, say

LINES = 200
"""Lines of a table on one page."""

BEHIND = 40
"""Records behind a number on one page."""

_RECORD = "record"
"""The key whose values are ids of records."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: what people read in it, and the address of what is behind it; empty where nothing is."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    about: tuple[Cell, ...]
    numbers: tuple[Cell, ...]
    total: bool


def figures_start(request: HttpRequest) -> Any:
    """Every analysis with what it tells."""
    desk, when = pages._desk(request), asked.when(request.GET)
    with desk.reading() as register:
        context = pages._context(request, register, when, "figures")
        context["analyses"] = [
            {"name": one.name, "title": in_language(one.title), "about": in_language(one.about)}
            for one in analyses().values()
        ]
        return render(request, "figures.html", context)


def figure_page(request: HttpRequest, name: str) -> Any:
    """One analysis: its form, and what it found."""
    desk, of = pages._desk(request), question(_analysis(name), request.GET)
    with desk.reading() as register:
        context = _context(request, register, of)
        if of.complete:
            result = _result(desk, register, of)
            context |= _table(request, of, result, register)
            context["charts"] = [
                (one, mark_safe(one.svg))  # noqa: S308 - every word in it is escaped
                for one in charts_of(result, lambda measure, key: _explained(of, result.name, measure, key))
            ]
        return render(request, "figures_one.html", context)


def explain_page(request: HttpRequest, name: str) -> Any:
    """The records behind one number, then their reports."""
    desk, of = pages._desk(request), question(_analysis(name), request.GET)
    with desk.reading() as register:
        result = _result(desk, register, of)
        measure = asked.text(request.GET, "measure") or None
        keys = tuple(asked.text({"at": one}, "at") for one in request.GET.getlist("at"))
        found = of_result(result, register, measure, keys)
        page = asked.page(request.GET)
        explanation = result.explain(found.measure.name, *keys)
        last = max(1, -(-len(explanation.records) // BEHIND))
        if page > last:
            raise FallowError("WEB_PAGE", "page", found=page, last=last)
        trail = behind(register, of.when.view(register), explanation, BEHIND, (page - 1) * BEHIND)
        bare = telling.quantity(found.value, found.measure.unit)
        # kept apart from what follows: in a right-to-left line two numbers would run into one
        value = f"\N{FIRST STRONG ISOLATE}{bare}\N{POP DIRECTIONAL ISOLATE}"
        here = [("measure", found.measure.name), *(("at", one) for one in keys)]
        context = _context(request, register, of) | {
            "figure": found,
            "bare": bare,
            "value": value,
            "sentence": found.sentence().replace(bare, value, 1),
            "about": [found.called.get(one, one) for one in telling.about(result.keys, keys)],
            "trail": trail,
            "kinds": {one: in_language(kind.label) for one, kind in register.model.kinds.items()},
            "records": [(one, in_language(register.model.kind(one.kind).label)) for one in trail.records],
            "page_number": page,
            "pages": last,
            "previous": of.query(*here, ("page", str(page - 1))) if page > 1 else "",
            "following": of.query(*here, ("page", str(page + 1))) if page < last else "",
            "recipe": telling.recipe(result),
        }
        return render(request, "figures_explain.html", context)


def _analysis(name: str) -> Analysis:
    return analysis_of(asked.shown(name).replace("-", "_"))


def _result(desk: Desk, register: Register, of: Question) -> Result:
    """The result, made once for each question and ledger head."""
    head = register.ledger.head()
    key = ("figure", of.analysis.name, head[0], head[1], tuple(sorted(of.parameters.items())))
    return desk.kept(key, lambda: run(of.analysis.name, register, **of.parameters))


def _context(request: HttpRequest, register: Register, of: Question) -> dict[str, Any]:
    return pages._context(request, register, of.when, "figures") | {
        "analysis": of.analysis,
        "heading": in_language(of.analysis.title),
        "sentence": in_language(of.analysis.about),
        "fields": form(of),
        "question": of.query(),
        "complete": of.complete,
    }


def _table(request: HttpRequest, of: Question, result: Result, register: Register) -> dict[str, Any]:
    page = asked.page(request.GET)
    last = max(1, -(-len(result.lines) // LINES))
    if page > last:
        raise FallowError("WEB_PAGE", "page", found=page, last=last)
    shown = [
        one
        for one in result.measures
        if one is result.measures[0] or any(line.values.get(one.name) for line in result.lines)
    ]
    names = [one.name for one in shown]
    lines = result.lines[(page - 1) * LINES : page * LINES]
    hidden = [_head(telling.head(one)) for one in result.measures if one not in shown]
    called = telling.names_of(register, result.recipe, [*telling.noted(result), *_records(result, lines)])
    return {
        "keys": [_head(in_language(one.label)) for one in result.keys],
        "measures": [_head(telling.head(one)) for one in shown],
        "rows": [_row(of, result, line, names, called) for line in lines],
        "count": len(result.lines),
        "hidden": telling.listed(hidden, mark=";") if result.lines else "",
        "page_number": page,
        "pages": last,
        "previous": of.query(("page", str(page - 1))) if page > 1 else "",
        "following": of.query(("page", str(page + 1))) if page < last else "",
        "notes": telling.notes(result, called),
        "recipe": telling.recipe(result),
        "shown": say("cli.shown", shown=len(lines), count=len(result.lines)),
    }


def _head(words: str) -> str:
    """The head of a column; a day in it keeps its order in a line written from the right."""
    return printed.plain(words, current_language())


def _records(result: Result, lines: Sequence[Line]) -> list[str]:
    """Ids of the records that lines are about."""
    places = [place for place, key in enumerate(result.keys) if key.name == _RECORD]
    return [line.key[place] for line in lines for place in places if place < len(line.key)]


def _row(of: Question, result: Result, line: Line, names: list[str], called: Mapping[str, str]) -> Row:
    units = {one.name: one.unit for one in result.measures}
    why = telling.instead(result)
    missing = say(why) if why else ""
    told = telling.about(result.keys, line.key) if result.keys else []
    about = []
    for place, text in enumerate(told):
        is_record = place < len(line.key) and result.keys[place].name == _RECORD
        id = line.key[place] if is_record else ""
        about.append(Cell(called.get(id, text), f"/record/{id}{of.when.query()}" if id else ""))
    return Row(
        tuple(about),
        tuple(
            Cell(
                telling.number(line.values.get(name), units[name]) or missing,
                _explained(of, result.name, name, line.key) if line.values.get(name) is not None else "",
            )
            for name in names
        ),
        len(line.key) < len(result.keys),
    )


def _explained(of: Question, analysis: str, measure: str, key: tuple[str, ...]) -> str:
    """The address of what is behind one number."""
    return f"/figures/{analysis}/explain{of.query(('measure', measure), *(('at', one) for one in key))}"
