"""Face two, pages: rendered on the server; each says its data date and what a map does not (S4)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from fallow.errors import FallowError
from fallow.register import Register
from fallow.web import api, asked, built, guard, lives, picture, tables, wording
from fallow.web.desk import Desk
from fallow.words import LANGUAGES, in_language, say


def map_page(request: HttpRequest) -> Any:
    """The map, its table and its two clocks."""
    desk, when = _desk(request), asked.when(request.GET)
    with desk.reading() as register:
        context = _context(request, register, when, "map") | {"config": _config(desk, register, when)}
        return render(request, "map.html", context)


def records_start(request: HttpRequest) -> Any:
    """Every kind with how many records it has."""
    desk, when = _desk(request), asked.when(request.GET)
    with desk.reading() as register:
        view = when.view(register)
        listed = [
            {
                "name": one.name,
                "plural": in_language(one.plural),
                "about": in_language(one.about),
                "count": view.count(one.name),
                "unlocated": view.unlocated(one.name),
            }
            for one in register.model.kinds.values()
        ]
        context = _context(request, register, when, "records") | {
            "kinds": [one for one in listed if one["count"]],
            "empty": [one for one in listed if not one["count"]],
        }
        return render(request, "kinds.html", context)


def records_page(request: HttpRequest, kind: str) -> Any:
    """Forty records of a kind, filtered and sorted."""
    desk, when = _desk(request), asked.when(request.GET)
    with desk.reading() as register:
        table = tables.table(desk, register, kind, when, request.GET)
        context = _context(request, register, when, "records") | {
            "table": table,
            "kinds": [(one.name, in_language(one.plural)) for one in register.model.kinds.values()],
        }
        return render(request, "records.html", context)


def record_page(request: HttpRequest, record: str) -> Any:
    """One record: what stands, what needs a decision, and its life; ``?panel=1`` is for the map's side."""
    desk, when = _desk(request), asked.when(request.GET)
    with desk.reading() as register:
        told = lives.told(register, asked.record_id(record), when)
        context = _context(request, register, when, "records") | {"record": told}
        panel = request.GET.get("panel") == "1"
        return render(request, "panel.html" if panel else "record.html", context)


def about_page(request: HttpRequest) -> Any:
    """How to read the map: clocks, symbols, sources, accuracy, and what is not shown."""
    desk, when = _desk(request), asked.when(request.GET)
    with desk.reading() as register:
        context = _context(request, register, when, "about")
        context["legend"] = [one for one in api.legend(register) if one["shown"]]
        context["deliveries"] = [
            {
                "who": one.delivery.who,
                "title": one.delivery.title or one.delivery.source,
                "delivered": one.delivery.delivered,
                "licence": one.delivery.licence,
            }
            for one in reversed(register.deliveries())
        ]
        return render(request, "about.html", context)


def choose_language(request: HttpRequest, chosen: str) -> Any:
    """Remember a language and go back to where the person was."""
    if chosen not in LANGUAGES:
        raise FallowError("WEB_PARAMETER", "language", name="language", found=asked.shown(chosen))
    back = request.GET.get("back", "/")
    here = url_has_allowed_host_and_scheme(back, allowed_hosts=None) and back.startswith("/")
    response = HttpResponseRedirect(back if here else "/")
    response.set_cookie(
        guard.LANGUAGE_COOKIE, chosen, max_age=31_536_000, httponly=True, samesite="Strict", path="/"
    )
    return response


def _desk(request: HttpRequest) -> Desk:
    desk: Desk = request.META["fallow.desk"]
    return desk


def _context(request: HttpRequest, register: Register, when: asked.When, page: str) -> dict[str, Any]:
    view = when.view(register)
    today = picture.today(register)
    return {
        "page": page,
        "site": built.entry("site"),
        "map": built.entry("map") if page == "map" else None,
        "title": register.settings.get("title") or register.path.stem,
        "invented": bool(register.settings.get("invented")),
        "when": when,
        "query": when.query(),
        "known": view.known or today,
        "true": view.true or today,
        "today": today,
        "data_date": picture.data_date(register),
        "back": request.get_full_path(),
    }


def _config(desk: Desk, register: Register, when: asked.When) -> dict[str, Any]:
    """What the script of the map starts from."""
    country = str(register.settings.get("country") or "").upper()
    base = country if country and built.has(f"base/{country}.json") else "world"
    return {
        "kinds": api.legend(register),
        "words": wording.said_words(),
        "bounds": picture.bounds(desk, register, when),
        "extent": register.settings.get("extent") or [],
        "base": f"/built/base/{base}.json",
        "places": f"/built/places/{base}.json",
        "today": picture.today(register),
        "title": say("web.title.map"),
    }
