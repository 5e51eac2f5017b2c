"""Step 1, reports arrive: the reading child. It alone looks into an untrusted file, and it may do nothing
else.

Started as ``python -I child_start.py`` by ``read.py``: one request as JSON on standard input, frames on
standard output, gone afterwards. What it may use and touch is in ``limits.py``.
"""

from __future__ import annotations

import gc
import sys
import time
import traceback
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import shapely

from fallow.errors import FallowError, Finding
from fallow.intake.coordinates import from_columns, shift_m
from fallow.intake.geometry import Gate
from fallow.intake.identity import row_digests
from fallow.intake.limits import confine
from fallow.intake.read_frames import write_frame
from fallow.intake.read_spec import ReadSpec
from fallow.intake.readers import reader
from fallow.intake.readers.job import Chunk, Job, Reader
from fallow.intake.readers.text import refuse_bad_text

_JSON = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def main() -> int:
    """Answer one request; every way to fail but sudden death is a frame."""
    # Millions of lists of numbers and no cycles: the collector would look through them all, over and over.
    gc.disable()
    answers = sys.stdout.buffer
    request = orjson.loads(sys.stdin.buffer.read())
    spec = ReadSpec.from_dict(request["spec"])
    job = Job(Path(request["path"]), spec)
    # Imported before the doors are locked: openpyxl looks at the system's list of file types when it starts.
    chosen = reader(spec.format)
    try:
        guards = confine(spec.limits, job.path)
        if request["want"] == "tables":
            found = [one.as_dict() for one in chosen.tables(job)]
            _say(answers, {"is": "tables", "tables": found})
            _say(answers, _end(job, 0, [], guards))
        else:
            _send_batches(answers, chosen, job, guards)
    except FallowError as refusal:
        _refuse(answers, refusal.code, refusal.where, refusal.facts)
    except MemoryError:
        _refuse(answers, "READER_TOO_LARGE", "", {"limit": f"{spec.limits.memory_mb} MB"})
    except shapely.errors.GEOSException as fault:
        if "bad allocation" not in str(fault):
            return _unforeseen(answers, fault)
        _refuse(answers, "READER_TOO_LARGE", "", {"limit": f"{spec.limits.memory_mb} MB"})
    except Exception as fault:  # noqa: BLE001 - the last line of defence: told to the parent with its place
        return _unforeseen(answers, fault)
    return 0


def _unforeseen(answers: BinaryIO, fault: Exception) -> int:
    """A reader met what it was not written for: its type and line are told, never its message."""
    frames = [one for one in traceback.extract_tb(fault.__traceback__) if "fallow" in one.filename]
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    _refuse(answers, "READER_FAILED", "", {"found": f"{type(fault).__name__} {place}"})
    return 1


def _send_batches(answers: BinaryIO, chosen: Reader, job: Job, guards: list[str]) -> None:
    gate: Gate | None = None
    names: list[str] = []
    rows = 0
    for chunk in chosen.read(job):
        if not names:
            names = list(chunk.columns)
        if gate is None:
            crs = job.spec.crs if job.spec.geometry else job.crs
            gate = Gate(job.spec, job.tally, crs=_other_than_wgs84(crs), right_hand=job.right_hand)
        rows = chunk.start + len(chunk.where)
        job.count_row(rows)
        _send(answers, job, chunk, gate)
    last = Chunk(
        rows, [], {name: [] for name in names}, findings=[*job.findings, *job.tally.findings()], done=1.0
    )
    if last.findings or rows == 0:
        _send(answers, job, last, None)
    _say(answers, _end(job, rows, names, guards))


def _other_than_wgs84(crs: str | None) -> str | None:
    return None if crs is None or crs.upper() in ("EPSG:4326", "OGC:CRS84") else crs


def _send(answers: BinaryIO, job: Job, chunk: Chunk, gate: Gate | None) -> None:
    if len(chunk.columns) > job.spec.limits.columns:
        raise FallowError("TOO_MANY_COLUMNS", "", found=len(chunk.columns), limit=job.spec.limits.columns)
    wkb = from_columns(job.spec.geometry, chunk, job.tally) if job.spec.geometry else chunk.wkb
    lengths: list[int] = []
    if wkb is not None and gate is not None:
        wkb, found = gate.check(wkb, chunk.where, chunk.start, chunk.envelopes)
        chunk.findings += found
        lengths = [-1 if one is None else len(one) for one in wkb]
        _compare_datum(job, wkb)
    columns = _as_json(chunk.columns)
    refuse_bad_text(chunk, columns, job.spec.limits.text)
    about = orjson.dumps(
        {
            "is": "batch",
            "start": chunk.start,
            "done": chunk.done,
            "where": chunk.where,
            "lengths": lengths,
            "findings": [_plain(one) for one in chunk.findings],
            "digests": b"".join(row_digests(chunk.columns, wkb, len(chunk.where), chunk.late)).hex(),
        },
        option=_JSON,
    )
    write_frame(
        answers, about[:-1] + b',"columns":' + columns + b"}", [one for one in wkb or () if one is not None]
    )


def _compare_datum(job: Job, wkb: list[bytes | None]) -> None:
    """Told once: the file names another coordinate system than the source, and how far apart they are."""
    declared, of_file = job.spec.crs, job.file_crs
    first = next((one for one in wkb if one is not None), None)
    if declared is None or of_file is None or declared.upper() == of_file.upper() or first is None:
        return
    job.file_crs = None
    lon, lat, *_ = shapely.bounds(shapely.from_wkb(first))
    shift = shift_m(declared, of_file, lon, lat)
    if shift > 1.0:
        shown = of_file if len(of_file) < 40 else "WKT"
        facts = {"declared": declared, "file_crs": shown, "shift_m": round(shift) if shift < 1e9 else "?"}
        job.tell("DATUM_DIFFERS", "confirm", "", **facts)


def _as_json(columns: dict[str, list[Any]]) -> bytes:
    """Columns as JSON; the readers have made every value plain, so anything else is a fault of theirs."""
    return orjson.dumps(columns)


def _plain(found: Finding) -> tuple[Any, ...]:
    return (found.code, found.level, found.where, found.facts, found.row)


def _end(job: Job, rows: int, names: list[str], guards: list[str]) -> dict[str, Any]:
    return {
        "is": "end",
        "rows": rows,
        "columns": names,
        "skipped": job.skipped.named(),
        "ignored": job.ignored,
        "guards": guards,
        "peak_memory_mb": peak_memory_mb(),
        "cpu_s": round(time.process_time(), 3),
    }


def peak_memory_mb() -> float:
    """The most memory this process ever held, in MB; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0.0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / 1024 / (1024 if sys.platform == "darwin" else 1), 1)


def _refuse(answers: BinaryIO, code: str, where: str, facts: Any) -> None:
    _say(answers, {"is": "refused", "code": code, "where": where, "facts": dict(facts)})


def _say(answers: BinaryIO, answer: dict[str, Any]) -> None:
    write_frame(answers, orjson.dumps(answer, option=_JSON))
