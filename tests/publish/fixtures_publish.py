"""A small programme with land and people, and bundles made of it, for the proofs of the publish room."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from fallow.analysis import Result, run
from fallow.publish.audience import audience
from fallow.publish.manifest import Manifest
from fallow.publish.proof.bundle import write_bundle
from fallow.publish.proof.evidence import gather
from fallow.publish.publication import (
    Cell,
    Figure,
    Heading,
    Paragraph,
    Publication,
    Signatory,
    Signatures,
)
from fallow.publish.results import of_results
from fallow.publish.withholding.redact import for_audience
from fallow.publish.writers.pages import write_html
from fallow.publish.writers.remade import as_sealed
from fallow.publish.writers.tables import write_csv
from fallow.publish.writers.typeset import write_pdf
from fallow.publish.writers.word import write_docx
from fallow.publish.writers.workbook import write_xlsx
from fallow.register import Register
from fixtures_books import Country


class Programme(Country):
    """Two hazards with a release, and people harmed in three years."""

    def __init__(self, folder: Path, clock: Any = None) -> None:
        super().__init__(folder, clock)
        self.hazard("H-1", "2019-03-02", [(0, 0, 4, 4)], contamination="mined_area", admin1="North")
        self.hazard("H-2", "2020-05-01", [(10, 0, 12, 3)], contamination="mined_area", admin1="South")
        self.release("R-1", "H-1", "cleared", "2021-06-30", [(0, 0, 2, 2)])
        self.hazard("H-1", "2021-09-01", [(0, 0, 4, 5)], hazard_class="cha")
        people = [("2021-04", "female", "injured")] * 6 + [("2021-04", "female", "killed")] * 3
        people += [("2021", "male", "injured")] * 7 + [("2021-11-05", "male", "killed")] * 5
        people += [("2022-02-01", "male", "injured")] * 11 + [("2022-03", None, "injured")] * 6
        for number, (date, sex, outcome) in enumerate(people):
            more = {} if sex is None else {"sex": sex}
            code = f"V-{number:02d}"
            self.says("victim", code, date, code=code, date=date, outcome=outcome, admin1="North", **more)
        self.says(
            "accident",
            "A-1",
            "2020-08-09",
            code="A-1",
            date="2020-08-09",
            accident_type="mine",
            killed=2,
            injured=14,
            admin1="South",
        )


def results(register: Register) -> dict[str, Result]:
    """Land and people, with a view of the past in between."""
    return {
        "books": run("books", register, by="class", each="year"),
        "casualties": run("casualties", register, by="year"),
        "by_sex": run("casualties", register, by="year,sex", since="2021"),
        "vintages": run("vintages", register),
    }


SIGNED = (
    Signatory("Aygun First", "Mine Action Centre", "Director", "2026-11-01", 3),
    Signatory("Boris Second", "Victims' Association", "Chair", "2026-11-02", 4),
)


def publication(register: Register) -> Publication:
    """Tables, a sentence with a number in it, and two signatories."""
    found = results(register)
    made = of_results(found, register, title={"en": "A bulletin", "ar": "نشرة"})
    total = found["casualties"].value("casualties")
    sentence = Paragraph(
        {"en": "{total} people were harmed.", "ar": "تضرر {total} شخصاً."},
        {"total": Cell(total, Figure("casualties", "casualties"))},
        {"total": "count"},
    )
    blocks = (Heading({"en": "People", "ar": "الناس"}), sentence, *made.blocks, Signatures(SIGNED))
    return replace(made, name="bulletin", blocks=blocks, issued="2026-11-23")


def bundled(
    register: Register,
    folder: Path,
    to: str = "public",
    *,
    given: Publication | None = None,
    documents: Literal["none", "tables", "all"] = "tables",
) -> tuple[Path, Manifest]:
    """A bundle with its tables as XLSX and CSV, or with all formats, or with evidence and numbers alone."""
    reader = audience(to)
    redacted = for_audience(given or publication(register), reader)
    out = folder / "documents"
    out.mkdir()
    shown = as_sealed(redacted.publication)
    files = {}
    for lang in ("en", "ar") if documents != "none" else ():
        write_xlsx(shown, lang, out / f"bulletin-{lang}.xlsx")
        files[f"bulletin-{lang}.xlsx"] = out / f"bulletin-{lang}.xlsx"
        for path in write_csv(shown, lang, out / f"csv-{lang}"):
            files[f"csv-{lang}/{path.name}"] = path
    if documents == "all":
        for write, name in ((write_pdf, "pdf"), (write_docx, "docx"), (write_html, "html")):
            files[f"bulletin-en.{name}"] = out / f"bulletin-en.{name}"
            write(shown, "en", out / f"bulletin-en.{name}")
    evidence = gather(register, redacted, reader)
    target = folder / "bundle.zip"
    manifest = write_bundle(redacted, evidence, files, register, target)
    return target, manifest
