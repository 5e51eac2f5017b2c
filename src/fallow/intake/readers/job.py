"""Step 1, reports arrive: what every reader is given and what it gives back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fallow.errors import FallowError, Finding, Level
from fallow.intake.read_spec import ReadSpec, TableInfo
from fallow.intake.tally import Ranges, Tally

ROWS_A_BATCH = 2_000
BYTES_A_BATCH = 8 * 1024 * 1024


@dataclass(slots=True)
class Chunk:
    """Some rows as a reader found them, before the geometry gate."""

    start: int
    where: list[str]
    columns: dict[str, list[Any]]
    wkb: list[bytes | None] | None = None
    findings: list[Finding] = field(default_factory=list)
    done: float = 0.0
    """Share of the file behind us, 0 to 1."""
    envelopes: npt.NDArray[np.float64] | None = None
    """Bounds the file itself gives (n, 4): west, south, east, north; NaN where it gives none."""
    late: int = 0
    """How many columns, the last ones, were not there from the first chunk on."""

    def say(self, spot: int, code: str, level: Level, place: str = "", **facts: Any) -> None:
        """A finding about one row of this chunk; ``place`` adds to where the row is."""
        where = self.where[spot] + place
        self.findings.append(Finding(code, level, where, facts, self.start + spot))


@dataclass(slots=True)
class Job:
    """One file to read, and what is noticed on the way."""

    path: Path
    spec: ReadSpec
    tally: Tally = field(default_factory=Tally)
    skipped: Ranges = field(default_factory=Ranges)
    ignored: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    """About the whole table."""
    crs: str | None = None
    """Coordinate system of the WKB, ``None`` for WGS 84; set by the reader before its first chunk."""
    file_crs: str | None = None
    """What the file itself says, whether or not the source declares another."""
    right_hand: bool = False

    @property
    def size(self) -> int:
        """Bytes of the file, never 0."""
        return max(self.path.stat().st_size, 1)

    def tell(self, code: str, level: Level, where: str = "", **facts: Any) -> None:
        """A finding about the whole table; what was accepted by a named person becomes a note."""
        if level == "confirm" and self.spec.accept.get(code) == "accept":
            level, facts = "note", {**facts, "accepted": True}
        self.findings.append(Finding(code, level, where, facts))

    def count_row(self, position: int) -> None:
        """Refuse the file once it has more rows than allowed."""
        if position > self.spec.limits.rows:
            raise FallowError("TOO_MANY_ROWS", "", limit=self.spec.limits.rows)

    def no_layer(self) -> None:
        """Refuse a declared layer in a format that has none."""
        if self.spec.layer is not None:
            raise FallowError("LAYER_UNKNOWN", self.spec.layer, known="-")


class Reader(Protocol):
    """A module that reads one format."""

    def tables(self, job: Job) -> list[TableInfo]:
        """The tables of the file."""

    def read(self, job: Job) -> Iterator[Chunk]:
        """The rows of the table the job names."""
