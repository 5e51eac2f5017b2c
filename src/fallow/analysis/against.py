"""Step 3, operator against authority: an operator's own file of hazards beside the register, as a difference.

Two truths about which tasks are done are told apart line by line, and neither is changed: what an operator
says becomes true only as a report that somebody approves. Reading the file is the work of step 1; here come
its records, mapped to the codes of the register.

- *missing*: in the file and not in the register. *extra*: stands in the register and is not in the file.
- *status_conflict*: another status or class. *area_conflict*: another area, or the same area in another
place.
- *overlap*: on ground of another hazard of the register; with *missing* often the same hazard under two
codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson
import shapely

from fallow.analysis.books.against import DIFFERENCES, Row, Theirs, matched_by, read_theirs, rows_of
from fallow.analysis.books.declared import number
from fallow.analysis.registry import Asked
from fallow.analysis.result import Key, Line, Measure, Recipe, Result
from fallow.register import Draft, Register, digest_of_inputs
from fallow.words import catalogue

_MEASURES = ("ours", "theirs", "shared")


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference as a result, as a layer, and with what drafts are made of."""

    result: Result
    layer: tuple[Mapping[str, Any], ...]
    """One a line: difference, record, theirs, detail, ours, theirs_m2, shared, geometry (WKB, EPSG:4326)."""
    rows: tuple[Row, ...]
    theirs: Mapping[str, Theirs]


def against(
    register: Register,
    records: Iterable[Mapping[str, Any]],
    *,
    known: str | None = None,
    true: str | None = None,
    head: int | None = None,
    tolerance: float | str = 5.0,
    operator: str | None = None,
) -> Comparison:
    """Lay the records of an operator's file beside the register.

    Parameters
    ----------
    records
        Mappings with ``id`` (of the record in the register) or ``code``, and where the file has them
        ``status``, ``hazard_class``, ``declared_area`` (m2), ``geometry`` (WKB on EPSG:4326).
    known, true, head
        The register as of these.
    tolerance
        Per cent of the larger of two areas by which they may differ.
    operator
        Id of an organisation: only its hazards are missed as *extra*.

    Raises
    ------
    FallowError
        ``AGAINST_NO_ID``, ``AGAINST_TWICE``, ``AGAINST_SHAPE``, ``AGAINST_UNKNOWN_CODE``, ``BOOKS_NUMBER``.
    """
    allowed = number(tolerance, "against.tolerance")
    theirs = read_theirs(register, records)
    asked = Asked(register, register.at(known=known, true=true, head=head))
    ours = {one.id: one for one in asked.records("hazard")}
    matched = matched_by(ours, theirs)
    rows = sorted(
        rows_of(ours, theirs, matched, allowed, operator),
        key=lambda row: (DIFFERENCES.index(row.difference), row.record, row.theirs, row.detail),
    )
    told = {row.theirs for row in rows if row.difference in ("status_conflict", "area_conflict")}
    facts = {
        "matched": len(matched),
        "equal": len(matched.keys() - told),
        "tolerance": f"{allowed:g}",
    }
    recipe = _recipe(asked, head, theirs, {"tolerance": allowed, "operator": operator})
    return Comparison(
        _result(rows, asked, recipe, facts),
        tuple(_feature(row) for row in rows),
        tuple(rows),
        {one.key: one for one in theirs},
    )


def draft_reports(
    comparison: Comparison,
    *,
    source: str,
    author: str,
    true: str,
    learned: str | None = None,
    only: Sequence[str] = (),
) -> list[Draft]:
    """Drafts of what the operator says where it differs; they change nothing until somebody approves them.

    Parameters
    ----------
    source, author, true, learned
        As of any draft: who says so, and the partial date it speaks of.
    only
        Keys of the operator's records to draft; all when empty.

    Returns
    -------
    One draft a record: a new hazard for *missing*, its status, class, outline or declared area for a
    conflict. *Extra* and *overlap* say nothing of their own and give none. A status that two people must sign
    stays a claim.
    """
    said: dict[str, tuple[str, dict[str, Any], bool]] = {}
    for row in comparison.rows:
        if row.theirs not in comparison.theirs or (only and row.theirs not in only):
            continue
        one = comparison.theirs[row.theirs]
        record, fields, located = said.get(row.theirs, (row.record, {}, False))
        if row.difference == "missing":
            record, located = _identity(source, one.key), True
            fields |= {
                "code": one.code or one.key,
                "hazard_class": one.hazard_class or "unknown",
                "status": one.status or "open",
            }
        elif row.difference == "status_conflict":
            name = row.detail.split(":")[0]
            fields[name] = getattr(one, name)
        elif row.difference == "area_conflict":
            located = located or one.geometry is not None
        else:
            continue
        if one.declared_area is not None and row.difference != "status_conflict":
            fields["declared_area"] = one.declared_area
        said[row.theirs] = (record, fields, located)
    return [
        Draft(
            kind="hazard",
            record=record,
            source=source,
            author=author,
            true=true,
            fields={**fields, "date_of_information": true},
            geometry=_wkb(comparison.theirs[key].geometry) if located else None,
            located=located,
            learned=learned,
            where=key,
        )
        for key, (record, fields, located) in said.items()
    ]


