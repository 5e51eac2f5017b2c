"""Face one, what a person means: a record, some reports, a condition, a format."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fallow.cli.show import wants_json
from fallow.errors import FallowError

if TYPE_CHECKING:
    from fallow.kinds import Kind, Model
    from fallow.register import Register

_REPORTS = re.compile(r"(\d{1,18})(?:[-–](\d{1,18}))?")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BESIDE = ("record", "conflict", "awaiting", "declared", "reports")


def condition(model: Model, kind: Kind, spelled: Sequence[str]) -> dict[str, Any]:
    """``F=V`` pairs as a condition; a repeated field means any of its values, an empty value means empty.

    Raises
    ------
    FallowError
        ``WHERE_FORMAT``; ``FIELD_PERSONAL`` for a field of the vault; what the value type refuses.
    """
    from fallow.kinds import VALUE_TYPES

    found: dict[str, list[Any]] = {}
    for pair in spelled:
        name, equals, raw = pair.partition("=")
        if not equals or not name:
            raise FallowError("WHERE_FORMAT", "--where", found=name)
        field = kind.field(name)
        if field is not None and field.personal:
            raise FallowError("FIELD_PERSONAL", f"{kind.name}.{name}")
        if field is None or name in _BESIDE:
            value: Any = raw  # the register refuses a name it does not know, with the nearest one
        elif raw == "":
            value = None
        else:
            value = VALUE_TYPES[field.type].parse(raw, field, model)
            value = value[0] if isinstance(value, list) and value else value
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def stored_fields(kind: Kind, spelled: str | None) -> list[str]:
    """Names separated by commas; ``FIELD_UNKNOWN`` with the nearest, ``FIELD_PERSONAL`` for the vault's."""
    from fallow.kinds import nearest

    names = [one.strip() for one in (spelled or "").split(",") if one.strip()]
    known = [*(one.name for one in kind.stored), *_BESIDE]
    for name in names:
        field = kind.field(name)
        if field is not None and field.personal:
            raise FallowError("FIELD_PERSONAL", f"{kind.name}.{name}")
        if name not in known:
            raise FallowError("FIELD_UNKNOWN", f"{kind.name}.{name}", near=nearest(name, known))
    return names


def report_ranges(spelled: Sequence[str]) -> list[range]:
    """``12``, ``12-40`` and ``12,15`` as ranges of ledger numbers; ``REPORTS_FORMAT`` otherwise."""
    found = []
    for part in (one for word in spelled for one in word.split(",")):
        match = _REPORTS.fullmatch(part.strip())
        low, high = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if low > high or low < 1:
            raise FallowError("REPORTS_FORMAT", "REPORTS", found=part[:40])
        found.append(range(low, high + 1))
    return found


def chosen_reports(
    register: Register, spelled: Sequence[str], delivery: int | None, *, all_drafts: bool
) -> list[range]:
    """The reports a decision is about: numbers, or the drafts of one delivery, or all drafts.

    Raises
    ------
    FallowError
        ``REPORTS_NOT_CHOSEN`` unless exactly one way is used; ``REPORT_UNKNOWN`` past the ledger's end.
    """
    if (bool(spelled), delivery is not None, all_drafts).count(True) != 1:
        raise FallowError("REPORTS_NOT_CHOSEN", "REPORTS")
    if delivery is not None:
        if delivery not in {one.number for one in register.deliveries()}:
            raise FallowError("DELIVERY_NOT_FOUND", str(delivery))
        return register.drafts(delivery)
    if all_drafts:
        return register.drafts()
    ranges = report_ranges(spelled)
    last = register.ledger.head()[0]
    for one in ranges:
        if one.stop - 1 > last:
            raise FallowError("REPORT_UNKNOWN", str(one.stop - 1))
        if len(one) == 1 and register.entry(one.start).verb != "report":
            raise FallowError("REPORT_UNKNOWN", str(one.start))
    return ranges


def find_record(register: Register, spelled: str) -> str:
    """The id of the record meant by its uuid, the beginning of it, or the name people call it by.

    Raises
    ------
    FallowError
        ``RECORD_UNKNOWN``; ``RECORD_AMBIGUOUS`` with those it could be.
    """
    word = spelled.strip()
    found = set(_by_title(register, word))
    if not found and _UUID.fullmatch(word):
        return word.lower()  # the register says whether anybody ever spoke about it
    if not found and re.fullmatch(r"[0-9a-fA-F-]{4,36}", word):
        found = {one for one in _all_records(register) if one.startswith(word.lower())}
    if not found:
        raise FallowError("RECORD_UNKNOWN", word[:60])
    if len(found) > 1:
        listed = sorted(found)
        raise FallowError(
            "RECORD_AMBIGUOUS",
            word[:60],
            count=len(found),
            found=", ".join(listed[:5]) + (" …" if listed[5:] else ""),
        )
    return found.pop()


def _by_title(register: Register, word: str) -> Iterator[str]:
    view = register.at()
    for kind in register.model.kinds.values():
        title = kind.field(kind.title) if kind.title else None
        if title is not None and not title.personal and title.type == "text":
            yield from (one.id for one in view.records(kind.name, {title.name: word}, limit=6))


def _all_records(register: Register) -> Iterator[str]:
    """Every record anybody spoke about: those with an approved report, then those with drafts only."""
    view = register.at()
    for kind in register.model.kinds:
        for batch in view.raw(kind, ["record"], geometry=False):
            yield from (row[0] for row in batch)
    for span in register.drafts():
        for number in span:
            yield str(register.entry(number).content["record"])


def chosen_format(
    form: str | None, as_json: bool | None, target: Path | None = None, of_files: Sequence[str] = ()
) -> str:
    """The format asked for; else by the ending of the file; else a table for a person and JSON for a pipe.

    ``FORMAT_NOT_SAID`` when a file is wanted in none of the formats ``of_files``.
    """
    if target is None:
        return form or ("json" if wants_json(as_json) else "table")
    chosen = form or target.suffix.lower().lstrip(".")
    if chosen not in of_files:
        raise FallowError("FORMAT_NOT_SAID", target.name, known=", ".join(of_files))
    return chosen


def fresh_target(target: Path, *, overwrite: bool) -> Path:
    """A file that may be written; ``TARGET_EXISTS`` when it is there and ``--overwrite`` is not given."""
    if target.exists() and not overwrite:
        raise FallowError("TARGET_EXISTS", target.name)
    if not target.parent.is_dir():
        raise FallowError("TARGET_FOLDER", target.name)
    return target
