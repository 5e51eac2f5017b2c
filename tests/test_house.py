"""The house: imports run downhill, faces use the doors, modules stay small and say where they stand.

The checker is in this file so that a newcomer reads the rules and their proof in one place. The last tests
plant each violation in a small house and demand that it is found: a checker that finds nothing proves
nothing.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HOUSE = ROOT / "src" / "fallow"

BELOW: dict[str, frozenset[str]] = {
    "words": frozenset(),
    "errors": frozenset({"words"}),
    "kinds": frozenset({"words", "errors"}),
    "register": frozenset({"words", "errors", "kinds"}),
    "intake": frozenset({"words", "errors", "kinds", "register"}),
    "analysis": frozenset({"words", "errors", "kinds", "register"}),
    # publish reads strangers' documents, confined like the reading child
    "publish": frozenset({"words", "errors", "kinds", "register", "intake", "analysis"}),
    "": frozenset({"words", "errors", "kinds", "register", "intake", "analysis", "publish"}),
    "demo": frozenset({"", "words", "errors", "kinds", "register", "intake", "analysis", "publish"}),
    "web": frozenset({"", "words", "errors", "kinds", "register", "intake", "analysis", "publish"}),
    "cli": frozenset(
        {"", "words", "errors", "kinds", "register", "intake", "analysis", "publish", "demo", "web"}
    ),
}
"""Each room and what it may import; ``""`` is ``fallow/__init__.py``, the public surface."""

THROUGH_DOORS = frozenset({"", "demo", "web", "cli"})
"""These touch a room only by what its ``__init__`` offers."""

_WEB_FRAMEWORKS = frozenset({"django", "click", "rich", "waitress", "flask", "starlette"})
_GDAL = frozenset({"pyogrio", "osgeo", "fiona", "geopandas"})
FORBIDDEN: dict[str, frozenset[str]] = {
    "words": _WEB_FRAMEWORKS | _GDAL,
    "errors": _WEB_FRAMEWORKS | _GDAL,
    "kinds": _WEB_FRAMEWORKS | _GDAL,
    # `register.frame()` hands a GeoDataFrame to a notebook; GDAL stays out.
    "register": _WEB_FRAMEWORKS | (_GDAL - {"geopandas"}),
    "analysis": _WEB_FRAMEWORKS,
    "publish": _WEB_FRAMEWORKS,
    # Untrusted files never reach GDAL: see the measurements in docs/decisions and the bad-input tests.
    "intake": _WEB_FRAMEWORKS | _GDAL,
}

STEP: dict[str, str] = {
    "words": r"Under every room: ",
    "errors": r"Under every room: ",
    "": r"Fallow: ",
    "kinds": r"(Step|Room) 0\b|Room kinds",
    "intake": r"(Step|Room) 1\b|Room intake",
    "register": r"(Step|Room) 2\b|Room register",
    "analysis": r"(Step|Room) 3\b|Room analysis",
    "publish": r"(Step|Room) 4\b|Room publish",
    "cli": r"Face one\b|Room cli",
    "web": r"Face two\b|Room web",
    "demo": r"Beside the faces\b",
}
"""How the first line of a module begins: which step of the path it is."""

LONGEST = 400


@dataclass(frozen=True)
class Import:
    """One import of something of Fallow's, or of somebody else's package."""

    line: int
    module: str
    names: tuple[str, ...] = ()


def room_of(path: Path, house: Path) -> str:
    """The room a module stands in: its folder, or its own name when it stands under every room."""
    inside = path.relative_to(house)
    if len(inside.parts) > 1:
        return inside.parts[0]
    return "" if inside.stem == "__init__" else inside.stem


def imports(path: Path, house: Path) -> Iterator[Import]:
    """Every import of a module, wherever it stands in the file, relative ones made absolute."""
    package = ["fallow", *path.relative_to(house).parent.parts]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for one in node.names:
                yield Import(node.lineno, one.name)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield Import(node.lineno, module, tuple(one.name for one in node.names))


@cache
def offers(door: Path) -> frozenset[str]:
    """The names a room's ``__init__`` has: a function may be called like the module it comes from."""
    if not door.exists():
        return frozenset()
    found = set()
    for node in ast.parse(door.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            found |= {one.asname or one.name for one in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
    return frozenset(found)


def targets(one: Import, house: Path) -> Iterator[tuple[str, bool]]:
    """Rooms an import reaches, and whether it reaches past the room's door into a module of it."""
    parts = one.module.split(".")
    if parts[0] != "fallow":
        return
    if len(parts) > 1:
        folder = house.joinpath(*parts[1:])
        offered = offers(folder / "__init__.py")
        deeper = any(
            name not in offered and ((folder / name).is_dir() or (folder / f"{name}.py").exists())
            for name in one.names
        )
        yield parts[1], len(parts) > 2 or (deeper and folder.is_dir())
        return
    for name in one.names or ("",):
        if name == "__version__":
            continue  # a fact about the package, no room
        is_room = (house / name).is_dir() or (house / f"{name}.py").exists()
        yield (name if name and is_room else ""), False


def downhill(house: Path) -> Iterator[str]:
    """Imports that run uphill, pass a door, or bring a web framework or GDAL where it must not be."""
    for path in sorted(house.rglob("*.py")):
        room = room_of(path, house)
        if room not in BELOW:
            yield f"{path.name}: the house has no room {room!r}; give it a place in BELOW"
            continue
        for one in imports(path, house):
            at = f"{path.relative_to(house)}:{one.line}"
            if one.module.split(".")[0] in FORBIDDEN.get(room, frozenset()):
                yield f"{at}: {room} must not import {one.module}"
            for target, past_the_door in targets(one, house):
                if target == room:
                    continue
                if target not in BELOW[room]:
                    yield f"{at}: {room or 'fallow'} must not import {target or 'fallow'}: it lies uphill"
                elif past_the_door and room in THROUGH_DOORS:
                    yield f"{at}: {room or 'fallow'} takes {one.module} past the door of {target}"


def too_long(house: Path) -> Iterator[str]:
    """Modules over the cap."""
    for path in sorted(house.rglob("*.py")):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > LONGEST:
            yield f"{path.relative_to(house)}: {lines} lines; {LONGEST} is the cap"


def lost(house: Path) -> Iterator[str]:
    """Modules whose first line does not say which step of the path they are."""
    for path in sorted(house.rglob("*.py")):
        room = room_of(path, house)
        said = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[0]
        if not re.match(STEP.get(room, r"(?!)"), said):
            begins = STEP.get(room, "")
            yield f"{path.relative_to(house)}: its first line is {said!r}; here it begins {begins!r}"


def talkative(house: Path) -> Iterator[str]:
    """Calls of ``print`` outside the command line: a library that prints cannot be used by a program."""
    for path in sorted(house.rglob("*.py")):
        if room_of(path, house) == "cli":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                yield f"{path.relative_to(house)}:{node.lineno}: print"


def silent(house: Path) -> Iterator[str]:
    """Errors that are swallowed (``pass``, ``suppress``) with no comment that says why they may be."""
    for path in sorted(house.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ExceptHandler) and all(isinstance(one, ast.Pass) for one in node.body):
                first, last = node.lineno, node.end_lineno or node.lineno
            elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"suppress", "contextlib.suppress"}:
                first, last = node.lineno - 1, node.lineno
            else:
                continue
            if not any("#" in line for line in lines[max(first - 1, 0) : last]):
                yield f"{path.relative_to(house)}:{node.lineno}: an error is swallowed and nobody says why"


RULES: tuple[Callable[[Path], Iterator[str]], ...] = (downhill, too_long, lost, talkative, silent)


def tangled(tests: Path) -> Iterator[str]:
    """What keeps tests of several folders from being run together: all of them share one list of modules."""
    seen: dict[str, Path] = {}
    for path in sorted(tests.rglob("*.py")):
        at = path.relative_to(tests)
        for one in imports(path, tests):
            if one.module.split(".")[0] == "conftest":
                yield f"{at}:{one.line}: takes from a conftest, of which each folder has one"
        if path.stem != "conftest" and path.stem in seen:
            yield f"{at}: {seen[path.stem]} has this name already"
        seen.setdefault(path.stem, at)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule: Callable[[Path], Iterator[str]]) -> None:
    assert list(rule(HOUSE)) == []


