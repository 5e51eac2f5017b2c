"""Face one, ``fallow list``: the records of a kind, as known and true on any day, as a table or a file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fallow.cli import options
from fallow.cli.labels import undecided, word_of
from fallow.cli.opening import reading
from fallow.cli.show import console, print_json, print_line, print_table
from fallow.cli.stamp import Stamp, stamp_of
from fallow.cli.wanted import chosen_format, condition, fresh_target, stored_fields
from fallow.errors import FallowError
from fallow.words import in_language, say

if TYPE_CHECKING:
    from fallow.kinds import Kind
    from fallow.register import Record, Register

FORMATS = ("table", "json", "csv", "geojson", "gpkg")
_ROWS_ON_A_SCREEN = 40
_COLUMNS_ON_A_SCREEN = 4
_WIDE = 130
_BESIDE = ("true_from", "known_from", "undecided")


@options.verb("list")
@click.argument("kind")
@options.register_option
@options.clock_options
@options.option("--where", key="where", metavar="FIELD=VALUE", multiple=True)
@options.option("--bbox", key="bbox", metavar="W,S,E,N", type=options.Boxes(), default=None)
@options.option("--fields", key="fields", metavar="FIELD,FIELD", default=None)
@options.option("--order", key="order", metavar="FIELD", default=None)
@options.option("--limit", key="limit", metavar="NUMBER", type=options.Number(0), default=None)
@options.option("--count", "only_count", key="count", is_flag=True)
@options.option("--format", "form", key="format", type=options.OneOf(*FORMATS), default=None)
@options.option("--to", "target", key="to", type=options.FILE, metavar="FILE", default=None)
@options.option("--overwrite", key="overwrite", is_flag=True)
@options.json_option
def list_(
    kind: str,
    path: Path | None,
    known: str | None,
    true: str | None,
    head: int | None,
    where: tuple[str, ...],
    bbox: tuple[float, float, float, float] | None,
    fields: str | None,
    order: str | None,
    limit: int | None,
    only_count: bool,
    form: str | None,
    target: Path | None,
    overwrite: bool,
    as_json: bool | None,
) -> None:
    """List, count or export."""
    with reading(path) as register:
        declared = register.model.kind(kind)
        wanted = condition(register.model, declared, where)
        view = register.at(known=known, true=true, head=head)
        if only_count:
            count = view.count(kind, wanted, bbox)
            print_json({"count": count}) if as_json else print_line(str(count))
            return
        names = stored_fields(declared, fields) or [one.name for one in declared.stored]
        records = view.records(kind, wanted, bbox, order=order, limit=limit)
        chosen = chosen_format(form, as_json, target, FORMATS[1:])
        if chosen == "gpkg" and target is None:
            raise FallowError("TARGET_NEEDED", "--to", format=chosen)
        stamp = stamp_of(register, view, declared, head)
        if chosen == "table":
            listed = names if fields else _telling(declared)
            _table(register, declared, listed, records, view.count(kind, wanted, bbox), limit, stamp)
        elif target is not None:
            count = _write(fresh_target(target, overwrite=overwrite), chosen, records, declared, names, stamp)
            if as_json:
                print_json({"file": str(target), "format": chosen, "count": count, **stamp.as_dict()})
            else:
                print_line(say("cli.written", count=count, file=target.name))
                print_line(stamp.notice)
        else:
            _print(chosen, records, names, stamp)


def _telling(kind: Kind) -> list[str]:
    """The fields that tell most in a narrow table: name, states, colour, then what is required."""
    first = [kind.title, *(one.field for one in kind.states), kind.symbol]
    required = [one.name for one in kind.stored if one.required != "never"]
    stored = {one.name for one in kind.stored} - {kind.date}  # its date is the day it is true from
    names = dict.fromkeys(one for one in [*first, *required] if one in stored)
    return list(names)[:_COLUMNS_ON_A_SCREEN]


def _table(
    register: Register,
    kind: Kind,
    names: list[str],
    records: Iterator[Record],
    count: int,
    limit: int | None,
    stamp: Stamp,
) -> None:
    shown = list(islice(records, _ROWS_ON_A_SCREEN if limit is None else limit))
    columns: list[tuple[str, list[Any], bool]] = []
    for name in names:
        field = kind.field(name)
        cells = [word_of(register.model, field, one.fields.get(name)) for one in shown]
        number = field is not None and field.type in ("integer", "decimal", "quantity")
        columns.append((in_language(field.label) if field else name, cells, number))
    named = bool(kind.title) and all(one.fields.get(str(kind.title)) for one in shown)
    beside = _BESIDE if named and console().width < _WIDE else (*_BESIDE, "id")  # `look` takes the name too
    for name in beside:
        cells = [undecided(one) if name == "undecided" else getattr(one, name) for one in shown]
        if any(cells):
            columns.append((say(f"cli.column.{name}"), cells, False))
    print_table(
        [head for head, _, _ in columns],
        list(zip(*(cells for _, cells, _ in columns), strict=True)),
        title=in_language(kind.plural),
        numbers=[at for at, (_, _, number) in enumerate(columns) if number],
    )
    print_line(say("cli.shown", shown=len(shown), count=count))
    print_line(stamp.notice)


def _print(form: str, records: Iterator[Record], names: list[str], stamp: Stamp) -> None:
    out = sys.stdout.buffer
    for part in _parts(form, records, names, stamp):
        out.write(part)
    out.flush()


def _write(
    target: Path, form: str, records: Iterator[Record], kind: Kind, names: list[str], stamp: Stamp
) -> int:
    """Write the whole file under another name first: there is never half a file under the name asked for."""
    count = 0

    def counted() -> Iterator[Record]:
        nonlocal count
        for one in records:
            count += 1
            yield one

    with _partial(target) as partial:
        if form == "gpkg":
            from fallow.cli.gpkg_out import write_gpkg

            write_gpkg(partial, counted(), kind, names, stamp)
        else:
            with partial.open("wb") as out:
                if form == "csv":
                    out.write(b"\xef\xbb\xbf")  # without it spreadsheets read Cyrillic and Arabic as noise
                for part in _parts(form, counted(), names, stamp):
                    out.write(part)
    return count


@contextmanager
def _partial(target: Path) -> Iterator[Path]:
    partial = target.with_name(target.name + ".partial")
    try:
        partial.unlink(missing_ok=True)
        yield partial
        partial.replace(target)
    except OSError as error:
        raise FallowError(
            "TARGET_NOT_WRITTEN", target.name, found=error.strerror or type(error).__name__
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _parts(form: str, records: Iterator[Record], names: list[str], stamp: Stamp) -> Iterator[bytes]:
    from fallow.cli import records_out

    writers: dict[str, Callable[[Iterator[Record], list[str], Stamp], Iterator[bytes]]] = {
        "json": records_out.as_json,
        "geojson": records_out.as_geojson,
        "csv": records_out.as_csv,
    }
    return writers[form](records, names, stamp)
