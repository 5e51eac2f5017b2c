"""What was told before: the log of what left, and what several publications might tell together."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from attacker import of_several, ranges, system

from fallow.analysis import run
from fallow.demo import PASSPHRASE, REGISTER, run_demo
from fallow.errors import FallowError
from fallow.publish import log_findings, prepare, preview, publish, published
from fallow.publish.publication import Publication
from fallow.publish.results import of_results
from fallow.publish.withholding import locked, redact, told
from fallow.publish.withholding.suppress import Suppression
from fallow.register import Register, open_register

SMALLEST = 5
YEARS = range(2016, 2026)
TOGETHER = ("outcome", "status", "sex", "age", "device", "activity", "province", "year", "month")


@pytest.fixture(scope="module")
def programme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Register]:
    folder = tmp_path_factory.mktemp("told")
    run_demo(folder)
    with open_register(folder / REGISTER, passphrase=PASSPHRASE) as register:
        yield register


@pytest.fixture
def demo(programme: Register) -> Iterator[Register]:
    """The invented programme, of which nothing has left."""
    told.log_path(programme).unlink(missing_ok=True)
    yield programme
    told.log_path(programme).unlink(missing_ok=True)


def article7(register: Register, year: int) -> Publication:
    return prepare("article7", register, year=year)


def files(folder: Path) -> dict[str, bytes]:
    return {
        one.relative_to(folder).as_posix(): one.read_bytes() for one in folder.rglob("*") if one.is_file()
    }


def leave(register: Register, what: Publication, to: Path, audience: str = "public") -> int:
    """Whatever it gives away leaves too: the attack is on all of it, and counts."""
    answered = {"together": "the attack of the test", "by": "A. Test"}
    return publish(what, to, audience, register=register, formats=["csv"], **answered).given_away


# -- the log ------------------------------------------------------------------------------------------------


def test_everything_that_left_is_written_down_and_chained(demo: Register, tmp_path: Path) -> None:
    leave(demo, article7(demo, 2019), tmp_path / "one")
    leave(demo, article7(demo, 2019), tmp_path / "two", "partner")
    leave(demo, article7(demo, 2020), tmp_path / "three", "internal")
    lines = told.log_path(demo).read_bytes().splitlines()
    log = published(demo)
    assert [(one.number, one.audience, one.name) for one in log] == [
        (1, "public", "article7"),
        (2, "partner", "article7"),
        (3, "internal", "article7"),
    ]
    assert [one.before for one in log[1:]] == [sha256(one).hexdigest() for one in lines[:-1]]
    assert log[0].manifest == sha256((tmp_path / "one" / "manifest.json").read_bytes()).hexdigest()
    assert dict(log[0].parameters) == {"year": "2019"} or dict(log[0].parameters) == {"year": 2019}
    assert any(one.withheld for one in log[0].results)
    assert not any(one.withheld for entry in log[1:] for one in entry.results)
    assert not log_findings(demo)


def test_the_log_holds_no_value_and_no_record(demo: Register, tmp_path: Path) -> None:
    """Recipes and names of figures: what the publication says itself, and which numbers it does not."""
    leave(demo, article7(demo, 2019), tmp_path / "one")
    body = told.log_path(demo).read_text("utf-8")
    records = {record.id for kind in ("victim", "accident") for record in demo.at().records(kind)}
    assert records and not any(one in body for one in records)
    for result in json.loads(body)["results"]:
        assert set(result) == {"name", "recipe", "withheld"}
        recipe = result["recipe"]
        assert (recipe["inputs"], recipe["records"], recipe["witnessed"]) == ("", 0, 0)
        assert all(isinstance(part, str) for one in result["withheld"] for part in one)


def test_a_second_publication_of_the_same_thing_has_the_same_bytes(demo: Register, tmp_path: Path) -> None:
    for year in (2019, 2021):
        leave(demo, article7(demo, year), tmp_path / f"{year}")
    leave(demo, prepare("monitor_casualties", demo), tmp_path / "monitor")
    for year in (2019, 2021):
        given_away = leave(demo, article7(demo, year), tmp_path / f"{year} again")
        assert given_away == 0
        assert files(tmp_path / f"{year}") == files(tmp_path / f"{year} again")


def test_a_preview_promises_what_leaves(demo: Register, tmp_path: Path) -> None:
    for year in (2019, 2021):
        leave(demo, article7(demo, year), tmp_path / f"{year}")
    monitor = prepare("monitor_casualties", demo)
    before = told.log_path(demo).read_bytes()
    promised = preview(monitor, "public", register=demo)
    assert told.log_path(demo).read_bytes() == before
    manifest = publish(monitor, tmp_path / "monitor", "public", register=demo, formats=["csv"])
    assert manifest.withheld == len(promised.withheld)
    told.log_path(demo).unlink()
    alone = preview(monitor, "public", register=demo)
    assert alone.withheld != promised.withheld, "what was told before makes a difference here"


def test_what_partners_have_the_public_has_not(demo: Register, tmp_path: Path) -> None:
    alone = preview(article7(demo, 2019), "public", register=demo).withheld
    leave(demo, prepare("monitor_casualties", demo), tmp_path / "monitor", "partner")
    leave(demo, prepare("monitor_casualties", demo), tmp_path / "office", "internal")
    redacted = preview(article7(demo, 2019), "public", register=demo)
    assert redacted.withheld == alone
    assert redacted.given_away == 0


def test_a_number_that_somebody_let_stand_is_counted_and_refuses_nothing(
    demo: Register, tmp_path: Path
) -> None:
    by_sex = of_results([run("casualties", demo, by=["status"])], demo)
    result = by_sex.results["casualties"]
    figure = next(
        f"casualties/killed/{line.key[0]}"
        for line in result.lines
        if line.key and 0 < (line.values["killed"] or 0) < SMALLEST
    )
    first = publish(
        by_sex,
        tmp_path / "one",
        "public",
        register=demo,
        formats=["csv"],
        accepted={figure: "their organisation named them"},
        by="M. Alder",
    )
    assert (first.given_away, first.logged) == (0, 1)
    assert [(one.figure, one.by) for one in published(demo)[0].accepted] == [(figure, "M. Alder")]
    second = publish(by_sex, tmp_path / "two", "public", register=demo, formats=["csv"])
    assert second.given_away == 1
    assert "given_away" not in (tmp_path / "two" / "manifest.json").read_text("utf-8")


# -- a log that is broken, cut or shut ----------------------------------------------------------------------


def test_a_changed_line_stops_everything(demo: Register, tmp_path: Path) -> None:
    for name in ("one", "two"):
        leave(demo, article7(demo, 2019), tmp_path / name)
    path = told.log_path(demo)
    whole = path.read_bytes()
    for broken in (
        whole.replace(b'"audience":"public"', b'"audience":"partner"', 1),
        whole[: whole.rindex(b'"public"')] + b'"partner"' + whole[whole.rindex(b'"public"') + 8 :],
        whole.split(b"\n", 1)[1],
        b"{}\n" + whole,
    ):
        path.write_bytes(broken)
        assert [one.code for one in log_findings(demo)] == ["TOLD_DAMAGED"]
        for audience in ("public", "internal"):
            with pytest.raises(FallowError) as refused:
                leave(demo, article7(demo, 2020), tmp_path / "no", audience)
            assert refused.value.code == "TOLD_DAMAGED"
        with pytest.raises(FallowError):
            preview(article7(demo, 2020), "public", register=demo)
        assert not (tmp_path / "no").exists()
        assert path.read_bytes() == broken


def test_a_line_that_a_crash_cut_off_is_told_and_one_that_is_whole_is_kept(
    demo: Register, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        leave(demo, article7(demo, 2019), tmp_path / name)
    path = told.log_path(demo)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert len(published(demo)) == 2, "only the end of the line is missing"
    leave(demo, article7(demo, 2019), tmp_path / "three")
    assert path.read_bytes().startswith(whole)
    assert [one.cut for one in published(demo)] == [0, 0, 0]
    path.write_bytes(whole[:-40])
    assert [one.code for one in log_findings(demo)] == ["TOLD_CUT"]
    assert len(published(demo)) == 1
    leave(demo, article7(demo, 2019), tmp_path / "four")
    assert [one.cut for one in published(demo)] == [0, len(whole.splitlines()[1]) - 39]
    assert not log_findings(demo)


def test_without_the_log_only_the_office_is_served(
    demo: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told, "log_path", lambda register: tmp_path / "not here" / "log")
    for audience in ("public", "partner"):
        with pytest.raises(FallowError) as refused:
            leave(demo, article7(demo, 2019), tmp_path / "no", audience)
        assert refused.value.code == "TOLD_NOT_WRITTEN"
        assert not (tmp_path / "no").exists()
    what = article7(demo, 2019)
    manifest = publish(what, tmp_path / "office", "internal", register=demo, formats=["csv"])
    assert manifest.logged == 0


def test_a_log_that_the_disk_refuses_lets_nothing_leave(
    demo: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(demo, article7(demo, 2019), tmp_path / "one")
    before = told.log_path(demo).read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(told.os, "fsync", full)
        with pytest.raises(FallowError) as refused:
            leave(demo, article7(demo, 2020), tmp_path / "two")
    assert refused.value.code == "TOLD_NOT_WRITTEN"
    assert not (tmp_path / "two").exists()
    assert told.log_path(demo).read_bytes() == before


def test_two_at_once_take_turns(demo: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = told.log_path(demo)
    monkeypatch.setattr(locked, "PATIENCE", 0.1)
    with path.open("ab") as mine, locked.locked(mine, path.name), pytest.raises(FallowError) as refused:
        leave(demo, article7(demo, 2019), tmp_path / "no")
    assert refused.value.code == "TOLD_BUSY"
    assert not (tmp_path / "no").exists()
    leave(demo, article7(demo, 2019), tmp_path / "yes")


# -- the attack on several publications together ------------------------------------------------------------


def test_what_would_newly_be_told_together_does_not_leave_unless_somebody_answers_for_it(
    demo: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes dozens of tables in the demo; what the gate does with the answer is looked at here."""
    decide = redact.suppression_of

    def decided(results: Any, smallest: int, *more: Any, **named: Any) -> Suppression:
        found = decide(results, smallest, *more, **named)
        return replace(found, given_away=3 if results else 1)

    monkeypatch.setattr(redact, "suppression_of", decided)
    by_sex = of_results([run("casualties", demo, by="sex")], demo)
    for answer in ({}, {"together": "asked for by the court"}, {"by": "M. Alder"}):
        with pytest.raises(FallowError, match="2 small numbers") as refused:
            publish(by_sex, tmp_path / "out", "public", register=demo, formats=["csv"], **answer)
        assert refused.value.code == "TELLS_TOGETHER"
    assert not (tmp_path / "out").exists()
    assert published(demo) == ()
    why = "asked for by the court"
    publish(by_sex, tmp_path / "out", "public", register=demo, formats=["csv"], together=why, by="M. Alder")
    (line,) = published(demo)
    assert [(one.figure, one.why, one.by) for one in line.accepted] == [("*", why, "M. Alder")]
    told_of = "".join(path.read_text("utf-8") for path in (tmp_path / "out").rglob("*.*"))
    assert why not in told_of and "M. Alder" not in told_of


