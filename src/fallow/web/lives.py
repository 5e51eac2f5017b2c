"""Face two, lives: one record told at two dates: what stands, who said so, what needs a decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fallow.kinds import Field, Kind
from fallow.register import GEOMETRY, OPEN_END, Life, LifeDecision, LifeReport, Register, Slice
from fallow.web import grounds, wording
from fallow.web.asked import When
from fallow.web.symbology import symbology
from fallow.words import in_language, say

LINKED = 40
"""Linked records listed of each kind; with more the page says so."""


@dataclass(frozen=True, slots=True)
class Chip:
    """One state of the record beside its name."""

    label: str
    value: str
    look: str


@dataclass(frozen=True, slots=True)
class Value:
    """One field that has a value, and the reports that gave it."""

    name: str
    label: str
    value: str
    link: str
    givers: tuple[int, ...]
    conflict: bool


@dataclass(frozen=True, slots=True)
class Saying:
    """One thing a report said about a field, and whether it still stands."""

    label: str
    value: str
    original: str
    stands: bool


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the life: a report or a decision."""

    report: LifeReport | None
    decision: LifeDecision | None
    sayings: tuple[Saying, ...] = ()
    about: str = ""
    number: int = 0
    later: bool = False
    """Not yet known at the dates of the page."""
    standing: int = 0


