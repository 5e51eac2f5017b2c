"""Tables in Word: no number and no word of one is broken in two, in any language."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import docx
import fixtures_documents
import pytest
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn

from fallow.publish.publication import Heading, Publication, Row, Table
from fallow.publish.writers import word
from fallow.publish.writers.word_tables import LANDSCAPE, LARGEST, PORTRAIT, SMALLEST, layout
from fallow.words import LANGUAGES


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Publication:
    country = fixtures_documents.programme(tmp_path_factory.mktemp("word"))
    made = fixtures_documents.publication(country)
    country.close()
    return made


def letters(points: float, size: float) -> float:
    """How many figures of Arial stand side by side in a column, between the margins of its cells."""
    return (points - 6) / (0.556 * size)


@pytest.mark.parametrize("columns", [1, 4, 9, 12])
def test_every_column_is_as_wide_as_its_longest_number(columns: int) -> None:
    heads = [("Closing (m²)", True)] * columns
    of = layout(heads, [["2\u202f047\u202f186"] * columns])
    assert all(letters(one, of.size) >= 9 for one in of.widths)
    assert sum(of.widths) <= (LANDSCAPE if of.turned else PORTRAIT) + 0.1
    assert SMALLEST <= of.size <= LARGEST
    assert of.turned == (columns == 12)


def test_a_table_too_wide_for_any_page_stands_in_the_smallest_letters_and_within_the_page() -> None:
    of = layout([("x" * 20, False)] * 30, [["y" * 24] * 30])
    assert (of.size, of.turned) == (SMALLEST, True)
    assert sum(of.widths) == pytest.approx(LANDSCAPE)


def test_a_table_without_lines_or_letters_has_a_layout() -> None:
    assert sum(layout([("", False)], []).widths) >= PORTRAIT / 2 - 0.1


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_wide_table_stands_with_its_heading_on_a_turned_page(
    given: Publication, lang: str, tmp_path: Path
) -> None:
    table = next(one for one in given.blocks if isinstance(one, Table))
    number = next(one for one in table.columns if one.unit == "count")
    wide = replace(
        table,
        columns=table.columns + tuple(replace(number, name=f"more_{place}") for place in range(12)),
        rows=tuple(Row(row.cells + row.cells[1:2] * 12, row.total) for row in table.rows),
    )
    heading = next(one for one in given.blocks if isinstance(one, Heading))
    made = replace(given, blocks=(heading, heading, wide, heading))
    word.write_docx(made, lang, tmp_path / "wide.docx")
    document = docx.Document(str(tmp_path / "wide.docx"))
    assert [one.orientation for one in document.sections] == [
        WD_ORIENT.PORTRAIT,
        WD_ORIENT.LANDSCAPE,
        WD_ORIENT.PORTRAIT,
    ]
    turned = document.sections[1]
    assert turned.page_width > turned.page_height
    assert turned.header.is_linked_to_previous, "what every page must say stands on this one too"
    tags = [one.tag.rpartition("}")[2] for one in document.element.body]
    breaks = [
        at for at, one in enumerate(document.element.body) if one.find(f".//{qn('w:sectPr')}") is not None
    ]
    assert breaks[0] < tags.index("tbl") < breaks[1]
    between = document.element.body[breaks[0] + 1 : tags.index("tbl")]
    assert (
        sum(one.find(f".//{qn('w:pStyle')}").get(qn("w:val")).startswith("Heading") for one in between) == 2
    )


def test_rows_stay_whole_and_every_cell_has_the_width_of_its_column(
    given: Publication, tmp_path: Path
) -> None:
    word.write_docx(given, "en", tmp_path / "en.docx")
    for table in docx.Document(str(tmp_path / "en.docx")).tables:
        grid = [int(one.get(qn("w:w"))) for one in table._tbl.tblGrid.gridCol_lst]
        assert sum(grid) <= LANDSCAPE * 20 + len(grid)
        for row in table._tbl.tr_lst:
            assert row.trPr.find(qn("w:cantSplit")) is not None
            widths = [int(one.tcPr.find(qn("w:tcW")).get(qn("w:w"))) for one in row.tc_lst]
            assert widths == grid or widths == [sum(grid)]


def test_a_word_of_arabic_has_room_in_a_font_wider_than_the_printed_one() -> None:
    """Word has Almarai seldom; what stands in for it must not break a word in two."""
    latin, arabic = "a" * 12, "م" * 12
    of = layout([(latin, False), (arabic, False)], [[latin, arabic]])
    assert of.widths[1] > 1.1 * of.widths[0]
