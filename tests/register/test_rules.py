"""Rules at approval: each refuses what it is for and lets the rest through; the domain's states hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from fallow.errors import FallowError, catalogue
from fallow.kinds import Kind, Model, load_kinds
from fallow.register import GEOMETRY, Draft, Register, create_register
from fallow.register.rules import CONCERNS, RULES, Change
from fixtures_register import HAZARD, MODEL, Days, accepted, make, point, says, square


class Around:
    """Neighbours as a test sets them: records by kind, found by the link they hold."""

    def __init__(self, **kinds: Sequence[Mapping[str, Any]]) -> None:
        self.kinds = kinds

    def now(self, kind: str, record: str) -> Mapping[str, Any] | None:
        return next((one for one in self.kinds.get(kind, ()) if one["@record"] == record), None)

    def linked(self, kind: str, field: str, record: str) -> Sequence[Mapping[str, Any]]:
        return [one for one in self.kinds.get(kind, ()) if one.get(field) == record]

    def course(self, kind: str, record: str, field: str) -> Sequence[tuple[str, Any]]:
        states = [one for one in self.kinds.get(kind, ()) if one["@record"] == record]
        return [(one.get("@since", ""), one.get(field)) for one in states]


def said(
    name: str,
    after: Mapping[str, Any],
    before: Mapping[str, Any] | None = None,
    around: Around | None = None,
    kind: Kind = HAZARD,
) -> str:
    """The code a rule answers with, or nothing."""
    broken = RULES[name](Change(MODEL, kind, "r", before, after, around or Around()))
    return broken.code if broken else ""


@pytest.fixture(scope="module")
def real() -> Model:
    return load_kinds(None)


def test_every_rule_a_kind_names_is_written_and_every_rule_has_its_words(real: Model) -> None:
    named = {name for kind in real.kinds.values() for name in kind.rules}
    for kind in real.kinds.values():
        for machine in kind.states:
            named |= {name for step in (*machine.steps, *machine.forbidden) for name in step.needs}
    assert named - RULES.keys() == set()
    assert named, "the catalogue names no rule: this test would prove nothing"
    assert CONCERNS.keys() <= RULES.keys()


def test_every_code_of_a_rule_is_in_the_list() -> None:
    import re

    from fallow.register import rules, rules_ground, ruling

    modules = [Path(str(one.__file__)) for one in (rules, rules_ground, ruling)]
    source = "".join(one.read_text(encoding="utf-8") for one in modules)
    codes = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', source))
    assert len(codes) > 15
    assert codes - catalogue().keys() == set()


@pytest.mark.parametrize(
    ("name", "after", "before", "around", "code"),
    [
        ("direct_evidence", {}, None, Around(), "DIRECT_EVIDENCE_NEEDED"),
        ("direct_evidence", {"direct_evidence": ["mine_seen"]}, None, Around(), ""),
        ("reason_given", {"reason": ""}, {}, Around(), "REASON_IN_REPORT"),
        ("reason_given", {"reason": "old"}, {"reason": "old"}, Around(), "REASON_IN_REPORT"),
        ("reason_given", {"reason": "remeasured"}, {"reason": "old"}, Around(), ""),
        (
            "technical_survey",
            {"release_type": "reduced", "activity": "a"},
            None,
            Around(activity=[{"@record": "a", "activity_type": "nts"}]),
            "REDUCED_NEEDS_TS",
        ),
        (
            "technical_survey",
            {"release_type": "reduced", "activity": "a"},
            None,
            Around(activity=[{"@record": "a", "activity_type": "ts"}]),
            "",
        ),
        ("technical_survey", {"release_type": "reduced"}, None, Around(), "REDUCED_NEEDS_TS"),
        ("technical_survey", {"release_type": "cleared"}, None, Around(), ""),
        ("certificate", {}, None, Around(), "CERTIFICATE_NEEDED"),
        ("certificate", {}, None, Around(handover_certificate=[{"@record": "c", "hazard": "r"}]), ""),
        ("new_evidence", {"reason": "x"}, {"reason": "x"}, Around(), "NEW_EVIDENCE_NEEDED"),
        ("new_evidence", {"direct_evidence": ["find"]}, {}, Around(), ""),
        (
            "new_evidence",
            {},
            {"date": "2020-06-01"},
            Around(accident=[{"@record": "a", "hazard": "r", "date": "2020-05-01"}]),
            "NEW_EVIDENCE_NEEDED",
        ),
        (
            "new_evidence",
            {},
            {"date": "2020-06-01"},
            Around(ordnance_find=[{"@record": "a", "hazard": "r", "date": "2020-06"}]),
            "",
        ),
        (
            "not_before_survey",
            {"activity": "a", "date": "2020-01-31"},
            None,
            Around(activity=[{"@record": "a", "start_date": "2020-02-01"}]),
            "RELEASE_BEFORE_SURVEY",
        ),
        (
            "not_before_survey",
            {"activity": "a", "date": "2020-02"},
            None,
            Around(activity=[{"@record": "a", "start_date": "2020-02-20"}]),
            "",
        ),
        (
            "keep_hazard_with_harm",
            {},
            None,
            Around(accident=[{"@record": "a", "hazard": "r"}]),
            "HAZARD_WITH_HARM",
        ),
        ("keep_hazard_with_harm", {}, None, Around(accident=[{"@record": "a", "hazard": "x"}]), ""),
        (
            "items_add_up",
            {
                "items_found": 5,
                "items_destroyed": 2,
                "items_handed_over": 1,
                "items_awaiting": 1,
                "items_left": 0,
            },
            None,
            Around(),
            "ITEMS_DO_NOT_ADD_UP",
        ),
        (
            "items_add_up",
            {
                "items_found": 4,
                "items_destroyed": 2,
                "items_handed_over": 1,
                "items_awaiting": 1,
                "items_left": 0,
            },
            None,
            Around(),
            "",
        ),
        (
            "victims_add_up",
            {"casualties": 3, "killed": 1, "injured": 1},
            None,
            Around(),
            "VICTIMS_DO_NOT_ADD_UP",
        ),
        ("victims_add_up", {"casualties": 2, "killed": 1, "injured": 1}, None, Around(), ""),
        (
            "victims_add_up",
            {"killed": 1},
            None,
            Around(victim=[{"@record": "v", "accident": "r"}, {"@record": "w", "accident": "r"}]),
            "VICTIMS_DO_NOT_ADD_UP",
        ),
        ("victims_add_up", {"killed": 1}, None, Around(victim=[{"@record": "v", "accident": "r"}]), ""),
        (
            "bands_add_up",
            {"beneficiaries": 9, "beneficiaries_women": 4, "beneficiaries_men": 4},
            None,
            Around(),
            "BANDS_DO_NOT_ADD_UP",
        ),
        (
            "bands_add_up",
            {"beneficiaries": 8, "beneficiaries_women": 4, "beneficiaries_men": 4},
            None,
            Around(),
            "",
        ),
        ("two_signatures", {"status": "closed"}, None, Around(), ""),
    ],
)
def test_a_rule_refuses_and_lets_through(
    name: str, after: Mapping[str, Any], before: Mapping[str, Any] | None, around: Around, code: str
) -> None:
    assert said(name, after, before, around) == code


def test_cleared_needs_clearance_depth_and_quality() -> None:
    cleared = {
        "release_type": "cleared",
        "activity": "a",
        "clearance_depth": 20.0,
        "quality_result": "accepted",
    }
    done = Around(activity=[{"@record": "a", "activity_type": "clearance"}])
    surveyed = Around(activity=[{"@record": "a", "activity_type": "nts"}])
    name = "clearance_with_depth_and_quality"
    assert said(name, cleared, None, done) == ""
    assert said(name, {"release_type": "cancelled"}, None, surveyed) == ""
    assert said(name, cleared, None, surveyed) == "CLEARED_NEEDS_CLEARANCE"
    assert said(name, {**cleared, "clearance_depth": None}, None, done) == "CLEARED_NEEDS_QUALITY"
    assert said(name, {**cleared, "quality_result": "pending"}, None, done) == "CLEARED_NEEDS_QUALITY"


def test_cancelled_needs_a_survey_and_so_does_dismissing(real: Model) -> None:
    release = real.kind("land_release")
    nts = Around(activity=[{"@record": "a", "activity_type": "nts", "hazard": "r"}])
    cancelled = {"release_type": "cancelled", "activity": "a"}
    assert said("nts_decision", cancelled, None, nts, release) == ""
    assert said("nts_decision", {"release_type": "cancelled"}, None, nts, release) == "CANCELLED_NEEDS_NTS"
    assert said("nts_decision", {}, None, nts) == ""
    assert said("nts_decision", {}, None, Around()) == "DISMISSED_NEEDS_NTS"
    assert said("nts_decision", {"survey_activity": "a"}, None, nts) == ""


def test_a_release_lies_inside_its_hazard_and_fade_out_of_clearance_does_not_count() -> None:
    hazard = Around(hazard=[{"@record": "h", GEOMETRY: square(size=0.02)}])
    inside, outside = square(size=0.01), square(46.015, size=0.01)
    name = "release_inside_hazard"
    assert said(name, {"hazard": "h", GEOMETRY: inside, "release_type": "cancelled"}, None, hazard) == ""
    assert (
        said(name, {"hazard": "h", GEOMETRY: outside, "release_type": "reduced"}, None, hazard)
        == "RELEASE_OUTSIDE_HAZARD"
    )
    assert said(name, {"hazard": "h", GEOMETRY: outside, "release_type": "cleared"}, None, hazard) == ""


def test_a_hazard_closes_only_when_nothing_remains() -> None:
    def released(*shapes: bytes, status: str = "released") -> Around:
        return Around(
            land_release=[
                {"@record": f"l{i}", "hazard": "r", "release_status": status, GEOMETRY: one}
                for i, one in enumerate(shapes)
            ]
        )

    whole = {GEOMETRY: square(size=0.02)}
    assert said("nothing_remains", whole) == "AREA_REMAINS"
    assert said("nothing_remains", whole, None, released(square(size=0.01))) == "AREA_REMAINS"
    assert (
        said("nothing_remains", whole, None, released(square(size=0.02), status="claimed")) == "AREA_REMAINS"
    )
    assert said("nothing_remains", whole, None, released(square(size=0.02))) == ""
    spot = {GEOMETRY: point()}
    find = {"@record": "f", "hazard": "r"}
    assert said("nothing_remains", spot) == "ITEMS_REMAIN"
    left = Around(ordnance_find=[{**find, "disposal": "left_in_place"}])
    assert said("nothing_remains", spot, None, left) == "ITEMS_REMAIN"
    gone = Around(ordnance_find=[{**find, "disposal": "destroyed"}])
    assert said("nothing_remains", spot, None, gone) == ""


def test_the_children_of_a_split_tile_their_parent() -> None:
    parent = {"@record": "p", GEOMETRY: square(size=0.02)}
    sister = {"@record": "s", "parent": "p", GEOMETRY: square(46.01, size=0.01)}
    around = Around(hazard=[parent, sister])
    for shape, code in (
        (square(46.0, size=0.01), ""),
        (square(46.005, size=0.01), "SPLIT_DOES_NOT_TILE"),
        (square(45.995, size=0.01), "SPLIT_DOES_NOT_TILE"),
    ):
        assert said("children_tile_parent", {"parent": "p", GEOMETRY: shape}, None, around) == code


# -- through the doors: what an information manager meets when approving


@pytest.fixture
def country(tmp_path: Path) -> Iterator[Register]:
    with make(tmp_path, Days("2021-01-10")) as made:
        yield made


def test_a_state_neither_begins_nor_steps_where_the_domain_forbids(country: Register) -> None:
    started = country.approve(country.add([says("h", "2020-01-01", status="suspended")]), by="im", why="x")
    assert [one.code for one in started.refused] == ["STATE_START"]
    assert (started.approved, started.decision) == (0, None)
    accepted(country, says("g", "2019-01-01", status="open"))
    accepted(country, says("g", "2020-01-01", status="worked_on"))
    accepted(country, says("g", "2020-02-01", status="suspended"))
    assert country.at().count("hazard") == 1, "what was refused stays a draft"
    assert [one.drafts for one in country.review().drafts] == [1]


def test_a_forbidden_step_inside_one_delivery_is_found(tmp_path: Path) -> None:
    with create_register(tmp_path / "real.gpkg", title="Real kinds", clock=Days("2021-06-01")) as register:
        common = {"code": "H-1", "status": "open"}
        drafts = [
            Draft(
                "hazard",
                "h",
                "survey",
                "A",
                day,
                fields={**common, "hazard_class": kind, "date_of_information": day},
            )
            for day, kind in (("2020-01-01", "cha"), ("2020-02-01", "sha"))
        ]
        outcome = register.approve(register.add(drafts), by="im", why="one delivery")
        assert [one.code for one in outcome.refused] == ["STEP_FORBIDDEN"]


def test_a_required_field_is_asked_for_at_approval_not_before(country: Register) -> None:
    numbers = country.add([says("a", "2020-01-01", kind="accident", place="Bridge")])
    refused = country.approve(numbers, by="im", why="x").refused
    assert [(one.code, one.facts["field"]) for one in refused] == [("REQUIRED_AT_APPROVAL", "date")]
    more = country.add([says("a", "2020-01-01", kind="accident", date="2020-01-01")])
    together = country.approve([*numbers, *more], by="im", why="both")
    assert (together.approved, together.refused) == (2, [])


def test_held_findings_wait_for_a_named_acceptance(country: Register) -> None:
    numbers = country.add([says("h", held=("OUTSIDE_COUNTRY", "HUGE_AREA")), says("g")])
    first = country.approve(numbers, by="im", why="x", accept=["OUTSIDE_COUNTRY"])
    assert (first.approved, first.held) == (1, [(numbers[0], ("HUGE_AREA",))])
    second = country.approve(numbers, by="im", why="looked", accept=["OUTSIDE_COUNTRY", "HUGE_AREA"])
    assert (second.approved, second.already) == (1, 1)
    assert second.decision is not None
    assert country.entry(second.decision).content["accept"] == ["HUGE_AREA", "OUTSIDE_COUNTRY"]
    assert country.verify(refold=True).holds


def test_a_hazard_with_an_accident_is_neither_withdrawn_nor_unapproved(country: Register) -> None:
    hazard = accepted(country, says("h", "2020-01-01", status="open"))
    accepted(country, says("a", "2020-02-01", kind="accident", date="2020-02-01", hazard="h"))
    withdrawal = country.add([says("h", "2020-03-01", withdraws=tuple(hazard))])
    refused = country.approve(withdrawal, by="im", why="x").refused
    assert [(one.code, one.facts["count"]) for one in refused] == [("HAZARD_WITH_HARM", 1)]
    with pytest.raises(FallowError) as unapproved:
        country.reject(hazard, by="im", why="x")
    assert unapproved.value.code == "HAZARD_WITH_HARM"
    assert country.at().record("h") is not None
    assert country.history("h").reports[-1].state == "approved"
    assert country.verify(refold=True).holds


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        (says("h", status="Closed"), "CODE_UNKNOWN"),
        (says("h", nickname="x"), "FIELD_UNKNOWN"),
        (says("h", depth="deep"), "VALUE_TYPE"),
        (says("h", depth=float("nan")), "VALUE_TYPE"),
        (says("h", benefit=2**70), "VALUE_TYPE"),
        (says("h", benefit=True), "VALUE_TYPE"),
        (says("h", ordnance="uxo"), "VALUE_TYPE"),
        (says("h", name=["x"]), "VALUE_TYPE"),
        (says("h", "yesterday"), "DATE_FORMAT"),
        (says("h", learned="2017"), "DATE_FORMAT"),
        (says("h", withdraws=(99,)), "REPORT_UNKNOWN"),
        (says("h", seen=(0,)), "REPORT_UNKNOWN"),
        (says("v", kind="victim", shape=point()), "NO_GEOMETRY"),
        (says("v", kind="victim", full_name="x"), "PERSONAL_IN_THE_OPEN"),
        (says("v", kind="victim", secret={"full_name": "x"}), "VAULT_CLOSED"),
        (says("v", kind="victim", secret={"shoe": "x"}), "FIELD_UNKNOWN"),
        (says("h", kind="hasard"), "KIND_UNKNOWN"),
    ],
)
def test_what_cannot_be_understood_later_never_enters(country: Register, draft: Draft, code: str) -> None:
    before = country.ledger.head()
    with pytest.raises(FallowError) as refused:
        country.add([says("fine"), draft])
    assert refused.value.code == code
    assert country.ledger.head() == before, "all or nothing: the sound draft beside it did not enter"
    assert refused.value.remedy


def test_the_catalogue_s_hazard_walks_its_states(tmp_path: Path, real: Model) -> None:
    """The domain's machine with the real declarations: direct evidence, forbidden steps back, reasons."""

    def hazard(true: str, **fields: Any) -> Draft:
        said = {"code": "H-1", "date_of_information": true, **fields}
        return Draft("hazard", "h", "survey", "A. Author", true, fields=said)

    with create_register(tmp_path / "real.gpkg", title="Real kinds", clock=Days("2021-06-01")) as register:

        def codes(draft: Draft) -> list[str]:
            return [one.code for one in register.approve(register.add([draft]), by="im", why="x").refused]

        kind = real.kind("hazard")
        required = {one.name for one in kind.fields if one.required != "never" and not one.personal}
        assert required <= {"code", "date_of_information", "hazard_class", "status"}, (
            f"extend this story: {required}"
        )
        assert codes(hazard("2020-01-01", hazard_class="sha", status="open")) == []
        assert codes(hazard("2020-02-01", hazard_class="cha")) == ["DIRECT_EVIDENCE_NEEDED"]
        evidence = next(code.code for code in real.codes(kind.field("direct_evidence")).codes)  # type: ignore[arg-type]
        assert codes(hazard("2020-02-01", hazard_class="cha", direct_evidence=[evidence])) == []
        assert codes(hazard("2020-03-01", hazard_class="dismissed")) == ["STEP_FORBIDDEN"]
        assert codes(hazard("2020-03-01", hazard_class="sha")) == ["STEP_FORBIDDEN"], "without a reason"
        assert codes(hazard("2020-03-01", status="handed_over")) == [], "a claim; nothing stands yet"
        found = register.at().record("h")
        assert found is not None
        assert (found.fields["status"], found.awaiting) == ("open", "status=handed_over")
