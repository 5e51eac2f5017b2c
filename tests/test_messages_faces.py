"""What to do about a refusal holds for whoever reads it: a page has no options."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import fallow
from fallow.words import LANGUAGES

FOLDER = Path(fallow.__file__).parent / "messages"
COMMAND_LINE = {
    "en": "command line",
    "fr": "ligne de commande",
    "es": "línea de comandos",
    "ru": "командной строке",
    "uk": "командному рядку",
    "az": "əmr sətrində",
    "ar": "سطر الأوامر",
}
ONLY_TYPED = {"LINT_ID_NEW", "WEB_PORT_TAKEN"}
"""Met by somebody who types: a check of the kinds, the start of the server."""

OPTION = re.compile(r"(?<![\w-])--[a-z]")
LISTED = re.compile(r"`fallow( [a-z]+)* --help`")
"""Where something is listed is no order to type it; what else may be done stands beside it."""


def texts() -> Iterator[tuple[str, str, str]]:
    for path in sorted(FOLDER.glob("*.csv")):
        if path.name == "cli.csv":
            continue  # raised by the command line alone
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                for lang in LANGUAGES:
                    yield row["code"], lang, row[lang]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_option_is_named_only_where_the_command_line_is(lang: str) -> None:
    wrong = [
        (code, text)
        for code, of, text in texts()
        if of == lang
        and code not in ONLY_TYPED
        and OPTION.search(LISTED.sub("", text))
        and COMMAND_LINE[lang] not in text.lower()
    ]
    assert not wrong
