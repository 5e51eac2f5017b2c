"""The story, read first: a file comes in, is approved, becomes a record, is asked about two days, and leaves.

Four rows from a district, a task and a claim from an operator, a release that two people sign;
``docs/path.md`` tells the same with a real file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import fallow
from fallow.errors import FallowError
from fallow.intake import Receipt
from fallow.register import Record, Register

OFFICER, ROWAN, MAPLE = "L. Demo", "I. Rowan", "J. Maple"


def square(lon: float, lat: float) -> str:
    """A square of a thousandth of a degree as the text a spreadsheet holds."""
    corners = ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))
    return "POLYGON ((" + ", ".join(f"{lon + x / 1000:.3f} {lat + y / 1000:.3f}" for x, y in corners) + "))"


SITES = f"""no;seen;class;state;area;outline
H-1;2021-02;suspected;open;1,2 ha;{square(10.0, 45.0)}
H-2;2021-03-05;confirmed;open;;{square(10.01, 45.0)}
H-3;in spring;suspected;open;;
H-4;2021-04-01;suspected;open;;{square(45.02, 10.0)}
"""

SITES_YAML = """
source: district-list
who: District office
licence: none stated
known: declared
delivered: 2021-05-10
files: {sites: sites.csv}
tables:
  - name: sites
    format: csv
    read: {delimiter: ";", decimal: ","}
    records:
      - kind: hazard
        id: {column: "no"}
        date: {from: seen}
        geometry: {column: outline, as: wkt}
        fields:
          code: "no"
          hazard_class: {from: class, lookup: {suspected: sha, confirmed: cha}}
          status: state
          declared_area: {from: area, unit: m2}
"""

WORK = """task;kind;state;seen;start;end;site
T-1;survey;accepted;2022-06-30;2022-06-01;2022-06-20;H-1
"""

WORK_YAML = """
source: operator-work
who: Operator
licence: none stated
known: declared
delivered: 2022-07-01
files: {work: work.csv}
tables:
  - name: work
    format: csv
    read: {delimiter: ";"}
    records:
      - kind: activity
        id: {column: task}
        date: {from: seen}
        geometry: none
        fields:
          code: task
          activity_type: {from: kind, lookup: {survey: nts}}
          status: state
          start_date: start
          end_date: end
          hazard: {link: hazard, by: site, of: district-list}
"""

LAND = f"""no;state;day;site;task;outline
R-1;released;2022-06-20;H-1;T-1;{square(10.0, 45.0)}
"""

LAND_YAML = """
source: operator-land
who: Operator
licence: none stated
known: declared
delivered: 2022-07-02
files: {land: land.csv}
tables:
  - name: land
    format: csv
    read: {delimiter: ";"}
    records:
      - kind: land_release
        id: {column: "no"}
        date: {from: day}
        geometry: {column: outline, as: wkt}
        fields:
          code: "no"
          release_type: {value: cancelled}
          release_status: state
          hazard: {link: hazard, by: site, of: district-list}
          activity: {link: activity, by: task, of: operator-work}
