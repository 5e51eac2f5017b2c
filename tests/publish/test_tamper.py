"""A bundle that anybody changed is found out and what was changed is named; a hostile file is refused."""

from __future__ import annotations

import io
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fixtures_publish import Programme, bundled
from hypothesis import given
from hypothesis import strategies as st

from fallow.errors import FallowError
from fallow.publish.checking.check import Check, check
from fallow.publish.proof import archive
from fallow.publish.writers.remade import remembered
from fallow.register import keys
from fallow.words import LANGUAGES

Members = dict[str, bytes]


class Sealed:
    """A good bundle, taken apart, and the register it comes from."""

    def __init__(self, folder: Path) -> None:
        self.programme = Programme(folder)
        self.path, self.manifest = bundled(self.programme.register, folder, documents="all")
        self.folder = folder
        self.members = archive.read(self.path)
        (folder / "bare").mkdir()
        bare, _ = bundled(self.programme.register, folder / "bare", documents="none")
        self.bare = archive.read(bare)
        """The same without documents, which take longest to read."""

    def checked(self, members: Members | bytes, *, key: str | None = None) -> Check:
        """What a check says of other members, or of another file."""
        target = self.folder / "other.zip"
        target.write_bytes(members if isinstance(members, bytes) else archive.write(members))
        # documents made again in this process, where those that nobody changed are remembered
        return check(target, key=self.manifest.office if key is None else key or None, trusted=True)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sealed]:
    with remembered():
        made = Sealed(tmp_path_factory.mktemp("bundle"))
        yield made
    made.programme.close()


def canonical(said: Any) -> bytes:
    return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)


def rehashed(members: Members) -> Members:
    """The manifest with the hashes of what is there now, its signature left as it was."""
    said = orjson.loads(members["manifest.json"])
    there = sorted(set(members) - {"manifest.json", "manifest.sig"})
    said["files"] = [
        {
            "name": name,
            "sha256": sha256(members[name]).hexdigest(),
            "size": len(members[name]),
            "format": name.rpartition(".")[2],
            "language": "",
        }
        for name in there
    ]
    return {**members, "manifest.json": canonical(said)}


def resigned(members: Members) -> tuple[Members, str]:
    """Everything sealed anew by somebody else's key: manifest, head and tree."""
    key = keys.OfficeKey(Ed25519PrivateKey.generate())
    raw = key.private.public_key().public_bytes(form.Encoding.Raw, form.PublicFormat.Raw).hex()
    ledger = orjson.loads(members["ledger.json"])
    head, tree = ledger["head"], ledger["tree"]
    head["key"] = tree["key"] = raw
    statement = keys.statement(head["register"], head["number"], bytes.fromhex(head["hash"]), head["at"])
    head["signature"] = key.sign(statement).hex()
    said = f"fallow tree|{tree['register']}|{tree['size']}|{tree['root']}|{tree['at']}"
    tree["signature"] = key.sign(said.encode()).hex()
    members = {**members, "ledger.json": canonical(ledger)}
    said_of = orjson.loads(rehashed(members)["manifest.json"]) | {"office": raw}
    members["manifest.json"] = canonical(said_of)
    register = said_of["stamp"]["register"]
    members["manifest.sig"] = key.sign(keys.sealing(register, members["manifest.json"])).hex().encode()
    return members, raw


def found(of: Check) -> set[tuple[str, str]]:
    return {(one.code, one.where) for one in of.failing}


def spoken(of: Check) -> None:
    """Every line reads in every language."""
    for lang in LANGUAGES:
        for one in of.lines:
            assert "{" not in one.what(lang).replace("{total}", ""), one
            assert one.state == "holds" or one.remedy(lang)


