"""Under every room: the words a person reads, in seven languages.

Words are data (``words/*.csv``: ``key`` and one column a language), because a translator has a
spreadsheet and no gettext compiler, and because a missing word must fail the build
(``tests/test_words.py``). Kind and code labels live with the kinds; errors live in ``errors.csv``.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "fr", "es", "ru", "uk", "az", "ar")
"""Every language that everything a user reads is written in; the first is the fallback."""

RIGHT_TO_LEFT = frozenset({"ar"})

LANGUAGE_NAMES = {
    "en": "English",
    "fr": "Français",
    "es": "Español",
    "ru": "Русский",
    "uk": "Українська",
    "az": "Azərbaycanca",
    "ar": "العربية",
}

Text = Mapping[str, str]
"""One sentence or label in every language: language code to words."""

_chosen: ContextVar[str | None] = ContextVar("fallow_language", default=None)


def current_language() -> str:
    """The language of this call: chosen with :func:`speaking`, else ``FALLOW_LANG``, else English."""
    chosen = _chosen.get() or os.environ.get("FALLOW_LANG", "")[:2]
    return chosen if chosen in LANGUAGES else "en"


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Speak ``lang`` inside the block; used by the pages for each request."""
    token = _chosen.set(lang if lang in LANGUAGES else "en")
    try:
        yield
    finally:
        _chosen.reset(token)


@cache
def catalogue() -> Mapping[str, Text]:
    """Every word by its key."""
    found: dict[str, Text] = {}
    for path in sorted((Path(__file__).parent / "words").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                found[row["key"]] = {lang: row[lang] for lang in LANGUAGES}
    return found


def say(key: str, lang: str | None = None, **facts: Any) -> str:
    """The words for ``key``; an unknown key is a programming fault and raises ``KeyError``."""
    words = catalogue()[key][lang or current_language()]
    return words.format(**facts) if facts else words


def in_language(label: Text, lang: str | None = None) -> str:
    """A label in a language, falling back to English and then to whatever there is."""
    chosen = lang or current_language()
    return label.get(chosen) or label.get("en") or next(iter(label.values()), "")


THIN = "\N{NARROW NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
_DECIMAL_COMMA = frozenset({"fr", "es", "ru", "uk", "az"})


def number(value: float, decimals: int = 0, lang: str | None = None) -> str:
    """A number as a language writes it: thin spaces between thousands, a real minus, its decimal sign."""
    written = f"{value:,.{decimals}f}".replace(",", THIN).replace("-", MINUS)
    return written.replace(".", ",") if (lang or current_language()) in _DECIMAL_COMMA else written


def day(iso: str | None, lang: str | None = None) -> str:
    """A whole or partial ISO day in words: ``31 December 2023``, ``February 2021``, ``2021``."""
    if not iso:
        return ""
    parts = str(iso)[:10].split("-")
    if len(parts) == 1:
        return parts[0]
    month = say(f"date.month.{int(parts[1])}", lang)
    if len(parts) == 2:
        return f"{month} {parts[0]}"
    return say("date.day", lang, day=int(parts[2]), month=month, year=parts[0])
