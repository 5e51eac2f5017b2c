"""Step 0, writing the pages of all kinds: ``python -m fallow.kinds.pages docs/kinds [--overlay DIR]``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from fallow.kinds.as_page import as_index, as_page
from fallow.kinds.load import load_kinds
from fallow.kinds.model import Model

INDEX = "README.md"


def pages(model: Model) -> dict[str, str]:
    """File name to text, the index included."""
    return {
        INDEX: as_index(model),
        **{f"{kind.name}.md": as_page(kind, model) for kind in model.kinds.values()},
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pages into a folder."""
    parser = argparse.ArgumentParser(
        prog="python -m fallow.kinds.pages", description="Write the pages of kinds."
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--overlay", type=Path, help="folder of a national overlay")
    chosen = parser.parse_args(arguments)
    chosen.folder.mkdir(parents=True, exist_ok=True)
    for name, content in pages(load_kinds(chosen.overlay)).items():
        (chosen.folder / name).write_text(content, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
