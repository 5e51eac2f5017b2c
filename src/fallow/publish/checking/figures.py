"""Step 4, checking the numbers of a bundle: each made again from its evidence, beside what is printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from fallow.analysis import Recipe
from fallow.errors import FallowError, catalogue
from fallow.kinds import Model
from fallow.publish.checking.checked import Line, fails, failure, holds
from fallow.publish.proof.bundle import EVIDENCE, MODEL, RECIPES
from fallow.publish.proof.canonical import json_of
from fallow.publish.proof.evidence import REFUSED, WHY, cells, same
from fallow.publish.proof.proving import Kept, Number, Proof, libraries, prove
from fallow.publish.publication import Publication
from fallow.register.evidence import model_of

NO_EVIDENCE = "publish.unproved.none"


@dataclass(frozen=True, slots=True)
class Sealed:
    """Recipes and evidence as the bundle holds them.

    ``otherwise`` names results whose areas were computed with other versions of GEOS or PROJ than are here.
    """

    recipes: Mapping[str, Recipe]
    digests: Mapping[str, str]
    kept: Mapping[str, Kept]
    model: Model
    otherwise: frozenset[str] = frozenset()


def sealed(members: Mapping[str, bytes]) -> Sealed:
    """Recipes and evidence; ``BUNDLE_JSON`` or ``BUNDLE_MEMBER_MISSING`` where they cannot be read."""
    for name in (RECIPES, EVIDENCE, MODEL):
        if name not in members:
            raise FallowError("BUNDLE_MEMBER_MISSING", name)
    recipes, digests, otherwise = _recipes(members)
    kept = {}
    try:
        for name, one in json_of(members[EVIDENCE], EVIDENCE).items():
            file = f"evidence/{name}.jsonl"
            if file not in members:
                raise FallowError("BUNDLE_MEMBER_MISSING", file)
            kept[name] = Kept.from_dict(name, one, members[file].splitlines())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FallowError("BUNDLE_JSON", EVIDENCE, found=type(error).__name__) from error
    return Sealed(recipes, digests, kept, model_of(members[MODEL]), otherwise)


def figures(publication: Publication, seal: Sealed) -> Iterator[Line]:
    """A line for each printed number that does not hold or cannot be made again, one for what does."""
    proofs: dict[str, Proof] = {}
    refused: dict[str, FallowError] = {}
    for name, kept in seal.kept.items():
        if name not in seal.recipes or not any(kept.parts):
            continue
        try:
            proofs[name] = prove(name, kept, seal.recipes[name], seal.model, seal.digests.get(name, ""))
        except FallowError as error:
            refused[name] = error
    right: dict[str, int] = {}
    told: set[tuple[Any, ...]] = set()
    for _, cell in cells(publication):
        figure = cell.figure
        if figure is None or not isinstance(cell.value, int | float) or (figure, cell.value) in told:
            continue
        told.add((figure, cell.value))
        name = figure.result
        kept_, proof = seal.kept.get(name), proofs.get(name)
        if proof is not None and figure in proof.values:
            found = proof.values[figure]
            if same(cell.value, found) or (name in seal.otherwise and _rounded(cell.value, found)):
                right[name] = right.get(name, 0) + 1
            else:
                facts = {"printed": cell.value, "found": found}
                yield Line("BUNDLE_FIGURE", "fails", figure.id, facts)
        elif name not in refused:
            why = kept_.unproved.get(figure, NO_EVIDENCE) if kept_ else NO_EVIDENCE
            yield Line("BUNDLE_FIGURE_OPEN", "open", figure.id, _reason(why))
    for name, refusal in refused.items():
        yield failure(refusal, name)
    for name, proof in proofs.items():
        odd = set(proof.disagreeing) - ({"digest"} if name in seal.otherwise else set())
        if odd and name in seal.digests:
            yield fails("BUNDLE_RECIPE", name, found=", ".join(sorted(odd)))
    for name, count in right.items():
        yield holds("figures", name, count=count)


def _reason(why: str) -> dict[str, str]:
    """A reason that has words, whatever a bundle says, and the code of a refusal."""
    key, _, code = why.partition(" ")
    if key == REFUSED and code in catalogue():
        return {"why": key, "code": code}
    return {"why": why if why in WHY else NO_EVIDENCE}


def _rounded(printed: float, found: Number) -> bool:
    """Whether two areas are one but for how a library rounds: two square metres, or a millionth."""
    return found is not None and abs(printed) > 100 and abs(printed - found) <= max(2, 1e-6 * abs(printed))


def _recipes(members: Mapping[str, bytes]) -> tuple[dict[str, Recipe], dict[str, str], frozenset[str]]:
    recipes, digests, otherwise = {}, {}, set()
    try:
        for name, one in json_of(members[RECIPES], RECIPES).items():
            recipe = Recipe(**one["recipe"])
            for part in fields(Recipe):
                _typed(part.name, getattr(recipe, part.name))
            recipes[name] = recipe
            if one["libraries"] != libraries() and not one["people"]:
                otherwise.add(name)
            if one["digest"]:
                digests[name] = str(one["digest"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FallowError("BUNDLE_JSON", RECIPES, found=type(error).__name__) from error
    return recipes, digests, frozenset(otherwise)


_NUMBERS = frozenset({"version", "head", "declared", "witnessed", "records"})


def _typed(name: str, value: Any) -> None:
    if name in _NUMBERS:
        right = type(value) is int
    elif name == "parameters":
        right = isinstance(value, dict)
    else:
        right = isinstance(value, str) or (value is None and name in ("known", "true"))
    if not right:
        raise TypeError(name)
    if name == "head_hash":
        bytes.fromhex(value)
