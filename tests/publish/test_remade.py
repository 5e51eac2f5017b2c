"""A document that says something else than its bundle proves is found out, whoever signed it and however."""

from __future__ import annotations

import io
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import fixtures_documents
import orjson
import pytest
from fixtures_publish import bundled
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject
from test_tamper import Members, canonical, resigned, spoken

from fallow.publish import publish
from fallow.publish.audience import audience
from fallow.publish.checking import apart as check_apart
from fallow.publish.checking.apart import apart
from fallow.publish.checking.check import Check, check
from fallow.publish.checking.child import Asked
from fallow.publish.proof import archive
from fallow.publish.publication import Chart, Paragraph, Publication
from fallow.publish.withholding.redact import for_audience
from fallow.publish.writers import letters, typeset
from fallow.publish.writers.made_with import made_with, otherwise
from fallow.publish.writers.remade import as_sealed, language_of, remembered, tied, write
from fallow.register import Register

FORMS = ("pdf", "docx", "html", "xlsx")


class Bundle:
    """A good bundle in two languages, its publication, and a folder to lie in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.country = fixtures_documents.programme(folder)
        self.register: Register = self.country.register
        given = fixtures_documents.publication(self.country)
        people = replace(given.blocks[-1], people=())  # type: ignore[type-var] # nobody here signed a report
        given = replace(given, blocks=(*given.blocks[:-1], people))  # type: ignore[arg-type]
        self.publication = as_sealed(for_audience(given, audience("public")).publication)
        path, _ = bundled(self.register, folder, given=given, documents="tables")
        self.members = archive.read(path)
        for form in FORMS:
            for lang in ("en", "ar"):
                self.members[f"documents/told.{lang}.{form}"] = self.printed(self.publication, form, lang)
        self.members, self.key = resigned(self.members)

    def printed(self, publication: Publication, form: str, lang: str) -> bytes:
        """What the real writer makes of a publication."""
        out = self.folder / "printed"
        out.mkdir(exist_ok=True)
        (path,) = write(publication, form, lang, out, "told")
        return path.read_bytes()

    def checked(self, changed: Members, *, alone: bool = False, made: dict[str, str] | None = None) -> Check:
        """A check of only these documents, sealed by the liar's own key."""
        members = {name: body for name, body in self.members.items() if not name.startswith("documents/")}
        if made is not None:
            said = orjson.loads(members["manifest.json"])
            members["manifest.json"] = canonical(said | {"made_with": made})
        sealed, _ = resigned(members | changed)
        target = self.folder / "other.zip"
        target.write_bytes(archive.write(sealed))
        found = check(target, trusted=not alone)
        spoken(found)
        return found


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundle]:
    made = Bundle(tmp_path_factory.mktemp("remade"))
    with remembered():
        yield made
    made.country.close()


def lie(publication: Publication) -> Publication:
    """The same with 400 people in its sentence."""
    sentence = next(one for one in publication.blocks if isinstance(one, Paragraph))
    told = replace(
        sentence, figures=dict(sentence.figures) | {"total": replace(sentence.figures["total"], value=400)}
    )
    return replace(publication, blocks=tuple(told if one is sentence else one for one in publication.blocks))


def others(found: Check) -> list[tuple[str, str, str]]:
    """Everything about documents that does not hold."""
    return [(one.code, one.state, one.where) for one in found.lines if one.state in ("fails", "open")]


def older(name: str) -> dict[str, str]:
    """What a bundle says it was made with, one of it older."""
    return {**made_with(), name: "0.0.1"}


def test_every_document_in_two_languages_is_made_again_and_holds(bundle: Bundle) -> None:
    there = {name: body for name, body in bundle.members.items() if name.startswith("documents/")}
    found = bundle.checked(there, alone=True)
    assert found.verdict == "holds", others(found)
    told = {one.where for one in found.lines if one.code == "document"}
    assert told == {name for name in bundle.members if name.startswith("documents/")}
    assert len(told) > 16


@pytest.mark.parametrize("lang", ["en", "ar"])
@pytest.mark.parametrize("form", FORMS)
def test_another_number_in_a_document_is_named_although_all_of_it_is_signed(
    bundle: Bundle, form: str, lang: str
) -> None:
    name = f"documents/told.{lang}.{form}"
    lying = bundle.printed(lie(bundle.publication), form, lang)
    found = bundle.checked({name: lying}, alone=lang == "ar")
    assert found.verdict == "does_not_hold"
    (line,) = found.failing
    assert line.code == "BUNDLE_DOCUMENT"
    assert line.where.startswith(name)
    assert line.facts["printed"].startswith("1\u202f140")
    assert line.facts["found"].startswith("400")
    if form == "pdf":
        assert line.where == f"{name}#page=1"


