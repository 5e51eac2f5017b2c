"""Step 4, harmless text: words that a spreadsheet must never take for a formula.

A name that begins with ``=`` in a report becomes a program in the workbook of whoever opens the table. So
every text that leaves in a cell goes through :func:`harmless`; numbers are numbers and stay as they are.
"""

from __future__ import annotations

import re
import unicodedata

_BEGINS_A_FORMULA = frozenset("=+-@|")
_CONTROL = frozenset({"Cc", "Cs"})
_HIDES = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad")
"""Characters of no width, behind which a formula could stand."""
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
"""Characters that change the direction of a line; a cell that begins with one is read past them."""
_DIVIDES = re.compile("([;\t\r\n]+)")
_NUMBER = re.compile(r"[-+]?[0-9]+([.,][0-9]+)?")


def harmless(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet might take it for a formula.

    Leading spaces, line ends, characters of no width and marks of direction are looked past, and full-width
    signs are read as the plain ones, as spreadsheets do. Control characters other than tab and line end are
    left out: no format of ours may hold them.
    """
    clean = "".join(one for one in text if one in "\t\n\r" or unicodedata.category(one) not in _CONTROL)
    start = next((one for one in clean if not _skipped(one)), "")
    first = unicodedata.normalize("NFKC", start)[:1]
    return f"'{clean}" if first in _BEGINS_A_FORMULA or (clean[:1] in "\t\r\n" and clean) else clean


def harmless_in_csv(text: str) -> str:
    """The same for a cell of a CSV, which a spreadsheet may divide where the writer did not mean it to.

    Where a comma is the decimal sign, a file is divided at semicolons: then ``Hill;=1+1`` is two cells and
    the second a formula. So what follows a semicolon, a tab or a line end is looked at too, past a quotation
    mark; a number there stays a number.
    """
    first, *rest = _DIVIDES.split(harmless(text))
    return first + "".join(
        part if _DIVIDES.fullmatch(part) or _NUMBER.fullmatch(part.strip()) else _quoted(part)
        for part in rest
    )


def _quoted(part: str) -> str:
    begins = next((one for one in part if one != '"' and not _skipped(one)), "")
    return f"'{part}" if unicodedata.normalize("NFKC", begins)[:1] in _BEGINS_A_FORMULA and begins else part


def _skipped(one: str) -> bool:
    return one.isspace() or one in _HIDES or one in _TURNS
