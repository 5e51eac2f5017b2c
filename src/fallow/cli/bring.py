"""Face one, ``fallow bring``: bring a source in and print its receipt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fallow.cli import options
from fallow.cli.opening import writing
from fallow.cli.progress import working
from fallow.cli.show import print_json, print_line, wants_json
from fallow.errors import FallowError, catalogue
from fallow.words import say

if TYPE_CHECKING:
    from fallow.intake import Receipt


@options.verb("bring")
@click.argument("source", type=options.FILE)
@options.register_option
@options.option("--files", key="files", type=options.FILE, metavar="FOLDER", default=None)
@options.option("--only", key="only", metavar="DAY", default=None)
@options.option("--approve", key="approve_now", is_flag=True)
@options.option("--by", key="by", metavar="NAME", default=None)
@options.option("--why", key="why", metavar="TEXT", default=None)
@options.accept_option
@options.passphrase_option
@options.json_option
@click.pass_context
def bring(
    context: click.Context,
    source: Path,
    path: Path | None,
    files: Path | None,
    only: str | None,
    approve: bool,
    by: str | None,
    why: str | None,
    accept: tuple[str, ...],
    passphrase_file: Path | None,
    as_json: bool | None,
) -> int:
    """Bring it in; the status is that of the commonest refusal when no row at all came in."""
    from fallow.intake import bring_in

    if approve:
        for name, value in (("--by", by), ("--why", why)):
            if not value:
                raise FallowError("OPTION_MISSING", name, command=context.command_path)
    elif by or why:
        raise FallowError("OPTION_MISSING", "--approve", command=context.command_path)
    with writing(path, passphrase_file) as register, working(say("cli.progress.bring")) as tell:
        receipt = bring_in(
            source, register, files=files, only=only, approve_by=by, why=why, accept=accept, on_progress=tell
        )
    if wants_json(as_json):
        print_json(receipt.as_dict())
    else:
        print_line(receipt.text())
    return _status(receipt)


def _status(receipt: Receipt) -> int:
    if receipt.reported or receipt.known_already or not receipt.refused:
        return 0
    refusing = {one.code for one in receipt.findings if one.level == "refuse"}
    worst = max(refusing, key=lambda code: receipt.counts.get(code, 0), default=None)
    return catalogue()[worst].exit_status if worst else 2