def _page_with(body: bytes, drawing: bytes) -> bytes:
    """The same PDF with something drawn on top of its first page."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(body)))
    page = writer.pages[0]
    stream = DecodedStreamObject()
    stream.set_data(page.get_contents().get_data() + drawing)  # type: ignore[union-attr]
    page[NameObject("/Contents")] = writer._add_object(stream)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _part(body: bytes, name: str, act: Any) -> bytes:
    """A Word file or workbook with one part changed, packed as before."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as given, zipfile.ZipFile(out, "w") as made:
        for one in given.infolist():
            part = given.read(one)
            made.writestr(one, act(part) if one.filename == name else part)
    assert out.getvalue() != body
    return out.getvalue()


def _covered(body: bytes) -> bytes:
    return _page_with(body, b" q 1 1 1 rg 0 0 600 900 re f Q")


def _white_word(body: bytes) -> bytes:
    white = b'<w:r><w:rPr><w:vanish/><w:color w:val="FFFFFF"/>'
    return _part(body, "word/document.xml", lambda part: part.replace(b"<w:r><w:rPr>", white, 1))


def _white_html(body: bytes) -> bytes:
    return body.replace(b"</style>", b"p{color:#fff}p::after{content:'400';color:#000}</style>")


@pytest.mark.parametrize(
    ("form", "act"), [("pdf", _covered), ("docx", _white_word), ("html", _white_html)], ids=FORMS[:3]
)
def test_what_reads_the_same_and_looks_otherwise_does_not_hold(bundle: Bundle, form: str, act: Any) -> None:
    """White letters, a sheet over the page, words that style puts in: every word is there, none is seen."""
    name = f"documents/told.en.{form}"
    changed = act(bundle.members[name])
    assert others(bundle.checked({name: changed})) == [("BUNDLE_DOCUMENT_OTHER", "fails", name)]
    (line,) = [
        one
        for one in bundle.checked({name: changed}, made=older("fallow")).lines
        if one.where == name and one.state != "holds"
    ]
    assert (line.code, line.state, line.facts["why"]) == (
        "BUNDLE_DOCUMENT_VERSIONS",
        "open",
        "publish.remade.words",
    )


def test_a_swapped_picture_in_a_word_file_is_named(bundle: Bundle) -> None:
    name = "documents/told.en.docx"
    chart = next(one for one in bundle.publication.blocks if isinstance(one, Chart))
    other = replace(chart, form="lines")
    blocks = tuple(other if one is chart else one for one in bundle.publication.blocks)
    lying = bundle.printed(replace(bundle.publication, blocks=blocks), "docx", "en")
    found = bundle.checked({name: lying})
    assert others(found) == [("BUNDLE_DOCUMENT", "fails", f"{name} word/media/image1.png")]


def test_another_version_with_the_same_words_is_not_said_to_hold(bundle: Bundle) -> None:
    """The sender says which version it was, so his word makes nothing hold that bytes do not."""
    name = "documents/told.ar.pdf"
    touched = _page_with(bundle.members[name], b" ")
    found = bundle.checked({name: touched}, made=older("typst"))
    assert found.verdict == "cannot_be_checked"
    (line,) = [one for one in found.lines if one.state == "open"]
    assert (line.code, line.facts["why"]) == ("BUNDLE_DOCUMENT_VERSIONS", "publish.remade.words")
    assert line.facts["found"] == f"typst 0.0.1, {made_with()['typst']}"
    same = bundle.checked({name: bundle.members[name]}, made=older("typst"))
    assert same.verdict == "holds", "the same bytes are the same bytes, whoever made them"


def test_another_version_with_other_words_and_the_same_numbers_is_told_apart(bundle: Bundle) -> None:
    titled = replace(bundle.publication, title={**bundle.publication.title, "en": "Printed otherwise"})
    name = "documents/told.en.pdf"
    found = bundle.checked({name: bundle.printed(titled, "pdf", "en")}, made=older("typst"))
    (line,) = [one for one in found.lines if one.state == "open"]
    assert line.facts["why"] == "publish.remade.numbers"
    found = bundle.checked({name: bundle.printed(titled, "pdf", "en")})
    (line,) = found.failing
    assert (line.facts["printed"], line.facts["found"]) == ("for", "otherwise")


