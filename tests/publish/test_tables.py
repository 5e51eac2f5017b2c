"""Workbooks and tables of text: what a spreadsheet, a script and a reader get."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

import fallow
from fallow.publish import Absent, Cell, Column, Publication, Row, Stamp, Table, of_results, printed
from fallow.publish.results import stamp
from fallow.publish.writers.harmless import harmless
from fallow.publish.writers.tables import README, grid, grids, write_csv
from fallow.publish.writers.workbook import FIRST_ROW, HEADER_ROW, TAG_ROW, write_xlsx
from fallow.register import Draft, Register
from fallow.words import LANGUAGES, say

PAYLOADS = (
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://example.org","x")',
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "  =1+1",
    "\u00a0=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\u202e=1+1",
    "\u200f=1+1",
    "＝1+1",
    "＋1",
    "﹦1",
    "|x",
)


def text(words: str) -> dict[str, str]:
    return dict.fromkeys(LANGUAGES, words)


def counted(register: Register) -> Publication:
    drafts = [
        Draft("victim", name, "hospital", "nurse", "2021-01-02", {"code": name, "date": "2021-01-02", **more})
        for name, more in (
            ("v1", {"outcome": "killed", "sex": "male"}),
            ("v2", {"outcome": "injured", "sex": "female"}),
            ("v3", {"outcome": "injured"}),
        )
    ]
    register.approve([register.add(drafts)], by="im.officer", why="checked")
    return of_results([fallow.run("casualties", register, by="sex")], register)


def words_table(*cells: str) -> Table:
    columns = tuple(Column(f"c{i}", text(f"Column {i}")) for i in range(len(cells)))
    return Table("words", text("Words"), columns, (Row(tuple(Cell(one) for one in cells)),))


def publication(register: Register, *blocks: Any) -> Publication:
    return Publication("test", 1, text("A test"), blocks, {}, stamp(register))


def book_of(path: Path) -> Any:
    return openpyxl.load_workbook(path)


def sheet_rows(sheet: Worksheet) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


# -- the same numbers -------------------------------------------------------------------------------------


def test_csv_and_workbook_have_the_numbers_of_the_grid(register: Register, tmp_path: Path) -> None:
    made = counted(register)
    for lang in LANGUAGES:
        of = grid(made.table("casualties"), lang)
        write_csv(made, lang, tmp_path / lang)
        with (tmp_path / lang / "casualties.csv").open(encoding="utf-8-sig", newline="") as file:
            header, tags, *rows = csv.reader(file)
        assert (header, tags) == (list(of.header), list(of.tags))
        assert rows == [[str(one) for one in row] for row in of.rows]
        write_xlsx(made, lang, tmp_path / f"{lang}.xlsx")
        sheet = book_of(tmp_path / f"{lang}.xlsx")["casualties"]
        there = sheet_rows(sheet)
        assert there[HEADER_ROW - 1] == list(of.header)
        assert [one or "" for one in there[TAG_ROW - 1]] == list(of.tags)
        last = FIRST_ROW - 1 + len(of.rows)
        assert [[one if one is not None else "" for one in row] for row in there[FIRST_ROW - 1 : last]] == [
            list(row) for row in of.rows
        ]


def test_numbers_are_numbers_and_what_is_not_told_is_words(register: Register, tmp_path: Path) -> None:
    of = grid(counted(register).table("casualties"), "en")
    by_sex = {row[0]: dict(zip(of.header, row, strict=True)) for row in of.rows}
    assert by_sex["female"]["Casualties"] == 1
    assert by_sex["female"]["Share of the known (%)"] == 50.0
    assert by_sex["unknown"]["Share of the known (%)"] == "not applicable"
    assert by_sex[""]["Sex"] == "All"
    assert of.tags[:3] == ("#indicator+sex+code", "#indicator+sex", "#affected+casualties")


def test_a_workbook_reads_from_right_to_left_in_arabic(register: Register, tmp_path: Path) -> None:
    made = counted(register)
    for lang, expected in (("ar", True), ("en", False)):
        write_xlsx(made, lang, tmp_path / f"{lang}.xlsx")
        book = book_of(tmp_path / f"{lang}.xlsx")
        assert [bool(one.sheet_view.rightToLeft) for one in book.worksheets] == [expected] * 2
        assert book["casualties"].freeze_panes == f"A{FIRST_ROW}"
        assert book.properties.language == lang


def test_every_sheet_and_the_readme_carry_the_words_of_s4(register: Register, tmp_path: Path) -> None:
    made = counted(register)
    for lang in LANGUAGES:
        write_xlsx(made, lang, tmp_path / "book.xlsx")
        for sheet in book_of(tmp_path / "book.xlsx").worksheets:
            there = " ".join(str(cell) for row in sheet_rows(sheet) for cell in row if cell)
            assert made.stamp.data_date in there
            assert printed.s4(made.stamp, lang) in there or say("publish.silence", lang) in there
            assert say("cli.invented", lang) in there
        (*_, readme) = write_csv(made, lang, tmp_path / lang)
        assert readme.name == README
        told = readme.read_text(encoding="utf-8-sig")
        assert made.stamp.head_hash in told
        assert made.results["casualties"].digest in told
        assert printed.s4(made.stamp, lang) in told


def test_the_same_publication_is_the_same_bytes(register: Register, tmp_path: Path) -> None:
    made = counted(register)
    for name in ("one", "two"):
        write_xlsx(made, "uk", tmp_path / f"{name}.xlsx")
        write_csv(made, "uk", tmp_path / name)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
    with zipfile.ZipFile(tmp_path / "one.xlsx") as book:
        day = tuple(int(one) for one in made.stamp.data_date.split("-"))
        assert {one.date_time[:3] for one in book.infolist()} == {day}


def test_an_empty_form_is_a_sheet_and_a_file_with_its_reason(register: Register, tmp_path: Path) -> None:
    made = publication(register, Absent("form_a", text("Form A"), text("Nobody counts this.")))
    write_xlsx(made, "en", tmp_path / "book.xlsx")
    there = sheet_rows(book_of(tmp_path / "book.xlsx")["form_a"])
    assert there[FIRST_ROW - 1][0] == "Printed empty: Nobody counts this."
    write_csv(made, "en", tmp_path / "csv")
    assert "Nobody counts this." in (tmp_path / "csv" / "form_a.csv").read_text(encoding="utf-8-sig")


def test_long_ids_become_different_sheet_names(register: Register, tmp_path: Path) -> None:
    tables = [replace(words_table("x"), id="a" * 31 + end) for end in ("", "1", "2")]
    write_xlsx(publication(register, *tables), "en", tmp_path / "book.xlsx")
    names = book_of(tmp_path / "book.xlsx").sheetnames
    assert len(set(names)) == 4
    assert all(len(one) <= 31 for one in names)


# -- nothing is a formula ---------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_cell_is_a_formula(register: Register, tmp_path: Path, payload: str) -> None:
    made = publication(register, words_table(payload, "plain"))
    made = replace(made, title=text(payload), stamp=replace(made.stamp, programme=payload))
    write_xlsx(made, "en", tmp_path / "book.xlsx")
    for sheet in book_of(tmp_path / "book.xlsx").worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in ("s", "n"), (sheet.title, cell.coordinate)
    with zipfile.ZipFile(tmp_path / "book.xlsx") as book:
        for name in book.namelist():
            if name.startswith("xl/worksheets/"):
                assert b"<f>" not in book.read(name)
    write_csv(made, "en", tmp_path / "csv")
    text_of = (tmp_path / "csv" / "words.csv").read_text(encoding="utf-8-sig")
    cell = list(csv.reader(io.StringIO(text_of)))[2][0]
    assert cell.startswith("'")


@pytest.mark.parametrize("words", ["North", "3-4 m", "a=b", "'quoted", "منطقة", "", "2021-05", "№ 5"])
def test_plain_words_stay_as_they_are(words: str) -> None:
    assert harmless(words) == words


@pytest.mark.parametrize("split", [";", "\t", "\n", "\r\n"])
@pytest.mark.parametrize("start", ["=1+1", " +A1", "@SUM(1)", '"=1+1&"', "\uff1d1+1", "-2+3"])
def test_what_a_spreadsheet_splits_at_another_sign_begins_no_formula(
    register: Register, tmp_path: Path, split: str, start: str
) -> None:
    """Where commas are decimal, a spreadsheet takes a semicolon for the end of a cell."""
    made = publication(register, words_table(f"Hill{split}{start}", f"a, b{split}{start}{split}{start}"))
    write_csv(made, "en", tmp_path)
    text_of = (tmp_path / "words.csv").read_text(encoding="utf-8-sig")
    for line in csv.reader(io.StringIO(text_of), delimiter=";" if split != "\t" else "\t"):
        for cell in line:
            for piece in re.split("[;\t\r\n]", cell):
                begins = unicodedata.normalize("NFKC", piece.lstrip(' "'))[:1]
                assert begins not in set("=+-@"), cell


@pytest.mark.parametrize("words", ["North; -5", "a;b", "1;+2.5;3", "3-4 m; see = below", "a;;b"])
def test_semicolons_before_plain_words_stay_as_they_are(
    register: Register, tmp_path: Path, words: str
) -> None:
    write_csv(publication(register, words_table(words)), "en", tmp_path)
    assert list(csv.reader(io.StringIO((tmp_path / "words.csv").read_text("utf-8-sig"))))[2][0] == words


def test_negative_numbers_stay_numbers(register: Register, tmp_path: Path) -> None:
    column = Column("change", text("Change"), "count")
    table = Table("change", text("Change"), (column,), (Row((Cell(-5),)),))
    write_csv(publication(register, table), "en", tmp_path)
    assert (tmp_path / "change.csv").read_text(encoding="utf-8-sig").splitlines()[2] == "-5"


def test_control_characters_do_not_break_a_workbook(register: Register, tmp_path: Path) -> None:
    write_xlsx(publication(register, words_table("a\x00b\x0bc\ud800d")), "en", tmp_path / "book.xlsx")
    assert book_of(tmp_path / "book.xlsx")["words"].cell(FIRST_ROW, 1).value == "abcd"


# -- results ----------------------------------------------------------------------------------------------


def test_results_of_one_analysis_are_numbered(register: Register) -> None:
    counted(register)
    made = of_results(
        [fallow.run("casualties", register), fallow.run("casualties", register, by="sex")], register
    )
    assert list(made.results) == ["casualties", "casualties_2"]
    assert [one.id for one in made.tables] == ["casualties", "casualties_2"]
    named = of_results({"first": fallow.run("casualties", register)}, register, title=text("Mine"))
    assert (named.title["en"], named.tables[0].id) == ("Mine", "first")


def test_the_stamp_counts_no_people(register: Register) -> None:
    counted(register)
    made = stamp(register)
    assert isinstance(made, Stamp)
    assert made.unlocated == {"hazard": 0}
    assert stamp(register, head=1).head == 1


def test_every_table_of_the_readme_has_its_file(register: Register, tmp_path: Path) -> None:
    made = counted(register)
    names = {one.name for one in write_csv(made, "fr", tmp_path)}
    assert names == {f"{block.id}.csv" for block, _ in grids(made, "fr")} | {README}


def test_tags_say_people_only_where_people_are_counted(register: Register) -> None:
    counted(register)
    names = ("casualties", "donor_land", "education", "month_land")
    asked: dict[str, dict[str, str]] = {"month_land": {"month": "2021-01"}}
    made = of_results([fallow.run(one, register, **asked.get(one, {})) for one in names], register)
    tags = {(table.id, one.name): one.hxl for table in made.tables for one in table.columns}
    assert tags["casualties", "unknown"] == "#affected+unknown"
    assert tags["education", "unknown"] == "#indicator+unknown"
    assert tags["donor_land", "date_uncertain"] == "#indicator+date_uncertain+m2"
    assert tags["month_land", "now"] == "#indicator+month+m2"
