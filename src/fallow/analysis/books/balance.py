"""Step 3, the books of land: what stood, what came, what went and by which decision, in a period, as known on
a day.

Definitions, exactly:

*State.* On a true day ``t``, as known on one day, the land of a hazard is its standing polygon, without the
union of the releases of it (and of the hazards it was split from) that two people signed and whose date lies
on or before ``t``, without the polygons of hazards split from it. It is in stock while the hazard is neither
dismissed nor closed. A square metre that several hazards claim is counted once, with the most dangerous of
them (CHA, then SHA and unknown, then indication), of equals with the one that was there first. The stock of
an account is the sum of its hazards' land; an account is contamination, class, ordnance, first- and
second-level unit by name and code, operator.

*Moves.* Between two true days, under the same known day, the stock changes only by steps that reports and
decisions make, and each step moves land by one line:

- *newly_identified*: a hazard appears; its polygon grows; it is reopened (``reopened`` tells how much of it).
- *corrected*, its own line: a polygon shrinks with no release; what a closing left of it; a link put right.
- *reclassified*: from one account to another (SHA to CHA, a split, another operator), in both; and out of
  stock by the dismissal of an indication (``dismissed`` tells how much of it).
- *cancelled*, *reduced*, *cleared*: signed releases by their type, and of them only what they take out of
  stock. So an overlap is booked once: with the earlier date, of equal dates with the earlier report.
- *date_uncertain*, signed: any of these whose partial date does not lie wholly inside the period.

``opening + newly_identified + corrected + reclassified - cancelled - reduced - cleared + date_uncertain =
closing`` holds to the square metre for every account, every period and every pair of dates: land is cut into
parts of whole square metres once (:mod:`~fallow.analysis.books.ground`), moves and balances are counted from
those parts apart from each other (:mod:`~fallow.analysis.books.moves`), and a difference is the error
``BOOKS_UNEXPLAINED``, never a remainder. A report that is corrected or taken back leaves no move under the
later known day: the past itself then reads differently, and :mod:`~fallow.analysis.books.explain` tells what
made it so.

Hazards without a known area count in numbers and in ``closing_no_area``. Battle area and mined area are never
added together (R9): totals over contamination are left out where a register has both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt

from fallow.analysis.books.account import Account, book_account
from fallow.analysis.books.cell import Behind, Cells, Part
from fallow.analysis.books.history import UNKNOWN, Story
from fallow.analysis.books.journal import Columns, Journal
from fallow.analysis.books.memory import MEMORY, Kept
from fallow.analysis.books.table import COLUMNS, lines, periods_of, sheet
from fallow.analysis.parameters import Day, Place, Takes, Year
from fallow.analysis.period import Period
from fallow.analysis.registry import Asked, Found, analysis, collector_paused
from fallow.analysis.result import Key, Measure
from fallow.errors import FallowError
from fallow.register import BEGINNING
from fallow.words import Text, catalogue

CELL = (
    "contamination",
    "class",
    "ordnance",
    "province",
    "place",
    "operator",
    "province_code",
    "place_code",
)
"""What an account is made of, in the order of a cell."""
_FIELDS = (
    "contamination",
    "hazard_class",
    "ordnance",
    "admin1",
    "admin2",
    "organisation",
    "admin1_code",
    "admin2_code",
)
_UNITS = (
    (CELL.index("province"), CELL.index("province_code")),
    (CELL.index("place"), CELL.index("place_code")),
)
"""Positions of the name and of the code of a unit of each level."""
EACH = ("year", "quarter", "month")
Parts = Annotated[Sequence[str] | str, Takes("some", CELL[1:], "books.by.")]
"""Parts of an account, a list or separated by commas."""

HAZARDS = "_hazards"
"""What ends the name of a column in numbers of hazards."""
NO_AREA = "closing_no_area"

_MINED = frozenset({"mined_area", "mixed"})
_BATTLE = frozenset({"battle_area", "cluster_strike", "mixed"})


def account(asked: Asked) -> Account:
    """The booked land of a register, made now or kept from a question about the same moment.

    The records it rests on are noted in ``asked``.
    """
    return MEMORY.account(asked, book_account)


def kept(asked: Asked) -> Kept:
    """The same with what was read for it, which is not noted in ``asked``."""
    return MEMORY.kept(asked, book_account)


@analysis("books", version=2)
def books(
    asked: Asked,
    since: Day = None,
    until: Day = None,
    year: Year = None,
    each: Annotated[str | None, Takes("one", EACH, "books.each.")] = None,
    by: Parts = (),
    place: Place = None,
) -> Found:
    """Books of land: opening, newly identified, corrected, reclassified, cancelled, reduced, cleared,
    closing.

    Parameters
    ----------
    since, until, year
        The period: ISO dates (partial ones mean all of it), or a calendar year; all of time when empty.
        ``true`` ends it earlier.
    each
        ``year``, ``quarter`` or ``month``: one set of lines for each of those in the period.
    by
        Names of :data:`CELL` after contamination, a list or separated by commas; each beginning gives
        subtotals.
    place
        Only land in this first- or second-level unit, by name or code; ``BOOKS_PLACE`` when none is in one so
        named.
    """
    period = within(asked, Period.of(since, until, year))
    dimensions = dimensions_of(by)
    if each is not None and each not in EACH:
        raise FallowError("PARAMETER_VALUE", "books.each", found=each, known=", ".join(EACH))
    booked = in_place(account(asked), place)
    periods, names = periods_of(period, each, booked.columns)
    together = addable(booked.journal)
    with collector_paused():
        sums = sheet(booked.story, booked.journal, booked.columns, periods)
        table = tuple(lines(sums, dimensions, names, together))
    return Found(
        keys=keys_of(asked, booked.journal, dimensions, names),
        measures=measures(),
        lines=table,
        notes=tuple(notes(booked, together, place)),
        carried=_carried(booked, dimensions, periods, names),
    )


def _carried(
    booked: Account, dimensions: Sequence[int], periods: Sequence[Period], names: Sequence[str]
) -> Behind:
    """The reports behind each number of the table."""

    def parts(line: tuple[str, ...], measure: str) -> tuple[Part]:
        period = periods[names.index(line[0])] if names else periods[0]
        cells = cells_of(booked.journal, dimensions, line[1:] if names else line)
        return (Part(period, cells, (column_of(measure),)),)

    return Behind(booked, periods, COLUMNS, parts)


def cells_of(journal: Journal, dimensions: Sequence[int], wanted: Sequence[str]) -> Cells:
    """By cell, whether it counts in a line of these values."""
    used = dimensions[: len(wanted)]
    return np.array([tuple(cell[d] for d in used) == tuple(wanted) for cell in journal.cells], dtype=bool)


def column_of(measure: str) -> str:
    """The column that a measure of :func:`measures` is of."""
    return "closing" if measure == NO_AREA else measure.removesuffix(HAZARDS)


def within(asked: Asked, period: Period) -> Period:
    """The period up to the true day that was asked for."""
    if asked.view.true is None or asked.view.true >= period.until:
        return period
    return Period.of(None if period.since == BEGINNING else period.since, asked.view.true)


def dimensions_of(by: Sequence[str] | str) -> tuple[int, ...]:
    """Positions in a cell for names of its parts, contamination first; or ``PARAMETER_VALUE``."""
    names = [one.strip() for one in by.split(",")] if isinstance(by, str) else list(by)
    for name in names:
        if name and name not in CELL:
            raise FallowError("PARAMETER_VALUE", "books.by", found=name, known=", ".join(CELL[1:]))
    return tuple(dict.fromkeys([0, *(CELL.index(name) for name in names if name)]))


def in_place(booked: Account, place: str | None) -> Account:
    """The account with only the moves and balances of one unit."""
    if place is None:
        return booked
    mine = cells_in(booked, place)
    if not mine.any():
        raise FallowError("BOOKS_PLACE", "books.place", found=place)
    columns = booked.columns
    moved, held = mine[columns.cell], mine[columns.held_cell]
    # A balance in another unit says that the hazard holds nothing in this one.
    rest = np.where(held[:, None], columns.held, 0)
    only: dict[str, Any] = {
        name: getattr(columns, name)[moved]
        for name in ("day", "low", "high", "cell", "line", "m2", "number", "hazard", "cause", "remark")
    }
    return Account(
        booked.story,
        booked.outside,
        booked.journal,
        Columns(
            **only,
            held_day=columns.held_day,
            held_hazard=columns.held_hazard,
            held_cell=columns.held_cell,
            held=rest,
        ),
    )


def cells_in(booked: Account, place: str) -> npt.NDArray[np.bool_]:
    """By cell, whether it lies in a unit; none does when the unit has no hazard.

    A code is one unit: what has the code, and what has no code and a name that is told with this code alone.
    A name that is told with one code is the unit of that code, under every spelling; the name of several
    units is what has the name.
    """
    wanted = place.casefold()
    cells = list(booked.journal.cells)
    found = np.zeros(len(cells), dtype=bool)
    for name, code in _UNITS:
        units = [(cell[name].casefold(), cell[code].casefold()) for cell in cells]
        codes = _codes(units)
        (unit,) = of if len(of := codes.get(wanted, {wanted})) == 1 else {wanted}
        alone = {one for one, some in codes.items() if some == {unit}}
        found |= [
            wanted == called or unit == at or (at == UNKNOWN and called in alone) for called, at in units
        ]
    return found


def _codes(units: Sequence[tuple[str, str]]) -> dict[str, set[str]]:
    """The codes that are told with each name; nothing where no code is."""
    codes: dict[str, set[str]] = {}
    for name, code in units:
        if UNKNOWN not in (name, code):
            codes.setdefault(name, set()).add(code)
    return codes


def addable(journal: Journal) -> bool:
    """Whether all accounts may be added up: never battle area with mined area (R9)."""
    found = {cell[0] for cell in journal.cells}
    if len(found) < 2:
        return True
    return not (found & _MINED and found & _BATTLE)


def keys_of(
    asked: Asked, journal: Journal, dimensions: Sequence[int], periods: Sequence[str]
) -> tuple[Key, ...]:
    """The columns that say what a line is about; the period is told where there are several."""
    period = [Key("period", catalogue()["books.by.period"])] if periods else []
    return (*period, *(cell_key(asked, journal, one) for one in dimensions))


def cell_key(asked: Asked, journal: Journal, dimension: int) -> Key:
    """The column of one part of an account, with the labels of its values."""
    words = catalogue()
    kind = asked.register.model.kinds.get("hazard")
    of = kind.field(_FIELDS[dimension]) if kind else None
    codes = {one.code: one.label for one in asked.register.model.codes(of)} if of and of.codes else {}
    values: dict[str, Text] = {UNKNOWN: words["analysis.unknown"]}
    for value in {cell[dimension] for cell in journal.cells}:
        parts = value.split(";")
        if codes and all(one in codes for one in parts):
            values[value] = {
                lang: " + ".join(codes[one][lang] for one in parts) for lang in words["analysis.unknown"]
            }
    if CELL[dimension] == "operator":
        values |= _names(asked)
    return Key(CELL[dimension], words[f"books.by.{CELL[dimension]}"], values)


def _names(asked: Asked) -> Mapping[str, Text]:
    if "organisation" not in asked.register.model.kinds:
        return {}
    return {
        one.id: {"en": str(one.fields.get("name") or one.id)} for one in asked.view.records("organisation")
    }


def measures() -> tuple[Measure, ...]:
    """Every column in square metres, then every column in hazards."""
    words = catalogue()
    number = words["books.hazards"]
    area = [Measure(name, words[f"books.measure.{name}"], "m2") for name in COLUMNS]
    count = [
        Measure(
            f"{one.name}{HAZARDS}", {lang: f"{text} ({number[lang]})" for lang, text in one.label.items()}
        )
        for one in area
    ]
    return (*area, *count, Measure(NO_AREA, words[f"books.measure.{NO_AREA}"]))


def notes(
    booked: Account, together: bool, place: str | None = None
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What a reader must have beside the books: what was not booked and why, with its number and area."""
    if not booked.story.hazards:
        yield "books.note.nothing", {}
    yield "books.note.identity", {}
    if not together:
        yield "books.note.never_added", {}
    beside = list(_beside(booked))
    if beside and place is not None:
        yield "books.note.whole", {}
    yield from beside


