"""``fallow publish``: a table, a layer, a report and a statement leave for somebody, by command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli_story import Country, Type

from fallow.words import LANGUAGES


def test_a_table_leaves_and_json_is_the_manifest(fallow: Type, country: Country, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = fallow(
        "publish", "casualties", "--set", "by=year", "--audience", "public", "--to", out,
        "--language", "en,ar", "--format", "csv", "--register", country.path, "--json",
    )  # fmt: skip
    told = json.loads(said.output)
    assert told["audience"] == "public"
    assert told["languages"] == ["en", "ar"]
    assert {one["name"] for one in told["files"]} == {
        f"csv/{lang}/{name}" for lang in ("en", "ar") for name in ("casualties.csv", "README.txt")
    }
    kept = json.loads((out / "manifest.json").read_text("utf-8"))
    office = {"given_away": 0, "together": [], "unread": 0, "logged": 1}
    assert told == {"folder": str(out), **kept, **office}
    log = json.loads(fallow("published", "--register", country.path, "--json").output)
    assert [(one["number"], one["audience"], one["languages"]) for one in log] == [
        (1, "public", ["en", "ar"])
    ]
    assert "casualties" in fallow("published", "--register", country.path, "--table").output
    verified = json.loads(fallow("verify", "--register", country.path, "--json").output)
    assert (verified["holds"], verified["published"]) == (True, 1)
    beside = country.path.with_suffix(".published.jsonl")
    whole = beside.read_bytes()
    beside.write_bytes(whole.replace(b'"public"', b'"partner"', 1))
    damaged = json.loads(fallow("verify", "--register", country.path, "--json", status=3).output)
    assert [one["code"] for one in damaged["findings"]] == ["TOLD_DAMAGED"]
    beside.write_bytes(whole)
    again = fallow(
        "publish", "casualties", "--audience", "public", "--to", out, "--register", country.path, status=2
    )
    assert "PUBLISH_EXISTS" in again.stderr
    fallow(
        "publish",
        "casualties",
        "--audience",
        "public",
        "--to",
        out,
        "--register",
        country.path,
        "--overwrite",
    )


def test_a_layer_leaves_for_those_who_may_have_it(fallow: Type, country: Country, tmp_path: Path) -> None:
    common = ("--register", country.path, "--format", "geojson")
    fallow("publish", "layer", "hazard", "--audience", "public", "--to", tmp_path / "h", *common)
    layer = json.loads((tmp_path / "h" / "hazard.geojson").read_text("utf-8"))
    assert layer["features"]
    refused = fallow(
        "publish", "layer", "victim", "--audience", "public", "--to", tmp_path / "v", *common, status=2
    )
    assert "LAYER_PEOPLE" in refused.stderr
    assert not (tmp_path / "v").exists()
    fallow("publish", "layer", "victim", "--audience", "internal", "--to", tmp_path / "v", *common)
    some = fallow(
        "publish", "layer", "hazard", "--set", "hazard_class=cha", "--audience", "public",
        "--to", tmp_path / "c", *common, "--json",
    )  # fmt: skip
    assert json.loads(some.output)["parameters"]["where"] == {"hazard_class": "cha"}


def test_there_is_no_default_audience_and_nothing_else_is_guessed(
    fallow: Type, country: Country, tmp_path: Path
) -> None:
    to = ("--to", tmp_path / "out", "--register", country.path)
    for words, code in (
        (("casualties",), "OPTION"),
        (("casualties", "--audience", "friends"), "AUDIENCE_UNKNOWN"),
        (("casualtys", "--audience", "public"), "PUBLISH_WHAT"),
        (("artcle7", "--audience", "public"), "PUBLISH_WHAT"),
        (("layer", "--audience", "public"), "PUBLISH_WHAT"),
        (("layer", "hazzard", "--audience", "public"), "KIND_UNKNOWN"),
        (("statement", "NONE-1", "--audience", "public"), "STATEMENT_UNKNOWN"),
        (("casualties", "--set", "year", "--audience", "public"), "PARAMETER_FORMAT"),
        (("casualties", "--audience", "public", "--language", "xx"), "PUBLISH_LANGUAGE"),
        (("casualties", "--audience", "public", "--format", "doc"), "PUBLISH_FORMAT"),
        (("casualties", "--audience", "public", "--accept-small", "a/b=c"), "ACCEPTED_BY"),
        (("casualties", "--audience", "public", "--accept-small", "a/b=c", "--by", "x"), "FIGURE_UNKNOWN"),
    ):
        said = fallow("publish", *words, *to, status=2)
        assert code in said.stderr, words
        assert not (tmp_path / "out").exists()


def test_a_bundle_needs_the_key_of_the_office(fallow: Type, country: Country, tmp_path: Path) -> None:
    words = ("publish", "casualties", "--audience", "public", "--bundle", "--format", "csv")
    given = ("--to", tmp_path / "out", "--register", country.path)
    fallow(*words, "--register", country.path, "--to", tmp_path / "sealed")
    assert (tmp_path / "sealed" / "bundle.zip").exists()
    country.path.with_suffix(".key").unlink()
    refused = fallow(*words, *given, status=3)
    assert "KEY_MISSING" in refused.stderr
    assert not (tmp_path / "out").exists()


def test_help_is_in_every_language(fallow: Type) -> None:
    said = {fallow("publish", "--help", "--lang", lang).output for lang in LANGUAGES}
    assert len(said) == len(LANGUAGES)


def test_what_is_published_is_asked_as_the_analyses_are(
    fallow: Type, country: Country, tmp_path: Path
) -> None:
    common = ("--audience", "public", "--format", "csv", "--register", country.path, "--json")
    typed = fallow("publish", "article7", "--year", "2021", "--to", tmp_path / "a", *common)
    spelled = fallow("publish", "--set", "year=2021", "article7", "--to", tmp_path / "b", *common)
    told, same = (json.loads(one.output) for one in (typed, spelled))
    assert told["parameters"]["year"] == "2021"
    assert {**told, "folder": "", "logged": 0} == {**same, "folder": "", "logged": 0}
    of = fallow("publish", "monthly-bulletin", "--month=2021-05", "--to", tmp_path / "c", *common)
    assert json.loads(of.output)["parameters"] == {"month": "2021-05"}
    of = fallow("publish", "casualties", "--since", "2021", "--to", tmp_path / "d", *common)
    assert json.loads(of.output)["results"]["casualties"]["parameters"]["since"] == "2021"


def test_options_of_a_publication_are_told_and_misspelt_ones_are_refused(
    fallow: Type, country: Country, tmp_path: Path
) -> None:
    shown = fallow("publish", "parcel-statement", "--help").output
    assert all(one in shown for one in ("--parcel PARCEL", "--place PLACE", "--distance DISTANCE"))
    assert "--year" not in shown
    assert "--year" not in fallow("publish", "--help").output
    to = ("--audience", "public", "--to", tmp_path / "out", "--register", country.path)
    for words, code, near in (
        (("article7", "--yeer", "2021"), "OPTION_UNKNOWN", "--year"),
        (("artcle7", "--year", "2021"), "PUBLISH_WHAT", "article7"),
        (("article7", "--month", "2021-05"), "OPTION_UNKNOWN", "--"),
        (("article7",), "PUBLICATION_ASKS", "year"),
        (("casualties", "--by", "sex"), "PUBLISH_BY_ALONE", "--set by="),
    ):
        said = fallow("publish", *words, *to, status=2)
        assert code in said.stderr, words
        assert near in said.stderr, words
        assert not (tmp_path / "out").exists()


def test_numbers_that_nobody_can_make_again_are_counted_before_they_leave(
    fallow: Type, country: Country, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first with its reason, and how to leave them all out."""
    from fallow import publish as room

    def leave(*given: Any, **more: Any) -> Any:
        why = "publish.unproved.refused BOOKS_PLACE"
        return replace(real(*given, **more), unproved={"books/opening": why, "books/closing": why})

    real = room.publish
    monkeypatch.setattr(room, "publish", leave)
    words = ("publish", "books", "--audience", "public", "--format", "csv", "--register", country.path)
    for lang in LANGUAGES:
        said = fallow(*words, "--to", tmp_path / lang, "--table", "--lang", lang).output
        said = " ".join(said.split())
        assert "books/opening" in said and "(BOOKS_PLACE)" in said
        assert "only-proved" in said and "books/closing" not in said
