"""An attacker who has the tables and nothing else: subtraction, then linear programs over all of them.

It shares no code with the redaction. What it knows of the field is what any reader knows: a total is the sum
of its parts, casualties are killed, injured and unknown, nobody is counted below zero, and who redacts
withholds no zero.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

Key = frozenset[tuple[str, str]]
Cell = tuple[Key, str]
"""What a number is about, and which measure it is."""

OUTCOMES = ("killed", "injured", "unknown")
SHARE = "share"
UNSEEN = -1
"""The table of numbers that no table has, but that two tables have in common."""
WILD = ("", "total", "All")
"""Words for all values of a key."""


@dataclass
class Tables:
    """Numbers of several tables; ``None`` is withheld."""

    values: dict[Cell, int | None] = field(default_factory=dict)
    layers: dict[tuple[int, frozenset[str]], list[Key]] = field(default_factory=lambda: defaultdict(list))
    shares: list[tuple[int, Key, float]] = field(default_factory=list)
    fixed: dict[int, frozenset[str]] = field(default_factory=dict)
    """By table: keys of which it has one value only, so that it breaks nothing down by them."""

    def add(self, table: int, key: Mapping[str, str], values: Mapping[str, int | float | None]) -> None:
        of = frozenset((name, value) for name, value in key.items() if value not in WILD)
        self.layers[table, frozenset(name for name, _ in of)].append(of)
        for measure, value in values.items():
            if measure == SHARE:
                if value is not None:
                    self.shares.append((table, of, float(value)))
            elif value is None:
                self.values.setdefault((of, measure), None)
            else:
                before = self.values.get((of, measure))
                assert before in (None, int(value)), "two tables tell the same number differently"
                self.values[of, measure] = int(value)


def read_csv(folder: Path) -> Tables:
    """The tables of a publication as somebody downloads them, in English."""
    found = Tables()
    for number, path in enumerate(sorted(folder.rglob("*.csv"))):
        with path.open(encoding="utf-8-sig", newline="") as lines:
            _, tags, *rows = list(csv.reader(lines))
        coded = {tag.removesuffix("+code") for tag in tags if tag.endswith("+code")}
        keys = {
            i: tag.removesuffix("+code")
            for i, tag in enumerate(tags)
            if not tag.startswith(("#affected", "#indicator+percent")) and tag not in coded
        }
        counts = {i: tag.split("+")[1] for i, tag in enumerate(tags) if tag.startswith("#affected")}
        percent = [i for i, tag in enumerate(tags) if tag == "#indicator+percent"]
        for row in rows:
            values: dict[str, int | float | None] = {
                name: None if row[i] == "withheld" else int(row[i]) for i, name in counts.items()
            }
            for i in percent:
                values[SHARE] = float(row[i]) if row[i][:1].isdigit() else None
            found.add(number, {name: row[i] for i, name in keys.items()}, values)
    return found


@dataclass
class System:
    """Sums over withheld numbers: ``matrix @ x = right``; ``unseen`` ones stand in no table and may be 0."""

    cells: list[Cell]
    matrix: csr_matrix
    right: np.ndarray
    unseen: frozenset[Cell] = frozenset()


def system(tables: Tables) -> System:
    sums = [*_margins(tables), *_outcomes(tables), *_shares(tables)]
    cells = sorted((one for one, value in tables.values.items() if value is None), key=str)
    at = {one: i for i, one in enumerate(cells)}
    rows, columns, data, right = [], [], [], []
    for terms, constant in sums:
        unknown = [(at[cell], factor) for cell, factor in terms if cell in at]
        told = sum(factor * (tables.values.get(cell) or 0) for cell, factor in terms if cell not in at)
        if not unknown:
            assert told + constant == 0, f"the tables contradict each other: {terms}"
            continue
        for column, factor in unknown:
            rows.append(len(right))
            columns.append(column)
            data.append(factor)
        right.append(-told - constant)
    shape = (len(right), len(cells))
    seen = {
        (key, measure)
        for (table, _), keys in tables.layers.items()
        if table != UNSEEN
        for key in keys
        for measure in ("casualties", *OUTCOMES)
    }
    matrix = csr_matrix((data, (rows, columns)), shape=shape)
    return System(cells, matrix, np.array(right, dtype=float), frozenset(cells) - seen)


Terms = tuple[list[tuple[Cell, int]], int]


def _margins(tables: Tables) -> Iterator[Terms]:
    """Every number is the sum of the lines of any finer table that agree with it."""
    measures = {measure for _, measure in tables.values}
    for (_, coarse), parents in tables.layers.items():
        for (table, fine), children in tables.layers.items():
            if not coarse < fine or table == UNSEEN or not tables.fixed.get(table, frozenset()) <= coarse:
                continue
            groups: dict[Key, list[Key]] = defaultdict(list)
            for child in children:
                groups[frozenset(one for one in child if one[0] in coarse)].append(child)
            for parent in parents:
                if tables.fixed and not groups[parent]:
                    continue  # of a year that the table is not about
                for measure in measures:
                    if (parent, measure) in tables.values:
                        yield (
                            [((parent, measure), 1), *(((one, measure), -1) for one in groups[parent])],
                            0,
                        )


def _outcomes(tables: Tables) -> Iterator[Terms]:
    for key in {key for key, _ in tables.values}:
        if (key, "casualties") in tables.values:
            yield [((key, "casualties"), 1), *(((key, one), -1) for one in OUTCOMES)], 0


def _shares(tables: Tables) -> Iterator[Terms]:
    """Printed shares of printed numbers tell what they are shares of, if rounding leaves one number."""
    by_table: dict[int, list[tuple[Key, float]]] = defaultdict(list)
    for table, key, share in tables.shares:
        by_table[table].append((key, share))
    for table, told in by_table.items():
        low, high = 0.0, float("inf")
        for key, share in told:
            count = tables.values[key, "casualties"]
            if count and share > 0.05:
                low = max(low, 100 * count / (share + 0.05))
                high = min(high, 100 * count / (share - 0.05))
        whole = int(np.floor(high)) if high < float("inf") else -1
        if whole >= low > whole - 1:
            layer = max((one for one in tables.layers if one[0] == table), key=lambda one: len(one[1]))
            lines = [
                one for one in tables.layers[layer] if all(value.lower() != "unknown" for _, value in one)
            ]
            yield [((one, "casualties"), -1) for one in lines], whole


def subtracted(of: System) -> set[Cell]:
    """Numbers that follow by subtraction alone, one after another."""
    rows = [
        dict(zip(of.matrix[i].indices.tolist(), of.matrix[i].data.tolist(), strict=True))
        for i in range(of.matrix.shape[0])
    ]
    in_rows: dict[int, set[int]] = defaultdict(set)
    for i, row in enumerate(rows):
        for one in row:
            in_rows[one].add(i)
    found: set[int] = set()
    ready = [i for i, row in enumerate(rows) if len(row) == 1]
    while ready:
        row = rows[ready.pop()]
        if len(row) != 1:
            continue
        (one,) = row
        found.add(one)
        for i in in_rows[one]:
            rows[i].pop(one, None)
            if len(rows[i]) == 1:
                ready.append(i)
    return {of.cells[one] for one in found}


def recovered(of: System, truth: Mapping[Cell, int], smallest: int = 5, floor: int = 1) -> set[Cell]:
    """Withheld numbers that the tables tell: one value is left, or only values from 1 to ``smallest - 1``.

    ``floor`` is the least a withheld number may be: 1, as no zero is withheld.
    """
    count = len(of.cells)
    low, high = np.full(count, np.inf), np.full(count, -np.inf)

    def solve(weights: np.ndarray) -> None:
        done = linprog(
            -weights,
            A_eq=of.matrix if of.matrix.shape[0] else None,
            b_eq=of.right if of.matrix.shape[0] else None,
            bounds=[(floor, 10_000)] * count,
            method="highs",
        )
        assert done.status == 0, done.message
        np.minimum(low, done.x, out=low)
        np.maximum(high, done.x, out=high)

    def open_(i: int) -> bool:
        apart = high[i] - low[i] > 0.5
        few = 0 < truth[of.cells[i]] < smallest
        return bool(apart and (not few or high[i] > smallest - 0.5 or low[i] < 0.5))

    chance = np.random.default_rng(0)
    for _ in range(60):
        left = np.array([not open_(i) for i in range(count)])
        if not left.any():
            return set()
        solve(np.where(left, chance.random(count), 0) * chance.choice([1, 1, -1]))
    told = set()
    for i in range(count):
        for sign in (1.0, -1.0):
            if not open_(i):
                weights = np.zeros(count)
                weights[i] = sign
                solve(weights)
        if not open_(i):
            told.add(of.cells[i])
    return told


def tables_of(
    results: Iterable[
        tuple[tuple[str, ...], Iterable[tuple[tuple[str, ...], Mapping[str, int | float | None]]]]
    ],
) -> Tables:
    """Tables from the names of their keys and their lines."""
    found = Tables()
    for number, (names, lines) in enumerate(results):
        for key, values in lines:
            found.add(number, dict(zip(names, key, strict=False)), values)
    return found


def of_several(folder: Path, *, years: bool = False) -> Tables:
    """The tables of casualties of many publications together, each in a folder named by what it is about.

    ``article7-2019`` is about a year, ``bulletin-2024-03`` about a month and two others; the rest says itself
    what its lines are about. A month lies in its year, and killed by outcome are killed.
    """
    found = Tables()
    table = 0
    yearly: dict[str, int] = {}
    for publication in sorted(one for one in folder.iterdir() if one.is_dir()):
        name, _, asked = publication.name.partition("-")
        for path in sorted((publication / "csv" / "en").glob("*.csv")):
            table += 1
            if name == "bulletin" and path.name == "month_casualties.csv":
                for tag, month in _months(asked).items():
                    for row in _rows(path):
                        key = {"#date+month": month, "#indicator+outcome": row["#indicator+outcome"]}
                        _add(found, table, key, {"casualties": row[tag]}, ("#date+month",))
                    table += 1
            elif name != "bulletin" and ("casualties" in path.name or path.name.startswith("by_")):
                fixed = {"#date+year": asked} if name == "article7" else {}
                number = yearly.setdefault(path.name, table) if fixed else table
                for row in _rows(path):
                    key = {tag: row[tag] for tag in row if _is_key(tag)}
                    counts = {one: row.get(f"#affected+{one}") for one in ("casualties", *OUTCOMES)}
                    # the same table of every year is a table by year
                    _add(found, number, fixed | key, counts, () if years else tuple(fixed))
    return _crossed(found)


def _is_key(tag: str) -> bool:
    return not tag.startswith(("#affected", "#indicator+percent")) and not tag.endswith("+code")


def _months(month: str) -> dict[str, str]:
    year, number = map(int, month.split("-"))
    before = f"{year - (number == 1)}-{(number - 2) % 12 + 1:02d}"
    return {
        "#indicator+month+num": month,
        "#indicator+month_before+num": before,
        "#indicator+year_before+num": f"{year - 1}-{number:02d}",
    }


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        _, tags, *rows = list(csv.reader(lines))
    for row in rows:
        if len(row) == len(tags) and any(tags):
            yield dict(zip(tags, row, strict=True))


def _add(
    to: Tables, table: int, key: Mapping[str, str], counts: Mapping[str, str | None], fixed: tuple[str, ...]
) -> None:
    to.fixed[table] = frozenset(fixed)
    values = {
        name: None if count == "withheld" else int(count)
        for name, count in counts.items()
        if count is not None
    }
    outcome = key.get("#indicator+outcome", "").lower()
    if outcome not in WILD and outcome != "all":
        key = {name: value for name, value in key.items() if name != "#indicator+outcome"}
        values = {next(one for one in OUTCOMES if one in outcome): values["casualties"]}
    of = frozenset((name, value) for name, value in key.items() if value not in WILD)
    to.values.setdefault((of, "casualties"), None)  # told by outcome, they follow
    layer = to.layers[table, frozenset(name for name, _ in of)]
    if of not in layer:
        layer.append(of)
    for measure, value in values.items():
        before = to.values.setdefault((of, measure), None)
        assert value is None or before in (None, value), "two tables tell the same number differently"
        if value is not None:
            to.values[of, measure] = value


def _crossed(tables: Tables) -> Tables:
    """Two tables that share a key have the same margin over it, printed or not."""
    names = {names for _, names in tables.layers}
    for one in list(names):
        for other in names:
            shared = one & other
            if shared not in names:
                names = names | {shared}
                for _, fine in [each for each in tables.layers if each[1] in (one, other)]:
                    for key in [key for each, of in tables.layers.items() if each[1] == fine for key in of]:
                        margin = frozenset(part for part in key if part[0] in shared)
                        if margin not in tables.layers[UNSEEN, shared]:
                            tables.layers[UNSEEN, shared].append(margin)
                            for measure in ("casualties", *OUTCOMES):
                                tables.values.setdefault((margin, measure), None)
    return tables


def ranges(of: System, wanted: Iterable[Cell], seconds: float = 10.0) -> dict[Cell, tuple[int, int]]:
    """What each of some withheld numbers may be, in whole numbers, given everything that is told.

    A number that no integer program could bound in time is not in it.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    at = {cell: i for i, cell in enumerate(of.cells)}
    count = len(of.cells)
    least = np.array([0 if cell in of.unseen else 1 for cell in of.cells])
    held = LinearConstraint(of.matrix, of.right, of.right)
    found: dict[Cell, tuple[int, int]] = {}
    for cell in wanted:
        ends = []
        for sign in (1, -1):
            weights = np.zeros(count)
            weights[at[cell]] = sign
            done = milp(
                weights,
                constraints=held,
                bounds=Bounds(least, 1_000),
                integrality=np.ones(count),
                options={"time_limit": seconds},
            )
            assert done.status in (0, 1), done.message
            if done.x is not None:
                ends.append(round(float(done.x[at[cell]])))
        if len(ends) == 2:
            found[cell] = (ends[0], ends[1])
    return found


__all__ = [
    "OUTCOMES",
    "Cell",
    "Tables",
    "of_several",
    "ranges",
    "read_csv",
    "recovered",
    "subtracted",
    "system",
    "tables_of",
]
