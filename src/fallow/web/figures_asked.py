"""Face two, what was asked of an analysis: its form and its parameters, from the declaration it makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from fallow.analysis import Analysis, Parameter
from fallow.web import asked
from fallow.web.asked import When
from fallow.words import in_language


@dataclass(frozen=True, slots=True)
class Choice:
    """One word a parameter takes."""

    code: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form."""

    name: str
    label: str
    help: str
    sort: str
    value: str
    required: bool
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """An analysis and what it was asked."""

    analysis: Analysis
    given: Mapping[str, str]
    when: When

    @property
    def parameters(self) -> dict[str, Any]:
        """For :func:`fallow.analysis.run`, with the clocks."""
        clocks = {"known": self.when.known, "true": self.when.true}
        return {**self.given, **{name: day for name, day in clocks.items() if day}}

    @property
    def complete(self) -> bool:
        """Whether everything that has to be there is."""
        return all(one.name in self.given for one in self.analysis.parameters if one.required)

    def query(self, *more: tuple[str, str]) -> str:
        """The address of the same question, and whatever else belongs to it."""
        pairs = [*self.given.items(), *self.parameters.items(), *more]
        return "?" + urlencode(list(dict.fromkeys(pairs))) if pairs else ""


def question(analysis: Analysis, query: QueryDict) -> Question:
    """What an address asks; ``WEB_PARAMETER`` and ``DATE_FORMAT`` as everywhere."""
    given = {}
    for one in analysis.parameters:
        parts = [asked.text({one.name: part}, one.name) for part in query.getlist(one.name)]
        parts = [part for part in parts if part]
        if parts:
            given[one.name] = ",".join(parts) if one.several else parts[-1]
    return Question(analysis, given, asked.when(query))


def form(question: Question) -> list[Field]:
    """The fields of the form, filled in as asked."""
    return [_field(one, question.given.get(one.name, "")) for one in question.analysis.parameters]


def _field(one: Parameter, value: str) -> Field:
    chosen = {part.strip() for part in value.split(",")} if one.several else {value}
    return Field(
        one.name,
        in_language(one.label),
        in_language(one.help),
        one.sort,
        value,
        one.required,
        tuple(Choice(code, in_language(one.choice(code)), code in chosen) for code in one.choices),
    )
