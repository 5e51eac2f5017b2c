"""Step 4, treaty: the transparency report under Article 7 of the Anti-Personnel Mine Ban Convention.

One calendar year, forms A to J in their order and K for the rest. What the register answers is there in full
with its figures; what only an authority's own files know is printed empty and says so. Land is told at the
end of the year, work within it. Mined areas only: battle areas and cluster strikes are in other reports.
"""

from __future__ import annotations

from collections.abc import Iterator

from fallow.analysis import Line
from fallow.publish.builders import Made, Making, publication
from fallow.publish.publication import Absent, Block, Cell, Column, Row, Table
from fallow.publish.reports.blocks import (
    article7_of,
    education,
    form_c,
    land_year,
    left_to_hand,
    victims,
    warning,
)
from fallow.publish.reports.forms import LAND, form, heading, missing, text
from fallow.publish.results import NOT_RECORDED
from fallow.words import catalogue

MINED = frozenset({"mined_area", "mixed", "unknown"})
"""Contamination that Form C is about; unknown is held as suspected."""

MINES = frozenset({"ap_mine", "av_mine", "improvised_mine", "mine", "booby_trap"})


@publication("article7", version=1)
def article7(making: Making, *, year: int | str) -> Made:
    """The Article 7 report of the Anti-Personnel Mine Ban Convention for a calendar year, forms A to K.

    Parameters
    ----------
    year
        The calendar year it covers; it is due on 30 April of the next.
    """
    return article7_of(making, "article7", year, _forms)


def _forms(making: Making, year: int) -> Iterator[Block]:
    yield from left_to_hand("article7", "ab")
    yield heading("publish.article7.form_c")
    yield from form_c(making, year, _mined)
    yield from left_to_hand("article7", "de")
    yield heading("publish.article7.form_f")
    making.run("progress", until=str(year))
    yield form(
        making,
        "progress",
        id="f_progress",
        title="publish.forms.progress",
        kinds=LAND,
        keep=_mined_year,
        zeros=True,
    )
    yield heading("publish.article7.form_g")
    yield from land_year(making, year, _mined, "g")
    making.run("destroyed", year=year)
    making.run("found", "ordnance", year=year)
    kinds = ("ordnance_find", "activity", "land_release")
    yield form(
        making,
        "destroyed",
        id="g_destroyed",
        title="publish.forms.destroyed",
        kinds=kinds,
        period=str(year),
    )
    yield form(making, "found", id="g_found", title="publish.forms.found", kinds=kinds, period=str(year))
    making.run("processed", year=year)
    yield form(
        making,
        "processed",
        id="g_processed",
        title="publish.forms.processed",
        kinds=("activity", "land_release"),
        period=str(year),
        measures=("processed", "works", "silent", "date_uncertain"),
    )
    yield heading("publish.article7.form_h")
    yield _characteristics(making)
    yield heading("publish.article7.form_i")
    yield from warning(making, year, "i", "contamination,class,marking", _mined)
    yield from education(making, year, "i")
    yield heading("publish.article7.form_j")
    yield from victims(making, year, "j")
    yield from left_to_hand("article7", "k")


def _mined(line: Line) -> bool:
    return bool(line.key) and line.key[0] in MINED


def _mined_year(line: Line) -> bool:
    return len(line.key) == 2 and line.key[1] in MINED


_FIELDS = (
    "name",
    "ordnance_category",
    "country",
    "treaties",
    "item_length",
    "diameter",
    "height",
    "total_mass",
    "explosive",
    "case_material",
    "metal_content",
    "colour",
    "activation_means",
)


def _characteristics(making: Making) -> Table | Absent:
    """Form H: the catalogue of types as the register has it; words, not figures."""
    title = catalogue()["publish.forms.characteristics"]
    why = missing(making, ("ordnance_type",))
    if why is not None:
        return Absent("h_characteristics", title, why)
    model = making.register.model
    kind = model.kinds["ordnance_type"]
    fields = [one for name in _FIELDS if (one := kind.field(name)) is not None]
    columns = []
    for one in fields:
        labels = {code.code: code.label for code in model.codes(one)} if one.codes else {}
        label = (
            {lang: f"{words} ({one.unit})" for lang, words in one.label.items()} if one.unit else one.label
        )
        columns.append(Column(one.name, label, "text", labels, fields=((kind.name, one.name),)))
    rows = []
    found = making.register.at(**making.clocks).records("ordnance_type")
    for record in sorted(found, key=lambda each: (str(each.fields.get("name")), each.id)):
        mine = record.fields.get("ordnance_category") in MINES
        if mine or "apmbc" in (record.fields.get("treaties") or ()):
            cells = (_as_text(record.fields.get(one.name)) for one in fields)
            rows.append(Row(tuple(Cell(one) if one else Cell(None, None, NOT_RECORDED) for one in cells)))
    if not rows:
        return Absent("h_characteristics", title, text("publish.why.not_in_period", period="APMBC"))
    return Table("h_characteristics", title, tuple(columns), tuple(rows))


def _as_text(value: object) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
