"""Step 4, checking: whether a bundle holds, line by line, with no register and no network.

Everything is looked at, also after something was found not to hold, so that the lines name what was changed
and what was not. Nothing in a bundle is trusted and nothing in one gives a traceback.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from fallow.errors import FallowError
from fallow.publish.builders import publications
from fallow.publish.checking import documents as check_documents
from fallow.publish.checking import layout
from fallow.publish.checking import ledger as check_ledger
from fallow.publish.checking.checked import Line, fails, failure, holds
from fallow.publish.checking.figures import Sealed, figures, sealed
from fallow.publish.checking.register import against
from fallow.publish.manifest import Manifest
from fallow.publish.proof import archive
from fallow.publish.proof.bundle import (
    DOCUMENTS,
    EVIDENCE,
    FIXED,
    LEDGER,
    MANIFEST,
    PUBLICATION,
    README,
    SCHEMA,
    SIGNATORIES,
    SIGNATURE,
)
from fallow.publish.proof.canonical import checked_stamp, from_bytes, json_of
from fallow.publish.publication import Heading, Paragraph, Publication, Signatures
from fallow.publish.statements.text import typed
from fallow.publish.withholding.redact import cells
from fallow.publish.writers.printed import NUMBERS
from fallow.register import Register, keys
from fallow.register.heads import office_key
from fallow.words import say

Verdict = Literal["holds", "does_not_hold", "cannot_be_checked"]

_MOST_TYPED = 8

_KEY = re.compile(r"[0-9a-f]{64}")

NO_BUNDLE = frozenset(
    {
        "FILE_NOT_FOUND",
        "BUNDLE_FOLDER",
        "BUNDLE_NO_RIGHT",
        "BUNDLE_EMPTY",
        "BUNDLE_NO_ZIP",
        "BUNDLE_OTHER_ZIP",
    }
)
"""Refusals of what is no bundle: there is nothing of which one could say whether it holds."""


@dataclass(frozen=True, slots=True)
class Check:
    """What a check found; ``key`` is the public key the bundle is signed with."""

    lines: tuple[Line, ...]
    title: Mapping[str, str] = field(default_factory=dict)
    key: str = ""

    @property
    def failing(self) -> tuple[Line, ...]:
        """The lines that do not hold."""
        return tuple(one for one in self.lines if one.state == "fails")

    @property
    def verdict(self) -> Verdict:
        """``cannot_be_checked`` when nothing fails and some number could not be made again."""
        if self.failing:
            return "does_not_hold"
        return "cannot_be_checked" if any(one.state == "open" for one in self.lines) else "holds"

    @property
    def holds(self) -> bool:
        """Whether all of it holds."""
        return self.verdict == "holds"

    @property
    def key_known(self) -> bool:
        """Whether somebody who checked knew the key from elsewhere; else the office is only claimed."""
        return all(one.code != "BUNDLE_KEY_CLAIMED" for one in self.lines)

    def words(self, lang: str | None = None) -> str:
        """The verdict in a sentence; that all holds is said of an office's bundle only where it is one."""
        open_ = sum(one.state == "open" for one in self.lines)
        count = len(self.failing) if self.verdict == "does_not_hold" else open_
        claimed = self.verdict == "holds" and not self.key_known
        return say(f"publish.verdict.{'holds_claimed' if claimed else self.verdict}", lang, count=count)

    def as_dict(self, lang: str | None = None) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "verdict": self.verdict,
            "key_known": self.key_known,
            "title": dict(self.title),
            "key": self.key,
            "lines": [one.as_dict(lang) for one in self.lines],
        }


