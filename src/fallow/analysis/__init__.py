"""Room 3, analysis: what the register tells us. The door: everything other rooms may use is named here."""

from fallow.analysis.registry import Analysis, Asked, Found, analyses, analysis, run
from fallow.analysis.result import Explanation, Key, Line, Measure, Recipe, Result

__all__ = [
    "Analysis",
    "Asked",
    "Explanation",
    "Found",
    "Key",
    "Line",
    "Measure",
    "Recipe",
    "Result",
    "analyses",
    "analysis",
    "run",
]
