"""Personal values: encrypted beside the register, in no other byte on disk, and gone for good once erased."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fallow.errors import FallowError
from fallow.register import Register
from fixtures_register import PASSPHRASE, Days, accepted, make, reopen, says

NAME, ADDRESS = "Zubaydah-Quillfeather-7731", "Nettlewick-Lane-90210"


@pytest.fixture
def days() -> Days:
    return Days("2021-01-10")


@pytest.fixture
def country(tmp_path: Path, days: Days) -> Iterator[Register]:
    with make(tmp_path, days, passphrase=PASSPHRASE) as made:
        yield made


def victim(record: str = "v", name: str = NAME, **more: str) -> object:
    return says(record, "2020-05", kind="victim", outcome="injured", secret={"full_name": name, **more})


def found_in(folder: Path, *tokens: str) -> dict[str, list[str]]:
    """Files in a folder that hold a token, in the encodings a database or a log might use."""
    needles = {
        token: [
            token.encode(),
            token.encode("utf-16-le"),
            token.lower().encode(),
            token.encode().hex().encode(),
        ]
        for token in tokens
    }
    return {
        token: [
            str(path.relative_to(folder))
            for path in folder.rglob("*")
            if path.is_file() and any(one in path.read_bytes() for one in spelled)
        ]
        for token, spelled in needles.items()
    }


def test_personal_values_are_in_no_byte_on_disk_and_come_back_with_the_passphrase(
    tmp_path: Path, days: Days
) -> None:
    with make(tmp_path, days, passphrase=PASSPHRASE) as register:
        with register.writing():
            numbers = register.add([victim(address=ADDRESS), says("open", name="Open-Token-5512")])
            # in the middle of the transaction the rollback journal lies beside the register
            assert (tmp_path / "country.gpkg-journal").exists() or (tmp_path / "country.gpkg-wal").exists()
            assert found_in(tmp_path, NAME, ADDRESS) == {NAME: [], ADDRESS: []}
        register.approve(numbers, by="im.officer", why="x")
        register.snapshot(tmp_path / "out.gpkg", restricted=True)
        assert register.secrets("v") == {"full_name": NAME, "address": ADDRESS}
    everywhere = found_in(tmp_path, NAME, ADDRESS, PASSPHRASE, "Open-Token-5512")
    assert everywhere[NAME] == everywhere[ADDRESS] == everywhere[PASSPHRASE] == []
    assert set(everywhere["Open-Token-5512"]) == {"country.gpkg", "out.gpkg"}, "the search itself works"
    with reopen(tmp_path, days, passphrase=PASSPHRASE) as register:
        assert register.secrets("v") == {"full_name": NAME, "address": ADDRESS}
        assert register.at().count("victim") == 1


def test_reading_needs_no_passphrase_but_secrets_do(tmp_path: Path, days: Days) -> None:
    with make(tmp_path, days, passphrase=PASSPHRASE) as register:
        accepted(register, victim())  # type: ignore[arg-type]
    with reopen(tmp_path, days) as register:
        assert register.at().count("victim") == 1
        assert register.verify(refold=True).holds
        with pytest.raises(FallowError) as refused:
            register.secrets("v")
        assert refused.value.code == "VAULT_CLOSED"
        with pytest.raises(FallowError) as refused:
            register.add([says("h")])
        assert refused.value.code == "KEY_LOCKED"
    with pytest.raises(FallowError) as refused:
        reopen(tmp_path, days, passphrase="apricots in the hills")
    assert refused.value.code == "VAULT_PASSPHRASE"
    assert PASSPHRASE not in str(refused.value)


def test_the_files_beside_are_for_their_owner_only(country: Register) -> None:
    for name in (".key", ".vault"):
        assert country.path.with_suffix(name).stat().st_mode & 0o077 == 0


def test_later_approved_values_stand_over_earlier_ones_and_drafts_over_none(country: Register) -> None:
    accepted(country, victim())  # type: ignore[arg-type]
    accepted(country, victim(name="Corrected"))  # type: ignore[arg-type]
    country.add([victim(name="Only a draft", address="Draft street")])  # type: ignore[list-item]
    assert country.secrets("v") == {"full_name": "Corrected", "address": "Draft street"}


def test_an_erased_person_is_gone_from_the_raw_bytes_and_the_ledger_still_verifies(
    tmp_path: Path, country: Register, days: Days
) -> None:
    accepted(country, victim("v"), victim("w", name="Somebody Else"))  # type: ignore[arg-type]
    vault = country.path.with_suffix(".vault")
    file = sqlite3.connect(vault)
    sealed = [row[0] for row in file.execute("SELECT content FROM sealed WHERE record = 'v'")]
    key = file.execute("SELECT wrapped FROM record_key WHERE record = 'v'").fetchone()[0]
    file.close()
    assert sealed[0] in vault.read_bytes()
    country.grant("Protection Officer", ["erase"], by="The Director", why="appointed")
    with pytest.raises(FallowError) as refused:
        country.erase("v", by="im.officer", why="asked")
    assert refused.value.code == "RIGHT_NEEDED"
    assert country.erase("v", by="Protection Officer", why="she asked for it") == 1
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    for part in (sealed[0], sealed[0][12:], key, key[12:]):
        assert part not in raw
    assert country.secrets("v") == {}
    assert country.secrets("w") == {"full_name": "Somebody Else"}
    verdict = country.verify(refold=True)
    assert (verdict.holds, verdict.erased, verdict.sealed) == (True, 1, 1)
    assert country.at().count("victim") == 2, "what is not personal stays"
    accepted(country, victim("v", name="New Consent"))  # type: ignore[arg-type]
    assert country.secrets("v") == {"full_name": "New Consent"}
    assert country.verify().holds


def test_nothing_is_decided_when_the_vault_is_closed(tmp_path: Path, days: Days) -> None:
    with make(tmp_path, days) as register:
        accepted(register, says("h"))
        head = register.ledger.head()
        with pytest.raises(FallowError) as refused:
            register.erase("h", by="im.officer", why="x")
        assert refused.value.code == "VAULT_CLOSED"
        assert register.ledger.head() == head


def test_a_ciphertext_put_in_another_s_place_is_noticed(country: Register) -> None:
    """The report's id is bound into its ciphertext, and the record's into its key."""
    accepted(country, victim("v"), victim("v", name="Second"), victim("w", name="Third"))  # type: ignore[arg-type]
    file = sqlite3.connect(country.path.with_suffix(".vault"))
    reports = file.execute("SELECT report, content, record FROM sealed ORDER BY report").fetchall()
    (one, first, _), (two, second, _) = [row for row in reports if row[2] == "v"]
    file.execute("UPDATE sealed SET content = ? WHERE report = ?", (second, one))
    file.execute("UPDATE sealed SET content = ? WHERE report = ?", (first, two))
    file.commit()
    with pytest.raises(FallowError) as refused:
        country.secrets("v")
    assert refused.value.code == "VAULT_DAMAGED"
    named = [(one.code, one.facts["record"]) for one in country.verify().findings]
    assert named == [("SEALED_DAMAGED", "v")] * 2
    keys = dict(file.execute("SELECT record, wrapped FROM record_key"))
    file.execute("UPDATE record_key SET wrapped = ? WHERE record = 'w'", (keys["v"],))
    file.commit()
    file.close()
    with pytest.raises(FallowError) as refused:
        country.secrets("w")
    assert refused.value.code == "VAULT_DAMAGED"


CRASH = """
import os, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from fixtures_register import *
from fallow.register.ledger import Ledger
from fallow.register.vault import Vault
register = reopen(Path(sys.argv[1]), Days("2021-02-01"), passphrase=PASSPHRASE)
if sys.argv[3] == "seal":
    Ledger.append = lambda *a, **k: os._exit(9)   # the vault has committed, the register has not
    register.add([says("lost", "2020-05", kind="victim", secret={"full_name": "Never Received"})])
