"""Face one, ``fallow statement``: keep a statement, sign it, take a signature back, look at one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fallow.cli import options
from fallow.cli.opening import reading, writing
from fallow.cli.shell import Verbs
from fallow.cli.show import print_json, print_line, wants_json
from fallow.errors import FallowError
from fallow.words import current_language, in_language, say

if TYPE_CHECKING:
    from fallow.publish import KeptStatement

statement = Verbs("statement")
options.language_option(statement)


@options.verb("statement.new")
@click.argument("file", type=options.FILE, metavar="FILE.yaml")
@options.option("--by", key="statement_by", metavar="NAME", default=None)
@options.option("--why", key="statement_why", metavar="TEXT", default="")
@options.register_option
@options.passphrase_option
@options.json_option
def new(
    file: Path,
    by: str | None,
    why: str,
    path: Path | None,
    passphrase_file: Path | None,
    as_json: bool | None,
) -> None:
    """Keep a statement from its file."""
    from fallow.publish import new_statement

    if not file.exists():
        raise FallowError("FILE_NOT_FOUND", file.name)
    with writing(path, passphrase_file) as register:
        _tell(new_statement(register, file, by=by, why=why), as_json, public=True)


@options.verb("statement.sign")
@click.argument("id", metavar="STATEMENT")
@options.option("--name", key="signed_name", metavar="NAME", required=True)
@options.option("--organisation", key="signed_for", metavar="NAME", default="")
@options.option("--mandate", key="mandate", metavar="TEXT", default="")
@options.option("--date", key="signed_on", metavar="DAY", default=None)
@options.option("--by", key="statement_by", metavar="NAME", default=None)
@options.option("--why", key="statement_why", metavar="TEXT", default="")
@options.register_option
@options.passphrase_option
@options.json_option
def sign(
    id: str,
    name: str,
    organisation: str,
    mandate: str,
    date: str | None,
    by: str | None,
    why: str,
    path: Path | None,
    passphrase_file: Path | None,
    as_json: bool | None,
) -> None:
    """Keep somebody's signature."""
    from fallow.publish import sign_statement

    with writing(path, passphrase_file) as register:
        kept = sign_statement(
            register, id, name, organisation=organisation, mandate=mandate, date=date, by=by, why=why
        )
        _tell(kept, as_json)


@options.verb("statement.withdraw")
@click.argument("id", metavar="STATEMENT")
@options.option("--name", key="signed_name", metavar="NAME", required=True)
@options.option("--why", key="withdrawal_why", metavar="TEXT", required=True)
@options.option("--organisation", key="signed_for", metavar="NAME", default="")
@options.option("--date", key="withdrawn_on", metavar="DAY", default=None)
@options.option("--by", key="statement_by", metavar="NAME", default=None)
@options.register_option
@options.passphrase_option
@options.json_option
def withdraw(
    id: str,
    name: str,
    why: str,
    organisation: str,
    date: str | None,
    by: str | None,
    path: Path | None,
    passphrase_file: Path | None,
    as_json: bool | None,
) -> None:
    """Keep that a signature was taken back."""
    from fallow.publish import withdraw_signature

    with writing(path, passphrase_file) as register:
        kept = withdraw_signature(register, id, name, why=why, organisation=organisation, date=date, by=by)
        _tell(kept, as_json)


@options.verb("statement.show")
@click.argument("id", metavar="STATEMENT")
@options.clock_options
@options.register_option
@options.json_option
def show(
    id: str, known: str | None, true: str | None, head: int | None, path: Path | None, as_json: bool | None
) -> None:
    """The text with its figures as they are now, and who signed."""
    from fallow.publish import look_at_statement

    with reading(path) as register:
        seen = look_at_statement(register, id, known=known, true=true, head=head)
    if wants_json(as_json):
        print_json(seen)
        return
    lang = current_language()
    chosen = lang if lang in seen["title"] else next(iter(seen["title"]))
    print_line(f"{seen['code']}  {in_language(seen['title'], chosen)}")
    print_line(
        say(
            "cli.statement.head",
            date=seen["date"] or "-",
            known=seen["known"] or "-",
            languages=", ".join(seen["title"]),
        )
    )
    for line in seen["text"][chosen]:
        print_line("")
        print_line(line)
    print_line("")
    for name, one in seen["figures"].items():
        print_line(f"{{{name}}} = {one['shown']}   {one['id']}")
    for one in seen["signatures"]:
        print_line(say("cli.statement.signed", **one))
    if not seen["signatures"]:
        print_line(say("publish.nobody_signed"))
    _warn(seen["findings"])
    _public(seen["public"])


def _tell(kept: KeptStatement, as_json: bool | None, *, public: bool = False) -> None:
    findings = [one.as_dict() for one in kept.findings]
    untold = [one.as_dict() for one in kept.public]
    if wants_json(as_json):
        print_json({**asdict(kept), "findings": findings, "public": untold})
        return
    numbers = ", ".join(map(str, kept.reports))
    print_line(say("cli.statement.kept", code=kept.code, reports=numbers))
    if kept.approved < len(kept.reports):
        print_line(say("cli.statement.waits", reports=" ".join(map(str, kept.reports))))
    _warn(findings)
    if public:
        _public(untold)


def _public(findings: list[dict[str, Any]]) -> None:
    """What public readers would not get, a line each; then what can be done, once a reason."""
    if not findings:
        print_line(say("cli.statement.public.all"))
        return
    print_line(say("cli.statement.public"))
    for one in findings:
        print_line(f"  {one['where']}: {one['what']}" if one["where"] else f"  {one['what']}")
    for remedy in dict.fromkeys(one["remedy"] for one in findings):
        print_line(f"  {remedy}")


def _warn(findings: list[dict[str, Any]]) -> None:
    for one in findings:
        print_line(f"{one['where']}: {one['what']}")
    if findings:
        print_line(findings[0]["remedy"])


for _one in (new, sign, withdraw, show):
    statement.add_command(_one)
