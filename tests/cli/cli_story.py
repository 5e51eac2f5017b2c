"""A small country as the command line sees it, and how a person types."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import shapely
from click.testing import Result

from fallow.register import Delivery, Draft, Outcome, Register, create_register

PASSPHRASE = "a long passphrase for a test"
PLANTED_NAME = "Zzyzx Planted"
"""A personal value: it must never be printed."""


def record_id(number: int) -> str:
    """Ids that share no beginning except within one hundred."""
    return str(UUID(f"{number:08x}-0000-8000-8000-{number:012x}"))


def square(lon: float, lat: float, side: float = 0.01) -> bytes:
    return bytes(shapely.to_wkb(shapely.box(lon, lat, lon + side, lat + side), flavor="iso"))


def hazard(number: int, source: str, true: str, where: bytes | None, **fields: Any) -> Draft:
    values = {"code": f"HA-{number:04}", "hazard_class": "sha", "status": "open", "date_of_information": true}
    return Draft(
        kind="hazard",
        record=record_id(number),
        source=source,
        author="field team",
        true=true,
        fields=values | fields,
        geometry=where,
        located=True,
        where=f"row {number}",
    )


def victim(number: int, true: str, learned: str, municipality: str, **rest: Any) -> Draft:
    return Draft(
        kind="victim",
        record=record_id(1000 + number),
        source="casualties",
        author="association",
        true=true,
        fields={"code": f"V-{number}", "date": true, "admin2_code": municipality, "outcome": "injured"},
        learned=learned,
        **rest,
    )


@dataclass
class Country:
    """The register and the ledger numbers a test wants to name."""

    path: Path
    numbers: dict[str, range] = field(default_factory=dict)
    deliveries: dict[str, int] = field(default_factory=dict)


def _deliver(
    register: Register, country: Country, name: str, source: str, day: str, drafts: list[Draft]
) -> range:
    with register.writing():
        number = register.receive(
            Delivery(source=source, who=f"The {source}", delivered=day, declared=True, files=(), mapping=name)
        )
        country.deliveries[name] = number
        country.numbers[name] = register.add(drafts, delivery=number)
    return country.numbers[name]


def approved(outcome: Outcome) -> None:
    """The story is only told if its rules hold."""
    assert not outcome.refused, [one.as_dict() for one in outcome.refused]
    assert not outcome.held


def build(path: Path, *, passphrase: str | None = None) -> Country:
    """Three deliveries: approved in 2017, approved in 2022 and disagreeing, and drafts that wait."""
    path.parent.mkdir(exist_ok=True)
    country = Country(path)
    register = create_register(
        path, title="Country of the test", extent=[(10, 40, 20, 50)], passphrase=passphrase, invented=True
    )
    with register:
        first = [
            hazard(1, "authority", "2017-03-01", square(15, 45), remarks="=2+2"),
            hazard(
                2, "authority", "2017-04-01", square(15.1, 45), hazard_class="cha", declared_area=-0.0 + 12.5
            ),
            hazard(3, "authority", "2017-05", None, remarks="-12.5"),
        ]
        dated = [replace_learned(one, "2017-06-30") for one in first]
        numbers = _deliver(register, country, "first", "authority", "2017-06-30", dated)
        approved(register.approve(numbers, "im.officer", "checked against paper", as_of="2017-07-15"))
        second = [
            replace_learned(
                hazard(
                    1,
                    "operator",
                    "2017-03-01",
                    square(15, 45),
                    hazard_class="cha",
                    direct_evidence=["ordnance_seen"],
                ),
                "2022-02-28",
            ),
            replace_learned(
                hazard(2, "operator", "2021-04-01", square(15.1, 45), status="closed"), "2022-02-28"
            ),
        ]
        numbers = _deliver(register, country, "second", "operator", "2022-02-28", second)
        approved(register.approve(numbers, "im.officer", "completion reports", as_of="2022-03-15"))
        third = [
            hazard(4, "village", "2023-01-01", square(60, 45)),
            hazard(5, "village", "2023-01-02", square(15.3, 45)),
        ]
        third = [replace_learned(one, "2023-01-31") for one in third]
        held = [Draft(**{**_plain(third[0]), "held": ("OUTSIDE_COUNTRY",)}), third[1]]
        _deliver(register, country, "third", "village", "2023-01-31", held)
        people = [
            victim(1, "2006-01-17", "2017-06-30", "05313"),
            victim(2, "2006-01", "2017-06-30", "05313"),
            victim(3, "2006-02-03", "2017-06-30", "05001"),
        ]
        numbers = _deliver(register, country, "casualties_2017", "casualties", "2017-06-30", people)
        approved(register.approve(numbers, "im.officer", "register of 2017", as_of="2017-07-15"))
        secret = {"name": PLANTED_NAME} if passphrase else {}
        later = [victim(4, "2006-01-20", "2022-02-28", "05313", secret=secret)]
        numbers = _deliver(register, country, "casualties_2022", "casualties", "2022-02-28", later)
        approved(register.approve(numbers, "im.officer", "register of 2022", as_of="2022-03-15"))
    return country


def _plain(draft: Draft) -> dict[str, Any]:
    return {name: getattr(draft, name) for name in Draft.__slots__}


def replace_learned(draft: Draft, day: str) -> Draft:
    return Draft(**{**_plain(draft), "learned": day})


Type = Callable[..., Result]


def child_environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FALLOW_")}
    return {**kept, **more}
