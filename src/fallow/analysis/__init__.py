"""Room 3, analysis: what the register tells us. The door: everything other rooms may use is named here."""

from fallow.analysis.against import Comparison, against, draft_reports
from fallow.analysis.registry import Analysis, Asked, Found, analyses, analysis, run
from fallow.analysis.result import Explanation, Key, Line, Measure, Recipe, Result

__all__ = [
    "Analysis",
    "Asked",
    "Comparison",
    "Explanation",
    "Found",
    "Key",
    "Line",
    "Measure",
    "Recipe",
    "Result",
    "against",
    "analyses",
    "analysis",
    "draft_reports",
    "run",
]
