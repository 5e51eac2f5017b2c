"""Step 2, what a rule may ask about other records: how they stand now, and what links to them."""

# ruff: noqa: S608 - names in SQL come from the checked model, values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from fallow.kinds import Model
from fallow.register.claims import GEOMETRY
from fallow.register.report import OPEN_END, Record
from fallow.register.view import View


class Standing:
    """The present picture, as rules see it inside the approving transaction."""

    def __init__(self, connection: sqlite3.Connection, model: Model) -> None:
        self._connection = connection
        self._view = View(connection, model, None, None)
        self._model = model

    def now(self, kind: str, record: str) -> Mapping[str, Any] | None:
        """Standing values of a record with its geometry; ``None`` when it is not there."""
        if kind not in self._model.kinds:
            return None
        found = next(self._view.records(kind, {"record": record}), None)
        return None if found is None else _values(found)

    def linked(self, kind: str, field: str, record: str) -> Sequence[Mapping[str, Any]]:
        """Standing values of the records of ``kind`` that point to ``record``."""
        declared = self._model.kinds.get(kind)
        if declared is None or declared.field(field) is None:
            return ()
        return [_values(one) for one in self._view.records(kind, {field: record})]

    def course(self, kind: str, record: str, field: str) -> Sequence[tuple[str, Any]]:
        """What is believed now of a stored field along true time, as it is stored."""
        declared = self._model.kinds.get(kind)
        if declared is None or declared.field(field) is None:
            return ()
        return self._connection.execute(
            f'SELECT true_from, "{field}" FROM "{kind}_history" '
            "WHERE record = ? AND known_to = ? ORDER BY true_from",
            (record, OPEN_END),
        ).fetchall()


def _values(record: Record) -> dict[str, Any]:
    return {**record.fields, GEOMETRY: record.geometry, "@record": record.id}
