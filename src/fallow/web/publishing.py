"""Face two, publishing: what can leave, a form for each, a look at what its readers get, and the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import FileResponse, HttpRequest
from django.shortcuts import render

from fallow.errors import FallowError
from fallow.publish import Publication, look_at_statement, publications
from fallow.register import Record, Register, View
from fallow.web import asked, pages, wording
from fallow.web.desk import Desk
from fallow.web.publishing_asked import (
    Subject,
    Wish,
    chosen,
    command,
    entered,
    form,
    fresh,
    kept_shape,
    offers,
    prepared,
)
from fallow.web.publishing_made import Packed, key_state, made
from fallow.web.publishing_shown import Shown, judged, shown
from fallow.words import in_language, say

STATEMENT = "statement"


@dataclass(frozen=True, slots=True)
class Listed:
    """One statement of the register and who stands behind it."""

    id: str
    code: str
    title: str
    date: str
    signed: tuple[tuple[str, str], ...]
    withdrawn: tuple[tuple[str, str], ...]


def publish_start(request: HttpRequest) -> Any:
    """Everything that can be published, and the statements with who signed them."""
    desk, when = pages._desk(request), asked.when(request.GET)
    with desk.reading() as register:
        context = pages._context(request, register, when, "publish") | {
            "publications": [
                {
                    "name": one.name,
                    "title": in_language(one.title),
                    "about": say(f"web.publish.for.{one.name}"),
                }
                for one in publications().values()
            ],
            "statements": _statements(register, when),
        }
        return render(request, "publish.html", context)


def publish_page(request: HttpRequest, name: str) -> Any:
    """One publication: its form, the look at it, the file."""
    builder = publications().get(name.replace("-", "_"))
    if builder is None:
        raise FallowError("PUBLICATION_UNKNOWN", asked.shown(name), known=", ".join(publications()))
    about = say(f"web.publish.for.{builder.name}")
    subject = Subject(builder.name, in_language(builder.title), about, builder)
    desk = pages._desk(request)
    with desk.reading() as register:
        return _answered(request, desk, register, subject)


def statement_page(request: HttpRequest, record: str) -> Any:
    """The same for a statement of the register."""
    desk = pages._desk(request)
    id = asked.record_id(record)
    with desk.reading() as register:
        found = register.at().record(id)
        if found is None or found.kind != STATEMENT:
            raise FallowError("STATEMENT_UNKNOWN", id)
        subject = Subject(_code(found), _title(found), say("web.publish.for.statement"), statement=id)
        return _answered(request, desk, register, subject)


def _answered(request: HttpRequest, desk: Desk, register: Register, subject: Subject) -> Any:
    if request.method != "POST":
        return _page(request, desk, register, subject, fresh(request.GET))
    wish = entered(request, subject)
    try:
        if request.POST.get("do") == "download":
            return _sent(_made(desk, register, subject, wish))
        publication = prepared(subject, wish, register)
        wish = kept_shape(wish, publication)
        chosen(wish)
        found = shown(publication, wish, register)
    except FallowError as error:
        return _page(request, desk, register, subject, wish, error=error)
    return _page(request, desk, register, subject, judged(publication, wish), found=found)


def _made(desk: Desk, register: Register, subject: Subject, wish: Wish) -> Packed:
    """The file; reasons for small numbers hold for the numbers they were given for, or nothing leaves."""
    chosen(wish)

    def prepare(keeper: Register) -> Publication:
        publication = prepared(subject, wish, keeper)
        if wish.accepted and not judged(publication, wish).accepted:
            raise FallowError("WEB_NUMBERS_CHANGED", subject.name)
        return publication

    return made(
        desk.path,
        register,
        prepare,
        wish.audience,
        languages=wish.languages,
        formats=wish.formats,
        bundle=wish.bundle,
        accepted=wish.accepted,
        by=wish.by,
    )


def _sent(packed: Packed) -> FileResponse:
    return FileResponse(packed.content, as_attachment=True, filename=packed.name, content_type=packed.type)


def _page(
    request: HttpRequest,
    desk: Desk,
    register: Register,
    subject: Subject,
    wish: Wish,
    *,
    error: FallowError | None = None,
    found: Shown | None = None,
) -> Any:
    context = pages._context(request, register, asked.When(), "publish") | {
        "subject": subject,
        "wish": wish,
        "fields": form(subject, wish, desk, register),
        "wrong": _wrong(subject, error),
        "error": error,
        "shown": found,
        "key": key_state(desk.path),
        "command": command(subject, wish),
        "back": request.path,
        "untold": _untold(register, subject) if request.method != "POST" else None,
        **offers(wish),
    }
    status = error.entry.http_status if error else 200
    return forms_page(request, "publish_one.html", context, status)


def _untold(register: Register, subject: Subject) -> list[dict[str, Any]] | None:
    """What public readers would not get of a statement; of anything else nothing is said."""
    if not subject.statement:
        return None
    try:
        told: list[dict[str, Any]] = look_at_statement(register, subject.statement)["public"]
    except FallowError as error:
        return [error.as_dict()]
    return told


def forms_page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> Any:
    """A page that sends a form: it may name itself as the sender, to itself and to nobody else."""
    response = render(request, template, context, status=status)
    # with the guard's `no-referrer` a browser sends forms from nowhere, like one that somebody forged
    response["Referrer-Policy"] = "same-origin"
    return response


def _wrong(subject: Subject, error: FallowError | None) -> str:
    """The field an error speaks of; empty when it speaks of none."""
    if error is None:
        return ""
    named = [error.where.rpartition(".")[2], *(str(error.facts.get(one, "")) for one in ("name", "found"))]
    fields = {*subject.parameters, "known", "true", "audience", "languages", "formats", "by"}
    known = next((one for one in named if one in fields), "")
    return "by" if error.code == "ACCEPTED_BY" else known


def _statements(register: Register, when: asked.When) -> list[Listed]:
    """Statements, the last first, with the signatures that stand and those taken back."""
    view = when.view(register)
    if STATEMENT not in register.model.kinds:
        return []
    signed: dict[str, list[Record]] = {}
    for one in view.records("signature") if "signature" in register.model.kinds else ():
        signed.setdefault(str(one.fields.get("statement")), []).append(one)
    found = []
    for one in view.records(STATEMENT):
        of = sorted(signed.get(one.id, []), key=lambda other: str(other.fields.get("date") or ""))
        gone = [other for other in of if _withdrawn(other)]
        found.append(
            Listed(
                one.id,
                _code(one),
                _title(one),
                str(one.fields.get("date") or ""),
                tuple(_signatory(view, other, "date") for other in of if other not in gone),
                tuple(_signatory(view, other, "withdrawn_on") for other in gone),
            )
        )
    return sorted(found, key=lambda one: (one.date, one.code), reverse=True)


def _withdrawn(one: Record) -> bool:
    return one.fields.get("signature_status") == "withdrawn" or bool(one.fields.get("withdrawn_on"))


def _signatory(view: View, one: Record, day: str) -> tuple[str, str]:
    """Name, with the organisation as stated or else by its record, and a day."""
    fields = one.fields
    linked = view.record(str(fields["organisation"])) if fields.get("organisation") else None
    of = fields.get("organisation_stated") or (linked.fields.get("name") if linked else "")
    words = [str(fields.get("signed_name") or ""), str(of or "")]
    return wording.listed(word for word in words if word), str(fields.get(day) or "")


def _code(one: Record) -> str:
    return str(one.fields.get("code") or one.id)


def _title(one: Record) -> str:
    names = one.fields.get("names")
    told = in_language(names) if isinstance(names, dict) and names else ""
    return told or str(one.fields.get("name") or _code(one))
