"""Step 4, proving: the numbers of one result, made again from its evidence by the same analysis.

Used twice with the same code: by the office before anything leaves, and by whoever checks a bundle. Nothing
in evidence is trusted; what an analysis makes of broken rows is an error, never a traceback.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any, cast

import orjson
import pyproj
import shapely

from fallow.analysis import Recipe, Result, analyses, run
from fallow.errors import FallowError
from fallow.kinds import Model
from fallow.publish.publication import Figure
from fallow.register import OPEN_END, Register
from fallow.register.evidence import EvidenceRegister, Facts
from fallow.register.evidence_rows import EvidenceRow, Judged
from fallow.register.watched import Clocks

WITHHELD = "withheld"
"""What stands in evidence in place of a value that no printed number tells."""

WITHHELD_MONTH = "0001-01"
"""The month in which the analysis meets people whose date is withheld: it and its year are in no table."""

Number = float | int | None


@dataclass(frozen=True, slots=True)
class Kept:
    """The evidence of one result.

    Attributes
    ----------
    people
        The rows are people, one a row, and tell no more than the printed numbers do.
    kind
        Kind of the rows when they are people.
    by_head
        The analysis is run as of the recipe's head, not as of the end of what is known.
    views
        The clocks that the analysis asks for.
    sources
        Source and who says so; rows of land name them by position.
    parts
        Printed figures by part; rows of people belong to a part each, others to the only one.
    unproved
        Figures that no evidence can be given for, and why (a key of the words).
    lines
        The rows, a line of canonical JSON each.
    judged
        Judgements that say under which id a record goes, for the links between rows.
    """

    people: bool
    kind: str
    by_head: bool
    views: tuple[Clocks, ...]
    known_days: tuple[str, ...] | None
    sources: tuple[tuple[str, str], ...]
    parts: tuple[tuple[Figure, ...], ...]
    unproved: Mapping[Figure, str]
    lines: tuple[bytes, ...] = ()
    judged: tuple[Judged, ...] = ()

    def as_dict(self, file: str) -> dict[str, Any]:
        """What ``evidence.json`` says of it."""
        return {
            "file": file,
            "rows": len(self.lines),
            "people": self.people,
            "kind": self.kind,
            "by_head": self.by_head,
            "views": [list(one) for one in self.views],
            "known_days": None if self.known_days is None else list(self.known_days),
            "sources": [list(one) for one in self.sources],
            "parts": [[[one.measure, *one.line] for one in part] for part in self.parts],
            "unproved": [[why, one.measure, *one.line] for one, why in self.unproved.items()],
            "judged": [list(one) for one in self.judged],
        }

    @classmethod
    def from_dict(cls, name: str, said: Mapping[str, Any], lines: Sequence[bytes]) -> Kept:
        """Back from :meth:`as_dict`; ``KeyError``, ``TypeError`` or ``ValueError`` when it is none."""
        if len(lines) != said["rows"]:
            raise ValueError(f"{len(lines)} rows")
        days = said["known_days"]
        return cls(
            said["people"] is True,
            str(said["kind"]),
            said["by_head"] is True,
            tuple(_clocks(one) for one in said["views"]),
            None if days is None else tuple(str(one) for one in days),
            tuple((str(source), str(who)) for source, who in said["sources"]),
            tuple(tuple(_figure(name, one) for one in part) for part in said["parts"]),
            {_figure(name, one[1:]): str(one[0]) for one in said["unproved"]},
            tuple(lines),
            tuple(_judged(one) for one in said["judged"]),
        )


@dataclass(frozen=True, slots=True)
class Proof:
    """What the evidence of one result gives: numbers by figure, and where recipe and rows disagree."""

    values: Mapping[Figure, Number]
    disagreeing: tuple[str, ...] = ()
    """Names of the parts of the recipe that the rows do not bear out."""


def libraries() -> dict[str, str]:
    """The versions of what computes areas: others may give a square metre more or less."""
    return {"geos": shapely.geos_version_string, "proj": pyproj.proj_version_str}


def prove(name: str, kept: Kept, recipe: Recipe, model: Model, digest: str = "") -> Proof:
    """Run the analysis of a recipe on its evidence.

    Parameters
    ----------
    digest
        Digest of the whole result where the evidence is whole; empty where it is cut down to what is told.

    Raises
    ------
    FallowError
        ``EVIDENCE_RECIPE`` when the analysis is not here in that version; ``EVIDENCE_ROW``,
        ``EVIDENCE_MODEL`` or ``EVIDENCE_NOT_KEPT`` for evidence that cannot be worked with, and whatever the
        analysis refuses.
    """
    here = analyses().get(recipe.analysis)
    if here is None or here.version != recipe.version:
        version = here.version if here else "-"
        raise FallowError("EVIDENCE_RECIPE", recipe.analysis, found=recipe.version, known=version)
    if len(set(kept.lines)) != len(kept.lines):
        raise FallowError("EVIDENCE_ROW", name, found="twice")
    if kept.people:
        return _prove_people(name, kept, recipe, model)
    said: dict[int, tuple[str, str]] = {}
    rows = list(_land_rows(kept, said))
    with EvidenceRegister(rows, model, _facts(kept, recipe, said)) as evidence:
        result = rerun(evidence, recipe, by_head=kept.by_head)
    found = replace(result.recipe, fallow=recipe.fallow)
    wanted, given = asdict(recipe), asdict(found)
    odd = [part for part in wanted if orjson.dumps(wanted[part]) != orjson.dumps(given[part])]
    if digest and not odd and replace(result, recipe=found).digest != digest:
        odd.append("digest")
    return Proof({one: value_of(result, one) for one in kept.parts[0]}, tuple(odd))


def rerun(register: Any, recipe: Recipe, *, by_head: bool) -> Result:
    """The result of a recipe on whatever answers like a register.

    A fault of the analysis on rows that no register could hold becomes ``EVIDENCE_ROW``.
    """
    clocks = {"known": recipe.known, "true": recipe.true, "head": recipe.head if by_head else None}
    try:
        return run(recipe.analysis, cast(Register, register), **clocks, **recipe.parameters)
    except FallowError:
        raise
    except Exception as error:
        raise FallowError("EVIDENCE_ROW", recipe.analysis, found=type(error).__name__) from error


def value_of(result: Result, figure: Figure) -> Number:
    """A number of a result; in a count of people a line that nobody stands in has 0."""
    line = next((one for one in result.lines if one.key == figure.line), None)
    if line is not None and figure.measure in line.values:
        return line.values[figure.measure]
    unit = next((one.unit for one in result.measures if one.name == figure.measure), "?")
    return 0 if result.people and unit == "" else None


def people_rows(kept: Kept, part: int) -> list[EvidenceRow]:
    """The rows of one part as history rows, each to be seen through its own view only."""
    found = []
    for line in kept.lines:
        try:
            said = orjson.loads(line)
            if said["part"] == part:
                found.append(person_row(kept, said["view"], said["id"], said["fields"]))
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise FallowError("EVIDENCE_ROW", kept.kind, found=type(error).__name__) from error
    return found


def person_row(kept: Kept, view: int, id: str, fields: Mapping[str, Any]) -> EvidenceRow:
    """One person as a history row that only one view sees."""
    known, true, _ = kept.views[view]
    if fields.get("date") == WITHHELD:
        fields = {**fields, "date": WITHHELD_MONTH}
    row = {
        "kind": kept.kind,
        "record": id,
        "fields": fields,
        "declared": 0,
        "reports": [0],
    }
    for name, day in (("known", known), ("true", true)):
        row[f"{name}_from"], row[f"{name}_to"] = _only(day)
    return EvidenceRow.from_dict(row)


def facts_of(kept: Kept, recipe: Recipe) -> Facts:
    """What the analysis asks for beside rows of people."""
    return _facts(kept, recipe, {})


def _prove_people(name: str, kept: Kept, recipe: Recipe, model: Model) -> Proof:
    values: dict[Figure, Number] = {}
    with EvidenceRegister((), model, facts_of(kept, recipe)) as evidence:
        for number, figures in enumerate(kept.parts):
            evidence.empty()
            evidence.put(people_rows(kept, number))
            result = rerun(evidence, recipe, by_head=kept.by_head)
            values |= {one: value_of(result, one) for one in figures}
    return Proof(values)


def _land_rows(kept: Kept, said: dict[int, tuple[str, str]]) -> Iterator[EvidenceRow]:
    for line in kept.lines:
        try:
            row = orjson.loads(line)
            one = EvidenceRow.from_dict(row)
            for number, source in zip(one.reports, row["sources"], strict=True):
                said[number] = kept.sources[source]
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise FallowError("EVIDENCE_ROW", found=type(error).__name__) from error
        yield one


def _facts(kept: Kept, recipe: Recipe, said: Mapping[int, tuple[str, str]]) -> Facts:
    return Facts(
        register=recipe.register,
        head=recipe.head,
        head_hash=recipe.head_hash,
        views=frozenset(kept.views),
        known_days=kept.known_days,
        said=said,
        judged=kept.judged,
    )


def _only(day: str | None) -> tuple[str, str]:
    """Bounds that only a view on this day sees; without a day, only a view without one."""
    if day is None:
        return "9999-12-30", OPEN_END
    return day, (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def _clocks(said: Any) -> Clocks:
    known, true, head = said
    for day in (known, true):
        if day is not None:
            date.fromisoformat(day)
    if head is not None and type(head) is not int:
        raise TypeError("head")
    return known, true, head


def _judged(said: Any) -> Judged:
    number, verb, at, one, other, as_of = said
    if type(number) is not int or not 0 < number < 2**62 or verb not in ("same", "different"):
        raise TypeError("judged")
    date.fromisoformat(at[:10])
    if as_of is not None:
        date.fromisoformat(as_of)
    return number, verb, at, str(one), str(other), as_of


def _figure(name: str, said: Sequence[Any]) -> Figure:
    measure, *line = said
    if not isinstance(measure, str) or not all(isinstance(one, str) for one in line):
        raise TypeError("figure")
    return Figure(name, measure, tuple(line))
