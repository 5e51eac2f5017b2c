"""Face one, ``fallow books --against FILE``: an operator's own file beside the register.

The operator's file is untrusted. It goes the way of every import (child process, description, geometry gate,
receipt) into a register that is thrown away, and what came out of that is compared; the register at hand is
only read. Drafts change nothing until somebody approves them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from fallow.cli import options
from fallow.cli.opening import find_register, reading, writing
from fallow.cli.run import print_result, tell, write
from fallow.cli.shell import Option
from fallow.cli.show import print_json, print_line, wants_json
from fallow.cli.wanted import fresh_target
from fallow.errors import FallowError
from fallow.words import say

if TYPE_CHECKING:
    from fallow.analysis import Comparison
    from fallow.intake import Receipt, Source
    from fallow.register import Draft, Register

LAYERS = ("geojson", "gpkg")
_COMPARED = ("status", "hazard_class", "declared_area")


def with_against(command: click.Command) -> click.Command:
    """The verb of the books with ``--against`` and what belongs to it."""
    books = command.callback
    command.params += [
        Option(
            ["--against", "file"], help="cli.opt.against", type=options.FILE, metavar="FILE", default=None
        ),
        Option(["--operator"], help="cli.opt.operator", metavar="ID", default=None),
        Option(["--tolerance"], help="analysis.param.tolerance.help", metavar="NUMBER", default=None),
        Option(
            ["--write-drafts", "folder"],
            help="cli.opt.write_drafts",
            type=options.FILE,
            metavar="FOLDER",
            default=None,
        ),
        Option(["--add"], help="cli.opt.add", is_flag=True),
        Option(["--who"], help="cli.opt.who", metavar="NAME", default=None),
        Option(["--date"], help="cli.opt.date", metavar="DAY", default=None),
    ]
    options.passphrase_option(command)
    for one in command.params:
        if one.name == "form" and isinstance(one.type, options.OneOf):
            one.type = options.OneOf(*one.type.words, *LAYERS)

    def called(**given: Any) -> Any:
        beside = {
            one: given.pop(one) for one in ("file", "operator", "tolerance", "folder", "add", "who", "date")
        }
        passphrase = given.pop("passphrase_file")
        if beside["file"] is not None:
            return _against(given, beside, passphrase)
        for name, spelled in (("folder", "--write-drafts"), ("add", "--add")):
            if beside[name]:
                raise FallowError("AGAINST_NEEDED", spelled)
        if given["form"] in LAYERS or (given["target"] and given["target"].suffix.lower()[1:] in LAYERS):
            raise FallowError("AGAINST_NEEDED", "--format")
        return books(**given) if books else None

    command.callback = called
    return command


def _against(given: Mapping[str, Any], beside: Mapping[str, Any], passphrase: Path | None) -> None:
    from fallow.analysis import against

    for name in ("since", "until", "year", "each", "by", "place"):
        if given[name]:
            raise FallowError("AGAINST_PERIOD", f"--{name}")
    clocks = {one: given[one] for one in ("known", "true", "head")}
    tolerance = {} if beside["tolerance"] is None else {"tolerance": beside["tolerance"]}
    path = find_register(given["path"])
    with reading(path) as register:
        source = described(beside["file"], register, beside["who"], beside["date"])
        with _beside(source, register) as (records, receipt):
            comparison = against(register, records, operator=beside["operator"], **tolerance, **clocks)
        if given["target"] is not None and _ending(given) in LAYERS:
            _write_layer(register, comparison, given)
        elif given["form"] in LAYERS:
            if given["form"] == "gpkg":
                raise FallowError("TARGET_NEEDED", "--to", format="gpkg")
            click.echo(layer_geojson(register, comparison, given["head"]), nl=False)
        else:
            tell(
                register,
                comparison.result,
                given["head"],
                given["form"],
                given["target"],
                given["overwrite"],
                given["as_json"],
            )
        drafts = _drafts(comparison, source, beside) if beside["folder"] or beside["add"] else []
    if receipt.refused and not wants_json(given["as_json"]):
        print_line(receipt.text())
    if beside["folder"]:
        _write_drafts(beside["folder"], drafts, receipt)
    if beside["add"]:
        with writing(path, passphrase) as register:
            entered = add(register, source, drafts, receipt)
        print_json(entered.as_dict()) if given["as_json"] else print_line(entered.text())


# -- the operator's file ------------------------------------------------------------------------------------


def described(file: Path, register: Register, who: str | None, date: str | None) -> Source:
    """The description of an operator's file: the one that is given, or one for columns named as our fields.

    Raises
    ------
    FallowError
        ``FILE_NOT_FOUND``; what loading a description refuses, such as a text that is no code of ours: such a
        file needs a description of its own (``fallow source draft``).
    """
    from fallow.intake import draft_source, load_source

    if not file.exists():
        raise FallowError("FILE_NOT_FOUND", file.name)
    if file.is_dir() or file.suffix.lower() in (".yaml", ".yml"):
        return load_source(file, register.model)
    text = draft_source(file.resolve(), kind="hazard", model=register.model)
    day = date if date and len(date) == 10 else register.ledger.head()[2][:10]
    answers = {
        "who": _quoted(who or file.stem),
        "licence": "none stated",
        "delivered": day,
        "date": "delivered",
    }
    for key, answer in answers.items():
        text = re.sub(rf'^(\s*){key}: "\?".*$', rf"\g<1>{key}: {answer}", text, count=1, flags=re.MULTILINE)
    text = text.replace('hazard_class: {value: "?"}', "hazard_class: {value: unknown}")
    # Our own column name means our own unit: the file says declared_area, and that is in square metres.
    text = text.replace(
        'declared_area: {from: declared_area, unit: "?"}', "declared_area: {from: declared_area, unit: m2}"
    )
    with TemporaryDirectory(prefix="fallow-against-") as folder:
        written = Path(folder) / "source.yaml"
        written.write_text(text, encoding="utf-8")
        found = load_source(written, register.model)
    from dataclasses import replace

    return replace(found, folder=file.resolve().parent)


def _quoted(text: str) -> str:
    import orjson

    return orjson.dumps(text).decode().replace("\\", "\\\\")


@contextmanager
def _beside(source: Source, register: Register) -> Iterator[tuple[list[dict[str, Any]], Receipt]]:
    """What the operator's file says, as records to compare, and the receipt of reading it."""
    from fallow.intake import bring_in
    from fallow.register import create_register

    with TemporaryDirectory(prefix="fallow-against-") as folder:
        settings = register.settings
        with create_register(
            Path(folder) / "beside.gpkg",
            title="beside",
            country=settings.get("country"),
            extent=[tuple(one) for one in settings.get("extent") or ()],
            huge_area_m2=settings.get("huge_area_m2") or 1e9,
        ) as beside:
            receipt = bring_in(source, beside, only=source.deliveries[-1].delivered)
            yield [_record(beside, number) for span in beside.drafts() for number in span], receipt


