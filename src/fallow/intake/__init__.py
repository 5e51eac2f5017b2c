"""Room 1, intake: how reports arrive. The door: everything other rooms may use is named here."""

from fallow.intake.bring import bring_in
from fallow.intake.draft import draft_source
from fallow.intake.ground import WARNINGS
from fallow.intake.read import country_extent
from fallow.intake.receipt import Columns, Receipt, findings_in
from fallow.intake.source import Source
from fallow.intake.source_load import load_source

__all__ = [
    "WARNINGS",
    "Columns",
    "Receipt",
    "Source",
    "bring_in",
    "country_extent",
    "draft_source",
    "findings_in",
    "load_source",
]
