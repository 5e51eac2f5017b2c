"""Bad input, faults, interruptions: a sentence, what to do, an exit status, and nothing changed."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import pytest
from cli_story import Country, Type, child_environment

from fallow.cli import main
from fallow.errors import catalogue

FALLOW = [sys.executable, "-c", "from fallow.cli import main; main()"]
WHO = ["--by", "im.officer", "--why", "checked"]

BAD: list[tuple[list[Any], str, str]] = [
    (["lits"], "VERB_UNKNOWN", "list"),
    (["source", "darft"], "VERB_UNKNOWN", "draft"),
    (["list", "hazrad"], "KIND_UNKNOWN", "hazard"),
    (["list", "hazard", "--coutn"], "OPTION_UNKNOWN", "--count"),
    (["list"], "OPTION_MISSING", "KIND"),
    (["list", "hazard", "more"], "WORDS_TOO_MANY", "more"),
    (["list", "hazard", "--known"], "OPTION_EMPTY", "--known"),
    (["list", "hazard", "--count=3"], "OPTION_NO_VALUE", "--count"),
    (["list", "hazard", "--register", "."], "NOT_A_REGISTER", ""),
    (["list", "hazard", "--where", "status"], "WHERE_FORMAT", "status"),
    (["list", "hazard", "--where", "statsu=open"], "FIELD_UNKNOWN", "status"),
    (["list", "hazard", "--where", "status=opne"], "CODE_UNKNOWN", "open"),
    (["list", "hazard", "--where", "declared_area=much"], "VALUE_NOT_A_NUMBER", "much"),
    (["list", "victim", "--fields", "name"], "FIELD_PERSONAL", "victim.name"),
    (["list", "hazard", "--fields", "coed"], "FIELD_UNKNOWN", "code"),
    (["list", "hazard", "--known", "31/12/2017"], "DATE_FORMAT", "31/12/2017"),
    (["list", "hazard", "--true", "2017-02-30"], "DATE_IMPOSSIBLE", "2017-02-30"),
    (["list", "hazard", "--head", "999999"], "HEAD_UNKNOWN", "999999"),
    (["list", "hazard", "--head", "-1"], "OPTION_NUMBER", "-1"),
    (["list", "hazard", "--limit", "9" * 5000], "OPTION_NUMBER", "--limit"),
    (["list", "hazard", "--bbox", "nan,0,1,1"], "BBOX", "nan"),
    (["list", "hazard", "--bbox", "20,40,10,50"], "BBOX", "20,40,10,50"),
    (["list", "hazard", "--bbox", "1,2,3"], "BBOX", "1,2,3"),
    (["list", "hazard", "--format", "cvs"], "OPTION_WORD", "csv"),
    (["list", "hazard", "--format", "gpkg"], "TARGET_NEEDED", "--to"),
    (["list", "hazard", "--to", "hazards.docx"], "FORMAT_NOT_SAID", "geojson"),
    (["list", "hazard", "--to", "nowhere/hazards.csv"], "TARGET_FOLDER", "hazards.csv"),
    (["look", "HA-9999"], "RECORD_UNKNOWN", "HA-9999"),
    (["look", "00000000-0000-0000-0000-000000000000"], "RECORD_UNKNOWN", "0000"),
    (["look", "\x1b[31mred\u202e"], "RECORD_UNKNOWN", "red"),
    (["changes", "hazard", "--from", "2017"], "OPTION_MISSING", "--to"),
    (
        ["changes", "hazard", "--from", "2017", "--to", "2018", "--by", "status:month"],
        "GRAIN_UNKNOWN",
        "status",
    ),
    (["changes", "victim", "--from", "2017", "--to", "2018", "--by", "date:week"], "GRAIN_UNKNOWN", "month"),
    (["approve", *WHO], "REPORTS_NOT_CHOSEN", "--delivery"),
    (["approve", "12", "--all-drafts", *WHO], "REPORTS_NOT_CHOSEN", "--delivery"),
    (["approve", "twelve", *WHO], "REPORTS_FORMAT", "twelve"),
    (["approve", "13-12", *WHO], "REPORTS_FORMAT", "13-12"),
    (["approve", "12-99999", *WHO], "REPORT_UNKNOWN", "99999"),
    (["approve", "2", *WHO], "REPORT_UNKNOWN", "2"),
    (["approve", "--delivery", "3", *WHO], "DELIVERY_NOT_FOUND", "3"),
    (["approve", "12", "--by", "im.officer"], "OPTION_MISSING", "--why"),
    (["approve", "12", "--by", " ", "--why", "x"], "NAME_NEEDED", ""),
    (["approve", "12", "--by", "x", "--why", " "], "REASON_NEEDED", ""),
    (["approve", "12", *WHO, "--as-of", "2999-01-01"], "DATE_IN_FUTURE", "2999"),
    (["resolve", "HA-0001", "status", "--report", "2", *WHO], "REPORT_NOT_ON_FIELD", ""),
    (["same", "HA-0001", "V-1", *WHO], "SAME_NEEDS_ONE_KIND", ""),
    (["grant", "A. Rowan"], "OPTION_MISSING", "RIGHT"),
    (["verify", "--register", "absent.gpkg"], "REGISTER_MISSING", "absent.gpkg"),
    (["approve", "12", *WHO, "--passphrase-file", "absent.txt"], "PASSPHRASE_FILE", "absent.txt"),
    (["new", "x.gpkg"], "OPTION_MISSING", "--title"),
    (["new", "--title", "X"], "REGISTER_EXISTS", "country.gpkg"),
    (["new", "nowhere/x.gpkg", "--title", "X"], "TARGET_FOLDER", "x.gpkg"),
    (["errors", "KIND_UNKNWON"], "ERROR_CODE_UNKNOWN", "KIND_UNKNOWN"),
    (["kinds", "show", "hazrad"], "KIND_UNKNOWN", "hazard"),
    (["bring", "absent"], "SOURCE_MISSING", "absent"),
    (["bring", "absent", "--approve", "--by", "x"], "OPTION_MISSING", "--why"),
    (["bring", "absent", "--by", "x", "--why", "y"], "OPTION_MISSING", "--approve"),
    (["source", "draft", "absent.csv"], "FILE_NOT_FOUND", "absent.csv"),
    (["serve", "--port", "99999"], "OPTION_NUMBER", "99999"),
    (["serve", "--host", "0.0.0.0", "--no-browser"], "WEB_NOT_LOOPBACK", "0.0.0.0"),
    (["serve", "--register", "absent.gpkg"], "REGISTER_MISSING", "absent.gpkg"),
    (["list", "hazard", "--lang", "de"], "LANGUAGE_UNKNOWN", "de"),
]


@pytest.mark.parametrize(("words", "code", "says"), BAD, ids=[f"{one[1]}-{at}" for at, one in enumerate(BAD)])
def test_bad_input_is_refused_with_its_code(
    fallow: Type,
    country: Country,
    monkeypatch: pytest.MonkeyPatch,
    words: list[Any],
    code: str,
    says: str,
) -> None:
    monkeypatch.setenv("FALLOW_REGISTER", str(country.path))
    before = country.path.read_bytes()
    refused = fallow(*words, status=catalogue()[code].exit_status)
    lines = refused.stderr.splitlines()
    assert lines[0].split()[0] == code
    assert says in refused.stderr
    assert len(lines) == 3, "code and place, what was found, what to do"
    assert "{" not in refused.stderr.replace("{lon}", "")
    assert "\x1b" not in refused.stderr
    assert "\u202e" not in refused.stderr
    assert country.path.read_bytes() == before


NOBODY_WRITES = Path("/proc")
"""A folder in which not even root makes a file."""


@pytest.mark.skipif(not NOBODY_WRITES.is_dir(), reason="only Linux has a folder nobody may write to")
@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["snapshot", NOBODY_WRITES / "x.gpkg"], "x.gpkg"),
        (["new", NOBODY_WRITES / "x.gpkg", "--title", "X", "--no-vault"], "x.gpkg"),
        (["list", "hazard", "--to", NOBODY_WRITES / "x.gpkg"], "x.gpkg"),
        (["list", "hazard", "--to", NOBODY_WRITES / "x.csv"], "x.csv"),
        (["demo", "--to", NOBODY_WRITES / "x", "--no-serve"], "x"),
    ],
    ids=lambda one: str(one[0]) if isinstance(one, list) else "",
)
def test_a_folder_that_takes_no_file_is_no_damaged_register(
    fallow: Type, country: Country, monkeypatch: pytest.MonkeyPatch, words: list[Any], name: str
) -> None:
    monkeypatch.setenv("FALLOW_REGISTER", str(country.path))
    refused = fallow(*words, status=1)
    assert refused.stderr.split()[:2] == ["TARGET_NOT_WRITTEN", name]


def test_a_register_where_nobody_may_look_is_named(fallow: Type) -> None:
    """A name longer than a file system takes fails as a folder without rights does, for root too."""
    for words in (["list", "hazard"], ["verify"], ["serve", "--no-browser"], ["approve", "12", *WHO]):
        refused = fallow(*words, "--register", f"{'x' * 300}.gpkg", status=2)
        assert refused.stderr.split()[0] == "FILE_NOT_FOUND"


def test_a_file_that_may_not_be_read_is_told_in_the_language_of_the_call(
    fallow: Type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "locked.gpkg"
    file.touch()
    monkeypatch.setattr("os.access", lambda *_: False)  # root may read everything
    refused = fallow("list", "hazard", "--register", file, "--lang", "fr", status=2)
    assert refused.stderr.split()[:2] == ["FILE_NOT_FOUND", "locked.gpkg"]
    assert "readable" not in refused.stderr


def test_a_file_beside_the_register_that_cannot_be_made_is_the_disk_not_the_register(
    country: Country,
) -> None:
    """In a folder without rights SQLite cannot make its journal; nobody is to restore a copy for that."""
    from fallow.errors import FallowError
    from fallow.register.damage import damage_told

    with sqlite3.connect(country.path) as file, pytest.raises(FallowError) as refused, damage_told(file):
        file.execute("ATTACH ? AS beside", [str(country.path.parent / "none" / "x.gpkg")])
    file.close()
    assert refused.value.code == "DISK_FAULT"


def test_refusals_are_json_where_json_was_asked_for(fallow: Type) -> None:
    refused = fallow("look", "x", "--register", "absent.gpkg", "--json", status=2)
    assert refused.stdout == ""
    error = json.loads(refused.stderr)["error"]
    assert (error["code"], error["where"]) == ("REGISTER_MISSING", "absent.gpkg")
    assert error["what"]
    assert error["remedy"]


def test_a_damaged_file_is_damage_and_not_a_fault(fallow: Type, country: Country, tmp_path: Path) -> None:
    with sqlite3.connect(country.path) as file:
        size = file.execute("PRAGMA page_size").fetchone()[0]
        (page,) = file.execute("SELECT rootpage FROM sqlite_master WHERE name = 'hazard_history'").fetchone()
    file.close()
    with country.path.open("r+b") as content:
        content.seek((page - 1) * size)
        content.write(b"\xff" * size)
    for words in (["list", "hazard"], ["review"]):
        assert "REGISTER_DAMAGED" in fallow(*words, "--register", country.path, status=3).stderr
    assert "REGISTER_DAMAGED" in fallow("verify", "--register", country.path, status=3).stdout
    other = tmp_path / "other.gpkg"
    other.write_text("not a database", encoding="utf-8")
    assert "NOT_A_REGISTER" in fallow("list", "hazard", "--register", other, status=2).stderr


def test_a_fault_of_the_program_is_a_sentence(
    fallow: Type, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    as_json = click.Option(["--json"], is_flag=True, expose_value=False)

    def broken() -> None:
        raise ValueError("could not read Zzyzx Planted")

    monkeypatch.setitem(main.commands, "broken", click.Command("broken", callback=broken, params=[as_json]))
    told = fallow("broken", status=70)
    assert told.stderr.startswith("INTERNAL_FAULT\n")
    assert "FALLOW_DEBUG" in told.stderr
    assert "Zzyzx" not in told.output
    assert not list(Path.cwd().glob("*.log"))
    monkeypatch.setenv("FALLOW_DEBUG", str(tmp_path))
    told = fallow("broken", status=70)
    (log,) = tmp_path.glob("fallow-fault-*.log")
    assert str(log) in told.stderr
    written = log.read_text(encoding="utf-8")
    assert "ValueError" in written
    assert "in broken" in written
    assert "could not read Zzyzx" not in written.replace(
        'raise ValueError("could not read Zzyzx Planted")', ""
    )
    assert json.loads(fallow("broken", "--json", status=70).stderr)["error"]["code"] == "INTERNAL_FAULT"


def test_an_interruption_ends_with_130(fallow: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(main.commands, "wait", click.Command("wait", callback=interrupted))
    assert "Nothing was saved of the step that was under way" in fallow("wait", status=130).stderr


def test_ctrl_c_in_a_real_process_saves_nothing(country: Country) -> None:
    """The register is locked by somebody else, so that the approval waits and can be interrupted."""
    before = country.path.read_bytes()
    other = sqlite3.connect(country.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    words = ["approve", "--all-drafts", *WHO, "--register", str(country.path)]
    child = subprocess.Popen(
        [*FALLOW, *words], stderr=subprocess.PIPE, text=True, env=child_environment(LANG="en")
    )
    time.sleep(2)
    assert child.poll() is None
    child.send_signal(signal.SIGINT)
    other.execute("ROLLBACK")
    other.close()
    said = child.communicate(timeout=60)[1]
    assert child.returncode == 130, said
    assert "Traceback" not in said
    assert country.path.read_bytes() == before


@pytest.mark.parametrize("form", [["--json"], ["--table"], ["--format", "csv"]], ids=" ".join)
def test_a_closed_pipe_ends_quietly(country: Country, form: list[str]) -> None:
    words = ["list", "hazard", "--register", str(country.path), *form]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*FALLOW, *words],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        env=child_environment(),
        check=False,
    )
    os.close(write)
    assert done.stderr == ""
    assert done.returncode == 0  # `| head` is no failure; 1 would say that a file was not written


def test_serve_tells_no_address_where_nothing_is_served(
    fallow: Type, country: Country, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fallow.web.serving.BUILT", tmp_path)
    refused = fallow(
        "serve", "--register", country.path, "--no-browser", status=catalogue()["WEB_NOT_BUILT"].exit_status
    )
    assert "WEB_NOT_BUILT" in refused.output
    assert "http://" not in refused.output


def test_serve_answers_until_it_is_interrupted(country: Country) -> None:
    import socket
    from urllib.request import urlopen

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["serve", "--register", str(country.path), "--port", str(port), "--no-browser"]
    child = subprocess.Popen(
        [*FALLOW, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=child_environment(LANG="en", PYTHONUNBUFFERED="1"),
    )
    page = ""
    for _ in range(150):
        if child.poll() is not None:
            break
        try:
            with urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                page = answer.read().decode("utf-8")
            break
        except OSError:
            time.sleep(0.2)
    if child.poll() is None:
        child.send_signal(signal.SIGINT)
    said, complaint = child.communicate(timeout=60)
    assert "Traceback" not in complaint
    if "WEB_NOT_BUILT" in complaint:  # nobody has run `make web` here: it is refused, and says so
        assert child.returncode == catalogue()["WEB_NOT_BUILT"].exit_status
        return
    assert "Country of the test" in page
    assert f"127.0.0.1:{port}" in said
    assert "No longer shown." in said
    assert child.returncode == 0
