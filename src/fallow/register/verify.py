"""Step 2, verifying: walk the chain, the signatures, the rows and the files, and name what is damaged.

Four questions, from the cheap to the dear: does every entry hash to what it says over the one before it; is
every signed head signed by the office's key; does every history row hash to what it says; and, with
``refold``, is the history what the ledger folds to.
"""

# ruff: noqa: S608 - names in SQL come from the checked model, values are always bound

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, ClassVar

import shapely

from fallow.errors import FallowError, Finding
from fallow.kinds import Model, columns
from fallow.register import keys
from fallow.register.files import FileStore
from fallow.register.history import HistoryWriter, row_hash
from fallow.register.ledger import GENESIS, LENGTHS
from fallow.register.prefix import fold_prefix
from fallow.register.schema import BOUNDS
from fallow.register.summing import summed
from fallow.register.vault import Vault
from fallow.register.verify_indexes import boxes, content_of, damage, decisions, definitions, reports, sums


@dataclass(slots=True)
class Verdict:
    """What was walked and what was found."""

    entries: int = 0
    heads: int = 0
    rows: int = 0
    files: int = 0
    sealed: int = 0
    erased: int = 0
    refolded: bool = False
    head: str = ""
    COUNTS: ClassVar[tuple[str, ...]] = ("entries", "heads", "rows", "files", "sealed", "erased")
    findings: list[Finding] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing is damaged; a note (the vault is elsewhere) is no damage."""
        return all(one.level == "note" for one in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        counts = {name: getattr(self, name) for name in (*self.COUNTS, "refolded", "head")}
        return {"holds": self.holds, **counts, "findings": [one.as_dict() for one in self.findings]}


def verify(
    connection: sqlite3.Connection,
    model: Model,
    register_id: str,
    files: FileStore,
    vault: Vault,
    *,
    refold: bool = False,
) -> Verdict:
    """Verify a register; damage is reported, never raised."""
    verdict = Verdict()
    steps: list[Callable[[], Iterator[Finding]]] = [
        lambda: _file(connection),
        lambda: _chain(connection, verdict),
        lambda: _heads(connection, register_id, verdict),
        lambda: _model(connection),
        lambda: definitions(connection, model),
        lambda: reports(connection),
        lambda: decisions(connection),
        lambda: _rows(connection, model, verdict),
        lambda: boxes(connection, model),
        lambda: _files(connection, files, verdict),
        lambda: _vault(connection, vault, verdict),
    ]
    if refold:
        steps.append(lambda: _refolded(connection, model, verdict))
    for step in steps:
        verdict.findings.extend(_walked(connection, verdict, step))
    return verdict


_FAULTS = (
    sqlite3.Error,
    shapely.errors.ShapelyError,
    FallowError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    struct.error,
)
"""What a damaged file makes of a row: wrong types, broken text, shapes and dates, missing parts."""


def _walked(
    connection: sqlite3.Connection, verdict: Verdict, step: Callable[[], Iterator[Finding]]
) -> list[Finding]:
    """The findings of a step; one that damage stops is walked again with forgiving text."""
    before = replace(verdict)
    try:
        return list(step())
    except _FAULTS:
        for name in Verdict.COUNTS:
            setattr(verdict, name, getattr(before, name))
    found: list[Finding] = []
    connection.text_factory = lambda raw: raw.decode(errors="replace")
    try:
        for one in step():
            found.append(one)  # kept one by one: what was found before a fault is not lost
    except _FAULTS as error:
        found.append(damage("REGISTER_DAMAGED", "register", found=type(error).__name__))
    finally:
        connection.text_factory = str
    return found


def _file(connection: sqlite3.Connection) -> Iterator[Finding]:
    for (said,) in connection.execute("PRAGMA integrity_check(20)"):
        if said != "ok":
            yield damage("REGISTER_DAMAGED", "file", found=said)


def chain_only(connection: sqlite3.Connection) -> Verdict:
    """Walk nothing but the hash chain of the ledger."""
    verdict = Verdict()
    verdict.findings.extend(_chain(connection, verdict))
    return verdict


def _chain(connection: sqlite3.Connection, verdict: Verdict) -> Iterator[Finding]:
    before, expected, digest = GENESIS, 1, sha256
    pack = LENGTHS.pack
    rows = connection.execute(
        "SELECT number, CAST(id AS BLOB), CAST(verb AS BLOB), CAST(at AS BLOB), CAST(body AS BLOB), "
        "CAST(geometry AS BLOB), hash FROM fallow_ledger ORDER BY number"
    )
    for number, id, verb, at, body, geometry, hash in rows:
        verdict.entries += 1
        if number != expected:
            yield damage("ENTRY_MISSING", f"entry {expected}", found=number)
        head = b"|".join((id, verb, at))
        shape = geometry or b""
        computed = digest(
            b"".join((before, pack(number, len(head), len(body), len(shape)), head, body, shape))
        ).digest()
        if computed != hash:
            yield damage(
                "ENTRY_DAMAGED",
                f"entry {number}",
                verb=verb.decode(errors="replace"),
                record=str(content_of(body).get("record", "-")),
            )
        before, expected = hash, number + 1
    verdict.head = before.hex()


def _model(connection: sqlite3.Connection) -> Iterator[Finding]:
    """The carried model must be the one the ledger last signed for."""
    carried = connection.execute("SELECT value FROM fallow_setting WHERE name = 'model'").fetchone()
    signed = connection.execute(
        "SELECT body FROM fallow_ledger WHERE verb IN ('found', 'model') ORDER BY number DESC LIMIT 1"
    ).fetchone()
    said = str(content_of(signed[0]).get("model_sha256", "")) if signed else ""
    if carried is None or sha256(carried[0].encode()).hexdigest() != said:
        yield damage("MODEL_EDITED", "model", found=said[:12] or "-")


def _heads(connection: sqlite3.Connection, register_id: str, verdict: Verdict) -> Iterator[Finding]:
    first = connection.execute("SELECT body FROM fallow_ledger WHERE number = 1").fetchone()
    public = content_of(first[0]).get("key", "") if first else ""
    last = 0
    rows = connection.execute(
        "SELECT h.number, h.hash, h.at, h.key, h.signature, l.hash FROM fallow_head h "
        "LEFT JOIN fallow_ledger l ON l.number = h.number ORDER BY h.number"
    )
    for number, hash, at, key, signature, entry in rows:
        verdict.heads += 1
        last = number
        if entry is None:
            yield damage("LEDGER_CUT", f"head {number}", found=verdict.entries)
        elif entry != hash:
            yield damage("HEAD_MISMATCH", f"head {number}")
        elif key != public or not keys.verified(
            public, signature, keys.statement(register_id, number, hash, at)
        ):
            yield damage("SIGNATURE_WRONG", f"head {number}")
    if last < verdict.entries:
        yield damage("HEAD_UNSIGNED", f"entry {verdict.entries}", found=last)


def _rows(connection: sqlite3.Connection, model: Model, verdict: Verdict) -> Iterator[Finding]:
    for kind in model.kinds.values():
        table = f"{kind.name}_history"
        names = [one.name for one in columns(kind)]
        listed = "".join(f', "{one}"' for one in names)
        geometry = "geom" if kind.shapes else "NULL"
        bounds, beside = ", ".join(("record", *BOUNDS)), "conflict, awaiting, declared, reports"
        rows = connection.execute(
            f'SELECT fid, row_hash, {geometry}, {bounds}, {beside}{listed} FROM "{table}"'
        )
        broken: set[int] = set()
        for row in rows:
            verdict.rows += 1
            cells = {name: value for name, value in zip(names, row[12:], strict=True) if value is not None}
            if row_hash(row[3:8], cells, row[8:12], row[2]) != row[1]:
                broken.add(row[0])
                yield damage("ROW_DAMAGED", f"{table} row {row[0]}", record=row[3])
        if summed(connection, kind):
            yield from sums(connection, kind, broken)


def _files(connection: sqlite3.Connection, files: FileStore, verdict: Verdict) -> Iterator[Finding]:
    named: set[str] = set()
    for (body,) in connection.execute("SELECT body FROM fallow_ledger WHERE verb = 'delivery'"):
        named.update(one["sha256"] for one in content_of(body).get("files", ()))
    erased: set[str] = set()
    for (body,) in connection.execute("SELECT body FROM fallow_ledger WHERE verb = 'erase'"):
        erased.update(content_of(body).get("files", ()))
    for digest in sorted(named):
        verdict.files += 1
        if digest not in erased and not files.has(digest):
            yield damage("FILE_MISSING", digest)
    for digest in files.damaged():
        yield damage("FILE_DAMAGED", digest)


def _vault(connection: sqlite3.Connection, vault: Vault, verdict: Verdict) -> Iterator[Finding]:
    try:
        kept = vault.commitments()
    except sqlite3.DatabaseError:
        yield damage("VAULT_DAMAGED", vault.path.name)
        kept = {}
    erased: dict[str, int] = {}
    for number, body in connection.execute("SELECT number, body FROM fallow_ledger WHERE verb = 'erase'"):
        erased[content_of(body).get("record", "")] = number
    rows = connection.execute(
        "SELECT number, body FROM fallow_ledger WHERE verb = 'report' AND instr(body, '\"sealed\"')"
    )
    for number, body in rows:
        said = content_of(body)
        if "sealed" not in said:
            continue
        there = kept.get(said["sealed"]["id"])
        if number < erased.get(said["record"], 0):
            verdict.erased += 1
            if there is not None:
                yield damage("ERASURE_UNFINISHED", f"report {number}", record=said["record"])
            continue
        verdict.sealed += 1
        if vault.path.exists() and there != said["sealed"]["sha256"]:
            yield damage("SEALED_DAMAGED", f"report {number}", record=said["record"])
    if verdict.sealed and not vault.path.exists():
        # A register is copied and mailed without its vault: said, but not damage.
        yield Finding("VAULT_MISSING", "note", vault.path.name, {})


def _refolded(connection: sqlite3.Connection, model: Model, verdict: Verdict) -> Iterator[Finding]:
    last = connection.execute("SELECT max(number) FROM fallow_ledger").fetchone()[0] or 0
    for kind in model.kinds.values():
        writer = HistoryWriter(connection, kind)
        expected: dict[bytes, str] = {}
        for one in fold_prefix(connection, model, kind, last):
            expected[writer.hash_of(one)] = one.record
        rows = connection.execute(f'SELECT row_hash, record FROM "{writer.table}"')
        for hash, record in rows:
            if expected.pop(bytes(hash), None) is None:
                yield damage("ROW_NOT_FOLDED", f"{writer.table}", record=record)
        for record in expected.values():
            yield damage("ROW_LOST", f"{writer.table}", record=record)
    verdict.refolded = True
