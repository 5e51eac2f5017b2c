"""Step 0, loading: catalogue and national overlay become one model, or are refused with file and line."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from fallow.errors import FallowError
from fallow.kinds.build import Languages
from fallow.kinds.gathered import gather
from fallow.kinds.model import Model
from fallow.kinds.overlay import lay_on
from fallow.words import LANGUAGES

HERE = Path(__file__).parent
"""Holds ``catalogue/*.yaml`` and ``codes/*.csv`` of Fallow itself."""

_ALL = Languages(LANGUAGES, LANGUAGES)


def load_kinds(overlay: Path | None = None, *, declared_in: Path = HERE) -> Model:
    """Every kind and code list of a programme.

    Parameters
    ----------
    overlay
        Folder of a national overlay (``docs/overlays.md``).
    declared_in
        Folder of the catalogue; Fallow's own unless a test brings another.

    Raises
    ------
    FallowError
        ``MODEL_*`` with file, line and remedy when a declaration is wrong. Nothing is loaded then.
    """
    folder = Path(overlay) if overlay is not None else None
    return _load(folder, declared_in, catalogue_digest(folder, declared_in=declared_in))


@lru_cache(maxsize=8)
def _load(overlay: Path | None, declared_in: Path, digest: str) -> Model:
    """Kept by digest, so that a changed file is read again and an unchanged one is not."""
    found = gather(declared_in, _ALL)
    laid = lay_on(found, overlay) if overlay is not None else None
    found.check()
    return Model(found.kinds, found.code_lists, digest, laid.name if laid else None, found.retired)


def catalogue_digest(overlay: Path | None = None, *, declared_in: Path = HERE) -> str:
    """SHA-256 over the names and bytes of all declarations, without reading what they say.

    Raises ``MODEL_FILE`` when the overlay is no folder: a mistyped path must not give the bare catalogue.
    """
    if overlay is not None and not Path(overlay).is_dir():
        raise FallowError("MODEL_FILE", Path(overlay).name, found="-")
    digest = sha256()
    for name, path in _files(Path(overlay) if overlay is not None else None, declared_in):
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _files(overlay: Path | None, declared_in: Path) -> Iterator[tuple[str, Path]]:
    for pattern in ("catalogue/*.yaml", "codes/*.csv"):
        for path in sorted(declared_in.glob(pattern)):
            yield f"{path.parent.name}/{path.name}", path
    if overlay is None:
        return
    for pattern in ("overlay.yaml", "labels.csv", "kinds/*.yaml", "codes/*.csv"):
        for path in sorted(overlay.glob(pattern)):
            yield f"overlay/{path.relative_to(overlay).as_posix()}", path
