"""A small hand-made model and a clock that is set by hand: what the proofs of the register stand on.

Hand-made on purpose: when the catalogue changes, these proofs still say what the register does. Three kinds:
a hazard (a state, dangerous geometry, a guarded status), an accident (an event), a victim (an event with
personal fields and no geometry).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import shapely

from fallow.kinds import Code, CodeList, Field, Kind, Model, StateMachine, Step
from fallow.register import Draft, Register, create_register, open_register
from fallow.words import LANGUAGES, Text

PASSPHRASE = "apricots in the valley"


def label(words: str) -> Text:
    """The same words in every language."""
    return dict.fromkeys(LANGUAGES, words)


def field(number: int, kind: str, name: str, type: str, **more: Any) -> Field:
    more.setdefault("sensitivity", "public")
    return Field(id=f"{kind}.{number}", name=name, type=type, label=label(name), **more)


HAZARD_CLASS = CodeList(
    "hazard_class",
    label("class"),
    (
        Code("dismissed", label("dismissed"), danger=0),
        Code("indication", label("indication"), danger=1),
        Code("sha", label("suspected"), danger=2),
        Code("cha", label("confirmed"), danger=3),
    ),
)
STATUS = CodeList(
    "hazard_status",
    label("status"),
    (
        Code("open", label("open"), danger=3),
        Code("worked_on", label("worked on"), danger=2),
        Code("suspended", label("suspended"), danger=3),
        Code("closed", label("closed"), danger=0, guard="release"),
        Code("handed_over", label("handed over"), danger=0, guard="release"),
    ),
)
OUTCOME = CodeList(
    "outcome", label("outcome"), tuple(Code(one, label(one)) for one in ("killed", "injured", "unknown"))
)
ORDNANCE = CodeList(
    "ordnance",
    label("ordnance"),
    tuple(Code(one, label(one)) for one in ("ap_mine", "apxmine", "av_mine", "uxo")),
)

HAZARD = Kind(
    id="hazard",
    name="hazard",
    label=label("hazard"),
    plural=label("hazards"),
    about=label("Places that are or may be dangerous."),
    clock="state",
    fields=(
        field(1, "hazard", "name", "text"),
        field(2, "hazard", "hazard_class", "code", codes="hazard_class"),
        field(3, "hazard", "status", "code", codes="hazard_status"),
        field(4, "hazard", "date", "date"),
        field(5, "hazard", "depth", "quantity", unit="cm"),
        field(6, "hazard", "ordnance", "codes", codes="ordnance"),
        field(7, "hazard", "marked", "yes_no"),
        field(8, "hazard", "team_notes", "text", sensitivity="restricted"),
        field(9, "hazard", "benefit", "integer"),
    ),
    shapes=("point", "polygon"),
    location_unknown=True,
    date="date",
    title="name",
    danger=True,
    states=(
        StateMachine(
            "status",
            ("open", "worked_on"),
            (
                Step("open", "worked_on"),
                Step("worked_on", "open"),
                Step("open", "suspended"),
                Step("worked_on", "suspended"),
                Step("suspended", "open"),
                Step("suspended", "worked_on"),
                Step("open", "closed", ("two_signatures",)),
                Step("worked_on", "closed", ("two_signatures",)),
                Step("closed", "handed_over", ("two_signatures",)),
                Step("closed", "open"),
                Step("handed_over", "open"),
            ),
            (Step("suspended", "closed", (), label("Work first resumes.")),),
        ),
    ),
)
ACCIDENT = Kind(
    id="accident",
    name="accident",
    label=label("accident"),
    plural=label("accidents"),
    about=label("Harm that occurred."),
    clock="event",
    fields=(
        field(1, "accident", "date", "date", required="approved"),
        field(2, "accident", "place", "text"),
        field(3, "accident", "hazard", "link", link="hazard", reverse=label("accidents here")),
        field(4, "accident", "killed", "integer"),
    ),
    shapes=("point",),
    location_unknown=True,
    date="date",
    title="place",
)
VICTIM = Kind(
    id="victim",
    name="victim",
    label=label("victim"),
    plural=label("victims"),
    about=label("People who were harmed."),
    clock="event",
    fields=(
        field(1, "victim", "outcome", "code", codes="outcome"),
        field(2, "victim", "date", "date"),
        field(3, "victim", "accident", "link", link="accident", reverse=label("victims")),
        field(4, "victim", "full_name", "text", sensitivity="personal"),
        field(5, "victim", "address", "text", sensitivity="personal"),
    ),
    date="date",
)
MODEL = Model(
    kinds={one.name: one for one in (HAZARD, ACCIDENT, VICTIM)},
    code_lists={one.name: one for one in (HAZARD_CLASS, STATUS, OUTCOME, ORDNANCE)},
    digest="0" * 64,
)


def grown(*, digest: str = "1" * 64, **fields: tuple[Field, ...]) -> Model:
    """The model with further fields by kind: what an overlay makes of it."""
    kinds = dict(MODEL.kinds)
    for name, added in fields.items():
        kinds[name] = replace(kinds[name], fields=(*kinds[name].fields, *added))
    return replace(MODEL, kinds=kinds, digest=digest)


class Days:
    """A clock that stands at noon (UTC) of the day it was set to."""

    def __init__(self, day: str = "2021-01-01") -> None:
        self.now = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC) + timedelta(hours=12)

    def on(self, day: str) -> Days:
        """Set it to a day."""
        self.now = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC) + timedelta(hours=12)
        return self

    def __call__(self) -> datetime:
        return self.now


@contextmanager
def catalogue(model: Model = MODEL) -> Iterator[None]:
    """Let registers be made and opened with a hand-made model instead of the catalogue."""
    with (
        patch("fallow.register.opening.load_kinds", lambda overlay=None: model),
        patch("fallow.register.opening.catalogue_digest", lambda overlay=None: model.digest),
    ):
        yield


def make(folder: Path, clock: Any = None, model: Model = MODEL, **more: Any) -> Register:
    """A new register of the hand-made model in ``folder``."""
    if clock is not None:
        more["clock"] = clock
    with catalogue(model):
        return create_register(folder / "country.gpkg", title="A hand-made country", **more)


def reopen(folder: Path, clock: Any = None, model: Model = MODEL, **more: Any) -> Register:
    """The same register opened again."""
    if clock is not None:
        more["clock"] = clock
    with catalogue(model):
        return open_register(folder / "country.gpkg", **more)


def square(west: float = 46.0, south: float = 40.0, size: float = 0.01) -> bytes:
    """A square polygon as WKB."""
    return bytes(shapely.to_wkb(shapely.box(west, south, west + size, south + size), byte_order=1))


def point(east: float = 46.0, north: float = 40.0) -> bytes:
    """A point as WKB."""
    return bytes(shapely.to_wkb(shapely.Point(east, north), byte_order=1))


_UNSAID = object()


def says(
    record: str,
    true: str = "2021-01-01",
    *,
    kind: str = "hazard",
    source: str = "survey",
    shape: Any = _UNSAID,
    **more: Any,
) -> Draft:
    """A draft; keywords that are no attribute of a draft are fields."""
    known = {name: more.pop(name) for name in tuple(more) if name in Draft.__dataclass_fields__}
    if shape is not _UNSAID:
        known |= {"geometry": shape, "located": True}
    fields = known.pop("fields", {}) | more
    return Draft(
        kind=kind, record=record, source=source, author="A. Author", true=true, fields=fields, **known
    )


def accepted(register: Register, *drafts: Draft, **how: Any) -> list[int]:
    """Add and approve; the ledger numbers. Everything must have been approved."""
    numbers = list(register.add(drafts))
    outcome = register.approve(numbers, by="im.officer", why="test", **how)
    assert outcome.approved == len(numbers), outcome
    return numbers


def two_release_officers(register: Register) -> tuple[str, str]:
    """Two people who hold ``release``."""
    for person in ("Anna One", "Boris Two"):
        register.grant(person, ["release"], by="The Director", why="appointed")
    return "Anna One", "Boris Two"
