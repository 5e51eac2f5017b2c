"""The two invented kinds of ``two_kinds.py``, written into a fresh folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from two_kinds import FILES, Declare

from fallow.kinds import Model, load_kinds


@pytest.fixture
def declare(tmp_path: Path) -> Declare:
    """Write the two kinds into a fresh folder after changes: ``declare({file: [(old, new), ...]})``."""
    made = 0

    def write(changes: dict[str, list[tuple[str, str]]] | None = None) -> Path:
        nonlocal made
        made += 1
        folder = tmp_path / f"declared{made}"
        for name, content in FILES.items():
            for old, new in (changes or {}).get(name, []):
                assert content.count(old) >= 1, f"{old!r} is not in {name}"
                content = content.replace(old, new, 1)
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return folder

    return write


@pytest.fixture
def model(declare: Declare) -> Model:
    """The two kinds, loaded."""
    return load_kinds(declared_in=declare())
