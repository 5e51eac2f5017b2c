"""Step 3, the trail behind a number: its records, then the reports they rest on, down to the document.

A record is named by its title field, never by a personal one. Details are given for as many records as asked;
ids and ledger numbers are always complete, because a number is the count of all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from fallow.analysis.result import Explanation
from fallow.register import LifeReport, Register, View
from fallow.register.prefix import PrefixView


@dataclass(frozen=True, slots=True)
class RecordBehind:
    """One record behind a number."""

    record: str
    kind: str
    title: str
    """What people call it; empty when it has no name."""
    true_from: str | None
    known_from: str | None
    """Bounds of its state on the days asked; ``None`` when it does not stand on them (a difference)."""
    reports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReportBehind:
    """One report behind a number."""

    number: int
    record: str
    source: str
    who: str
    author: str
    true: str
    known_from: str | None
    declared: bool
    document: str
    """Title of the delivery and place in its file."""
    received: str


@dataclass(frozen=True, slots=True)
class Behind:
    """Everything behind one number.

    Attributes
    ----------
    records, reports
        Details, of the first records only where there are many.
    every_record, every_report
        All ids and all ledger numbers.
    """

    explanation: Explanation
    records: tuple[RecordBehind, ...]
    reports: tuple[ReportBehind, ...]
    every_record: tuple[str, ...]
    every_report: tuple[int, ...]

    @property
    def more(self) -> int:
        """How many records are not told in detail."""
        return len(self.every_record) - len(self.records)


def behind(
    register: Register, view: View, explanation: Explanation, limit: int | None = None, start: int = 0
) -> Behind:
    """The trail of a number.

    Parameters
    ----------
    view
        The register at the days the number was asked for.
    limit, start
        How many records to tell in detail, and from which; all when no limit is given.
    """
    wanted = frozenset(explanation.reports)
    if explanation.true is not None:
        # records as they stood when the number did, and not as they are now
        head = view.head if isinstance(view, PrefixView) else None
        view = register.at(known=view.known, true=explanation.true, head=head)
    end = None if limit is None else start + limit
    documents: dict[int, str] = {}
    records, reports = [], []
    for record in explanation.records[start:end]:
        life = register.history(record)
        there = [one for one in life.reports if one.number in wanted]
        standing = view.record(record)
        kind = register.model.kind(life.kind)
        title = kind.field(kind.title) if kind.title else None
        name = standing.fields.get(title.name) if standing and title and not title.personal else None
        records.append(
            RecordBehind(
                record,
                life.kind,
                "" if name is None else str(name),
                standing.true_from if standing else None,
                standing.known_from if standing else None,
                tuple(one.number for one in there),
            )
        )
        reports += [_report(register, record, one, documents) for one in there]
    return Behind(
        explanation,
        tuple(records),
        tuple({one.number: one for one in reports}.values()),
        explanation.records,
        explanation.reports,
    )


def _report(register: Register, record: str, one: LifeReport, documents: dict[int, str]) -> ReportBehind:
    if one.delivery not in documents:
        documents[one.delivery] = _document(register, one.delivery)
    return ReportBehind(
        number=one.number,
        record=record,
        source=one.source,
        who=one.who,
        author=one.author,
        true=one.true,
        known_from=one.known_from,
        declared=one.declared,
        document=": ".join(part for part in (documents[one.delivery], one.where) if part),
        received=one.received,
    )


def _document(register: Register, delivery: int) -> str:
    """Title of a delivery; empty for reports that came in none."""
    if delivery < 1:
        return ""
    content = register.entry(delivery).content
    return str(content.get("title") or content.get("source") or "")
