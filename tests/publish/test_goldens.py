"""Every publication of the invented programme, against its golden tables and against the truth.

The goldens say that a number changed; the truth of the programme, which no register has seen, says whether
the first ones were right.
"""

from __future__ import annotations

import csv
import importlib.util
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import fallow
from fallow.demo import PASSPHRASE, REGISTER, run_demo
from fallow.demo.programme import Programme, play_programme
from fallow.publish import Absent, audience, prepare, publications, publish
from fallow.publish.proof.evidence import printed
from fallow.publish.withholding.redact import for_audience
from fallow.publish.writers.tables import Grid
from fallow.register import Register, open_register

ROOT = Path(__file__).resolve().parents[2]


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_goldens", ROOT / "tools" / "make_goldens.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GOLDENS = _tool()
ASKED: dict[str, dict[str, object]] = {name: dict(one) for name, one in GOLDENS.ASKED.items()}


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Register]:
    folder = tmp_path_factory.mktemp("demo")
    run_demo(folder)
    with open_register(folder / REGISTER, passphrase=PASSPHRASE) as opened:
        yield opened


@pytest.fixture(scope="module")
def programme() -> Programme:
    return play_programme(1)


@pytest.fixture(scope="module")
def made(register: Register) -> dict[tuple[str, str], Grid]:
    return {(name, table): of for name, table, of in GOLDENS.tables(register)}


def golden(name: str, table: str) -> list[list[str]]:
    with GOLDENS.path_of(name, table).open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))


def differs(expected: str, found: object, unit: str) -> bool:
    """Areas to 1 part in 1,000,000, everything else exactly."""
    if unit == "m2" and isinstance(found, int | float) and expected.lstrip("-").isdigit():
        return abs(float(expected) - found) > 1e-6 * max(1.0, abs(float(expected)))
    return expected != str(found)


def differences(name: str, table: str, of: Grid) -> list[str]:
    header, tags, *rows = golden(name, table)
    found = []
    if (header, tags) != (list(of.header), list(of.tags)):
        found.append("the columns")
    if len(rows) != len(of.rows):
        found.append(f"{len(rows)} rows are {len(of.rows)}")
    for number, (expected, row) in enumerate(zip(rows, of.rows, strict=False)):
        for column, one, value, unit in zip(of.header, expected, row, of.units, strict=False):
            if differs(one, value, unit):
                found.append(f"row {number}, {column}: {one!r} is {value!r}")
    return found


def test_every_publication_has_its_goldens(made: dict[tuple[str, str], Grid]) -> None:
    assert set(ASKED) == set(publications())
    kept = {
        (path.parent.name, path.stem) for path in GOLDENS.GOLDEN.glob("*/*.csv") if path.parent.name in ASKED
    }
    assert kept == set(made), "run: python tools/make_goldens.py"


@pytest.mark.parametrize("name", sorted(ASKED))
def test_tables_are_the_golden_ones(name: str, made: dict[tuple[str, str], Grid]) -> None:
    found = {
        table: wrong
        for (of, table), one in made.items()
        if of == name and (wrong := differences(of, table, one))
    }
    assert found == {}, "look at the difference, then run: python tools/make_goldens.py"


def test_a_changed_number_is_found(made: dict[tuple[str, str], Grid]) -> None:
    """The control: one square metre and one casualty more are seen."""
    for key in (("article7", "c_areas"), ("monitor_casualties", "by_year")):
        of = made[key]
        place = next(i for i, unit in enumerate(of.units) if unit in ("m2", "count"))
        row = list(of.rows[0])
        row[place] = int(row[place]) + max(1, round(int(row[place]) * 2e-6))
        changed = Grid(of.header, of.tags, of.units, (tuple(row), *of.rows[1:]), of.totals)
        assert differences(*key, changed)


# -- the truth --------------------------------------------------------------------------------------------


