"""Laws of the fold: arrival order does not matter, slices tile, withdrawals invert, danger is covered.

A case is drawn at random from few sources, months and values, so that ties and conflicts are common.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import shapely
from hypothesis import given
from hypothesis import strategies as st

from fallow.register import GEOMETRY, OPEN_END, Case, Claim, Slice
from fallow.register.claims import Resolution, Sameness, Signature
from fallow.register.fold import fold
from fallow.register.standing import guards
from fixtures_register import ACCIDENT, HAZARD, MODEL, square

HAZARD_GUARDS, ACCIDENT_GUARDS = guards(MODEL, HAZARD), guards(MODEL, ACCIDENT)
SHAPES = (square(46.0, size=0.01), square(46.0, size=0.02), square(46.005, size=0.02), square(47.0), None)

partial_dates = st.one_of(
    st.sampled_from(("2019", "2020")),
    st.builds("2020-{:02}".format, st.integers(1, 4)),
    st.builds("2020-{:02}-{:02}".format, st.integers(1, 4), st.sampled_from((1, 15, 28))),
)
known_days = st.builds("2021-{:02}-{:02}".format, st.integers(1, 3), st.integers(1, 9))
said = st.fixed_dictionaries(
    {},
    optional={
        "hazard_class": st.sampled_from(("sha", "cha", "dismissed")),
        "status": st.sampled_from(("open", "worked_on", "closed")),
        "name": st.sampled_from(("Hill", "Mound", None)),
        GEOMETRY: st.sampled_from(SHAPES),
    },
).filter(bool)


@st.composite
def spans(draw: st.DrawFn) -> tuple[tuple[str, str], ...]:
    days = sorted(draw(st.sets(known_days, min_size=1, max_size=3)))
    bounds = [*days, OPEN_END] if len(days) % 2 else days
    return tuple(zip(bounds[::2], bounds[1::2], strict=True))


@st.composite
def cases(draw: st.DrawFn, records: Sequence[str] = ("h",), decisions: bool = True) -> Case:
    claims: list[Claim] = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        before = st.lists(st.sampled_from([one.number for one in claims] or [0]), max_size=2, unique=True)
        kind = draw(st.sampled_from(("", "", "", "corrects", "withdraws", "seen"))) if claims else ""
        about = tuple(draw(before)) if kind else ()
        claims.append(
            Claim(
                number=number,
                record=draw(st.sampled_from(records)),
                source=draw(st.sampled_from(("survey", "village", "operator"))),
                true=draw(partial_dates),
                spans=draw(spans()),
                values={} if kind == "withdraws" else draw(said),
                declared=draw(st.booleans()),
                seen=frozenset(about if kind == "seen" else ()),
                corrects=about if kind == "corrects" else (),
                withdraws=about if kind == "withdraws" else (),
            )
        )
    if not decisions:
        return Case(tuple(claims))
    numbers = [one.number for one in claims]
    resolutions = [
        Resolution(100 + i, "h", field, chosen, frozenset(numbers) - {chosen}, draw(known_days))
        for i, field in enumerate(
            draw(st.lists(st.sampled_from(("hazard_class", GEOMETRY, "name")), max_size=2))
        )
        for chosen in [draw(st.sampled_from(numbers))]
    ]
    signatures = [
        Signature(
            200 + i, person, frozenset(draw(st.sets(st.sampled_from(numbers), min_size=1))), draw(known_days)
        )
        for i, person in enumerate(draw(st.lists(st.sampled_from(("anna", "boris")), max_size=3)))
    ]
    same = [
        Sameness(300 + i, records[0], records[-1], verdict, draw(known_days))
        for i, verdict in enumerate(draw(st.lists(st.booleans(), max_size=2)) if len(records) > 1 else ())
    ]
    return Case(tuple(claims), tuple(resolutions), tuple(signatures), tuple(same))


def folded(case: Case) -> list[Slice]:
    return fold(HAZARD_GUARDS, HAZARD, case)


def at(slices: Sequence[Slice], known: str, true: str) -> list[Slice]:
    return [
        one
        for one in slices
        if one.known_from <= known < one.known_to and one.true_from <= true < one.true_to
    ]


def open_ended(slices: Sequence[Slice]) -> list[Slice]:
    return [one for one in slices if one.known_to == one.true_to == OPEN_END]


@given(case=cases(records=("h", "i")), data=st.data())
def test_any_order_of_the_same_claims_and_judgements_folds_to_the_same_record(
    case: Case, data: st.DataObject
) -> None:
    shuffled = Case(
        tuple(data.draw(st.permutations(case.claims))),
        tuple(data.draw(st.permutations(case.resolutions))),
        tuple(data.draw(st.permutations(case.signatures))),
        tuple(data.draw(st.permutations(case.sameness))),
    )
    assert folded(case) == folded(shuffled)


@given(case=cases(decisions=False), data=st.data())
def test_arrival_order_does_not_matter_when_known_days_are_declared(case: Case, data: st.DataObject) -> None:
    """The ledger may receive the same declared reports in another order, each source's own in its order."""
    starts = iter(sorted({f"2021-01-{day:02}" for day in range(1, 29)}))
    claims = [replace(one, spans=((next(starts), OPEN_END),)) for one in case.claims]
    order = data.draw(st.permutations([one.source for one in claims]))
    queues = {source: [one for one in claims if one.source == source] for source in set(order)}
    arrived = [queues[source].pop(0) for source in order]
    renumbered = {one.number: position for position, one in enumerate(arrived, 1)}

    def late(one: Claim) -> bool:
        """What it refers to must be there before it; a register refuses it otherwise."""
        return any(
            renumbered[n] >= renumbered[one.number] for n in (*one.seen, *one.corrects, *one.withdraws)
        )

    if any(late(one) for one in arrived):
        return
    moved = Case(
        tuple(
            replace(
                one,
                number=renumbered[one.number],
                seen=frozenset(renumbered[n] for n in one.seen),
                corrects=tuple(renumbered[n] for n in one.corrects),
                withdraws=tuple(renumbered[n] for n in one.withdraws),
            )
            for one in arrived
        )
    )

    def picture(slices: Sequence[Slice]) -> list[Any]:
        return [
            (
                one.record,
                one.known_from,
                one.known_to,
                one.true_from,
                one.true_to,
                dict(one.values),
                one.conflict,
            )
            for one in slices
        ]

    assert picture(folded(Case(tuple(claims)))) == picture(folded(moved))