else:
    Vault.erase = lambda *a, **k: os._exit(9)     # the erasure is decided, the vault has not heard of it
    register.erase("v", by="im.officer", why="asked")
"""


def crash(folder: Path, where: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CRASH, str(folder), str(Path(__file__).parents[1]), where],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 9, done.stderr.decode()


def sealed_in(folder: Path) -> list[str]:
    file = sqlite3.connect(folder / "country.vault")
    found = [row[0] for row in file.execute("SELECT record FROM sealed ORDER BY record")]
    file.close()
    return found


def test_a_crash_between_vault_and_register_is_swept_at_the_next_opening(tmp_path: Path, days: Days) -> None:
    with make(tmp_path, days, passphrase=PASSPHRASE) as register:
        accepted(register, victim("v"))  # type: ignore[arg-type]
    crash(tmp_path, "seal")
    assert sealed_in(tmp_path) == ["lost", "v"]
    with reopen(tmp_path, days, passphrase=PASSPHRASE) as register:
        assert sealed_in(tmp_path) == ["v"], "sealed for a report that never came to be"
        assert register.secrets("v") == {"full_name": NAME}
        assert register.verify(refold=True).holds


def test_an_erasure_cut_short_is_named_by_verify_and_finished_at_the_next_opening(
    tmp_path: Path, days: Days
) -> None:
    with make(tmp_path, days, passphrase=PASSPHRASE) as register:
        accepted(register, victim("v"))  # type: ignore[arg-type]
    crash(tmp_path, "erase")
    with reopen(tmp_path, days, read_only=True) as register:
        assert [one.code for one in register.verify().findings] == ["ERASURE_UNFINISHED"]
    with reopen(tmp_path, days, passphrase=PASSPHRASE) as register:
        assert sealed_in(tmp_path) == []
        assert register.verify(refold=True).holds


def test_sweeping_leaves_alone_what_another_program_has_sealed_and_not_yet_committed(
    tmp_path: Path, days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    with make(tmp_path, days, passphrase=PASSPHRASE) as writer:
        with writer.writing():
            writer.add([victim("v")])  # type: ignore[list-item]
            monkeypatch.setattr("fallow.register.store.BUSY_SECONDS", 0.1)
            with pytest.raises(FallowError) as refused:
                reopen(tmp_path, days, passphrase=PASSPHRASE)
            assert refused.value.code == "REGISTER_BUSY"
        assert writer.secrets("v") == {"full_name": NAME}
        assert writer.verify().holds


def test_a_register_without_its_vault_says_so_and_holds(tmp_path: Path, days: Days) -> None:
    with make(tmp_path, days, passphrase=PASSPHRASE) as register:
        accepted(register, victim("v"))  # type: ignore[arg-type]
    (tmp_path / "country.vault").unlink()
    with reopen(tmp_path, days, read_only=True) as register:
        verdict = register.verify()
        assert [(one.code, one.level) for one in verdict.findings] == [("VAULT_MISSING", "note")]
        assert verdict.holds


def test_a_personal_value_is_in_no_message(country: Register) -> None:
    with pytest.raises(FallowError) as refused:
        country.add([says("v", kind="victim", full_name=NAME)])
    with pytest.raises(FallowError) as also:
        country.add([says("v", kind="victim", secret={"nickname": NAME})])
    for error in (refused.value, also.value):
        assert NAME not in f"{error} {error.what} {error.remedy} {error.as_dict()}"


OTHER_COST = {"iterations": 1, "lanes": 2, "memory_cost": 16 * 1024}


def _made(folder: Path, days: Days) -> Path:
    with make(folder, days, passphrase=PASSPHRASE) as register:
        accepted(register, victim())
    return folder / "country.vault"


def _as_before_costs_were_kept(vault: Path) -> None:
    """The table as the first Fallow made it."""
    file = sqlite3.connect(vault, isolation_level=None)
    file.execute("CREATE TABLE old (salt BLOB NOT NULL, wrapped BLOB NOT NULL)")
    file.execute("INSERT INTO old SELECT salt, wrapped FROM master")
    file.execute("DROP TABLE master")
    file.execute("ALTER TABLE old RENAME TO master")
    file.close()


def test_the_cost_is_kept_with_the_vault(tmp_path: Path, days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vault made at another cost opens after the cost was raised, and is wrapped anew when asked."""
    with monkeypatch.context() as then:
        then.setattr("fallow.register.vault._COST", OTHER_COST)
        vault = _made(tmp_path, days)
    kept = "SELECT iterations, lanes, memory_cost FROM master"
    assert sqlite3.connect(vault).execute(kept).fetchone() == tuple(OTHER_COST.values())
    with reopen(tmp_path, passphrase=PASSPHRASE) as register:
        assert register.secrets("v") == {"full_name": NAME}
        assert register.vault.dated
        register.vault.rewrap(PASSPHRASE)
        assert not register.vault.dated
    assert sqlite3.connect(vault).execute(kept).fetchone() == (3, 4, 64 * 1024)
    with reopen(tmp_path, passphrase=PASSPHRASE) as register:
        assert register.secrets("v") == {"full_name": NAME}
        assert register.verify().holds


