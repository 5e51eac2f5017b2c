"""Step 0, what a record is: the notions a declaration is made of, as plain frozen data.

Nothing here reads a file (``load.py`` does) and nothing here knows a database. A :class:`Model` is what
``load_kinds()`` returns, what a register carries inside itself, and what every projection reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from fallow.words import Text

Sensitivity = Literal["public", "restricted", "personal"]
"""``personal`` values live in the vault, never in the register; ``restricted`` never leave for the public."""

Shape = Literal["point", "line", "polygon"]

Clock = Literal["state", "event"]
"""``state``: a later date of information supersedes (a hazard). ``event``: the date is when it happened, and
a second statement about it is a correction (an accident)."""


@dataclass(frozen=True, slots=True)
class Code:
    """One entry of a code list. Added, never renamed, never reused."""

    code: str
    label: Text
    danger: int | None = None
    """Order for invariant S2: while sources disagree the higher number stands."""
    guard: str | None = None
    """``release``: no report can set it, only a release decision signed by two people (S3)."""
    symbol: str | None = None
    """Colour of the standard symbology as ``#rrggbb``, where it has one."""
    low: int | None = None
    """First whole year of an age band."""
    high: int | None = None
    """Last whole year of an age band; ``None`` in a band means "and over"."""
    since: str | None = None
    """Version of the list that brought it in."""
    until: str | None = None
    """No longer offered from this version on; old data keeps its meaning."""


@dataclass(frozen=True, slots=True)
class CodeList:
    """A versioned list of codes, one CSV file."""

    name: str
    label: Text
    codes: tuple[Code, ...]
    bands: bool = False
    """The codes are age bands: they must tile from 0 to "and over" without a gap."""

    def __iter__(self) -> Iterator[Code]:
        return iter(self.codes)

    def get(self, code: str) -> Code | None:
        """The entry with this code, or ``None``."""
        return next((one for one in self.codes if one.code == code), None)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind: a permanent id beside a name, a value type, and who may see it."""

    id: str
    """Permanent, never renamed, never reused (for example ``hazard.3``)."""
    name: str
    type: str
    """Key of ``values.VALUE_TYPES``."""
    label: Text
    sensitivity: Sensitivity
    hint: Text | None = None
    codes: str | None = None
    """Name of the code list, for ``code`` and ``codes``."""
    unit: str | None = None
    """Unit the value is stored in, for ``quantity`` (``m2``, ``m``, ``cm``, ``deg``, ``min`` ...)."""
    link: str | None = None
    """Kind it points to, for ``link`` and ``links``."""
    reverse: Text | None = None
    """What the other end calls this link ("accidents in this hazard")."""
    required: Literal["never", "draft", "approved"] = "never"
    """The state of a report from which a value must be there."""
    low: float | None = None
    high: float | None = None
    source: str | None = None
    """IMAS clause or treaty form the field answers, by number."""

    @property
    def personal(self) -> bool:
        """Whether its values live in the vault."""
        return self.sensitivity == "personal"


@dataclass(frozen=True, slots=True)
class Step:
    """One allowed or forbidden change of a state field."""

    come: str
    go: str
    needs: tuple[str, ...] = ()
    """Names of rules in ``register/rules.py`` that must hold at approval."""
    why: Text | None = None
    """For a forbidden step: the reason a person reads."""


@dataclass(frozen=True, slots=True)
class StateMachine:
    """Which values a state field may start with and which changes are allowed."""

    field: str
    start: tuple[str, ...]
    steps: tuple[Step, ...]
    forbidden: tuple[Step, ...] = ()

    def step(self, come: str, go: str) -> Step | None:
        """The declared step from one state to another, or ``None``."""
        return next((one for one in self.steps if one.come == come and one.go == go), None)


@dataclass(frozen=True, slots=True)
class Kind:
    """A declared type of record."""

    id: str
    name: str
    label: Text
    plural: Text
    about: Text
    clock: Clock
    fields: tuple[Field, ...]
    shapes: tuple[Shape, ...] = ()
    """Geometry it may carry; empty for none. Stored as longitude, latitude on WGS 84 (EPSG:4326)."""
    location_unknown: bool = False
    """A record without geometry is accepted, counted and said so on every map."""
    date: str | None = None
    """The field that is its date: date of information of a state, date of the event of an event."""
    title: str | None = None
    """The field a person calls it by."""
    symbol: str | None = None
    """The code field that decides colour on the map."""
    danger: bool = False
    """S1 and S2 guard its geometry: the larger shape stands while sources disagree."""
    states: tuple[StateMachine, ...] = ()
    rules: tuple[str, ...] = ()
    """Further rules of ``register/rules.py`` checked at approval."""
    sensitivity: Sensitivity = "public"
    """Class of its geometry."""
    group: str = "object"
    """Where a person looks for it: ``object``, ``process``, ``place``, ``paper``."""
    source: str | None = None

    def field(self, name: str) -> Field | None:
        """The field of this name, or ``None``."""
        return next((one for one in self.fields if one.name == name), None)

    @property
    def stored(self) -> tuple[Field, ...]:
        """The fields that have a column in the register: all but the personal ones."""
        return tuple(one for one in self.fields if not one.personal)


@dataclass(frozen=True, slots=True)
class Model:
    """Every kind and code list of a programme: the catalogue with its national overlay laid on."""

    kinds: Mapping[str, Kind]
    code_lists: Mapping[str, CodeList]
    digest: str
    """SHA-256 over the declarations; a register made with another digest is migrated or refused."""
    overlay: str | None = None
    """Name of the national overlay, if one is laid on."""
    retired: Mapping[str, str] = field(default_factory=dict)
    """Permanent ids no longer offered, with the name they had."""

    def kind(self, name: str) -> Kind:
        """The kind of this name; raises ``KIND_UNKNOWN`` with the nearest name."""
        found = self.kinds.get(name)
        if found is None:
            from difflib import get_close_matches

            from fallow.errors import FallowError

            near = get_close_matches(name, self.kinds, n=1, cutoff=0.5)
            raise FallowError("KIND_UNKNOWN", name, near=near[0] if near else ", ".join(sorted(self.kinds)))
        return found

    def codes(self, of: Field) -> CodeList:
        """The code list of a ``code`` or ``codes`` field."""
        return self.code_lists[of.codes or ""]
