"""Step 4, evidence about people: one row a person, and no row tells more than the printed numbers tell.

People who count in the same printed numbers get the same row, so a file of evidence says only how many people
count in which numbers together. That is allowed where it can be worked out from the printed numbers by
subtraction anyway; where it cannot, the numbers are proved apart, in *parts* whose rows nobody can join. What
a row says is the coarsest that still makes the analysis count the person where it does: a year and no day, a
period and no year, ``withheld`` instead of a value that no printed number tells. Ids are HMACs under a key
that is thrown away.

A number made of others (``Measure.of``) is proved in a part with those it is made of. What a percentage is a
percentage of need not be printed: who has the percentage and its number has it, so the redaction takes it for
told, and here it is a number like the printed ones.

Casualties that an accident counts and nobody wrote down are persons like the others, and where a victim
record leaves a date or place to its accident, the row has it; so no accident is in the evidence.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from fallow.analysis import Measure, Recipe, Result
from fallow.analysis.people import harmed
from fallow.analysis.registry import Asked
from fallow.errors import FallowError
from fallow.kinds import VALUE_TYPES, Kind, Model
from fallow.publish.audience import PEOPLE, Audience
from fallow.publish.proof.coarsen import Content, Question, coarsest
from fallow.publish.proof.proving import Kept, Number, facts_of, person_row, rerun, value_of
from fallow.publish.publication import Figure
from fallow.register import Register
from fallow.register.evidence import EvidenceRegister
from fallow.register.ledger import canonical
from fallow.register.watched import Notes

TELLS_MORE = "publish.unproved.tells_more"

WHOLE = ("", "whole")
"""In place of a line: all the lines that a percentage is over."""

Group = tuple[Figure, ...]
Membership = frozenset[Figure]


@dataclass(frozen=True, slots=True)
class People:
    """What evidence about people is made from: the question, what it read, the numbers that are printed."""

    register: Register
    name: str
    recipe: Recipe
    measures: tuple[Measure, ...]
    notes: Notes
    told: Mapping[Figure, Number]
    model: Model
    to: Audience
    by_head: bool


@dataclass(slots=True)
class Sort:
    """People with the same values, seen through the same view."""

    view: int
    content: Content
    persons: list[str] = field(default_factory=list)
    """Names of the persons that nobody else ever sees: they only keep the ids apart."""


def people_evidence(of: People) -> Kept:
    """The evidence of one result about people."""
    days = None if of.notes.known_days is None else _years(of.notes.known_days)
    views = tuple(sorted(of.notes.views, key=str))
    made = []
    for kind in _kinds(of):
        kept = Kept(True, kind, of.by_head, views, days, (), (), {})
        with EvidenceRegister((), of.model, facts_of(kept, of.recipe)) as evidence:
            made.append(_Maker(of, kept, _sorts(of, kept), evidence).made())
        if not made[-1].unproved:
            break
    # a number nobody can prove stands under either kind; what most are proved by is kept
    return min(made, key=lambda one: len(one.unproved))


def _years(days: Sequence[str]) -> tuple[str, ...]:
    """The years in which anything became known, by their last days: no analysis of people needs the day."""
    return tuple(sorted({f"{day[:4]}-12-31" for day in days}))


def _kinds(of: People) -> list[str]:
    """The kinds whose records may be the rows, one kind at a time: nobody but the office may join them.

    Victims first. Services are counted by records of assistance; by what these alone say they can be proved.
    """
    persons = sorted(PEOPLE & of.notes.read.keys() & of.model.kinds.keys())
    return sorted({*persons, "victim"} & of.model.kinds.keys(), key=lambda one: one != "victim")


def _sorts(of: People, kept: Kept) -> list[Sort]:
    """Everybody, through each view, by what is known of them in fields that the audience may see."""
    kind = of.model.kind(kept.kind)
    read = {name for one in of.notes.read.values() for name in one.fields} | {"age_group"}
    seen = {one.name: one for one in kind.stored if one.name in read and one.sensitivity in of.to.classes}
    found: dict[tuple[int, str], Sort] = {}
    for number, clocks in enumerate(kept.views):
        view = of.register.at(*clocks)
        for record, fields in _persons(of, kind, view):
            content = {
                name: VALUE_TYPES[seen[name].type].store(value)
                for name, value in sorted(fields.items())
                if name in seen and value is not None
            }
            key = (number, canonical(content).decode())
            found.setdefault(key, Sort(number, content)).persons.append(record)
    return [found[key] for key in sorted(found)]


def _persons(of: People, kind: Kind, view: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if kind.name != "victim":
        for record in view.records(kind.name):
            yield record.id, record.fields
        return
    for one in harmed(Asked(of.register, view)):
        fields = {**one.fields, "outcome": one.outcome, "date": one.date, "date_until": one.until}
        for number in range(one.count):
            yield f"{one.record}|{one.outcome}|{number}", fields


class _Maker:
    """Makes the parts: groups of figures, tried from all together down to one by one."""

    def __init__(self, of: People, kept: Kept, sorts: list[Sort], evidence: EvidenceRegister) -> None:
        self.of = of
        self.kept = kept
        self.sorts = sorts
        self.evidence = evidence
        self.key = secrets.token_bytes(32)
        self.member: list[Membership] = []
        self.members: dict[Figure, list[int]] = {}
        self.counts: frozenset[Figure] = frozenset()
        self.wholes = dict(_wholes(of))
        # an analysis of what changed leaves out what did not: each day is asked by itself
        self.apart = any(one.startswith("-") for measure in of.measures for one in measure.of)
        self._alike: dict[tuple[Figure, str, int | None], set[str]] = {}

    def made(self) -> Kept:
        try:
            self._members()
        except FallowError:
            return replace(self.kept, unproved=dict.fromkeys(self.of.told, TELLS_MORE))
        parts: list[Group] = []
        lines: list[bytes] = []
        proved: set[Figure] = set()
        for group in self._groups(proved):
            done = self._part(len(parts), group)
            if done is not None and not proved.issuperset(done[0]):
                figures, rows = done
                parts.append(figures)
                lines += rows
                proved.update(figures)
        unproved = {one: TELLS_MORE for one in self.of.told if one not in proved}
        return replace(self.kept, parts=tuple(parts), lines=tuple(lines), unproved=unproved)

    def _members(self) -> None:
        """In which printed numbers each sort of people counts; and which of the numbers are such counts."""
        contents = [(one.view, one.content) for one in self.sorts]
        every = (*self.of.told, *self.wholes)
        self.member = self.counted(contents, frozenset(every))
        self.members = {one: [] for one in every}
        for position, figures in enumerate(self.member):
            for figure in figures:
                self.members[figure].append(position)
        sums = {one: sum(len(self.sorts[at].persons) for at in some) for one, some in self.members.items()}
        counts = {one for one, value in self.of.told.items() if sums[one] == value}
        self.counts = frozenset({*counts, *self.wholes})

    def _groups(self, proved: set[Figure]) -> Iterator[Group]:
        """Groups of figures to try; those that were proved in a larger one are left out by then.

        Shares and other numbers made of counts go with every group of counts in lines as wide as theirs.
        """
        told = tuple(self.of.told)
        yield told
        for split in (_by_width, _by_name, _by_measure, _one_by_one):
            left = [one for one in told if one not in proved]
            made = [one for one in left if one not in self.counts]
            named: dict[Any, list[Figure]] = {}
            for one in told if made and split in (_by_name, _by_measure) else left:
                if one in self.counts:
                    named.setdefault(split(one), []).append(one)
            for figures in named.values():
                width = {len(one.line) for one in figures}
                group = (*figures, *(one for one in made if len(one.line) in width and one not in proved))
                if any(one not in proved for one in group):
                    yield group
        yield from self._made_of(proved)

    def _made_of(self, proved: set[Figure]) -> Iterator[Group]:
        """Numbers made of others, each with those: percentages all together, then one by one."""
        of = {one.name: one.of for one in self.of.measures if one.of}
        groups = {}
        for one in self.of.told:
            if one in proved or one.measure not in of:
                continue
            wholes = [whole for whole in self.wholes if whole.measure == one.measure]
            names = of[one.measure][:1] if wholes else of[one.measure]
            parts = [replace(one, measure=name.removeprefix("-")) for name in names]
            if self.counts.issuperset(parts):
                groups[one] = (*wholes, *parts, one)
        for whole in self.wholes:
            shares = [group for group in groups.values() if whole in group]
            if len(shares) > 1:
                yield tuple(dict.fromkeys(one for group in shares for one in group))
        yield from (group for one, group in groups.items() if one not in proved)

    def _part(self, number: int, group: Group) -> tuple[Group, list[bytes]] | None:
        """Figures of a group and their rows; ``None`` when its rows would tell more than its numbers."""
        counts = frozenset(group) & self.counts
        classes: dict[tuple[int, Membership], list[Sort]] = {}
        for one, figures in zip(self.sorts, self.member, strict=True):
            mine = figures & counts
            if mine:
                classes.setdefault((one.view, mine), []).append(one)
        if not counts or not worked_out(classes.keys(), counts):
            return None
        wanted = list(classes)
        contents = coarsest(
            [
                (view, figures, tuple((sort.content, len(sort.persons)) for sort in classes[view, figures]))
                for view, figures in wanted
            ],
            Question(
                lambda rows: self.counted(rows, counts),
                self._shared,
                self.of.model.kind(self.kept.kind),
                self.of.recipe.parameters,
            ),
        )
        if contents is None:
            return None
        rows = [
            (view, content, person)
            for (view, figures), content in zip(wanted, contents, strict=True)
            for sort in classes[view, figures]
            for person in sort.persons
        ]
        ids = [self._id(number, view, person) for view, _, person in rows]
        result = self._run([(view, content) for view, content, _ in rows], ids)
        right = tuple(
            one for one in group if one not in self.wholes and _right(result, one, self.of.told[one])
        )
        if not counts - self.wholes.keys() <= set(right):
            return None
        lines = [
            {"part": number, "view": view, "id": id, "fields": content}
            for (view, content, _), id in zip(rows, ids, strict=True)
        ]
        lines.sort(key=lambda one: (one["view"], canonical(one["fields"]), one["id"]))
        return right, [canonical(one) for one in lines]

    def counted(self, contents: Sequence[tuple[int, Content]], among: Membership) -> list[Membership]:
        """For each content, the figures that the analysis counts it in."""
        found: list[set[Figure]] = [set() for _ in contents]
        by_line: dict[tuple[str, ...], list[Figure]] = {}
        for figure in among:
            by_line.setdefault(figure.line, []).append(figure)
        wholes = [(one, counted) for one, counted in self.wholes.items() if one in among]
        views = {view for view, _ in contents} if self.apart else {None}
        for only in sorted(views, key=str):
            rows = [(f"p{at}", one) for at, one in enumerate(contents) if only in (None, one[0])]
            result = self._run([one for _, one in rows], [id for id, _ in rows])
            for line in result.lines:
                counts = [(one, one.measure) for one in by_line.get(line.key, ())]
                counts += [one for one in wholes if line.values.get(one[0].measure) is not None]
                for figure, measure in counts:
                    for id in line.behind.get(measure, ()):
                        found[int(id[1:])].add(figure)
        return [frozenset(one) for one in found]

    def _shared(self, figures: Membership, column: str, digits: int | None) -> set[str]:
        """The values of a column that everybody has who counts in one of these figures.

        That everybody at all has a value is not told by a total, unless it is the value it counts.
        """
        found = set()
        for figure in figures:
            key = (figure, column, digits)
            if key not in self._alike:
                members = [self.sorts[at] for at in self.members[figure]]
                values = {str(one.content.get(column, ""))[:digits] for one in members}
                everybody = len(members) == sum(one.view == members[0].view for one in self.sorts)
                total = not figure.line or figure.line[0] in ("", "total")
                told = len(values) == 1 and (not (everybody and total) or figure.measure in values)
                self._alike[key] = values if told else set()
            found |= self._alike[key]
        return {one for one in found if one and len(one) == (digits or len(one))}

    def _run(self, contents: Sequence[tuple[int, Content]], ids: Sequence[str]) -> Result:
        rows = [
            person_row(self.kept, view, id, content)
            for (view, content), id in zip(contents, ids, strict=True)
        ]
        self.evidence.empty()
        self.evidence.put(rows)
        return rerun(self.evidence, self.of.recipe, by_head=self.kept.by_head)

    def _id(self, part: int, view: int, person: str) -> str:
        said = f"{self.of.name}|{part}|{view}|{person}".encode()
        return hmac.new(self.key, said, sha256).hexdigest()[:24]


def _wholes(of: People) -> Iterator[tuple[Figure, str]]:
    """What printed percentages of printed numbers are over: the figure, and the measure that it sums."""
    for measure in of.measures:
        if measure.unit == "%" and measure.of:
            shares = [one for one in of.told if one.measure == measure.name]
            if any(replace(one, measure=measure.of[0]) in of.told for one in shares):
                yield Figure(of.name, measure.name, WHOLE), measure.of[0]


def worked_out(classes: Any, counts: Membership) -> bool:
    """Whether how many people are in each class follows from the printed numbers by subtraction alone.

    A number with one class in it of unknown size tells that size; then it is known in all other numbers.
    """
    left: dict[Figure, set[Any]] = {one: set() for one in counts}
    for one in classes:
        for figure in one[1]:
            left[figure].add(one)
    ready = [one for one, some in left.items() if len(some) == 1]
    unknown = set(classes)
    while ready:
        some = left[ready.pop()]
        if len(some) != 1:
            continue
        (known,) = some
        unknown.discard(known)
        for figure in known[1]:
            left[figure].discard(known)
            if len(left[figure]) == 1:
                ready.append(figure)
    return not unknown


def _by_width(one: Figure) -> Any:
    """Totals apart from subtotals and lines."""
    return len(one.line)


def _by_name(one: Figure) -> Any:
    """Each measure by itself, with its totals."""
    return one.measure


def _by_measure(one: Figure) -> Any:
    """Each measure by itself, in lines of one width: nobody stands in two of them."""
    return len(one.line), one.measure


def _one_by_one(one: Figure) -> Any:
    return one


def _right(result: Result, figure: Figure, printed: Number) -> bool:
    from fallow.publish.proof.evidence import same

    return same(printed, value_of(result, figure))
