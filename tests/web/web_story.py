"""A small invented programme with one of everything a page must tell, and ways to ask for pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from uuid import UUID

import shapely

from fallow.register import Delivery, Draft, Register, create_register

PASSPHRASE = "apricots in the valley"
SECRET = "Zuzana Canary-Person"
"""A name that must never reach a page."""

EVIL = '"><script>alert(1)</script>&{{7*7}}'
"""A name as somebody may have typed it into a form."""


class Calendar:
    """A clock that stands at noon of the day it was set to."""

    def __init__(self, day: str) -> None:
        self.on(day)

    def on(self, day: str) -> None:
        self.now = datetime.combine(date.fromisoformat(day), time(12), UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class Programme:
    """The register file and the records tests speak about."""

    path: Path
    sha: str
    cha: str
    late: str
    disputed: str
    claimed: str
    unlocated: str
    evil: str
    tiny: str
    release: str
    accident: str
    victim: str


def uid(number: int) -> str:
    """A record id that reads well in a failing test."""
    return str(UUID(int=(8 << 76) | (2 << 62) | number))


def polygon(west: float, south: float, size: float = 0.02) -> bytes:
    return bytes(shapely.to_wkb(shapely.box(west, south, west + size, south + size)))


def point(east: float, north: float) -> bytes:
    return bytes(shapely.to_wkb(shapely.Point(east, north)))


def hazard(record: str, true: str, shape: bytes | None, **more: Any) -> Draft:
    source = more.pop("source", "survey")
    fields = {"code": more.pop("code"), "hazard_class": "sha", "status": "open", "date_of_information": true}
    return Draft("hazard", record, source, "Team 4", true, {**fields, **more}, geometry=shape, located=True)


def build(path: Path) -> Programme:
    """Five years of an invented programme around Doboj."""
    made = Programme(path, *(uid(number) for number in range(1, 12)))
    clock = Calendar("2020-03-02")
    register = create_register(
        path, title="Invented programme", country="BA", passphrase=PASSPHRASE, invented=True, clock=clock
    )
    with register:
        first = [
            hazard(made.sha, "2020-01-15", polygon(18.00, 44.70), code="HA-001", name="Donja polja"),
            hazard(
                made.cha,
                "2020-02-01",
                polygon(18.05, 44.72),
                code="HA-002",
                name="Šašino brdo",
                hazard_class="cha",
                direct_evidence=["accident_here"],
                location_accuracy=10.0,
                declared_area=3_500_000.0,
            ),
            hazard(made.disputed, "2020-02-01", polygon(18.10, 44.70), code="HA-003"),
            hazard(made.claimed, "2020-02-02", polygon(18.15, 44.74), code="HA-004"),
            hazard(made.unlocated, "2020-02-03", None, code="HA-005"),
            hazard(made.evil, "2020-02-04", polygon(18.20, 44.70), code="HA-006", name=EVIL),
            hazard(made.tiny, "2020-02-05", polygon(18.25, 44.75, 0.00003), code="HA-007"),
        ]
        bring(register, "survey", "Survey organisation", first, "2020-03-01")
        clock.on("2020-06-10")
        bring(
            register,
            "militia",
            "Former unit",
            [
                hazard(
                    made.disputed,
                    "2020-02-01",
                    polygon(18.11, 44.70, 0.025),
                    code="HA-003",
                    source="militia",
                    hazard_class="cha",
                    direct_evidence=["accident_here"],
                ),
            ],
            "2020-06-01",
        )
        clock.on("2021-02-01")
        bring(
            register,
            "hospital",
            "Hospital",
            [
                Draft(
                    "accident",
                    made.accident,
                    "hospital",
                    "Ward",
                    "2021-01-20",
                    {"code": "AC-001", "accident_type": "mine", "date": "2021-01-20", "hazard": made.sha},
                    geometry=point(18.01, 44.71),
                    located=True,
                ),
                Draft(
                    "victim",
                    made.victim,
                    "hospital",
                    "Ward",
                    "2021-01-20",
                    {"code": "VI-001", "outcome": "injured", "date": "2021-01-20", "accident": made.accident},
                    secret={"name": SECRET},
                ),
            ],
            "2021-01-25",
        )
        clock.on("2022-05-05")
        bring(
            register,
            "operator",
            "Demining operator",
            [
                Draft(
                    "land_release",
                    made.release,
                    "operator",
                    "Team 9",
                    "2022-03-01",
                    {
                        "code": "LR-001",
                        "release_type": "cancelled",
                        "release_status": "claimed",
                        "date": "2022-03-01",
                    },
                    geometry=polygon(18.30, 44.70),
                    located=True,
                ),
                Draft("hazard", made.claimed, "operator", "Team 9", "2022-04-01", {"status": "worked_on"}),
                hazard(
                    made.late,
                    "2021-06-01",
                    polygon(18.35, 44.72),
                    code="HA-008",
                    source="operator",
                    name="Reported late",
                ),
            ],
            "2022-05-01",
        )
        clock.on("2022-11-11")
        bring(
            register,
            "operator",
            "Demining operator",
            [
                Draft("hazard", made.claimed, "operator", "Team 9", "2022-10-01", {"status": "closed"}),
                Draft(
                    "land_release",
                    made.release,
                    "operator",
                    "Team 9",
                    "2022-03-01",
                    {"release_status": "released"},
                ),
            ],
            "2022-11-01",
        )
        clock.on("2023-09-09")
        bring(
            register,
            "survey",
            "Survey organisation",
            [
                Draft(
                    "hazard",
                    made.sha,
                    "survey",
                    "Team 4",
                    "2023-08-01",
                    {"name": "Donja polja, north"},
                    {"name": "DONJA POLJA N."},
                    geometry=polygon(18.00, 44.70, 0.03),
                    located=True,
                ),
            ],
            "2023-09-01",
        )
    return made


def bring(register: Register, source: str, who: str, drafts: list[Draft], delivered: str) -> None:
    """One delivery, received and approved, and nothing of it held back."""
    with register.writing():
        files = ({"name": f"{source}.csv", "sha256": "0" * 64, "bytes": 1},)
        number = register.receive(
            Delivery(source, who, delivered, False, files, "0" * 64, title=f"{who} {delivered}")
        )
        reports = register.add(drafts, delivery=number)
        outcome = register.approve(reports, by="im.officer", why="checked against paper forms")
    assert outcome.approved == len(drafts), outcome


class Visitor:
    """Asks for pages through the whole of Django, as a browser on this machine."""

    def __init__(self, path: Path) -> None:
        from fallow.web import application
        from fallow.web.desk import Desk

        application(path)  # configures the framework, once
        from django.test import Client

        self.desk = Desk(path)
        self.client = Client(HTTP_HOST="127.0.0.1:8321", **{"fallow.desk": self.desk})
        self.client.raise_request_exception = False

    def get(self, address: str, **headers: str) -> Any:
        response = self.client.get(address, headers=headers)
        response.body = b"".join(response.streaming_content) if response.streaming else response.content
        return response

    def json(self, address: str) -> Any:
        import orjson

        response = self.get(address)
        assert response.status_code == 200, response.body
        return orjson.loads(response.body)

    def speak(self, language: str) -> None:
        self.client.cookies["fallow_language"] = language
