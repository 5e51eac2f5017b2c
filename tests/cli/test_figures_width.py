"""Tables of figures in narrow terminals: no number and no word of them is broken, nothing is left out."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from cli_story import Country, Type

from fallow.analysis import Key, Line, Measure, Result, run, telling
from fallow.analysis.result import Recipe
from fallow.cli.figure_table import print_figures
from fallow.register import open_register
from fallow.words import LANGUAGES, say, speaking

RECIPE = Recipe("books", 1, "r", 1, "h", None, None, {}, 0, 0, 0, "i", "0")
GREAT = 1_234_567_890


def text(word: str) -> dict[str, str]:
    return dict.fromkeys(LANGUAGES, word)


def made(lines: int, measures: int) -> Result:
    """Lines of two keys and great numbers, half of them square metres; no two numbers are alike."""
    columns = tuple(
        Measure(f"m{at}", text(f"Measure {at}"), "m2" if at < measures // 2 else "") for at in range(measures)
    )
    return Result(
        "books",
        text("Books"),
        (Key("period", text("Period")), Key("contamination", text("Contamination"))),
        columns,
        tuple(
            Line(
                (str(2000 + line), f"Battle area {line}"),
                {one.name: GREAT + 1000 * line + at for at, one in enumerate(columns)},
                {},
            )
            for line in range(lines)
        ),
        {},
        RECIPE,
    )


def width(line: str) -> int:
    return sum(not unicodedata.combining(letter) for letter in line)


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 120, 240])
@pytest.mark.parametrize(("lines", "measures"), [(1, 22), (2, 9), (4, 4), (30, 5), (30, 22)])
def test_every_number_is_whole_and_beside_its_line(
    columns: int,
    lines: int,
    measures: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    result = made(lines, measures)
    print_figures(result, result.measures, "Books")
    out = capsys.readouterr().out
    assert max(map(width, out.splitlines())) <= columns
    for line in result.lines:
        for one in result.measures:
            assert out.count(telling.number(line.values[one.name])) == 1
    assert "Contamination" in out
    assert out.count("Books") == 1


def test_few_lines_that_do_not_fit_stand_upright(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = made(2, 9)
    print_figures(result, result.measures, "Books")
    rows = [line.split("  ") for line in capsys.readouterr().out.splitlines()]
    upright = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert ["Period", "2000", "2001"] in upright
    for at, one in enumerate(result.measures):
        values = [telling.number(line.values[f"m{at}"]) for line in result.lines]
        assert [telling.head(one), *values] in upright


def test_many_lines_share_out_their_measures_by_unit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = made(30, 4)
    print_figures(result, result.measures, "Books")
    first, second = capsys.readouterr().out.split("Period")[1:]
    assert "m²" in first
    assert "m²" not in second
    assert first.count("Battle area 7") == second.count("Battle area 7") == 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("asked", [{}, {"each": "year"}, {"each": "year", "by": "class,province"}])
def test_books_fit_eighty_columns_in_every_language(
    fallow: Type, country: Country, monkeypatch: pytest.MonkeyPatch, language: str, asked: dict[str, Any]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    words = [word for name, value in asked.items() for word in (f"--{name}", value)]
    out = fallow("books", *words, "--register", country.path, "--table", "--lang", language).stdout
    table, _, _ = out.partition(say("analysis.nought", language, measures="|").partition("|")[0])
    assert max(map(width, table.splitlines())) <= 80
    with open_register(country.path, read_only=True) as register, speaking(language):
        result = run("books", register, **asked)
        for line in result.lines:
            assert telling.number(line.values["closing"]) in out
            for word in " ".join(telling.about(result.keys, line.key)).split():
                assert word in out
