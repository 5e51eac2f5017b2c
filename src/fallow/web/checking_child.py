"""Face two, the checking child: it alone opens a bundle somebody sent, within limits, and answers in JSON.

Started as ``python -I -B checking_child.py`` by ``checking.py``: one request as JSON on standard input, one
answer on standard output, gone afterwards. Memory, processor time, the size of a file it may write and the
number of open files are limited where the system can (not on Windows, where the parent watches the time). A
check unpacks in memory; what it prints again to compare lies in the parent's folder for this one bundle,
which the parent removes.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from fallow.publish import Check

MEMORY_MB = 1536
"""A bundle may unpack to 512 MB; its numbers are read and made again beside it."""

CPU_S = 90
WRITTEN_MB = 64
MOST_LINES = 2_000
MOST_TEXT = 400
"""Characters of one text of an answer: what a bundle says of itself is not repeated at length."""


def main() -> int:
    """Answer one request."""
    request = orjson.loads(sys.stdin.buffer.read())
    # Imported before the limits: what a check needs is read from Python's own folders.
    from fallow.errors import FallowError
    from fallow.publish import check_bundle

    confine()
    try:
        found = check_bundle(Path(request["path"]), None, request["key"])
        answer = as_answer(found)
    except FallowError as refused:  # no bundle, or no key: there is nothing to say line by line
        facts = {name: _plain(value) for name, value in refused.facts.items()}
        answer = {"refused": [refused.code, refused.where[:MOST_TEXT], facts]}
    except MemoryError:
        answer = {"limit": f"{MEMORY_MB} MB"}
    sys.stdout.buffer.write(orjson.dumps(answer))
    return 0


def confine() -> None:
    """Keep to the limits from here on; a system without them leaves the watching to the parent."""
    if sys.platform == "win32":
        return
    import resource

    memory, written = (one * 1024 * 1024 for one in (MEMORY_MB, WRITTEN_MB))
    wanted = [
        (resource.RLIMIT_DATA, memory, memory),
        (resource.RLIMIT_CPU, CPU_S, CPU_S + 5),
        (resource.RLIMIT_FSIZE, written, written),
        (resource.RLIMIT_NOFILE, 64, 64),
        (resource.RLIMIT_CORE, 0, 0),
    ]
    for which, soft, hard in wanted:
        most = resource.getrlimit(which)[1]
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        resource.setrlimit(which, (soft, hard))


def killed_for(status: int) -> str:
    """What a child that was killed had too much of: ``cpu``, ``memory``, or empty when it was neither."""
    if sys.platform == "win32":
        return ""
    return {-signal.SIGXCPU: "cpu", -signal.SIGKILL: "memory"}.get(status, "")


def as_answer(found: Check) -> dict[str, Any]:
    """What was found as plain values, none of them long."""
    lines = [
        {
            "code": one.code,
            "state": one.state,
            "where": one.where[:MOST_TEXT],
            "facts": {name: _plain(value) for name, value in one.facts.items()},
        }
        for one in found.lines[:MOST_LINES]
    ]
    title = {str(lang)[:10]: str(text)[:MOST_TEXT] for lang, text in list(found.title.items())[:20]}
    return {"lines": lines, "title": title, "key": found.key[:MOST_TEXT]}


def _plain(value: object) -> object:
    if isinstance(value, bool | float) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) < 1 << 53 else str(value)[:MOST_TEXT]
    return str(value)[:MOST_TEXT]


if __name__ == "__main__":
    sys.exit(main())
