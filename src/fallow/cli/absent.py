"""Face one, when its libraries are not there: say so in a sentence instead of a traceback."""

from __future__ import annotations

import sys

from fallow.errors import FallowError


def main() -> None:
    """Say which extra is missing and end with its status."""
    error = FallowError("FACE_NOT_INSTALLED", "click", extra="cli")
    print(f"{error.code}  {error.where}\n  {error.what}\n  {error.remedy}", file=sys.stderr)
    raise SystemExit(error.entry.exit_status)