def test_items_found_are_those_that_were_found(register: Register, programme: Programme) -> None:
    truth = Counter(one.date[:4] for one in programme.work.finds)
    result = fallow.run("ordnance", register, by="year")
    assert {line.key[0]: line.values["found"] for line in result.lines if line.key} == dict(truth)
    assert result.value("unlisted") == 0, (
        "activities state what their finds say, and nothing is counted twice"
    )
    stated = sum(int(one.fields["items_found"]) for one in register.at().records("activity"))
    assert stated == result.value("found") == len(programme.work.finds)


def test_fates_add_up_to_what_was_found(register: Register) -> None:
    fates = ("destroyed", "handed_over", "awaiting", "left_in_place", "fate_unknown")
    for line in fallow.run("ordnance", register, by="category,year").lines:
        assert line.values["found"] == sum(line.values[one] or 0 for one in fates), line.key


def test_survivors_are_the_injured_of_the_truth_who_did_not_die_later(
    register: Register, programme: Programme
) -> None:
    """The next year's file says of every fifteenth accident that its injured have died."""
    truth = Counter(
        victim.sex
        for number, one in enumerate(programme.accidents)
        for victim in one.victims
        if victim.outcome == "injured" and not (number % 15 == 0 and one.reported < 2025)
    )
    result = fallow.run("survivors", register, by="sex")
    told = {line.key[0]: line.values["survivors"] for line in result.lines if line.key}
    assert told == dict(truth)
    assert result.value("survivors") == fallow.run("casualties", register).value("injured") == truth.total()


@pytest.mark.parametrize("year", range(2020, 2026))
def test_donors_add_up_to_the_books(register: Register, year: int) -> None:
    books = fallow.run("books", register, year=year)
    donors = fallow.run("donor_land", register, year=year)
    for line in books.lines:
        if len(line.key) != 1:
            continue
        for method in ("cancelled", "reduced", "cleared"):
            of = [one for one in donors.lines if one.key == line.key]
            assert sum(int(one.values[method] or 0) for one in of) == line.values[method], (line.key, method)


def test_the_months_of_a_year_add_up_to_its_books(register: Register) -> None:
    books = fallow.run("books", register, year=2023)
    months = [fallow.run("month_land", register, month=f"2023-{month:02d}") for month in range(1, 13)]
    for line in books.lines:
        for method in ("cancelled", "reduced", "cleared"):
            assert sum(int(one.value("now", *line.key, method) or 0) for one in months) == line.values[method]


# -- leaving ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(ASKED))
def test_every_publication_leaves_for_partners_in_every_language(
    register: Register, name: str, tmp_path: Path
) -> None:
    publication = prepare(name, register, known=GOLDENS.KNOWN, **ASKED[name])
    manifest = publish(
        publication,
        tmp_path / name,
        "partner",
        register=register,
        languages=("en", "fr", "es", "ru", "uk", "az", "ar"),
        formats=("xlsx", "csv"),
    )
    assert len([one for one in manifest.files if one.format == "xlsx"]) == 7
    shutil.rmtree(tmp_path / name)


def test_a_form_without_records_is_printed_empty_with_its_reason(register: Register) -> None:
    made = prepare("article7", register, year=2023)
    empty = {one.id: one.reason["en"] for one in made.blocks if isinstance(one, Absent)}
    assert "own files" in empty["a_form"]
    assert "no record of this on these dates" in empty["i_education"]
    assert "none that lies in 2023" in empty["i_signs"]


@pytest.mark.parametrize("year", range(2019, 2026))
def test_every_year_can_be_told_to_the_public(register: Register, year: int) -> None:
    """In 2020 the small numbers of one form hang together so closely that all of them stay untold."""
    of = prepare("ccm_article7", register, year=year)
    redacted = for_audience(of, audience("public"))
    told = {one for one in printed(redacted.publication) if one not in redacted.withheld}
    assert told, "a report of nothing but gaps proves nothing here"
    for figure, value in printed(redacted.publication).items():
        if redacted.publication.results[figure.result].people:
            assert not 0 < abs(value) < 5, figure.id
