"""Step 1, reports arrive: line-delimited GeoJSON (RFC 8142 and the plain form): one feature a line."""

from __future__ import annotations

import json
from collections.abc import Iterator

import orjson

from fallow.errors import FallowError
from fallow.intake.read_spec import TableInfo
from fallow.intake.readers import json_strict
from fallow.intake.readers.features import Columns, Parsed, Troubles, as_it_was_written, rows
from fallow.intake.readers.job import ROWS_A_BATCH, Chunk, Job
from fallow.intake.readers.json_stream import look
from fallow.intake.readers.sniff import expect
from fallow.intake.readers.text import Utf8Stream

_BLOCK = 512 * 1024
_MOST_LINE = 64 * 1024 * 1024
_RECORD_SEPARATOR = b"\x1e"


def tables(job: Job) -> list[TableInfo]:
    """One table."""
    columns, count = _survey(job)
    return [TableInfo("", tuple(columns.names()), count, columns.geometry(), "EPSG:4326")]


def read(job: Job) -> Iterator[Chunk]:
    """Features as rows; ``where`` is ``line 12``, counted from 1."""
    job.no_layer()
    columns, _ = _survey(job)
    job.crs = job.spec.crs
    job.right_hand = True
    start = 0
    for parsed, where, done in _batches(job):
        chunk = rows(job, columns, parsed, where, start)
        chunk.done = done
        start += len(where)
        yield chunk
    if start == 0:
        yield Chunk(0, [], {name: [] for name in columns.names()}, [], done=1.0)


def _survey(job: Job) -> tuple[Columns, int]:
    columns, count = Columns(), 0
    for parsed, where, _ in _batches(job):
        columns.add(parsed.features)
        count += len(where)
        job.count_row(count)
    return columns, count


def _batches(job: Job) -> Iterator[tuple[Parsed, list[str], float]]:
    texts: list[bytes] = []
    where: list[str] = []
    for number, text, done in _lines(job):
        texts.append(text)
        where.append(f"line {number}")
        if len(texts) == ROWS_A_BATCH:
            yield _parse(job, texts, where), where, done
            texts, where = [], []
    if texts:
        yield _parse(job, texts, where), where, 1.0


def _lines(job: Job) -> Iterator[tuple[int, bytes, float]]:
    """Number, text and share of the file behind it of each line that holds something."""
    with job.path.open("rb") as file:
        expect(file, "GeoJSON lines", {"JSON", None})
        stream = Utf8Stream(file)
        number, rest, size = 0, b"", job.size
        while block := stream.read(_BLOCK):
            *whole, rest = (rest + block).split(b"\n")
            for line in whole:
                number += 1
                if text := line.strip(b" \t\r" + _RECORD_SEPARATOR):
                    yield number, text, min(file.tell() / size, 1.0)
            if len(rest) > _MOST_LINE:
                raise FallowError("TEXT_TOO_LONG", f"line {number + 1}", found=len(rest), limit=_MOST_LINE)
        if text := rest.strip(b" \t\r" + _RECORD_SEPARATOR):
            yield number + 1, text, 1.0


def _parse(job: Job, texts: list[bytes], where: list[str]) -> Parsed:
    found = look(b"\n".join(texts), 0, 0, escape=False)
    if found.deepest > job.spec.limits.depth:
        place = next(
            place
            for place, text in zip(where, texts, strict=True)
            if look(text, 0, 0, escape=False).deepest > job.spec.limits.depth
        )
        raise FallowError("TOO_DEEP", place, found=found.deepest, limit=job.spec.limits.depth)
    try:
        features = [orjson.loads(text) for text in texts]
    except orjson.JSONDecodeError:
        return _to_the_letter(texts, where)
    if not as_it_was_written(features, len(found.colons)):
        return _to_the_letter(texts, where)
    return Parsed(features)


def _to_the_letter(texts: list[bytes], where: list[str]) -> Parsed:
    features = []
    troubles: Troubles = []
    for spot, (text, place) in enumerate(zip(texts, where, strict=True)):
        try:
            feature, found = json_strict.loads(text.decode("utf-8"))
        except UnicodeDecodeError as fault:
            shown = f"0x{text[fault.start]:02X}"
            raise FallowError("ENCODING", place, encoding="UTF-8", found=shown) from fault
        except json.JSONDecodeError as fault:
            if fault.pos >= len(fault.doc) or "Unterminated" in fault.msg:
                raise FallowError("TRUNCATED", place, found="}") from fault
            raise FallowError("JSON_SYNTAX", place, found=fault.doc[fault.pos]) from fault
        features.append(feature)
        troubles += [(spot, code, path, facts) for code, path, facts in found]
    return Parsed(features, troubles, strictly=True)
