"""Step 4, results: what an analysis found, as a publication of one table a result, every number bound.

The notes, the "one source says so" and S4's stamp travel with the numbers, so a bare table leaves with the
same warnings as a treaty report.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fallow.analysis import Key, Measure, Result, telling
from fallow.analysis.result import Fields
from fallow.publish.audience import PEOPLE
from fallow.publish.publication import (
    Cell,
    Column,
    Figure,
    Publication,
    Row,
    Stamp,
    Table,
    Unit,
    classes_of,
)
from fallow.register import Register
from fallow.words import LANGUAGES, Text, catalogue

NOT_RECORDED = "publish.not_recorded"
NOT_APPLICABLE = "publish.not_applicable"

_UNITS: Mapping[str, Unit] = {"": "count", "m2": "m2", "%": "percent"}


def of_results(
    results: Sequence[Result] | Mapping[str, Result], register: Register, *, title: Text | None = None
) -> Publication:
    """Results as they are: a table each, in order, with a figure behind every number.

    Parameters
    ----------
    results
        By a short name, or in a row; those of one analysis are then numbered.
    title
        The title of the only result, or a general one, when empty.
    """
    named = dict(results) if isinstance(results, Mapping) else _named(results)
    first = next(iter(named.values()), None)
    clocks = first.recipe if first else None
    return Publication(
        name="result",
        version=1,
        title=title or (first.title if first and len(named) == 1 else catalogue()["publish.results"]),
        blocks=tuple(table_of(name, one, register) for name, one in named.items()),
        results=named,
        stamp=stamp(
            register,
            known=clocks.known if clocks else None,
            true=clocks.true if clocks else None,
            head=clocks.head if clocks else None,
        ),
        classes=classes_of(register.model),
    )


def stamp(
    register: Register, *, known: str | None = None, true: str | None = None, head: int | None = None
) -> Stamp:
    """S4's words for whatever is made from a register on these clocks; ``ENTRY_UNKNOWN`` for a wrong head."""
    number, hash, at = register.ledger.head()
    earlier = None if head == number else head  # the last head is the present: no prefix to fold
    if earlier is not None:
        entry = register.entry(earlier)
        number, hash, at = earlier, entry.hash, entry.at
    view = register.at(known=known, true=true, head=earlier)
    # Records of people are on no map, and how many there are is a number about people.
    spatial = [one.name for one in register.model.kinds.values() if one.shapes and one.name not in PEOPLE]
    without = {name: view.unlocated(name) for name in spatial}
    return Stamp(
        programme=str(register.settings.get("title", "")),
        register=register.id,
        data_date=at[:10],
        head=number,
        head_hash=hash.hex(),
        known=view.known,
        true=view.true,
        unlocated={name: count for name, count in without.items() if count or name == "hazard"},
        invented=bool(register.settings.get("invented")),
    )


def table_of(
    name: str,
    result: Result,
    register: Register,
    *,
    id: str | None = None,
    title: Text | None = None,
    measures: Sequence[str] | None = None,
    notes: Sequence[Text] = (),
    hxl: Mapping[str, str] | None = None,
    own_notes: bool = True,
) -> Table:
    """One result as a table: a row a line, a column a key and a measure.

    Parameters
    ----------
    name
        What the result is called in the publication.
    register
        Where the records that its notes name have their names.
    measures
        Names of the measures shown, in order; all when empty.
    notes
        Said under the table before the notes of the result.
    own_notes
        Whether those follow; a publication that shows one result in two tables says them once.
    hxl
        HXL tags by name of a key or measure, over those that Fallow knows.
    """
    tags = hxl or {}
    chosen = [one for one in result.measures if measures is None or one.name in measures]
    if measures is not None:
        chosen.sort(key=lambda one: list(measures).index(one.name))
    columns = [key_column(one, tags.get(one.name)) for one in result.keys]
    columns += [measure_column(one, tags.get(one.name), people=result.people) for one in chosen]
    rows = []
    for line in result.lines:
        keys = (*line.key, *[""] * (len(result.keys) - len(line.key)))
        rows.append(
            Row(
                (
                    *(Cell(value) for value in keys),
                    *(bound(name, result, one.name, *line.key) for one in chosen),
                ),
                total=is_total(result, line.key),
            )
        )
    return Table(
        id=id or ascii_id(name),
        title=title or result.title,
        columns=tuple(columns),
        rows=tuple(rows),
        notes=(*notes, *(notes_of(result, register) if own_notes else ())),
    )


