"""Step 4, redaction: a publication as one audience may have it, decided once for every writer and bundle.

Fields whose class the audience may not see, people one by one, and small numbers about people are taken out
of the results and of every block together; a writer that is handed what is left has nothing to leak. What is
withheld reads the same whether it is small itself or would give a small one away.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from fallow.analysis import Recipe, Result
from fallow.errors import FallowError
from fallow.publish.audience import PEOPLE, Audience
from fallow.publish.publication import (
    Block,
    Cell,
    Figure,
    Paragraph,
    Publication,
    Row,
    Stamp,
    Table,
)
from fallow.publish.withholding.classes import WITHHELD, by_class
from fallow.publish.withholding.relations import by_record, lines_told
from fallow.publish.withholding.suppress import Before, suppression_of
from fallow.words import LANGUAGES, Text, catalogue, say

LEFT_OUT = "publish.left_out"
"""Key of the word that stands in place of a number that could not be proved."""

_NUMBERS = frozenset({"count", "m2", "percent", "number"})


@dataclass(frozen=True, slots=True)
class Redacted:
    """A publication as it may leave.

    Attributes
    ----------
    withheld
        Every figure that is not told. Outside the office only how many there are is said.
    reasons
        By id of a figure: why a named person lets a small number stand.
    hidden
        What else was taken out, in words of the model: ``kind.field``, ``result: records``.
    given_away, newly, unread
        For the office alone: small numbers that publications give away, how many of them only together with
        this one, and earlier results that could not be taken into account.
    """

    publication: Publication
    withheld: frozenset[Figure] = frozenset()
    reasons: Mapping[str, str] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    given_away: int = 0
    unread: int = 0
    newly: int = 0


def for_audience(
    publication: Publication,
    to: Audience,
    *,
    accepted: Mapping[str, str] | None = None,
    before: Before | None = None,
) -> Redacted:
    """Take out what an audience may not have.

    Parameters
    ----------
    accepted
        Id of a figure to the reason why it is told although it is small.
    before
        What the audience has already.

    Raises
    ------
    FallowError
        ``FIGURE_UNBOUND`` for a number that names no result, ``COLUMN_UNNAMED`` for words that name no field,
        ``FIGURE_DIFFERS`` for a number that its result gives otherwise, ``FIGURE_UNKNOWN`` for an accepted
        figure that is not there, ``ACCEPTED_TELLS`` when an accepted number gives away another.
    """
    _bound(publication)
    _named(publication)
    reasons = dict(accepted or {})
    stand = _figures(publication.results, reasons)
    suppressed = suppression_of(publication.results, to.smallest, stand, before)
    withheld = suppressed.withheld
    whole, classed = by_class(publication, to)
    results = publication.results
    persons: frozenset[Figure] = frozenset()
    hidden = list(whole.hidden)
    if not to.people:
        persons = frozenset(_one_by_one(results))
        hidden += [f"{name}: record" for name, one in results.items() if one.people and by_record(one)]
    gone = persons | whole.figures
    withheld = frozenset(one for one in withheld if one not in gone)
    results = classed.results
    if not to.people:
        results = {name: _result(name, one, withheld, to) for name, one in results.items()}
    notes = _lost_notes(publication.results, results)
    blocks = tuple(_block(one, withheld, persons, notes, to) for one in classed.blocks)
    left = replace(publication, blocks=blocks, results=results, stamp=_stamp(publication.stamp, to))
    _check(left, withheld | gone, stand, to)
    unread = before.unread if before else 0
    given = suppressed.given_away
    newly = given - suppression_of({}, to.smallest, before=before).given_away if given else 0
    return Redacted(left, withheld, reasons, tuple(hidden), given, unread, newly)


def without(redacted: Redacted, figures: Collection[Figure]) -> Redacted:
    """A publication without some more numbers: those that nobody outside the office could make again."""
    blocks: list[Block] = []
    for block in redacted.publication.blocks:
        if isinstance(block, Paragraph):
            told = {name: _left_out(one, figures) for name, one in block.figures.items()}
            blocks.append(replace(block, figures=told))
        elif isinstance(block, Table) and any(
            cell.figure in figures for row in block.rows for cell in row.cells
        ):
            rows = tuple(
                Row(tuple(_left_out(one, figures) for one in row.cells), row.total) for row in block.rows
            )
            note = catalogue()["publish.left_out.note"]
            notes = block.notes if note in block.notes else (*block.notes, note)
            blocks.append(replace(block, rows=rows, notes=notes))
        else:
            blocks.append(block)
    return replace(redacted, publication=replace(redacted.publication, blocks=tuple(blocks)))


def _left_out(cell: Cell, figures: Collection[Figure]) -> Cell:
    return Cell(None, cell.figure, LEFT_OUT) if cell.figure in figures and cell.value is not None else cell


def cells(publication: Publication) -> Iterator[tuple[str, str, Cell]]:
    """Every cell with the place it stands in and the unit of its number."""
    for position, block in enumerate(publication.blocks, 1):
        if isinstance(block, Table):
            for number, row in enumerate(block.rows, 1):
                for column, cell in zip(block.columns, row.cells, strict=True):
                    yield f"{block.id} {number} {column.name}", column.unit, cell
        elif isinstance(block, Paragraph):
            for name, cell in block.figures.items():
                yield f"{position} {{{name}}}", block.units.get(name, "count"), cell


def _bound(publication: Publication) -> None:
    """A number that names no result cannot be judged, so it cannot leave."""
    for where, unit, cell in cells(publication):
        if not isinstance(cell.value, int | float) or isinstance(cell.value, bool):
            continue
        if cell.figure is None:
            if unit in _NUMBERS:
                raise FallowError("FIGURE_UNBOUND", where)
            continue
        if cell.figure.result not in publication.results:
            raise FallowError("FIGURE_UNBOUND", where)
        found = publication.results[cell.figure.result].value(cell.figure.measure, *cell.figure.line)
        if unit == "count" and found != cell.value:
            raise FallowError("FIGURE_DIFFERS", where, figure=cell.figure.id)


def _named(publication: Publication) -> None:
    """Words that name no field may be anybody's, so they cannot leave; our own say that they are."""
    for number, block in enumerate(publication.blocks, 1):
        if isinstance(block, Table):
            for position, column in enumerate(block.columns):
                if column.fields is None and any(_words(row.cells[position]) for row in block.rows):
                    raise FallowError("COLUMN_UNNAMED", f"{block.id} {column.name}")
        elif isinstance(block, Paragraph):
            for name, cell in block.figures.items():
                if _words(cell) and name not in block.fields:
                    raise FallowError("COLUMN_UNNAMED", f"{number} {{{name}}}")