def _beside(booked: Account) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What was not booked; of the whole register, because a release may be of no hazard and so of no unit."""
    story, journal = booked.story, booked.journal
    left = story.left
    for why in ("claimed", "undated", "unlinked", "early"):
        if why in left.ids:
            yield f"books.note.{why}", _told(left.ids[why], _area(story, left.shapes.get(why, [])))
    for why in ("release_shape", "hazard_shape"):
        if why in left.ids:
            yield f"books.note.{why}", _told(sorted(set(left.ids[why])), 0)
    outside = np.flatnonzero(booked.outside >= 1.0)
    if len(outside):
        ids = [story.releases[r].id for r in outside.tolist()]
        yield "books.note.outside", _told(ids, round(float(booked.outside[outside].sum())))
    for key, found in (("twice", journal.twice), ("still_claimed", journal.still_claimed)):
        if found:
            yield f"books.note.{key}", _told([story.releases[r].id for r in found], sum(found.values()))
    bare = [one.id for one in story.hazards if one.states[-1].stands and one.states[-1].shape < 0]
    if bare:
        yield "books.note.no_area", _told(bare, 0)


def _told(ids: Sequence[str], m2: int) -> Mapping[str, Any]:
    return {"count": len(ids), "m2": m2, "records": " ".join(sorted(ids)[:20])}


def _area(story: Story, shapes: Sequence[int]) -> int:
    return round(float(story.areas[np.array(shapes, dtype=np.int64)].sum())) if shapes else 0
