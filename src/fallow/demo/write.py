"""Beside the faces: the invented programme as a folder of real files, with the truth beside them."""

from __future__ import annotations

from pathlib import Path

from fallow.demo import write_lists, write_reports
from fallow.demo.programme import play_programme
from fallow.demo.truth import Truth, write_truth


def write_programme(folder: Path | str, seed: int = 1) -> Truth:
    """Write the files of the invented programme.

    Parameters
    ----------
    folder
        Gets ``sources/<name>/`` (files with their ``source.yaml``) and ``truth/``.
    seed
        The same seed gives the same files, byte for byte, on the same versions of the libraries.
    """
    to = Path(folder)
    programme = play_programme(seed)
    write_lists.write_organisations(to)
    write_lists.write_places(to, programme)
    write_lists.write_zones(to, programme)
    write_lists.write_hazards(to, programme)
    write_lists.write_activities(to, programme)
    write_lists.write_cancellations(to, programme)
    write_lists.write_finds(to, programme)
    write_lists.write_indications(to, programme)
    write_lists.write_waypoints(to, programme)
    write_reports.write_areas(to, programme)
    write_reports.write_opinions(to, programme)
    write_reports.write_minefield_records(to, programme)
    write_reports.write_casualties(to, programme)
    planted = write_reports.write_completion(to, programme)
    return write_truth(to, programme, planted)
