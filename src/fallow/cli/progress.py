"""Face one, long work: a bar on standard error, only where a person is looking."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Told = Callable[[int, float], None]
"""Called with rows so far and the share of the work behind us, 0 to 1."""


@contextmanager
def working(label: str) -> Iterator[Told]:
    """Show a bar with ``label`` and the time it takes; yields how to say how far it is.

    Work that cannot say how far it is shows a moving bar and the time.
    """
    if not sys.stderr.isatty():
        yield lambda rows, share: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rows]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None, rows="")

        def tell(rows: int, share: float) -> None:
            bar.update(task, total=1.0, completed=min(share, 1.0), rows=str(rows))

        yield tell
