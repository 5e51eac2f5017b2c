"""Step 2, what the register is told: drafts of reports, deliveries and decisions, as plain frozen data.

A :class:`Draft` is what intake hands over; from the moment :meth:`Register.add` has taken it, it is a
report: immutable, numbered by the ledger and hashed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Verb = Literal["approve", "reject", "release", "resolve", "same", "different", "grant"]

OPEN_END = "9999-12-31"
"""The upper bound of what is still known and still true."""

BEGINNING = "0001-01-01"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One hand-over of one source: what came, from whom, when, under which licence."""

    source: str
    """Stable name of the source; two deliveries of one source share it."""
    who: str
    """The organisation or person that says so."""
    delivered: str
    """ISO day it was handed over."""
    declared: bool
    """True when ``delivered`` is to count as the day it was learned although it was loaded later."""
    files: tuple[Mapping[str, Any], ...]
    """``{"name", "sha256", "bytes"}`` of each original; the names are labels, never paths."""
    mapping: str
    """SHA-256 of the source description, so that the same files under the same mapping are known already."""
    licence: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """One source's statement about one record at one moment, not yet received.

    Attributes
    ----------
    fields
        Only what the statement speaks about, as canonical values of ``kinds.values``; ``None`` says
        "this is now empty". Never a ``personal`` field: those are in ``secret``.
    original
        The text that came in, for each field whose cleaned value reads differently.
    true
        Date of information, partial as it was given: ``2021``, ``2021-02`` or ``2021-02-05``.
    geometry
        WKB, longitude and latitude on WGS 84; ``None`` with ``located`` true says "location unknown".
    located
        Whether the statement speaks about the geometry at all.
    learned
        ISO day the programme learned it, only when declared; the ledger witnesses it otherwise.
    corrects
        Ledger numbers of reports whose same fields this one replaces at their own date.
    withdraws
        Ledger numbers of reports this one takes back whole.
    seen
        Ledger numbers the author had before them; a report supersedes what it has seen without conflict.
        Earlier reports of the same source are always seen.
    secret
        ``personal`` values by field name; they go to the vault and only a commitment enters the ledger.
    """

    kind: str
    record: str
    source: str
    author: str
    true: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    original: Mapping[str, Any] = field(default_factory=dict)
    geometry: bytes | None = None
    located: bool = False
    learned: str | None = None
    where: str = ""
    corrects: tuple[int, ...] = ()
    withdraws: tuple[int, ...] = ()
    seen: tuple[int, ...] = ()
    secret: Mapping[str, Any] = field(default_factory=dict)
    held: tuple[str, ...] = ()
    """Codes of findings that a named person must accept before this can be approved."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one source has said so far about one record, its reports laid on each other in order."""

    record: str
    fields: Mapping[str, Any]
    geometry: bytes | None
    true: str
    reports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it stands at one pair of dates, computed from approved reports."""

    id: str
    kind: str
    fields: Mapping[str, Any]
    geometry: bytes | None
    """WKB on EPSG:4326, or ``None`` for "location unknown"."""
    known_from: str
    known_to: str
    true_from: str
    true_to: str
    conflict: str
    """Names of the fields on which sources disagree, separated by spaces; empty when none does."""
    awaiting: str
    """What a report claims and two signatures have not confirmed: ``status=closed``; empty when nothing."""
    declared: int
    """How many of its reports have a declared rather than a witnessed known date."""
    reports: tuple[int, ...]
    """Ledger numbers of the reports behind the values."""
