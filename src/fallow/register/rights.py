"""Step 2, who may do what: rights are decisions in the ledger, granted by a named person.

Approving is open to any named person until somebody holds the right; from then on only holders approve.
Releasing land always needs two different people who hold ``release`` (invariant S3).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from unicodedata import category, normalize

import orjson

from fallow.errors import FallowError
from fallow.register.cases import person_key
from fallow.register.ledger import Ledger, canonical

RIGHTS = ("approve", "release", "grant", "erase")


_LOOKS_LIKE = str.maketrans("авекмнортсухіјѕһԁαβεικνορτυχ", "abekmhoptcyxijshdabeikvoptyx")
"""Small Cyrillic and Greek letters, of which the small or the capital looks like a Latin one."""


class Rights:
    """The rights in force, read from the ledger's ``grant`` and ``revoke`` entries."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def held(self) -> Mapping[str, frozenset[str]]:
        """Person (as compared: case and spacing folded) to rights."""
        found: dict[str, set[str]] = {}
        for entry in self._ledger.entries(("grant", "revoke")):
            body: dict[str, Any] = orjson.loads(entry.body)
            mine = found.setdefault(person_key(body["person"]), set())
            if entry.verb == "grant":
                mine.update(body["rights"])
            else:
                mine.difference_update(body["rights"])
        return {person: frozenset(rights) for person, rights in found.items()}

    def require(self, person: str, right: str, *, always: bool = False) -> None:
        """Refuse with ``NAME_NEEDED`` or ``RIGHT_NEEDED`` unless ``person`` may."""
        if not person_key(person):
            raise FallowError("NAME_NEEDED", right)
        held = self.held()
        if (always or self._ever_granted(right)) and right not in held.get(person_key(person), ()):
            raise FallowError("RIGHT_NEEDED", right, person=person, right=right)

    def _ever_granted(self, right: str) -> bool:
        """Whether anybody ever held it: taking a right from its last holder does not open it to everybody."""
        return any(right in entry.content["rights"] for entry in self._ledger.entries(("grant",)))

    def _tell_apart(self, person: str) -> None:
        """Refuse with ``NAME_LOOKS_ALIKE`` a second name that people read as one they know."""
        for other in self.held():
            if other != person_key(person) and _read_as(other) == _read_as(person):
                raise FallowError("NAME_LOOKS_ALIKE", "release", person=person, other=other)

    def change(self, verb: str, person: str, rights: tuple[str, ...], by: str, why: str) -> int:
        """Append a ``grant`` or ``revoke``; the first person to grant becomes the holder of ``grant``."""
        unknown = [right for right in rights if right not in RIGHTS]
        if unknown:
            raise FallowError("RIGHT_UNKNOWN", unknown[0], known=", ".join(RIGHTS))
        if not person_key(person) or not why.strip():
            raise FallowError("NAME_NEEDED" if not person_key(person) else "REASON_NEEDED", verb)
        self.require(by, "grant")
        if verb == "grant" and "release" in rights:
            self._tell_apart(person)
        bodies = [{"person": person, "rights": sorted(rights), "by": by, "why": why}]
        if verb == "revoke" and "grant" in rights:
            others = [one for one in self.held() if one != person_key(person) and "grant" in self.held()[one]]
            if not others:
                raise FallowError("LAST_GRANTOR", verb, person=person)
        if verb == "grant" and not any("grant" in held for held in self.held().values()):
            bodies.insert(0, {"person": by, "rights": ["grant"], "by": by, "why": "first to grant rights"})
        return self._ledger.append(verb, [canonical(body) for body in bodies])[-1]


def _read_as(name: str) -> tuple[str, ...]:
    """The words of a name as they look on paper, in any order: no accents, no punctuation, one alphabet."""
    plain = "".join(one for one in normalize("NFD", person_key(name)) if not category(one).startswith("M"))
    looks = plain.translate(_LOOKS_LIKE)
    return tuple(sorted("".join(one if one.isalnum() else " " for one in looks).split()))
