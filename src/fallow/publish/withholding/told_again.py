"""Step 4, what readers have already: the results in the log of what left, run again.

No value is in the log (`told`), only recipes, pinned to the head of the ledger: the same numbers come out of
them as long as the register is what it was, so what was told stands beside what is about to be.
"""

from __future__ import annotations

from dataclasses import replace

import orjson

from fallow.analysis import Recipe, Result, analyses
from fallow.errors import FallowError
from fallow.publish.audience import AUDIENCES, Audience
from fallow.publish.proof.proving import rerun
from fallow.publish.publication import Figure, Publication
from fallow.publish.withholding.redact import Redacted, told_of_people
from fallow.publish.withholding.relations import lines_told
from fallow.publish.withholding.suppress import Before
from fallow.publish.withholding.told import Log, ToldResult, read_log
from fallow.register import Register


def told_results(publication: Publication, redacted: Redacted) -> tuple[ToldResult, ...]:
    """The results about people of a publication that leaves, with the figures that are withheld.

    Whatever else is not printed was judged as if it were, so it counts as told.
    """
    found = []
    for name, result in publication.results.items():
        if result.people:
            left = {one.key for one in redacted.publication.results[name].lines}
            withheld = tuple(
                sorted(
                    (measure, *line.key)
                    for line in lines_told(result)
                    for measure, value in line.values.items()
                    if value is not None
                    and (line.key not in left or Figure(name, measure, line.key) in redacted.withheld)
                )
            )
            found.append(ToldResult(name, told_of_people(result.recipe), withheld))
    return tuple(found)


def has_been_told(register: Register, to: Audience) -> Before:
    """What readers have already, without writing anything down; for who looks before publishing."""
    return before_of(read_log(register), register, to)


def before_of(log: Log, register: Register, to: Audience) -> Before:
    """The results of the log that readers of an audience could have, run again.

    Publications for the same audience or a wider one count: whoever reads for a narrower one is trusted with
    more. A result that this version cannot run again is counted in ``unread``.
    """
    if to.smallest <= 1:
        return Before()
    held: dict[bytes, set[tuple[str, ...]]] = {}
    recipes: dict[bytes, Recipe] = {}
    for one in (
        each for line in log.lines if _width(line.audience) >= _width(to.name) for each in line.results
    ):
        mark = _mark(one.recipe, one.recipe.head)
        recipes.setdefault(mark, one.recipe)
        # what one publication tells is told, whatever another withholds
        held[mark] = held[mark] & set(one.withheld) if mark in held else set(one.withheld)
    now, hash, _ = register.ledger.head()
    results: dict[str, Result] = {}
    at: dict[bytes, list[str]] = {}
    withheld: dict[str, set[tuple[str, ...]]] = {}
    unread = 0
    for mark, recipe in recipes.items():
        result = _again(register, recipe, now)
        if result is None:
            unread += 1
            continue
        # the same question on another day: where the answer is the same, it is one
        result = replace(result, recipe=replace(result.recipe, head=now, head_hash=hash.hex()))
        names = at.setdefault(_mark(recipe, 0), [])
        same = next((name for name in names if results[name].lines == result.lines), None)
        if same is None:
            same = f"{len(results) + 1}:{recipe.analysis}"
            names.append(same)
            results[same] = result
            withheld[same] = held[mark]
        else:
            withheld[same] &= held[mark]
    figures = (Figure(name, one[0], one[1:]) for name, some in withheld.items() for one in some)
    return Before(results, frozenset(figures), unread)


def _again(register: Register, recipe: Recipe, now: int) -> Result | None:
    here = analyses().get(recipe.analysis)
    if here is None or here.version != recipe.version:
        return None
    try:
        return rerun(register, recipe, by_head=recipe.head != now)
    except FallowError:
        return None  # said by the count: a recipe that cannot be asked any more


def _mark(recipe: Recipe, head: int) -> bytes:
    asked = [recipe.analysis, recipe.version, head, recipe.known, recipe.true, dict(recipe.parameters)]
    return orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)


def _width(audience: str) -> int:
    """How many may read it: audiences are listed from the narrowest to the widest."""
    return list(AUDIENCES).index(audience) if audience in AUDIENCES else len(AUDIENCES)
