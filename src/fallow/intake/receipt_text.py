"""Step 1, reports arrive: the receipt as a person reads it, in seven languages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fallow.errors import text
from fallow.words import number, say

if TYPE_CHECKING:
    from fallow.intake.receipt import Receipt

PLACES = 3
"""Places named for each code in the text; the receipt itself has more, the findings file all."""


def as_text(receipt: Receipt, lang: str | None = None) -> str:
    """Counts first, then what was found and what to do, then the columns."""
    return "\n".join(_lines(receipt, lang)) + "\n"


def _lines(receipt: Receipt, lang: str | None) -> Iterator[str]:
    def words(key: str, **facts: object) -> str:
        return say(f"receipt.{key}", lang, **facts)

    yield words("title", source=receipt.source, delivered=receipt.delivered)
    yield words(
        "identity",
        rows=_n(receipt.rows),
        reports=_n(receipt.reported),
        refused=_n(receipt.refused),
        known=_n(receipt.known_already),
    )
    yield words(
        "records", added=_n(receipt.additions), updated=_n(receipt.updates), withdrawn=_n(receipt.withdrawals)
    )
    if receipt.by_kind:
        yield words(
            "by_kind", found=", ".join(f"{kind} {_n(count)}" for kind, count in receipt.by_kind.items())
        )
    yield words("decisions", approved=_n(receipt.approved), held=_n(receipt.held))
    for kind, tiers in receipt.paired.items():
        yield words("paired", kind=kind, same=_n(tiers[0]), alike=_n(sum(tiers[1:])))
    if receipt.counts:
        yield ""
        yield words("findings")
        yield from _findings(receipt, lang)
    for one in receipt.accepted:
        yield words("accepted", code=one["code"], by=one["by"], why=one["why"], count=_n(one["count"]))
    yield ""
    columns = receipt.columns
    yield words(
        "columns",
        present=_n(len(columns.mapped) + len(columns.ignored) + len(columns.left_over)),
        mapped=_n(len(columns.mapped)),
        ignored=_n(len(columns.ignored)),
        left=_n(len(columns.left_over)),
    )
    for name, why in columns.ignored.items():
        yield words("ignored", name=name, why=why)
    if columns.left_over:
        yield words("left_over", names=", ".join(columns.left_over))
    for file in receipt.files:
        yield words("file", name=file["name"], sha256=file["sha256"][:12], bytes=_n(int(file["bytes"])))
    if receipt.skipped:
        yield words("skipped", count=_n(len(receipt.skipped)), names=", ".join(receipt.skipped[:8]))
    for part in receipt.parts:
        yield ""
        yield words(
            "part",
            delivered=part.delivered,
            identity=part.identity,
            added=_n(part.additions),
            updated=_n(part.updates),
            withdrawn=_n(part.withdrawals),
        )


def _findings(receipt: Receipt, lang: str | None) -> Iterator[str]:
    for code, count in sorted(receipt.counts.items(), key=lambda one: -one[1]):
        examples = [one for one in receipt.findings if one.code == code][:PLACES]
        if not examples:
            continue
        first = examples[0]
        yield f"  {code} × {_n(count)} ({say(f'receipt.{first.level}', lang)})"
        yield f"    {text(code, 'what', first.facts, lang)}"
        yield f"    {text(code, 'remedy', first.facts, lang)}"
        yield f"    {'; '.join(one.where for one in examples)}{' …' if count > len(examples) else ''}"


def _n(count: int) -> str:
    """A count with thin spaces between thousands: read the same in all seven languages (ISO 80000-1)."""
    return number(count)
