"""Face one, ``fallow check``: whether a bundle holds, on any machine, with no register and no network."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click

from fallow.cli import options
from fallow.cli.opening import reading
from fallow.cli.progress import working
from fallow.cli.show import print_json, print_line, wants_json
from fallow.publish import check_bundle
from fallow.words import in_language, say

EXIT_DOES_NOT_HOLD = 1
_SHOWN = 60
_LONGEST_KEY = 200
"""Characters that are read of a file with a key; it has 64 and a line end."""
_ORDER = {"fails": 0, "open": 1, "note": 2, "holds": 3}
_MARKS = {"fails": "x", "open": "?", "note": "i", "holds": "="}


@options.verb("check")
@click.argument("bundle", type=options.FILE, metavar="BUNDLE")
@options.option("--register", "path", key="check_register", type=options.FILE, metavar="FILE", default=None)
@options.option("--key", key="check_key", metavar="HEX", default=None)
@options.json_option
def check(bundle: Path, path: Path | None, key: str | None, as_json: bool | None) -> int:
    """Check; status 1 unless all of it holds."""
    with ExitStack() as opened, working(say("cli.progress.check")):
        register = opened.enter_context(reading(path)) if path else None
        found = check_bundle(bundle, register, None if key is None else _key(key))
    if wants_json(as_json):
        print_json(found.as_dict())
        return 0 if found.holds else EXIT_DOES_NOT_HOLD
    if found.title:
        print_line(in_language(found.title))
    lines = sorted(found.lines, key=lambda one: _ORDER[one.state])
    for one in lines[:_SHOWN]:
        print_line(f"{_MARKS[one.state]} {one.what()}")
        if one.state != "holds":
            print_line(f"  {one.code}  {one.where}")
            print_line(f"  {one.remedy()}")
    if len(lines) > _SHOWN:
        print_line(say("cli.more", count=len(lines) - _SHOWN))
    print_line(found.words())
    return 0 if found.holds else EXIT_DOES_NOT_HOLD


def _key(given: str) -> str:
    """The key itself, or what stands in the small text file that was named."""
    try:
        with Path(given).open(encoding="ascii") as file:
            return file.read(_LONGEST_KEY)
    except (OSError, ValueError):
        return given  # no such file, or no text: then it has to be the key