def test_a_vault_from_before_costs_were_kept_opens(tmp_path: Path, days: Days) -> None:
    vault = _made(tmp_path, days)
    _as_before_costs_were_kept(vault)
    with reopen(tmp_path, passphrase=PASSPHRASE) as register:
        assert register.secrets("v") == {"full_name": NAME}
        assert not register.vault.dated
        register.vault.rewrap(PASSPHRASE)
    with reopen(tmp_path, passphrase=PASSPHRASE) as register:
        assert register.secrets("v") == {"full_name": NAME}


@pytest.mark.parametrize(
    "cost", [(0, 4, 65536), (3, 4, 1 << 40), (3, 4, 1), ("x", 4, 65536), (None, 4, 65536)]
)
def test_a_cost_nobody_would_set_is_damage(tmp_path: Path, days: Days, cost: tuple[object, ...]) -> None:
    vault = _made(tmp_path, days)
    file = sqlite3.connect(vault, isolation_level=None)
    file.execute("UPDATE master SET iterations = ?, lanes = ?, memory_cost = ?", cost)
    file.close()
    with pytest.raises(FallowError) as refusal, reopen(tmp_path, passphrase=PASSPHRASE, read_only=True):
        pass
    assert refusal.value.code == "VAULT_DAMAGED"


def test_another_passphrase_wraps_nothing(tmp_path: Path, days: Days) -> None:
    vault = _made(tmp_path, days)
    before = vault.read_bytes()
    with reopen(tmp_path, read_only=True) as register, pytest.raises(FallowError) as refusal:
        register.vault.rewrap("anything at all")
    assert refusal.value.code == "VAULT_PASSPHRASE"
    assert vault.read_bytes() == before
