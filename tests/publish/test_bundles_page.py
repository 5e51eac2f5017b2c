"""The checker printed in docs/bundles.md, run against a real bundle and a changed one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fixtures_publish import Programme, bundled

from fallow.publish.proof import archive

PAGE = Path(__file__).resolve().parents[2] / "docs" / "bundles.md"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    folder = tmp_path_factory.mktemp("page")
    programme = Programme(folder)
    path, manifest = bundled(programme.register, folder)
    yield path, manifest.office
    programme.close()


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    space: dict[str, Any] = {}
    for block in re.findall(r"<!-- run -->\n```python\n(.*?)^```", PAGE.read_text("utf-8"), re.S | re.M):
        exec(compile(block, str(PAGE), "exec"), space)
    return space


def test_the_printed_checker_finds_nothing_in_a_good_bundle(
    bundle: tuple[Path, str], page: dict[str, Any]
) -> None:
    path, key = bundle
    assert list(page["faults"](path, key)) == []
    other = "00" * 32
    assert {"manifest.sig", "head", "tree"} <= set(page["faults"](path, other))


@pytest.mark.parametrize("name", ["publication.json", "evidence/books.jsonl", "documents/bulletin-en.xlsx"])
def test_the_printed_checker_names_what_was_changed(
    bundle: tuple[Path, str], page: dict[str, Any], tmp_path: Path, name: str
) -> None:
    path, key = bundle
    members = archive.read(path)
    members[name] = bytes([members[name][0] ^ 1]) + members[name][1:]
    (tmp_path / "changed.zip").write_bytes(archive.write(members))
    assert list(page["faults"](tmp_path / "changed.zip", key)) == [name]


def test_the_printed_checker_follows_the_proofs(
    bundle: tuple[Path, str], page: dict[str, Any], tmp_path: Path
) -> None:
    path, key = bundle
    members = archive.read(path)
    ledger = json.loads(members["ledger.json"])
    ledger["proofs"][0]["hash"] = "00" * 32
    members["ledger.json"] = json.dumps(ledger).encode()
    (tmp_path / "changed.zip").write_bytes(archive.write(members))
    found = set(page["faults"](tmp_path / "changed.zip", key))
    assert found == {"ledger.json", f"entry {ledger['proofs'][0]['number']}"}


def test_rows_about_people_can_be_counted_by_hand(bundle: tuple[Path, str], page: dict[str, Any]) -> None:
    count: Callable[..., int] = page["count"]
    path, _ = bundle
    index = json.loads(archive.read(path)["evidence.json"])["by_sex"]
    part = next(at for at, one in enumerate(index["parts"]) if ["casualties", "2021", "female"] in one)
    assert count(path, "by_sex", part, sex="female") == 9
