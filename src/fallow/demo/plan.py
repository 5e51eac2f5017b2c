"""Beside the faces: the plan of the invented programme, every number and day that the rest is made from.

An invented island, Ficta, stands in the open South Atlantic around 20° W, 38° S, where there is no land, so
that nobody can mistake it for a place. Two parties, called A and B, laid mines there; from 2020 on two
operators and an authority survey, clear and release. All lengths are metres, all days ISO.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer

UTM = "EPSG:32727"
"""The grid everything is laid out on: WGS 84 / UTM zone 27S."""

CENTRE = (587_800.0, 5_793_600.0)
"""Easting and northing of the middle of the island."""

EXTENT = (-20.3, -38.2, -19.7, -37.8)
"""West, south, east, north of the programme, in degrees."""

YEARS = (2020, 2021, 2022, 2023, 2024, 2025)
"""The years of the programme. Everything ends in 2025."""

TITLE = "Ficta Mine Action Programme (INVENTED)"
AUTHORITY = "Ficta Mine Action Authority (INVENTED)"
OPERATORS = {"OP1": "Operator One (INVENTED)", "OP2": "Operator Two (INVENTED)"}

DETECTION = {
    ("OP1", "clearance"): 0.990,
    ("OP2", "clearance"): 0.955,
    ("OP1", "ts"): 0.08,
    ("OP2", "ts"): 0.06,
}
"""Chance that an operator finds an item it works over, by method. What it misses stays in the ground."""


DELIVERED = {
    "hazards": "10-31",
    "activities": "11-05",
    "finds": "11-10",
    "casualties": "11-15",
    "completion": "11-20",
    "areas": "11-22",
    "cancellations": "11-24",
}
"""Day of the year each yearly file is handed over: the list of hazards first, the rest name its codes."""

SIGNED_RELEASES, SIGNED_HAZARDS = "11-26", "11-28"
"""Day of the year on which the authority's two signatories sign releases, and then closed hazards."""


def chance(seed: int, chapter: str) -> Random:
    """The generator of one chapter; Python promises the same numbers for the same seed on every machine."""
    return Random(f"{seed} {chapter}")  # noqa: S311  (nothing secret is drawn)


def day_in(random: Random, year: int, first_month: int, last_month: int) -> str:
    """A random day between two months of a year."""
    return f"{year}-{random.randint(first_month, last_month):02}-{random.randint(1, 28):02}"


@dataclass(frozen=True, slots=True)
class Laying:
    """How one party laid mines and wrote it down.

    Attributes
    ----------
    recorded
        Share of its minefields for which a record was handed over.
    shift
        Mean displacement of the recorded position, east and north.
    spread
        Standard deviation of the displacement from record to record.
    rows_missing
        Chance that a row was laid and not written down.
    count_error
        Relative standard deviation of the number of mines written down.
    """

    party: str
    north: bool
    fields: int
    recorded: float
    shift: tuple[float, float]
    spread: float
    rows_missing: float
    count_error: float


PARTIES = (
    Laying("A", True, 34, 0.91, (3.0, -2.0), 3.0, 0.0, 0.02),
    Laying("B", False, 32, 0.66, (33.0, -23.0), 7.0, 0.30, 0.18),
)

AP, AV, CLUSTER, SHELL = "AP-F1", "AV-F2", "SUB-F3", "HE-F4"
"""Models of the invented ordnance: anti-personnel, anti-vehicle, submunition, shell."""

CATEGORY = {AP: "ap_mine", AV: "av_mine", CLUSTER: "cluster_munition_remnant", SHELL: "uxo"}

Metres = tuple[float, float]


@cache
def _to_degrees() -> Transformer:
    return Transformer.from_crs(UTM, "EPSG:4326", always_xy=True)


def to_degrees(shape: Any) -> Any:
    """A shape on the grid as longitude and latitude, to 7 decimals (about 1 cm)."""
    return shapely.transform(shape, _degrees)


def _degrees(coordinates: Any) -> Any:
    lon, lat = _to_degrees().transform(coordinates[:, 0], coordinates[:, 1])
    return np.round(np.column_stack([lon, lat]), 7)


def lon_lat(point: Metres) -> tuple[float, float]:
    """One point on the grid as longitude and latitude, to 7 decimals."""
    lon, lat = _to_degrees().transform(*point)
    return round(float(lon), 7), round(float(lat), 7)
