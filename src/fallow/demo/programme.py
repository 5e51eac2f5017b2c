"""Beside the faces: the whole invented programme in memory, played from one seed."""

from __future__ import annotations

from dataclasses import dataclass

from fallow.demo.amend import Opinion, amend, second_opinions
from fallow.demo.contamination import Contamination, contaminate
from fallow.demo.ground import Ground, make_ground
from fallow.demo.harm import Accident, harm
from fallow.demo.plan import chance
from fallow.demo.survey import Hazard, Indication, survey, village_indications
from fallow.demo.work import Work, play


@dataclass(frozen=True, slots=True)
class Programme:
    """What is true in the invented country, what was done there, and what people said about it."""

    seed: int
    ground: Ground
    truth: Contamination
    hazards: list[Hazard]
    work: Work
    accidents: list[Accident]
    opinions: list[Opinion]
    indications: list[Indication]


def play_programme(seed: int) -> Programme:
    """Play six years; every chapter draws from a generator of its own, so that one can change alone."""
    ground = make_ground(chance(seed, "ground"))
    truth = contaminate(chance(seed, "contamination"), ground)
    hazards = survey(chance(seed, "survey"), ground, truth)
    work = play(chance(seed, "work"), truth, hazards)
    amend(chance(seed, "amend"), hazards)
    accidents = harm(chance(seed, "harm"), ground, truth, hazards, work)
    opinions = second_opinions(chance(seed, "opinions"), hazards)
    indications = village_indications(chance(seed, "indications"), ground, truth)
    return Programme(seed, ground, truth, hazards, work, accidents, opinions, indications)
