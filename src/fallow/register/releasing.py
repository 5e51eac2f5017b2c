"""Step 2, releasing: what two people must sign, and whether both have (invariant S3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fallow.errors import FallowError
from fallow.register.cases import person_key
from fallow.register.claims import GEOMETRY
from fallow.register.decide import Books, latest
from fallow.register.fold import fold, names
from fallow.register.report import OPEN_END
from fallow.register.rules import Change, check


def claims_to_sign(books: Books, record: str, field: str, by: str) -> list[int]:
    """The approved reports that claim a guarded state of ``field`` and wait for signatures."""
    kind = books.kind_of(record)
    guard = books.guards(kind.name)
    if field not in guard.guarded:
        raise FallowError("NOTHING_TO_SIGN", f"{kind.name}.{field}")
    _, case = books.case(record)
    taken = {number for claim in case.claims for number in claim.withdraws}
    name = names(case.sameness, OPEN_END)
    claims = [
        claim.number
        for claim in case.claims
        if name(claim.record) == name(record)  # not those of a record it was only once taken for
        and claim.values.get(field) in guard.guarded[field]
        and claim.number not in taken
    ]
    if not claims:
        raise FallowError("NOTHING_TO_SIGN", record)
    mine = {number for one in case.signatures if one.person == person_key(by) for number in one.claims}
    if set(claims) <= mine:
        raise FallowError("SIGNED_ALREADY", record, person=by)
    return claims


def released_by(books: Books, record: str, field: str, signed: Sequence[int]) -> bool:
    """Fold again after a signature; refuses with the broken rule when the release may not stand."""
    kind = books.kind_of(record)
    group, case = books.case(record)
    guard = books.guards(kind.name)
    newest = max((one.number for one in case.signatures), default=0)
    earlier = tuple(one for one in case.signatures if one.number != newest)
    before = latest(fold(guard, kind, replace(case, signatures=earlier)))
    slices = fold(guard, kind, case)
    after = latest(slices)
    for name, values in after.items():
        if values.get(field) == (before.get(name) or {}).get(field):
            continue
        change = Change(books.model, kind, name, before.get(name), values, books.standing)
        for finding in check(change, record):
            raise FallowError(
                finding.code, record, **{k: v for k, v in finding.facts.items() if k != GEOMETRY}
            )
    books.writer(kind.name).replace(group, slices)
    waiting = {claim for one in slices for claim in one.awaiting if one.known_to == one.true_to == OPEN_END}
    stands = any(values.get(field) in guard.guarded[field] for values in after.values())
    return stands and not any(claim.startswith(f"{field}=") for claim in waiting)
