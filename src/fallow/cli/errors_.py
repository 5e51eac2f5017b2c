"""Face one, ``fallow errors``: the published list of everything Fallow refuses or notices."""

from __future__ import annotations

import click

from fallow.cli import options
from fallow.cli.shell import nearest
from fallow.cli.show import print_json, print_table, wants_json
from fallow.errors import FallowError, catalogue
from fallow.words import current_language, say


@options.verb("errors")
@click.argument("code", required=False)
@options.json_option
def errors(code: str | None, as_json: bool | None) -> None:
    """List all codes, or one."""
    known = catalogue()
    if code is not None and code.upper() not in known:
        raise FallowError("ERROR_CODE_UNKNOWN", code[:60], near=nearest(code.upper(), sorted(known)))
    chosen = [known[code.upper()]] if code is not None else [known[name] for name in sorted(known)]
    lang = current_language()
    rows = [(one.code, one.exit_status, one.http_status, one.what[lang], one.remedy[lang]) for one in chosen]
    names = ("code", "exit", "http", "what", "remedy")
    if wants_json(as_json):
        listed = [dict(zip(names, row, strict=True)) for row in rows]
        print_json(listed if code is None else listed[0])
    else:
        print_table([say(f"cli.column.{name}") for name in names], rows, numbers=[1, 2])