def test_other_libraries_may_round_otherwise_and_no_more(
    sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fallow.publish.checking import figures as check_figures

    def off_by(metres: int) -> Check:
        said = orjson.loads(sealed.bare["publication.json"])
        table = next(one for one in said["blocks"] if one.get("id") == "books")
        cell = next(
            c
            for row in table["rows"]
            for c in row["cells"]
            if isinstance(c["value"], int) and c["value"] > 1000
        )
        cell["value"] += metres
        return sealed.checked({**sealed.bare, "publication.json": canonical(said)})

    assert "BUNDLE_FIGURE" in {one.code for one in off_by(1).failing}
    monkeypatch.setattr(check_figures, "libraries", lambda: {"geos": "0", "proj": "0"})
    assert {one.code for one in off_by(1).failing} == {"BUNDLE_MEMBER_CHANGED"}
    assert "BUNDLE_FIGURE" in {one.code for one in off_by(3).failing}


def test_the_bundle_holds_as_it_is(sealed: Sealed) -> None:
    of = sealed.checked(sealed.members)
    assert of.verdict == "holds", of.failing
    assert sum(one.facts["count"] for one in of.lines if one.code == "figures") > 250
    assert {one.where for one in of.lines if one.code == "document"} >= {"documents/bulletin-en.xlsx"}
    spoken(of)
    assert check(sealed.path, sealed.programme.register).verdict == "holds"


@pytest.mark.parametrize("name", ["pdf", "docx", "html", "xlsx"])
def test_a_changed_byte_in_a_document_names_the_document(sealed: Sealed, name: str) -> None:
    member = f"documents/bulletin-en.{name}"
    body = bytearray(sealed.members[member])
    body[len(body) // 2] ^= 1
    of = sealed.checked({**sealed.members, member: bytes(body)})
    assert ("BUNDLE_MEMBER_CHANGED", member) in found(of)
    spoken(of)


def test_a_changed_digit_in_a_table_names_file_and_cell(sealed: Sealed) -> None:
    member = "documents/csv-ar/vintages.csv"
    body = sealed.members[member].replace(b"2021,2021,21", b"2021,2021,27")
    body = body if body != sealed.members[member] else sealed.members[member].replace(b",21\r", b",27\r")
    assert body != sealed.members[member]
    of = sealed.checked({**sealed.members, member: body})
    assert ("BUNDLE_MEMBER_CHANGED", member) in found(of)
    (line,) = [one for one in of.failing if one.code == "BUNDLE_DOCUMENT"]
    assert line.where.startswith(f"{member} vintages 2:")
    assert (line.facts["printed"], line.facts["found"]) == (21, 27)


def test_a_changed_digit_in_a_workbook_names_sheet_and_cell(sealed: Sealed) -> None:
    import openpyxl

    member = "documents/bulletin-en.xlsx"
    book = openpyxl.load_workbook(io.BytesIO(sealed.members[member]))
    sheet = book["vintages"]
    row = next(row for row in sheet.iter_rows() if row[-1].value == 21)
    row[-1].value = 27
    out = io.BytesIO()
    book.save(out)
    of = sealed.checked({**sealed.members, member: out.getvalue()})
    assert any(
        one.code == "BUNDLE_DOCUMENT" and one.where.startswith(f"{member} vintages") for one in of.failing
    )


def test_a_changed_number_in_the_publication_is_named(sealed: Sealed) -> None:
    said = orjson.loads(sealed.members["publication.json"])
    cell = said["blocks"][1]["figures"]["total"]
    cell["value"] += 1
    of = sealed.checked({**sealed.members, "publication.json": canonical(said)})
    assert ("BUNDLE_MEMBER_CHANGED", "publication.json") in found(of)
    (line,) = [one for one in of.failing if one.code == "BUNDLE_FIGURE"]
    assert (line.where, line.facts["printed"], line.facts["found"]) == ("casualties/casualties", 55, 54)
    spoken(of)


@pytest.mark.parametrize("act", ["as text", "of no result", "of no result, in a table"])
def test_a_number_that_no_result_could_prove_is_named(sealed: Sealed, act: str) -> None:
    """The sender prints 400 and takes away what it could be held against; all of it is sealed anew."""
    said = orjson.loads(sealed.bare["publication.json"])
    cell = said["blocks"][1]["figures"]["total"]
    if act == "as text":
        cell["value"] = "400"
    elif act == "of no result":
        del cell["figure"]
    else:
        table = next(one for one in said["blocks"] if one.get("id") == "vintages")
        cell = table["rows"][1]["cells"][1]
        del cell["figure"]
    cell["value"] = cell["value"] if act == "as text" else 400
    members, _ = resigned({**sealed.bare, "publication.json": canonical(said)})
    of = sealed.checked(members, key="")
    assert [(one.code, one.facts["printed"]) for one in of.failing] == [("BUNDLE_FIGURE_UNBOUND", "400")]
    spoken(of)


@pytest.mark.parametrize("where", ["paragraph", "heading", "title"])
def test_a_number_typed_into_the_words_is_told_and_no_date_is_one(sealed: Sealed, where: str) -> None:
    """The sender writes 400 where the figure stood: nothing proves it, and nobody need miss that."""
    said = orjson.loads(sealed.bare["publication.json"])
    assert not [one for one in sealed.checked(sealed.bare).lines if one.code == "BUNDLE_TYPED_NUMBER"]
    words = {"en": "Since 2020, 400 people; 28 April 2023; {total}.", "ar": "400"}
    if where == "title":
        said["title"] |= words
    else:
        mark = {"paragraph": "figures", "heading": "level"}[where]
        next(one for one in said["blocks"] if mark in one)["text"] = words
    members, _ = resigned({**sealed.bare, "publication.json": canonical(said)})
    of = sealed.checked(members, key="")
    (line,) = [one for one in of.lines if one.code == "BUNDLE_TYPED_NUMBER"]
    assert (line.state, line.facts) == ("note", {"count": 1, "found": "400"})
    spoken(of)


def of_rows(act: Callable[[list[bytes]], list[bytes]], name: str) -> Callable[[Members], Members]:
    member = f"evidence/{name}.jsonl"

    def change(members: Members) -> Members:
        index = orjson.loads(members["evidence.json"])
        rows = act(members[member].splitlines())
        index[name]["rows"] = len(rows)  # the forger keeps his own books right
        body = b"".join(one + b"\n" for one in rows)
        return {**members, member: body, "evidence.json": canonical(index)}

    return change


def _of_2021(rows: list[bytes]) -> int:
    return next(at for at, row in enumerate(rows) if b'"date":"2021"' in row)


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda rows: [one for at, one in enumerate(rows) if at != _of_2021(rows)], "by_sex/casualties/2021"),
        (lambda rows: [*rows, rows[_of_2021(rows)].replace(b'"id":"', b'"id":"0')], "by_sex/casualties/2021"),
        (
            lambda rows: [
                one if at != _of_2021(rows) else one.replace(b'"sex":"female"', b'"sex":"male"')
                for at, one in enumerate(rows)
            ],
            "by_sex/casualties/2021/male",
        ),
    ],
    ids=["removed", "added", "changed"],
)
def test_a_row_about_a_person_changes_a_number_that_is_named(
    sealed: Sealed, act: Callable[[list[bytes]], list[bytes]], expected: str
) -> None:
    of = sealed.checked(of_rows(act, "by_sex")(sealed.members))
    assert ("BUNDLE_MEMBER_CHANGED", "evidence/by_sex.jsonl") in found(of)
    assert any(one.code == "BUNDLE_FIGURE" and one.where.startswith(expected) for one in of.failing)


