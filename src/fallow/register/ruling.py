"""Step 2, ruling: what a rule at approval is, and how a change is held against all of them.

A rule looks at what a record would become and answers with nothing, or with the code of a message that
says why not. Rules are a registry: a kind names them in YAML (``rules:``, ``needs:``),
``tests/register/test_rules.py`` refuses a name nobody wrote. :mod:`fallow.register.rules` has them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fallow.errors import Finding
from fallow.kinds import Kind, Model
from fallow.words import in_language


class Neighbours(Protocol):
    """What a rule may ask about other records as they stand now."""

    def now(self, kind: str, record: str) -> Mapping[str, Any] | None:
        """Standing values of a record, geometry under ``@geometry``; ``None`` when it is not there."""

    def linked(self, kind: str, field: str, record: str) -> Sequence[Mapping[str, Any]]:
        """Standing values of the records of ``kind`` whose link ``field`` points to ``record``."""

    def course(self, kind: str, record: str, field: str) -> Sequence[tuple[str, Any]]:
        """What is believed now of a field along true time: the day from which on, and the value."""


@dataclass(frozen=True, slots=True)
class Change:
    """One record before and after what is about to be approved."""

    model: Model
    kind: Kind
    record: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    ask: Neighbours


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that does not hold: message code and its facts."""

    code: str
    facts: Mapping[str, Any]


Rule = Callable[[Change], Broken | None]

RULES: dict[str, Rule] = {}


def rule(name: str) -> Callable[[Rule], Rule]:
    """Register a rule under the name that kinds call it by."""

    def put(check: Rule) -> Rule:
        RULES[name] = check
        return check

    return put


CONCERNS: Mapping[str, tuple[str, ...]] = {
    "children_tile_parent": ("parent",),
    "release_inside_hazard": ("hazard",),
    "released_once": ("release_status",),
    "not_before_hazard": ("release_status",),
    "not_before_survey": ("activity",),
    "victims_add_up": ("casualties", "killed", "injured", "casualties_unknown"),
    "items_add_up": ("items_found", "quantity_found"),
    "bands_add_up": ("beneficiaries",),
}
"""Fields without which a rule has nothing to say of a first report; one not listed always looks."""


def check(change: Change, where: str) -> Iterator[Finding]:
    """Everything that speaks against this change."""
    for broken in _broken(change):
        yield Finding(broken.code, "refuse", where, {"record": change.record, **broken.facts})


def check_steps(change: Change, where: str) -> Iterator[Finding]:
    """What speaks against the steps of this change alone: for neighbours along true time."""
    for machine in change.kind.states:
        for broken in _steps(change, machine):
            yield Finding(broken.code, "refuse", where, {"record": change.record, **broken.facts})


def _broken(change: Change) -> Iterator[Broken]:
    if change.after is None:
        if change.before is not None:
            yield from _found(RULES["keep_hazard_with_harm"], change)
        return
    for one in change.kind.fields:
        if one.required != "never" and not one.personal and change.after.get(one.name) in (None, "", []):
            yield Broken("REQUIRED_AT_APPROVAL", {"field": in_language(one.label)})
    for name in change.kind.rules:
        yield from _found(RULES[name], change)
    for machine in change.kind.states:
        yield from _steps(change, machine)


def _found(one: Rule, change: Change) -> Iterator[Broken]:
    broken = one(change)
    if broken is not None:
        yield broken


def _steps(change: Change, machine: Any) -> Iterator[Broken]:
    come = (change.before or {}).get(machine.field)
    go = (change.after or {}).get(machine.field)
    if go is None or come == go:
        return
    facts = {"field": machine.field, "come": come or "-", "go": go}
    if come is None:
        if machine.start and go not in machine.start:
            yield Broken("STATE_START", {**facts, "start": ", ".join(machine.start)})
        return
    for forbidden in machine.forbidden:
        if forbidden.come == come and forbidden.go == go:
            if forbidden.needs and not [b for name in forbidden.needs for b in _found(RULES[name], change)]:
                return
            yield Broken("STEP_FORBIDDEN", {**facts, "reason": in_language(forbidden.why or {})})
            return
    step = machine.step(come, go)
    if step is None:
        allowed = ", ".join(one.go for one in machine.steps if one.come == come) or "-"
        yield Broken("STEP_UNKNOWN", {**facts, "allowed": allowed})
        return
    for name in step.needs:
        yield from _found(RULES[name], change)
