"""A person's data: in the vault, sealed in the kept original, and gone for good once erased."""

from __future__ import annotations

from pathlib import Path

import pytest

import fallow
from fallow.errors import FallowError
from fallow.register import Register, create_register, open_register

TOKEN = "Zaur-Quill-77131"
SOURCE = """
source: hospital
who: District hospital
licence: internal
delivered: 2024-05-31
files: {people: people.csv}
tables:
  - name: people
    format: csv
    records:
      - kind: victim
        id: {column: id}
        date: date
        fields: {code: id, name: name, outcome: outcome}
"""


@pytest.fixture
def hospital(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    rows = "\n".join(f"v{i},2024-02-0{i},{TOKEN if i == 1 else 'Other Person'},injured" for i in (1, 2))
    (folder / "people.csv").write_text(f"id,date,name,outcome\n{rows}\n", encoding="utf-8")
    (folder / "source.yaml").write_text(SOURCE, encoding="utf-8")
    return folder


def bytes_beside(register: Register) -> bytes:
    """Every byte of every file that belongs to a register."""
    return b"".join(path.read_bytes() for path in register.path.parent.rglob("*") if path.is_file())


def brought_in(tmp_path: Path, hospital: Path) -> tuple[Register, str]:
    (tmp_path / "reg").mkdir()
    register = create_register(tmp_path / "reg" / "r.gpkg", title="R", passphrase="open")
    receipt = fallow.bring_in(hospital, register, approve_by="officer", why="checked")
    return register, receipt.files[0]["sha256"]


def test_an_original_with_personal_columns_is_sealed_and_opens_with_the_passphrase(
    tmp_path: Path, hospital: Path
) -> None:
    register, digest = brought_in(tmp_path, hospital)
    assert register.files.content(digest, register.vault) == (hospital / "people.csv").read_bytes()
    assert register.verify().holds
    register.close()
    assert TOKEN.encode() not in bytes_beside(register)
    with open_register(register.path) as locked, pytest.raises(FallowError) as refusal:
        locked.files.content(digest, locked.vault)
    assert refusal.value.code == "VAULT_CLOSED"


def test_an_original_without_personal_columns_stays_readable(tmp_path: Path, hospital: Path) -> None:
    (hospital / "source.yaml").write_text(SOURCE.replace(", name: name", ""), encoding="utf-8")
    register, digest = brought_in(tmp_path, hospital)
    assert register.files.path(digest).read_bytes() == (hospital / "people.csv").read_bytes()
    register.close()


def test_erasing_a_person_destroys_the_original_that_names_them_and_the_ledger_holds(
    tmp_path: Path, hospital: Path
) -> None:
    register, digest = brought_in(tmp_path, hospital)
    record = next(one.id for one in register.at().records("victim", {"code": "v1"}))
    other = next(one.id for one in register.at().records("victim", {"code": "v2"}))
    register.grant("director", ["erase"], by="director", why="appointed")
    assert register.erase(record, by="director", why="asked for") == 1
    assert register.secrets(record) == {}
    assert register.secrets(other) == {"name": "Other Person"}
    assert not register.files.has(digest)
    with pytest.raises(FallowError):
        register.vault.file_key(digest)
    verdict = register.verify(refold=True)
    assert verdict.holds, verdict.as_dict()
    register.close()


def test_an_erasure_that_a_crash_cut_short_is_finished_when_the_vault_is_opened_again(
    tmp_path: Path, hospital: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register, digest = brought_in(tmp_path, hospital)
    record = next(one.id for one in register.at().records("victim", {"code": "v1"}))
    register.grant("director", ["erase"], by="director", why="appointed")

    def crash(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(register.vault, "erase_file", crash)
    with pytest.raises(KeyboardInterrupt):
        register.erase(record, by="director", why="asked for")
    register.close()
    with open_register(register.path, passphrase="open") as again:
        assert not again.files.has(digest)
        assert again.secrets(record) == {}
        assert again.verify().holds


def test_a_sealed_original_that_was_changed_is_named(tmp_path: Path, hospital: Path) -> None:
    register, digest = brought_in(tmp_path, hospital)
    path = register.files.path(digest)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    assert [(one.code, one.where) for one in register.verify().findings] == [("FILE_DAMAGED", digest)]
    with pytest.raises(FallowError) as refusal:
        register.files.content(digest, register.vault)
    assert refusal.value.code == "FILE_DAMAGED"
    register.close()


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20])
def test_any_size_seals_and_opens(tmp_path: Path, size: int) -> None:
    with create_register(tmp_path / "r.gpkg", title="R", passphrase="open") as register:
        path = tmp_path / "content"
        path.write_bytes(bytes(i % 251 for i in range(1000)) * (size // 1000) + b"x" * (size % 1000))
        digest = register.files.keep(path, register.vault)
        assert register.files.content(digest, register.vault) == path.read_bytes()
        assert register.files.keep(path, register.vault) == digest  # not written twice


def test_a_sealed_file_cut_at_a_block_is_refused(tmp_path: Path) -> None:
    with create_register(tmp_path / "r.gpkg", title="R", passphrase="open") as register:
        path = tmp_path / "content"
        path.write_bytes(b"a" * (3 << 20))
        digest = register.files.keep(path, register.vault)
        sealed = register.files.path(digest)
        block = (1 << 20) + 16 + 4
        sealed.write_bytes(sealed.read_bytes()[: 2 * block])
        with pytest.raises(FallowError) as refusal:
            register.files.content(digest, register.vault)
        assert refusal.value.code == "FILE_DAMAGED"
