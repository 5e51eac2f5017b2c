"""Face one, in which language it speaks: ``--lang``, else ``FALLOW_LANG``, else the system's."""

from __future__ import annotations

import os
from collections.abc import Sequence

from fallow.errors import FallowError
from fallow.words import LANGUAGES


def language_of(arguments: Sequence[str]) -> str:
    """The language to speak, read before anything is parsed so that help and refusals are in it too.

    Raises
    ------
    FallowError
        ``LANGUAGE_UNKNOWN`` for a ``--lang`` that Fallow does not speak. The environment is only a hint: what
        it asks for and Fallow does not speak becomes English.
    """
    asked = _asked_for(arguments)
    if asked is not None:
        if asked not in LANGUAGES:
            raise FallowError("LANGUAGE_UNKNOWN", "--lang", found=asked, known=", ".join(LANGUAGES))
        return asked
    for name in ("FALLOW_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return value[:2].lower() if value[:2].lower() in LANGUAGES else "en"
    return "en"


def _asked_for(arguments: Sequence[str]) -> str | None:
    asked = None
    for position, word in enumerate(arguments):
        if word == "--":
            break
        if word == "--lang" and position + 1 < len(arguments):
            asked = arguments[position + 1]
        elif word.startswith("--lang="):
            asked = word.removeprefix("--lang=")
    return asked
