"""Face one, ``fallow reject``: reject drafts, or take back the approval of reports; nothing is erased."""

from __future__ import annotations

from pathlib import Path

import click

from fallow.cli import options
from fallow.cli.opening import writing
from fallow.cli.show import print_json, print_line, wants_json
from fallow.cli.wanted import chosen_reports
from fallow.words import say


@options.verb("reject")
@click.argument("reports", nargs=-1)
@options.option("--delivery", key="delivery", type=options.Number(1), metavar="NUMBER", default=None)
@options.option("--all-drafts", key="all_drafts", is_flag=True)
@options.person_options
@options.as_of_option
@options.register_option
@options.passphrase_option
@options.json_option
def reject(
    reports: tuple[str, ...],
    delivery: int | None,
    all_drafts: bool,
    by: str,
    why: str,
    as_of: str | None,
    path: Path | None,
    passphrase_file: Path | None,
    as_json: bool | None,
) -> None:
    """Reject."""
    with writing(path, passphrase_file) as register:
        chosen = chosen_reports(register, reports, delivery, all_drafts=all_drafts)
        count = register.reject(chosen, by=by, why=why, as_of=as_of)
    if wants_json(as_json):
        print_json({"rejected": count})
    else:
        print_line(say("cli.rejected", count=count))
