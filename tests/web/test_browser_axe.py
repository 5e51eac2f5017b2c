"""In a real browser: axe-core finds nothing on any page that keeps somebody from reading or using it.

It measures the rules of WCAG 2.2, A and AA, that a machine can measure, and what its makers hold to be good
practice. It comes from npm, is locked in ``web/package-lock.json``, and no page of Fallow has any of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_browser_publishing import bundle as bundle
from test_figure_pages import question
from web_story import Programme

from fallow.analysis import analyses
from fallow.publish import publications
from fallow.words import say

pytestmark = pytest.mark.browser

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async rules => (await axe.run(document, { runOnly: rules })).violations.map(
  one => `${one.id}: ` + one.nodes.slice(0, 2).map(node => node.html.slice(0, 160)).join(' | '))"""

LOOKS = [("en", 1280, "light"), ("ar", 390, "dark")]
"""Language, width in pixels and theme: between them every rule that depends on one of these is asked."""


@pytest.fixture(params=LOOKS, ids=lambda look: "-".join(map(str, look)))
def looked(request: pytest.FixtureRequest, chromium: Any, address: str) -> Iterator[tuple[str, Any]]:
    """A language, and a page of a browser in it."""
    language, width, scheme = request.param
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, locale=language, color_scheme=scheme
    )
    context.add_cookies([{"name": "fallow_language", "value": language, "url": address}])
    yield language, context.new_page()
    context.close()


def violations(page: Any) -> list[str]:
    """What axe finds on a page as it stands."""
    if page.locator("#map").count():
        page.wait_for_selector(".atlas[data-drawn]:not([data-drawing])", state="attached")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    return [f"{page.url} {one}" for one in page.evaluate(RUN, RULES)]


def paths(programme: Programme) -> list[str]:
    """Every page that an address leads to, the refusals among them."""
    return [
        "/",
        f"/?record={programme.disputed}",
        "/records",
        "/records/hazard",
        "/records/hazard?q=nothing",
        f"/record/{programme.disputed}",
        f"/record/{programme.release}",
        f"/record/{programme.victim}",
        "/figures",
        *(question(name) for name in analyses()),
        "/figures/casualties?by=year",
        "/figures/books?each=year&by=class",
        "/figures/books/explain?measure=closing",
        "/publish",
        *(f"/publish/{name}" for name in publications()),
        "/check",
        "/about",
        "/nowhere",
        "/records/hazard?page=99",
    ]


def test_no_page_keeps_anybody_out(looked: tuple[str, Any], address: str, programme: Programme) -> None:
    _, page = looked
    found = []
    for path in paths(programme):
        page.goto(address + path)
        found += violations(page)
    assert found == []


def test_nor_does_what_a_form_answers(
    looked: tuple[str, Any], address: str, bundle: Path, tmp_path: Path
) -> None:
    language, page = looked
    page.goto(f"{address}/publish/article7")
    look = page.get_by_role("button", name=say("web.publish.look", language)).first
    page.locator("input[value=public]").check()
    page.locator("#ask-year").fill("twenty")
    look.click()
    found = violations(page)
    assert page.get_by_role("alert").count() == 1
    page.locator("#ask-year").fill("2021")
    look.click()
    page.wait_for_selector("#look")
    found += violations(page)
    (broken := tmp_path / "bundle.zip").write_bytes(bundle.read_bytes()[:-50])
    for file in (bundle, broken):
        page.goto(f"{address}/check")
        page.locator("#check-bundle").set_input_files(file)
        page.get_by_role("button", name=re.compile(re.escape(say("web.check.do", language)))).click()
        page.wait_for_selector("#found-title")
        found += violations(page)
    assert found == []


def test_axe_would_say_so(looked: tuple[str, Any], address: str) -> None:
    """An axe that finds nothing anywhere would leave the other two tests green."""
    _, page = looked
    page.goto(f"{address}/check")
    page.evaluate("document.querySelector('label').remove()")
    assert any(one.partition(" ")[2].startswith("label:") for one in violations(page))
