"""The PDF: both standards, tags, languages, numbers that lead somewhere, and text that stays text."""

from __future__ import annotations

import re
import socket
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import docx
import pypdf
import pytest
from fixtures_documents import HOSTILE, all_languages, programme, publication
from hypothesis import given, settings
from hypothesis import strategies as st

from fallow.errors import FallowError
from fallow.publish import printed
from fallow.publish.publication import Cell, Chart, Figure, Heading, Paragraph, Publication, Row, Table
from fallow.publish.writers import pages, typeset, word
from fallow.words import LANGUAGES, say


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Publication:
    return publication(programme(tmp_path_factory.mktemp("country")))


@pytest.fixture(scope="module")
def documents(made: Publication) -> dict[str, bytes]:
    return {lang: typeset.pdf(made, lang) for lang in LANGUAGES}


def read(body: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(BytesIO(body))


def words(body: bytes) -> str:
    """The text of all pages, spaces and line ends made equal and hyphens at line ends joined."""
    text = "\n".join(page.extract_text() for page in read(body).pages)
    text = unicodedata.normalize("NFKC", re.sub(r"[-\u2010\u00ad]\n", "", text))
    return re.sub(r"[\s\u200b-\u200f\u202f]+", " ", text)


def tags(body: bytes) -> list[dict[str, Any]]:
    """Every structure element."""
    found: list[dict[str, Any]] = []

    def walk(node: Any) -> None:
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, list):
            for one in node:
                walk(one)
        elif isinstance(node, dict):
            if "/S" in node:
                found.append(node)
            if "/K" in node:
                walk(node["/K"])

    walk(read(body).root_object["/StructTreeRoot"])
    return found


@pytest.mark.parametrize("lang", LANGUAGES)
def test_one_file_is_for_the_archive_and_for_every_reader(documents: dict[str, bytes], lang: str) -> None:
    of = read(documents[lang])
    about = of.root_object["/Metadata"].get_object().get_data().decode()
    assert re.search(r"<pdfaid:part>2</pdfaid:part>", about)
    assert re.search(r"<pdfaid:conformance>B</pdfaid:conformance>", about)
    assert re.search(r"<pdfuaid:part>1</pdfuaid:part>", about)
    assert of.root_object["/MarkInfo"]["/Marked"].value is True
    assert str(of.root_object["/Lang"]).startswith(lang)
    assert of.metadata is not None
    assert of.metadata.title == ("مطبوع للتجربة" if lang == "ar" else of.metadata.title)
    assert of.metadata.title
    assert of.root_object["/ViewerPreferences"]["/DisplayDocTitle"].value is True


@pytest.mark.parametrize("lang", LANGUAGES)
def test_headings_tables_and_pictures_are_tagged(documents: dict[str, bytes], lang: str) -> None:
    found = tags(documents[lang])
    names = [str(one["/S"]) for one in found]
    assert {"/H1", "/H2", "/Table", "/TH", "/TD", "/Figure", "/Caption", "/Link"} <= set(names)
    pictures = [one for one in found if one["/S"] == "/Figure"]
    assert pictures
    assert all(str(one.get("/Alt", "")).startswith("Bars for each year") for one in pictures)


@pytest.mark.parametrize("lang", [one for one in LANGUAGES if one != "ar"])
def test_each_number_and_s4s_words_stand_in_the_text(
    documents: dict[str, bytes], made: Publication, lang: str
) -> None:
    text = words(documents[lang])
    for table in made.tables:
        for row in table.rows:
            for cell, column in zip(row.cells, table.columns, strict=True):
                if cell.figure and cell.value is not None:
                    shown = printed.shown(cell, column.unit, lang).replace(printed.THIN, " ")
                    assert shown in text, cell.figure.id
    said = printed.s4(made.stamp, lang)
    joined = re.sub(r"[\s\u202f]+", "", unicodedata.normalize("NFKC", said))
    assert joined in re.sub(r"\s+", "", text)
    assert made.stamp.data_date in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_page_says_that_the_programme_is_invented_and_what_silence_means(
    documents: dict[str, bytes], made: Publication, lang: str
) -> None:
    of = read(documents[lang])
    assert len(of.pages) > 1
    for number, page in enumerate(of.pages, 1):
        text = page.extract_text()
        assert made.stamp.programme in re.sub(r"\s+", " ", text)
        if lang == "ar":
            assert letters("مختلقة") <= letters(text)
            continue
        joined = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
        for said in (say("cli.invented", lang), say("publish.silence", lang)):
            assert re.sub(r"\s+", "", said) in joined
        page_words = say("publish.page", lang, page=number, pages=len(of.pages))
        assert re.sub(r"\s+", "", page_words) in joined