@pytest.mark.parametrize("form", FORMS)
def test_another_version_excuses_no_number(bundle: Bundle, form: str) -> None:
    name = f"documents/told.ar.{form}"
    lying = bundle.printed(lie(bundle.publication), form, "ar")
    found = bundle.checked({name: lying}, made=older("fallow"))
    (line,) = found.failing
    assert (line.code, line.where.startswith(name), line.facts["found"]) == ("BUNDLE_DOCUMENT", True, "400")


def test_what_decides_the_bytes_of_a_format_is_what_is_compared() -> None:
    assert otherwise("pdf", made_with()) == ()
    assert otherwise("pdf", older("openpyxl")) == ()
    assert otherwise("xlsx", older("openpyxl")) == (f"openpyxl 0.0.1, {made_with()['openpyxl']}",)
    assert len(otherwise("docx", {})) == len(otherwise("docx", dict.fromkeys(made_with(), "x"))) > 8


@pytest.mark.parametrize("missing", ["typst", "fontpkg_almarai"], ids=["no typst", "a font is not installed"])
def test_without_what_prints_a_document_cannot_be_checked_and_that_is_said(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    from importlib.util import find_spec

    for module in (typeset, letters):
        monkeypatch.setattr(module, "find_spec", lambda name: None if name == missing else find_spec(name))
    letters._folder.cache_clear()
    changed = {f"documents/told.en.{form}": bundle.members[f"documents/told.en.{form}"] for form in FORMS}
    with remembered():  # nothing yet
        found = bundle.checked(changed)
    letters._folder.cache_clear()
    code = "DOCUMENTS_MISSING" if missing == "typst" else "FONTS_MISSING"
    assert found.verdict == "cannot_be_checked"
    assert others(found) == [(code, "open", f"documents/told.en.{form}") for form in ("docx", "pdf")]


def test_labels_that_changed_places_are_found(bundle: Bundle) -> None:
    """Every number stands where it stood, and is of another year."""
    name = "documents/csv-en/casualties.csv"
    rows = bundle.members[name].split(b"\r\n")
    one, other = (
        next(at for at, row in enumerate(rows) if row.startswith(year)) for year in (b"2022", b"2024")
    )
    rows[one], rows[other] = b"2024" + rows[one][4:], b"2022" + rows[other][4:]
    found = bundle.checked({name: b"\r\n".join(rows)})
    assert [(one.code, one.facts["printed"], one.facts["found"]) for one in found.failing] == [
        ("BUNDLE_DOCUMENT", "2022", 2024.0),
        ("BUNDLE_DOCUMENT", "2024", 2022.0),
    ]


def test_heads_of_columns_that_changed_places_are_found(bundle: Bundle) -> None:
    name = "documents/csv-ar/casualties.csv"
    head, _, rest = bundle.members[name].decode("utf-8-sig").partition("\r\n")
    labels = head.split(",")
    labels[1], labels[2] = labels[2], labels[1]
    turned = ",".join(labels) + "\r\n" + rest
    for made in (None, older("fallow")):
        found = bundle.checked({name: turned.encode("utf-8-sig")}, made=made)
        assert {one.where for one in found.failing} == {f"{name} casualties 0:2", f"{name} casualties 0:3"}


def test_a_table_written_by_another_hand_holds_when_every_cell_reads_the_same(bundle: Bundle) -> None:
    name = "documents/csv-en/books.csv"
    found = bundle.checked({name: bundle.members[name].replace(b"\r\n", b"\n")})
    assert found.verdict == "holds"
    assert [one.where for one in found.lines if one.code == "cells"] == [name]


def test_the_text_beside_the_tables_is_made_again_too(bundle: Bundle) -> None:
    name = "documents/csv-en/README.txt"
    lying = bundle.members[name].decode("utf-8-sig").replace("In all 1\u202f140", "In all 400")
    found = bundle.checked({name: lying.encode("utf-8-sig")})
    assert [one.code for one in found.failing] == ["BUNDLE_DOCUMENT"]


def test_a_zip_packed_otherwise_holds_and_one_with_something_beside_its_parts_does_not(
    bundle: Bundle,
) -> None:
    name = "documents/told.en.docx"
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(bundle.members[name])) as given, zipfile.ZipFile(out, "w") as made:
        for one in given.infolist():
            made.writestr(one, given.read(one), compresslevel=1)
    assert out.getvalue() != bundle.members[name]
    assert bundle.checked({name: out.getvalue()}).verdict == "holds"
    for odd in (out.getvalue() + b"PK", out.getvalue()[:-2] + b"\x02\x00ab"):
        found = bundle.checked({name: odd})
        assert others(found) == [("BUNDLE_DOCUMENT_OTHER", "fails", name)]


