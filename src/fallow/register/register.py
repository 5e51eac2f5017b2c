"""Step 2, the register itself: what it can be told, what people may decide, what it can be asked."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from fallow.errors import FallowError
from fallow.kinds import Model
from fallow.register import keys, receiving, sources
from fallow.register.cases import person_key
from fallow.register.compare import Changed, compare
from fallow.register.decide import Approval, Books, Conflict, Numbers, Outcome, append_decision, as_ranges
from fallow.register.files import FileStore
from fallow.register.geopackage import note_change
from fallow.register.ledger import Clock, Entry, Ledger, canonical, system_clock
from fallow.register.life import Life, life_of
from fallow.register.prefix import PrefixView
from fallow.register.releasing import claims_to_sign, released_by
from fallow.register.report import Delivery, Draft, Said
from fallow.register.review import Review, review
from fallow.register.rights import Rights
from fallow.register.snapshot import snapshot
from fallow.register.store import Store
from fallow.register.vault import Vault
from fallow.register.verify import Verdict, verify
from fallow.register.view import View, checked_day


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One delivery as the ledger has it."""

    number: int
    at: str
    delivery: Delivery
    receipt: Mapping[str, Any] | None


class Register:
    """One open register. Made by :func:`create_register` and :func:`open_register`; a context manager.

    Attributes
    ----------
    path
        The GeoPackage.
    model
        Kinds and code lists this register was made with, overlay included.
    settings
        ``title``, ``country``, ``extent`` (boxes of west, south, east, north), ``invented``,
        ``huge_area_m2``.
    files, vault, ledger
        What lies beside and beneath it.
    """

    def __init__(
        self,
        store: Store,
        model: Model,
        settings: Mapping[str, Any],
        *,
        key: keys.OfficeKey | None,
        vault: Vault,
        clock: Clock = system_clock,
    ) -> None:
        self._store = store
        self._key = key
        self.key_fault: FallowError | None = None
        self.path: Path = store.path
        self.model = model
        self.settings = settings
        self.id: str = settings["register"]
        self.vault = vault
        self.files = FileStore(store.path.with_suffix(".files"))
        self.ledger = Ledger(store.connection, clock)

    # -- writing -----------------------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all of it happens, or nothing did. Its head is signed before it is kept."""
        if not self._store.read_only and self._key is None:
            raise self.key_fault or FallowError("KEY_MISSING", self.path.with_suffix(".key").name)
        with self._store.transaction() as outermost, self.ledger.one_moment():
            before = self.ledger.head()[0]
            yield
            if outermost:
                self._sign(before)

    def _sign(self, before: int) -> None:
        number, hash, at = self.ledger.head()
        if number == before or self._key is None:
            return
        signature = self._key.sign(keys.statement(self.id, number, hash, at))
        self._connection.execute(
            "INSERT INTO fallow_head VALUES (?,?,?,?,?)", (number, hash, at, self._key.public, signature)
        )

    def receive(self, delivery: Delivery) -> int:
        """Enter a delivery; its reports name the number this returns."""
        with self.writing():
            return self.ledger.append("delivery", [canonical(asdict(delivery))])[0]

    def add(self, drafts: Sequence[Draft], delivery: int = 0) -> range:
        """Enter reports; from here on they are immutable. Gives their ledger numbers.

        Raises
        ------
        FallowError
            ``VAULT_CLOSED`` when a draft has personal values and no passphrase was given;
            ``PERSONAL_IN_THE_OPEN`` when a personal field stands among the open ones.
        """
        with self.writing():
            return receiving.add(self._connection, self.ledger, self.model, self.vault, drafts, delivery)

    def keep_receipt(self, delivery: int, receipt: Mapping[str, Any]) -> None:
        """Keep what the import said about a delivery."""
        with self.writing():
            self._connection.execute(
                "INSERT OR REPLACE INTO fallow_receipt VALUES (?,?)",
                (delivery, orjson.dumps(receipt).decode()),
            )

    # -- deciding ----------------------------------------------------------------------------------------

    def approve(
        self, reports: Numbers, by: str, why: str, as_of: str | None = None, accept: Iterable[str] = ()
    ) -> Outcome:
        """Approve reports by their ledger numbers (or ranges of them).

        Parameters
        ----------
        by, why
            A person and a reason; both are kept for ever.
        as_of
            The ISO day it was decided, for history that is brought in late; then marked as declared.
        accept
            Codes of findings this person accepts; reports held for others stay drafts.
        """
        with self.writing():
            self._named(by, why)
            Rights(self.ledger).require(by, "approve")
            day = self._decision_day(as_of)
            accepted = frozenset(accept)
            act = Approval(self._connection, self.model, self.ledger, day, accepted, as_of is not None)
            act.run(as_ranges(reports))
            self._close(act.books)
            if act.approved:
                spans = as_ranges(act.approved)
                body = {"by": by, "why": why, "reports": spans, "accept": sorted(accepted)}
                number = self.ledger.append("approve", [canonical(self._dated(body, as_of))])[0]
                receiving.mark_approved(self._connection, spans, day, declared=as_of is not None)
                act.outcome.decision = number
                act.outcome.approved = len(act.approved)
            return act.outcome

    def reject(self, reports: Numbers, by: str, why: str, as_of: str | None = None) -> int:
        """Reject drafts, or take back the approval of reports; gives how many. Nothing is erased."""
        with self.writing():
            self._named(by, why)
            Rights(self.ledger).require(by, "approve")
            day = self._decision_day(as_of)
            spans = as_ranges(reports)
            count, touched = receiving.mark_rejected(self._connection, spans, day)
            if count:
                body = {"by": by, "why": why, "reports": spans}
                self.ledger.append("reject", [canonical(self._dated(body, as_of))])
                self._refold(touched, keeping=True)
            return count

    def resolve(
        self, record: str, field: str, report: int, by: str, why: str, as_of: str | None = None
    ) -> list[Conflict]:
        """Decide that one report's value of a field stands over the others said so far."""
        with self.writing():
            self._named(by, why)
            Rights(self.ledger).require(by, "approve")
            over = sources.others_on(self._connection, self.model, record, field, report)
            body = {"by": by, "why": why, "record": record, "field": sources.spoken(field), "report": report}
            self._decide("resolve", {**body, "over": over}, [record], as_of)
            return self._refold([record])

    def release(
        self, records: Iterable[str], field: str, by: str, why: str, as_of: str | None = None
    ) -> dict[str, bool]:
        """Sign what reports claim and only two people can set (S3): gives whether it stands now, by record.

        Each of two people calls it; both must hold the right ``release``.
        """
        with self.writing():
            self._named(by, why)
            Rights(self.ledger).require(by, "release", always=True)
            done: dict[str, bool] = {}
            books = Books(self._connection, self.model)
            for record in records:
                signed = claims_to_sign(books, record, field, by)
                body = {"by": by, "why": why, "record": record, "field": field, "claims": signed}
                self._decide("release", body, [record], as_of)
                done[record] = released_by(books, record, field, signed)
            self._close(books)
            return done

    def same(self, one: str, other: str, by: str, why: str, as_of: str | None = None) -> None:
        """Judge that two records are one; a later :meth:`different` takes it back."""
        self._judge("same", one, other, by, why, as_of)

    def different(self, one: str, other: str, by: str, why: str, as_of: str | None = None) -> None:
        """Judge that two records are not one."""
        self._judge("different", one, other, by, why, as_of)

    def grant(self, person: str, rights: Iterable[str], by: str, why: str) -> int:
        """Give a person rights (``approve``, ``release``, ``grant``, ``erase``)."""
        with self.writing():
            return Rights(self.ledger).change("grant", person, tuple(rights), by, why)

    def revoke(self, person: str, rights: Iterable[str], by: str, why: str) -> int:
        """Take rights back from a person."""
        with self.writing():
            return Rights(self.ledger).change("revoke", person, tuple(rights), by, why)

    def rights(self) -> Mapping[str, frozenset[str]]:
        """Who holds which right; names are compared without case."""
        return Rights(self.ledger).held()

    def erase(self, record: str, by: str, why: str) -> int:
        """Destroy the personal values of a record for good; the ledger goes on verifying."""
        with self.writing():
            self._named(by, why)
            Rights(self.ledger).require(by, "erase")
            self.vault.require_open()
            Books(self._connection, self.model).kind_of(record)
            self._decide("erase", {"by": by, "why": why, "record": record}, [record], None)
        return self.vault.erase(record)

    # -- asking ------------------------------------------------------------------------------------------

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

    def entry(self, number: int) -> Entry:
        """One ledger entry; ``ENTRY_UNKNOWN`` when there is none of that number."""
        found = self.ledger.entry(number)
        if found is None:
            raise FallowError("ENTRY_UNKNOWN", str(number))
        return found

    def close(self) -> None:
        """Close the register and its vault."""
        self.vault.close()
        self._store.close()

    def __enter__(self) -> Register:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

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

    @property
    def key_public(self) -> str | None:
        """The public half of the key that is open, as hex."""
        return self._key.public if self._key else None

    # -- inside ------------------------------------------------------------------------------------------

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._store.connection

    def _named(self, by: str, why: str) -> None:
        if not person_key(by):
            raise FallowError("NAME_NEEDED", "by")
        if not why.strip():
            raise FallowError("REASON_NEEDED", "why")

    def _today(self) -> str:
        return max(self.ledger.now().date().isoformat(), self.ledger.head()[2][:10])

    def _decision_day(self, as_of: str | None) -> str:
        today = self._today()
        if as_of is None:
            return today
        day = checked_day(as_of, "as_of") or today
        if len(as_of) != 10:
            raise FallowError("DATE_FORMAT", "as_of", found=as_of)
        if date.fromisoformat(day) > date.fromisoformat(today):
            raise FallowError("DATE_IN_FUTURE", "as_of", found=day, today=today)
        return day

    @staticmethod
    def _dated(body: dict[str, Any], as_of: str | None) -> dict[str, Any]:
        return body if as_of is None else {**body, "as_of": as_of}

    def _decide(self, verb: str, body: dict[str, Any], records: Iterable[str], as_of: str | None) -> int:
        self._decision_day(as_of)
        return append_decision(self.ledger, self._connection, verb, self._dated(body, as_of), records)

    def _judge(self, verb: str, one: str, other: str, by: str, why: str, as_of: str | None) -> None:
        with self.writing():
            self._named(by, why)
            Rights(self.ledger).require(by, "approve")
            books = Books(self._connection, self.model)
            if books.kind_of(one).name != books.kind_of(other).name or one == other:
                raise FallowError("SAME_NEEDS_ONE_KIND", f"{one} {other}")
            self._decide(verb, {"by": by, "why": why, "one": one, "other": other}, [one, other], as_of)
            self._refold([one, other])

    def _refold(self, records: Iterable[str], *, keeping: bool = False) -> list[Conflict]:
        books = Books(self._connection, self.model)
        found = books.refold(records, keeping=keeping)
        self._close(books)
        return found

    def _close(self, books: Books) -> None:
        for writer in books.writers():
            writer.end_bulk()
            note_change(self._connection, writer.kind, self.ledger.now().strftime("%Y-%m-%dT%H:%M:%S.000Z"))
