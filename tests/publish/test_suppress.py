"""Small numbers about people: nothing withheld can be worked out, and an attacker tries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from attacker import Tables, recovered, subtracted, system
from hypothesis import given, settings
from hypothesis import strategies as st

from fallow.analysis import Key, Line, Measure, Recipe, Result
from fallow.errors import FallowError
from fallow.publish import Figure
from fallow.publish.withholding.relations import relations_of
from fallow.publish.withholding.suppress import Suppression, suppression_of
from fallow.publish.withholding.worlds import Worlds, audit

Person = dict[str, str]
OUTCOMES = ("killed", "injured", "unknown")


def recipe(**parameters: Any) -> Recipe:
    return Recipe("casualties", 1, "r", 1, "00", None, None, parameters, 0, 0, 0, "", "0")


def counted(people: Sequence[Person], by: tuple[str, ...], *, shares: bool = False) -> Result:
    """The casualties of some people, broken down, with the total."""
    lines: dict[tuple[str, ...], list[int]] = {(): list(range(len(people)))}
    for i, one in enumerate(people):
        if by:
            lines.setdefault(tuple(one[name] for name in by), []).append(i)
    made = []
    for key, of in sorted(lines.items()):
        behind = {
            outcome: tuple(f"v{i}" for i in of if people[i]["outcome"] == outcome) for outcome in OUTCOMES
        }
        behind["casualties"] = tuple(sorted(f"v{i}" for i in of))
        values: dict[str, Any] = {name: len(records) for name, records in behind.items()}
        if shares and by:
            values["share"] = round(100 * len(of) / len(people), 4) if key else None
        made.append(Line(key, values, behind))
    names = ["casualties", *OUTCOMES]
    measures = [Measure(name, {"en": name}) for name in names]
    if shares and by:
        measures.append(Measure("share", {"en": "share"}, "%"))
    return Result(
        name="casualties",
        title={"en": "Casualties"},
        keys=tuple(Key(name, {"en": name}) for name in by),
        measures=tuple(measures),
        lines=tuple(made),
        reports={},
        recipe=recipe(by=list(by)),
        people=True,
        sums=(("casualties", OUTCOMES),),
    )


def every_table(people: Sequence[Person], names: Sequence[str], **rest: Any) -> dict[str, Result]:
    return {
        "_".join(by) or "total": counted(people, by, **rest)
        for size in range(len(names) + 1)
        for by in combinations(names, size)
    }


def told(results: Mapping[str, Result], withheld: frozenset[Figure]) -> Tables:
    """What is left, as the attacker sees it."""
    found = Tables()
    for number, (name, result) in enumerate(results.items()):
        for line in result.lines:
            keys = {key.name: value for key, value in zip(result.keys, line.key, strict=False)}
            values = {
                measure: None if Figure(name, measure, line.key) in withheld else value
                for measure, value in line.values.items()
            }
            found.add(number, keys, values)
    return found


def truth(results: Mapping[str, Result]) -> dict[Any, int]:
    return {cell: value or 0 for cell, value in told(results, frozenset()).values.items()}


def small(results: Mapping[str, Result], smallest: int = 5) -> frozenset[Figure]:
    return frozenset(
        Figure(name, measure, line.key)
        for name, result in results.items()
        for line in result.lines
        for measure, value in line.values.items()
        if measure != "share" and value is not None and 0 < value < smallest
    )


def attack(results: Mapping[str, Result], withheld: frozenset[Figure]) -> set[Any]:
    return recovered(system(told(results, withheld)), truth(results))


people = st.lists(
    st.fixed_dictionaries(
        {
            "year": st.sampled_from(["2021", "2022", "2023"]),
            "sex": st.sampled_from(["female", "male"]),
            "place": st.sampled_from(["north", "south", "west"]),
            "outcome": st.sampled_from(["killed", "injured", "injured", "injured", "unknown"]),
        }
    ),
    min_size=1,
    max_size=90,
)


@given(people, st.sampled_from([("year",), ("year", "sex"), ("year", "sex", "place")]), st.booleans())
@settings(max_examples=40)
def test_nothing_withheld_can_be_worked_out(some: list[Person], names: tuple[str, ...], shares: bool) -> None:
    results = every_table(some, names, shares=shares)
    found = suppression_of(results, 5)
    assert small(results) <= found.withheld
    assert not attack(results, found.withheld)


@given(people)
@settings(max_examples=30)
def test_each_withheld_number_is_open_to_as_many_values_as_are_small(some: list[Person]) -> None:
    """The linear program again, one number at a time: a small one may be any of five values or more."""
    from scipy.optimize import linprog

    results = every_table(some, ("year", "sex"))
    of = system(told(results, suppression_of(results, 5).withheld))
    values = truth(results)
    for i, cell in enumerate(of.cells):
        ends = []
        for sign in (1, -1):
            weights = [0] * len(of.cells)
            weights[i] = sign
            done = (
                linprog(weights, A_eq=of.matrix, b_eq=of.right, bounds=[(1, 10_000)] * len(of.cells))
                if (of.matrix.shape[0])
                else None
            )
            ends.append(sign * done.fun if done else sign * (1 if sign > 0 else -10_000))
        assert ends[1] - ends[0] > (3.5 if 0 < values[cell] < 5 else 0.5), cell


def crowd(**counts: int) -> list[Person]:
    """People by ``year_sex_outcome``."""
    found = []
    for name, count in counts.items():
        year, sex, outcome = name.split("_")
        found += [{"year": year[1:], "sex": sex, "outcome": outcome}] * count
    return found


CROWD = crowd(
    y2021_male_injured=40,
    y2021_female_injured=20,
    y2021_male_killed=9,
    y2022_male_injured=30,
    y2022_female_killed=1,
    y2022_male_killed=8,
    y2022_female_injured=12,
    y2021_female_killed=7,
    y2023_male_injured=25,
    y2023_female_injured=11,
    y2023_male_killed=6,
    y2023_female_killed=9,
)


def test_one_small_number_takes_others_with_it_and_no_more_than_it_must() -> None:
    results = every_table(CROWD, ("year", "sex"))
    found = suppression_of(results, 5)
    assert found.small == 1
    assert not attack(results, found.withheld)
    cells = {one for one in found.withheld if one.result == "year_sex"}
    assert Figure("year_sex", "killed", ("2022", "female")) in cells
    assert len(cells) <= 12, "of 44 numbers; a whole year or sex need not go"
    assert not any(one.result == "total" for one in found.withheld)


def test_without_more_the_same_attack_succeeds() -> None:
    """The control: only the small number withheld, and it is worked out."""
    results = every_table(CROWD, ("year", "sex"))
    only = small(results)
    assert len(only) == 1
    assert attack(results, only)
    assert subtracted(system(told(results, only)))


def test_a_number_hidden_in_two_that_add_up_to_few_is_no_secret() -> None:
    """1 and 1 that together are 2: the bound tells them, and so a third is withheld."""
    some = crowd(y2021_male_injured=40, y2021_female_injured=1, y2021_unknown_injured=1)
    results = every_table(some, ("sex",))
    two = frozenset(one for one in small(results))
    assert attack(results, two)
    assert not attack(results, suppression_of(results, 5).withheld)


def test_the_same_number_elsewhere_is_withheld_too() -> None:
    results = every_table(CROWD, ("year", "sex"))
    women = [one for one in CROWD if one["year"] == "2022"]
    other = counted(women, ("sex",))
    names = {i: f"v{j}" for i, j in enumerate(n for n, one in enumerate(CROWD) if one["year"] == "2022")}
    lines = tuple(
        replace(
            line,
            behind={
                measure: tuple(sorted(names[int(one[1:])] for one in records))
                for measure, records in line.behind.items()
            },
        )
        for line in other.lines
    )
    results["in_2022"] = replace(other, lines=lines, recipe=recipe(year=2022, by=["sex"]))
    found = suppression_of(results, 5).withheld
    for measure in ("casualties", *OUTCOMES):
        for sex in ("female", "male"):
            here, there = Figure("in_2022", measure, (sex,)), Figure("year_sex", measure, ("2022", sex))
            assert (here in found) == (there in found), measure


def test_shares_are_withheld_with_their_numbers_and_do_not_tell_them() -> None:
    results = {
        "sex": counted(
            crowd(y2021_male_injured=40, y2021_female_injured=3, y2021_x_injured=9), ("sex",), shares=True
        )
    }
    found = suppression_of(results, 5).withheld
    assert Figure("sex", "share", ("female",)) in found
    assert not attack(results, found)


def test_a_difference_gives_nothing_away() -> None:
    """298 and 301 tell 3: where the change is small, one of the two is withheld in every table."""

    def single(
        name: str, values: Mapping[str, int], behind: Mapping[str, tuple[str, ...]], **rest: Any
    ) -> Result:
        return Result(
            name, {"en": name}, (), tuple(Measure(one, {"en": one}) for one in values),
            (Line((), values, behind),), {}, replace(recipe(), analysis=name), people=True, **rest,
        )  # fmt: skip

    old, new = tuple(f"a{i}" for i in range(298)), ("b1", "b2", "b3")
    results = {
        "then": single("casualties", {"casualties": 298}, {"casualties": old}),
        "now": replace(
            single("casualties", {"casualties": 301}, {"casualties": (*old, *new)}),
            recipe=replace(recipe(), known="2023-04-29"),
        ),
        "why": single(
            "difference",
            {"before": 298, "after": 301, "change": 3},
            {"before": old, "after": (*old, *new), "change": new},
            sums=(("change", ("after", "-before")),),
        ),
    }
    found = suppression_of(results, 5).withheld
    assert Figure("why", "change") in found
    assert (Figure("why", "before") in found) == (Figure("then", "casualties") in found)
    assert (Figure("why", "after") in found) == (Figure("now", "casualties") in found)
    assert Figure("why", "before") in found or Figure("why", "after") in found
    stands = suppression_of(results, 5, frozenset({Figure("why", "change")}))
    assert stands == Suppression()


def test_an_accepted_number_that_gives_away_others_is_refused() -> None:
    results = every_table(crowd(y2021_male_killed=1, y2021_female_killed=1), ("sex",))
    with pytest.raises(FallowError) as refused:
        suppression_of(results, 5, frozenset({Figure("sex", "killed", ())}))
    assert refused.value.code == "ACCEPTED_TELLS"


def test_the_proof_can_fail() -> None:
    """A world that is none is found out, and a number without worlds is not proved."""
    relations = relations_of(every_table(CROWD, ("year",)), 5)
    (one, factor), *_ = relations.sums[0]
    assert factor
    with pytest.raises(ValueError, match="told"):
        audit(relations, frozenset(), {}, [({one: 1}, {})])
    with pytest.raises(ValueError, match="sum"):
        audit(relations, frozenset({one}), {}, [({one: 1}, {})])
    assert audit(relations, frozenset({one}), {one: 4}, []) == {one}
    witness = Worlds.of(relations).witness(one, 4)
    assert witness is not None
    everything = frozenset(range(len(relations.numbers)))
    assert not audit(relations, everything, {one: 4}, [witness])


def test_zeros_are_told_and_nothing_small_means_nothing_withheld() -> None:
    assert suppression_of({"one": counted([], ())}, 5) == Suppression()
    many = crowd(y2021_male_injured=40, y2022_female_killed=50)
    assert suppression_of(every_table(many, ("year",)), 5) == Suppression()
    assert suppression_of(every_table(CROWD, ("year", "sex")), 0) == Suppression()


def test_numbers_that_count_no_people_are_left_alone() -> None:
    result = replace(counted(crowd(y2021_male_killed=2), ()), people=False)
    assert suppression_of({"land": result}, 5) == Suppression()
    assert Counter(small({"land": result}))
