"""The canary test: what not everybody may see is in nothing that leaves, whatever is published and how.

Everything that publishes is published for the public, and every byte of every output is searched for every
token: members of archives inside archives, streams of PDFs, rows and free pages of databases, names of files,
what was logged or said in errors. The control publishes for the office and finds them.
"""

from __future__ import annotations

import io
import logging
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import shapely
from fixtures_canaries import Canaries, digits, every_word, planted
from pypdf import PdfReader
from pypdf.generic import StreamObject

from fallow.analysis import analyses, run
from fallow.errors import FallowError
from fallow.publish import Layer, Publication, of_results, prepare, publications, publish
from fallow.publish.audience import AUDIENCES, PEOPLE
from fallow.publish.publication import Cell, Paragraph
from fallow.publish.statements.keep import new_statement
from fallow.publish.statements.statement import statement_publication
from fallow.publish.withholding.redact import for_audience

ALL = ("xlsx", "csv", "pdf", "docx", "html")
ASKED: dict[str, dict[str, Any]] = {
    "year": {"year": "2024"},
    "month": {"month": "2024-03"},
    "known_before": {"known_before": "2024-01-01"},
    "parcel": {},
}
STATEMENT = """
code: CANARY-1
type: bulletin
date: 2024-06-01
issuer: Canary organisation
title: {en: Canaries}
figures:
  harmed: {analysis: casualties, parameters: {year: 2024}, measure: casualties}
tables:
  years: {analysis: casualties, parameters: {by: year}, title: {en: Casualties by year}}
text:
  en: |
    # Canaries

    In 2024, {harmed} people were harmed.

    [table years]
"""


@pytest.fixture(scope="module")
def canaries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canaries]:
    made = planted(tmp_path_factory.mktemp("canaries"))
    written = made.register.path.with_name("statement.yaml")
    written.write_text(STATEMENT, encoding="utf-8")
    new_statement(made.register, written, by="officer", why="canaries")
    yield made
    made.register.close()


def publications_of(made: Canaries) -> Iterator[tuple[str, Publication]]:
    """Every builder, every analysis, a statement; with what each needs to be asked."""
    register = made.register
    for name, builder in publications().items():
        asked = {key: value for one in builder.required for key, value in ASKED[one].items()}
        if name == "parcel_statement":
            parcel = register.path.with_name("parcel.geojson")
            parcel.write_bytes(shapely.to_geojson(shapely.box(15.17, 45.17, 15.18, 45.18)).encode())
            asked = {"parcel": str(parcel), "distance": "5000"}
        yield name, prepare(name, register, **asked)
    for name, analysis in analyses().items():
        required = [one.name for one in analysis.parameters if one.required]
        if "parcel" in required:
            continue  # the parcel: its builder asks it above
        asked = {key: value for one in required for key, value in ASKED[one].items()}
        ways: list[dict[str, Any]] = [asked]
        if "by" in analysis.asks and analysis.people:
            by = next(one for one in analysis.parameters if one.name == "by").choices
            ways += [{**asked, "by": one} for one in by]
        yield f"result_{name}", of_results([run(name, register, **one) for one in ways], register)
    yield "statement", statement_publication(register, "CANARY-1", languages=["en"])