@pytest.mark.parametrize(
    "name",
    [
        "documents/annex.pdf",
        "documents/told.en.odt",
        "documents/photo.png",
        "documents/hazard.geojson",
        "documents/hazard.gpkg",
        "documents/csv/en/more.csv",
        "documents/casualties.csv",
        "documents/README.txt",
        "annex/casualties.en.pdf",
        "more.txt",
    ],
)
def test_a_file_nobody_can_tie_to_the_publication_is_named(bundle: Bundle, name: str) -> None:
    found = bundle.checked({name: b"400 people"})
    assert found.verdict == "cannot_be_checked"
    assert others(found) == [("BUNDLE_DOCUMENT_UNKNOWN", "open", name)]


def test_the_language_of_a_file_is_read_from_its_name(bundle: Bundle) -> None:
    assert [language_of(one) for one in ("a.fr.pdf", "csv-ar/x", "csv/uk", "bulletin.pdf", "en/ru/x")] == [
        "fr",
        "ar",
        "uk",
        "",
        "ru",
    ]
    assert tied("documents/csv/fr/form_b.csv", bundle.publication) is not None, "a form printed empty"
    assert tied("documents/told.fr.pdf.exe", bundle.publication) is None


def _pdf_of(objects: dict[int, bytes]) -> bytes:
    out = b"%PDF-1.7\n"
    places = {}
    for number, body in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % places[number] for number in sorted(objects))
    start = len(out)
    count = len(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % count + table
    return out + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (count, start)


def _stream(data: bytes) -> bytes:
    return b"<</Filter/FlateDecode/Length %d>>\nstream\n" % len(data) + data + b"\nendstream"


def _pdf_with(content: bytes) -> bytes:
    return _pdf_of(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<<>>>>",
            4: content,
        }
    )