def test_tests_of_any_folders_can_be_run_together(tmp_path: Path) -> None:
    assert list(tangled(ROOT / "tests")) == []
    for name, text in (
        ("web/conftest.py", ""),
        ("cli/conftest.py", ""),
        ("web/test_a.py", "from conftest import Programme"),
        ("cli/test_a.py", "def test() -> None:\n    import conftest"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n", encoding="utf-8")
    assert [one.split(": ")[0] for one in tangled(tmp_path)] == [
        "cli/test_a.py:2",
        "web/test_a.py:1",
        "web/test_a.py",
    ]


def test_the_house_has_its_rooms() -> None:
    assert {path.name for path in HOUSE.iterdir() if (path / "__init__.py").exists()} == {
        room for room in BELOW if room not in {"", "words", "errors"}
    }


def test_the_library_needs_no_face() -> None:
    blocked = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in "django click rich waitress geopandas pandas pyogrio osgeo".split():
            raise ImportError("blocked: " + name)
sys.meta_path.insert(0, Blocked())
import fallow, fallow.kinds, fallow.register, fallow.intake, fallow.analysis, fallow.publish
for name in getattr(fallow, "__all__", []):
    getattr(fallow, name)
"""
    done = subprocess.run([sys.executable, "-c", blocked], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


PLANTED = [
    (
        "kinds/model.py",
        "from fallow.register import open_register",
        downhill,
        "kinds must not import register",
    ),
    ("register/fold.py", "import fallow.intake", downhill, "register must not import intake"),
    (
        "analysis/books.py",
        "def f():\n    from fallow.publish import publish",
        downhill,
        "analysis must not import",
    ),
    ("register/fold.py", "from fallow import intake", downhill, "register must not import intake"),
    ("register/fold.py", "from ..intake import bring", downhill, "register must not import intake"),
    ("errors.py", "import fallow", downhill, "errors must not import fallow"),
    ("web/views.py", "from fallow.register.ledger import append", downhill, "past the door of register"),
    ("web/views.py", "from fallow.register import ledger", downhill, "past the door of register"),
    ("cli/bring.py", "import fallow.register.ledger as ledger", downhill, "past the door of register"),
    ("web/views.py", "from fallow.cli import main", downhill, "web must not import cli"),
    ("kinds/model.py", "import django.db", downhill, "kinds must not import django.db"),
    ("intake/read.py", "def f():\n    import pyogrio", downhill, "intake must not import pyogrio"),
    ("register/view.py", "from osgeo import ogr", downhill, "register must not import osgeo"),
    ("cellar/rats.py", "x = 1", downhill, "no room 'cellar'"),
    ("kinds/model.py", "x = 1\n" * 401, too_long, "the cap"),
    ("intake/read.py", '"""Step 2, reading."""', lost, "its first line is 'Step 2, reading.'"),
    ("intake/read.py", "x = 1", lost, "its first line is ''"),
    ("intake/read.py", "print(1)", talkative, "print"),
    ("intake/read.py", "try:\n    pass\nexcept OSError:\n    pass", silent, "swallowed"),
    ("intake/read.py", "with suppress(OSError):\n    x()", silent, "swallowed"),
]


@pytest.mark.parametrize(
    ("where", "text", "rule", "expected"), PLANTED, ids=[f"{p[2].__name__}-{p[3]}" for p in PLANTED]
)
def test_a_planted_violation_is_found(
    tmp_path: Path, where: str, text: str, rule: Callable[[Path], Iterator[str]], expected: str
) -> None:
    (tmp_path / "register").mkdir()
    (tmp_path / "register" / "ledger.py").write_text('"""Step 2, the ledger."""\n', encoding="utf-8")
    (tmp_path / "intake").mkdir()
    path = tmp_path / where
    path.parent.mkdir(exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")
    assert any(expected in found for found in rule(tmp_path))


def test_what_is_allowed_is_not_called_a_violation(tmp_path: Path) -> None:
    for room in ("register", "web", "intake", "kinds"):
        (tmp_path / room).mkdir()
    (tmp_path / "register" / "ledger.py").write_text('"""Step 2, the ledger."""\n', encoding="utf-8")
    (tmp_path / "web" / "views.py").write_text(
        '"""Face two, pages."""\nimport django\nimport fallow\nfrom fallow.register import open_register\n'
        "from fallow.web import serve\nfrom . import tags\nfrom fallow.errors import FallowError\n",
        encoding="utf-8",
    )
    (tmp_path / "intake" / "bring.py").write_text(
        '"""Step 1, one delivery."""\nfrom fallow.register.report import Draft\n'
        "try:\n    pass\nexcept OSError as error:\n    raise ValueError from error\n"
        "try:\n    pass\nexcept KeyError:\n    pass  # it is gone already, and gone is what was wanted\n",
        encoding="utf-8",
    )
    assert [found for rule in RULES for found in rule(tmp_path)] == []
