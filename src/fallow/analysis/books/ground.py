"""Step 3, the ground of the books: cut once into parts that no polygon cuts any further.

Hazards that overlap or were split from one another are booked together, as one :class:`Ground`. Its land is
cut along
every outline that any of its hazards ever had and along every release, so that afterwards accounting is a
question of which part lies in which outline, and no geometry is computed in it. Parts are whole square metres
that sum to their ground (:func:`~fallow.analysis.books.area.whole_m2`): no square metre is in two parts, none
is lost.

Most hazards have one outline and releases that lie in it side by side. Their parts are the releases and the
rest, and need no overlay at all; only the others are cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from fallow.analysis.books.area import Floats, Integers, areas_m2, spread, whole_m2
from fallow.analysis.books.cut import Cutting, cut, overlay
from fallow.analysis.books.history import Story
from fallow.analysis.books.plain import Plain, is_plain

OVERLAP_M2 = 0.5
"""Hazards that share less than half a square metre, the rounding unit, are neighbours and stay apart."""
PART_M2 = 0.01
"""What is smaller is an artefact of cutting along a shared edge."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Hazards whose land hangs together, and the parts it is cut into.

    Attributes
    ----------
    hazards, releases
        Positions in the story.
    outlines
        Positions of shapes; bit ``i`` of a part's ``inside`` is ``outlines[i]``.
    inside, released, square_metres
        By part: the outlines it lies in, the releases (bit ``i`` is ``releases[i]``) that cover it, its whole
        m2.
    """

    hazards: tuple[int, ...]
    releases: tuple[int, ...]
    outlines: tuple[int, ...]
    inside: tuple[int, ...]
    released: tuple[int, ...]
    square_metres: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Laid:
    """All grounds of a story, the plain ones apart, and by release the m2 that lie outside its hazard."""

    grounds: tuple[Ground, ...]
    plain: Plain
    outside: Floats


def lay_out(story: Story) -> Laid:
    """Group the hazards, cut their land, and make whole square metres of the parts."""
    groups = _groups(story)
    outlines = [
        tuple(dict.fromkeys(s.shape for h in group for s in story.hazards[h].states if s.shape >= 0))
        for group in groups
    ]
    releases = _releases_by_group(story, groups)
    simple = _side_by_side(story, outlines, releases)
    parts = _simple_parts(story, outlines, releases, simple)
    parts = parts.joined(_cut_parts(story, groups, outlines, releases, ~simple))
    keep = parts.areas >= PART_M2
    parts = parts.only(keep)
    whole = whole_m2(parts.areas, parts.group)
    plain = [
        bool(simple[g]) and is_plain(story, group, outlines[g], releases[g]) for g, group in enumerate(groups)
    ]
    return Laid(
        _grounds(groups, outlines, releases, parts, whole, plain),
        _plain(groups, releases, parts, whole, plain),
        parts.outside,
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """Parts of grounds; ``release`` is the position of the only release on a part, or ``-1``."""

    group: Integers
    areas: Floats
    inside: list[int]
    released: list[int]
    release: Integers
    outside: Floats

    def joined(self, other: _Parts) -> _Parts:
        return _Parts(
            np.r_[self.group, other.group],
            np.r_[self.areas, other.areas],
            self.inside + other.inside,
            self.released + other.released,
            np.r_[self.release, other.release],
            self.outside + other.outside,
        )

    def only(self, keep: Any) -> _Parts:
        kept = np.flatnonzero(keep).tolist()
        return _Parts(
            self.group[keep],
            self.areas[keep],
            [self.inside[i] for i in kept],
            [self.released[i] for i in kept],
            self.release[keep],
            self.outside,
        )


def _groups(story: Story) -> list[tuple[int, ...]]:
    """Positions of hazards that overlap, or of which one was split from the other, at any time."""
    root = list(range(len(story.hazards)))

    def find(one: int) -> int:
        while root[one] != one:
            root[one] = root[root[one]]
            one = root[one]
        return one

    by_id = {one.id: i for i, one in enumerate(story.hazards)}
    linked = [
        (i, by_id[state.parent])
        for i, one in enumerate(story.hazards)
        for state in one.states
        if state.parent in by_id
    ]
    for one, other in (*linked, *_overlapping(story)):
        low, high = sorted((find(one), find(other)))
        root[high] = low
    found: dict[int, list[int]] = {}
    for i in range(len(root)):
        found.setdefault(find(i), []).append(i)
    return [tuple(group) for group in found.values()]


def _overlapping(story: Story) -> Iterable[tuple[int, int]]:
    pairs = dict.fromkeys(
        (i, s.shape) for i, one in enumerate(story.hazards) for s in one.states if s.shape >= 0
    )
    if not pairs:
        return []
    of, at = np.asarray(list(pairs)).T
    shapes = story.shapes[at]
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    apart = of[one] < of[other]
    one, other = one[apart], other[apart]
    shared = areas_m2(overlay(shapely.intersection, shapes[one], shapes[other]))
    met = shared >= OVERLAP_M2
    return list(zip(of[one[met]].tolist(), of[other[met]].tolist(), strict=True))


def _releases_by_group(story: Story, groups: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    group_of = {story.hazards[h].id: g for g, group in enumerate(groups) for h in group}
    found: list[list[int]] = [[] for _ in groups]
    for i, one in enumerate(story.releases):
        found[group_of[one.hazard]].append(i)
    return [tuple(one) for one in found]


def _side_by_side(
    story: Story, outlines: Sequence[tuple[int, ...]], releases: Sequence[tuple[int, ...]]
) -> Any:
    """Which groups have one outline and releases that do not overlap."""
    simple = np.array([len(one) == 1 for one in outlines], dtype=bool)
    # A group with one outline and several hazards has duplicates in it: two claims on one piece of land.
    of = np.full(len(story.releases), -1)
    for g, some in enumerate(releases):
        of[list(some)] = g
    shapes = story.shapes[np.array([one.shape for one in story.releases], dtype=np.int64)]
    if len(shapes):
        one, other = shapely.STRtree(shapes).query(shapes)  # by their boxes
        near = (of[one] == of[other]) & (one < other)
        one, other = one[near], other[near]
        boxes = shapely.bounds(shapes)
        low, high = np.maximum(boxes[one, :2], boxes[other, :2]), np.minimum(boxes[one, 2:], boxes[other, 2:])
        near = (low < high).all(axis=1)
        one, other = one[near], other[near]
        meet = spread(shapely.relate_pattern, shapes[one], shapes[other], pattern="T********")
        one, other = one[meet], other[meet]
        meet = areas_m2(overlay(shapely.intersection, shapes[one], shapes[other])) >= PART_M2
        simple[of[one[meet]]] = False
    return simple


def _simple_parts(
    story: Story, outlines: Sequence[tuple[int, ...]], releases: Sequence[tuple[int, ...]], simple: Any
) -> _Parts:
    groups = np.flatnonzero(simple)
    outline = np.array([outlines[g][0] for g in groups.tolist()], dtype=np.int64)
    whole = story.areas[outline]
    listed = [(row, bit, r) for row, g in enumerate(groups.tolist()) for bit, r in enumerate(releases[g])]
    rows = np.array([row for row, _, _ in listed], dtype=np.int64)
    taken = np.array([r for _, _, r in listed], dtype=np.int64)
    outside = np.zeros(len(story.releases))
    pieces = np.zeros(len(listed))
    if len(listed):
        outer = story.shapes[outline[rows]]
        at = np.array([story.releases[r].shape for r in taken.tolist()], dtype=np.int64)
        shapely.prepare(outer)
        pieces = story.areas[at].copy()
        beyond = ~spread(shapely.covers, outer, story.shapes[at])
        if beyond.any():
            pieces[beyond] = areas_m2(overlay(shapely.intersection, outer[beyond], story.shapes[at[beyond]]))
        outside[taken] = story.areas[at] - pieces
    rest = np.maximum(whole - np.bincount(rows, pieces, minlength=len(groups)), 0.0)
    return _Parts(
        np.r_[groups[rows], groups],
        np.r_[pieces, rest],
        [1] * (len(listed) + len(groups)),
        [1 << bit for _, bit, _ in listed] + [0] * len(groups),
        np.r_[taken, np.full(len(groups), -1)],
        outside,
    )


def _cut_parts(
    story: Story,
    groups: Sequence[tuple[int, ...]],
    outlines: Sequence[tuple[int, ...]],
    releases: Sequence[tuple[int, ...]],
    wanted: Any,
) -> _Parts:
    outside = np.zeros(len(story.releases))
    for g in np.flatnonzero(wanted).tolist():
        for r in releases[g]:
            outside[r] = story.areas[story.releases[r].shape]
    chosen = [g for g in np.flatnonzero(wanted).tolist() if outlines[g]]
    cuttings = [
        Cutting(
            [story.shapes[s] for s in outlines[g]],
            [story.shapes[story.releases[r].shape] for r in releases[g]],
        )
        for g in chosen
    ]
    found = cut(cuttings)
    areas = spread(areas_m2, found.shapes)
    own = [_outlines_of_release(story, groups[g], outlines[g], releases[g]) for g in chosen]
    for part, area in enumerate(areas.tolist()):
        of = int(found.cutting[part])
        for bit, r in enumerate(releases[chosen[of]]):
            if found.released[part] >> bit & 1 and found.inside[part] & own[of][bit]:
                outside[r] -= area
    group = np.array([chosen[of] for of in found.cutting], dtype=np.int64)
    return _Parts(group, areas, found.inside, found.released, np.full(len(areas), -1), outside)


def _outlines_of_release(
    story: Story, group: Sequence[int], outlines: Sequence[int], releases: Sequence[int]
) -> list[int]:
    """By release of a group: the outlines its hazard ever had, as bits."""
    bit = {shape: i for i, shape in enumerate(outlines)}
    of = {
        story.hazards[h].id: sum({1 << bit[s.shape] for s in story.hazards[h].states if s.shape >= 0})
        for h in group
    }
    return [of[story.releases[r].hazard] for r in releases]


def _grounds(
    groups: Sequence[tuple[int, ...]],
    outlines: Sequence[tuple[int, ...]],
    releases: Sequence[tuple[int, ...]],
    parts: _Parts,
    whole: Integers,
    plain: Sequence[bool],
) -> tuple[Ground, ...]:
    others = [g for g, one in enumerate(plain) if not one]
    parts_of: dict[int, tuple[list[int], list[int], list[int]]] = {g: ([], [], []) for g in others}
    for row in np.flatnonzero(~np.array(plain, dtype=bool)[parts.group]).tolist():
        inside, released, square = parts_of[int(parts.group[row])]
        inside.append(parts.inside[row])
        released.append(parts.released[row])
        square.append(int(whole[row]))
    return tuple(
        Ground(groups[g], releases[g], outlines[g], *(tuple(one) for one in parts_of[g])) for g in others
    )


def _plain(
    groups: Sequence[tuple[int, ...]],
    releases: Sequence[tuple[int, ...]],
    parts: _Parts,
    whole: Integers,
    plain: Sequence[bool],
) -> Plain:
    square = np.bincount(parts.group, whole, minlength=len(groups)).astype(np.int64)
    taken = np.zeros(sum(map(len, releases)), dtype=np.int64)
    covered = parts.release >= 0
    taken[parts.release[covered]] = whole[covered]
    chosen = np.flatnonzero(plain)
    which = np.array([r for g in chosen.tolist() for r in releases[g]], dtype=np.int64)
    hazards = np.array([groups[g][0] for g in chosen.tolist()], dtype=np.int64)
    return Plain(hazards, which, square[chosen], taken[which])
