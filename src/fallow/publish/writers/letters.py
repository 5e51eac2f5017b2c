"""Step 4, letters: which fonts a document needs beyond the two that every document has, and where they lie.

Names of places, people and organisations come in the letters of the country. Which families a text needs
follows from its letters alone, never from what else is installed: so a document prints the same bytes on
every machine that can print it, and one without such letters prints as if these fonts were not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory, mkdtemp
from threading import Lock
from unicodedata import category, east_asian_width, name

from fallow.errors import FallowError

ALWAYS: Mapping[str, str] = {"Noto Sans": "fontpkg_noto_sans", "Almarai": "fontpkg_almarai"}
FONTS: Mapping[str, str] = {
    **ALWAYS,
    "IBM Plex Sans Arabic": "fontpkg_ibm_plex_sans_arabic",
    "Noto Sans Armenian": "manimgx_fonts",
}
"""The packages of fonts, each with a family that is in it. Noto Sans Arabic draws a letter and its dots as
separate glyphs, so that text copied from it, or read out, is wrong; Almarai and Plex have whole letters
(docs/decisions/0009)."""

EAST_ASIA: Mapping[str, str] = {"Noto Sans CJK SC": "manimgx_fonts_cjk"}
"""33 MB, so only with the extra ``east-asia``; without it these letters are refused like any no font has."""

ALMARAI = (
    "\u060c\u0615\u061b\u061f\u0621-\u063a\u0640-\u0655\u0657\u0658\u0660-\u0671\u0674\u0679\u067e\u0686"
    "\u0688\u0691\u0698\u06a1\u06a4\u06a9\u06af\u06ba\u06be\u06c0-\u06c3\u06cc\u06d2-\u06d4\u06f0-\u06f9"
)
"""What Almarai has of Arabic, as a class of a regular expression: letters of Arabic, Dari, Persian, Urdu.
A word with one of Pashto, Kurdish or Uyghur is set whole in another font, as letters of two do not join."""

# fmt: off
_NAMED_ALIKE = (
    "Armenian", "Bengali", "Devanagari", "Ethiopic", "Georgian", "Gujarati", "Gurmukhi", "Hebrew",
    "Kannada", "Khmer", "Lao", "Malayalam", "Myanmar", "Oriya", "Sinhala", "Tamil", "Telugu", "Thai",
)
# fmt: on
_OF_EAST_ASIA = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH")
_FAMILIES: Mapping[str, tuple[str, ...]] = {
    "ARABIC": ("IBM Plex Sans Arabic", "Noto Sans Arabic"),
    **{one.upper(): (f"Noto Sans {one}",) for one in _NAMED_ALIKE},
    **dict.fromkeys(_OF_EAST_ASIA, tuple(EAST_ASIA)),
    "SYMBOL": ("Noto Sans Symbols", "Noto Emoji"),
}
"""Script to its families, in the order in which a page asks them."""

_IN_ALMARAI = re.compile(f"[{ALMARAI}\ufe70-\ufefc]")
_FROM_RIGHT = "\u0590-\u065f\u066e-\u06ef\u06fa-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
_LETTERS = "A-Za-z\u00c0-\u058f\u0900-\u1fff\u3040-\ud7ff\uf900-\ufaff"
_RIGHT_THEN_NUMBER = re.compile(rf"(?<=[{_FROM_RIGHT}])(?=[^\w]*\d)")
_LATIN_THEN_NUMBER = re.compile(rf"(?<=(?![{_FROM_RIGHT}])[{_LETTERS}])(?=\s*[,،;؛()\[\]«»·]\W*\d)")
"""A space or a hyphen alone keeps a number with its name: WGS 84, PMN-2."""
_TEXT = re.compile(r">([^<>]+)<")
_WORD = re.compile(r"[^\x00-\u036f\u2000-\u206f]+(?:[\u200c\u200d][^\x00-\u036f\u2000-\u206f]+)*")
_ONE_AT_A_TIME = Lock()
"""A web server prints from several threads, and a folder is laid out once."""
_FIRST_PICTURE = "\u2190"


def families(text: str) -> tuple[str, ...]:
    """The families that a text needs after those of :data:`ALWAYS`."""
    scripts = {_script(one) for one in set(text)}
    return tuple(
        dict.fromkeys(one for script, them in _FAMILIES.items() if script in scripts for one in them)
    )


def folders(of: Iterable[str]) -> tuple[str, ...]:
    """The folders with the files of these families, after those of :data:`ALWAYS`, and with no other family.

    Raises
    ------
    FallowError
        ``FONTS_MISSING`` names the package that is not installed.
    """
    packages = {**ALWAYS, **{one: FONTS.get(one, EAST_ASIA.get(one, "manimgx_fonts")) for one in of}}
    with _ONE_AT_A_TIME:
        return tuple(
            _folder(family, package)
            for family, package in packages.items()
            if family not in EAST_ASIA or find_spec(package)
        )


def in_their_fonts(svg: str) -> str:
    """A plot whose words name their fonts: a drawing's text is otherwise shaped in one font, with gaps."""
    return _TEXT.sub(lambda found: f">{_WORD.sub(_span, found[1])}<", svg)


