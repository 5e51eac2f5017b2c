"""Casualties of one accident that two sources reported: judged the same, nobody is counted twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fallow
from fallow.register import Draft, create_register


def said(kind: str, record: str, source: str, **fields: Any) -> Draft:
    return Draft(
        kind=kind,
        record=record,
        source=source,
        author=source,
        true="2020-05-01",
        fields={"code": record, **fields},
    )


def total(register: Any, **more: Any) -> int:
    result = fallow.run("casualties", register, **more)
    return next(int(line.values["casualties"]) for line in result.lines)


def test_victims_of_both_reports_are_those_of_the_one_accident(tmp_path: Path) -> None:
    day = {"date": "2020-05-01"}
    of = {**day, "accident_type": "mine", "killed": 2}
    with create_register(tmp_path / "country.gpkg", title="Test", invented=True) as register:
        numbers = register.add(
            [
                said("accident", "a1", "village", **of),
                said("accident", "a2", "hospital", **of),
                said("victim", "v1", "village", **day, outcome="killed", accident="a1"),
                said("victim", "v2", "hospital", **day, outcome="killed", accident="a2"),
            ]
        )
        outcome = register.approve(numbers, by="im", why="x")
        assert outcome.approved == 4, outcome
        assert total(register) == 4  # two accidents of two people each
        register.same("a1", "a2", by="im", why="one accident")
        assert total(register) == 2
        register.different("a1", "a2", by="im", why="two accidents")
        assert total(register) == 4
