"""The founding case: an appeal's numbers, kept as its authors' claims, come out as known on each day.

The appeal of 29 April 2023 is one party's statement and nothing here says that it is right. It says that
people killed or wounded by mines and remnants since November 2020 "stood at 298" and are 301 since three
people were killed the day before. The test reads those numbers from the text, brings them in as a delivery
of the appeal's authors, and asks for them again. ``docs/founding-case.md`` tells the same for readers.

"Since November 2020" is read by the person who enters it as since 10 November 2020, the day of the agreement
that the appeal speaks about; the words themselves are kept beside it. Entered as the bare month, the same
question has the honest answer "0, and 298 date uncertain".
"""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pypdf
import pytest

import fallow
from fallow.register import Register, create_register

SOURCE = """
source: appeal
title: Appeal of 29 April 2023
who: The signatories of the appeal
licence: quoted as a claim
known: declared
deliveries:
  - {delivered: 2023-04-28, files: {accidents: before.csv, victims: before_victims.csv}}
  - {delivered: 2023-04-29, files: {accidents: after.csv, victims: after_victims.csv}}
tables:
  - name: accidents
    format: csv
    records:
      - kind: accident
        id: {column: id}
        complete: false
        date: date
        fields:
          code: id
          date_until: until
          accident_type: type
          killed: killed
          casualties_unknown: of_unknown_fate
  - name: victims
    format: csv
    records:
      - kind: victim
        id: {column: id}
        complete: false
        date: date
        fields:
          code: id
          name: name
          outcome: outcome
          civil_status: status
          accident: {link: accident, by: accident}
"""


