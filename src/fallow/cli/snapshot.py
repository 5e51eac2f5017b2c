"""Face one, ``fallow snapshot``: write a clean GeoPackage for QGIS and e-mail."""

from __future__ import annotations

from pathlib import Path

import click

from fallow.cli import options
from fallow.cli.opening import reading
from fallow.cli.progress import working
from fallow.cli.show import print_json, print_table, wants_json
from fallow.errors import FallowError
from fallow.words import in_language, say


@options.verb("snapshot")
@click.argument("target", type=options.FILE)
@options.register_option
@options.option("--known", key="known", metavar="DAY", default=None)
@options.option("--true", key="true", metavar="DAY", default=None)
@options.option("--restricted", key="restricted", is_flag=True)
@options.json_option
def snapshot(
    target: Path,
    path: Path | None,
    known: str | None,
    true: str | None,
    restricted: bool,
    as_json: bool | None,
) -> None:
    """Write the layers and say how many rows each has."""
    if not target.parent.is_dir():
        raise FallowError("TARGET_FOLDER", target.name)
    with reading(path) as register, working(say("cli.progress.snapshot")):
        counts = register.snapshot(target, known, true, restricted=restricted)
        kinds = register.model.kinds
    if wants_json(as_json):
        print_json(
            {"file": str(target), "known": known, "true": true, "restricted": restricted, "layers": counts}
        )
        return
    rows = [[name, in_language(kinds[name].plural), count] for name, count in counts.items() if count]
    heads = [say(f"cli.column.{name}") for name in ("layer", "kind", "rows")]
    print_table(heads, rows, title=target.name, numbers=[2])
