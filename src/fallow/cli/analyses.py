"""Face one, analyses as verbs, made from what each analysis declares: a new one is a verb at once.

The words know which analyses there are (``analysis.about.<name>``; a test refuses one without), so that
``fallow --help`` lists them and imports none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from fallow.cli import options
from fallow.cli.shell import Lazy, Option, Verb, Verbs
from fallow.words import catalogue, say

if TYPE_CHECKING:
    from fallow.analysis import Parameter

_ABOUT = "analysis.about."
_METAVAR = {
    "day": "DAY",
    "days": "DAY,DAY",
    "year": "YEAR",
    "number": "NUMBER",
    "text": "TEXT",
    "some": "NAME,NAME",
}
CLOCKS = ("known", "true", "head")


def analysis_names() -> list[str]:
    """Every analysis there are words for, in order."""
    return sorted(key.removeprefix(_ABOUT) for key in catalogue() if key.startswith(_ABOUT))


def spelled(name: str) -> str:
    """How a name is typed: ``publication-change``."""
    return name.replace("_", "-")


@dataclass(frozen=True, slots=True)
class Analysed(Lazy):
    """A verb made from an analysis when it is called; ``target`` is ``module:function`` that makes it."""

    analysis: str = ""

    @property
    def key(self) -> str:
        """Key of what the analysis tells."""
        return _ABOUT + self.analysis

    def load(self) -> click.Command:
        """Make it."""
        from importlib import import_module

        module, _, attribute = self.target.partition(":")
        made: click.Command = getattr(import_module(module), attribute)(self.analysis)
        return made


def analysis_verbs(maker: str = "fallow.cli.run:as_verb") -> tuple[Analysed, ...]:
    """One verb an analysis; ``maker`` is called with its name when the verb is."""
    return tuple(Analysed(spelled(name), maker, name) for name in analysis_names())


class Group(Verbs):
    """A verb whose first word is the name of an analysis: ``fallow figure casualties``."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The analysis meant, with ``_`` or ``-``."""
        return super().resolve_command(ctx, [spelled(args[0]), *args[1:]] if args else args)


class _Declared(Option):
    """An option of an analysis: its sentence, and the words it takes."""

    def __init__(self, *rest: Any, choices: Sequence[str] = (), **more: Any) -> None:
        super().__init__(*rest, **more)
        self.choices = choices

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Spelling and sentence, then the words."""
        record = super().get_help_record(ctx)
        if record is None or not self.choices:
            return record
        return record[0], f"{record[1]} ({', '.join(self.choices)})"


def make(
    name: str,
    function: Callable[..., Any],
    *,
    before: Sequence[click.Parameter] = (),
    after: Sequence[click.Parameter] = (),
) -> click.Command:
    """A command named after an analysis, with its options, the clocks and ``--register``.

    ``function`` is called with ``analysis``, ``asked`` (its parameters and the clocks) and everything else.
    """
    from fallow.analysis import analyses

    declared = analyses()[name].parameters
    names = [*(one.name for one in declared), *CLOCKS]

    def called(**given: Any) -> Any:
        asked = {one: given.pop(one) for one in names}
        kept = {one: value for one, value in asked.items() if value not in (None, "")}
        return function(analysis=name, asked=kept, **given)

    command = Verb(
        spelled(name),
        callback=called,
        params=[*before, *(_option(one) for one in declared), *after],
        help=_ABOUT + name,
    )
    for decorate in (options.clock_options, options.register_option, options.language_option):
        decorate(command)
    return command


def _option(one: Parameter) -> click.Option:
    of = options.OneOf(*one.choices) if one.sort == "one" else None
    return _Declared(
        ["--" + one.name.replace("_", "-"), one.name],
        help=one.help_key,
        default=None,
        required=one.required,
        type=of,
        metavar=None if of else _METAVAR[one.sort],
        choices=one.choices if one.sort == "some" else (),
    )


def format_option(*formats: str) -> click.Option:
    """``--format``."""
    return Option(
        ["--format", "form"],
        help="cli.opt.figure_format",
        type=options.OneOf(*formats),
        default=None,
    )


def json_option() -> click.Option:
    """``--json`` and ``--table``, as every verb that prints data has them."""
    return Option(["--json/--table", "as_json"], help="cli.opt.json", default=None)


def in_order(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked, by name: the same question typed in another order has the same recipe."""
    return dict(sorted(asked.items()))


__all__ = [
    "CLOCKS",
    "Analysed",
    "Group",
    "analysis_names",
    "analysis_verbs",
    "format_option",
    "in_order",
    "json_option",
    "make",
    "say",
    "spelled",
]
