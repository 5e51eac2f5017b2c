"""Step 3, running: analyses are registered functions, so that a new one is a file and nothing else.

``run("casualties", register, since="2020-11-10")`` finds the function, checks the parameters it declares, and
puts the recipe on what it found. Command line, pages and documentation read the same registry.
"""

from __future__ import annotations

import gc
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from fallow.analysis.parameters import Parameter, checked, parameters_of
from fallow.analysis.result import Carried, Key, Line, Measure, Recipe, Result
from fallow.errors import FallowError
from fallow.register import Inputs, Record, Register, SaidBy, View, digest_of_inputs
from fallow.words import Text, catalogue

CLOCKS = ("known", "true", "head")

_NEAREST = 3
_TRIES = 5


class Plain(NamedTuple):
    """A record with only the fields that were asked for."""

    id: str
    fields: Mapping[str, Any]


_record = attrgetter("id")


@dataclass(slots=True)
class Asked:
    """What an analysis works with: one view of the register, and a note of every record it reads."""

    register: Register
    view: View
    read: dict[str, tuple[int, ...]] = field(default_factory=dict)
    declared: dict[str, int] = field(default_factory=dict)

    def plain(self, kind: str, names: Sequence[str]) -> list[Plain]:
        """The same with these fields alone, as they are stored: a country's people are counted often.

        For fields that are stored as they are said (texts, codes, numbers, dates); one that the kind does not
        have reads as empty.
        """
        of = self.register.model.kinds.get(kind)
        if of is None:
            return []
        there = {one.name for one in of.stored}
        asked = [name for name in names if name in there]
        found = []
        for batch in self.view.raw(kind, ["record", "reports", "declared", *asked], geometry=False):
            for record, reports, declared, *cells in batch:
                self.read[record] = (
                    (int(reports),) if " " not in reports else tuple(map(int, reports.split()))
                )
                self.declared[record] = declared
                found.append(Plain(record, dict(zip(asked, cells, strict=True))))
        found.sort(key=_record)
        return found

    def records(self, kind: str, **where: Any) -> list[Record]:
        """Records of a kind in order of id, each noted as read; an absent kind has none."""
        if kind not in self.register.model.kinds:
            return []
        found = sorted(self.view.records(kind, where or None), key=lambda one: one.id)
        for one in found:
            self.read[one.id] = one.reports
            self.declared[one.id] = one.declared
        return found


@dataclass(frozen=True, slots=True)
class Found:
    """What the function of an analysis gives back; :func:`run` makes the :class:`Result` of it."""

    keys: tuple[Key, ...]
    measures: tuple[Measure, ...]
    lines: tuple[Line, ...]
    notes: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    sums: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Measures that are sums of others in every line: see :attr:`Result.sums`."""
    carried: Carried | None = None
    """Which reports a number rests on, where not all of its records': see :attr:`Result.carried`."""


@dataclass(frozen=True, slots=True)
class Counted:
    """One number that was counted without its table.

    Attributes
    ----------
    said_by
        The sources of the reports behind it.
    inputs
        Every record and report that was read.
    """

    keys: tuple[Key, ...]
    measure: Measure
    value: float | None
    uncertain: int | None
    said_by: tuple[SaidBy, ...]
    inputs: Inputs


Function = Callable[..., Found]
Counting = Callable[..., Counted | None]
_COUNTING: dict[str, Counting] = {}


def counting(name: str) -> Callable[[Counting], Counting]:
    """Register the short way to one number of an analysis: ``(asked, measure, at, **parameters)``."""

    def put(function: Counting) -> Counting:
        _COUNTING[name] = function
        return function

    return put


