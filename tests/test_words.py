"""Every word a person reads: complete in seven languages, told once, used, and calm."""

from __future__ import annotations

import ast
import csv
import re
import string
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from fallow import words
from fallow.words import LANGUAGES

ROOT = Path(__file__).resolve().parents[1]
HOUSE = ROOT / "src" / "fallow"
MESSAGES = sorted((HOUSE / "messages").glob("*.csv"))
WORDS = sorted((HOUSE / "words").glob("*.csv"))

SAFE_ALLOWED = re.compile(
    r"(not|n't) mean(s)? (it is |that it is |the ground is |land is )?safe", re.IGNORECASE
)
"""S4's own sentence is the only place where the word may stand."""

CYRILLIC, ARABIC = re.compile(r"[\u0400-\u04ff]"), re.compile(r"[\u0600-\u06ff]")
ONLY_RUSSIAN, ONLY_UKRAINIAN = re.compile(r"[ыэъё]", re.IGNORECASE), re.compile(r"[іїєґ]", re.IGNORECASE)
LOOSE_FRENCH = re.compile(r"(?<=\S) [:;?%»]|« ")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def placeholders(text: str) -> set[str]:
    return {
        name.split(".")[0].split("[")[0]
        for _, name, _, _ in string.Formatter().parse(text)
        if name is not None
    }


def wrong_texts(row: dict[str, str]) -> Iterator[str]:
    """What is wrong with one row of seven texts."""
    for lang in LANGUAGES:
        text = row.get(lang) or ""
        if not text.strip():
            yield f"{lang} is missing"
            continue
        try:
            if placeholders(text) != placeholders(row["en"] or ""):
                yield f"{lang} has the placeholders {sorted(placeholders(text))}"
        except ValueError as error:
            yield f"{lang} is no template: {error}"
        if re.search(r"[!¡！]", text.replace("!=", "")):
            yield f"{lang} shouts"
        if text != text.strip() and "code" in row:
            yield f"{lang} begins or ends with a space"
    bare = {lang: re.sub(r"\{[^}]*\}|`[^`]*`|<[^>]*>", "", row.get(lang) or "") for lang in LANGUAGES}
    if re.search(r"\bsafe(ly|ty)?\b", SAFE_ALLOWED.sub("", bare["en"]), re.IGNORECASE):
        yield "en says safe"
    if re.search(r"[a-z]{4}", bare["en"]):  # a sentence or a word, not a unit or an abbreviation
        for lang, script in {"ru": CYRILLIC, "uk": CYRILLIC, "ar": ARABIC}.items():
            if bare[lang].strip() and not script.search(bare[lang]):
                yield f"{lang} is not written in its script"
    if ONLY_RUSSIAN.search(bare["uk"]):
        yield "uk has Russian letters"
    if ONLY_UKRAINIAN.search(bare["ru"]):
        yield "ru has Ukrainian letters"
    if LOOSE_FRENCH.search(row.get("fr") or ""):
        yield "fr has a plain space where a line must not break: U+00A0 before : and », U+202F before ; ? %"
    if len(bare["en"].split()) >= 3:
        for lang in LANGUAGES[1:]:
            if bare[lang] == bare["en"]:
                yield f"{lang} is not translated"