def letters(text: str) -> set[str]:
    return {one for one in unicodedata.normalize("NFKC", text) if "\u0600" <= one <= "\u06ff"}


def test_arabic_can_be_taken_out_again(documents: dict[str, bytes], made: Publication) -> None:
    """With a font that splits letters from their dots fewer than one word in six comes out whole."""
    text = words(documents["ar"])
    said = [printed.s4(made.stamp, "ar"), say("publish.sources.about", "ar"), say("publish.sources", "ar")]
    # Marks above and below letters are glyphs of their own in every font.
    wanted = {
        one
        for sentence in said
        for one in re.findall(r"[\u0621-\u064a]{3,}", sentence)
        if one in re.sub(r"[\u064b-\u0652]", "", sentence)
    }
    found = {one for one in wanted if one in text}
    assert len(found) / len(wanted) > 0.6, sorted(wanted - found)
    for year, (killed, injured) in {"2022": (12, 31)}.items():
        assert {year, str(killed), str(injured)} <= set(re.findall(r"\d+", text))


def test_every_number_leads_to_its_recipe(documents: dict[str, bytes], made: Publication) -> None:
    of = read(documents["en"])
    targets = []
    for page in of.pages:
        for note in page.get("/Annots") or []:
            link = note.get_object()
            assert link["/Subtype"] == "/Link"
            assert link.get("/Contents") or link.get("/StructParent") is not None
            targets.append(link.get("/Dest") or link.get("/A", {}).get("/D"))
    numbers = sum(
        1 for table in made.tables for row in table.rows for cell in row.cells if cell.figure
    ) + sum(len(one.figures) for one in made.blocks if isinstance(one, Paragraph))
    assert len(targets) >= numbers
    assert all(targets)
    text = words(documents["en"])
    for name, result in made.results.items():
        assert result.digest in text
        assert result.recipe.head_hash in text
        assert result.recipe.analysis in text
        assert f"{name}/" in text
    assert "casualties/killed/2023" in text


def test_the_same_publication_is_the_same_bytes(documents: dict[str, bytes], made: Publication) -> None:
    assert typeset.pdf(made, "en") == documents["en"]
    assert typeset.pdf(made, "ar") == documents["ar"]


def test_what_people_write_is_never_read_as_markup(made: Publication) -> None:
    hostile = replace(
        made,
        title=all_languages(HOSTILE),
        subtitle=all_languages(HOSTILE),
        stamp=replace(made.stamp, programme=HOSTILE),
        blocks=(
            Heading(all_languages(HOSTILE)),
            Paragraph(
                all_languages(f"{HOSTILE} {{total}}"), {"total": Cell(4711, Figure("casualties", "killed"))}
            ),
        ),
    )
    body = typeset.pdf(hostile, "en")
    text = re.sub(r"\s+", "", words(body))
    wanted = re.sub(r"\s+", "", HOSTILE)
    assert text.count(wanted) >= 4
    assert "root:" not in text
    about = read(body).metadata
    assert about is not None
    assert about.title == HOSTILE


def test_a_control_letter_or_an_override_does_not_reach_the_page(made: Publication) -> None:
    trick = "Nobody\u202eelse\u0000\u0007 signed\ud800"
    body = typeset.pdf(replace(made, title=all_languages(trick)), "en")
    about = read(body).metadata
    assert about is not None
    assert about.title == "Nobodyelse signed"


