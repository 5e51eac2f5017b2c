"""``fallow statement``: what public readers would not get is said before anything is published."""

from __future__ import annotations

from pathlib import Path

import orjson
from cli_story import Country, Type

TEXT = """
code: B-1
type: bulletin
date: 2022-01-31
issuer: An invented office
title: {en: What happened}
figures:
  all: {analysis: casualties, measure: casualties}
  hazards: {analysis: books, parameters: {by: class}, measure: closing_hazards, line: [unknown]}
text:
  en: |
    In all {all} people were harmed; {hazards} areas are open.
"""


def test_new_and_show_say_what_the_public_would_not_get(
    fallow: Type, country: Country, tmp_path: Path
) -> None:
    file = tmp_path / "b.yaml"
    file.write_text(TEXT, "utf-8")
    here = ("--register", country.path)
    total = orjson.loads(fallow("figure", "casualties", *here, "--json").stdout)["value"]
    made = orjson.loads(
        fallow("statement", "new", file, "--by", "im.officer", "--why", "x", *here, "--json").stdout
    )
    expected = ["STATEMENT_SMALL"] if 0 < total < 5 else []
    assert [one["code"] for one in made["public"]] == expected
    shown = fallow("statement", "show", "B-1", *here, "--table").stdout
    seen = orjson.loads(fallow("statement", "show", "B-1", *here, "--json").stdout)
    assert seen["public"] == made["public"]
    assert ("Public readers would not get" in shown) == bool(expected)
    assert ("Public readers would get every number" in shown) != bool(expected)
    by_year = orjson.loads(fallow("casualties", "--by", "year", *here, "--json").stdout)
    year = next(row["year"] for row in by_year["rows"] if row.get("year") and 0 < row["casualties"] < 5)
    few = TEXT.replace("code: B-1", "code: B-2").replace(
        "{analysis: casualties, measure: casualties}",
        f"{{analysis: casualties, parameters: {{by: year}}, measure: casualties, line: ['{year}']}}",
    )
    file.write_text(few, "utf-8")
    said = fallow("statement", "new", file, "--by", "im.officer", "--why", "x", *here, "--table").stdout
    assert "1 {all}: Public readers would not see this number: it counts fewer than 5 people." in said
    assert "hazards}:" not in said
