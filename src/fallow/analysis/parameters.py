"""Step 3, parameters: what an analysis may be asked, read from the signature of its function.

Command line, pages and documentation are made from these, so that they cannot drift from the function: an
annotation says what sort of value a parameter takes (:data:`Day`, :func:`one_of` ...), the words
``analysis.param.<name>`` what it is called and ``analysis.param.<name>.help`` what it does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter as Argument
from inspect import signature
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints
from unicodedata import normalize

from fallow.errors import FallowError
from fallow.words import Text, catalogue

Sort = Literal["day", "days", "year", "number", "text", "one", "some"]
"""A day, several days, a year, a number, a text, one of some words, some of some words."""


@dataclass(frozen=True, slots=True)
class Takes:
    """Put on an annotation: the sort of value, and for words which ones and where their labels are."""

    sort: Sort
    choices: tuple[str, ...] = ()
    labels: str = ""
    """Beginning of the key of a choice's label."""


Day = Annotated[str | None, Takes("day")]
"""An ISO day, which may be partial."""

KnownDay = Annotated[str, Takes("day")]
"""The same, and it has to be given."""

Days = Annotated[Sequence[str] | str, Takes("days")]
"""ISO days, a list or separated by commas."""

Year = Annotated[int | str | None, Takes("year")]
"""A calendar year."""

Place = Annotated[str | None, Takes("text")]
"""A first- or second-level unit, by name or code."""

Number = Annotated[float | str, Takes("number")]
"""A number from 0 up."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing an analysis may be asked."""

    name: str
    sort: Sort
    choices: tuple[str, ...]
    labels: str
    required: bool
    default: Any

    @property
    def label(self) -> Text:
        """What it is called."""
        return catalogue()[f"analysis.param.{self.name}"]

    @property
    def help_key(self) -> str:
        """Key of the sentence that says what it does."""
        return f"analysis.param.{self.name}.help"

    @property
    def help(self) -> Text:
        """What it does."""
        return catalogue()[self.help_key]

    def choice(self, code: str) -> Text:
        """What one of its choices is called."""
        return catalogue()[f"{self.labels}{code}"]

    @property
    def several(self) -> bool:
        """Whether it takes a list."""
        return self.sort in ("days", "some")


def parameters_of(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """What a function ``(asked, **parameters)`` may be asked, in the order of its signature."""
    hints = get_type_hints(function, include_extras=True)
    found = []
    for name, argument in list(signature(function).parameters.items())[1:]:
        takes = _takes(hints.get(name))
        required = argument.default is Argument.empty
        found.append(
            Parameter(
                name,
                takes.sort,
                takes.choices,
                takes.labels,
                required,
                None if required else argument.default,
            )
        )
    return tuple(found)


def _takes(hint: Any) -> Takes:
    """What an annotation says; a bare one takes a text."""
    if get_origin(hint) is Annotated:
        for one in get_args(hint)[1:]:
            if isinstance(one, Takes):
                return one
    return Takes("text")


def checked(analysis: str, parameters: Sequence[Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, without empty answers; refuses a year that is none and what has to be there and is not.

    Raises
    ------
    FallowError
        ``PARAMETER_MISSING``, ``PARAMETER_YEAR``. Days, words and numbers are refused by the analysis itself,
        which is also called from Python.
    """
    found = {name: value for name, value in given.items() if value not in (None, "", (), [])}
    for one in parameters:
        if one.required and one.name not in found:
            raise FallowError("PARAMETER_MISSING", f"{analysis}.{one.name}", name=one.name)
        if one.sort == "year" and one.name in found:
            found[one.name] = _year(f"{analysis}.{one.name}", found[one.name])
        if one.sort == "text" and isinstance(found.get(one.name), str):
            # As texts are kept: some keyboards and file names write one letter as two signs.
            found[one.name] = normalize("NFC", found[one.name]).strip() or found[one.name]
    return found


def _year(where: str, given: Any) -> int:
    text = str(given).strip()
    if not (text.isascii() and text.isdigit() and len(text) == 4 and text != "0000"):
        raise FallowError("PARAMETER_YEAR", where, found=text[:40])
    return int(text)
