"""``fallow check`` of what is no bundle and with what is no key: one sentence, what to do, status 2."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from cli_story import Country, Type


@pytest.fixture
def bundle(fallow: Type, country: Country, tmp_path: Path) -> Path:
    out = tmp_path / "out"
    fallow(
        "publish", "books", "--set", "each=year", "--audience", "public", "--to", out,
        "--format", "csv", "--bundle", "--register", country.path,
    )  # fmt: skip
    return out / "bundle.zip"


def test_a_path_that_leads_to_no_bundle_is_refused(fallow: Type, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("hello", "utf-8")
    for path, code, where in (
        (tmp_path / "nowhere.zip", "FILE_NOT_FOUND", "nowhere.zip"),
        (tmp_path, "BUNDLE_FOLDER", tmp_path.name),
        (tmp_path / "note.txt", "BUNDLE_NO_ZIP", "note.txt"),
    ):
        refused = fallow("check", path, status=2)
        assert refused.stderr.startswith(f"{code}  {where}")
        assert len(refused.stderr.splitlines()) >= 3
        assert (refused.stdout, "Error" in refused.stderr) == ("", False)


def test_the_folder_of_a_publication_names_the_bundle_in_it(fallow: Type, bundle: Path) -> None:
    refused = fallow("check", bundle.parent, status=2)
    assert "bundle.zip" in refused.stderr


def test_a_key_is_typed_or_stands_in_a_file(fallow: Type, bundle: Path, tmp_path: Path) -> None:
    key = orjson.loads((bundle.parent / "manifest.json").read_bytes())["office"]
    file = tmp_path / "office.txt"
    file.write_text(f"{key.upper()}\n", "utf-8")
    for given in (key, file):
        found = orjson.loads(fallow("check", bundle, "--key", given, "--json").stdout)
        assert (found["verdict"], found["key_known"]) == ("holds", True)
    file.write_text("ab" * 32, "utf-8")
    other = orjson.loads(fallow("check", bundle, "--key", file, "--json", status=1).stdout)
    assert [one["code"] for one in other["lines"] if one["state"] == "fails"] == ["BUNDLE_KEY_OTHER"]


def test_what_is_no_key_is_one_message(fallow: Type, bundle: Path, country: Country, tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(bytes(range(256)))
    secret = country.path.with_suffix(".key")
    said = set()
    for given in ("zz", "ab" * 31, tmp_path / "nowhere", tmp_path, tmp_path / "bytes", secret):
        refused = fallow("check", bundle, "--key", given, status=2)
        assert refused.stderr.startswith("BUNDLE_KEY_FORMAT  key")
        assert "64" in refused.stderr and "manifest.json" in refused.stderr
        assert "PRIVATE" not in refused.stderr
        said.add(refused.stderr.rpartition("\n  ")[2])
    assert len(said) == 1
