"""The hazardous-area form used in Syria against our kind: what maps, what is left over, its own faults."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from desk import SOURCES, Desk

from fallow.errors import FallowError
from fallow.intake import Receipt, bring_in

PAGE = Path(__file__).parents[2] / "docs" / "syria-forms.md"

ANSWERS = {
    "id_ha_sy": "TEST-HA-20240102-0900",
    "survey_date": "2024-01-02",
    "ha_code": "HA-0001",
    "status_ha": "open",
    "geo_safe": "yes",
    "re_latitude": "35.12345",
    "re_longitude": "38.54321",
    "re_gps_accuracy": "4.5",
    "source_nts": "yes",
    "source_cs": "no",
    "ev_eo": "dontknow",
    "ev_crat": "yes",
    "ev_scrap": "yes",
    "eo_erw": "yes",
}
"""One invented answer."""


def columns(folder: Path) -> list[str]:
    """The fields of the form that hold an answer, in its order, named as the form names them."""
    with (folder / "fields.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["form"] == "ha"]
    assert len(rows) == 76
    return [row["field"] for row in rows if not row["Type"].startswith(("begin", "end"))]


def exported(names: list[str]) -> str:
    return ",".join(names) + "\n" + ",".join(ANSWERS.get(name, "") for name in names) + "\n"


@pytest.fixture
def answered(real: Callable[[str], Path], desk: Desk) -> tuple[Desk, list[str], Receipt]:
    names = columns(real("gichd-syria-forms"))
    # The form gives longitude the name of latitude; its label says which is meant.
    second = [place for place, name in enumerate(names) if name == "re_latitude"][1]
    names[second] = "re_longitude"
    folder = desk.folder / "answers"
    folder.mkdir()
    (folder / "hazards.csv").write_text(exported(names), encoding="utf-8")
    return desk, names, bring_in(SOURCES / "syria-hazard-forms", desk.register, files=folder)


def test_the_duplicate_name_in_the_form_is_found(real: Callable[[str], Path], desk: Desk) -> None:
    folder = desk.folder / "answers"
    folder.mkdir()
    (folder / "hazards.csv").write_text(exported(columns(real("gichd-syria-forms"))), encoding="utf-8")
    with pytest.raises(FallowError) as caught:
        bring_in(SOURCES / "syria-hazard-forms", desk.register, files=folder)
    assert caught.value.code == "DUPLICATE_HEADER"


def test_every_field_of_the_form_is_mapped_ignored_or_left_over(
    answered: tuple[Desk, list[str], Receipt],
) -> None:
    _, names, receipt = answered
    found = receipt.columns
    assert len(found.mapped) + len(found.ignored) + len(found.left_over) == len(names) == 71
    assert receipt.identity == "1 = 1 + 0 + 0"


def test_the_answers_become_a_hazard(answered: tuple[Desk, list[str], Receipt]) -> None:
    desk, _, receipt = answered
    content = desk.register.entry(receipt.reports[0].start).content
    assert content["fields"]["indirect_evidence"] == ["craters", "scrap_metal"]
    assert content["fields"]["how_known"] == ["nts_report"]
    assert content["fields"]["ordnance"] == ["erw"]
    assert "direct_evidence" not in content["fields"]
    assert content["fields"]["safe_to_record"] is True
    assert content["fields"]["location_accuracy"] == 4.5


def test_the_page_tells_the_outcome(answered: tuple[Desk, list[str], Receipt]) -> None:
    _, _, receipt = answered
    page = PAGE.read_text(encoding="utf-8")
    left = page.split("## Left over")[1].split("\n## ")[0].split("|---|---|")[1]
    first_cells = " ".join(line.split("|")[1] for line in left.splitlines() if line.startswith("|"))
    assert set(re.findall(r"`([a-z_0-9]+)`", first_cells)) == set(receipt.columns.left_over)
    numbers = f"{len(receipt.columns.mapped)} map, {len(receipt.columns.ignored)} is ignored on purpose, "
    assert numbers + f"{len(receipt.columns.left_over)} are left over" in " ".join(page.split())
