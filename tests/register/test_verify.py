"""Verify names what is damaged: every flip that changes content, every deletion, swap, cut, other key.

The comparison is SQLite's own ``PRAGMA integrity_check``, which sees the tree and not the content.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fallow.register import Delivery, Register, Verdict, create_register, geoblob, open_register, rtree
from fallow.register.keys import statement as head_statement
from fallow.register.ledger import GENESIS, entry_hash
from fixtures_register import PASSPHRASE, Days, accepted, make, reopen, says, square, two_release_officers


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A register in which everything happened once, with originals and a vault."""
    folder = tmp_path_factory.mktemp("whole")
    days = Days("2021-01-10")
    original = folder / "original.csv"
    original.write_text("hazard,class\nh0,sha\n")
    with make(folder, days, passphrase=PASSPHRASE) as register:
        digest = register.files.keep(original)
        delivery = register.receive(
            Delivery(
                source="survey",
                who="An organisation",
                delivered="2021-01-09",
                declared=False,
                files=({"name": "original.csv", "sha256": digest, "bytes": original.stat().st_size},),
                mapping="0" * 64,
            )
        )
        drafts = [
            says(
                f"h{i}",
                "2020-01-01",
                hazard_class="sha",
                status="open",
                name=f"Field {i}",
                depth=10 + i,
                shape=square(46 + i),
            )
            for i in range(8)
        ]
        numbers = register.add(drafts, delivery)
        register.approve(numbers[:6], by="im.officer", why="checked")
        register.approve(numbers[6:7], by="im.officer", why="old", as_of="2020-02-01")
        days.on("2021-02-01")
        accepted(register, says("h0", "2020-06-01", hazard_class="dismissed", source="village"))
        village = accepted(register, says("h1", "2020-06-01", name="Other", source="village"))[0]
        register.resolve("h1", "name", village, by="im.officer", why="signpost")
        register.reject(numbers[2:3], by="im.officer", why="wrong")
        days.on("2021-03-01")
        register.approve(numbers[2:3], by="im.officer", why="right")
        register.same("h3", "h4", by="im.officer", why="one field")
        anna, boris = two_release_officers(register)
        accepted(register, says("h5", "2020-09-01", status="closed"))
        for person in (anna, boris):
            register.release(["h5"], "status", by=person, why="done")
        accepted(
            register, says("v", "2020-05", kind="victim", outcome="injured", secret={"full_name": "A Name"})
        )
        assert register.verify(refold=True).holds
    return folder


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "copy")
    return tmp_path / "copy"


def verdict(folder: Path, refold: bool = False) -> Verdict:
    with reopen(folder, read_only=True) as register:
        return register.verify(refold=refold)


def raw(folder: Path, name: str = "country.gpkg") -> sqlite3.Connection:
    file = sqlite3.connect(folder / name, isolation_level=None)
    geoblob.register_functions(file)
    return file


def named(found: Verdict) -> set[str]:
    return {one.where for one in found.findings} | {
        str(one.facts["record"]) for one in found.findings if "record" in one.facts
    }


def test_the_whole_register_holds_and_says_what_it_walked(copy: Path) -> None:
    found = verdict(copy, refold=True)
    assert found.holds, found.as_dict()
    said = found.as_dict()
    assert said["entries"] > 20
    assert said["rows"] > 8
    assert (said["files"], said["sealed"], said["refolded"]) == (1, 1, True)


def flipped(value: Any, chance: random.Random) -> Any:
    """A value with one bit of it turned, of the same type."""
    if isinstance(value, bytes):
        at = chance.randrange(len(value))
        return value[:at] + bytes([value[at] ^ 1 << chance.randrange(8)]) + value[at + 1 :]
    if isinstance(value, str):
        if not value:
            return "x"
        at = chance.randrange(len(value))
        return value[:at] + chr(ord(value[at]) ^ 1 << chance.randrange(5)) + value[at + 1 :]
    if isinstance(value, float):
        return value + 1
    return (value or 0) ^ 1 << chance.randrange(4)


CELLS = {
    "fallow_ledger": ("number", ("id", "verb", "at", "body", "geometry", "hash")),
    "fallow_head": ("number", ("hash", "at", "key", "signature")),
    "fallow_report": (
        "number",
        (
            "kind",
            "record",
            "source",
            "delivery",
            "true_on",
            "learned",
            "declared",
            "held",
            "state",
            "known_from",
            "known_to",
        ),
    ),
    "fallow_earlier_span": ("rowid", ("report", "known_from", "known_to")),
    "fallow_about": ("rowid", ("record", "number")),
    "hazard_history": (
        "fid",
        (
            "geom",
            "record",
            "known_from",
            "known_to",
            "true_from",
            "true_to",
            "name",
            "hazard_class",
            "status",
            "depth",
            "marked",
            "conflict",
            "awaiting",
            "declared",
            "reports",
            "row_hash",
        ),
    ),
    "victim_history": ("fid", ("record", "outcome", "known_from", "reports", "row_hash")),
}


