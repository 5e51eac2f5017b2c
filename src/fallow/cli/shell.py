"""Face one, what click does for us, in seven languages: help pages, lazy verbs, did-you-mean.

The ``help`` of a command or option holds a key of ``words/cli.csv``, not a sentence: it becomes words
only when it is shown, in the language of the call.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click

from fallow.errors import FallowError
from fallow.words import say, speaking


class Option(click.Option):
    """An option whose help is a key of the words."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Spelling and sentence, with what is required and where else it may come from."""
        record = super().get_help_record(ctx)
        if record is None or self.help is None:
            return record
        beside = [say("cli.required")] if self.required else []
        if isinstance(self.envvar, str):
            beside.append(self.envvar)
        if self.show_default and self.default is not None:
            beside.append(f"{say('cli.default')} {self.default}")
        return record[0], say(self.help) + (f" [{'; '.join(beside)}]" if beside else "")


class _Spoken(click.Command):
    """Help pages from words."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The words of the call; a refusal names the verb it was said to, which click's parser leaves out."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    @property
    def _key(self) -> str:
        return self.help or ""

    def get_short_help_str(self, limit: int = 45) -> str:
        """The first sentence; never cut, the list of verbs wraps."""
        return first_sentence(say(self._key))

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The usage line."""
        pieces = " ".join(self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, pieces, prefix=f"{say('cli.usage')} ")

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What the verb does."""
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(say(self._key))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options, and for a group its verbs."""
        records = [one.get_help_record(ctx) for one in self.get_params(ctx) if isinstance(one, click.Option)]
        with formatter.section(say("cli.options")):
            formatter.write_dl([one for one in records if one is not None])

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """``--help``, in the language of this call."""
        found = super().get_help_option(ctx)
        if found is not None:
            found.help = say("cli.opt.help")
        return found


class Verb(_Spoken):
    """One verb; the number it returns is the exit status."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The words of the call; ``WORDS_TOO_MANY`` names those that nothing takes."""
        ctx.allow_extra_args = True  # click would refuse them, in English
        over = super().parse_args(ctx, args)
        if over and not ctx.resilient_parsing:
            found, command = " ".join(over), ctx.command_path
            short = found if len(found) <= 60 else f"{found[:57]}…"
            raise FallowError("WORDS_TOO_MANY", command, found=short, command=command)
        return over


@dataclass(frozen=True, slots=True)
class Lazy:
    """A verb that is imported when it is called."""

    name: str
    target: str
    """``module:attribute``."""

    @property
    def key(self) -> str:
        """Key of its sentence in the words."""
        return f"cli.verb.{self.name}"

    def load(self) -> click.Command:
        """Import it."""
        module, _, attribute = self.target.partition(":")
        found: click.Command = getattr(import_module(module), attribute)
        return found


class Verbs(_Spoken, click.Group):
    """A group of verbs."""

    def __init__(self, name: str, *, verbs: Sequence[Lazy] = (), **rest: Any) -> None:
        super().__init__(name, help=f"cli.verb.{name}", **rest)
        self._lazy = {one.name: one for one in verbs}

    def list_commands(self, ctx: click.Context | None) -> list[str]:
        """Names, in the order of the path."""
        return [*self._lazy, *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of this name, imported now."""
        if cmd_name in self._lazy:
            return self._lazy[cmd_name].load()
        return self.commands.get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb meant by the first word; ``VERB_UNKNOWN`` with the nearest one."""
        word = args[0]
        if word not in self.list_commands(ctx) and not word.startswith("-") and not ctx.resilient_parsing:
            raise FallowError("VERB_UNKNOWN", word, near=nearest(word, self.list_commands(ctx)))
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Options, then the verbs, without importing any of them."""
        super().format_options(ctx, formatter)
        with formatter.section(say("cli.verbs")):
            formatter.write_dl([(name, self._first_sentence(ctx, name)) for name in self.list_commands(ctx)])

    def _first_sentence(self, ctx: click.Context, name: str) -> str:
        if name in self._lazy:
            return first_sentence(say(self._lazy[name].key))
        return self.commands[name].get_short_help_str()


class Root(Verbs):
    """``fallow``: chooses the language, and turns whatever happens into a sentence and an exit status."""

    def main(self, args: Sequence[str] | None = None, *unused: Any, **rest: Any) -> Any:
        """Run one command line and leave with its status."""
        from fallow.cli.guard import guarded

        if args is None:
            args = sys.argv[1:]
        arguments = [str(one) for one in args]

        def command() -> Any:
            # click looks for the word `fallow` in the variable that asks for shell completion
            return click.Group.main(self, arguments, prog_name="fallow", standalone_mode=False)

        sys.exit(guarded(command, arguments))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; a reader who closed the pipe is met before click does, which would leave with 1."""
        from fallow.cli.guard import seen_enough

        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            return seen_enough()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """``--version`` answers before a verb is asked for."""
        if args and args[0] == "--version":
            from importlib.metadata import version

            click.echo(f"fallow {version('fallow')}")
            ctx.exit()
        return super().parse_args(ctx, args)


def nearest(word: str, known: Sequence[str]) -> str:
    """The nearest known word, or all of them."""
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=1, cutoff=0.5)
    return near[0] if near else ", ".join(known)


def first_sentence(text: str) -> str:
    """Up to the first full stop that ends a sentence."""
    return re.split(r"(?<=\.)\s", text, maxsplit=1)[0]


def utf8_streams() -> None:
    """Let every letter through: a terminal that lacks one shows a mark, it does not end the program."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is None:
            continue
        if os.name == "nt" and not stream.isatty():
            reconfigure(encoding="utf-8", errors="replace")
        else:
            reconfigure(errors="replace")


__all__ = ["Lazy", "Option", "Root", "Verb", "Verbs", "first_sentence", "nearest", "speaking", "utf8_streams"]
