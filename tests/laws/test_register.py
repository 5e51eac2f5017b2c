"""Laws of the register: what its tables show is what its ledger folds to, whatever was done."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fallow.errors import FallowError
from fallow.register import Draft, Register
from fixtures_register import Days, make, says, square, two_release_officers

SHAPES = (square(46.0, size=0.01), square(46.0, size=0.02), square(46.3), None)
months = st.builds("2020-{:02}".format, st.integers(1, 6))
WORDS: dict[str, st.SearchStrategy[Any]] = {
    "hazard_class": st.sampled_from(("sha", "cha", None)),
    "status": st.sampled_from(("open", "worked_on", "closed")),
    "name": st.sampled_from(("Hill", "Mound")),
    "depth": st.sampled_from((10, 20.5, None)),
    "ordnance": st.sampled_from((["uxo"], ["ap_mine", "uxo"], None)),
    "marked": st.booleans(),
}


@st.composite
def drafts(draw: st.DrawFn) -> list[Draft]:
    """A delivery: some hazards, some accidents, several statements about some of them."""
    found = []
    for _ in range(draw(st.integers(1, 5))):
        source = draw(st.sampled_from(("survey", "village")))
        learned = draw(st.sampled_from((None, "2019-05-05", "2020-12-01")))
        if draw(st.integers(0, 3)):
            fields = draw(st.fixed_dictionaries({}, optional=WORDS))
            shape = {"shape": draw(st.sampled_from(SHAPES))} if draw(st.booleans()) else {}
            record = draw(st.sampled_from(("h1", "h2", "h3")))
            found.append(says(record, draw(months), source=source, learned=learned, **fields, **shape))
        else:
            day = draw(months)
            record = draw(st.sampled_from(("a1", "a2")))
            found.append(says(record, day, kind="accident", date=day, source=source, learned=learned))
    return found


verbs = st.sampled_from(
    ("approve", "approve", "reject", "again", "resolve", "sign", "same", "different", "withdraw")
)


def act(register: Register, verb: str, numbers: Sequence[int], people: Sequence[str], pick: int) -> None:
    """One verb; a refusal by name is as good as any other outcome."""
    chosen = numbers[pick % len(numbers)] if numbers else 0
    try:
        match verb:
            case "approve":
                register.approve([chosen], by="im.officer", why="x")
            case "again":
                register.approve(numbers, by="im.officer", why="x", as_of="2021-01-02" if pick % 2 else None)
            case "reject":
                register.reject([chosen], by="im.officer", why="x")
            case "resolve":
                register.resolve("h1", "hazard_class", chosen, by="im.officer", why="x")
            case "sign":
                register.release([f"h{1 + pick % 3}"], "status", by=people[pick % 2], why="x")
            case "same" | "different":
                getattr(register, verb)("h1", "h2", by="im.officer", why="x")
            case "withdraw" if numbers:
                register.add([says("h1", "2020-07", withdraws=(chosen,))])
    except FallowError as refused:
        assert refused.code in {
            "RECORD_UNKNOWN",
            "REPORT_NOT_ON_FIELD",
            "NOTHING_TO_SIGN",
            "SIGNED_ALREADY",
            "STEP_UNKNOWN",
            "STEP_FORBIDDEN",
            "STATE_START",
            "DATE_IN_FUTURE",
        }, refused


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=25)
@given(
    parcels=st.lists(drafts(), min_size=1, max_size=3),
    acts=st.lists(st.tuples(verbs, st.integers(0, 20), st.integers(0, 9)), max_size=8),
)
def test_the_tables_show_what_the_ledger_folds_to(
    parcels: list[list[Draft]], acts: list[tuple[str, int, int]]
) -> None:
    """Fresh path, fold path and the fold of the whole prefix give the same rows."""
    folder = Path(tempfile.mkdtemp())
    days = Days("2021-01-01")
    try:
        with make(folder, days) as register:
            people = two_release_officers(register)
            numbers: list[int] = []
            queue = list(acts)
            for parcel in parcels:
                numbers += register.add(parcel)
                for verb, pick, later in queue[:3]:
                    days.on(f"2021-01-{1 + later:02}")
                    act(register, verb, numbers, people, pick)
                queue = queue[3:]
            register.approve(numbers, by="im.officer", why="the rest")
            verdict = register.verify(refold=True)
            assert verdict.holds, [one.as_dict() for one in verdict.findings]
            head = register.at(head=register.ledger.head()[0])
            for kind in ("hazard", "accident"):
                now = sorted(register.at().records(kind), key=lambda one: one.id)
                assert now == sorted(head.records(kind), key=lambda one: one.id)
                for known, true in (("2021-01-03", None), ("2021-01-05", "2020-03-10"), (None, "2020-02-29")):
                    both = [
                        {
                            one.id: one.fields
                            for one in register.at(known=known, true=true, head=which).records(kind)
                        }
                        for which in (None, register.ledger.head()[0])
                    ]
                    assert both[0] == both[1]
    finally:
        shutil.rmtree(folder)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=25)
@given(parcel=drafts(), size=st.sampled_from((1, 2, 100)))
def test_approved_one_by_one_or_all_at_once_is_the_same_history(parcel: list[Draft], size: int) -> None:
    """The short way for first reports and the long way for the rest meet in the same rows."""
    folder = Path(tempfile.mkdtemp())
    plain = [draft for draft in parcel if draft.fields.get("status") != "closed"]
    if not plain:
        shutil.rmtree(folder)
        return
    histories = []
    try:
        for name, step in (("parts", size), ("whole", len(plain))):
            (folder / name).mkdir()
            with make(folder / name, Days("2021-01-01")) as register:
                numbers = list(register.add(plain))
                for start in range(0, len(numbers), step):
                    register.approve(numbers[start : start + step], by="im.officer", why="x")
                register.approve(numbers, by="im.officer", why="what waited for another")
                histories.append(
                    [
                        sorted(
                            (
                                one.id,
                                one.known_from,
                                one.true_from,
                                one.true_to,
                                str(one.fields),
                                one.geometry or b"",
                            )
                            for day in ("2020-01-15", "2020-03-31", "2020-12-31")
                            for one in register.at(true=day).records(kind)
                        )
                        for kind in ("hazard", "accident")
                    ]
                )
        assert histories[0] == histories[1]
    finally:
        shutil.rmtree(folder)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=20)
@given(shapes=st.lists(st.sampled_from(SHAPES[:3]), min_size=1, max_size=4), resolve=st.booleans())
def test_s1_a_box_search_finds_every_shape_that_a_source_stands_by(
    shapes: list[bytes], resolve: bool
) -> None:
    """From the outside: whoever asks for the ground under any claimed shape is told of the hazard."""
    folder = Path(tempfile.mkdtemp())
    try:
        with make(folder, Days("2021-01-01")) as register:
            parcel = [says("h", "2020-01", source=f"source {i}", shape=one) for i, one in enumerate(shapes)]
            numbers = list(register.add(parcel))
            register.approve(numbers, by="im.officer", why="x")
            standing = shapes
            if resolve:
                register.resolve("h", "geometry", numbers[0], by="im.officer", why="visited")
                standing = shapes[:1]
            for wkb in standing:
                west, south, east, north = shapely.bounds(shapely.from_wkb(wkb))
                middle = ((west + east) / 2, (south + north) / 2)
                assert register.at().count("hazard", bbox=(*middle, *middle)) == 1
    finally:
        shutil.rmtree(folder)
