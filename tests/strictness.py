"""What a test says when something outside the project is not there."""

from __future__ import annotations

import os

import pytest

IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def missing(reason: str) -> None:
    """Something outside the project is not there: skip at home, fail where CI promised it.

    A test that is skipped for ever in CI is a test that cannot fail.
    """
    if IN_CI:
        pytest.fail(f"CI has to provide this: {reason}", pytrace=False)
    pytest.skip(reason)
