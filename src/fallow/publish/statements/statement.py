"""Step 4, statements: an appeal, a bulletin, a report, whose every number is computed when it is published.

The text and the definitions of its figures lie in the register as a report of their authors, and so does
each signature. A statement therefore stays a claim of those who made it, can be corrected and withdrawn like
any report, and prints again the numbers it had on the day it speaks of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from fallow.analysis import Result, run
from fallow.errors import FallowError, Finding
from fallow.publish.publication import (
    Block,
    Cell,
    Chart,
    Heading,
    Paragraph,
    Publication,
    Signatory,
    Signatures,
    Table,
    classes_of,
)
from fallow.publish.results import bound, measure_column, stamp, table_of
from fallow.publish.statements.terms import Asked, Terms
from fallow.publish.statements.text import Part, differs, parse, typed_numbers
from fallow.register import Record, Register, View
from fallow.words import LANGUAGES, Text, in_language, say

NAME = "statement"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Statement:
    """What the register keeps of one statement.

    Attributes
    ----------
    texts
        Text by language, not yet parsed.
    known
        The day its figures are as known on; ``None`` for the day it is published.
    """

    code: str
    titles: Text
    texts: Text
    terms: Terms
    date: str
    kind: Text = field(default_factory=dict)
    issuer: str = ""
    addressed_to: str = ""
    known: str | None = None

    @property
    def parts(self) -> Mapping[str, tuple[Part, ...]]:
        """The text of each language in blocks, translations checked against each other."""
        found = {lang: parse(text, lang, self.terms.names) for lang, text in self.texts.items()}
        if not found:
            raise FallowError("STATEMENT_LANGUAGE", self.code, missing=", ".join(LANGUAGES), found="-")
        differs(found, self.code)
        placed = next(iter(found.values()))
        tables = {one.text for one in placed if one.kind == "table"}
        for one in placed:
            if one.kind == "chart" and self.terms.charts[one.text].table not in tables:
                # a picture never stands without its numbers
                needed = f"[table {self.terms.charts[one.text].table}]"
                raise FallowError("STATEMENT_MARK", self.code, found=f"[chart {one.text}]", known=needed)
        return found

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Numbers typed into the text that are bound to nothing."""
        return tuple(one for lang, parts in self.parts.items() for one in typed_numbers(parts, lang))


def statement_publication(
    register: Register,
    id: str,
    known: str | None = None,
    true: str | None = None,
    head: int | None = None,
    *,
    languages: Sequence[str] = (),
) -> Publication:
    """A statement with its figures computed and the signatures that stand.

    Parameters
    ----------
    id
        The record, or its code or title.
    known, true, head
        The register as of these: the text and the signatures as known on ``known``; the figures as known on
        the day the statement itself names, else on ``known``.
    languages
        Languages it will be published in.

    Raises
    ------
    FallowError
        ``STATEMENT_UNKNOWN``; ``STATEMENT_LANGUAGE`` with what is missing; ``STATEMENT_MARK``,
        ``STATEMENT_DEFINITION``, ``STATEMENT_DIFFERS``; what the analyses refuse.
    """
    view = register.at(known=known, head=head)
    record = found_statement(view, id)
    statement = of_record(register, view, record)
    publication = publication_of(
        register,
        statement,
        signatories(register, view, record.id, true),
        known=known,
        true=true,
        head=head,
    )
    for lang in languages:
        require_language(publication, lang)
    return publication


def require_language(publication: Publication, lang: str) -> None:
    """Refuse to print a statement in a language nobody wrote: another language would stand there instead."""
    if publication.name == NAME and lang not in publication.title:
        raise FallowError(
            "STATEMENT_LANGUAGE",
            str(publication.parameters.get("statement", "")),
            missing=lang,
            found=", ".join(publication.title),
        )


def found_statement(view: View, id: str) -> Record:
    """The record of a statement by its id, code or title; ``STATEMENT_UNKNOWN`` otherwise."""
    record = view.record(id)
    if record is not None and record.kind == NAME:
        return record
    for name in ("code", "name"):
        for one in view.records(NAME, {name: id}, limit=1):
            return one
    raise FallowError("STATEMENT_UNKNOWN", id[:60])


def of_record(register: Register, view: View, record: Record) -> Statement:
    """What the register keeps of it."""
    fields = record.fields
    said: Mapping[str, str] = fields.get("body") or {}
    body = {lang: said[lang] for lang in LANGUAGES if lang in said}
    title = str(fields.get("name") or fields.get("code") or record.id)
    titles = dict.fromkeys(body, title) | dict(fields.get("names") or {})
    kind = register.model.kind(NAME).field("statement_type")
    code = register.model.codes(kind).get(str(fields.get("statement_type"))) if kind else None
    return Statement(
        code=str(fields.get("code") or record.id),
        titles={lang: titles[lang] for lang in body},
        texts=body,
        terms=Terms.of_json(fields.get("recipe")),
        date=str(fields.get("date") or ""),
        kind=code.label if code else {},
        issuer=organisation(view, fields.get("issuer"), fields.get("issuer_stated")),
        addressed_to=str(fields.get("addressed_to") or ""),
        known=fields.get("figures_known_on"),
    )


