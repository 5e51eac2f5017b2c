"""Face one, S4's words: what every list and file says about its date, its coordinates and its silence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fallow.words import current_language, say

if TYPE_CHECKING:
    from fallow.kinds import Kind
    from fallow.register import Register, View

CRS = "EPSG:4326"


@dataclass(frozen=True, slots=True)
class Stamp:
    """Of what, as of when, and what may not be read out of it.

    Attributes
    ----------
    data_date
        ISO day of the last ledger entry that the answer rests on.
    unlocated
        Records of the kind on these dates that have no geometry and so are on no map.
    restricted
        Names of restricted fields that are included.
    """

    title: str
    kind: str
    known: str | None
    true: str | None
    head: int
    data_date: str
    unlocated: int
    restricted: tuple[str, ...]
    invented: bool

    @property
    def notice(self) -> str:
        """What a reader must be told, in the language of the call."""
        parts = [say("cli.notice", date=self.data_date, crs=CRS, unlocated=self.unlocated)]
        if self.restricted:
            parts.append(say("cli.internal"))
        parts.append(say("register.office"))
        if self.invented:
            parts.insert(0, say("cli.invented"))
        return " ".join(parts)

    def as_dict(self) -> dict[str, Any]:
        """For JSON and the metadata of files."""
        return {
            "title": self.title,
            "kind": self.kind,
            "known": self.known,
            "true": self.true,
            "head": self.head,
            "data_date": self.data_date,
            "crs": CRS,
            "coordinates": say("cli.coordinates"),
            "location_unknown": self.unlocated,
            "audience": "internal",
            "restricted_fields": list(self.restricted),
            "personal_fields": say("cli.never"),
            "invented": self.invented,
            "language": current_language(),
            "notice": self.notice,
        }


def stamp_of(register: Register, view: View, kind: Kind, head: int | None) -> Stamp:
    """The stamp of an answer about one kind."""
    number, _, at = register.ledger.head()
    if head is not None:
        number, at = head, register.entry(head).at
    return Stamp(
        title=str(register.settings.get("title", "")),
        kind=kind.name,
        known=view.known,
        true=view.true,
        head=number,
        data_date=at[:10],
        unlocated=view.unlocated(kind.name),
        restricted=tuple(one.name for one in kind.stored if one.sensitivity == "restricted"),
        invented=bool(register.settings.get("invented")),
    )