@pytest.mark.parametrize("act", ["removed", "doubled", "changed", "swapped"])
def test_a_row_about_land_is_missed_by_recipe_and_numbers(sealed: Sealed, act: str) -> None:
    other = sealed.members["evidence/by_sex.jsonl"].splitlines()[0]
    acts: dict[str, Callable[[list[bytes]], list[bytes]]] = {
        "removed": lambda rows: rows[1:],
        "doubled": lambda rows: [*rows, rows[-1]],
        "changed": lambda rows: (
            [rows[0].replace(b'"cha"', b'"sha"'), *rows[1:]]
            if b'"cha"' in rows[0]
            else [rows[0].replace(b'"sha"', b'"cha"'), *rows[1:]]
        ),
        "swapped": lambda rows: [other, *rows[1:]],
    }
    of = sealed.checked(of_rows(acts[act], "books")(sealed.members))
    codes = {one.code for one in of.failing}
    assert ("BUNDLE_MEMBER_CHANGED", "evidence/books.jsonl") in found(of)
    assert codes & {"BUNDLE_FIGURE", "BUNDLE_RECIPE", "EVIDENCE_ROW"}
    spoken(of)


def test_a_signatory_taken_out_or_put_in_is_named(sealed: Sealed) -> None:
    people = orjson.loads(sealed.members["signatories.json"])
    of = sealed.checked({**sealed.members, "signatories.json": canonical(people[1:])})
    assert ("BUNDLE_SIGNATORY_MISSING", "Aygun First") in found(of)
    said = orjson.loads(sealed.members["publication.json"])
    block = next(one for one in said["blocks"] if one["block"] == "signatures")
    block["people"] = block["people"][1:]
    of = sealed.checked({**sealed.members, "publication.json": canonical(said)})
    assert ("BUNDLE_SIGNATORY_ADDED", "Aygun First") in found(of)
    more = [*people, {**people[0], "name": "Cem Third"}]
    of = sealed.checked({**sealed.members, "signatories.json": canonical(more)})
    assert ("BUNDLE_SIGNATORY_ADDED", "Cem Third") in found(of)
    spoken(of)


