"""Step 0, lint: what a catalogue may not say although each declaration alone is right.

Run as ``python -m fallow.kinds.lint [--overlay DIR] [--write-ids]``. Exit status 0 when there is nothing to
say, 1 when there are findings, 2 when the model is refused at load.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from fallow.errors import FallowError, Finding, text
from fallow.kinds.change import Identity, differences, identities, read_identities, write_identities
from fallow.kinds.load import HERE, load_kinds
from fallow.kinds.model import Field, Kind, Model
from fallow.words import Text


def lint(model: Model, listed: Mapping[str, Identity] | None = None) -> list[Finding]:
    """Everything that speaks against a model; ``listed`` are the ids that were committed before."""
    findings = [
        *_two_types(model),
        *_unused_lists(model),
        *_danger_order(model),
        *_roles(model),
        *_links(model),
        *_copied_words(model),
    ]
    if listed is not None:
        findings += _identities(model, listed)
    return findings


def _finding(code: str, where: str, **facts: object) -> Finding:
    return Finding(code, "refuse", where, facts)


def _meaning(one: Field) -> str:
    return " ".join(part for part in (one.type, one.unit or one.codes or one.link) if part)


def _two_types(model: Model) -> Iterator[Finding]:
    """One name has one type and one unit in every kind; the list may differ, as it does for a status."""
    first: dict[str, tuple[Kind, Field]] = {}
    for kind in model.kinds.values():
        for one in kind.fields:
            before, earlier = first.setdefault(one.name, (kind, one))
            same_type = earlier.type == one.type and earlier.unit == one.unit
            if not same_type:
                facts = {"kind": before.name, "first": _meaning(earlier), "second": _meaning(one)}
                yield _finding("LINT_TWO_TYPES", one.id, name=one.name, other=kind.name, **facts)


def _unused_lists(model: Model) -> Iterator[Finding]:
    used = {one.codes for kind in model.kinds.values() for one in kind.fields}
    for name in model.code_lists:
        if name not in used:
            yield _finding("LINT_LIST_UNUSED", f"codes/{name}.csv", list=name)


def _danger_order(model: Model) -> Iterator[Finding]:
    """S2 needs an order wherever a danger kind decides colour or state by a code."""
    for kind in model.kinds.values():
        deciding = {kind.symbol, *(one.field for one in kind.states)} if kind.danger else set()
        for one in kind.fields:
            if one.name not in deciding:
                continue
            for code in model.codes(one):
                if code.danger is None:
                    facts = {"list": one.codes, "field": f"{kind.name}.{one.name}"}
                    yield _finding("LINT_DANGER_MISSING", f"codes/{one.codes}.csv", found=code.code, **facts)


def _roles(model: Model) -> Iterator[Finding]:
    """An event has a date, every kind a title; a state without a date of its own takes the report's."""
    for kind in model.kinds.values():
        for role, name in (("date", kind.date), ("title", kind.title)):
            if name is None and (role == "title" or kind.clock == "event"):
                yield _finding("LINT_ROLE_MISSING", kind.id, kind=kind.name, role=role)


def _links(model: Model) -> Iterator[Finding]:
    for kind in model.kinds.values():
        for one in kind.fields:
            if one.link and one.reverse is None:
                yield _finding("LINT_REVERSE_MISSING", one.id, field=f"{kind.name}.{one.name}")


_OTHER_SCRIPTS = ("ru", "uk", "ar")


def _copied_words(model: Model) -> Iterator[Finding]:
    """English left standing in a language that is not written in Latin letters was never translated."""
    for where, words in all_words(model):
        english = words.get("en", "")
        copied = [one for one in _OTHER_SCRIPTS if words.get(one) == english]
        if copied and sum(letter.islower() for letter in english) >= 3:
            yield _finding("LINT_WORDS_COPIED", where, name=where, languages=", ".join(copied), found=english)


def all_words(model: Model) -> Iterator[tuple[str, Text]]:
    """Every label, hint and sentence of a model, with the id it belongs to."""
    for kind in model.kinds.values():
        yield from (
            (kind.id, kind.label),
            (f"{kind.id} plural", kind.plural),
            (f"{kind.id} about", kind.about),
        )
        for one in kind.fields:
            yield one.id, one.label
            yield from ((f"{one.id} hint", one.hint),) if one.hint else ()
            yield from ((f"{one.id} reverse", one.reverse),) if one.reverse else ()
        for machine in kind.states:
            for step in (*machine.steps, *machine.forbidden):
                yield from (
                    ((f"{kind.id} {machine.field} {step.come}-{step.go}", step.why),) if step.why else ()
                )
    for listed in model.code_lists.values():
        yield listed.name, listed.label
        yield from ((f"{listed.name}:{code.code}", code.label) for code in listed)


def _identities(model: Model, listed: Mapping[str, Identity]) -> Iterator[Finding]:
    """Against the committed list, so that a rename in git is refused as a rename in a register is."""
    now = identities(model)
    yield from differences(listed, now)
    for permanent, one in now.items():
        if permanent not in listed:
            yield _finding("LINT_ID_NEW", permanent, id=permanent, name=one.name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what there is to say about the catalogue, or about an overlay; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m fallow.kinds.lint", description="Lint the declared kinds."
    )
    parser.add_argument("--overlay", type=Path, help="folder of a national overlay")
    parser.add_argument(
        "--write-ids", action="store_true", help="add new permanent ids to the committed list"
    )
    chosen = parser.parse_args(arguments)
    try:
        model = load_kinds(chosen.overlay)
        path = (chosen.overlay or HERE / "catalogue") / "ids.csv"
        # An overlay answers for its own ids; those of the catalogue are listed beside the catalogue.
        listed: Mapping[str, Identity] = {
            **(identities(load_kinds()) if chosen.overlay else {}),
            **read_identities(path),
        }
    except FallowError as error:
        sys.stderr.write(f"{error}\n  {error.remedy}\n")
        return error.entry.exit_status
    if chosen.write_ids and not list(differences(listed, identities(model))):
        base = identities(load_kinds()) if chosen.overlay else {}
        write_identities(path, {key: one for key, one in identities(model).items() if key not in base})
        listed = identities(model)
    findings = lint(model, listed)
    for one in findings:
        what, remedy = text(one.code, "what", one.facts), text(one.code, "remedy", one.facts)
        sys.stdout.write(f"{one.code} {one.where}: {what}\n  {remedy}\n")
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
