"""How long ``fallow check`` of a bundle takes: 10,000 rows of evidence, land and people, on the command line.

The bundle holds its tables as a PDF in one language, which a check makes again.

The other side is what somebody would do without Fallow: read the same rows with the standard library and count
them, which proves nothing about hashes, signatures or land, and is the least there is.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

import shapely

from fallow.analysis import run
from fallow.publish.audience import audience
from fallow.publish.proof.bundle import write_bundle
from fallow.publish.proof.evidence import gather
from fallow.publish.results import of_results
from fallow.publish.withholding.redact import for_audience
from fallow.publish.writers.remade import as_sealed, write
from fallow.register import Draft, create_register

TARGET_SECONDS = 5.0


def build(folder: Path, rows: int) -> Path:
    """A bundle whose evidence has about ``rows`` rows: half of them hazards, half of them people."""
    with create_register(
        folder / "country.gpkg", title="A programme for a benchmark", invented=True
    ) as register:
        half = rows // 2
        drafts = []
        for number in range(half):
            west, south = 46 + number % 100 * 0.01, 40 + number // 100 * 0.01
            shape = shapely.to_wkb(shapely.box(west, south, west + 0.004, south + 0.003), byte_order=1)
            day = f"{2010 + number % 15}-{1 + number % 12:02d}-01"
            fields = {
                "code": f"H-{number}",
                "hazard_class": ("sha", "indication")[number % 2],
                "status": "open",
                "contamination": "mined_area",
                "admin1": f"Province {number % 12}",
                "date_of_information": day,
            }
            drafts.append(Draft("hazard", f"h{number}", "survey", "A. Author", day, fields, {}, shape, True))
        for number in range(half):
            day = f"{2010 + number % 15}-{1 + number % 12:02d}-{1 + number % 28:02d}"
            fields = {
                "code": f"V-{number}",
                "date": day,
                "outcome": ("killed", "injured", "injured")[number % 3],
                "sex": ("female", "male")[number % 2],
                "admin1": f"Province {number % 12}",
            }
            drafts.append(Draft("victim", f"v{number}", "officer", "A. Author", day, fields))
        for start in range(0, len(drafts), 2_000):
            numbers = register.add(drafts[start : start + 2_000])
            register.approve(list(numbers), by="im.officer", why="benchmark")
        found = {
            "books": run("books", register, by="class,province", each="year"),
            "casualties": run("casualties", register, by="year,sex"),
        }
        reader = audience("public")
        redacted = for_audience(of_results(found, register), reader)
        evidence = gather(register, redacted, reader)
        target = folder / "bundle.zip"
        (printed,) = write(as_sealed(redacted.publication), "pdf", "en", folder, "result")
        started = time.perf_counter()
        write_bundle(redacted, evidence, {printed.name: printed}, register, target)
        print(f"sealed with its own check in {time.perf_counter() - started:.2f} s")
        print(f"rows of evidence: { ({name: len(one.lines) for name, one in evidence.kept.items()}) }")
        print(f"without evidence: {sum(len(one.unproved) for one in evidence.kept.values())} numbers")
    return target


def by_hand(path: Path) -> Counter[str]:
    """Read every row and count what it says: no hash, no signature, no land."""
    counts: Counter[str] = Counter()
    with zipfile.ZipFile(path) as bundle:
        for name in bundle.namelist():
            if name.startswith("evidence/"):
                for line in bundle.read(name).splitlines():
                    counts.update(f"{key}={value}" for key, value in json.loads(line)["fields"].items())
    return counts


def main() -> int:
    """Build, check three times, print the best."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bundle = build(Path(folder), asked.rows)
        wall, cpu = [], []
        for _ in range(3):
            before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            done = subprocess.run(
                [str(Path(sys.executable).with_name("fallow")), "check", str(bundle), "--json"],
                capture_output=True,
                text=True,
                check=False,
            )
            wall.append(time.perf_counter() - started)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
            if done.returncode:
                print(done.stdout[-2_000:], done.stderr[-2_000:])
                return 1
        started = time.perf_counter()
        by_hand(bundle)
        other = time.perf_counter() - started
        size = bundle.stat().st_size
    met = "met" if min(wall) < TARGET_SECONDS else "missed"
    print(
        f"fallow check, {asked.rows} rows, {size / 1e6:.1f} MB: {min(wall):.2f} s wall, {min(cpu):.2f} s CPU"
    )
    print(
        f"target {TARGET_SECONDS:.0f} s: {met}; counting rows by hand {other:.2f} s, ratio {min(wall) / other:.0f}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
