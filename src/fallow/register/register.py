"""Step 2, the register itself: what it can be told, what people may decide, what it can be asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from fallow.errors import FallowError
from fallow.kinds import Model
from fallow.register import keys, receiving, sources
from fallow.register.approving import Approval
from fallow.register.asking import Asking
from fallow.register.cases import person_key
from fallow.register.decide import Books, Conflict, Numbers, Outcome, append_decision, as_ranges, without
from fallow.register.files import FileStore
from fallow.register.geopackage import note_change
from fallow.register.ledger import Clock, Ledger, canonical, system_clock
from fallow.register.merkle import SignedTree
from fallow.register.releasing import claims_to_sign, released_by
from fallow.register.report import Delivery, Draft
from fallow.register.rights import Rights
from fallow.register.sheet import Sheet
from fallow.register.store import Store
from fallow.register.vault import Vault
from fallow.register.view import checked_day


class Register(Asking):
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

    def sign_tree(self, size: int | None = None) -> SignedTree:
        """The Merkle root over the first ``size`` entries (or all), signed by this office.

        Nothing is entered: the chain's own signed heads cover the same entries. ``KEY_MISSING`` or
        ``KEY_LOCKED`` without the office's key.
        """
        if self._key is None:
            raise self.key_fault or FallowError("KEY_MISSING", self.path.with_suffix(".key").name)
        head, at = self.ledger.tree_head(size), self.ledger.now().isoformat(timespec="seconds")
        unsigned = SignedTree(self.id, head.size, head.root, at, self._key.public, b"")
        return replace(unsigned, signature=self._key.sign(unsigned.statement))

    def sign(self, statement: bytes) -> bytes:
        """The office's signature that seals what leaves: over its SHA-256 and this register's id.

        What is signed begins with words of its own, so that no seal can be shown as a signed head.
        ``KEY_MISSING`` or ``KEY_LOCKED`` without the office's key.
        """
        if self._key is None:
            raise self.key_fault or FallowError("KEY_MISSING", self.path.with_suffix(".key").name)
        return self._key.sign(keys.sealing(self.id, statement))

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

    def add_sheet(self, sheet: Sheet, delivery: int = 0, act: Approval | None = None) -> range:
        """Enter many first statements at once, and approve them in ``act`` when one is given.

        The same as :meth:`add` of ``sheet.drafts()`` and :meth:`Approval.receive`, in a third of the time.
        """
        with self.writing():
            short = act.short(sheet) if act is not None else ()
            day, declared = (act.day, act.declared) if act is not None else ("", False)
            numbers, fields = receiving.add_sheet(
                self._connection, self.ledger, self.model, sheet, delivery, short, day, declared=declared
            )
            if act is not None:
                act.receive_sheet(sheet, delivery, numbers, fields, short, self.today())
            return numbers

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
        with self.approving(by, why, as_of, accept) as act:
            act.read(as_ranges(reports))
        if as_of is None:
            spans = as_ranges(act.approved)
            act.outcome.late, act.outcome.learned = receiving.late(self._connection, spans, act.day)
        return act.outcome

    @contextmanager
    def approving(
        self, by: str, why: str, as_of: str | None = None, accept: Iterable[str] = ()
    ) -> Iterator[Approval]:
        """One act of approving inside one transaction; the decision is entered when the block ends well.

        ``act.read(ranges)`` takes reports by number; ``act.receive(numbers, drafts, register.today())`` takes
        reports added inside the block without reading them back.
        """
        with self.writing():
            self._named(by, why)
            Rights(self.ledger).require(by, "approve")
            day = self._decision_day(as_of)
            accepted = frozenset(accept)
            act = Approval(self._connection, self.model, day, accepted, declared=as_of is not None)
            yield act
            act.finish()
            self._close(act.books)
            if act.approved:
                spans = as_ranges(act.approved)
                body = {"by": by, "why": why, "reports": spans, "accept": sorted(accepted)}
                number = self.ledger.append("approve", [canonical(self._dated(body, as_of))])[0]
                rest = without(spans, act.marked)
                receiving.mark_approved(self._connection, rest, day, declared=as_of is not None)
                act.outcome.decision = number
                act.outcome.approved = sum(high - low + 1 for low, high in spans)

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
        """Destroy the personal values of a record for good; the ledger goes on verifying.

        The sealed originals that hold them are destroyed with them: what they said about others is in the
        reports, and in the vault, already.
        """
        with self.writing():
            self._named(by, why)
            Rights(self.ledger).require(by, "erase")
            self.vault.require_open()
            Books(self._connection, self.model).kind_of(record)
            originals = sources.sealed_originals(self._connection, self.files, record)
            body = {"by": by, "why": why, "record": record, "files": originals}
            self._decide("erase", body, [record], None)
        for digest in originals:
            self.vault.erase_file(digest)
            self.files.erase(digest)
        return self.vault.erase(record)

    # -- ending -----------------------------------------------------------------------------------------

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

    @property
    def key_public(self) -> str | None:
        """The public half of the key that is open, as hex."""
        return self._key.public if self._key else None

    # -- inside ------------------------------------------------------------------------------------------

    def _named(self, by: str, why: str) -> None:
        if not person_key(by):
            raise FallowError("NAME_NEEDED", "by")
        if not why.strip():
            raise FallowError("REASON_NEEDED", "why")

    def today(self) -> str:
        """The day of this register's clock, never before the last entry of its ledger."""
        return max(self.ledger.now().date().isoformat(), self.ledger.head()[2][:10])

    def _decision_day(self, as_of: str | None) -> str:
        today = self.today()
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
