"""Step 1, reports arrive: what a source says for the first time, kept as columns on its way into the
register.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fallow.intake.linking import Links
from fallow.intake.mapping import Mapped
from fallow.intake.mapping_columns import UNSAID
from fallow.intake.mapping_records import Statements
from fallow.intake.source import Source
from fallow.register import Sheet


@dataclass(frozen=True, slots=True)
class Hand:
    """What is the same for every draft of one delivery."""

    source: Source
    delivered: str
    files: str
    """Digest over the delivery's files."""
    first: bool
    """Nothing of this source came in before."""

    @property
    def learned(self) -> str | None:
        """The day the programme learned it, where that is declared and not witnessed."""
        return self.delivered if self.source.declared else None

    @property
    def author(self) -> str:
        """Who wrote it, when no column says so."""
        return self.source.author or self.source.who


def first_sheet(
    hand: Hand,
    one: Statements,
    rows: Sequence[int],
    records: Sequence[str | None],
    links: Links,
    mapped: Mapped,
    held: Mapping[int, tuple[str, ...]],
    *,
    dated: str | None,
    apart: bool,
) -> Sheet:
    """The statements of some rows of a batch about records nobody of this source spoke about.

    Parameters
    ----------
    rows
        Positions in the batch, ascending; the other sequences have an entry for every row of the batch.
    dated
        The date field that the day of delivery fills.
    apart
        No record comes twice, here or in another batch of this delivery.
    """
    whole = len(rows) == len(records)

    def part(cells: Sequence[Any]) -> Sequence[Any]:
        return cells if whole else [cells[row] for row in rows]

    told: Sequence[Any] = part(records)
    columns = {name: _said(part(cells)) for name, cells in one.columns.items()}
    columns.update((name, _said(part(cells))) for name, cells in links.items())
    originals = part(one.originals)
    if dated:
        columns[dated] = [hand.delivered] * len(rows)
        stamped = {id(text): {**text, dated: ""} for text in originals}
        originals = [stamped[id(text)] for text in originals]
    if one.coded:
        # A person finds a record without an id of its own by the first half of its record id.
        columns["code"] = part(one.codes) if one.codes is not None else [record[:13] for record in told]
    authors = part(one.authors) if one.authors else ()
    place, wheres = f"{mapped.file} ", part(mapped.batch.where)
    return Sheet(
        kind=one.spec.kind,
        source=hand.source.name,
        learned=hand.learned,
        records=told,
        authors=[by or hand.author for by in authors] if authors else [hand.author] * len(rows),
        trues=part(one.true),
        columns=columns,
        originals=originals,
        shapes=part(mapped.batch.wkb) if one.located else None,
        wheres=[place + where for where in wheres],
        held={at: held[row] for at, row in enumerate(rows) if row in held} if held else {},
        apart=apart,
    )


def _said(cells: Sequence[Any]) -> Sequence[Any]:
    """A column without the mark of what is not spoken about: said for the first time, that is nothing."""
    return [None if cell is UNSAID else cell for cell in cells] if UNSAID in cells else cells
