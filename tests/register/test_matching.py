"""Links are led to records by tables of bytes as by a dictionary, whatever an id looks like."""

from __future__ import annotations

import random
from collections.abc import Sequence
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from fallow.register import matching
from fallow.register.matching import FILLER, lines_of, positions


def by_dictionary(links: Sequence[str], among: Sequence[str], others: dict[str, str]) -> list[int]:
    at = {name: position for position, name in enumerate(among)}
    return [at.get(others.get(one, one), -1) for one in links]


IDS = some.uuids().map(str) | some.text("abcé-", min_size=1, max_size=40)


@given(some.lists(IDS, unique=True, max_size=30), some.lists(IDS, max_size=5), some.data())
def test_a_link_leads_where_a_dictionary_leads(
    among: list[str], strange: list[str], data: some.DataObject
) -> None:
    one = some.sampled_from([*among, *strange, FILLER])
    links = data.draw(some.lists(one, min_size=1, max_size=40))
    others = (
        data.draw(some.dictionaries(one.filter(str.strip), one.filter(str.strip), max_size=4))
        if among
        else {}
    )
    found = positions(lines_of(links), lines_of(among), others).tolist()
    assert found == by_dictionary(links, among, others)


def test_many_links_are_found_in_several_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 3,000 ids in 4,096 places many are taken twice."""
    monkeypatch.setattr(matching, "_MOST_BITS", 12)
    rng = random.Random(1)
    among = [str(UUID(int=rng.getrandbits(128))) for _ in range(3_000)]
    links = rng.choices([*among, FILLER, *(one[::-1] for one in among)], k=5_000)
    lines = matching._lines(lines_of(links)), matching._lines(lines_of(among))
    assert lines[0] is not None
    assert lines[1] is not None
    found = matching._by_hash(lines[0], lines[1])
    assert found is not None
    assert found.tolist() == by_dictionary(links, among, {})


def test_two_ids_of_one_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "_hash", lambda lines: np.zeros(len(lines), dtype=np.uint64))
    among = [str(UUID(int=one)) for one in range(3)]
    links = [among[2], among[0], str(UUID(int=9))]
    assert positions(lines_of(links), lines_of(among), {}).tolist() == [2, 0, -1]
    assert positions(lines_of(links[2:]), lines_of(among[1:2]), {}).tolist() == [-1], (
        "a hash that is met is no id that is met"
    )


def test_no_link_leads_nowhere() -> None:
    assert positions(b"", b"a\n", {}).tolist() == []
    assert positions(lines_of([FILLER]), b"", {}).tolist() == [-1]