@pytest.mark.parametrize("path", [*MESSAGES, *WORDS], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_text_is_there_in_seven_languages(path: Path) -> None:
    found = rows(path)
    wrong = [
        f"{path.name}, {row.get('code') or row.get('key')} {row.get('part', '')}: {what}"
        for row in found
        for what in wrong_texts(row)
    ]
    assert wrong == []
    assert not [row for row in found if None in row], (
        "a row has more cells than the header: a comma without quotes"
    )


def test_each_code_has_two_parts_and_one_place() -> None:
    parts: Counter[tuple[str, str]] = Counter()
    statuses: dict[str, set[tuple[str, str]]] = {}
    for path in MESSAGES:
        for row in rows(path):
            parts[row["code"], row["part"]] += 1
            statuses.setdefault(row["code"], set()).add((row["exit"], row["http"]))
    assert [one for one, times in parts.items() if times > 1] == []
    assert {part for _, part in parts} == {"what", "remedy"}
    assert [code for code in statuses if (code, "what") not in parts or (code, "remedy") not in parts] == []
    assert [code for code, both in statuses.items() if len(both) > 1] == []
    for code, ((status, http),) in statuses.items():
        assert status in {"1", "2", "3"}, code
        assert 400 <= int(http) <= 599, code


def test_each_key_is_told_once() -> None:
    keys = Counter(row["key"] for path in WORDS for row in rows(path))
    assert [key for key, times in keys.items() if times > 1] == []


def sources() -> list[Path]:
    return sorted(HOUSE.rglob("*.py"))


def uttered(text: str) -> Iterator[tuple[int, str]]:
    """The codes a module raises or finds: the first word of ``FallowError`` and ``Finding``."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name not in {"FallowError", "Finding"}:
            continue
        first = [*node.args[:1], *[one.value for one in node.keywords if one.arg == "code"]]
        for part in first:
            for inner in ast.walk(part):
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and inner.value.isupper():
                    yield inner.lineno, inner.value


def code_constants(text: str) -> set[str]:
    return {
        node.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_code_that_is_uttered_has_its_texts() -> None:
    known = {row["code"] for path in MESSAGES for row in rows(path)}
    unknown = [
        f"{path.relative_to(HOUSE)}:{line}: {code}"
        for path in sources()
        for line, code in uttered(path.read_text(encoding="utf-8"))
        if code not in known
    ]
    assert unknown == []


def test_every_code_with_texts_is_uttered_somewhere() -> None:
    written = set().union(*(code_constants(path.read_text(encoding="utf-8")) for path in sources()))
    known = {row["code"] for path in MESSAGES for row in rows(path)}
    assert sorted(known - written) == []


FACES = "|".join(sorted({row["key"].split(".")[0] for path in WORDS for row in rows(path)})) or "none"
A_KEY = re.compile(rf"""["'`]((?:{FACES})(?:\.[a-z0-9_]+)*)(\.)?(["'`{{]|\$\{{)""")
A_FILE = re.compile(r"\.(csv|gpkg|geojson|json|yaml|css|js|mjs|ts|html|py|md|vault|key|svg|png|xml|zip|txt)$")


def mentioned() -> Iterator[tuple[str, str, bool]]:
    """File, key, and whether it is only the beginning of a key (``f"web.state.{code}"``)."""
    places = [HOUSE, ROOT / "web" / "src", ROOT / "web"]
    seen: set[Path] = set()
    for place in places:
        for path in sorted(place.rglob("*") if place != ROOT / "web" else place.glob("*")):
            if (
                path in seen
                or path.suffix not in {".py", ".html", ".ts", ".js", ".txt"}
                or "built" in path.parts
            ):
                continue
            seen.add(path)
            for key, dot, end in A_KEY.findall(path.read_text(encoding="utf-8")):
                if not A_FILE.search(key) and (dot or "." in key):
                    yield str(path.relative_to(ROOT)), key + dot, bool(dot) or end in {"{", "${"}


def said_in_python(text: str) -> Iterator[tuple[int, str]]:
    """Keys that a module asks for: the first word of ``say`` and what stands in ``words[...]``."""
    for node in ast.walk(ast.parse(text)):
        asked: ast.expr | None = None
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "say" and node.args:
            asked = node.args[0]
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value) in {"words", "catalogue()"}:
            asked = node.slice
        for part in ast.walk(asked) if asked is not None else ():
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and "." in part.value:
                yield part.lineno, part.value


def test_every_key_that_is_said_has_its_words() -> None:
    keys = {row["key"] for path in WORDS for row in rows(path)}
    unknown = [
        f"{where}: {key}"
        for where, key, begins in mentioned()
        if not where.endswith(".py")
        and not (any(one.startswith(key) for one in keys) if begins else key in keys)
    ]
    for path in sources():
        for line, key in said_in_python(path.read_text(encoding="utf-8")):
            # The constant part of f"web.state.{code}" is the beginning of its keys.
            if key not in keys and not (key.endswith(".") and any(one.startswith(key) for one in keys)):
                unknown.append(f"{path.relative_to(HOUSE)}:{line}: {key}")
    assert unknown == []


@dataclass(frozen=True)
class Said:
    """What the sources say: whole texts, texts with holes in them, and names of their own."""

    whole: frozenset[str]
    holed: tuple[re.Pattern[str], ...]
    names: frozenset[str]

    def says(self, key: str) -> bool:
        """Whether a key is asked for: whole, or with every hole filled by a text or name of the sources."""
        fits = (pattern.fullmatch(key) for pattern in self.holed)
        return key in self.whole or any(all(map(self._filled, found.groups())) for found in fits if found)

    def _filled(self, part: str) -> bool:
        """Whether something in the sources could stand in a hole: a name, a letter, a name and an ending."""
        head, _, ending = part.rpartition(".")
        if head and f".{ending}" in self.whole:
            part = head
        return len(part) == 1 or part.isdigit() or part in self.whole or part in self.names


HOLE = r"([\w.]+)"


def said_by_python(text: str) -> Iterator[tuple[str, str]]:
    """``("whole" | "holed" | "name", text)`` of everything a module could ask for."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield "whole", node.value
            if node.value.endswith(".") and node.value.count(".") > 1:  # put before a name somewhere else
                yield "holed", re.escape(node.value) + HOLE
        elif isinstance(node, ast.JoinedStr):
            parts = [
                re.escape(str(one.value)) if isinstance(one, ast.Constant) else HOLE for one in node.values
            ]
            yield "holed", "".join(parts)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield "name", node.name.rstrip("_")
        elif isinstance(node, ast.arg | ast.keyword):
            yield "name", (node.arg or "").rstrip("_")
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield "name", node.target.id  # a field of a dataclass


def said_by_others(text: str) -> Iterator[tuple[str, str]]:
    """The same of a template or a script."""
    for one in re.findall(r"""["'`]([\w.]+)(?=["'`])""", text):
        yield "whole", one
    for one in re.findall(r"`([^`]*)`", text):
        yield "holed", HOLE.join(map(re.escape, re.split(r"\$\{[^}]*\}", one)))


@cache
def everything_said() -> Said:
    faces = tuple({row["key"].split(".")[0] + r"\." for path in WORDS for row in rows(path)})
    found: dict[str, set[str]] = {"whole": set(), "holed": set(), "name": set()}
    for path in (*HOUSE.rglob("*"), *(ROOT / "web" / "src").rglob("*")):
        if path.suffix in {".py", ".html", ".ts"} and "built" not in path.parts:
            read = said_by_python if path.suffix == ".py" else said_by_others
            for sort, text in read(path.read_text(encoding="utf-8")):
                found[sort].add(text)
        elif path.suffix in {".yaml", ".csv"} and "kinds" in path.parts:
            found["name"] |= set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
    holed = tuple(re.compile(one) for one in found["holed"] if one.startswith(faces))
    return Said(frozenset(found["whole"]), holed, frozenset(found["name"]))


def test_every_key_with_words_is_said_somewhere() -> None:
    keys = {row["key"] for path in WORDS for row in rows(path)}
    assert sorted(key for key in keys if not everything_said().says(key)) == []


def test_a_key_that_nobody_says_is_found() -> None:
    said = everything_said()
    for key in (
        "publish.forms.casualties_hat",
        "web.nothing",
        "analysis.param.by.hint",
        "publish.article8.about",
    ):
        assert not said.says(key), key
    for key in ("publish.forms.casualties_age", "web.chart.up", "analysis.param.by.help", "date.month.12"):
        assert said.says(key), key


def test_everything_that_registers_itself_has_its_words() -> None:
    """A page lists all of them: one without its words takes the whole page down."""
    from fallow.analysis import analyses
    from fallow.publish import publications

    known = set(words.catalogue())
    wanted = []
    for name, one in analyses().items():
        wanted += [f"analysis.{name}", f"analysis.about.{name}"]
        wanted += [f"analysis.param.{param}{part}" for param in one.asks for part in ("", ".help")]
    for name, builder in publications().items():
        wanted += [f"publish.{name}", f"web.publish.for.{name}"]
        for param in builder.parameters:
            own = [key for face in ("", "web.") if (key := f"{face}publish.param.{param}") in known]
            wanted.append(own[0] if own else f"analysis.param.{param}")
    assert sorted(set(wanted) - known) == []


def test_every_language_has_what_no_table_of_words_tells() -> None:
    from fallow.publish.writers.word_parts import LOCALES

    assert list(words.LANGUAGE_NAMES) == list(LANGUAGES)
    assert list(LOCALES) == list(LANGUAGES)
    assert set(LANGUAGES) >= words.RIGHT_TO_LEFT


def test_every_label_of_every_kind_is_there() -> None:
    from fallow.kinds import load_kinds

    model = load_kinds()
    wrong = []
    for kind in model.kinds.values():
        texts = {
            f"{kind.name}": kind.label,
            f"{kind.name} plural": kind.plural,
            f"{kind.name} about": kind.about,
        }
        for one in kind.fields:
            texts[f"{kind.name}.{one.name}"] = one.label
            texts |= {f"{kind.name}.{one.name} hint": one.hint} if one.hint else {}
            texts |= {f"{kind.name}.{one.name} reverse": one.reverse} if one.reverse else {}
        for where, text in texts.items():
            wrong += [f"{where}: {lang}" for lang in LANGUAGES if not text.get(lang, "").strip()]
            wrong += [f"{where}: fr has a plain space"] if LOOSE_FRENCH.search(text["fr"]) else []
    for codes in model.code_lists.values():
        wrong += [f"{codes.name}: {lang}" for lang in LANGUAGES if not codes.label.get(lang, "").strip()]
        wrong += [
            f"{codes.name}.{code.code}: {lang}"
            for code in codes
            for lang in LANGUAGES
            if not code.label.get(lang, "").strip()
        ]
    assert wrong == []


GOOD = {
    **dict.fromkeys(LANGUAGES, "Nihil {found} hic est."),  # whatever language is added
    "code": "X",
    "en": "No row {found} here.",
    "fr": "Aucune ligne {found} ici.",
    "es": "No hay fila {found} aquí.",
    "ru": "Строки {found} здесь нет.",
    "uk": "Рядка {found} тут немає.",
    "az": "Burada {found} sətri yoxdur.",
    "ar": "لا يوجد صف {found} هنا.",
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"fr": ""}, "fr is missing"),
        ({"es": "No hay fila aquí."}, "es has the placeholders []"),
        ({"ru": "Строки {found здесь нет."}, "ru is no template"),
        ({"en": "No row {found} here!"}, "en shouts"),
        ({"az": " Burada {found} sətri yoxdur."}, "az begins or ends with a space"),
        ({"en": "The row {found} is safe."}, "en says safe"),
        ({"ar": "La saf {found} huna."}, "ar is not written in its script"),
        ({"uk": "Строки {found} здесь нет, это ошибка."}, "uk has Russian letters"),
        ({"fr": "No row {found} here."}, "fr is not translated"),
        ({"fr": "Aucune ligne : {found}."}, "fr has a plain space"),
        ({"fr": "Aucune ligne « {found}\u00a0»."}, "fr has a plain space"),
    ],
)
def test_a_planted_fault_is_found(change: dict[str, str], expected: str) -> None:
    assert list(wrong_texts(GOOD)) == []
    assert any(one.startswith(expected) for one in wrong_texts(GOOD | change))


def test_a_key_is_seen_in_every_form_it_takes() -> None:
    text = (
        "say('a.b', x=1)\n"
        "words.say(f'a.c.{x}')\n"
        "words['a.d']\n"
        "say('a.e' if x else 'a.f')\n"
        "FallowError('X', 'a.g')"
    )
    assert [key for _, key in said_in_python(text)] == ["a.b", "a.c.", "a.d", "a.e", "a.f"]


def test_the_sentence_of_s4_may_say_it() -> None:
    assert list(wrong_texts(GOOD | {"en": "No hazard shown {found} does not mean safe."})) == []


def test_a_code_is_seen_in_every_form_it_takes() -> None:
    text = (
        "raise FallowError('A_CODE', 'x')\n"
        "Finding('B_CODE' if x else 'C_CODE', 'note', '')\n"
        "errors.Finding(code='D_CODE')"
    )
    assert [code for _, code in uttered(text)] == ["A_CODE", "B_CODE", "C_CODE", "D_CODE"]
