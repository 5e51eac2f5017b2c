"""Face two, wording: what templates call to say a word, a date and a number in the language of the page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import template
from django.utils.html import format_html

from fallow.analysis import telling
from fallow.errors import FallowError
from fallow.kinds import Field, Model
from fallow.publish import printed
from fallow.words import (
    LANGUAGE_NAMES,
    LANGUAGES,
    RIGHT_TO_LEFT,
    catalogue,
    current_language,
    in_language,
    say,
)
from fallow.words import day as day
from fallow.words import number as written

register = template.Library()


def number(value: float | str | None, decimals: int = 0) -> str:
    """A number with thin-space thousands and a real minus sign."""
    if value is None or value == "":
        return ""
    return written(float(value), decimals)


def quantity(value: float) -> str:
    """A measured value with the decimals it has, at most three."""
    decimals = len(f"{value:.3f}".rstrip("0").partition(".")[2])
    return written(value, decimals)


def listed(words: Iterable[str]) -> str:
    """Words in a row, with the comma of the language."""
    return telling.listed(words)


def value_words(model: Model, field: Field, value: Any) -> str:
    """A field value as a person reads it: labels of codes, dates in words, numbers with their unit."""
    if value is None or value == "" or value == []:
        return ""
    if field.codes:
        codes = model.codes(field)
        chosen = value if isinstance(value, (list, tuple)) else [value]
        labels = [(codes.get(str(one)), one) for one in chosen]
        return listed(in_language(found.label) if found else str(one) for found, one in labels)
    if isinstance(value, bool):
        return say("web.yes") if value else say("web.no")
    if isinstance(value, (int, float)):
        written = quantity(value)
        return f"{written} {unit(field)}".strip()
    if isinstance(value, dict):
        return in_language(value)
    if isinstance(value, (list, tuple)):
        return listed(str(one) for one in value)
    if field.type in ("date", "partial_date") and _is_day(str(value)):
        return day(str(value))
    return str(value)


def unit(field: Field) -> str:
    """The unit as people write it."""
    return {"deg": "°"}.get(field.unit or "", telling.unit_sign(field.unit or ""))


def _is_day(value: str) -> bool:
    try:
        date.fromisoformat((value + "-01-01")[:10])
    except ValueError:
        return False
    return True


def said_words() -> dict[str, str]:
    """The words of pages and dates in the language of the request: what the script on the page says."""
    chosen = current_language()
    return {key: text[chosen] for key, text in catalogue().items() if key.startswith(("web.", "date."))}


def direction() -> str:
    """``rtl`` or ``ltr``."""
    return "rtl" if current_language() in RIGHT_TO_LEFT else "ltr"


def languages() -> list[tuple[str, str]]:
    """Codes and own names of the languages, in order."""
    return [(one, LANGUAGE_NAMES[one]) for one in LANGUAGES]


def error_text(error: FallowError, part: str) -> str:
    """``what`` or ``remedy`` of a refusal, with its commands set as code."""
    pieces = str(error.what if part == "what" else error.remedy).split("`")
    return "".join(
        str(format_html("<code>{}</code>", piece) if at % 2 else format_html("{}", in_order(piece)))
        for at, piece in enumerate(pieces)
    )


def in_order(words: str) -> str:
    """Words in which a day keeps its order: after an Arabic letter it would be drawn the other way round."""
    return printed.plain(words, current_language())


def _say(key: str, **facts: Any) -> str:
    return in_order(say(key, **facts))


def _error(error: FallowError, part: str) -> Any:
    from django.utils.safestring import mark_safe

    return mark_safe(error_text(error, part))  # noqa: S308 - every piece went through format_html


register.simple_tag(_say, name="say")
register.simple_tag(telling.unit_sign, name="unit")
register.simple_tag(direction, name="direction")
register.simple_tag(current_language, name="language")
register.simple_tag(languages, name="languages")
register.simple_tag(_error, name="error_text")
register.filter("number", number)
register.filter("day", day)
register.filter("in_order", in_order)
