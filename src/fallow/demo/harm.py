"""Beside the faces: accidents in the invented programme, and the invented people they harmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import shapely

from fallow.demo.contamination import Contamination, Item
from fallow.demo.ground import Ground, Village
from fallow.demo.plan import AV, CLUSTER, SHELL, Metres, day_in
from fallow.demo.survey import Hazard
from fallow.demo.work import Release, Work


@dataclass(frozen=True, slots=True)
class Victim:
    """One invented person."""

    code: str
    name: str
    phone: str
    outcome: str
    sex: str
    age: int | None
    activity: str
    status: str
    consent: bool


@dataclass(frozen=True, slots=True)
class Accident:
    """One accident, as it is reported."""

    code: str
    date: str
    """Partial where nobody remembers the day."""
    at: Metres | None
    village: Village
    type: str
    device: str
    item: Item
    hazard: Hazard | None
    on_released_land: bool
    victims: tuple[Victim, ...]
    reported: int
    """Year of the file it first stands in."""


_FIRST = (
    "Ada",
    "Bela",
    "Caro",
    "Dana",
    "Edo",
    "Fio",
    "Gil",
    "Hana",
    "Ivo",
    "Juna",
    "Kai",
    "Lio",
    "Mara",
    "Nilo",
)
_ACTIVITIES = ("farming", "herding", "collecting", "travelling", "playing", "passing", "scrap", "handling")


def harm(
    random: Random, ground: Ground, truth: Contamination, hazards: Sequence[Hazard], work: Work
) -> list[Accident]:
    """Sixty accidents: before the programme and during it, two while demining, three on released land."""
    accidents: list[Accident] = []
    released = _missed_on_released_land(truth, hazards, work)
    covered = [one for one in hazards if one.patch is not None and not one.parent]
    loose = [item for item in truth.items if item.fate == "in_ground"]
    for number in range(1, 61):
        demining = number in (41, 52)
        release: Release | None = None
        if number > 57 and released:
            item, release = released.pop(0)
            date = f"2025-0{number - 55}-1{number - 57}"
        else:
            item = random.choice(loose)
            date = _date(random, number)
        if date[:4] >= "2020":
            item.fate, item.fate_on = "detonated", date
        loose = [one for one in loose if one is not item and one.fate == "in_ground"]
        hazard = release.hazard if release else _hazard_at(item, covered)
        victims = tuple(
            _victim(random, f"VI-{number:03}-{count}", demining=demining)
            for count in range(1, random.choices((1, 2, 3, 5), (0.6, 0.25, 0.1, 0.05))[0] + 1)
        )
        accidents.append(
            Accident(
                f"AC-{number:03}",
                date,
                None if number % 17 == 0 else item.at,
                ground.village_near(item.at),
                "demining" if demining else _TYPES.get(item.model, "mine"),
                {AV: "av_mine", CLUSTER: "cluster_munition_remnant", SHELL: "uxo"}.get(item.model, "ap_mine"),
                item,
                hazard,
                release is not None,
                victims,
                max(2020, int(date[:4])),
            )
        )
    _reopen(accidents)
    return accidents


_TYPES = {CLUSTER: "cluster", SHELL: "uxo_axo"}


def _date(random: Random, number: int) -> str:
    if number <= 34:
        year = random.choice((2016, 2016, 2017, 2017, 2018, 2019))
        whole = day_in(random, year, 1, 12)
        return whole[:7] if number % 9 == 0 else whole[:4] if number == 20 else whole
    return day_in(random, 2020 + (number - 35) % 6, 1, 10)


def _hazard_at(item: Item, hazards: Sequence[Hazard]) -> Hazard | None:
    spot = shapely.Point(item.at)
    return next((one for one in hazards if one.shape.contains(spot)), None)


def _missed_on_released_land(
    truth: Contamination, hazards: Sequence[Hazard], work: Work
) -> list[tuple[Item, Release]]:
    """Items that clearance missed, in hazards that were signed closed before 2025."""
    found: list[tuple[Item, Release]] = []
    for release in work.releases:
        if release.type != "cleared" or work.closed.get(release.hazard.code, 9999) > 2024:
            continue
        missed = [one for one in truth.inside(release.shape) if one.fate == "in_ground"]
        if missed and release.hazard not in {one.hazard for _, one in found}:
            found.append((missed[0], release))
    return found[:3]


def _reopen(accidents: Sequence[Accident]) -> None:
    """An accident on released land opens the hazard again; the old release stays in the books."""
    for accident in accidents:
        if accident.on_released_land and accident.hazard is not None:
            accident.hazard.tell(
                int(accident.date[:4]),
                accident.date,
                status="reopened",
                direct_evidence=["accident_here", "found_by_survey"],
                remarks=f"reopened after {accident.code}",
            )


def _victim(random: Random, code: str, *, demining: bool) -> Victim:
    child = not demining and random.random() < 0.28
    age = random.randint(5, 17) if child else random.randint(18, 74)
    return Victim(
        code,
        f"{random.choice(_FIRST)} INVENTED {code[3:]}",
        f"+000 00 {random.randint(1000, 9999)} INVENTED",
        random.choices(("killed", "injured", "unknown"), (0.3, 0.67, 0.03))[0],
        random.choices(("female", "male", "unknown"), (0.22, 0.75, 0.03))[0],
        None if random.random() < 0.07 else age,
        "demining" if demining else random.choice(_ACTIVITIES),
        "deminer" if demining else random.choices(("civilian", "security"), (0.92, 0.08))[0],
        random.random() < 0.4,
    )
