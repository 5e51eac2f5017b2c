"""Fallow: a mine-action information system, from the first report of a mine to land given back.

The whole public surface is here, each name loaded when it is first used, so that ``import fallow`` is quick::

    import fallow
    register = fallow.open_register("country.gpkg")
    receipt = fallow.bring_in("sources/hazards_2024", register)
    register.approve(receipt.reports, by="im.officer", why="checked against paper forms")
    result = fallow.run("casualties", register, year=2024, known="2025-04-30")
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fallow.analysis import analyses, figure, run
    from fallow.errors import FallowError, Finding
    from fallow.intake import bring_in, draft_source
    from fallow.kinds import load_kinds
    from fallow.register import create_register, open_register

try:
    __version__ = version("fallow")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0"

_ROOMS = {
    "load_kinds": "kinds",
    "bring_in": "intake",
    "draft_source": "intake",
    "create_register": "register",
    "open_register": "register",
    "run": "analysis",
    "analyses": "analysis",
    "figure": "analysis",
    "FallowError": "errors",
    "Finding": "errors",
}

__all__ = [
    "FallowError",
    "Finding",
    "__version__",
    "analyses",
    "bring_in",
    "create_register",
    "draft_source",
    "figure",
    "load_kinds",
    "open_register",
    "run",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'fallow' has no attribute {name!r}")
    return getattr(import_module(f"fallow.{_ROOMS[name]}"), name)
