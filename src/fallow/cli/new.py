"""Face one, ``fallow new``: make a register."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from fallow.cli import options
from fallow.cli.opening import passphrase_of
from fallow.cli.show import print_json, print_line, wants_json
from fallow.errors import FallowError
from fallow.words import say


@options.verb("new")
@click.argument("target", type=options.FILE, metavar="[REGISTER]", required=False)
@options.register_option
@options.option("--title", key="title", metavar="TEXT", required=True)
@options.option("--country", key="country", metavar="CO", default=None)
@options.option("--extent", key="extent", metavar="W,S,E,N", type=options.Boxes(), multiple=True)
@options.option("--overlay", key="overlay", metavar="FOLDER", type=options.FILE, default=None)
@options.option("--invented", key="invented", is_flag=True)
@options.passphrase_option
@options.option("--no-vault", key="no_vault", is_flag=True)
@options.json_option
def new(
    target: Path | None,
    path: Path | None,
    title: str,
    country: str | None,
    extent: tuple[tuple[float, float, float, float], ...],
    overlay: Path | None,
    invented: bool,
    passphrase_file: Path | None,
    no_vault: bool,
    as_json: bool | None,
) -> None:
    """Make it, and say what lies beside it."""
    from fallow.register import create_register

    if target is None:
        target = path
    if target is None:
        raise FallowError("OPTION_MISSING", "--register", command="fallow new")
    if not target.parent.is_dir():
        raise FallowError("TARGET_FOLDER", target.name)
    if target.exists():
        raise FallowError("REGISTER_EXISTS", target.name)
    passphrase = None if no_vault else passphrase_of(passphrase_file) or _asked()
    with create_register(
        target,
        title=title,
        country=country,
        extent=extent,
        overlay=overlay,
        passphrase=passphrase,
        invented=invented,
    ) as register:
        kinds = list(register.model.kinds)
        made = {
            "register": str(target),
            "id": register.id,
            "title": title,
            "country": country,
            "extent": [list(box) for box in extent],
            "overlay": register.settings.get("overlay"),
            "invented": invented,
            "vault": register.vault.open,
            "kinds": kinds,
        }
    if wants_json(as_json):
        print_json(made)
        return
    print_line(say("cli.made", file=target.name, count=len(kinds)))
    print_line(say("cli.made_beside", file=target.with_suffix(".key").name))
    print_line(say("cli.made_vault" if made["vault"] else "cli.made_no_vault"))


def _asked() -> str | None:
    """A passphrase from the person at the terminal; an empty one means a register without a vault."""
    if not sys.stdin.isatty():
        return None
    asked = _typed("cli.passphrase_new")
    if asked and _typed("cli.passphrase_again") != asked:
        raise FallowError("PASSPHRASE_DIFFERS")
    return asked or None


def _typed(key: str) -> str:
    return str(click.prompt(say(key), default="", show_default=False, hide_input=True, err=True))
