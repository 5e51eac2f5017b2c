"""Notes as people read them: numbers as the language writes them, records by the names they have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from fallow.analysis import run, telling
from fallow.kinds import Model
from fallow.publish import of_results
from fallow.register import Register
from fallow.words import LANGUAGES, THIN, speaking
from fixtures_books import Country

FACTS = {"count": 1234, "m2": 2_153_899, "records": "a b c d"}


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Register]:
    """A hazard, and a release of which the larger part lies outside of it."""
    country = Country(tmp_path_factory.mktemp("telling"))
    country.hazard("H-1", "2019-03-02", [(0, 0, 4, 4)], contamination="mined_area")
    country.release("R-1", "H-1", "cleared", "2021-06-30", [(2, 2, 40, 40)])
    country.says("land_release", "R-1", "2021-07-01", code="NORTH-7")
    yield country.register
    country.register.close()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_note_writes_its_numbers_as_its_language_does(lang: str) -> None:
    said = telling.note("books.note.claimed", FACTS, {"a": "H-1"}, lang)
    assert f"2{THIN}153{THIN}899" in said and f"1{THIN}234" in said
    assert telling.unit_sign("m2", lang) in said and "m2" not in said
    mark = "\N{RIGHT-TO-LEFT MARK}\N{ARABIC COMMA} " if lang == "ar" else ", "
    assert f"({mark.join(['H-1', 'b', 'c', '…'])})" in said


def test_a_tolerance_as_somebody_typed_it_has_the_sign_of_the_language() -> None:
    facts = {"checked": 1500, "beyond": 4, "undeclared": 0, "unshaped": 0, "tolerance": "2.5"}
    assert "2.5 %" in telling.note("books.note.areas", facts, lang="en")
    assert f"2,5{THIN}%" in telling.note("books.note.areas", facts, lang="fr")


def test_a_list_in_arabic_runs_from_the_right() -> None:
    assert telling.listed(["a", "b"], "en") == "a, b"
    assert telling.listed(["a", "b"], "en", ";") == "a; b"
    assert telling.listed(["a", "b"], "ar") == "a\u200f\u060c b"
    with speaking("ar"):
        assert telling.listed(["a", "b"], mark=";") == "a\u200f\u061b b"


def test_a_note_names_records_by_their_codes(register: Register) -> None:
    result = run("books", register)
    ((id,),) = [facts["records"].split() for key, facts in result.notes if key == "books.note.outside"]
    told = of_results([result], register).tables[0].notes
    (note,) = [one["en"] for one in told if "outside" in one["en"]]
    assert note.endswith("(NORTH-7).") and id not in note


def test_a_code_that_is_not_for_everybody_is_in_no_note(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A note is a sentence, and no gate can take a name out of it again."""
    result = run("books", register)
    ids = telling.noted(result)
    assert set(telling.names_of(register, result.recipe, ids).values()) == {"NORTH-7"}
    monkeypatch.setattr(register, "model", with_restricted_codes(register.model))
    assert telling.names_of(register, result.recipe, ids) == {}
    told = of_results([result], register).tables[0].notes
    assert any(ids[0] in one["en"] for one in told)
    assert not any("NORTH-7" in words for one in told for words in one.values())


def with_restricted_codes(model: Model) -> Model:
    """A model in which the codes of releases are for partners only, as an overlay may say."""
    kind = model.kinds["land_release"]
    fields = tuple(
        replace(one, sensitivity="restricted") if one.name == "code" else one for one in kind.fields
    )
    return replace(model, kinds={**model.kinds, "land_release": replace(kind, fields=fields)})
