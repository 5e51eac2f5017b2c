"""Write docs/cli.md from the command line itself: every verb, its sentence and its options.

Run as ``python tools/make_cli_page.py``; with ``--check`` it only says whether the page is current.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "cli.md"

HEAD = """# The command line

Made by `tools/make_cli_page.py` from `fallow --help`; do not edit by hand. Worked examples are in the
[guide](cli-guide.md).

The verbs follow the path of a report: it is brought in, reviewed, approved, becomes part of a record, is
asked and leaves. In a terminal you get tables, into a pipe JSON (`--json` and `--table` choose). `--known`,
`--true` and `--head` ask about another day.

Every refusal says where, what was found and what to do, and ends with the status of its code
([errors](errors.md)): 2 when the input or the call is refused, 3 when the register is damaged or locked, 1
otherwise; 70 is a fault in the program itself. Settings of the environment are in [settings](settings.md).
"""


def page() -> str:
    """The whole page in Markdown."""
    # Help texts are bound to the language when a verb is loaded; the page is in English on every machine.
    os.environ["FALLOW_LANG"] = "en"
    import click

    from fallow.cli import main

    parts = [HEAD]
    with click.Context(main, info_name="fallow", terminal_width=90) as root:
        for name in main.list_commands(root):
            parts += _verb(main.get_command(root, name), name, root)
    return "".join(parts)


def _verb(verb: object, name: str, above: object) -> list[str]:
    import click

    if not isinstance(verb, click.Command) or not isinstance(above, click.Context):
        raise TypeError(f"no such verb: {name}")
    with click.Context(verb, info_name=name, parent=above, terminal_width=90) as context:
        level = "##" if above.parent is None else "###"
        found = [f"\n{level} {context.command_path}\n\n```text\n{_bare(verb.get_help(context))}\n```\n"]
        if isinstance(verb, click.Group):
            for inner in _shown(verb, context):
                found += _verb(verb.get_command(context, inner), inner, context)
    return found


def _shown(verb: object, context: object) -> list[str]:
    """Every verb of a group; of those made from analyses one, the others differ by the analysis alone."""
    import click

    from fallow.cli.analyses import Group

    if not isinstance(verb, click.Group) or not isinstance(context, click.Context):
        raise TypeError("no group of verbs")
    return ["casualties"] if isinstance(verb, Group) else verb.list_commands(context)


def _bare(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


def main() -> int:
    """Write the page, or with ``--check`` compare it; the exit status says whether it was current."""
    fresh = page()
    if "--check" in sys.argv[1:]:
        return 0 if PAGE.exists() and PAGE.read_text(encoding="utf-8") == fresh else 1
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
