"""Migrations: named, in one transaction, killed half way the old or the new; models only grow."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fallow.analysis import figure
from fallow.errors import FallowError
from fallow.register import geoblob, migrate
from fallow.register.store import Store
from fallow.register.summing import ADDED
from fixtures_register import HAZARD, MODEL, Days, accepted, field, grown, make, reopen, says, square

DAYS = Days("2021-01-10")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with make(tmp_path, DAYS) as register:
        accepted(register, says("h", "2020-01-01", hazard_class="sha", shape=square()))
    return tmp_path


NEW = field(20, "hazard", "slope", "quantity", unit="deg")
LINKED = field(21, "hazard", "found_by", "link", link="accident", reverse=HAZARD.label)


def test_a_field_that_was_added_widens_the_register_and_old_data_reads_empty(home: Path) -> None:
    model = grown(hazard=(NEW, LINKED))
    with reopen(home, DAYS, model) as register:
        old = register.at().record("h")
        assert old is not None
        assert (old.fields["slope"], old.fields["hazard_class"]) == (None, "sha")
        accepted(register, says("g", "2020-01-01", slope=12.0, found_by="a", shape=square(47)))
        assert [one.id for one in register.at().records("hazard", {"slope": 12.0})] == ["g"]
        assert register.verify(refold=True).holds, register.verify(refold=True).as_dict()
    with reopen(home, DAYS, model, read_only=True) as register:
        assert register.model.digest == model.digest, "the register carries the grown model"
    with reopen(home, DAYS, MODEL, read_only=True) as register:
        assert register.at().count("hazard", {"slope": 12.0}) == 1, "and needs no catalogue to be read"


def test_a_new_kind_brings_its_layer(home: Path) -> None:
    kind = replace(HAZARD, id="marking", name="marking", label={**HAZARD.label, "en": "marking"},
                   plural={**HAZARD.plural, "en": "markings"})  # fmt: skip
    kind = replace(
        kind, fields=tuple(replace(one, id=one.id.replace("hazard", "marking")) for one in kind.fields)
    )
    model = replace(MODEL, kinds={**MODEL.kinds, "marking": kind}, digest="2" * 64)
    with reopen(home, DAYS, model) as register:
        accepted(register, says("m", "2020-01-01", kind="marking", shape=square()))
        assert register.at().count("marking", bbox=(46, 40, 46.005, 40.005)) == 1
        assert register.verify(refold=True).holds


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(
            replace(
                MODEL,
                digest="3" * 64,
                kinds={
                    **MODEL.kinds,
                    "hazard": replace(
                        HAZARD,
                        fields=tuple(
                            replace(one, name="title") if one.name == "name" else one for one in HAZARD.fields
                        ),
                    ),
                },
            ),
            id="a field renamed",
        ),
        pytest.param(
            replace(
                MODEL,
                digest="4" * 64,
                kinds={**MODEL.kinds, "hazard": replace(HAZARD, fields=HAZARD.fields[1:])},
            ),
            id="a field removed",
        ),
        pytest.param(
            replace(MODEL, digest="5" * 64, kinds={k: v for k, v in MODEL.kinds.items() if k != "accident"}),
            id="a kind removed",
        ),
    ],
)
def test_what_was_renamed_or_removed_is_refused_and_nothing_changes(home: Path, model: object) -> None:
    before = (home / "country.gpkg").read_bytes()
    with pytest.raises(FallowError):
        reopen(home, DAYS, model)  # type: ignore[arg-type]
    assert (home / "country.gpkg").read_bytes() == before


def named(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE fallow_extra (x)")
    connection.execute("INSERT INTO fallow_extra SELECT number FROM fallow_ledger")


MIGRATION = migrate.Migration("extra-table", 3, named)


def run(home: Path, *migrations: migrate.Migration) -> list[str]:
    store = Store(home / "country.gpkg")
    try:
        rows = store.connection.execute("SELECT value FROM fallow_setting WHERE name = 'format'")
        return migrate.run(store, {"format": json.loads(rows.fetchone()[0])}, migrations)
    finally:
        store.close()


def test_a_migration_runs_once_and_the_file_before_it_is_kept(home: Path) -> None:
    assert run(home, MIGRATION) == ["extra-table"]
    assert run(home, MIGRATION) == []
    before = sqlite3.connect(home / "country.gpkg.before-extra-table")
    assert before.execute("SELECT value FROM fallow_setting WHERE name = 'format'").fetchone()[0] == "2"
    assert before.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    before.close()
    with pytest.raises(FallowError) as refused:
        reopen(home, DAYS)
    assert refused.value.code == "REGISTER_NEWER", "the format is now ahead of this program"


def test_a_migration_that_fails_changes_nothing(home: Path) -> None:
    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM fallow_extra")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(home, MIGRATION, migrate.Migration("broken", 4, broken))
    file = sqlite3.connect(home / "country.gpkg")
    assert file.execute("SELECT value FROM fallow_setting WHERE name = 'format'").fetchone()[0] == "3"
    assert file.execute("SELECT count(*) FROM fallow_extra").fetchone()[0] == 3
    file.close()


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from fixtures_register import *
from fallow.analysis import figure
from fallow.register import geoblob, migrate
from fallow.register.store import Store
from fallow.register.summing import ADDED

step = int(sys.argv[3])
def change(connection):
    for i in range(4):
        if i == step:
            os.kill(os.getpid(), signal.SIGKILL)
        connection.execute(f"CREATE TABLE fallow_step_{i} (x)")
        connection.execute(f"INSERT INTO fallow_step_{i} SELECT zeroblob(20000) FROM fallow_ledger")
store = Store(Path(sys.argv[1]) / "country.gpkg")
migrate.run(store, {"format": 2}, (migrate.Migration("steps", 3, change),))
"""


