"""Face one, ``fallow grant``: give a person rights, take them back, or see who holds which."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from fallow.cli import options
from fallow.cli.opening import reading, writing
from fallow.cli.show import print_json, print_line, print_table, wants_json
from fallow.errors import FallowError
from fallow.words import say


@options.verb("grant")
@click.argument("person", required=False)
@click.argument("rights", nargs=-1, metavar="[RIGHT]...")
@options.option("--revoke", key="revoke", is_flag=True)
@options.option("--by", key="by", metavar="NAME", default=None)
@options.option("--why", key="why", metavar="TEXT", default=None)
@options.register_option
@options.passphrase_option
@options.json_option
@click.pass_context
def grant(
    context: click.Context,
    person: str | None,
    rights: tuple[str, ...],
    revoke: bool,
    by: str | None,
    why: str | None,
    path: Path | None,
    passphrase_file: Path | None,
    as_json: bool | None,
) -> None:
    """Grant or revoke; without a person, list."""
    if person is None:
        with reading(path) as register:
            _print(register.rights(), in_json=wants_json(as_json))
        return
    for name, value in (("RIGHT", rights), ("--by", by), ("--why", why)):
        if not value:
            raise FallowError("OPTION_MISSING", name, command=context.command_path)
    with writing(path, passphrase_file) as register:
        act = register.revoke if revoke else register.grant
        act(person, rights, by=by or "", why=why or "")
        held = register.rights()
    _print(held, in_json=wants_json(as_json))


def _print(held: Mapping[str, frozenset[str]], *, in_json: bool) -> None:
    people = {name: sorted(rights) for name, rights in held.items()}
    if in_json:
        print_json({"rights": people})
    elif people:
        heads = [say("cli.column.person"), say("cli.column.rights")]
        print_table(heads, [[name, ", ".join(rights)] for name, rights in people.items()])
    else:
        print_line(say("cli.no_rights"))
