"""What the tests of this room share: whatever a test publishes, nothing has been told before."""

from __future__ import annotations

from hashlib import sha256

import pytest

from fallow.publish.withholding import told


@pytest.fixture(autouse=True)
def nothing_told(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of its own for each test, because registers are shared between them."""
    mark = sha256(request.node.nodeid.encode()).hexdigest()[:12]
    monkeypatch.setattr(told, "SUFFIX", f".{mark}.published.jsonl")
