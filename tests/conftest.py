"""What every test may use: the real data, a fresh register, long proofs on demand, and strictness in CI."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from strictness import IN_CI

ROOT = Path(__file__).resolve().parents[1]

# `ci` repeats exactly what it did before, so that a red build is red for everyone; `home` explores.
settings.register_profile(
    "ci",
    derandomize=True,
    max_examples=200,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "home", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "long", max_examples=5_000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if IN_CI else "home"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--long``."""
    parser.addoption("--long", action="store_true", help="the whole of the long proofs, not the small share")


def pytest_configure(config: pytest.Config) -> None:
    """Choose the profile with the most examples for ``--long``."""
    if config.getoption("--long"):
        settings.load_profile("long")


@pytest.fixture(scope="session")
def long(request: pytest.FixtureRequest) -> bool:
    """Whether the whole of the long proofs is asked for."""
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real deliveries that lies beside the project; nothing of it is copied into it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        # Not `missing`: the data are not ours to give away, so a clean clone elsewhere has none.
        pytest.skip("the real deliveries (../shared/data) are not on this machine")
    return folder


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Any]:
    """A fresh, small, open register in a folder of its own."""
    from fallow.register import create_register

    made = create_register(tmp_path / "register.gpkg", title="A register for a test", invented=True)
    try:
        yield made
    finally:
        made.close()
