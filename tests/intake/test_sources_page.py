"""docs/sources.md: every key is there, and the example is brought in as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from desk import Desk

from fallow.intake import bring_in, source_load, source_records

PAGE = (Path(__file__).parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")
KEYS = (
    *source_load.TOP_KEYS,
    *source_load.TABLE_KEYS,
    *source_load.READ_KEYS,
    *source_load.COUNT_KEYS,
    *source_records.RECORD_KEYS,
    *source_records.FIELD_KEYS,
    *source_records.GEOMETRY_KEYS,
    "code",
    "do",
    "by",
    "why",
)


@pytest.mark.parametrize("key", sorted(set(KEYS)))
def test_every_key_is_on_the_page(key: str) -> None:
    assert f"`{key}`" in PAGE or re.search(rf"[{{ ,]{key}: ", PAGE)


def test_the_example_is_brought_in_as_it_stands(desk: Desk) -> None:
    rows = PAGE.split("```csv\n")[1].split("```")[0]
    description = PAGE.split("```yaml\n")[1].split("```")[0]
    folder = desk.write(description, hazards__csv=rows)
    receipt = bring_in(folder, desk.register, approve_by="im.officer", why="the page")
    assert (receipt.rows, receipt.approved, receipt.refused) == (2, 2, 0)
    assert receipt.columns.left_over == ()
    areas = {one.fields["code"]: one.fields["declared_area"] for one in desk.register.at().records("hazard")}
    assert areas == {"H-001": 15_000.0, "H-002": 2_500.0}