def publications_of(register: Register, *, whole: bool) -> Iterator[tuple[str, Publication]]:
    """Ordinary publications, by the name under which the attacker keeps them."""
    for year in YEARS if whole else (2018, 2021, 2024):
        yield f"article7-{year}", article7(register, year)
    yield "monitor", prepare("monitor_casualties", register)
    for month in range(1, 13) if whole else (1, 2):
        yield f"bulletin-2024-{month:02d}", prepare("monthly_bulletin", register, month=f"2024-{month:02d}")
    pairs = combinations(TOGETHER, 2) if whole else [("outcome", "status"), ("status", "sex")]
    for by in pairs:
        yield f"casualties-{'_'.join(by)}", of_results([run("casualties", register, by=list(by))], register)


def attacked(register: Register, folder: Path, *, whole: bool, log: bool) -> tuple[int, int, int, int]:
    """Small numbers that are withheld, follow exactly, are left fewer than five values, are given away."""
    given_away = 0
    for name, what in publications_of(register, whole=whole):
        given_away = leave(register, what, folder / "public" / name)
        leave(register, what, folder / "truth" / name, "internal")
        if not log:
            told.log_path(register).unlink()
    truth = of_several(folder / "truth", years=whole).values
    of = system(of_several(folder / "public", years=whole))
    small = [one for one in of.cells if 0 < (truth.get(one) or 0) < SMALLEST]
    exact = narrow = 0
    for cell, (low, high) in ranges(of, small).items():
        assert low <= (truth[cell] or 0) <= high, "the attacker believes something that is not so"
        exact += low == high
        narrow += low < high < low + SMALLEST - 1
    return len(small), exact, narrow, given_away


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for name in ("public", "truth"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_several_publications_together_give_nothing_away(demo: Register, folders: Path) -> None:
    small, exact, narrow, given_away = attacked(demo, folders, whole=False, log=True)
    assert small > 40
    assert (exact, narrow, given_away) == (0, 0, 0)


def test_without_the_log_the_same_attack_succeeds(demo: Register, folders: Path) -> None:
    """The control: the same publications, each sound alone."""
    _, exact, _, _ = attacked(demo, folders, whole=False, log=False)
    assert exact > 10


def test_every_ordinary_publication_together(demo: Register, folders: Path, long: bool) -> None:
    if not long:
        pytest.skip("--long: dozens of publications and an integer program for each small number")
    _, exact, narrow, given_away = attacked(demo, folders, whole=True, log=True)
    assert exact + narrow <= given_away


# -- what no table tells, and two tables do ---------------------------------------------------------------


def totals_of(
    register: Register, folder: Path, questions: list[dict[str, str]]
) -> list[dict[str, tuple[int | None, int, frozenset[str]]]]:
    """The total of each question as it leaves, in this order: by measure what is told, what is true, who."""
    found = []
    for number, asked in enumerate(questions):
        result = run("casualties", register, **asked)
        made = of_results([result], register)
        truth = {
            one.name: (result.value(one.name), frozenset(result.lines[-1].behind.get(one.name, ())))
            for one in result.measures
        }
        try:
            manifest = publish(made, folder / f"{number}", "public", register=register, formats=["csv"])
        except FallowError as refused:  # then nothing of it is told
            assert refused.code == "TELLS_TOGETHER"
            found.append({name: (None, *truth[name]) for name in ("casualties", "killed", "injured")})
            continue
        assert manifest.given_away == 0
        with (folder / f"{number}" / "csv" / "en" / "casualties.csv").open(encoding="utf-8-sig") as lines:
            header, tags, row = list(csv.reader(lines))
        del header
        names = [tag.split("+")[1] for tag in tags if tag.startswith("#affected")]
        said = {
            name: None if cell == "withheld" else int(cell) for name, cell in zip(names, row, strict=False)
        }
        found.append({name: (said[name], *truth[name]) for name in ("casualties", "killed", "injured")})
    return found


@pytest.mark.parametrize("order", [1, -1], ids=["longer", "shorter"])
def test_of_two_periods_one_inside_the_other_the_few_people_between_them_are_not_told(
    demo: Register, tmp_path: Path, order: int
) -> None:
    months = [f"2022-{month:02d}" for month in range(1, 13)][::order]
    totals = totals_of(demo, tmp_path, [{"since": "2016", "until": month} for month in months])
    few = 0
    for one, other in combinations(totals, 2):
        for measure in one:
            (said, true, people), (also, truly, others) = one[measure], other[measure]
            between = abs(true - truly)
            few += 0 < between < SMALLEST
            if people != others and 0 < between < SMALLEST:
                assert None in (said, also), f"{measure}: {between} people are one subtraction away"
    assert few > 10, "there is something to be told"
    assert any(one["casualties"][0] for one in totals)


def test_the_last_district_is_not_what_the_country_leaves(demo: Register, tmp_path: Path) -> None:
    by = run("casualties", demo, by="place")
    districts = [line.key[0] for line in by.lines if line.key and line.key[0] not in ("", "total", "unknown")]
    questions = [{"until": "2018"}, *({"until": "2018", "place": one} for one in districts)]
    country, *rest = totals_of(demo, tmp_path, questions)
    assert country["casualties"][0], "the country is told first"
    for measure, (said, _, people) in country.items():
        if said is None:
            continue
        parts = [one[measure] for one in rest if one[measure][1]]
        nowhere = people.difference(*(who for _, _, who in parts))
        hidden = [true for known, true, _ in parts if known is None] + [len(nowhere)] * bool(nowhere)
        for true in hidden:
            if 0 < true < SMALLEST:
                assert sum(hidden) - (len(hidden) - 1) >= SMALLEST, (measure, hidden)
                assert len(hidden) > 1
