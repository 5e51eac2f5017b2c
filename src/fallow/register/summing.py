"""Step 2, summing: what a history row carries so that the database alone adds up what a figure rests on.

A figure tells by a digest which records it read and which reports stood behind them, and it names the sources
of these reports. Of 400,000 people that is a third of a second of sorting and hashing, and another of looking
up reports. So each history row carries four numbers made of its record and its reports, which add up in any
order, and the number of its *voice*: who says it, with how many reports, how many of them declared.

The sum finds every row that is missing, new or changed by mistake. It is no seal: whoever may choose record
ids and report numbers can find others of the same sum. What binds a figure is the head of the ledger in its
recipe, and in a bundle the signed hash of the evidence (``docs/decisions/0010-sums-beside-each-row.md``).
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import orjson

from fallow.errors import FallowError
from fallow.kinds import Kind

SUMS = ("_sum_1", "_sum_2", "_sum_3", "_sum_4")
VOICE = "_voice"
ADDED = (*SUMS, VOICE)
"""Columns of a history; no field can have such a name, for those begin with a letter."""

Source = tuple[str, str]
"""The name of a source, and the organisation or person that says so (empty where no delivery tells)."""

SourcesOf = Callable[[Iterable[int]], Mapping[int, Source]]
"""Gives the sources of reports by their ledger numbers."""


def sums_of(lines: Iterable[str]) -> npt.NDArray[np.int32]:
    """The numbers of history rows, shape (rows, 4): the first 16 bytes of the SHA-256 of each line.

    A line is the id of a record, a space, and the ledger numbers of its reports, a space between them. As
    signed 32-bit numbers two thousand million of them add up in 64 bits.
    """
    digests = b"".join([sha256(line.encode()).digest() for line in lines])
    return np.frombuffer(digests, dtype=">i4").reshape(-1, 8)[:, :4].astype(np.int32)


def digest_of(records: int, sums: Iterable[int]) -> str:
    """SHA-256 over the number of records and the four sums over them."""
    return sha256(" ".join(map(str, (records, *sums))).encode()).hexdigest()


def digest_of_inputs(reports: Mapping[str, Sequence[int]]) -> str:
    """The digest of everything that was read: record id to the ledger numbers of the reports behind it."""
    sums = sums_of(f"{record} {' '.join(map(str, numbers))}" for record, numbers in reports.items())
    return digest_of(len(reports), sums.sum(axis=0, dtype=np.int64).tolist())


@dataclass(frozen=True, slots=True)
class Voice:
    """Who says something: how many of the reports are declared, and how many there are of each source."""

    declared: int
    sources: tuple[tuple[str, str, int], ...]

    @property
    def reports(self) -> int:
        """How many reports there are."""
        return sum(many for _, _, many in self.sources)

    @property
    def text(self) -> str:
        """The voice as it is kept."""
        return orjson.dumps([self.declared, self.sources]).decode()

    @property
    def id(self) -> int:
        """The same for the same voice in every register: the first 8 bytes of the SHA-256 of its text."""
        return int.from_bytes(sha256(self.text.encode()).digest()[:8], "big", signed=True)

    @classmethod
    def of(cls, declared: int, sources: Iterable[Source]) -> Voice:
        """The voice of some reports, given the source of each."""
        counts = Counter(sources)
        return cls(declared, tuple((*source, counts[source]) for source in sorted(counts)))

    @classmethod
    def read(cls, text: str) -> Voice:
        """A voice that was kept; ``REGISTER_DAMAGED`` for a text that is none."""
        try:
            declared, sources = orjson.loads(text)
            return cls(int(declared), tuple((str(one), str(who), int(many)) for one, who, many in sources))
        except (TypeError, ValueError) as error:
            raise FallowError("REGISTER_DAMAGED", "fallow_voice", found=type(error).__name__) from error


def voices_of(rows: Sequence[tuple[int, str]], sources_of: SourcesOf) -> list[Voice]:
    """The voices of history rows, each given as how many of its reports are declared and their numbers."""
    numbers = [[int(one) for one in reports.split()] for _, reports in rows]
    said = sources_of(number for some in numbers for number in some)
    nobody = ("", "")
    return [
        Voice.of(declared, (said.get(number, nobody) for number in some))
        for (declared, _), some in zip(rows, numbers, strict=True)
    ]


class VoiceWriter:
    """Keeps the voices of one kind, each once."""

    def __init__(self, connection: sqlite3.Connection, kind: str) -> None:
        self._connection = connection
        self._kind = kind
        self._kept: dict[Voice, int] = {}

    def keep(self, voice: Voice) -> int:
        """The number of a voice, which is from now on in the table of them."""
        found = self._kept.get(voice)
        if found is not None:
            return found
        text, id = voice.text, voice.id
        self._connection.execute("INSERT OR IGNORE INTO fallow_voice VALUES (?,?,?)", (self._kind, id, text))
        (kept,) = self._connection.execute(
            "SELECT said FROM fallow_voice WHERE kind = ? AND id = ?", (self._kind, id)
        ).fetchone()
        if kept != text:  # edited by hand, or two voices of one number: neither may speak for the other
            raise FallowError("REGISTER_DAMAGED", "fallow_voice", found=id)
        self._kept[voice] = id
        return id


def kept_voices(
    connection: sqlite3.Connection, kind: str, ids: Iterable[int] | None = None, most: int = -1
) -> dict[int, Voice]:
    """The voices of a kind by number, all or some of them, at most ``most``."""
    some = "" if ids is None else "AND id IN (SELECT value FROM json_each(?)) "
    values = [] if ids is None else [orjson.dumps(list(ids)).decode()]
    rows = connection.execute(
        f"SELECT id, said FROM fallow_voice WHERE kind = ? {some}ORDER BY id LIMIT ?",  # noqa: S608 - no name
        (kind, *values, most),
    )
    return {id: Voice.read(said) for id, said in rows}


def summed(connection: sqlite3.Connection, kind: Kind) -> bool:
    """Whether the rows of a history carry sums: those of a register of an older format do not."""
    row = connection.execute(
        "SELECT 1 FROM pragma_table_info(?) WHERE name = ?", (f"{kind.name}_history", VOICE)
    )
    return row.fetchone() is not None
