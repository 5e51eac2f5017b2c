"""How the command line speaks: seven languages, help pages, and what it imports before it answers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from cli_story import Country, Type, child_environment

from fallow.cli import main
from fallow.cli.analyses import analysis_names, spelled
from fallow.cli.language import language_of
from fallow.errors import catalogue
from fallow.words import LANGUAGES, say

FALLOW = [sys.executable, "-c", "from fallow.cli import main; main()"]
ARABIC = re.compile("[\u0600-\u06ff]")


def commands(command: click.Command = main, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [path]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            found += commands(inner, (*path, name))
    return found


def test_the_verbs_are_those_of_the_contract() -> None:
    wanted = [
        "new",
        "source",
        "bring",
        "review",
        "approve",
        "reject",
        "resolve",
        "release",
        "grant",
        "same",
        "look",
        "list",
        "changes",
    ]
    wanted += [spelled(name) for name in analysis_names()]
    wanted += [
        "run",
        "figure",
        "explain",
        "publish",
        "published",
        "snapshot",
        "statement",
        "check",
        "verify",
        "kinds",
        "errors",
        "serve",
        "demo",
    ]
    assert main.list_commands(None) == wanted
    assert {("source", "draft"), ("source", "check")} <= set(commands())
    assert {("kinds", one) for one in ("list", "show", "form", "schema", "lint")} <= set(commands())


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_help_page_in_every_language(fallow: Type, words: tuple[str, ...], lang: str) -> None:
    page = fallow(*words, "--help", "--lang", lang).stdout
    assert page.startswith(say("cli.usage", lang))
    assert say("cli.opt.help", lang).split()[0] in page
    key = "cli.verb." + ".".join(words or ("fallow",))
    if words and (name := words[-1].replace("-", "_")) in analysis_names():
        key = f"analysis.about.{name}"
    assert "".join(say(key, lang).split()) in "".join(page.split())
    if lang != "en":
        for english in (
            "Show this page",
            "Commands",
            "required]",
            "Options:\n" if lang != "fr" else "Verbs:",
        ):
            assert english not in page


@pytest.mark.parametrize(
    ("words", "environment", "lang"),
    [
        (["--lang", "ru"], {}, "ru"),
        (["list", "--lang=uk"], {"FALLOW_LANG": "fr"}, "uk"),
        ([], {"FALLOW_LANG": "az", "LANG": "fr_FR.UTF-8"}, "az"),
        ([], {"FALLOW_LANG": "", "LANG": "es_CO.UTF-8"}, "es"),
        ([], {"FALLOW_LANG": "", "LC_ALL": "ar", "LANG": "es_CO.UTF-8"}, "ar"),
        ([], {"FALLOW_LANG": "", "LANG": "de_DE.UTF-8"}, "en"),
        ([], {"FALLOW_LANG": ""}, "en"),
        (["approve", "--why", "--", "--lang", "ru"], {}, "en"),
    ],
)
def test_which_language(
    monkeypatch: pytest.MonkeyPatch, words: list[str], environment: dict[str, str], lang: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language_of(words) == lang


def test_refusals_tables_and_notices_are_translated(fallow: Type, country: Country) -> None:
    refused = fallow("look", "absent", "--register", country.path, "--lang", "ar", status=2).stderr
    code, what, remedy = refused.splitlines()
    assert code.startswith("RECORD_UNKNOWN")
    assert not ARABIC.search(code), "the code stands alone, so that the two directions of writing do not mix"
    assert ARABIC.match(what.strip())
    assert ARABIC.search(remedy)
    text = fallow("list", "hazard", "--register", country.path, "--table", "--lang", "ar").stdout
    assert "منطقة خطرة مؤكدة" in text
    head = next(line for line in text.splitlines() if "الرمز" in line)
    assert head.rindex("الرمز") > head.rindex("الحالة"), "the first column is the rightmost"
    assert "Zone" in fallow("list", "hazard", "--register", country.path, "--table", "--lang", "fr").stdout


def test_a_number_in_json_is_the_same_in_every_language(fallow: Type, country: Country) -> None:
    seen = {
        fallow("list", "hazard", "--register", country.path, "--count", "--json", "--lang", lang).stdout
        for lang in LANGUAGES
    }
    assert len(seen) == 1


def test_help_imports_nothing_heavy() -> None:
    """What makes `fallow --help` answer at once: no room and no table-maker is imported for it."""
    script = (
        "import sys\nfrom fallow.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "print(' '.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=child_environment(), check=True
    )
    loaded = set(done.stderr.split())
    heavy = {
        "rich",
        "numpy",
        "shapely",
        "pyproj",
        "sqlalchemy",
        "yaml",
        "orjson",
        "cryptography",
        "openpyxl",
        "django",
    }
    rooms = {
        "fallow.kinds",
        "fallow.register",
        "fallow.intake",
        "fallow.analysis",
        "fallow.web",
        "fallow.demo",
    }
    assert loaded & (heavy | rooms) == set()
    assert "fallow.cli.list_" not in loaded
    assert "click" in loaded


def test_a_pipe_gets_json_and_a_terminal_a_table(country: Country) -> None:
    words = [*FALLOW, "review", "--register", str(country.path)]
    piped = subprocess.run(
        words, capture_output=True, text=True, env=child_environment(LANG="en"), check=True
    )
    assert json.loads(piped.stdout)["claims_count"] == 1
    assert piped.stderr == ""
    pty = pytest.importorskip("pty")
    import os

    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        words, stdout=theirs, stderr=theirs, env=child_environment(LANG="en", TERM="dumb")
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            block = os.read(ours, 4096)
        except OSError:
            break
        if not block:
            break
        seen += block
    assert child.wait(timeout=60) == 0
    assert b"Drafts by delivery" in seen
    assert b'"claims_count"' not in seen


def test_the_published_list_of_errors(fallow: Type) -> None:
    listed = {one["code"]: one for one in json.loads(fallow("errors", "--json").stdout)}
    assert set(listed) == set(catalogue())
    one = json.loads(fallow("errors", "kind_unknown", "--json").stdout)
    assert (one["exit"], one["http"]) == (2, 404)
    assert "RECORD_UNKNOWN" in fallow("errors", "RECORD_UNKNOWN", "--table").stdout


def test_kinds(fallow: Type, country: Country, tmp_path: Path) -> None:
    listed = json.loads(fallow("kinds").stdout)
    assert {"hazard", "victim"} <= {one["kind"] for one in listed}
    assert listed == json.loads(fallow("kinds", "list", "--json").stdout)
    hazard = json.loads(fallow("kinds", "show", "hazard", "--register", country.path).stdout)
    classes = {one["name"]: one["class"] for one in hazard["field_list"]}
    assert classes["hazard_class"] == "public"
    assert "hazard_class" in fallow("kinds", "show", "hazard", "--table").stdout
    schema = json.loads(fallow("kinds", "schema", "hazard").stdout)
    assert "2020-12" in schema["$schema"]
    fallow("kinds", "form", "hazard", "--to", tmp_path / "hazard.xlsx")
    assert (tmp_path / "hazard.xlsx").read_bytes().startswith(b"PK")
    assert (
        "TARGET_EXISTS"
        in fallow("kinds", "form", "hazard", "--to", tmp_path / "hazard.xlsx", status=2).stderr
    )


def test_kinds_lint_ends_as_the_lint_ends(fallow: Type, tmp_path: Path) -> None:
    assert json.loads(fallow("kinds", "lint", "--json").stdout) == {"holds": True, "said": []}
    (tmp_path / "overlay.yaml").write_text("nonsense: true\n", encoding="utf-8")
    fallow("kinds", "lint", "--overlay", tmp_path, status=2)


def test_version(fallow: Type) -> None:
    assert re.fullmatch(r"fallow \d+\.\d+\.\d+\S*\n", fallow("--version").stdout)
