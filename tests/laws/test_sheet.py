"""Laws of the sheet: many first statements at once write the very bytes that their drafts write one by one.

The drafts take the general way (gate, body, ledger, fold where needed); the sheet takes the short one.
Ledger, index of reports and history must be the same to the last byte, and the fold of the ledger must agree.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fallow.errors import FallowError
from fallow.register import Draft, Register, Sheet, create_register, open_register

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
RECORDS = [f"00000000-0000-8000-8000-{i:012d}" for i in range(6)]
SHAPES = (
    shapely.to_wkb(shapely.box(46.0, 40.0, 46.01, 40.02), byte_order=1),
    shapely.to_wkb(shapely.Point(46.5, 40.5).buffer(0.01), byte_order=1),
    shapely.to_wkb(shapely.box(0, 0, 3, 3).difference(shapely.box(1, 1, 2, 2)), byte_order=1),
    shapely.to_wkb(shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)]), byte_order=1),
    shapely.to_wkb(shapely.box(5.0, 5.0, 6.0, 6.0), byte_order=0),
    None,
)
CELLS: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from((None, ",", "Hill", 'The "old" mill \\ east', "Гора", "")),
    "status": st.sampled_from((None, "open", "worked_on", "closed")),
    "declared_area": st.sampled_from((None, 20, 20.0, 0.1, 1e15)),
    "devices_expected": st.sampled_from((None, 0, 7, 2**62)),
    "ordnance": st.sampled_from((None, ["ap_mine"], ["ap_mine", "uxo"])),
    "anti_lift_suspected": st.sampled_from((None, True, False)),
    "ordnance_types": st.sampled_from((None, [RECORDS[0]], [RECORDS[1], RECORDS[0]])),
    "parent": st.sampled_from((None, RECORDS[0])),
    "remarks": st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=5),
}
NEEDED: dict[str, st.SearchStrategy[Any]] = {
    "code": st.sampled_from(("H-1", "H-2")),
    "hazard_class": st.sampled_from(("sha", "cha", "cha", None)),
    "date_of_information": st.sampled_from(("2024", "2024-02", "2024-02-29")),
}
ORIGINALS: tuple[dict[str, str], ...] = (
    {},
    {"hazard_class": "SHA"},
    {"name": " Hill", "date_of_information": ""},
)


@st.composite
def sheets(draw: st.DrawFn) -> Sheet:
    rows = draw(st.integers(1, 5))
    apart = draw(st.booleans())
    records = draw(st.lists(st.sampled_from(RECORDS), min_size=rows, max_size=rows, unique=apart))
    chosen = draw(st.sets(st.sampled_from(sorted(CELLS))))
    columns = {name: draw(_many(one, rows)) for name, one in NEEDED.items()}
    columns |= {name: draw(_many(CELLS[name], rows)) for name in sorted(chosen)}
    held = draw(
        st.dictionaries(
            st.integers(0, rows - 1), st.sampled_from((("OUTSIDE_COUNTRY",), ("NULL_ISLAND", "HUGE_AREA")))
        )
    )
    return Sheet(
        kind="hazard",
        source="survey",
        learned=draw(st.sampled_from((None, "2025-01-31"))),
        records=records,
        authors=draw(_many(st.sampled_from(("Ana", "Nuno")), rows)),
        trues=columns["date_of_information"],
        columns=columns,
        originals=draw(_many(st.sampled_from(ORIGINALS), rows)),
        shapes=draw(st.one_of(st.none(), _many(st.sampled_from(SHAPES), rows))),
        wheres=draw(_many(st.sampled_from(("", "a.gpkg row 1", 'b".csv \\ row 2')), rows)),
        held=held if draw(st.booleans()) else {},
        apart=apart,
    )


def _many(one: st.SearchStrategy[Any], rows: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(one, min_size=rows, max_size=rows)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sheet") / "empty"
    folder.mkdir()
    create_register(folder / "r.gpkg", title="Law", clock=lambda: NOW).close()
    return folder


def opened(empty: Path, name: str) -> Register:
    folder = empty.parent / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(empty, folder)
    return open_register(folder / "r.gpkg", clock=lambda: NOW)


def numbered_ids() -> Any:
    """Entry ids that do not depend on chance, so that two registers can be compared byte by byte."""
    numbers: Iterator[int] = count(1)
    return patch(
        "fallow.register.ledger.new_ids",
        lambda many, _=None: [f"00000000-0000-7000-8000-{next(numbers):012d}" for _ in range(many)],
    )


def content(register: Register) -> dict[str, list[Any]]:
    """Everything that is stored, rows in the order of what they say."""
    run = register._connection.execute
    names = [
        row[0]
        for row in run("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'gpkg_%'")
        if not row[0].startswith("rtree_")
    ]
    found = {}
    for name in names:
        columns = [
            row[1] for row in run(f'PRAGMA table_info("{name}")') if row[1] not in ("fid", "signature")
        ]
        listed = ", ".join(f'"{one}"' for one in columns)
        found[name] = sorted(run(f'SELECT {listed} FROM "{name}"').fetchall(), key=repr)
    found["indexes"] = sorted(run("SELECT type, name, sql FROM sqlite_master").fetchall(), key=repr)
    return found


def earlier(register: Register, told: bool) -> None:
    """A record that another source spoke about before."""
    if told:
        fields = {"code": "X", "hazard_class": "cha", "date_of_information": "2023"}
        numbers = register.add([Draft("hazard", RECORDS[0], "village", "Bo", "2023", fields)])
        register.approve([numbers], by="head", why="seen")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=sheets(),
    second=st.one_of(st.none(), sheets()),
    told=st.booleans(),
    as_of=st.sampled_from((None, "2025-02-02")),
    accept=st.sampled_from(((), ("OUTSIDE_COUNTRY",))),
)
def test_a_sheet_writes_what_its_drafts_write(
    empty: Path, first: Sheet, second: Sheet | None, told: bool, as_of: str | None, accept: tuple[str, ...]
) -> None:
    both = [one for one in (first, second) if one is not None]
    if len(both) == 2 and set(first.records) & set(second.records if second else ()):
        both = both[:1]  # a record apart comes once in a delivery; one that does not is tried within a sheet
    with opened(empty, "one") as one, opened(empty, "other") as other:
        with numbered_ids():
            earlier(one, told)
            with one.writing(), one.approving("im", "law", as_of, accept) as act:
                for sheet in both:
                    one.add_sheet(sheet, 1, act)
            quick = act.outcome
        with numbered_ids():
            earlier(other, told)
            with other.writing(), other.approving("im", "law", as_of, accept) as act:
                for sheet in both:
                    drafts = sheet.drafts()
                    act.receive(other.add(drafts, 1), drafts, other.today())
        assert content(one) == content(other)
        assert sorted(quick.held) == sorted(act.outcome.held)
        assert sorted(map(repr, quick.refused)) == sorted(map(repr, act.outcome.refused))
        assert (quick.approved, quick.decision) == (act.outcome.approved, act.outcome.decision)
        verdict = one.verify(refold=True)
        assert verdict.holds, verdict.findings


@given(sheet=sheets())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_without_an_act_a_sheet_is_drafts(empty: Path, sheet: Sheet) -> None:
    with opened(empty, "one") as one, opened(empty, "other") as other:
        with numbered_ids():
            one.add_sheet(sheet, 1)
        with numbered_ids():
            other.add(sheet.drafts(), 1)
        assert content(one) == content(other)
        assert one.verify(refold=True).holds


@pytest.mark.parametrize(
    ("column", "cells", "code"),
    [
        ("hazard_class", ["sha", "nonsense"], "CODE_UNKNOWN"),
        ("hazard_class", ["sha", ["sha"]], "VALUE_TYPE"),
        ("name", ["Hill", 7], "VALUE_TYPE"),
        ("declared_area", [1.0, float("nan")], "VALUE_TYPE"),
        ("declared_area", [1.0, True], "VALUE_TYPE"),
        ("devices_expected", [1, 2**63], "VALUE_TYPE"),
        ("devices_expected", [1, 1.0], "VALUE_TYPE"),
        ("ordnance", [["ap_mine"], [1]], "VALUE_TYPE"),
        ("anti_lift_suspected", [True, 1], "VALUE_TYPE"),
        ("nonsense", ["a", "b"], "FIELD_UNKNOWN"),
    ],
)
def test_what_the_gate_refuses_of_a_draft_it_refuses_of_a_sheet(
    empty: Path, column: str, cells: list[Any], code: str
) -> None:
    columns = {"code": ["1", "2"], "hazard_class": ["sha", "sha"], column: cells}
    sheet = Sheet(
        "hazard", "survey", None, RECORDS[:2], ["Ana"] * 2, ["2024"] * 2, columns, [{}, {}], None, ["", ""]
    )
    with opened(empty, "one") as register:
        before = register.ledger.head()
        for enter in (register.add_sheet, lambda one: register.add(one.drafts())):
            with pytest.raises(FallowError) as refused:
                enter(sheet)
            assert refused.value.code == code
        assert register.ledger.head() == before


def test_names_in_several_languages_are_stored_alike(empty: Path) -> None:
    names = [{"uk": "Гора", "en": "Hill"}, None]
    with opened(empty, "one") as register:
        kind, field = next(
            (kind, one)
            for kind in register.model.kinds.values()
            for one in kind.stored
            if one.type == "names"
        )
        columns = {field.name: names}
        sheet = Sheet(
            kind.name,
            "survey",
            None,
            RECORDS[:2],
            ["Ana"] * 2,
            ["2024"] * 2,
            columns,
            [{}, {}],
            None,
            ["", ""],
        )
        with register.approving("im", "law") as act:
            register.add_sheet(sheet, 0, act)
        assert register.verify(refold=True).holds
