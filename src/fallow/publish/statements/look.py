"""Step 4, looking at a statement: its text with the figures as they are now, before anybody publishes it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fallow.publish.publication import Block, Chart, Heading, Paragraph, Signatures, Table
from fallow.publish.statements.public import for_public
from fallow.publish.statements.statement import found_statement, of_record, publication_of, signatories
from fallow.publish.writers import printed
from fallow.register import Register
from fallow.words import current_language


def look_at_statement(
    register: Register,
    id: str,
    *,
    known: str | None = None,
    true: str | None = None,
    head: int | None = None,
) -> dict[str, Any]:
    """Everything about one statement as plain values; nothing of it is personal.

    ``text`` holds the blocks of each language with the figures put in, ``figures`` each number with the id
    and recipe it is bound to, ``findings`` what was typed instead of computed, ``public`` which numbers
    public readers would not get and why.
    """
    view = register.at(known=known, head=head)
    record = found_statement(view, id)
    statement = of_record(register, view, record)
    people = signatories(register, view, record.id, true)
    made = publication_of(register, statement, people, known=known, true=true, head=head)
    figures = {
        name: {
            "value": cell.value,
            "shown": printed.spoken(cell, block.units.get(name, "count"), current_language()),
            "id": cell.figure.id if cell.figure else "",
        }
        for block in made.blocks
        if isinstance(block, Paragraph)
        for name, cell in block.figures.items()
    }
    return {
        "record": record.id,
        "code": statement.code,
        "title": dict(statement.titles),
        "date": statement.date or None,
        "known": statement.known,
        "issuer": statement.issuer,
        "addressed_to": statement.addressed_to,
        "text": {lang: [_line(one, lang) for one in made.blocks] for lang in statement.texts},
        "figures": figures,
        "results": {name: one.digest for name, one in made.results.items()},
        "signatures": [asdict(one) for one in people],
        "findings": [one.as_dict() for one in statement.findings],
        "public": [one.as_dict() for one in for_public(register, made)],
    }


def _line(block: Block, lang: str) -> str:
    """One block as a line of text."""
    if isinstance(block, Heading):
        return f"{'#' * block.level} {block.text[lang]}"
    if isinstance(block, Paragraph):
        return "".join(one.text for one in printed.pieces(block, lang))
    if isinstance(block, (Table, Chart)):
        return f"[{type(block).__name__.lower()} {block.id}]"
    return "[signatures]" if isinstance(block, Signatures) else ""
