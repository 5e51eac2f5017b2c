"""Evidence: every printed number comes out of it again, and of people it tells no more than is printed."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from fixtures_publish import Programme, bundled, results
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from fallow.analysis import Result, against, run
from fallow.errors import FallowError
from fallow.kinds import date_high, date_low
from fallow.publish import publish
from fallow.publish.audience import audience
from fallow.publish.checking.check import check
from fallow.publish.checking.figures import _reason
from fallow.publish.proof import evidence as evidence_module
from fallow.publish.proof.evidence import Evidence, gather, printed
from fallow.publish.proof.evidence_people import worked_out
from fallow.publish.proof.proving import Kept, facts_of, person_row, prove, rerun
from fallow.publish.publication import Figure
from fallow.publish.results import of_results
from fallow.publish.withholding.redact import Redacted, for_audience
from fallow.register import BEGINNING, OPEN_END, Draft, Register, create_register
from fallow.register.evidence import EvidenceRegister, model_of
from fallow.words import LANGUAGES


@dataclass(frozen=True)
class Made:
    """One redaction with its evidence."""

    register: Register
    redacted: Redacted
    evidence: Evidence

    def kept(self, name: str) -> Kept:
        return self.evidence.kept[name]


def made(register: Register, found: Mapping[str, Result], to: str) -> Made:
    reader = audience(to)
    redacted = for_audience(of_results(found, register), reader)
    return Made(register, redacted, gather(register, redacted, reader))


@pytest.fixture(scope="module")
def programme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programme]:
    one = Programme(tmp_path_factory.mktemp("evidence"))
    yield one
    one.close()


def proved(of: Made) -> dict[Figure, Any]:
    model = model_of(of.evidence.model)
    values: dict[Figure, Any] = {}
    for name, kept in of.evidence.kept.items():
        if not any(kept.parts):
            continue
        recipe = of.evidence.recipes[name]
        proof = prove(name, kept, recipe, model, of.evidence.digests.get(name, ""))
        assert kept.people or proof.disagreeing == ()
        values |= proof.values
    return values


def rows_of(kept: Kept) -> list[dict[str, Any]]:
    return [orjson.loads(one) for one in kept.lines]


# -- the numbers come out again ------------------------------------------------------------------------


@pytest.mark.parametrize("to", ["public", "partner", "internal"])
def test_every_printed_number_comes_out_of_the_evidence(programme: Programme, to: str) -> None:
    of = made(programme.register, results(programme.register), to)
    told = printed(of.redacted.publication)
    assert len(told) > 200
    assert {name: dict(one.unproved) for name, one in of.evidence.kept.items() if one.unproved} == {}
    found = proved(of)
    assert {one: found[one] for one in told} == pytest.approx(told)


def test_the_office_itself_gets_the_rows_of_the_register(programme: Programme) -> None:
    of = made(programme.register, results(programme.register), "internal")
    assert not any(one.people for one in of.evidence.kept.values())
    assert {one["record"] for one in rows_of(of.kept("by_sex"))} >= {"V-00", "A-1"}


@pytest.mark.parametrize("name", ["books", "progress", "areas", "publication_change"])
def test_analyses_of_land_give_the_same_result_to_the_last_digit(programme: Programme, name: str) -> None:
    more = {"known_before": "2020-01-01"} if name == "publication_change" else {}
    result = run(name, programme.register, **more)
    of = made(programme.register, {name: result}, "public")
    if printed(of.redacted.publication):
        assert of.evidence.digests == {name: result.digest}
        assert of.kept(name).lines


def test_what_happened_since_plays_no_part(tmp_path: Path) -> None:
    """A figure of yesterday is proved from yesterday's head."""
    one = Programme(tmp_path)
    found = {"books": run("books", one.register, by="class"), "casualties": run("casualties", one.register)}
    one.hazard("H-9", "2022-01-01", [(20, 0, 25, 5)], contamination="mined_area")
    one.says("victim", "V-99", "2022-05-05", code="V-99", date="2022-05-05", outcome="killed")
    of = made(one.register, found, "public")
    assert all(kept.by_head for kept in of.evidence.kept.values())
    assert not any(kept.unproved for kept in of.evidence.kept.values())
    assert proved(of) == printed(of.redacted.publication)
    one.close()


