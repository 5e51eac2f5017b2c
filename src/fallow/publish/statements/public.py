"""Step 4, a statement before it leaves: which of its numbers public readers would not get, and why.

Whoever writes an appeal learns it while writing, and not from a gap in the printed text. It is decided by the
same redaction as when it leaves, with what was told before; nothing is written down.
"""

from __future__ import annotations

from collections.abc import Iterator

from fallow.errors import FallowError, Finding
from fallow.publish.audience import AUDIENCES
from fallow.publish.gate import preview
from fallow.publish.publication import Publication
from fallow.publish.withholding.redact import Redacted, cells
from fallow.register import Register

READERS = "public"


def for_public(register: Register, publication: Publication) -> tuple[Finding, ...]:
    """A note for each number that would be withheld from public readers, or for what would be refused.

    For the office alone: the notes tell which of the withheld numbers are the small ones.
    """
    try:
        redacted = preview(publication, READERS, register=register)
    except FallowError as error:
        return (Finding(error.code, "note", error.where, error.facts),)
    found = list(_withheld(publication, redacted))
    if redacted.newly:
        found.append(Finding("TELLS_TOGETHER", "note", publication.name, {"count": redacted.newly}))
    return tuple(found)


def _withheld(publication: Publication, redacted: Redacted) -> Iterator[Finding]:
    told = {cell.figure for _, _, cell in cells(redacted.publication) if cell.value is not None}
    smallest = AUDIENCES[READERS].smallest
    said = set()
    for where, unit, cell in cells(publication):
        if cell.figure is None or cell.value is None or cell.figure in told or where in said:
            continue
        said.add(where)
        few = unit == "count" and isinstance(cell.value, int | float) and 0 < abs(cell.value) < smallest
        if cell.figure not in redacted.withheld:
            code = "STATEMENT_HIDDEN"
        else:
            code = "STATEMENT_SMALL" if few else "STATEMENT_TOGETHER"
        yield Finding(code, "note", where, {"figure": cell.figure.id, "smallest": smallest})
