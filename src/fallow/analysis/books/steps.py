"""Step 3, what happens to a ground: its hazards' states and its releases as single steps in order of true
day.

One state after another may differ in several ways at once (a survey confirms a hazard and redraws it); each
way is a step of its own with the line of the books that it moves land to, so that nothing moves without a
reason.

On one day the order is: hazards appear and change, releases take effect, hazards are closed, hazards are
reopened. So a release of the day a hazard was found counts against it, and a reopening of the day stands over
the day's releases (the more dangerous order).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from fallow.analysis.books.ground import Ground
from fallow.analysis.books.history import OUT_OF_STOCK, Hazard, State, Story

Act = Literal["appear", "change", "shrink", "grow", "close", "reopen", "release"]
_RANK = {"appear": 0, "change": 1, "shrink": 2, "grow": 3, "release": 4, "close": 5, "reopen": 6}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to one hazard.

    Attributes
    ----------
    hazard
        Position in the ground's hazards.
    state
        The state it leads to; a release leads to none and carries the first.
    release
        Position in the ground's releases, or ``-1``.
    """

    act: Act
    day: str
    span: tuple[str, str]
    hazard: int
    state: State
    release: int = -1


def steps_of(story: Story, ground: Ground) -> list[Step]:
    """Everything that happened to a ground, in order."""
    position = {story.hazards[h].id: i for i, h in enumerate(ground.hazards)}
    depth = [_depth(story, ground, i, position) for i in range(len(ground.hazards))]
    ordered: list[tuple[tuple[str, int, int, int, str], Step]] = []
    for i, h in enumerate(ground.hazards):
        hazard = story.hazards[h]
        for step in _of_hazard(i, hazard):
            ordered.append(((step.day, _RANK[step.act], depth[i], hazard.first_report, hazard.id), step))
    first = {story.hazards[h].id: story.hazards[h].states[0] for h in ground.hazards}
    for r, at in enumerate(ground.releases):
        one = story.releases[at]
        step = Step("release", one.day, one.span, position[one.hazard], first[one.hazard], r)
        ordered.append(((one.day, _RANK["release"], 0, one.report, one.id), step))
    ordered.sort(key=lambda one: one[0])
    return [step for _, step in ordered]


def _of_hazard(i: int, hazard: Hazard) -> Iterator[Step]:
    before: State | None = None
    for state in hazard.states:
        for act in _first(state) if before is None else _acts(before, state):
            yield Step(act, state.day, state.span, i, state)
        before = state


def _first(state: State) -> tuple[Act, ...]:
    """A hazard first heard of as reopened stands whatever was released of it before."""
    return ("appear", "reopen") if state.status == "reopened" else ("appear",)


def _acts(before: State, after: State) -> Iterator[Act]:
    if before.cell != after.cell or before.parent != after.parent:
        yield "change"
    if before.shape != after.shape:
        yield "shrink"
        yield "grow"
    was, now = before.status in OUT_OF_STOCK, after.status in OUT_OF_STOCK
    if now and not was:
        yield "close"
    elif (was and not now) or (after.status == "reopened" != before.status):
        yield "reopen"


def _depth(story: Story, ground: Ground, i: int, position: dict[str, int]) -> int:
    """How many splits lie above a hazard: parents come before their children."""
    depth, seen = 0, {i}
    while True:
        parents = [s.parent for s in story.hazards[ground.hazards[i]].states if s.parent in position]
        if not parents or position[str(parents[0])] in seen:
            return depth
        i = position[str(parents[0])]
        seen.add(i)
        depth += 1
