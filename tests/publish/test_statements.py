"""Statements: text bound to numbers, kept as reports, signed, withdrawn, refused where nobody could check."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fixtures_documents import HOSTILE, YEARS, programme

from fallow.cli import main
from fallow.errors import FallowError
from fallow.publish.audience import AUDIENCES
from fallow.publish.publication import Chart, Heading, Paragraph, Signatures, Table
from fallow.publish.statements import text as statement_text
from fallow.publish.statements.file import read_statement
from fallow.publish.statements.keep import new_statement, sign, withdraw
from fallow.publish.statements.look import look_at_statement
from fallow.publish.statements.statement import require_language, statement_publication
from fallow.publish.statements.terms import Terms
from fallow.publish.withholding.redact import for_audience
from fallow.publish.writers import pages, typeset, word
from fallow.register import Register, open_register
from fallow.words import LANGUAGES

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "statement-example.yaml"
OFFICER = "im.officer"

SMALL = """
code: S-1
type: appeal
date: 2024-02-03
issuer: An invented association
title: {en: An appeal, fr: Un appel}
figures:
  total: {analysis: casualties, measure: casualties}
  killed: {analysis: casualties, parameters: {by: year}, measure: killed, line: ["2023"]}
tables:
  years: {analysis: casualties, parameters: {by: year}, measures: [killed, injured]}
charts:
  plot: {table: years, form: bars, category: year, series: [killed]}
text:
  en: |
    # People

    In all {total} people were harmed, {killed} killed in 2023.

    [table years]

    [chart plot]
  fr: |
    # Personnes

    En tout {total} personnes ont été touchées, {killed} tuées en 2023.

    [table years]

    [chart plot]
