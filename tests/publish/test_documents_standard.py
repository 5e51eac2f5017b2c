"""What archives and screen readers ask of a PDF, asked of every publication in every language.

No validator of PDF/A comes as a package. These are the clauses of ISO 19005-2 (A) and ISO 14289-1 (UA) that
can be stated in a few lines about a file that typst wrote; what other programs found stands in decision 0009.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdf
import pytest
from fixtures_documents import programme, publication
from pypdf.generic import ContentStream, IndirectObject, StreamObject

from fallow.demo import PASSPHRASE, REGISTER, run_demo
from fallow.publish import new_statement, prepare, publications, statement_publication
from fallow.publish.publication import Publication
from fallow.publish.writers import typeset
from fallow.register import open_register
from fallow.words import LANGUAGES

ROOT = Path(__file__).resolve().parents[2]
STANDARD_TAGS = frozenset(
    re.findall(
        r"\w+",
        "Document Part Art Sect Div BlockQuote Caption TOC TOCI Index NonStruct Private H H1 H2 H3 H4 H5 H6 "
        "P L LI Lbl LBody Table TR TH TD THead TBody TFoot Span Quote Note Reference BibEntry Code Link "
        "Annot Ruby Warichu RB RT RP WT WP Figure Formula Form",
    )
)
NEVER = ("/JS", "/JavaScript", "/AA", "/OpenAction", "/AcroForm", "/EmbeddedFiles", "/AF", "/XFA", "/Encrypt")
ACTIONS = {"/GoTo", "/URI"}
SHOWS_TEXT = {b"Tj", b"TJ", b"'", b'"'}
PAINTS = SHOWS_TEXT | {b"S", b"s", b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*", b"sh", b"Do", b"EI"}


def yes(said: Any) -> bool:
    """Whether a PDF says true: its false is an object, and so true to Python."""
    return getattr(said, "value", None) is True


class Examined:
    """One PDF, and what is wrong with it."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.reader = pypdf.PdfReader(BytesIO(body), strict=True)
        self.root: Any = self.reader.root_object
        size = int(self.reader.trailer["/Size"])
        objects = (self.reader.get_object(IndirectObject(one, 0, self.reader)) for one in range(1, size))
        self.dicts = [one for top in (*objects, self.reader.trailer) for one in self._within(top)]

    def _within(self, node: Any) -> Iterator[dict[str, Any]]:
        """A dictionary and those written inside it; those it only points to come by themselves."""
        if isinstance(node, dict):
            yield node
        below = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        for one in below:
            yield from self._within(one)

    def wrong(self) -> list[str]:
        asked = (self.file, self.about, self.fonts, self.pictures, self.structure, self.tables, self.pages)
        return [f"{one.__name__}: {said}" for one in asked for said in one()]

    def file(self) -> Iterator[str]:
        """A 6.1: header, id, nothing hidden, nothing that runs, nothing outside."""
        if not re.match(rb"%PDF-1\.7\n%[\x80-\xff]{4}", self.body) or not self.body.rstrip().endswith(
            b"%%EOF"
        ):
            yield "header or end"
        if "/ID" not in self.reader.trailer:
            yield "no id"
        for one in self.dicts:
            yield from (name for name in NEVER if name in one)
            if one.get("/Type") == "/Action" or ("/S" in one and "/URI" in one):
                yield from [] if one["/S"] in ACTIONS else [f"action {one['/S']}"]
            filters = one.get("/Filter", [])
            if isinstance(one, StreamObject) and (
                "/F" in one or "LZW" in str(filters) or "Crypt" in str(filters)
            ):
                yield f"stream {filters}"

    def about(self) -> Iterator[str]:
        """A 6.6 and 6.2.3, UA 7.1 and 7.2: what the file says of itself."""
        xmp = self.root["/Metadata"].get_object().get_data().decode()
        for name, value in (("pdfaid:part", "2"), ("pdfaid:conformance", "B"), ("pdfuaid:part", "1")):
            if f"<{name}>{value}</{name}>" not in xmp:
                yield name
        if "<dc:title>" not in xmp or not (self.reader.metadata and self.reader.metadata.title):
            yield "title"
        (intent,) = self.root["/OutputIntents"]
        profile = intent.get_object()["/DestOutputProfile"].get_object()
        if intent.get_object()["/S"] != "/GTS_PDFA1" or profile["/N"] not in (1, 3):
            yield "output intent"
        marked = self.root["/MarkInfo"]
        if not yes(marked["/Marked"]) or yes(marked.get("/Suspects")):
            yield "marked"
        if not self.root.get("/Lang") or not yes(self.root["/ViewerPreferences"]["/DisplayDocTitle"]):
            yield "language or title bar"

    def fonts(self) -> Iterator[str]:
        """A 6.2.11, UA 7.21: every font is in the file, and every glyph says which letter it is."""
        for one in self.dicts:
            if one.get("/Type") != "/Font":
                continue
            name = str(one["/BaseFont"])
            if one["/Subtype"] in ("/Type0", "/Type1", "/TrueType"):
                if "/ToUnicode" not in one:
                    yield f"{name} says no letters"
                    continue
                letters = one["/ToUnicode"].get_object().get_data().decode()
                if re.search(r"<[0-9A-F]+> <(0000|FEFF|FFFE)>", letters):
                    yield f"{name} says a letter that is none"
            if one["/Subtype"].startswith("/CIDFont"):
                described = one["/FontDescriptor"].get_object()
                if not {"/FontFile2", "/FontFile3", "/FontFile"} & set(described):
                    yield f"{name} is not in the file"
                if not re.match(r"/[A-Z]{6}\+", name):
                    yield f"{name} is no subset"

    def pictures(self) -> Iterator[str]:
        """A 6.2.8 and 6.2.10: nothing drawn otherwise on another machine."""
        for one in self.dicts:
            if one.get("/Subtype") == "/Image" and (yes(one.get("/Interpolate")) or "/Alternates" in one):
                yield "interpolated or alternate image"
            if one.get("/Subtype") == "/PS" or "/OPI" in one or "/Ref" in one:
                yield "PostScript or reference"
            if one.get("/Type") == "/ExtGState":
                if one.get("/TR") or one.get("/TR2", "/Default") != "/Default" or "/HTP" in one:
                    yield "transfer function"
                if one.get("/BM", "/Normal") not in ("/Normal", "/Compatible", "/Multiply", "/Screen"):
                    yield f"blend {one['/BM']}"

    def elements(self) -> Iterator[tuple[str, Any]]:
        """Every structure element with its standard name, as it is read."""
        roles = self.root["/StructTreeRoot"].get("/RoleMap", {})

        def walk(node: Any) -> Iterator[tuple[str, Any]]:
            node = node.get_object() if hasattr(node, "get_object") else node
            for one in node if isinstance(node, list) else [node]:
                of = one.get_object() if hasattr(one, "get_object") else one
                if isinstance(of, dict):
                    if "/S" in of:
                        yield str(roles.get(of["/S"], of["/S"]))[1:], of
                    yield from walk(of["/K"]) if "/K" in of else ()

        yield from walk(self.root["/StructTreeRoot"]["/K"])

    def structure(self) -> Iterator[str]:
        """UA 7.1, 7.3, 7.4: tags that every reader knows, headings in order, pictures in words."""
        level = 0
        for name, one in self.elements():
            if name not in STANDARD_TAGS:
                yield f"tag {name}"
            if name == "Figure" and not str(one.get("/Alt", "")).strip():
                yield "a figure without words"
            if re.fullmatch(r"H\d", name):
                if int(name[1]) > level + 1:
                    yield f"{name} under H{level}"
                level = int(name[1])
        if level == 0:
            yield "no heading"

    def tables(self) -> Iterator[str]:
        """UA 7.5: heads of columns say so, and rows are of one width."""

        def kids(node: Any) -> list[Any]:
            below = node.get("/K", [])
            below = below.get_object() if hasattr(below, "get_object") else below
            found = [one.get_object() for one in (below if isinstance(below, list) else [below])]
            return [one for one in found if isinstance(one, dict) and "/S" in one]

        def attribute(cell: Any, name: str) -> Any:
            given = cell.get("/A", {})
            given = given.get_object() if hasattr(given, "get_object") else given
            them = [one.get_object() for one in given] if isinstance(given, list) else [given]
            return next((one[name] for one in them if name in one), None)

        for name, table in self.elements():
            if name != "Table":
                continue
            parts = [one for one in kids(table) if one["/S"] in ("/THead", "/TBody", "/TFoot")]
            rows = [row for part in (parts or [table]) for row in kids(part) if row["/S"] == "/TR"]
            widths = {sum(int(attribute(one, "/ColSpan") or 1) for one in kids(row)) for row in rows}
            if len(widths) != 1:
                yield f"rows of {sorted(widths)} cells"
            heads = [one for row in rows for one in kids(row) if one["/S"] == "/TH"]
            if not heads or any(attribute(one, "/Scope") is None for one in heads):
                yield "a table without heads, or a head of nothing"

    def pages(self) -> Iterator[str]:
        """UA 7.1, 7.18; A 6.3: what is drawn is tagged or decoration; links are tagged and can be printed."""
        parents = self.root["/StructTreeRoot"]["/ParentTree"].get_object()
        known = self._numbers(parents)
        for number, page in enumerate(self.reader.pages, 1):
            if page.get("/Tabs") != "/S" and "/Annots" in page:
                yield f"page {number}: order of tabs"
            tagged = known.get(int(page["/StructParents"])) if "/StructParents" in page else None
            yield from (f"page {number}: {one}" for one in self._drawn(page, tagged))
            for note in (one.get_object() for one in page.get("/Annots", [])):
                if note["/Subtype"] != "/Link" or int(note.get("/F", 0)) & 0b110 != 0b100:
                    yield f"page {number}: {note['/Subtype']} {note.get('/F')}"
                of = known.get(int(note.get("/StructParent", -1)))
                if of is None or of.get_object()["/S"] != "/Link" or not note.get("/Contents"):
                    yield f"page {number}: a link without a tag or words"

    def _numbers(self, node: Any) -> dict[int, Any]:
        found: dict[int, Any] = {}
        listed = node.get("/Nums", [])
        found |= {int(listed[place]): listed[place + 1].get_object() for place in range(0, len(listed), 2)}
        for one in node.get("/Kids", []):
            found |= self._numbers(one.get_object())
        return found

    def _drawn(self, page: Any, tagged: Any) -> Iterator[str]:
        marks: list[bool] = []
        for operands, operator in ContentStream(page["/Contents"].get_object(), self.reader).operations:
            if operator in (b"BDC", b"BMC"):
                name = operands[0]
                inside = operands[1] if len(operands) > 1 else {}
                marks.append(name == "/Artifact" or "/MCID" in inside)
                if "/MCID" in inside and (tagged is None or len(tagged) <= int(inside["/MCID"])):
                    yield f"mark {inside['/MCID']} belongs to nothing"
            elif operator == b"EMC":
                marks.pop()
            elif operator in PAINTS and not any(marks):
                yield f"{operator.decode()} outside every tag"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Publication]:
    """Every publication of the demo, its statement, and one with every kind of block."""
    folder = tmp_path_factory.mktemp("demo")
    run_demo(folder)
    spec = spec_from_file_location("make_goldens", ROOT / "tools" / "make_goldens.py")
    assert spec is not None and spec.loader is not None
    goldens = module_from_spec(spec)
    spec.loader.exec_module(goldens)
    with open_register(folder / REGISTER, passphrase=PASSPHRASE) as register:
        found = {name: prepare(name, register, **dict(goldens.ASKED[name])) for name in publications()}
        example = ROOT / "docs" / "statement-example.yaml"
        new_statement(register, example, by="M. Alder (INVENTED)", why="read")
        found["statement"] = statement_publication(register, "FICTA-BULLETIN-2024")
    found["every_block"] = publication(programme(tmp_path_factory.mktemp("country")))
    return found


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_publication_keeps_both_standards(made: dict[str, Publication], lang: str) -> None:
    assert set(made) > set(publications())
    wrong = {name: Examined(typeset.pdf(one, lang)).wrong() for name, one in made.items()}
    assert {name: said for name, said in wrong.items() if said} == {}


