"""A draft proposes, leaves open what only a person knows, and brings in once that is filled in."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from desk import Desk

from fallow.errors import FallowError
from fallow.intake import bring_in, draft_source, load_source
from fallow.kinds import Model

ROWS = """Código;Fecha;Departamento;Municipio;Cód. municipio;Estado;Género;Edad;Latitud;Longitud;Apodo
V-1;21/03/2019;Antioquia;Granada;5313;Herido;Femenino;34;6,1437;-75,1852;x
V-2;02/04/2019;Meta;Vistahermosa;50711;Muerto;Masculino;9;3,1251;-73,7524;y
"""


def drafted(folder: Path, model: Model, kind: str | None = "victim") -> str:
    file = folder / "Víctimas 2019.csv"
    file.write_text(ROWS, encoding="utf-8")
    return draft_source(file, kind, model)


def test_a_draft_is_yaml_and_maps_what_it_can_name(tmp_path: Path, model: Model) -> None:
    text = drafted(tmp_path, model)
    record = yaml.safe_load(text)["tables"][0]["records"][0]
    read = yaml.safe_load(text)["tables"][0]["read"]
    assert (read["decimal"], read["delimiter"]) == (",", ";")
    assert record["id"] == {"column": "Código"}
    assert record["date"] == {"from": "Fecha", "date": "dd/mm/yyyy"}
    assert record["geometry"] == {"x": "Longitud", "y": "Latitud"}
    assert record["fields"]["outcome"] == {
        "from": "Estado",
        "lookup": {"Herido": "injured", "Muerto": "killed"},
    }
    assert record["fields"]["admin1"] == "Departamento"
    assert record["fields"]["age"] == "Edad"
    assert record["fields"]["admin2_code"] == {"from": "Cód. municipio", "pad": 5}


def test_the_columns_name_the_kind(tmp_path: Path, model: Model) -> None:
    assert "kind: victim" in drafted(tmp_path, model, kind=None)


def test_what_only_a_person_knows_is_refused_until_it_is_decided(tmp_path: Path, model: Model) -> None:
    (tmp_path / "source.yaml").write_text(drafted(tmp_path, model), encoding="utf-8")
    with pytest.raises(FallowError) as caught:
        load_source(tmp_path, model)
    assert caught.value.code == "SOURCE_UNDECIDED"
    for key in ("who", "licence", "delivered"):
        assert key in caught.value.facts["found"]


def test_left_over_columns_are_listed_without_their_values(tmp_path: Path, model: Model) -> None:
    text = drafted(tmp_path, model)
    assert "#   Apodo:" in text
    assert "V-1" not in text


def test_likeness_alone_never_makes_a_code(tmp_path: Path, model: Model) -> None:
    """`Mayor de 18 años` is two letters away from `Menor de 18 años` and its opposite."""
    file = tmp_path / "v.csv"
    file.write_text("rangoedad,estado\nMayor de 18 años,Herido\nMenor de 18 años,Muerto\n", encoding="utf-8")
    lookup = yaml.safe_load(draft_source(file, "victim", model))["tables"][0]["records"][0]["fields"][
        "age_group"
    ]
    assert lookup["lookup"]["Mayor de 18 años"] != "under_18"


def test_days_and_months_that_could_be_either_are_left_open(tmp_path: Path, model: Model) -> None:
    file = tmp_path / "v.csv"
    file.write_text("fecha,estado\n03/04/2019,Herido\n05/06/2019,Muerto\n", encoding="utf-8")
    assert (
        yaml.safe_load(draft_source(file, "victim", model))["tables"][0]["records"][0]["date"]["date"] == "?"
    )


def test_a_finished_draft_brings_in(desk: Desk, model: Model) -> None:
    folder = desk.folder / "new"
    folder.mkdir()
    text = drafted(folder, model)
    for key, value in (("who", "AICMA"), ("licence", "none stated"), ("delivered", "2019-12-31")):
        text = text.replace(f'{key}: "?"', f"{key}: {value}")
    text = text.replace("    # ignore:\n", "    ignore:\n").replace("    #   Apodo:", "      Apodo:")
    (folder / "source.yaml").write_text(text, encoding="utf-8")
    receipt = bring_in(folder, desk.register, approve_by="im", why="test")
    assert (receipt.rows, receipt.approved, receipt.refused) == (2, 2, 0)
    assert receipt.columns.left_over == ()
    record = next(one for one in desk.register.at().records("victim") if one.fields["code"] == "V-1")
    assert record.fields["admin2_code"] == "05313"
    assert record.fields["date"] == "2019-03-21"
    assert record.geometry is not None


def test_a_file_that_is_nothing_known_is_refused(tmp_path: Path, model: Model) -> None:
    (tmp_path / "x.bin").write_bytes(b"\x00\x01\x02")
    with pytest.raises(FallowError) as caught:
        draft_source(tmp_path / "x.bin", None, model)
    assert caught.value.code in ("FORMAT_UNKNOWN", "TYPE_MISMATCH")


def test_codes_and_days_are_known_by_what_they_hold(tmp_path: Path, model: Model) -> None:
    """Columns called `Type` and `Seen` say nothing by their names, and `fid` is never an identity."""
    file = tmp_path / "areas.csv"
    file.write_text("fid,Type,Seen\n1,CHA,2023-05-01\n2,SHA,2023-06-02\n3,SHA,2023-06-02\n", encoding="utf-8")
    record = yaml.safe_load(draft_source(file, "hazard", model))["tables"][0]["records"][0]
    assert record["id"] == "none"
    assert record["date"] == "Seen"
    assert record["fields"]["hazard_class"] == {"from": "Type", "lookup": {"CHA": "cha", "SHA": "sha"}}
    assert "fid" in draft_source(file, "hazard", model).split("ignore")[-1]