"""


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    country = programme(tmp_path_factory.mktemp("country"))
    country.register.close()
    return country.register.path.parent


@pytest.fixture
def register(made_once: Path, tmp_path: Path) -> Iterator[Register]:
    shutil.copytree(made_once, tmp_path / "country")
    with open_register(tmp_path / "country" / "country.gpkg") as opened:
        yield opened


def written(folder: Path, **changed: Any) -> Path:
    given = yaml.load(SMALL, Loader=yaml.BaseLoader) | changed
    path = folder / "statement.yaml"
    path.write_text(yaml.safe_dump(given, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def kept(register: Register, folder: Path, **changed: Any) -> Any:
    return new_statement(register, written(folder, **changed), by=OFFICER, why="read")


# -- the publication ----------------------------------------------------------------------------------------


def test_a_statements_numbers_are_computed_from_the_register(register: Register, tmp_path: Path) -> None:
    kept(register, tmp_path)
    made = statement_publication(register, "S-1")
    assert [type(one) for one in made.blocks] == [Heading, Paragraph, Table, Chart, Signatures]
    paragraph = made.blocks[1]
    assert isinstance(paragraph, Paragraph)
    assert paragraph.figures["total"].value == sum(sum(one) for one in YEARS.values())
    assert paragraph.figures["killed"].value == YEARS["2023"][0]
    assert paragraph.figures["killed"].figure is not None
    assert paragraph.figures["killed"].figure.id == "casualties_2/killed/2023"
    # the table asks the same question as the figure: one result serves both
    assert list(made.results) == ["casualties", "casualties_2"]
    assert made.issued == "2024-02-03"
    assert dict(made.title) == {"en": "An appeal", "fr": "Un appel"}


def test_a_correction_in_the_register_changes_the_next_print_and_not_the_text(tmp_path: Path) -> None:
    country = programme(tmp_path)
    kept(country.register, tmp_path)
    before = statement_publication(country.register, "S-1")
    head = country.register.ledger.head()[0]
    country.says("accident", "A-2023", "2023-06-15", killed=9)
    after = statement_publication(country.register, "S-1")
    again = statement_publication(country.register, "S-1", head=head)

    def killed(of: Any) -> Any:
        return of.blocks[1].figures["killed"].value

    assert (killed(before), killed(after), killed(again)) == (7, 9, 7)
    assert {name: one.digest for name, one in again.results.items()} == {
        name: one.digest for name, one in before.results.items()
    }


def test_figures_are_as_known_on_the_day_the_statement_names(register: Register, tmp_path: Path) -> None:
    kept(
        register,
        tmp_path,
        known="2022-12-31",
        figures={"total": {"analysis": "casualties", "measure": "casualties"}},
        tables={},
        charts={},
        text={"en": "Total {total}.", "fr": "Total {total}."},
    )
    made = statement_publication(register, "S-1")
    assert made.blocks[0].figures["total"].value == 3 + 5 + 12 + 31  # type: ignore[union-attr]
    assert made.stamp.known == "2022-12-31"
    assert made.results["casualties"].recipe.known == "2022-12-31"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_example_prints_in_every_language_and_format(
    register: Register, tmp_path: Path, lang: str
) -> None:
    new_statement(register, EXAMPLE, by=OFFICER, why="read")
    made = statement_publication(register, "FICTA-BULLETIN-2024", languages=LANGUAGES)
    typeset.write_pdf(made, lang, tmp_path / "out.pdf")
    word.write_docx(made, lang, tmp_path / "out.docx")
    pages.write_html(made, lang, tmp_path / "out.html")
    text = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert "Aylin Testova" in text
    assert f">{sum(YEARS['2024'])}</bdi>" in text
    assert "{harmed}" not in text
    assert (tmp_path / "out.pdf").stat().st_size > 20_000


def test_the_example_has_no_typed_number() -> None:
    given = yaml.load(EXAMPLE.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    terms = Terms.of({key: given[key] for key in ("figures", "tables", "charts")})
    for lang in LANGUAGES:
        parts = statement_text.parse(given["text"][lang], lang, terms.names)
        assert list(statement_text.typed_numbers(parts, lang)) == []


# -- the text -----------------------------------------------------------------------------------------------

KNOWN = {"figures": frozenset({"total"}), "tables": frozenset({"t"}), "charts": frozenset({"c"})}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("People: {totl}", "{totl}"),
        ("People: {}", "{}"),
        ("An open { brace", "An open { brace"),
        ("A closed } brace", "A closed } brace"),
        ("{total", "{total"),
        ("{total!r}", "{total!r}"),
        ("{total.real}", "{total.real}"),
        ("{{total}}", "{{total}}"),
        ("# Heading with {total}", "Heading with {total}"),
        ("[table x]", "[table x]"),
        ("[chart t]", "[chart t]"),
        ("[map of it]", "[map of it]"),
    ],
)
def test_a_mark_that_stands_for_nothing_is_refused_with_its_place(text: str, found: str) -> None:
    with pytest.raises(FallowError) as refused:
        statement_text.parse(f"Fine.\n\n{text}\n", "en", KNOWN)
    assert refused.value.code == "STATEMENT_MARK"
    assert refused.value.where == "en, block 2"
    assert refused.value.facts["found"] == found


def test_everything_else_is_text() -> None:
    (part,) = statement_text.parse(HOSTILE.replace("{", "") + " {total}", "en", KNOWN)
    assert part.kind == "paragraph"
    assert part.text == " ".join(HOSTILE.split()) + " {total}"
    assert part.names == ("total",)


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("The figure is 298.", ["298"]),
        ("It rose from 298 to 301 in 2023.", ["298", "301"]),
        ("On 28 April 2023 it was {total}.", []),
        ("Le 28 avril 2023 et 2023-04-28: {total}.", []),
        ("El 28 de abril de 2023: {total}.", []),
        ("В 2023 году 1 200 человек", ["1", "200"]),
        ("في 28 نيسان 2023 بلغ ٢٩٨", ["٢٩٨"]),
        ("12.5 % and 1,234 m2", ["12.5", "1,234"]),
        ("{total} of {total}", []),
        ("1990 to 2023", []),
        ("In all 20230 people", ["20230"]),
    ],
)
def test_a_typed_number_is_named(text: str, typed: list[str]) -> None:
    parts = statement_text.parse(text, "en", KNOWN)
    found = list(statement_text.typed_numbers(parts, "en"))
    assert [one.facts["found"] for one in found] == typed
    assert all(one.where == "en, block 1" for one in found)


def test_translations_that_differ_are_refused(register: Register, tmp_path: Path) -> None:
    for text in (
        {"en": "A {total}.", "fr": "A."},
        {"en": "A {total}.", "fr": "A {total}.\n\nB."},
        {"en": "A {total}.", "fr": "# A"},
        {"en": "[table years]", "fr": "A {total}."},
    ):
        with pytest.raises(FallowError) as refused:
            kept(register, tmp_path, text=text)
        assert refused.value.code == "STATEMENT_DIFFERS"
        assert (refused.value.facts["first"], refused.value.facts["other"]) == ("en", "fr")


def test_a_chart_never_stands_without_its_table(register: Register, tmp_path: Path) -> None:
    with pytest.raises(FallowError, match="STATEMENT_MARK"):
        kept(register, tmp_path, text={"en": "[chart plot]", "fr": "[chart plot]"})


def test_a_language_nobody_wrote_is_not_printed_in_another(register: Register, tmp_path: Path) -> None:
    kept(register, tmp_path)
    with pytest.raises(FallowError) as refused:
        statement_publication(register, "S-1", languages=("en", "ar"))
    assert (refused.value.code, refused.value.facts["missing"]) == ("STATEMENT_LANGUAGE", "ar")
    made = statement_publication(register, "S-1")
    for write in (typeset.pdf, pages.html):
        with pytest.raises(FallowError, match="STATEMENT_LANGUAGE"):
            write(made, "ar")
    with pytest.raises(FallowError, match="STATEMENT_LANGUAGE"):
        word.write_docx(made, "ar", tmp_path / "out.docx")
    require_language(made, "fr")


# -- the file -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"figures": {"total": {"analysis": "casualtys", "measure": "casualties"}}}, "STATEMENT_DEFINITION"),
        ({"figures": {"total": {"analysis": "casualties"}}}, "STATEMENT_DEFINITION"),
        ({"figures": {"Total": {"analysis": "casualties", "measure": "x"}}}, "STATEMENT_DEFINITION"),
        (
            {"figures": {"total": {"analysis": "casualties", "measure": "casualties", "sum": "y"}}},
            "STATEMENT_DEFINITION",
        ),
        ({"figures": {"total": {"analysis": "casualties", "measure": "nobody"}}}, "STATEMENT_MARK"),
        (
            {"tables": {"years": {"analysis": "casualties", "parameters": {"bye": "year"}}}},
            "PARAMETER_UNKNOWN",
        ),
        ({"tables": {"years": {"analysis": "casualties", "measures": ["nobody"]}}}, "CELL_UNKNOWN"),
        (
            {"charts": {"plot": {"table": "years", "form": "pie", "category": "year", "series": ["killed"]}}},
            "STATEMENT_DEFINITION",
        ),
        (
            {"charts": {"plot": {"table": "years", "form": "bars", "category": "x", "series": ["killed"]}}},
            "STATEMENT_DEFINITION",
        ),
        (
            {"charts": {"plot": {"table": "none", "form": "bars", "category": "year", "series": ["killed"]}}},
            "STATEMENT_DEFINITION",
        ),
        ({"type": "anthem"}, "CODE_UNKNOWN"),
        ({"date": "yesterday"}, "DATE_FORMAT"),
        ({"colour": "red"}, "STATEMENT_FILE"),
        ({"title": {"en": "One"}}, "STATEMENT_FILE"),
        ({"text": {"xx": "One"}}, "STATEMENT_FILE"),
        ({"signatures": [{"name": "A"}]}, "STATEMENT_FILE"),
        ({"signatures": [{"name": "A", "date": "2024-02-03", "phone": "1"}]}, "STATEMENT_FILE"),
    ],
)
def test_a_wrong_file_is_refused_and_nothing_is_kept(
    register: Register, tmp_path: Path, changed: dict[str, Any], code: str
) -> None:
    before = register.ledger.head()
    with pytest.raises(FallowError) as refused:
        kept(register, tmp_path, **changed)
    assert refused.value.code == code
    assert refused.value.remedy
    assert register.ledger.head() == before


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a\n- b\n",
        "code: [",
        "code: a\ncode: b\n",
        "a: &x [1]\nb: *x\n",
        "\ttab: 1\n",
        "[" * 5000,
        "code: \x00",
    ],
)
def test_what_is_no_statement_file_is_refused_with_its_line(
    register: Register, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FallowError) as refused:
        read_statement(path, register.model.kind("statement"), register)
    assert refused.value.code == "STATEMENT_FILE"
    assert refused.value.where.startswith("broken.yaml")


def test_terms_come_back_from_the_register_as_they_were() -> None:
    given = yaml.load(EXAMPLE.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    terms = Terms.of({key: given[key] for key in ("figures", "tables", "charts")})
    assert Terms.of_json(terms.as_json()) == terms
    assert Terms.of_json(terms.as_json()).as_json() == terms.as_json()


@pytest.mark.parametrize(
    "text", ["{", "[]", '"x"', '{"figures": []}', '{"sums": {}}', '{"figures": {"a": 1}}']
)
def test_definitions_that_somebody_else_put_into_the_register_are_read_with_care(text: str) -> None:
    with pytest.raises(FallowError, match="STATEMENT_DEFINITION"):
        Terms.of_json(text)


# -- signing ------------------------------------------------------------------------------------------------


def test_who_signed_stands_until_it_is_withdrawn(tmp_path: Path) -> None:
    country = programme(tmp_path)
    register = country.register
    kept(register, tmp_path)
    one = sign(
        register,
        "S-1",
        "Aylin Testova",
        organisation="Invented A",
        mandate="Chair",
        date="2024-02-04",
        by=OFFICER,
        why="seen",
    )
    sign(register, "S-1", "Omar Ejemplo", date="2024-02-05", by=OFFICER, why="seen")
    assert names(register) == ["Aylin Testova", "Omar Ejemplo"]
    assert register.at().record(one.record).fields["mandate"] == "Chair"  # type: ignore[union-attr]
    with pytest.raises(FallowError, match="SIGNATURE_TWICE"):
        sign(register, "S-1", "  aylin testova ", organisation="invented a", by=OFFICER, why="seen")
    head = register.ledger.head()[0]
    withdraw(register, "S-1", "Aylin Testova", why="left the association", date="2024-03-01", by=OFFICER)
    assert names(register) == ["Omar Ejemplo"]
    assert names(register, head=head) == ["Aylin Testova", "Omar Ejemplo"]
    assert names(register, true="2024-02-20") == ["Aylin Testova", "Omar Ejemplo"]
    taken = register.at().record(one.record)
    assert taken is not None
    assert (taken.fields["withdrawn_on"], taken.fields["withdrawal_reason"]) == (
        "2024-03-01",
        "left the association",
    )
    assert len(taken.reports) == 2
    with pytest.raises(FallowError, match="SIGNATURE_UNKNOWN"):
        withdraw(register, "S-1", "Aylin Testova", why="again", by=OFFICER)
    sign(
        register, "S-1", "Aylin Testova", organisation="Invented A", date="2024-04-01", by=OFFICER, why="seen"
    )
    assert names(register) == ["Omar Ejemplo", "Aylin Testova"]


def names(register: Register, **clocks: Any) -> list[str]:
    block = next(
        one for one in statement_publication(register, "S-1", **clocks).blocks if isinstance(one, Signatures)
    )
    return [one.name for one in block.people]


def test_a_signature_is_bound_to_the_report_that_says_so(register: Register, tmp_path: Path) -> None:
    kept(register, tmp_path)
    made = sign(register, "S-1", "Aylin Testova", by=OFFICER, why="seen")
    (person,) = statement_publication(register, "S-1").blocks[-1].people  # type: ignore[union-attr]
    assert person.report == made.reports[0]
    assert register.entry(person.report).content["fields"]["signed_name"] == "Aylin Testova"


def test_nothing_counts_before_it_is_approved(register: Register, tmp_path: Path) -> None:
    made = new_statement(register, written(tmp_path))
    assert made.approved == 0
    with pytest.raises(FallowError, match="STATEMENT_UNKNOWN"):
        statement_publication(register, "S-1")
    register.approve(made.reports, by=OFFICER, why="read")
    assert statement_publication(register, "S-1").title["en"] == "An appeal"
    sign(register, "S-1", "Aylin Testova")
    assert names(register) == []


def test_contacts_go_to_the_vault_and_nowhere_else(tmp_path: Path) -> None:
    from fallow.register import create_register

    path = tmp_path / "vault" / "register.gpkg"
    path.parent.mkdir()
    with create_register(path, title="A vault", passphrase="open", invented=True) as register:
        text = {"en": "No number."}
        new_statement(
            register,
            written(tmp_path, figures={}, tables={}, charts={}, text=text, title={"en": "A"}),
            by=OFFICER,
            why="read",
        )
        sign(register, "S-1", "Aylin Testova", contacts="+00 CANARY-PHONE", by=OFFICER, why="seen")
        made = statement_publication(register, "S-1")
        assert "CANARY" not in pages.html(made, "en")
        assert "CANARY" not in json.dumps(look_at_statement(register, "S-1"))
    assert b"CANARY" not in path.read_bytes()


# -- the command line ---------------------------------------------------------------------------------------


def run(*words: object) -> int:
    try:
        main([str(one) for one in words])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_a_statement_from_its_file_to_its_signatures_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    register = programme(tmp_path).register
    path = register.path
    register.close()
    file = written(tmp_path, text={"en": "Typed 298, bound {total}.", "fr": "Saisi 298, lié {total}."})
    assert run("statement", "new", file, "--register", path, "--by", OFFICER, "--why", "read", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["code"], told["approved"]) == ("S-1", 1)
    assert [one["facts"]["found"] for one in told["findings"]] == ["298", "298"]
    assert (
        run(
            "statement",
            "sign",
            "S-1",
            "--name",
            "Aylin Testova",
            "--date",
            "2024-02-04",
            "--by",
            OFFICER,
            "--why",
            "x",
            "--register",
            path,
        )
        == 0
    )
    assert run("statement", "sign", "S-1", "--name", "Omar Ejemplo", "--register", path, "--table") == 0
    assert "fallow approve" in capsys.readouterr().out
    assert run("statement", "show", "S-1", "--register", path, "--json") == 0
    seen = json.loads(capsys.readouterr().out)
    total = sum(sum(one) for one in YEARS.values())
    assert seen["figures"]["total"]["value"] == total
    assert [one["name"] for one in seen["signatures"]] == ["Aylin Testova"]
    assert run("statement", "show", "S-1", "--register", path, "--table", "--lang", "fr") == 0
    out = capsys.readouterr().out
    assert "298" in out
    assert "Un appel" in out
    assert "Nombre saisi 298" in out
    assert (
        run(
            "statement",
            "withdraw",
            "S-1",
            "--name",
            "Aylin Testova",
            "--why",
            "left",
            "--by",
            OFFICER,
            "--register",
            path,
        )
        == 0
    )
    capsys.readouterr()
    with open_register(path, read_only=True) as again:
        assert names(again) == []


def test_the_command_line_refuses_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    register = programme(tmp_path).register
    path = register.path
    register.close()
    assert run("statement", "show", "S-9", "--register", path) == 2
    assert run("statement", "new", tmp_path / "none.yaml", "--register", path) == 2
    assert run("statement", "sign", "S-9", "--name", "A", "--register", path) == 2
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert "S-9" in told


# -- what public readers would not get ----------------------------------------------------------------------


def of_year(measure: str, year: str) -> dict[str, Any]:
    return {"analysis": "casualties", "parameters": {"by": "year"}, "measure": measure, "line": [year]}


FEW = {
    "figures": {
        "total": {"analysis": "casualties", "measure": "casualties"},
        "few": of_year("killed", "2021"),
        "rest": of_year("casualties", "2021"),
        "many": of_year("casualties", "2022"),
    },
    "tables": {},
    "charts": {},
    "text": dict.fromkeys(("en", "fr"), "In all {total}: {few}, {rest}, {many}."),
}


def test_a_statement_says_before_it_leaves_what_public_readers_would_not_get(
    register: Register, tmp_path: Path
) -> None:
    made = kept(register, tmp_path, **FEW)
    found = {one.where: one.code for one in made.public}
    assert found["1 {few}"] == "STATEMENT_SMALL"
    assert found.keys() <= {"1 {few}", "1 {rest}", "1 {total}", "1 {many}"}
    seen = look_at_statement(register, "S-1")["public"]
    assert [(one["code"], one["where"]) for one in seen] == [(one.code, one.where) for one in made.public]
    # the same numbers are missing from what leaves
    left = for_audience(statement_publication(register, "S-1"), AUDIENCES["public"]).publication
    (paragraph,) = [one for one in left.blocks if isinstance(one, Paragraph)]
    gone = {f"1 {{{name}}}" for name, cell in paragraph.figures.items() if cell.value is None}
    assert gone == set(found)
    for one in made.public:
        for lang in LANGUAGES:
            said = one.as_dict(lang)
            assert said["what"] and said["remedy"] and "{" not in said["what"] + said["remedy"]
            assert "\n" not in said["what"]


def test_a_small_number_and_one_it_could_be_worked_out_from_are_told_apart(
    register: Register, tmp_path: Path
) -> None:
    figures = {name: of_year(name, "2021") for name in ("killed", "injured", "casualties")}
    text = dict.fromkeys(("en", "fr"), "{killed} and {injured} make {casualties}.")
    made = kept(register, tmp_path, figures=figures, tables={}, charts={}, text=text)
    codes = [one.code for one in made.public]
    assert sorted(codes)[:1] == ["STATEMENT_SMALL"]
    assert set(codes) == {"STATEMENT_SMALL", "STATEMENT_TOGETHER"}  # 3 + 5 = 8: one of the others goes too


def test_a_statement_in_which_nothing_is_small_says_so(register: Register, tmp_path: Path) -> None:
    figures = {"total": {"analysis": "casualties", "measure": "casualties"}}
    text = dict.fromkeys(("en", "fr"), "In all {total}.")
    assert kept(register, tmp_path, figures=figures, tables={}, charts={}, text=text).public == ()


def test_what_would_be_refused_is_a_note_and_keeps_nothing_from_being_written(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*_: Any, **__: Any) -> Any:
        raise FallowError("TOLD_DAMAGED", "country.published.jsonl", line=3, found="-")

    monkeypatch.setattr("fallow.publish.statements.public.preview", damaged)
    made = kept(register, tmp_path, **FEW)
    assert [(one.code, one.level) for one in made.public] == [("TOLD_DAMAGED", "note")]
    assert made.approved == 1
