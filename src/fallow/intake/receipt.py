"""Step 1, reports arrive: the receipt. Rows came in = reports + refused + known already, or there is no
receipt.

Columns mapped + ignored on purpose + left over = columns present. A left-over column is never stored in the
register: it may hold anything, personal data too; it is named here and lies in the kept original.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from fallow.errors import FallowError, Finding

SHOWN = 200
"""Findings of one code in the receipt itself; all of them lie in the kept findings file."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What became of every column that was present."""

    mapped: tuple[str, ...] = ()
    ignored: Mapping[str, str] = field(default_factory=dict)
    """With the reason the description gives."""
    left_over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one delivery, or all deliveries of a source together, came to.

    Attributes
    ----------
    rows, reported, refused, known_already
        Rows of the tables: in files, come in, kept out with a reason, and saying nothing new.
    reports
        Ledger numbers of the reports made, for :meth:`Register.approve`; a row may make several.
    held, approved
        Reports that wait for a named person to accept a finding, and reports approved.
    additions, updates, withdrawals
        Records first spoken of, spoken of again with other values, and no longer listed.
    findings, counts
        At most 200 findings of each code, and how many of each there are; ``findings_file`` is the SHA-256
        of the kept file with all of them, when there are more.
    parts
        The receipts of the single deliveries, when this one is their sum.
    """

    source: str
    delivered: str
    rows: int = 0
    reported: int = 0
    refused: int = 0
    known_already: int = 0
    reports: tuple[range, ...] = ()
    held: int = 0
    approved: int = 0
    additions: int = 0
    updates: int = 0
    withdrawals: int = 0
    findings: tuple[Finding, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    findings_file: str | None = None
    columns: Columns = field(default_factory=Columns)
    by_kind: Mapping[str, int] = field(default_factory=dict)
    files: tuple[Mapping[str, Any], ...] = ()
    skipped: tuple[str, ...] = ()
    """Rows without any value and parts of a file that are no rows, named by the reader."""
    accepted: tuple[Mapping[str, Any], ...] = ()
    """What the description accepts and how often it was met: ``{"code", "do", "by", "why", "count"}``."""
    paired: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Kind to pairs with the delivery before, by tier (all values equal first)."""
    delivery: int | None = None
    parts: tuple[Receipt, ...] = ()

    def __post_init__(self) -> None:
        if self.rows != self.reported + self.refused + self.known_already:
            raise FallowError("BOOKS_DO_NOT_BALANCE", self.source, found=self.identity)

    @property
    def identity(self) -> str:
        """Rows = reports + refused + known already, with the numbers."""
        return f"{self.rows} = {self.reported} + {self.refused} + {self.known_already}"

    def as_dict(self, lang: str | None = None) -> dict[str, Any]:
        """The receipt as JSON-able values; ``reports`` is the number of rows that came in."""
        values: dict[str, Any] = {
            "source": self.source,
            "delivered": self.delivered,
            "delivery": self.delivery,
            "rows": self.rows,
            "reports": self.reported,
            "refused": self.refused,
            "known_already": self.known_already,
            "held": self.held,
            "approved": self.approved,
            "additions": self.additions,
            "updates": self.updates,
            "withdrawals": self.withdrawals,
            "by_kind": dict(self.by_kind),
            "identity": {"rows": self.identity},
            "numbers": [[one.start, one.stop - 1] for one in self.reports],
            "columns": {
                "mapped": list(self.columns.mapped),
                "ignored": list(self.columns.ignored),
                "left_over": list(self.columns.left_over),
                "why_ignored": dict(self.columns.ignored),
            },
            "counts": dict(self.counts),
            "findings": [one.as_dict(lang) for one in self.findings],
            "findings_file": self.findings_file,
            "files": [dict(one) for one in self.files],
            "skipped": list(self.skipped),
            "accepted": [dict(one) for one in self.accepted],
            "paired": {kind: list(tiers) for kind, tiers in self.paired.items()},
        }
        if self.parts:
            values["deliveries"] = [one.as_dict(lang) for one in self.parts]
        return values

    def text(self, lang: str | None = None) -> str:
        """The receipt as a person reads it."""
        from fallow.intake.receipt_text import as_text

        return as_text(self, lang)


def together(receipts: Sequence[Receipt]) -> Receipt:
    """Several deliveries of one source as one receipt; a single one stays itself."""
    if len(receipts) == 1:
        return receipts[0]
    first = receipts[0]
    return Receipt(
        source=first.source,
        delivered=receipts[-1].delivered,
        **{name: sum(getattr(one, name) for one in receipts) for name in _SUMS},
        reports=tuple(span for one in receipts for span in one.reports),
        findings=tuple(finding for one in receipts for finding in one.findings),
        counts=_added(one.counts for one in receipts),
        by_kind=_added(one.by_kind for one in receipts),
        columns=_columns([one.columns for one in receipts]),
        files=tuple(file for one in receipts for file in one.files),
        skipped=tuple(place for one in receipts for place in one.skipped),
        accepted=tuple(accepted for one in receipts for accepted in one.accepted),
        parts=tuple(receipts),
    )


_SUMS = (
    "rows",
    "reported",
    "refused",
    "known_already",
    "held",
    "approved",
    "additions",
    "updates",
    "withdrawals",
)


def _added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(total)


def _columns(parts: Sequence[Columns]) -> Columns:
    mapped = dict.fromkeys(name for one in parts for name in one.mapped)
    ignored = {name: why for one in parts for name, why in one.ignored.items() if name not in mapped}
    left = dict.fromkeys(name for one in parts for name in one.left_over)
    return Columns(tuple(mapped), ignored, tuple(left))


class Tally:
    """Findings as they come: all counted, all written to a file, the first of each code kept at hand."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.shown: list[Finding] = []
        self._folder = tempfile.TemporaryDirectory(prefix="fallow-findings-")
        self._path = Path(self._folder.name) / "findings.jsonl"
        self._file = self._path.open("wb")

    def add(self, found: Finding, offset: int = 0) -> None:
        """One finding; ``offset`` turns its row in a batch into its row in the table."""
        self.counts[found.code] += 1
        row = None if found.row is None else found.row + offset
        if self.counts[found.code] <= SHOWN:
            self.shown.append(found if row == found.row else replace(found, row=row))
        line = {
            "code": found.code,
            "level": found.level,
            "where": found.where,
            "row": row,
            "facts": found.facts,
        }
        self._file.write(orjson.dumps(line, default=str, option=orjson.OPT_APPEND_NEWLINE))

    @property
    def more(self) -> bool:
        """Whether there are findings that the receipt itself does not show."""
        return any(count > SHOWN for count in self.counts.values())

    def file(self) -> Path:
        """The file with every finding, a JSON object a line."""
        self._file.flush()
        return self._path

    def close(self) -> None:
        """Remove the temporary file."""
        self._file.close()
        self._folder.cleanup()


def findings_in(path: Path) -> Iterator[Finding]:
    """Every finding of a kept findings file."""
    with path.open("rb") as lines:
        for line in lines:
            one = orjson.loads(line)
            yield Finding(one["code"], one["level"], one["where"], one["facts"], one["row"])
