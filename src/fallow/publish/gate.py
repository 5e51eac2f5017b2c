"""Step 4, the gate: the only door through which anything leaves for somebody else.

``publish`` redacts for the audience, gathers the evidence, lets the writers print what is left, seals it all
in a bundle when asked to, and writes the manifest and the log of what left (`told`). Everything is made in a
folder beside the one asked for and moved there in one step: there is a whole publication, or none.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from fallow.analysis import Result
from fallow.errors import FallowError
from fallow.publish.audience import Audience
from fallow.publish.audience import audience as audience_of
from fallow.publish.manifest import NAME, Accepted, Manifest, listed
from fallow.publish.publication import Publication, classes_of
from fallow.publish.results import of_results
from fallow.publish.withholding.redact import Redacted, cells, for_audience, without
from fallow.publish.withholding.told import ToldResult, writing
from fallow.publish.withholding.told_again import before_of, has_been_told, told_results
from fallow.publish.writers.layers import Layer, leaving, write_geojson, write_gpkg
from fallow.publish.writers.remade import as_sealed, remembered, write
from fallow.register import Register
from fallow.words import LANGUAGES

if TYPE_CHECKING:
    from fallow.publish.proof.evidence import Evidence

FORMATS = ("xlsx", "csv", "pdf", "docx", "html")
LAYER_FORMATS = ("geojson", "gpkg")
BUNDLE = "bundle.zip"

Written = list[tuple[Path, str]]


def publish(
    what: Result | Sequence[Result] | Publication | Layer,
    to: Path,
    audience: str,
    *,
    register: Register,
    languages: Sequence[str] = ("en",),
    formats: Sequence[str] = (),
    bundle: bool = False,
    only_proved: bool = False,
    overwrite: bool = False,
    accepted: Mapping[str, str] | None = None,
    together: str = "",
    by: str = "",
) -> Manifest:
    """Write something for an audience.

    Parameters
    ----------
    to
        A folder that is not there, or is empty; the publication is all that is in it afterwards.
    audience
        Name of who will read it: there is no default.
    languages, formats
        What is written; XLSX and CSV (GeoJSON and GeoPackage for a layer) when no format is named.
    bundle
        Whether to add a bundle with which a stranger can check the numbers; the manifest then names those
        that nobody can make again from it.
    only_proved
        Whether those are left out, of documents and bundle.
    overwrite
        Whether an earlier publication in the folder is replaced, whole.
    accepted, by
        Small numbers about people that stand, by id of the figure with a reason, and who answers for it.
    together
        Why this may leave although small numbers can be worked out from it and what was told before together;
        ``by`` answers for that too. The log keeps both, and no file that leaves.

    Raises
    ------
    FallowError
        ``AUDIENCE_UNKNOWN``, ``PUBLISH_FORMAT``, ``PUBLISH_LANGUAGE``, ``PUBLISH_EXISTS``,
        ``PUBLISH_NOT_OURS``, ``ACCEPTED_BY``, ``TELLS_TOGETHER``, ``PUBLISH_NOT_WRITTEN``; what redaction,
        writers, bundle and the log of what left refuse. Then nothing left.
    """
    reader = audience_of(audience)
    chosen = _formats(what, formats)
    spoken = _languages(languages)
    if accepted and not (by.strip() and all(why.strip() for why in accepted.values())):
        raise FallowError("ACCEPTED_BY", ", ".join(sorted(accepted)))
    told: tuple[ToldResult, ...] = ()
    with writing(register, reader) as log, _fresh(Path(to), overwrite=overwrite) as folder:
        if isinstance(what, Layer):
            manifest = _layer(what, folder, reader, register, spoken, chosen)
        else:
            publication = what if isinstance(what, Publication) else _of(what, register)
            publication = replace(publication, classes=classes_of(register.model))
            before = before_of(log.log, register, reader)
            redacted = for_audience(publication, reader, accepted=accepted or {}, before=before)
            if redacted.newly and not (together.strip() and by.strip()):
                raise FallowError("TELLS_TOGETHER", publication.name, count=redacted.newly)
            told = told_results(publication, redacted)
            evidence = None
            if bundle or only_proved:
                redacted, evidence = _evidence(redacted, reader, register, only_proved=only_proved)
            with remembered():
                manifest = _publication(redacted, folder, reader, register, spoken, chosen, by, evidence)
                if redacted.newly:
                    manifest = replace(manifest, together=(Accepted("*", together, by),))
                if bundle and evidence:
                    manifest = replace(manifest, bundle=BUNDLE)
                    _seal(redacted, evidence, manifest, folder, register)
        body = orjson.dumps(manifest.as_dict(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
        (folder / NAME).write_bytes(body)
        return log.write(manifest, body, told)


def preview(
    publication: Publication,
    audience: str,
    *,
    register: Register,
    accepted: Mapping[str, str] | None = None,
) -> Redacted:
    """What :func:`publish` would print, decided by the same redaction; nothing is written and nothing leaves.

    Parameters
    ----------
    audience, register, accepted
        As for :func:`publish`; who answers for an accepted number is asked when it leaves.

    Raises
    ------
    FallowError
        ``AUDIENCE_UNKNOWN``; what redaction refuses.
    """
    reader = audience_of(audience)
    before = has_been_told(register, reader)
    return for_audience(publication, reader, accepted=accepted or {}, before=before)


def small_numbers(publication: Publication, redacted: Redacted, audience: str) -> dict[str, tuple[str, int]]:
    """Printed numbers that are withheld because they are small: id of the figure to its place and its value.

    For the office alone, which has to decide whether somebody answers for one; no audience is told which of
    the withheld numbers are the small ones.
    """
    smallest = audience_of(audience).smallest
    return {
        cell.figure.id: (where, int(cell.value))
        for where, unit, cell in cells(publication)
        if cell.figure in redacted.withheld and cell.figure is not None
        if unit == "count" and isinstance(cell.value, int | float) and 0 < abs(cell.value) < smallest
    }


def _of(what: Result | Sequence[Result], register: Register) -> Publication:
    return of_results([what] if isinstance(what, Result) else list(what), register)


def _formats(what: object, formats: Sequence[str]) -> tuple[str, ...]:
    known = LAYER_FORMATS if isinstance(what, Layer) else FORMATS
    for one in formats:
        if one not in known:
            raise FallowError(
                "PUBLISH_FORMAT",
                getattr(what, "name", type(what).__name__.lower()),
                found=one,
                known=", ".join(known),
            )
    return tuple(dict.fromkeys(formats)) or (known if isinstance(what, Layer) else ("xlsx", "csv"))


def _languages(languages: Sequence[str]) -> tuple[str, ...]:
    for one in languages:
        if one not in LANGUAGES:
            raise FallowError("PUBLISH_LANGUAGE", one, known=", ".join(LANGUAGES))
    return tuple(dict.fromkeys(languages)) or ("en",)


def _evidence(
    redacted: Redacted, reader: Audience, register: Register, *, only_proved: bool
) -> tuple[Redacted, Evidence]:
    """The evidence of what is printed; without what it does not prove, where that is to be left out."""
    from fallow.publish.proof.evidence import gather

    evidence = gather(register, redacted, reader)
    while only_proved and evidence.unproved:  # evidence is made for what is printed, so it is made anew
        redacted = without(redacted, evidence.unproved)
        evidence = gather(register, redacted, reader)
    return redacted, evidence


def _publication(
    redacted: Redacted,
    folder: Path,
    reader: Audience,
    register: Register,
    languages: Sequence[str],
    formats: Sequence[str],
    by: str,
    evidence: Evidence | None,
) -> Manifest:
    publication = redacted.publication
    sealed = as_sealed(_for(publication, reader.name))
    written: Written = []
    for lang in languages:
        _require(publication, lang)
        for form in formats:
            written += [(path, lang) for path in write(sealed, form, lang, folder, _stem(publication))]
    return Manifest(
        audience=reader.name,
        name=publication.name,
        version=publication.version,
        title={lang: publication.title[lang] for lang in languages if lang in publication.title},
        languages=tuple(languages),
        files=listed(folder, written),
        stamp=publication.stamp,
        withheld=len(redacted.withheld),
        hidden=redacted.hidden,
        accepted=tuple(Accepted(one, why, by) for one, why in sorted(redacted.reasons.items())),
        results={name: _recipe(one) for name, one in publication.results.items()},
        parameters=dict(publication.parameters),
        issued=publication.issued,
        office=register.key_public or "",
        unproved={one.id: why for one, why in evidence.unproved.items()} if evidence else {},
        fallow=_version(),
        given_away=redacted.given_away,
        unread=redacted.unread,
    )


def _for(publication: Publication, audience: str) -> Publication:
    """A publication that says whom it is for."""
    return replace(publication, parameters={**publication.parameters, "audience": audience})


def _seal(
    redacted: Redacted, evidence: Evidence, manifest: Manifest, folder: Path, register: Register
) -> None:
    from fallow.publish.proof.bundle import write_bundle

    files = {one.name: folder / one.name for one in manifest.files}
    sealed = replace(redacted, publication=_for(redacted.publication, manifest.audience))
    write_bundle(sealed, evidence, files, register, folder / BUNDLE, manifest=manifest)


def _require(publication: Publication, lang: str) -> None:
    from fallow.publish.statements.statement import require_language

    require_language(publication, lang)


def _stem(publication: Publication) -> str:
    if publication.name == "result" and len(publication.results) == 1:
        return next(iter(publication.results))
    return publication.name


def _layer(
    layer: Layer,
    folder: Path,
    reader: Audience,
    register: Register,
    languages: Sequence[str],
    formats: Sequence[str],
) -> Manifest:
    made = leaving(layer, register, reader)
    for form in formats:
        target = folder / f"{layer.kind}.{form}"
        write_geojson(made, target) if form == "geojson" else write_gpkg(made, target, languages[0])
    without = tuple(f"{district or '-'}: {count}" for district, count in made.withheld.items())
    return Manifest(
        audience=reader.name,
        name="layer",
        version=1,
        title={lang: made.kind.plural[lang] for lang in languages},
        languages=tuple(languages),
        files=listed(folder),
        stamp=made.stamp,
        hidden=(*made.hidden, *without),
        parameters={"kind": layer.kind, "where": dict(layer.where)},
        office=register.key_public or "",
        fallow=_version(),
    )


def _recipe(result: Result) -> dict[str, Any]:
    """The recipe, with the digest of what was told: nothing withheld is in it."""
    return {**asdict(result.recipe), "digest": result.digest}


def _version() -> str:
    from fallow import __version__

    return __version__


@contextmanager
def _fresh(to: Path, *, overwrite: bool) -> Iterator[Path]:
    """A folder to write in, moved to its place when the block ends well and taken away when it does not."""
    old = _replaceable(to, overwrite=overwrite)
    partial = to.with_name(f".{to.name}.{os.getpid()}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        yield partial
        _settle(partial, to, old=old)
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise FallowError("PUBLISH_NOT_WRITTEN", to.name, found=found) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _replaceable(to: Path, *, overwrite: bool) -> bool:
    """Whether there is a publication to be replaced; refuses anything else that is in the way."""
    if not to.parent.is_dir():
        raise FallowError("PUBLISH_NOT_WRITTEN", to.name, found=to.parent.name)
    if not to.exists() or (to.is_dir() and not any(to.iterdir())):
        return False
    if not (to.is_dir() and (to / NAME).is_file()):
        raise FallowError("PUBLISH_NOT_OURS" if overwrite else "PUBLISH_EXISTS", to.resolve().name)
    if not overwrite:
        raise FallowError("PUBLISH_EXISTS", to.resolve().name)
    return True


def _settle(partial: Path, to: Path, *, old: bool) -> None:
    """Sync what was written and give it its name; what stood there before goes last."""
    for path in sorted(partial.rglob("*")):
        if path.is_file():
            with path.open("rb+") as content:
                os.fsync(content.fileno())
    before = to.with_name(f".{to.name}.{os.getpid()}.before")
    if old:
        to.rename(before)
    try:
        if not old and to.exists():
            to.rmdir()
        partial.rename(to)
    except OSError as error:
        if old:
            before.rename(to)
        elif error.errno in (errno.ENOTEMPTY, errno.EEXIST):  # another publication was here first
            raise FallowError("PUBLISH_EXISTS", to.resolve().name) from error
        raise
    shutil.rmtree(before, ignore_errors=True)