def _record(beside: Register, number: int) -> dict[str, Any]:
    entry = beside.entry(number)
    content = entry.content
    if content["kind"] != "hazard":
        raise FallowError("AGAINST_KIND", str(content["kind"]))
    fields = content["fields"]
    named = fields.get("external_id") or fields.get("code")
    return {
        "id": named,
        "code": fields.get("code") or named,
        "geometry": entry.geometry,
        # an unknown class says nothing that could differ
        **{name: None if fields.get(name) == "unknown" else fields.get(name) for name in _COMPARED},
    }


# -- the layer ----------------------------------------------------------------------------------------------


def _ending(given: Mapping[str, Any]) -> str:
    return str(given["form"] or given["target"].suffix.lower().lstrip("."))


def _write_layer(register: Register, comparison: Comparison, given: Mapping[str, Any]) -> None:
    target = fresh_target(given["target"], overwrite=given["overwrite"])
    if _ending(given) == "geojson":
        write(target, layer_geojson(register, comparison, given["head"]))
    else:
        from fallow.analysis import telling
        from fallow.cli.gpkg_out import write_features

        about = f"{telling.s4(register, given['head'])} {telling.recipe(comparison.result)}"
        write_features(target, "against", comparison.layer, about)
    if not given["as_json"]:
        print_result(register, comparison.result, given["head"])
    print_line(say("cli.written", count=len(comparison.layer), file=target.name))


