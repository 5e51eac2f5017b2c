"""Under every room: the one list of messages. Code, where, what, what to do, in seven languages.

The texts are data in ``messages/<room>.csv`` (two lines a code: ``what`` and ``remedy``), so that a
translator works in a spreadsheet and ``tests/test_words.py`` can refuse a missing language. One code gives
one exit status and one HTTP status, so the command line, the pages and the API cannot drift apart.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from fallow.words import LANGUAGES, current_language

Level = Literal["refuse", "confirm", "note"]
"""``refuse``: it does not come in. ``confirm``: it waits until a named person accepts. ``note``: told."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the published list."""

    code: str
    exit_status: int
    http_status: int
    what: Mapping[str, str]
    remedy: Mapping[str, str]


@cache
def catalogue() -> Mapping[str, Entry]:
    """Every error and finding code Fallow can utter, with its texts."""
    rows: dict[str, dict[str, dict[str, str]]] = {}
    for path in sorted((Path(__file__).parent / "messages").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                rows.setdefault(row["code"], {})[row["part"]] = row
    return {
        code: Entry(
            code,
            int(parts["what"]["exit"]),
            int(parts["what"]["http"]),
            {lang: parts["what"][lang] for lang in LANGUAGES},
            {lang: parts["remedy"][lang] for lang in LANGUAGES},
        )
        for code, parts in rows.items()
    }


class _Blank(dict[str, Any]):
    """A fact that nobody gave is shown as its name, never as a second exception."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def text(
    code: str, part: Literal["what", "remedy"], facts: Mapping[str, Any], lang: str | None = None
) -> str:
    """The sentence of a code with its facts filled in."""
    entry = catalogue()[code]
    template = getattr(entry, part)[lang or current_language()]
    return str(template.format_map(_Blank(facts)))


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a reader, a check or a rule noticed about one place in what came in.

    ``facts`` never hold the value of a ``personal`` field: they are printed, stored and logged.
    """

    code: str
    level: Level
    where: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    row: int | None = None
    """Position of the row in its table, counted from 0; ``None`` when it speaks about a whole file."""

    def as_dict(self, lang: str | None = None) -> dict[str, Any]:
        """What ``--json`` prints: code, level, where, what, remedy, and the bare facts."""
        return {
            "code": self.code,
            "level": self.level,
            "where": self.where,
            "what": text(self.code, "what", {"where": self.where, **self.facts}, lang),
            "remedy": text(self.code, "remedy", {"where": self.where, **self.facts}, lang),
            "row": self.row,
            "facts": dict(self.facts),
        }


class FallowError(Exception):
    """Everything Fallow refuses: a code, where it happened, what was found, and what to do.

    Parameters
    ----------
    code
        A key of :func:`catalogue`; an unknown code is a programming fault and raises ``KeyError``.
    where
        File, row, field, record or setting; empty when the whole call is meant.
    facts
        What fills the sentences. Never the value of a ``personal`` field.
    """

    def __init__(self, code: str, where: str = "", **facts: Any) -> None:
        self.entry = catalogue()[code]
        self.code = code
        self.where = where
        self.facts = facts
        super().__init__(f"{code} {where}: {self.what}".strip())

    @property
    def what(self) -> str:
        """What was found, in the current language."""
        return text(self.code, "what", {"where": self.where, **self.facts})

    @property
    def remedy(self) -> str:
        """What to do about it, in the current language."""
        return text(self.code, "remedy", {"where": self.where, **self.facts})

    def as_dict(self, lang: str | None = None) -> dict[str, Any]:
        """The same shape as a finding, for ``--json`` and the API."""
        return {
            "code": self.code,
            "level": "refuse",
            "where": self.where,
            "what": text(self.code, "what", {"where": self.where, **self.facts}, lang),
            "remedy": text(self.code, "remedy", {"where": self.where, **self.facts}, lang),
            "facts": {name: str(value) for name, value in self.facts.items()},
        }
