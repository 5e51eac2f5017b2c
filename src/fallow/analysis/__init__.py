"""Room 3, analysis: what the register tells us. The door: everything other rooms may use is named here."""

from fallow.analysis import telling
from fallow.analysis.against import Comparison, against, draft_reports
from fallow.analysis.one_figure import Figure, figure, of_result
from fallow.analysis.parameters import Parameter
from fallow.analysis.registry import Analysis, Asked, Found, analyses, analysis, analysis_of, run
from fallow.analysis.result import Explanation, Key, Line, Measure, Recipe, Result
from fallow.analysis.trail import Behind, RecordBehind, ReportBehind, behind

__all__ = [
    "Analysis",
    "Asked",
    "Behind",
    "Comparison",
    "Explanation",
    "Figure",
    "Found",
    "Key",
    "Line",
    "Measure",
    "Parameter",
    "Recipe",
    "RecordBehind",
    "ReportBehind",
    "Result",
    "against",
    "analyses",
    "analysis",
    "analysis_of",
    "behind",
    "draft_reports",
    "figure",
    "of_result",
    "run",
    "telling",
]