@dataclass(frozen=True, slots=True)
class Linked:
    """Records that point here, or that this one points to."""

    label: str
    kind: str
    records: tuple[tuple[str, str], ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Side:
    """What one source said about a field that changed hands."""

    number: int
    who: str
    true: str
    value: str
    stands: bool


@dataclass(frozen=True, slots=True)
class Soft:
    """A field that a later source replaced without having seen what the other said."""

    heading: str
    sides: tuple[Side, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """Everything the page of a record shows."""

    id: str
    kind: str
    kind_label: str
    kind_plural: str
    title: str
    name: str
    chips: tuple[Chip, ...]
    standing: Slice | None
    conflicts: str
    soft: tuple[Soft, ...]
    """Told of what stands today; an earlier day may have had others."""
    claims: str
    ground: grounds.Ground | None
    values: tuple[Value, ...]
    linked: tuple[Linked, ...]
    events: tuple[Event, ...]
    reports: int
    declared: int
    merged: str
    """The id of the record this one was judged the same as; empty when it is its own."""


def told(register: Register, record: str, when: When) -> Told:
    """A record at two dates; ``RECORD_UNKNOWN`` when no report ever spoke about it."""
    life = register.history(record)
    kind = register.model.kind(life.kind)
    standing = _standing(life, when)
    values = standing.values if standing else {}
    looks = symbology(register.model, kind.name)
    line = looks.item(looks.line(values.get(looks.symbol or ""), values.get(looks.status or "")))
    merged = standing.record if standing is not None and standing.record != record else ""
    return Told(
        id=record,
        kind=kind.name,
        kind_label=in_language(kind.label),
        kind_plural=in_language(kind.plural),
        title=_title(kind, values, record),
        name=str(values.get("name") or "") if kind.title != "name" else "",
        chips=_chips(register, kind, values, line.look) if standing else (),
        standing=standing,
        conflicts=wording.listed(_field_label(kind, one) for one in standing.conflict) if standing else "",
        soft=_soft(register, kind, life) if _is_now(standing, life) else (),
        claims=wording.listed(_claim(register, kind, one) for one in standing.awaiting) if standing else "",
        ground=grounds.ground(kind, life, standing, line.look) if kind.shapes else None,
        values=_values(register, kind, standing, when) if standing else (),
        linked=_linked(register, kind, record, when),
        events=_events(register, kind, life, standing, when),
        reports=len(life.reports),
        declared=standing.declared if standing else 0,
        merged=merged,
    )


def _standing(life: Life, when: When) -> Slice | None:
    """The slice that holds at the dates; a record judged the same as another is under the other's name."""
    known, true = when.known, when.true

    def holds(one: Slice) -> bool:
        at_known = one.known_to == OPEN_END if known is None else one.known_from <= known < one.known_to
        at_true = one.true_to == OPEN_END if true is None else one.true_from <= true < one.true_to
        return at_known and at_true

    found = [one for one in life.slices if holds(one)]
    own = [one for one in found if one.record == life.record]
    return next(iter(own or found), None)


def _is_now(standing: Slice | None, life: Life) -> bool:
    """Whether what the page shows is what stands today."""
    now = life.now
    if standing is None or now is None or standing.record != now.record:
        return False
    return (standing.known_from, standing.true_from) == (now.known_from, now.true_from)


def _soft(register: Register, kind: Kind, life: Life) -> tuple[Soft, ...]:
    """Fields that changed hands between sources unseen: what stands first, then what others had said."""
    reports = {one.number: one for one in life.reports}
    return tuple(
        Soft(
            say("cli.soft_conflict_on", field=_field_label(kind, one.field)),
            tuple(
                Side(
                    number,
                    reports[number].who or reports[number].source,
                    reports[number].true,
                    _said_in(register, kind, one.field, reports[number]),
                    number in one.stands,
                )
                for number in (*one.stands, *one.beside)
                if number in reports
            ),
        )
        for one in life.parallel
    )


def _said_in(register: Register, kind: Kind, name: str, report: LifeReport) -> str:
    """What a report says about a field, in words; that it gives a shape, for the geometry."""
    field = kind.field(name)
    if field is None:
        return say("web.geometry.given")
    return wording.value_words(register.model, field, report.fields.get(name)) or say("web.emptied")


def _title(kind: Kind, values: Any, record: str) -> str:
    for name in (kind.title, "name"):
        if values.get(name or ""):
            return str(values[name])
    return f"{in_language(kind.label)} {record[:8]}"


def _field_label(kind: Kind, name: str) -> str:
    if name in (GEOMETRY, "geometry"):
        return say("web.geometry")
    field = kind.field(name)
    return in_language(field.label) if field else name


def _chips(register: Register, kind: Kind, values: Any, look: str) -> tuple[Chip, ...]:
    names = dict.fromkeys([kind.symbol, *(one.field for one in kind.states)])
    chips = []
    for name in names:
        field = kind.field(name or "")
        if field is not None and values.get(field.name) is not None:
            said = wording.value_words(register.model, field, values[field.name])
            chips.append(Chip(in_language(field.label), said, look if field.name == kind.symbol else "state"))
    return tuple(chips)


def _claim(register: Register, kind: Kind, claim: str) -> str:
    """``status=closed`` in words: what a report claims and two signatures have not confirmed."""
    name, _, value = claim.partition("=")
    field = kind.field(name)
    if field is None:
        return claim
    return f"{in_language(field.label)}: {wording.value_words(register.model, field, value)}"


def _values(register: Register, kind: Kind, standing: Slice, when: When) -> tuple[Value, ...]:
    found = []
    for field in kind.stored:
        value = standing.values.get(field.name)
        if value is None or value in ("", []):
            continue
        said, link = _said(register, field, value, when)
        found.append(
            Value(
                field.name,
                in_language(field.label),
                said,
                link,
                standing.givers.get(field.name, ()),
                field.name in standing.conflict,
            )
        )
    return tuple(found)


def _said(register: Register, field: Field, value: Any, when: When) -> tuple[str, str]:
    """The words of a value, and for a link the id of the record it leads to."""
    if field.link is not None and isinstance(value, str):
        other = when.view(register).record(value)
        target = register.model.kind(field.link)
        return (_title(target, other.fields, value) if other else value[:8]), value
    return wording.value_words(register.model, field, value), ""


def _linked(register: Register, kind: Kind, record: str, when: When) -> tuple[Linked, ...]:
    view = when.view(register)
    found = []
    for other in register.model.kinds.values():
        for field in other.stored:
            if field.link != kind.name:
                continue
            records = list(view.records(other.name, {field.name: record}, limit=LINKED + 1))
            if records:
                listed = tuple((one.id, _title(other, one.fields, one.id)) for one in records[:LINKED])
                label = in_language(field.reverse or other.plural)
                found.append(Linked(label, other.name, listed, len(records) > LINKED))
    return tuple(found)


def _events(
    register: Register, kind: Kind, life: Life, standing: Slice | None, when: When
) -> tuple[Event, ...]:
    events = [_reported(register, kind, one, standing, when) for one in life.reports]
    events += [_decided(kind, one, when) for one in life.decisions]
    return tuple(sorted(events, key=lambda one: -one.number))


def _reported(
    register: Register, kind: Kind, report: LifeReport, standing: Slice | None, when: When
) -> Event:
    givers = standing.givers if standing else {}
    sayings = []
    for name, value in report.fields.items():
        field = kind.field(name)
        if field is None or field.personal:
            continue
        words = wording.value_words(register.model, field, value) or say("web.emptied")
        original = str(report.original.get(name, ""))
        stands = report.number in givers.get(name, ())
        sayings.append(Saying(in_language(field.label), words, original if original != words else "", stands))
    if report.located:
        stands = report.number in givers.get(GEOMETRY, ())
        sayings.append(Saying(say("web.geometry"), say("web.geometry.given"), "", stands))
    sayings.sort(key=lambda one: not one.stands)
    known = report.known_from or OPEN_END
    return Event(
        report=report,
        decision=None,
        sayings=tuple(sayings),
        number=report.number,
        later=when.known is not None and known > when.known,
        standing=sum(one.stands for one in sayings),
    )


def _decided(kind: Kind, decision: LifeDecision, when: When) -> Event:
    named = decision.about.get("field")
    return Event(
        report=None,
        decision=decision,
        about=_field_label(kind, str(named)) if named else "",
        number=decision.number,
        later=when.known is not None and decision.day > when.known,
    )
