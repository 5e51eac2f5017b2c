"""Write docs/analyses.md from the analyses themselves: what each tells, takes, gives, and how it counts.

Run as ``python tools/make_analyses_page.py``; with ``--check`` it only says whether the page is current.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fallow.analysis import Analysis
    from fallow.register import Register

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "analyses.md"

HEAD = """# Analyses

Made by `tools/make_analyses_page.py` from the analyses themselves; do not edit by hand.

Each analysis is one function in `src/fallow/analysis/`, with its words in `src/fallow/words/`. That alone
makes it a verb (`fallow casualties`), a page (`/figures/casualties`) and a section here. Every one is also
asked for as

- `fallow run NAME --set PARAMETER=VALUE`, the table;
- `fallow figure NAME [MEASURE] [--at KEY,KEY]`, one number with the sentence that must be quoted with it;
- `fallow explain NAME MEASURE KEY...`, the records behind that number and their reports;
- `fallow.run(NAME, register, **parameters)` in Python, with `result.explain(measure, *key)`.

All take `--known`, `--true` and `--head`: as known on a day, about a day, or exactly as of a ledger entry.
Every result has a recipe (head, clocks, parameters, version, how many reports are declared and how many
witnessed, digest of what was read); the same question to the same ledger has the same digest. A figure with
one source says whose claim it is.
"""


def page() -> str:
    """The whole page in Markdown."""
    from fallow.analysis import analyses
    from fallow.register import create_register

    with tempfile.TemporaryDirectory() as folder:
        register = create_register(Path(folder) / "empty.gpkg", title="Empty")
        with register:
            parts = [_section(one, register) for one in analyses().values()]
    return HEAD + "".join(parts)


def _section(one: Analysis, register: Register) -> str:
    from fallow.words import in_language

    lines = [f"\n## {one.name}\n", f"**{in_language(one.title, 'en')}.** {in_language(one.about, 'en')}"]
    facts = [f"Version {one.version}.", f"Command: `fallow {one.name.replace('_', '-')}`."]
    if one.people:
        facts.append("Its numbers count people: small ones are not told to the public.")
    lines += ["", " ".join(facts), ""]
    if one.parameters:
        lines += ["| parameter | takes | what it does |", "|---|---|---|"]
        for given in one.parameters:
            takes = ", ".join(f"`{code}`" for code in given.choices) or _TAKES[given.sort]
            name = f"`{given.name}`" + (" (required)" if given.required else "")
            lines.append(f"| {name} | {takes} | {in_language(given.help, 'en')} |")
        lines.append("")
    measures = _measures(one, register)
    if measures:
        lines += ["| measure | unit | what it is |", "|---|---|---|", *measures, ""]
    lines += [_plain(one.method)]
    return "\n".join(lines).rstrip() + "\n"


_TAKES = {
    "day": "a day",
    "days": "days",
    "year": "a year",
    "number": "a number",
    "text": "a text",
    "one": "a word",
    "some": "words",
}


_SAMPLE = {"day": "2020-01-01", "days": "2020-01-01", "year": "2020", "text": "2020-01", "number": "1"}
"""What is answered where something has to be."""


def _measures(one: Analysis, register: Register) -> list[str]:
    """The columns of numbers, as an empty register shows them."""
    from fallow.analysis import run
    from fallow.errors import FallowError
    from fallow.words import in_language

    asked = {given.name: _SAMPLE[given.sort] for given in one.parameters if given.required}
    if "known_on" in one.asks:
        return ["| each day of `known_on` | | What was known of the year on that day. |"]
    try:
        result = run(one.name, register, **asked)
    except FallowError:
        return []  # it speaks about one thing of a register, and an empty one has none
    units = {"m2": "m²", "": "number"}
    return [
        f"| `{each.name}` | {units.get(each.unit, each.unit)} | {in_language(each.label, 'en')} |"
        for each in result.measures
    ]


def _plain(method: str) -> str:
    """A docstring as Markdown: its first sentence without the step, roles of Sphinx as code."""
    import re

    text = re.sub(r"^Step 3, ", "", method)
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text).replace("``", "`")
    return text[:1].upper() + text[1:]


def main() -> int:
    """Write the page, or with ``--check`` compare it; the exit status says whether it was current."""
    os.environ["FALLOW_LANG"] = "en"
    fresh = page()
    if "--check" in sys.argv[1:]:
        return 0 if PAGE.exists() and PAGE.read_text(encoding="utf-8") == fresh else 1
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
