"""Step 4, what was told before: the log of everything that left.

A line of JSON for each publication lies beside the register (``country.published.jsonl``): when, for whom,
what, by which recipes, who let what stand, and which figures were withheld; never a value, never a record.
Each line holds the SHA-256 of the line before it. It is written and synced before the folder of a publication
appears, so whatever left is in it. `told_again` says what readers have from it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from fallow.analysis import Recipe
from fallow.errors import FallowError, Finding
from fallow.publish.audience import Audience
from fallow.publish.manifest import Accepted, Manifest
from fallow.publish.withholding.locked import locked
from fallow.register import Register

SUFFIX = ".published.jsonl"
"""How the log's name ends: ``country.gpkg`` has ``country.published.jsonl`` beside it."""


@dataclass(frozen=True, slots=True)
class ToldResult:
    """A result about people that left: its recipe, pinned to the ledger's head, and what of it is not told.

    ``withheld`` are figures as a measure and the key of a line.
    """

    name: str
    recipe: Recipe
    withheld: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """One publication that left.

    Attributes
    ----------
    before
        SHA-256 of the line before, of the register's id for the first.
    at
        When, by the clock of the register.
    manifest
        SHA-256 of its ``manifest.json``.
    cut
        Bytes of a line before this one that a crash cut off: what it was of never left.
    own
        SHA-256 of the line itself without this: the last line has none after it that would say so.
    """

    number: int
    before: str
    at: str
    audience: str
    name: str
    version: int
    parameters: Mapping[str, Any]
    languages: tuple[str, ...]
    formats: tuple[str, ...]
    manifest: str
    bundle: bool = False
    accepted: tuple[Accepted, ...] = ()
    results: tuple[ToldResult, ...] = ()
    given_away: int = 0
    cut: int = 0
    own: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON; :meth:`from_dict` gives the same back."""
        return asdict(self)

    def sealed(self) -> Told:
        """With its own digest."""
        body = orjson.dumps(replace(self, own="").as_dict(), option=orjson.OPT_SORT_KEYS)
        return replace(self, own=sha256(body).hexdigest())

    @classmethod
    def from_dict(cls, said: Mapping[str, Any]) -> Told:
        """A line that was written; ``KeyError``, ``TypeError`` or ``AttributeError`` when it is none."""
        given = dict(said)
        given["accepted"] = tuple(Accepted(**one) for one in given["accepted"])
        given["results"] = tuple(
            ToldResult(one["name"], Recipe(**one["recipe"]), tuple(tuple(of) for of in one["withheld"]))
            for one in given["results"]
        )
        for name in ("languages", "formats"):
            given[name] = tuple(given[name])
        return cls(**given)


@dataclass(slots=True)
class Log:
    """The log as it stands on the disk.

    Attributes
    ----------
    lines
        In the order they were written.
    last
        What the next line says of the one before it.
    whole
        Bytes that are whole lines; what follows is ``cut``.
    bare
        The last line is whole but for its line end.
    """

    path: Path
    lines: list[Told] = field(default_factory=list)
    last: str = ""
    whole: int = 0
    cut: int = 0
    bare: bool = False


def log_path(register: Register) -> Path:
    """Where the log of a register lies, written or not."""
    return register.path.with_suffix(SUFFIX)


def published(register: Register) -> tuple[Told, ...]:
    """Everything that left, in order; ``TOLD_DAMAGED`` when the log does not hold together."""
    return tuple(read_log(register).lines)


def log_findings(register: Register) -> tuple[Finding, ...]:
    """What is wrong with the log, for who verifies the register; a line that a crash cut off is a note."""
    try:
        log = read_log(register)
    except FallowError as error:
        return (Finding(error.code, "refuse", error.where, error.facts),)
    if log.cut:
        return (Finding("TOLD_CUT", "note", log.path.name, {"found": log.cut}),)
    return ()


def read_log(register: Register) -> Log:
    """Read and check every line.

    Raises
    ------
    FallowError
        ``TOLD_DAMAGED`` for a line that is none, that another stands before than it says, or that belongs to
        another register.
    """
    path = log_path(register)
    log = Log(path, last=sha256(register.id.encode()).hexdigest())
    try:
        body = path.read_bytes()
    except FileNotFoundError:
        return log
    except OSError as error:
        raise FallowError("TOLD_DAMAGED", path.name, found=error.strerror or "-", line="-") from error
    *lines, rest = body.split(b"\n")
    for line in lines:
        _append(log, line)
        log.whole += len(line) + 1
    if rest:
        _rest(log, rest)
    return log


def _append(log: Log, line: bytes) -> None:
    number = len(log.lines) + 1
    try:
        one = Told.from_dict(orjson.loads(line))
        fits = (one.number, one.before, one.own) == (number, log.last, one.sealed().own)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        found = type(error).__name__
        raise FallowError("TOLD_DAMAGED", log.path.name, line=number, found=found) from error
    if not fits:
        raise FallowError("TOLD_DAMAGED", log.path.name, line=number, found=one.before[:12])
    log.lines.append(one)
    log.last = sha256(line).hexdigest()


def _rest(log: Log, rest: bytes) -> None:
    """What no line end closes: a whole line, or what a crash left of one."""
    try:
        orjson.loads(rest)
    except ValueError:
        log.cut = len(rest)
        return
    _append(log, rest)
    log.bare = True
    log.whole += len(rest)


class Writing:
    """The log while something is leaving: locked, so that nobody else decides on what was told meanwhile."""

    def __init__(self, log: Log, register: Register, *, open: bool) -> None:
        self.log = log
        self.register = register
        self.open = open

    def write(self, manifest: Manifest, body: bytes, results: Sequence[ToldResult]) -> Manifest:
        """Write down what leaves, and sync it: the folder may appear when this comes back.

        ``TOLD_NOT_WRITTEN`` when the disk refuses; the log is then as it was.
        """
        if not self.open:
            return manifest
        log = self.log
        one = Told(
            number=len(log.lines) + 1,
            before=log.last,
            at=self.register.ledger.now().isoformat(timespec="seconds"),
            audience=manifest.audience,
            name=manifest.name,
            version=manifest.version,
            parameters=manifest.parameters,
            languages=manifest.languages,
            formats=tuple(sorted({one.format for one in manifest.files})),
            manifest=sha256(body).hexdigest(),
            bundle=bool(manifest.bundle),
            accepted=(*manifest.accepted, *manifest.together),
            results=tuple(results),
            given_away=manifest.given_away,
            cut=log.cut,
        )
        line = orjson.dumps(one.sealed().as_dict(), option=orjson.OPT_SORT_KEYS)
        try:
            _written(log, line)
        except OSError as error:
            found = error.strerror or type(error).__name__
            raise FallowError("TOLD_NOT_WRITTEN", log.path.name, found=found) from error
        return replace(manifest, logged=one.number)


def _written(log: Log, line: bytes) -> None:
    with log.path.open("r+b") as file:
        file.seek(log.whole)
        try:
            # a cut line is written over, and this one says how much of it there was
            file.write((b"\n" if log.bare else b"") + line + b"\n")
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            file.truncate(log.whole)
            raise
    if os.name == "posix":
        folder = os.open(log.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the name of a new log as well
        finally:
            os.close(folder)


@contextmanager
def writing(register: Register, to: Audience) -> Iterator[Writing]:
    """The log, locked until what leaves has left.

    What is for the office itself may leave where the log cannot be written, such as from a register on a
    medium that is read only.

    Raises
    ------
    FallowError
        ``TOLD_NOT_WRITTEN``, ``TOLD_BUSY``, ``TOLD_DAMAGED``.
    """
    path = log_path(register)
    try:
        file = path.open("ab")
    except OSError as error:
        if to.people:
            yield Writing(read_log(register), register, open=False)
            return
        found = error.strerror or type(error).__name__
        raise FallowError("TOLD_NOT_WRITTEN", path.name, found=found) from error
    with file, locked(file, path.name):
        yield Writing(read_log(register), register, open=True)
