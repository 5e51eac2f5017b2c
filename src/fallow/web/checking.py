"""Face two, checking: a bundle somebody sent, looked at by a child process, line by line what holds.

The upload is hostile until it is proved not to be: the guard limits its size, it lies on disk only in a
folder of its own, and nothing of it is opened in the process that serves pages.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import orjson
from django.http import HttpRequest

from fallow.errors import FallowError
from fallow.publish import Check, CheckedLine
from fallow.web import asked, pages
from fallow.web.checking_child import CPU_S, MEMORY_MB, killed_for
from fallow.web.configured import MOST_SENT
from fallow.web.publishing import forms_page
from fallow.web.publishing_made import scratch
from fallow.words import in_language, say

WALL_S = 120.0
"""Seconds from start to answer; the processor time is limited in the child itself."""

SHOWN = 400
"""Lines on a page; those that do not hold come first."""

_CHILD = Path(__file__).with_name("checking_child.py")
_ORDER = {"fails": 0, "open": 1, "note": 2, "holds": 3}
_AT_ONCE = threading.BoundedSemaphore(2)
"""Children at work; each may use the memory of a whole bundle."""


@dataclass(frozen=True, slots=True)
class Told:
    """One line as the page prints it."""

    state: str
    mark: str
    what: str
    code: str
    where: str
    remedy: str


def check_page(request: HttpRequest) -> Any:
    """A form for a bundle; when one was sent, what holds of it."""
    desk = pages._desk(request)
    key = request.POST.get("key", "").strip()
    error: FallowError | None = None
    found: Check | None = None
    if request.method == "POST":
        try:
            found = _checked(request, key)
        except FallowError as refused:
            error = refused
    with desk.reading() as register:
        context = pages._context(request, register, asked.When(), "publish") | {
            "key": key,
            "error": error,
            "limit": f"{MOST_SENT // 1024**2} MB",
            "back": request.path,
            **(_told(found) if found else {}),
        }
    return forms_page(request, "check.html", context, error.entry.http_status if error else 200)


def _checked(request: HttpRequest, key: str) -> Check:
    upload = request.FILES.get("bundle")
    if upload is None:
        raise FallowError("WEB_NOT_CHOSEN", "bundle", name=say("web.check.bundle"))
    known = asked.text({"key": key}, "key")
    with scratch() as folder:
        file = folder / "bundle.zip"
        with file.open("xb") as out:
            for chunk in upload.chunks():
                out.write(chunk)
        return in_child(file, known)


def in_child(file: Path, key: str = "") -> Check:
    """Check a bundle in a process of its own, with limits of time and memory.

    Raises
    ------
    FallowError
        ``WEB_CHECK_LIMIT`` when it needs more, ``WEB_CHECK_DIED`` when it ends without an answer; what
        ``check_bundle`` refuses as no bundle or no key.
    """
    request = orjson.dumps({"path": str(file), "key": key or None})
    with _AT_ONCE:
        child = subprocess.Popen(  # noqa: S603 - this interpreter and our own file; the request goes by pipe
            [sys.executable, "-I", "-B", str(_CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=file.parent,
            env=_bare_environment(file.parent),
        )
        try:
            answer, _ = child.communicate(request, timeout=WALL_S)
        except subprocess.TimeoutExpired as error:
            raise FallowError("WEB_CHECK_LIMIT", "bundle", limit=f"{WALL_S:g} s") from error
        finally:
            child.kill()
            child.wait()
            _closed(child.stdin, child.stdout)
    return _answered(answer, child.returncode)


def _closed(*pipes: IO[bytes] | None) -> None:
    for one in pipes:
        if one is not None:
            one.close()


def _answered(answer: bytes, status: int) -> Check:
    try:
        said = orjson.loads(answer)
        if said.get("limit"):
            raise FallowError("WEB_CHECK_LIMIT", "bundle", limit=str(said["limit"]))
        if "refused" in said:
            code, where, facts = said["refused"]
            raise FallowError(code, where, **facts)
        lines = tuple(
            CheckedLine(one["code"], one["state"], one["where"], one["facts"]) for one in said["lines"]
        )
        return Check(lines, said["title"], said["key"])
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        over = killed_for(status)
        if over:
            limit = f"{CPU_S} s" if over == "cpu" else f"{MEMORY_MB} MB"
            raise FallowError("WEB_CHECK_LIMIT", "bundle", limit=limit) from error
        raise FallowError("WEB_CHECK_DIED", "bundle", status=status) from error


def _bare_environment(folder: Path) -> dict[str, str]:
    """Only what an interpreter needs to start, above all no passphrase; temporary files go to the folder."""
    kept = {name: os.environ[name] for name in ("SYSTEMROOT", "PATH", "LANG", "LC_ALL") if name in os.environ}
    one_thread = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    return {**kept, **one_thread, **temporary, "PROJ_NETWORK": "OFF"}


def _told(found: Check) -> dict[str, Any]:
    lines = sorted(found.lines, key=lambda one: _ORDER[one.state])
    return {
        "verdict": found.verdict,
        "verdict_words": found.words(),
        "of": in_language(found.title) if found.title else "",
        "signed_with": found.key,
        "lines": [_line(one) for one in lines[:SHOWN]],
        "more": say("web.check.more", count=len(lines) - SHOWN) if len(lines) > SHOWN else "",
    }


def _line(line: CheckedLine) -> Told:
    """A line; what stands between its words keeps its own direction, or a key and a time would be turned."""
    facts = {name: value if name == "why" else _apart(value) for name, value in line.facts.items()}
    one = replace(line, facts=facts, where=_apart(line.where))
    holds = one.state == "holds"
    return Told(
        one.state,
        say(f"web.check.state.{one.state}"),
        one.what(),
        "" if holds else one.code,
        "" if holds else line.where,
        one.remedy(),
    )


def _apart(value: Any) -> Any:
    if not isinstance(value, str) or not value:
        return value
    return f"\N{FIRST STRONG ISOLATE}{value}\N{POP DIRECTIONAL ISOLATE}"
