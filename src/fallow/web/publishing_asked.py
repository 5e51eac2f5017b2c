"""Face two, what is to be published: the form of a publication, and what a person entered into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import shapely
from django.http import HttpRequest, QueryDict

from fallow.analysis import Parameter, analyses
from fallow.errors import FallowError
from fallow.publish import AUDIENCES, FORMATS, Builder, Publication, prepare, statement_publication
from fallow.register import Register
from fallow.web import asked, picture
from fallow.web.desk import Desk
from fallow.web.figures_asked import Choice
from fallow.web.publishing_made import scratch
from fallow.words import LANGUAGE_NAMES, LANGUAGES, catalogue, current_language, in_language, say

SMALL = "small:"
"""Beginning of the name of the field in which a reason for one small number is given."""

PARCEL = "parcel"
_PARCEL_CHARACTERS = 4_000_000
_SHAPES = ("POLYGON", "MULTIPO")
_PLACES = 500
"""Places offered as choices; past that their ids are typed."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a page publishes: a builder, or one statement of the register."""

    name: str
    title: str
    about: str
    builder: Builder | None = None
    statement: str = ""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of what it is asked."""
        return self.builder.parameters if self.builder else ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person entered, as it was entered; nothing of it is checked yet.

    Attributes
    ----------
    given
        By parameter, the texts that are not empty.
    accepted
        By id of a figure the reason why it stands although it is small.
    judged
        Digest of the numbers for which those reasons were given.
    """

    given: Mapping[str, str] = field(default_factory=dict)
    known: str = ""
    true: str = ""
    audience: str = ""
    languages: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    bundle: bool = False
    accepted: Mapping[str, str] = field(default_factory=dict)
    by: str = ""
    judged: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form; ``sort`` is ``day``, ``year``, ``month``, ``number``, ``one``, ``parcel``..."""

    name: str
    label: str
    help: str
    sort: str
    value: str
    required: bool
    choices: tuple[Choice, ...] = ()


def fresh(query: QueryDict) -> Wish:
    """The form before anything was entered: this language, two formats, and no audience."""
    return Wish(
        known=query.get("known", "")[: asked.LONGEST],
        true=query.get("true", "")[: asked.LONGEST],
        languages=(current_language(),),
        formats=("xlsx", "pdf"),
    )


def entered(request: HttpRequest, subject: Subject) -> Wish:
    """What was entered. A file takes the place of what stands in the field of the parcel."""
    sent = request.POST
    given = {name: sent.get(name, "").strip() for name in subject.parameters}
    file = request.FILES.get(f"{PARCEL}_file")
    if PARCEL in subject.parameters and file is not None:
        given[PARCEL] = file.read(_PARCEL_CHARACTERS + 1).decode("utf-8", "replace").lstrip("\ufeff").strip()
    small = {key.removeprefix(SMALL): sent.get(key, "").strip() for key in sent if key.startswith(SMALL)}
    return Wish(
        given={name: value for name, value in given.items() if value},
        known=sent.get("known", "").strip(),
        true=sent.get("true", "").strip(),
        audience=sent.get("audience", ""),
        languages=tuple(sent.getlist("language")),
        formats=tuple(sent.getlist("format")),
        bundle=sent.get("bundle") == "yes",
        accepted={figure: why for figure, why in small.items() if why},
        by=sent.get("by", "").strip(),
        judged=sent.get("judged", ""),
    )


def prepared(subject: Subject, wish: Wish, register: Register) -> Publication:
    """The publication that was asked for, not yet redacted; refuses as the command line does."""
    clocks = {name: _text(name, value) for name, value in (("known", wish.known), ("true", wish.true))}
    clocks = {name: value for name, value in clocks.items() if value}
    if subject.builder is None:
        return statement_publication(register, subject.statement, languages=wish.languages, **clocks)  # type: ignore[arg-type]
    given: dict[str, Any] = {
        name: value if name == PARCEL else _text(name, value) for name, value in wish.given.items()
    }
    parcel = given.get(PARCEL, "")
    if len(parcel) > _PARCEL_CHARACTERS:
        raise FallowError("PARCEL_FILE", PARCEL)
    if not parcel or parcel.lstrip()[:7].upper() in _SHAPES:
        return prepare(subject.name, register, **clocks, **given)
    # On the command line anything else names a file; here that would be one of the machine that serves.
    with scratch() as folder:
        file = folder / "parcel.geojson"
        file.write_text(parcel, encoding="utf-8", newline="")
        return prepare(subject.name, register, **clocks, **{**given, PARCEL: str(file)})


def kept_shape(wish: Wish, publication: Publication) -> Wish:
    """The wish with the parcel as the shape that was read: no file has to be chosen again afterwards."""
    if PARCEL not in wish.given:
        return wish
    shape = publication.results["parcel"].recipe.parameters.get("parcel", wish.given[PARCEL])
    return replace(wish, given={**wish.given, PARCEL: str(shape)})


def chosen(wish: Wish) -> None:
    """Refuse a wish in which nothing is chosen where a person has to choose."""
    for value, label in (
        (wish.audience, "web.publish.audience"),
        (wish.languages, "web.publish.languages"),
        (wish.formats, "web.publish.formats"),
    ):
        if not value:
            raise FallowError("WEB_NOT_CHOSEN", label.rpartition(".")[2], name=say(label))
    for name, value in (("audience", wish.audience), ("by", wish.by)):
        _text(name, value)
    # what the gate refuses when it writes is refused when one looks, or the look would promise it
    for one in wish.languages:
        if one not in LANGUAGES:
            raise FallowError("PUBLISH_LANGUAGE", asked.shown(one), known=", ".join(LANGUAGES))
    for one in wish.formats:
        if one not in FORMATS:
            known = ", ".join(FORMATS)
            raise FallowError("PUBLISH_FORMAT", "formats", found=asked.shown(one), known=known)
    if wish.accepted and not wish.by:
        raise FallowError("ACCEPTED_BY", ", ".join(sorted(wish.accepted))[:200])


def form(subject: Subject, wish: Wish, desk: Desk, register: Register) -> list[Field]:
    """The fields of what the publication is asked, filled in as entered."""
    return [_field(subject, name, wish, desk, register) for name in subject.parameters]


def offers(wish: Wish) -> dict[str, list[Choice]]:
    """Audiences with what each is told, languages and formats."""
    return {
        "audiences": [
            Choice(one, say(f"publish.audience.{one}"), one == wish.audience) for one in reversed(AUDIENCES)
        ],
        "languages": [Choice(one, LANGUAGE_NAMES[one], one in wish.languages) for one in LANGUAGES],
        "formats": [Choice(one, one.upper(), one in wish.formats) for one in FORMATS],
    }


def command(subject: Subject, wish: Wish) -> str:
    """The same on the command line, for what a page cannot do; what was typed is not repeated in it."""
    what = f"statement {subject.name}" if subject.builder is None else subject.name
    asked_for = [f"--{name.replace('_', '-')} {name.upper()}" for name in _needed(subject)]
    return " ".join(
        [
            "fallow publish",
            what,
            *asked_for,
            f"--audience {wish.audience or 'AUDIENCE'}",
            "--bundle --to FOLDER",
        ]
    )


def _needed(subject: Subject) -> tuple[str, ...]:
    return subject.builder.required if subject.builder else ()


def _text(name: str, value: str) -> str:
    return asked.text({name: value}, name)


def _field(subject: Subject, name: str, wish: Wish, desk: Desk, register: Register) -> Field:
    required = name in _needed(subject)
    value = wish.given.get(name, "")
    declared = _declared().get(name)
    words = catalogue()
    own, theirs = f"publish.param.{name}", f"analysis.param.{name}"
    own_help, their_help = f"publish.param.{name}.help", f"analysis.param.{name}.help"
    label = in_language(words.get(own) or words[theirs])
    # a year that has to be given stands instead of nothing else
    of_its_own = name != "year" or required
    about = in_language(words.get(own_help if of_its_own else "") or words[their_help])
    sort: str = declared.sort if declared else "text"
    choices: tuple[Choice, ...] = ()
    if name == PARCEL:
        sort = PARCEL
    elif name == "place":
        choices = tuple(_places(register, value))
        sort = "one" if choices else "text"
    elif name == "month":
        sort, choices = "month", tuple(_months(desk, register))
    elif sort == "year":
        choices = tuple(_years(desk, register))
    return Field(name, label, about, sort, value, required, choices)


def _declared() -> dict[str, Parameter]:
    """How analyses declare what is asked under the same name: a publication hands it on to them."""
    return {one.name: one for analysis in analyses().values() for one in analysis.parameters}


def _years(desk: Desk, register: Register) -> Iterator[Choice]:
    """Years the register speaks of, the last first."""
    times = picture.times(desk, register)
    for year in range(int(times["last"][:4]), max(int(times["first"][:4]), 1) - 1, -1):
        yield Choice(f"{year:04d}", f"{year:04d}", False)


def _months(desk: Desk, register: Register) -> Iterator[Choice]:
    """Months of which something is reported, the last first."""
    for month, _ in reversed(picture.times(desk, register)["true"]):
        if len(month) == 7:
            yield Choice(month, month, False)


def _places(register: Register, value: str) -> Iterator[Choice]:
    """Places that have an area; none where there are too many to choose from."""
    if "place" not in register.model.kinds or register.at().count("place") > 20 * _PLACES:
        return
    found = [
        Choice(one.id, str(one.fields.get("name") or one.fields.get("code") or one.id), one.id == value)
        for one in register.at().records("place")
        if one.geometry is not None and shapely.get_dimensions(shapely.from_wkb(one.geometry)) == 2
    ]
    if len(found) <= _PLACES:
        yield from sorted(found, key=lambda one: one.label)
