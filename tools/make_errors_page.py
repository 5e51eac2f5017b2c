"""Write docs/errors.md from the published list of messages, so that page and software cannot drift apart.

Run as ``python tools/make_errors_page.py``; with ``--check`` it only says whether the page is current
(``tests/test_docs.py`` does that).
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "errors.md"

ROOMS = {
    "common": "Everywhere",
    "kinds": "Kinds: what a record is",
    "intake": "Intake: describing and mapping a source",
    "intake_read": "Intake: reading files",
    "register": "Register",
    "analysis": "Analysis",
    "publish": "Publishing",
    "cli": "Command line",
    "web": "Pages and API",
    "demo": "Demo programme",
}

HEAD = """# Every message, and what to do

Made by `tools/make_errors_page.py` from `src/fallow/messages/*.csv`; do not edit by hand.

Whatever Fallow refuses or notices has a code that stays the same in every language and every version. On
the command line a refusal ends with the exit status given here, in the API with the HTTP status; with
`--json` you get `code`, `level`, `where`, `what`, `remedy` and the bare `facts`. The texts exist in English,
French, Spanish, Russian, Ukrainian, Azerbaijani and Arabic (set `FALLOW_LANG`). Words in braces are
filled in.

A finding has one of three levels. **refuse**: the row or file does not come in. **confirm**: it comes in as a
report and waits until a named person accepts it. **note**: it is told, nothing waits.
"""


def page() -> str:
    """The whole page in Markdown."""
    parts = [HEAD]
    paths = {path.stem: path for path in (ROOT / "src" / "fallow" / "messages").glob("*.csv")}
    for room in [*[one for one in ROOMS if one in paths], *sorted(set(paths) - set(ROOMS))]:
        parts.append(f"\n## {ROOMS.get(room, room)}\n")
        for code, both in sorted(_codes(paths[room]).items()):
            what, remedy = both["what"], both["remedy"]
            parts.append(
                f"\n### {code}\n\n{_plain(what['en'])}\n\n"
                f"**What to do:** {_plain(remedy['en'])}\n\n"
                f"Exit status {what['exit']}, HTTP {what['http']}.\n"
            )
    return "".join(parts)


def _codes(path: Path) -> dict[str, dict[str, dict[str, str]]]:
    found: dict[str, dict[str, dict[str, str]]] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(row["code"], {})[row["part"]] = row
    return found


def _plain(text: str) -> str:
    """Keep angle brackets from being read as HTML."""
    return text.replace("<", "&lt;")


def main() -> int:
    """Write the page, or with ``--check`` compare it; the exit status says whether it was current."""
    fresh = page()
    if "--check" in sys.argv[1:]:
        return 0 if PAGE.exists() and PAGE.read_text(encoding="utf-8") == fresh else 1
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
