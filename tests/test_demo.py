"""The demo is the main job: real files, real doors, and a truth that everything can be held against.

The programme is built once for this module (about 15 seconds); every test asks the register what it knows and
compares with what the generator knows to be so.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import shapely

from fallow.demo import PASSPHRASE, REGISTER, SNAPSHOT, DemoSummary, run_demo
from fallow.demo.programme import Programme, play_programme
from fallow.demo.run import OFFICER, SIGNATORIES, agenda
from fallow.errors import FallowError
from fallow.register import Register, open_register
from fixtures_demo import digests

YEARS = range(2020, 2026)


@pytest.fixture(scope="module")
def programme() -> Programme:
    return play_programme(1)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DemoSummary]:
    folder = tmp_path_factory.mktemp("demo")
    return folder, run_demo(folder)


@pytest.fixture(scope="module")
def register(demo: tuple[Path, DemoSummary]) -> Iterator[Register]:
    with open_register(demo[0] / REGISTER, passphrase=PASSPHRASE) as opened:
        yield opened


# -- the mark -------------------------------------------------------------------------------------------


def test_the_register_and_its_snapshot_say_that_they_are_invented(
    demo: tuple[Path, DemoSummary], register: Register
) -> None:
    assert register.settings["invented"] is True
    assert "INVENTED" in register.settings["title"]
    import pyogrio

    layers = pyogrio.list_layers(demo[0] / SNAPSHOT)
    assert len(layers) > 5
    assert "INVENTED" in (demo[0] / SNAPSHOT).read_bytes().decode("latin-1")


# -- the receipts -------------------------------------------------------------------------------------------


def test_every_delivery_came_in_and_its_receipt_balances(
    demo: tuple[Path, DemoSummary], register: Register
) -> None:
    rows = register.deliveries()
    assert [(row.delivery.source, row.delivery.delivered) for row in rows] == [
        ("ficta-casualties" if one.source == "ficta-casualties-names" else one.source, one.delivered)
        for one in agenda()
    ]
    total: Counter[str] = Counter()
    for row in rows:
        receipt = row.receipt
        assert receipt is not None
        assert receipt["rows"] == receipt["reports"] + receipt["refused"] + receipt["known_already"]
        assert row.delivery.declared
        for name in ("rows", "reports", "refused", "known_already", "held"):
            total[name] += receipt[name]
    told = demo[1]
    assert total == {name: getattr(told, name) for name in total}
    assert told.rows > 4_000


def test_each_list_is_read_whole(programme: Programme, register: Register) -> None:
    for row in register.deliveries("ficta-hazards"):
        year = int(row.delivery.delivered[:4])
        assert row.receipt is not None
        assert row.receipt["rows"] == sum(one.listed(year) is not None for one in programme.hazards)
        assert row.receipt["refused"] == row.receipt["withdrawals"] == 0
        assert row.receipt["columns"]["left_over"] == ["old_ref"]
        assert row.receipt["columns"]["ignored"] == ["editor"]


def test_the_dirty_workbook_is_found_out_exactly(demo: tuple[Path, DemoSummary], register: Register) -> None:
    with (demo[0] / "truth/planted.csv").open(encoding="utf-8", newline="") as lines:
        planted = Counter((row["code"], row["level"]) for row in csv.DictReader(lines))
    (row,) = (one for one in register.deliveries("op1-completion") if one.delivery.delivered[:4] == "2023")
    assert row.receipt is not None
    found = Counter(
        (one["code"], one["level"])
        for one in row.receipt["findings"]
        if one["level"] != "note" or one["code"] == "DUPLICATE_ROW"
    )
    assert found == planted
    assert row.receipt["refused"] == len(
        {
            "DATE_FORMAT",
            "CODE_UNKNOWN",
            "VALUE_NOT_A_NUMBER",
            "LOCATION_REQUIRED",
            "SELF_INTERSECTION",
            "ID_MISSING",
            "DUPLICATE_ID",
        }
    )
    assert row.receipt["held"] == len({"LIKELY_SWAPPED", "WRONG_SIGN", "LINK_DANGLING"})
    assert row.receipt["known_already"] == 1


def test_other_workbooks_are_clean(register: Register) -> None:
    for row in register.deliveries("op1-completion"):
        if row.delivery.delivered[:4] != "2023":
            assert row.receipt is not None
            assert (row.receipt["refused"], row.receipt["held"]) == (0, 0)


def test_a_second_run_is_refused_and_harms_nothing(demo: tuple[Path, DemoSummary]) -> None:
    before = digests(demo[0])
    with pytest.raises(FallowError) as caught:
        run_demo(demo[0])
    assert caught.value.code == "REGISTER_EXISTS"
    assert digests(demo[0]) == before


# -- known and true -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", YEARS)
def test_the_picture_known_at_the_end_of_each_year(
    programme: Programme, register: Register, year: int
) -> None:
    """What the authority's list said at the end of a year is what the register knew then."""
    expected = Counter(
        listed["hazard_class"] for one in programme.hazards if (listed := one.listed(year)) is not None
    )
    codes = {one.code for one in programme.hazards}
    other = {one.hazard.code for one in programme.opinions}
    found: Counter[str] = Counter()
    for record in register.at(known=f"{year}-12-31").records("hazard"):
        code = record.fields["code"]
        if code in codes and code not in other:
            found[record.fields["hazard_class"]] += 1
    for one in programme.opinions:
        if (listed := one.hazard.listed(year)) is not None:
            expected[listed["hazard_class"]] -= 1
    assert found == +expected


