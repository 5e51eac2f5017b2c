"""Step 4, the manifest: what left, for whom, what was kept back, and from which results it was made.

It is written beside every publication as ``manifest.json``, is printed by ``--json``, and is what a bundle
seals. It never holds a value that was withheld: a withheld number is named by its figure and no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from fallow.publish.publication import Stamp

NAME = "manifest.json"
"""Name of the manifest in the folder of a publication and in its bundle."""

SCHEMA = 1

OFFICE = ("given_away", "together", "unread", "logged")
"""What of a manifest stays in the office: how much can be worked out would help to work it out."""


@dataclass(frozen=True, slots=True)
class Written:
    """One file that left.

    Attributes
    ----------
    name
        Path inside the publication's folder, with ``/``.
    sha256
        Of its bytes, in hexadecimal.
    size
        In bytes.
    format
        ``xlsx``, ``csv``, ``pdf``, ``docx``, ``html``, ``geojson``, ``gpkg``, ``txt``, ``zip`` ...
    language
        Language code, or empty when the file is the same in all.
    """

    name: str
    sha256: str
    size: int
    format: str
    language: str = ""

    @classmethod
    def of(cls, folder: Path, path: Path, language: str = "") -> Written:
        """A file as it stands in the folder."""
        body = path.read_bytes()
        return cls(
            path.relative_to(folder).as_posix(),
            sha256(body).hexdigest(),
            len(body),
            path.suffix.lstrip(".").lower(),
            language,
        )


@dataclass(frozen=True, slots=True)
class Accepted:
    """A number about few people that a named person let stand, and why."""

    figure: str
    why: str
    by: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What left.

    Attributes
    ----------
    audience
        Name of who reads it.
    name, version, parameters
        The builder and what it was asked; ``layer`` for a layer.
    title
        In the languages it was written in.
    files
        Every file of the publication, in order of name, the manifest itself and the bundle not among them.
    withheld
        How many numbers are not told, the small ones and those from which they could be worked out together:
        how many of which would help to tell them apart.
    hidden
        What else was kept back: ``kind.field`` of fields, and counts of records or shapes by district.
    accepted
        Small numbers that a named person let stand.
    results
        By short name: the recipe's analysis, version and parameters, its digest of inputs and the digest of
        the result.
    office
        Public key of the office in hexadecimal, empty when the register signs nothing.
    unproved
        Of a publication with a bundle, the printed numbers that nobody can make again from it: id of the
        figure to the key of the words that say why.
    bundle
        Name of the bundle beside the files, empty when there is none.
    made_with
        In a bundle: name to version of what decides the bytes of its documents.
    given_away, together, unread, logged
        For the office alone, and in no file that leaves: small numbers that publications give away together,
        who let this one leave although it adds to them, results in the log of what left that could not be
        taken into account, and the number of this one in that log (0 when it was not written down).
    """

    audience: str
    name: str
    version: int
    title: Mapping[str, str]
    languages: tuple[str, ...]
    files: tuple[Written, ...]
    stamp: Stamp
    withheld: int = 0
    hidden: tuple[str, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    results: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    issued: str | None = None
    office: str = ""
    bundle: str = ""
    fallow: str = ""
    schema: int = SCHEMA
    unproved: Mapping[str, str] = field(default_factory=dict)
    made_with: Mapping[str, str] = field(default_factory=dict)
    given_away: int = 0
    together: tuple[Accepted, ...] = ()
    unread: int = 0
    logged: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For JSON, as it leaves; :meth:`from_dict` gives the same manifest back."""
        return {name: value for name, value in asdict(self).items() if name not in OFFICE}

    def for_office(self) -> dict[str, Any]:
        """What the office is told of its own publication beside :meth:`as_dict`."""
        return {name: value for name, value in asdict(self).items() if name in OFFICE}

    @classmethod
    def from_dict(cls, of: Mapping[str, Any]) -> Manifest:
        """A manifest that was written; ``KeyError`` or ``TypeError`` when it is none."""
        given = dict(of)
        given["files"] = tuple(Written(**one) for one in given["files"])
        given["stamp"] = Stamp(**given["stamp"])
        given["accepted"] = tuple(Accepted(**one) for one in given.get("accepted", ()))
        for name in ("languages", "hidden"):
            given[name] = tuple(given.get(name, ()))
        return cls(**given)

    def file(self, name: str) -> Written:
        """One file by its name; ``KeyError`` when there is none."""
        return {one.name: one for one in self.files}[name]


def listed(folder: Path, languages: Iterable[tuple[Path, str]] = ()) -> tuple[Written, ...]:
    """Every file under a folder, in order of name; ``languages`` says which file is in which language."""
    known = {path.relative_to(folder).as_posix(): lang for path, lang in languages}
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != NAME)
    return tuple(
        Written.of(folder, path, known.get(path.relative_to(folder).as_posix(), "")) for path in found
    )
