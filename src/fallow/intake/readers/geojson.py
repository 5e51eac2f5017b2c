"""Step 1, reports arrive: GeoJSON. One pass where the first features have all that is asked for, else two.

A table must show every column that its description names in every batch, and a feature may bring a property
the first ten thousand did not have. So a file whose first features have not all of them is walked twice, and
the first walk leaves only the sizes of the segments behind. Other columns may come late: nobody maps them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from fallow.errors import FallowError
from fallow.intake.read_spec import TableInfo
from fallow.intake.readers.features import Columns, Parsed, parse, rows
from fallow.intake.readers.geojson_head import Head, check_crs, list_ignored, read_head, read_tail
from fallow.intake.readers.job import Chunk, Job
from fallow.intake.readers.json_stream import ArrayCutter, Segment
from fallow.intake.readers.sniff import expect
from fallow.intake.readers.text import Utf8Stream


@dataclass(slots=True)
class _Survey:
    """What the first walk found: where each segment lies, and the columns."""

    head: Head
    columns: Columns
    segments: list[tuple[int, int, int, bool]] = field(default_factory=list)
    """Offset, size, features, and whether it must be read to the letter."""
    rows: int = 0


def tables(job: Job) -> list[TableInfo]:
    """One table, named after nothing: GeoJSON has no layers."""
    survey = _survey(job)
    return [TableInfo("", tuple(survey.columns.names()), survey.rows, survey.columns.geometry(), "EPSG:4326")]


def read(job: Job) -> Iterator[Chunk]:
    """Features as rows; ``where`` is ``features[11]``."""
    job.no_layer()
    job.right_hand = True
    chunks = _at_once(job)
    first = next(chunks, None)
    if first is not None:
        yield first
        yield from chunks
        return
    survey = _survey(job)
    check_crs(job, survey.head.members)
    list_ignored(job, survey.head.members)
    end = sum(survey.segments[-1][:2]) if survey.segments else 1
    start = 0
    for segment in _again(job, survey):
        chunk = _chunk(job, survey.columns, parse(segment, start, first=start == 0), start)
        chunk.done = min((segment.offset + len(segment.text)) / end, 1.0)
        start += len(chunk.where)
        yield chunk


def _at_once(job: Job) -> Iterator[Chunk]:
    """The same in one walk; nothing at all where the first features do not have every column that is named.

    What is wrong further down refuses the file when it is reached: nothing of it is kept before its end.
    """
    if job.spec.named is None:
        return
    with job.path.open("rb") as file:
        expect(file, "GeoJSON", {"JSON"})
        stream = Utf8Stream(file)
        head = read_head(stream)
        if head.single is not None:
            return
        columns, known, start = Columns(), 0, 0
        cutter = ArrayCutter(stream, head.first, head.offset, job.spec.limits.depth - 2)
        for segment in cutter:
            parsed = parse(segment, start, first=start == 0)
            columns.add(parsed.features)
            if start == 0:
                if columns.may_rename() or not columns.has(job.spec.named):
                    return
                check_crs(job, head.members)
                columns.settle()
                known = len(columns.names())
            chunk = _chunk(job, columns, parsed, start)
            chunk.late = len(chunk.columns) - known
            chunk.done = min((segment.offset + len(segment.text)) / job.size, 1.0)
            start += len(chunk.where)
            job.count_row(start)
            yield chunk
        read_tail(head, cutter.rest, cutter.rest_offset, stream)
        check_crs(job, head.members)
        if start:
            list_ignored(job, head.members)


def _chunk(job: Job, columns: Columns, parsed: Parsed, start: int) -> Chunk:
    where = [f"features[{start + at}]" for at in range(len(parsed.features))]
    return rows(job, columns, parsed, where, start)


def _survey(job: Job) -> _Survey:
    with job.path.open("rb") as file:
        expect(file, "GeoJSON", {"JSON"})
        stream = Utf8Stream(file)
        head = read_head(stream)
        survey = _Survey(head, Columns())
        if head.single is not None:
            # No array to cut: the feature itself is counted, so that a repeated key in it is still found.
            text = b"[" + head.single + b"]"
            cutter = ArrayCutter(Utf8Stream.of(b""), head.single + b"]", 0, job.spec.limits.depth)
            for segment in cutter:
                _note(job, survey, segment)
            head.single = text
            return survey
        # Depth is counted from the top of the file: the collection and its array are the first two.
        cutter = ArrayCutter(stream, head.first, head.offset, job.spec.limits.depth - 2)
        for segment in cutter:
            _note(job, survey, segment)
        read_tail(head, cutter.rest, cutter.rest_offset, stream)
        return survey


def _note(job: Job, survey: _Survey, segment: Segment) -> None:
    parsed = parse(segment, survey.rows, first=survey.rows == 0)
    survey.columns.add(parsed.features)
    survey.segments.append((segment.offset, len(segment.text), len(parsed.features), parsed.strictly))
    survey.rows += len(parsed.features)
    job.count_row(survey.rows)


def _again(job: Job, survey: _Survey) -> Iterator[Segment]:
    """The same segments a second time."""
    if survey.head.single is not None:
        for offset, size, count, strictly in survey.segments:
            yield Segment(
                offset,
                survey.head.single[1 + offset : 1 + offset + size],
                count,
                0,
                checked=True,
                strictly=strictly,
            )
        return
    with job.path.open("rb") as file:
        stream = Utf8Stream(file)
        at = stream.mark
        for offset, size, count, strictly in survey.segments:
            stream.read_exactly(offset - at)
            text = stream.read_exactly(size)
            at = offset + size
            if len(text) < size:
                raise FallowError("TRUNCATED", f"byte {at}", found="]")
            yield Segment(offset, text, count, 0, checked=True, strictly=strictly)