def test_every_flip_of_a_stored_value_is_found_and_named(copy: Path, long: bool) -> None:
    """Content changes that leave the file a perfect SQLite database: its own check sees none of them."""
    chance = random.Random(20210430)
    tried, seen_by_sqlite = 0, 0
    file = raw(copy)
    places = [
        (table, key, row, column)
        for table, (key, columns) in CELLS.items()
        for (row,) in file.execute(f"SELECT {key} FROM {table}").fetchall()
        for column in columns
    ]
    for table, key, row, column in places if long else chance.sample(places, 150):
        value = file.execute(f"SELECT {column} FROM {table} WHERE {key} = ?", (row,)).fetchone()[0]
        if value is None and column not in ("known_from", "known_to", "marked", "depth"):
            continue
        other = flipped(value, chance)
        file.execute("PRAGMA foreign_keys=OFF")
        try:
            file.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (other, row))
        except sqlite3.IntegrityError:
            continue
        tried += 1
        seen_by_sqlite += file.execute("PRAGMA integrity_check").fetchone()[0] != "ok"
        found = verdict(copy)
        assert not found.holds, (table, row, column, value, other)
        whats = named(found)
        assert any(str(row) in one or one.startswith(("h", "v", "entry", "report")) for one in whats), (
            table,
            row,
            whats,
        )
        file.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (value, row))
    assert verdict(copy).holds
    assert tried > (500 if long else 80)
    assert seen_by_sqlite == 0, "the comparison: the database's own check finds none of these"
    file.close()


def sqlite_is_content(folder: Path) -> bool:
    file = raw(folder)
    try:
        return bool(file.execute("PRAGMA integrity_check").fetchone()[0] == "ok")
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return False
    finally:
        file.close()


def test_every_flip_of_a_raw_byte_that_changes_a_row_is_found(copy: Path, long: bool) -> None:
    """One bit anywhere in the file. What changed is judged by reading all tables, not by the verifier."""
    path = copy / "country.gpkg"
    clean = path.read_bytes()
    chance = random.Random(7)

    def content() -> Any:
        file = raw(copy)
        try:
            return [
                file.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
                for table in (*CELLS, "hazard", "victim", rtree.name("hazard_history"))
            ]
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            return "unreadable"
        finally:
            file.close()

    before = content()
    used = [at for at in range(len(clean)) if clean[at] or chance.random() < 0.01]
    changed = missed_by_sqlite = 0
    for at in chance.sample(used, 4_000 if long else 120):
        if at < 100:
            continue  # the file's header: a file that no longer opens needs no verifier
        path.write_bytes(clean[:at] + bytes([clean[at] ^ 1 << chance.randrange(8)]) + clean[at + 1 :])
        after = content()
        if after == before:
            continue
        changed += 1
        missed_by_sqlite += sqlite_is_content(copy)
        try:
            found = verdict(copy, refold=False)
        except Exception as refused:  # noqa: BLE001 - counted below: it must be one of ours
            assert type(refused).__name__ == "FallowError", (at, refused)
            continue
        assert not found.holds, f"byte {at}"
    path.write_bytes(clean)
    assert changed > 20
    assert missed_by_sqlite > 5, "the comparison: what plain SQLite does not see"
    assert verdict(copy, refold=True).holds


