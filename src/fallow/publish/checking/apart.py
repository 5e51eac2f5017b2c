"""Step 4, checking: ask the confined process about documents, and outlive whatever they do to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import orjson

from fallow.publish.checking.checked import Line, fails
from fallow.publish.checking.child import Asked, line_of

SILENCE_S = 90.0
"""Longest time one document may take before the process is ended."""

_CHILD = Path(__file__).with_name("start.py")
_KEPT = ("SYSTEMROOT", "PATH", "LANG", "LC_ALL")


def apart(asked: Asked, *, silence: float = SILENCE_S) -> Iterator[Line]:
    """Lines about the documents, made in a process of its own with limits.

    When the process dies, the document it was at is named with why, and those it did not come to are named
    as not checked.
    """
    answered: set[str] = set()
    at, unlike, ended = "", False, False
    child = _start(asked.folder)
    timer = _Timer(child, silence)
    try:
        _send(cast(IO[bytes], child.stdin), asked)
        for line in cast(IO[bytes], child.stdout):
            timer.again()
            said = orjson.loads(line)
            if "line" in said:
                answered.add(at)
                yield line_of(said)
            elif "at" in said:
                at, unlike = said["at"], bool(said.get("unlike"))
            else:
                ended = True
    except (orjson.JSONDecodeError, ValueError, KeyError, TypeError):
        ended = False  # its answer broke off, as its life did
    finally:
        timer.cancel()
        child.kill()
        cast(IO[bytes], child.stdout).close()
        status = child.wait()
    if ended:
        return
    if unlike:  # it had to be the same and was not: that is known, whatever reading it did
        yield fails("BUNDLE_DOCUMENT_OTHER", at)
    else:
        yield Line("BUNDLE_DOCUMENT_OPEN", "open", at or "documents/", {"why": _why(timer, status)})
    for name in asked.documents:
        if name not in answered and name != at:
            yield Line("BUNDLE_DOCUMENT_OPEN", "open", name, {"why": "publish.remade.not_reached"})


class _Timer:
    """Ends the process after too long a silence."""

    def __init__(self, child: subprocess.Popen[bytes], seconds: float) -> None:
        self._child, self._seconds, self.fired = child, seconds, False
        self._timer = self._started()

    def _started(self) -> threading.Timer:
        timer = threading.Timer(self._seconds, self._fire)
        timer.daemon = True
        timer.start()
        return timer

    def again(self) -> None:
        """Something was heard: begin to count anew."""
        self._timer.cancel()
        self._timer = self._started()

    def cancel(self) -> None:
        self._timer.cancel()

    def _fire(self) -> None:
        self.fired = True
        self._child.kill()


def _start(folder: Path) -> subprocess.Popen[bytes]:
    """The process; what it writes for a while lies in a folder that is taken away whatever becomes of it."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    kept |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    one_thread = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return subprocess.Popen(  # noqa: S603 - this interpreter and our own file; the request goes by pipe
        [sys.executable, "-I", str(_CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**kept, **one_thread, "PROJ_NETWORK": "OFF"},
    )


def _send(to: IO[bytes], asked: Asked) -> None:
    files: list[tuple[str, bytes]] = [("", asked.publication), ("", asked.recipes), *asked.documents.items()]
    head: dict[str, Any] = {
        "folder": str(asked.folder),
        "made_with": dict(asked.made_with),
        "files": [(name, len(body)) for name, body in files],
    }
    try:
        to.write(orjson.dumps(head) + b"\n")
        for _, body in files:
            to.write(body)
        to.close()
    except BrokenPipeError:
        pass  # it died before it listened; that nothing is answered says so


def _why(timer: _Timer, status: int) -> str:
    if timer.fired or (sys.platform != "win32" and status == -signal.SIGXCPU):
        return "publish.remade.time"
    return "publish.remade.died"