def test_nothing_is_asked_of_the_network(made: Publication, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a document asked for the network")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    assert typeset.pdf(made, "en")


def test_the_template_reads_no_file_and_no_package() -> None:
    source = Path(typeset.__file__).with_name("typeset.typ").read_text(encoding="utf-8")
    bare = re.sub(r"//[^\n]*", "", source)
    assert not re.search(r"#?(import|include|read|eval|plugin|bibliography|csv|yaml|toml|xml)\s*[(\"@]", bare)
    assert bare.count("json(") == bare.count("json(bytes(sys.inputs.data))") == 1


def cells(publication: Publication) -> Iterator[tuple[Table, Row, Cell]]:
    for table in publication.tables:
        for row in table.rows:
            for cell in row.cells:
                yield table, row, cell


def test_what_is_withheld_reads_as_words_and_its_number_is_nowhere(made: Publication) -> None:
    gone = Figure("casualties", "injured", ("2023",))
    tables = {
        table.id: replace(
            table,
            rows=tuple(
                replace(
                    row,
                    cells=tuple(
                        Cell(None, one.figure, "publish.not_recorded") if one.figure == gone else one
                        for one in row.cells
                    ),
                )
                for row in table.rows
            ),
        )
        for table in made.tables
        if table.id == "casualties"
    }
    assert any(cell.value == 1043 and cell.figure == gone for _, _, cell in cells(made))
    blocks = tuple(
        tables.get(one.id, one) if isinstance(one, Table) else one
        for one in made.blocks
        if isinstance(one, (Table, Chart)) and one.id in ("casualties", "outcomes")
    )
    text = words(typeset.pdf(replace(made, blocks=blocks), "en"))
    assert "1 043" not in text
    assert say("publish.not_recorded", "en") in text
    assert say("publish.chart.gap", "en") in text


class Brief:
    """A publication without results; hypothesis prints what a test was given, so it is brief."""

    def __init__(self, publication: Publication) -> None:
        self.publication = replace(publication, results={}, subtitle={})


@pytest.fixture(scope="module")
def brief(made: Publication) -> Brief:
    return Brief(made)


@settings(max_examples=30)
@given(text=st.text(max_size=60) | st.text(alphabet="#$*_`@\\[](){}<>&\"'/%~^|-=+ \n\t{}аяəعر", max_size=80))
def test_any_text_prints_or_is_refused_by_its_letters(brief: Brief, text: str) -> None:
    small = replace(
        brief.publication,
        title=all_languages(text),
        stamp=replace(brief.publication.stamp, programme=text),
        blocks=(Heading(all_languages(text)), Paragraph(all_languages(text), {})),
    )
    for lang in ("en", "ar"):
        try:
            assert typeset.pdf(small, lang).startswith(b"%PDF-1.7")
        except FallowError as error:
            assert error.code == "LETTER_MISSING"
            assert "U+" in str(error.facts["found"])
        assert pages.html(small, lang).startswith("<!doctype html>")
        with TemporaryDirectory() as folder:
            word.write_docx(small, lang, Path(folder) / "any.docx")
            document = docx.Document(str(Path(folder) / "any.docx"))
            assert document.core_properties.title == printed.plain(text, lang)[:255]


def laid_out(made: Publication, *words: str, rows: int = 30) -> list[str]:
    """The pages of a table whose rows hold some words each, under a heading of its own name."""
    table = next(one for one in made.blocks if isinstance(one, Table))
    columns = tuple(
        replace(table.columns[0], name=f"c{place}", label=all_languages("Col")) for place in range(len(words))
    )
    lines = tuple(Row(tuple(Cell(one.replace("#", f"{line:03}")) for one in words)) for line in range(rows))
    small = replace(
        made,
        results={},
        blocks=(
            Heading(all_languages("Who signed")),
            replace(table, columns=columns, rows=lines, title=all_languages("Who signed"), notes=()),
        ),
    )
    return [page.extract_text() for page in read(typeset.pdf(small, "en")).pages]


def test_a_row_is_not_cut_by_the_end_of_a_page(made: Publication) -> None:
    pages = laid_out(
        made, "begin# one two three four five six seven eight nine ten eleven end#", "x", rows=50
    )
    assert len(pages) > 1
    for page in pages:
        assert re.findall(r"begin(\d+)", page) == re.findall(r"end(\d+)", re.sub(r"\s", "", page))


def test_a_row_longer_than_a_page_is_not_cut_off(made: Publication) -> None:
    pages = laid_out(made, "begin " + "word " * 6000 + "finish", rows=1)
    assert len(pages) > 5
    assert all(page.count("word") < 2500 for page in pages)
    assert "finish" in pages[-1]


def test_a_long_parameter_is_printed_to_its_end(made: Publication) -> None:
    """A parcel with thousands of corners is a parameter of its statement."""
    result = made.results["casualties"]
    shape = "POLYGON" + " 12.3456" * 3000 + " END"
    recipe = replace(result.recipe, parameters={**result.recipe.parameters, "parcel": shape})
    pages = read(
        typeset.pdf(
            replace(made, results={**made.results, "casualties": replace(result, recipe=recipe)}), "en"
        )
    ).pages
    said = [len(re.findall(r"12\.3456", page.extract_text())) for page in pages]
    assert sum(said) == 3000
    assert max(said) < 1500
    assert any("END" in page.extract_text() for page in pages)


def test_a_table_whose_words_would_stand_in_many_short_lines_is_turned() -> None:
    words = ["I. Rowan (INVENTED) 2021-11-26, J. Maple (INVENTED) 2023-11-26"] + ["not recorded"] * 7
    for first, turned in ((words[0], True), ("I. Rowan", False)):
        columns = [{"label": "Col", "number": False}] * 8
        rows = [{"cells": [{"text": one} for one in (first, *words[1:])]}]
        assert typeset._measured(columns, rows, "en")["wide"] is turned


def test_a_table_named_like_its_heading_says_it_once(made: Publication) -> None:
    (page, *_) = laid_out(made, "a", rows=3)
    assert page.count("Who signed") == 1
