"""S3: no state that only a release decision gives is ever shown without two people who hold that right."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fallow.errors import FallowError
from fallow.register import Draft, Register, create_register
from fixtures_register import Days, accepted, make, reopen, says, square, two_release_officers

GUARDED = {"closed", "handed_over"}


@pytest.fixture
def days() -> Days:
    return Days("2021-01-10")


@pytest.fixture
def country(tmp_path: Path, days: Days) -> Iterator[Register]:
    with make(tmp_path, days) as made:
        yield made
        assert made.verify(refold=True).holds, made.verify(refold=True).as_dict()


def status(register: Register, record: str = "h") -> tuple[object, str]:
    found = register.at().record(record)
    assert found is not None
    return found.fields["status"], found.awaiting


def test_a_report_claims_two_people_sign_and_only_then_it_is_closed(country: Register, days: Days) -> None:
    anna, boris = two_release_officers(country)
    accepted(country, says("h", "2020-01-01", status="open"))
    accepted(country, says("h", "2020-12-01", status="closed"))
    assert status(country) == ("open", "status=closed")
    assert [(one.record, one.awaiting) for one in country.review().claims] == [("h", "status=closed")]
    days.on("2021-02-01")
    assert country.release(["h"], "status", by=anna, why="completion report read") == {"h": False}
    assert status(country) == ("open", "status=closed")
    days.on("2021-03-01")
    assert country.release(["h"], "status", by=boris, why="site visited") == {"h": True}
    assert status(country) == ("closed", "")
    for day, expected in (("2021-02-28", "open"), ("2021-03-01", "closed")):
        found = country.at(known=day).record("h")
        assert found is not None
        assert found.fields["status"] == expected
    assert country.review().claims == ()


def test_one_person_in_another_spelling_is_one_person(country: Register) -> None:
    two_release_officers(country)
    country.grant("José Núñez", ["release"], by="The Director", why="appointed")
    accepted(country, says("h", "2020-01-01", status="open"))
    accepted(country, says("h", "2020-12-01", status="closed"))
    country.release(["h"], "status", by="José Núñez", why="first")
    decomposed = "Jose\u0301 Nu\u0301n\u0303ez"
    invisible = "Jos\u00e9\u200b N\u00fa\u00f1ez"
    for spelling in ("josé núñez", "  José   Núñez ", "JOSÉ NÚÑEZ", decomposed, invisible):
        with pytest.raises(FallowError) as refused:
            country.release(["h"], "status", by=spelling, why="again")
        assert refused.value.code == "SIGNED_ALREADY"
    assert status(country) == ("open", "status=closed")


def test_without_the_right_nobody_signs_not_even_before_rights_exist(country: Register) -> None:
    accepted(country, says("h", "2020-01-01", status="open"))
    accepted(country, says("h", "2020-12-01", status="closed"))
    with pytest.raises(FallowError) as refused:
        country.release(["h"], "status", by="Anna One", why="x")
    assert refused.value.code == "RIGHT_NEEDED"
    anna, boris = two_release_officers(country)
    country.release(["h"], "status", by=anna, why="x")
    country.revoke(boris, ["release"], by="The Director", why="left")
    with pytest.raises(FallowError) as refused:
        country.release(["h"], "status", by=boris, why="x")
    assert refused.value.code == "RIGHT_NEEDED"
    assert status(country) == ("open", "status=closed")


def test_a_new_claim_needs_its_own_two_signatures(country: Register, days: Days) -> None:
    anna, boris = two_release_officers(country)
    accepted(country, says("h", "2020-01-01", status="open"))
    accepted(country, says("h", "2020-12-01", status="closed"))
    for person in (anna, boris):
        country.release(["h"], "status", by=person, why="done")
    accepted(country, says("h", "2020-12-15", status="handed_over"))
    assert status(country) == ("closed", "status=handed_over")
    assert country.release(["h"], "status", by=anna, why="certificate") == {"h": False}
    assert status(country) == ("closed", "status=handed_over")
    assert country.release(["h"], "status", by=boris, why="certificate") == {"h": True}
    assert status(country) == ("handed_over", "")


def test_a_claim_that_was_overtaken_waits_no_longer_and_the_release_is_kept(country: Register) -> None:
    anna, boris = two_release_officers(country)
    accepted(country, says("h", "2020-01-01", status="open"))
    accepted(country, says("h", "2020-06-01", status="closed"))
    for person in (anna, boris):
        country.release(["h"], "status", by=person, why="done")
    accepted(country, says("h", "2020-09-01", status="open"))
    assert status(country) == ("open", "")
    found = country.at(true="2020-07-01").record("h")
    assert found is not None
    assert found.fields["status"] == "closed", "reopening keeps the old release"


def test_a_correction_that_waits_for_signatures_replaces_nothing(country: Register) -> None:
    first = accepted(country, says("h", "2020-01-01", status="worked_on"))
    accepted(country, says("h", "2020-01-01", status="closed", corrects=tuple(first)))
    assert status(country) == ("worked_on", "status=closed")


def test_a_first_report_that_claims_release_shows_the_most_dangerous_open_state(country: Register) -> None:
    accepted(country, says("h", "2020-01-01", status="closed", name="Hill"))
    assert status(country) == ("open", "status=closed")


def test_a_released_record_judged_the_same_as_an_open_one_is_open(country: Register) -> None:
    anna, boris = two_release_officers(country)
    accepted(
        country, says("a", "2020-01-01", status="open"), says("b", "2020-01-01", status="open", source="x")
    )
    accepted(country, says("a", "2020-06-01", status="closed"))
    for person in (anna, boris):
        country.release(["a"], "status", by=person, why="done")
    country.same("a", "b", by="im.officer", why="one place")
    assert status(country, "a")[0] == "open"
    assert "status" in (country.at().record("a").conflict)  # type: ignore[union-attr]


def test_signing_one_record_does_not_sign_another_it_was_once_taken_for(country: Register) -> None:
    anna, boris = two_release_officers(country)
    for record in ("a", "b"):
        accepted(country, says(record, "2020-01-01", status="open"))
        accepted(country, says(record, "2020-06-01", status="closed"))
    country.same("a", "b", by="im.officer", why="one place")
    country.different("a", "b", by="im.officer", why="two places")
    for person in (anna, boris):
        country.release(["a"], "status", by=person, why="done")
    assert status(country, "a") == ("closed", "")
    assert status(country, "b") == ("open", "status=closed")


def test_resolving_for_a_claim_does_not_release(country: Register) -> None:
    accepted(country, says("h", "2020-01-01", status="open", source="survey"))
    claim = accepted(country, says("h", "2020-01-01", status="closed", source="operator"))[0]
    country.resolve("h", "status", claim, by="im.officer", why="operator is right")
    assert status(country) == ("open", "status=closed")


def test_the_rules_of_the_step_are_asked_at_the_second_signature(country: Register) -> None:
    """domain.md: work first resumes before a suspended hazard can close."""
    anna, boris = two_release_officers(country)
    accepted(country, says("h", "2020-01-01", status="open"))
    accepted(country, says("h", "2020-03-01", status="suspended"))
    accepted(country, says("h", "2020-06-01", status="closed"))
    country.release(["h"], "status", by=anna, why="first")
    entries = country.ledger.head()[0]
    with pytest.raises(FallowError) as refused:
        country.release(["h"], "status", by=boris, why="second")
    assert refused.value.code == "STEP_FORBIDDEN"
    assert status(country) == ("suspended", "status=closed")
    assert country.ledger.head()[0] == entries, "the refused signature is not kept"


def test_there_must_be_something_to_sign(country: Register) -> None:
    anna, _ = two_release_officers(country)
    accepted(country, says("h", "2020-01-01", status="open"))
    for record, field, code in (
        ("h", "status", "NOTHING_TO_SIGN"),
        ("h", "hazard_class", "NOTHING_TO_SIGN"),
        ("nobody", "status", "RECORD_UNKNOWN"),
    ):
        with pytest.raises(FallowError) as refused:
            country.release([record], field, by=anna, why="x")
        assert refused.value.code == code


def test_the_last_granter_stays_and_a_right_does_not_fall_back_to_everybody(country: Register) -> None:
    country.grant("Anna One", ["approve"], by="The Director", why="appointed")
    numbers = country.add([says("h")])
    country.revoke("Anna One", ["approve"], by="The Director", why="left")
    for person in ("Anna One", "Somebody"):
        with pytest.raises(FallowError) as refused:
            country.approve(numbers, by=person, why="x")
        assert refused.value.code == "RIGHT_NEEDED"
    with pytest.raises(FallowError) as refused:
        country.revoke("the director", ["grant"], by="The Director", why="x")
    assert refused.value.code == "LAST_GRANTOR"
    with pytest.raises(FallowError) as refused:
        country.grant("Somebody", ["release"], by="Somebody", why="x")
    assert refused.value.code == "RIGHT_NEEDED"
    with pytest.raises(FallowError) as refused:
        country.grant("Somebody", ["rule"], by="The Director", why="x")
    assert refused.value.code == "RIGHT_UNKNOWN"


PEOPLE = ("Anna One", " anna  ONE", "Boris Two", "Clerk Three")
RECORDS = ("h1", "h2")


class NobodyReleasesAlone(RuleBasedStateMachine):
    """Every verb in any order; a guarded state is only ever shown with two distinct holders behind it."""

    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.days = Days("2021-01-01")
        self.signed: dict[int, set[str]] = {}
        self.numbers: list[int] = []

    @initialize()
    def begin(self) -> None:
        self.home = self.folder / str(len(list(self.folder.iterdir())))
        self.home.mkdir()
        self.register = make(self.home, self.days)
        two_release_officers(self.register)

    def teardown(self) -> None:
        if hasattr(self, "register"):
            assert self.register.verify(refold=True).holds
            self.register.close()

    @rule(
        record=st.sampled_from(RECORDS),
        state=st.sampled_from(("open", "worked_on", "suspended", "closed", "handed_over")),
        source=st.sampled_from(("survey", "operator")),
        month=st.integers(1, 12),
        how=st.sampled_from(("", "corrects", "withdraws", "seen")),
    )
    def report(self, record: str, state: str, source: str, month: int, how: str) -> None:
        about = {how: tuple(self.numbers[-1:])} if how and self.numbers else {}
        draft = says(record, f"2020-{month:02}", status=state, source=source, **about)
        self.numbers += self.register.add([draft])

    @rule(later=st.integers(0, 40))
    def approve(self, later: int) -> None:
        self.days.on(f"2021-{1 + later // 28:02}-{1 + later % 28:02}")
        if self.numbers:
            self.register.approve(self.numbers, by="im.officer", why="x")

    @rule(back=st.integers(1, 3))
    def reject(self, back: int) -> None:
        if self.numbers:
            self.register.reject(self.numbers[-back:], by="im.officer", why="x")

    @rule(person=st.sampled_from(PEOPLE), record=st.sampled_from(RECORDS))
    def sign(self, person: str, record: str) -> None:
        before = self.register.ledger.head()[0]
        try:
            self.register.release([record], "status", by=person, why="x")
        except FallowError as refused:
            assert refused.code in {
                "RIGHT_NEEDED",
                "SIGNED_ALREADY",
                "NOTHING_TO_SIGN",
                "RECORD_UNKNOWN",
                "STEP_FORBIDDEN",
                "STEP_UNKNOWN",
                "STATE_START",
            }
            assert self.register.ledger.head()[0] == before
            return
        entry = self.register.entry(self.register.ledger.head()[0])
        for number in entry.content["claims"]:
            self.signed.setdefault(number, set()).add(" ".join(person.lower().split()))

    @rule(same=st.booleans())
    def judge(self, same: bool) -> None:
        try:
            (self.register.same if same else self.register.different)(*RECORDS, by="im.officer", why="x")
        except FallowError as refused:
            assert refused.code == "RECORD_UNKNOWN"

    @rule(record=st.sampled_from(RECORDS))
    def resolve(self, record: str) -> None:
        for number in self.numbers:
            try:
                self.register.resolve(record, "status", number, by="im.officer", why="x")
            except FallowError as refused:
                assert refused.code in {"REPORT_NOT_ON_FIELD", "RECORD_UNKNOWN"}
            else:
                return

    @rule()
    def open_again(self) -> None:
        self.register.close()
        self.register = reopen(self.home, self.days)

    @invariant()
    def two_distinct_holders(self) -> None:
        if not hasattr(self, "register"):
            return
        rows = self.register._connection.execute(
            "SELECT record, status, reports FROM hazard_history WHERE status IN ('closed', 'handed_over')"
        )
        for record, state, reports in rows.fetchall():
            givers = [
                int(one)
                for one in reports.split()
                if self.register.entry(int(one)).content["fields"].get("status") == state
            ]
            assert any(len(self.signed.get(one, ())) >= 2 for one in givers), (record, state, givers)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_no_order_of_verbs_releases_without_two_people(tmp_path: Path, long: bool) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    NobodyReleasesAlone.folder = tmp_path
    run_state_machine_as_test(
        NobodyReleasesAlone,
        settings=settings(
            max_examples=1_000 if long else 15,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_states_of_the_fixture_are_those_of_the_design() -> None:
    """The guard list above must be the one the model declares, or the machine proves nothing."""
    from fixtures_register import STATUS

    assert {one.code for one in STATUS if one.guard == "release"} == GUARDED
    assert all(low.danger is not None for low, _ in pairwise([*STATUS.codes, STATUS.codes[0]]))


def test_resolving_asks_the_rules_of_the_state_it_brings_into_force(tmp_path: Path) -> None:
    """Two people signed a disputed claim; deciding the dispute must not go round what closing asks for."""
    with create_register(tmp_path / "real.gpkg", title="Real kinds", clock=Days("2021-06-01")) as register:
        anna, boris = two_release_officers(register)

        def report(source: str, status: str) -> int:
            fields = {
                "code": "H-1",
                "hazard_class": "sha",
                "status": status,
                "date_of_information": "2020-05",
            }
            drafts = [
                Draft("hazard", "h", source, source, "2020-05", fields, geometry=square(46.0), located=True)
            ]
            numbers = register.add(drafts)
            assert register.approve(numbers, by="im", why="said so").refused == []
            return numbers[0]

        report("village", "open")
        claim = report("operator", "closed")
        for person in (anna, boris):
            assert register.release(["h"], "status", by=person, why="signed") == {"h": False}
        head = register.ledger.head()[0]
        with pytest.raises(FallowError) as refusal:
            register.resolve("h", "status", claim, by="im", why="the operator was there")
        assert refusal.value.code == "AREA_REMAINS"
        assert register.ledger.head()[0] == head
        found = register.at().record("h")
        assert found is not None
        assert found.fields["status"] == "open"


@pytest.mark.parametrize(
    "other",
    ["I Rowan", "I.Rowan.", "Rowan, I.", "\u0406. Rowan", "I. R\u043ewan", "I. R\u00f3wan", "\u0399. ROWAN"],
)
def test_a_name_that_reads_like_a_signer_gets_no_signature_of_its_own(country: Register, other: str) -> None:
    """Two names of one person would be two people (S3)."""
    country.grant("I. Rowan", ("release",), by="The Director", why="signs")
    before = country.rights()
    with pytest.raises(FallowError) as refused:
        country.grant(other, ("release",), by="The Director", why="signs too")
    assert refused.value.code == "NAME_LOOKS_ALIKE"
    assert country.rights() == before
    country.grant(f"{other}, regional office", ("release",), by="The Director", why="somebody else")
    country.grant(" i. ROWAN ", ("release",), by="The Director", why="the same person, the same key")
