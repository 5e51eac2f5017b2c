"""Step 4, audiences: who reads what leaves, and what of it they may see.

``personal`` fields are in no audience: they stay in the vault. What an audience may see of a field is decided
by the class the kinds give it, never by a list here.
"""

from __future__ import annotations

from dataclasses import dataclass

from fallow.errors import FallowError
from fallow.kinds import Kind


@dataclass(frozen=True, slots=True)
class Audience:
    """Who reads it.

    Attributes
    ----------
    classes
        Sensitivity classes of the fields they may see.
    people
        Whether they may see records of people one by one (the kinds that describe a person); to others
        people are numbers.
    smallest
        Numbers about people above 0 and below this are withheld; 0 withholds none.
    grid
        Degrees: points of restricted geometry are put on a grid of this size; ``None`` takes them away.
        Hazards are never touched (S1).
    """

    name: str
    classes: frozenset[str]
    people: bool
    smallest: int
    grid: float | None


AUDIENCES = {
    one.name: one
    for one in (
        Audience("internal", frozenset({"public", "restricted"}), people=True, smallest=0, grid=0.0),
        Audience("partner", frozenset({"public", "restricted"}), people=False, smallest=0, grid=0.01),
        Audience("public", frozenset({"public"}), people=False, smallest=5, grid=None),
    )
}

PEOPLE = frozenset({"victim", "assistance"})
"""Kinds whose record is a person; ``accident`` carries counts and is not one."""


def audience(name: str) -> Audience:
    """One audience; ``AUDIENCE_UNKNOWN`` for a name that is none. There is no default: somebody must say."""
    if name not in AUDIENCES:
        raise FallowError("AUDIENCE_UNKNOWN", name, known=", ".join(AUDIENCES))
    return AUDIENCES[name]


def fields_for(kind: Kind, to: Audience) -> tuple[str, ...]:
    """Names of the stored fields of a kind that an audience may see, in the order of the kind.

    Records of people have none for those who see people only as numbers.
    """
    if kind.name in PEOPLE and not to.people:
        return ()
    return tuple(one.name for one in kind.stored if one.sensitivity in to.classes)