@dataclass(frozen=True, slots=True)
class Analysis:
    """A registered analysis."""

    name: str
    version: int
    function: Function
    parameters: tuple[Parameter, ...]
    people: bool = False
    """Whether its numbers count people, so that small ones are not told to the public."""

    @property
    def title(self) -> Text:
        """Its name in every language: the word ``analysis.<name>``."""
        return catalogue()[f"analysis.{self.name}"]

    @property
    def about(self) -> Text:
        """One sentence on what it tells: the word ``analysis.about.<name>``."""
        return catalogue()[f"analysis.about.{self.name}"]

    @property
    def asks(self) -> tuple[str, ...]:
        """Names of the parameters it declares."""
        return tuple(one.name for one in self.parameters)

    @property
    def method(self) -> str:
        """How it is counted, in English: the documentation of its module."""
        return inspect.cleandoc(inspect.getmodule(self.function).__doc__ or "")


_ANALYSES: dict[str, Analysis] = {}


def analysis(name: str, version: int = 1, *, people: bool = False) -> Callable[[Function], Function]:
    """Register a function ``(asked, **parameters) -> Found`` under a name.

    Raise ``version`` when the numbers it gives for the same register change; say ``people=True`` when they
    count people.
    """

    def put(function: Function) -> Function:
        _ANALYSES[name] = Analysis(name, version, function, parameters_of(function), people)
        return function

    return put


@cache
def analyses() -> Mapping[str, Analysis]:
    """Every analysis by name: importing the room's modules registers them."""
    from fallow import analysis as room

    for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
        importlib.import_module(module.name)
    return dict(sorted(_ANALYSES.items()))


