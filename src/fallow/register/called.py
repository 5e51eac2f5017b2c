"""Step 2, following judgements: a link to a record judged the same as another leads to the one it is.

A report's link keeps the id it was written with, for ever. What it leads to is read: the id under which the
record is known on the day asked about. A later judgement that the two differ takes it back for later days,
and leaves the earlier ones as they were.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from fallow.kinds import VALUE_TYPES, Kind
from fallow.register.cases import judgement
from fallow.register.claims import Sameness
from fallow.register.fold import names
from fallow.register.report import OPEN_END


def called(connection: sqlite3.Connection, day: str | None, head: int | None = None) -> dict[str, str]:
    """Records known under another id on a day (``None``: now), as the first ``head`` entries have it."""
    rows = connection.execute(
        "SELECT DISTINCT l.number, l.verb, l.at, l.body FROM fallow_about a "
        "JOIN fallow_ledger l ON l.number = a.number WHERE l.verb IN ('same', 'different') AND l.number <= ?",
        (2**62 if head is None else head,),
    ).fetchall()
    judged = [
        one
        for number, verb, at, body in rows
        if isinstance(one := judgement(number, verb, at, orjson.loads(body)), Sameness)
    ]
    root = names(judged, day or OPEN_END)
    known = {record: root(record) for one in judged for record in (one.one, one.other)}
    return {record: other for record, other in known.items() if other != record}


def linking(kind: Kind) -> dict[str, str]:
    """The link fields of a kind, to the type of their value."""
    return {one.name: one.type for one in kind.stored if one.type in ("link", "links")}


def follow(value: Any, others: Mapping[str, str]) -> Any:
    """A link, or several, with the ids they lead to; each record once."""
    if isinstance(value, list):
        return list(dict.fromkeys(others.get(one, one) for one in value))
    return others.get(value, value) if isinstance(value, str) else value


def follow_stored(cell: Any, type: str, others: Mapping[str, str]) -> Any:
    """The same for a cell as it is stored."""
    if cell is None:
        return None
    of = VALUE_TYPES[type]
    return of.store(follow(of.load(cell), others))


def asked_for(wanted: Any, others: Mapping[str, str]) -> Any:
    """What a link may hold that leads to one of the records wanted: every id they were ever given."""
    if wanted is None:
        return None
    listed: Sequence[Any] = list(wanted) if isinstance(wanted, (list, tuple, set, frozenset)) else [wanted]
    meant = {others.get(one, one) for one in listed}
    return [*listed, *(record for record, other in others.items() if other in meant), *meant]
