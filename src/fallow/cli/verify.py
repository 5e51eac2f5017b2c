"""Face one, ``fallow verify``: walk the ledger, the rows and the files, and name what is damaged."""

from __future__ import annotations

from pathlib import Path

from fallow.cli import options
from fallow.cli.opening import reading
from fallow.cli.progress import working
from fallow.cli.show import print_json, print_line, print_table, wants_json
from fallow.words import say

EXIT_DAMAGED = 3
_SHOWN = 40


@options.verb("verify")
@options.register_option
@options.option("--refold", key="refold", is_flag=True)
@options.json_option
def verify(path: Path | None, refold: bool, as_json: bool | None) -> int:
    """Verify; status 3 when anything is damaged."""
    from fallow.publish import log_findings, published

    with reading(path) as register, working(say("cli.progress.verify")):
        verdict = register.verify(refold=refold)
        log = log_findings(register)
        verdict.findings.extend(log)
        left = 0 if any(one.level == "refuse" for one in log) else len(published(register))
    told = verdict.as_dict() | {"published": left}
    if wants_json(as_json):
        print_json(told)
    else:
        print_line(say("cli.holds") if verdict.holds else say("cli.damaged", count=len(verdict.findings)))
        counted = [
            [say(f"cli.verified.{name}"), told[name]]
            for name in ("entries", "heads", "rows", "files", "sealed", "erased", "published")
        ]
        print_table([say("cli.column.walked"), say("cli.column.count")], counted, numbers=[1])
        for one in told["findings"][:_SHOWN]:
            print_line(f"{one['code']}  {one['where']}")
            print_line(f"  {one['what']}")
            print_line(f"  {one['remedy']}")
        if len(told["findings"]) > _SHOWN:
            print_line(say("cli.more", count=len(told["findings"]) - _SHOWN))
        print_line(f"{say('cli.head')} {verdict.head}")
    return 0 if verdict.holds else EXIT_DAMAGED
