"""Face one, ``fallow same``: judge that two records are one, or that they are not."""

from __future__ import annotations

from pathlib import Path

import click

from fallow.cli import options
from fallow.cli.opening import writing
from fallow.cli.show import print_json, print_line, wants_json
from fallow.cli.wanted import find_record
from fallow.words import say


@options.verb("same")
@click.argument("one")
@click.argument("other")
@options.option("--different", key="different", is_flag=True)
@options.person_options
@options.as_of_option
@options.register_option
@options.passphrase_option
@options.json_option
def same(
    one: str,
    other: str,
    different: bool,
    by: str,
    why: str,
    as_of: str | None,
    path: Path | None,
    passphrase_file: Path | None,
    as_json: bool | None,
) -> None:
    """Judge."""
    with writing(path, passphrase_file) as register:
        first, second = find_record(register, one), find_record(register, other)
        judge = register.different if different else register.same
        judge(first, second, by=by, why=why, as_of=as_of)
    if wants_json(as_json):
        print_json({"one": first, "other": second, "same": not different})
    else:
        print_line(say("cli.different" if different else "cli.same", one=first, other=second))