def test_new_hashes_do_not_help_without_the_key(sealed: Sealed) -> None:
    said = orjson.loads(sealed.members["publication.json"])
    said["blocks"][1]["figures"]["total"]["value"] += 1
    of = sealed.checked(rehashed({**sealed.members, "publication.json": canonical(said)}))
    assert ("BUNDLE_SIGNATURE", "manifest.json") in found(of)
    assert ("BUNDLE_FIGURE", "casualties/casualties") in found(of)


def test_another_key_is_found_when_the_offices_is_known_and_said_to_be_a_claim_otherwise(
    sealed: Sealed,
) -> None:
    members, raw = resigned(sealed.members)
    of = sealed.checked(members)
    assert found(of) == {("BUNDLE_KEY_OTHER", "manifest.json")}
    unknown = sealed.checked(members, key="")
    assert unknown.verdict == "holds"
    assert (unknown.key_known, unknown.as_dict()["key_known"]) == (False, False)
    assert "compare the key" in unknown.words("en")
    assert sealed.checked(sealed.members).words("en") == "Everything in this bundle holds."
    (note,) = [one for one in unknown.lines if one.state == "note"]
    assert (note.code, note.facts["found"]) == ("BUNDLE_KEY_CLAIMED", raw)
    (sealed.folder / "other.zip").write_bytes(archive.write(members))
    with_register = check(sealed.folder / "other.zip", sealed.programme.register)
    assert ("BUNDLE_KEY_OTHER", "manifest.json") in found(with_register)


def test_an_older_head_is_named(sealed: Sealed) -> None:
    register = sealed.programme.register
    rows = register._connection.execute(
        "SELECT number, hash, at, key, signature FROM fallow_head ORDER BY number LIMIT 1"
    ).fetchone()
    older = {
        "register": register.id,
        "number": rows[0],
        "hash": rows[1].hex(),
        "at": rows[2],
        "key": rows[3],
        "signature": rows[4].hex(),
    }
    ledger = orjson.loads(sealed.members["ledger.json"])
    ledger["head"] = older
    of = sealed.checked({**sealed.members, "ledger.json": canonical(ledger)})
    assert ("BUNDLE_HEAD", "ledger.json") in found(of)
    ledger["tree"] = register.sign_tree(rows[0]).as_dict()
    of = sealed.checked({**sealed.members, "ledger.json": canonical(ledger)})
    assert {"BUNDLE_HEAD", "BUNDLE_INCLUSION"} <= {one.code for one in of.failing}
    spoken(of)


def test_a_seal_is_no_head_and_a_head_no_seal(sealed: Sealed) -> None:
    head = orjson.loads(sealed.members["ledger.json"])["head"]
    of = sealed.checked({**sealed.members, "manifest.sig": head["signature"].encode()})
    assert ("BUNDLE_SIGNATURE", "manifest.json") in found(of)
    office = sealed.manifest.office
    register = sealed.programme.register
    statement = keys.statement(head["register"], head["number"], bytes.fromhex(head["hash"]), head["at"])
    assert keys.verified(office, bytes.fromhex(head["signature"]), statement)
    assert not keys.verified(office, register.sign(statement), statement)


def test_members_added_removed_and_renamed_are_named(sealed: Sealed) -> None:
    of = sealed.checked({**sealed.members, "documents/more.pdf": b"%PDF"})
    assert found(of) == {("BUNDLE_MEMBER_ADDED", "documents/more.pdf")}
    for name in sorted(set(sealed.members) - {"manifest.json"}):
        left = {one: body for one, body in sealed.members.items() if one != name}
        of = sealed.checked(left)
        expected = "BUNDLE_SIGNATURE" if name == "manifest.sig" else "BUNDLE_MEMBER_MISSING"
        assert expected in {one.code for one in of.failing}, name
        moved = sealed.checked({**left, "moved.bin": sealed.members[name]})
        assert ("BUNDLE_MEMBER_ADDED", "moved.bin") in found(moved), name
        spoken(of)
    left = {one: body for one, body in sealed.members.items() if one != "manifest.json"}
    assert found(sealed.checked(left)) == {("BUNDLE_MEMBER_MISSING", "manifest.json")}


def raw_zip(*entries: tuple[str, bytes], link: bool = False, stored: bool = False) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as made:
        for name, body in entries:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            entry.external_attr = ((stat.S_IFLNK if link else stat.S_IFREG) | 0o777) << 16
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a name that stands twice is what some tests are about
                made.writestr(entry, body)
    return out.getvalue()