def signatories(register: Register, view: View, statement: str, true: str | None = None) -> list[Signatory]:
    """Who stands behind a statement in this view, in the order they signed.

    A signature that was withdrawn is gone from the day the register knew of it; asked about an earlier day
    of truth, it stands.
    """
    if "signature" not in register.model.kinds:
        return []
    found = []
    for one in view.records("signature", {"statement": statement}):
        fields = one.fields
        withdrawn = fields.get("withdrawn_on")
        gone = fields.get("signature_status") == "withdrawn" or withdrawn
        if gone and not (true and withdrawn and str(withdrawn) > true):
            continue
        if true and str(fields.get("date") or "") > true:
            continue
        found.append(
            Signatory(
                name=str(fields.get("signed_name") or ""),
                organisation=organisation(
                    view, fields.get("organisation"), fields.get("organisation_stated")
                ),
                mandate=str(fields.get("mandate") or ""),
                date=str(fields.get("date") or ""),
                report=max(one.reports, default=0),
            )
        )
    return sorted(found, key=lambda one: (one.date, one.report, one.name))


def organisation(view: View, link: object, stated: object) -> str:
    """An organisation as stated, else by the name of its record."""
    if stated or not link:
        return str(stated or "")
    record = view.record(str(link))
    return str(record.fields.get("name") or "") if record else ""


def publication_of(
    register: Register,
    statement: Statement,
    people: Iterable[Signatory] = (),
    *,
    known: str | None = None,
    true: str | None = None,
    head: int | None = None,
) -> Publication:
    """A statement as a publication; its figures are computed now."""
    asked_on = statement.known or known
    making = _Making(register, {"known": asked_on, "true": true, "head": head})
    blocks = list(_blocks(statement, making, tuple(people)))
    told = {"statement": statement.code, "known": known, "true": true, "head": head}
    return Publication(
        name=NAME,
        version=VERSION,
        title=statement.titles,
        subtitle=_subtitle(statement),
        blocks=tuple(blocks),
        results=making.results,
        stamp=stamp(register, known=asked_on, true=true, head=head),
        issued=statement.date or None,
        parameters={key: value for key, value in told.items() if value is not None},
        classes=classes_of(register.model),
    )


class _Making:
    """Runs what the figures ask, each question once."""

    def __init__(self, register: Register, clocks: Mapping[str, Any]) -> None:
        self.register, self._clocks = register, clocks
        self._names: dict[str, str] = {}
        self.results: dict[str, Result] = {}

    def result(self, asked: Asked) -> tuple[str, Result]:
        """The short name of a result, and the result."""
        if asked.key not in self._names:
            again = sum(one.startswith(f"{asked.analysis}{{") for one in self._names)
            name = asked.analysis if not again else f"{asked.analysis}_{again + 1}"
            self.results[name] = run(asked.analysis, self.register, **{**self._clocks, **asked.parameters})
            self._names[asked.key] = name
        name = self._names[asked.key]
        return name, self.results[name]


def _blocks(statement: Statement, making: _Making, people: tuple[Signatory, ...]) -> Iterable[Block]:
    parts = statement.parts
    signed = False
    # Translations have the same blocks: `differs` refused everything else.
    for together in zip(*parts.values(), strict=True):
        first = together[0]
        text = {lang: part.text for lang, part in zip(parts, together, strict=True)}
        if first.kind == "heading":
            yield Heading(text, first.level)
        elif first.kind == "paragraph":
            yield _paragraph(text, first, statement.terms, making)
        elif first.kind == "table":
            yield _table(first.text, statement.terms, making)
        elif first.kind == "chart":
            yield _chart(first.text, statement.terms, making)
        else:
            signed = True
            yield Signatures(people)
    if not signed:
        yield Signatures(people)


def _paragraph(text: Text, part: Part, terms: Terms, making: _Making) -> Paragraph:
    figures: dict[str, Cell] = {}
    units = {}
    for name in part.names:
        term = terms.figures[name]
        result, found = making.result(term.asked)
        figures[name] = bound(result, found, term.measure, *term.line)
        units[name] = next(measure_column(one).unit for one in found.measures if one.name == term.measure)
    return Paragraph(text, figures, units)


def _table(name: str, terms: Terms, making: _Making) -> Table:
    term = terms.tables[name]
    result, found = making.result(term.asked)
    known = {one.name for one in found.measures}
    for measure in term.measures:
        if measure not in known:
            raise FallowError("CELL_UNKNOWN", f"tables.{name}", found=measure, known=", ".join(sorted(known)))
    title = {lang: term.title.get(lang) or in_language(found.title, lang) for lang in LANGUAGES}
    return table_of(result, found, making.register, id=name, title=title, measures=term.measures or None)


def _chart(name: str, terms: Terms, making: _Making) -> Chart:
    term = terms.charts[name]
    table = _table(term.table, terms, making)
    columns = [one.name for one in table.columns]
    for column in (term.category, *term.series):
        if column not in columns:
            why = f"{column}? ({', '.join(columns)})"
            raise FallowError("STATEMENT_DEFINITION", "recipe", found=f"charts.{name}", why=why)
    title = {lang: term.title.get(lang) or in_language(table.title, lang) for lang in LANGUAGES}
    about = {lang: term.about.get(lang) or title[lang] for lang in LANGUAGES}
    # The forms were checked when the definition was read.
    return Chart(name, term.table, cast(Any, term.form), term.category, term.series, title, about)


def _subtitle(statement: Statement) -> Text:
    said = {}
    for lang in statement.texts:
        parts = [in_language(statement.kind, lang) if statement.kind else ""]
        parts += [say("publish.statement.issuer", lang, who=statement.issuer)] if statement.issuer else []
        parts += (
            [say("publish.statement.addressed", lang, whom=statement.addressed_to)]
            if statement.addressed_to
            else []
        )
        said[lang] = " · ".join(one for one in parts if one)
    return said