@pytest.mark.parametrize(
    ("statement", "code", "where"),
    [
        (
            "DELETE FROM fallow_ledger WHERE number = 9",
            "ENTRY_MISSING",
            "entry 9",
        ),
        (
            "UPDATE fallow_ledger SET body = CAST(replace(body, 'Field 3', 'Field 9') AS BLOB) "
            "WHERE number = 6",
            "ENTRY_DAMAGED",
            "entry 6",
        ),
        (
            "DELETE FROM fallow_ledger WHERE number > 20",
            "LEDGER_CUT",
            "head",
        ),
        (
            "DELETE FROM fallow_head WHERE number > 15",
            "HEAD_UNSIGNED",
            "entry",
        ),
        (
            "DELETE FROM fallow_report WHERE number = 5",
            "REPORT_NOT_INDEXED",
            "report 5",
        ),
        (
            "UPDATE fallow_report SET held = 'HUGE_AREA' WHERE number = 10",
            "REPORT_NOT_INDEXED",
            "report 10",
        ),
        (
            "UPDATE fallow_report SET state = 'draft', known_from = NULL WHERE number = 4",
            "REPORT_NOT_INDEXED",
            "report 4",
        ),
        (
            "DELETE FROM fallow_earlier_span",
            "REPORT_NOT_INDEXED",
            "report 5",
        ),
        (
            "DELETE FROM fallow_about WHERE record = 'h1'",
            "DECISION_NOT_INDEXED",
            "entry",
        ),
        (
            "UPDATE hazard_history SET hazard_class = 'dismissed' WHERE record = 'h6'",
            "ROW_DAMAGED",
            "hazard_history row",
        ),
        (
            "UPDATE hazard_history SET _sum_3 = _sum_3 + 1 WHERE record = 'h6'",
            "ROW_DAMAGED",
            "hazard_history row",
        ),
        (
            "UPDATE hazard_history SET _voice = (SELECT min(_voice) FROM hazard_history) "
            "WHERE _voice != (SELECT min(_voice) FROM hazard_history)",
            "ROW_DAMAGED",
            "hazard_history row",
        ),
        (
            "UPDATE fallow_voice SET said = replace(said, 'village', 'army') WHERE kind = 'hazard'",
            "ROW_DAMAGED",
            "hazard_history row",
        ),
        (
            "DELETE FROM fallow_voice",
            "ROW_DAMAGED",
            "hazard_history row",
        ),
        (
            "UPDATE fallow_setting SET value = '1' WHERE name = 'format'",
            "SCHEMA_CHANGED",
            "fallow_voice",
        ),
        (
            "DELETE FROM rtree_hazard_history_geom WHERE id = (SELECT max(fid) FROM hazard_history)",
            "INDEX_DAMAGED",
            "hazard_history",
        ),
        (
            "UPDATE rtree_hazard_history_geom SET minx = minx + 1, maxx = maxx + 1 WHERE id = "
            "(SELECT max(fid) FROM hazard_history)",
            "INDEX_DAMAGED",
            "hazard_history",
        ),
    ],
)
def test_tampering_is_named(copy: Path, statement: str, code: str, where: str) -> None:
    file = raw(copy)
    assert file.execute(statement).rowcount != 0
    file.close()
    found = verdict(copy)
    assert code in {one.code for one in found.findings}, found.as_dict()
    assert any(one.where.startswith(where) for one in found.findings if one.code == code), found.as_dict()
    for one in found.findings:
        assert one.as_dict()["remedy"]


def test_a_row_that_was_changed_and_hashed_again_does_not_follow_from_the_ledger(copy: Path) -> None:
    """Somebody with the program and the file: the row's own hash is right, the fold is not."""
    with reopen(copy, Days("2021-04-01"), passphrase=PASSPHRASE) as register:
        from dataclasses import replace

        from fallow.register.history import HistoryWriter

        life = register.history("h7") if register.at().record("h7") else register.history("h6")
        assert life.now is not None
        lie = replace(life.now, values={**life.now.values, "hazard_class": "dismissed"})
        with register._store.transaction():
            HistoryWriter(register._connection, register.model.kind("hazard")).replace([lie.record], [lie])
        assert register.verify().holds, "each part is sound by itself"
        found = register.verify(refold=True)
    assert {one.code for one in found.findings} == {"ROW_NOT_FOLDED", "ROW_LOST"}
    assert named(found) >= {lie.record}


def rechained(file: sqlite3.Connection) -> bytes:
    """Hash the whole ledger anew, as somebody who knows the format would."""
    before = GENESIS
    rows = file.execute(
        "SELECT number, id, verb, at, body, geometry FROM fallow_ledger ORDER BY number"
    ).fetchall()
    for number, id, verb, at, body, geometry in rows:
        before = entry_hash(before, number, id, verb, at, body, geometry)
        file.execute("UPDATE fallow_ledger SET hash = ? WHERE number = ?", (before, number))
    return before


def test_a_rewritten_and_rehashed_ledger_fails_its_signatures(copy: Path) -> None:
    file = raw(copy)
    file.execute(
        "UPDATE fallow_ledger SET body = CAST(replace(body, 'Field 3', 'Field 9') AS BLOB) WHERE number = 6"
    )
    rechained(file)
    found = verdict(copy)
    assert "HEAD_MISMATCH" in {one.code for one in found.findings}
    assert "ENTRY_DAMAGED" not in {one.code for one in found.findings}, "the chain alone is consistent"

    # ... and signed again with a key of their own
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(form.Encoding.Raw, form.PublicFormat.Raw).hex()
    register_id = __import__("json").loads(
        file.execute("SELECT value FROM fallow_setting WHERE name = 'register'").fetchone()[0]
    )
    for number, at, hash in file.execute(
        "SELECT h.number, h.at, l.hash FROM fallow_head h JOIN fallow_ledger l USING (number)"
    ).fetchall():
        signature = key.sign(head_statement(register_id, number, hash, at))
        file.execute(
            "UPDATE fallow_head SET hash = ?, key = ?, signature = ? WHERE number = ?",
            (hash, public, signature, number),
        )
    file.close()
    found = verdict(copy)
    assert {one.code for one in found.findings if one.where.startswith("head")} == {"SIGNATURE_WRONG"}


