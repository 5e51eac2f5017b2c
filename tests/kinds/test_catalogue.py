"""Fallow's own catalogue: loads, is clean, keeps its ids, and its committed pages are the ones it writes."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from two_kinds import FILES, Declare

from fallow.errors import text
from fallow.kinds import CodeList, Model, columns, load_kinds
from fallow.kinds import lint as lint_module
from fallow.kinds.change import identities, read_identities
from fallow.kinds.lint import lint, main
from fallow.kinds.load import HERE
from fallow.kinds.pages import main as write_pages
from fallow.kinds.pages import pages
from fallow.words import LANGUAGES

ROOT = Path(__file__).resolve().parents[2]
KINDS = {
    *("hazard", "accident", "victim", "activity", "land_release", "ordnance_find", "minefield_record"),
    *("zone", "place", "assistance", "education_session", "quality_visit", "organisation", "team"),
    *("ordnance_type", "task", "handover_certificate", "source_document", "statement", "signature"),
}


def test_every_kind_of_the_trade_is_declared() -> None:
    assert set(load_kinds().kinds) >= KINDS


def test_there_is_nothing_to_say_against_the_catalogue() -> None:
    model = load_kinds()
    found = lint(model, read_identities(HERE / "catalogue" / "ids.csv"))
    assert [f"{one.code} {one.where}: {text(one.code, 'what', one.facts)}" for one in found] == []


def test_the_committed_pages_are_the_ones_that_would_be_written() -> None:
    """When this fails: ``python -m fallow.kinds.pages docs/kinds`` and look at what changed."""
    folder = ROOT / "docs" / "kinds"
    written = pages(load_kinds())
    stale = [
        name
        for name, content in written.items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != content
    ]
    assert stale == []
    assert sorted(path.name for path in folder.glob("*.md")) == sorted(written), "a page without a kind"


def test_what_must_be_personal_is_personal() -> None:
    model = load_kinds()
    for kind, names in {
        "victim": ("name", "birth_date", "address", "phone", "photo"),
        "hazard": ("land_owner",),
    }.items():
        for name in names:
            one = model.kind(kind).field(name)
            assert one is not None and one.personal, f"{kind}.{name}"
        assert not set(names) & {one.name for one in columns(model.kind(kind))}


def test_what_only_two_people_can_release_is_guarded() -> None:
    model = load_kinds()
    assert {one.code for one in model.code_lists["hazard_status"] if one.guard} == {"closed", "handed_over"}
    assert {one.code for one in model.code_lists["release_status"] if one.guard} == {"released"}


def test_unknown_is_as_dangerous_as_suspected() -> None:
    danger = {one.code: one.danger or 0 for one in load_kinds().code_lists["hazard_class"]}
    assert danger["dismissed"] < danger["indication"] < danger["sha"] < danger["cha"]
    assert danger["unknown"] >= danger["sha"]
    status = {one.code: one.danger or 0 for one in load_kinds().code_lists["hazard_status"]}
    assert (
        status["handed_over"] < status["closed"] < status["worked_on"] <= status["open"] == status["reopened"]
    )


# --- lint, on the two invented kinds


def found(model: Model) -> list[tuple[str, str]]:
    return [(one.code, one.where) for one in lint(model)]


def test_the_two_invented_kinds_are_clean(model: Model) -> None:
    assert found(model) == []


C, V = "catalogue/crater.yaml", "catalogue/visit.yaml"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {V: [("name: band, type: code, codes: band", "name: area, type: code, codes: band")]},
            ("LINT_TWO_TYPES", "visit.6"),
        ),
        (
            {V: [("name: at, type: time", "name: area, type: quantity, unit: ha")]},
            ("LINT_TWO_TYPES", "visit.2"),
        ),
        ({V: [("type: code, codes: band", "type: text")]}, ("LINT_LIST_UNUSED", "codes/band.csv")),
        (
            {"codes/crater_status.csv": [("unknown,3", "unknown,")]},
            ("LINT_DANGER_MISSING", "codes/crater_status.csv"),
        ),
        ({C: [("title: code\n", "")]}, ("LINT_ROLE_MISSING", "crater")),
        ({V: [("date: day\n", "")]}, ("LINT_ROLE_MISSING", "visit")),
        ({C: [('uk: "uk Depth"', 'uk: "Depth"')]}, ("LINT_WORDS_COPIED", "crater.10")),
        ({"codes/near.csv": [("ar Road", "Road")]}, ("LINT_WORDS_COPIED", "near:road")),
    ],
    ids=lambda one: one[0] if isinstance(one, tuple) else "",
)
def test_lint_finds(
    declare: Declare, changes: dict[str, list[tuple[str, str]]], expected: tuple[str, str]
) -> None:
    wrong = load_kinds(declared_in=declare(changes))
    assert found(wrong) == [expected]
    (finding,) = lint(wrong)
    for language in LANGUAGES:
        for part in ("what", "remedy"):
            told = text(finding.code, part, finding.facts, language)  # type: ignore[arg-type]
            assert told and "{" not in told


def test_lint_finds_a_link_without_its_other_end(model: Model) -> None:
    visit = model.kind("visit")
    fields = tuple(replace(one, reverse=None) if one.name == "crater" else one for one in visit.fields)
    wrong = replace(model, kinds={**model.kinds, "visit": replace(visit, fields=fields)})
    assert found(wrong) == [("LINT_REVERSE_MISSING", "visit.3")]


def test_lint_holds_the_catalogue_against_the_committed_ids(model: Model) -> None:
    listed = dict(identities(model))
    listed["crater.4"] = replace(listed["crater.4"], name="size")
    listed["crater.90"] = replace(listed["crater.4"], id="crater.90")
    del listed["visit.1"]
    codes = [(one.code, one.where) for one in lint(model, listed)]
    assert codes == [
        ("MODEL_CHANGED", "crater.4"),
        ("MODEL_REMOVED", "crater.90"),
        ("LINT_ID_NEW", "visit.1"),
    ]


def test_a_short_code_is_no_copied_word(model: Model) -> None:
    codes = model.code_lists["near"]
    short = CodeList(
        codes.name, codes.label, (replace(codes.codes[0], label=dict.fromkeys(LANGUAGES, "UXO")),)
    )
    crater = model.kind("crater")
    assert crater.field("near") is not None
    assert found(replace(model, code_lists={**model.code_lists, "near": short})) == []


# --- the command


@pytest.fixture
def own(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command working on the two invented kinds."""
    folder = declare()
    monkeypatch.setattr(lint_module, "HERE", folder)
    monkeypatch.setattr(
        lint_module, "load_kinds", lambda overlay=None: load_kinds(overlay, declared_in=folder)
    )
    return folder


