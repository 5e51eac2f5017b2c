"""Step 0, values that are words: plain text, names by language, and the digest of an attached file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import orjson

from fallow.errors import FallowError
from fallow.kinds.model import Field, Model
from fallow.kinds.values.base import PLAIN, Reading, ValueType, refuse

LONGEST = 10_000
"""Characters; a longer text is an attachment."""

# Control characters, what turns the order of letters around (U+202E shows "fdp.exe" as "exe.pdf"), lone
# surrogates, byte-order marks inside a text, two codes that are no characters. Line ends and tabs may stay.
_BAD = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def suspicious(text: str) -> bool:
    """Whether a text holds a character that no text field takes."""
    return _BAD.search(text) is not None


def clean_text(raw: Any, field: Field) -> str | None:
    """Text without outer blanks, in Unicode form C, with Unix line ends; ``None`` when nothing is left."""
    if raw is None:
        return None
    text = raw if isinstance(raw, str) else _as_text(raw, field)
    if text.isascii() and text.isprintable():
        text = text.strip()
    else:
        # Looked for before trimming: to Python U+0085 is a blank, here it is a sign of the wrong encoding.
        bad = _BAD.search(text)
        if bad:
            facts = {"field": field.name, "found": f"U+{ord(bad.group()):04X}", "position": bad.start() + 1}
            raise FallowError("BAD_CHAR", field.name, **facts)
        text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(text) > LONGEST:
        raise refuse("TOO_LONG", field, text, length=len(text), longest=LONGEST)
    return text or None


def _as_text(raw: Any, field: Field) -> str:
    """A cell that a spreadsheet typed: 5.0 was written as 5."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 1e15:
        return str(int(raw))
    if isinstance(raw, (int, float)):
        return repr(raw)
    raise refuse("VALUE_NOT_TEXT", field, raw)


class TextType(ValueType):
    """Plain text in one language."""

    name = "text"
    column = "TEXT"

    def parse(self, raw: Any, field: Field, model: Model, reading: Reading = PLAIN) -> str | None:
        """Trimmed text. Raises ``BAD_CHAR``, ``TOO_LONG``, ``VALUE_NOT_TEXT``."""
        return clean_text(raw, field)

    def schema(self, field: Field, model: Model) -> dict[str, Any]:
        """A string that is not empty."""
        return {"type": "string", "minLength": 1, "maxLength": LONGEST}

    def form(self, field: Field) -> str:
        """Free text."""
        return "text"


class NamesType(ValueType):
    """One name in several languages: language code to text."""

    name = "names"
    column = "TEXT"

    def parse(self, raw: Any, field: Field, model: Model, reading: Reading = PLAIN) -> dict[str, str] | None:
        """From a mapping, from a JSON object in text, or from plain text in the language of the source."""
        given = raw
        if isinstance(raw, str) and raw.lstrip().startswith("{"):
            try:
                given = orjson.loads(raw)
            except orjson.JSONDecodeError as error:
                raise refuse("NAMES_FORMAT", field, raw) from error
        if not isinstance(given, Mapping):
            text = clean_text(given, field)
            return None if text is None else {reading.language: text}
        found: dict[str, str] = {}
        for language in sorted(given, key=str):
            if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
                raise refuse("NAMES_FORMAT", field, raw)
            if (text := clean_text(given[language], field)) is not None:
                found[language] = text
        return found or None

    def store(self, canonical: Any) -> Any:
        """JSON text with sorted languages."""
        return orjson.dumps(canonical, option=orjson.OPT_SORT_KEYS).decode()

    def load(self, scalar: Any) -> Any:
        """The mapping again."""
        return orjson.loads(scalar)

    def schema(self, field: Field, model: Model) -> dict[str, Any]:
        """An object of strings."""
        return {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": f"^{_LANGUAGE.pattern}$"},
            "additionalProperties": {"type": "string", "minLength": 1, "maxLength": LONGEST},
        }

    def form(self, field: Field) -> str:
        """One name, in the language the form is filled in."""
        return "text"


class FileType(ValueType):
    """An attachment, by the SHA-256 of its bytes; the name it came under is a label elsewhere."""

    name = "file"
    column = "TEXT"

    def parse(self, raw: Any, field: Field, model: Model, reading: Reading = PLAIN) -> str | None:
        """64 hexadecimal digits. Raises ``FILE_DIGEST``."""
        try:
            text = clean_text(raw, field)
        except FallowError as error:
            raise refuse("FILE_DIGEST", field, raw) from error
        if text is None:
            return None
        digest = text.lower().removeprefix("sha256:")
        if not _DIGEST.fullmatch(digest):
            raise refuse("FILE_DIGEST", field, raw)
        return digest

    def schema(self, field: Field, model: Model) -> dict[str, Any]:
        """A SHA-256."""
        return {"type": "string", "pattern": f"^{_DIGEST.pattern}$"}

    def form(self, field: Field) -> str:
        """A photograph taken or chosen on the phone for ``photo`` fields, any file otherwise."""
        return "image" if "photo" in field.name else "file"
