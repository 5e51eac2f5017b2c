"""Step 4, the bundle: documents, the numbers in them, recipes, evidence and the signed head, sealed together.

``docs/bundles.md`` gives the format byte for byte, so that somebody can check a bundle with other software. A
bundle that does not pass its own check is not written.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from fallow import __version__
from fallow.errors import FallowError
from fallow.publish.manifest import Accepted, Manifest, Written
from fallow.publish.proof import archive
from fallow.publish.proof.canonical import as_bytes
from fallow.publish.proof.evidence import Evidence, canonical_index, whole
from fallow.publish.proof.proving import libraries
from fallow.publish.publication import Publication, Signatory, Signatures
from fallow.publish.withholding.redact import told_of_people
from fallow.publish.writers.made_with import made_with
from fallow.publish.writers.remade import language_of, sources_of
from fallow.register import Register
from fallow.register.heads import signed_head
from fallow.register.ledger import canonical
from fallow.words import LANGUAGES, say

if TYPE_CHECKING:
    from fallow.publish.withholding.redact import Redacted

SCHEMA = 1
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
PUBLICATION, RECIPES, MODEL = "publication.json", "recipes.json", "model.json"
EVIDENCE, LEDGER, SIGNATORIES, README = "evidence.json", "ledger.json", "signatories.json", "README.txt"
FIXED = (README, PUBLICATION, RECIPES, MODEL, EVIDENCE, LEDGER, SIGNATORIES)
DOCUMENTS = "documents/"


def write_bundle(
    redacted: Redacted,
    evidence: Evidence,
    files: Mapping[str, Path],
    register: Register,
    target: Path,
    *,
    manifest: Manifest | None = None,
) -> Manifest:
    """Seal a publication in one file.

    Parameters
    ----------
    files
        The documents by their name inside the publication's folder.
    target
        The bundle; it appears whole or not at all.
    manifest
        The publication's own manifest, for what only the gate knows: what was hidden, who accepted what.

    Returns
    -------
    The manifest that is sealed; its files are the members of the bundle.

    Raises
    ------
    FallowError
        ``KEY_MISSING`` or ``KEY_LOCKED`` without the office's key; ``BUNDLE_DOES_NOT_HOLD`` when the finished
        bundle does not pass its own check.
    """
    from fallow.publish.checking.check import check

    publication = redacted.publication
    members = {
        PUBLICATION: as_bytes(publication),
        RECIPES: recipes_of(publication, evidence),
        MODEL: evidence.model,
        EVIDENCE: canonical_index(evidence.kept),
        SIGNATORIES: canonical([asdict(one) for one in signatories(publication)]),
        LEDGER: _ledger(register, publication, evidence),
    }
    members |= {f"evidence/{name}.jsonl": whole(one.lines) for name, one in evidence.kept.items()}
    members |= {f"{DOCUMENTS}{name}": path.read_bytes() for name, path in sorted(files.items())}
    spoken = manifest.languages if manifest else _languages(files)
    members[README] = _readme(publication, evidence, register, spoken).encode()
    sealed = _manifest(redacted, evidence, members, register, spoken, manifest)
    said = canonical(sealed.as_dict())
    members[MANIFEST] = said
    members[SIGNATURE] = register.sign(said).hex().encode()
    partial = target.with_name(f".{target.name}.partial")
    try:
        with partial.open("wb") as out:
            out.write(archive.write(members))
            out.flush()
            os.fsync(out.fileno())
        proved = check(partial, key=sealed.office, trusted=True)
        if proved.failing:
            first = proved.failing[0]
            raise FallowError("BUNDLE_DOES_NOT_HOLD", target.name, found=f"{first.code} {first.where}")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return sealed


def signatories(publication: Publication) -> tuple[Signatory, ...]:
    """Everybody who signed, in the order they are printed."""
    blocks = [one for one in publication.blocks if isinstance(one, Signatures)]
    return tuple(person for block in blocks for person in block.people)


def recipes_of(publication: Publication, evidence: Evidence) -> bytes:
    """``recipes.json``: the recipe of each result, cut where it would tell of people what no number tells."""
    said = sources_of(publication)
    for name, one in said.items():
        one |= {"digest": evidence.digests.get(name, ""), "libraries": libraries()}
        if evidence.kept[name].people:
            one["recipe"] = asdict(told_of_people(evidence.recipes[name]))
    return canonical(said)


def _ledger(register: Register, publication: Publication, evidence: Evidence) -> bytes:
    """``ledger.json``: the last signed head, the signed tree, and that what is cited stands in it."""
    head = signed_head(register)
    if head is None:
        raise FallowError("KEY_MISSING", register.path.with_suffix(".key").name)
    cited = {head.number, publication.stamp.head, *(one.head for one in evidence.recipes.values())}
    cited |= {one.report for one in signatories(publication)}
    proofs = [
        {
            "number": number,
            "hash": register.entry(number).hash.hex(),
            "path": [one.hex() for one in register.ledger.inclusion_proof(number, head.number)],
        }
        for number in sorted(cited)
        if 0 < number <= head.number
    ]
    tree = register.sign_tree(head.number)
    return canonical({"head": head.as_dict(), "tree": tree.as_dict(), "proofs": proofs})


def _languages(files: Iterable[str]) -> tuple[str, ...]:
    """The languages that the names of files speak of: ``article7.fr.pdf``, ``csv/fr/land.csv``."""
    named = {language_of(name) for name in files}
    return tuple(lang for lang in LANGUAGES if lang in named) or ("en",)


def _manifest(
    redacted: Redacted,
    evidence: Evidence,
    members: Mapping[str, bytes],
    register: Register,
    languages: Sequence[str],
    given: Manifest | None,
) -> Manifest:
    publication = redacted.publication
    files = tuple(
        Written(
            name,
            sha256(body).hexdigest(),
            len(body),
            name.rpartition(".")[2].lower(),
            language_of(name.removeprefix(DOCUMENTS)) if name.startswith(DOCUMENTS) else "",
        )
        for name, body in sorted(members.items())
    )
    results = {
        name: {"analysis": one.analysis, "version": one.version, "parameters": dict(one.parameters)}
        for name, one in evidence.recipes.items()
    }
    return Manifest(
        audience=evidence.audience,
        name=publication.name,
        version=publication.version,
        title=dict(publication.title),
        languages=tuple(languages),
        files=files,
        stamp=publication.stamp,
        withheld=len(redacted.withheld),
        hidden=given.hidden if given else tuple(redacted.hidden),
        accepted=given.accepted
        if given
        else tuple(Accepted(one, why, "") for one, why in sorted(redacted.reasons.items())),
        results=results,
        parameters=given.parameters if given else {},
        issued=publication.issued,
        office=register.key_public or "",
        fallow=__version__,
        made_with=made_with(),
    )


def _readme(
    publication: Publication, evidence: Evidence, register: Register, languages: Sequence[str]
) -> str:
    spoken = [lang for lang in LANGUAGES if lang in languages] or ["en"]
    return "\n".join(line for lang in spoken for line in _said(publication, evidence, register, lang))


def _said(publication: Publication, evidence: Evidence, register: Register, lang: str) -> Iterator[str]:
    title = publication.title.get(lang) or publication.title.get("en", "")
    unproved = sum(len(one.unproved) for one in evidence.kept.values())
    yield title
    yield "=" * len(title)
    if publication.stamp.invented:
        yield say("cli.invented", lang)
    yield ""
    yield say("publish.bundle.what", lang)
    yield say("publish.bundle.how", lang, fallow=__version__)
    yield "    fallow check BUNDLE.zip --key KEY"
    yield say("publish.bundle.key", lang, office=register.key_public)
    yield ""
    yield say("publish.bundle.proves", lang)
    yield say("publish.bundle.does_not", lang)
    if any(one.people for one in evidence.kept.values()):
        yield say("publish.bundle.people", lang)
    if unproved:
        yield say("publish.bundle.unproved", lang, count=unproved)
    yield say("publish.bundle.format", lang)
    yield ""
