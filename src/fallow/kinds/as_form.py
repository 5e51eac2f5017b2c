"""Step 0, a kind as a form: an XLSForm workbook that ODK Collect and KoboCollect show on a phone.

A date stays as exact as it is known: beside each date the form asks whether the day, the month or only the
year is certain, and the answer is cut to that. Codes no longer offered are left out.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping

from fallow.kinds.as_page import languages_of
from fallow.kinds.model import Field, Kind, Model, Shape
from fallow.kinds.values import UNITS, VALUE_TYPES
from fallow.words import LANGUAGE_NAMES, LANGUAGES, Text, in_language, say

Row = dict[str, str]

_GEOMETRY: Mapping[Shape, str] = {"point": "geopoint", "line": "geotrace", "polygon": "geoshape"}
_GRAINS = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}
_YES_NO = ("yes", "no")

_PHOTO = "max-pixels=2560"
"""Longer side of a photograph: lot and year stamped on a fuze stay legible, a slow network carries it."""


def as_form(kind: Kind, model: Model) -> bytes:
    """The XLSX bytes of the form of a kind; the same model gives the same bytes.

    Geometry is asked as ``geom_point``, ``geom_line``, ``geom_polygon``; every other question has the name of
    its field. Personal fields are asked too: a form is where they come from.
    """
    languages = languages_of(model)
    survey = [*_survey(kind, languages)]
    sheets = {
        "survey": survey,
        "choices": [*_choices(kind, model, survey, languages)],
        "settings": [
            {
                "form_title": in_language(kind.label, "en"),
                "form_id": f"fallow_{kind.name}",
                "version": model.digest[:12],
                "default_language": _language(LANGUAGES[0]),
            }
        ],
    }
    return _workbook(sheets)


def _language(code: str) -> str:
    return f"{LANGUAGE_NAMES.get(code, code)} ({code})"


def _words(column: str, languages: Iterable[str], words: Text, after: str = "") -> Row:
    """Declared words in every language; where an overlay's language has none, English stands in."""
    return {f"{column}::{_language(one)}": in_language(words, one) + after for one in languages}


def _said(column: str, languages: Iterable[str], key: str, **facts: str) -> Row:
    """Words of the house in every language; they exist in seven, English stands in for a further one."""
    return {
        f"{column}::{_language(one)}": say(key, one if one in LANGUAGES else LANGUAGES[0], **facts)
        for one in languages
    }


def _survey(kind: Kind, languages: tuple[str, ...]) -> Iterator[Row]:
    for shape in kind.shapes:
        needed = not kind.location_unknown and len(kind.shapes) == 1
        yield {
            "type": _GEOMETRY[shape],
            "name": f"geom_{shape}",
            **_said("label", languages, f"xlsform.geom_{shape}"),
            **_required(languages, needed=needed),
        }
    for field in kind.fields:
        yield from _date(field, languages) if field.type == "date" else _question(field, languages)


def _question(field: Field, languages: tuple[str, ...]) -> Iterator[Row]:
    asked = VALUE_TYPES[field.type].form(field)
    yield {
        "type": asked,
        "name": field.name,
        **_labels(field, languages),
        **({"parameters": _PHOTO} if asked == "image" else {}),
        **_required(languages, needed=field.required == "draft"),
        **_bounds(field, languages),
    }


def _labels(field: Field, languages: tuple[str, ...]) -> Row:
    labels = _words("label", languages, field.label, f" ({UNITS[field.unit].sign})" if field.unit else "")
    if field.hint is not None:
        return {**labels, **_words("hint", languages, field.hint)}
    if field.link:
        return {**labels, **_said("hint", languages, "xlsform.link_hint")}
    return labels


def _required(languages: tuple[str, ...], *, needed: bool) -> Row:
    if not needed:
        return {}
    return {"required": "yes", **_said("required_message", languages, "xlsform.required")}


def _bounds(field: Field, languages: tuple[str, ...]) -> Row:
    low, high = field.low, field.high
    parts = [f". {sign} {bound:.15g}" for sign, bound in ((">=", low), ("<=", high)) if bound is not None]
    if not parts:
        return {}
    key = "between" if len(parts) == 2 else "at_least" if high is None else "at_most"
    facts = {"low": f"{low or 0:.15g}", "high": f"{high or 0:.15g}"}
    message = _said("constraint_message", languages, f"xlsform.{key}", **facts)
    return {"constraint": " and ".join(parts), **message}


def _date(field: Field, languages: tuple[str, ...]) -> Iterator[Row]:
    """Three questions: the day that was picked, how exactly it is known, and the date cut to that.

    Hyphens never stand in a field name, so the two helpers cannot meet another field.
    """
    picked, grain = f"{field.name}-picked", f"{field.name}-grain"
    yield {
        "type": "date",
        "name": picked,
        **_labels(field, languages),
        **_required(languages, needed=field.required == "draft"),
    }
    yield {
        "type": "select_one date_grain",
        "name": grain,
        "default": "day",
        "relevant": f"${{{picked}}} != ''",
        **_said("label", languages, "xlsform.date_grain"),
        **_required(languages, needed=True),
    }
    year, month, day = (f"format-date(${{{picked}}}, '{_GRAINS[one]}')" for one in ("year", "month", "day"))
    cut = f"if(${{{grain}}} = 'year', {year}, if(${{{grain}}} = 'month', {month}, {day}))"
    yield {"type": "calculate", "name": field.name, "calculation": f"if(${{{picked}}} = '', '', {cut})"}


def _choices(kind: Kind, model: Model, survey: Iterable[Row], languages: tuple[str, ...]) -> Iterator[Row]:
    asked = {row["type"].partition(" ")[2] for row in survey}
    for name, entries in (("yes_no", _YES_NO), ("date_grain", tuple(_GRAINS))):
        for entry in entries if name in asked else ():
            yield {"list_name": name, "name": entry, **_said("label", languages, f"xlsform.{entry}")}
    for listed in dict.fromkeys(one.codes for one in kind.fields if one.codes):
        for code in model.code_lists[listed]:
            if code.until is None:
                yield {"list_name": listed, "name": code.code, **_words("label", languages, code.label)}


def _workbook(sheets: Mapping[str, list[Row]]) -> bytes:
    from openpyxl import Workbook  # 0.3 s to import, and opening a register needs none of it

    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        header = list(dict.fromkeys(column for row in rows for column in row))
        sheet.append(header)
        for row in rows:
            # Text typed as text: a label that begins with "=" is a label, never a formula.
            sheet.append([None] * len(header))
            for position, column in enumerate(header, start=1):
                if row.get(column):
                    cell = sheet.cell(sheet.max_row, position)
                    cell.value = row[column]
                    cell.data_type = "s"
    written = io.BytesIO()
    book.save(written)
    return _without_clock(written.getvalue())


def _without_clock(workbook: bytes) -> bytes:
    """The same workbook without the moment it was written, so that a form changes only when its kind does."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = re.sub(
                    rb"(T|>)?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", rb">2000-01-01T00:00:00Z", content
                )
            new.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