def _words(cell: Cell) -> bool:
    return isinstance(cell.value, str) and bool(cell.value)


def _figures(results: Mapping[str, Result], accepted: Iterable[str]) -> frozenset[Figure]:
    known = {
        figure.id: figure
        for name, result in results.items()
        for line in result.lines
        for measure in result.measures
        for figure in (Figure(name, measure.name, line.key),)
    }
    for one in accepted:
        if one not in known:
            raise FallowError("FIGURE_UNKNOWN", one)
    return frozenset(known[one] for one in accepted)


def _one_by_one(results: Mapping[str, Result]) -> Iterator[Figure]:
    """The figures of lines that are people one by one."""
    for name, result in results.items():
        if result.people and by_record(result):
            told = {one.key for one in lines_told(result)}
            for line in result.lines:
                if line.key not in told:
                    yield from (Figure(name, one.name, line.key) for one in result.measures)


def _result(name: str, result: Result, withheld: frozenset[Figure], to: Audience) -> Result:
    """A result about people without the people: its numbers, and what is not told is ``None``."""
    if not result.people:
        return result
    lines = tuple(
        replace(
            line,
            values={
                measure: None if Figure(name, measure, line.key) in withheld else value
                for measure, value in line.values.items()
            },
            behind={},
        )
        for line in lines_told(result)
    )
    notes = tuple(one for one in result.notes if not _tells(one[1], to))
    return replace(result, lines=lines, reports={}, notes=notes, recipe=told_of_people(result.recipe))