def check(
    path: Path, register: Register | None = None, key: str | None = None, *, trusted: bool = False
) -> Check:
    """Check a bundle.

    Parameters
    ----------
    register
        The register it was made from, for who may read it: evidence and numbers are compared with it, and the
        office's key is the one the register was founded with.
    key
        The office's public key as hex, known from elsewhere. Without it and without a register, that the key
        is the office's is only claimed.
    trusted
        The bundle was made by this process: its documents are made again here, and not in a process of their
        own with limits.

    Returns
    -------
    Every line; a bundle that is damaged gives one line that says why. Nothing is raised for what a bundle
    holds.

    Raises
    ------
    FallowError
        One of :data:`NO_BUNDLE` for what is no bundle at all, ``BUNDLE_KEY_FORMAT`` for what is no key.
    """
    file = Path(path)
    key = key_of(key) if key is not None else None
    lines: list[Line] = []
    try:
        content = archive.load(file)
        lines += layout.faults(content, file.name)
        if not archive.listed(content, file.name) & _OURS:
            raise FallowError("BUNDLE_OTHER_ZIP", file.name)
        members = archive.members(content, file.name)
        manifest = _manifest(members)
    except FallowError as error:
        if error.code in NO_BUNDLE:
            raise
        told = lines and error.facts.get("found") == "BadZipFile"  # the lines say what is wrong with it
        return Check(tuple(lines) if told else (*lines, failure(error)))
    lines += _walked(MANIFEST, lambda: _signed(members, manifest))
    lines += _walked(MANIFEST, lambda: _key(manifest, register, key))
    lines += _walked(MANIFEST, lambda: _members(members, manifest))
    publication: Publication | None = None
    seal: Sealed | None = None
    try:
        publication = from_bytes(_member(members, PUBLICATION), PUBLICATION)
        seal = sealed(members)
    except FallowError as error:
        lines.append(failure(error))
    shown, kept = publication, seal
    if shown is not None:
        lines += _walked(SIGNATORIES, lambda: _signatories(members, shown))
        lines += _walked(PUBLICATION, lambda: _typed(shown))
    lines += _walked(LEDGER, lambda: check_ledger.ledger(members, manifest, shown, kept))
    if shown is not None and kept is not None:
        with ThreadPoolExecutor(1) as beside:
            # another process makes the documents again, while this one makes the numbers again
            apart = None if trusted else beside.submit(_documents, members, manifest, shown, trusted=False)
            lines += _walked(PUBLICATION, lambda: _unbound(shown))
            lines += _walked(EVIDENCE, lambda: figures(shown, kept))
            lines += apart.result() if apart else _documents(members, manifest, shown, trusted=True)
        if register is not None:
            lines += _walked(EVIDENCE, lambda: against(register, shown, kept, manifest.audience))
    return Check(tuple(lines), manifest.title, manifest.office)


_OURS = frozenset({MANIFEST, SIGNATURE, *FIXED} - {README})
"""Members by which a zip is known for a bundle, also one of which some are missing."""


def key_of(text: str) -> str:
    """A public key as it is compared: 64 hexadecimal digits; ``BUNDLE_KEY_FORMAT`` for anything else."""
    key = text.strip().lower()
    if not _KEY.fullmatch(key):
        # what was typed is not repeated: it may be a passphrase, or the secret half of the key
        raise FallowError("BUNDLE_KEY_FORMAT", "key", count=len(key))
    return key


def _documents(
    members: Mapping[str, bytes], manifest: Manifest, publication: Publication, *, trusted: bool
) -> list[Line]:
    return _walked(
        DOCUMENTS, lambda: check_documents.documents(members, manifest, publication, trusted=trusted)
    )


def _unbound(publication: Publication) -> Iterator[Line]:
    """What stands in the place of a number and is none that a result could prove."""
    for where, unit, cell in cells(publication):
        told = cell.value is not None and (cell.figure is None or isinstance(cell.value, str))
        if unit in NUMBERS and told:
            yield fails("BUNDLE_FIGURE_UNBOUND", where, printed=str(cell.value)[:60])


def _walked(where: str, step: Callable[[], Iterable[Line]]) -> list[Line]:
    """The lines of a step; what a hostile bundle breaks in it is a line too, and never a traceback."""
    lines: list[Line] = []
    try:
        lines.extend(step())
    except FallowError as error:
        lines.append(failure(error, where))
    except Exception as error:  # noqa: BLE001 - told as a line: whatever broke here, the bundle does not hold
        lines.append(fails("BUNDLE_JSON", where, found=type(error).__name__))
    return lines


def _member(members: Mapping[str, bytes], name: str) -> bytes:
    if name not in members:
        raise FallowError("BUNDLE_MEMBER_MISSING", name)
    return members[name]


def _manifest(members: Mapping[str, bytes]) -> Manifest:
    said = json_of(_member(members, MANIFEST), MANIFEST)
    if isinstance(said, dict) and isinstance(said.get("schema"), int) and said["schema"] > SCHEMA:
        raise FallowError("BUNDLE_NEWER", MANIFEST, found=said["schema"], known=SCHEMA)
    try:
        manifest = Manifest.from_dict(said)
        checked_stamp(manifest.stamp)
        named = [one.name for one in manifest.files]
        texts = [*named, *(one.sha256 for one in manifest.files), manifest.office, manifest.stamp.register]
        texts += [*manifest.title.values(), *manifest.languages, manifest.audience]
        texts += [*manifest.made_with, *manifest.made_with.values()]
        if not all(isinstance(one, str) for one in texts) or len(set(named)) != len(named):
            raise TypeError("manifest")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FallowError("BUNDLE_JSON", MANIFEST, found=type(error).__name__) from error
    return manifest


