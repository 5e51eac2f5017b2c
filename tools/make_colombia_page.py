"""Write docs/colombia.md and its plot from a register with both deliveries of the victims of Colombia.

Run as ``python tools/make_colombia_page.py REGISTER``; with ``--check`` it only says whether both are
current. The register is made by ``fallow bring sources/colombia-victims --files FOLDER``. Small cells stay
out: the page tells totals and years, and of the changed municipality-months their number and the sum of their
changes.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fallow.analysis import Result
    from fallow.register import Register

ROOT = Path(__file__).resolve().parents[1]
PAGE, PLOT = ROOT / "docs" / "colombia.md", ROOT / "docs" / "colombia-vintages.svg"
THEN, NOW = "2017-12-31", "2022-12-31"

HEAD = """# Colombia: one register, told twice

Made by `tools/make_colombia_page.py`; do not edit by hand. The numbers are those of the victim register of
Colombia (AICMA) as handed over in October 2017 and in February 2022, brought in through
`sources/colombia-victims`. They are one source's claim, and Fallow says so beside every one of them. Tests
count the raw files again without Fallow and compare every breakdown (`tests/analysis/test_colombia.py`).
"""


def text(register: Register) -> str:
    """The page in Markdown."""
    from fallow.analysis import figure, run

    parts = [HEAD, "\n## As known then, and as known now\n\n"]
    parts.append(
        "| casualties | known at the end of 2017 | known at the end of 2022 | change |\n"
        "|---|---:|---:|---:|\n"
    )
    for measure in ("casualties", "injured", "killed"):
        then, now = (figure("casualties", register, measure, known=day).value for day in (THEN, NOW))
        parts.append(f"| {measure} | {_n(then)} | {_n(now)} | {_signed(now, then)} |\n")
    early = [figure("casualties", register, known=day, until="2016-12-31").value for day in (THEN, NOW)]
    parts.append(
        f"| of years up to 2016 | {_n(early[0])} | {_n(early[1])} | {_signed(early[1], early[0])} |\n"
    )
    sentence = figure("casualties", register, known=THEN).sentence("en")
    parts.append(f"\nThe first of them as it is to be quoted:\n\n> {sentence}\n")
    for by, title in (("sex", "Sex"), ("age", "Age group"), ("status", "Civil status"), ("device", "Device")):
        parts.append(_broken_down(register, by, title))
    parts.append(_vintages(run("vintages", register, known_on=[THEN, NOW])))
    parts.append(_changed(register))
    return "".join(parts)


def _broken_down(register: Register, by: str, title: str) -> str:
    from fallow.analysis import run

    then, now = (run("casualties", register, by=by, known=day) for day in (THEN, NOW))
    rows = [
        f"\n## {title}\n\n| | 2017 | share of the known | 2022 | share of the known |\n"
        "|---|---:|---:|---:|---:|\n"
    ]
    for line in now.lines:
        if not line.key:
            continue
        label = now.keys[0].text(line.key[0], "en")
        before = next((one for one in then.lines if one.key == line.key), None)
        cells = []
        for one in (before, line):
            share = one.values["share"] if one else None
            cells += [
                _n(one.values["casualties"] if one else 0),
                f"{share:.1f} %" if share is not None else "",
            ]
        rows.append(f"| {label} | {' | '.join(cells)} |\n")
    return "".join(rows)


def _vintages(result: Result) -> str:
    rows = [
        "\n## Vintages\n\nWhat was said of each year, at the end of 2017 and at the end of 2022.\n\n",
        f"![Casualties of Colombia by year, as known at the end of 2017 and of 2022]({PLOT.name})\n\n",
        "| year | known at the end of 2017 | known at the end of 2022 | change |\n|---|---:|---:|---:|\n",
    ]
    for line in result.lines:
        then, now = line.values[THEN], line.values[NOW]
        rows.append(f"| {line.key[0]} | {_n(then)} | {_n(now)} | {_signed(now, then)} |\n")
    return "".join(rows)


def _changed(register: Register) -> str:
    from fallow.analysis import run

    result = run(
        "difference", register, known_before=THEN, known=NOW, until="2016-12-31", by="place_code,month"
    )
    lines = [one for one in result.lines if one.key]
    up = [int(one.values["change"] or 0) for one in lines if (one.values["change"] or 0) > 0]
    down = [-int(one.values["change"] or 0) for one in lines if (one.values["change"] or 0) < 0]
    reports = {
        number
        for one in lines
        for record in one.behind["change"]
        for number in result.reports.get(record, ())
    }
    return (
        "\n## The past that changed\n\n"
        f"Between the two deliveries {len(lines)} municipality-months before 2017 changed: {len(up)} went up "
        f"by {_n(sum(up))} people together, {len(down)} went down by {_n(sum(down))}. Behind the changes "
        f"stand {_n(len(reports))} reports. The list, and behind each line its records and reports:\n\n"
        "```console\n"
        f"$ fallow difference --by place_code,month --known-before {THEN} --known {NOW} --until 2016-12-31\n"
        f"$ fallow explain difference change CODE MONTH --by place_code,month --known-before {THEN} "
        f"--known {NOW} --until 2016-12-31\n"
        "```\n"
    )


def plot(register: Register) -> str:
    """Both vintages of each year as SVG: bars of what is known now, a mark where it stood then."""
    from fallow.analysis import run

    result = run("vintages", register, known_on=[THEN, NOW])
    rows = [(one.key[0], int(one.values[THEN] or 0), int(one.values[NOW] or 0)) for one in result.lines]
    top = max(max(then, now) for _, then, now in rows)
    wide, high, left, base = 760, 300, 52, 260
    slot = (wide - left - 12) / len(rows)

    def y(value: float) -> float:
        return base - (base - 40) * value / top

    marks = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" role="img" font-size="11" '
        'font-family="sans-serif"><title>Casualties of Colombia by year and by when they were known</title>'
        f'<rect width="{wide}" height="{high}" fill="#fffdf8"/>'
    ]
    for tick in range(0, top + 1, 200):
        marks.append(
            f'<line x1="{left}" x2="{wide - 12}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" stroke="#ddd8cb"/>'
            f'<text x="{left - 6}" y="{y(tick) + 4:.1f}" text-anchor="end" fill="#5d635a">{tick}</text>'
        )
    for at, (year, then, now) in enumerate(rows):
        x = left + slot * at
        marks.append(
            f'<rect x="{x + 2:.1f}" y="{y(now):.1f}" width="{slot - 4:.1f}" height="{base - y(now):.1f}" '
            f'fill="#2b5f8a"><title>{year}: {now}</title></rect>'
        )
        if year <= THEN[:4]:
            marks.append(
                f'<line x1="{x:.1f}" x2="{x + slot:.1f}" y1="{y(then):.1f}" y2="{y(then):.1f}" '
                f'stroke="#9d3f19" stroke-width="2.5"><title>{year}: {then}</title></line>'
            )
        if int(year) % 5 == 0:
            marks.append(
                f'<text x="{x + slot / 2:.1f}" y="{base + 16}" text-anchor="middle" fill="#20251f">{year}'
                "</text>"
            )
    marks.append(
        f'<rect x="{left}" y="12" width="12" height="12" fill="#2b5f8a"/>'
        f'<text x="{left + 18}" y="22" fill="#20251f">known at the end of 2022</text>'
        f'<line x1="{left + 190}" x2="{left + 206}" y1="18" y2="18" stroke="#9d3f19" stroke-width="2.5"/>'
        f'<text x="{left + 212}" y="22" fill="#20251f">known at the end of 2017</text></svg>\n'
    )
    return "".join(marks)


def _n(value: float | int | None) -> str:
    return f"{int(value or 0):,}"


def _signed(now: float | int | None, then: float | int | None) -> str:
    return f"{int(now or 0) - int(then or 0):+,}"


def main() -> int:
    """Write both, or with ``--check`` compare them; the exit status says whether they were current."""
    os.environ["FALLOW_LANG"] = "en"
    from fallow.register import open_register

    words = [one for one in sys.argv[1:] if one != "--check"]
    if len(words) != 1:
        sys.stderr.write("usage: make_colombia_page.py REGISTER [--check]\n")
        return 2
    with open_register(words[0], read_only=True) as register:
        fresh = {PAGE: text(register), PLOT: plot(register)}
    if "--check" in sys.argv[1:]:
        return (
            0
            if all(path.exists() and path.read_text(encoding="utf-8") == one for path, one in fresh.items())
            else 1
        )
    for path, one in fresh.items():
        path.write_text(one, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
