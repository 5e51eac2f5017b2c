"""Two invented kinds, small enough to see at once, that the tests of this room bend and break."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fallow.words import LANGUAGES


def words(english: str) -> str:
    """Words in all seven languages as YAML; the translations are English with the language before them."""
    return (
        "{"
        + ", ".join(f'{one}: "{english if one == "en" else f"{one} {english}"}"' for one in LANGUAGES)
        + "}"
    )


CRATER = f"""\
kind: crater
id: crater
group: object
clock: state
label: {words("Crater")}
plural: {words("Craters")}
about: {words("A hole in the ground.")}
source: IMAS 07.11
geometry: {{shapes: [point, polygon], unknown: true, class: public, danger: true}}
date: seen_on
title: code
symbol: status
fields:
  - {{id: crater.1, name: code, type: text, class: public, required: draft, label: {words("Code")}}}
  - {{id: crater.2, name: seen_on, type: date, class: public, required: draft, label: {words("Seen on")}}}
  - {{id: crater.3, name: status, type: code, codes: crater_status, class: public, label: {words("Status")}}}
  - id: crater.4
    name: area
    type: quantity
    unit: m2
    low: 0
    class: public
    label: {words("Area")}
    hint: {words("Measured on the ground")}
  - {{id: crater.5, name: owner, type: text, class: personal, label: {words("Owner")}}}
  - {{id: crater.6, name: people, type: integer, low: 0, high: 120, class: restricted,
     label: {words("People")}}}
  - {{id: crater.7, name: near, type: codes, codes: near, class: public, label: {words("Near")}}}
  - {{id: crater.8, name: titles, type: names, class: public, label: {words("Titles")}}}
  - {{id: crater.9, name: fenced, type: yes_no, class: public, label: {words("Fenced")}}}
  - {{id: crater.10, name: depth, type: decimal, high: 30, class: public, label: {words("Depth")}}}
states:
  - field: status
    start: [open]
    steps:
      - {{come: open, go: [closed, unknown], needs: [two_signatures]}}
      - {{come: [closed, unknown], go: open}}
    forbidden:
      - {{come: closed, go: unknown, why: {words("Closed stays known.")}}}
rules: [nothing_remains]
"""

VISIT = f"""\
kind: visit
id: visit
group: process
clock: event
label: {words("Visit")}
plural: {words("Visits")}
about: {words("Somebody was there.")}
date: day
title: day
fields:
  - {{id: visit.1, name: day, type: date, class: public, label: {words("Day")}}}
  - {{id: visit.2, name: at, type: time, class: public, label: {words("At")}}}
  - {{id: visit.3, name: crater, type: link, link: crater, reverse: {words("Visits here")}, class: public,
     label: {words("Crater")}}}
  - {{id: visit.4, name: others, type: links, link: crater, reverse: {words("Further visits")}, class: public,
     label: {words("Other craters")}}}
  - {{id: visit.5, name: photo, type: file, class: personal, label: {words("Photo")}}}
  - {{id: visit.6, name: band, type: code, codes: band, class: public, label: {words("Age band")}}}
"""

HEADER = "code,danger,guard,symbol,low,high,since,until," + ",".join(LANGUAGES)


def row(code: str, english: str, *cells: str) -> str:
    """One line of a code list: code, the seven cells before the words, the words."""
    filled = [*cells, *[""] * (7 - len(cells))]
    return ",".join([code, *filled, *(english if one == "en" else f"{one} {english}" for one in LANGUAGES)])


STATUS = [
    HEADER,
    row("*", "Status of a crater"),
    row("open", "Open", "3", "", "#ff0000"),
    row("closed", "Closed", "1", "release"),
    row("unknown", "Unknown", "3"),
]
NEAR = [HEADER, row("*", "Near"), row("road", "Road"), row("field", "Field"), row("WATER", "Water")]
BAND = [
    HEADER,
    row("*", "Age band", "", "", "bands"),
    row("b0_17", "Under 18", "", "", "", "0", "17"),
    row("b18_45", "18 to 45", "", "", "", "18", "45"),
    row("b46", "46 and over", "", "", "", "46"),
    row("unknown", "Unknown"),
]

FILES = {
    "catalogue/crater.yaml": CRATER,
    "catalogue/visit.yaml": VISIT,
    "codes/crater_status.csv": "\n".join(STATUS) + "\n",
    "codes/near.csv": "\n".join(NEAR) + "\n",
    "codes/band.csv": "\n".join(BAND) + "\n",
}

Declare = Callable[..., Path]


def line_of(text: str, needle: str) -> int:
    """The line, counted from 1, on which a text first stands."""
    return text[: text.index(needle)].count("\n") + 1
