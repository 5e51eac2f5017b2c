"""Colombia, both deliveries: every number against a count of the raw files that knows nothing of Fallow.

The count here is pandas over the CSV files as they were handed over. Each analysis result has to be equal to
it, in every disaggregation and for every year, as known at the end of 2017 and at the end of 2022.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fallow.analysis import Result, run
from fallow.intake import bring_in
from fallow.register import Register, create_register

pd = pytest.importorskip("pandas")

ROOT = Path(__file__).resolve().parents[2]
THEN, NOW = "2017-12-31", "2022-12-31"
DELIVERIES = {THEN: "victims_2017-10.csv", NOW: "victims_2022-02.csv"}

OUTCOME = {"Herido": "injured", "Muerto": "killed"}
SEX = {"Masculino": "male", "Femenino": "female"}
AGE = {"Menor de 18 años": "under_18", "Mayor de 18 años": "18_and_over"}
STATUS = {"Civil": "civilian", "Fuerza pública": "military_security"}
DEVICE = {"Accidente por MAP": "ap_mine", "Accidente por MUSE": "uxo"}
SILENT = {"Sin información", "Sin Información", ""}


@pytest.fixture(scope="session")
def colombia(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Register]:
    folder = ROOT.parent / "shared" / "data" / "colombia-victims"
    if not folder.is_dir():
        pytest.skip("the real deliveries (../shared/data) are not on this machine")
    path = tmp_path_factory.mktemp("colombia") / "co.gpkg"
    with create_register(path, title="Colombia", country="CO") as register:
        source = ROOT / "sources" / "colombia-victims"
        bring_in(source, register, files=folder, approve_by="im.officer", why="known answers")
        yield register


@pytest.fixture(scope="session")
def raw(colombia: Register) -> dict[str, Any]:
    folder = ROOT.parent / "shared" / "data" / "colombia-victims"
    return {day: read(folder / name) for day, name in DELIVERIES.items()}


def read(path: Path) -> Any:
    """The file as a person with pandas would read it."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    number = {name: frame[name].str.replace(",", "").str.strip() for name in frame.columns}
    told = pd.DataFrame(
        {
            "outcome": frame["estado"].map(OUTCOME),
            "sex": frame["genero"].map(SEX),
            "age": frame["rangoedad"].map(AGE),
            "status": frame["condicion"].map(STATUS),
            "device": frame["tipoevento"].map(DEVICE),
            "province": frame["departamento"].str.strip(),
            "place": frame["municipio"].str.strip(),
            "code": number["codigodanemunicipio"].str.zfill(5),
            "year": number["ano"].str.zfill(4),
            "month": number["ano"].str.zfill(4) + "-" + number["mes"].str.zfill(2),
        }
    )
    told["activity"] = (
        frame["Actividad"].where(~frame["Actividad"].isin(SILENT)) if "Actividad" in frame else None
    )
    return told.fillna("unknown")


def counted(result: Result, measure: str = "casualties") -> dict[tuple[str, ...], int]:
    return {line.key: int(line.values[measure] or 0) for line in result.lines if line.values[measure]}


def tallied(frame: Any, *columns: str) -> dict[tuple[str, ...], int]:
    sizes = frame.groupby(list(columns)).size()
    found = {key if isinstance(key, tuple) else (key,): int(count) for key, count in sizes.items()}
    return {**found, (): len(frame)}


@pytest.mark.parametrize(
    ("day", "total", "injured", "killed"), [(THEN, 11_498, 9_225, 2_273), (NOW, 12_062, 9_733, 2_329)]
)
def test_totals_as_known_then_and_now(
    colombia: Register, raw: dict[str, Any], day: str, total: int, injured: int, killed: int
) -> None:
    values = run("casualties", colombia, known=day).line().values
    assert (values["casualties"], values["injured"], values["killed"]) == (total, injured, killed)
    assert len(raw[day]) == total


@pytest.mark.parametrize("day", [THEN, NOW])
@pytest.mark.parametrize(
    "by", ["outcome", "status", "sex", "age", "device", "province", "place", "year", "month"]
)
def test_every_disaggregation_equals_the_count_of_the_raw_file(
    colombia: Register, raw: dict[str, Any], day: str, by: str
) -> None:
    result = run("casualties", colombia, by=by, known=day)
    assert counted(result) == tallied(raw[day], by)
    for outcome in ("killed", "injured"):
        of = raw[day][raw[day]["outcome"] == outcome]
        assert counted(result, outcome) == tallied(of, by)


