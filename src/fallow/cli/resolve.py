"""Face one, ``fallow resolve``: decide which report's value of a field stands over the others."""

from __future__ import annotations

from pathlib import Path

import click

from fallow.cli import options
from fallow.cli.deciding import conflict_dict
from fallow.cli.opening import writing
from fallow.cli.show import print_json, print_line, wants_json
from fallow.cli.wanted import find_record
from fallow.words import say


@options.verb("resolve")
@click.argument("record")
@click.argument("field")
@options.option("--report", key="report", type=options.Number(1), metavar="NUMBER", required=True)
@options.person_options
@options.as_of_option
@options.register_option
@options.passphrase_option
@options.json_option
def resolve(
    record: str,
    field: str,
    report: int,
    by: str,
    why: str,
    as_of: str | None,
    path: Path | None,
    passphrase_file: Path | None,
    as_json: bool | None,
) -> None:
    """Resolve one conflict."""
    with writing(path, passphrase_file) as register:
        found = find_record(register, record)
        left = register.resolve(found, field, report, by=by, why=why, as_of=as_of)
    if wants_json(as_json):
        conflicts = [conflict_dict(one.kind, one.record, one.fields) for one in left]
        print_json({"record": found, "field": field, "report": report, "conflicts": conflicts})
        return
    print_line(say("cli.resolved", record=found, field=field, report=report))
    for one in left:
        print_line(say("cli.still_open", fields=", ".join(one.fields)))
