"""Step 4, checking: the process that makes documents again, and alone looks into those that are not the same.

Started as ``python -I start.py`` by ``apart.py``: one request on standard input, a line of JSON
for each thing that is found on standard output, gone afterwards. What makes documents is our own and gets
hostile numbers and words; it has a limit of memory and of time. Before the first byte of a stranger's file is
parsed, the process gives up writing, the network and other programs as well.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from fallow.errors import FallowError
from fallow.intake.limits import Limits, confine
from fallow.publish.checking.cells import cells
from fallow.publish.checking.checked import Line, State, fails, holds
from fallow.publish.checking.comparing import compared
from fallow.publish.checking.reading import read
from fallow.publish.proof import archive
from fallow.publish.proof.canonical import from_bytes
from fallow.publish.publication import Publication
from fallow.publish.writers.made_with import otherwise
from fallow.publish.writers.remade import Document, Maker, as_printed, tied

CPU_S = 240
MEMORY_MB = 2048
LARGEST = 256 * 1024 * 1024
"""Bytes one file may have that is written while documents are made again."""

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be checked: the sealed bytes documents are printed from, and the documents."""

    publication: bytes
    recipes: bytes
    made_with: Mapping[str, str]
    documents: Mapping[str, bytes]
    folder: Path


def answers(asked: Asked, *, confined: bool) -> Iterator[Answer]:
    """What is found, one after the other: ``at`` before a document is worked on, ``line`` for what it gives.

    Parameters
    ----------
    confined
        Whether this process gives up what it does not need before it reads a document; only for a process
        that does nothing else.
    """
    try:
        publication = as_printed(from_bytes(asked.publication, "publication.json"), asked.recipes)
    except FallowError as error:
        yield _said(Line(error.code, "open", error.where, error.facts))
        return
    maker = Maker(publication, asked.folder)
    unlike = []
    for name, content in asked.documents.items():
        yield {"at": name}
        document = tied(name, publication)
        if document is None:
            yield _said(Line("BUNDLE_DOCUMENT_UNKNOWN", "open", name))
            continue
        try:
            ours = maker.again(document)
        except FallowError as error:
            yield _said(Line(error.code, "open", name, error.facts))
            continue
        if ours == content:
            yield _said(holds("document", name))
        else:
            unlike.append((document, ours, content, otherwise(document.form, asked.made_with)))
    if confined and unlike:
        _confine()
    for document, ours, content, others in unlike:
        yield {"at": document.name, "unlike": not others}
        for line in _unlike(document, ours, content, others, publication):
            yield _said(line)


def _unlike(
    document: Document, ours: bytes, theirs: bytes, others: tuple[str, ...], of: Publication
) -> Iterator[Line]:
    """Lines for a document whose bytes are others than those made here; one at least."""
    name = document.name
    try:
        if document.form in ("docx", "xlsx") and archive.same_parts(ours, theirs, name):
            yield holds("document", name)
            return
        wrong = cells(document, theirs, of, strict=not others)
        if wrong:
            yield from wrong
            return
        line = compared(name, read(document.form, ours, name), read(document.form, theirs, name), others)
        bare = document.form == "csv"  # a table without a layout hides nothing: all of it was read
        yield holds("cells", name) if bare and line.code != "BUNDLE_DOCUMENT" else line
    except Exception as error:  # noqa: BLE001 - whatever a hostile file breaks is told as a line of it
        yield _unread(name, error, others)


def _unread(name: str, error: Exception, others: tuple[str, ...]) -> Line:
    """A document its reader cannot take: it is not the one made here, and whether it had to be is known."""
    if not others:
        return fails("BUNDLE_DOCUMENT_OTHER", name)
    code = error.code if isinstance(error, FallowError) else type(error).__name__
    return Line("BUNDLE_DOCUMENT_OPEN", "open", name, {"why": "publish.remade.unread", "code": code})


def _said(line: Line) -> Answer:
    return {"line": [line.code, line.state, line.where, dict(line.facts)]}


def line_of(said: Answer) -> Line:
    """A line back from an answer that has one."""
    code, state, where, facts = said["line"]
    known: State = state
    return Line(code, known, where, facts)


def main() -> int:
    """Answer one request."""
    _limit()
    request = sys.stdin.buffer
    head = orjson.loads(request.readline())
    bodies = [request.read(size) for _, size in head["files"]]
    names = [name for name, _ in head["files"]]
    documents = dict(zip(names[2:], bodies[2:], strict=True))
    asked = Asked(bodies[0], bodies[1], head["made_with"], documents, Path(head["folder"]))
    for one in answers(asked, confined=True):
        _tell(orjson.dumps(one, default=str))
    _tell(b'{"end":true}')
    return 0


def _tell(answer: bytes) -> None:
    sys.stdout.buffer.write(answer + b"\n")
    sys.stdout.buffer.flush()


def _limit() -> None:
    """Memory, time, and the size of what is written while documents are made again."""
    if sys.platform == "win32":
        return  # the parent watches the time
    import resource

    memory = MEMORY_MB * 1024 * 1024
    for which, most in (
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_FSIZE, LARGEST),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(which)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (most, hard))


def _confine() -> None:
    """Give up everything that reading does not need."""
    import openpyxl  # noqa: F401 - looks at the system's list of file types when it starts

    confine(Limits(memory_mb=MEMORY_MB, cpu_s=CPU_S), Path(os.devnull))