def test_a_layer_that_was_made_to_hide_records_is_named(copy: Path) -> None:
    """S1: every row is right and every hash too, only nobody is shown it."""
    file = raw(copy)
    sql = file.execute("SELECT sql FROM sqlite_master WHERE name = 'hazard'").fetchone()[0]
    shown = file.execute("SELECT count(*) FROM hazard").fetchone()[0]
    file.execute("DROP VIEW hazard")
    file.execute(f"{sql} AND record != 'h6'")
    assert file.execute("SELECT count(*) FROM hazard").fetchone()[0] == shown - 1
    file.execute("CREATE TABLE smuggled (x)")
    file.close()
    found = verdict(copy).findings
    assert [(one.code, one.where) for one in found] == [
        ("SCHEMA_CHANGED", "hazard"),
        ("SCHEMA_CHANGED", "smuggled"),
    ]


def test_swapped_entries_are_found(copy: Path) -> None:
    file = raw(copy)
    one, other = (
        file.execute(
            "SELECT id, verb, at, body, geometry, hash FROM fallow_ledger WHERE number = ?", (n,)
        ).fetchone()
        for n in (4, 5)
    )
    for number, content in ((4, other), (5, one)):
        file.execute(
            "UPDATE fallow_ledger SET id=?, verb=?, at=?, body=?, geometry=?, hash=? WHERE number = ?",
            (*content, number),
        )
    file.close()
    assert {"entry 4", "entry 5"} <= {one.where for one in verdict(copy).findings}


def test_kept_files_are_checked_by_content(copy: Path) -> None:
    kept = [path for path in (copy / "country.files").rglob("*") if path.is_file()]
    assert len(kept) == 1
    content = kept[0].read_bytes()
    kept[0].write_bytes(content[:-1] + b"?")
    assert [(one.code, one.where) for one in verdict(copy).findings] == [("FILE_DAMAGED", kept[0].name)]
    kept[0].unlink()
    assert [(one.code, one.where) for one in verdict(copy).findings] == [("FILE_MISSING", kept[0].name)]


def test_every_flip_of_a_sealed_value_is_found_without_the_passphrase(copy: Path) -> None:
    file = raw(copy, "country.vault")
    report, content = file.execute("SELECT report, content FROM sealed").fetchone()
    chance = random.Random(3)
    for at in range(0, len(content), 3):
        turned = content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :]
        file.execute("UPDATE sealed SET content = ? WHERE report = ?", (turned, report))
        found = verdict(copy).findings
        assert [(one.code, one.facts["record"]) for one in found] == [("SEALED_DAMAGED", "v")], at
    file.execute("DELETE FROM sealed")
    file.close()
    assert [one.code for one in verdict(copy).findings] == ["SEALED_DAMAGED"], (
        "an emptied vault is damage too"
    )
    (copy / "country.vault").write_bytes(b"SQLite format 3\0" + os.urandom(4096))
    assert "VAULT_DAMAGED" in {one.code for one in verdict(copy).findings}


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Register]:
    with make(tmp_path, Days("2021-01-10")) as made:
        yield made


def test_an_empty_register_holds(fresh: Register) -> None:
    found = fresh.verify(refold=True)
    assert (found.holds, found.entries, found.heads) == (True, 1, 1)


def test_a_model_edited_by_hand_is_found(tmp_path: Path) -> None:
    """Dropping the guard of a state would let one person close a hazard; the ledger signed for the model."""
    with create_register(tmp_path / "real.gpkg", title="Real kinds") as register:
        assert register.verify().holds
    raw = sqlite3.connect(tmp_path / "real.gpkg")
    ((model,),) = raw.execute("SELECT value FROM fallow_setting WHERE name = 'model'").fetchall()
    assert '"release"' in model
    unguarded = model.replace('"release"', "null")
    raw.execute("UPDATE fallow_setting SET value = ? WHERE name = 'model'", (unguarded,))
    raw.commit()
    raw.close()
    with open_register(tmp_path / "real.gpkg", read_only=True) as register:
        assert "MODEL_EDITED" in {one.code for one in register.verify().findings}
