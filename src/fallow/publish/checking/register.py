"""Step 4, checking a bundle against its register, for who may read it: rows and numbers, one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import orjson

from fallow.errors import FallowError
from fallow.publish.audience import audience
from fallow.publish.checking.checked import Line, fails, failure, holds
from fallow.publish.checking.figures import Sealed
from fallow.publish.proof.evidence import printed, same, take
from fallow.publish.proof.proving import Kept, rerun, value_of
from fallow.publish.publication import Publication
from fallow.register import Register

_MOST_NAMED = 20


def against(register: Register, publication: Publication, seal: Sealed, to: str) -> Iterator[Line]:
    """What of the evidence the register does not say, and which printed numbers it does not give."""
    if publication.stamp.register != register.id:
        facts = {"found": publication.stamp.register, "known": register.id}
        yield Line("BUNDLE_REGISTER_OTHER", "fails", publication.name, facts)
        return
    told = printed(publication)
    for name, recipe in seal.recipes.items():
        mine = {figure: value for figure, value in told.items() if figure.result == name}
        try:
            by_head = register.ledger.head()[0] != recipe.head
            result = rerun(register, recipe, by_head=by_head)
            wrong = {one: value for one, value in mine.items() if not same(value, value_of(result, one))}
            for figure, value in wrong.items():
                numbers = {"printed": value, "found": value_of(result, figure)}
                yield Line("BUNDLE_REGISTER_FIGURE", "fails", figure.id, numbers)
            taken = None if wrong else take(register, name, recipe, mine, audience(to))
        except FallowError as error:
            yield failure(error, name)
            continue
        odd = _differing(seal.kept[name], taken.kept) if taken and name in seal.kept else []
        for one in odd[:_MOST_NAMED]:
            yield fails("BUNDLE_REGISTER_ROW", name, found=one)
        if mine and not wrong and not odd:
            rows = len(seal.kept[name].lines) if name in seal.kept else 0
            yield holds("register", name, count=len(mine), rows=rows)


def _differing(sealed: Kept, found: Kept) -> list[str]:
    """Rows that only one of the two has, in a few words; ids of people are new each time and play no part."""
    ours, theirs = (Counter(_row(line) for line in one.lines) for one in (found, sealed))
    rows = [f"- {_name(one)}" for one in (ours - theirs)] + [f"+ {_name(one)}" for one in (theirs - ours)]
    return sorted(rows)


def _row(line: bytes) -> bytes:
    said = orjson.loads(line)
    if "part" in said:
        said.pop("id", None)
    return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)


def _name(row: bytes) -> str:
    said = orjson.loads(row)
    return f"{said.get('kind', '')} {said.get('record', '')} {said.get('known_from', '')}".strip() or "people"
