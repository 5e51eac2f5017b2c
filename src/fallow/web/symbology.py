"""Face two, symbology: the line of the legend a record belongs to, for map, table and counts alike.

The standard symbology of the trade gives red to confirmed and amber to suspected areas; the code lists carry
those colours. Land release is told apart by what was done and by whether two people signed it (S3): a claim
is never drawn like released land.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fallow.kinds import Code, Kind, Model
from fallow.words import Text, in_language, say

SHOWN_AT_FIRST = ("hazard", "accident", "ordnance_find", "land_release")
"""Kinds the map begins with: what is dangerous, what harmed, what was given back. The rest: one click."""

PLAIN = "all"
"""The legend line of a kind that nothing tells apart."""

CLOSED = "closed"
CLAIMED = "claimed"
WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the legend.

    Attributes
    ----------
    key
        Unique on the map, ``kind.line``; what a feature carries as ``l``.
    look
        How it is drawn; the names are in ``web/src/looks.ts``.
    colour
        ``#rrggbb`` of the standard symbology where the code list has one.
    """

    key: str
    look: str
    label: Text | None
    suffix: str | None = None
    colour: str | None = None

    def words(self) -> str:
        """Its label in the language of the request."""
        said = in_language(self.label) if self.label else ""
        if self.suffix is None:
            return said
        suffix = say(f"web.item.{self.suffix}")
        return say("web.item.joined", label=said, suffix=suffix) if said else suffix


@dataclass(frozen=True, slots=True)
class Symbology:
    """The legend of one kind, and the rule that puts a record on one of its lines."""

    kind: str
    items: tuple[Item, ...]
    symbol: str | None
    status: str | None
    line: Callable[[str | None, str | None], str]

    def item(self, key: str) -> Item:
        """The line of this key."""
        return next(one for one in self.items if one.key == key)


def symbology(model: Model, name: str) -> Symbology:
    """The legend of a kind; ``KIND_UNKNOWN`` for a name that is none."""
    return _build(model.kind(name), model)


def status_field(kind: Kind) -> str | None:
    """The state field that is not the symbol: ``status`` of a hazard, ``release_status`` of a release."""
    return next((one.field for one in kind.states if one.field != kind.symbol), None)


def _build(kind: Kind, model: Model) -> Symbology:
    symbol, status = kind.field(kind.symbol or ""), kind.field(status_field(kind) or "")
    by_symbol = {one.code: one for one in model.codes(symbol)} if symbol is not None and symbol.codes else {}
    signed = (
        {one.code for one in model.codes(status) if one.guard == "release"}
        if status is not None and status.codes
        else set()
    )
    if kind.danger:
        return _dangerous(kind, by_symbol, status.name if status else None, signed)
    if signed:
        return _released(kind, by_symbol, status.name if status else None, signed)
    return _plain(kind)


def _dangerous(kind: Kind, codes: dict[str, Code], status: str | None, signed: set[str]) -> Symbology:
    """Hazards: by class while open, one quiet line once closed by two signatures."""
    listed = sorted(
        codes.values(),
        key=lambda one: -(one.danger if one.danger is not None else 1),
    )
    items = [Item(f"{kind.name}.{one.code}", one.code, one.label, colour=one.symbol) for one in listed]
    if "unknown" not in codes:
        items.append(Item(f"{kind.name}.unknown", "unknown", None, suffix="unknown"))
    items.append(Item(f"{kind.name}.{CLOSED}", CLOSED, None, suffix=CLOSED))

    def line(symbol: str | None, state: str | None) -> str:
        if state in signed:
            return f"{kind.name}.{CLOSED}"
        # S2: a class nobody stated, or that this legend does not know, is drawn as unknown danger.
        return f"{kind.name}.{symbol if symbol in codes else 'unknown'}"

    return Symbology(kind.name, tuple(items), kind.symbol, status, line)


def _released(kind: Kind, codes: dict[str, Code], status: str | None, signed: set[str]) -> Symbology:
    """Land release: what was done, signed by two or only claimed; taken back is a line of its own."""
    listed = list(codes.values())
    items = [Item(f"{kind.name}.{one.code}", one.code, one.label) for one in reversed(listed)]
    items += [
        Item(f"{kind.name}.{one.code}~{CLAIMED}", f"{one.code}-{CLAIMED}", one.label, suffix=CLAIMED)
        for one in reversed(listed)
    ]
    items.append(Item(f"{kind.name}.{PLAIN}~{CLAIMED}", CLAIMED, None, suffix=CLAIMED))
    items.append(Item(f"{kind.name}.{WITHDRAWN}", WITHDRAWN, None, suffix=WITHDRAWN))

    def line(symbol: str | None, state: str | None) -> str:
        if state == WITHDRAWN:
            return f"{kind.name}.{WITHDRAWN}"
        if state in signed and symbol in codes:
            return f"{kind.name}.{symbol}"
        return f"{kind.name}.{symbol if symbol in codes else PLAIN}~{CLAIMED}"

    return Symbology(kind.name, tuple(items), kind.symbol, status, line)


def _plain(kind: Kind) -> Symbology:
    """Everything else: one line, one sign."""
    item = Item(f"{kind.name}.{PLAIN}", kind.name, kind.plural)
    return Symbology(kind.name, (item,), kind.symbol, status_field(kind), lambda symbol, state: item.key)
