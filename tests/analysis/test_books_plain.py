"""Plain ground is booked all at once; part by part it gives the same moves and the same balances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallow.analysis.books import ground as books_ground
from fallow.analysis.books.area import areas_m2
from fallow.analysis.books.ground import Laid, lay_out
from fallow.analysis.books.history import Hazard, Left, Release, State, Story
from fallow.analysis.books.journal import Columns, columns_of, joined
from fallow.analysis.books.moves import book
from fallow.analysis.books.plain import book_plain
from fixtures_books import box

DAYS = ("2019-03-01", "2019-11-15", "2020-02-01", "2020-07-01", "2020-12-31", "2021-06-01")
OPERATORS = ("o1", "o2", "unknown")
STRIPS = 4
"""A hazard is so many strips wide; each release takes one of them, or a little more than one."""

states = st.lists(
    st.tuples(
        st.sampled_from(DAYS),
        st.sampled_from(("sha", "cha", "unknown", "sha", "cha", "dismissed")),
        st.sampled_from(OPERATORS),
        st.sampled_from(("open", "open", "open", "open", "marked", "closed", "reopened")),
        st.sampled_from((0, 0, 0, 0, 1)),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one[0],
).map(sorted)
releases = st.lists(
    st.tuples(
        st.sampled_from(DAYS),
        st.integers(0, STRIPS - 1),
        st.sampled_from(("cancelled", "reduced", "cleared")),
        st.sampled_from(OPERATORS),
        st.sampled_from((1.0, 1.0, 1.0, 1.5)),
    ),
    max_size=STRIPS + 1,
)
countries = st.lists(st.tuples(states, releases), min_size=1, max_size=5)


def story_of(country: Sequence[Any]) -> Story:
    """Hazards side by side, each in a column of its own; ``1`` among the outlines is the hazard redrawn."""
    shapes: list[Any] = []
    hazards, released = [], []
    for h, (said, taken) in enumerate(country):
        west = h * 10
        outlines = [len(shapes), len(shapes) + 1]
        shapes += [box(west, 0, west + STRIPS, 3), box(west, 0, west + STRIPS, 2.5)]
        made = [
            State(
                day,
                (day, day),
                outlines[redrawn],
                ("mined_area", of_class, "ap_mine", "North", "Town", operator, "XX1", "XX101"),
                status,
                None,
                None,
            )
            for day, of_class, operator, status, redrawn in said
        ]
        hazards.append(Hazard(f"h{h}", 2 * h, tuple(made)))
        for r, (day, strip, type, operator, width) in enumerate(taken):
            # every second one sticks out of its hazard
            shape = box(west + strip, 0, west + strip + width, 3 + r % 2)
            released.append(
                Release(f"r{h}-{r}", f"h{h}", type, day, (day[:8] + "01", day), operator, len(shapes), 90 - r)
            )
            shapes.append(shape)
    laid = np.array(shapes, dtype=object)
    return Story(tuple(hazards), tuple(released), laid, areas_m2(laid), Left())


def booked(story: Story, laid: Laid) -> tuple[Columns, list[tuple[str, ...]], Any]:
    journal = book(story, laid.grounds)
    plain = book_plain(story, laid.plain, journal.cells)
    columns = joined([columns_of(journal), plain])
    return columns, list(journal.cells), (journal.twice, journal.still_claimed)


def moves(columns: Columns, cells: Sequence[Any]) -> list[Any]:
    rows = zip(
        columns.day.tolist(),
        columns.low.tolist(),
        columns.high.tolist(),
        [cells[one] for one in columns.cell.tolist()],
        columns.line.tolist(),
        columns.m2.tolist(),
        columns.number.tolist(),
        columns.hazard.tolist(),
        columns.cause.tolist(),
        columns.remark.tolist(),
        strict=True,
    )
    return sorted(rows)


def balances(columns: Columns, cells: Sequence[Any]) -> list[Any]:
    rows = zip(
        columns.held_hazard.tolist(),
        columns.held_day.tolist(),
        [cells[one] for one in columns.held_cell.tolist()],
        columns.held.tolist(),
        strict=True,
    )
    return list(rows)


def both_ways(country: Sequence[Any]) -> tuple[Any, Any, int]:
    story = story_of(country)
    fast = lay_out(story)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(books_ground, "is_plain", lambda *_: False)
        slow = lay_out(story)
    assert not len(slow.plain.hazards)
    assert len(fast.plain.hazards) + len(fast.grounds) == len(slow.grounds)
    found = []
    for one in (fast, slow):
        columns, cells, beside = booked(story, one)
        found.append((moves(columns, cells), balances(columns, cells), set(cells), beside))
    return found[0], found[1], len(fast.plain.hazards)


@given(countries)
def test_plain_ground_is_booked_as_every_ground_is(country: list[Any]) -> None:
    fast, slow, _ = both_ways(country)
    assert fast == slow


CHANGES = [(DAYS[0], "sha", "o1", "open", 0), (DAYS[3], "cha", "o2", "open", 0)]
TAKES = [(DAYS[1], 0, "cancelled", "o2", 1.0), (DAYS[3], 1, "cleared", "unknown", 1.0)]
REST = [(DAYS[4], 2, "cleared", "o1", 1.0), (DAYS[4], 3, "reduced", "o1", 1.0)]


def test_a_hazard_that_is_released_to_the_last_metre_is_plain() -> None:
    fast, slow, plain = both_ways([(CHANGES, [*TAKES, *REST])])
    assert plain == 1
    assert fast == slow
    assert fast[1][-1][-1] == [0, 0, 0], "nothing of it is left, and it counts no more"


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ([(DAYS[2], "sha", "o1", "open", 0)], [(DAYS[1], 0, "cleared", "o1", 1.0)]),
        ([*CHANGES, (DAYS[4], "dismissed", "o1", "open", 0)], []),
        ([*CHANGES, (DAYS[4], "cha", "o1", "closed", 0)], []),
        ([(DAYS[0], "sha", "o1", "reopened", 0)], []),
        ([*CHANGES, (DAYS[4], "cha", "o1", "open", 1)], []),
        (CHANGES, [(DAYS[4], 0, "cleared", "o1", 1.5), (DAYS[5], 1, "cleared", "o1", 1.0)]),
    ],
    ids=["released before it was found", "dismissed", "closed", "reopened", "redrawn", "releases overlap"],
)
def test_ground_in_doubt_is_not_plain(said: list[Any], taken: list[Any]) -> None:
    fast, slow, plain = both_ways([(said, taken)])
    assert not plain
    assert fast == slow


def test_a_country_without_land_has_no_plain_ground() -> None:
    empty = np.zeros(0, dtype=object)
    story = Story((), (), empty, np.zeros(0), Left())
    columns, cells, _ = booked(story, lay_out(story))
    assert not len(columns.day)
    assert not cells