@pytest.fixture(scope="module")
def published(canaries: Canaries, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Everything, for the public and for the office: audience to folder."""
    folders = {}
    for audience in ("public", "internal"):
        folder = tmp_path_factory.mktemp(audience)
        for name, one in publications_of(canaries):
            publish(
                one,
                folder / name,
                audience,
                register=canaries.register,
                formats=ALL if not name.startswith("result_") else ("csv", "xlsx", "html"),
                languages=("en", "ar") if name in publications() else ("en",),
                bundle=True,
            )
        for kind in canaries.register.model.kinds:
            if audience == "internal" or kind not in PEOPLE:
                publish(Layer(kind), folder / f"layer_{kind}", audience, register=canaries.register)
        folders[audience] = folder
    return folders


def contents(name: str, body: bytes) -> Iterator[tuple[str, bytes]]:
    """A file and everything in it, as bytes that can be searched."""
    yield name, body
    if body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            yield f"{name}#comment", archive.comment
            for one in archive.infolist():
                yield f"{name}!{one.filename}", one.filename.encode()
                yield from contents(f"{name}!{one.filename}", archive.read(one))
    elif body[:4] == b"%PDF":
        yield from _pdf(name, body)
    elif body[:15] == b"SQLite format 3":
        yield from _sqlite(name, body)
    elif body[:2] in (b"\x1f\x8b", b"x\x9c"):
        yield f"{name}#inflated", zlib.decompress(body, 47)


def _pdf(name: str, body: bytes) -> Iterator[tuple[str, bytes]]:
    reader = PdfReader(io.BytesIO(body))
    yield f"{name}#text", "\n".join(page.extract_text() for page in reader.pages).encode()
    yield f"{name}#metadata", repr((reader.metadata, reader.attachments)).encode()
    for generation in reader.xref.values():
        for number in generation:
            found = reader.get_object(number)
            if isinstance(found, StreamObject):
                yield f"{name}#{number}", found.get_data()


def _sqlite(name: str, body: bytes) -> Iterator[tuple[str, bytes]]:
    connection = sqlite3.connect(":memory:")
    connection.deserialize(body)
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        for row in connection.execute(f'SELECT * FROM "{table}"'):
            shown = [_decoded(cell) for cell in row]
            yield f"{name}#{table}", " ".join(shown).encode()
    connection.close()


def _decoded(cell: Any) -> str:
    if isinstance(cell, bytes) and cell[:2] == b"GP":
        return str(shapely.to_wkt(shapely.from_wkb(cell[8:]), rounding_precision=15))
    return str(cell)


TOKEN = re.compile(rb"(?=(Q[0-9A-F]{14}|7[0-9]{6}))")
"""What a token looks like; overlapping, so that no digits before one hide it."""


def hits(folder: Path, made: Canaries) -> dict[tuple[str, str], set[str]]:
    """Where each token is found: by class and field, the files."""
    words: dict[bytes, list[tuple[str, str]]] = {}
    for sort, name, word in every_word(made):
        looks = word.removeprefix(b"15.1")
        assert TOKEN.match(looks), name
        words.setdefault(looks, []).append((sort, name))
    found: dict[tuple[str, str], set[str]] = {}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).as_posix()
        bodies = [(inside, inside.encode())]
        if path.is_file():
            bodies += contents(inside, path.read_bytes())
        for where, body in bodies:
            for text in (body, body.replace(b"\0", b"")):  # the second finds UTF-16
                for looks in set(TOKEN.findall(text)) & words.keys():
                    for name in words[looks]:
                        found.setdefault(name, set()).add(where)
    return found


def test_nothing_restricted_and_nothing_personal_reaches_the_public(
    published: dict[str, Path], canaries: Canaries
) -> None:
    assert len(canaries.restricted) > 80
    assert len(canaries.personal) > 20
    assert len(list(published["public"].rglob("*.*"))) > 200
    assert hits(published["public"], canaries) == {}


def test_the_office_gets_the_restricted_ones_so_the_search_works(
    published: dict[str, Path], canaries: Canaries
) -> None:
    found = hits(published["internal"], canaries)
    assert not [name for sort, name in found if sort == "personal"], "personal fields are in no audience"
    layers = {name for (_, name), files in found.items() if any(one.startswith("layer_") for one in files)}
    assert layers == set(canaries.restricted)
    for name, files in found.items():
        kind = name[1].partition(".")[0]
        assert any(one.startswith(f"layer_{kind}/") and ".gpkg" in one for one in files), name
        assert any(one.startswith(f"layer_{kind}/") and ".geojson" in one for one in files), name


def test_every_column_of_words_says_whose_words_they_are(canaries: Canaries) -> None:
    """A kind's field, which then decides who sees it, or words of our own."""
    fields = {
        f"{kind.name}.{one.name}" for kind in canaries.register.model.kinds.values() for one in kind.fields
    }
    named = set()
    for name, one in publications_of(canaries):
        assert one.classes.keys() == fields
        for table in one.tables:
            for position, column in enumerate(table.columns):
                if any(isinstance(row.cells[position].value, str) for row in table.rows):
                    assert column.fields is not None, (name, table.id, column.name)
                named.update(f"{kind}.{field}" for kind, field in column.fields or ())
    # what an accident fills in for its victims is named with them, whether accidents have it or not
    assert {one for one in named - fields if not one.startswith("accident.")} == set()
    assert len(named) > 20


def test_words_that_name_no_field_do_not_leave(canaries: Canaries, tmp_path: Path) -> None:
    made = prepare("article7", canaries.register, year="2024")
    table = made.table("c_areas")
    columns = tuple(replace(one, fields=None) for one in table.columns)
    blocks = tuple(replace(one, columns=columns) if one is table else one for one in made.blocks)
    with pytest.raises(FallowError, match="COLUMN_UNNAMED"):
        publish(replace(made, blocks=blocks), tmp_path / "out", "internal", register=canaries.register)
    said = Paragraph({"en": "{word}"}, {"word": Cell("any word")})
    with pytest.raises(FallowError, match="COLUMN_UNNAMED"):
        publish(replace(made, blocks=(said,)), tmp_path / "out", "internal", register=canaries.register)


def test_a_class_that_is_raised_takes_effect_at_once(
    canaries: Canaries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kinds that keep from the public what ours do not: gone from every table, sentence, layer and bundle."""
    raised = {
        *(
            (kind, "admin1")
            for kind in ("hazard", "victim", "accident", "ordnance_find", "education_session")
        ),
        *(("hazard", name) for name in ("hazard_class", "code")),
        *(("victim", name) for name in ("sex", "date")),
        ("organisation", "name"),
        ("land_release", "code"),
        ("ordnance_type", "name"),
    }
    places = {
        (kind.name, one.name)
        for kind in canaries.register.model.kinds.values()
        for one in kind.fields
        if one.name in ("name", "admin1") and one.sensitivity == "public"
    }
    before = dict(publications_of(canaries))
    model = canaries.register.model
    kinds = {
        name: replace(
            kind,
            fields=tuple(
                replace(one, sensitivity="restricted") if (name, one.name) in raised | places else one
                for one in kind.fields
            ),
        )
        for name, kind in model.kinds.items()
    }
    monkeypatch.setattr(canaries.register, "model", replace(model, kinds=kinds))
    gone, hidden = 0, set()
    for name, one in publications_of(canaries):
        for table in for_audience(one, AUDIENCES["public"]).publication.tables:
            for column in table.columns:
                lost = (raised | places) & set(column.fields or ())
                cells = [row.cells[table.columns.index(column)].value for row in table.rows]
                assert not lost or {*cells} <= {None, "", "total"}, (name, table.id, column.name)
            was = before[name].table(table.id)
            gone += len(was.columns) - len(table.columns)
        manifest = publish(
            one, tmp_path / name, "public", register=canaries.register, formats=["csv"], bundle=True
        )
        hidden |= {one for one in manifest.hidden if ":" not in one}
    assert gone > 20
    assert {f"{kind}.{field}" for kind, field in raised} <= hidden
    for kind in ("hazard", "land_release", "organisation", "education_session"):
        publish(Layer(kind), tmp_path / f"layer_{kind}", "public", register=canaries.register)
    words = (b"Public admin1", b"hazard code", b"land_release code", b"Public name")
    told = [
        (word, where)
        for path in tmp_path.rglob("*")
        if path.is_file()
        for where, body in contents(path.name, path.read_bytes())
        for word in words
        if word in body
    ]
    assert told == []


def test_partners_get_no_person_and_no_exact_place_that_is_restricted(
    canaries: Canaries, tmp_path: Path
) -> None:
    for kind in canaries.register.model.kinds:
        if kind not in PEOPLE:
            publish(Layer(kind), tmp_path / kind, "partner", register=canaries.register)
    found = {name for _, name in hits(tmp_path, canaries)}
    assert not [one for one in found if one.endswith(".geometry")]
    assert not [one for one in found if one.partition(".")[0] in PEOPLE]
    spelt_out = {
        f"minefield_record.{name}"
        for name in (
            "reference_point_1",
            "row_positions",
            "corner_points",
            "dimensions_from_reference",
            "lanes",
            "location_description",
        )
    }
    spelt_out |= {f"{kind}.coordinates_as_given" for kind in ("minefield_record", "ordnance_find")}
    assert spelt_out <= set(canaries.restricted)
    assert not spelt_out & found
    assert "minefield_record.geometry" in canaries.restricted
    assert any(one.startswith("ordnance_find.") for one in found), "what they may see is there"


def test_the_shape_of_a_danger_is_never_touched(published: dict[str, Path], canaries: Canaries) -> None:
    told = (published["public"] / "layer_hazard" / "hazard.geojson").read_text("utf-8")
    assert str(digits("hazard", "geometry")) in told, "the exact place of a hazard is public (S1)"


def test_nothing_is_said_in_errors_or_logs(
    canaries: Canaries, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    said = []
    for layer in (
        Layer("victim"),
        Layer("assistance"),
        Layer("hazard", where={"coordinates_as_given": "nowhere"}),
        Layer("victim", where={"name": "nobody"}),
        Layer("nothing"),
    ):
        with pytest.raises(FallowError) as refused:
            publish(layer, tmp_path / "out", "public", register=canaries.register)
        said += [str(refused.value), str(refused.value.as_dict())]
        said += [str(refused.value.as_dict(lang)) for lang in ("ar", "ru")]
        assert not (tmp_path / "out").exists()
    printed = capfd.readouterr()
    everything = "\n".join([*said, caplog.text, printed.out, printed.err])
    assert not [name for _, name, word in every_word(canaries) if word.decode() in everything]
