"""Step 1, reports arrive: the readers, one small module a format, found by the declared name.

A reader turns one untrusted file into :class:`~fallow.intake.readers.job.Chunk` values and raises
``FallowError`` when the whole file must be refused. It runs in the reading child only, and is imported only
when its format is declared.
"""

from __future__ import annotations

from importlib import import_module
from typing import cast

from fallow.intake.read_spec import READERS
from fallow.intake.readers.job import Reader


def reader(format_name: str) -> Reader:
    """The module that reads a declared format."""
    return cast(Reader, import_module(f"fallow.intake.readers.{READERS[format_name]}"))
