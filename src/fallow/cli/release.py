"""Face one, ``fallow release``: sign what reports claim and only two people can set (S3)."""

from __future__ import annotations

from pathlib import Path

import click

from fallow.cli import options
from fallow.cli.opening import writing
from fallow.cli.show import print_json, print_line, wants_json
from fallow.cli.wanted import find_record
from fallow.words import say


@options.verb("release")
@click.argument("records", nargs=-1, required=True, metavar="RECORD...")
@options.option("--field", key="release_field", metavar="FIELD", required=True)
@options.person_options
@options.as_of_option
@options.register_option
@options.passphrase_option
@options.json_option
def release(
    records: tuple[str, ...],
    field: str,
    by: str,
    why: str,
    as_of: str | None,
    path: Path | None,
    passphrase_file: Path | None,
    as_json: bool | None,
) -> None:
    """Sign, and say of each record whether it stands now."""
    with writing(path, passphrase_file) as register:
        found = list(dict.fromkeys(find_record(register, one) for one in records))
        done = register.release(found, field, by=by, why=why, as_of=as_of)
    if wants_json(as_json):
        print_json({"field": field, "by": by, "stands": done})
        return
    for record, stands in done.items():
        print_line(say("cli.stands" if stands else "cli.not_yet", record=record))
