"""Step 0, a model that grew: what was added, and a refusal of all that would change what old data means.

Ids and codes are added, never renamed, never reused, never removed: a register made years ago must open and
say the same.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fallow.errors import FallowError, Finding
from fallow.kinds.model import Code, Field, Kind, Model


@dataclass(frozen=True, slots=True)
class Additions:
    """What a newer model has and an older one has not, so that a register can add tables and columns."""

    kinds: tuple[str, ...]
    fields: Mapping[str, tuple[str, ...]]
    """Kind to the names of its new fields; new kinds are not repeated here."""
    codes: Mapping[str, tuple[str, ...]]
    """Code list to its new codes; new lists with all of theirs."""


def check_compatible(old: Model, new: Model) -> Additions:
    """What ``new`` adds to ``old``. Raises ``MODEL_REMOVED`` or ``MODEL_CHANGED`` with the permanent id."""
    for finding in differences(identities(old), identities(new)):
        raise FallowError(finding.code, finding.where, **finding.facts)
    for kind in old.kinds.values():
        _check_kind(kind, new.kinds[kind.name])
    return Additions(
        kinds=tuple(name for name in new.kinds if name not in old.kinds),
        fields=dict(_grown(_field_names(old), _field_names(new), only=set(old.kinds))),
        codes=dict(_grown(_code_names(old), _code_names(new))),
    )


@dataclass(frozen=True, slots=True)
class Identity:
    """What a permanent id stands for and must go on standing for."""

    id: str
    name: str
    type: str
    """``kind``, ``code`` with its guard and band, or a value type with its unit, list or target."""


def identities(model: Model) -> Mapping[str, Identity]:
    """Every permanent id of a model: kinds, fields, codes (as ``list:code``) and retired ids."""
    found = [Identity(permanent, name, "retired") for permanent, name in model.retired.items()]
    for kind in model.kinds.values():
        found.append(Identity(kind.id, kind.name, f"kind:{kind.clock}"))
        found += [Identity(one.id, one.name, _type(one)) for one in kind.fields]
    for listed in model.code_lists.values():
        found += [Identity(f"{listed.name}:{one.code}", one.code, _meaning(one)) for one in listed]
    return {one.id: one for one in found}


def _type(one: Field) -> str:
    """A unit, a list, a target and the vault are part of what a value means; who may see it is not."""
    parts = [one.type, one.unit or one.codes or one.link, "personal" if one.personal else None]
    return ":".join(part for part in parts if part)


def _meaning(one: Code) -> str:
    parts = [
        "code",
        one.guard,
        None if one.low is None else f"{one.low}-{'' if one.high is None else one.high}",
    ]
    return ":".join(part for part in parts if part)


def differences(old: Mapping[str, Identity], new: Mapping[str, Identity]) -> Iterator[Finding]:
    """What was removed or now means something else, one finding an id."""
    for permanent, was in old.items():
        now = new.get(permanent)
        if now is None:
            yield Finding("MODEL_REMOVED", "refuse", permanent, {"id": permanent, "name": was.name})
        elif (was.name, was.type) != (now.name, now.type):
            facts = {"id": permanent, "was": f"{was.name} ({was.type})", "now": f"{now.name} ({now.type})"}
            yield Finding("MODEL_CHANGED", "refuse", permanent, facts)


def _check_kind(old: Kind, new: Kind) -> None:
    """A field stays in its kind, and a geometry column is there from the beginning or never."""
    moved = [one for one in old.fields if new.field(one.name) is None]
    if moved:
        raise FallowError("MODEL_REMOVED", moved[0].id, id=moved[0].id, name=f"{old.name}.{moved[0].name}")
    lost = set(old.shapes) - set(new.shapes)
    if lost or bool(old.shapes) != bool(new.shapes):
        facts = {"was": ", ".join(old.shapes) or "-", "now": ", ".join(new.shapes) or "-"}
        raise FallowError("MODEL_CHANGED", old.id, id=old.id, **facts)


def _field_names(model: Model) -> dict[str, list[str]]:
    return {kind.name: [one.name for one in kind.fields] for kind in model.kinds.values()}


def _code_names(model: Model) -> dict[str, list[str]]:
    return {listed.name: [one.code for one in listed] for listed in model.code_lists.values()}


def _grown(
    old: Mapping[str, Iterable[str]], new: Mapping[str, Iterable[str]], only: set[str] | None = None
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, entries in new.items():
        if only is None or name in only:
            before = set(old.get(name, ()))
            added = tuple(one for one in entries if one not in before)
            if added:
                yield name, added


def read_identities(path: Path) -> Mapping[str, Identity]:
    """The committed list of permanent ids; empty when there is none yet."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["id"]: Identity(row["id"], row["name"], row["type"]) for row in csv.DictReader(lines)}


def write_identities(path: Path, listed: Mapping[str, Identity]) -> None:
    """Write the list, sorted, so that a change in git shows exactly the ids that are new."""
    with path.open("w", encoding="utf-8", newline="") as lines:
        out = csv.writer(lines, lineterminator="\n")
        out.writerow(("id", "name", "type"))
        out.writerows((one.id, one.name, one.type) for _, one in sorted(listed.items(), key=_in_order))


def _in_order(item: tuple[str, Identity]) -> tuple[object, ...]:
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in item[0].split("."))
