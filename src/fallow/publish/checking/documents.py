"""Step 4, checking the documents of a bundle: each is made again from what is sealed, and compared.

Bytes decide where the document was made with what is here: then nothing in it can be hidden, drawn over or
swapped. Where it was made with other versions, what a person reads is compared, and the check says that
pictures and layout were not. A file that no writer of Fallow makes is named: nothing in it is checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from fallow.publish.checking.apart import apart
from fallow.publish.checking.checked import Line
from fallow.publish.checking.child import Asked, answers, line_of
from fallow.publish.manifest import Manifest
from fallow.publish.proof.bundle import DOCUMENTS, EVIDENCE, FIXED, MANIFEST, PUBLICATION, RECIPES, SIGNATURE
from fallow.publish.publication import Publication
from fallow.publish.writers.remade import tied


def documents(
    members: Mapping[str, bytes], manifest: Manifest, publication: Publication, *, trusted: bool = False
) -> Iterator[Line]:
    """A line for each document that holds, and for each word or number in one that does not.

    Parameters
    ----------
    trusted
        Whether the documents are this office's own, a moment ago: then they are made again in this process.
    """
    there = {}
    for name, body in sorted(members.items()):
        if name.startswith(DOCUMENTS) and tied(name, publication) is not None:
            there[name] = body
        elif not _known(name):
            yield Line("BUNDLE_DOCUMENT_UNKNOWN", "open", name)
    if not there:
        return
    with TemporaryDirectory(prefix="fallow-check-") as folder:
        asked = Asked(members[PUBLICATION], members[RECIPES], manifest.made_with, there, Path(folder))
        if not trusted:
            yield from apart(asked)
            return
        yield from (line_of(one) for one in answers(asked, confined=False) if "line" in one)


def _known(name: str) -> bool:
    """Whether a member is one that a bundle has and that another step of the check reads."""
    in_evidence = name.startswith(EVIDENCE.replace(".json", "/")) and name.endswith(".jsonl")
    return name in (*FIXED, MANIFEST, SIGNATURE) or in_evidence
