"""Face one, what approving did, as JSON and as lines."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from fallow.cli.show import print_json, print_line, print_table
from fallow.errors import catalogue
from fallow.words import say

if TYPE_CHECKING:
    from fallow.register import Outcome

_SHOWN = 20


def outcome_dict(outcome: Outcome) -> dict[str, Any]:
    """For ``--json``."""
    return {
        "approved": outcome.approved,
        "already": outcome.already,
        "decision": outcome.decision,
        "held": [{"report": number, "codes": list(codes)} for number, codes in outcome.held],
        "refused": [one.as_dict() for one in outcome.refused],
        "late": outcome.late,
        "learned": outcome.learned or None,
        "conflicts": [conflict_dict(one.kind, one.record, one.fields) for one in outcome.conflicts],
    }


def conflict_dict(kind: str, record: str, fields: tuple[str, ...]) -> dict[str, Any]:
    """One conflict."""
    return {"kind": kind, "record": record, "fields": list(fields)}


def print_outcome(outcome: Outcome, *, in_json: bool) -> int:
    """Print it; gives the exit status: that of the first refusal when nothing at all was approved."""
    if in_json:
        print_json(outcome_dict(outcome))
    else:
        _print_lines(outcome)
    if outcome.approved or outcome.already or not outcome.refused:
        return 0
    return catalogue()[outcome.refused[0].code].exit_status


def _print_lines(outcome: Outcome) -> None:
    print_line(say("cli.approved", count=outcome.approved, already=outcome.already))
    if outcome.late:
        print_line(say("cli.approved_late", count=outcome.late, day=outcome.learned))
    codes = Counter(code for _, held in outcome.held for code in held)
    if codes:
        print_line(say("cli.held", count=len(outcome.held)))
        for code, count in codes.most_common():
            print_line(f"  {code}  {count}  --accept {code}")
    if outcome.refused:
        print_line(say("cli.refused", count=len(outcome.refused)))
        for one in outcome.refused[:_SHOWN]:
            told = one.as_dict()
            print_line(f"  {one.code}  {one.where}")
            print_line(f"    {told['what']}")
            print_line(f"    {told['remedy']}")
    if outcome.conflicts:
        heads = [say(f"cli.column.{name}") for name in ("kind", "record", "conflict")]
        rows = [[one.kind, one.record, ", ".join(one.fields)] for one in outcome.conflicts[:_SHOWN]]
        print_table(heads, rows, title=say("cli.conflicts", count=len(outcome.conflicts)))
