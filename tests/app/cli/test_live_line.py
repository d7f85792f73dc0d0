"""The live line of a terminal: what somebody waits for fits into every width."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rich.cells import cell_len

from app.cli.live import elided, line_text
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId
from app.units import FRAMES, MATERIAL, now


def job(current: str, **facts: object) -> JobSnapshot:
    given: dict[str, object] = {
        "unit": FRAMES, "copied": 44, "size": 1847, "rate": 12.0, "left": 126.0,
        "title": "Proxies of 2 clips", "stage": "Making proxies",
    }  # fmt: skip
    return JobSnapshot(
        id=JobId("AF1ADD"), kind="proxy", state=JobState.RUNNING, current=current,
        started=now() - timedelta(seconds=5), **{**given, **facts},
    )  # type: ignore[arg-type]  # fmt: skip


FACTS = "44 of 1,847 frames, 12 fps, 5 s spent, 2 min 06 s left"


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (120, f"Proxies of 2 clips  Making proxies  t.mkv  {FACTS}"),
        (79, f"Making proxies  t.mkv  {FACTS}"),
        (62, f"t.mkv  {FACTS}"),
        (54, FACTS),
    ],
)
def test_what_the_job_is_gives_way_to_how_far_it_is(columns: int, line: str) -> None:
    assert line_text(job("t.mkv"), columns) == line


@pytest.mark.parametrize("columns", [20, 40, 60, 79, 200])
@pytest.mark.parametrize("name", ["A003C001_251011_R1AB.mov" * 4, "撮影🎬" * 20, "line\nbreak", ""])
def test_no_line_is_wider_than_its_terminal(name: str, columns: int) -> None:
    line = line_text(job(name), columns)
    assert cell_len(line) <= columns
    assert "\n" not in line
    assert line.startswith(FACTS[:columns]) if columns < 40 else "44 of 1,847" in line


def test_a_long_name_keeps_both_ends() -> None:
    assert elided("A003C001_251011_R1AB.mov", 13) == "A003C0…AB.mov"


def test_material_is_told_in_its_own_words() -> None:
    line = line_text(job("t.mkv", unit=MATERIAL, copied=4000, size=60000, rate=130.0), 200)
    assert "4 s of 1 min 00 s, 0.13 × speed" in line


@pytest.mark.parametrize(("size", "rate", "whole"), [(8000, 900.0, "8"), (30000, 0.02, "30")])
def test_a_job_that_only_checks_what_it_made_has_no_speed(
    size: int, rate: float, whole: str
) -> None:
    facts = {"unit": MATERIAL, "copied": 8000, "size": size, "rate": rate, "left": None}
    assert line_text(job("t.mkv", **facts), 200).endswith(f"t.mkv  8 s of {whole} s, 5 s spent")
