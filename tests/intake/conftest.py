"""A desk to bring small sources in at: a folder for the source, a register that is thrown away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from desk import DATA, Desk

from fallow.kinds import Model, load_kinds
from fallow.register import Register, create_register


@pytest.fixture(scope="session")
def model() -> Model:
    return load_kinds()


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    with create_register(tmp_path / "country.gpkg", title="Test", country="CO") as opened:
        yield opened


@pytest.fixture
def desk(tmp_path: Path, register: Register) -> Desk:
    return Desk(tmp_path, register)


@pytest.fixture
def real() -> Callable[[str], Path]:
    """A folder of the real files; skips where they are not."""

    def folder(name: str) -> Path:
        found = DATA / name
        if not found.exists():
            pytest.skip(f"the real files are not here: {name}")
        return found

    return folder
