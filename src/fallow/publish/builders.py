"""Step 4, builders: what can be published by name, so that a new report is one function in one file.

A builder is a registered function that asks analyses and arranges what they found; it never counts anything
itself. ``prepare("article7", register, year=2024)`` finds it, checks what it was asked, and puts stamp and
parameters on what it made. Command line, pages and documentation read the same list.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import Any

from fallow.analysis import Result, run
from fallow.errors import FallowError
from fallow.publish.publication import Block, Cell, Publication, classes_of
from fallow.publish.results import bound, stamp
from fallow.register import Register
from fallow.words import Text, catalogue

CLOCKS = ("known", "true", "head")
"""Beginnings of the names of modules that hold builders."""


@dataclass(slots=True)
class Making:
    """What a builder works with: the register on its clocks, and every result it asked for by name."""

    register: Register
    clocks: Mapping[str, Any]
    results: dict[str, Result] = field(default_factory=dict)

    def run(self, name: str, analysis: str | None = None, **parameters: Any) -> Result:
        """Run an analysis (named like the result when empty) and keep the result under ``name``.

        A clock among the parameters stands over that of the publication.
        """
        if name not in self.results:
            self.results[name] = run(analysis or name, self.register, **{**self.clocks, **parameters})
        return self.results[name]

    def cell(self, name: str, measure: str, *line: str) -> Cell:
        """One number of a result that was run, with its figure."""
        return bound(name, self.results[name], measure, *line)


@dataclass(frozen=True, slots=True)
class Made:
    """What a builder gives back; :func:`prepare` makes the :class:`Publication` of it."""

    title: Text
    blocks: tuple[Block, ...]
    subtitle: Text = field(default_factory=dict)
    parameters: Mapping[str, Any] | None = None
    """What is said to have been asked, where that is not what was given: a file's name may name a person."""


Function = Callable[..., Made]


@dataclass(frozen=True, slots=True)
class Builder:
    """A registered builder.

    Attributes
    ----------
    parameters
        Names of what it may be asked, in order.
    required
        Those of them that have no default.
    """

    name: str
    version: int
    function: Function
    parameters: tuple[str, ...]
    required: tuple[str, ...]
    about: str

    @property
    def title(self) -> Text:
        """Its name in every language: the word ``publish.<name>``."""
        return catalogue()[f"publish.{self.name}"]


_BUILDERS: dict[str, Builder] = {}


def publication(name: str, version: int = 1) -> Callable[[Function], Function]:
    """Register a function ``(making, *, ...) -> Made`` under a name.

    Raise ``version`` when it prints other numbers or tables for the same register.
    """

    def put(function: Function) -> Function:
        declared = list(inspect.signature(function).parameters.values())[1:]
        _BUILDERS[name] = Builder(
            name,
            version,
            function,
            tuple(one.name for one in declared),
            tuple(one.name for one in declared if one.default is inspect.Parameter.empty),
            (function.__doc__ or "").strip().split("\n")[0],
        )
        return function

    return put


@cache
def publications() -> Mapping[str, Builder]:
    """Every builder by name: importing the modules of ``reports`` registers them."""
    from fallow.publish import reports

    for module in pkgutil.iter_modules(reports.__path__):
        importlib.import_module(f"{reports.__name__}.{module.name}")
    return dict(sorted(_BUILDERS.items()))


def prepare(name: str, register: Register, **parameters: Any) -> Publication:
    """Build a publication; nothing has left yet, and nothing is redacted yet.

    Parameters
    ----------
    name
        A key of :func:`publications`; ``PUBLICATION_UNKNOWN`` with the nearest name otherwise.
    parameters
        ``known``, ``true``, ``head`` for the clocks, ``issued`` for the day it is issued, and what the
        builder declares; ``PUBLICATION_PARAMETER`` for others, ``PUBLICATION_ASKS`` when one that it needs is
        missing.
    """
    chosen = publications().get(name)
    if chosen is None:
        raise FallowError("PUBLICATION_UNKNOWN", name, known=_near(name, tuple(publications())))
    allowed = (*chosen.parameters, *CLOCKS, "issued")
    for given in parameters:
        if given not in allowed:
            raise FallowError("PUBLICATION_PARAMETER", f"{name}.{given}", known=", ".join(allowed))
    for needed in chosen.required:
        if parameters.get(needed) in (None, ""):
            raise FallowError("PUBLICATION_ASKS", name, found=needed)
    issued = parameters.pop("issued", None)
    clocks = {clock: parameters.pop(clock, None) for clock in CLOCKS}
    making = Making(register, clocks)
    made = chosen.function(making, **parameters)
    asked = parameters if made.parameters is None else made.parameters
    told = {key: value for key, value in sorted({**asked, **clocks}.items()) if value is not None}
    return Publication(
        name=name,
        version=chosen.version,
        title=made.title,
        blocks=made.blocks,
        results=dict(making.results),
        stamp=stamp(register, **clocks),
        subtitle=made.subtitle,
        issued=issued,
        parameters=told,
        classes=classes_of(register.model),
    )


def _near(name: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    return near[0] if near else ", ".join(known)
