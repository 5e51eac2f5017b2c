"""Step 0, units: what a written unit means, and the exact factor between two units of one dimension."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit, the dimension it measures, and how many base units it is."""

    name: str
    dimension: str
    factor: Decimal
    sign: str
    """How it is written for a person."""


def _units(*rows: tuple[str, str, str, str]) -> Mapping[str, Unit]:
    return {name: Unit(name, dimension, Decimal(factor), sign) for name, dimension, factor, sign in rows}


UNITS: Mapping[str, Unit] = _units(
    ("m2", "area", "1", "m²"),
    ("ha", "area", "10000", "ha"),
    ("km2", "area", "1000000", "km²"),
    ("acre", "area", "4046.8564224", "acre"),
    ("metric_dunum", "area", "1000", "dunum (1000 m²)"),
    ("iraqi_dunum", "area", "2500", "dunum (2500 m²)"),
    ("m", "length", "1", "m"),
    ("mm", "length", "0.001", "mm"),
    ("cm", "length", "0.01", "cm"),
    ("km", "length", "1000", "km"),
    ("ft", "length", "0.3048", "ft"),
    ("kg", "mass", "1", "kg"),
    ("g", "mass", "0.001", "g"),
    ("t", "mass", "1000", "t"),
    ("min", "time", "1", "min"),
    ("h", "time", "60", "h"),
    ("d", "time", "1440", "d"),
    ("deg", "angle", "1", "°"),
    ("percent", "share", "1", "%"),
    ("USD", "money", "1", "USD"),
)
"""Every unit a field may be kept in or a source may write. Areas in square metres, lengths in metres (SI;
acre and foot are the international ones)."""

_SPELLINGS = {
    "m2": "m² m^2 sqm sq.m sq.m. sqmt mq м2 м² кв.м кв.м. م2 م²",
    "ha": "has hectare hectares hectárea hectáreas га hektar هكتار",
    "km2": "km² km^2 sqkm sq.km sq.km. км2 км² кв.км كم2 كم²",
    "acre": "acres ac",
    "m": "metre metres meter meters mètre mètres metro metros м متر",
    "mm": "мм مم",
    "cm": "см سم",
    "km": "км كم",
    "ft": "foot feet",
    "kg": "kilo kilos кг كغ",
    "g": "gr г غ",
    "t": "ton tonne tonnes т",
    "min": "mins minute minutes мин хв dəq دقيقة",
    "h": "hr hrs hour hours heure heures hora horas ч год saat ساعة",
    "d": "day days",
    "deg": "° º degree degrees",
    "percent": "% pct",
    "USD": "$ us$ usd",
}

_BY_SPELLING = {
    written.casefold(): name
    for name in UNITS
    for written in (name, UNITS[name].sign, *_SPELLINGS.get(name, "").split())
}

# A dunum is 1,000 m² in most of the Levant and Türkiye, 2,500 m² in Iraq, 1,338 m² in Cyprus: who writes only
# "dunum" has not said how much land it is.
AMBIGUOUS: Mapping[str, str] = dict.fromkeys(
    ("dunum", "dunums", "dunam", "dunams", "donum", "donums", "dönüm", "دونم"), "metric_dunum, iraqi_dunum"
)


def find_unit(written: str) -> Unit | None:
    """The unit a person means by what stands after a number, or ``None``."""
    name = _BY_SPELLING.get(" ".join(written.split()).casefold()) or _BY_SPELLING.get(
        "".join(written.split()).casefold()
    )
    return UNITS[name] if name else None


def convert(number: str | float | Decimal, come: Unit, go: Unit) -> float:
    """A number in another unit of its dimension, in decimals: 0.07 ha is 700 m², not 700.0000000000001."""
    return float(Decimal(str(number)) * come.factor / go.factor)
