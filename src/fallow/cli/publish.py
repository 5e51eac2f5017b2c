"""Face one, ``fallow publish``: what leaves for somebody else, through the one gate."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fallow.cli import options
from fallow.cli.analyses import analysis_names, spelled
from fallow.cli.opening import reading, writing
from fallow.cli.progress import working
from fallow.cli.shell import Option, Verb
from fallow.cli.show import print_json, print_line, print_table, wants_json
from fallow.errors import FallowError
from fallow.words import catalogue, current_language, say

if TYPE_CHECKING:
    from fallow.analysis import Result
    from fallow.publish import Layer, Publication
    from fallow.register import Register


_ASKED = "fallow.publish.asked"
_WORDS = ("layer", "statement")


class _Asking(Verb):
    """The verb, with what its first word is asked as options: ``--year 2023`` beside ``--set year=2023``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Look for the first word before anything is parsed: it decides which options there are."""
        first = self._first(args)
        ctx.meta[_ASKED] = _options(first, {one for of in self.params for one in (*of.opts, of.name)})
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption:
            # what cannot be published has no options: the word is wrong before the option is
            if first and first not in _WORDS and not ctx.meta[_ASKED]:
                _require(first.replace("-", "_"))
            raise

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The options of the verb, then those of what it publishes."""
        return [*super().get_params(ctx), *ctx.meta.get(_ASKED, ())]

    def _first(self, args: Sequence[str]) -> str:
        """The first word that is no option and no value of one."""
        flags = {
            one
            for of in self.params
            if isinstance(of, click.Option) and of.is_flag
            for one in (*of.opts, *of.secondary_opts)
        }
        words = iter(args)
        for word in words:
            if not word.startswith("-"):
                return word
            if "=" not in word and word not in (*flags, "--help"):
                next(words, "")
        return ""


@options.language_option
@click.command("publish", cls=_Asking, help="cli.verb.publish")
@click.argument("what", nargs=-1, required=True)
@options.option("--set", "settings", key="set", metavar="NAME=VALUE", multiple=True)
@options.option("--audience", key="audience", metavar="AUDIENCE", required=True)
@options.option("--to", "target", key="publish_to", type=options.FILE, metavar="FOLDER", required=True)
@options.option("--language", "languages", key="languages", metavar="LANG,LANG", default=None)
@options.option("--format", "formats", key="publish_format", metavar="FORMAT,FORMAT", default=None)
@options.option("--bundle", key="bundle", is_flag=True)
@options.option("--only-proved", key="only_proved", is_flag=True)
@options.option("--accept-small", "small", key="accept_small", metavar="FIGURE=WHY", multiple=True)
@options.option("--accept-together", "together", key="accept_together", metavar="WHY", default="")
@options.option("--by", key="accepted_by", metavar="NAME", default="")
@options.option("--overwrite", key="overwrite", is_flag=True)
@options.register_option
@options.passphrase_option
@options.clock_options
@options.json_option
def publish(
    what: tuple[str, ...],
    settings: tuple[str, ...],
    audience: str,
    target: Path,
    languages: str | None,
    formats: str | None,
    bundle: bool,
    only_proved: bool,
    small: tuple[str, ...],
    together: str,
    by: str,
    overwrite: bool,
    path: Path | None,
    passphrase_file: Path | None,
    known: str | None,
    true: str | None,
    head: int | None,
    as_json: bool | None,
    **given: str | None,
) -> None:
    """Publish, and say what left."""
    from fallow.publish import publish as leave

    if by and not small and not together:
        raise FallowError("PUBLISH_BY_ALONE", "--by")
    asked = _pairs(settings, "--set") | {name: value for name, value in given.items() if value is not None}
    clocks = {
        name: value for name, value in (("known", known), ("true", true), ("head", head)) if value is not None
    }
    spoken = _listed(languages) or [current_language()]
    # a bundle is sealed with the office's key, so it needs the register open as its owner
    opened: AbstractContextManager[Register] = writing(path, passphrase_file) if bundle else reading(path)
    with opened as register, working(say("cli.progress.publish")):
        manifest = leave(
            _found(what, register, asked, clocks, spoken),
            target,
            audience,
            register=register,
            languages=spoken,
            formats=_listed(formats),
            bundle=bundle,
            only_proved=only_proved,
            overwrite=overwrite,
            accepted=_pairs(small, "--accept-small"),
            together=together,
            by=by,
        )
    if wants_json(as_json):
        print_json({"folder": str(target), **manifest.as_dict(), **manifest.for_office()})
        return
    heads = [say(f"cli.column.{name}") for name in ("file", "bytes")]
    print_table(heads, [[one.name, one.size] for one in manifest.files], title=target.name, numbers=[1])
    print_line(
        say(
            "cli.published",
            audience=say(f"publish.audience.{manifest.audience}"),
            folder=target.name,
            files=len(manifest.files),
            withheld=manifest.withheld,
        )
    )
    for key, count in (("given_away", manifest.given_away), ("unread", manifest.unread)):
        if count:
            print_line(say(f"cli.published.{key}", count=count))
    if not manifest.logged:
        print_line(say("cli.published.not_logged"))
    for figure, why in list(manifest.unproved.items())[:1]:
        key, _, code = why.partition(" ")
        told = say(key, code=code)
        print_line(say("cli.published.unproved", count=len(manifest.unproved), figure=figure, why=told))


