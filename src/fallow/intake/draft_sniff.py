"""Step 1, reports arrive: what a file seems to be, for the draft of a source description.

Only a proposal that a person reads before anything is brought in; ``bring_in`` itself never guesses.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from fallow.errors import FallowError
from fallow.intake.read import FORMATS, ReadSpec

HEAD = 65_536
_DELIMITERS = (",", ";", "\t", "|")
_ENCODINGS = ("utf-8", "cp1251", "cp1252")


@dataclass(frozen=True, slots=True)
class Seems:
    """A format with what has to be declared beside it."""

    format: str
    delimiter: str | None = None
    encoding: str | None = None
    header_row: int = 1

    def spec(self, layer: str | None = None) -> ReadSpec:
        """How to have a first look at the file."""
        return ReadSpec(
            self.format,
            layer=layer,
            delimiter=self.delimiter,
            encoding=self.encoding,
            header_row=self.header_row,
        )


def look_at(path: Path) -> Seems:
    """The format a file seems to have, by its first bytes and then by its name.

    Raises ``FILE_NOT_FOUND``, ``EMPTY``, or ``FORMAT_UNKNOWN`` when it is none of those that are read.
    """
    try:
        with path.open("rb") as content:
            head = content.read(HEAD)
    except OSError as fault:
        raise FallowError("FILE_NOT_FOUND", path.name) from fault
    if not head:
        raise FallowError("EMPTY", path.name)
    ending = path.suffix.lower()
    if head.startswith(b"PK"):
        return Seems({".kmz": "kmz", ".xlsx": "xlsx", ".xlsm": "xlsx"}.get(ending, "shapefile"))
    if head.startswith(b"SQLite format 3\0"):
        return Seems("gpkg")
    if ending == ".shp":
        return Seems("shapefile")
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] == b"{":
        second = start.split(b"\n", 2)[1:2]
        one_a_line = second and second[0].lstrip().startswith(b'{"type"')
        lines = one_a_line and b"FeatureCollection" not in start[:200]
        return Seems("geojsonl" if lines else "geojson")
    if start[:1] == b"<":
        return Seems("gpx" if b"<gpx" in head else "kml")
    encoding, text = _decoded(head)
    delimiter = _delimiter(text)
    if delimiter is None and ending not in (".csv", ".tsv", ".txt"):
        raise FallowError("FORMAT_UNKNOWN", path.name, found=ending, known=", ".join(FORMATS))
    return Seems("tsv" if delimiter == "\t" else "csv", delimiter or ",", encoding)


def _decoded(head: bytes) -> tuple[str | None, str]:
    """The encoding to declare (``None`` where the reader needs none) and the text."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return None, head.decode("utf-16", errors="replace")
    for encoding in _ENCODINGS:
        try:
            # A letter of several bytes may be cut at the end of the head.
            return (None if encoding == "utf-8" else encoding), head[: len(head) - 3].decode(encoding)
        except UnicodeDecodeError as fault:
            if encoding == "utf-8" and fault.start > len(head) - 8:
                return None, head[: fault.start].decode(encoding)
    return "latin-1", head.decode("latin-1")


def _delimiter(text: str) -> str | None:
    """The sign that cuts the first rows into the same number of cells, more than one."""
    best: tuple[int, str | None] = (1, None)
    for sign in _DELIMITERS:
        rows = list(islice(csv.reader(io.StringIO(text), delimiter=sign), 20))[:-1] or [[]]
        width, agree = Counter(map(len, rows)).most_common(1)[0]
        if width > best[0] and agree * 2 > len(rows):
            best = (width, sign)
    return best[1]
