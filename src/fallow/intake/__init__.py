"""Room 1, intake: how reports arrive. The door: everything other rooms may use is named here."""

from fallow.intake.bring import bring_in
from fallow.intake.receipt import Columns, Receipt, findings_in
from fallow.intake.source import Source
from fallow.intake.source_load import load_source

__all__ = ["Columns", "Receipt", "Source", "bring_in", "findings_in", "load_source"]
