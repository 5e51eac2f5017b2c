"""The verbs that decide: new, approve, reject, resolve, release, grant, same; names, reasons, two people."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_story import PASSPHRASE, Country, Type, build, child_environment, record_id

from fallow.register import open_register

Asked = Callable[..., Any]
WHO = ("--by", "im.officer", "--why", "checked")


def test_new_makes_a_register_with_its_settings(told: Asked, tmp_path: Path) -> None:
    path = tmp_path / "made.gpkg"
    made = told(
        *(
            "new",
            path,
            "--title",
            "Made",
            "--country",
            "BA",
            "--extent",
            "15,42,20,46",
            "--extent",
            "-1,-1,1,1",
        ),
        "--invented",
    )
    assert made["vault"] is False
    with open_register(path, read_only=True) as register:
        assert register.settings["title"] == "Made"
        assert register.settings["country"] == "BA"
        assert register.settings["extent"] == [[15, 42, 20, 46], [-1, -1, 1, 1]]
        assert register.settings["invented"] is True


def test_new_with_a_passphrase_has_a_vault_and_a_wrapped_key(
    told: Asked, fallow: Type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(PASSPHRASE + "\n", encoding="utf-8")
    path = tmp_path / "made.gpkg"
    assert told("new", path, "--title", "Made", "--passphrase-file", secret)["vault"] is True
    words = ("grant", "A. Person", "approve", *WHO, "--register", path)
    assert "KEY_LOCKED" in fallow(*words, status=3).stderr
    monkeypatch.setenv("FALLOW_PASSPHRASE", "another one")
    assert "VAULT_PASSPHRASE" in fallow(*words, status=3).stderr
    monkeypatch.setenv("FALLOW_PASSPHRASE", PASSPHRASE)
    fallow(*words)
    monkeypatch.delenv("FALLOW_PASSPHRASE")
    fallow(*words, "--passphrase-file", secret)


@pytest.mark.parametrize(
    ("typed", "status", "says"),
    [
        ([PASSPHRASE, PASSPHRASE], 0, "Personal data can come in"),
        ([""], 0, "There is no vault"),
        ([PASSPHRASE, "another"], 2, "PASSPHRASE_DIFFERS"),
    ],
)
def test_new_asks_for_a_passphrase_in_a_terminal(
    tmp_path: Path, typed: list[str], status: int, says: str
) -> None:
    pty = pytest.importorskip("pty")
    program = "import sys; from fallow.cli import main; main(sys.argv[1:])"
    words = [sys.executable, "-c", program, "new", str(tmp_path / "made.gpkg"), "--title", "Made"]
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        words,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=child_environment(LANG="en"),
        start_new_session=True,
    )
    os.close(theirs)
    seen, waiting = b"", list(typed)
    while True:
        try:
            block = os.read(ours, 4096)
        except OSError:  # the other end is closed: the program has ended
            break
        seen += block
        if waiting and seen.count(b": ") > len(typed) - len(waiting):
            os.write(ours, waiting.pop(0).encode() + b"\n")
    assert child.wait(timeout=60) == status
    assert says in seen.decode()
    assert PASSPHRASE not in seen.decode()
    assert (tmp_path / "made.gpkg").exists() is (status == 0)


def test_no_verb_takes_a_passphrase_as_an_argument(fallow: Type) -> None:
    from fallow.cli import main

    for name in main.list_commands(None):
        assert "OPTION_UNKNOWN" in fallow(name, "--passphrase", "x", status=2).stderr or name in (
            "source",
            "kinds",
        )
        assert "--passphrase " not in fallow(name, "--help").stdout


def test_approve_a_delivery_holds_what_nobody_accepted(told: Asked, country: Country) -> None:
    words = ("approve", "--delivery", country.deliveries["third"], *WHO, "--register", country.path)
    first, second = country.numbers["third"]
    done = told(*words)
    assert done["approved"] == 1
    assert done["held"] == [{"report": first, "codes": ["OUTSIDE_COUNTRY"]}]
    done = told(*words, "--accept", "OUTSIDE_COUNTRY", "--as-of", "2023-02-01")
    assert (done["approved"], done["held"]) == (1, [])
    seen = told("look", record_id(4), "--register", country.path)
    assert seen["standing"]["known_from"] == "2023-02-01"
    assert seen["reports"][0]["declared"] is True
    assert told("review", "--register", country.path)["drafts"] == []
    assert second == first + 1


@pytest.mark.parametrize("spelled", [["12", "13"], ["12-13"], ["12,13"], ["--all-drafts"]])
def test_approve_takes_numbers_ranges_and_all(told: Asked, country: Country, spelled: list[str]) -> None:
    assert list(country.numbers["third"]) == [12, 13]
    words = ("approve", *spelled, *WHO, "--accept", "OUTSIDE_COUNTRY", "--register", country.path)
    assert told(*words)["approved"] == 2


def test_reject_takes_an_approval_back(told: Asked, fallow: Type, country: Country) -> None:
    number = country.numbers["casualties_2022"].start
    assert told("reject", number, *WHO, "--register", country.path) == {"rejected": 1}
    assert told("list", "victim", "--register", country.path, "--count") == {"count": 3}
    assert "Nothing was erased" in fallow("reject", 12, *WHO, "--register", country.path, "--table").stdout


def test_resolve_ends_a_conflict(told: Asked, country: Country) -> None:
    chosen = country.numbers["first"].start
    done = told("resolve", "HA-0001", "hazard_class", "--report", chosen, *WHO, "--register", country.path)
    assert done["record"] == record_id(1)
    assert done["conflicts"] == []
    seen = told("look", "HA-0001", "--register", country.path)
    assert seen["values"]["hazard_class"]["value"] == "sha"
    assert seen["conflicts"] == {}


def test_same_and_different(told: Asked, country: Country) -> None:
    words = ("same", "V-1", "V-2", *WHO, "--register", country.path)
    assert told(*words)["same"] is True
    assert told("list", "victim", "--register", country.path, "--count") == {"count": 3}
    assert told(*words[:1], record_id(1001), record_id(1002), *words[3:], "--different")["same"] is False
    assert told("list", "victim", "--register", country.path, "--count") == {"count": 4}


def test_grant_lists_gives_and_takes(told: Asked, fallow: Type, country: Country) -> None:
    assert told("grant", "--register", country.path) == {"rights": {}}
    assert "Nobody holds a right yet" in fallow("grant", "--register", country.path, "--table").stdout
    held = told("grant", "A. Rowan", "approve", "release", *WHO, "--register", country.path)["rights"]
    assert held["a. rowan"] == ["approve", "release"]
    held = told("grant", "A. Rowan", "release", "--revoke", *WHO, "--register", country.path)["rights"]
    assert held["a. rowan"] == ["approve"]
    refused = fallow("grant", "B. Maple", "fly", *WHO, "--register", country.path, status=2)
    assert "RIGHT_UNKNOWN" in refused.stderr


def test_release_needs_two_people(told: Asked, fallow: Type, country: Country) -> None:
    path = ("--register", country.path)
    words = ("release", "HA-0002", "--field", "status", "--why", "visited", *path)
    assert "RIGHT_NEEDED" in fallow(*words, "--by", "A. Rowan", status=2).stderr
    for person in ("A. Rowan", "B. Maple"):
        fallow("grant", person, "release", *WHO, *path)
    assert told(*words, "--by", "A. Rowan")["stands"] == {record_id(2): False}
    assert "SIGNED_ALREADY" in fallow(*words, "--by", "a.  rowan", status=2).stderr
    assert told(*words, "--by", "B. Maple")["stands"] == {record_id(2): False}, (
        "the authority still says open"
    )
    seen = told("look", "HA-0002", *path)
    assert seen["values"]["status"]["value"] == "open"
    assert {one["value"] for one in seen["conflicts"]["status"]} == {"open", "closed"}
    assert [one["verb"] for one in seen["decisions"]][:2] == ["release", "release"]


def test_release_of_what_nobody_disputes_stands_with_the_second_signature(
    told: Asked, fallow: Type, country: Country
) -> None:
    path = ("--register", country.path)
    for person in ("A. Rowan", "B. Maple"):
        fallow("grant", person, "release", *WHO, *path)
    fallow("reject", country.numbers["first"].start + 1, *WHO, *path)
    words = ("release", "HA-0002", "--field", "status", "--why", "visited", *path)
    assert "it does not stand yet" in fallow(*words, "--by", "A. Rowan", "--table").stdout
    second = fallow(*words, "--by", "B. Maple", "--json", status=2)
    # both have signed, and still the rule of the state is asked: this area was never cleared
    assert json.loads(second.stderr)["error"]["code"] == "AREA_REMAINS"
    assert told("look", "HA-0002", *path)["values"].get("status", {}).get("value") != "closed"


def test_a_vault_is_open_to_who_holds_the_passphrase(fallow: Type, tmp_path: Path) -> None:
    country = build(tmp_path / "vault" / "country.gpkg", passphrase=PASSPHRASE)
    secret = tmp_path / "secret.txt"
    secret.write_text(PASSPHRASE, encoding="utf-8")
    words = ("approve", country.numbers["third"].start + 1, *WHO, "--register", country.path)
    assert "KEY_LOCKED" in fallow(*words, status=3).stderr
    fallow(*words, "--passphrase-file", secret)


def test_the_only_register_of_the_folder_is_meant(
    told: Asked, fallow: Type, country: Country, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "REGISTER_NOT_NAMED" in fallow("list", "hazard", "--count", status=2).stderr
    monkeypatch.chdir(country.path.parent)
    assert told("list", "hazard", "--count") == {"count": 3}
    fallow("snapshot", "layers.gpkg")  # it has no ledger, so it is not taken for a register
    assert told("list", "hazard", "--count") == {"count": 3}
    fallow("new", "--register", "other.gpkg", "--title", "Other")
    assert "country.gpkg, other.gpkg" in fallow("list", "hazard", "--count", status=2).stderr
    monkeypatch.setenv("FALLOW_REGISTER", "other.gpkg")
    assert told("list", "hazard", "--count") == {"count": 0}


def test_what_a_source_learned_earlier_and_is_approved_today_is_told(
    told: Asked, fallow: Type, country: Country
) -> None:
    """The day of approval is a fact; the day declared counts only where a person approves as of then."""
    words = ("approve", "--all-drafts", *WHO, "--accept", "OUTSIDE_COUNTRY", "--register", country.path)
    done = told(*words)
    assert (done["approved"], done["late"]) == (2, 2)
    day = done["learned"]
    assert day < told("look", record_id(4), "--register", country.path)["standing"]["known_from"]
    numbers = [str(number) for number in country.numbers["third"]]
    fallow("reject", *numbers, *WHO, "--register", country.path)
    again = ("approve", *numbers, *words[2:])
    text = fallow(*again, "--table").stdout
    assert f"approve with --as-of {day}" in text
    fallow("reject", *numbers, *WHO, "--register", country.path)
    done = told(*again, "--as-of", day)
    assert (done["approved"], done["late"], done["learned"]) == (2, 0, None)
    assert told("look", record_id(4), "--register", country.path)["standing"]["known_from"] == day
