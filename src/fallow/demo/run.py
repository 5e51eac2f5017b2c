"""Beside the faces: the demo is the main job: real files through the real doors, decided by named people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from fallow.demo.plan import DELIVERED, EXTENT, SIGNED_HAZARDS, SIGNED_RELEASES, TITLE, YEARS
from fallow.demo.truth import Truth
from fallow.demo.write import write_programme
from fallow.errors import FallowError
from fallow.intake import Receipt, bring_in
from fallow.register import Register, create_register
from fallow.words import say

OFFICER = "M. Alder (INVENTED)"
SIGNATORIES = ("I. Rowan (INVENTED)", "J. Maple (INVENTED)")
PASSPHRASE = "invented demo programme"  # noqa: S105  (it guards nothing: every person in the demo is invented)

REGISTER = "register.gpkg"
SNAPSHOT = "snapshot_for_qgis.gpkg"


@dataclass(frozen=True, slots=True)
class Step:
    """One delivery on the agenda."""

    source: str
    delivered: str
    approved: str | None
    """The day it was approved; ``None`` leaves it to a person."""


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What building the demo came to."""

    register: str
    snapshot: str
    passphrase: str
    deliveries: int
    rows: int
    reports: int
    refused: int
    known_already: int
    approved: int
    held: int
    drafts: int
    conflicts: int
    awaiting_signatures: int
    records: dict[str, int]
    ledger_entries: int
    seconds: float

    def text(self, lang: str | None = None) -> str:
        """The same as a few sentences."""
        facts = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "records"}
        return "\n".join(say(key, lang, **facts) for key in ("demo.built", "demo.waiting", "demo.files"))


def agenda() -> list[Step]:
    """Every delivery in the order in which it was learned, with two approvals that came late."""
    steps = [
        Step("ficta-places", "2020-03-01", "2020-03-05"),
        Step("ficta-organisations", "2020-03-02", "2020-03-05"),
        Step("ficta-zones", "2020-03-03", "2020-03-05"),
        Step("party-a-records", "2020-09-15", "2020-09-20"),
        Step("party-b-records", "2022-05-20", "2023-02-10"),
        Step("op2-hazards", "2023-03-15", "2023-09-01"),
        Step("ficta-indications", "2024-09-10", None),
        Step("op1-waypoints", "2025-06-30", None),
        Step("ficta-casualties-names", "2025-11-16", "2025-11-18"),
    ]
    for year in YEARS:
        for name, source in _YEARLY.items():
            if year > YEARS[0] or name in ("hazards", "activities", "casualties"):
                day = f"{year}-{DELIVERED[name]}"
                steps.append(Step(source, day, day))
    return sorted(steps, key=lambda one: one.delivered)


_YEARLY = {
    "hazards": "ficta-hazards",
    "activities": "ficta-activities",
    "finds": "ficta-finds",
    "casualties": "ficta-casualties",
    "completion": "op1-completion",
    "areas": "op2-areas",
    "cancellations": "ficta-cancellations",
}


def run_demo(to: Path | str, passphrase: str = PASSPHRASE, seed: int = 1) -> DemoSummary:
    """Write the invented programme and build its register.

    Parameters
    ----------
    to
        Folder to make: ``sources/`` and ``truth/``, the register, its companions, and a snapshot for QGIS.
    passphrase
        Opens vault and key of the register.

    Raises
    ------
    FallowError
        ``REGISTER_EXISTS`` when the folder has one; anything the path itself refuses.
    """
    started = perf_counter()
    folder = Path(to)
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / REGISTER).exists():
        raise FallowError("REGISTER_EXISTS", REGISTER)
    truth = write_programme(folder, seed)
    with create_register(
        folder / REGISTER, title=TITLE, extent=[EXTENT], passphrase=passphrase, invented=True
    ) as register:
        _give_rights(register)
        receipts = list(_play(register, truth))
        _approve_most_indications(register, receipts)
        register.snapshot(folder / SNAPSHOT)
        return _summary(register, folder, passphrase, receipts, perf_counter() - started)


def _give_rights(register: Register) -> None:
    register.grant(OFFICER, ("approve",), by=OFFICER, why="information management officer")
    for person in SIGNATORIES:
        register.grant(person, ("release",), by=OFFICER, why="signs for the authority")


