"""In a real browser: the map draws, its clocks redraw it, no mouse is needed, and nothing leaves."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from web_story import Programme

from fallow.words import say

pytestmark = pytest.mark.browser

# Software rendering in a container talks about its own speed; that is no fault of the page.
OF_THE_DRIVER = re.compile(r"GPU stall due to ReadPixels|GroupMarkerNotSet|swiftshader", re.IGNORECASE)


class Page:
    """One page of the browser, which remembers everything that went wrong on it."""

    def __init__(self, context: Any, address: str) -> None:
        self.address = address
        self.page = context.new_page()
        self.wrong: list[str] = []
        self.outside: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", self._asked)

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning") and not OF_THE_DRIVER.search(message.text):
            self.wrong.append(message.text)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.outside.append(request.url)

    def open(self, path: str = "/") -> Any:
        self.page.goto(self.address + path)
        if self.page.locator("#map").count():
            self.settle()
        return self.page

    def settle(self, draws: int = 1) -> None:
        """Wait until the map was drawn so often, and is not being drawn again."""
        atlas = self.page.locator(".atlas")
        for _ in range(1_200):
            drawn = int(atlas.get_attribute("data-drawn") or 0)
            if drawn >= draws and atlas.get_attribute("data-drawing") is None:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"the map was drawn {drawn} times in a minute, not {draws}")

    def picture(self, clip: dict[str, int] | None = None) -> Any:
        """Pixels as an array of rows of RGB; the browser itself unpacks the PNG."""
        shot = base64.b64encode(self.page.screenshot(clip=clip)).decode()
        wide, high, raw = self.page.evaluate(UNPACK, shot)
        return np.frombuffer(base64.b64decode(raw), np.uint8).reshape(high, wide, 4)[:, :, :3].astype(int)


UNPACK = """async shot => {
  const bytes = Uint8Array.from(atob(shot), one => one.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
  const pen = new OffscreenCanvas(image.width, image.height).getContext('2d');
  pen.drawImage(image, 0, 0);
  const reader = new FileReader();
  reader.readAsDataURL(new Blob([pen.getImageData(0, 0, image.width, image.height).data]));
  await new Promise(done => (reader.onload = done));
  return [image.width, image.height, reader.result.split(',')[1]];
}"""


@pytest.fixture
def visit(chromium: Any, address: str) -> Iterator[Callable[..., Page]]:
    """Open pages in a language, theme and size; afterwards nothing must have gone wrong or outside on any."""
    pages: list[Page] = []
    contexts = []

    def make(
        language: str = "en", scheme: str = "light", size: tuple[int, int] = (1440, 900), **more: Any
    ) -> Page:
        viewport = {"width": size[0], "height": size[1]}
        context = chromium.new_context(viewport=viewport, color_scheme=scheme, locale=language, **more)
        context.add_cookies([{"name": "fallow_language", "value": language, "url": address}])
        contexts.append(context)
        pages.append(Page(context, address))
        return pages[-1]

    yield make
    wrong = [one for page in pages for one in page.wrong]
    outside = [one for page in pages for one in page.outside]
    for context in contexts:
        context.close()
    assert wrong == []
    assert outside == [], "a page asked something of a network"


def near(picture: Any, colour: tuple[int, int, int], within: int = 40) -> int:
    """How many pixels are near a colour."""
    return int((abs(picture - colour).max(axis=2) <= within).sum())


MIDDLE = {"x": 300, "y": 80, "width": 730, "height": 620}
"""The part of the map that no card covers, at 1440 by 900."""


def test_the_map_draws_what_the_register_holds(visit: Callable[..., Page]) -> None:
    visitor = visit()
    page = visitor.open()
    picture = visitor.picture(MIDDLE)
    assert near(picture, (255, 0, 0)) > 500, "confirmed areas are hatched in red"
    assert near(picture, (244, 167, 24)) > 500, "suspected areas are hatched in amber"
    assert page.locator("#legend .lines fieldset:not([hidden])").count() >= 4
    hazard = page.locator('#legend fieldset[data-kind="hazard"]')
    assert "8" in hazard.locator("legend .n").inner_text()
    assert say("web.unlocated", "en") in hazard.inner_text()
    assert page.locator("#side tbody tr").count() == 9


def test_a_hazard_too_small_to_see_is_still_seen(visit: Callable[..., Page], programme: Programme) -> None:
    # The tiny one is 3 metres wide and stands alone at 18.25, 44.75: far out it must still be a dot.
    visitor = visit()
    for zoom in (6, 9, 12):
        page = visitor.open(f"/?at={zoom}/44.75002/18.25002&lines=hazard.sha")
        box = page.locator("#map").bounding_box()
        middle = {"x": int(box["x"] + box["width"] / 2) - 6, "y": int(box["y"] + box["height"] / 2) - 6}
        assert near(visitor.picture({**middle, "width": 12, "height": 12}), (244, 167, 24)) >= 12, zoom


def test_the_clocks_redraw_the_map(visit: Callable[..., Page]) -> None:
    visitor = visit()
    page = visitor.open()
    now = visitor.picture(MIDDLE)
    assert page.locator("#clock .later").inner_text() == ""
    page.fill("#known-date", "2021-12-31")
    visitor.settle(2)
    assert page.locator("#clock .sentence .known").inner_text() == "31 December 2021"
    assert page.locator('#legend fieldset[data-kind="hazard"] legend .n').inner_text() == "7"
    assert "known=2021-12-31" in page.url and "true=" not in page.url
    assert "Later reports that change this picture" in page.locator("#clock .later").inner_text()
    then = visitor.picture(MIDDLE)
    assert (abs(now - then).max(axis=2) > 40).sum() > 500, "the picture changed"

    page.click("#differ")
    page.wait_for_selector("#side tbody tr .flag")
    assert "HA-008" in page.locator("#side tbody").inner_text()
    page.wait_for_timeout(800)
    assert near(visitor.picture(MIDDLE), (43, 95, 138)) > 100, "what came later is outlined in blue"

    page.click("#now")
    visitor.settle(3)
    assert page.locator('#legend fieldset[data-kind="hazard"] legend .n').inner_text() == "8"
    assert "known=" not in page.url
    assert page.locator("#differ").count() == 0


def test_the_slider_moves_with_the_keyboard(visit: Callable[..., Page]) -> None:
    visitor = visit()
    page = visitor.open()
    page.focus("#true-range")
    page.keyboard.press("ArrowLeft")
    visitor.settle(2)
    assert re.search(r"true=\d{4}-\d\d-\d\d", page.url)
    assert (
        page.locator("#true-range").get_attribute("aria-valuetext")
        == page.locator("#clock .sentence .true").inner_text()
    )


def test_a_shared_address_shows_the_same_view(visit: Callable[..., Page], programme: Programme) -> None:
    visitor = visit()
    said = "known=2021-12-31&true=2021-06-30&at=11.00/44.72000/18.12000&lines=hazard.cha"
    page = visitor.open(f"/?{said}&record={programme.disputed}")
    page.wait_for_selector("#side .opened h1")
    assert "HA-003" in page.locator("#side .opened h1").inner_text()
    for part in ("known=2021-12-31", "true=2021-06-30", "at=11.00%2F44.72000%2F18.12000", "lines=hazard.cha"):
        assert part in page.url
    assert near(visitor.picture(MIDDLE), (244, 167, 24)) == 0, "the line that is off is not drawn"
    assert near(visitor.picture(MIDDLE), (255, 0, 0)) > 500


def test_a_record_is_reached_without_a_mouse(visit: Callable[..., Page], programme: Programme) -> None:
    visitor = visit()
    page = visitor.open()
    page.focus("#side tbody tr a")
    page.keyboard.press("Enter")
    page.wait_for_selector("#side .opened h1")
    assert page.evaluate("document.activeElement.className") == "back"
    assert "HA-002" in page.locator("#side .opened h1").inner_text()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/record/{programme.cha}*")
    assert "HA-002" in page.locator("h1").inner_text()
    assert page.locator(".life li").count() >= 2


def test_tabbing_reaches_every_control_and_shows_where_it_is(visit: Callable[..., Page]) -> None:
    visitor = visit()
    page = visitor.open()
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        said = page.evaluate(
            """() => { const one = document.activeElement, style = getComputedStyle(one);
            return [one.id || one.className || one.tagName, style.outlineStyle, style.outlineWidth]; }"""
        )
        if said[0] == "map":  # the body: past the last control the browser goes round to itself
            break
        seen.add(said[0])
        assert said[1] != "none" and said[2] != "0px", f"focus cannot be seen on {said[0]}"
    assert {"true-range", "known-range", "true-date", "known-date", "now", "play", "find"} <= seen
    assert any("maplibregl-canvas" in one for one in seen)


def test_a_click_on_the_map_opens_the_record(visit: Callable[..., Page], programme: Programme) -> None:
    visitor = visit()
    page = visitor.open("/?at=13/44.73/18.06")
    box = page.locator("#map").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector("#side .opened h1")
    assert "HA-002" in page.locator("#side .opened h1").inner_text()
    assert f"record={programme.cha}" in page.url
    page.click("#side .opened .back")
    assert page.locator("#side .listed").is_visible()


def test_playing_walks_through_the_years_and_stops(visit: Callable[..., Page]) -> None:
    visitor = visit()
    page = visitor.open("/?known=2022-12-31&true=2022-12-31")
    page.click("#play")
    visitor.settle(2)
    assert page.locator("#play").inner_text() == say("web.clock.stop", "en")
    visitor.settle(4)
    page.click("#play")
    assert page.locator("#play").get_attribute("aria-pressed") == "false"
    said = re.search(r"known=(\S{10}).*true=(\S{10})", page.url)
    assert said and said[1] == said[2] > "2022-12-31", "both clocks walk together"


def test_a_lost_register_is_said_on_the_map(visit: Callable[..., Page]) -> None:
    visitor = visit()
    page = visitor.open()
    refusal = '{"code":"REGISTER_MISSING","what":"There is no register.","remedy":"Check the path."}'
    page.route(
        "**/api/tile/**",
        lambda route: route.fulfill(status=410, body=refusal, content_type="application/json"),
    )
    page.fill("#known-date", "2021-12-31")
    page.wait_for_selector("#trouble:not([hidden])")
    assert say("web.trouble", "en") in page.locator("#trouble").inner_text()
    visitor.wrong = [one for one in visitor.wrong if "410" not in one]


def test_arabic_runs_from_right_to_left(visit: Callable[..., Page]) -> None:
    page = visit("ar").open()
    assert page.locator("html").get_attribute("dir") == "rtl"
    boxes = {name: page.locator(name).bounding_box() for name in ("#legend", "#side", ".logo", ".languages")}
    assert boxes["#legend"]["x"] > boxes["#side"]["x"]
    assert boxes[".logo"]["x"] > boxes[".languages"]["x"]
    fonts = page.evaluate(
        "document.fonts.ready.then(all => [...all].filter(f => f.status === 'loaded').map(f => f.family))"
    )
    assert any("Arabic" in one for one in fonts), "the shipped Arabic type is used"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("language", ["en", "ar", "ru"])
@pytest.mark.parametrize("path", ["/", "/records/hazard", "/record/{cha}", "/about"])
def test_a_telephone_can_read_every_page(
    visit: Callable[..., Page], programme: Programme, language: str, path: str
) -> None:
    page = visit(language, size=(360, 740)).open(path.format(cha=programme.cha))
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator("h1, #find").first.is_visible()


CONTRAST = """() => {
  const pen = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgb = colour => {
    pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
  };
  const linear = v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
  const ground = one => {
    for (; one; one = one.parentElement) {
      const colour = rgb(getComputedStyle(one).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return rgb('white');
  };
  const bad = [];
  for (const one of document.querySelectorAll('body *')) {
    if (one.closest('.maplibregl-map, [hidden], .hidden, .skip, svg') || !one.offsetParent) continue;
    if (![...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim())) continue;
    const words = light(rgb(getComputedStyle(one).color)), paper = light(ground(one));
    const ratio = (Math.max(words, paper) + .05) / (Math.min(words, paper) + .05);
    const start = one.textContent.trim().slice(0, 30);
    if (ratio < 4.5) bad.push(`${one.tagName}.${one.className} ${start} ${ratio}`);
  }
  return bad;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/records/hazard", "/record/{disputed}", "/about", "/nowhere"])
def test_words_stand_out_from_their_ground(
    visit: Callable[..., Page], programme: Programme, scheme: str, path: str
) -> None:
    visitor = visit(scheme=scheme)
    page = visitor.open(path.format(disputed=programme.disputed))
    assert page.evaluate(CONTRAST) == [], "contrast below 4.5 to 1 (WCAG AA)"
    visitor.wrong = [one for one in visitor.wrong if path != "/nowhere" or "404" not in one]


def test_the_dark_theme_draws_the_same_hazards(visit: Callable[..., Page]) -> None:
    visitor = visit(scheme="dark")
    page = visitor.open()
    picture = visitor.picture(MIDDLE)
    assert picture.mean() < 90, "dark"
    assert near(picture, (244, 167, 24)) > 500
    page.emulate_media(color_scheme="light")
    page.wait_for_timeout(1500)
    assert visitor.picture(MIDDLE).mean() > 150, "the map follows the theme without a reload"
