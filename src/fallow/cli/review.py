"""Face one, ``fallow review``: what waits for a person: drafts, findings, conflicts, claims to sign."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fallow.cli import options
from fallow.cli.look import print_sides
from fallow.cli.opening import reading
from fallow.cli.show import print_json, print_line, print_table, wants_json
from fallow.cli.sides import sides, soft_sides
from fallow.errors import catalogue
from fallow.words import current_language, say

if TYPE_CHECKING:
    from fallow.kinds import Model
    from fallow.register import Register, Review

_EXAMPLES = 3
_LISTED = 50
_BLANK = re.compile(r"{\w+}")
"""A fact of a finding, which only a receipt knows."""


@options.verb("review")
@options.register_option
@options.option("--kind", key="review_kind", metavar="KIND", default=None)
@options.option("--limit", key="review_limit", metavar="NUMBER", type=options.Number(0), default=_LISTED)
@options.json_option
def review(path: Path | None, kind: str | None, limit: int, as_json: bool | None) -> None:
    """Show the review list."""
    with reading(path) as register:
        waiting = register.review(kind)
        told = {
            "drafts": _drafts(register, waiting),
            "conflicts_count": len(waiting.conflicts),
            "conflicts": _conflicts(register, waiting, limit),
            **_soft(register, kind, limit),
            "claims_count": len(waiting.claims),
            "claims": [
                {"kind": one.kind, "record": one.record, "awaiting": one.awaiting}
                for one in waiting.claims[:limit]
            ],
        }
        model = register.model
    if wants_json(as_json):
        print_json(told)
    else:
        _print(told, model)


def _drafts(register: Register, waiting: Review) -> list[dict[str, Any]]:
    """Drafts by delivery, with examples of what holds them from the receipt."""
    deliveries = {one.number: one for one in register.deliveries()}
    found = []
    for one in waiting.drafts:
        row = deliveries.get(one.delivery)
        findings = (row.receipt or {}).get("findings", []) if row else []
        found.append(
            {
                "delivery": one.delivery,
                "source": one.source,
                "who": row.delivery.who if row else "",
                "delivered": row.delivery.delivered if row else "",
                "received": row.at if row else "",
                "kind": one.kind,
                "drafts": one.drafts,
                "first": one.first,
                "last": one.last,
                "told": _told(row.receipt if row else None),
                "held": [
                    {
                        "code": code,
                        "count": count,
                        "accept": f"--accept {code}",
                        "examples": [found for found in findings if found["code"] == code][:_EXAMPLES],
                    }
                    for code, count in sorted(one.held.items())
                ],
            }
        )
    return found


def _told(receipt: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """What the receipt told the reviewer about the ground of a delivery."""
    from fallow.intake import WARNINGS

    counts, findings = (receipt or {}).get("counts", {}), (receipt or {}).get("findings", [])
    return [
        {
            "code": code,
            "count": counts[code],
            "examples": [found for found in findings if found["code"] == code][:_EXAMPLES],
        }
        for code in WARNINGS
        if code in counts
    ]


def _conflicts(register: Register, waiting: Review, limit: int) -> list[dict[str, Any]]:
    found = []
    for one in waiting.conflicts[:limit]:
        life = register.history(one.record)
        both = {name: sides(register, life, name) for name in one.fields}
        found.append({"kind": one.kind, "record": one.record, "fields": both})
    return found


def _soft(register: Register, kind: str | None, limit: int) -> dict[str, Any]:
    """The first soft conflicts, and whether there are more: each record is folded to find them."""
    first = list(islice(register.soft_conflicts(kind), limit + 1))
    listed = [
        {"kind": one.kind, "record": one.record, "fields": soft_sides(register, register.history(one.record))}
        for one in first[:limit]
    ]
    return {"parallel": listed, "parallel_more": len(first) > limit}


def _print(told: dict[str, Any], model: Model) -> None:
    if not (told["drafts"] or told["conflicts"] or told["claims"] or told["parallel"]):
        print_line(say("cli.nothing_waits"))
        return
    if told["drafts"]:
        names = ("delivery", "source", "delivered", "kind", "drafts", "reports")
        rows = [
            [
                one["delivery"],
                one["source"],
                one["delivered"],
                one["kind"],
                one["drafts"],
                f"{one['first']}-{one['last']}",
            ]
            for one in told["drafts"]
        ]
        heads = [say(f"cli.column.{name}") for name in names]
        print_table(heads, rows, title=say("cli.drafts"), numbers=[0, 4])
    for one in told["drafts"]:
        for held in one["held"]:
            _print_held(say("cli.held_by", delivery=one["delivery"], **_counted(held)), held)
        for warned in one["told"]:
            _print_held(say("cli.look_first", delivery=one["delivery"], **_counted(warned)), warned)
    for one in told["conflicts"]:
        print_line(f"{one['kind']}  {one['record']}")
        for name, both in one["fields"].items():
            print_sides(model, model.kind(one["kind"]), name, both)
    if told["conflicts_count"] > len(told["conflicts"]):
        print_line(say("cli.more", count=told["conflicts_count"] - len(told["conflicts"])))
    for one in told["parallel"]:
        print_line(f"{one['kind']}  {one['record']}")
        for name, both in one["fields"].items():
            print_sides(model, model.kind(one["kind"]), name, both, soft=True)
    if told["parallel_more"]:
        print_line(say("cli.more_soft"))
    if told["claims"]:
        rows = [[one["kind"], one["record"], one["awaiting"]] for one in told["claims"]]
        heads = [say(f"cli.column.{name}") for name in ("kind", "record", "awaiting")]
        print_table(heads, rows, title=say("cli.claims", count=told["claims_count"]))


def _counted(found: dict[str, Any]) -> dict[str, Any]:
    return {"count": found["count"], "code": found["code"]}


def _print_held(title: str, held: dict[str, Any]) -> None:
    print_line(title)
    for example in held["examples"]:
        print_line(f"  {example['where']}")
        print_line(f"    {example['what']}")
    if not held["examples"] and held["code"] in catalogue():
        what = catalogue()[held["code"]].what[current_language()]
        print_line(f"  {_BLANK.sub('…', what)}")