@pytest.mark.parametrize("step", range(4))
def test_a_migration_killed_half_way_leaves_the_old_register(home: Path, step: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(home), str(Path(__file__).parents[1]), str(step)],
        capture_output=True,
        check=False,
    )
    assert done.returncode == -9, done.stderr.decode()
    with reopen(home, DAYS) as register:
        assert register.verify(refold=True).holds, register.verify().as_dict()
        assert register.at().count("hazard") == 1
        tables = register._connection.execute(
            "SELECT count(*) FROM sqlite_master WHERE name LIKE 'fallow_step_%'"
        )
        assert tables.fetchone()[0] == 0


def as_format_1(home: Path) -> None:
    """Take from a register what format 2 added to it."""
    file = sqlite3.connect(home / "country.gpkg")
    geoblob.register_functions(file)
    for kind in MODEL.kinds.values():
        for name in ADDED:
            file.execute(f'ALTER TABLE "{kind.name}_history" DROP COLUMN {name}')
    file.execute("DROP TABLE fallow_voice")
    file.execute("UPDATE fallow_setting SET value = '1' WHERE name = 'format'")
    file.commit()
    file.close()


def stored(home: Path) -> dict[str, list[tuple[object, ...]]]:
    file = sqlite3.connect(home / "country.gpkg")
    found = {
        kind: file.execute(f"SELECT fid, {', '.join(ADDED)} FROM {kind}_history ORDER BY fid").fetchall()
        for kind in ("hazard", "victim")
    }
    found["voice"] = file.execute("SELECT kind, id, said FROM fallow_voice ORDER BY 1, 2").fetchall()
    file.close()
    return found


def test_a_register_of_format_1_gets_the_sums_it_would_have_been_written_with(home: Path) -> None:
    with reopen(home, DAYS) as register:
        people = [
            says(f"v{i}", "2020", kind="victim", outcome="injured", source=f"s{i % 3}") for i in range(9)
        ]
        accepted(register, *people)
        accepted(register, says("h", "2020-05-01", name="Hill", source="village"))
        told = figure("casualties", register)
    written = stored(home)
    assert len(written["voice"]) == 3 + len({one[-1] for one in written["hazard"]})
    as_format_1(home)
    with reopen(home, DAYS, read_only=True) as register:
        assert register.verify(refold=True).holds, register.verify().as_dict()
        assert register.at().walk("victim") is None, "its rows carry no sums"
        assert figure("casualties", register) == told, "so the table is made"
    with reopen(home, DAYS) as register:
        assert register.verify(refold=True).holds, register.verify().as_dict()
        assert figure("casualties", register) == told
        walked = register.at().walk("victim")
        assert walked is not None and walked.records == 9
        accepted(register, says("g", "2020-01-01", hazard_class="cha", shape=square(47)))
        assert register.at().count("hazard", bbox=(47, 40, 47.005, 40.005)) == 1, "the index is kept again"
    assert {kind: rows[: len(written[kind])] for kind, rows in stored(home).items() if kind != "voice"} == {
        kind: rows for kind, rows in written.items() if kind != "voice"
    }
    assert (home / "country.gpkg.before-sums").exists()
    file = sqlite3.connect(home / "country.gpkg")
    names = [row[1] for row in file.execute("PRAGMA table_info(hazard_history)")]
    assert names.index("_voice") < names.index("hazard_class"), "what figures read of every row comes early"