def test_a_number_whose_rows_are_refused_says_with_which_code(
    programme: Programme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A programme that keeps places from the public: nobody there can ask for one again."""
    shown = evidence_module._shown
    monkeypatch.setattr(
        evidence_module, "_shown", lambda *asked: [one for one in shown(*asked) if one != "admin1"]
    )
    place = run("books", programme.register, place="North")
    of = made(programme.register, {"books": place}, "public")
    assert set(of.kept("books").unproved) == set(printed(of.redacted.publication)) != set()
    bundle, _ = bundled(programme.register, tmp_path, given=of.redacted.publication, documents="none")
    told = [one for one in check(bundle).lines if one.code == "BUNDLE_FIGURE_OPEN"]
    assert {one.facts["code"] for one in told} == {"BOOKS_PLACE"}
    for lang in LANGUAGES:
        assert "(BOOKS_PLACE)" in told[0].what(lang)


def test_numbers_from_a_file_are_named_before_they_leave_and_can_be_left_out(
    programme: Programme, tmp_path: Path
) -> None:
    """An operator's file beside the register: nobody who has only the bundle can make its numbers again."""
    result, books = against(programme.register, []).result, run("books", programme.register)
    asked = {"register": programme.register, "formats": ["csv"], "bundle": True}
    manifest = publish([result, books], tmp_path / "all", "public", **asked)
    told = printed(of_results([result], programme.register))
    assert manifest.unproved == {one.id: "publish.unproved.file" for one in told} != {}
    assert check(tmp_path / "all" / manifest.bundle).verdict == "cannot_be_checked"
    less = publish([result, books], tmp_path / "less", "public", only_proved=True, **asked)
    assert less.unproved == {}
    report = check(tmp_path / "less" / less.bundle)
    assert not [one for one in report.lines if one.code == "BUNDLE_FIGURE_OPEN"]
    assert not [one for one in report.lines if one.state == "fails"]
    before, after = (
        (tmp_path / folder / "csv" / "en" / "against.csv").read_text("utf-8-sig")
        for folder in ("all", "less")
    )
    assert "not proved" in after and "not proved" not in before
    same = [(tmp_path / folder / "csv" / "en" / "books.csv").read_bytes() for folder in ("all", "less")]
    assert same[0] == same[1]


def test_a_bundle_cannot_make_up_a_code() -> None:
    assert _reason("publish.unproved.refused PLACE_UNKNOWN")["code"] == "PLACE_UNKNOWN"
    for why in ("publish.unproved.refused", "publish.unproved.refused <b>", "web.nav.figures", ""):
        assert _reason(why) == {"why": "publish.unproved.none"}


def test_links_lead_where_judgements_say(tmp_path: Path) -> None:
    """A release of a hazard that was later judged to be another one, and then not to be it any more."""
    one = Programme(tmp_path)
    one.hazard("H-3", "2019-03-05", [(0, 0, 4, 4)], contamination="mined_area")
    one.release("R-3", "H-3", "reduced", "2021-08-30", [(2, 2, 4, 4)])
    one.register.same("H-1", "H-3", by="im.officer", why="the same field")
    for _ in range(2):
        found = {"books": run("books", one.register, by="class", each="year")}
        of = made(one.register, found, "public")
        assert proved(of) == printed(of.redacted.publication)
        assert of.evidence.digests == {"books": found["books"].digest}
        assert {row[3:5] for row in of.kept("books").judged} == {("H-1", "H-3")}
        assert b"the same field" not in b"".join(of.kept("books").lines)
        one.register.different("H-1", "H-3", by="im.officer", why="seen again")
    one.close()


def test_a_number_that_the_register_does_not_give_has_no_evidence(programme: Programme) -> None:
    from dataclasses import replace

    from fallow.publish.publication import Cell, Paragraph

    pub = of_results({"casualties": run("casualties", programme.register)}, programme.register)
    told = Paragraph({"en": "{n}"}, {"n": Cell(55, Figure("casualties", "casualties"))}, {"n": "number"})
    redacted = Redacted(replace(pub, blocks=(told,)))
    with pytest.raises(FallowError, match="EVIDENCE_CHANGED"):
        gather(programme.register, redacted, audience("public"))


def test_several_known_days_and_the_difference_between_two(tmp_path: Path) -> None:
    """The founding case: 298 as known on one day, 301 the day after, and the total of the difference."""
    register = create_register(tmp_path / "appeal.gpkg", title="The founding case", invented=True)
    drafts = [
        Draft(
            "accident",
            "claim",
            "appeal",
            "A",
            "2020-11",
            {"code": "claim", "date": "2020-11", "accident_type": "mine", "killed": 298},
            learned="2023-04-28",
        ),
        *(
            Draft(
                "victim",
                f"d{i}",
                "appeal",
                "A",
                "2023-04-28",
                {"code": f"d{i}", "date": "2023-04-28", "outcome": "killed", "civil_status": "deminer"},
                learned="2023-04-29",
            )
            for i in range(3)
        ),
    ]
    for draft in drafts:
        (number,) = register.add([draft])
        register.approve([number], by="officer", why="a claim of its authors", as_of=draft.learned)
    found = {
        "before": run("casualties", register, since="2020-11", known="2023-04-28"),
        "after": run("casualties", register, since="2020-11", known="2023-04-29"),
        "difference": run(
            "difference", register, known_before="2023-04-28", known="2023-04-29", since="2020-11"
        ),
        "vintages": run("vintages", register, known_on="2023-04-28,2023-04-29"),
    }
    for to in ("partner", "internal"):
        of = made(register, found, to)
        values = proved(of)
        assert values[Figure("before", "casualties")] == 298
        assert values[Figure("after", "casualties")] == 301
        total = Figure("difference", "before", ("total", ""))
        assert to == "internal" or values[total] == 298
    public = made(register, found, "public")
    told = printed(public.redacted.publication)
    assert {one: proved(public)[one] for one in told} == told
    register.close()


# -- and nothing more ----------------------------------------------------------------------------------


def test_no_field_the_audience_may_not_see_and_none_that_nobody_read(programme: Programme) -> None:
    model = programme.register.model
    of = made(programme.register, results(programme.register), "public")
    for row in rows_of(of.kept("books")):
        fields = {one.name: one for one in model.kind(row["kind"]).fields}
        assert all(fields[name].sensitivity == "public" for name in row["fields"])
        assert "code" not in row["fields"]  # public, and no analysis of land asks for it


def test_rows_about_people_cannot_be_joined(programme: Programme) -> None:
    first = made(programme.register, results(programme.register), "public")
    second = made(programme.register, results(programme.register), "public")
    ids = [
        row["id"]
        for of in (first, second)
        for name in ("casualties", "by_sex", "vintages")
        for row in rows_of(of.kept(name))
    ]
    assert len(ids) == len(set(ids)) > 300
    text = b"".join(line for kept in first.evidence.kept.values() if kept.people for line in kept.lines)
    for told in (b"V-0", b"A-1", b"North", b"South", b"2021-04", b"2021-11-05", b"2022-02-01", b"admin"):
        assert told not in text


def atoms(kept: Kept, part: int) -> Counter[tuple[int, bytes]]:
    """What a reader sees in one part: how many rows say what."""
    rows = [row for row in rows_of(kept) if row["part"] == part]
    return Counter((row["view"], orjson.dumps(row["fields"], option=orjson.OPT_SORT_KEYS)) for row in rows)


MADE = frozenset({"share", "change"})


def assert_tells_no_more_than_printed(of: Made, name: str) -> None:
    """Every count a reader can make in the rows of a part is one linear combination of printed numbers.

    And every value in a row is the name of a line or measure the row counts in, or part of the question. What
    printed shares of printed numbers are shares of is a printed number to a reader who divides.
    """
    kept, recipe = of.kept(name), of.evidence.recipes[name]
    told = printed(of.redacted.publication)
    model = model_of(of.evidence.model)
    with EvidenceRegister((), model, facts_of(kept, recipe)) as evidence:
        for number, part in enumerate(kept.parts):
            if not part:
                continue  # nothing is printed, and no row is there
            seen = sorted(atoms(kept, number))
            counts = [one for one in part if isinstance(told[one], int) and one.measure not in MADE]
            shares = [one for one in part if one.measure == "share"]
            assert {replace(one, measure="casualties") for one in shares} <= set(part)
            matrix = np.zeros((len(counts) + 1, len(seen)))
            mine: list[list[Figure]] = [[] for _ in seen]
            for only in {view for view, _ in seen}:  # a difference is silent about what two days share
                evidence.empty()
                evidence.put(
                    [
                        person_row(kept, view, f"p{i}", orjson.loads(f))
                        for i, (view, f) in enumerate(seen)
                        if view == only
                    ]
                )
                result = rerun(evidence, recipe, by_head=kept.by_head)
                lines = {line.key: line for line in result.lines}
                for row, figure in enumerate(counts):
                    behind = lines[figure.line].behind.get(figure.measure, ()) if figure.line in lines else ()
                    for id in behind:
                        matrix[row, int(id[1:])] = 1
                        mine[int(id[1:])].append(figure)
                for line in result.lines if shares else ():
                    if line.values["share"] is not None:
                        matrix[-1, [int(id[1:]) for id in line.behind["casualties"]]] = 1
            if seen:
                assert np.linalg.matrix_rank(matrix) == len(seen), (name, number)
            for (_, said), figures_ in zip(seen, mine, strict=True):
                assert_implied(orjson.loads(said), figures_, recipe.parameters)


def assert_implied(content: Mapping[str, Any], figures_: list[Figure], asked: Mapping[str, Any]) -> None:
    names = {part for one in figures_ for part in (*one.line, one.measure)} | {"withheld"}
    asked_for = [str(asked[name]) for name in ("since", "until", "year") if asked.get(name)]
    whole = {"withheld", BEGINNING, OPEN_END, *map(date_low, asked_for), *map(date_high, asked_for)}
    years = {part for part in names if part.isdigit()}
    for name, value in content.items():
        if name in ("date", "date_until"):
            assert value in whole | names or value[:4] in years, (content, figures_)
            assert value in whole | names or len(value) == 4 or value[4:] in ("-01-01", "-12-31"), content
        else:
            assert value in names, (content, figures_)


def test_the_rows_tell_no_more_than_the_printed_numbers(programme: Programme) -> None:
    of = made(programme.register, results(programme.register), "public")
    assert of.redacted.withheld
    for name in ("casualties", "by_sex", "vintages"):
        assert_tells_no_more_than_printed(of, name)


@pytest.fixture(params=["year", "month"])
def years(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Made]:
    """Two years (or months) are told with their shares; two others have few, and some have no date."""
    register = create_register(tmp_path / "y.gpkg", title="Any", invented=True)
    month = "-03" if request.param == "month" else ""
    people = {f"2015{month}": 41, f"2016{month}": 12, f"2017{month}": 3, f"2018{month}": 4, None: 20}
    drafts = [
        Draft("victim", code, "s", "A", "2021-03-03", {"code": code, "outcome": "injured", **said})
        for year, count in people.items()
        for code in (f"{year}-{number}" for number in range(count))
        for said in [{"date": year} if year else {}]
    ]
    assert register.approve(list(register.add(drafts)), by="officer", why="test").approved == 80
    yield made(register, {"by_year": run("casualties", register, by=request.param)}, "public")
    register.close()


def test_shares_beside_withheld_lines_are_proved_from_what_they_are_shares_of(years: Made) -> None:
    told, kept = printed(years.redacted.publication), years.kept("by_year")
    withheld = {one.line[0][:4] for one in years.redacted.withheld if one.measure == "casualties"}
    assert withheld == {"2017", "2018"}
    shares = {figure: value for figure, value in told.items() if figure.measure == "share"}
    assert {one.line[0][:4] for one in shares} == {"2015", "2016"}
    assert not kept.unproved
    assert {figure: proved(years)[figure] for figure in shares} == shares
    assert_tells_no_more_than_printed(years, "by_year")


def test_services_are_proved_by_what_their_records_alone_say(tmp_path: Path) -> None:
    """By service and year; by sex nobody can without joining a service to a person, and that is said."""
    register = create_register(tmp_path / "a.gpkg", title="Any", invented=True)
    victims = [
        Draft(
            "victim", f"v{i}", "s", "A", "2021-03-03", {"code": f"v{i}", "outcome": "injured", "sex": "male"}
        )
        for i in range(22)
    ]
    services = [
        Draft(
            "assistance",
            f"a{i}",
            "s",
            "A",
            "2021-05-03",
            {
                "code": f"a{i}",
                "victim": f"v{i}",
                "service": "medical_care" if i < 9 else "rehabilitation",
                "status": "provided" if i % 2 else "need",
                "date_of_information": "2021-05-03",
                "need_date": "2021-05-03",
                **({"provided_date": "2021-06-04"} if i % 2 else {}),
            },
        )
        for i in range(22)
    ]
    for drafts in (victims, services):
        assert register.approve(list(register.add(drafts)), by="officer", why="test").approved == 22
    for more in ({}, {"year": "2021"}):
        of = made(register, {"services": run("assistance", register, **more)}, "public")
        told = printed(of.redacted.publication)
        assert len([one for one in told.values() if one]) > 2
        assert not of.evidence.unproved
        assert proved(of) == told
        text = b"".join(of.kept("services").lines)
        assert not [one for one in (b'"a1"', b'"v1"', b"2021-05", b"2021-06") if one in text]
    of = made(register, {"services": run("assistance", register, by="sex")}, "public")
    assert {one.line for one in of.evidence.unproved} == {("male",)}
    assert set(of.evidence.unproved.values()) == {"publish.unproved.tells_more"}
    register.close()


def test_a_row_too_few_behind_a_share_is_found(years: Made) -> None:
    """The evidence of a share holds everybody it is over: without one of them it comes out otherwise."""
    kept = years.kept("by_year")
    part = next(at for at, one in enumerate(kept.parts) if any(f.measure == "share" for f in one))
    gone = next(line for line in kept.lines if orjson.loads(line)["part"] == part)
    lines = tuple(line for line in kept.lines if line != gone)
    less = replace(years.evidence, kept={"by_year": replace(kept, lines=lines)})
    values, told = proved(replace(years, evidence=less)), printed(years.redacted.publication)
    shares = [one for one in kept.parts[part] if one.measure == "share"]
    assert shares and all(values[one] != told[one] for one in shares)


def test_the_same_auditor_finds_rows_that_tell_more(programme: Programme) -> None:
    """The control: outcome and sex of everybody beside a table in which they are withheld."""
    of = made(programme.register, results(programme.register), "public")
    kept = of.kept("by_sex")
    part = next(
        at for at, one in enumerate(kept.parts) if any(f.measure == "casualties" and f.line for f in one)
    )
    rows = rows_of(kept)
    women = [row for row in rows if row["part"] == part and row["fields"].get("sex") == "female"]
    for number, row in enumerate(women):
        row["fields"]["outcome"] = "killed" if number < 3 else "injured"
    telling = replace(kept, lines=tuple(orjson.dumps(row) for row in rows))
    evidence = replace(of.evidence, kept={**of.evidence.kept, "by_sex": telling})
    with pytest.raises(AssertionError):
        assert_tells_no_more_than_printed(replace(of, evidence=evidence), "by_sex")


def test_worked_out_by_subtraction() -> None:
    total, one, other = Figure("r", "n"), Figure("r", "n", ("a",)), Figure("r", "n", ("b",))
    classes = {(0, frozenset({total, one})), (0, frozenset({total, other}))}
    assert worked_out(classes, frozenset({total, one, other}))
    rest = {(0, frozenset({total, one})), (0, frozenset({total}))}
    assert worked_out(rest, frozenset({total, one}))
    cell, more = Figure("r", "killed", ("a",)), Figure("r", "killed")
    square = {(0, frozenset({total, one})), (0, frozenset({total, one, more})), (0, frozenset({total, more}))}
    assert not worked_out({*square, (0, frozenset({total}))}, frozenset({total, one, more}))
    assert worked_out({(0, frozenset({cell}))}, frozenset({cell}))


HALFWAY = "2023-06-30"
"""The day on which half of the people of any programme are known."""

_PERSON = st.tuples(
    st.sampled_from(["2020", "2021-03", "2021-03-04", "2022-12-31", "2019-11"]),
    st.sampled_from(["female", "male", None]),
    st.sampled_from(["killed", "injured", None]),
    st.integers(1, 7),
)


@settings(max_examples=12, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    people=st.lists(_PERSON, min_size=1, max_size=9),
    accidents=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=2),
    to=st.sampled_from(["public", "partner"]),
)
def test_any_programme_is_proved_and_tells_no_more(
    people: list[tuple[str, str | None, str | None, int]], accidents: list[tuple[int, int]], to: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        register = create_register(Path(folder) / "c.gpkg", title="Any", invented=True)
        drafts = []
        for number, (date, sex, outcome, times) in enumerate(people):
            for twin in range(times):
                said = {"code": f"V{number}-{twin}", "date": date, "sex": sex, "outcome": outcome}
                fields = {name: value for name, value in said.items() if value is not None}
                drafts.append(Draft("victim", f"V{number}-{twin}", "s", "A", date, fields))
        for number, (killed, injured) in enumerate(accidents):
            fields = {
                "code": f"A{number}",
                "date": "2021-07-01",
                "accident_type": "mine",
                "killed": killed,
                "injured": injured,
            }
            drafts.append(Draft("accident", f"A{number}", "s", "A", "2021-07-01", fields))
        numbers = list(register.add(drafts))
        half = len(numbers) // 2
        done = register.approve(numbers[:half], by="officer", why="test", as_of=HALFWAY).approved
        if done + register.approve(numbers[half:], by="officer", why="test").approved < len(numbers):
            register.close()
            return
        found = {
            "total": run("casualties", register),
            "years": run("casualties", register, by="year"),
            "sexes": run("casualties", register, by="year,sex", since="2020-06", until="2022"),
            "vintages": run("vintages", register),
            "shares": run("casualties", register, by="sex"),
            "change": run("difference", register, known_before=HALFWAY, by="sex"),
        }
        of = made(register, found, to)
        told = printed(of.redacted.publication)
        values = proved(of)
        for name, kept in of.evidence.kept.items():
            assert_tells_no_more_than_printed(of, name)
            assert not kept.unproved
        assert values.keys() == told.keys()
        assert {one: values[one] for one in values} == pytest.approx(told)
        register.close()
