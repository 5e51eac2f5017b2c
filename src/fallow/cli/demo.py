"""Face one, ``fallow demo``: build the invented programme through the real path, and show it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from fallow.cli import options
from fallow.cli.opening import passphrase_of
from fallow.cli.progress import working
from fallow.cli.serve import serve_register
from fallow.cli.show import print_json, print_line, wants_json
from fallow.errors import FallowError
from fallow.words import say


@options.verb("demo")
@options.option("--to", "target", key="demo_to", type=options.FILE, metavar="FOLDER", required=True)
@options.option("--no-serve", key="no_serve", is_flag=True)
@options.option("--host", key="host", metavar="ADDRESS", default="127.0.0.1", show_default=True)
@options.option(
    "--port", key="port", type=options.Number(1, 65535), metavar="NUMBER", default=8321, show_default=True
)
@options.passphrase_option
@options.json_option
def demo(
    target: Path, no_serve: bool, host: str, port: int, passphrase_file: Path | None, as_json: bool | None
) -> None:
    """Build it; serve it unless told not to."""
    from fallow.demo import run_demo

    passphrase = passphrase_of(passphrase_file)
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise FallowError("TARGET_EXISTS", target.name)
        with working(say("cli.progress.demo")):
            summary = run_demo(target, passphrase) if passphrase else run_demo(target)
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise FallowError("TARGET_NOT_WRITTEN", target.name, found=found) from error
    if wants_json(as_json):
        print_json(asdict(summary))
    else:
        print_line(say("cli.demo_made", folder=str(target)))
        print_line(summary.text())
    if not no_serve:
        serve_register(Path(summary.register), host, port, open_browser=True)
