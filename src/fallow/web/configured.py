"""Face two, the framework's settings: said in code once a process, with no database and no accounts."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path

import django
from django.conf import settings

HERE = Path(__file__).parent
MOST_SENT = 64 * 1024**2
"""Bytes of one request; an upload is held in memory. A larger bundle is checked on the command line."""

BUILT = HERE / "static" / "built"
"""Where ``tools/build_web.py`` puts what the browser loads."""


MOST_TYPED = 12 * 1024**2
"""Bytes of all fields of a form that are no file; a parcel with many corners is typed text too."""


def configure() -> None:
    """Configure Django for reading one register over loopback; a second call changes nothing.

    There are two cookies. One holds a language and is read against the list of seven, so it cannot say
    anything worth forging; the other ties a form to the page it stood on. The key is drawn anew for each
    process. What is sent stays in memory: the guard has limited it before anything reads it.
    """
    if settings.configured:
        return
    settings.configure(
        DEBUG=False,
        SECRET_KEY=secrets.token_urlsafe(48),
        ALLOWED_HOSTS=["127.0.0.1", "localhost", "[::1]"],
        ROOT_URLCONF="fallow.web.urls",
        MIDDLEWARE=["fallow.web.guard.Guard", "django.middleware.csrf.CsrfViewMiddleware"],
        CSRF_COOKIE_NAME="fallow_form",
        CSRF_COOKIE_HTTPONLY=True,
        CSRF_COOKIE_SAMESITE="Strict",
        CSRF_COOKIE_AGE=None,
        CSRF_FAILURE_VIEW="fallow.web.guard.forged",
        FILE_UPLOAD_HANDLERS=["django.core.files.uploadhandler.MemoryFileUploadHandler"],
        FILE_UPLOAD_MAX_MEMORY_SIZE=MOST_SENT,
        DATA_UPLOAD_MAX_MEMORY_SIZE=MOST_TYPED,
        INSTALLED_APPS=[],
        DATABASES={},
        APPEND_SLASH=False,
        USE_I18N=False,
        USE_TZ=True,
        LOGGING_CONFIG=None,
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [HERE / "templates"],
                "OPTIONS": {"builtins": ["fallow.web.wording"]},
            }
        ],
    )
    django.setup(set_prefix=False)
    # Every refusal already has its page; the log keeps only what is a fault of ours.
    logging.getLogger("django.request").setLevel(logging.ERROR)
    # A form that is too big, not ours or not readable is no fault either, and its traceback helps nobody.
    logging.getLogger("django.security").setLevel(logging.CRITICAL)
    # A browser opens six connections at once; that some of them wait a moment is no news.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
