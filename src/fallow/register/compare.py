"""Step 2, comparing: what changed between two known days, group by group, and which records did it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fallow.register.view import View


@dataclass(frozen=True, slots=True)
class Changed:
    """One group whose records were not the same at both dates."""

    group: tuple[Any, ...]
    before: int
    after: int
    added: tuple[str, ...]
    """Records that are in the group only at the later date."""
    removed: tuple[str, ...]
    """Records that were in the group only at the earlier date."""


def compare(
    earlier: View, later: View, kind: str, by: Sequence[str], only: int | None = None
) -> list[Changed]:
    """Groups (by the values of ``by``) that gained or lost records between two views, in order of group.

    A record that moved from one group to another counts in both. ``only`` cuts each value of a group to so
    many characters: ``2006-01-17`` and ``only=7`` groups by month.
    """
    before, after = _grouped(earlier, kind, by, only), _grouped(later, kind, by, only)
    found = []
    for group in sorted(before.keys() | after.keys(), key=lambda one: tuple(str(part or "") for part in one)):
        was, now = before.get(group, frozenset()), after.get(group, frozenset())
        if was != now:
            found.append(
                Changed(group, len(was), len(now), tuple(sorted(now - was)), tuple(sorted(was - now)))
            )
    return found


def _grouped(
    view: View, kind: str, by: Sequence[str], only: int | None
) -> dict[tuple[Any, ...], frozenset[str]]:
    groups: dict[tuple[Any, ...], set[str]] = {}
    for batch in view.raw(kind, ["record", *by], geometry=False):
        for record, *values in batch:
            key = tuple(one[:only] if only and isinstance(one, str) else one for one in values)
            groups.setdefault(key, set()).add(record)
    return {key: frozenset(records) for key, records in groups.items()}
