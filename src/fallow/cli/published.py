"""Face one, ``fallow published``: what left through the gate, when and for whom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fallow.cli import options
from fallow.cli.opening import reading
from fallow.cli.show import print_json, print_line, print_table, wants_json
from fallow.words import say

if TYPE_CHECKING:
    from fallow.publish import Told


@options.verb("published")
@options.register_option
@options.json_option
def published(path: Path | None, as_json: bool | None) -> None:
    """List the log of what left."""
    from fallow.publish import published as left

    with reading(path) as register:
        log = left(register)
    if wants_json(as_json):
        print_json([one.as_dict() for one in log])
        return
    if not log:
        print_line(say("cli.published.none"))
        return
    columns = ("number", "when", "audience", "publication", "formats", "accepted")
    print_table([say(f"cli.column.{one}") for one in columns], map(_row, log), numbers=[0])


def _row(one: Told) -> list[str]:
    asked = " ".join(f"{name}={_plain(value)}" for name, value in one.parameters.items())
    results = "" if one.name != "result" else " ".join(each.name for each in one.results)
    let = (
        say("cli.published.accepted", figure=each.figure, by=each.by, why=each.why) for each in one.accepted
    )
    return [
        str(one.number),
        one.at[:16].replace("T", " "),
        one.audience,
        " ".join(part for part in (one.name, results, asked) if part),
        f"{', '.join(one.formats)} ({', '.join(one.languages)})",
        "; ".join(let),
    ]


def _plain(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
