"""Face one, ``fallow changes``: what changed between two known days, group by group, with the records."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fallow.cli import options
from fallow.cli.opening import reading
from fallow.cli.show import print_json, print_line, print_table, wants_json
from fallow.cli.stamp import stamp_of
from fallow.cli.wanted import stored_fields
from fallow.errors import FallowError
from fallow.words import in_language, say

if TYPE_CHECKING:
    from fallow.kinds import Kind
    from fallow.register import Register

_GRAINS = {"year": 4, "month": 7, "day": 10}
_ROWS_ON_A_SCREEN = 60


@dataclass(slots=True)
class _Group:
    before: int = 0
    after: int = 0
    added: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _By:
    """A field to group by, and to how many characters of it (a date cut to its month)."""

    name: str
    cut: int | None

    def of(self, value: Any) -> Any:
        return value[: self.cut] if self.cut and isinstance(value, str) else value


@options.verb("changes")
@click.argument("kind")
@options.option("--from", "earlier", key="from", metavar="DAY", required=True)
@options.option("--to", "later", key="until", metavar="DAY", required=True)
@options.option("--by", key="group_by", metavar="FIELD,FIELD:month", default=None)
@options.option("--true", key="true", metavar="DAY", default=None)
@options.register_option
@options.json_option
def changes(
    kind: str,
    earlier: str,
    later: str,
    by: str | None,
    true: str | None,
    path: Path | None,
    as_json: bool | None,
) -> None:
    """Compare two known days."""
    with reading(path) as register:
        declared = register.model.kind(kind)
        grouping = _grouping(declared, by)
        groups = _groups(register, kind, earlier, later, grouping, true)
        stamp = stamp_of(register, register.at(known=later, true=true), declared, None)
    changed = {key: one for key, one in groups.items() if one.before != one.after}
    swapped = sum(1 for one in groups.values() if one.before == one.after and one.added)
    if wants_json(as_json):
        print_json(
            {
                **stamp.as_dict(),
                "from": earlier,
                "to": later,
                "by": [one.name for one in grouping],
                "before": sum(one.before for one in groups.values()),
                "after": sum(one.after for one in groups.values()),
                "groups_before": sum(1 for one in groups.values() if one.before),
                "groups_after": sum(1 for one in groups.values() if one.after),
                "groups_total": len(groups),
                "groups_changed": len(changed),
                "groups_with_other_records_but_equal_counts": swapped,
                "groups": [_as_dict(grouping, key, one) for key, one in changed.items()],
            }
        )
        return
    heads = [_head(declared, one) for one in grouping]
    columns = [say(f"cli.column.{name}") for name in ("before", "after", "added", "removed")]
    rows = [
        [*key, one.before, one.after, len(one.added), len(one.removed)]
        for key, one in list(changed.items())[:_ROWS_ON_A_SCREEN]
    ]
    numbers = range(len(heads), len(heads) + 4)
    print_table([*heads, *columns], rows, title=in_language(declared.plural), numbers=numbers)
    print_line(say("cli.changed", count=len(changed), total=len(groups), swapped=swapped, shown=len(rows)))
    print_line(stamp.notice)


def _grouping(kind: Kind, spelled: str | None) -> list[_By]:
    found = []
    for word in (one.strip() for one in (spelled or "").split(",") if one.strip()):
        name, _, grain = word.partition(":")
        (known,) = stored_fields(kind, name)
        if grain and grain not in _GRAINS:
            raise FallowError("GRAIN_UNKNOWN", word, known=", ".join(_GRAINS))
        field = kind.field(known)
        if grain and (field is None or field.type != "date"):
            raise FallowError("GRAIN_UNKNOWN", word, known=say("cli.only_dates"))
        found.append(_By(known, _GRAINS.get(grain)))
    return found


def _groups(
    register: Register, kind: str, earlier: str, later: str, grouping: list[_By], true: str | None
) -> dict[tuple[Any, ...], _Group]:
    """Every group at either day, with both counts and the records that came and went, in order of group.

    Grouped by whole values first and cut afterwards: a record whose day was corrected inside one month has
    not left the month.
    """
    names = [one.name for one in grouping]
    groups: dict[tuple[Any, ...], _Group] = {}

    def at(values: tuple[Any, ...]) -> _Group:
        key = tuple(one.of(value) for one, value in zip(grouping, values, strict=True))
        return groups.setdefault(key, _Group())

    before, after = register.at(known=earlier, true=true), register.at(known=later, true=true)
    if names:
        for values, count in before.tally(kind, names).items():
            at(values).before += count
        for values, count in after.tally(kind, names).items():
            at(values).after += count
    else:
        at(()).before, at(()).after = before.count(kind), after.count(kind)
    for one in register.changes(kind, earlier, later, names, true=true):
        group = at(tuple(one.group))
        group.added.update(one.added)
        group.removed.update(one.removed)
    for group in groups.values():
        both = group.added & group.removed
        group.added -= both
        group.removed -= both
    return dict(sorted(groups.items(), key=lambda item: [str(part or "") for part in item[0]]))


def _as_dict(grouping: list[_By], key: tuple[Any, ...], group: _Group) -> dict[str, Any]:
    return {
        "group": {one.name: part for one, part in zip(grouping, key, strict=True)},
        "before": group.before,
        "after": group.after,
        "difference": group.after - group.before,
        "added": sorted(group.added),
        "removed": sorted(group.removed),
    }


def _head(kind: Kind, by: _By) -> str:
    found = kind.field(by.name)
    return in_language(found.label) if found else by.name
