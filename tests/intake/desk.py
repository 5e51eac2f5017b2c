"""What the tests of intake share: a desk that brings small sources in, and true-looking rows."""

from __future__ import annotations

from pathlib import Path

from fallow.intake import Receipt, bring_in
from fallow.register import Register

DATA = Path(__file__).parents[3] / "shared" / "data"
SOURCES = Path(__file__).parents[2] / "sources"


class Desk:
    """Writes source folders and brings them in."""

    def __init__(self, folder: Path, register: Register) -> None:
        self.folder = folder
        self.register = register

    def write(self, description: str, **files: str) -> Path:
        folder = self.folder / "source"
        folder.mkdir(exist_ok=True)
        (folder / "source.yaml").write_text(description, encoding="utf-8")
        for name, content in files.items():
            (folder / name.replace("__", ".")).write_text(content, encoding="utf-8", newline="")
        return folder

    def bring(self, description: str, **files: str) -> Receipt:
        return bring_in(self.write(description, **files), self.register, approve_by="im.officer", why="test")


VICTIMS = """
source: hospital
who: Hospital of the district
licence: none stated
delivered: 2024-03-31
files: {victims: victims.csv}
tables:
  - name: victims
    format: csv
    records:
      - kind: victim
        id: {column: no}
        date: fecha
        fields:
          outcome: {from: estado, lookup: {Herido: injured, Muerto: killed}}
          age: edad
          admin2: municipio
        geometry: {x: lon, y: lat}
"""

ROWS = """no,fecha,estado,edad,municipio,lon,lat
A1,2023-05-04,Herido,34,GRANADA,-75.1852,6.1437
A2,2023-05,Muerto,9,GRANADA,-75.1852,6.1437
A3,2023,Herido,,TAME,,
"""
