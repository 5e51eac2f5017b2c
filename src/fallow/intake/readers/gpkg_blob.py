"""Step 1, reports arrive: the GeoPackage header in front of each geometry, and the WKB behind it."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from fallow.intake.readers.gpkg_schema import Layer
from fallow.intake.readers.job import Chunk

_ENVELOPE_BYTES = (0, 32, 48, 48, 64)


class Blobs:
    """Takes the headers off the geometries of one layer.

    The eight bytes in front are the same in nearly every row, so what they mean is worked out once for each
    variant.
    """

    def __init__(self, layer: Layer) -> None:
        self._srs_id = layer.srs_id
        self._known: dict[bytes, int | tuple[str, dict[str, Any]]] = {}

    def to_wkb(self, chunk: Chunk, blobs: list[Any]) -> list[bytes | None]:
        """WKB of each row; a header that lies is a finding, and the envelopes go to ``chunk.envelopes``."""
        out: list[bytes | None] = []
        envelopes = np.full((len(blobs), 4), np.nan)
        plain: list[int] = []
        for spot, blob in enumerate(blobs):
            if blob is None:
                out.append(None)
                continue
            if not isinstance(blob, bytes) or len(blob) < 8:
                chunk.say(spot, "GPKG_GEOMETRY", "refuse", found="short")
                out.append(None)
                continue
            known = self._known.get(blob[:8])
            if known is None:
                known = self._known[blob[:8]] = self._meaning(blob[:8])
            if isinstance(known, tuple):
                chunk.say(spot, known[0], "refuse", **known[1])
                out.append(None)
                continue
            if len(blob) < known:
                chunk.say(spot, "GPKG_GEOMETRY", "refuse", found="short")
                out.append(None)
                continue
            if known >= 40:
                plain.append(spot)
            out.append(blob[known:])
        if plain:
            packed = b"".join(blobs[spot][8:40] for spot in plain)
            values = np.frombuffer(packed, dtype="<f8").reshape(-1, 4)
            big = np.array([not blobs[spot][3] & 1 for spot in plain])
            if big.any():
                values = np.where(big[:, None], values.byteswap(), values)
            envelopes[plain] = values[:, [0, 2, 1, 3]]
            chunk.envelopes = envelopes
        return out

    def _meaning(self, head: bytes) -> int | tuple[str, dict[str, Any]]:
        """Where the WKB starts behind this header, or the code and facts of its refusal."""
        flags = head[3]
        if head[:2] != b"GP" or head[2] != 0:
            return "GPKG_GEOMETRY", {"found": "GP"}
        envelope = (flags >> 1) & 7
        if envelope >= len(_ENVELOPE_BYTES):
            return "GPKG_GEOMETRY", {"found": f"envelope {envelope}"}
        if flags & 0x20:
            return "GEOMETRY_TYPE", {"found": "extended"}
        srs_id = struct.unpack("<i" if flags & 1 else ">i", head[4:8])[0]
        if srs_id != self._srs_id:
            return "GPKG_SRS", {"found": srs_id, "expected": self._srs_id}
        return 8 + _ENVELOPE_BYTES[envelope]
