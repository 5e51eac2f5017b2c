"""Face two, serving: one register, this machine only, until the person stops it."""

from __future__ import annotations

import ipaddress
import logging
import threading
import webbrowser
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import waitress

from fallow.errors import FallowError
from fallow.web.configured import BUILT, MOST_SENT, configure
from fallow.web.desk import Desk

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
"""A WSGI application."""

log = logging.getLogger("fallow.web")

SENDING = {"max_request_body_size": 2 * MOST_SENT, "inbuf_overflow": 2 * MOST_SENT}
"""What is sent stays in memory and never on a disk. A little too much gets the guard's page, far too much is
cut off while it comes."""


def application(register_path: str | Path) -> Application:
    """The WSGI application over one register.

    Parameters
    ----------
    register_path
        The register's GeoPackage. It is opened for reading only, once a thread; a file that goes missing
        or is damaged later gives a page that says so, not a fault.

    Returns
    -------
    Application
        A WSGI callable. ``application(...).desk`` is not offered: pages ask the desk through the request.
    """
    return _answering(Desk(Path(register_path)))


def _answering(desk: Desk) -> Application:
    configure()
    from django.core.handlers.wsgi import WSGIHandler

    handler = WSGIHandler()

    def serve_request(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["fallow.desk"] = desk
        answer: Iterable[bytes] = handler(environ, start_response)
        return answer

    return serve_request


def serve(
    register_path: str | Path,
    host: str = "127.0.0.1",
    port: int = 8321,
    *,
    open_browser: bool = True,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve a register on this machine until interrupted.

    Parameters
    ----------
    register_path
        The register's GeoPackage; refused at once when it is missing or no register.
    host
        A loopback address. Anything else is refused (``WEB_NOT_LOOPBACK``): there are no accounts yet, so
        whoever reaches the port reads the register.
    port
        TCP port; 0 takes a free one.
    open_browser
        Open the map in the default browser once it answers.
    ready
        Called with the address as soon as there is one.
    """
    if not _is_loopback(host):
        raise FallowError("WEB_NOT_LOOPBACK", host)
    if not (BUILT / ".vite" / "manifest.json").is_file():
        raise FallowError("WEB_NOT_BUILT", "static/built")
    desk = Desk(Path(register_path))
    with desk.reading() as register:
        log.info("serving %s, ledger head %d", register.path.name, register.ledger.head()[0])
    desk.close()
    try:
        server = waitress.create_server(
            _answering(desk), host=host, port=port, threads=8, ident=None, **SENDING
        )
    except OSError as error:
        raise FallowError("WEB_PORT_TAKEN", f"{host}:{port}", found=error.strerror or str(error)) from error
    address = f"http://{'[::1]' if ':' in host else host}:{server.effective_port}/"
    log.info("the map is at %s", address)
    threading.Thread(target=_warm, args=(desk,), name="warm", daemon=True).start()
    if ready is not None:
        ready(address)
    if open_browser:
        threading.Timer(0.3, webbrowser.open, (address,)).start()
    try:
        server.run()
    finally:
        server.close()


def _warm(desk: Desk) -> None:
    """Read the layers of the first picture while the browser is still starting."""
    # Imported here: numpy and shapely take longer to load than the server to answer.
    from fallow.web import layers, picture
    from fallow.web.asked import When

    try:
        with desk.reading() as register:
            for kind in picture.mapped(register):
                layers.laid_flat(layers.layer(desk, register, kind, When()))
            picture.times(desk, register)
    except FallowError as error:
        log.warning("nothing was read ahead: %s", error)  # the page will say it with its remedy
    finally:
        desk.close()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
