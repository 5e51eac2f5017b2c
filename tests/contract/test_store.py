"""The contract of a store: one behaviour script, told once, run over every store there is.

A story of two years in one hazard's life. Whatever keeps the register (a GeoPackage today, a server
later, listed in ``STORES``), each question below has the same answer.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shapely

from fallow.errors import FallowError
from fallow.register import Delivery, Register
from fixtures_register import PASSPHRASE, Days, make, reopen, says, square

Opened = tuple[Register, Callable[[], Register]]
"""A fresh register, and how it is opened again."""


def geopackage(folder: Path, days: Days) -> Opened:
    """One file on a laptop."""
    made = make(folder, days, passphrase=PASSPHRASE)
    return made, lambda: reopen(folder, days, passphrase=PASSPHRASE)


STORES = {"geopackage": geopackage}


@pytest.mark.parametrize("store", STORES)
def test_the_story(store: str, tmp_path: Path) -> None:
    days = Days("2020-03-01")
    register, again = STORES[store](tmp_path, days)
    answers: dict[str, Any] = {}

    # A delivery comes in, is held for a finding, and is approved.
    with register.writing():
        parcel = Delivery(
            "survey",
            "An organisation",
            "2020-02-28",
            False,
            (),
            "0" * 64,
            licence="open",
            title="Spring survey",
        )
        delivery = register.receive(parcel)
        first = register.add(
            [
                says(
                    "h",
                    "2020-02",
                    name="Hill",
                    hazard_class="sha",
                    status="open",
                    shape=square(size=0.02),
                    where="row 1",
                ),
                says(
                    "g",
                    "2020-02",
                    name="Grove",
                    hazard_class="cha",
                    shape=square(47),
                    held=("HUGE_AREA",),
                    where="row 2",
                ),
            ],
            delivery,
        )
        register.keep_receipt(delivery, {"rows": 2, "reports": 2})
    assert [list(one) for one in register.drafts(delivery)] == [list(first)]
    assert register.at().count("hazard") == 0
    outcome = register.approve(first, by="im.officer", why="checked against paper")
    assert (outcome.approved, outcome.held) == (1, [(first[1], ("HUGE_AREA",))])
    assert register.approve(first, by="im.officer", why="large but right", accept=["HUGE_AREA"]).approved == 1
    answers["march"] = {one.id: one.fields["hazard_class"] for one in register.at().records("hazard")}
    assert answers["march"] == {"h": "sha", "g": "cha"}
    head = register.ledger.head()[0]

    # A year later the village disagrees about the place and an accident makes it certain.
    days.on("2021-05-01")
    numbers = register.add(
        [
            says("h", "2021-04-10", shape=square(46.005, size=0.01), source="village"),
            says("h", "2021-04-20", hazard_class="cha", source="police"),
            says("a", "2021-04-19", kind="accident", date="2021-04-19", hazard="h", killed=1),
            says(
                "v",
                "2021-04-19",
                kind="victim",
                outcome="killed",
                accident="a",
                secret={"full_name": "A Name"},
            ),
        ]
    )
    outcome = register.approve(numbers, by="im.officer", why="accident report")
    assert outcome.approved == 4
    assert [(one.record, one.fields) for one in outcome.conflicts] == [("h", ("geometry",))]
    register.close()
    register = again()

    found = register.at().record("h")
    assert found is not None
    assert (found.fields["hazard_class"], found.fields["name"], found.conflict) == ("cha", "Hill", "geometry")
    assert found.geometry is not None
    assert shapely.from_wkb(found.geometry).covers(shapely.from_wkb(square(size=0.02)))
    assert register.secrets("v") == {"full_name": "A Name"}
    assert register.resolve("h", "geometry", numbers[0], by="im.officer", why="walked with the elder") == []
    assert register.at().record("h").geometry == square(46.005, size=0.01)  # type: ignore[union-attr]

    # Any day can be asked about, and the head of March is still the head of March.
    def classes(**when: Any) -> dict[str, Any]:
        return {one.id: one.fields["hazard_class"] for one in register.at(**when).records("hazard")}

    assert classes(known="2020-12-31") == classes(head=head) == answers["march"]
    assert classes(true="2021-04-19") == {"h": "sha", "g": "cha"}
    assert classes(true="2020-01-31") == {}
    assert register.at().tally("hazard", ["hazard_class"]) == {("cha",): 2}
    assert [one.id for one in register.at().records("hazard", bbox=(46.006, 40.001, 46.007, 40.002))] == ["h"]
    assert [one.id for one in register.at().records("hazard", order="-name", limit=1)] == ["h"]
    assert [one.id for one in register.at().records("accident", {"hazard": "h"})] == ["a"]
    assert register.at().unlocated("accident") == 1
    changed = register.changes("hazard", "2020-12-31", "2021-05-01", ["hazard_class"])
    assert [(one.group, one.before, one.after, one.added) for one in changed] == [
        (("cha",), 1, 2, ("h",)),
        (("sha",), 1, 0, ()),
    ]

    # What the source said, what came in, and what a person still has to do.
    said = register.said("survey", "hazard", ["h", "g", "nobody"])
    assert {record: (one.fields["name"], one.reports) for record, one in said.items()} == {
        "h": ("Hill", (first[0],)),
        "g": ("Grove", (first[1],)),
    }
    assert [one.record for one in register.said_all("survey", "hazard")] == ["h", "g"]
    (row,) = register.deliveries("survey")
    assert (row.delivery.title, row.receipt) == ("Spring survey", {"rows": 2, "reports": 2})
    review = register.review()
    assert (review.drafts, review.conflicts, review.claims) == ((), (), ())

    # Released by two, one person erased, and everything follows from the ledger.
    for person in ("Anna One", "Boris Two"):
        register.grant(person, ["release"], by="The Director", why="appointed")
    register.approve(register.add([says("h", "2021-04-30", status="closed")]), by="im.officer", why="report")
    assert [
        register.release(["h"], "status", by=one, why="read")["h"] for one in ("Anna One", "Boris Two")
    ] == [
        False,
        True,
    ]
    with pytest.raises(FallowError) as refused:
        register.entry(10**6)
    assert refused.value.code == "ENTRY_UNKNOWN"
    assert register.erase("v", by="The Director", why="asked by the family") == 1
    assert register.secrets("v") == {}
    verdict = register.verify(refold=True)
    assert verdict.holds, verdict.as_dict()
    assert (verdict.erased, verdict.refolded) == (1, True)
    assert register.snapshot(tmp_path / "out.gpkg") == {"hazard": 2, "accident": 1, "victim": 1}
    register.close()
