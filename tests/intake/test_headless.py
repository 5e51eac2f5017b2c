"""Tables whose first row is already data: read with ``header_row: 0``, and noticed when a draft is made."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
import yaml
from desk import Desk

from fallow.errors import FallowError
from fallow.intake import bring_in, draft_source
from fallow.intake.draft_header import headless
from fallow.intake.read import Reading, ReadSpec
from fallow.kinds import Model

BARE = """V-1,2019-03-21,Granada,Herido,34,6.1437,-75.1852
V-2,2019-04-02,Vistahermosa,Muerto,9,3.1251,-73.7524
V-3,2019-04-12,Granada,Herido,,3.1251,-73.7524
"""
DESCRIPTION = """
source: list
who: Hospital
licence: none stated
delivered: 2024-03-31
files: {rows: rows.csv}
tables:
  - name: rows
    format: csv
    read: {header_row: 0}
    records:
      - kind: victim
        id: {column: c1}
        date: c2
        fields:
          outcome: {from: c4, lookup: {Herido: injured, Muerto: killed}}
          age: c5
          admin2: c3
        geometry: {x: c7, y: c6}
"""


def workbook(text: str, title: str = "Sheet1") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for line in text.splitlines():
        sheet.append([_typed(cell) for cell in line.split(",")])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _typed(cell: str) -> str | float | None:
    try:
        return float(cell)
    except ValueError:
        return cell or None


def test_every_row_of_a_bare_table_comes_in(desk: Desk) -> None:
    receipt = desk.bring(DESCRIPTION, rows__csv=BARE)
    assert (receipt.rows, receipt.reported) == (3, 3)
    assert receipt.columns.mapped == ("c1", "c2", "c3", "c4", "c5", "c6", "c7")
    records = {one.fields["code"]: one for one in desk.register.at().records("victim")}
    assert records["V-1"].fields["age"] == 34
    content = desk.register.entry(records["V-1"].reports[0]).content
    assert content["where"] == "rows.csv row 1"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_names_places_and_what_is_too_wide(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{kind}"
    text = "\n" + BARE + "V-4,2019-05-01,Tame,Herido,1,2,3,more\n"
    path.write_bytes(workbook(text) if kind == "xlsx" else text.encode())
    (batch,) = list(Reading(path, ReadSpec(kind, header_row=0)))
    assert list(batch.columns) == [f"c{n}" for n in range(1, 8)]
    assert [place.rsplit("row ")[-1] for place in batch.where] == ["2", "3", "4", "5"]
    assert batch.columns["c1"][:3] == ["V-1", "V-2", "V-3"]
    assert [(one.code, one.row) for one in batch.findings] == [("RAGGED_ROW", 3)]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_table_without_any_value_is_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{kind}"
    path.write_bytes(workbook("\n\n") if kind == "xlsx" else b",,\n,,\n")
    with pytest.raises(FallowError) as refusal:
        list(Reading(path, ReadSpec(kind, header_row=0)))
    assert refusal.value.code == "HEADER_MISSING"


def test_another_delimiter_is_still_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(BARE.replace(",", ";"))
    with pytest.raises(FallowError) as refusal:
        list(Reading(path, ReadSpec("csv", header_row=0)))
    assert refusal.value.code == "DELIMITER"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_draft_notices_that_the_names_are_missing(
    kind: str, tmp_path: Path, desk: Desk, model: Model
) -> None:
    path = tmp_path / "source" / f"rows.{kind}"
    path.parent.mkdir()
    path.write_bytes(workbook(BARE) if kind == "xlsx" else BARE.encode())
    text = draft_source(path, "victim", model)
    assert "The first row looks like data" in text
    table = yaml.safe_load(text)["tables"][0]
    assert table["read"]["header_row"] == 0
    assert "V-1" not in text
    for unknown, known in (("who", "Hospital"), ("licence", "none stated"), ("delivered", "2024-03-31")):
        text = text.replace(f'{unknown}: "?"', f'{unknown}: "{known}"')
    assert "Herido" in text or "c4" in text
    described = text.split("        fields:")[0] + "        fields: {outcome: {value: injured}}\n"
    (path.parent / "source.yaml").write_text(described + "        geometry: none\n", encoding="utf-8")
    assert bring_in(path.parent, desk.register).rows == 3


@pytest.mark.parametrize(
    "text",
    [
        "id,date,place,outcome,age,lat,lon\n" + BARE,
        "place,outcome\nGranada,Herido\nTame,Muerto\nTame,Herido\n",
        "municipality,2018,2019,2020\nGranada,3,4,5\nTame,1,2,0\n",
        "code1,code2\nA1,B2\nA2,B3\n".replace("code1", "first code").replace("code2", "second code"),
        "id,date\n",
    ],
)
def test_a_table_with_names_is_left_alone(text: str, tmp_path: Path, model: Model) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(text)
    drafted = draft_source(path, "victim", model)
    assert "header_row" not in drafted
    assert "looks like data" not in drafted


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"a": ["HA-1", "HA-2"], "b": ["north", "south"]}, True),
        ({"a": ["15.25", "15.31"], "b": ["45.1", "45.2"]}, True),
        ({"a": ["03/04/2019", "05/06/2019"]}, True),
        ({"a": ["sha", "cha", "sha", "sha"]}, True),
        ({"a": ["class", "cha", "sha", "sha"]}, False),
        ({"a": ["HA-1", "HA-2"], "b": ["depth", "12"]}, False),
        ({"a": ["north", "south"]}, False),
        ({"a": ["2019", "12"], "b": ["2020", "7"]}, False),
        ({"a": ["2019", "2020"]}, True),
        ({"a": ["", "1"], "b": ["x", ""]}, False),
    ],
)
def test_what_makes_a_row_data(columns: dict[str, list[str]], expected: bool) -> None:
    assert headless(columns) is expected
