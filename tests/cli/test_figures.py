"""Analyses as verbs: tables, one number with its sentence, the records behind it, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_story import Country, Type, record_id

from fallow.analysis import Found, Key, Line, Measure, analyses, analysis, run
from fallow.errors import FallowError
from fallow.register import create_register, open_register
from fallow.words import LANGUAGES, catalogue, say

Asked = Callable[..., Any]

SAMPLE = {"day": "2017-12-31", "days": "2017-12-31", "year": "2017", "text": "2017-06", "number": "1"}
OURS = ("areas", "books", "casualties", "difference", "progress", "publication_change")
"""What answers about an empty programme with noughts; others may have nothing to speak about, and say so."""


def needed(name: str) -> dict[str, str]:
    """An answer to everything that has to be answered."""
    return {one.name: SAMPLE[one.sort] for one in analyses()[name].parameters if one.required}


def given(name: str) -> list[str]:
    return [word for key, value in needed(name).items() for word in (f"--{key.replace('_', '-')}", value)]


@pytest.mark.parametrize("name", sorted(analyses()))
def test_every_analysis_is_a_verb_in_every_format(
    told: Asked, fallow: Type, country: Country, name: str
) -> None:
    verb, words = name.replace("_", "-"), ["--register", country.path, *given(name)]
    with open_register(country.path, read_only=True) as register:
        try:
            digest = run(name, register, **needed(name)).digest
        except FallowError as refused:
            assert fallow(verb, *words, status=refused.entry.exit_status).stderr.startswith(refused.code)
            return
    found = told(verb, *words)
    assert found["digest"] == digest
    sets = [word for key, value in needed(name).items() for word in ("--set", f"{key}={value}")]
    assert told("run", name, "--register", country.path, *sets)["digest"] == found["digest"]
    table = fallow(verb, *words, "--table").stdout
    assert "No hazard shown does not mean safe." in table
    assert found["digest"] in table
    rows = list(csv.DictReader(io.StringIO(fallow(verb, *words, "--format", "csv").stdout)))
    assert len(rows) == len(found["rows"])
    assert all(one["digest"] == found["digest"] and "not mean safe" in one["notice"] for one in rows)


@pytest.mark.parametrize("name", sorted(analyses()))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_analysis_has_its_words(name: str, language: str) -> None:
    one = analyses()[name]
    words = [one.title, one.about, *(text for p in one.parameters for text in (p.label, p.help))]
    words += [p.choice(code) for p in one.parameters for code in p.choices]
    assert all(text[language].strip() for text in words)


def test_a_new_analysis_is_one_function(
    told: Asked, fallow: Type, country: Country, monkeypatch: pytest.MonkeyPatch
) -> None:
    label = dict.fromkeys(LANGUAGES, "Kinds that have records")
    monkeypatch.setitem(catalogue(), "analysis.probe", label)  # type: ignore[arg-type]
    monkeypatch.setitem(catalogue(), "analysis.about.probe", label)  # type: ignore[arg-type]

    def probe(asked: Any, since: str | None = None) -> Found:
        lines = tuple(
            Line((kind,), {"records": len(records)}, {"records": tuple(one.id for one in records)})
            for kind in asked.register.model.kinds
            if (records := asked.records(kind))
        )
        return Found((Key("kind", label),), (Measure("records", label),), lines)

    analysis("probe")(probe)
    from fallow.analysis import registry

    monkeypatch.setitem(analyses(), "probe", registry._ANALYSES.pop("probe"))  # type: ignore[arg-type]
    assert told("run", "probe", "--register", country.path)["rows"][0]["records"] == 3
    # The list of verbs is made when the program starts, so a new one is asked for by a new program.
    from fallow.cli.analyses import analysis_names, analysis_verbs

    assert "probe" in analysis_names()
    verb = next(one for one in analysis_verbs() if one.name == "probe").load()
    assert {"since", "known", "path", "form"} <= {one.name for one in verb.params}


def test_a_figure_is_one_number_and_what_must_be_quoted_with_it(
    told: Asked, fallow: Type, country: Country
) -> None:
    words = ("figure", "casualties", "--known", "2017-12-31", "--register", country.path)
    one = told(*words)
    assert (one["value"], one["unit"], one["one_party"]) == (3, "", "The casualties")
    assert one["recipe"]["known"] == "2017-12-31"
    assert len(one["digest"]) == 64
    assert told(*words)["digest"] == one["digest"]
    assert told("figure", "casualties", "--register", country.path)["digest"] != one["digest"]
    sentence = fallow(*words, "--table").stdout.splitlines()[0]
    assert sentence == one["sentence"]
    assert sentence.startswith(
        "3 casualties; as known on 31 December 2017; one party's claim: The casualties"
    )


def test_a_figure_of_a_line_and_of_a_measure(told: Asked, country: Country) -> None:
    words = ("figure", "casualties", "injured", "--by", "outcome,month", "--register", country.path)
    assert told(*words, "--at", "injured,2006-01")["value"] == 3
    assert told(*words, "--at", "injured", "--at", "2006-01")["at"] == {
        "outcome": "injured",
        "month": "2006-01",
    }
    assert told("figure", "books", "closing_hazards", "--register", country.path)["value"] == 3


def test_an_unknown_line_or_measure_is_refused_with_those_there_are(fallow: Type, country: Country) -> None:
    words = ("figure", "casualties", "--register", country.path)
    assert "CELL_UNKNOWN" in fallow(*words, "--by", "sex", "--at", "green", status=2).stderr
    told = fallow("figure", "casualties", "maimed", "--register", country.path, status=2).stderr
    assert "killed" in told


def test_a_partial_date_is_told_beside_the_number(told: Asked, country: Country) -> None:
    one = told(
        "figure", "casualties", "--since", "2006-01-10", "--until", "2006-01-31", "--register", country.path
    )
    assert (one["value"], one["date_uncertain"]) == (2, 1)
    assert "1 more are not counted" in one["sentence"]


def test_explain_goes_down_to_the_reports(told: Asked, fallow: Type, country: Country) -> None:
    words = ("explain", "casualties", "injured", "--by", "month", "2006-01", "--register", country.path)
    found = told(*words)
    assert found["records"] == [record_id(1001), record_id(1002), record_id(1004)]
    assert len(found["reports"]) == found["value"] == 3
    first = found["told_reports"][0]
    assert (first["source"], first["who"], first["author"]) == ("casualties", "The casualties", "association")
    assert (first["true"], first["known_from"], first["declared"]) == ("2006-01-17", "2017-07-15", True)
    assert first["number"] in country.numbers["casualties_2017"]
    table = fallow(*words, "--table").stdout
    assert record_id(1001) in table.replace("\n", "")
    assert "association" in table
    limited = told(*words, "--limit", "1")
    assert (len(limited["told_records"]), limited["not_told"], len(limited["records"])) == (1, 2, 3)


def test_codes_are_labels_in_the_language_of_the_reader(fallow: Type, country: Country) -> None:
    words = ("casualties", "--by", "outcome", "--register", country.path, "--table")
    for language in LANGUAGES:
        table = fallow(*words, "--lang", language).stdout
        with open_register(country.path, read_only=True) as register:
            label = register.model.code_lists["outcome"].get("injured").label[language]  # type: ignore[union-attr]
        assert label in table
        assert say("analysis.total", language) in table


def test_areas_are_whole_and_grouped(fallow: Type, country: Country) -> None:
    table = fallow("books", "--register", country.path, "--table").stdout
    assert "1\N{NARROW NO-BREAK SPACE}752\N{NARROW NO-BREAK SPACE}326" in table
    assert "Closing, m²" in table


def test_a_table_is_written_whole_or_not_at_all(told: Asked, fallow: Type, country: Country) -> None:
    fallow("casualties", "--register", country.path, "--to", "out.csv")
    assert Path("out.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    fallow("casualties", "--register", country.path, "--to", "out.csv", status=2)
    fallow("casualties", "--register", country.path, "--to", "out.json")
    assert json.loads(Path("out.json").read_text())["rows"] == [
        {"casualties": 4, "killed": 0, "injured": 4, "unknown": 0, "date_uncertain": 0, "labels": {}}
    ]
    fallow("casualties", "--register", country.path, "--to", "out.pdf", status=2)


# -- edges ---------------------------------------------------------------------------------------------

WRONG = [
    (("casualties", "--since", "2022-01-01", "--until", "2020"), "PERIOD"),
    (("books", "--since", "2022", "--until", "2021-12-31"), "PERIOD"),
    (("progress", "--since", "2022", "--until", "2021"), "PERIOD"),
    (("vintages", "--since", "2022", "--until", "2021"), "PERIOD"),
    (("casualties", "--year", "2021", "--until", "2021-06"), "PERIOD_TWICE"),
    (("figure", "books", "--year", "2021", "--since", "2020"), "PERIOD_TWICE"),
    (("difference", "--known-before", "2022", "--known", "2021"), "KNOWN_ORDER"),
    (("publication-change", "--known-before", "2022-01-02", "--known", "2022-01-01"), "KNOWN_ORDER"),
    (("casualties", "--place", "Nowhere"), "PLACE_UNKNOWN"),
    (("books", "--place", "Nowhere"), "BOOKS_PLACE"),
    (("casualties", "--year", "last"), "PARAMETER_YEAR"),
    (("books", "--each", "week"), "OPTION_WORD"),
    (("casualties", "--by", "colour"), "PARAMETER_VALUE"),
    (("casualties", "--known", "31.12.2017"), "DATE_FORMAT"),
    (("casualties", "--since", "2021-02-30"), "DATE_IMPOSSIBLE"),
    (("areas", "--tolerance", "much"), "BOOKS_NUMBER"),
    (("difference",), "PARAMETER_MISSING"),
    (("run", "difference"), "PARAMETER_MISSING"),
    (("run", "casualty"), "ANALYSIS_UNKNOWN"),
    (("run", "casualties", "--set", "colour=red"), "PARAMETER_UNKNOWN"),
    (("run", "casualties", "--set", "year"), "PARAMETER_FORMAT"),
    (("figure", "casualty"), "VERB_UNKNOWN"),
    (("casualties", "--head", "999999"), "HEAD_UNKNOWN"),
    (("books", "--add"), "AGAINST_NEEDED"),
    (("books", "--format", "gpkg", "--to", "x.gpkg"), "AGAINST_NEEDED"),
    (("books", "--against", "nothing.gpkg"), "FILE_NOT_FOUND"),
]


@pytest.mark.parametrize(("words", "code"), WRONG, ids=[f"{one[1]}-{one[0][0]}" for one in WRONG])
def test_what_is_asked_wrongly_is_one_sentence_and_status_two(
    fallow: Type, country: Country, words: tuple[str, ...], code: str
) -> None:
    refused = fallow(*words, "--register", country.path, status=2)
    assert refused.stderr.startswith(code)
    assert refused.stdout == ""
    for language in ("ar", "uk"):
        again = fallow(*words, "--register", country.path, "--lang", language, status=2)
        assert again.stderr.startswith(code)


def test_a_name_there_is_not_tells_three_like_it_and_where_all_are(fallow: Type, country: Country) -> None:
    for wrong, near in (("nonsense", ""), ("casualty", "casualties"), ("book", "books")):
        refused = fallow("run", wrong, "--register", country.path, status=2)
        told = refused.stderr.splitlines()[2]
        names = told.partition(": ")[2].partition(". ")[0].split(", ")
        assert len(names) == 3 and set(names) <= set(analyses())
        assert near in ("", names[0])
        assert "`fallow --help`" in told


def test_a_mistyped_parcel_tells_the_character(fallow: Type, country: Country) -> None:
    wrong = "POLYGON((30.01 45.01, 30.02 45,01))"
    for words in (
        ("parcel", "--parcel", wrong),
        ("run", "parcel", "--set", f"parcel={wrong}"),
        ("publish", "parcel_statement", "--set", f"parcel={wrong}", "--audience", "public", "--to", "x"),
    ):
        refused = fallow(*words, "--register", country.path, status=2)
        assert refused.stderr.startswith("PARCEL_WKT  parcel")
        assert " 34:" in refused.stderr and " )) " in refused.stderr and "POLYGON((30.01" in refused.stderr


@pytest.mark.parametrize("name", OURS)
def test_a_programme_with_no_data_and_a_day_before_the_first_report(
    fallow: Type, told: Asked, country: Country, tmp_path: Path, name: str
) -> None:
    empty = tmp_path / "empty.gpkg"
    create_register(empty, title="Empty").close()
    for words in (["--register", empty], ["--register", country.path, "--known", "2001-01-01"]):
        wanted = ["--known-before", "2000"] if "known_before" in needed(name) else []
        found = told(name.replace("_", "-"), *wanted, *words)
        assert ("analysis.note.no_record") in [one["key"] for one in found["notes"]]
        assert all(not value for row in found["rows"] for value in row.values() if isinstance(value, int))
        assert (
            say("analysis.note.no_record")
            in fallow(name.replace("_", "-"), *wanted, *words, "--table").stdout
        )
    if name == "casualties":
        one = told("figure", name, "--register", empty)
        assert (one["value"], one["said_by"]) == (0, [])
        assert "no report behind it" in one["sentence"]
        assert told("explain", name, "--register", empty)["records"] == []


def test_vintages_of_a_programme_with_no_data_are_refused(fallow: Type, tmp_path: Path) -> None:
    empty = tmp_path / "empty.gpkg"
    create_register(empty, title="Empty").close()
    assert fallow("vintages", "--register", empty, status=2).stderr.startswith("NOTHING_KNOWN")


def test_help_lists_the_analyses_and_imports_none() -> None:
    asked = (
        "import sys\nfrom fallow.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "slow = ('numpy', 'shapely', 'fallow.analysis', 'rich')\n"
        "print(sorted(name for name in sys.modules if name in slow))"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert "vintages" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
