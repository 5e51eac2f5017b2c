"""Step 1, reports arrive: rows that repeat within one delivery. Named, counted, never merged by
themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import add
from typing import Any

import orjson

from fallow.errors import Finding
from fallow.intake.identity import DIGEST_BYTES
from fallow.intake.mapping import Mapped
from fallow.intake.mapping_records import Statements
from fallow.intake.seen import Seen


@dataclass(frozen=True, slots=True)
class Repeats:
    """What repeats in one batch.

    Attributes
    ----------
    refused
        Rows whose id an earlier row has used for something else.
    again
        For each record spec the rows whose record an earlier row has already told.
    """

    findings: list[Finding]
    refused: frozenset[int]
    again: tuple[frozenset[int], ...]


class RepeatFinder:
    """Remembers the rows, ids and groups of one delivery."""

    def __init__(self) -> None:
        self._rows = Seen()
        self._ids: dict[str, Seen] = {}

    def close(self) -> None:
        """Forget them."""
        self._rows.close()
        for one in self._ids.values():
            one.close()

    def find(self, mapped: Mapped, records: Sequence[Sequence[str | None]]) -> Repeats:
        """What repeats in a batch.

        An equal row without id is another person or place that looks alike: it comes in, and the note says
        which row it equals. With an id an equal row is the same statement twice, and another row is a
        mistake in the source.
        """
        batch = mapped.batch
        rows = [row for row in range(len(batch)) if row not in mapped.refused]
        digests, place = batch.digests, f"{mapped.file} "
        wheres = [place + where for where in batch.where]
        places = [where.encode() for where in wheres]
        findings = [
            Finding(
                "DUPLICATE_ROW", "note", wheres[rows[position]], {"first": first.decode()}, rows[position]
            )
            for position, first in self._rows.meet(_at(digests, rows), _at(places, rows)).items()
        ]
        refused: set[int] = set()
        again: dict[int, frozenset[int]] = {}
        # What refuses a row goes first: a refused row must not count as having told its accident.
        order = sorted(range(len(records)), key=lambda index: mapped.statements[index].spec.group)
        for index in order:
            one = mapped.statements[index]
            if one.ids is None:
                continue
            told_by = records[index]
            here = rows
            if refused or None in told_by:
                here = [row for row in rows if told_by[row] is not None and row not in refused]
            keys = [record.encode() for record in _at(told_by, here)]
            if one.spec.group:
                told = [_telling(one, mapped, row) for row in here]
            else:
                told = list(map(add, _at(digests, here), _at(places, here)))
            met = self._ids.setdefault(one.spec.kind, Seen()).meet(keys, told)
            again[index] = frozenset(here[position] for position in met)
            for position, first in met.items():
                row = here[position]
                if one.spec.group:
                    findings += _differs(one, first, told[position], wheres[row], row)
                elif first[:DIGEST_BYTES] != digests[row]:
                    refused.add(row)
                    facts = {"first": first[DIGEST_BYTES:].decode(), "column": ", ".join(one.spec.id)}
                    findings.append(Finding("DUPLICATE_ID", "refuse", wheres[row], facts, row))
        return Repeats(
            findings,
            frozenset(refused),
            tuple(again.get(index, frozenset()) for index in range(len(records))),
        )


def _at(cells: Sequence[Any], rows: Sequence[int]) -> Sequence[Any]:
    """Those of some rows, ascending; the very same when it is all of them."""
    return cells if len(rows) == len(cells) else [cells[row] for row in rows]


def _telling(one: Statements, mapped: Mapped, row: int) -> bytes:
    """What a row says about the record of its group, without personal values."""
    shape = mapped.batch.wkb[row] if one.located else None
    told = {**one.fields[row], "true": one.true[row], **({"geometry": shape.hex()} if shape else {})}
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)


def _differs(one: Statements, first: bytes, now: bytes, where: str, row: int) -> list[Finding]:
    """One accident told by several rows must be told the same way each time."""
    if first == now:
        return []
    before: Mapping[str, object] = orjson.loads(first)
    after: Mapping[str, object] = orjson.loads(now)
    differ = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    facts = {"kind": one.spec.kind, "fields": ", ".join(differ)}
    return [Finding("GROUP_DIFFERS", "confirm", where, facts, row)]
