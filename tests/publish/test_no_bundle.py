"""What is no bundle is refused, and a bundle in whose file anything else stands does not hold."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fixtures_publish import Programme, bundled

from fallow.errors import FallowError
from fallow.publish.checking import layout
from fallow.publish.checking.check import Check, check, key_of
from fallow.publish.proof import archive
from fallow.words import LANGUAGES


class Sealed:
    """A good bundle without documents, as bytes."""

    def __init__(self, folder: Path) -> None:
        self.programme = Programme(folder)
        path, self.manifest = bundled(self.programme.register, folder, documents="none")
        self.content = path.read_bytes()
        self.target = folder / "sent.zip"

    def checked(self, content: bytes) -> Check:
        self.target.write_bytes(content)
        return check(self.target, key=self.manifest.office, trusted=True)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sealed]:
    made = Sealed(tmp_path_factory.mktemp("bundle"))
    yield made
    made.programme.close()


def zipped(*entries: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, body in entries:
            made.writestr(name, body)
    return out.getvalue()


def refused(path: Path) -> FallowError:
    with pytest.raises(FallowError) as told:
        check(path)
    error = told.value
    assert error.entry.exit_status == 2
    for lang in LANGUAGES:
        said = error.as_dict(lang)
        assert said["what"] and said["remedy"]
        assert "{" not in said["what"] + said["remedy"]
        assert "Error" not in said["what"] + said["remedy"]  # the name of no exception is shown
    return error


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "BUNDLE_EMPTY"),
        (zipped(), "BUNDLE_EMPTY"),
        (b"not a zip at all", "BUNDLE_NO_ZIP"),
        (b"%PDF-1.7 a document of the bundle, sent alone", "BUNDLE_NO_ZIP"),
        (b"PK", "BUNDLE_NO_ZIP"),
        (zipped(("photos/one.jpg", b"x"), ("photos/", b"")), "BUNDLE_OTHER_ZIP"),
        (zipped(("bundle.zip", b"a bundle packed once more")), "BUNDLE_OTHER_ZIP"),
        (zipped(("README.txt", b"anybody's")), "BUNDLE_OTHER_ZIP"),
        (zipped(("[Content_Types].xml", b""), ("word/document.xml", b"")), "BUNDLE_OTHER_ZIP"),
        (b"MZ" + bytes(600) + zipped(("setup.exe", b"x")), "BUNDLE_OTHER_ZIP"),
    ],
    ids=range(10),
)
def test_a_file_that_is_no_bundle_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "sent.zip"
    path.write_bytes(content)
    error = refused(path)
    assert (error.code, error.where) == (code, "sent.zip")


def test_a_path_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path / "nowhere" / "bundle.zip")
    assert (error.code, error.where) == ("FILE_NOT_FOUND", "bundle.zip")
    (tmp_path / "file").write_bytes(b"x")
    assert refused(tmp_path / "file" / "bundle.zip").code == "FILE_NOT_FOUND"


def test_a_folder_is_refused_and_the_bundles_in_it_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    error = refused(folder)
    assert (error.code, error.where, error.facts["found"]) == ("BUNDLE_FOLDER", "out", "-")
    (folder / "bundle.zip").write_bytes(b"x")
    assert refused(folder).facts["found"] == "bundle.zip"


def test_a_file_nobody_may_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(b"x")

    def forbidden(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", forbidden)  # who runs the tests may be allowed everything
    error = refused(path)
    assert (error.code, error.where) == ("BUNDLE_NO_RIGHT", "bundle.zip")


@pytest.mark.parametrize(
    "key", ["zz", "", "ab" * 31, "ab" * 33, "g" * 64, "/no/such/file", "-----BEGIN", "٣" * 64]
)
def test_what_is_no_key_is_refused_with_what_one_looks_like(sealed: Sealed, key: str) -> None:
    with pytest.raises(FallowError) as told:
        check(sealed.target, key=key)
    assert (told.value.code, told.value.where) == ("BUNDLE_KEY_FORMAT", "key")
    assert told.value.entry.exit_status == 2
    assert "64" in told.value.what
    assert "manifest.json" in told.value.remedy
    assert not key or key not in str(told.value.as_dict())  # it may be a passphrase


def test_a_key_may_be_in_capitals_and_have_a_line_end() -> None:
    assert key_of(" " + "AB" * 32 + "\n") == "ab" * 32


# -- bytes that belong to no member ---------------------------------------------------------------------


def codes(of: Check) -> set[tuple[str, str]]:
    assert of.verdict == "does_not_hold"
    for lang in LANGUAGES:
        assert all("{" not in one.what(lang) + one.remedy(lang) for one in of.failing)
    return {(one.code, one.where) for one in of.failing}


def test_what_fallow_writes_has_nothing_beside_its_members(sealed: Sealed) -> None:
    assert not list(layout.faults(sealed.content, "sent.zip"))
    assert sealed.checked(sealed.content).verdict == "holds"


@pytest.mark.parametrize(
    "more",
    [b"x", b"%PDF-1.7 another document", zipped(("a", b"b"))[:-30], bytes(70_000)],
    ids=["a letter", "a document", "a cut zip", "noughts"],
)
def test_bytes_after_the_end_do_not_hold(sealed: Sealed, more: bytes) -> None:
    of = sealed.checked(sealed.content + more)
    assert codes(of) == {("BUNDLE_BYTES_AFTER", "sent.zip")}
    assert of.failing[0].facts["count"] == len(more)


def test_a_comment_of_the_zip_is_bytes_after_its_end(sealed: Sealed) -> None:
    content = sealed.content[:-2] + struct.pack("<H", 5) + b"hello"
    assert codes(sealed.checked(content)) == {("BUNDLE_BYTES_AFTER", "sent.zip")}


def test_bytes_before_the_first_member_do_not_hold(sealed: Sealed) -> None:
    of = sealed.checked(b"%PDF-1.7 shown by another program" + sealed.content)
    assert codes(of) == {("BUNDLE_BYTES_BEFORE", "sent.zip")}
    assert any(one.code == "figures" for one in of.lines)  # the rest is checked all the same


def test_a_second_zip_behind_the_first_is_another_file(sealed: Sealed) -> None:
    of = sealed.checked(zipped(("publication.json", b"{}")) + sealed.content)
    assert codes(of) == {("BUNDLE_BYTES_BEFORE", "sent.zip")}


def moved_table(content: bytes, at: int, more: bytes) -> bytes:
    """``more`` put in at ``at``; everything in the table of contents that lies behind it is moved."""
    end = content.rfind(b"PK\x05\x06")
    count, _, offset = struct.unpack_from("<H2L", content, end + 10)
    made = bytearray(content[:at] + more + content[at:])
    entry = offset + len(more)
    for _ in range(count):
        (start,) = struct.unpack_from("<L", made, entry + 42)
        if start >= at:
            struct.pack_into("<L", made, entry + 42, start + len(more))
        named, extra, comment = struct.unpack_from("<3H", made, entry + 28)
        entry += 46 + named + extra + comment
    struct.pack_into("<L", made, end + len(more) + 16, offset + len(more))
    return bytes(made)


def starts(content: bytes) -> list[int]:
    with zipfile.ZipFile(io.BytesIO(content)) as made:
        return sorted(one.header_offset for one in made.infolist())


def test_bytes_between_members_do_not_hold_wherever_they_stand(sealed: Sealed) -> None:
    end = sealed.content.rfind(b"PK\x05\x06")
    (table,) = struct.unpack_from("<L", sealed.content, end + 16)
    for at in (*starts(sealed.content)[1:], table):
        of = sealed.checked(moved_table(sealed.content, at, b"hidden"))
        assert codes(of) == {("BUNDLE_BYTES_BETWEEN", "sent.zip")}
    of = sealed.checked(moved_table(sealed.content, 0, b"hidden"))
    assert codes(of) == {("BUNDLE_BYTES_BEFORE", "sent.zip")}


# -- members that two programs read apart ---------------------------------------------------------------


def with_bytes(content: bytes, at: int, body: bytes) -> bytes:
    return content[:at] + body + content[at + len(body) :]


def first(content: bytes) -> tuple[int, str]:
    """Where a member stands, and its name."""
    with zipfile.ZipFile(io.BytesIO(content)) as made:
        one = made.getinfo("publication.json")
        return one.header_offset, one.filename


@pytest.mark.parametrize(
    ("change", "found", "more"),
    [
        (
            lambda content, at: with_bytes(content, at + 30, b"Q"),
            "name",
            {("BUNDLE_MEMBER_ADDED", "Qublication.json")},
        ),
        (lambda content, at: with_bytes(content, at + 14, b"\0\0\0\0"), "size", set()),
        (lambda content, at: with_bytes(content, at + 22, b"\x01\0\0\0"), "size", set()),
        (lambda content, at: with_bytes(content, at + 8, b"\0\0"), "size", set()),
        (lambda content, at: with_bytes(content, at + 6, b"\0\x08"), "size", set()),
    ],
    ids=["another name", "checksum", "size", "way of packing", "flags"],
)
def test_a_member_described_in_two_ways_is_named(
    sealed: Sealed, change: Callable[[bytes, int], bytes], found: str, more: set[tuple[str, str]]
) -> None:
    at, name = first(sealed.content)
    of = sealed.checked(change(sealed.content, at))
    assert codes(of) == {("BUNDLE_TWO_WAYS", name), *more}
    assert found in {one.facts.get("found") for one in of.failing}


def repacked(content: bytes, change: Callable[[zipfile.ZipInfo], None]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, body in archive.members(content, "sent.zip").items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            change(entry)
            made.writestr(entry, body)
    return out.getvalue()


def test_a_member_that_others_may_call_otherwise_is_named(sealed: Sealed) -> None:
    """Field 0x7075 gives a member another name in programs that know it."""
    other = b"other.json"

    def renamed(entry: zipfile.ZipInfo) -> None:
        if entry.filename == "model.json":
            entry.extra = struct.pack("<2HBL", 0x7075, 5 + len(other), 1, 0) + other

    assert ("BUNDLE_TWO_WAYS", "model.json") in codes(sealed.checked(repacked(sealed.content, renamed)))


def test_a_bundle_packed_again_with_other_times_still_holds(sealed: Sealed) -> None:
    def timed(entry: zipfile.ZipInfo) -> None:
        entry.date_time = (2026, 1, 2, 3, 4, 6)
        entry.extra = struct.pack("<2HBL", 0x5455, 5, 1, 1_700_000_000)

    assert sealed.checked(repacked(sealed.content, timed)).verdict == "holds"


def test_a_member_streamed_into_the_zip_holds_and_bytes_behind_it_do_not(sealed: Sealed) -> None:
    class Pipe(io.RawIOBase):
        """A file that cannot be gone back in: sizes then follow the bodies."""

        def __init__(self) -> None:
            self.got = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, some: bytes) -> int:  # type: ignore[override]
            self.got += some
            return len(some)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as made:  # type: ignore[arg-type]
        for name, body in archive.members(sealed.content, "sent.zip").items():
            made.writestr(name, body)
    content = bytes(pipe.got)
    assert sealed.checked(content).verdict == "holds"
    hidden = moved_table(content, starts(content)[1], b"hidden")
    assert codes(sealed.checked(hidden)) == {("BUNDLE_BYTES_BETWEEN", "sent.zip")}


def test_a_member_left_out_of_the_table_of_contents_is_bytes_between(sealed: Sealed) -> None:
    whole = archive.write({**archive.members(sealed.content, "sent.zip"), "documents/Hidden.pdf": b"%PDF"})
    end = whole.rfind(b"PK\x05\x06")
    count, size, offset = struct.unpack_from("<H2L", whole, end + 10)
    at = whole.index(b"documents/Hidden.pdf", offset) - 46
    length = 46 + len("documents/Hidden.pdf")
    made = bytearray(whole[:at] + whole[at + length :])
    struct.pack_into("<2H2L", made, end - length + 8, count - 1, count - 1, size - length, offset)
    of = sealed.checked(bytes(made))
    assert {code for code, _ in codes(of)} <= {"BUNDLE_BYTES_BETWEEN", "BUNDLE_BYTES_BEFORE"}