def test_what_is_learned_late_was_true_before_it_was_known(programme: Programme, register: Register) -> None:
    """Every accident before 2020 is true in its year, and unknown until the first file came in."""
    early = [one for one in programme.accidents if one.date < "2020"]
    assert len(early) > 25
    assert register.at(known="2020-11-14").count("accident") == 0
    assert register.at(known="2020-11-15", true="2019-12-31").count("accident") == len(early)
    assert register.at(known="2020-11-15", true="2015-12-31").count("accident") == sum(
        one.date < "2016" for one in early
    )


def test_two_approvals_came_late(programme: Programme, register: Register) -> None:
    theirs = sum(one.party.party == "B" for one in programme.truth.records)
    ours = len(programme.truth.records) - theirs
    assert theirs > 10
    assert register.at(known="2022-12-31").count("minefield_record") == ours
    assert register.at(known="2023-02-10").count("minefield_record") == ours + theirs


def test_an_area_typed_with_a_zero_too_many_is_put_right_a_year_later(
    programme: Programme, register: Register
) -> None:
    slips = [
        one
        for one in programme.hazards
        if any(c.values.get("remarks") == "area corrected" for c in one.changes)
    ]
    assert len(slips) >= 3
    for hazard in slips:
        year = hazard.changes[0].year
        (then,) = register.at(known=f"{year}-12-31").records("hazard", where={"code": hazard.code})
        (later,) = register.at(known=f"{year + 1}-12-31", true=f"{year}-12-31").records(
            "hazard", where={"code": hazard.code}
        )
        assert then.fields["declared_area"] == pytest.approx(10 * later.fields["declared_area"])


def test_some_places_are_unknown_and_counted(programme: Programme, register: Register) -> None:
    (row,) = register.deliveries("ficta-indications")
    unknown = sum(one.at is None for one in programme.indications)
    assert row.receipt is not None
    assert unknown == 6
    assert row.receipt["counts"]["LOCATION_UNKNOWN"] == unknown


# -- S3: claimed and released -------------------------------------------------------------------------------


def test_land_is_released_by_two_signatures_and_by_nothing_else(
    programme: Programme, register: Register
) -> None:
    standing = {one.fields["code"]: one for one in register.at().records("land_release")}
    seen: Counter[int] = Counter()
    for one in programme.work.releases:
        if "released" not in one.claims.values() or max(one.claims) > 2025:
            continue
        record = standing[one.code]
        seen[one.signatures] += 1
        if one.signatures == 2:
            assert (record.fields["release_status"], record.awaiting) == ("released", "")
        else:
            assert (record.fields["release_status"], record.awaiting) == (
                "claimed",
                "release_status=released",
            )
    assert min(seen[0], seen[1], seen[2]) > 5


def test_a_release_stands_from_the_day_of_the_second_signature(
    programme: Programme, register: Register
) -> None:
    signed = next(
        one for one in programme.work.releases if one.signatures == 2 and one.claims.get(2022) == "released"
    )
    before, after = (
        next(iter(register.at(known=day).records("land_release", where={"code": signed.code})))
        for day in ("2022-11-25", "2022-11-26")
    )
    assert before.fields["release_status"] == "claimed"
    assert after.fields["release_status"] == "released"


def test_nobody_without_the_right_can_sign(register: Register) -> None:
    waiting = next(one for one in register.at().records("land_release") if one.awaiting)
    with pytest.raises(FallowError) as caught:
        register.release([waiting.id], "release_status", OFFICER, "in a hurry")
    assert caught.value.code == "RIGHT_NEEDED"


