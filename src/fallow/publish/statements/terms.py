"""Step 4, what a statement defines: its figures, tables and charts, kept as canonical JSON in the register.

A figure is an analysis, what it is asked, a measure and a line; so the same definition asked tomorrow, or
by a stranger, means the same number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from fallow.analysis import analyses
from fallow.errors import FallowError
from fallow.words import Text

FORMS = ("bars", "stack", "lines", "waterfall", "triangle")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to an analysis; two that are equal share one result."""

    analysis: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """One text for it."""
        return self.analysis + orjson.dumps(self.parameters, option=orjson.OPT_SORT_KEYS).decode()


@dataclass(frozen=True, slots=True)
class FigureTerm:
    """``total: {analysis: casualties, parameters: {since: 2020-11}, measure: casualties}``."""

    asked: Asked
    measure: str
    line: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableTerm:
    """A result as a table; all its measures when none is named."""

    asked: Asked
    measures: tuple[str, ...] = ()
    title: Text = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChartTerm:
    """A picture of one of the statement's tables."""

    table: str
    form: str
    category: str
    series: tuple[str, ...]
    title: Text = field(default_factory=dict)
    about: Text = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything a statement defines, by name."""

    figures: Mapping[str, FigureTerm] = field(default_factory=dict)
    tables: Mapping[str, TableTerm] = field(default_factory=dict)
    charts: Mapping[str, ChartTerm] = field(default_factory=dict)

    @property
    def names(self) -> Mapping[str, frozenset[str]]:
        """The defined names, by what they are."""
        return {
            "figures": frozenset(self.figures),
            "tables": frozenset(self.tables),
            "charts": frozenset(self.charts),
        }

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Terms:
        """Definitions from plain mappings; ``STATEMENT_DEFINITION`` names the one that is wrong."""
        for key in given:
            if key not in ("figures", "tables", "charts"):
                raise _wrong(key, "figures, tables, charts")
        terms = cls(
            {name: _figure(name, one) for name, one in _named(given, "figures")},
            {name: _table(name, one) for name, one in _named(given, "tables")},
            {name: _chart(name, one) for name, one in _named(given, "charts")},
        )
        for name, chart in terms.charts.items():
            if chart.table not in terms.tables:
                raise _wrong(f"charts.{name}", f"table = {chart.table}")
        return terms

    @classmethod
    def of_json(cls, text: str | None) -> Terms:
        """Definitions as the register keeps them."""
        try:
            given = orjson.loads(text or "{}")
        except orjson.JSONDecodeError as error:
            raise _wrong("recipe", "JSON") from error
        if not isinstance(given, dict):
            raise _wrong("recipe", "JSON")
        return cls.of(given)

    def as_json(self) -> str:
        """Canonical JSON: keys in order, nothing that says nothing."""
        body = {
            "figures": {
                name: {**_asked(one.asked), "measure": one.measure, "line": list(one.line)}
                for name, one in self.figures.items()
            },
            "tables": {
                name: {**_asked(one.asked), "measures": list(one.measures), "title": dict(one.title)}
                for name, one in self.tables.items()
            },
            "charts": {
                name: {
                    "table": one.table,
                    "form": one.form,
                    "category": one.category,
                    "series": list(one.series),
                    "title": dict(one.title),
                    "about": dict(one.about),
                }
                for name, one in self.charts.items()
            },
        }
        return orjson.dumps(body, option=orjson.OPT_SORT_KEYS).decode()


def _asked(one: Asked) -> dict[str, Any]:
    return {"analysis": one.analysis, "parameters": dict(one.parameters)}


def _wrong(where: str, why: str) -> FallowError:
    return FallowError("STATEMENT_DEFINITION", "recipe", found=where[:80], why=why[:200])


def _named(given: Mapping[str, Any], group: str) -> list[tuple[str, Mapping[str, Any]]]:
    found = given.get(group, {})
    if not isinstance(found, Mapping):
        raise _wrong(group, "{name: ...}")
    for name, one in found.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise _wrong(f"{group}.{name}", "a-z 0-9 _")
        if not isinstance(one, Mapping):
            raise _wrong(f"{group}.{name}", "{key: value}")
    return list(found.items())


def _only(where: str, given: Mapping[str, Any], *keys: str) -> None:
    for key in given:
        if key not in keys:
            raise _wrong(where, f"{key}? ({', '.join(keys)})")


def _text(where: str, given: Mapping[str, Any], key: str) -> str:
    value = given.get(key)
    if not isinstance(value, str) or not value:
        raise _wrong(where, f"{key} = ?")
    return value


def _texts(where: str, given: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = given.get(key, ())
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, Sequence) or not all(isinstance(one, str) for one in value):
        raise _wrong(where, f"{key} = [...]")
    return tuple(value)


def _words(where: str, given: Mapping[str, Any], key: str) -> Text:
    value = given.get(key, {})
    if not isinstance(value, Mapping) or not all(isinstance(one, str) for one in value.values()):
        raise _wrong(where, f"{key} = {{en: ...}}")
    return dict(value)


def _question(where: str, given: Mapping[str, Any]) -> Asked:
    analysis = _text(where, given, "analysis")
    if analysis not in analyses():
        raise _wrong(where, f"analysis = {analysis}? ({', '.join(analyses())})")
    parameters = given.get("parameters", {})
    if not isinstance(parameters, Mapping):
        raise _wrong(where, "parameters = {...}")
    for key, value in parameters.items():
        fits = isinstance(value, (str, int, float)) or (
            isinstance(value, list) and all(isinstance(one, str) for one in value)
        )
        if not fits or isinstance(value, bool):
            raise _wrong(where, f"parameters.{key}")
    return Asked(analysis, dict(parameters))


def _figure(name: str, given: Mapping[str, Any]) -> FigureTerm:
    where = f"figures.{name}"
    _only(where, given, "analysis", "parameters", "measure", "line")
    return FigureTerm(_question(where, given), _text(where, given, "measure"), _texts(where, given, "line"))


def _table(name: str, given: Mapping[str, Any]) -> TableTerm:
    where = f"tables.{name}"
    _only(where, given, "analysis", "parameters", "measures", "title")
    return TableTerm(_question(where, given), _texts(where, given, "measures"), _words(where, given, "title"))


def _chart(name: str, given: Mapping[str, Any]) -> ChartTerm:
    where = f"charts.{name}"
    _only(where, given, "table", "form", "category", "series", "title", "about")
    form = _text(where, given, "form")
    if form not in FORMS:
        raise _wrong(where, f"form = {form}? ({', '.join(FORMS)})")
    series = _texts(where, given, "series")
    if not series:
        raise _wrong(where, "series = [...]")
    return ChartTerm(
        _text(where, given, "table"),
        form,
        _text(where, given, "category"),
        series,
        _words(where, given, "title"),
        _words(where, given, "about"),
    )
