"""docs/extending.md, followed: its files are laid into a copy of the package, and do what the page says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
FILES = re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)

PROGRAMME = """
from fallow.register import Delivery, Draft, create_register
with create_register("r.gpkg", title="INVENTED", invented=True) as register, register.writing():
    files = ({"name": "v.csv", "sha256": "0" * 64, "bytes": 1},)
    number = register.receive(Delivery("qa", "Inspectors", "2024-05-01", False, files, "0" * 64))
    drafts = [
        Draft("quality_visit", f"00000000-0000-8000-8000-00000000000{n}", "qa", "Inspector", day,
              {"code": f"Q{n}", "date": day, "visit_type": "monitoring" if n < 3 else "sampling"})
        for n, day in enumerate(("2024-02-03", "2024-03", "2023", "2024"))
    ]
    done = register.approve(register.add(drafts, delivery=number), by="im.officer", why="a test")
    assert done.approved == 4, done
"""

VISITS = """
import fallow
with fallow.open_register("r.gpkg", read_only=True) as register:
    result = fallow.run("visits", register, year=2024)
    assert result.value("visits") == 3, result.as_dict()
    assert len(result.explain("visits").records) == 3
    spring = fallow.run("visits", register, since="2024-01", until="2024-06")
    assert (spring.value("visits"), spring.value("date_uncertain")) == (2, 1), spring.as_dict()
"""

READ = """
from pathlib import Path
from fallow.intake.read import ReadSpec, batches, tables
Path("h.ini").write_text("[1]\\ncode = A1\\n[2]\\ncode=A2\\nseen=2021-03\\n")
assert tables(Path("h.ini"), ReadSpec("ini"))[0].columns == ("code", "seen")
(batch,) = batches(Path("h.ini"), ReadSpec("ini"))
assert batch.columns == {"code": ["A1", "A2"], "seen": [None, "2021-03"]}, batch.columns
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the files of the page in it."""
    home = tmp_path_factory.mktemp("extended")
    leave = shutil.ignore_patterns("__pycache__", "built")
    shutil.copytree(ROOT / "src" / "fallow", home / "src" / "fallow", ignore=leave)
    for name, text in FILES:
        assert not (home / name).exists(), name
        (home / name).write_text(text, encoding="utf-8")
    spec = home / "src" / "fallow" / "intake" / "read_spec.py"
    lines = spec.read_text(encoding="utf-8").replace(
        '    "gpx": "gpx",\n', '    "gpx": "gpx",\n    "ini": "ini",\n'
    )
    spec.write_text(lines, encoding="utf-8")
    python(home, PROGRAMME)
    return home


def python(home: Path, text: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", text, *words],
        cwd=home,
        env={"PYTHONPATH": str(home / "src"), "PATH": "", "FALLOW_LANG": "en", "FALLOW_DEBUG": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def fallow(home: Path, *words: str) -> str:
    return python(home, "from fallow.cli import main; main()", *words)


def test_the_page_has_its_files() -> None:
    assert [Path(name).name for name, _ in FILES] == [
        *("visits.py", "visits.csv", "quality.py", "quality.csv", "ini.py"),
    ]


def test_the_analysis_is_a_function_a_verb_and_a_figure(house: Path) -> None:
    python(house, VISITS)
    assert "Quality visits" in fallow(house, "visits", "--year", "2024", "--register", "r.gpkg", "--table")
    assert fallow(house, "figure", "visits", "--year", "2024", "--register", "r.gpkg", "--table").startswith(
        "3 "
    )


def test_the_report_is_published_in_every_language(house: Path) -> None:
    words = [
        "quality_year",
        "--year",
        "2024",
        "--audience",
        "public",
        "--language",
        "en,ar",
        "--format",
        "csv,html",
    ]
    fallow(house, "publish", *words, "--to", "out", "--register", "r.gpkg")
    assert "Monitoring of work (QA),2," in (house / "out" / "csv" / "en" / "visits.csv").read_text(
        encoding="utf-8-sig"
    )
    assert 'dir="rtl"' in (house / "out" / "quality_year.ar.html").read_text(encoding="utf-8")


def test_the_reader_reads_in_its_child(house: Path) -> None:
    python(house, READ)


def test_its_files_keep_the_rules_of_the_house(house: Path) -> None:
    for tool in (["ruff", "check", "--config"], ["ruff", "format", "--check", "--config"]):
        files = [str(house / name) for name, _ in FILES if name.endswith(".py")]
        done = subprocess.run(
            [sys.executable, "-m", *tool, str(ROOT / "pyproject.toml"), *files],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
