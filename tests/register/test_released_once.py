"""R3 at approval: no ground of a hazard is released twice, nor before anybody knew of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fallow.analysis import run
from fallow.errors import FallowError
from fixtures_books import Country, wkb

FIELD = (0, 0, 10, 10)
WEST, EAST = (0, 0, 5, 10), (5, 0, 10, 10)


@pytest.fixture
def country(tmp_path: Path) -> Iterator[Country]:
    made = Country(tmp_path)
    made.hazard("h", "2019-01-01", [FIELD])
    yield made
    assert made.register.verify(refold=True).holds
    made.close()


def status(country: Country, release: str) -> object:
    found = country.register.at().record(release)
    return found and found.fields.get("release_status")


def test_the_second_signature_is_refused_with_the_release_the_ground_and_what_to_do(country: Country) -> None:
    country.release("first", "h", "cleared", "2020-03-01", [(0, 0, 6, 10)])
    country.claim("second", "h", "cleared", "2020-08-01", [EAST])
    country.register.release(["second"], "release_status", by="Anna One", why="read")
    head = country.register.ledger.head()
    with pytest.raises(FallowError) as refused:
        country.register.release(["second"], "release_status", by="Boris Two", why="visited")
    assert refused.value.code == "RELEASED_ALREADY"
    assert refused.value.facts["other"] == "first"
    assert refused.value.facts["area"] == pytest.approx(87_600, rel=0.01)
    assert "released already, by first" in str(refused.value)
    assert country.register.ledger.head() == head, "a refused signature leaves nothing behind"
    assert (status(country, "first"), status(country, "second")) == ("released", "claimed")
    assert run("books", country.register, year=2020).value("cleared") == pytest.approx(525_700, rel=0.01)


@pytest.mark.parametrize("shape", [EAST, (4.99, 0, 10, 10)])
def test_side_by_side_and_within_the_accuracy_of_drawing_both_stand(country: Country, shape: object) -> None:
    country.release("first", "h", "cleared", "2020-03-01", [WEST])
    country.release("second", "h", "reduced", "2020-08-01", [shape])
    assert status(country, "second") == "released"


def test_releases_of_two_hazards_are_not_held_against_each_other(country: Country) -> None:
    country.hazard("other", "2019-01-01", [FIELD])
    country.release("first", "h", "cleared", "2020-03-01", [FIELD])
    country.release("second", "other", "cleared", "2020-03-01", [FIELD])
    assert status(country, "second") == "released"


def test_what_was_withdrawn_or_is_only_claimed_stands_in_nobodys_way(country: Country) -> None:
    country.claim("claimed", "h", "cleared", "2020-02-01", [FIELD])
    country.release("first", "h", "cleared", "2020-03-01", [FIELD])
    country.says("land_release", "first", "2020-04-01", release_status="withdrawn")
    country.release("second", "h", "cleared", "2020-08-01", [FIELD])
    assert status(country, "second") == "released"


@pytest.mark.parametrize(("day", "stands"), [("2020-06-01", True), ("2020-09-01", False)])
def test_reopened_ground_is_released_again_only_after_it_was_reopened(
    country: Country, day: str, stands: bool
) -> None:
    country.release("first", "h", "cleared", "2020-03-01", [FIELD])
    country.hazard("h", "2020-03-02", status="closed")
    country.sign("h", "status")
    country.hazard("h", day, status="reopened", direct_evidence=["mine_seen"])
    country.claim("second", "h", "cleared", "2020-08-01", [FIELD])
    if stands:
        country.sign("second")
        assert status(country, "second") == "released"
    else:
        with pytest.raises(FallowError, match="released already"):
            country.sign("second")


def test_a_signed_polygon_is_not_corrected_onto_ground_that_was_released(country: Country) -> None:
    country.release("first", "h", "cleared", "2020-03-01", [WEST])
    country.release("second", "h", "cleared", "2020-08-01", [EAST])
    with pytest.raises(AssertionError, match="RELEASED_ALREADY"):
        country.says("land_release", "second", "2020-08-01", wkb(FIELD), release_status="released")


@pytest.mark.parametrize(("day", "stands"), [("2018-12-31", False), ("2018", False), ("2019", True)])
def test_what_was_found_later_is_not_released_by_an_earlier_decision(
    country: Country, day: str, stands: bool
) -> None:
    country.claim("early", "h", "cleared", "2019-06-01", [WEST], date=day)
    if stands:
        country.sign("early")
    else:
        with pytest.raises(FallowError, match="before its hazardous area was first known") as refused:
            country.sign("early")
        assert refused.value.code == "RELEASE_BEFORE_HAZARD"
    assert status(country, "early") == ("released" if stands else "claimed")
