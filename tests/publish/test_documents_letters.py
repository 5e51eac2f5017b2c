"""Names in the letters of the country: every script we know of a programme, printed, joined, in its place."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pypdf
import pypdfium2
import pytest
from fixtures_documents import all_languages, programme, publication

from fallow.errors import FallowError
from fallow.publish.publication import Cell, Chart, Heading, Paragraph, Publication, Table
from fallow.publish.writers import letters, typeset

PLACES = {
    "Armenian": "Գյումրի",
    "Georgian": "ზუგდიდი",
    "Hebrew": "מטולה",
    "Lao": "ຊຽງຂວາງ",
    "Thai": "สระแก้ว",
    "Khmer": "បាត់ដំបង",
    "Burmese": "လွိုင်ကော်",
    "Amharic": "መቀሌ",
    "Sinhala": "කිලිනොච්චිය",
    "Tamil": "கிளிநொச்சி",
    "Nepali": "नेपालगञ्ज",
    "Bengali": "রাঙ্গামাটি",
    "Gujarati": "કચ્છ",
    "Punjabi": "ਫਿਰੋਜ਼ਪੁਰ",
    "Telugu": "హైదరాబాద్",
    "Kannada": "ಬೆಂಗಳೂರು",
    "Malayalam": "തിരുവനന്തപുരം",
    "Odia": "ଓଡ଼ିଶା",
    "Greek": "Ἀθῆναι",
    "Vietnamese": "Quảng Trị",
    "Dari": "پروان",
    "Pashto": "ننګرهار",
    "Kurdish": "هەولێر",
    "Uyghur": "قەشقەر",
    "Persian": "می‌خواهم",
    "Chinese": "云南省",
    "Japanese": "日本国政府",
    "Korean": "서울",
}
REPEATED = {"Khmer"}
"""A reader repeats a syllable whose signs stand around each other (docs/decisions/0009)."""
TURNED = {"Thai", "Burmese", "Sinhala", "Tamil", "Nepali", "Bengali", "Gujarati", "Punjabi", "Telugu"} | {
    "Malayalam",
    "Odia",
}
"""Letters of these share glyphs; in a line from the right a reader turns their parts round."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Publication:
    return replace(publication(programme(tmp_path_factory.mktemp("country"))), results={})


def named(made: Publication, place: str) -> Publication:
    """A place in the title, a heading, a paragraph, a table and the plot of it."""
    table = next(one for one in made.blocks if isinstance(one, Table))
    chart = next(one for one in made.blocks if isinstance(one, Chart))
    first = table.rows[0]
    row = replace(first, cells=(Cell(f"{place} (North)"), *first.cells[1:]))
    return replace(
        made,
        title=all_languages(place),
        blocks=(
            Heading(all_languages(place)),
            Paragraph(all_languages(f"{place}, 12"), {}),
            replace(table, rows=(row, *table.rows[1:])),
            chart,
        ),
    )


def text_of(body: bytes) -> str:
    """What a reader of PDFs takes out, each letter as one sign."""
    document = pypdfium2.PdfDocument(body)
    said = "\n".join(page.get_textpage().get_text_range() for page in document)
    return unicodedata.normalize("NFC", re.sub("[\u200b-\u200f\ufffe\ufeff]", "", said))


@pytest.mark.parametrize("script", PLACES)
@pytest.mark.parametrize("lang", ["en", "ar"])
def test_a_name_prints_and_is_read_out_again(made: Publication, script: str, lang: str) -> None:
    body = typeset.pdf(named(made, PLACES[script]), lang)
    assert b"<pdfaid:part>2</pdfaid:part>" in body
    assert b"<pdfuaid:part>1</pdfuaid:part>" in body
    wanted = unicodedata.normalize("NFC", PLACES[script].replace("\u200c", ""))
    unread = REPEATED | (TURNED if lang == "ar" else set())
    text = text_of(body)
    for word in wanted.split():
        assert text.count(word) >= (0 if script in unread else 3)


