"""Step 1, reports arrive: which column seems to fill which field, for the draft of a source description."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from fallow.intake.draft_names import folded, trade_names
from fallow.kinds import Field, Kind, Model, near_codes

ALIKE = 0.84
"""From which likeness of two names on a column is proposed for a field; found on the files in
``sources/``."""

LOOKED_UP = 60
"""Distinct texts up to which a column may be a list of codes."""

_ISO = re.compile(r"\d{4}(-\d{2}(-\d{2}([T ].*)?)?)?")
_WRITTEN = re.compile(r"(\d{1,2})([./-])(\d{1,2})[./-](\d{4})")
_MONTH_FIRST = re.compile(r"(\d{1,2})([./-])(\d{4})")
_MGRS = re.compile(r"\d{1,2}[C-X] ?[A-Z]{2} ?\d{2,5} ?\d{2,5}")
_PAIR = re.compile(r"\(?-?\d{1,3}\.\d+[,; ]+-?\d{1,3}\.\d+\)?")
_DEGREES = re.compile(r".*\d\s*°.*")


@dataclass(frozen=True, slots=True)
class Sampled:
    """One column as far as a sample of its rows tells."""

    name: str
    texts: tuple[str, ...]
    """Distinct texts in the order they came, at most ``LOOKED_UP`` + 1."""
    filled: int
    unique: bool

    @property
    def folded(self) -> str:
        """Its name for comparing."""
        return folded(self.name)


def best_kind(columns: Sequence[Sampled], model: Model, hint: str) -> Kind:
    """The kind whose own fields the columns resemble most; fields that every kind has say little."""
    shared: dict[str, int] = {}
    for kind in model.kinds.values():
        for field in kind.fields:
            shared[field.name] = shared.get(field.name, 0) + 1
    words = folded(
        hint + " " + " ".join(text for one in columns for text in one.texts[:3] if len(one.texts) < 9)
    )

    def score(kind: Kind) -> float:
        found = sum(1 / shared[field.name] for _, field in fields_for(columns, kind))
        named = any(folded(label)[:6] in words for label in kind.label.values() if len(label) > 4)
        return found + named

    return max(model.kinds.values(), key=score)


def fields_for(columns: Sequence[Sampled], kind: Kind) -> list[tuple[Sampled, Field]]:
    """Columns and the fields they seem to fill, each at most once, the surest first."""
    chances = sorted(
        (
            (likeness(one.folded, field), -position, one, field)
            for one in columns
            for position, field in enumerate(kind.fields)
        ),
        key=lambda chance: (-chance[0], -chance[1]),
    )
    found: dict[str, tuple[Sampled, Field]] = {}
    used: set[str] = set()
    for sure, _, one, field in chances:
        if sure < ALIKE:
            break
        if one.name not in used and field.name not in found and field.type not in ("link", "links", "file"):
            found[field.name] = (one, field)
            used.add(one.name)
    return list(found.values())


def likeness(name: str, field: Field) -> float:
    """How alike a column's name and a field's names in every language are, 0 to 1."""
    if name in trade_names().get(field.name, ()):
        return 1.0
    return max((_ratio(name, other) for other in _names(field.name, *field.label.values())), default=0.0)


def _names(*names: str) -> Iterable[str]:
    return (plain for name in names if (plain := folded(name)))


@lru_cache(maxsize=65_536)
def _ratio(one: str, other: str) -> float:
    if one == other:
        return 0.99
    if min(len(one), len(other)) < 4:
        return 0.0
    return SequenceMatcher(None, one, other).ratio() * 0.95


def coordinates(columns: Sequence[Sampled]) -> dict[str, str] | None:
    """Columns that seem to hold the place: ``{x, y}`` or ``{column, as}``."""
    x = next((one.name for one in columns if one.folded in trade_names()["@longitude"]), None)
    y = next((one.name for one in columns if one.folded in trade_names()["@latitude"]), None)
    if x and y:
        texts = [text for one in columns if one.name in (x, y) for text in one.texts]
        return {"x": x, "y": y, **({"as": "dms"} if any(_DEGREES.fullmatch(text) for text in texts) else {})}
    for one in columns:
        if one.folded in trade_names()["@place"] and one.texts:
            for form, shape in (("mgrs", _MGRS), ("decimal_pair", _PAIR), ("dms", _DEGREES)):
                if all(shape.fullmatch(text.strip()) for text in one.texts[:20]):
                    return {"column": one.name, "as": form}
            if one.texts[0].lstrip().upper().startswith(("POINT", "POLYGON", "MULTI", "LINESTRING")):
                return {"column": one.name, "as": "wkt"}
    return None


NUMBERED = frozenset({"fid", "ogcfid", "objectid", "gid"})
"""Row numbers a program gave: they change when a file is written again, so they name nothing."""


def by_values(
    columns: Sequence[Sampled], kind: Kind, model: Model, taken: Iterable[str]
) -> list[tuple[Sampled, Field]]:
    """Columns whose texts are the codes of a field, whatever they are called (``Type``: CHA, SHA)."""
    filled = set(taken)
    found = []
    for one in columns:
        if not 0 < len(one.texts) <= LOOKED_UP:
            continue
        for field in kind.fields:
            if field.type in ("code", "codes") and field.name not in filled:
                lookup = lookup_for(one.texts, field, model)
                sure = [code for code, _ in lookup.values() if code not in (None, "null")]
                if len(sure) >= 2 and len(sure) * 2 >= len(lookup):
                    found.append((one, field))
                    filled.add(field.name)
                    break
    return found


def looks_dated(one: Sampled) -> bool:
    """Whether a column holds days, whatever it is called; a bare number could be anything."""
    days = [text.strip() for text in one.texts]
    shapes = (_WRITTEN, re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?"))
    return bool(days) and any(all(shape.fullmatch(day) for day in days) for shape in shapes)


def identifying(columns: Sequence[Sampled]) -> str | None:
    """The column that names a record: filled and different in every row, and called like one."""
    for one in columns:
        if one.folded in NUMBERED:
            continue
        words = {folded(word) for word in re.split(r"[\s_.-]+", one.name)}
        called = (
            words & trade_names()["@id"] or one.folded in trade_names()["@id"] or one.folded.endswith("id")
        )
        if one.unique and called:
            return one.name
    return None


def date_pattern(texts: Sequence[str]) -> str | None:
    """How dates are written: ``""`` for ISO, a pattern, or ``None`` when a person must say (03/04/2025)."""
    written = [text.strip() for text in texts if text.strip()]
    if all(_ISO.fullmatch(text) for text in written):
        return ""
    found = [_WRITTEN.fullmatch(text) for text in written]
    if written and all(found):
        sign = found[0][2] if found[0] else "/"
        firsts = [int(one[1]) for one in found if one]
        seconds = [int(one[3]) for one in found if one]
        if max(firsts) > 12 >= max(seconds):
            return f"dd{sign}mm{sign}yyyy"
        if max(seconds) > 12 >= max(firsts):
            return f"mm{sign}dd{sign}yyyy"
    months = [_MONTH_FIRST.fullmatch(text) for text in written]
    if written and all(months) and months[0]:
        return f"mm{months[0][2]}yyyy"
    return None


def month_of(columns: Sequence[Sampled], date: Sampled | None) -> Sampled | None:
    """The column of months beside a column of years."""
    years = date is not None and all(re.fullmatch(r"\d[., ]?\d{3}", text.strip()) for text in date.texts)
    months = (one for one in columns if one.folded in trade_names()["@month"])
    return next(months, None) if years else None


def lookup_for(texts: Sequence[str], field: Field, model: Model) -> Mapping[str, tuple[str | None, str]]:
    """Each distinct text with the code it says and, where it says none, the code it resembles.

    Only a text that equals a code or its label in some language is proposed: likeness alone took
    ``Mayor de 18 años`` for ``Menor de 18 años``. A text that means "not known" says nothing.
    """
    spelled: dict[str, str] = {}
    for code in model.codes(field):
        for word in (*code.label.values(), code.code):
            spelled.setdefault(folded(word), code.code)
    found: dict[str, tuple[str | None, str]] = {}
    for text in texts:
        plain = folded(text)
        near = near_codes(text, model.codes(field))
        if plain in spelled:
            found[text] = (spelled[plain], "")
        elif plain in trade_names()["@nothing"]:
            found[text] = ("null", "")
        else:
            found[text] = (None, near[0] if near else "")
    return found


def separators(columns: Sequence[Sampled]) -> dict[str, str]:
    """Decimal comma and thousands sign, where a whole column of numbers shows one."""
    found: dict[str, str] = {}
    for one in columns:
        written = [text.strip() for text in one.texts]
        # 75.185 may be a coordinate: a point between thousands is for a person to declare.
        for sign, name in ((",", "thousands"), (" ", "thousands"), (",", "decimal")):
            mark = re.escape(sign)
            shape = rf"-?\d{{1,3}}({mark}\d{{3}})+" if name == "thousands" else rf"-?\d+{mark}\d+"
            if written and all(re.fullmatch(shape, text) for text in written):
                found.setdefault(name, sign)
                break
    return found


def zeros_lost(one: Sampled) -> int:
    """The width of a column of codes that was taken for numbers (``5,313`` beside ``18,410``); else 0."""
    digits = [re.sub(r"[., ]", "", text.strip()) for text in one.texts]
    if not digits or not all(text.isdigit() for text in digits):
        return 0
    widths = {len(text) for text in digits}
    called = any(word in one.folded for word in ("cod", "код", "رمز"))
    return max(widths) if called and len(widths) == 2 and max(widths) - min(widths) == 1 else 0