def layer_geojson(register: Register, comparison: Comparison, head: int | None) -> bytes:
    """The differences as a feature collection (RFC 7946) with notice and digest."""
    import orjson

    from fallow.analysis import telling
    from fallow.cli.records_out import geometry_of

    features = [
        {
            "type": "Feature",
            "geometry": geometry_of(one["geometry"]),
            "properties": {name: value for name, value in one.items() if name != "geometry"},
        }
        for one in comparison.layer
    ]
    body = {
        "type": "FeatureCollection",
        "fallow": {
            "notice": telling.s4(register, head),
            "data_date": telling.data_date(register, head),
            "crs": "EPSG:4326",
            "recipe": telling.recipe(comparison.result),
            "digest": comparison.result.digest,
        },
        "features": features,
    }
    return orjson.dumps(body, default=str, option=orjson.OPT_APPEND_NEWLINE)


# -- drafts -------------------------------------------------------------------------------------------------


def _drafts(comparison: Comparison, source: Source, beside: Mapping[str, Any]) -> list[Draft]:
    from fallow.analysis import draft_reports

    true = beside["date"] or source.deliveries[-1].delivered
    author = beside["who"] or source.who
    return draft_reports(comparison, source=source.name, author=author, true=true)


def _write_drafts(folder: Path, drafts: list[Draft], receipt: Receipt) -> None:
    """What each draft says, for a person to look at before it is added; never over a folder that is there."""
    import orjson

    from fallow.cli.records_out import geometry_of

    if folder.exists():
        raise FallowError("TARGET_EXISTS", folder.name)
    features = [
        {
            "type": "Feature",
            "geometry": geometry_of(one.geometry),
            "properties": {
                "record": one.record,
                "kind": one.kind,
                "source": one.source,
                "author": one.author,
                "true": one.true,
                "operators_key": one.where,
                **one.fields,
            },
        }
        for one in drafts
    ]
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise FallowError("TARGET_NOT_WRITTEN", folder.name, found=type(error).__name__) from error
    body = {"type": "FeatureCollection", "features": features}
    write(folder / "drafts.geojson", orjson.dumps(body, default=str, option=orjson.OPT_INDENT_2))
    write(folder / "receipt.json", orjson.dumps(receipt.as_dict(), default=str, option=orjson.OPT_INDENT_2))
    print_line(say("cli.drafts_written", count=len(drafts), folder=folder.name))


def add(register: Register, source: Source, drafts: list[Draft], receipt: Receipt) -> Receipt:
    """Enter drafts as one delivery with its receipt and its original kept, as ``bring`` does.

    ``ALREADY_IMPORTED`` is told, and nothing entered, when the same drafts came from the same file before.
    """
    from dataclasses import replace

    from fallow.errors import Finding
    from fallow.intake import Columns
    from fallow.register import Delivery

    spec = source.deliveries[-1]
    mapping = sha256(repr((source.mapping, [(one.record, sorted(one.fields)) for one in drafts])).encode())
    same = [
        one
        for one in register.deliveries(source.name)
        if one.delivery.mapping == mapping.hexdigest() and list(one.delivery.files) == list(receipt.files)
    ]
    entered = replace(
        receipt,
        rows=len(drafts),
        reported=0,
        refused=0,
        known_already=len(drafts),
        reports=(),
        held=0,
        additions=0,
        updates=0,
        by_kind={"hazard": len(drafts)},
        columns=Columns(mapped=receipt.columns.mapped, ignored=receipt.columns.ignored),
    )
    if same:
        told = Finding(
            "ALREADY_IMPORTED", "note", source.name, {"date": same[0].at[:10], "delivered": spec.delivered}
        )
        return replace(entered, findings=(told,), counts={told.code: 1}, delivery=same[0].number)
    if not drafts:
        return entered
    with register.writing():
        number = register.receive(
            Delivery(
                source=source.name,
                who=source.who,
                delivered=spec.delivered,
                declared=False,
                files=receipt.files,
                mapping=mapping.hexdigest(),
                licence=source.licence,
                title=source.title,
            )
        )
        numbers = register.add(drafts, delivery=number)
        for names in spec.files.values():
            for name in names:
                register.files.keep(source.folder / name)
        known = {one.record for one in drafts if register.at().record(one.record) is not None}
        entered = replace(
            entered,
            reported=len(drafts),
            known_already=0,
            reports=(numbers,),
            additions=len(drafts) - len(known),
            updates=len(known),
            delivery=number,
        )
        register.keep_receipt(number, entered.as_dict("en"))
    return entered
