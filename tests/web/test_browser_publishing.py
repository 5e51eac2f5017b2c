"""In a real browser: a report is looked at and downloaded, a bundle checked, by keys and without scripts."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from test_browser import CONTRAST
from web_story import PASSPHRASE, Programme

from fallow.publish import prepare, publish
from fallow.register import open_register
from fallow.words import say

pytestmark = pytest.mark.browser


@pytest.fixture
def browse(chromium: Any, address: str) -> Iterator[Any]:
    """Open a page in a language; afterwards nothing must have gone wrong but what was entered wrongly."""
    contexts, wrong = [], []

    def make(language: str, size: tuple[int, int] = (1280, 900), **more: Any) -> Any:
        viewport = {"width": size[0], "height": size[1]}
        context = chromium.new_context(viewport=viewport, locale=language, **more)
        context.add_cookies([{"name": "fallow_language", "value": language, "url": address}])
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(address) else wrong.append(asked.url))
        return page

    yield make
    for context in contexts:
        context.close()
    assert [one for one in wrong if "422" not in one] == []


@pytest.fixture(scope="module")
def bundle(programme: Programme, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "out"
    with open_register(programme.path, passphrase=PASSPHRASE) as register:
        made = prepare("monitor_casualties", register)
        publish(made, folder, "public", register=register, formats=("csv",), bundle=True)
    return folder / "bundle.zip"


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("script", [True, False])
def test_a_report_is_looked_at_and_downloaded(
    browse: Any, address: str, tmp_path: Path, language: str, script: bool
) -> None:
    page = browse(language, java_script_enabled=script)
    page.goto(f"{address}/publish")
    page.get_by_role("link", name=say("publish.article7", language)).click()
    page.get_by_label(re.compile(re.escape(say("analysis.param.year", language)))).fill("twenty")
    page.get_by_role("radio", name=re.compile(re.escape(say("publish.audience.public", language)))).check()
    page.get_by_role("button", name=say("web.publish.look", language)).click()
    refused = page.get_by_role("alert")
    assert "PARAMETER_YEAR" in refused.inner_text()
    field = page.locator("#ask-year")
    assert field.input_value() == "twenty" and field.get_attribute("aria-invalid") == "true"
    field.fill("2021")
    field.press("Enter")
    page.wait_for_selector("#look")
    assert page.url.endswith("/publish/article7#look"), "what was entered is in no address"
    paper = page.locator(".paper")
    assert paper.get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
    assert say("publish.silence", language) in paper.inner_text()
    assert say("publish.withheld", language) in paper.inner_text()
    assert page.locator(".paper tbody th[scope=row]").count() > 5
    with page.expect_download() as expected:
        page.get_by_role("button", name=say("web.publish.download", language)).last.click()
    file = tmp_path / expected.value.suggested_filename
    expected.value.save_as(file)
    assert file.name == "article7-2021-public.zip"
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        manifest = orjson.loads(archive.read("manifest.json"))
    assert names == {f"article7.{language}.xlsx", f"article7.{language}.pdf", "manifest.json"}
    assert manifest["audience"] == "public"


def test_a_number_on_the_page_opens_what_is_behind_it(browse: Any, address: str) -> None:
    page = browse("en")
    page.goto(f"{address}/publish/monitor_casualties")
    page.get_by_role("radio").nth(1).check()
    page.get_by_role("button", name=say("web.publish.look", "en")).click()
    assert page.evaluate("document.activeElement.id") == "look", "focus goes to what is new"
    page.get_by_role("table", name="Casualties by year").get_by_role(
        "link", name="1", exact=True
    ).first.click()
    assert page.locator("h1").inner_text().count("1")
    assert "/figures/casualties/explain" in page.url


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_bundle_is_checked(browse: Any, address: str, bundle: Path, tmp_path: Path, language: str) -> None:
    page = browse(language)
    page.goto(f"{address}/check")
    page.get_by_label(re.compile(re.escape(say("web.check.bundle", language)))).first.set_input_files(bundle)
    page.get_by_role("button", name=say("web.check.do", language)).click()
    verdict = page.locator("#found-title")
    assert "does_not_hold" not in str(verdict.get_attribute("class")), page.locator("main").inner_text()
    assert page.evaluate("document.activeElement.id") == "found-title"
    assert page.locator(".checked tr.holds").count() > 3
    broken = tmp_path / "bundle.zip"
    broken.write_bytes(bundle.read_bytes()[:-50])
    page.locator("#check-bundle").set_input_files(broken)
    page.get_by_role("button", name=say("web.check.do", language)).click()
    assert "does_not_hold" in str(page.locator("#found-title").get_attribute("class"))
    assert "BUNDLE_UNREADABLE" in page.locator(".checked").inner_text()


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("path", ["/publish", "/publish/article7", "/publish/parcel_statement", "/check"])
def test_every_control_is_reached_by_keys_and_seen(
    browse: Any, address: str, language: str, path: str
) -> None:
    page = browse(language)
    page.goto(f"{address}{path}")
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        said = page.evaluate(
            """() => { const one = document.activeElement, style = getComputedStyle(one);
            const name = one.id || one.value || one.className;
            return [one.tagName, name, style.outlineStyle, style.outlineWidth]; }"""
        )
        if said[0] == "BODY":
            break
        seen.add((said[0], said[1]))
        assert said[2] != "none" and said[3] != "0px", f"focus cannot be seen on {said}"
    forms = page.locator("main :is(input:not([type=hidden]), select, textarea, button)").count()
    radios = page.locator("main input[type=radio]").count()
    reached = len([one for one in seen if one[0] in ("INPUT", "SELECT", "TEXTAREA", "BUTTON")])
    # a group of radio buttons is one stop
    assert reached >= forms - max(radios - 1, 0), seen


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("ru", "light"), ("ar", "dark")])
def test_a_telephone_reads_every_page_and_words_stand_out(
    browse: Any, address: str, bundle: Path, language: str, scheme: str
) -> None:
    page = browse(language, (390, 800), color_scheme=scheme)

    def looks_right() -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, page.url
        assert page.evaluate(CONTRAST) == [], page.url

    for path in ("/publish", "/publish/parcel_statement", "/check", "/publish/article7"):
        page.goto(f"{address}{path}")
        looks_right()
    page.fill("#ask-year", "2021")
    page.check("input[value=public]")
    page.locator(".ask button").first.click()
    page.wait_for_selector("#look")
    looks_right()
    page.goto(f"{address}/check")
    page.set_input_files("#check-bundle", bundle)
    page.locator(".ask button").click()
    page.wait_for_selector("#found-title")
    looks_right()