@pytest.mark.parametrize(
    ("place", "family"),
    [
        ("ننګرهار", "IBMPlexSansArabic"),
        ("هەولێر", "IBMPlexSansArabic"),
        ("پروان", "Almarai"),
        ("می\u200cخواهم", "Almarai"),
        ("بغداد", "Almarai"),
        ("Quảng Trị", "NotoSans"),
        ("کابل Գյումրի", "Almarai NotoSansArmenian"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "ar"])
def test_a_word_is_set_whole_in_one_font(made: Publication, place: str, family: str, lang: str) -> None:
    """Letters of two fonts neither join nor stand alike. What else the page says needs two fonts at most."""
    alone = replace(made, blocks=(Paragraph(all_languages(place), {}),))
    without = replace(made, blocks=(Paragraph(all_languages("x"), {}),))
    new = _glyphs(typeset.pdf(alone, lang)) - _glyphs(typeset.pdf(without, lang))
    assert set(new) <= set(family.split()), new
    assert all(new[one] >= 3 for one in family.split()), new


def _glyphs(body: bytes) -> Counter[str]:
    """How many letters are drawn, by family."""
    found: Counter[str] = Counter()
    for page in pypdf.PdfReader(BytesIO(body)).pages:

        def drawn(text: str, _: object, __: object, font: dict[str, object] | None, ___: object) -> None:
            if font and text.strip():
                found[str(font["/BaseFont"]).split("+")[-1].split("-")[0]] += len(text.strip())

        page.extract_text(visitor_text=drawn)
    return found


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "near {} (1999), {} in all"),
        ("en", "near {} {} mines"),
        ("ru", "у {}, {} мин"),
    ],
)
@pytest.mark.parametrize("place", ["מטולה", "پروان", "هەولێر"])
def test_a_name_from_the_right_leaves_the_number_where_it_stands(
    made: Publication, lang: str, said: str, place: str
) -> None:
    body = typeset.pdf(replace(made, blocks=(Paragraph(all_languages(said.format(place, 12)), {}),)), lang)
    assert _in_order(body, ("12", place[0])) == ["name", "12"]


def test_a_number_after_a_latin_name_follows_it_in_arabic(made: Publication) -> None:
    for name, order in (("Huế", ["12", "name"]), ("Գյումրի", ["12", "name"]), ("ရွာ", ["12", "name"])):
        said = f"قرب {name}، 12 لغماً"
        body = typeset.pdf(replace(made, blocks=(Paragraph(all_languages(said), {}),)), "ar")
        assert _in_order(body, ("12", name[0])) == order
    body = typeset.pdf(replace(made, blocks=(Paragraph(all_languages("على PMN-12 لغماً"), {}),)), "ar")
    assert _in_order(body, ("12", "P")) == ["name", "12"]


def _in_order(body: bytes, of: tuple[str, str]) -> list[str]:
    """What stands on the line of the number, from left to right."""
    page = pypdfium2.PdfDocument(body)[0].get_textpage()
    number, name = (page.search(one) for one in of)
    at = page.get_charbox(number.get_next()[0])
    boxes = []
    while (found := name.get_next()) is not None:
        boxes.append(page.get_charbox(found[0]))
    (beside,) = [one for one in boxes if abs(one[1] - at[1]) < 6]
    return ["name", "12"] if beside[0] < at[0] else ["12", "name"]


def test_the_letters_of_almarai_are_those_it_has(made: Publication) -> None:
    """What is told to be in Almarai prints with it alone; what is not would be refused by it."""
    has = re.compile(f"[{letters.ALMARAI}]")
    told = [chr(one) for one in range(0x600, 0x700) if has.match(chr(one))]
    assert len(told) > 100
    assert letters.families("".join(told)) == ()
    assert letters.families("ټ") == ("IBM Plex Sans Arabic", "Noto Sans Arabic")
    for kept in (told, ["ټ"]):
        small = replace(made, blocks=(Paragraph(all_languages("".join(f"{one} " for one in kept)), {}),))
        data = typeset._plain(typeset.as_data(small, "ar"), from_right=True)
        data |= {"others": [], "almarai": letters.ALMARAI}
        if kept is told:
            assert typeset._set(data, ())
        else:
            with pytest.raises(FallowError, match="LETTER_MISSING"):
                typeset._set(data, ())


