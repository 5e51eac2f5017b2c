"""Step 3, the moves of the books: each step of each ground, booked from one account to another.

Whose is a part of the ground at a moment? Of all hazards that stand (not dismissed, not closed) and whose
outline holds the part, without a release in force and without a hazard split from them there, the most
dangerous one; of equals the one that was there first. So the land of all hazards is counted once, and more
danger wins.

A step is applied, the owners of the parts it touches are found again, and what changed hands is booked:

- to nobody: by the line of the step (a release by its type; a shape that shrank, a closure or a link put
  right as *corrected*; a dismissal as *reclassified*, out of stock);
- from nobody: *newly identified* (a new hazard, an enlargement, a reopening);
- from one account to another: *reclassified* in both. Land that another operator releases passes to that
  operator's account and leaves from there.

A change that no step accounts for is ``BOOKS_UNEXPLAINED``; nothing is made to fit.
"""

from __future__ import annotations

from collections.abc import Mapping

from fallow.analysis.books.ground import Ground
from fallow.analysis.books.history import DANGER, OUT_OF_STOCK, Story
from fallow.analysis.books.journal import (
    CLEARED,
    CORRECTED,
    DISMISSED,
    NEW,
    OPERATOR,
    RECLASSIFIED,
    RELEASED_AS,
    REOPENED,
    Balance,
    Journal,
    Move,
)
from fallow.analysis.books.steps import Step, steps_of
from fallow.errors import FallowError

_NOT_DISPOSED = ("split", "merged", "duplicate", "dismissed", "other", "unknown")
"""Reasons to close a hazard without area that are no disposal of its items."""


def book(story: Story, grounds: tuple[Ground, ...]) -> Journal:
    """Book every step of every ground."""
    journal = Journal()
    for ground in grounds:
        walk = _Alone if len(ground.hazards) == 1 else _Walk
        walk(story, ground, journal).go()
    return journal


