"""Two deliveries without ids: nothing merged, nothing dropped, and the counts exact on both days."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from desk import Desk
from hypothesis import given, settings
from hypothesis import strategies as st

from fallow.intake.continuity import Statement, pair
from fallow.register import create_register

TIERS = (("town", "month", "outcome"), ("town", "month"))
COMPARED = ("town", "month", "outcome", "sex")

rows = st.lists(
    st.fixed_dictionaries(
        {
            "town": st.sampled_from(["TAME", "GRANADA"]),
            "month": st.sampled_from(["2006-01", "2006-02"]),
            "outcome": st.sampled_from(["injured", "killed"]),
            "sex": st.sampled_from(["male", "female"]),
        }
    ),
    max_size=12,
)


def statements(found: list[dict[str, str]], start: str) -> list[Statement]:
    return [Statement(f"{start}{position}", row, None) for position, row in enumerate(found)]


@given(rows, rows)
def test_every_row_is_a_pair_or_an_addition_and_every_record_a_pair_or_a_withdrawal(
    then: list[dict[str, str]], now: list[dict[str, str]]
) -> None:
    before, after = statements(then, "r"), statements(now, "n")
    found = pair(before, after, TIERS, COMPARED)
    assert len(found.pairs) + len(found.added) == len(now)
    assert len(found.pairs) + len(found.withdrawn) == len(then)
    assert len(set(found.pairs.values())) == len(found.pairs)
    assert set(found.pairs.values()).isdisjoint(found.withdrawn)
    assert sum(found.by_tier) == len(found.pairs)


@given(rows, rows)
def test_pairs_agree_in_the_loosest_tier_and_none_that_could_be_made_is_missed(
    then: list[dict[str, str]], now: list[dict[str, str]]
) -> None:
    before, after = statements(then, "r"), statements(now, "n")
    found = pair(before, after, TIERS, COMPARED)
    of = {one.name: one.fields for one in (*before, *after)}
    loose = TIERS[-1]
    for one, other in found.pairs.items():
        assert [of[one][name] for name in loose] == [of[other][name] for name in loose]
    left_now = Counter(tuple(of[one][name] for name in loose) for one in found.added)
    left_then = Counter(tuple(of[one][name] for name in loose) for one in found.withdrawn)
    assert not (left_now & left_then)


@given(rows)
def test_the_same_rows_again_in_any_order_change_nothing(then: list[dict[str, str]]) -> None:
    found = pair(statements(then, "r"), statements(then[::-1], "n"), TIERS, COMPARED)
    assert found.by_tier[0] == len(then)
    assert (found.added, found.withdrawn) == ((), ())


def test_an_unchanged_row_is_never_taken_for_a_changed_one() -> None:
    """Order alone would pair the killed man with the injured and report two changes where there is none."""
    man = {"town": "TAME", "month": "2006-01", "outcome": "injured", "sex": "male"}
    other = {**man, "outcome": "killed"}
    found = pair(statements([man, other], "r"), statements([other, man], "n"), [("town", "month")], COMPARED)
    assert found.pairs == {"n0": "r1", "n1": "r0"}


def test_a_refused_row_takes_a_place_only_when_no_other_row_does() -> None:
    row = {"town": "TAME", "month": "2006-01", "outcome": "injured", "sex": "male"}
    refused, good = Statement("bad", row, None, weight=1), Statement("good", row, None)
    found = pair(statements([row], "r"), [refused, good], TIERS, COMPARED)
    assert (found.pairs, found.added, found.withdrawn) == ({"good": "r0"}, ("bad",), ())
    found = pair(statements([row], "r"), [refused], TIERS, COMPARED)
    assert (found.pairs, found.withdrawn) == ({"bad": "r0"}, ())


SOURCE = """
source: register-of-victims
who: Ministry
licence: none stated
known: declared
deliveries:
  - {delivered: 2017-10-31, files: {victims: then.csv}}
  - {delivered: 2022-02-28, files: {victims: now.csv}}
tables:
  - name: victims
    format: csv
    records:
      - kind: victim
        id: none
        match: [[admin2, date, outcome], [admin2, date]]
        date: month
        fields: {admin2: town, outcome: outcome, sex: sex}
        geometry: none
accept: [{code: EXPECTATION_FAILED, by: L. Demo, why: any two deliveries}]
"""


def written(found: list[dict[str, str]]) -> str:
    names = ("town", "month", "outcome", "sex")
    return "\n".join([",".join(names), *(",".join(row[name] for name in names) for row in found)]) + "\n"


@settings(max_examples=8)
@given(rows.filter(len), rows.filter(len))
def test_counts_are_exact_as_known_then_and_now(
    then: list[dict[str, str]], now: list[dict[str, str]]
) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        create_register(Path(folder) / "r.gpkg", title="Law") as register,
    ):
        receipt = Desk(Path(folder), register).bring(SOURCE, then__csv=written(then), now__csv=written(now))
        assert receipt.rows == len(then) + len(now)
        for day, expected in (("2017-12-31", then), ("2022-12-31", now)):
            known = Counter(
                tuple(one.fields[name] for name in ("admin2", "date", "outcome", "sex"))
                for one in register.at(known=day).records("victim")
            )
            assert known == Counter(
                tuple(row[n] for n in ("town", "month", "outcome", "sex")) for row in expected
            )
