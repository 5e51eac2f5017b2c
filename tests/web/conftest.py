"""The invented programme of ``web_story.py`` behind a server, and a browser to look at it with."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from web_story import Programme, Visitor, build

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def built() -> None:
    """The scripts and base maps, built once; the second call of the tool is instant."""
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "build_web.py"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def programme(tmp_path_factory: pytest.TempPathFactory) -> Programme:
    return build(tmp_path_factory.mktemp("programme") / "country.gpkg")


@pytest.fixture
def visitor(programme: Programme, built: None) -> Visitor:
    return Visitor(programme.path)


@pytest.fixture(scope="session")
def address(programme: Programme, built: None) -> Iterator[str]:
    """A real server over the programme, on a free port of the loopback."""
    import waitress

    from fallow.web import application

    server = waitress.create_server(application(programme.path), host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    # closed by its own thread: a socket closed under its feet is an error there, told in some other test
    server.trigger.pull_trigger(server.close)
    thread.join(5)


FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The Chromium of this machine; skips at home without one, fails in CI."""
    import shutil

    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        reason = "no Chromium on PATH"
        if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
            pytest.fail(f"CI has to provide this: {reason}", pytrace=False)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()
