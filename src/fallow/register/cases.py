"""Step 2, from tables to claims: everything that bears on some records, ready for the fold."""

# ruff: noqa: S608 - names in SQL come from the checked model, values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from unicodedata import category, normalize

import orjson

from fallow.register.claims import GEOMETRY, Case, Claim, Resolution, Sameness, Signature, Span
from fallow.register.report import OPEN_END

EXISTS = "@exists"
"""Stands among the values of a report that says nothing public: the record is there all the same."""

_AT_ONCE = 500


def values_of(body: Mapping[str, Any], geometry: bytes | None) -> dict[str, Any]:
    """What a report says, with its geometry under its own name."""
    values = dict(body["fields"])
    if body.get("located"):
        values[GEOMETRY] = geometry
    if not values and not body.get("withdraws") and not body.get("corrects"):
        values[EXISTS] = True
    return values


def claim_of(
    number: int,
    record: str,
    spans: tuple[Span, ...],
    declared: bool,
    body: Mapping[str, Any],
    geometry: bytes | None,
) -> Claim:
    """A claim from the ledger's entry and the days it was accepted."""
    return Claim(
        number=number,
        record=record,
        source=body["source"],
        true=body["true"],
        spans=spans,
        values=values_of(body, geometry),
        declared=declared,
        seen=frozenset(body.get("seen", ())),
        corrects=tuple(body.get("corrects", ())),
        withdraws=tuple(body.get("withdraws", ())),
    )


def day_of(body: Mapping[str, Any], at: str) -> str:
    """The day a decision counts from: the declared one, else the day the ledger witnessed."""
    return str(body.get("as_of") or at[:10])


def judgement(
    number: int, verb: str, at: str, body: Mapping[str, Any]
) -> Resolution | Signature | Sameness | None:
    """A decision as the fold reads it; ``None`` for those that only change a report's state."""
    day = day_of(body, at)
    if verb == "resolve":
        return Resolution(number, body["record"], body["field"], body["report"], frozenset(body["over"]), day)
    if verb == "release":
        return Signature(number, person_key(body["by"]), frozenset(body["claims"]), day)
    if verb in ("same", "different"):
        return Sameness(number, body["one"], body["other"], verb == "same", day)
    return None


def person_key(name: str) -> str:
    """Two spellings of one person are one person: case, spaces, accents written in two ways and invisible
    letters do not make a second signature.
    """
    seen = "".join(one for one in normalize("NFKC", name) if category(one) != "Cf")
    return " ".join(normalize("NFKC", seen.casefold()).split())


class CaseLoader:
    """Loads cases from an open register."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def cases(self, records: Iterable[str]) -> Iterator[tuple[frozenset[str], Case]]:
        """For each group of records ever judged the same, the group and its case."""
        done: set[str] = set()
        wanted = list(dict.fromkeys(records))
        for start in range(0, len(wanted), _AT_ONCE):
            chunk = [record for record in wanted[start : start + _AT_ONCE] if record not in done]
            groups, decisions = self._groups(chunk)
            members = sorted({record for group in groups for record in group})
            claims = self._claims(members)
            for group in groups:
                done |= group
                own = [claim for record in group for claim in claims.get(record, ())]
                judged = [one for record in group for one in decisions.get(record, ())]
                yield group, assemble(own, judged)

    def _groups(self, records: Sequence[str]) -> tuple[list[frozenset[str]], dict[str, list[Any]]]:
        """Records joined by judgements of sameness, past or present, and the decisions about each."""
        decisions: dict[str, list[Any]] = {}
        frontier = set(records)
        while frontier:
            found = self._decisions(sorted(frontier))
            for record in frontier:
                decisions[record] = found.get(record, [])
            frontier = {
                end
                for judged in found.values()
                for one in judged
                if isinstance(one, Sameness)
                for end in (one.one, one.other)
            } - decisions.keys()
        groups: dict[str, set[str]] = {record: {record} for record in decisions}
        for judged in decisions.values():
            for one in judged:
                if isinstance(one, Sameness) and groups[one.one] is not groups[one.other]:
                    joined = groups[one.one] | groups[one.other]
                    for member in joined:
                        groups[member] = joined
        unique = {frozenset(group) for group in groups.values()}
        return sorted(unique, key=min), decisions

    def _decisions(self, records: Sequence[str]) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for start in range(0, len(records), _AT_ONCE):
            chunk = records[start : start + _AT_ONCE]
            rows = self._connection.execute(
                "SELECT a.record, l.number, l.verb, l.at, l.body FROM fallow_about a JOIN fallow_ledger l "
                f"ON l.number = a.number WHERE a.record IN ({','.join('?' * len(chunk))}) ORDER BY l.number",
                chunk,
            )
            for record, number, verb, at, body in rows:
                one = judgement(number, verb, at, orjson.loads(body))
                if one is not None:
                    found.setdefault(record, []).append(one)
        return found

    def _claims(self, records: Sequence[str]) -> dict[str, list[Claim]]:
        found: dict[str, list[Claim]] = {}
        for start in range(0, len(records), _AT_ONCE):
            chunk = records[start : start + _AT_ONCE]
            rows = self._connection.execute(
                "SELECT r.number, r.record, r.known_from, r.known_to, r.declared, l.body, l.geometry, "
                "(SELECT group_concat(e.known_from || ' ' || e.known_to) FROM fallow_earlier_span e "
                "WHERE e.report = r.number) "
                "FROM fallow_report r JOIN fallow_ledger l ON l.number = r.number "
                f"WHERE r.known_from IS NOT NULL AND r.record IN ({','.join('?' * len(chunk))})",
                chunk,
            )
            for number, record, since, until, declared, body, geometry, before in rows:
                spans = [tuple(span.split(" ")) for span in before.split(",")] if before else []
                spans.append((since, until or OPEN_END))
                claim = claim_of(number, record, tuple(spans), bool(declared), orjson.loads(body), geometry)
                found.setdefault(record, []).append(claim)
        return found


def assemble(claims: Iterable[Claim], judged: Iterable[Any]) -> Case:
    """A case from claims and decisions, each decision once."""
    once = list({one.number: one for one in judged}.values())
    return Case(
        tuple(claims),
        tuple(one for one in once if isinstance(one, Resolution)),
        tuple(one for one in once if isinstance(one, Signature)),
        tuple(one for one in once if isinstance(one, Sameness)),
    )
