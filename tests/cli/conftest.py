"""How a person types, and a country to type about."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_story import Country, Type, build
from click.testing import CliRunner, Result

from fallow.cli import main


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Country:
    return build(tmp_path_factory.mktemp("built") / "country.gpkg")


@pytest.fixture
def country(built: Country, tmp_path: Path) -> Country:
    """A copy that a test may change."""
    import shutil

    folder = tmp_path / "office"
    shutil.copytree(built.path.parent, folder)
    return Country(folder / built.path.name, built.numbers, built.deliveries)


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An English-speaking person in an empty folder, whatever machine this is."""
    for name in ("FALLOW_REGISTER", "FALLOW_PASSPHRASE", "FALLOW_DEBUG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FALLOW_LANG", "en")
    monkeypatch.setenv("COLUMNS", "240")
    desk = tmp_path / "desk"
    desk.mkdir()
    monkeypatch.chdir(desk)


@pytest.fixture
def fallow() -> Iterator[Type]:
    """Type a command line; a traceback on the terminal fails every test."""
    runner = CliRunner()

    def typed(*words: Any, status: int = 0, text: str | None = None) -> Result:
        result = runner.invoke(main, [str(one) for one in words], input=text)
        assert "Traceback" not in result.output
        assert result.exit_code == status, (
            f"{words}: {result.exit_code}\n{result.output}\n{result.exception!r}"
        )
        return result

    yield typed


@pytest.fixture
def told(fallow: Type) -> Callable[..., Any]:
    """Type a command line with ``--json`` and read what it prints."""

    def asked(*words: Any, status: int = 0) -> Any:
        return json.loads(fallow(*words, "--json", status=status).stdout)

    return asked
