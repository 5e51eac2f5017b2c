"""Face two, what was built: the scripts, styles, fonts and base maps that ``tools/build_web.py`` made."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse

from fallow.errors import FallowError
from fallow.web.configured import BUILT

TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".woff2": "font/woff2",
    ".woff": "font/woff",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}

PACKED = ".gz"
"""Base maps lie packed on the disk; their address says nothing of it."""

TEXT = frozenset({".js", ".css", ".json", ".svg"})

FOR_EVER = "public, max-age=31536000, immutable"
"""For names that carry the hash of their content."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one page loads."""

    script: str
    styles: tuple[str, ...]
    preloads: tuple[str, ...]


@lru_cache(maxsize=4096)
def _files(stamp: int) -> dict[str, Path]:
    """Every built file by its address; only what is listed here is ever served, so no path can leave it."""
    found = (one for one in BUILT.rglob("*") if one.is_file() and ".vite" not in one.parts)
    addressed = {one.relative_to(BUILT).as_posix().removesuffix(PACKED): one for one in found}
    return {address: one for address, one in addressed.items() if Path(address).suffix in TYPES}


def _stamp() -> int:
    manifest = BUILT / ".vite" / "manifest.json"
    if not manifest.is_file():
        raise FallowError("WEB_NOT_BUILT", "static/built")
    return manifest.stat().st_mtime_ns


def entry(name: str) -> Entry:
    """Addresses of the script and styles of a page; ``WEB_NOT_BUILT`` before the first build."""
    return _entry(name, _stamp())


@cache
def _entry(name: str, stamp: int) -> Entry:
    manifest: dict[str, Any] = json.loads((BUILT / ".vite" / "manifest.json").read_text(encoding="utf-8"))
    start = manifest[f"src/{name}.ts"]
    styles: list[str] = []
    preloads: list[str] = []
    waiting = [start]
    while waiting:
        one = waiting.pop(0)
        styles += [css for css in one.get("css", ()) if css not in styles]
        for other in one.get("imports", ()):
            if manifest[other]["file"] not in preloads:
                preloads.append(manifest[other]["file"])
                waiting.append(manifest[other])
    return Entry(start["file"], tuple(styles), tuple(preloads))


def has(path: str) -> bool:
    """Whether a built file of this address exists."""
    return path in _files(_stamp())


def serve_built(request: HttpRequest, path: str) -> HttpResponse:
    """One built file; packed when the browser takes it."""
    target = _files(_stamp()).get(path)
    if target is None:
        raise FallowError("WEB_NOT_FOUND", f"/built/{path[:60]}")
    kind = Path(path).suffix
    packs = kind in TEXT and "gzip" in request.META.get("HTTP_ACCEPT_ENCODING", "")
    body = _body(target, target.stat().st_mtime_ns, packs)
    response = HttpResponse(body, content_type=TYPES[kind])
    response["Content-Length"] = str(len(body))
    if packs:
        response["Content-Encoding"] = "gzip"
    response["Vary"] = "Accept-Encoding"
    hashed = path.startswith("assets/")
    response["Cache-Control"] = FOR_EVER if hashed else "public, max-age=3600"
    return response


@lru_cache(maxsize=256)
def _body(path: Path, stamp: int, packed: bool) -> bytes:
    content = path.read_bytes()
    if path.suffix == PACKED:
        return content if packed else gzip.decompress(content)
    return gzip.compress(content, 6) if packed else content