def test_a_hazard_does_not_close_while_part_of_it_is_not_released(
    programme: Programme, register: Register
) -> None:
    open_parts = {one.hazard.code for one in programme.work.releases if one.signatures < 2}
    waiting = [
        one
        for one in register.at().records("hazard")
        if "status=closed" in one.awaiting and one.fields["code"] in open_parts and not one.conflict
    ]
    assert len(waiting) > 5
    for record in waiting[:3]:
        with pytest.raises(FallowError) as caught, register.writing():
            for person in SIGNATORIES:
                register.release([record.id], "status", person, "looks done")
        assert caught.value.code == "AREA_REMAINS"


def test_an_accident_on_released_land_opens_the_hazard_again(
    programme: Programme, register: Register
) -> None:
    opened = [one for one in programme.accidents if one.on_released_land]
    assert len(opened) == 3
    for accident in opened:
        assert accident.hazard is not None
        code = accident.hazard.code
        (now,) = register.at().records("hazard", where={"code": code})
        (then,) = register.at(known="2024-12-31").records("hazard", where={"code": code})
        assert (then.fields["status"], now.fields["status"]) == ("closed", "reopened")
        releases = [
            one
            for one in register.at().records("land_release", where={"hazard": now.id})
            if one.fields["release_status"] == "released"
        ]
        assert releases, "the old release stays in the books"


# -- S2: two sources ----------------------------------------------------------------------------------------


def test_where_two_organisations_disagree_the_more_dangerous_stands(
    programme: Programme, register: Register
) -> None:
    rank = {"sha": 2, "cha": 3}
    (known,) = (one.approved for one in agenda() if one.source == "op2-hazards")
    view = {
        one.fields["code"]: one
        for one in register.at(known=known).records("hazard")
        if "hazard_class" in one.conflict
    }
    compared = 0
    for one in programme.opinions:
        ours = (one.hazard.listed(2022) or {})["hazard_class"]
        if one.same and one.hazard_class != ours:
            record = view[one.hazard.code]
            assert record.fields["hazard_class"] == max(ours, one.hazard_class, key=rank.__getitem__)
            compared += 1
    assert compared >= 5


def test_whoever_draws_it_nothing_that_was_called_dangerous_is_left_out(
    programme: Programme, register: Register
) -> None:
    from fallow.demo.plan import to_degrees

    (known,) = (one.approved for one in agenda() if one.source == "op2-hazards")
    view = {one.fields["code"]: one for one in register.at(known=known).records("hazard")}
    disagreed = 0
    for one in programme.opinions:
        if one.same:
            record = view[one.hazard.code]
            # Shapes are joined in floating point: a tenth of a millimetre of slack, no more.
            standing = shapely.from_wkb(record.geometry).buffer(1e-9)
            assert standing.covers(to_degrees(one.shape))
            assert standing.covers(to_degrees((one.hazard.listed(2022) or {})["shape"]))
            disagreed += "geometry" in record.conflict
    assert disagreed >= 8


def test_work_is_left_for_a_person(demo: tuple[Path, DemoSummary], register: Register) -> None:
    told = demo[1]
    assert told.drafts >= 15 + 13 + 3
    assert told.held == 4
    assert told.conflicts >= 10
    assert told.awaiting_signatures >= 30
    assert sum(len(span) for span in register.drafts()) == told.drafts


# -- the vault ----------------------------------------------------------------------------------------------


def test_no_name_lies_in_the_register_or_its_snapshot(
    demo: tuple[Path, DemoSummary], programme: Programme
) -> None:
    names = [victim.name.encode() for one in programme.accidents for victim in one.victims]
    assert len(names) > 80
    for name in (REGISTER, SNAPSHOT, "register.vault"):
        content = (demo[0] / name).read_bytes()
        assert [one for one in names if one in content] == []


def test_the_vault_gives_a_name_to_who_may_open_it(
    demo: tuple[Path, DemoSummary], programme: Programme, register: Register
) -> None:
    victim = programme.accidents[0].victims[0]
    (record,) = register.at().records("victim", where={"code": victim.code})
    assert register.secrets(record.id) == {"name": victim.name, "phone": victim.phone}
    with open_register(demo[0] / REGISTER, read_only=True) as closed, pytest.raises(FallowError) as caught:
        closed.secrets(record.id)
    assert caught.value.code == "VAULT_CLOSED"


# -- the whole ----------------------------------------------------------------------------------------------


def test_the_register_verifies_and_is_what_its_ledger_folds_to(register: Register) -> None:
    verdict = register.verify(refold=True)
    assert verdict.findings == []
    assert verdict.entries > 4_000


def test_the_summary_is_said_in_every_language(demo: tuple[Path, DemoSummary]) -> None:
    from fallow.words import LANGUAGES

    texts = {demo[1].text(lang) for lang in LANGUAGES}
    assert len(texts) == len(LANGUAGES)
    assert all(str(demo[1].rows) in text and PASSPHRASE in text for text in texts)