@pytest.mark.parametrize("day", [THEN, NOW])
def test_every_disaggregation_of_every_single_year(colombia: Register, raw: dict[str, Any], day: str) -> None:
    for by in ("outcome", "status", "sex", "age", "device", "province", "place"):
        result = run("casualties", colombia, by=f"year,{by}", known=day)
        assert counted(result) == tallied(raw[day], "year", by), by
    years = sorted(set(raw[day]["year"]))
    assert (years[0], len(years)) == ("1990", 28 if day == THEN else 32)
    for year in (years[0], "2006", "2012", years[-1]):
        of = raw[day][raw[day]["year"] == year]
        assert counted(run("casualties", colombia, year=year, by="sex,age", known=day)) == tallied(
            of, "sex", "age"
        )


def test_two_dimensions_and_a_place(colombia: Register, raw: dict[str, Any]) -> None:
    frame = raw[NOW]
    result = run("casualties", colombia, by="province,device", known=NOW)
    assert counted(result) == tallied(frame, "province", "device")
    antioquia = frame[frame["province"].str.casefold() == "antioquia"]
    name = antioquia["province"].iloc[0]
    assert run("casualties", colombia, place=name, known=NOW).value("casualties") == len(antioquia)
    code = frame["code"].mode().iloc[0]
    here = frame[frame["code"] == code]
    assert run("casualties", colombia, place=code, known=NOW).value("casualties") == len(here)


def test_activity_is_told_by_the_later_delivery_alone(colombia: Register, raw: dict[str, Any]) -> None:
    now = run("casualties", colombia, by="activity", known=NOW)
    silent = int((raw[NOW]["activity"] == "unknown").sum())
    assert counted(now).get(("unknown",), 0) == silent
    assert sum(count for key, count in counted(now).items() if key) == len(raw[NOW])
    assert counted(run("casualties", colombia, by="activity", known=THEN)) == {
        ("unknown",): 11_498,
        (): 11_498,
    }


def test_shares_are_over_the_known(colombia: Register, raw: dict[str, Any]) -> None:
    result = run("casualties", colombia, by="sex", known=NOW)
    known = raw[NOW][raw[NOW]["sex"] != "unknown"]
    women = 100 * (known["sex"] == "female").sum() / len(known)
    assert result.value("share", "female") == pytest.approx(women, abs=1e-4)


def test_the_vintages_triangle(colombia: Register, raw: dict[str, Any]) -> None:
    result = run("vintages", colombia, known_on=[THEN, NOW])
    for day in (THEN, NOW):
        told = {line.key[0]: line.values[day] for line in result.lines if line.values[day]}
        assert told == raw[day].groupby("year").size().to_dict()


def test_the_changed_municipality_months_are_listed_with_their_reports(
    colombia: Register, raw: dict[str, Any]
) -> None:
    def months(frame: Any) -> dict[tuple[str, str], int]:
        early = frame[frame["year"] < "2017"]
        return {key: int(count) for key, count in early.groupby(["code", "month"]).size().items()}

    then, now = months(raw[THEN]), months(raw[NOW])
    expected = {key for key in then.keys() | now.keys() if then.get(key, 0) != now.get(key, 0)}
    assert (len(then.keys() | now.keys()), len(expected)) == (4_842, 178)
    asked = {"known_before": THEN, "known": NOW, "until": "2016-12-31", "by": "place_code,month"}
    result = run("difference", colombia, **asked)
    lines = [line for line in result.lines if line.key]
    assert result.value("change") == sum(now.values()) - sum(then.values())
    assert {line.key: line.values["change"] for line in lines} == {
        key: now.get(key, 0) - then.get(key, 0) for key in expected
    }
    for line in lines:
        explained = result.explain("change", *line.key)
        assert explained.records, line.key
        assert explained.reports
        for record in explained.records:
            assert result.reports[record]


def test_the_page_about_colombia_is_current(colombia: Register) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "make_colombia_page.py"), str(colombia.path), "--check"],
        check=False,
        env={**os.environ, "FALLOW_LANG": "en"},
    )
    assert done.returncode == 0, "run: python tools/make_colombia_page.py REGISTER"