def _span(word: re.Match[str]) -> str:
    of = families(word[0])
    return f"""<tspan font-family="'{of[0]}'">{word[0]}</tspan>""" if of else word[0]


def numbers_in_place(text: str, *, from_right: bool) -> str:
    """A text in which a name written the other way round does not take the number after it along.

    In "near X (2024), 12 in all" a Hebrew X would be followed by "in all", and the numbers stand on its other
    side. A mark after the name, which shows nothing, ends its direction.
    """
    return _LATIN_THEN_NUMBER.sub("\u200f", text) if from_right else _RIGHT_THEN_NUMBER.sub("\u200e", text)


def width(text: str) -> float:
    """About how many Latin letters stand in the place of a text."""
    if text.isascii():
        return len(text)
    return sum(1.8 if east_asian_width(one) in "WF" else 1 for one in text)


def missing(letters: Iterable[str]) -> str:
    """Letters that no font has, by script and as code points: the text itself may not be told."""
    known = sorted(dict.fromkeys(letters), key=_script)[:8]
    said = [
        f"{', '.join(f'U+{ord(one):04X}' for one in them)} ({script.title()})"
        for script, them in groupby(known, _script)
    ]
    return ", ".join(said) or "-"


def _script(letter: str) -> str:
    """The script as the letter's name in Unicode says it; nothing for an Arabic letter that Almarai has."""
    if category(letter) == "So" and letter >= _FIRST_PICTURE:
        return "SYMBOL"
    script = name(letter, "?").split()[0]
    return "" if script == "ARABIC" and _IN_ALMARAI.match(letter) else script


@cache
def _folder(family: str, package: str) -> str:
    """Where the files of one family lie.

    One package has many families, and a second Noto Sans among them; typst reads whole folders, so the files
    of a family are laid in one of their own.
    """
    spec = find_spec(package)
    home = Path(spec.origin).parent if spec and spec.origin else Path(family)
    together = package == "manimgx_fonts"
    files = list(home.glob(f"{family.replace(' ', '')}[[]*.ttf" if together else "**/*.tt[fc]"))
    if not files:
        raise FallowError("FONTS_MISSING", family, package=package.replace("_", "-"))
    if not together:
        return str(files[0].parent)
    alone = Path(mkdtemp(dir=_alone().name))
    for file in files:
        copyfile(file, alone / file.name)
    return str(alone)


@cache
def _alone() -> TemporaryDirectory[str]:
    """A folder for as long as the process lives."""
    return TemporaryDirectory(prefix="fallow-fonts-", ignore_cleanup_errors=True)
