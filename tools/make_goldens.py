"""Write the tables of the invented programme that the tests hold every later table against.

``python tools/make_goldens.py`` builds the programme in a temporary folder, prepares each publication as
known at the end of 2025, and writes its tables to ``tests/golden/<publication>/<table>.csv`` in English. Look
at the difference before you commit it: a changed number needs a reason that stands in the CHANGELOG.
"""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fallow.demo import PASSPHRASE, REGISTER, run_demo
from fallow.publish import prepare
from fallow.publish.writers.tables import Grid, grids
from fallow.register import Register, open_register

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "tests" / "golden"
LANG = "en"

PARCEL = "POLYGON ((-20.11 -38.008, -20.10 -38.008, -20.10 -38.003, -20.11 -38.003, -20.11 -38.008))"

KNOWN = "2025-12-31"
ASKED: Mapping[str, Mapping[str, Any]] = {
    "article7": {"year": 2023},
    "ccm_article7": {"year": 2023},
    "action_plan": {"year": 2024, "deadline": 2030},
    "monitor_casualties": {},
    "monthly_bulletin": {"month": "2023-05"},
    "donor_table": {"year": 2023},
    "parcel_statement": {"parcel": PARCEL, "distance": 300},
}
"""What each publication is asked for."""


def tables(register: Register) -> Iterator[tuple[str, str, Grid]]:
    """Publication, table and its grid, for every publication there is."""
    for name, asked in ASKED.items():
        for block, of in grids(prepare(name, register, known=KNOWN, **asked), LANG):
            yield name, block.id, of


def path_of(publication: str, table: str) -> Path:
    """Where a table is kept."""
    return GOLDEN / publication / f"{table}.csv"


def main() -> None:
    """Build, and replace everything that is there."""
    for one in ASKED:
        shutil.rmtree(GOLDEN / one, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        run_demo(Path(folder))
        with open_register(Path(folder) / REGISTER, passphrase=PASSPHRASE) as register:
            for name, table, of in tables(register):
                path = path_of(name, table)
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("w", encoding="utf-8", newline="") as file:
                    csv.writer(file, lineterminator="\n").writerows((of.header, of.tags, *of.rows))


if __name__ == "__main__":
    main()