OURS = ("manifest.json", b"{}")
"""A member by which a zip is known for a bundle."""


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PK\x03\x04" + bytes(200), "BUNDLE_UNREADABLE"),
        (raw_zip(OURS, ("../../etc/cron.d/x", b"x")), "BUNDLE_NAME"),
        (raw_zip(OURS, ("/etc/passwd", b"x")), "BUNDLE_NAME"),
        (raw_zip(OURS, ("C:\\x", b"x")), "BUNDLE_NAME"),
        (raw_zip(OURS, ("a/../b", b"x")), "BUNDLE_NAME"),
        (raw_zip(OURS, ("a\u202eb", b"x")), "BUNDLE_NAME"),
        (raw_zip(OURS, link=True), "BUNDLE_NAME"),
        (raw_zip(OURS, ("manifest.json", b"[]")), "BUNDLE_MEMBER_TWICE"),
        (raw_zip(OURS, ("MANIFEST.json", b"[]")), "BUNDLE_MEMBER_TWICE"),
        (raw_zip(("manifest.json", bytes(40_000_000))), "BUNDLE_LIMIT"),
        (raw_zip(OURS, *((f"f{i}", b"") for i in range(2_001))), "BUNDLE_LIMIT"),
        (raw_zip(("model.json", b"x")), "BUNDLE_MEMBER_MISSING"),
    ],
    ids=lambda one: one if isinstance(one, str) else str(len(one)),
)
def test_a_hostile_zip_is_refused_and_named(sealed: Sealed, content: bytes, code: str) -> None:
    of = sealed.checked(content)
    assert {one.code for one in of.failing} == {code}
    assert of.verdict == "does_not_hold"
    spoken(of)


def test_a_zip_that_is_cut_off_anywhere_is_refused(sealed: Sealed) -> None:
    whole = sealed.path.read_bytes()
    for end in range(len(whole) // 40, len(whole) - 1, len(whole) // 40):
        assert sealed.checked(whole[:end]).verdict == "does_not_hold"


def test_members_that_overlap_are_refused(sealed: Sealed) -> None:
    """The quoted overlap: many entries in the table of contents that share one body."""
    content = raw_zip(("model.json", b"x" * 5_000), ("b", b"y" * 5_000), stored=True)
    start = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 1)
    forged = bytearray(content)
    struct.pack_into("<I", forged, start + 42, 0)
    failing = {one.code for one in sealed.checked(bytes(forged)).failing}
    assert {"BUNDLE_UNREADABLE", "BUNDLE_TWO_WAYS"} <= failing


DEEP = b"[" * 5_000 + b"]" * 5_000
HOSTILE = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"7",
    b'"text"',
    b"NaN",
    b'{"a":NaN}',
    b'{"a":Infinity}',
    b'{"a":1e999}',
    b'{"a":' + b"9" * 5_000 + b"}",
    b'{"a":1,"a":2}',
    b'{"a": 1}',
    DEEP,
    b'{"a":' + DEEP + b"}",
    b'{"a":"\\ud800"}',
    b"\xff\xfe\x00",
    b'{"schema":99}',
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize(
    "name",
    [
        "manifest.json",
        "publication.json",
        "recipes.json",
        "evidence.json",
        "model.json",
        "ledger.json",
        "signatories.json",
        "evidence/books.jsonl",
        "evidence/by_sex.jsonl",
        "manifest.sig",
    ],
)
def test_hostile_json_is_refused_and_named(sealed: Sealed, name: str, body: bytes) -> None:
    changed = {**sealed.bare, name: body}
    for members in (changed,) if name == "manifest.json" else (changed, rehashed(changed)):
        of = sealed.checked(members)
        assert of.verdict != "holds"
        spoken(of)


