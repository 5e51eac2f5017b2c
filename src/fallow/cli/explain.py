"""Face one, ``fallow explain``: the records behind one number, then their reports, down to the document."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fallow.cli import options
from fallow.cli.analyses import Group, analysis_verbs, format_option, json_option, make
from fallow.cli.figure import keys_of
from fallow.cli.opening import reading
from fallow.cli.shell import Option
from fallow.cli.show import print_json, print_line, print_table
from fallow.cli.wanted import chosen_format
from fallow.words import in_language, say

if TYPE_CHECKING:
    from fallow.analysis import Behind
    from fallow.register import Register

_SHOWN = 40
"""Records told in detail when nobody says how many; every id and every ledger number is in the JSON."""

explain = Group("explain", verbs=analysis_verbs("fallow.cli.explain:as_verb"))
"""``fallow explain NAME MEASURE [KEY...]``."""

options.language_option(explain)


def as_verb(name: str) -> click.Command:
    """``fallow explain`` of one analysis."""
    return make(
        name,
        _explain,
        before=[
            click.Argument(["measure"], required=False),
            click.Argument(["at"], nargs=-1, metavar="KEY..."),
        ],
        after=[
            Option(
                ["--limit"],
                help="cli.opt.explain_limit",
                type=options.Number(0),
                metavar="NUMBER",
                default=None,
            ),
            format_option("table", "json"),
            json_option(),
        ],
    )


def _explain(
    analysis: str,
    asked: dict[str, Any],
    measure: str | None,
    at: tuple[str, ...],
    limit: int | None,
    path: Path | None,
    form: str | None,
    as_json: bool | None,
) -> None:
    from fallow.analysis import behind, of_result, run, telling

    with reading(path) as register:
        head = asked.get("head")
        result = run(analysis, register, **asked)
        found = of_result(result, register, measure, keys_of(at), head)
        view = register.at(**{one: asked.get(one) for one in ("known", "true", "head")})
        explanation = result.explain(found.measure.name, *found.key)
        trail = behind(register, view, explanation, _SHOWN if limit is None else limit)
        if chosen_format(form, as_json) == "json":
            print_json({**found.as_dict(), **_as_dict(trail), "notice": telling.s4(register, head)})
            return
        print_line(found.sentence())
        value = telling.quantity(found.value, found.measure.unit)
        _print(register, trail, value)
        print_line(telling.s4(register, head))
        print_line(telling.recipe(result))


def _as_dict(trail: Behind) -> dict[str, Any]:
    return {
        "records": list(trail.every_record),
        "reports": list(trail.every_report),
        "told_records": [asdict(one) for one in trail.records],
        "told_reports": [asdict(one) for one in trail.reports],
        "not_told": trail.more,
    }


def _print(register: Register, trail: Behind, value: str) -> None:
    from fallow.analysis import telling

    if not trail.every_record:
        print_line(say("analysis.explain.none"))
        return
    heads = ["record", "kind", "title", "true_from", "known_from", "reports"]
    kinds = register.model.kinds
    print_table(
        [_head(one) for one in heads],
        [
            (
                one.record,
                in_language(kinds[one.kind].label),
                one.title,
                one.true_from,
                one.known_from,
                one.reports,
            )
            for one in trail.records
        ],
        title=say("analysis.explain.records", value=value, count=telling.number(len(trail.every_record))),
    )
    if trail.more:
        print_line(say("analysis.explain.more", count=telling.number(trail.more)))
    heads = ["number", "source", "author", "true", "known", "how", "document", "record"]
    print_table(
        [_head(one) for one in heads],
        [
            (
                one.number,
                one.who or one.source,
                one.author,
                one.true,
                one.known_from,
                say("analysis.explain.declared") if one.declared else say("analysis.explain.witnessed"),
                one.document,
                one.record,
            )
            for one in trail.reports
        ],
        title=say("analysis.explain.reports", value=value, count=telling.number(len(trail.every_report))),
        numbers=[0],
    )


def _head(name: str) -> str:
    own = ("title", "author", "known", "how", "document", "number")
    return say(f"analysis.explain.{name}") if name in own else say(f"cli.column.{name}")