def test_new_ids_are_told_until_they_are_written(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 1
    assert "LINT_ID_NEW crater.1:" in capsys.readouterr().out
    assert main(["--write-ids"]) == 0
    assert main([]) == 0
    assert capsys.readouterr().out == ""
    assert "visit.6,band,code:band" in (own / "catalogue" / "ids.csv").read_text(encoding="utf-8")


def test_a_rename_is_refused_and_never_written_over(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--write-ids"])
    before = (own / "catalogue" / "ids.csv").read_text(encoding="utf-8")
    path = own / C
    path.write_text(
        path.read_text(encoding="utf-8").replace("name: depth", "name: deepness"), encoding="utf-8"
    )
    capsys.readouterr()
    assert main(["--write-ids"]) == 1
    assert "MODEL_CHANGED crater.10" in capsys.readouterr().out
    assert (own / "catalogue" / "ids.csv").read_text(encoding="utf-8") == before


def test_a_refused_model_has_its_own_exit_status(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (own / C).write_text(FILES[C].replace("class: personal", "class: secret"), encoding="utf-8")
    assert main([]) == 2
    assert "MODEL_VALUE catalogue/crater.yaml" in capsys.readouterr().err


def test_an_overlay_answers_for_its_own_ids(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "valley"
    (folder / "codes").mkdir(parents=True)
    (folder / "overlay.yaml").write_text("name: va\ntitle: {en: Valley}\n", encoding="utf-8")
    (folder / "codes" / "near.csv").write_text("code,en\nmill,Mill\n", encoding="utf-8")
    main(["--write-ids"])
    assert main(["--overlay", str(folder)]) == 1
    assert "LINT_ID_NEW near:mill" in capsys.readouterr().out
    assert main(["--overlay", str(folder), "--write-ids"]) == 0
    assert (folder / "ids.csv").read_text(encoding="utf-8") == "id,name,type\nnear:mill,mill,code\n"
    assert main(["--overlay", str(folder)]) == 0


def test_the_command_runs_as_a_person_calls_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fallow.kinds.lint"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_pages_are_written_into_a_folder(tmp_path: Path) -> None:
    assert write_pages([str(tmp_path / "kinds")]) == 0
    assert (tmp_path / "kinds" / "hazard.md").read_text(encoding="utf-8") == pages(load_kinds())["hazard.md"]
    assert (tmp_path / "kinds" / "README.md").is_file()