class _Walk:
    """One ground while its steps are applied."""

    def __init__(self, story: Story, ground: Ground, journal: Journal) -> None:
        self.story, self.ground, self.journal = story, ground, journal
        hazards = [story.hazards[h] for h in ground.hazards]
        count = len(hazards)
        self.position = {one.id: i for i, one in enumerate(hazards)}
        self.bit = bit = {shape: 1 << i for i, shape in enumerate(ground.outlines)}
        self.present = [False] * count
        self.out = [False] * count
        self.cell: list[tuple[str, ...]] = [()] * count
        self.need = [0] * count
        self.outlines = [sum({bit[s.shape] for s in one.states if s.shape >= 0}) for one in hazards]
        self.released = [0] * count
        self.own = [
            sum(1 << r for r, at in enumerate(ground.releases) if story.releases[at].hazard == one.id)
            for one in hazards
        ]
        self.done, self.void = 0, [0] * count
        self.parent, self.owner = [-1] * count, [-1] * len(ground.inside)
        self.rank: list[tuple[int, str, int, str]] = [(0, "", 0, "")] * count
        self.parts = [
            [p for p, inside in enumerate(ground.inside) if inside & outlines] for outlines in self.outlines
        ]
        self.candidates = [
            [i for i, outlines in enumerate(self.outlines) if inside & outlines] for inside in ground.inside
        ]
        self.counted: list[tuple[str, ...] | None] = [None] * count
        self.below: list[list[int]] = [[] for _ in hazards]

    def go(self) -> None:
        """Apply every step in order."""
        for step in steps_of(self.story, self.ground):
            getattr(self, f"_{step.act}")(step)

    # -- the steps ---------------------------------------------------------------------------------------

    def _appear(self, step: Step) -> None:
        i, state = step.hazard, step.state
        self.present[i] = True
        self.out[i] = state.status in OUT_OF_STOCK
        self.need[i] = self.bit[state.shape] if state.shape >= 0 else 0
        self._call(i, state.cell, step.day)
        self._link(i, state.parent)
        if self.parent[i] >= 0:
            self.released[i] |= self.released[self.parent[i]]
        dismissed = state.cell[1] == "dismissed"
        self._settle(
            step,
            self.parts[i],
            (),
            gain=NEW,
            loss=RECLASSIFIED if dismissed else CORRECTED,
            remark=DISMISSED if dismissed else 0,
            number=RECLASSIFIED if self.parent[i] >= 0 else NEW,
        )

    def _change(self, step: Step) -> None:
        i, state = step.hazard, step.state
        was = self.cell[i]
        above = self._above(i)
        family = {one: self._above(one) for one in (i, *self.below[i])}
        self._call(i, state.cell, self.rank[i][1])
        self._link(i, state.parent)
        self._inherit(family)
        returns = was[1] == "dismissed" != state.cell[1]
        leaves = state.cell[1] == "dismissed" != was[1]
        self._settle(
            step,
            sorted(set().union(*(self.parts[one] for one in family))),
            was,
            gain=NEW if returns else CORRECTED,
            loss=RECLASSIFIED if leaves else CORRECTED,
            remark=REOPENED if returns else DISMISSED if leaves else 0,
            also=above,
        )

    def _shrink(self, step: Step) -> None:
        i, state = step.hazard, step.state
        # Between the old outline and the new one stands what lies in both.
        both = self.need[i] | (self.bit[state.shape] if state.shape >= 0 else 0)
        self.need[i] = both if state.shape >= 0 and self.need[i] else 0
        self._settle(step, self.parts[i], (), gain=CORRECTED, loss=CORRECTED)

    def _grow(self, step: Step) -> None:
        i, state = step.hazard, step.state
        self.need[i] = self.bit[state.shape] if state.shape >= 0 else 0
        self._settle(step, self.parts[i], (), gain=NEW, loss=CORRECTED)

    def _release(self, step: Step) -> None:
        bit = 1 << step.release
        at = self.ground.releases[step.release]
        i = step.hazard
        parts = [p for p, under in enumerate(self.ground.released) if under & bit]
        twice = sum(
            self.ground.square_metres[p]
            for p in parts
            if self.owner[p] < 0 and self.ground.released[p] & self.released[i] and self._holds(i, p)
        )
        if twice:
            self.journal.twice[at] = twice
        self.done |= bit
        for one in (i, *self.below[i]):
            self.released[one] |= bit
        self._settle(step, parts, (), gain=None, loss=RELEASED_AS[self.story.releases[at].type])

    def _close(self, step: Step) -> None:
        self.out[step.hazard] = True
        disposed = self.need[step.hazard] == 0 and step.state.closure not in _NOT_DISPOSED
        self._settle(
            step,
            self.parts[step.hazard],
            (),
            gain=CORRECTED,
            loss=CORRECTED,
            number=CLEARED if disposed else CORRECTED,
        )

    def _reopen(self, step: Step) -> None:
        self.out[step.hazard] = False
        self.released[step.hazard], self.void[step.hazard] = 0, self.done
        self._settle(step, self.parts[step.hazard], (), gain=NEW, loss=None, remark=REOPENED)

    # -- what they leave ---------------------------------------------------------------------------------

    def _settle(
        self,
        step: Step,
        parts: list[int],
        was: tuple[str, ...],
        *,
        gain: int | None,
        loss: int | None,
        remark: int = 0,
        number: int | None = None,
        also: tuple[int, ...] = (),
    ) -> None:
        """Find the owners of the touched parts again and book what changed hands; then the numbers."""
        i = step.hazard
        flows: dict[tuple[int, tuple[str, ...], int], int] = {}
        for p in parts:
            before, after = self.owner[p], self._owner(p)
            if before < 0 > after:
                continue
            old = was if before == i and was else self.cell[before] if before >= 0 else ()
            if before != after or (old != self.cell[after]):
                self.owner[p] = after
                key = (before, old, after)
                flows[key] = flows.get(key, 0) + self.ground.square_metres[p]
        moved = {i}
        for (before, old, after), m2 in flows.items():
            moved.update(one for one in (before, after) if one >= 0)
            if m2:
                self._book_land(step, before, old, after, m2, gain, loss, remark)
        family = {i, *self._above(i), *self.below[i], *also}
        for one in sorted(family | moved):
            self._book_number(step, one, gain, loss, remark, number)
        self._balance(step, sorted(family | moved))

    def _book_land(
        self,
        step: Step,
        before: int,
        old: tuple[str, ...],
        after: int,
        m2: int,
        gain: int | None,
        loss: int | None,
        remark: int,
    ) -> None:
        if before < 0:
            self._put(step, self.cell[after], self._explained(step, gain), m2, 0, after, remark & REOPENED)
        elif after < 0:
            self._out_of_stock(step, before, old, self._explained(step, loss), m2, 0, remark & DISMISSED)
        else:
            if step.release >= 0:
                at = self.ground.releases[step.release]
                self.journal.still_claimed[at] = self.journal.still_claimed.get(at, 0) + m2
            if old != self.cell[after]:
                self._put(step, old, RECLASSIFIED, -m2, 0, before, 0)
                self._put(step, self.cell[after], RECLASSIFIED, m2, 0, after, 0)

    def _book_number(
        self, step: Step, one: int, gain: int | None, loss: int | None, remark: int, number: int | None
    ) -> None:
        before, after = self.counted[one], self._counts(one)
        if before == after:
            return
        self.counted[one] = after
        mine = number if number is not None and one == step.hazard else None
        if before is None and after is not None:
            line = self._explained(step, mine if mine is not None else gain)
            self._put(step, after, line, 0, 1, one, remark & REOPENED)
        elif after is None and before is not None:
            leaving = mine if mine is not None else loss
            if step.act == "appear" and one != step.hazard:
                leaving = RECLASSIFIED  # a parent all of whose land its children took over
            self._out_of_stock(step, one, before, self._explained(step, leaving), 0, 1, remark & DISMISSED)
        elif before is not None and after is not None:
            self._put(step, before, RECLASSIFIED, 0, -1, one, 0)
            self._put(step, after, RECLASSIFIED, 0, 1, one, 0)

    def _out_of_stock(
        self, step: Step, one: int, cell: tuple[str, ...], line: int, m2: int, number: int, remark: int
    ) -> None:
        if step.release >= 0:
            operator = self.story.releases[self.ground.releases[step.release]].operator
            if operator not in (cell[OPERATOR], "unknown"):
                theirs = (*cell[:OPERATOR], operator, *cell[OPERATOR + 1 :])
                self._put(step, cell, RECLASSIFIED, -m2, -number, one, 0)
                self._put(step, theirs, RECLASSIFIED, m2, number, one, 0)
                cell = theirs
        self._put(step, cell, line, -m2, -number, one, remark)

    def _put(
        self, step: Step, cell: tuple[str, ...], line: int, m2: int, number: int, one: int, remark: int
    ) -> None:
        cells = self.journal.cells
        at = cells.setdefault(cell, len(cells))
        cause = self.ground.releases[step.release] if step.release >= 0 else -1
        low, high = step.span
        self.journal.moves.append(
            Move(step.day, low, high, at, line, m2, number, self.ground.hazards[one], cause, remark)
        )

    def _balance(self, step: Step, changed: list[int]) -> None:
        """Count again, from the parts, what the hazards that a step reached now hold."""
        held = self.journal.balances
        cells = self.journal.cells
        for one in changed:
            if not self.present[one]:
                continue
            m2 = sum(self.ground.square_metres[p] for p in self.parts[one] if self.owner[p] == one)
            counted = self.counted[one]
            cell = counted or self.cell[one]
            held.append(
                Balance(
                    self.ground.hazards[one],
                    step.day,
                    cells.setdefault(cell, len(cells)),
                    m2,
                    int(counted is not None),
                    int(counted is not None and self.need[one] == 0),
                )
            )

    def _explained(self, step: Step, line: int | None) -> int:
        if line is None:
            where = self.story.hazards[self.ground.hazards[step.hazard]].id
            raise FallowError("BOOKS_UNEXPLAINED", where, found=step.act, day=step.day)
        return line

    # -- who holds what ----------------------------------------------------------------------------------

    def _owner(self, part: int) -> int:
        best = -1
        for i in self.candidates[part]:
            if self._claims(i, part) and (best < 0 or self.rank[i] < self.rank[best]):
                best = i
        return best

    def _claims(self, i: int, part: int) -> bool:
        """Whether a hazard stands on a part: in its outline, not released, not taken over by a split."""
        return (
            self._stands(i)
            and self._holds(i, part)
            and not self.ground.released[part] & self.released[i]
            and not any(self.present[d] and self._holds(d, part) for d in self.below[i])
        )

    def _holds(self, i: int, part: int) -> bool:
        need = self.need[i]
        return need != 0 and self.ground.inside[part] & need == need

    def _stands(self, i: int) -> bool:
        return self.present[i] and not self.out[i] and self.cell[i][1] != "dismissed"

    def _counts(self, i: int) -> tuple[str, ...] | None:
        """The account a hazard's number stands in; ``None`` when it is not in stock."""
        if not self._stands(i):
            return None
        if self.need[i] == 0 or any(
            self.ground.square_metres[p] and self._claims(i, p) for p in self.parts[i]
        ):
            return self.cell[i]
        return None

    def _call(self, i: int, cell: tuple[str, ...], since: str) -> None:
        hazard = self.story.hazards[self.ground.hazards[i]]
        self.cell[i] = cell
        self.rank[i] = (-DANGER.get(cell[1], 0), since, hazard.first_report, hazard.id)

    def _link(self, i: int, parent: str | None) -> None:
        """Set whose split a hazard is; a circle of links links nobody."""
        self.parent[i] = self.position.get(parent or "", -1)
        if i in self._above(i):
            self.parent[i] = -1
        self.below = [[] for _ in self.parent]
        for one in range(len(self.parent)):
            for above in self._above(one):
                self.below[above].append(one)

    def _inherit(self, family: Mapping[int, tuple[int, ...]]) -> None:
        """Give and take what was released of the hazards above, where a link was put right.

        ``family`` is a hazard and those below it, with who was above each before.
        """
        for one in sorted(family, key=lambda one: len(self._above(one))):
            before, now = set(family[one]), set(self._above(one))
            for gone in before - now:
                self.released[one] &= ~self.own[gone]
            if now - before:  # what it was reopened after stays void
                self.released[one] |= self.released[self.parent[one]] & ~self.void[one]

    def _above(self, i: int) -> tuple[int, ...]:
        found: list[int] = []
        at = self.parent[i]
        while at >= 0 and at not in found:
            found.append(at)
            at = self.parent[at]
        return tuple(found)


class _Alone(_Walk):
    """A ground of one hazard, as most are: nobody is above or below it, and what it claims it owns."""

    def _owner(self, part: int) -> int:
        need = self.need[0]
        if not need or self.ground.inside[part] & need != need or not self._stands(0):
            return -1
        return -1 if self.ground.released[part] & self.released[0] else 0

    def _counts(self, i: int) -> tuple[str, ...] | None:
        if not self._stands(0):
            return None
        if self.need[0] and not any(
            m2 for m2, owner in zip(self.ground.square_metres, self.owner, strict=True) if owner == 0
        ):
            return None
        return self.cell[0]

    def _link(self, i: int, parent: str | None) -> None:
        """Its parent, if it names one, is not known here."""

    def _above(self, i: int) -> tuple[int, ...]:
        return ()