def _paths(said: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(said, dict):
        for name, value in said.items():
            yield (*at, name)
            yield from _paths(value, (*at, name))
    elif isinstance(said, list):
        for number, value in enumerate(said[:3]):
            yield (*at, number)
            yield from _paths(value, (*at, number))


_ODD = [None, True, -1, 2**62, 0.5, "", "x", "\x00", [], {}, ["x"], {"x": 1}, [[]], "9999-99-99"]


@given(data=st.data())
def test_a_value_of_another_kind_anywhere_never_gives_a_traceback(sealed: Sealed, data: Any) -> None:
    """Signed by a key of the attacker's: every part is read, and none trusts the other."""
    name = data.draw(st.sampled_from(sorted(one for one in sealed.bare if one.endswith(".json"))))
    said = orjson.loads(sealed.bare[name])
    path = data.draw(st.sampled_from(sorted(_paths(said), key=str)))
    place = said
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = data.draw(st.sampled_from(_ODD))
    members = {**sealed.bare, name: canonical(said)}
    if name not in ("manifest.json", "ledger.json"):
        members, _ = resigned(members)
    of = sealed.checked(members, key="")
    spoken(of)


@given(data=st.data())
def test_a_hostile_row_never_gives_a_traceback(sealed: Sealed, data: Any) -> None:
    name = data.draw(st.sampled_from(["books", "by_sex", "vintages"]))
    member = f"evidence/{name}.jsonl"
    rows = sealed.bare[member].splitlines()
    at = data.draw(st.integers(0, len(rows) - 1))
    said = orjson.loads(rows[at])
    path = data.draw(st.sampled_from(sorted(_paths(said), key=str)))
    place = said
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = data.draw(st.sampled_from([*_ODD, "0103", "01" + "07000000" + "ff" * 40]))
    rows[at] = canonical(said)
    members, _ = resigned({**sealed.bare, member: b"".join(one + b"\n" for one in rows)})
    spoken(sealed.checked(members, key=""))


@given(data=st.data())
def test_no_flipped_byte_of_any_member_goes_unseen(sealed: Sealed, data: Any) -> None:
    name = data.draw(st.sampled_from(sorted(sealed.members)))
    body = bytearray(sealed.members[name])
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] ^= data.draw(st.integers(1, 255))
    assert sealed.checked({**sealed.members, name: bytes(body)}).verdict == "does_not_hold"


def test_collections_in_collections_are_never_given_to_the_library_of_shapes(sealed: Sealed) -> None:
    deep = b"\x01\x07\x00\x00\x00\x01\x00\x00\x00" * 20_000 + b"\x01\x01\x00\x00\x00" + bytes(16)
    rows = [orjson.loads(one) for one in sealed.bare["evidence/books.jsonl"].splitlines()]
    rows[0]["geometry"] = deep.hex()
    body = b"".join(canonical(one) + b"\n" for one in rows)
    members, _ = resigned({**sealed.bare, "evidence/books.jsonl": body})
    of = sealed.checked(members, key="")
    assert [one.code for one in of.failing] == ["EVIDENCE_ROW"]


def test_a_bundle_that_does_not_hold_is_not_written(
    sealed: Sealed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault between evidence and seal: the publication that is sealed says another number."""
    from fallow.publish.proof import bundle

    honest = bundle.as_bytes

    def lying(publication: Any) -> bytes:
        said = orjson.loads(honest(publication))
        said["blocks"][1]["figures"]["total"]["value"] += 1
        return canonical(said)

    monkeypatch.setattr(bundle, "as_bytes", lying)
    with pytest.raises(FallowError, match="BUNDLE_DOES_NOT_HOLD"):
        bundled(sealed.programme.register, tmp_path)
    assert not (tmp_path / "bundle.zip").exists()
    assert not list(tmp_path.glob(".*partial"))


def test_the_register_finds_what_the_office_itself_would_have_invented(
    sealed: Sealed, tmp_path: Path
) -> None:
    """Rows and number changed together and sealed again: only the register can say so."""
    said = orjson.loads(sealed.members["publication.json"])
    table = next(one for one in said["blocks"] if one.get("id") == "vintages")
    cell = table["rows"][1]["cells"][1]
    cell["value"] += 1
    rows = sealed.members["evidence/vintages.jsonl"].splitlines()
    row = next(one for one in rows if b'"date":"2021"' in one)
    rows.append(row.replace(b'"id":"', b'"id":"0'))
    index = orjson.loads(sealed.members["evidence.json"])
    index["vintages"]["rows"] += 1
    members = {name: body for name, body in sealed.members.items() if not name.startswith("documents/")} | {
        "publication.json": canonical(said),
        "evidence/vintages.jsonl": b"".join(one + b"\n" for one in rows),
        "evidence.json": canonical(index),
    }
    members, _ = resigned(members)
    assert sealed.checked(members, key="").verdict == "holds"
    of = check(sealed.folder / "other.zip", sealed.programme.register)
    assert "BUNDLE_REGISTER_FIGURE" in {one.code for one in of.failing}
    spoken(of)