def _wkb(shape: Any) -> bytes | None:
    return None if shape is None else bytes(shapely.to_wkb(shape, byte_order=1))


def _hex(shape: Any) -> str:
    return (_wkb(shape) or b"").hex()


def _identity(source: str, key: str) -> str:
    """A stable id (UUID version 8) of a record the register does not have: drafting twice is one record."""
    raw = bytearray(sha256(f"{source}\nhazard\n{key}".encode()).digest()[:16])
    raw[6], raw[8] = raw[6] & 0x0F | 0x80, raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _feature(row: Row) -> Mapping[str, Any]:
    return {
        "difference": row.difference,
        "record": row.record,
        "theirs": row.theirs,
        "detail": row.detail,
        "ours": row.ours,
        "theirs_m2": row.theirs_m2,
        "shared": row.shared,
        "geometry": _wkb(row.geometry),
    }


def _result(rows: Sequence[Row], asked: Asked, recipe: Recipe, facts: Mapping[str, Any]) -> Result:
    words = catalogue()
    lines = []
    for row in rows:
        values: dict[str, float | int | None] = {
            name: None if area is None else round(area)
            for name, area in zip(_MEASURES, (row.ours, row.theirs_m2, row.shared), strict=True)
        }
        behind = dict.fromkeys((*_MEASURES, "records"), (row.record,) if row.record else ())
        lines.append(
            Line((row.difference, row.record, row.theirs, row.detail), {**values, "records": 1}, behind)
        )
    for difference in DIFFERENCES:
        some = [row for row in rows if row.difference == difference]
        totals: dict[str, float | int | None] = {
            "ours": sum(round(row.ours or 0) for row in some),
            "theirs": sum(round(row.theirs_m2 or 0) for row in some),
            "shared": sum(round(row.shared or 0) for row in some),
            "records": len(some),
        }
        ids = tuple(sorted({row.record for row in some if row.record}))
        lines.append(Line((difference,), totals, dict.fromkeys(totals, ids)))
    reports = {row.record: asked.read[row.record] for row in rows if row.record}
    return Result(
        name="against",
        title=words["analysis.against"],
        keys=(
            Key(
                "difference",
                words["books.by.difference"],
                {name: words[f"books.against.{name}"] for name in DIFFERENCES},
            ),
            Key("record", words["books.by.record"]),
            Key("theirs", words["books.by.theirs"]),
            Key("detail", words["books.by.detail"]),
        ),
        measures=(
            *(Measure(name, words[f"books.measure.{name}"], "m2") for name in _MEASURES),
            Measure("records", words["books.measure.records"]),
        ),
        lines=tuple(lines),
        reports=dict(sorted(reports.items())),
        recipe=recipe,
        notes=(("books.note.against", facts),),
    )


def _recipe(
    asked: Asked, head: int | None, theirs: Sequence[Theirs], parameters: Mapping[str, Any]
) -> Recipe:
    from fallow import __version__

    said = [
        (one.key, one.code, one.status, one.hazard_class, _hex(one.geometry), one.declared_area)
        for one in sorted(theirs, key=lambda one: one.key)
    ]
    at = head or asked.register.ledger.head()[0]
    declared = sum(asked.declared.values())
    return Recipe(
        analysis="against",
        version=1,
        register=asked.register.id,
        head=at,
        head_hash=asked.register.entry(at).hash.hex(),
        known=asked.view.known,
        true=asked.view.true,
        parameters={**parameters, "records": len(said), "sha256": sha256(orjson.dumps(said)).hexdigest()},
        declared=declared,
        witnessed=sum(len(numbers) for numbers in asked.read.values()) - declared,
        records=len(asked.read),
        inputs=digest_of_inputs(asked.read),
        fallow=__version__,
    )
