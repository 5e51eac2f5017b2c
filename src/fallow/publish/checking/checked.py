"""Step 4, checked: one thing that was checked, as a line with code, place and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fallow import errors
from fallow.errors import FallowError
from fallow.words import say

State = Literal["holds", "fails", "open", "note"]

_CANNOT = frozenset({"EVIDENCE_RECIPE", "EVIDENCE_NOT_KEPT", "BUNDLE_NEWER"})


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was checked.

    ``open`` could not be checked, ``note`` is something a reader must know. ``code`` is a code of the
    published list of errors, or the name of a check that holds.
    """

    code: str
    state: State
    where: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def what(self, lang: str | None = None) -> str:
        """What was found, in a sentence."""
        facts = {"where": self.where, **self.facts}
        if self.state == "holds":
            return say(f"publish.check.{self.code}", lang, **facts)
        if "why" in facts:
            facts["why"] = say(str(facts["why"]), lang, code=facts.get("code", ""))
        return errors.text(self.code, "what", facts, lang)

    def remedy(self, lang: str | None = None) -> str:
        """What to do about it; empty where it holds."""
        facts = {"where": self.where, **self.facts}
        return "" if self.state == "holds" else errors.text(self.code, "remedy", facts, lang)

    def as_dict(self, lang: str | None = None) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "code": self.code,
            "state": self.state,
            "where": self.where,
            "what": self.what(lang),
            "remedy": self.remedy(lang),
            "facts": {name: str(value) for name, value in self.facts.items()},
        }


def failure(error: FallowError, where: str = "") -> Line:
    """A refusal as a line: what cannot be checked here is told apart from what does not hold."""
    state: State = "open" if error.code in _CANNOT else "fails"
    return Line(error.code, state, error.where or where, error.facts)


def fails(code: str, where: str, **facts: Any) -> Line:
    """A line of what does not hold."""
    return Line(code, "fails", where, facts)


def holds(name: str, where: str, **facts: Any) -> Line:
    """A line of what holds."""
    return Line(name, "holds", where, facts)
