"""Face one, ``fallow approve``: a named person approves reports, for a reason."""

from __future__ import annotations

from pathlib import Path

import click

from fallow.cli import options
from fallow.cli.deciding import print_outcome
from fallow.cli.opening import writing
from fallow.cli.progress import working
from fallow.cli.show import wants_json
from fallow.cli.wanted import chosen_reports
from fallow.words import say


@options.verb("approve")
@click.argument("reports", nargs=-1)
@options.option("--delivery", key="delivery", type=options.Number(1), metavar="NUMBER", default=None)
@options.option("--all-drafts", key="all_drafts", is_flag=True)
@options.person_options
@options.as_of_option
@options.accept_option
@options.register_option
@options.passphrase_option
@options.json_option
def approve(
    reports: tuple[str, ...],
    delivery: int | None,
    all_drafts: bool,
    by: str,
    why: str,
    as_of: str | None,
    accept: tuple[str, ...],
    path: Path | None,
    passphrase_file: Path | None,
    as_json: bool | None,
) -> int:
    """Approve, and say what was held, refused, and where sources now disagree."""
    with writing(path, passphrase_file) as register, working(say("cli.progress.approve")):
        chosen = chosen_reports(register, reports, delivery, all_drafts=all_drafts)
        outcome = register.approve(chosen, by=by, why=why, as_of=as_of, accept=accept)
    return print_outcome(outcome, in_json=wants_json(as_json))
