"""Step 1, reports arrive: how much of a machine an untrusted file may use, and what the child may touch.

What holds where:

====================  =========================  =======================  ==================
guard                 Linux                      macOS                    Windows
====================  =========================  =======================  ==================
memory                ``RLIMIT_DATA`` (exact)    not enforced by kernel   none: parent watches time
processor time        ``RLIMIT_CPU``             ``RLIMIT_CPU``           none: parent watches time
silence (wall time)   parent kills               parent kills             parent kills
writing               ``RLIMIT_FSIZE`` 0 + hook  the same                 hook
network               own empty namespace where  hook                     hook
                      the kernel allows + hook
other programs        hook                       hook                     hook
====================  =========================  =======================  ==================

The hook is Python's audit hook: it stops Python code, and Python code is all that reads a file here. It is
no sandbox against machine code; that is why no C library that opens files by itself (GDAL) is in the child.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

_MEGA = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost before it is refused; sizes in bytes, times in seconds.

    The numbers fit the largest deliveries seen in the trade (national registers of some 100,000 polygons,
    200 MB) ten times over, and a file past them names the limit it met.
    """

    bytes: int = 2048 * _MEGA
    """Size of the file as it lies on the disk."""
    unpacked: int = 1024 * _MEGA
    """Bytes that really come out of an archive, whatever its directory says."""
    ratio: int = 100
    """Unpacked to packed, checked once 1 MB has come out."""
    entries: int = 10_000
    """Members of an archive."""
    rows: int = 5_000_000
    columns: int = 2_000
    cells: int = 20_000_000
    """Cells of a spreadsheet, counted by what is there and not by what it claims."""
    text: int = 1_000_000
    """Characters in one value."""
    vertices: int = 100_000
    """Corners of one geometry."""
    depth: int = 32
    """Nesting of JSON and XML."""
    memory_mb: int = 512
    cpu_s: int = 900
    wall_s: float = 120.0
    """Longest silence between two answers; time the caller spends on a batch does not count."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the request to the child."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Limits:
        """The limits of a request; unknown names are a programming fault and raise ``TypeError``."""
        known = {one.name for one in fields(cls)}
        unknown = set(values) - known
        if unknown:
            raise TypeError(f"unknown limits: {sorted(unknown)}")
        return cls(**values)


def confine(limits: Limits, path: Path) -> list[str]:
    """Give up everything a reader does not need; call before the first byte of the file is looked at.

    Parameters
    ----------
    limits
        Memory and processor time to keep to.
    path
        The one file, outside Python's own folders, that may be opened, and only for reading.

    Returns
    -------
    list of str
        Which guards hold on this machine: ``memory``, ``cpu``, ``write``, ``network``, ``hook``.
    """
    holding = []
    if _leave_the_network():
        holding.append("network")
    if sys.platform != "win32":
        holding += _set_resource_limits(limits)
    _watch_what_python_does(path)
    return [*holding, "hook"]


def _set_resource_limits(limits: Limits) -> list[str]:
    import resource

    holding = []
    memory = limits.memory_mb * _MEGA
    # RLIMIT_DATA counts what is really asked for; RLIMIT_AS would also count the mapped libraries of numpy
    # and GEOS.
    wanted = [
        ("memory", resource.RLIMIT_DATA, (memory, memory)),
        ("cpu", resource.RLIMIT_CPU, (limits.cpu_s, limits.cpu_s + 5)),
        ("write", resource.RLIMIT_FSIZE, (0, 0)),
        ("files", resource.RLIMIT_NOFILE, (64, 64)),
        ("core", resource.RLIMIT_CORE, (0, 0)),
    ]
    for name, which, (soft, hard) in wanted:
        most = resource.getrlimit(which)[1]
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        try:
            resource.setrlimit(which, (soft, hard))
        except (ValueError, OSError):
            continue  # the kernel does not know this limit: it is left out of the answer, not passed over
        holding.append(name)
    return holding


_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000


def _leave_the_network() -> bool:
    """Enter a network namespace without any interface; ``False`` where kernel or policy does not let us."""
    if sys.platform != "linux":
        return False
    for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET):
        if hasattr(os, "unshare"):  # Python 3.12 and later
            try:
                os.unshare(flags)
            except OSError:
                continue
            return True
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(flags) == 0:
            return True
    return False


_REFUSED = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.startfile",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "os.chown",
    "os.kill",
    "shutil.",
    "ctypes.dlopen",
    "webbrowser.",
    "ftplib.",
    "smtplib.",
    "urllib.",
    "http.",
    "tempfile.",
    "sqlite3.enable_load_extension",
    "sqlite3.load_extension",
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def _watch_what_python_does(path: Path) -> None:
    allowed_file = os.path.realpath(path)
    folders = {os.path.realpath(one) for one in (sys.prefix, sys.base_prefix, *sys.path) if one}
    allowed_folders = tuple(one.rstrip(os.sep) + os.sep for one in sorted(folders))

    def may_read(name: object) -> bool:
        if isinstance(name, int) or name is None:
            return True
        real = os.path.realpath(os.fsdecode(name))  # type: ignore[arg-type]
        return real == allowed_file or real.startswith(allowed_folders) or real == os.devnull

    def watch(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            name, mode, flags = args
            writes = bool(flags & _WRITING) or (isinstance(mode, str) and any(one in mode for one in "wax+"))
            if writes or not may_read(name):
                raise PermissionError(f"the reading child may not open this: {event}")
        elif event == "sqlite3.connect":
            # The path reaches SQLite as a URI that this program wrote; the row data never names a file.
            if allowed_file not in os.path.realpath(_uri_path(args[0])):
                raise PermissionError(f"the reading child may not open this: {event}")
        elif event.startswith(_REFUSED):
            raise PermissionError(f"the reading child may not do this: {event}")

    sys.addaudithook(watch)


def _uri_path(database: object) -> str:
    from urllib.parse import unquote, urlsplit

    name = os.fsdecode(database)  # type: ignore[arg-type]
    return unquote(urlsplit(name).path) if name.startswith("file:") else name
