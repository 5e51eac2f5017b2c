"""Step 4, evidence: what a stranger needs to make every printed number again, and not more.

For land: the history rows the analysis read, with the fields it read, of those the audience may see. For
people, to those who see them only as numbers: rows that tell what the printed numbers tell
(:mod:`fallow.publish.proof.evidence_people`). All evidence is tried on the analysis before it leaves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import orjson

from fallow.analysis import Recipe, Result, analyses
from fallow.errors import FallowError
from fallow.kinds import Model
from fallow.publish.audience import PEOPLE, Audience, fields_for
from fallow.publish.proof.evidence_people import People, people_evidence
from fallow.publish.proof.proving import Kept, Number, prove, rerun, value_of
from fallow.publish.publication import Cell, Figure, Paragraph, Publication, Table
from fallow.register import Register
from fallow.register.evidence import model_of, part_of_model
from fallow.register.evidence_rows import judged, rows_read, said_by_report
from fallow.register.ledger import canonical
from fallow.register.watched import Notes, Watched

if TYPE_CHECKING:
    from fallow.publish.withholding.redact import Redacted

COUNTS = frozenset({"killed", "injured", "casualties_unknown", "casualties", "casualties_unnamed"})
"""Fields of accidents that count people: in no evidence for those from whom small numbers are kept."""

WHY = (
    "publish.unproved.no_recipe",
    "publish.unproved.hidden",
    "publish.unproved.tells_more",
    "publish.unproved.file",
)
"""Keys of the words that say why a number has no evidence."""

REFUSED = "publish.unproved.refused"
"""The same for an analysis that refuses the rows its readers may see; the code of its refusal follows."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence of a publication.

    Attributes
    ----------
    kept
        By the short name of a result.
    model
        The kinds that were asked about, as JSON.
    recipes
        By short name, the recipe of what was made again.
    digests
        Digest of the whole result, for those whose evidence is whole.
    """

    audience: str
    kept: Mapping[str, Kept]
    recipes: Mapping[str, Recipe]
    digests: Mapping[str, str]
    model: bytes

    @property
    def unproved(self) -> dict[Figure, str]:
        """Every printed number that it does not prove, and why."""
        return {figure: why for kept in self.kept.values() for figure, why in kept.unproved.items()}


def gather(register: Register, redacted: Redacted, to: Audience) -> Evidence:
    """The evidence of every number that is printed.

    Raises
    ------
    FallowError
        ``EVIDENCE_CHANGED`` when the register no longer gives a printed number.
    """
    told = printed(redacted.publication)
    kept, recipes, digests, kinds = {}, {}, {}, set()
    for name, result in redacted.publication.results.items():
        mine = {figure: value for figure, value in told.items() if figure.result == name}
        taken = take(register, name, result.recipe, mine, to)
        kept[name], recipes[name] = taken.kept, result.recipe
        if taken.digest:
            digests[name] = taken.digest
        kinds |= taken.kinds
    return Evidence(to.name, kept, recipes, digests, part_of_model(register.model, kinds))


def cells(publication: Publication) -> Iterator[tuple[str, Cell]]:
    """Every cell that holds a number, with the name of the block it stands in."""
    for position, block in enumerate(publication.blocks):
        if isinstance(block, Table):
            for number, row in enumerate(block.rows, 1):
                yield from ((f"{block.id} {number}", cell) for cell in row.cells if cell.figure)
        elif isinstance(block, Paragraph):
            for name, cell in block.figures.items():
                if cell.figure:
                    yield f"paragraph {position + 1} {{{name}}}", cell


def printed(publication: Publication) -> dict[Figure, Number]:
    """Every number that is told, by its figure."""
    found: dict[Figure, Number] = {}
    for _, cell in cells(publication):
        if cell.figure and isinstance(cell.value, int | float):
            found[cell.figure] = cell.value
    return found


@dataclass(slots=True)
class Taken:
    """The evidence of one result as it was taken, the kinds it needs, its digest where it is whole."""

    kept: Kept
    kinds: set[str] = field(default_factory=set)
    digest: str = ""


def take(register: Register, name: str, recipe: Recipe, told: Mapping[Figure, Number], to: Audience) -> Taken:
    """Run a recipe again under watch, and keep what it read, as far as the audience may have it."""
    none = Kept(False, "", False, (), None, (), ((),), {})
    if not told:
        return Taken(none)
    here = analyses().get(recipe.analysis)
    if here is None:
        # an operator's file held against the register: its rows are the operator's, not ours to hand on
        return Taken(_without(none, told, WHY[3] if recipe.analysis == "against" else WHY[0]))
    by_head = register.ledger.head()[0] != recipe.head
    watched = Watched(register)
    try:
        result = rerun(watched, recipe, by_head=by_head)
    except FallowError as error:
        if error.code != "EVIDENCE_NOT_KEPT":
            raise
        return Taken(_without(none, told, WHY[0]))
    notes = watched.notes
    _unchanged(result, told)
    kinds = notes.kinds | set(notes.read)
    if not to.people and (result.people or PEOPLE & set(notes.read)):
        model = model_of(part_of_model(register.model, kinds))
        people = People(register, name, recipe, result.measures, notes, told, model, to, by_head=by_head)
        return Taken(people_evidence(people), kinds)
    return _land(register, name, result, notes, told, to, by_head=by_head)


def same(one: Number, other: Number) -> bool:
    """Whether two numbers are one: counts and areas exactly, shares to the decimals of the printed one."""
    if one is None or other is None:
        return one is other
    if isinstance(one, int) or float(one).is_integer():
        return one == other or (isinstance(other, float) and round(other, 1) == one)
    decimals = len(str(one).partition(".")[2])
    return bool(abs(one - other) <= 0.5 * 10**-decimals * (1 + 1e-9))


def _unchanged(result: Result, told: Mapping[Figure, Number]) -> None:
    for figure, value in told.items():
        found = value_of(result, figure)
        if not same(value, found):
            raise FallowError("EVIDENCE_CHANGED", figure.id, printed=value, found=found)


def _without(kept: Kept, told: Mapping[Figure, Number], why: str) -> Kept:
    return replace(kept, unproved=dict.fromkeys(told, why))


def _land(
    register: Register,
    name: str,
    result: Result,
    notes: Notes,
    told: Mapping[Figure, Number],
    to: Audience,
    *,
    by_head: bool,
) -> Taken:
    shown = {kind: _shown(register.model, kind, to) for kind in notes.read}
    rows = rows_read(register, notes, shown)
    said = said_by_report(register, [number for one in rows for number in one.reports])
    sources = tuple(sorted(set(said.values())))
    at = {source: position for position, source in enumerate(sources)}
    lines = tuple(
        canonical({**one.as_dict(), "sources": [at[said[number]] for number in one.reports]}) for one in rows
    )
    days = None if notes.known_days is None else tuple(notes.known_days)
    views = tuple(sorted(notes.views, key=str))
    same_as = judged(register, rows, result.recipe.head if by_head else None)
    kept = Kept(False, "", by_head, views, days, sources, (tuple(told),), {}, lines, same_as)
    kinds = notes.kinds | set(notes.read)
    model = model_of(part_of_model(register.model, kinds))
    try:
        proof = prove(name, kept, result.recipe, model, result.digest)
    except FallowError as error:
        none = Kept(False, "", by_head, views, days, (), ((),), {})
        return Taken(_without(none, told, f"{REFUSED} {error.code}"), kinds)
    missed = [figure for figure, value in told.items() if not same(value, proof.values[figure])]
    if not proof.disagreeing:
        return Taken(kept, kinds, result.digest)
    proved = tuple(figure for figure in told if figure not in missed)
    return Taken(replace(kept, parts=(proved,), unproved=dict.fromkeys(missed, WHY[1])), kinds)


def _shown(model: Model, name: str, to: Audience) -> list[str]:
    """What may be told of a kind: its fields, and ``geometry`` where the audience may see it as it is."""
    kind = model.kind(name)
    shown = [one for one in fields_for(kind, to) if not (to.smallest and one in COUNTS)]
    exact = kind.sensitivity == "public" or (kind.sensitivity in to.classes and to.grid == 0.0)
    return [*shown, "geometry"] if exact and shown else shown


def whole(lines: tuple[bytes, ...]) -> bytes:
    """Rows as one file: a line of JSON each."""
    return b"".join(one + b"\n" for one in lines)


def canonical_index(kept: Mapping[str, Kept]) -> bytes:
    """``evidence.json``."""
    return orjson.dumps(
        {name: one.as_dict(f"evidence/{name}.jsonl") for name, one in sorted(kept.items())},
        option=orjson.OPT_SORT_KEYS,
    )
