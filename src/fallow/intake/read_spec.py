"""Step 1, reports arrive: what is said about a file before it is read, and the batches that come out of it.

Everything here is plain frozen data that crosses the pipe to the reading child as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from fallow.errors import Finding
from fallow.intake.limits import Limits

READERS = {
    "geojson": "geojson",
    "geojsonl": "geojson_lines",
    "csv": "delimited",
    "tsv": "delimited",
    "xlsx": "xlsx",
    "gpkg": "gpkg",
    "kml": "kml",
    "kmz": "kml",
    "shapefile": "shapefile",
    "gpx": "gpx",
}
"""The registry of readers: a format, and the module of ``readers/`` that reads it."""

FORMATS = tuple(READERS)
"""What a source may declare; a format is never guessed from the content."""

GEOMETRY_FORMS = ("decimal", "dms", "mgrs", "utm", "wkt", "geojson", "decimal_pair")


@dataclass(frozen=True, slots=True)
class GeometrySpec:
    """Coordinates that stand in the columns of a table.

    Attributes
    ----------
    form
        ``decimal``: ``x`` and ``y`` hold numbers in ``ReadSpec.crs`` (degrees on WGS 84 when none is
        declared).
        ``dms``: degrees, minutes and seconds in text, in ``x`` and ``y`` or both in ``column``.
        ``utm``: easting ``x``, northing ``y`` in metres on WGS 84, ``zone`` a column or a fixed ``33N``.
        ``mgrs``, ``wkt``, ``geojson``: the whole geometry in ``column``.
        ``decimal_pair``: ``(6.14, -75.18)`` in ``column``, in the order ``order`` says.
    zone
        Name of the column that holds the UTM zone, or the zone itself with its hemisphere letter.
    decimal
        The decimal sign of the numbers, ``.`` or ``,``.
    order
        ``lat_lon`` (as people write positions, ISO 6709) or ``lon_lat``, for a pair without letters.
    """

    form: str = "decimal"
    x: str | None = None
    y: str | None = None
    column: str | None = None
    zone: str | None = None
    decimal: str = "."
    order: str = "lat_lon"

    def as_dict(self) -> dict[str, Any]:
        """As it stands in ``source.yaml``: ``form`` is called ``as`` there."""
        values = {name: value for name, value in asdict(self).items() if value is not None}
        values["as"] = values.pop("form")
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> GeometrySpec:
        """From ``source.yaml``: ``{x, y}``, ``{column, as}``, ``{x, y, as}``, ``{utm: {x, y, zone}}``."""
        plain = dict(values)
        if "utm" in plain:
            plain = {**plain.pop("utm"), **plain, "as": "utm"}
        if "as" in plain:
            plain["form"] = plain.pop("as")
        return cls(**plain)


@dataclass(frozen=True, slots=True)
class ReadSpec:
    """Everything the reading child needs to know about one file.

    Attributes
    ----------
    format
        One of :data:`FORMATS`, as declared.
    crs
        Declared coordinate system (``EPSG:32633``). ``None`` means WGS 84 where the format fixes it (GeoJSON,
        KML, GPX) or longitude and latitude stand in columns; a GeoPackage and a ``.prj`` carry their own. A
        declared one wins over the file's, because a wrong datum label is a known fault that only a person
        can correct.
    layer
        GeoPackage table, spreadsheet sheet, KML folder, shapefile inside an archive, or ``waypoints``,
        ``tracks``, ``routes`` of a GPX.
    encoding
        For CSV and DBF; ``None`` is UTF-8 with or without byte-order mark, or UTF-16 by its mark.
    delimiter
        For CSV; ``None`` is ``,``, or a tab for TSV.
    header_row
        Row of the column names in CSV and XLSX, counted from 1; 0 where there is none: ``c1``, ``c2`` ...
    hxl
        A row of HXL tags follows the header.
    geometry
        Coordinates in columns; ``None`` takes the format's own geometry, if it has one.
    extent
        The programme's country as boxes ``[west, south, east, north]`` in degrees.
    huge_area_m2
        From which geodesic area on a polygon needs a second look.
    accept
        Finding code to ``repair`` or ``accept``: what a named person has accepted in ``source.yaml``.
    named
        The columns that the description names. Row numbers of a GeoPackage (its integer primary key) are a
        column of the data only if named: every export counts anew. ``None`` when nothing is described yet.
    """

    format: str
    crs: str | None = None
    layer: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header_row: int = 1
    hxl: bool = False
    geometry: GeometrySpec | None = None
    extent: list[list[float]] | None = None
    huge_area_m2: float | None = None
    accept: dict[str, str] = field(default_factory=dict)
    named: list[str] | None = None
    limits: Limits = field(default_factory=Limits)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the request to the child."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        values["geometry"] = self.geometry.as_dict() if self.geometry else None
        values["limits"] = self.limits.as_dict()
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ReadSpec:
        """The specification of a request."""
        plain = dict(values)
        if plain.get("geometry"):
            plain["geometry"] = GeometrySpec.from_dict(plain["geometry"])
        if "limits" in plain:
            plain["limits"] = Limits.from_dict(plain["limits"])
        return cls(**plain)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of one table, as they stood in the file.

    Attributes
    ----------
    start
        Position of the first row in its table, counted from 0.
    where
        The place a person finds each row at: ``row 12`` (header counted), ``features[11]``, ``Sheet1!row 4``.
    columns
        Every column of the table in every batch, in the order of the file: text, int, float, bool or
        ``None``.
    wkb
        ISO WKB, little endian, EPSG:4326 longitude and latitude, two dimensions; ``None`` for no geometry.
    findings
        ``row`` is a position in the table. A row with a finding of level ``refuse`` is still here with its
        other values and must not come in. Findings about the whole table have ``row=None``; the last batch
        carries those that could only be known at the end, and it may have no rows.
    digests
        For each row 16 bytes that two rows of a file share only when they are alike.
    """

    start: int
    where: list[str]
    columns: dict[str, list[Any]]
    wkb: list[bytes | None]
    findings: list[Finding]
    digests: list[bytes] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.where)


@dataclass(frozen=True, slots=True)
class TableInfo:
    """What one layer or sheet of a file holds, for the proposal of a source description."""

    name: str
    columns: tuple[str, ...]
    rows: int
    geometry: str | None = None
    """``point``, ``line``, ``polygon``, ``mixed``, or ``None`` when the format carries none here."""
    crs: str | None = None
    """What the file itself says, as ``EPSG:n`` where that is known; ``None`` when it says nothing."""
    delimiter: str | None = None
    encoding: str | None = None
    header_row: int = 1
    hxl: tuple[str, ...] = ()
    """HXL tags by column, when a row of them follows the header."""
    hidden: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the answer of the child."""
        return {**asdict(self), "columns": list(self.columns), "hxl": list(self.hxl)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TableInfo:
        """From the answer of the child."""
        return cls(**{**values, "columns": tuple(values["columns"]), "hxl": tuple(values["hxl"])})


@dataclass(frozen=True, slots=True)
class ReadSummary:
    """What reading one file came to, for the receipt."""

    file: str
    rows: int
    columns: tuple[str, ...]
    skipped: tuple[str, ...]
    """Rows without any value, by their place (``row 7``): they hold nothing that could come in."""
    ignored: tuple[str, ...]
    """Parts of the file that are no rows, named: network links, other sheets, unknown members."""
    peak_memory_mb: float
    cpu_s: float
    guards: tuple[str, ...]
    """Limits that held on this machine, see :func:`fallow.intake.limits.confine`."""