BROKEN: dict[str, tuple[bytes, bytes, str]] = {
    "no language": (b"/Lang(en)", b"/Lung(en)", "language"),
    "another part": (b"<pdfaid:part>2<", b"<pdfaid:part>3<", "pdfaid"),
    "not marked": (b"/Marked true", b"/Marked null", "marked"),
    "no letters": (b"/ToUnicode", b"/ToUnecode", "says no letters"),
    "font outside": (b"/FontFile", b"/FontFuel", "not in the file"),
    "a tag of its own": (b"/S/H2", b"/S/X2", "tag X2"),
    "heading skipped": (b"/S/H2", b"/S/H4", "H4 under"),
    "a figure without words": (b"/Alt(", b"/Alz(", "without words"),
    "a head of nothing": (b"/Scope/Column", b"/Scape/Column", "head of nothing"),
    "an action": (b"/Suspects false", b"/AA 1 0 R", "/AA"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_found(made: dict[str, Publication], name: str) -> None:
    """The control: each clause refuses a file in which it was broken, of the same length."""
    old, new, said = BROKEN[name]
    body = typeset.pdf(made["every_block"], "en")
    assert old in body, "typst writes it otherwise now"
    new = new[: len(old)].ljust(len(old))
    wrong = Examined(body.replace(old, new)).wrong()
    assert any(said in one for one in wrong), wrong


def test_what_is_drawn_outside_every_tag_is_found(made: dict[str, Publication]) -> None:
    writer = pypdf.PdfWriter(clone_from=BytesIO(typeset.pdf(made["every_block"], "en")))
    page = writer.pages[0]
    drawn = page["/Contents"].get_object().get_data()
    for more, said in (
        (b"\n0 0 9 9 re f\n", "f outside every tag"),
        (b"\n/P <</MCID 99999>> BDC 0 0 9 9 re f EMC\n", "mark 99999 belongs to nothing"),
        (b"\n/Artifact BMC 0 0 9 9 re f EMC\n", ""),
    ):
        page["/Contents"].get_object().set_data(drawn + more)
        out = BytesIO()
        writer.write(out)
        wrong = list(Examined(out.getvalue()).pages())
        assert ([f"page 1: {said}"] if said else []) == wrong
