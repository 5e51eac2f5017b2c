"""Face one, ``fallow run NAME`` and a verb for each analysis: the table of what it found."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fallow.cli import options
from fallow.cli.analyses import format_option, json_option, make
from fallow.cli.figure_table import print_figures
from fallow.cli.opening import reading
from fallow.cli.records_out import cell
from fallow.cli.shell import Option
from fallow.cli.show import print_json, print_line
from fallow.cli.wanted import chosen_format, fresh_target
from fallow.errors import FallowError
from fallow.words import in_language, say

if TYPE_CHECKING:
    from fallow.analysis import Result
    from fallow.register import Register

FORMATS = ("table", "json", "csv")
BOM = b"\xef\xbb\xbf"
"""Without it spreadsheets read Cyrillic and Arabic as noise."""


def as_verb(name: str) -> click.Command:
    """The verb of one analysis; the books can also be laid beside an operator's file."""
    if name == "books":
        from fallow.cli.analyses_against import with_against

        return with_against(make(name, answer, after=_out()))
    return make(name, answer, after=_out())


@options.verb("run")
@click.argument("name")
@options.option("--set", "settings", key="set", metavar="NAME=VALUE", multiple=True)
@options.register_option
@options.clock_options
@options.option("--format", "form", key="figure_format", type=options.OneOf(*FORMATS), default=None)
@options.option("--to", "target", key="to", type=options.FILE, metavar="FILE", default=None)
@options.option("--overwrite", key="overwrite", is_flag=True)
@options.json_option
def run(
    name: str,
    settings: tuple[str, ...],
    path: Path | None,
    known: str | None,
    true: str | None,
    head: int | None,
    form: str | None,
    target: Path | None,
    overwrite: bool,
    as_json: bool | None,
) -> None:
    """Run an analysis."""
    clocks = {"known": known, "true": true, "head": head}
    asked = {**_settings(settings), **{one: day for one, day in clocks.items() if day is not None}}
    answer(name.replace("-", "_"), asked, path, form, target, overwrite, as_json)


def answer(
    analysis: str,
    asked: dict[str, Any],
    path: Path | None,
    form: str | None,
    target: Path | None,
    overwrite: bool,
    as_json: bool | None,
) -> None:
    """Run it and print or write what it found."""
    from fallow.analysis import run

    with reading(path) as register:
        result = run(analysis, register, **asked)
        tell(register, result, asked.get("head"), form, target, overwrite, as_json)


def tell(
    register: Register,
    result: Result,
    head: int | None,
    form: str | None,
    target: Path | None,
    overwrite: bool,
    as_json: bool | None,
) -> None:
    """Print a result as a table, JSON or CSV, or write it; each with its notes, recipe and S4's words."""
    chosen = chosen_format(form, as_json, target, FORMATS[1:])
    if target is None:
        if chosen == "table":
            print_result(register, result, head)
        elif chosen == "json":
            print_json(as_dict(register, result, head))
        else:
            click.echo(as_csv(register, result, head), nl=False)
        return
    if chosen == "json":
        import orjson

        content = orjson.dumps(as_dict(register, result, head), default=str, option=orjson.OPT_INDENT_2)
    else:
        content = BOM + as_csv(register, result, head)
    write(fresh_target(target, overwrite=overwrite), content)
    if as_json:
        print_json({"file": str(target), "format": chosen, "count": len(result.lines)})
    else:
        print_line(say("cli.written", count=len(result.lines), file=target.name))


def write(target: Path, content: bytes) -> None:
    """Write a whole file under another name first: there is never half a file under the name asked for."""
    partial = target.with_name(target.name + ".partial")
    try:
        partial.write_bytes(content)
        partial.replace(target)
    except OSError as error:
        raise FallowError(
            "TARGET_NOT_WRITTEN", target.name, found=error.strerror or type(error).__name__
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def print_result(register: Register, result: Result, head: int | None) -> None:
    """The table for a person; under it the notes, S4's words and the recipe."""
    from fallow.analysis import telling

    measures = result.measures
    shown = [
        one
        for one in measures
        if one is measures[0] or any(line.values.get(one.name) not in (None, 0) for line in result.lines)
    ]
    if result.lines:
        print_figures(result, shown, in_language(result.title))
    else:
        print_line(in_language(result.title))
        print_line(say("analysis.nothing"))
    hidden = [telling.head(one) for one in measures if one not in shown]
    if hidden and result.lines:
        print_line(say("analysis.nought", measures="; ".join(hidden)))
    for line in telling.notes(result, _called(register, result)):
        print_line(line)
    print_line(telling.s4(register, head))
    print_line(telling.recipe(result))


def _called(register: Register, result: Result) -> dict[str, str]:
    """What people call the records that notes name."""
    from fallow.analysis import telling

    return telling.names_of(register, result.recipe, telling.noted(result))


def as_dict(register: Register, result: Result, head: int | None) -> dict[str, Any]:
    """The result for a program: codes beside their labels, numbers as numbers."""
    from fallow.analysis import telling

    told = result.as_dict()
    for row, line in zip(told["rows"], result.lines, strict=True):
        row["labels"] = {one.name: one.text(code) for one, code in zip(result.keys, line.key, strict=False)}
    return {
        **told,
        "sentences": telling.notes(result, _called(register, result)),
        "data_date": telling.data_date(register, head),
        "crs": "EPSG:4326",
        "invented": bool(register.settings.get("invented")),
        "notice": telling.s4(register, head),
    }


def as_csv(register: Register, result: Result, head: int | None) -> bytes:
    """UTF-8, comma, one header line; codes and their labels; each row carries date, notice and digest."""
    from fallow.analysis import telling

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    names = [column for one in result.keys for column in (one.name, f"{one.name}_label")]
    units = [f"{one.name}_{one.unit}" if one.unit == "m2" else one.name for one in result.measures]
    beside = ["data_date", "crs", "notice", "notes", "head", "digest"]
    writer.writerow([*names, *units, *beside])
    tail = [
        telling.data_date(register, head),
        "EPSG:4326",
        cell(telling.s4(register, head)),
        cell(" ".join(telling.notes(result, _called(register, result)))),
        result.recipe.head,
        result.digest,
    ]
    for line in result.lines:
        codes = [*line.key, *[""] * (len(result.keys) - len(line.key))]
        labels = telling.about(result.keys, line.key)
        pairs = [cell(text) for pair in zip(codes, labels, strict=True) for text in pair]
        writer.writerow([*pairs, *(cell(line.values.get(one.name)) for one in result.measures), *tail])
    return out.getvalue().encode()


def _settings(spelled: Sequence[str]) -> dict[str, str]:
    """``name=value`` pairs; the same name again is one more value of a list."""
    found: dict[str, str] = {}
    for pair in spelled:
        name, equals, value = pair.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name:
            raise FallowError("PARAMETER_FORMAT", "--set", found=pair[:60])
        found[name] = f"{found[name]},{value}" if name in found else value
    return {name: value for name, value in found.items() if value != ""}


def _out() -> list[click.Parameter]:
    return [
        format_option(*FORMATS),
        Option(["--to", "target"], help="cli.opt.to", type=options.FILE, metavar="FILE", default=None),
        Option(["--overwrite"], help="cli.opt.overwrite", is_flag=True),
        json_option(),
    ]


__all__ = ["FORMATS", "answer", "as_csv", "as_dict", "as_verb", "print_result", "run", "tell", "write"]
