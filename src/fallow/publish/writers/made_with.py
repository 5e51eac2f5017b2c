"""Step 4, made with: the programs and fonts that wrote a document, so that a check knows what it may compare.

The same publication gives the same bytes only with the same writers. Who seals a bundle says which they were;
a check believes it no further than to tell a file that must be the same from one that may look otherwise.
"""

from __future__ import annotations

import platform
import sys
import zlib
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from fallow.publish.writers.letters import EAST_ASIA, FONTS

_HOUSE = Path(__file__).resolve().parents[2]
_WRITERS = ("publish/**/*.py", "publish/**/*.typ", "words.py", "words/*.csv", "kinds/catalogue/*.yaml")
"""What decides the bytes of a document besides the publication: writers, template, words, names of kinds."""

_FONTS = tuple(sorted({one.replace("_", "-") for one in (*FONTS.values(), *EAST_ASIA.values())}))
_ALWAYS = ("fallow", "writers", "python")
_OF: Mapping[str, tuple[str, ...]] = {
    "csv": _ALWAYS,
    "txt": _ALWAYS,
    "html": _ALWAYS,
    "xlsx": (*_ALWAYS, "openpyxl", "lxml", "zlib"),
    "pdf": (*_ALWAYS, "typst", *_FONTS, "platform"),
    # pictures in it are made by typst
    "docx": (*_ALWAYS, "python-docx", "lxml", "zlib", "typst", *_FONTS, "platform"),
}


@cache
def made_with() -> Mapping[str, str]:
    """Name to version of everything here that decides the bytes of a document; ``-`` for what is not here."""
    packages = sorted({"fallow", "typst", "python-docx", "openpyxl", "lxml", *_FONTS})
    return {
        **{name: _version(name) for name in packages},
        "platform": f"{sys.platform}-{platform.machine()}",
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "writers": _writers(),
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
    }


def otherwise(form: str, said: Mapping[str, str]) -> tuple[str, ...]:
    """What a document of a format was made with that is otherwise here: ``typst 0.14.2, 0.15.2``."""
    here = made_with()
    return tuple(
        f"{name} {said.get(name, '-')[:40]}, {here[name]}"
        for name in _OF[form]
        if said.get(name) != here[name]
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "-"


def _writers() -> str:
    """One hash over the writers themselves: two builds of one version need not print alike."""
    found = sha256()
    for path in sorted(path for one in _WRITERS for path in _HOUSE.glob(one)):
        found.update(path.name.encode() + b"\0" + sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]
