"""Step 2, the moment a view shows: what must be the same for two questions to read the same rows.

For answers that are kept in memory for as long as nothing changed. The ledger's head moves with every report
and decision; the file's own marks move with every write to it, also by a hand that enters nothing. Two copies
of one register are two files, whatever their ledgers say.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fallow.register.asking import Asking
from fallow.register.register import Register
from fallow.register.view import View
from fallow.register.watched import Watched, WatchedView

Marks = tuple[tuple[int, int, int, int], ...]
"""Device, inode, size and nanosecond of the last write, of the register and of its journals."""


class Moment(NamedTuple):
    """One file as it lies there, and the day as known on which it is read.

    ``kinds`` says how its rows are read: name, whether it has shapes, names and types of stored fields.
    """

    path: str
    marks: Marks
    head: bytes
    known: str | None
    kinds: tuple[Any, ...]


def moment(register: Asking, view: View, kinds: Sequence[str]) -> Moment | None:
    """The moment of a view of a register; ``None`` where nothing may be kept.

    That is for a ledger head asked for by number, which is folded anew, and for evidence: it says itself what
    register and head it is of.
    """
    if isinstance(register, Watched) and isinstance(view, WatchedView):
        return moment(register._register, view._view, kinds)
    if not isinstance(register, Register) or type(view) is not View:
        return None
    path = register.path.resolve()
    layout = tuple(
        (name, bool(kind.shapes), tuple((one.name, one.type) for one in kind.stored))
        for name in kinds
        if (kind := register.model.kinds.get(name)) is not None
    )
    return Moment(str(path), _marks(path), register.ledger.head()[1], view.known, layout)


def _marks(path: Path) -> Marks:
    found = []
    for one in (path, Path(f"{path}-wal"), Path(f"{path}-journal")):
        try:
            at = one.stat()
        except FileNotFoundError:
            continue
        found.append((at.st_dev, at.st_ino, at.st_size, at.st_mtime_ns))
    return tuple(found)