def _signed(members: Mapping[str, bytes], manifest: Manifest) -> Iterator[Line]:
    try:
        signature = bytes.fromhex(members.get(SIGNATURE, b"").decode("ascii"))
    except ValueError:
        signature = b""
    message = keys.sealing(manifest.stamp.register, members[MANIFEST])
    written = signature.hex().encode() == members.get(SIGNATURE, b"")
    if written and keys.verified(manifest.office, signature, message):
        yield holds("signature", MANIFEST, office=manifest.office)
    else:
        yield fails("BUNDLE_SIGNATURE", MANIFEST)


def _key(manifest: Manifest, register: Register | None, key: str | None) -> Iterator[Line]:
    known = [one for one in (key, office_key(register) if register else None) if one]
    for one in known:
        if one != manifest.office:
            yield fails("BUNDLE_KEY_OTHER", MANIFEST, found=manifest.office, known=one)
            return
    if known:
        yield holds("key", MANIFEST, office=manifest.office)
    else:
        yield Line("BUNDLE_KEY_CLAIMED", "note", MANIFEST, {"found": manifest.office})


def _members(members: Mapping[str, bytes], manifest: Manifest) -> Iterator[Line]:
    right = 0
    listed = {one.name: one for one in manifest.files}
    for name, one in sorted(listed.items()):
        if name not in members:
            yield fails("BUNDLE_MEMBER_MISSING", name)
        elif sha256(members[name]).hexdigest() != one.sha256 or len(members[name]) != one.size:
            yield fails("BUNDLE_MEMBER_CHANGED", name)
        else:
            right += 1
    for name in sorted(set(members) - set(listed) - {MANIFEST, SIGNATURE}):
        yield fails("BUNDLE_MEMBER_ADDED", name)
    for name in sorted(set(FIXED) - set(listed)):
        if name != README and name in members:
            yield fails("BUNDLE_MEMBER_CHANGED", MANIFEST)
    if right:
        yield holds("members", MANIFEST, count=right, of=len(listed))


def _typed(publication: Publication) -> Iterator[Line]:
    """Numbers that somebody typed into the words: nothing in a bundle proves one."""
    own = {one.title["en"] for one in publications().values()}
    texts = [one.text for one in publication.blocks if isinstance(one, Heading | Paragraph)]
    if publication.title.get("en") not in own:
        texts.append(publication.title)
    found = [number for text in texts for words in text.values() for number in typed(words)]
    if found:
        named = list(dict.fromkeys(found))
        yield Line(
            "BUNDLE_TYPED_NUMBER",
            "note",
            PUBLICATION,
            {"count": len(named), "found": "; ".join(named[:_MOST_TYPED])},
        )


def _signatories(members: Mapping[str, bytes], publication: Publication) -> Iterator[Line]:
    """The signatories that are printed against those in the signed list; each that differs by name."""
    printed = [
        person for block in publication.blocks if isinstance(block, Signatures) for person in block.people
    ]
    try:
        said = json_of(_member(members, SIGNATORIES), SIGNATORIES)
        listed = [_signatory(one) for one in said]
    except FallowError as error:
        yield failure(error)
        return
    except (TypeError, KeyError, AttributeError) as error:
        yield fails("BUNDLE_JSON", SIGNATORIES, found=type(error).__name__)
        return
    shown = [_signatory({name: getattr(one, name) for name in _PERSON}) for one in printed]
    for one in shown:
        if one not in listed:
            yield fails("BUNDLE_SIGNATORY_MISSING", one[0])
    for one in listed:
        if one not in shown:
            yield fails("BUNDLE_SIGNATORY_ADDED", one[0])
    if shown and shown == listed:
        yield holds("signatories", SIGNATORIES, count=len(shown))


_PERSON = ("name", "organisation", "mandate", "date", "report")


def _signatory(said: Mapping[str, Any]) -> tuple[str, ...]:
    if not isinstance(said["name"], str):
        raise TypeError("name")
    return tuple(str(said[name]) for name in _PERSON)
