"""Docs that break the build: everything has a heading, links lead somewhere, examples run.

An example is run when the line before its fence is ``<!-- run -->``. All examples of one page run in order,
in one empty folder, with one Python namespace. In a ``console`` block a line after ``$`` is a command; the
lines below it, if there are any, are what it has to print (``...`` stands for anything), and ``[2]`` alone on
the last line is the exit status it ends with.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from fallow.errors import catalogue

ROOT = Path(__file__).resolve().parents[1]
HOUSE = ROOT / "src" / "fallow"


def tracked() -> list[Path]:
    """The files of the project: what git follows, or every file of an unpacked source archive."""
    try:
        done = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.CalledProcessError):
        return [path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts]
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def pages() -> list[Path]:
    return sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")})


def headings(path: Path) -> list[str]:
    found: list[str] = []
    fenced = False
    for line in path.read_text(encoding="utf-8").splitlines():
        fenced ^= line.lstrip().startswith("```")
        if not fenced and (match := re.match(r"#{1,6} +(.*?) *#*$", line)):
            found.append(match[1])
    return found


def anchor(heading: str) -> str:
    """The anchor a heading gets on the usual hosts."""
    bare = re.sub(r"[`*]", "", heading).lower()
    return re.sub(r"[^\w\- ]", "", bare).replace(" ", "-")


# -- links ---------------------------------------------------------------------------------------------


def broken_links(path: Path) -> Iterator[str]:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(r"`[^`\n]*`", "", text)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        where, _, mark = target.partition("#")
        aim = (path.parent / where).resolve() if where else path
        if not aim.exists():
            yield f"{path.name}: {target} leads nowhere"
        elif mark and aim.suffix == ".md" and mark not in {anchor(one) for one in headings(aim)}:
            yield f"{path.name}: {target} names no heading"


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    assert list(broken_links(path)) == []


@pytest.mark.parametrize(
    "page", ["docs/path.md", "CONTRIBUTING.md", "docs/decisions/0001-the-path-as-types.md"]
)
def test_every_module_a_page_names_is_there(page: str) -> None:
    there = {path.name for place in (HOUSE, ROOT / "tests", ROOT / "tools") for path in place.rglob("*.py")}
    named = re.findall(r"`(?:[a-z_]+/)*([a-z_]+\.py)`", (ROOT / page).read_text(encoding="utf-8"))
    assert len(named) > 4
    assert sorted(set(named) - there) == []


# -- everything has an entry ---------------------------------------------------------------------------


def test_the_errors_page_is_current() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "make_errors_page.py"), "--check"], check=False
    )
    assert done.returncode == 0, "run: python tools/make_errors_page.py"


def test_the_analyses_page_is_current() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "make_analyses_page.py"), "--check"], check=False
    )
    assert done.returncode == 0, "run: python tools/make_analyses_page.py"


def test_every_code_has_a_heading() -> None:
    assert sorted(set(catalogue()) - set(headings(ROOT / "docs" / "errors.md"))) == []


def test_every_kind_has_a_page() -> None:
    from fallow.kinds import load_kinds

    kinds = {path.stem for path in (ROOT / "docs" / "kinds").glob("*.md")}
    assert sorted(set(load_kinds().kinds) - kinds) == []


def test_every_verb_has_a_heading() -> None:
    from fallow.cli import main

    told = set(headings(ROOT / "docs" / "cli.md"))
    assert sorted(verb for verb in main.list_commands(None) if f"fallow {verb}" not in told) == []


NAMED = re.compile(r"(?:^[$>] |`)(fallow [a-z][^`\n|\\]*)(?=[`\n])", re.MULTILINE)
"""A command line in a block or a sentence. ``fallow tree|<register>`` is none: that is text to be signed."""


def unknown_verb(line: str) -> str:
    """The word of a command line that should be a verb and is none; a NAME in capitals stands for one."""
    from fallow.cli import main

    command: click.Command = main
    context = click.Context(main)
    for word in line.split()[1:]:
        if not isinstance(command, click.Group) or word.startswith("-") or word.isupper() or word == "...":
            return ""
        found = command.get_command(context, word)
        if found is None:
            return word
        command = found
    return ""


def test_every_verb_that_is_named_is_there() -> None:
    """On a page, in a remedy, in any language: what a person is told to type has to exist."""
    texts = {path: path.read_text(encoding="utf-8") for path in pages() if path.name != "extending.md"}
    for folder in ("messages", "words"):
        texts |= {path: path.read_text(encoding="utf-8") for path in (HOUSE / folder).glob("*.csv")}
    wrong = {
        (path.name, match[1]): word
        for path, text in texts.items()
        for match in NAMED.finditer(text)
        if (word := unknown_verb(match[1].strip()))
    }
    assert wrong == {}
    assert unknown_verb("fallow kinds victim") == "victim"


def test_every_publication_and_every_format_is_on_its_page() -> None:
    from fallow.intake.read import FORMATS
    from fallow.publish import publications

    for page, names in (("treaty.md", publications()), ("sources.md", FORMATS)):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        rows = "\n".join(line.split("|")[1] for line in text.splitlines() if line.startswith("|"))
        assert [one for one in names if f"`{one}`" not in rows] == [], page


def test_every_setting_of_a_register_is_told(tmp_path: Path) -> None:
    from fallow.register import create_register

    with create_register(tmp_path / "one.gpkg", title="One") as made:
        settings = set(made.settings)
    text = "\n".join(path.read_text(encoding="utf-8") for path in pages())
    assert sorted(one for one in settings if f"`{one}`" not in text) == []


def test_every_environment_variable_is_told() -> None:
    used = {
        name
        for path in HOUSE.rglob("*.py")
        for name in re.findall(r"\bFALLOW_[A-Z]+(?:_[A-Z]+)*\b", path.read_text(encoding="utf-8"))
    }
    text = "\n".join(path.read_text(encoding="utf-8") for path in pages())
    assert sorted(name for name in used if name not in text) == []


# -- nothing of the machine it was written on ----------------------------------------------------------

MACHINE = re.compile(
    r"(?<![\w./~-])/(?:work|root|mnt|opt/pypi|opt/wheels|home/\w+|Users/\w+)(?:/|\b)|[A-Z]:\\Users\\"
    r"|https?://[\w.-]*(?:artifactory|nexus|devpi|mirror)[\w.-]*",
)


def traces(text: str) -> list[str]:
    return [match[0] for match in MACHINE.finditer(text)]


def test_no_file_tells_of_the_machine_it_was_written_on() -> None:
    found = []
    for path in tracked():
        if path == Path(__file__) or path.suffix in {".png", ".gpkg", ".xlsx", ".woff2"}:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {one}" for one in traces(text)]
    assert found == []


def test_the_lock_names_no_registry_and_pins_every_package() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"https?://|file:|--index-url|--find-links", lock)
    packages = re.findall(r"^([A-Za-z0-9._-]+)==\S+.*?(?=^\S|\Z)", lock, flags=re.MULTILINE | re.DOTALL)
    blocks = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)[1:]
    assert len(packages) == len(blocks)
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


# -- examples run --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Example:
    """One fenced block that is marked to be run."""

    line: int
    language: str
    text: str


def examples(text: str) -> list[Example]:
    found = []
    for match in re.finditer(r"<!-- run -->\n+```(\w+)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
        found.append(Example(text.count("\n", 0, match.start(2)) + 1, match[1], match[2]))
    return found


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Command and expected output; a here-document belongs to its command."""
    lines = iter([*text.splitlines(), "$ "])
    command, output = "", ""
    for line in lines:
        if line.startswith("$ "):
            if command:
                yield command, output
            command, output = line[2:], ""
            ends = re.search(r"<<\s*'?(\w+)'?", command)
            while (ends or command.endswith("\\")) and (more := next(lines, None)) is not None:
                command += "\n" + more
                if ends and more == ends[1]:
                    break
                if not ends and not more.endswith("\\"):
                    break
        else:
            output += line + "\n"


