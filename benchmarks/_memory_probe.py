"""What ``side_by_side.py`` runs in a process of its own to see how much memory bringing in takes."""

from pathlib import Path

from fallow.intake import bring_in
from fallow.register import create_register


def bring(folder: Path) -> None:
    """Bring the source of ``folder`` into a fresh register there."""
    for left in folder.glob("register*"):
        if left.is_file():
            left.unlink()
    with create_register(folder / "register.gpkg", title="Benchmark", invented=True) as register:
        bring_in(folder, register, approve_by="bench", why="benchmark")


def peak_mb() -> float:
    """Peak resident memory of this process in MB; ``ru_maxrss`` would also tell the parent's before the start."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))