def write(path: Path, header: str, *rows: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(line.split(",") for line in (header, *rows))


READING = "2020-11-10"


@pytest.fixture
def appeal(shared_data: Path, tmp_path: Path) -> Register:
    return entered(shared_data, tmp_path, READING)


def entered(shared_data: Path, tmp_path: Path, since: str) -> Register:
    text = (shared_data / "appeal" / "appeal-2023-04-29.txt").read_text(encoding="utf-8")
    before, after = re.search(r"stood at (\d+)\..*?changed to (\d+)", text, re.S).groups()  # type: ignore[union-attr]
    names = re.search(r"Remember their names: ([^.]+)\.", text).group(1).split(", ")  # type: ignore[union-attr]
    assert int(after) - int(before) == len(names)
    accidents = "id,date,until,type,killed,of_unknown_fate"
    victims = "id,date,name,outcome,status,accident"
    write(tmp_path / "before.csv", accidents, f"claim-total,{since},2023-04-28,mine,,{before}")
    write(tmp_path / "before_victims.csv", victims)
    write(tmp_path / "after.csv", accidents, "claim-28-april,2023-04-28,,demining,3,")
    write(
        tmp_path / "after_victims.csv",
        victims,
        *(
            f"claim-deminer-{i},2023-04-28,{name},killed,deminer,claim-28-april"
            for i, name in enumerate(names, 1)
        ),
    )
    (tmp_path / "source.yaml").write_text(SOURCE, encoding="utf-8")
    register = create_register(tmp_path / "appeal.gpkg", title="The founding case", passphrase="open")
    fallow.bring_in(tmp_path, register, approve_by="casualty officer", why="kept as a claim of its authors")
    return register


def test_the_figure_is_298_as_known_on_the_28th_and_301_a_day_later(appeal: Register) -> None:
    assert fallow.run("casualties", appeal, since="2020-11", known="2023-04-28").value("casualties") == 298
    assert fallow.run("casualties", appeal, since="2020-11", known="2023-04-29").value("casualties") == 301


def test_three_records_explain_the_difference(appeal: Register) -> None:
    result = fallow.run("difference", appeal, known_before="2023-04-28", known="2023-04-29", since="2020-11")
    added = [line for line in result.lines if line.key[0] == "added"]
    assert [line.values["change"] for line in added] == [1, 1, 1]
    people = [appeal.at().record(line.key[1]) for line in added]
    assert {(one.kind, one.fields["outcome"], one.fields["civil_status"]) for one in people if one} == {
        ("victim", "killed", "deminer")
    }


def test_it_is_marked_as_one_partys_claim(appeal: Register) -> None:
    result = fallow.run("casualties", appeal, since="2020-11", known="2023-04-29")
    assert [one.who for one in result.said_by] == ["The signatories of the appeal"]
    assert result.notes[0] == ("analysis.note.one_source", {"who": "The signatories of the appeal"})
    assert (result.recipe.declared, result.recipe.witnessed) == (5, 0)


def test_entered_as_the_bare_month_the_claim_is_date_uncertain(shared_data: Path, tmp_path: Path) -> None:
    register = entered(shared_data, tmp_path, "2020-11")
    line = fallow.run("casualties", register, since="2020-11-10", known="2023-04-28").line()
    assert (line.values["casualties"], line.values["date_uncertain"]) == (0, 298)
    line = fallow.run("casualties", register, since="2020-11", known="2023-04-28").line()
    assert (line.values["casualties"], line.values["date_uncertain"]) == (298, 0)


def test_the_command_of_the_founding_case(appeal: Register) -> None:
    from click.testing import CliRunner

    from fallow.cli import main

    appeal.close()
    words = ["figure", "casualties", "--since", "2020-11-10", "--register", str(appeal.path), "--lang", "en"]

    def typed(*more: str) -> str:
        result = CliRunner().invoke(main, [*words, *more])
        assert result.exit_code == 0, result.output
        return result.stdout

    told = json.loads(typed("--known", "2023-04-28", "--json"))
    assert (told["value"], told["unit"], told["one_party"]) == (298, "", "The signatories of the appeal")
    assert told["digest"] == json.loads(typed("--known", "2023-04-28", "--json"))["digest"]
    assert typed("--known", "2023-04-28", "--table").splitlines()[0] == (
        "298 casualties; from 10 November 2020; as known on 28 April 2023; "
        "one party's claim: The signatories of the appeal."
    )
    assert typed("--known", "2023-04-29", "--table").startswith("301 casualties; ")


def test_a_span_over_several_years_belongs_to_none_of_them(appeal: Register) -> None:
    result = fallow.run("casualties", appeal, by="year")
    assert {line.key: line.values["casualties"] for line in result.lines} == {
        ("2023",): 3,
        ("unknown",): 298,
        (): 301,
    }
    assert fallow.run("vintages", appeal).value("2023-12-31", "unknown") == 298


def test_the_names_are_in_the_vault_and_nowhere_else(appeal: Register, shared_data: Path) -> None:
    text = (shared_data / "appeal" / "appeal-2023-04-29.txt").read_text(encoding="utf-8")
    names = re.search(r"Remember their names: ([^.]+)\.", text).group(1).split(", ")  # type: ignore[union-attr]
    deminers = sorted(
        str(appeal.secrets(one.id).get("name"))
        for one in appeal.at().records("victim", {"civil_status": "deminer"})
    )
    assert deminers == sorted(names)
    appeal.close()
    raw = appeal.path.read_bytes()
    assert not any(name.encode() in raw for name in names)


APPEAL = """
code: APPEAL-2023
type: appeal
date: 2023-04-28
known: 2023-04-28
issuer: The signatories of the appeal
title: {en: What stood in the appeal, ar: ما ورد في النداء}
figures:
  total: {analysis: casualties, parameters: {since: 2020-11}, measure: casualties}
text:
  en: |
    Since November 2020 the number of people killed or wounded stood at {total} as known on 28 April 2023.
  ar: |
    منذ تشرين الثاني 2020 بلغ عدد من قُتلوا أو جُرحوا {total} كما كان معلوماً في 28 نيسان 2023.
"""


def test_a_statement_says_298_as_known_on_the_day_and_prints_it_in_two_languages(
    appeal: Register, tmp_path: Path
) -> None:
    from fallow.publish.statements.keep import new_statement
    from fallow.publish.statements.statement import statement_publication
    from fallow.publish.writers import pages, typeset

    file = tmp_path / "appeal.yaml"
    file.write_text(APPEAL, encoding="utf-8")
    kept = new_statement(appeal, file, by="casualty officer", why="kept as a claim of its authors")
    assert kept.findings == ()
    publication = statement_publication(appeal, "APPEAL-2023", languages=("en", "ar"))
    result = publication.results["casualties"]
    assert (result.value("casualties"), result.recipe.known) == (298, "2023-04-28")
    for lang in ("en", "ar"):
        target = tmp_path / f"appeal-{lang}.pdf"
        typeset.write_pdf(publication, lang, target)
        pages.write_html(publication, lang, tmp_path / f"appeal-{lang}.html")
        printed = "".join(page.extract_text() for page in pypdf.PdfReader(target).pages)
        assert "298" in printed
        assert "301" not in printed
        assert result.digest in printed
        page = (tmp_path / f"appeal-{lang}.html").read_text(encoding="utf-8")
        assert 'data-figure="casualties/casualties"' in page
        assert "<bdi>298</bdi>" in page
        assert "The signatories of the appeal" in page
