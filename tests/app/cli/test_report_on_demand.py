"""Whoever wants no report at the end of each job can have one later."""

from __future__ import annotations

from offload_bench import make_card


def test_a_job_without_a_report_can_be_reported_later(reelkeep, tmp_path):
    card = make_card(tmp_path / "cards" / "A003", {"A003C001.mov": 1000})
    assert reelkeep("settings", "set", "report.write", "false").code == 0
    answer = reelkeep("offload", card, "--to", tmp_path / "a", "--wanted-copies", 1, "--json")
    (job,) = answer.result["jobs"]
    assert (answer.code, job["report"]) == (0, "")

    folder = tmp_path / "reports"
    assert reelkeep("jobs", "report", job["job"], "--to", folder).code == 0
    assert {path.suffix for path in folder.iterdir()} >= {".html", ".pdf", ".csv"}


def test_a_folder_that_is_named_for_the_report_gets_one_all_the_same(reelkeep, tmp_path):
    card = make_card(tmp_path / "cards" / "A003", {"A003C001.mov": 1000})
    assert reelkeep("settings", "set", "report.write", "false").code == 0
    folder = tmp_path / "reports"
    to = ("--to", tmp_path / "a", "--wanted-copies", 1, "--report", folder)
    assert reelkeep("offload", card, *to).code == 0
    assert list(folder.glob("*.html"))
