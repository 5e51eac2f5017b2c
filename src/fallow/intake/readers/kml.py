"""Step 1, reports arrive: KML and KMZ. Placemarks become rows; links are listed and never followed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fallow.errors import FallowError
from fallow.intake.read_spec import TableInfo
from fallow.intake.readers.archive import open_archive
from fallow.intake.readers.job import Chunk, Job
from fallow.intake.readers.kml_placemark import Placemarks
from fallow.intake.readers.rows_of_dicts import Row, chunks
from fallow.intake.readers.sniff import expect
from fallow.intake.readers.xml_guard import Bytes, GuardedParser


def tables(job: Job) -> list[TableInfo]:
    """One table for each folder with placemarks; their columns are those of the whole file."""
    names, folders = _survey(job)
    return [TableInfo(folder, tuple(names), rows, "mixed", "EPSG:4326") for folder, rows in folders.items()]


def read(job: Job) -> Iterator[Chunk]:
    """Placemarks as rows, of one folder when a layer is declared; ``where`` is ``Placemark 12``."""
    names, folders = _survey(job)
    wanted = job.spec.layer
    if wanted is not None and wanted not in folders:
        raise FallowError("LAYER_UNKNOWN", wanted, known=", ".join(folders))
    job.crs = job.spec.crs
    rows = _placemarks(job, tell=True)
    yield from chunks(job, (row for row in rows if wanted is None or row.layer == wanted), names)


def _survey(job: Job) -> tuple[list[str], dict[str, int]]:
    """Every column and the number of placemarks in each folder."""
    names: dict[str, None] = {"name": None, "folder": None}
    folders: dict[str, int] = {}
    for count, row in enumerate(_placemarks(job, tell=False), 1):
        names.update(dict.fromkeys(row.values))
        folders[row.layer] = folders.get(row.layer, 0) + 1
        job.count_row(count)
    return list(names), folders


def _placemarks(job: Job, *, tell: bool) -> Iterator[Row]:
    with _stream(job, tell=tell) as stream:
        found = Placemarks()
        parser = GuardedParser(
            job.spec.limits,
            start=found.start,
            end=found.end,
            text=found.text,
            root=("kml", "Placemark", "Document", "Folder"),
        )
        found.line = lambda: parser.line
        more = True
        while more:
            more = parser.feed(stream)
            yield from found.take()
        if tell:
            for place in found.links:
                job.tally.add("LINK_IGNORED", place)
            job.ignored += [f"{name} {count}" for name, count in found.others.items()]


@contextmanager
def _stream(job: Job, *, tell: bool) -> Iterator[Bytes]:
    if job.spec.format == "kml":
        with job.path.open("rb") as file:
            expect(file, "KML", {"KML", "XML"})
            yield file
        return
    with open_archive(job, "KMZ") as archive:
        documents = [name for name in archive.names() if name.lower().endswith(".kml")]
        if not documents:
            raise FallowError("ARCHIVE_MEMBER", "", found=".kml")
        # The standard: the first KML at the root is the document.
        main = next((name for name in documents if "/" not in name), documents[0])
        if tell:
            job.ignored += [f"file {name}" for name in archive.names() if name != main]
        yield archive.open(main)
