"""`reelkeep report`: the report of a shooting day."""

from pathlib import Path

from offload_bench import make_card


def test_a_day_without_cards_is_reported_as_such(reelkeep):
    answer = reelkeep("report", "--day", "2026-11-20", "--json")

    assert answer.code == 0
    assert answer.result["sentence"] == "2026-11-20: no cards"
    assert answer.result["safe"] is False


def test_todays_cards_are_reported_with_the_days_number(reelkeep, tmp_path):
    card = make_card(tmp_path / "A003", {"A003C001.mov": 1000})
    reelkeep("offload", card, "--to", tmp_path / "a", "--wanted-copies", 1)
    day = reelkeep("report", "--json").result["day"]
    reelkeep("settings", "set", "project.first_day", day)
    answer = reelkeep("report", "--to", tmp_path / "papers")

    assert answer.out.splitlines()[0].startswith("A003  Folder, 1 clip, 1 file, 1.0 kB: SAFE")
    assert answer.out.splitlines()[-1] == "day 1: 1 card, 1 copy, safe"
    written = sorted(path.name for path in (tmp_path / "papers").iterdir())
    assert written == [f"Day_{day}.{ending}" for ending in ("csv", "html", "pdf")]


def test_reports_go_where_the_settings_say(reelkeep, tmp_path):
    reelkeep("settings", "set", "report.directory", tmp_path / "papers")
    answer = reelkeep("report", "--json")

    assert Path(answer.result["report"]).parent == tmp_path / "papers"


def test_a_day_that_is_no_date_is_bad_usage(reelkeep):
    assert reelkeep("report", "--day", "yesterday").code == 2
