"""Step 2, a connection that writes behind: the rows of a batch go in while the next batch is made ready.

SQLite works outside the interpreter's lock, so a statement with many rows costs no time while there is
something else to do. Statements given to :meth:`Connection.behind` run in their order, one at a time, in the
transaction that is open; whatever else is asked of the connection waits for them first. So there is one
writer, one transaction and one order of statements, as if each had been waited for.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

MOST = 12
"""Statements that may wait, about two batches of an import: memory must not grow with what is to be done."""


class WriteFailed(Exception):
    """A statement behind failed; the transaction it stood in can only be taken back.

    No ``sqlite3.Error``: it is met at some later question, and must not be taken for that question's own.
    """

    def __init__(self, error: sqlite3.Error) -> None:
        super().__init__(str(error))
        self.error = error


class Connection(sqlite3.Connection):
    """An SQLite connection with a thread that writes behind it, from the first such statement to COMMIT."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._thread: ThreadPoolExecutor | None = None
        self._waiting: deque[Future[sqlite3.Cursor]] = deque()
        self._failed: sqlite3.Error | None = None
        self._pen = super().cursor()

    def behind(self, sql: str, values: Sequence[Any]) -> None:
        """Run a statement that answers nothing, some time before anything else is asked.

        Raises
        ------
        WriteFailed
            An earlier one failed. Every method says so, COMMIT too, until the transaction is taken back.
        """
        if len(self._waiting) >= MOST or self._failed is not None:
            self._settle(MOST - 1)
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "register")
        self._waiting.append(self._thread.submit(self._pen.execute, sql, values))

    def _settle(self, left: int = 0) -> None:
        """Wait until only so many statements are behind."""
        if self._failed is None:
            try:
                while len(self._waiting) > left:
                    self._waiting.popleft().result()
            except sqlite3.Error as error:
                self._failed = error
                self._end()
        if self._failed is not None:
            raise WriteFailed(self._failed) from self._failed

    def _end(self) -> None:
        """Let the thread go when the statement it is at is done; what still waits is not done."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.shutdown(wait=True, cancel_futures=True)
        self._waiting.clear()

    def _pending(self) -> bool:
        return bool(self._waiting) or self._failed is not None

    def execute(self, sql: str, values: Any = (), /) -> sqlite3.Cursor:
        """One statement, after those behind."""
        if self._pending():
            self._settle()
        done = super().execute(sql, values)
        if self._thread is not None and not super().in_transaction:
            self._end()
        return done

    def executemany(self, sql: str, rows: Iterable[Any], /) -> sqlite3.Cursor:
        """One statement for each row, after those behind."""
        if self._pending():
            self._settle()
        return super().executemany(sql, rows)

    def cursor(self, *given: Any, **named: Any) -> Any:
        """A cursor, as SQLAlchemy asks for one, after the statements behind."""
        if self._pending():
            self._settle()
        return super().cursor(*given, **named)

    def backup(self, *given: Any, **named: Any) -> None:
        """A copy of what is there, after the statements behind."""
        if self._pending():
            self._settle()
        super().backup(*given, **named)

    def forget(self) -> None:
        """Drop what is behind, and what was met there: the transaction is taken back."""
        self._end()
        self._failed = None

    def close(self) -> None:
        """Close the file; statements behind are dropped with the transaction they stand in."""
        self._end()
        super().close()
