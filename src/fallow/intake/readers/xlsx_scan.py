"""Step 1, reports arrive: look through a workbook's XML before any library loads it.

A sheet of 4.8 KB can name the cell XFD20000 and make a reader ask for 10 GB; another says it is 20 x 1 and
is 50 x 2. So cells are counted by what is there, and what a person does not see on the screen (hidden rows,
merged cells, errors, formulas that were never calculated) is found here: the values alone do not show it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from fallow.errors import FallowError
from fallow.intake.limits import Limits
from fallow.intake.readers.archive import Archive
from fallow.intake.readers.xml_guard import GuardedParser
from fallow.intake.tally import Ranges

_ACTIVE = (
    (re.compile(r"vbaProject|vbaData|macrosheets/|dialogsheets/", re.IGNORECASE), "macro"),
    (re.compile(r"externalLinks/", re.IGNORECASE), "external link"),
    (re.compile(r"embeddings/|oleObject", re.IGNORECASE), "OLE"),
    (re.compile(r"activeX/", re.IGNORECASE), "ActiveX"),
    (re.compile(r"xl/connections\.xml|queryTables/|xl/webextensions/", re.IGNORECASE), "connection"),
)
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})")
_CALLS_OUT = re.compile(r"\b(WEBSERVICE|CALL|REGISTER\.ID|RTD|DDE)\s*\(|\|'?[^']*'?!", re.IGNORECASE)


@dataclass(slots=True)
class Sheet:
    """One worksheet as the workbook lists it."""

    name: str
    part: str
    hidden: bool


@dataclass(slots=True)
class Scan:
    """What a sheet holds besides values."""

    rows: int = 0
    """Rows with at least one value."""
    last_row: int = 0
    hidden_rows: Ranges = field(default_factory=Ranges)
    hidden_columns: list[str] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    errors: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    """By row: column counted from 1, and the error it shows."""
    uncalculated: dict[int, list[int]] = field(default_factory=dict)
    """By row: columns of formulas without a stored result."""


def refuse_active(archive: Archive) -> None:
    """Refuse macros, links to other files, embedded objects and connections."""
    names = archive.names()
    for name in names:
        for pattern, found in _ACTIVE:
            if pattern.search(name):
                raise FallowError("XLSX_ACTIVE_CONTENT", name[:80], found=found)
    for needed in ("[Content_Types].xml", "xl/workbook.xml"):
        if needed not in names:
            raise FallowError("XLSX_DAMAGED", "", found=f"no {needed}")
    if b"macroenabled" in archive.read("[Content_Types].xml").lower():
        raise FallowError("XLSX_ACTIVE_CONTENT", "[Content_Types].xml", found="macro")


def sheets(archive: Archive, limits: Limits) -> list[Sheet]:
    """The sheets, with the part each is in; other XML parts are looked through for document types."""
    found: list[Sheet] = []
    targets: dict[str, str] = {}
    listed: list[tuple[str, str, bool]] = []

    def relation(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            if attributes.get("TargetMode") == "External" and "hyperlink" not in attributes.get("Type", ""):
                raise FallowError("XLSX_ACTIVE_CONTENT", "xl/_rels/workbook.xml.rels", found="external link")
            target = attributes.get("Target", "")
            targets[attributes.get("Id", "")] = (
                target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            )

    def sheet(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            hidden = attributes.get("state", "visible") != "visible"
            listed.append((attributes.get("name", ""), attributes.get("id", ""), hidden))

    for part in archive.names():
        listener = {"xl/workbook.xml": sheet, "xl/_rels/workbook.xml.rels": relation}.get(part)
        if part.endswith((".xml", ".rels")) and not part.startswith("xl/worksheets/sheet"):
            GuardedParser(limits, start=listener).run(archive.open(part))
    for name, key, hidden in listed:
        part = targets.get(key, "")
        if part.startswith("xl/worksheets/"):
            found.append(Sheet(name, part, hidden))
    if not found:
        raise FallowError("XLSX_DAMAGED", "xl/workbook.xml", found="no sheet")
    return found


def scan_sheet(archive: Archive, sheet: Sheet, limits: Limits) -> Scan:
    """Count the cells of one sheet and note what cannot be seen in its values."""
    if sheet.part not in archive.names():
        raise FallowError("XLSX_DAMAGED", sheet.part[:80], found=f"no {sheet.part}"[:80])
    listener = _Listener(sheet.name, limits)
    GuardedParser(limits, start=listener.start, end=listener.end, text=listener.text).run(
        archive.open(sheet.part)
    )
    return listener.found


class _Listener:
    def __init__(self, name: str, limits: Limits) -> None:
        self.found = Scan()
        self._name, self._limits = name, limits
        self._row = self._column = 0
        self._cells = 0
        self._widest = 0
        self._row_has_value = False
        self._kind = ""
        self._has_formula = self._has_value = self._in_formula = self._in_value = False
        self._text: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._cell(attributes)
        elif name == "row":
            self._start_row(attributes)
        elif name == "f":
            self._has_formula = self._in_formula = True
            self._text = []
        elif name in ("v", "is"):
            self._in_value = True
            self._text = []
        elif name == "mergeCell":
            self.found.merged.append(attributes.get("ref", "?")[:40])
        elif name == "col" and attributes.get("hidden") in ("1", "true"):
            self.found.hidden_columns.append(f"{attributes.get('min', '?')}-{attributes.get('max', '?')}")
        elif name in ("oleObject", "control"):
            raise FallowError("XLSX_ACTIVE_CONTENT", self._name[:80], found="OLE")

    def _start_row(self, attributes: dict[str, str]) -> None:
        number = attributes.get("r", "")
        self._row = (
            int(number) if number.isascii() and number.isdigit() and len(number) < 9 else self._row + 1
        )
        self._column = 0
        self._row_has_value = False
        if attributes.get("hidden") in ("1", "true"):
            self.found.hidden_rows.add(self._row)

    def _cell(self, attributes: dict[str, str]) -> None:
        match = _REFERENCE.fullmatch(attributes.get("r", ""))
        if match:
            self._column = column_number(match[1])
            self._row = int(match[2])
        else:
            self._column += 1
        self._cells += 1
        self._widest = max(self._widest, self._column)
        self.found.last_row = max(self.found.last_row, self._row)
        limits = self._limits
        # The library makes a value for every place of the rectangle, so the rectangle counts and not the
        # cells.
        if self._column > limits.columns or max(self._cells, self._widest * self._row) > limits.cells:
            place = f"{column_letters(self._column)}{self._row}"
            raise FallowError(
                "XLSX_TOO_MANY_CELLS", f"{self._name}!{place}"[:80], found=place, limit=limits.cells
            )
        self._kind = attributes.get("t", "n")
        self._has_formula = self._has_value = False

    def text(self, piece: str) -> None:
        if self._in_formula or self._in_value:
            self._text.append(piece)

    def end(self, name: str) -> None:
        if name == "f":
            self._in_formula = False
            if _CALLS_OUT.search("".join(self._text)):
                place = f"{self._name}!{column_letters(self._column)}{self._row}"
                raise FallowError("XLSX_ACTIVE_CONTENT", place[:80], found="formula")
        elif name in ("v", "is"):
            self._in_value = False
            # A formula that gives an empty text stores an empty value of type "str"; any other empty one is
            # none.
            self._has_value = bool(self._text) or self._kind == "str" or name == "is"
            if self._kind == "e":
                self.found.errors.setdefault(self._row, []).append((self._column, "".join(self._text)[:10]))
        elif name == "c":
            if self._has_value and not self._row_has_value:
                self._row_has_value = True
                self.found.rows += 1
            if self._has_formula and not self._has_value:
                self.found.uncalculated.setdefault(self._row, []).append(self._column)


def column_number(letters: str) -> int:
    """``A`` is 1, ``AA`` is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """1 is ``A``, 27 is ``AA``."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
