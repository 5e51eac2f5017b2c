"""Face one, values as a person reads them: a code by its word, a geometry by its type and extent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fallow.cli.show import spoken
from fallow.words import in_language

if TYPE_CHECKING:
    from fallow.kinds import Field, Model
    from fallow.register import Record


def word_of(model: Model, field: Field | None, value: Any) -> Any:
    """A code as its word in the language of the call, a quantity with its unit; other values as they are."""
    if field is None or value is None:
        return value
    if field.type == "quantity" and field.unit:
        return f"{spoken(value)} {field.unit}"
    if field.type not in ("code", "codes"):
        return value
    codes = model.codes(field)
    words = []
    for code in value if isinstance(value, list) else [value]:
        found = codes.get(code)
        words.append(in_language(found.label) if found else code)
    return ", ".join(words)


def undecided(record: Record) -> str:
    """Fields on which sources disagree, and claims that await signatures, each with a question mark."""
    return ", ".join(f"{one}?" for one in (*record.conflict.split(), *record.awaiting.split()))


def told(value: Any) -> str:
    """A value in a narrow column: a geometry by its type and extent, other values as they are."""
    if isinstance(value, dict) and "coordinates" in value:
        import shapely

        west, south, east, north = shapely.geometry.shape(value).bounds
        return f"{value['type']} {west:.5f}, {south:.5f} – {east:.5f}, {north:.5f}"
    return spoken(value)
