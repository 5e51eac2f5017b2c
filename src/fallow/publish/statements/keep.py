"""Step 4, keeping statements: a file becomes a report of its authors, a signature a report of the signer.

Nothing here decides: what is written waits for approval like every report, unless the caller names who
approves it. A statement is computed once before it is kept, so a figure that does not exist is found by its
author and not by its readers.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date as calendar
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from fallow.errors import FallowError, Finding
from fallow.publish.statements.file import read_statement
from fallow.publish.statements.public import for_public
from fallow.publish.statements.statement import NAME, Statement, found_statement, organisation, publication_of
from fallow.publish.statements.terms import Terms
from fallow.register import Delivery, Draft, Record, Register

SOURCE = "statements"


@dataclass(frozen=True, slots=True)
class Kept:
    """What was entered.

    Attributes
    ----------
    record
        Id of the statement or signature.
    reports
        Ledger numbers of its reports, the statement's first.
    approved
        How many of them count already.
    findings
        What its author should look at.
    public
        Of a statement, which numbers public readers would not get, and why.
    """

    record: str
    code: str
    reports: tuple[int, ...]
    approved: int
    findings: tuple[Finding, ...] = ()
    public: tuple[Finding, ...] = ()


def new_statement(register: Register, path: Path, *, by: str | None = None, why: str = "") -> Kept:
    """Keep a statement and the signatures in its file; approve them when ``by`` is given.

    A file with the code of a statement that is there is a further report about it.
    """
    written = read_statement(path, register.model.kind(NAME), register)
    fields = written.fields
    record = _id(register, NAME, str(fields["code"]))
    statement = _statement(fields)
    public = for_public(register, publication_of(register, statement))  # every figure is computed, or refused
    drafts = [_draft(NAME, record, str(fields["date"]), fields, by)]
    for one in written.signatures:
        drafts.append(_signing(register, record, str(fields["code"]), one, by))
    who = str(fields.get("issuer_stated") or by or register.settings.get("title", ""))
    numbers, approved = _enter(register, drafts, who, by, why)
    return Kept(record, str(fields["code"]), numbers, approved, statement.findings, public)


def sign(
    register: Register,
    statement: str,
    name: str,
    *,
    organisation: str = "",
    mandate: str = "",
    date: str | None = None,
    contacts: str = "",
    by: str | None = None,
    why: str = "",
) -> Kept:
    """Keep somebody's signature under a statement. ``contacts`` go to the vault.

    Raises
    ------
    FallowError
        ``STATEMENT_UNKNOWN``, ``SIGNATURE_TWICE``, ``NAME_NEEDED``.
    """
    view = register.at()
    record = found_statement(view, statement)
    if not name.strip():
        raise FallowError("NAME_NEEDED", "name")
    given = {"name": name, "organisation": organisation, "mandate": mandate, "date": date or register.today()}
    draft = _signing(register, record.id, str(record.fields["code"]), given, by, contacts)
    there = view.record(draft.record)
    if there is not None and there.fields.get("signature_status") == "standing":
        raise FallowError("SIGNATURE_TWICE", str(record.fields["code"]))
    numbers, approved = _enter(register, [draft], name, by, why)
    return Kept(draft.record, str(draft.fields["code"]), numbers, approved)


def withdraw(
    register: Register,
    statement: str,
    name: str,
    *,
    why: str,
    organisation: str = "",
    date: str | None = None,
    by: str | None = None,
) -> Kept:
    """Keep that somebody took back a signature; the signature itself is not erased.

    Raises
    ------
    FallowError
        ``STATEMENT_UNKNOWN``, ``SIGNATURE_UNKNOWN``, ``REASON_NEEDED``.
    """
    view = register.at()
    record = found_statement(view, statement)
    code = str(record.fields["code"])
    if not why.strip():
        raise FallowError("REASON_NEEDED", "why")
    found = [
        one
        for one in view.records("signature", {"statement": record.id})
        if _same(one.fields.get("signed_name"), name)
        and one.fields.get("signature_status") == "standing"
        and (not organisation or _same(_organisation_of(register, one), organisation))
    ]
    if len(found) != 1:
        raise FallowError("SIGNATURE_UNKNOWN" if not found else "SIGNATURE_TWICE", code)
    signed = found[0]
    fields = {
        "signature_status": "withdrawn",
        "withdrawn_on": _day(date or register.today()),
        "withdrawal_reason": why,
    }
    draft = _draft("signature", signed.id, str(signed.fields["date"]), fields, by)
    numbers, approved = _enter(register, [draft], name, by, why)
    return Kept(signed.id, str(signed.fields.get("code")), numbers, approved)


def _same(one: object, other: str) -> bool:
    return " ".join(str(one or "").split()).casefold() == " ".join(other.split()).casefold()


def _organisation_of(register: Register, one: Record) -> str:
    return organisation(register.at(), one.fields.get("organisation"), one.fields.get("organisation_stated"))


def _statement(fields: Mapping[str, Any]) -> Statement:
    return Statement(
        code=str(fields["code"]),
        titles=fields["names"],
        texts=fields["body"],
        terms=Terms.of_json(fields["recipe"]),
        date=str(fields["date"]),
        known=fields.get("figures_known_on"),
    )


def _enter(
    register: Register,
    drafts: Sequence[Draft],
    who: str,
    by: str | None,
    why: str,
) -> tuple[tuple[int, ...], int]:
    """One delivery with these reports, approved when somebody is named."""
    with register.writing():
        delivery = register.receive(
            Delivery(
                source=SOURCE,
                who=who,
                delivered=register.today(),
                declared=False,
                files=(),
                mapping=sha256(orjson.dumps([dict(one.fields) for one in drafts])).hexdigest(),
                title=drafts[0].fields.get("name") or "",
            )
        )
        numbers = register.add(drafts, delivery)
        outcome = register.approve([numbers], by=by, why=why) if by else None
    return tuple(numbers), outcome.approved if outcome else 0


def _draft(
    kind: str, record: str, true: str, fields: Mapping[str, Any], by: str | None, **rest: Any
) -> Draft:
    return Draft(
        kind=kind, record=record, source=SOURCE, author=by or "", true=true, fields=dict(fields), **rest
    )


def _signing(
    register: Register,
    statement: str,
    code: str,
    given: Mapping[str, str],
    by: str | None,
    contacts: str = "",
) -> Draft:
    """A signature; the same name for the same organisation under one statement is the same record."""
    name, organisation = given["name"].strip(), given.get("organisation", "").strip()
    record = _id(register, "signature", statement, name.casefold(), organisation.casefold())
    fields = {
        "code": f"{code}-{record[-6:]}",
        "statement": statement,
        "signed_name": name,
        "date": _day(given["date"]),
        "signature_status": "standing",
        "organisation_stated": organisation or None,
        "mandate": given.get("mandate", "").strip() or None,
        "withdrawn_on": None,
        "withdrawal_reason": None,
    }
    secret = {"signatory_contacts": contacts} if contacts else {}
    return _draft("signature", record, str(fields["date"]), fields, by, secret=secret)


def _day(given: str) -> str:
    try:
        return calendar.fromisoformat(given).isoformat()
    except ValueError as error:
        raise FallowError("DATE_FORMAT", "date", found=given[:40]) from error


def _id(register: Register, *parts: str) -> str:
    """A UUID of version 8 out of what makes it the same record."""
    digest = bytearray(sha256("\x1f".join((register.id, *parts)).encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(digest)))
