"""Step 4, made again: a document of a publication, written once more from what a bundle seals.

Everything that is printed stands in ``publication.json`` and ``recipes.json``. So the gate prints what comes
back from those bytes (:func:`as_sealed`), and whoever holds a bundle can print it again (:func:`as_printed`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from fallow.analysis import Recipe, Result
from fallow.errors import FallowError
from fallow.publish.proof.canonical import as_bytes, from_bytes, json_of
from fallow.publish.publication import Absent, Publication, Table
from fallow.register import SaidBy
from fallow.register.ledger import canonical
from fallow.words import LANGUAGES

WRITERS: Mapping[str, str] = {
    "xlsx": "fallow.publish.writers.workbook:write_xlsx",
    "pdf": "fallow.publish.writers.typeset:write_pdf",
    "docx": "fallow.publish.writers.word:write_docx",
    "html": "fallow.publish.writers.pages:write_html",
}
"""Writers are imported when their format is asked for: a table needs no typesetting."""

_SEALED = "publication.json"
README = "README.txt"


@dataclass(frozen=True, slots=True)
class Told(Result):
    """A result of which only what is printed is known."""

    sealed: str = ""

    @property
    def digest(self) -> str:
        """As it was when the result was whole."""
        return self.sealed


@dataclass(frozen=True, slots=True)
class Document:
    """A file of a bundle as one that Fallow writes: its format, its language, its table where it has one.

    ``form`` is ``xlsx``, ``csv``, ``pdf``, ``docx``, ``html``, or ``txt`` for the text beside tables.
    """

    name: str
    form: str
    lang: str
    block: str = ""


def as_sealed(publication: Publication) -> Publication:
    """A publication as it comes back from a bundle, for the writers: what is printed is what is sealed."""
    return as_printed(from_bytes(as_bytes(publication), _SEALED), canonical(sources_of(publication)))


def sources_of(publication: Publication) -> dict[str, dict[str, Any]]:
    """By result, what a document prints of it: the part of ``recipes.json`` that printing needs."""
    return {
        name: {
            "recipe": asdict(one.recipe),
            "title": dict(one.title),
            "people": one.people,
            "said_by": [[source.source, source.who] for source in one.said_by],
            "order": order,
            "printed": one.digest,
        }
        for order, (name, one) in enumerate(publication.results.items())
    }


def as_printed(publication: Publication, recipes: bytes) -> Publication:
    """The publication with its results as far as they are printed.

    Raises
    ------
    FallowError
        ``BUNDLE_DOCUMENTS_OLD`` for a bundle sealed before what is printed of a result was sealed with it;
        ``BUNDLE_JSON``.
    """
    said = json_of(recipes, "recipes.json")
    try:
        if any("printed" not in one for one in said.values()):
            raise FallowError("BUNDLE_DOCUMENTS_OLD", "recipes.json")
        told = {name: _told(name, one) for name, one in sorted(said.items(), key=lambda of: of[1]["order"])}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FallowError("BUNDLE_JSON", "recipes.json", found=type(error).__name__) from error
    return replace(publication, results=told)


def _told(name: str, said: Mapping[str, Any]) -> Told:
    title = {lang: _str(words) for lang, words in said["title"].items()}
    said_by = tuple(SaidBy(_str(source), _str(who), 0) for source, who in said["said_by"])
    recipe, people = Recipe(**said["recipe"]), said["people"] is True
    return Told(name, title, (), (), (), {}, recipe, said_by, people=people, sealed=_str(said["printed"]))


def _str(said: Any) -> str:
    if not isinstance(said, str):
        raise TypeError("text")
    return said


def tied(name: str, publication: Publication) -> Document | None:
    """Which document of a publication a file is by its name; ``None`` where nobody can tell."""
    folder, _, file = name.rpartition("/")
    stem, _, form = file.rpartition(".")
    if form == "csv":
        ids = {one.id for one in publication.blocks if isinstance(one, Table | Absent)}
        lang = language_of(folder)
        return Document(name, form, lang, stem) if lang and stem in ids else None
    if file == README:
        lang = language_of(folder)
        return Document(name, "txt", lang) if lang else None
    lang = language_of(file)
    return Document(name, form, lang) if form in WRITERS and lang else None


def language_of(name: str) -> str:
    """The language a file's name speaks of, or nothing."""
    parts = "".join(one if one.isalnum() else " " for one in name).split()
    return next((part for part in reversed(parts) if part in LANGUAGES), "")


def write(publication: Publication, form: str, lang: str, folder: Path, stem: str) -> list[Path]:
    """Write one format in one language; gives the files, which stand in ``folder`` or, for CSV, under it."""
    if form == "csv":
        from fallow.publish.writers.tables import write_csv

        of = folder / "csv" / lang
        of.mkdir(parents=True)
        written = write_csv(publication, lang, of)
    else:
        module, _, name = WRITERS[form].partition(":")
        writer: Callable[[Publication, str, Path], None] = getattr(import_module(module), name)
        target = folder / f"{stem}.{lang}.{form}"
        writer(publication, lang, target)
        written = [target]
    if (kept := _WRITTEN.get()) is not None:
        kept[printed_from(publication), form, lang] = _bodies(form, written)
    return written


class Maker:
    """Makes documents of one publication again under an empty folder, each once."""

    def __init__(self, publication: Publication, folder: Path) -> None:
        self._publication, self._folder = publication, folder
        self._printed_from = printed_from(publication)
        self._made: dict[tuple[str, str], _Bodies | FallowError] = {}

    def again(self, document: Document) -> bytes:
        """The bytes of a document; what its writer refuses is raised."""
        form = "csv" if document.form == "txt" else document.form
        if (form, document.lang) not in self._made:
            self._made[form, document.lang] = self._write(form, document.lang)
        files = self._made[form, document.lang]
        if isinstance(files, FallowError):
            raise files
        name = {"csv": f"{document.block}.csv", "txt": README}.get(document.form, "")
        return files[name]

    def _write(self, form: str, lang: str) -> _Bodies | FallowError:
        known = (_WRITTEN.get() or {}).get((self._printed_from, form, lang))
        try:
            return known or _bodies(form, write(self._publication, form, lang, self._folder, "document"))
        except FallowError as error:
            return error


@contextmanager
def remembered() -> Iterator[None]:
    """While this lasts, what was written is kept, so that a bundle that proves itself prints nothing twice.

    A document is found again only by everything it was printed from, so what is kept is what would be made.
    """
    token = _WRITTEN.set({})
    try:
        yield
    finally:
        _WRITTEN.reset(token)


_Bodies = dict[str, bytes]
_WRITTEN: ContextVar[dict[tuple[str, str, str], _Bodies] | None] = ContextVar("written", default=None)


def printed_from(publication: Publication) -> str:
    """One hash over all that the documents of a publication are printed from."""
    return sha256(as_bytes(publication) + canonical(sources_of(publication))).hexdigest()


def _bodies(form: str, written: Iterable[Path]) -> _Bodies:
    return {path.name if form == "csv" else "": path.read_bytes() for path in written}
