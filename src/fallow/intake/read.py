"""Step 1, reports arrive: read an untrusted file in a child process, batch by batch.

``batches`` starts the child (``child.py``), hands it a :class:`ReadSpec`, and yields what it answers. The
child works while the caller consumes; the pipe between them is the only buffer, so memory stays flat.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import orjson

from fallow.errors import FallowError, Finding
from fallow.intake.limits import Limits
from fallow.intake.read_countries import country_extent
from fallow.intake.read_frames import BrokenFrame, cut_digests, cut_wkb, read_frame
from fallow.intake.read_spec import FORMATS, Batch, GeometrySpec, ReadSpec, ReadSummary, TableInfo

__all__ = [
    "FORMATS",
    "Batch",
    "GeometrySpec",
    "Limits",
    "ReadSpec",
    "ReadSummary",
    "Reading",
    "TableInfo",
    "batches",
    "country_extent",
    "tables",
]

_CHILD = Path(__file__).with_name("child_start.py")

Progress = Callable[[int, float], None]
"""Called with the rows so far and the share of the file behind us, 0 to 1."""


class Reading:
    """One file on its way in: iterate for batches, then ask :meth:`bytes_report`.

    Parameters
    ----------
    path
        The file; read only, never written, opened in the child alone.
    spec
        What its source says about it.
    on_progress
        Called after each batch with rows so far and share of the file read.
    """

    def __init__(self, path: Path, spec: ReadSpec, *, on_progress: Progress | None = None) -> None:
        self.path = Path(path)
        self.spec = spec
        self._on_progress = on_progress
        self._summary: ReadSummary | None = None

    def __iter__(self) -> Iterator[Batch]:
        for answer, body in _ask(self.path, self.spec, "batches"):
            if answer["is"] == "batch":
                try:
                    batch = _batch(answer, body)
                except (BrokenFrame, AttributeError, KeyError, TypeError, ValueError) as fault:
                    raise FallowError("READER_DIED", self.path.name, status=type(fault).__name__) from fault
                yield batch
                if self._on_progress:
                    self._on_progress(batch.start + len(batch), answer["done"])
            elif answer["is"] == "end":
                self._summary = _summary(self.path, answer)

    def bytes_report(self) -> ReadSummary:
        """What reading came to; only after the last batch (``RuntimeError`` before)."""
        if self._summary is None:
            raise RuntimeError("the file has not been read to its end")
        return self._summary


def batches(path: Path, spec: ReadSpec, *, on_progress: Progress | None = None) -> Iterator[Batch]:
    """Read one table of a file in a child process, about 2,000 rows a batch.

    Raises
    ------
    FallowError
        The whole file is refused: what :mod:`fallow.intake.readers` found, or ``READER_DIED``,
        ``READER_TOO_LARGE``, ``READER_TOO_SLOW`` when the child met a limit.
    """
    return iter(Reading(path, spec, on_progress=on_progress))


def tables(path: Path, spec: ReadSpec) -> list[TableInfo]:
    """The layers or sheets of a file with their columns and row counts, for ``source draft``."""
    found: list[TableInfo] = []
    for answer, _ in _ask(Path(path), spec, "tables"):
        if answer["is"] == "tables":
            found = [TableInfo.from_dict(one) for one in answer["tables"]]
    return found


def _batch(answer: dict[str, Any], body: memoryview) -> Batch:
    """A batch of an answer; raises when it is none: the child has read a hostile file."""
    start, count = answer["start"], len(answer["where"])
    if any(len(column) != count for column in answer["columns"].values()):
        raise BrokenFrame("columns of other lengths")
    return Batch(
        start,
        answer["where"],
        answer["columns"],
        cut_wkb(body, answer["lengths"]) if answer["lengths"] else [None] * count,
        [Finding(code, level, where, facts, row) for code, level, where, facts, row in answer["findings"]],
        cut_digests(answer["digests"], count),
    )


def _summary(path: Path, answer: dict[str, Any]) -> ReadSummary:
    return ReadSummary(
        path.name,
        answer["rows"],
        tuple(answer["columns"]),
        tuple(answer["skipped"]),
        tuple(answer["ignored"]),
        answer["peak_memory_mb"],
        answer["cpu_s"],
        tuple(answer["guards"]),
    )


def _ask(path: Path, spec: ReadSpec, want: str) -> Iterator[tuple[dict[str, Any], memoryview]]:
    """Every answer of the child up to its ``end``; its refusal or its death is raised as ``FallowError``."""
    _check_before_reading(path, spec)
    with _child(path, spec, want) as (child, watch):
        pipe = cast(IO[bytes], child.stdout)
        while True:
            try:
                with watch:
                    frame = read_frame(pipe)
            except BrokenFrame:
                frame = None
            if frame is None:
                raise _why_it_died(child, watch, path, spec)
            answer, body = frame
            if answer["is"] == "refused":
                raise FallowError(answer["code"], _place(path, answer["where"]), **answer["facts"])
            yield answer, body
            if answer["is"] == "end":
                return


def _check_before_reading(path: Path, spec: ReadSpec) -> None:
    if spec.format not in FORMATS:
        raise FallowError("FORMAT_UNKNOWN", path.name, found=spec.format, known=", ".join(FORMATS))
    try:
        size = path.stat().st_size
    except OSError as fault:
        raise FallowError("FILE_NOT_FOUND", path.name) from fault
    if not path.is_file():
        raise FallowError("FILE_NOT_FOUND", path.name)
    if size == 0:
        raise FallowError("EMPTY", path.name)
    if size > spec.limits.bytes:
        raise FallowError("TOO_LARGE", path.name, found=_mb(size), limit=_mb(spec.limits.bytes))


def _mb(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MB"


def _place(path: Path, where: str) -> str:
    return f"{path.name}: {where}" if where else path.name


class _Watch:
    """Kills the child when an answer takes longer than allowed; a caller at work does not count.

    One thread for all answers: to start one for each is to wait each time until the interpreter lets it run.
    """

    def __init__(self, child: subprocess.Popen[bytes], seconds: float) -> None:
        self._child, self._seconds, self.fired = child, seconds, False
        self._until: float | None = None
        self._over = threading.Event()
        threading.Thread(target=self._look, daemon=True).start()

    def __enter__(self) -> None:
        self._until = time.monotonic() + self._seconds

    def __exit__(self, *_: object) -> None:
        self._until = None

    def _look(self) -> None:
        """Sleep until an answer is due; one asked for meanwhile is due after the sleep ends."""
        left = self._seconds
        while not self._over.wait(left):
            until = self._until
            left = self._seconds if until is None else until - time.monotonic()
            if left <= 0:
                self.fired = True
                self._child.kill()
                return

    def close(self) -> None:
        """Look no longer."""
        self._over.set()


@contextmanager
def _child(path: Path, spec: ReadSpec, want: str) -> Iterator[tuple[subprocess.Popen[bytes], _Watch]]:
    request = orjson.dumps({"path": str(path.resolve()), "want": want, "spec": spec.as_dict()})
    child = subprocess.Popen(  # noqa: S603 - this interpreter and our own file; the request goes by pipe
        [sys.executable, "-I", str(_CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_bare_environment(),
        bufsize=1 << 20,
    )
    watch = _Watch(child, spec.limits.wall_s)
    try:
        stdin = cast(IO[bytes], child.stdin)
        try:
            stdin.write(request)
            stdin.close()
        except BrokenPipeError:
            pass  # it died before listening; the first answer will be missing and says so
        yield child, watch
    finally:
        watch.close()
        child.kill()
        cast(IO[bytes], child.stdout).close()
        child.wait()


def _bare_environment() -> dict[str, str]:
    """Only what an interpreter needs to start; no proxy, no token, no GDAL or PROJ setting of the caller."""
    import os

    kept = {name: os.environ[name] for name in ("SYSTEMROOT", "PATH", "LANG", "LC_ALL") if name in os.environ}
    one_thread = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**kept, **one_thread, "PROJ_NETWORK": "OFF"}


def _why_it_died(child: subprocess.Popen[bytes], watch: _Watch, path: Path, spec: ReadSpec) -> FallowError:
    if watch.fired:
        child.wait()
        return FallowError("READER_TOO_SLOW", path.name, limit=f"{spec.limits.wall_s:g} s")
    try:
        status = child.wait(timeout=10)
    except subprocess.TimeoutExpired:
        child.kill()
        status = child.wait()
    if sys.platform != "win32" and status in (-signal.SIGXCPU, -signal.SIGKILL):
        if status == -signal.SIGXCPU:
            return FallowError("READER_TOO_SLOW", path.name, limit=f"{spec.limits.cpu_s} s")
        return FallowError("READER_TOO_LARGE", path.name, limit=f"{spec.limits.memory_mb} MB")
    return FallowError("READER_DIED", path.name, status=status)
