"""The gate: who may have what, whole or not at all, with a manifest, and the word for what is not told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import shapely
from fixtures_publish import Programme

from fallow.analysis import run
from fallow.errors import FallowError
from fallow.kinds import Kind, Model
from fallow.publish import Cell, Figure, Layer, Manifest, Paragraph, Publication, Table, of_results, publish
from fallow.publish import gate as gate_module
from fallow.publish.audience import AUDIENCES
from fallow.publish.results import note_of
from fallow.publish.withholding.redact import WITHHELD, for_audience
from fallow.publish.writers import layers as layers_module
from fallow.publish.writers.layers import coarse, leaving
from fallow.register import Register, open_register
from fallow.words import LANGUAGES, say
from test_founding_case import entered

PUBLIC, PARTNER, INTERNAL = (AUDIENCES[one] for one in ("public", "partner", "internal"))


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Register]:
    programme = Programme(tmp_path_factory.mktemp("gate"))
    yield programme.register
    programme.register.close()


def casualties(register: Register, **asked: Any) -> Publication:
    return of_results([run("casualties", register, **asked)], register)


def refused(code: str, *given: Any, **rest: Any) -> FallowError:
    with pytest.raises(FallowError) as found:
        publish(*given, **rest)
    assert found.value.code == code
    return found.value


def test_a_publication_appears_whole_with_its_manifest(register: Register, tmp_path: Path) -> None:
    made = publish(
        casualties(register, by="sex,outcome"),
        tmp_path / "out",
        "public",
        register=register,
        languages=["en", "ar"],
    )
    read = Manifest.from_dict(json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8")))
    assert json.dumps(read.as_dict(), sort_keys=True) == json.dumps(made.as_dict(), sort_keys=True)
    names = {one.name for one in made.files}
    assert names == {
        path.relative_to(tmp_path / "out").as_posix()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert {"casualties.en.xlsx", "casualties.ar.xlsx", "csv/en/casualties.csv"} <= names
    assert made.file("casualties.ar.xlsx").language == "ar"
    assert made.withheld > 0
    assert [one.name for one in tmp_path.iterdir()] == ["out"], "nothing is left beside it"


def test_the_same_publication_has_the_same_bytes(register: Register, tmp_path: Path) -> None:
    one, two = (
        publish(casualties(register, by="sex"), tmp_path / name, "public", register=register) for name in "ab"
    )
    assert one.files == two.files


def test_a_folder_in_the_way_is_not_touched(register: Register, tmp_path: Path) -> None:
    what = casualties(register)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    refused("PUBLISH_EXISTS", what, tmp_path / "mine", "public", register=register)
    refused("PUBLISH_NOT_OURS", what, tmp_path / "mine", "public", register=register, overwrite=True)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    publish(what, tmp_path / "out", "public", register=register)
    before = (tmp_path / "out" / "manifest.json").read_bytes()
    refused("PUBLISH_EXISTS", what, tmp_path / "out", "internal", register=register)
    assert (tmp_path / "out" / "manifest.json").read_bytes() == before
    publish(what, tmp_path / "out", "internal", register=register, overwrite=True, formats=["csv"])
    assert not (tmp_path / "out" / "casualties.en.xlsx").exists(), "the whole folder is replaced"
    refused("PUBLISH_NOT_WRITTEN", what, tmp_path / "no" / "out", "public", register=register)


@pytest.mark.parametrize("empty", [False, True], ids=["a new folder", "an empty one"])
def test_of_two_publications_into_one_folder_the_later_one_is_told_that_it_is_there(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty: bool
) -> None:
    to, settle = tmp_path / "out", gate_module._settle
    if empty:
        to.mkdir()

    def overtaken(partial: Path, to: Path, *, old: bool) -> None:
        to.mkdir(exist_ok=True)
        (to / "manifest.json").write_text("of the other")
        settle(partial, to, old=old)

    monkeypatch.setattr(gate_module, "_settle", overtaken)
    refused("PUBLISH_EXISTS", casualties(register), to, "public", register=register, formats=["csv"])
    assert [one.name for one in tmp_path.iterdir()] == ["out"], "nothing is left beside it"
    assert [one.read_text() for one in to.iterdir()] == ["of the other"]


def test_a_writer_that_fails_leaves_nothing(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fallow.publish.writers.workbook.write_xlsx", fail)
    publish(casualties(register), tmp_path / "out", "public", register=register, formats=["csv"])
    before = sorted(path.name for path in (tmp_path / "out").rglob("*"))
    for overwrite, to in ((False, "new"), (True, "out")):
        error = refused(
            "PUBLISH_NOT_WRITTEN", casualties(register), tmp_path / to, "public",
            register=register, formats=["csv", "xlsx"], overwrite=overwrite,
        )  # fmt: skip
        assert "No space left" in error.what
    assert sorted(path.name for path in (tmp_path / "out").rglob("*")) == before
    assert [one.name for one in tmp_path.iterdir()] == ["out"]


def test_what_is_asked_wrongly_is_refused_before_anything_is_written(
    register: Register, tmp_path: Path
) -> None:
    what, to = casualties(register), tmp_path / "out"
    refused("AUDIENCE_UNKNOWN", what, to, "everybody", register=register)
    refused("PUBLISH_FORMAT", what, to, "public", register=register, formats=["gpkg"])
    refused("PUBLISH_FORMAT", Layer("hazard"), to, "public", register=register, formats=["pdf"])
    refused("PUBLISH_LANGUAGE", what, to, "public", register=register, languages=["tlh"])
    refused("LAYER_PEOPLE", Layer("victim"), to, "partner", register=register)
    refused("LAYER_WHERE", Layer("hazard", where={"owner_name": "x"}), to, "public", register=register)
    refused("KIND_UNKNOWN", Layer("hazzard"), to, "public", register=register)
    assert not list(tmp_path.iterdir())


def test_a_small_number_stands_only_when_somebody_answers_for_it(register: Register, tmp_path: Path) -> None:
    what = casualties(register, year=2021, by="outcome,sex")
    small = Figure("casualties", "casualties", ("killed", "female"))
    assert what.results["casualties"].value("casualties", *small.line) == 3
    why = {small.id: "the organisation asked for it by name"}
    refused("ACCEPTED_BY", what, tmp_path / "a", "public", register=register, accepted=why)
    refused(
        "ACCEPTED_BY",
        what,
        tmp_path / "a",
        "public",
        register=register,
        accepted={small.id: " "},
        by="M. Alder",
    )
    refused(
        "FIGURE_UNKNOWN",
        what,
        tmp_path / "a",
        "public",
        register=register,
        accepted={"x/y": "z"},
        by="M. Alder",
    )
    made = publish(what, tmp_path / "a", "public", register=register, accepted=why, by="M. Alder")
    assert [(one.figure, one.by) for one in made.accepted] == [(small.id, "M. Alder")]
    assert made.withheld == 0, "it was the only small one"
    assert publish(what, tmp_path / "b", "public", register=register).withheld > 0


def test_a_note_that_counts_few_people_goes_however_it_is_written(register: Register) -> None:
    """Its sentence has names and numbers that another version, or another day, writes otherwise."""
    found = replace(
        run("casualties", register, year=2021), notes=(("books.note.no_area", {"count": 3, "records": "x"}),)
    )
    built = of_results({"few": found}, register)
    (table,) = built.tables
    assert "3 hazards in stock" in table.notes[0]["en"]
    (otherwise,) = [note_of("books.note.no_area", {"count": 3, "records": "x"}, {"x": "H-1 (North)"})]
    assert otherwise["en"] != table.notes[0]["en"]
    kept = note_of("analysis.note.unknown_kept", {})
    shown = replace(built, blocks=(replace(table, notes=(*table.notes, otherwise, kept)),))
    assert for_audience(shown, INTERNAL).publication.tables[0].notes[:3] == shown.tables[0].notes
    left = for_audience(shown, PUBLIC).publication.tables[0].notes
    assert kept in left
    assert not any("in stock" in one["en"] for one in left)


def test_a_withheld_number_reads_the_same_everywhere(register: Register) -> None:
    result = run("casualties", register, year=2021, by="outcome,sex")
    few, many = Figure("few", "casualties", ("killed", "female")), Figure("few", "casualties", ())
    text = dict.fromkeys(LANGUAGES, "{few} of {many}")
    built = of_results({"few": result}, register)
    told = replace(
        built,
        blocks=(*built.blocks, Paragraph(text, {"few": Cell(3, few), "many": Cell(21, many)})),
    )
    left = for_audience(told, PUBLIC)
    paragraph = left.publication.blocks[-1]
    assert isinstance(paragraph, Paragraph)
    assert paragraph.figures["few"] == Cell(None, few, WITHHELD)
    table = left.publication.tables[0]
    words = {cell.instead for row in table.rows for cell in row.cells if cell.figure in left.withheld}
    assert words == {WITHHELD}
    assert len(left.withheld) > 1, "more than the small one, under the same word"
    assert any("1 to 4" in note["en"] for note in table.notes)
    assert left.publication.results["few"].value("casualties", *few.line) is None
    assert not any(line.behind for line in left.publication.results["few"].lines)
    assert not left.publication.results["few"].reports
    office = for_audience(told, INTERNAL)
    assert office.publication.blocks == told.blocks


def test_a_recipe_counts_no_people_for_those_who_may_not(register: Register, tmp_path: Path) -> None:
    what = casualties(register, year=2021, by="sex")
    of = what.results["casualties"].recipe
    reports = say("publish.recipe.reports", "en", declared=of.declared, witnessed=of.witnessed)
    for name, tells in (("public", False), ("partner", False), ("internal", True)):
        made = publish(what, tmp_path / name, name, register=register, formats=("html", "csv", "pdf"))
        recipe = made.results["casualties"]
        counts = [recipe[one] for one in ("records", "declared", "witnessed", "inputs")]
        assert any(counts) is tells, name
        assert recipe["parameters"] == {"by": "sex", "year": 2021}
        page = next((tmp_path / name).glob("*.html")).read_text(encoding="utf-8")
        assert (of.inputs in page) is tells, name
        assert (reports in page) is tells, name


def test_a_number_that_names_no_result_does_not_leave(register: Register) -> None:
    built = casualties(register)
    table = built.tables[0]
    row = table.rows[-1]
    bare = replace(row, cells=tuple(replace(cell, figure=None) for cell in row.cells))
    other = replace(row, cells=tuple(
        replace(cell, value=cell.value + 1) if isinstance(cell.value, int) else cell for cell in row.cells
    ))  # fmt: skip
    for changed, code in ((bare, "FIGURE_UNBOUND"), (other, "FIGURE_DIFFERS")):
        wrong: Table = replace(table, rows=(*table.rows[:-1], changed))
        with pytest.raises(FallowError) as found:
            for_audience(replace(built, blocks=(wrong,)), INTERNAL)
        assert found.value.code == code


def test_people_one_by_one_are_in_no_table_for_others(register: Register) -> None:
    result = run("difference", register, known_before="2000-01-01")
    assert len(result.lines) > 5
    built = of_results([result], register)
    for to in (PUBLIC, PARTNER):
        left = for_audience(built, to).publication
        records = {one.id for one in register.at().records("victim")}
        assert not records & {cell.value for row in left.tables[0].rows for cell in row.cells}
        assert len(left.tables[0].rows) < len(built.tables[0].rows)
        assert "victim" not in left.stamp.unlocated


def withheld_model(model: Model, name: str, **changes: Any) -> Model:
    kind: Kind = replace(model.kind(name), **changes)
    return replace(model, kinds={**model.kinds, name: kind})


def test_a_danger_leaves_as_it_is_or_is_counted_by_district(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = {one.id: one.geometry for one in register.at().records("hazard")}
    for to in AUDIENCES.values():
        made = leaving(Layer("hazard"), register, to)
        assert {id: wkb for id, _, wkb in made.rows} == true, "S1: not moved, not shrunk, not dropped"
    # a national overlay that restricts the shapes of hazards
    monkeypatch.setattr(register, "model", withheld_model(register.model, "hazard", sensitivity="restricted"))
    for to in (PARTNER, INTERNAL):
        made = leaving(Layer("hazard"), register, to)
        assert {id: wkb for id, _, wkb in made.rows} == true
    made = leaving(Layer("hazard"), register, PUBLIC)
    assert made.rows == ()
    assert sum(made.withheld.values()) == len(true)
    assert set(made.withheld) == {"North", "South"}
    said = " ".join(one["en"] for one in made.notices)
    assert "Withheld in North: 1" in said
    assert "hazard.geometry" in made.hidden
    manifest = publish(Layer("hazard"), tmp_path / "out", "public", register=register)
    assert {"North: 1", "South: 1"} <= set(manifest.hidden)
    told = json.loads((tmp_path / "out" / "hazard.geojson").read_text("utf-8"))
    assert told["features"] == []
    assert told["fallow"]["withheld"] == {"North": 1, "South": 1}


@pytest.mark.parametrize(
    "shape",
    [
        shapely.Point(15.123456, 45.987654),
        shapely.Point(-0.001, -0.001),
        shapely.LineString([(15.001, 45.001), (15.049, 45.027)]),
        shapely.box(-70.0312, -10.5, -70.0301, -10.49),
    ],
)
def test_a_coarse_place_tells_its_square_and_no_more(shape: shapely.Geometry) -> None:
    wkb = shapely.to_wkb(shape)
    made = shapely.from_wkb(coarse(wkb, 0.01))
    assert made.bounds != shape.bounds
    if shape.geom_type == "Point":
        assert shapely.distance(made, shape) <= 0.01 * 0.7072
        assert coarse(shapely.to_wkb(made), 0.01) == coarse(wkb, 0.01)
    else:
        assert shapely.covers(made, shape)
    for number in made.bounds:
        assert abs(number / 0.005 - round(number / 0.005)) < 1e-6


def test_a_layer_says_its_date_its_silence_and_what_it_leaves_out(register: Register, tmp_path: Path) -> None:
    import sqlite3

    manifest = publish(Layer("accident"), tmp_path / "out", "public", register=register, languages=["fr"])
    assert {"accident.killed", "accident.injured"} <= set(manifest.hidden), "counts of few people at a place"
    told = json.loads((tmp_path / "out" / "accident.geojson").read_text("utf-8"))
    assert "killed" not in told["features"][0]["properties"]
    notices = [one["en"] for one in told["fallow"]["notices"]]
    assert any("No hazard shown does not mean safe" in one for one in notices)
    assert any("Records without a known location" in one for one in notices)
    with sqlite3.connect(tmp_path / "out" / "accident.gpkg") as layer:
        (about,) = layer.execute("SELECT description FROM gpkg_contents").fetchone()
        assert layer.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    layer.close()
    assert "L'absence de danger affiché" in about.splitlines()[0]
    assert len(about.splitlines()) >= len(LANGUAGES)
    pyogrio = pytest.importorskip("pyogrio")
    assert pyogrio.read_info(tmp_path / "out" / "accident.gpkg")["crs"] == "EPSG:4326"
    assert {"killed", "injured"} <= layers_module.COUNTS


def test_a_layer_as_it_was_known_then(register: Register) -> None:
    first = leaving(Layer("hazard", true="2019-12-31"), register, PUBLIC)
    last = leaving(Layer("hazard"), register, PUBLIC)
    assert len(first.rows) < len(last.rows)
    assert first.stamp.true == "2019-12-31"
    some = leaving(Layer("hazard", where={"admin1": "South"}), register, PUBLIC)
    assert len(some.rows) == 1


def test_the_appeal_tells_three_only_when_somebody_lets_it(shared_data: Path, tmp_path: Path) -> None:
    """298 and 301 in two tables and in their difference: no two of them are told unless the three is."""
    appeal = entered(shared_data, tmp_path, "2020-11")
    period = {"since": "2020-11"}
    built = of_results(
        {
            "then": run("casualties", appeal, **period, known="2023-04-28"),
            "now": run("casualties", appeal, **period, known="2023-04-29"),
            "why": run("difference", appeal, **period, known_before="2023-04-28", known="2023-04-29"),
        },
        appeal,
    )
    left = for_audience(built, PUBLIC).publication.results
    told = {
        "then": left["then"].value("casualties"),
        "now": left["now"].value("casualties"),
        "before": left["why"].value("before", "total", ""),
        "after": left["why"].value("after", "total", ""),
        "change": left["why"].value("change", "total", ""),
    }
    assert told["then"] == told["before"]
    assert told["now"] == told["after"]
    assert told["change"] is None
    assert left["now"].value("killed") is None
    assert [told["then"], told["now"]].count(None) == 1
    accepted = {"why/change/total/": "named in the appeal", "now/killed": "named in the appeal"}
    stands = for_audience(built, PUBLIC, accepted=accepted)
    assert not stands.withheld
    assert stands.publication.results["now"].value("casualties") == 301
    appeal.close()


def test_it_needs_no_right_to_write(register: Register, tmp_path: Path) -> None:
    with open_register(register.path, read_only=True) as reading:
        made = publish(casualties(reading), tmp_path / "out", "public", register=reading)
    assert made.office == ""
