"""The attack on the files themselves: the tables of a public publication as somebody downloads them."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

import pytest
from attacker import Tables, read_csv, recovered, subtracted, system

from fallow.analysis import Result, run
from fallow.demo import PASSPHRASE, REGISTER, run_demo
from fallow.publish import publish
from fallow.publish.results import of_results
from fallow.register import Register, create_register, open_register

DIMENSIONS = ("year", "sex", "province")


@pytest.fixture(scope="session")
def colombia(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Register]:
    from fallow.intake import bring_in

    register = create_register(
        tmp_path_factory.mktemp("colombia") / "co.gpkg", title="Colombia", country="CO"
    )
    source = Path(__file__).parents[2] / "sources" / "colombia-victims"
    bring_in(source, register, files=shared_data / "colombia-victims", approve_by="a", why="b")
    yield register
    register.close()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Register]:
    folder = tmp_path_factory.mktemp("demo")
    run_demo(folder)
    register = open_register(folder / REGISTER, passphrase=PASSPHRASE)
    yield register
    register.close()


def every_table(register: Register, names: tuple[str, ...]) -> dict[str, Result]:
    return {
        "_".join(by) or "total": run("casualties", register, by=list(by))
        for size in range(len(names) + 1)
        for by in combinations(names, size)
    }


def downloaded(results: Mapping[str, Result], register: Register, folder: Path, audience: str) -> Tables:
    publication = of_results(results, register)
    manifest = publish(publication, folder, audience, register=register, formats=["csv"])
    assert manifest.audience == audience
    return read_csv(folder / "csv" / "en")


def attacked(results: Mapping[str, Result], register: Register, folder: Path) -> None:
    told = downloaded(results, register, folder / "public", "public")
    truth = {
        cell: value
        for cell, value in downloaded(results, register, folder / "internal", "internal").values.items()
        if value is not None
    }
    withheld = {cell for cell, value in told.values.items() if value is None}
    small = {cell for cell, value in truth.items() if 0 < value < 5}
    assert small and small <= withheld
    assert withheld - small, "something is withheld beside the small ones"
    of = system(told)
    assert not subtracted(of)
    assert not recovered(of, truth)
    # The control: only the small numbers withheld, the way it is usually done.
    for cell in withheld - small:
        told.values[cell] = truth[cell]
    of = system(told)
    lost = subtracted(of)
    assert len(lost) > len(small) / 10, "the attack would find something if there were something to find"
    assert {truth[cell] for cell in lost} <= {1, 2, 3, 4}


def test_the_demo_programme_gives_nothing_away(demo: Register, tmp_path: Path) -> None:
    attacked(every_table(demo, DIMENSIONS), demo, tmp_path)


def test_the_evidence_in_the_bundle_tells_no_more_than_the_tables(demo: Register, tmp_path: Path) -> None:
    """Rows that read alike are counted, as an attacker would: each count is told, or the rest of a total."""
    publication = of_results(every_table(demo, DIMENSIONS), demo)
    publish(publication, tmp_path / "out", "public", register=demo, formats=["csv"], bundle=True)
    told = set(read_csv(tmp_path / "out" / "csv" / "en").values.values()) - {None}
    counted = 0
    with zipfile.ZipFile(tmp_path / "out" / "bundle.zip") as bundle:
        for name in bundle.namelist():
            if name.startswith("evidence/"):
                rows = [json.loads(line) for line in bundle.read(name).splitlines()]
                alike = Counter((row["part"], json.dumps(row["fields"], sort_keys=True)) for row in rows)
                counted += len(alike)
                parts = Counter(row["part"] for row in rows)
                rest = Counter(part for (part, _), count in alike.items() if count not in told)
                assert all(count >= 5 for count in alike.values()), name
                # those that no told line counts are one lot, and how many they are follows from the total
                assert all(number == 1 and parts[part] in told for part, number in rest.items()), name
                assert len({row["id"] for row in rows}) == len(rows)
    assert counted > 8


def test_colombia_by_year_sex_and_department_gives_nothing_away(colombia: Register, tmp_path: Path) -> None:
    results = every_table(colombia, DIMENSIONS)
    attacked(results, colombia, tmp_path)
    manifest = (tmp_path / "public" / "manifest.json").read_text("utf-8")
    assert '"withheld"' in manifest
