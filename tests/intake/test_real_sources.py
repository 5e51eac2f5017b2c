"""The real files, brought in through the descriptions we ship, against the numbers that are known of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from desk import SOURCES

from fallow.intake import Receipt, bring_in
from fallow.register import Register, create_register

Real = Callable[[str], Path]


def brought(name: str, folder: Path, register: Register) -> Receipt:
    return bring_in(SOURCES / name, register, files=folder, approve_by="im.officer", why="known answers")


@pytest.fixture
def bosnia(tmp_path: Path) -> Register:
    return create_register(tmp_path / "ba.gpkg", title="Bosnia", country="BA")


def test_suspect_areas_of_bosnia(real: Real, bosnia: Register) -> None:
    receipt = brought("bih-suspect-areas", real("bih-mines"), bosnia)
    assert receipt.identity == "11068 = 10601 + 467 + 0"
    assert receipt.approved == 10_601
    counts = receipt.counts
    assert counts["LOCATION_UNKNOWN"] == 3_094 + 3
    assert (counts["EMPTY_GEOMETRY"], counts["SELF_INTERSECTION"]) == (3, 467)
    assert bosnia.at().count("hazard") == 10_601
    assert receipt.columns.left_over == ()
    again = brought("bih-suspect-areas", real("bih-mines"), bosnia)
    assert (again.known_already, again.refused, again.reported) == (10_601, 467, 0)


def test_cleared_areas_of_bosnia_are_claims(real: Real, bosnia: Register) -> None:
    receipt = brought("bih-cleared-areas", real("bih-mines"), bosnia)
    assert receipt.identity == "8329 = 7507 + 822 + 0"
    assert (receipt.counts["SELF_INTERSECTION"], receipt.counts["OUTLINE_NO_REPAIR"]) == (708, 1)
    assert receipt.counts["LOCATION_REQUIRED"] == 108 + 5


def test_incidents_and_lifted_minefields_of_bosnia(real: Real, bosnia: Register) -> None:
    incidents = brought("bih-incidents", real("bih-mines"), bosnia)
    assert (incidents.rows, incidents.refused, incidents.counts["DUPLICATE_ROW"]) == (1_442, 0, 202)
    assert bosnia.at().count("accident") == 1_442
    lifted = brought("bih-lifted-minefields", real("bih-mines"), bosnia)
    assert (lifted.rows, lifted.refused, lifted.counts["DUPLICATE_ROW"]) == (925, 0, 90)


@pytest.fixture
def colombia(real: Real, tmp_path: Path) -> tuple[Register, Receipt]:
    register = create_register(tmp_path / "co.gpkg", title="Colombia", country="CO")
    return register, brought("colombia-victims", real("colombia-victims"), register)


def test_victims_of_colombia_as_known_in_2017_and_in_2022(colombia: tuple[Register, Receipt]) -> None:
    register, receipt = colombia
    first, second = receipt.parts
    assert (first.rows, first.reported, first.refused) == (11_498, 11_498, 0)
    assert (second.rows, second.refused) == (12_062, 0)
    assert second.additions - second.withdrawals == 12_062 - 11_498
    then, now = register.at(known="2017-12-31"), register.at(known="2022-12-31")
    assert then.count("victim") == 11_498
    assert now.count("victim") == 12_062
    assert [then.count("victim", {"outcome": one}) for one in ("injured", "killed")] == [9_225, 2_273]
    assert [now.count("victim", {"outcome": one}) for one in ("injured", "killed")] == [9_733, 2_329]
    # Rows equal to an earlier one within their own delivery; the known answer is for that of 2022.
    assert second.counts["DUPLICATE_ROW"] == 3_781
    records = list(now.records("victim"))
    assert all(len(one.fields["admin2_code"]) == 5 for one in records)
    assert sum(1 for one in records if one.fields["admin2_code"].startswith("05")) == 2_613

    def months(view: list) -> Counter:  # type: ignore[type-arg]
        found = ((one.fields["admin2_code"], one.fields["date"]) for one in view)
        return Counter(key for key in found if key[1] < "2017")

    before, after = months(list(then.records("victim"))), months(records)
    every = before.keys() | after.keys()
    changed = sorted(key for key in every if before[key] != after[key])
    assert (len(every), len(changed)) == (4_842, 178)


def test_events_of_colombia_and_the_one_lost_minus_sign(real: Real, tmp_path: Path) -> None:
    register = create_register(tmp_path / "co.gpkg", title="Colombia", country="CO")
    receipt = bring_in(SOURCES / "colombia-events", register, files=real("colombia-events"))
    assert (receipt.rows, receipt.reported, receipt.refused) == (36_527, 36_527, 0)
    assert receipt.counts["WRONG_SIGN"] == 1
    assert [one.where for one in receipt.findings if one.code == "WRONG_SIGN"] == ["2004.json features[1374]"]
    assert receipt.held == 1
    assert receipt.by_kind == {
        "accident": 6_667 + 242,
        "ordnance_find": 8 + 24_136 + 3_494 + 44 + 28,
        "hazard": 1_908,
    }
    assert len(receipt.files) == 30