"""


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    with fallow.create_register(
        tmp_path / "country.gpkg",
        title="A country (INVENTED)",
        extent=[(9.0, 44.0, 11.0, 46.0)],
        invented=True,
    ) as made:
        yield made


def bring(register: Register, name: str, table: str, description: str) -> Receipt:
    folder = register.path.parent / name
    folder.mkdir(exist_ok=True)
    (folder / "source.yaml").write_text(description, encoding="utf-8")
    (folder / f"{name}.csv").write_text(table, encoding="utf-8")
    return fallow.bring_in(folder, register)


def hazards(register: Register, **days: str) -> dict[str, Record]:
    return {one.fields["code"]: one for one in register.at(**days).records("hazard")}


def test_the_path(register: Register) -> None:
    # -- A report comes in. Nothing is lost: every row is a report, refused with a reason, or known already.
    receipt = bring(register, "sites", SITES, SITES_YAML)
    assert (receipt.rows, receipt.reported, receipt.refused) == (4, 3, 1)
    found = {one.code: one for one in receipt.findings}
    assert found["DATE_FORMAT"].level == "refuse" and "row 4" in found["DATE_FORMAT"].where
    assert found["LIKELY_SWAPPED"].level == "confirm" and "row 5" in found["LIKELY_SWAPPED"].where
    assert receipt.columns.left_over == ()
    again = fallow.bring_in(register.path.parent / "sites", register)
    assert (again.reported, again.rows) == (0, 4)

    # -- It is approved, by somebody, for a reason, as of the day it was. What is held waits.
    outcome = register.approve(receipt.reports, OFFICER, "compared with the forms", as_of="2021-05-20")
    assert outcome.approved == 2
    assert [codes for _, codes in outcome.held] == [("LIKELY_SWAPPED",)]

    # -- It is a record, with what was said kept beside what is believed.
    now = hazards(register)
    assert set(now) == {"H-1", "H-2"}
    assert now["H-1"].fields["declared_area"] == 12_000
    life = register.history(now["H-1"].id)
    assert life.reports[0].original["declared_area"] == "1,2 ha"
    assert life.reports[0].where.endswith("row 2")

    # -- Two clocks. A partial date counts in the dangerous direction; nothing is known before its approval.
    assert hazards(register, known="2021-05-19") == {}
    assert set(hazards(register, known="2021-05-20", true="2021-02-01")) == {"H-1"}

    # -- Land is worked on, and somebody says that it is released. Saying so does not release it (S3).
    work = bring(register, "work", WORK, WORK_YAML)
    register.approve(work.reports, OFFICER, "task accepted", as_of="2022-07-01")
    land = bring(register, "land", LAND, LAND_YAML)
    assert land.counts["CLAIM_NEEDS_RELEASE"] == 1
    assert register.approve(land.reports, OFFICER, "report complete", as_of="2022-07-02").refused == []
    (claim,) = register.at().records("land_release")
    assert (claim.fields["release_status"], claim.awaiting) == ("claimed", "release_status=released")

    # -- Two people who hold the right sign; one person twice is one person.
    with pytest.raises(FallowError, match="RIGHT_NEEDED"):
        register.release([claim.id], "release_status", ROWAN, "evidence seen")
    for person in (ROWAN, MAPLE):
        register.grant(person, ("release",), by=OFFICER, why="signs for the authority")
    assert register.release([claim.id], "release_status", ROWAN, "evidence seen", as_of="2022-07-10") == {
        claim.id: False
    }
    with pytest.raises(FallowError, match="SIGNED_ALREADY"):
        register.release([claim.id], "release_status", ROWAN, "once more")
    assert register.release([claim.id], "release_status", MAPLE, "evidence seen", as_of="2022-07-20") == {
        claim.id: True
    }

    # -- And any past day can still be asked about.
    def status(known: str) -> str:
        (one,) = register.at(known=known).records("land_release")
        return str(one.fields["release_status"])

    assert [status(day) for day in ("2022-07-02", "2022-07-19", "2022-07-20")] == [
        "claimed",
        "claimed",
        "released",
    ]

    # -- It leaves, and it can be shown that nobody changed it on the way.
    layers = register.snapshot(register.path.parent / "for_qgis.gpkg")
    assert (layers["hazard"], layers["land_release"]) == (2, 1)
    assert register.verify(refold=True).findings == []


def test_what_is_damaged_is_named(register: Register) -> None:
    receipt = bring(register, "sites", SITES, SITES_YAML)
    register.approve(receipt.reports, OFFICER, "compared with the forms")
    path = register.path
    register.close()

    import sqlite3

    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE fallow_ledger SET body = replace(body, '12000', '120') WHERE verb = 'report'")
    raw.close()
    with fallow.open_register(path, read_only=True) as opened:
        verdict = opened.verify()
    assert not verdict.holds
    assert verdict.findings[0].where
