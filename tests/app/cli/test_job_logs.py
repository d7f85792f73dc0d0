"""Each job's log in the long form lies beside its report."""

from __future__ import annotations

import re
from pathlib import Path

from offload_bench import SMALL_CARD, make_card

LINE = re.compile(
    r"[DIWE] \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d{4} <([0-9A-F]{6})> \[[^\]]+\]"
    r" reelkeep \(\d+\): (DEBUG|INFO|WARNING|ERROR): (.*)"
)


def said(report: str) -> tuple[set[str], list[str]]:
    """The jobs and the messages of the log beside a report."""
    lines = Path(report).with_suffix(".log").read_text().splitlines()
    found = [LINE.fullmatch(line) for line in lines]
    assert all(found), lines
    return {match[1] for match in found if match}, [match[3] for match in found if match]


def test_offloads_and_verifications_leave_their_logs_beside_their_reports(
    reelkeep, profile: Path, tmp_path: Path
) -> None:
    card = make_card(tmp_path / "card" / "A003", SMALL_CARD)
    order = ("offload", card, "--to", tmp_path / "raid", "--name", "{roll}")
    order = (*order, "--wanted-copies", 1, "--json")
    (offload,) = reelkeep(*order).result["jobs"]
    jobs, messages = said(offload["report"])
    assert jobs == {offload["job"]}
    assert f"{offload['job']} was started: Offload A003" in messages[:2]
    assert f"{offload['job']}: SAFE TO FORMAT" in messages
    assert messages[-1] == f"{offload['job']} ended: done"

    (again,) = reelkeep(*order, "--report", tmp_path / "reports").result["jobs"]
    assert Path(again["report"]).parent == tmp_path / "reports"
    assert said(again["report"])[0] == {again["job"]}

    verified = reelkeep("verify", tmp_path / "raid", "--json").result
    assert said(verified["report"])[1][-1] == f"{verified['job']} ended: done"
    logs = {log.name for log in (profile / "reports").glob("*.log")}
    beside = (offload["report"], verified["report"])
    assert logs == {Path(report).with_suffix(".log").name for report in beside}


def test_a_log_that_cannot_be_kept_stops_no_job(reelkeep, profile: Path, tmp_path: Path) -> None:
    card = make_card(tmp_path / "card" / "A003", {"a.mov": 5})
    profile.mkdir()
    (profile / "a file").touch()
    reelkeep("settings", "set", "report.directory", profile / "a file")
    reelkeep("settings", "set", "report.write", "false")  # else the plan would refuse
    answer = reelkeep("offload", card, "--to", tmp_path / "raid", "--wanted-copies", 1)
    assert answer.out.splitlines()[-1] == "SAFE TO FORMAT"