def _play(register: Register, truth: Truth) -> Iterator[Receipt]:
    """Deliveries in order; after the last of a year the two signatories sign."""
    steps = agenda()
    for position, step in enumerate(steps):
        receipt = bring_in(truth.folder / "sources" / step.source, register, only=step.delivered)
        if step.approved is not None:
            outcome = register.approve(
                receipt.reports, OFFICER, f"checked: {step.source} {step.delivered}", as_of=step.approved
            )
            if outcome.refused:
                first = outcome.refused[0]
                raise FallowError(first.code, f"{step.source} {step.delivered}: {first.where}", **first.facts)
        if step.source == "op2-hazards":
            _judge_same(register, truth, step)
        yield receipt
        year = step.delivered[:4]
        if position + 1 == len(steps) or steps[position + 1].delivered[:4] != year:
            _sign(register, truth, int(year))


def _judge_same(register: Register, truth: Truth, step: Step) -> None:
    """A person says which hazards of Operator Two are the authority's; the rest still waits."""
    ours: dict[str, str] = {}
    theirs: dict[str, str] = {}
    for source, found in (("ficta-hazards", ours), ("op2-hazards", theirs)):
        for said in register.said_all(source, "hazard"):
            found[str(said.fields["code"])] = said.record
    with register.writing():
        for one in truth.programme.opinions:
            if one.same:
                code = one.hazard.code
                why = "same number and place"
                register.same(ours[code], theirs[code], OFFICER, why, as_of=step.approved)


def _sign(register: Register, truth: Truth, year: int) -> None:
    """Releases claimed this year, by one person, by both, or by nobody; then the hazards they finish."""
    work = truth.programme.work
    claimed = [one for one in work.releases if one.claims.get(year) == "released"]
    records = {
        str(one.fields["code"]): one.id for one in register.at().records("land_release") if one.awaiting
    }
    for count, person in enumerate(SIGNATORIES, start=1):
        signed = [records[one.code] for one in claimed if one.signatures >= count]
        if signed:
            why = "completion report and quality result seen"
            register.release(signed, "release_status", person, why, as_of=f"{year}-{SIGNED_RELEASES}")
    closed = {code for code, when in work.closed.items() if when == year}
    hazards = [
        one.id
        for one in register.at().records("hazard")
        if one.fields["code"] in closed and "status=closed" in one.awaiting
    ]
    if hazards:
        for person in SIGNATORIES:
            why = "nothing remains"
            register.release(hazards, "status", person, why, as_of=f"{year}-{SIGNED_HAZARDS}")


def _approve_most_indications(register: Register, receipts: list[Receipt]) -> None:
    """Three quarters of what the villages said is approved; the rest waits in the queue for a person."""
    told = next(one for one in receipts if one.source == "ficta-indications")
    numbers = [number for span in told.reports for number in span]
    register.approve(
        numbers[: len(numbers) * 3 // 4], OFFICER, "compared with the hazards nearby", as_of="2024-11-29"
    )


def _summary(
    register: Register, folder: Path, passphrase: str, receipts: list[Receipt], seconds: float
) -> DemoSummary:
    verdict = register.verify()
    if not verdict.holds:
        raise FallowError("REGISTER_DAMAGED", REGISTER, found=len(verdict.findings))
    view = register.at()
    kinds = {kind: view.count(kind) for kind in register.model.kinds}
    standing = [one for kind, count in kinds.items() if count for one in view.records(kind)]
    totals: Counter[str] = Counter()
    for one in receipts:
        for name in ("rows", "reported", "refused", "known_already", "held"):
            totals[name] += getattr(one, name)
    drafts = sum(len(span) for span in register.drafts())
    entered = sum(len(span) for one in receipts for span in one.reports)
    return DemoSummary(
        register=str(folder / REGISTER),
        snapshot=str(folder / SNAPSHOT),
        passphrase=passphrase,
        deliveries=len(receipts),
        rows=totals["rows"],
        reports=totals["reported"],
        refused=totals["refused"],
        known_already=totals["known_already"],
        approved=entered - drafts,
        held=totals["held"],
        drafts=drafts,
        conflicts=sum(bool(one.conflict) for one in standing),
        awaiting_signatures=sum(bool(one.awaiting) for one in standing),
        records={kind: count for kind, count in kinds.items() if count},
        ledger_entries=register.ledger.head()[0],
        seconds=round(seconds, 1),
    )
