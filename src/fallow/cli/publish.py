"""Face one, ``fallow publish``: what leaves for somebody else, through the one gate."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fallow.cli import options
from fallow.cli.opening import reading, writing
from fallow.cli.progress import working
from fallow.cli.show import print_json, print_line, print_table, wants_json
from fallow.errors import FallowError
from fallow.words import current_language, say

if TYPE_CHECKING:
    from fallow.analysis import Result
    from fallow.publish import Layer, Publication
    from fallow.register import Register


@options.verb("publish")
@click.argument("what", nargs=-1, required=True)
@options.option("--set", "settings", key="set", metavar="NAME=VALUE", multiple=True)
@options.option("--audience", key="audience", metavar="AUDIENCE", required=True)
@options.option("--to", "target", key="publish_to", type=options.FILE, metavar="FOLDER", required=True)
@options.option("--language", "languages", key="languages", metavar="LANG,LANG", default=None)
@options.option("--format", "formats", key="publish_format", metavar="FORMAT,FORMAT", default=None)
@options.option("--bundle", key="bundle", is_flag=True)
@options.option("--accept-small", "small", key="accept_small", metavar="FIGURE=WHY", multiple=True)
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
    small: tuple[str, ...],
    by: str,
    overwrite: bool,
    path: Path | None,
    passphrase_file: Path | None,
    known: str | None,
    true: str | None,
    head: int | None,
    as_json: bool | None,
) -> None:
    """Publish, and say what left."""
    from fallow.publish import publish as leave

    asked = _pairs(settings, "--set")
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
            overwrite=overwrite,
            accepted=_pairs(small, "--accept-small"),
            by=by,
        )
    if wants_json(as_json):
        print_json({"folder": str(target), **manifest.as_dict()})
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


def _found(
    what: Sequence[str],
    register: Register,
    asked: dict[str, str],
    clocks: dict[str, Any],
    languages: Sequence[str],
) -> Publication | Result | Layer:
    """What is meant: a layer, a statement, a publication by name, or else an analysis."""
    from fallow.analysis import analyses, run
    from fallow.publish import Layer, prepare, publications, statement_publication

    if what[0] == "layer" and len(what) == 2:
        return Layer(what[1], where=asked, **clocks)
    if what[0] == "statement" and len(what) == 2:
        return statement_publication(register, what[1], languages=languages, **clocks)
    name = what[0].replace("-", "_")
    if len(what) > 1 or name in ("layer", "statement"):
        raise FallowError("PUBLISH_WHAT", " ".join(what)[:60], known=", ".join(publications()))
    if name in publications():
        return prepare(name, register, **clocks, **asked)
    if name not in analyses():
        near = get_close_matches(name, [*publications(), *analyses()], n=3, cutoff=0.6)
        raise FallowError("PUBLISH_WHAT", name[:60], known=", ".join(near or publications()))
    return run(name, register, **clocks, **asked)


def _pairs(spelled: Sequence[str], where: str) -> dict[str, str]:
    found = {}
    for pair in spelled:
        name, equals, value = pair.partition("=")
        if not (equals and name):
            raise FallowError("PARAMETER_FORMAT", where, found=name[:40])
        found[name.strip()] = value
    return found


def _listed(spelled: str | None) -> list[str]:
    return [one.strip() for one in (spelled or "").split(",") if one.strip()]
