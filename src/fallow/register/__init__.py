"""Room 2, register: where reports become records. The door: everything other rooms may use is named here."""

from fallow.register.approving import Approval
from fallow.register.asking import DeliveryRow
from fallow.register.claims import GEOMETRY, Case, Claim, Slice
from fallow.register.compare import Changed
from fallow.register.counted import Inputs, Walk
from fallow.register.decide import Conflict, Outcome
from fallow.register.ground import Ground, Outside, Overlap
from fallow.register.ground_reading import Outlines
from fallow.register.life import Life, LifeDecision, LifeReport
from fallow.register.merkle import (
    SignedTree,
    TreeHead,
    verify_consistency,
    verify_inclusion,
    verify_tree,
)
from fallow.register.opening import create_register, open_register
from fallow.register.parallel import Parallel
from fallow.register.register import Register
from fallow.register.report import BEGINNING, OPEN_END, Delivery, Draft, Record, Said
from fallow.register.review import Claimed, Review, Waiting
from fallow.register.sheet import Sheet
from fallow.register.sources import SaidBy
from fallow.register.summing import digest_of_inputs
from fallow.register.vault import Vault
from fallow.register.verify import Verdict
from fallow.register.view import States, View

__all__ = [
    "BEGINNING",
    "GEOMETRY",
    "OPEN_END",
    "Approval",
    "Case",
    "Changed",
    "Claim",
    "Claimed",
    "Conflict",
    "Delivery",
    "DeliveryRow",
    "Draft",
    "Ground",
    "Inputs",
    "Life",
    "LifeDecision",
    "LifeReport",
    "Outcome",
    "Outlines",
    "Outside",
    "Overlap",
    "Parallel",
    "Record",
    "Register",
    "Review",
    "Said",
    "SaidBy",
    "Sheet",
    "SignedTree",
    "Slice",
    "States",
    "TreeHead",
    "Vault",
    "Verdict",
    "View",
    "Waiting",
    "Walk",
    "create_register",
    "digest_of_inputs",
    "open_register",
    "verify_consistency",
    "verify_inclusion",
    "verify_tree",
]
