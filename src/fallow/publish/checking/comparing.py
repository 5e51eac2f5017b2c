"""Step 4, checking: two readings of one document side by side, and the first word in which they part."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest
from unicodedata import category

from fallow.publish.checking.checked import Line, fails
from fallow.publish.checking.reading import Page

_WORD = re.compile(r"[^ \t\n\r\f\v]+")
"""Thin and hard spaces are part of a word: they stand inside numbers."""
_NUMBER = re.compile("[-\N{MINUS SIGN}]?\\d+")
_DIGITS = re.compile(r"\d+")
_LONGEST = 60
_MEDIA = " word/media/"

_Said = list[tuple[str, str]]
"""Words or numbers in order, each with the page it stands on."""


def compared(name: str, ours: Sequence[Page], theirs: Sequence[Page], otherwise: Sequence[str]) -> Line:
    """What is to be said of a document whose bytes are not those that were made here.

    Parameters
    ----------
    ours, theirs
        The document as made here and as it lies in the bundle.
    otherwise
        What it was made with that is otherwise here; empty when the bytes had to be the same.
    """
    if not otherwise:
        parted = _parted(_words(ours), _words(theirs))
        if parted is None:
            return fails("BUNDLE_DOCUMENT_OTHER", name)
        return fails("BUNDLE_DOCUMENT", f"{name}{parted[2]}", printed=parted[0], found=parted[1])
    margins = _margins(ours)
    ours, theirs = _without(ours, margins), _without(theirs, margins)
    mine, there = _numbers(ours), _numbers(theirs)
    parted = _parted(mine, there)
    # another version may break pages elsewhere, so that numbers come in another order
    if parted is not None and Counter(one for one, _ in mine) != Counter(one for one, _ in there):
        return fails("BUNDLE_DOCUMENT", f"{name}{parted[2]}", printed=parted[0], found=parted[1])
    words = _parted(_words(ours), _words(theirs))
    said = "publish.remade.words" if words is None else "publish.remade.numbers"
    return Line("BUNDLE_DOCUMENT_VERSIONS", "open", name, {"why": said, "found": "; ".join(otherwise)})


def _parted(ours: _Said, theirs: _Said) -> tuple[str, str, str] | None:
    """The first two that differ, as they can be shown, and the page; ``None`` when all are the same."""
    for one, other in zip_longest(ours, theirs):
        if one is None or other is None or one[0] != other[0]:
            place = (other or one)[1]
            return shown(one[0] if one else "-"), shown(other[0] if other else "-"), place
    return None


def _words(pages: Sequence[Page]) -> _Said:
    return [(word, page.name) for page in pages for line in page.lines for word in _WORD.findall(line)]


def _numbers(pages: Sequence[Page]) -> _Said:
    return [
        (_plain(found), page.name)
        for page in pages
        if not page.name.startswith(_MEDIA)
        for line in page.lines
        for found in _NUMBER.findall(line)
    ]


def _plain(number: str) -> str:
    """Digits of any script as ASCII, and one sign for less."""
    digits = "".join(str(int(one)) for one in number if one.isdigit())
    return digits if number[0].isdigit() else f"-{digits}"


def _margins(pages: Sequence[Page]) -> set[str]:
    """Lines that stand on most pages, whatever numbers are in them: heads, feet, numbers of pages."""
    counts = Counter(line for page in pages for line in {_masked(line) for line in page.lines})
    return {line for line, count in counts.items() if count > 1 and 2 * count >= len(pages)}


def _without(pages: Sequence[Page], margins: set[str]) -> list[Page]:
    return [
        Page(one.name, tuple(line for line in one.lines if _masked(line) not in margins)) for one in pages
    ]


def _masked(line: str) -> str:
    return _DIGITS.sub("#", line.strip())


def shown(word: str) -> str:
    """A word of a file that nobody trusts, as a terminal can bear it."""
    return "".join(one for one in word if category(one)[0] != "C")[:_LONGEST] or "-"