def test_a_document_without_such_letters_asks_for_no_more_fonts(
    made: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []
    folders = letters.folders
    monkeypatch.setattr(letters, "folders", lambda of: asked.append(tuple(of)) or folders(of))
    for lang in ("en", "ru", "ar"):
        typeset.pdf(made, lang)
    typeset.pdf(named(made, PLACES["Georgian"]), "en")
    assert asked == [(), (), (), ("Noto Sans Georgian",)]


def test_a_letter_that_no_font_has_is_named_by_its_script_and_number(made: Publication) -> None:
    with pytest.raises(FallowError) as refused:
        typeset.pdf(replace(made, title=all_languages("Name \u0710\u0712")), "en")
    assert refused.value.code == "LETTER_MISSING"
    assert refused.value.facts["found"] in ("U+0710 (Syriac)", "U+0712 (Syriac)", "U+0710, U+0712 (Syriac)")
    assert "\u0710" not in refused.value.what + refused.value.remedy


def test_a_letter_in_a_plot_is_refused_with_its_table(made: Publication) -> None:
    """The plot becomes a picture when typst refuses its words; a picture would show a box for the letter."""
    with pytest.raises(FallowError, match="LETTER_MISSING"):
        typeset.pdf(named(made, "\u13a0"), "en")


def test_chinese_is_refused_where_its_font_is_not_installed(
    made: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "EAST_ASIA", {"Noto Sans CJK SC": "a_package_that_is_not_here"})
    with pytest.raises(FallowError) as refused:
        typeset.pdf(named(made, PLACES["Chinese"]), "en")
    assert refused.value.code == "LETTER_MISSING"
    assert "(Cjk)" in str(refused.value.facts["found"])
    assert "fallow[east-asia]" in refused.value.remedy


@pytest.mark.parametrize("package", ["fontpkg_noto_sans", "manimgx_fonts"])
def test_without_a_font_it_says_what_to_install(
    made: Publication, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    there = letters.find_spec
    letters._folder.cache_clear()
    monkeypatch.setattr(letters, "find_spec", lambda name: None if name == package else there(name))
    with pytest.raises(FallowError) as refused:
        typeset.pdf(named(made, PLACES["Tamil"]), "en")
    assert refused.value.code == "FONTS_MISSING"
    assert package.replace("_", "-") in refused.value.remedy


@pytest.mark.parametrize("script", ["Burmese", "Khmer", "Thai"])
def test_lines_with_signs_above_and_below_stand_further_apart(made: Publication, script: str) -> None:
    def apart(words: str) -> float:
        small = replace(made, blocks=(Paragraph(all_languages(words), {}),))
        page = pypdfium2.PdfDocument(typeset.pdf(small, "en"))[0].get_textpage()
        found, feet = page.search(words[0]), set()
        while (one := found.get_next()) is not None:
            feet.add(round(page.get_charbox(one[0], loose=True)[1], 1))
        lines = sorted(feet, reverse=True)
        return min(upper - lower for upper, lower in pairwise(lines) if upper - lower > 3)

    assert apart(PLACES[script] * 40) > 1.2 * apart("x" + " x" * 200)


def test_several_threads_lay_out_a_font_once() -> None:
    letters._folder.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: letters.folders(["Noto Sans Lao", "Noto Sans Thai"]), range(32)))
    (only,) = found
    assert [len(list(Path(one).glob("*.ttf"))) for one in only[2:]] == [1, 1]
