"""Face two, the guard: every request comes through here, and no fault leaves as a traceback."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string

from fallow.errors import FallowError
from fallow.web import built
from fallow.web.configured import MOST_SENT
from fallow.words import LANGUAGES, current_language, speaking

log = logging.getLogger("fallow.web")

LANGUAGE_COOKIE = "fallow_language"

FORMS = ("/publish/", "/check")
"""Beginnings of the addresses that take a form. What they make leaves in the answer; nothing is kept."""

_UNREADABLE = (BadRequest, MultiPartParserError, SuspiciousOperation, UnreadablePostError)
"""What the framework raises for a form it cannot read, where a page asks for the form."""

HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
"""Names this machine calls itself. Any other in the Host header is a page elsewhere that was pointed here."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Host and method are checked, the language is chosen, refusals become pages, headers are set."""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        """Answer one request."""
        with speaking(language(request)):
            try:
                _admit(request)
                response = self.get_response(request)
            except FallowError as error:
                response = refusal(request, error)
        for name, value in HEADERS.items():
            response.setdefault(name, value)
        response.setdefault("Cache-Control", "no-store")
        return response

    def process_exception(self, request: Any, exception: Exception) -> Any:
        """A refusal said in the language of the page; a fault of ours is logged and admitted."""
        if isinstance(exception, FallowError):
            return refusal(request, exception)
        if isinstance(exception, sqlite3.Error):
            name = getattr(exception, "sqlite_errorname", None) or type(exception).__name__
            return refusal(request, FallowError("WEB_REGISTER_UNREADABLE", "", found=name))
        if isinstance(exception, _UNREADABLE):
            return bad_request(request, exception)
        return fault(request)


def _admit(request: Any) -> None:
    given = str(request.META.get("HTTP_HOST", ""))
    name = given if given.endswith("]") else given.rsplit(":", 1)[0]
    if name.lower() not in HOSTS:
        raise FallowError("WEB_HOST_REFUSED", "Host")
    if request.method not in ("GET", "HEAD"):
        if request.method != "POST" or not request.path.startswith(FORMS):
            raise FallowError("WEB_READ_ONLY", request.path[:60])
        sent = str(request.META.get("CONTENT_LENGTH") or "0")
        if not (sent.isascii() and sent.isdigit()):
            raise FallowError("WEB_REQUEST", "Content-Length")
        if int(sent[:18]) > MOST_SENT:
            raise FallowError("WEB_TOO_MUCH", request.path[:60], limit=f"{MOST_SENT // 1024**2} MB")


def language(request: Any) -> str:
    """The language chosen with the menu, else the browser's first that is here, else the machine's."""
    chosen = request.COOKIES.get(LANGUAGE_COOKIE, "")
    if chosen in LANGUAGES:
        return str(chosen)
    for part in request.META.get("HTTP_ACCEPT_LANGUAGE", "")[:400].split(","):
        asked = part.split(";")[0].strip()[:2].lower()
        if asked in LANGUAGES:
            return str(asked)
    return current_language()


def refusal(request: HttpRequest, error: FallowError) -> Any:
    """A refusal as JSON for the API and as a page for people, with the status its code has."""
    status = error.entry.http_status
    if request.path.startswith("/api/tile/") and status == 404:
        # The map takes a tile that is not found for an empty one, and says nothing: S1 forbids that.
        status = 410
    if request.path.startswith("/api/"):
        response = JsonResponse(error.as_dict(), status=status)
    else:
        # whoever reads a refusal in another language is to read the same one
        back = request.get_full_path() if request.method == "GET" else request.path
        context = {"error": error, "status": status, "page": "error", "site": _site(), "back": back}
        response = HttpResponse(render_to_string("error.html", context, request), status=status)
    if status == 503:
        response["Retry-After"] = "5"
    return response


def _site() -> built.Entry | None:
    """The styles of the page; a refusal must be readable without them, because it may be about them."""
    try:
        return built.entry("site")
    except FallowError:
        return None


def not_found(request: HttpRequest, exception: Exception | None = None) -> Any:
    """No page has this address."""
    return refusal(request, FallowError("WEB_NOT_FOUND", request.path[:60]))


def bad_request(request: HttpRequest, exception: Exception | None = None) -> Any:
    """The framework refused the request before a page saw it."""
    return refusal(request, FallowError("WEB_REQUEST", type(exception).__name__))


def forged(request: HttpRequest, reason: str = "") -> Any:
    """A form that this page did not send, or sent before the program was started again."""
    return refusal(request, FallowError("WEB_FORM_OLD", request.path[:60]))


def fault(request: HttpRequest) -> Any:
    """Something here is wrong that nobody foresaw: admitted, and logged for whoever mends it."""
    log.exception("fault at %s", request.path)
    return refusal(request, FallowError("WEB_FAULT", request.path[:60]))
