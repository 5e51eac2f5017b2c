"""Face one, options that several verbs share, each declared once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fallow.cli.shell import Option, Verb, nearest
from fallow.errors import FallowError

Decorated = TypeVar("Decorated", bound=Callable[..., Any] | click.Command)

if TYPE_CHECKING:
    _ParamType = click.ParamType[Any]
else:
    _ParamType = click.ParamType  # click before 8.5 has no type argument here


class _File(click.Path):
    """A path; where something lies there, it may be read."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; ``FILE_NOT_FOUND`` in the place of click's sentence, which it says in English only."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            raise FallowError("FILE_NOT_FOUND", Path(value).name) from error


FILE = _File(path_type=Path)


class Number(_ParamType):
    """A whole number from ``low`` up."""

    name = "number"

    def __init__(self, low: int = 0, high: int | None = None) -> None:
        self.low, self.high = low, high

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number; ``OPTION_NUMBER`` for anything else."""
        text = str(value)
        if not (text.isascii() and text.isdigit()) or len(text) > 18:
            raise FallowError("OPTION_NUMBER", _where(param), found=text[:40])
        if int(text) < self.low or (self.high is not None and int(text) > self.high):
            raise FallowError("OPTION_NUMBER", _where(param), found=text)
        return int(text)


class OneOf(_ParamType):
    """One of some words."""

    name = "word"

    def __init__(self, *words: str) -> None:
        self.words = words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word; ``OPTION_WORD`` with the nearest one otherwise."""
        if value not in self.words:
            near, known = nearest(str(value), self.words), ", ".join(self.words)
            raise FallowError("OPTION_WORD", _where(param), found=str(value)[:40], near=near, known=known)
        return str(value)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """The words themselves."""
        return "[" + "|".join(self.words) + "]"


class Boxes(_ParamType):
    """West, south, east, north in degrees, separated by commas."""

    name = "box"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float, float, float]:
        """Four numbers in order; ``BBOX`` otherwise."""
        try:
            west, south, east, north = (float(one) for one in str(value).split(","))
        except ValueError as error:
            raise FallowError("BBOX", _where(param), found=str(value)[:60]) from error
        # written so that NaN, which compares false with everything, is refused too
        if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
            raise FallowError("BBOX", _where(param), found=str(value)[:60])
        return west, south, east, north


def _where(param: click.Parameter | None) -> str:
    if param is None:
        return ""
    return param.opts[0] if isinstance(param, click.Option) else str(param.name).upper()


def verb(name: str) -> Callable[[Callable[..., Any]], click.Command]:
    """Declare a verb; its help is ``cli.verb.<name>``, and it has ``--lang`` as every verb has."""

    def declare(function: Callable[..., Any]) -> click.Command:
        made = click.command(name.split(".")[-1], cls=Verb, help=f"cli.verb.{name}")(function)
        return language_option(made)

    return declare


def option(*spelled: str, key: str, **rest: Any) -> Callable[[Decorated], Decorated]:
    """An option whose help is ``cli.opt.<key>``."""
    return click.option(*spelled, cls=Option, help=f"cli.opt.{key}", **rest)


def language_option(command: Decorated) -> Decorated:
    """``--lang``: read before parsing (``language.py``), so here it is only taken off the line."""
    return option("--lang", key="lang", metavar="LANG", expose_value=False)(command)


def register_option(command: Decorated) -> Decorated:
    """``--register``: the file to work on."""
    return option(
        "--register",
        "path",
        key="register",
        type=FILE,
        metavar="FILE",
        envvar="FALLOW_REGISTER",
        default=None,
    )(command)


def passphrase_option(command: Decorated) -> Decorated:
    """``--passphrase-file``; never an argument, which every process on the machine could read."""
    return option("--passphrase-file", key="passphrase_file", type=FILE, metavar="FILE", default=None)(
        command
    )


def json_option(command: Decorated) -> Decorated:
    """``--json`` and ``--table``; without either, a table for a person and JSON for a pipe."""
    return option("--json/--table", "as_json", key="json", default=None)(command)


def clock_options(command: Decorated) -> Decorated:
    """``--known``, ``--true``, ``--head``: as of when."""
    for one in (
        option("--head", key="head", type=Number(1), metavar="NUMBER", default=None),
        option("--true", key="true", metavar="DAY", default=None),
        option("--known", key="known", metavar="DAY", default=None),
    ):
        command = one(command)
    return command


def person_options(command: Decorated) -> Decorated:
    """``--by`` and ``--why``: every decision has a name and a reason."""
    for one in (
        option("--why", key="why", metavar="TEXT", required=True),
        option("--by", key="by", metavar="NAME", required=True),
    ):
        command = one(command)
    return command


def as_of_option(command: Decorated) -> Decorated:
    """``--as-of``: the day it was decided, for history brought in late."""
    return option("--as-of", key="as_of", metavar="DAY", default=None)(command)


def accept_option(command: Decorated) -> Decorated:
    """``--accept``: codes of findings that this person accepts."""
    return option("--accept", key="accept", metavar="CODE", multiple=True)(command)
