"""A statement of forty pages with plots: from the register to a tagged PDF that an archive keeps.

    python benchmarks/statement.py [--pages 40] [--repeat 3]

An invented programme has 2,000 accidents in 24 districts over ten years. The statement asks five analyses, has a figure in
every paragraph, a table and a plot every page or so, and its appendix of recipes. Timed is everything a person waits
for: reading the statement, running the analyses, drawing the plots, writing PDF/A-2b and PDF/UA-1.

The other side is what an office does with the same content: python-docx writes the document and LibreOffice turns it
into a PDF, without recipes and without either standard. It is timed when LibreOffice is installed; else the line says so.
"""

from __future__ import annotations

import argparse
import platform
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pypdf
import typst

from fallow.publish.publication import Publication
from fallow.publish.statements.statement import Statement, publication_of
from fallow.publish.statements.terms import Terms
from fallow.publish.writers.typeset import write_pdf
from fallow.publish.writers.word import write_docx
from fallow.register import Draft, Register, create_register
from fallow.words import LANGUAGES

LINES = (
    "In all {total} people were harmed in the years told here, of whom {killed} were killed and {injured} injured. "
    "What was learned later is in the vintages, and each number can be asked for again as known on any day. "
    "Numbers are counted from reports that a person approved, and nobody typed them into this text. "
)


def invent(register: Register, accidents: int) -> None:
    """Accidents of ten years in 24 districts."""
    chance = random.Random(7)
    drafts = []
    for number in range(accidents):
        day = f"{2015 + number % 10}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
        fields = {
            "code": f"A-{number}",
            "date": day,
            "accident_type": "mine",
            "killed": chance.randint(0, 2),
            "injured": chance.randint(0, 4),
            "admin1": f"Province {number % 4}",
            "admin2": f"District {number % 24:02d}",
            "device": chance.choice(["ap_mine", "av_mine", "uxo", "ied"]),
        }
        drafts.append(Draft("accident", f"A-{number}", "benchmark", "A. Author", day, fields, learned=day))
    register.approve(register.add(drafts), by="im.officer", why="benchmark")


def statement(pages: int) -> Statement:
    """Sections of a heading, paragraphs, a table and a plot, one question in five asked anew."""
    figures = {
        name: {"analysis": "casualties", "measure": measure}
        for name, measure in (("total", "casualties"), ("killed", "killed"), ("injured", "injured"))
    }
    asked = {
        "by_year": ("year", {}),
        "by_place": ("place", {}),
        "by_device": ("device", {}),
        "by_year_2020": ("month", {"year": "2020"}),
        "by_province": ("province", {}),
    }
    tables = {
        name: {
            "analysis": "casualties",
            "parameters": {"by": by, **more},
            "measures": ["casualties", "killed", "injured"],
        }
        for name, (by, more) in asked.items()
    }
    charts = {
        name: {
            "table": name,
            "form": form,
            "category": asked[name][0],
            "series": ["killed", "injured"],
            "about": {"en": "Bars"},
        }
        for name, form in zip(asked, ("stack", "bars", "bars", "lines", "bars"), strict=True)
    }
    names = list(asked)
    body = []
    for section in range(round(pages * 0.57)):
        name = names[section % len(names)]
        body += [
            f"# Section {section + 1}",
            LINES * 3,
            LINES * 2,
            f"[table {name}]",
            f"[chart {name}]",
            LINES * 2,
        ]
    return Statement(
        code="BENCH",
        titles={"en": "A statement of forty pages"},
        texts={"en": "\n\n".join(body)},
        terms=Terms.of({"figures": figures, "tables": tables, "charts": charts}),
        date="2025-02-01",
    )


def best(times: int, done: Callable[[], object]) -> float:
    """Seconds of the fastest of several runs."""
    found = []
    for _ in range(times):
        started = time.perf_counter()
        done()
        found.append(time.perf_counter() - started)
    return min(found)


def by_office(publication: Publication, folder: Path, office: str) -> None:
    """The same content through Word's format and LibreOffice."""
    write_docx(publication, "en", folder / "office.docx")
    subprocess.run(
        [office, "--headless", "--convert-to", "pdf", "--outdir", str(folder), str(folder / "office.docx")],
        check=True,
        capture_output=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        register = create_register(folder / "bench.gpkg", title="Invented", invented=True)
        invent(register, 2_000)
        text = statement(asked.pages)
        target = folder / "statement.pdf"
        whole = best(asked.repeat, lambda: write_pdf(publication_of(register, text), "en", target))
        publication = publication_of(register, text)
        printing = best(asked.repeat, lambda: write_pdf(publication, "en", target))
        pages = len(pypdf.PdfReader(target).pages)
        size = target.stat().st_size
        word = best(1, lambda: write_docx(publication, "en", folder / "statement.docx"))
        office = shutil.which("soffice") or shutil.which("libreoffice")
        theirs = best(1, lambda: by_office(publication, folder, office)) if office else None
        register.close()
    print(
        f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, typst-py {typst.__version__}"
    )
    print(
        f"{pages} pages, {len(publication.tables)} tables, {len(publication.results)} results, {size / 1e6:.1f} MB"
    )
    print(f"from the register to PDF/A-2b and PDF/UA-1      {whole:6.2f} s   target 5 s")
    print(f"of which printing                               {printing:6.2f} s")
    print(f"the same as DOCX                                {word:6.2f} s")
    if theirs is None:
        print("python-docx and LibreOffice                      none: LibreOffice is not installed here")
    else:
        print(f"python-docx and LibreOffice, no standard        {theirs:6.2f} s   ratio {whole / theirs:.2f}")
    assert set(publication.title) <= set(LANGUAGES)


if __name__ == "__main__":
    main()