def _zip(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, body in parts.items():
            made.writestr(name.replace("__", "/") + ".xml", body)
    return out.getvalue()


_ENTITIES = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb">' + b"".join(
    b'<!ENTITY %c "%s">' % (99 + n, b"&%c;" % (98 + n) * 10) for n in range(9)
)
HOSTILE = {
    "empty": ("pdf", b""),
    "cut off": ("pdf", b"%PDF-1.7\n1 0 obj\n<<"),
    "pages in a circle": (
        "pdf",
        _pdf_of({1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 9>>"}),
    ),
    "a billion pages": (
        "pdf",
        _pdf_of({1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[]/Count 999999999>>"}),
    ),
    "a stream that grows": ("pdf", _pdf_with(_stream(zlib.compress(bytes(300_000_000), 9)))),
    "lists in lists": ("pdf", _pdf_with(_stream(zlib.compress(b"[" * 500_000 + b"]" * 500_000)))),
    "objects in a circle": ("pdf", _pdf_of({1: b"1 0 R"})),
    "a zip that grows": ("docx", _zip(word__document=bytes(300_000_000))),
    "words in words": ("docx", _zip(word__document=b"<a>" * 200_000)),
    "entities": ("docx", _zip(word__document=_ENTITIES + b"]><a>&k;</a>")),
    "no zip": ("docx", b"PK\x03\x04" + bytes(500)),
    "a comment without end": ("html", b"<!" * 100_000),
    "tags without end": ("html", b"".join(b"<p>%d" % number for number in range(300_000))),
    "no letters": ("html", b"\xff\xfe\x00\xd8" * 1000),
    "a sheet that grows": ("xlsx", _zip(xl__workbook=bytes(300_000_000))),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_hostile_document_is_a_line_and_never_a_traceback(bundle: Bundle, form: str) -> None:
    """All of a format in one bundle, each under its name: none keeps the next from being looked at."""
    bodies = {
        f"documents/{name.replace(' ', '_')}.en.{form}": body
        for name, (of, body) in HOSTILE.items()
        if of == form
    }
    started = time.process_time()
    found = bundle.checked(bodies, alone=True)
    lines = [one for one in found.lines if one.state in ("fails", "open")]
    assert {one.state for one in lines} == {"fails"}
    assert {one.code for one in lines} <= {"BUNDLE_DOCUMENT", "BUNDLE_DOCUMENT_OTHER"}
    assert {one.where.partition("#")[0].partition(" ")[0] for one in lines} == set(bodies)
    found = bundle.checked(bodies, alone=True, made=older("writers"))
    lines = [one for one in found.lines if one.state in ("fails", "open")]
    assert {one.where.partition("#")[0].partition(" ")[0] for one in lines} == set(bodies)
    assert time.process_time() - started < 20, "what is hostile costs the other process, not this one"


def _asked(bundle: Bundle, folder: Path, publication: bytes | None = None) -> Asked:
    documents = {f"documents/told.{lang}.pdf": b"%PDF-" for lang in ("en", "fr", "ar")}
    sealed = bundle.members["publication.json"] if publication is None else publication
    return Asked(sealed, bundle.members["recipes.json"], made_with(), documents, folder)


def test_a_document_that_takes_too_long_is_named_and_so_are_those_not_reached(
    bundle: Bundle, tmp_path: Path
) -> None:
    said = orjson.loads(bundle.members["publication.json"])
    table = next(one for one in said["blocks"] if one["block"] == "table")
    table["rows"] *= 20_000
    started = time.monotonic()
    lines = list(apart(_asked(bundle, tmp_path, canonical(said)), silence=3))
    assert time.monotonic() - started < 60
    why = [one.facts["why"] for one in lines]
    assert why[0] == "publish.remade.time"
    assert set(why[1:]) == {"publish.remade.not_reached"}
    assert {one.state for one in lines} == {"open"}
    assert {one.where for one in lines} >= {"documents/told.fr.pdf", "documents/told.ar.pdf"}


def test_a_process_that_dies_is_told(bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its first answer, and while it reads what had to be the same."""
    start = tmp_path / "start.py"
    monkeypatch.setattr(check_apart, "_CHILD", start)
    start.write_text("import os; os.abort()")
    first, *rest = apart(_asked(bundle, tmp_path))
    assert (first.code, first.facts["why"]) == ("BUNDLE_DOCUMENT_OPEN", "publish.remade.died")
    assert len(rest) == 3
    start.write_text(
        'print(\'{"at":"documents/told.en.pdf","unlike":true}\', flush=True); import os; os.abort()'
    )
    first, *rest = apart(_asked(bundle, tmp_path))
    assert (first.code, first.state, first.where) == (
        "BUNDLE_DOCUMENT_OTHER",
        "fails",
        "documents/told.en.pdf",
    )
    assert {one.facts["why"] for one in rest} == {"publish.remade.not_reached"}


def test_while_it_reads_the_process_can_neither_write_nor_call_nor_start_anything(tmp_path: Path) -> None:
    acts = {
        "write": f"open({str(tmp_path / 'x')!r}, 'w')",
        "read": "open('/etc/hostname')",
        "call": "import socket; socket.socket()",
        "start": "import subprocess; subprocess.run(['true'])",
    }
    for act in acts.values():
        code = f"from fallow.publish.checking.child import _confine\n_confine()\ntry:\n    {act}\n"
        code += "except OSError as error:\n    print(type(error).__name__)\n"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert done.stdout.strip() == "PermissionError", (act, done.stderr)


def test_a_bundle_sealed_before_documents_could_be_made_again_still_checks_its_numbers(
    bundle: Bundle,
) -> None:
    recipes = orjson.loads(bundle.members["recipes.json"])
    for one in recipes.values():
        del one["printed"]
    name = "documents/told.en.html"
    found = bundle.checked({name: bundle.members[name], "recipes.json": canonical(recipes)})
    assert others(found) == [("BUNDLE_DOCUMENTS_OLD", "open", "recipes.json")]
    assert any(one.code == "figures" for one in found.lines)


def test_what_was_just_printed_is_not_printed_again_to_prove_it(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = []
    honest = typeset._compile
    monkeypatch.setattr(typeset, "_compile", lambda *a, **k: printed.append(1) or honest(*a, **k))  # type: ignore[func-returns-value]
    publish(
        fixtures_documents.publication(bundle.country),
        tmp_path / "out",
        "public",
        register=bundle.register,
        languages=("en", "ar"),
        formats=("pdf",),
        bundle=True,
    )
    assert len(printed) == 2
    assert check(tmp_path / "out" / "bundle.zip").verdict != "does_not_hold"
    assert len(printed) == 2, "a check by somebody else prints in a process of its own"


def test_what_a_fault_prints_otherwise_than_it_is_sealed_does_not_leave(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer's file that is not of the sealed publication is found by the bundle's own check."""
    from fallow.errors import FallowError
    from fallow.publish import gate

    monkeypatch.setattr(gate, "as_sealed", lambda publication: as_sealed(lie(publication)))
    with pytest.raises(FallowError, match="BUNDLE_DOES_NOT_HOLD"):
        publish(
            fixtures_documents.publication(bundle.country),
            tmp_path / "out",
            "public",
            register=bundle.register,
            formats=("html",),
            bundle=True,
        )
    assert not (tmp_path / "out").exists()
