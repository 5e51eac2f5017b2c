"""Face two, what leaves: made by the gate in a folder that is gone before the first byte is sent."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fallow.errors import FallowError
from fallow.publish import Manifest, Publication, publish
from fallow.register import Register, open_register

MANIFEST = "manifest.json"

TYPES: Mapping[str, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "zip": "application/zip",
}

_TIME = (1980, 1, 1, 0, 0, 0)
_NAMED = ("year", "month", "since", "until", "deadline", "statement")
"""Parameters that may stand in the name of a file; a place or a parcel may be somebody's."""


@dataclass(frozen=True, slots=True)
class Packed:
    """One file to be sent: its content has no name on any disk any more."""

    content: IO[bytes]
    name: str

    @property
    def type(self) -> str:
        """The media type of its ending."""
        return TYPES[self.name.rpartition(".")[2]]


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder only this user may enter (0700), gone when the block ends, however it ends."""
    try:
        with tempfile.TemporaryDirectory(prefix="fallow-web-") as folder:
            yield Path(folder)
    except OSError as error:
        raise FallowError("WEB_TEMPORARY", "", found=error.strerror or type(error).__name__) from error


def passphrase() -> str | None:
    """What the server was started with; no page ever asks for it."""
    return os.environ.get("FALLOW_PASSPHRASE") or None


def key_state(path: Path) -> str:
    """Whether this server can sign for the office: ``open``, ``locked`` or ``missing``.

    Only a look: whether the passphrase is the right one is known when something is signed.
    """
    try:
        text = path.with_suffix(".key").read_bytes()
    except OSError:
        return "missing"
    return "locked" if b"ENCRYPTED" in text and passphrase() is None else "open"


def made(
    path: Path,
    register: Register,
    prepare: Callable[[Register], Publication],
    audience: str,
    *,
    languages: Sequence[str],
    formats: Sequence[str],
    bundle: bool,
    accepted: Mapping[str, str],
    by: str,
) -> Packed:
    """Publish into a folder of its own and pack what the gate wrote there.

    Parameters
    ----------
    path, register
        The register, opened for reading; for a bundle it is opened once more, as its owner.
    prepare
        Builds the publication with the register that seals it.
    """
    with scratch() as folder, _signing(path, register, bundle=bundle) as keeper:
        publication = prepare(keeper)
        to = folder / "out"
        manifest = publish(
            publication,
            to,
            audience,
            register=keeper,
            languages=languages,
            formats=formats,
            bundle=bundle,
            accepted=accepted,
            by=by,
        )
        return _packed(to, manifest)


@contextmanager
def _signing(path: Path, register: Register, *, bundle: bool) -> Iterator[Register]:
    """The register with the office's key when something has to be sealed, else as it was opened."""
    if not bundle:
        yield register
        return
    with open_register(path, passphrase=passphrase()) as keeper:
        if keeper.key_public is None:
            raise keeper.key_fault or FallowError("KEY_MISSING", path.with_suffix(".key").name)
        yield keeper


def _packed(folder: Path, manifest: Manifest) -> Packed:
    """A single document as itself; several, a bundle, or numbers somebody answers for with their manifest."""
    stem = file_stem(manifest)
    alone = len(manifest.files) == 1 and not manifest.bundle and not manifest.accepted
    content: IO[bytes] = tempfile.TemporaryFile(prefix="fallow-web-")  # noqa: SIM115 - sent after this
    try:
        if alone:
            only = manifest.files[0]
            with (folder / only.name).open("rb") as found:
                shutil.copyfileobj(found, content)
            name = f"{stem}-{only.language}.{only.format}" if only.language else f"{stem}.{only.format}"
        else:
            _zip(folder, content)
            name = f"{stem}.zip"
        content.seek(0)
    except BaseException:
        content.close()
        raise
    return Packed(content, name)


def _zip(folder: Path, content: IO[bytes]) -> None:
    """Everything under the folder, in order of name, with fixed times: the same files, the same bytes."""
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in sorted(folder.rglob("*")):
            if one.is_file():
                entry = zipfile.ZipInfo(one.relative_to(folder).as_posix(), _TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o100644 << 16
                archive.writestr(entry, one.read_bytes())


def file_stem(manifest: Manifest) -> str:
    """``article7-2023-public``: what it is, of when, for whom, in letters every system takes."""
    said = [manifest.parameters.get(one) for one in _NAMED]
    known = manifest.stamp.known
    parts = [manifest.name, *said, f"known-{known}" if known else None, manifest.audience]
    return "-".join(re.sub(r"[^A-Za-z0-9]+", "-", str(one)).strip("-")[:60] for one in parts if one)
