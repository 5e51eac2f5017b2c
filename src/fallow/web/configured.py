"""Face two, the framework's settings: said in code once a process, with no database and no accounts."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path

import django
from django.conf import settings

HERE = Path(__file__).parent
BUILT = HERE / "static" / "built"
"""Where ``tools/build_web.py`` puts what the browser loads."""


def configure() -> None:
    """Configure Django for reading one register over loopback; a second call changes nothing.

    Cookies are neither signed nor secret here: the only one holds a language, is read against the list of
    seven, and so cannot say anything worth forging. The key is drawn anew for each process.
    """
    if settings.configured:
        return
    settings.configure(
        DEBUG=False,
        SECRET_KEY=secrets.token_urlsafe(48),
        ALLOWED_HOSTS=["127.0.0.1", "localhost", "[::1]"],
        ROOT_URLCONF="fallow.web.urls",
        MIDDLEWARE=["fallow.web.guard.Guard"],
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
    # A browser opens six connections at once; that some of them wait a moment is no news.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
