"""Face one, ``fallow figure``: one number with its sentence, to be quoted and asked for again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from fallow.cli.analyses import Group, analysis_verbs, format_option, json_option, make
from fallow.cli.opening import reading
from fallow.cli.options import language_option
from fallow.cli.shell import Option
from fallow.cli.show import print_json, print_line
from fallow.cli.wanted import chosen_format

figure = Group("figure", verbs=analysis_verbs("fallow.cli.figure:as_verb"))
"""``fallow figure NAME [MEASURE] [--at KEY,KEY]``."""

language_option(figure)


def as_verb(name: str) -> click.Command:
    """``fallow figure`` of one analysis."""
    return make(
        name,
        _figure,
        before=[click.Argument(["measure"], required=False)],
        after=[
            Option(["--at"], help="cli.opt.at", metavar="KEY,KEY", multiple=True),
            format_option("table", "json"),
            json_option(),
        ],
    )


def _figure(
    analysis: str,
    asked: dict[str, Any],
    measure: str | None,
    at: tuple[str, ...],
    path: Path | None,
    form: str | None,
    as_json: bool | None,
) -> None:
    from fallow.analysis import figure, telling

    with reading(path) as register:
        found = figure(analysis, register, measure, keys_of(at), **asked)
        if chosen_format(form, as_json) == "json":
            print_json({**found.as_dict(), "notice": telling.s4(register, asked.get("head"))})
            return
        print_line(found.sentence())
        print_line(telling.s4(register, asked.get("head")))


def keys_of(at: Sequence[str]) -> tuple[str, ...]:
    """The keys of a line: one text with commas, or one key each time when it is given several times."""
    if len(at) == 1:
        return tuple(one.strip() for one in at[0].split(","))
    return tuple(at)