def is_total(result: Result, key: tuple[str, ...]) -> bool:
    """Whether a line sums others: it has fewer keys than the table, or says so."""
    return bool(result.keys) and (len(key) < len(result.keys) or key[0] in ("", "total"))


def bound(name: str, result: Result, measure: str, *key: str) -> Cell:
    """One number of a result with its figure; what is missing says why it is."""
    value = result.value(measure, *key)
    if value is not None:
        return Cell(value, Figure(name, measure, key))
    unit = next(one.unit for one in result.measures if one.name == measure)
    why = telling.instead(result) or (NOT_APPLICABLE if unit == "%" else NOT_RECORDED)
    return Cell(None, Figure(name, measure, key), why)


def key_column(key: Key, hxl: str | None = None) -> Column:
    """The column of what rows are about; an empty value stands for all of them."""
    everything = catalogue()["publish.all"]
    # A label for "unknown" alone makes no code list: years and names of places are read as they are.
    coded = bool(set(key.values) - {"unknown"})
    return Column(
        name=key.name,
        label=key.label,
        unit="code" if coded else "text",
        values={**key.values, "": everything, "total": everything},
        hxl=hxl if hxl is not None else HXL.get(key.name, ""),
        fields=fields_of(key),
    )


def fields_of(key: Key) -> Fields | None:
    """The fields whose values a key shows: those it names, or those of the books of land."""
    return key.fields if key.fields is not None else _LAND.get(key.name)


_LAND: Mapping[str, Fields] = {
    "contamination": (("hazard", "contamination"),),
    "class": (("hazard", "hazard_class"),),
    "ordnance": (("hazard", "ordnance"),),
    "province": (("hazard", "admin1"),),
    "place": (("hazard", "admin2"),),
    "province_code": (("hazard", "admin1_code"),),
    "place_code": (("hazard", "admin2_code"),),
    "operator": (("organisation", "name"),),
    "theirs": (("hazard", "code"),),
    "detail": (("hazard", "status"), ("hazard", "hazard_class")),
    **dict.fromkeys(("period", "year", "kind", "record", "difference", "column", "cell", "why", "step"), ()),
}
"""The keys of the books, all of them of hazards; other analyses name the fields of their keys themselves."""


def measure_column(measure: Measure, hxl: str | None = None, *, people: bool = False) -> Column:
    """The column of a measure; ``people`` when it counts them, which its HXL tag then says."""
    return Column(
        name=measure.name,
        label=measure.label,
        unit=_UNITS.get(measure.unit, "number"),
        hxl=hxl if hxl is not None else _tag(measure, people=people),
        fields=(),
    )


def _tag(measure: Measure, *, people: bool) -> str:
    """The HXL tag of a measure: of people affected only where people are counted, of an area in m2."""
    tag = HXL.get(measure.name, "")
    if tag.startswith("#affected") and not people:
        tag = tag.replace("#affected", "#indicator", 1)
    if measure.unit == "m2" and tag and not tag.endswith("+m2"):
        tag = f"{tag.removesuffix('+num')}+m2"
    return tag


def notes_of(result: Result, register: Register) -> tuple[Text, ...]:
    """The notes of a result as sentences in every language, the records in them by name."""
    called = telling.names_of(register, result.recipe, telling.noted(result))
    return tuple(note_of(key, facts, called) for key, facts in result.notes)


def note_of(key: str, facts: Mapping[str, Any], called: Mapping[str, str] | None = None) -> Text:
    """One note as a sentence in every language."""
    if not facts:
        return catalogue()[key]
    return {lang: telling.note(key, facts, called, lang) for lang in LANGUAGES}


def ascii_id(name: str) -> str:
    """A name as an id: lower-case letters, digits and ``_``."""
    return re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_") or "table"


def _named(results: Sequence[Result]) -> dict[str, Result]:
    named: dict[str, Result] = {}
    for one in results:
        name, number = one.name, 1
        while name in named:
            number += 1
            name = f"{one.name}_{number}"
        named[name] = one
    return named


