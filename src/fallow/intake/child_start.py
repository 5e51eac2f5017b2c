"""Step 1, reports arrive: start the reading child without walking through the doors.

``import fallow.intake`` opens the door of the room and with it the register, its database and its keys. The
child reads a hostile file: it has no business with them, and without them it starts in a quarter of the time
and memory. So the two packages above ``child.py`` are put in place as bare folders, and only what reading
needs is imported.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType


def main() -> int:
    """Run :func:`fallow.intake.child.main` with ``fallow`` and ``fallow.intake`` as plain folders."""
    here = Path(__file__).resolve().parent
    for name, folder in (("fallow", here.parent), ("fallow.intake", here)):
        bare = ModuleType(name)
        bare.__path__ = [str(folder)]
        sys.modules[name] = bare
    return int(import_module("fallow.intake.child").main())


if __name__ == "__main__":
    sys.exit(main())
