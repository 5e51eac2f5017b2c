"""Step 4, treaty: the transparency report under Article 7 of the Convention on Cluster Munitions.

Forms F (contaminated areas and their clearance), G (warning and risk education) and H (victims and
assistance, with sex and age) for one calendar year; the others are an authority's own and are printed empty.
"""

from __future__ import annotations

from collections.abc import Iterator

from fallow.analysis import Line
from fallow.publish.builders import Made, Making, publication
from fallow.publish.publication import Block
from fallow.publish.reports.blocks import RELEASED, article7_of, assisted, education, left_to_hand, warning
from fallow.publish.reports.forms import PEOPLE, end_of, form, heading

CLUSTER = "cluster_munition_remnant"


@publication("ccm_article7", version=1)
def ccm_article7(making: Making, *, year: int | str) -> Made:
    """The Article 7 report of the Convention on Cluster Munitions for a calendar year, forms F, G and H.

    Parameters
    ----------
    year
        The calendar year it covers; it is due on 30 April of the next.
    """
    return article7_of(making, "ccm_article7", year, _forms)


def _forms(making: Making, year: int) -> Iterator[Block]:
    yield from left_to_hand("ccm_article7", "abcde")
    yield heading("publish.ccm_article7.form_f")
    yield from _form_f(making, year)
    yield heading("publish.ccm_article7.form_g")
    yield from warning(making, year, "g", "contamination,ordnance,class,marking", _cluster)
    yield from education(making, year, "g")
    yield heading("publish.ccm_article7.form_h")
    yield from _form_h(making, year)
    yield from left_to_hand("ccm_article7", "ij")


def _form_f(making: Making, year: int) -> Iterator[Block]:
    making.run("land", "books", year=year, by="ordnance,class,province")

    def stands(line: Line) -> bool:
        return _cluster(line) and bool(line.values["closing"] or line.values["closing_hazards"])

    def moved(line: Line) -> bool:
        return _cluster(line) and any(line.values[one] for one in RELEASED)

    yield form(
        making,
        "land",
        id="f_areas",
        title="publish.forms.cluster_areas",
        kinds=("hazard",),
        period=str(year),
        keep=stands,
        measures=("closing_hazards", "closing", "closing_no_area"),
        notes=(end_of(making, year), "publish.note.cluster"),
    )
    yield form(
        making,
        "land",
        id="f_released",
        title="publish.forms.released",
        kinds=("hazard",),
        period=str(year),
        keep=moved,
        measures=RELEASED,
        notes=("publish.note.signed_only", "publish.note.cluster"),
        own_notes=False,
    )
    kinds = ("ordnance_find", "activity", "land_release")
    for name, analysis in (("found", "ordnance"), ("destroyed", "destroyed")):
        making.run(name, analysis, year=year, by="category,province")
        yield form(
            making,
            name,
            id=f"f_{name}",
            title=f"publish.forms.{name}",
            kinds=kinds,
            period=str(year),
            keep=_cluster_items,
        )


def _cluster(line: Line) -> bool:
    """Whole lines, not subtotals over other ordnance: cluster strikes, or land said to hold remnants."""
    if len(line.key) < 4:
        return False
    return line.key[0] == "cluster_strike" or CLUSTER in line.key[1].split(";")


def _cluster_items(line: Line) -> bool:
    return bool(line.key) and line.key[0] == CLUSTER


def _form_h(making: Making, year: int) -> Iterator[Block]:
    making.run("casualties_device", "casualties", year=year, by="device,sex,age")

    def of_cluster(line: Line) -> bool:
        return bool(line.key) and line.key[0] == CLUSTER

    yield form(
        making,
        "casualties_device",
        id="h_casualties",
        title="publish.forms.cluster_casualties",
        kinds=PEOPLE,
        period=str(year),
        keep=of_cluster,
    )
    making.run("casualties_sex_age", "casualties", year=year, by="sex,age")
    yield form(
        making,
        "casualties_sex_age",
        id="h_casualties_all",
        title="publish.forms.casualties_sex_age",
        kinds=PEOPLE,
        period=str(year),
        own_notes=False,
    )
    yield from assisted(making, year, "h")