@contextmanager
def collector_paused() -> Iterator[None]:
    """Millions of small values are made and kept: the collector would walk them over and over for nothing."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def run(name: str, register: Register, **parameters: Any) -> Result:
    """Run an analysis.

    Parameters
    ----------
    name
        A key of :func:`analyses`; ``ANALYSIS_UNKNOWN`` with the nearest names otherwise.
    parameters
        ``known``, ``true``, ``head`` for the clocks, and what it declares; ``PARAMETER_UNKNOWN`` for others.
    """
    return _at_one_head(register, lambda: _run(name, register, parameters))


Made = TypeVar("Made")


def _at_one_head(register: Register, make: Callable[[], Made]) -> Made:
    """What is read from one state of the register: made again where somebody wrote to it meanwhile.

    Accidents read before an approval and victims read after it would give a number that never was true.
    ``REGISTER_BUSY`` when somebody does so every time.
    """
    for _ in range(_TRIES):
        head = register.ledger.head()[0]
        try:
            made = make()
        except FallowError:  # half of an approval may look like damage
            if register.ledger.head()[0] == head:
                raise
            continue
        if register.ledger.head()[0] == head:
            return made
    raise FallowError("REGISTER_BUSY", "ledger")


def _run(name: str, register: Register, given: Mapping[str, Any]) -> Result:
    chosen, asked, clocks, parameters = prepared(name, register, given)
    with collector_paused():
        found = chosen.function(asked, **parameters)
    behind = _behind(asked, found.lines)
    if found.carried is not None:
        carrying = frozenset(found.carried.every())
        behind = {
            record: tuple(one for one in reports if one in carrying) for record, reports in behind.items()
        }
    said_by = tuple(register.said_by(number for numbers in behind.values() for number in numbers))
    one_voice = (
        (("analysis.note.one_source", {"who": said_by[0].who or said_by[0].source}),)
        if len(said_by) == 1
        else ()
    )
    nothing: tuple[tuple[str, Mapping[str, Any]], ...] = (
        () if asked.read else (("analysis.note.no_record", {}),)
    )
    return Result(
        name=name,
        title=chosen.title,
        keys=found.keys,
        measures=found.measures,
        lines=found.lines,
        reports=behind,
        recipe=_recipe(chosen, asked, clocks, parameters, _read(asked)),
        said_by=said_by,
        notes=(*one_voice, *nothing, *found.notes),
        people=chosen.people,
        sums=found.sums,
        carried=found.carried,
    )


def prepared(
    name: str, register: Register, given: Mapping[str, Any]
) -> tuple[Analysis, Asked, dict[str, Any], dict[str, Any]]:
    """The analysis, the view it works with, the clocks, and its parameters; refuses what is not declared."""
    parameters = dict(given)
    chosen = analysis_of(name)
    for one in parameters:
        if one not in (*CLOCKS, *chosen.asks):
            raise FallowError("PARAMETER_UNKNOWN", f"{name}.{one}", near=_near(one, [*CLOCKS, *chosen.asks]))
    clocks = {clock: parameters.pop(clock, None) for clock in CLOCKS}
    parameters = checked(name, chosen.parameters, parameters)
    asked = Asked(register, register.at(**clocks))
    _has_come(f"{name}.known", asked)
    return chosen, asked, clocks, parameters


def _has_come(where: str, asked: Asked) -> None:
    """Refuse what nobody can know yet (``KNOWN_AHEAD``): 2062 for 2026 would be quoted as a fact."""
    last = max(datetime.now().astimezone().date().isoformat(), asked.register.ledger.head()[2][:10])
    if asked.view.known is not None and asked.view.known > last:
        raise FallowError("KNOWN_AHEAD", where, found=asked.view.known, day=last)


def counted(
    name: str, register: Register, measure: str | None, at: Sequence[str], given: Mapping[str, Any]
) -> tuple[Counted, Recipe] | None:
    """One number by the short way, with the recipe the table would have; ``None`` where there is none."""
    chosen, asked, clocks, parameters = prepared(name, register, given)
    short = _COUNTING.get(name)
    if short is None or clocks["head"] is not None:
        return None

    def make() -> tuple[Counted, Recipe] | None:
        with collector_paused():
            found = short(asked, measure, at, **parameters)
        if found is None:
            return None
        of = found.inputs
        read = _Read(of.records, of.reports, of.declared, of.digest)
        return found, _recipe(chosen, asked, clocks, parameters, read)

    return _at_one_head(register, make)


def analysis_of(name: str) -> Analysis:
    """An analysis by its name; ``ANALYSIS_UNKNOWN`` with the three that read most like it."""
    found = analyses().get(name)
    if found is None:
        near = get_close_matches(name, analyses(), n=_NEAREST, cutoff=0.0)
        raise FallowError("ANALYSIS_UNKNOWN", name[:60], near=", ".join(near))
    return found


def _near(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    return near[0] if near else ", ".join(known)


def _behind(asked: Asked, lines: Sequence[Line]) -> Mapping[str, tuple[int, ...]]:
    # One tuple often stands behind several numbers: of 3 million records of the books half are told twice.
    each = {id(records): records for line in lines for records in line.behind.values()}
    counted = set().union(*each.values())
    return {record: reports for record, reports in asked.read.items() if record in counted}


class _Read(NamedTuple):
    """What was read: how many records and reports, how many of these declared, and their digest."""

    records: int
    reports: int
    declared: int
    inputs: str


def _read(asked: Asked) -> _Read:
    return _Read(
        len(asked.read),
        sum(map(len, asked.read.values())),
        sum(asked.declared.values()),
        digest_of_inputs(asked.read),
    )


def _recipe(
    chosen: Analysis,
    asked: Asked,
    clocks: Mapping[str, Any],
    parameters: Mapping[str, Any],
    read: _Read,
) -> Recipe:
    from fallow import __version__

    register = asked.register
    head = clocks["head"] or register.ledger.head()[0]
    return Recipe(
        analysis=chosen.name,
        version=chosen.version,
        register=register.id,
        head=head,
        head_hash=register.entry(head).hash.hex(),
        known=asked.view.known,
        true=asked.view.true,
        parameters={
            key: list(value) if isinstance(value, tuple) else value
            for key, value in sorted(parameters.items())
        },
        declared=read.declared,
        witnessed=read.reports - read.declared,
        records=read.records,
        inputs=read.inputs,
        fallow=__version__,
    )
