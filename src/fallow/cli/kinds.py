"""Face one, ``fallow kinds``: what a record is: list, show, form, schema, lint."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fallow.cli import options
from fallow.cli.opening import reading
from fallow.cli.options import Decorated
from fallow.cli.shell import Verbs
from fallow.cli.show import print_json, print_line, print_table, wants_json
from fallow.cli.wanted import fresh_target
from fallow.errors import FallowError
from fallow.words import current_language, in_language, say

if TYPE_CHECKING:
    from fallow.kinds import Field, Kind, Model


def _bare() -> None:
    """``fallow kinds`` alone lists them."""
    if click.get_current_context().invoked_subcommand is None:
        _list(None, None, None)


kinds = Verbs("kinds", invoke_without_command=True, callback=_bare)
options.language_option(kinds)


def _of_which(command: Decorated) -> Decorated:
    """Whose kinds: a register's own, or the catalogue's with an overlay."""
    one = options.option("--overlay", key="overlay", metavar="FOLDER", type=options.FILE, default=None)
    named = options.option(
        "--register", "path", key="kinds_register", metavar="FILE", type=options.FILE, default=None
    )
    return named(one(command))


def _model(path: Path | None, overlay: Path | None) -> Model:
    from fallow.kinds import load_kinds

    if path is not None:
        with reading(path) as register:
            return register.model
    return load_kinds(overlay)


@options.verb("kinds.list")
@_of_which
@options.json_option
def list_kinds(path: Path | None, overlay: Path | None, as_json: bool | None) -> None:
    """List them."""
    _list(path, overlay, as_json)


def _list(path: Path | None, overlay: Path | None, as_json: bool | None) -> None:
    model = _model(path, overlay)
    if wants_json(as_json):
        print_json([_kind_dict(one) for one in model.kinds.values()])
        return
    rows = [
        [one.name, in_language(one.label), len(one.fields), in_language(one.about)]
        for one in model.kinds.values()
    ]
    print_table(
        [say(f"cli.column.{name}") for name in ("kind", "name", "fields", "about")], rows, numbers=[2]
    )


@options.verb("kinds.show")
@click.argument("kind")
@_of_which
@options.json_option
def show(kind: str, path: Path | None, overlay: Path | None, as_json: bool | None) -> None:
    """Show one kind field by field."""
    model = _model(path, overlay)
    declared = model.kind(kind)
    if wants_json(as_json):
        print_json(
            {**_kind_dict(declared), "field_list": [_field_dict(model, one) for one in declared.fields]}
        )
        return
    print_line(f"{declared.name}: {in_language(declared.label)}")
    print_line(in_language(declared.about))
    rows = [
        [
            one.name,
            in_language(one.label),
            one.type,
            one.unit or one.codes or one.link,
            one.sensitivity,
            one.required,
        ]
        for one in declared.fields
    ]
    names = ("field", "name", "type", "of", "class", "required")
    print_table([say(f"cli.column.{name}") for name in names], rows)


@options.verb("kinds.form")
@click.argument("kind")
@options.option("--to", "target", key="to", type=options.FILE, metavar="FILE", required=True)
@options.option("--overwrite", key="overwrite", is_flag=True)
@_of_which
def form(kind: str, target: Path, overwrite: bool, path: Path | None, overlay: Path | None) -> None:
    """Write the XLSForm of a kind, for ODK Collect and KoboCollect."""
    from fallow.kinds import as_form

    model = _model(path, overlay)
    workbook = as_form(model.kind(kind), model)
    try:
        fresh_target(target, overwrite=overwrite).write_bytes(workbook)
    except OSError as error:
        raise FallowError("TARGET_NOT_WRITTEN", target.name, found=type(error).__name__) from error
    print_line(say("cli.form_written", file=target.name))


@options.verb("kinds.schema")
@click.argument("kind")
@_of_which
def schema(kind: str, path: Path | None, overlay: Path | None) -> None:
    """Print the JSON Schema of a kind."""
    from fallow.kinds import as_schema

    model = _model(path, overlay)
    print_json(as_schema(model.kind(kind), model))


@options.verb("kinds.lint")
@options.option("--overlay", key="overlay", metavar="FOLDER", type=options.FILE, default=None)
@options.json_option
def lint(overlay: Path | None, as_json: bool | None) -> int:
    """Say what speaks against the declarations; status 1 when anything does, 2 when they are refused."""
    # The room of kinds offers its lint as a program of its own, not through its door.
    command = [sys.executable, "-m", "fallow.kinds.lint", *(["--overlay", str(overlay)] if overlay else [])]
    surroundings = {**os.environ, "FALLOW_LANG": current_language(), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(  # noqa: S603 - our own module, and the folder is one argument
        command, env=surroundings, capture_output=True, text=True, encoding="utf-8", check=False
    )
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    if wants_json(as_json):
        print_json({"holds": done.returncode == 0, "said": lines})
    else:
        for line in lines or [say("cli.lint_clean")]:
            print_line(line)
    return done.returncode


def _kind_dict(kind: Kind) -> dict[str, Any]:
    return {
        "kind": kind.name,
        "label": in_language(kind.label),
        "plural": in_language(kind.plural),
        "about": in_language(kind.about),
        "group": kind.group,
        "clock": kind.clock,
        "shapes": list(kind.shapes),
        "location_unknown": kind.location_unknown,
        "title": kind.title,
        "date": kind.date,
        "source": kind.source,
        "fields": [one.name for one in kind.fields],
    }


def _field_dict(model: Model, one: Field) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "label": in_language(one.label),
        "hint": in_language(one.hint) if one.hint else None,
        "type": one.type,
        "class": one.sensitivity,
        "unit": one.unit,
        "link": one.link,
        "required": one.required,
        "codes": {code.code: in_language(code.label) for code in model.codes(one)} if one.codes else None,
        "source": one.source,
    }


for _one in (list_kinds, show, form, schema, lint):
    kinds.add_command(_one)