def shows(want: str, printed: str) -> bool:
    """Whether a page shows what was printed: spaces aside, ``...`` for any text and any number of lines."""

    def lines(text: str) -> list[str]:
        return [" ".join(line.split()) for line in text.splitlines() if line.strip()]

    pattern = r"[\s\S]*?".join(map(re.escape, "".join(f"{line}\n" for line in lines(want)).split("...")))
    pattern = pattern.replace(re.escape("\n") + r"[\s\S]*?" + re.escape("\n"), r"\n(?:[\s\S]*?\n)?")
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in lines(printed))) is not None


def wrong_in(command: str, expected: str, folder: Path) -> str:
    """What speaks against a command and the output the page shows; empty when nothing does."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "FALLOW_LANG": "en",
        "COLUMNS": "110",
        "NO_COLOR": "1",
    }
    shown = expected.rstrip("\n").split("\n")
    status = int(match[1]) if (match := re.fullmatch(r"\[(\d)\]", shown[-1])) else 0
    want = "\n".join(shown[:-1] if status else shown).strip("\n")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode != status:
        return f"$ {command}\nended with {done.returncode}, not {status}:\n{done.stdout}"
    if want and not shows(want, done.stdout):
        return f"$ {command}\nprinted:\n{done.stdout}\nthe page shows:\n{want}"
    return ""


def run_page(text: str, folder: Path) -> None:
    space: dict[str, object] = {"__name__": "example"}
    for one in examples(text):
        if one.language == "console":
            for command, expected in commands(one.text):
                assert wrong_in(command, expected, folder) == ""
        elif one.language == "python":
            # As in a notebook: the names of one example are there in the next.
            with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
                exec(compile("\n" * (one.line - 1) + one.text, "example", "exec"), space)
        else:
            (folder / "example").write_text(one.text, encoding="utf-8")
            raise AssertionError(f"line {one.line}: nobody knows how to run {one.language!r}")


RUNNING = [path for path in pages() if examples(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("path", RUNNING, ids=lambda path: str(path.relative_to(ROOT)))
def test_examples_run(path: Path, tmp_path: Path) -> None:
    run_page(path.read_text(encoding="utf-8"), tmp_path)


def test_the_readme_has_examples_that_run() -> None:
    assert ROOT / "README.md" in RUNNING


# -- the checks can fail -------------------------------------------------------------------------------


def test_planted_faults_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Good\n[a](#good) [b](#bad) [c](none.md) [d](https://example.org)\n", encoding="utf-8")
    assert list(broken_links(page)) == ["page.md: #bad names no heading", "page.md: none.md leads nowhere"]
    home = "/" + "home/someone/x"
    assert traces(f"see {home}") == ["/" + "home/someone/"]
    assert traces("https://pypi." + "mirror.example.org/simple") != []
    assert traces("src/work/home.py, the net/work/ and ~/root") == []
    assert wrong_in("echo one", "two\n", tmp_path) != ""
    assert shows("one\n...\ntwo  of ...\n", "one\n\n  two of them\n")
    assert not shows("one\n...\ntwo\n", "one\ntwo\nthree\n")
    assert wrong_in("exit 3", "", tmp_path) != ""
    assert wrong_in("exit 3", "[3]\n", tmp_path) == ""
    with pytest.raises(ZeroDivisionError):
        run_page("<!-- run -->\n```python\n1 / 0\n```\n", tmp_path)
    with pytest.raises(AssertionError):
        run_page("<!-- run -->\n```console\n$ cat <<END\nyes\nEND\nno\n```\n", tmp_path)
