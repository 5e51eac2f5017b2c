"""Step 0, between reading and the model: what is declared so far, and the checks that need all of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from fallow.errors import FallowError
from fallow.kinds.build import Built, Languages, Reference, build_kind
from fallow.kinds.code_lists import read_codes
from fallow.kinds.declared import nearest, read_yaml
from fallow.kinds.model import CodeList, Kind


@dataclass(slots=True)
class Gathered:
    """Kinds and lists by name, with the place every permanent id was declared at."""

    kinds: dict[str, Kind] = field(default_factory=dict)
    code_lists: dict[str, CodeList] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    retired: dict[str, str] = field(default_factory=dict)

    def put(self, built: Built) -> None:
        """Add a kind. Raises ``MODEL_ID_TWICE`` when an id, current or retired, is declared a second time."""
        for permanent, where in built.where.items():
            if permanent in self.where:
                raise FallowError("MODEL_ID_TWICE", where, id=permanent, first=self.where[permanent])
            self.where[permanent] = where
        self.kinds[built.kind.name] = built.kind
        self.references += built.references
        self.retired |= built.retired

    def check(self) -> None:
        """Look up every name that a declaration uses. Raises ``MODEL_NAME_UNKNOWN`` with the nearest."""
        for one in self.references:
            known = self._known(one)
            if one.target not in known:
                raise FallowError(
                    "MODEL_NAME_UNKNOWN",
                    one.where,
                    key=one.key,
                    found=one.target,
                    near=nearest(one.target, known),
                )

    def _known(self, one: Reference) -> Iterable[str]:
        if one.within == "kinds":
            return self.kinds
        if one.within == "code_lists":
            return self.code_lists
        listed = self.code_lists.get(one.within[1])
        return [code.code for code in listed] if listed else []


def gather(folder: Path, languages: Languages) -> Gathered:
    """Read ``catalogue/*.yaml`` and ``codes/*.csv`` of a folder."""
    found = Gathered()
    for path in sorted((folder / "codes").glob("*.csv")):
        found.code_lists[path.stem] = read_codes(path, languages.needed, languages.allowed)
    for path in sorted((folder / "catalogue").glob("*.yaml")):
        block = read_yaml(path)
        built = build_kind(block, languages)
        check_file_name(built, path, block.where())
        found.put(built)
    return found


def check_file_name(built: Built, path: Path, where: str) -> None:
    """A kind lives in the file of its name, so that a person finds it."""
    if built.kind.name != path.stem:
        raise FallowError("MODEL_VALUE", where, key="kind", found=built.kind.name, allowed=path.stem)
