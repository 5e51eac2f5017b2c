"""Step 2, the tables of a register, said once for every store (SQLAlchemy Core).

Three layers: the *ledger* is the truth and is only appended to; *report* and *sameness* are an index on it;
``<kind>_history`` is what the fold makes of it. Everything but the ledger can be computed again.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.types import UserDefinedType

from fallow.kinds import Kind, columns
from fallow.register.summing import ADDED

metadata = sa.MetaData()

setting = sa.Table(
    "fallow_setting",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

ledger = sa.Table(
    "fallow_ledger",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("verb", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("geometry", sa.LargeBinary),
    sa.Column("hash", sa.LargeBinary, nullable=False),
)

head = sa.Table(
    "fallow_head",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("signature", sa.LargeBinary, nullable=False),
)

report = sa.Table(
    "fallow_report",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("record", sa.Text, nullable=False, index=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("delivery", sa.Integer, nullable=False),
    sa.Column("true_on", sa.Text, nullable=False),
    sa.Column("learned", sa.Text, nullable=False),
    sa.Column("declared", sa.Integer, nullable=False),
    sa.Column("held", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("known_from", sa.Text),
    sa.Column("known_to", sa.Text),
)

REPORT_BY_RECORD = next(iter(report.indexes)).name or ""

earlier = sa.Table(  # spans of acceptance that a later decision ended and another reopened
    "fallow_earlier_span",
    metadata,
    sa.Column("report", sa.Integer, nullable=False, index=True),
    sa.Column("known_from", sa.Text, nullable=False),
    sa.Column("known_to", sa.Text, nullable=False),
)

about = sa.Table(  # decisions by the record they speak about: resolve, release, same, different
    "fallow_about",
    metadata,
    sa.Column("record", sa.Text, nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
)

voice = sa.Table(  # who says a history row, by the number that the row has for it
    "fallow_voice",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("said", sa.Text, nullable=False),
)

receipt = sa.Table(
    "fallow_receipt",
    metadata,
    sa.Column("delivery", sa.Integer, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
)

SYSTEM_TABLES = tuple(metadata.tables.values())


class Geometry(UserDefinedType[bytes]):
    """A GeoPackage geometry column; holds any shape, longitude and latitude on EPSG:4326."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """The type name the GeoPackage standard asks for."""
        return "GEOMETRY"


class _Spelled(UserDefinedType[object]):
    """A column type spelled as GeoPackage spells it (``DATE``), kept as what the driver gives."""

    cache_ok = True

    def __init__(self, spelled: str) -> None:
        self.spelled = spelled

    def get_col_spec(self, **_: object) -> str:
        return self.spelled


BOUNDS = ("known_from", "known_to", "true_from", "true_to")
KEPT_BESIDE = ("conflict", "awaiting", "declared", "reports", "row_hash")


def added() -> tuple[sa.Column[int], ...]:
    """The columns a figure is added up from (:mod:`fallow.register.summing`)."""
    return tuple(sa.Column(name, sa.Integer, nullable=False, server_default="0") for name in ADDED)


def history(kind: Kind) -> sa.Table:
    """The history of one kind: one row for each thing believed of a record between four bounds."""
    name = f"{kind.name}_history"
    tables = sa.MetaData()
    return sa.Table(
        name,
        tables,
        sa.Column("fid", sa.Integer, primary_key=True),
        *([sa.Column("geom", Geometry())] if kind.shapes else []),
        sa.Column("record", sa.Text, nullable=False),
        *(sa.Column(bound, _Spelled("DATE"), nullable=False) for bound in BOUNDS),
        *added(),  # before what is wide: SQLite walks a row from its start, and figures read them of all
        *(sa.Column(one.name, _Spelled(one.type)) for one in columns(kind)),
        sa.Column("conflict", sa.Text, nullable=False),
        sa.Column("awaiting", sa.Text, nullable=False),
        sa.Column("declared", sa.Integer, nullable=False),
        sa.Column("reports", sa.Text, nullable=False),
        sa.Column("row_hash", sa.LargeBinary, nullable=False),
    )
