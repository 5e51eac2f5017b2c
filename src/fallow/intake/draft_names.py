"""Step 1, reports arrive: what columns are called in the trade, for the draft of a source description.

``draft_names.csv`` holds names in seven languages as they stand in real files, beside the labels of the
kinds themselves; the rows that begin with ``@`` name coordinates and ids.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path


def folded(name: str) -> str:
    """A name for comparing: small letters and figures without accents or signs (``Año`` is ``ano``)."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in plain if letter.isalnum())


@cache
def trade_names() -> Mapping[str, frozenset[str]]:
    """Field (or ``@latitude``, ``@longitude``, ``@place``, ``@id``) to the names its column has."""
    path = Path(__file__).with_suffix(".csv")
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["field"]: frozenset(map(folded, row["names"].split())) for row in csv.DictReader(lines)}
