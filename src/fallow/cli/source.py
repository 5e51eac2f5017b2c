"""Face one, ``fallow source``: draft the description of a file, and check one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fallow.cli import options
from fallow.cli.opening import find_register, reading
from fallow.cli.shell import Verbs
from fallow.cli.show import print_json, print_line, wants_json
from fallow.cli.wanted import fresh_target
from fallow.errors import FallowError
from fallow.words import say

if TYPE_CHECKING:
    from fallow.kinds import Model

source = Verbs("source")
options.language_option(source)


@options.verb("source.draft")
@click.argument("file", type=options.FILE)
@options.option("--kind", key="draft_kind", metavar="KIND", default=None)
@options.register_option
@options.option("--to", "target", key="to", type=options.FILE, metavar="FILE", default=None)
@options.option("--overwrite", key="overwrite", is_flag=True)
def draft(file: Path, kind: str | None, path: Path | None, target: Path | None, overwrite: bool) -> None:
    """Propose a description that a person finishes; it goes to standard output or a file."""
    from fallow.intake import draft_source

    if not file.exists():
        raise FallowError("FILE_NOT_FOUND", file.name)
    text = draft_source(file, kind=kind, model=_model(path))
    if target is None:
        click.echo(text, nl=not text.endswith("\n"))
        return
    try:
        fresh_target(target, overwrite=overwrite).write_text(text, encoding="utf-8")
    except OSError as error:
        raise FallowError("TARGET_NOT_WRITTEN", target.name, found=type(error).__name__) from error
    print_line(say("cli.drafted", file=target.name))


@options.verb("source.check")
@click.argument("described", type=options.FILE, metavar="SOURCE")
@options.register_option
@options.json_option
def check(described: Path, path: Path | None, as_json: bool | None) -> None:
    """Read a description and say what it describes; a wrong one is refused with its line."""
    from fallow.intake import load_source

    found = load_source(described, _model(path))
    told = {
        "source": found.name,
        "title": found.title,
        "who": found.who,
        "deliveries": [one.delivered for one in found.deliveries],
        "tables": [one.name for one in found.tables],
        "kinds": sorted({spec.kind for one in found.tables for spec in one.records}),
    }
    if wants_json(as_json):
        print_json(told)
        return
    print_line(
        say(
            "cli.checked",
            source=found.name,
            deliveries=len(told["deliveries"]),
            kinds=", ".join(told["kinds"]),
        )
    )


def _model(path: Path | None) -> Model:
    """The kinds of the register at hand; the catalogue's when there is none."""
    if path is None:
        try:
            path = find_register(None)
        except FallowError as error:
            if error.code not in ("REGISTER_NOT_NAMED", "REGISTER_AMBIGUOUS"):
                raise
            from fallow.kinds import load_kinds

            return load_kinds()
    with reading(path) as register:
        return register.model


source.add_command(draft)
source.add_command(check)
