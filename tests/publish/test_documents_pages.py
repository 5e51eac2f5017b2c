"""HTML and Word: real structure, links that lead somewhere, both directions, nothing run or loaded."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import docx
import pytest
from fixtures_documents import HOSTILE, all_languages, programme, publication

from fallow.publish import printed
from fallow.publish.publication import Cell, Figure, Heading, Paragraph, Publication, Signatory, Signatures
from fallow.publish.writers import pages, word
from fallow.words import LANGUAGES, say

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Publication:
    return publication(programme(tmp_path_factory.mktemp("country")))


@pytest.fixture(scope="module")
def files(made: Publication, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    for lang in LANGUAGES:
        pages.write_html(made, lang, folder / f"{lang}.html")
        word.write_docx(made, lang, folder / f"{lang}.docx")
    return folder


class Page(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "line", "rect", "circle", "polyline", "polygon"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"[\s\u200e\u202f]+", " ", "".join(self.words))


def page(files: Path, lang: str) -> Page:
    return Page((files / f"{lang}.html").read_text(encoding="utf-8"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_says_its_language_and_direction_and_is_well_formed(files: Path, lang: str) -> None:
    of = page(files, lang)
    assert of.open == []
    (root,) = [attributes for tag, attributes in of.tags if tag == "html"]
    assert root == {"lang": lang, "dir": "rtl" if lang == "ar" else "ltr"}
    ids = [attributes["id"] for _, attributes in of.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    levels = [int(tag[1]) for tag, _ in of.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - before <= 1 for before, later in pairwise(levels))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_runs_nothing_and_loads_nothing(files: Path, lang: str) -> None:
    of = page(files, lang)
    assert not {"script", "iframe", "object", "embed", "link", "img", "form"} & {tag for tag, _ in of.tags}
    for tag, attributes in of.tags:
        assert not [name for name in attributes if name.startswith("on")], tag
        for name in ("href", "src", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#"), (tag, attributes)
    source = (files / f"{lang}.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in source
    assert not re.search(r"url\((?!#)|@import|https?://(?!www\.w3\.org/2000/svg)", source)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_number_links_to_its_recipe(files: Path, made: Publication, lang: str) -> None:
    of = page(files, lang)
    ids = {attributes.get("id") for _, attributes in of.tags}
    linked = [attributes for tag, attributes in of.tags if tag == "a" and "data-figure" in attributes]
    assert all((one["href"] or "")[1:] in ids for one in linked)
    wanted = [
        cell.figure.id for table in made.tables for row in table.rows for cell in row.cells if cell.figure
    ]
    wanted += [
        cell.figure.id
        for one in made.blocks
        if isinstance(one, Paragraph)
        for cell in one.figures.values()
        if cell.figure
    ]
    assert sorted(str(one["data-figure"]) for one in linked) == sorted(wanted)
    for table in made.tables:
        for row in table.rows:
            for cell, column in zip(row.cells, table.columns, strict=True):
                shown = printed.plain(printed.shown(cell, column.unit, lang, column.values), lang)
                assert re.sub(r"[\s\u200e\u202f]+", " ", shown) in of.text
    for result in made.results.values():
        assert result.digest in of.text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_tables_have_captions_and_scopes_and_pictures_words(files: Path, lang: str) -> None:
    of = page(files, lang)
    tables = sum(tag == "table" for tag, _ in of.tags)
    assert sum(tag == "caption" for tag, _ in of.tags) == tables > 3
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in of.tags if tag == "th")
    assert sum(tag == "svg" for tag, _ in of.tags) == sum(tag == "desc" for tag, _ in of.tags) == 1
    assert "Bars for each year" in of.text


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("form", ["html", "docx"])
def test_s4_and_invented_are_said(files: Path, made: Publication, lang: str, form: str) -> None:
    text = page(files, lang).text if form == "html" else text_of(docx.Document(str(files / f"{lang}.docx")))
    for said in (printed.s4(made.stamp, lang), say("cli.invented", lang), say("publish.silence", lang)):
        assert _plain(said) in _plain(text)


def _plain(text: str) -> str:
    """Words with one blank between them, whatever kind of blank it was."""
    return re.sub(r"[\s\u200e]+", " ", text)


def text_of(document: Any) -> str:
    """All words of a document, header and footer included."""
    section = document.sections[0]
    parts = [document.element.body, section.header._element, section.footer._element]
    return "\n".join(
        "".join(one.text or "" for one in paragraph.iter(f"{W}t"))
        for part in parts
        for paragraph in part.iter(f"{W}p")
    )


def test_a_hostile_word_stays_a_word(made: Publication, tmp_path: Path) -> None:
    hostile = replace(
        made,
        title=all_languages(HOSTILE),
        stamp=replace(made.stamp, programme=HOSTILE),
        blocks=(
            Heading(all_languages(HOSTILE)),
            Paragraph(
                all_languages(HOSTILE + "{n}"), {"n": Cell(5, Figure("casualties", "killed", ('"><b>',)))}
            ),
            Signatures((Signatory(HOSTILE, HOSTILE, HOSTILE, "2025-01-01", 1),)),
        ),
    )
    of = Page(pages.html(hostile, "en"))
    assert of.open == []
    assert not {"script", "b"} & {tag for tag, _ in of.tags}
    assert of.text.count(re.sub(r"\s+", " ", HOSTILE)) >= 6
    word.write_docx(hostile, "en", tmp_path / "hostile.docx")
    document = docx.Document(str(tmp_path / "hostile.docx"))
    assert text_of(document).count(HOSTILE) >= 5
    assert document.core_properties.title == HOSTILE


@pytest.mark.parametrize("lang", ["en", "ar"])
def test_word_has_headings_tables_with_repeated_heads_and_links(
    files: Path, made: Publication, lang: str
) -> None:
    document = docx.Document(str(files / f"{lang}.docx"))
    styles = [one.style.name for one in document.paragraphs if one.style is not None]
    assert styles[0] == "Title"
    assert styles.count("Heading 1") >= 3
    assert styles.count("Heading 2") >= len(made.results)
    assert len(document.tables) == len(made.tables) + 1
    for of in document.tables:
        assert of._tbl.find(f"{W}tr/{W}trPr/{W}tblHeader") is not None
    for shown, of in zip(made.tables, document.tables, strict=False):
        written = [[cell.text for cell in row.cells] for row in of.rows]
        assert len(written) == len(shown.rows) + 1
        for row, texts in zip(shown.rows, written[1:], strict=True):
            for cell, column, text in zip(row.cells, shown.columns, texts, strict=True):
                said = printed.plain(printed.shown(cell, column.unit, lang, column.values), lang)
                assert text == said
    body = document.element.body
    names = {one.get(f"{W}name") for one in body.iter(f"{W}bookmarkStart")}
    anchors = [one.get(f"{W}anchor") for one in body.iter(f"{W}hyperlink")]
    assert set(anchors) <= names
    assert len(anchors) > sum(1 for table in made.tables for row in table.rows for _ in row.cells) / 2
    (picture,) = document.inline_shapes
    assert picture._inline.docPr.get("descr") == "Bars for each year"


def test_arabic_runs_from_the_right_in_word(files: Path) -> None:
    document = docx.Document(str(files / "ar.docx"))
    body = document.element.body
    assert all(
        one.find(f"{W}pPr/{W}bidi") is not None for one in body.iter(f"{W}p") if list(one.iter(f"{W}t"))
    )
    assert all(one.find(f"{W}tblPr/{W}bidiVisual") is not None for one in body.iter(f"{W}tbl"))
    assert all(
        one.find(f"{W}rPr/{W}rtl") is not None for one in body.iter(f"{W}r") if list(one.iter(f"{W}t"))
    )
    english = docx.Document(str(files / "en.docx")).element.body
    assert not list(english.iter(f"{W}bidi"))


ORDER = (
    ("tblPr", ("tblStyle", "bidiVisual", "tblW", "tblBorders", "tblLayout", "tblLook", "tblCaption")),
    ("pPr", ("pStyle", "keepNext", "shd", "bidi", "spacing", "jc", "rPr")),
    ("rPr", ("rFonts", "b", "bCs", "color", "sz", "szCs", "vertAlign", "rtl", "lang")),
)


@pytest.mark.parametrize("lang", ["en", "ar"])
def test_words_own_order_of_elements_is_kept(files: Path, lang: str) -> None:
    """Word calls a file damaged when properties stand in another order than its schema's."""
    for part in ("document", "styles"):
        element = docx.Document(str(files / f"{lang}.docx"))
        root = element.element if part == "document" else element.styles.element
        for name, order in ORDER:
            for of in root.iter(f"{W}{name}"):
                places = [
                    order.index(one.tag.removeprefix(W)) for one in of if one.tag.removeprefix(W) in order
                ]
                assert places == sorted(places), [one.tag for one in of]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_word_knows_its_title_and_language(files: Path, made: Publication, lang: str) -> None:
    about = docx.Document(str(files / f"{lang}.docx")).core_properties
    assert about.title == made.title[lang]
    assert about.author == made.stamp.programme
    assert (about.language or "").startswith(lang)
    assert about.created is not None
    assert about.created.date().isoformat() == made.issued


def test_the_same_publication_is_the_same_bytes(files: Path, made: Publication, tmp_path: Path) -> None:
    for lang in ("en", "ar"):
        word.write_docx(made, lang, tmp_path / "again.docx")
        assert (tmp_path / "again.docx").read_bytes() == (files / f"{lang}.docx").read_bytes()
        pages.write_html(made, lang, tmp_path / "again.html")
        assert (tmp_path / "again.html").read_bytes() == (files / f"{lang}.html").read_bytes()
    with ZipFile(BytesIO((files / "en.docx").read_bytes())) as zip:
        assert {one.date_time for one in zip.infolist()} == {(1980, 1, 1, 0, 0, 0)}