@given(case=cases(records=("h", "i")))
def test_slices_of_a_record_never_overlap(case: Case) -> None:
    slices = folded(case)
    for position, one in enumerate(slices):
        assert one.known_from < one.known_to
        assert one.true_from < one.true_to
        for other in slices[position + 1 :]:
            apart = (
                one.record != other.record
                or one.known_to <= other.known_from
                or other.known_to <= one.known_from
                or one.true_to <= other.true_from
                or other.true_to <= one.true_from
            )
            assert apart, (one, other)


@given(case=cases(decisions=False), known=known_days)
def test_slices_cover_every_day_from_the_first_on(case: Case, known: str) -> None:
    """Once a record is there, every later true day has exactly one picture."""
    slices = [one for one in folded(case) if one.known_from <= known < one.known_to]
    standing = [one for one in case.claims if one.known_at(known)]
    taken: set[int] = set()
    for claim in sorted(standing, key=lambda one: -one.number):
        if claim.number not in taken:
            taken.update(claim.withdraws)
    living = [one for one in standing if one.number not in taken and one.values]
    assert bool(slices) == bool(living)
    for earlier, later in pairwise(sorted(slices, key=lambda one: one.true_from)):
        assert earlier.true_to == later.true_from, "no gap along true time"
    if slices:
        assert max(one.true_to for one in slices) == OPEN_END