def told_of_people(recipe: Recipe) -> Recipe:
    """A recipe without what tells of the people it read.

    How many records and reports there were is a number about people that no table owns up to, and a hash over
    their ids tells them to who guesses right.
    """
    return replace(recipe, inputs="", records=0, declared=0, witnessed=0)


def _tells(facts: Mapping[str, Any], to: Audience) -> bool:
    """Whether the facts of a note name records or count few of them."""
    return "records" in facts or any(isinstance(one, int) and 0 < one < to.smallest for one in facts.values())


def _lost_notes(before: Mapping[str, Result], after: Mapping[str, Result]) -> frozenset[str]:
    """Keys of the notes that were taken out of any result."""
    return frozenset(
        key
        for name, result in before.items()
        for key, facts in result.notes
        if (key, facts) not in after[name].notes
    )


def _is_note(note: Text, keys: Collection[str]) -> bool:
    """Whether a note under a table is one of these, whatever numbers and names stand in it.

    Its numbers read otherwise in each language, and its records have the names of their day: a comparison of
    whole sentences would let a note pass as soon as one of them is written in another way.
    """
    return any(_sentence(key).fullmatch(note.get("en", "")) for key in keys)


@cache
def _sentence(key: str) -> re.Pattern[str]:
    """The English sentence of a note, with anything in the place of its facts."""
    said = re.split(r"\{[a-z0-9_]+\}", catalogue()[key]["en"])
    return re.compile(".*".join(map(re.escape, said)), re.DOTALL)


def _block(
    block: Block,
    withheld: frozenset[Figure],
    gone: frozenset[Figure],
    lost: frozenset[str],
    to: Audience,
) -> Block:
    if isinstance(block, Paragraph):
        return replace(
            block, figures={name: _cell(one, withheld | gone) for name, one in block.figures.items()}
        )
    if not isinstance(block, Table):
        return block
    rows = tuple(
        Row(tuple(_cell(cell, withheld) for cell in row.cells), row.total)
        for row in block.rows
        if not any(cell.figure in gone for cell in row.cells)
    )
    notes = tuple(one for one in block.notes if not _is_note(one, lost))
    if any(cell.instead == WITHHELD for row in rows for cell in row.cells):
        notes = (*notes, _note("publish.withheld.note", most=to.smallest - 1))
    if len(rows) < len(block.rows):
        notes = (*notes, _note("publish.withheld.records"))
    return replace(block, rows=rows, notes=notes)


def _note(key: str, **facts: Any) -> Text:
    return {lang: say(key, lang, **facts) for lang in LANGUAGES} if facts else catalogue()[key]


def _cell(cell: Cell, withheld: frozenset[Figure]) -> Cell:
    if cell.figure is None or cell.figure not in withheld:
        return cell
    # a share that nobody could work out is not withheld: it says the same as before
    return Cell(None, cell.figure, WITHHELD) if cell.value is not None else cell


def _stamp(stamp: Stamp, to: Audience) -> Stamp:
    """People without a location are people all the same."""
    if to.people:
        return stamp
    return replace(
        stamp, unlocated={kind: count for kind, count in stamp.unlocated.items() if kind not in PEOPLE}
    )


def _check(left: Publication, withheld: frozenset[Figure], stand: frozenset[Figure], to: Audience) -> None:
    """Look at what is left once more; ``ValueError`` is a fault of the program, and nothing leaves."""
    told = {one.id for one in stand}
    for where, _, cell in cells(left):
        if cell.figure is None or cell.value is None:
            continue
        if cell.figure in withheld:
            raise ValueError(f"{where} still tells a number that is withheld")
        result = left.results[cell.figure.result]
        if not result.people or to.people or cell.figure.id in told:
            continue
        if result.value(cell.figure.measure, *cell.figure.line) is None:
            raise ValueError(f"{where} tells a number that its result does not")
