"""Step 2, asking: everything a register answers without changing; :class:`Register` adds what changes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from fallow.errors import FallowError
from fallow.kinds import Model
from fallow.register import receiving, sources
from fallow.register.compare import Changed, compare
from fallow.register.damage import readable
from fallow.register.decide import Conflict
from fallow.register.files import FileStore
from fallow.register.ground import Ground, ground
from fallow.register.ground_reading import Outlines
from fallow.register.ledger import Entry, Ledger
from fallow.register.life import Life, life_of
from fallow.register.prefix import PrefixView
from fallow.register.report import Delivery, Said
from fallow.register.review import Review, review, soft_conflicts
from fallow.register.snapshot import snapshot
from fallow.register.store import Store
from fallow.register.vault import Vault
from fallow.register.verify import Verdict, verify
from fallow.register.view import View


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One delivery as the ledger has it."""

    number: int
    at: str
    delivery: Delivery
    receipt: Mapping[str, Any] | None


@readable
class Asking:
    """The questions; see :class:`Register`, which is the only one made of it."""

    _store: Store
    id: str
    model: Model
    settings: Mapping[str, Any]
    ledger: Ledger
    files: FileStore
    vault: Vault

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._store.connection

    def at(self, known: str | None = None, true: str | None = None, head: int | None = None) -> View:
        """The register as known on a day, about a day, or exactly as of a ledger head."""
        if head is None:
            return View(self._connection, self.model, known, true)
        return PrefixView(self._connection, self.model, known, true, head)

    def history(self, record: str) -> Life:
        """The life of a record: its reports, and behind every value the report and source that gave it."""
        return life_of(self._connection, self.model, record)

    def review(self, kind: str | None = None) -> Review:
        """What needs a person: drafts, held findings, conflicts, claims that wait for signatures."""
        return review(self._connection, self.model, kind)

    def soft_conflicts(self, kind: str | None = None) -> Iterator[Conflict]:
        """Records whose values changed hands between sources that had not seen each other; told, not held."""
        return soft_conflicts(self._connection, self.model, kind)

    def changes(
        self,
        kind: str,
        earlier: str,
        later: str,
        by: Sequence[str],
        true: str | None = None,
        only: int | None = None,
    ) -> list[Changed]:
        """Groups of records that differ between two known days, and which records did it."""
        return compare(self.at(known=earlier, true=true), self.at(known=later, true=true), kind, by, only)

    def secrets(self, record: str) -> dict[str, Any]:
        """Personal values of a record, later reports over earlier; needs the vault open. Never log it."""
        return sources.secrets(self._connection, self.vault, record)

    def deliveries(self, source: str | None = None) -> list[DeliveryRow]:
        """Deliveries in the order they came."""
        found = []
        for entry in self.ledger.entries(("delivery",)):
            delivery = Delivery(**{**entry.content, "files": tuple(entry.content["files"])})
            if source in (None, delivery.source):
                row = self._connection.execute(
                    "SELECT body FROM fallow_receipt WHERE delivery = ?", (entry.number,)
                ).fetchone()
                found.append(
                    DeliveryRow(entry.number, entry.at, delivery, orjson.loads(row[0]) if row else None)
                )
        return found

    def said(self, source: str, kind: str, records: Sequence[str]) -> dict[str, Said]:
        """What one source has said so far about some records; those it took back are absent."""
        return sources.said(self._connection, source, kind, records)

    def said_all(self, source: str, kind: str) -> Iterator[Said]:
        """What one source has said so far about every record of a kind."""
        return sources.said_all(self._connection, source, kind)

    def said_by(self, numbers: Iterable[int]) -> list[sources.SaidBy]:
        """Which sources the reports with these ledger numbers come from, the most frequent first."""
        return sources.said_by(self._connection, numbers)

    def known_days(self) -> list[str]:
        """The days on which anything became known, in order."""
        rows = self._connection.execute(
            "SELECT DISTINCT known_from FROM fallow_report WHERE known_from IS NOT NULL ORDER BY 1"
        )
        return [row[0] for row in rows]

    def drafts(self, delivery: int | None = None) -> list[range]:
        """Ledger numbers of reports that nobody decided on yet."""
        return receiving.drafts(self._connection, delivery)

    def ground(self, reports: Sequence[range], outlines: Outlines | None = None) -> Ground:
        """Shapes among these reports that cover each other's ground, or release none that was recorded.

        ``outlines`` are where they lie, if that was noted while they were entered.
        """
        spans = [(one.start, one.stop - 1) for one in reports]
        return ground(self._connection, self.model, spans, outlines)

    def entry(self, number: int) -> Entry:
        """One ledger entry; ``ENTRY_UNKNOWN`` when there is none of that number."""
        found = self.ledger.entry(number)
        if found is None:
            raise FallowError("ENTRY_UNKNOWN", str(number))
        return found

    def verify(self, *, refold: bool = False) -> Verdict:
        """Walk chain, signatures, rows, files and vault; with ``refold`` also fold everything again."""
        return verify(self._connection, self.model, self.id, self.files, self.vault, refold=refold)

    def snapshot(
        self,
        target: str | Path,
        known: str | None = None,
        true: str | None = None,
        *,
        restricted: bool = False,
    ) -> dict[str, int]:
        """Write the current layers (or those of other dates) to a clean GeoPackage; rows by layer."""
        view = View(self._connection, self.model, known, true)
        dated = {**self.settings, "date": true or known or self.ledger.head()[2][:10]}
        return snapshot(self.model, dated, view, Path(target), restricted=restricted)