@given(case=cases(decisions=False))
def test_a_report_and_its_withdrawal_on_the_same_day_are_nothing(case: Case) -> None:
    extra = Claim(50, "h", "patrol", "2020-02", ((("2021-02-05"), OPEN_END),), {"hazard_class": "cha"})
    undo = Claim(51, "h", "patrol", "2020-02", ((("2021-02-05"), OPEN_END),), {}, withdraws=(50,))
    assert folded(case) == folded(replace(case, claims=(*case.claims, extra, undo)))


@given(case=cases(decisions=False), known=known_days)
def test_s1_the_standing_shape_covers_every_shape_that_nobody_answered(case: Case, known: str) -> None:
    """A shape is answered when its own source, or somebody who saw it, spoke later; or taken back."""
    slices = at(folded(case), known, "2021-12-31")
    standing = [one for one in case.claims if one.known_at(known)]
    taken: set[int] = set()
    for claim in sorted(standing, key=lambda one: -one.number):
        if claim.number not in taken:
            taken.update(claim.withdraws)
    there = [one for one in standing if one.number not in taken]
    corrected = {number for one in there if GEOMETRY in one.values for number in one.corrects}
    speaking = [one for one in there if GEOMETRY in one.values and one.number not in corrected]

    def answered(one: Claim) -> bool:
        return any(
            other is not one
            and other.low >= one.low
            and (other.number > one.number or other.low > one.low)
            and (other.source == one.source or one.number in other.seen or other.number in one.seen)
            for other in speaking
        )

    open_shapes = [one.values[GEOMETRY] for one in speaking if not answered(one)]
    for wkb in open_shapes:
        if wkb is not None:
            assert len(slices) == 1
            shape = slices[0].values.get(GEOMETRY)
            assert shape is not None
            assert shapely.covers(shapely.from_wkb(shape), shapely.from_wkb(wkb))


@given(case=cases(decisions=False), known=known_days)
def test_s2_no_source_s_last_word_is_more_dangerous_than_what_stands(case: Case, known: str) -> None:
    ranks = HAZARD_GUARDS.danger["hazard_class"]
    plain = [one for one in case.claims if not (one.corrects or one.withdraws or one.seen)]
    claims = [one for one in plain if one.known_at(known) and "hazard_class" in one.values]
    slices = at(folded(Case(tuple(plain))), known, "2021-12-31")
    for source in {one.source for one in claims}:
        last = max((one for one in claims if one.source == source), key=lambda one: (one.low, one.number))
        stands = slices[0].values["hazard_class"]
        if ranks[stands] < ranks[last.values["hazard_class"]]:
            # lessening is allowed only to a value that somebody else's later agreement carried
            assert any(
                other.low > last.high
                and ranks[other.values["hazard_class"]] >= ranks[last.values["hazard_class"]]
                for other in claims
            ), (source, stands)


@given(case=cases(records=("h", "i")))
def test_s3_a_guarded_value_has_a_claim_with_two_signers_behind_it(case: Case) -> None:
    for one in folded(case):
        if one.values.get("status") == "closed":
            behind = [
                claim.number
                for claim in case.claims
                if claim.number in one.givers["status"] and claim.values.get("status") == "closed"
            ]
            assert any(
                len(
                    {
                        s.person
                        for s in case.signatures
                        if number in s.claims and s.known_from <= one.known_from
                    }
                )
                > 1
                for number in behind
            ), one


@given(case=cases(decisions=False))
def test_an_event_has_one_picture_at_a_time(case: Case) -> None:
    events = [
        replace(one, values={"place": one.values.get("name"), "date": one.true})
        for one in case.claims
        if one.values
    ]
    slices = fold(ACCIDENT_GUARDS, ACCIDENT, Case(tuple(events)))
    for one in slices:
        assert one.true_to == OPEN_END
        assert [other for other in slices if other.known_from == one.known_from] == [one]
