"""A small country for the proofs of the books: hazards and releases on a grid, brought in as reports and
signed.

One step of the grid is ``STEP`` degrees at 45 degrees north: a square of about 79 by 111 metres.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import shapely

from fallow.register import Draft, Register, create_register

STEP = 0.001
WEST, SOUTH = 30.0, 45.0

Box = tuple[float, float, float, float]
"""West, south, east, north in steps of the grid."""


def box(west: float, south: float, east: float, north: float) -> Any:
    """A rectangle of the grid."""
    return shapely.box(WEST + west * STEP, SOUTH + south * STEP, WEST + east * STEP, SOUTH + north * STEP)


def wkb(*boxes: Box) -> bytes:
    """One polygon made of rectangles of the grid."""
    made = shapely.union_all([box(*one) for one in boxes])
    return bytes(shapely.to_wkb(shapely.normalize(made), byte_order=1))


class Country:
    """A register with two people who release, and short words for what happens in it."""

    def __init__(self, folder: Path, clock: Any = None) -> None:
        more = {} if clock is None else {"clock": clock}
        self.register: Register = create_register(
            folder / "country.gpkg", title="A country on a grid", invented=True, **more
        )
        for person in ("Anna One", "Boris Two"):
            self.register.grant(person, ["release"], by="The Director", why="appointed")

    def says(
        self,
        kind: str,
        record: str,
        true: str,
        shape: bytes | Sequence[Box] | None = (),
        *,
        learned: str | None = None,
        corrects: tuple[int, ...] = (),
        withdraws: tuple[int, ...] = (),
        source: str = "centre",
        **fields: Any,
    ) -> int:
        """One approved report; its ledger number. ``learned`` also dates the approval."""
        located = shape != ()
        made = shape if shape is None or isinstance(shape, bytes) else wkb(*shape) if shape else None
        draft = Draft(
            kind=kind,
            record=record,
            source=source,
            author="A. Author",
            true=true,
            fields=fields,
            geometry=made,
            located=located,
            learned=learned,
            corrects=corrects,
            withdraws=withdraws,
        )
        (number,) = self.register.add([draft])
        outcome = self.register.approve([number], by="im.officer", why="test", as_of=learned)
        assert outcome.approved == 1, outcome.refused
        return number

    def hazard(
        self, record: str, true: str, shape: Any = (), *, learned: str | None = None, **fields: Any
    ) -> int:
        """A hazard as first reported, or any later state of it."""
        if not self.register.at().record(record):
            fields = {"code": record, "hazard_class": "sha", "status": "open", **fields}
        if fields.get("hazard_class") == "cha":
            fields.setdefault("direct_evidence", ["ordnance_seen"])
        report = {name: fields.pop(name) for name in ("corrects", "withdraws", "source") if name in fields}
        return self.says(
            "hazard", record, true, shape, learned=learned, date_of_information=true, **report, **fields
        )

    def claim(
        self,
        record: str,
        hazard: str | None,
        type: str,
        true: str,
        shape: Any,
        *,
        learned: str | None = None,
        **fields: Any,
    ) -> int:
        """A release that somebody claims, with the survey or clearance it rests on."""
        activity = {"cancelled": "nts", "reduced": "ts", "cleared": "clearance"}[type]
        self.says(
            "activity",
            f"{record}-work",
            true,
            code=f"{record}-work",
            activity_type=activity,
            status="planned",
            date_of_information=true,
            learned=learned,
        )
        fields = {"clearance_depth": 13, "quality_result": "accepted", "date": true, **fields}
        if hazard is not None:
            fields["hazard"] = hazard
        return self.says(
            "land_release",
            record,
            true,
            shape,
            learned=learned,
            code=record,
            release_type=type,
            release_status="released",
            activity=f"{record}-work",
            **fields,
        )

    def sign(self, record: str, field: str = "release_status", as_of: str | None = None) -> None:
        """Both people sign."""
        for person in ("Anna One", "Boris Two"):
            self.register.release([record], field, by=person, why="read and visited", as_of=as_of)

    def release(self, record: str, hazard: str | None, type: str, true: str, shape: Any, **more: Any) -> None:
        """A release, claimed and signed."""
        self.claim(record, hazard, type, true, shape, **more)
        self.sign(record, as_of=more.get("learned"))

    def close(self) -> None:
        """Close the register."""
        self.register.close()
