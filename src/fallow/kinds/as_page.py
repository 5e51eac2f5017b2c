"""Step 0, a kind as a page: the documentation in ``docs/kinds`` is written from the declarations.

``python -m fallow.kinds.pages`` writes them; ``tests/kinds`` fails while a committed page differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fallow.kinds.model import CodeList, Field, Kind, Model, StateMachine
from fallow.kinds.values import UNITS, VALUE_TYPES
from fallow.words import LANGUAGE_NAMES, LANGUAGES, Text, in_language

_GROUPS = {
    "object": "What is out there",
    "process": "What is done about it",
    "place": "Where",
    "paper": "What is written down",
}


def as_page(kind: Kind, model: Model) -> str:
    """The Markdown page of a kind, in English with the labels of every language at its end."""
    return "\n".join(_page(kind, model)) + "\n"


def as_index(model: Model) -> str:
    """The Markdown index of all kinds by group."""
    lines = ["# Kinds of records", "", "Written from the declarations in `src/fallow/kinds`; do not edit."]
    for group, title in _GROUPS.items():
        kinds = [one for one in model.kinds.values() if one.group == group]
        if not kinds:
            continue
        lines += ["", f"## {title}", "", *_table(("kind", "what it is", "fields"), _index_rows(kinds))]
    return "\n".join(lines) + "\n"


def _index_rows(kinds: Iterable[Kind]) -> Iterator[tuple[str, ...]]:
    for kind in kinds:
        about = in_language(kind.about, "en")
        yield f"[{in_language(kind.label, 'en')}]({kind.name}.md)", about, str(len(kind.fields))


def _page(kind: Kind, model: Model) -> Iterator[str]:
    yield f"# {in_language(kind.label, 'en')} (`{kind.name}`)"
    yield from ("", "Written from the declarations in `src/fallow/kinds`; do not edit.", "")
    yield in_language(kind.about, "en")
    yield ""
    yield from _facts(kind)
    yield from ("", "## Fields", "")
    header = ("field", "label", "type", "who may see it", "required", "id", "source")
    yield from _table(header, (_field_row(one) for one in kind.fields))
    yield from _hints(kind)
    for machine in kind.states:
        yield from _states(machine)
    if kind.rules:
        yield from ("", "## Rules at approval", "")
        yield from (f"- `{one}`" for one in kind.rules)
    yield from _links(kind, model)
    used = dict.fromkeys(one.codes for one in kind.fields if one.codes)
    yield from ("", "## Code lists") if used else ()
    for name in used:
        yield from _code_list(model.code_lists[name])
    yield from ("", "## Labels", "")
    languages = languages_of(model)
    rows = [(kind.name, kind.label), *((one.name, one.label) for one in kind.fields)]
    spoken = ("field", *(LANGUAGE_NAMES.get(one, one) for one in languages))
    yield from _table(
        spoken, ((f"`{name}`", *(words.get(one, "") for one in languages)) for name, words in rows)
    )


def languages_of(model: Model) -> tuple[str, ...]:
    """The seven languages, then those that an overlay brings."""
    found = {one for kind in model.kinds.values() for words in _labels(kind) for one in words}
    return (*LANGUAGES, *sorted(found - set(LANGUAGES)))


def _labels(kind: Kind) -> Iterator[Text]:
    yield kind.label
    yield from (one.label for one in kind.fields)


def _facts(kind: Kind) -> Iterator[str]:
    clock = (
        "a later date of information supersedes" if kind.clock == "state" else "its date is when it happened"
    )
    yield f"- Clock: {kind.clock} ({clock})"
    if kind.shapes:
        unknown = "; a record without a location is accepted and counted" if kind.location_unknown else ""
        yield f"- Geometry: {', '.join(kind.shapes)} on WGS 84 (EPSG:4326), {kind.sensitivity}{unknown}"
    else:
        yield "- Geometry: none"
    if kind.danger:
        yield "- Danger: while sources disagree the larger shape and the more dangerous code stand"
    for role, name in (("Date", kind.date), ("Title", kind.title), ("Colour on the map", kind.symbol)):
        if name:
            yield f"- {role}: `{name}`"
    yield f"- Permanent id: `{kind.id}`"
    if kind.source:
        yield f"- Source: {kind.source}"


def _field_row(one: Field) -> tuple[str, ...]:
    return (
        f"`{one.name}`",
        in_language(one.label, "en"),
        _type(one),
        one.sensitivity,
        "" if one.required == "never" else f"for {'a draft' if one.required == 'draft' else 'approval'}",
        f"`{one.id}`",
        one.source or "",
    )


def _type(one: Field) -> str:
    if one.codes:
        return f"{one.type} of [{one.codes}](#{one.codes})"
    if one.link:
        return f"{one.type} to [{one.link}]({one.link}.md)"
    unit = f" in {UNITS[one.unit].sign}" if one.unit else ""
    bounds = [f"{sign} {bound:g}" for sign, bound in (("≥", one.low), ("≤", one.high)) if bound is not None]
    return " ".join([VALUE_TYPES[one.type].name + unit, *bounds])


def _hints(kind: Kind) -> Iterator[str]:
    hinted = [one for one in kind.fields if one.hint]
    if hinted:
        yield from ("", "Hints:", "")
        yield from (f"- `{one.name}`: {in_language(one.hint or {}, 'en')}" for one in hinted)


def _states(machine: StateMachine) -> Iterator[str]:
    yield from ("", f"## States of `{machine.field}`", "")
    if machine.start:
        yield f"Begins as: {', '.join(f'`{one}`' for one in machine.start)}."
        yield ""
    steps = [(one, "") for one in machine.steps] + [(one, "forbidden: ") for one in machine.forbidden]
    header = ("from", "to", "needs", "why")
    yield from _table(
        header,
        (
            (f"`{one.come}`", f"`{one.go}`", ", ".join(f"`{need}`" for need in one.needs), why(word, one.why))
            for one, word in steps
        ),
    )


def why(word: str, reason: Text | None) -> str:
    """A forbidden step with its reason; nothing for an ordinary one."""
    return word + in_language(reason, "en") if reason else ""


def _links(kind: Kind, model: Model) -> Iterator[str]:
    coming = [(other, one) for other in model.kinds.values() for one in other.fields if one.link == kind.name]
    if coming:
        yield from ("", "## What points here", "")
        for other, one in coming:
            said = f": {in_language(one.reverse, 'en')}" if one.reverse else ""
            yield f"- [{other.name}]({other.name}.md) by `{one.name}`{said}"


def _code_list(listed: CodeList) -> Iterator[str]:
    yield from ("", f"### {listed.name}", "")
    bands = " Age bands, in whole years." if listed.bands else ""
    yield f"{in_language(listed.label, 'en')}.{bands}"
    yield ""
    danger = any(one.danger is not None for one in listed)
    header = ["code", "label", *(["years"] if listed.bands else []), *(["danger"] if danger else []), "note"]
    rows = []
    for one in listed:
        row = [f"`{one.code}`", in_language(one.label, "en")]
        if listed.bands:
            row.append(
                ""
                if one.low is None
                else f"{one.low} and over"
                if one.high is None
                else f"{one.low}–{one.high}"
            )
        if danger:
            row.append("" if one.danger is None else str(one.danger))
        notes = [
            "effective only by a release decision of two people" if one.guard else "",
            f"since {one.since}" if one.since else "",
            f"no longer offered since {one.until}" if one.until else "",
        ]
        rows.append((*row, "; ".join(note for note in notes if note)))
    yield from _table(header, rows)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(header) + " |"
    yield "|" + " --- |" * len(header)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