def _found(
    what: Sequence[str],
    register: Register,
    asked: dict[str, str],
    clocks: dict[str, Any],
    languages: Sequence[str],
) -> Publication | Result | Layer:
    """What is meant: a layer, a statement, a publication by name, or else an analysis."""
    from fallow.analysis import run
    from fallow.publish import Layer, prepare, publications, statement_publication

    if what[0] == "layer" and len(what) == 2:
        return Layer(what[1], where=asked, **clocks)
    if what[0] == "statement" and len(what) == 2:
        return statement_publication(register, what[1], languages=languages, **clocks)
    name = what[0].replace("-", "_")
    if len(what) > 1 or name in _WORDS:
        raise FallowError("PUBLISH_WHAT", " ".join(what)[:60], known=", ".join(publications()))
    if name in publications():
        return prepare(name, register, **clocks, **asked)
    _require(name)
    return run(name, register, **clocks, **asked)


def _require(name: str) -> None:
    """Refuse what is neither a publication nor an analysis, with what it could have been."""
    from fallow.analysis import analyses
    from fallow.publish import publications

    if name not in publications() and name not in analyses():
        near = get_close_matches(name, [*publications(), *analyses()], n=3, cutoff=0.6)
        raise FallowError("PUBLISH_WHAT", name[:60], known=", ".join(near or publications()))


def _options(first: str, taken: set[str]) -> list[click.Parameter]:
    """What a publication or an analysis is asked, as options; none that the verb itself has already."""
    return [
        Option([of, name], help=key, default=None, metavar=name.upper())
        for name, key in _parameters(first.replace("-", "_"))
        if (of := f"--{spelled(name)}") not in taken and name not in taken
    ]


def _parameters(name: str) -> list[tuple[str, str]]:
    """Names of parameters and the keys of what they do; the words know which analyses there are."""
    if name in analysis_names():
        from fallow.analysis import analyses

        return [(one.name, one.help_key) for one in analyses()[name].parameters]
    if f"publish.{name}" not in catalogue():
        return []
    from fallow.publish import publications

    builder = publications().get(name)
    return [(one, _help(one, builder.required)) for one in builder.parameters] if builder else []


def _help(name: str, required: Sequence[str]) -> str:
    """A publication says of its own what it means by a name, or hands it on to its analyses."""
    own, theirs = f"publish.param.{name}.help", f"analysis.param.{name}.help"
    # a year that must be given stands instead of nothing else
    return own if own in catalogue() and (name != "year" or name in required) else theirs


def _pairs(typed: Sequence[str], where: str) -> dict[str, str]:
    found = {}
    for pair in typed:
        name, equals, value = pair.partition("=")
        if not (equals and name):
            raise FallowError("PARAMETER_FORMAT", where, found=name[:40])
        found[name.strip()] = value
    return found


def _listed(typed: str | None) -> list[str]:
    return [one.strip() for one in (typed or "").split(",") if one.strip()]