HXL: Mapping[str, str] = {
    "year": "#date+year",
    "month": "#date+month",
    "period": "#date+period",
    "province": "#adm1+name",
    "place": "#adm2+name",
    "province_code": "#adm1+code",
    "place_code": "#adm2+code",
    "operator": "#org+impl",
    "donor": "#org+funder",
    "sex": "#indicator+sex",
    "age": "#indicator+age",
    "outcome": "#indicator+outcome",
    "status": "#indicator+status",
    "device": "#cause+type",
    "activity": "#activity+type",
    "class": "#impact+class",
    "contamination": "#impact+type",
    "ordnance": "#item+type",
    "casualties": "#affected+casualties",
    "killed": "#affected+killed",
    "injured": "#affected+injured",
    "unknown": "#affected+unknown",
    "date_uncertain": "#affected+date_uncertain",
    "share": "#indicator+percent",
    "opening": "#indicator+area+opening+m2",
    "newly_identified": "#indicator+area+new+m2",
    "corrected": "#indicator+area+corrected+m2",
    "reclassified": "#indicator+area+reclassified+m2",
    "cancelled": "#indicator+area+cancelled+m2",
    "reduced": "#indicator+area+reduced+m2",
    "cleared": "#indicator+area+cleared+m2",
    "released": "#indicator+area+released+m2",
    "closing": "#indicator+area+closing+m2",
    "remaining": "#indicator+area+remaining+m2",
    "remaining_sha": "#indicator+area+sha+remaining+m2",
    "remaining_cha": "#indicator+area+cha+remaining+m2",
    "remaining_other": "#indicator+area+other+remaining+m2",
    "remaining_hazards": "#indicator+hazards+remaining+num",
    "remaining_sha_hazards": "#indicator+hazards+sha+remaining+num",
    "remaining_cha_hazards": "#indicator+hazards+cha+remaining+num",
    "remaining_other_hazards": "#indicator+hazards+other+remaining+num",
    "needed_per_year": "#indicator+area+needed+m2",
    "closing_hazards": "#indicator+hazards+closing+num",
    "closing_no_area": "#indicator+hazards+closing+no_area+num",
    "category": "#item+type",
    "model": "#item+model",
    "during": "#activity+type",
    "work": "#activity+type",
    "type": "#activity+type",
    "method": "#activity+method",
    "audience": "#population+type",
    "service": "#service+type",
    "disability": "#indicator+disability",
    "marking": "#indicator+marking",
    "what": "#indicator+name",
    "record": "#meta+id",
    "found": "#item+found+num",
    "destroyed": "#item+destroyed+num",
    "handed_over": "#item+handed_over+num",
    "awaiting": "#item+awaiting+num",
    "left_in_place": "#item+left+num",
    "fate_unknown": "#item+fate_unknown+num",
    "unlisted": "#item+unlisted+num",
    "by_find_date": "#item+by_find_date+num",
    "processed": "#indicator+area+processed+m2",
    "works": "#activity+num",
    "silent": "#indicator+not_recorded+num",
    "areas": "#indicator+hazards+num",
    "signs": "#output+signs+num",
    "sessions": "#activity+sessions+num",
    "attendance": "#reached+attendance",
    "women": "#reached+f+adults",
    "men": "#reached+m+adults",
    "girls": "#reached+f+children",
    "boys": "#reached+m+children",
    "reach": "#reached+indirect+estimated",
    "with_disability": "#reached+disabled",
    "first_time": "#reached+first_time",
    "survivors": "#affected+survivors",
    "referred": "#affected+referred",
    "waiting": "#affected+referral+waiting",
    "not_wanted": "#affected+referral+not_wanted",
    "needs": "#inneed+services",
    "provided": "#reached+services",
    "followed_up": "#reached+services+followed_up",
    "lost": "#affected+services+lost",
    "direct": "#beneficiary+direct",
    "indirect": "#beneficiary+indirect",
    "releases": "#activity+releases+num",
    "now": "#indicator+month+num",
    "month_before": "#indicator+month_before+num",
    "year_before": "#indicator+year_before+num",
    "change_month": "#indicator+change+month+num",
    "change_year": "#indicator+change+year+num",
    "inside": "#indicator+area+m2",
    "distance": "#indicator+distance+m",
    "number": "#indicator+num",
}
"""HXL 1.1 hashtags (https://hxlstandard.org) of the columns that analyses have; unknown columns have none."""
