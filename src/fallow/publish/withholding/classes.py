"""Step 4, classes: values of fields that an audience may not see, out of every result and every block.

Which values a column shows is said by who makes it (``Key.fields``, ``Column.fields``), and which class a
field has by the kinds and overlays of the register. Where a field is not for the audience its column goes,
and with it every line that is broken down by it; the totals of those lines stay. So a class that is raised
takes effect in everything that leaves, and nobody keeps a list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fallow.analysis import Line, Result
from fallow.analysis.result import Fields
from fallow.publish.audience import Audience
from fallow.publish.publication import Block, Cell, Chart, Column, Figure, Paragraph, Publication, Row, Table
from fallow.publish.results import fields_of
from fallow.publish.withholding.relations import WILD
from fallow.words import catalogue

FIELD = "publish.withheld.field"
"""Key of the note under a table from which a column or lines are gone."""

WITHHELD = "publish.withheld"
"""Key of the word that stands in place of a value that is not told, whatever the reason."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """What the classes took out: figures of whole lines, and the fields by ``kind.field``."""

    figures: frozenset[Figure] = frozenset()
    hidden: tuple[str, ...] = ()


def by_class(publication: Publication, to: Audience) -> tuple[Hidden, Publication]:
    """A publication without the values of fields whose class is not for an audience."""
    may = _May(publication, to)
    figures: set[Figure] = set()
    results = dict(publication.results)
    for name, result in publication.results.items():
        lines = tuple(one for one in result.lines if not may.breaks_down(result, one))
        if len(lines) < len(result.lines):
            gone = {one.key for one in result.lines} - {one.key for one in lines}
            figures |= {Figure(name, measure.name, key) for key in gone for measure in result.measures}
            results[name] = replace(result, lines=lines)
    blocks = tuple(may.block(one, figures) for one in publication.blocks)
    tables = {one.id: one for one in blocks if isinstance(one, Table)}
    left = tuple(one for one in blocks if not isinstance(one, Chart) or _drawable(one, tables))
    return Hidden(frozenset(figures), tuple(sorted(may.hidden))), replace(
        publication, blocks=left, results=results
    )


class _May:
    """What an audience may see of the fields of a publication; remembers what it may not."""

    def __init__(self, publication: Publication, to: Audience) -> None:
        self.classes = publication.classes
        self.to = to
        self.hidden: set[str] = set()

    def hides(self, fields: Fields | None) -> bool:
        """Whether any of some fields is not for the audience; one that no kind has is in no record."""
        if not fields:
            return False
        names = [f"{kind}.{name}" for kind, name in fields]
        if self.classes:
            names = [one for one in names if self.classes.get(one, "public") not in self.to.classes]
        self.hidden.update(names)
        return bool(names)

    def breaks_down(self, result: Result, line: Line) -> bool:
        """Whether a line is told from others by a value that is not for the audience."""
        told = zip(result.keys, line.key, strict=False)
        return any(value not in WILD and self.hides(fields_of(key)) for key, value in told)

    def block(self, block: Block, gone: set[Figure]) -> Block:
        """A block without columns, lines and words that are not for the audience."""
        if isinstance(block, Paragraph):
            return replace(block, figures=dict(self._figures(block, gone)))
        if not isinstance(block, Table):
            return block
        rows = [row for row in block.rows if not any(cell.figure in gone for cell in row.cells)]
        shown = [i for i, column in enumerate(block.columns) if not self._without(block, column, i)]
        if len(rows) == len(block.rows) and len(shown) == len(block.columns):
            return block
        return replace(
            block,
            columns=tuple(block.columns[i] for i in shown),
            rows=tuple(Row(tuple(row.cells[i] for i in shown), row.total) for row in rows),
            notes=(*block.notes, catalogue()[FIELD]),
        )

    def _without(self, table: Table, column: Column, position: int) -> bool:
        """Whether a column goes: one without any value has nothing to tell."""
        return any(row.cells[position].value not in (None, *WILD) for row in table.rows) and self.hides(
            column.fields
        )

    def _figures(self, block: Paragraph, gone: set[Figure]) -> Iterator[tuple[str, Cell]]:
        for name, cell in block.figures.items():
            told = cell.figure not in gone and not self.hides(block.fields.get(name))
            yield name, cell if told else Cell(None, cell.figure, WITHHELD)


def _drawable(chart: Chart, tables: dict[str, Table]) -> bool:
    """Whether a chart still has a table with its columns and something to draw."""
    table = tables.get(chart.table)
    names = {one.name for one in table.columns} if table else set()
    return bool(table and table.rows and {chart.category, *chart.series} <= names)
