"""Beside the faces: the invented programme, written as real files and brought in through the real doors."""

from fallow.demo.run import PASSPHRASE, REGISTER, SNAPSHOT, DemoSummary, run_demo
from fallow.demo.truth import Truth
from fallow.demo.write import write_programme

__all__ = ["PASSPHRASE", "REGISTER", "SNAPSHOT", "DemoSummary", "Truth", "run_demo", "write_programme"]
