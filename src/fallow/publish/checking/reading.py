"""Step 4, checking: what a person reads in a document that is not the one Fallow makes, page by page.

The file comes from anywhere. It is read in the confined process of ``child``, within limits of its own,
by readers that follow nothing it names.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from html.parser import HTMLParser
from importlib.util import find_spec
from typing import Any
from xml.parsers import expat

from fallow.errors import FallowError
from fallow.publish.proof import archive

MOST_PAGES = 2_000
MOST_DEPTH = 256
MOST_WORDS = 5_000_000
"""Letters that may be read out of one document."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page, part or sheet: how it is named behind the file's name, and its lines as they are read."""

    name: str
    lines: tuple[str, ...]


def read(form: str, content: bytes, where: str) -> tuple[Page, ...]:
    """The pages of a document.

    Raises
    ------
    FallowError
        ``BUNDLE_LIMIT`` beyond what a document may be, ``BUNDLE_UNREADABLE`` for what is none,
        ``DOCUMENTS_MISSING`` where the library that reads PDF is not installed.
    """
    try:
        pages = tuple(_READERS[form](content, where))
    except (FallowError, MemoryError):
        raise
    except Exception as error:  # a hostile file breaks its reader in any way it likes
        raise FallowError("BUNDLE_UNREADABLE", where, found=type(error).__name__) from error
    if sum(len(line) for page in pages for line in page.lines) > MOST_WORDS:
        raise FallowError("BUNDLE_LIMIT", where, found=f"> {MOST_WORDS}", limit=str(MOST_WORDS))
    return pages


def _text(content: bytes, where: str) -> Iterator[Page]:
    yield Page("", tuple(content.decode("utf-8-sig").splitlines()))


def _pdf(content: bytes, where: str) -> Iterator[Page]:
    if find_spec("pypdf") is None:
        raise FallowError("DOCUMENTS_MISSING", "pypdf", package="pypdf")
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(content))
    count = len(reader.pages)
    if count > MOST_PAGES:
        raise FallowError("BUNDLE_LIMIT", where, found=str(count), limit=str(MOST_PAGES))
    for number, page in enumerate(reader.pages, 1):
        yield Page(f"#page={number}", tuple(page.extract_text().splitlines()))


class _Html(HTMLParser):
    """Text between tags, a line each; style is no text, and a page with a script is not one of ours."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self._in_style = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._in_style += tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._in_style -= tag == "style" and self._in_style > 0

    def handle_data(self, data: str) -> None:
        if not self._in_style and data.strip():
            self.lines.append(data)


def _html(content: bytes, where: str) -> Iterator[Page]:
    parser = _Html()
    parser.feed(content.decode("utf-8"))
    parser.close()
    yield Page("", tuple(parser.lines))


_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main "
_BREAKS = frozenset(_WORD + one for one in ("p", "br", "tab", "cr", "tc"))


def _docx(content: bytes, where: str) -> Iterator[Page]:
    """The paragraphs of every part, and the hash of every picture."""
    for name, part in sorted(archive.parts(content, where).items()):
        if name.startswith("word/media/"):
            yield Page(f" {name}", (sha256(part).hexdigest(),))
        elif name.startswith("word/") and name.endswith(".xml"):
            yield Page(f" {name}", _paragraphs(part, f"{where} {name}"))


def _paragraphs(part: bytes, where: str) -> tuple[str, ...]:
    """Text of Word's XML by paragraph, read as a stream: however deep it nests, no tree of it is built."""
    lines: list[list[str]] = [[]]
    inside = depth = 0

    def start(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal inside, depth
        depth += 1
        if depth > MOST_DEPTH:
            raise FallowError("BUNDLE_LIMIT", where, found=str(depth), limit=str(MOST_DEPTH))
        if name in _BREAKS:
            lines.append([])
        inside += name == f"{_WORD}t"

    def end(name: str) -> None:
        nonlocal inside, depth
        depth -= 1
        inside -= name == f"{_WORD}t"

    def text(data: str) -> None:
        if inside:
            lines[-1].append(data)

    def refuse(*_: Any) -> None:
        raise FallowError("BUNDLE_UNREADABLE", where, found="DOCTYPE")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, refuse
    parser.Parse(part, True)
    return tuple("".join(line) for line in lines if line)


def _xlsx(content: bytes, where: str) -> Iterator[Page]:
    for name, rows in sheets(content, where).items():
        yield Page(
            f" {name}", tuple("\t".join("" if one is None else str(one) for one in row) for row in rows)
        )


def sheets(content: bytes, where: str) -> dict[str, list[tuple[Any, ...]]]:
    """The sheets of a workbook by name, after a look at what it is made of."""
    for name, part in archive.parts(content, where).items():
        if name.endswith((".xml", ".rels")) and (b"<!DOCTYPE" in part or b"<!ENTITY" in part):
            raise FallowError("BUNDLE_UNREADABLE", where, found="DOCTYPE")
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(content), read_only=True)
    found: dict[str, list[tuple[Any, ...]]] = {}
    for sheet in book.worksheets:
        sheet.reset_dimensions()
        found[sheet.title] = [
            row
            for _, row in zip(range(100_000), sheet.iter_rows(max_col=500, values_only=True), strict=False)
        ]
    return found


_READERS: Mapping[str, Callable[[bytes, str], Iterator[Page]]] = {
    "csv": _text,
    "txt": _text,
    "pdf": _pdf,
    "html": _html,
    "docx": _docx,
    "xlsx": _xlsx,
}
