"""Step 0, code lists: one CSV file a list, labels in every language, age bands that must tile."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from fallow.errors import FallowError
from fallow.kinds.declared import nearest, text_in
from fallow.kinds.model import Code, CodeList

_COLUMNS = ("code", "danger", "guard", "symbol", "low", "high", "since", "until")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,59}")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
LIST_ROW = "*"
"""The row that carries the label of the list itself; its symbol column may say ``bands``."""


def read_codes(
    path: Path, needed: Sequence[str], allowed: Sequence[str], base: CodeList | None = None
) -> CodeList:
    """One code list.

    Parameters
    ----------
    path
        ``<list>.csv``; the file name is the name of the list.
    needed, allowed
        Languages every label must be in, and may be in.
    base
        The list of the catalogue that an overlay adds codes to. What it has cannot be said again
        (``MODEL_OVERLAY_CHANGES``).
    """
    where = f"{path.parent.name}/{path.name}"
    label = base.label if base else None
    bands = base.bands if base else False
    codes: list[Code] = []
    lines: dict[str, str] = {}
    for line, row in _rows(path, where, needed, allowed):
        at = f"{where}:{line}"
        words = text_in({language: row.get(language, "") for language in allowed})
        missing = [language for language in needed if language not in words]
        if missing:
            raise FallowError("MODEL_LABEL_MISSING", at, key=row["code"], languages=", ".join(missing))
        if row["code"] == LIST_ROW:
            if label is None:
                label, bands = words, row["symbol"] == "bands"
            elif base is not None:
                raise FallowError("MODEL_OVERLAY_CHANGES", at, found=path.stem)
            else:
                raise FallowError("MODEL_CODE_TWICE", at, found=LIST_ROW, first=f"{where}:2")
            continue
        if base is not None and base.get(row["code"]) is not None:
            raise FallowError("MODEL_OVERLAY_CHANGES", at, found=f"{path.stem}: {row['code']}")
        # Letter case never tells two codes apart: what people type does not keep it.
        folded = row["code"].casefold()
        if folded in lines:
            raise FallowError("MODEL_CODE_TWICE", at, found=row["code"], first=lines[folded])
        lines[folded] = at
        codes.append(_code(row, words, at))
    if label is None:
        raise FallowError("MODEL_LABEL_MISSING", f"{where}:2", key=LIST_ROW, languages=", ".join(needed))
    read = CodeList(path.stem, label, (*(base.codes if base else ()), *codes), bands)
    if bands:
        _check_bands(read, where, lines)
    return read


def _rows(
    path: Path, where: str, needed: Sequence[str], allowed: Sequence[str]
) -> Iterator[tuple[int, Mapping[str, str]]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FallowError("MODEL_FILE", where, found=f"UTF-8, byte {error.start}") from error
    lines = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        header = next(lines, [])
        _check_header(header, f"{where}:1", needed, allowed)
        for cells in lines:
            if not cells:
                continue
            if len(cells) != len(header):
                raise FallowError(
                    "MODEL_FILE", f"{where}:{lines.line_num}", found=f"{len(cells)} != {len(header)} (CSV)"
                )
            row = (
                {"code": ""}
                | dict.fromkeys(_COLUMNS, "")
                | dict(zip(header, (c.strip() for c in cells), strict=True))
            )
            yield lines.line_num, row
    except csv.Error as error:
        raise FallowError("MODEL_FILE", f"{where}:{lines.line_num}", found=str(error)) from error


def _check_header(header: Sequence[str], where: str, needed: Sequence[str], allowed: Sequence[str]) -> None:
    known = (*_COLUMNS, *allowed)
    for name in header:
        if name not in known:
            raise FallowError("MODEL_KEY_UNKNOWN", where, key=name, near=nearest(name, known))
        if header.count(name) > 1:
            raise FallowError("MODEL_KEY_TWICE", where, key=name, first=1)
    for name in ("code", *needed):
        if name not in header:
            raise FallowError("MODEL_KEY_MISSING", where, key=name)


def _code(row: Mapping[str, str], words: Mapping[str, str], where: str) -> Code:
    code = row["code"]
    if not _CODE.fullmatch(code):
        raise FallowError("MODEL_NAME_BAD", where, found=code or "-")
    if row["guard"] not in ("", "release"):
        raise FallowError("MODEL_VALUE", where, key="guard", found=row["guard"], allowed="release")
    if row["symbol"] and not _COLOUR.fullmatch(row["symbol"]):
        raise FallowError("MODEL_VALUE", where, key="symbol", found=row["symbol"], allowed="#rrggbb")
    low, high = _whole(row, "low", where), _whole(row, "high", where)
    if low is not None and high is not None and low > high:
        raise FallowError("MODEL_BOUNDS", where, low=low, high=high)
    return Code(
        code,
        words,
        danger=_whole(row, "danger", where),
        guard=row["guard"] or None,
        symbol=row["symbol"].lower() or None,
        low=low,
        high=high,
        since=row["since"] or None,
        until=row["until"] or None,
    )


def _whole(row: Mapping[str, str], key: str, where: str) -> int | None:
    text = row[key]
    if not text:
        return None
    if not re.fullmatch(r"-?[0-9]{1,6}", text):
        raise FallowError("MODEL_VALUE", where, key=key, found=text, allowed="0, 1, 2")
    return int(text)


def _check_bands(listed: CodeList, where: str, lines: Mapping[str, str]) -> None:
    """Every age from 0 to "and over" falls into exactly one band.

    One live form has 18-45 and over 46: the age of 46 falls nowhere, and nobody noticed.
    """
    bands = sorted(_in_use(listed), key=lambda one: one.low or 0)
    expected = 0
    for position, band in enumerate(bands):
        low = band.low or 0
        at = lines.get(band.code.casefold(), where)
        if low > expected:
            raise FallowError("MODEL_BANDS_GAP", at, age=expected, list=listed.name)
        if low < expected:
            raise FallowError("MODEL_BANDS_OVERLAP", at, age=low, list=listed.name)
        if band.high is None:
            if position + 1 < len(bands):
                raise FallowError("MODEL_BANDS_OVERLAP", at, age=bands[position + 1].low, list=listed.name)
            return
        expected = band.high + 1
    raise FallowError("MODEL_BANDS_GAP", where, age=expected, list=listed.name)


def _in_use(listed: CodeList) -> Iterable[Code]:
    """The bands themselves: codes such as ``unknown`` have no years, retired ones are no longer offered."""
    return (one for one in listed if one.low is not None and one.until is None)


def relabelled(listed: CodeList, words: Mapping[str, Mapping[str, str]]) -> CodeList:
    """The list with further words: ``words`` by list name and by ``list:code``."""
    return replace(
        listed,
        label={**listed.label, **words.get(listed.name, {})},
        codes=tuple(
            replace(one, label={**one.label, **extra})
            if (extra := words.get(f"{listed.name}:{one.code}"))
            else one
            for one in listed
        ),
    )
