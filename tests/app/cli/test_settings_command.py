"""`reelkeep settings` and `reelkeep log`."""

import json

import pytest

from app.log import job_log, start_log, stop_log
from app.places.volumes import volumes
from app.settings import Settings


def test_a_value_that_is_set_is_shown_with_where_it_comes_from(reelkeep, profile):
    assert reelkeep("settings", "set", "offload.hash", "xxh64", "c4").code == 0

    answer = reelkeep("settings", "get", "offload.hash", "--json")

    assert answer.result["value"] == ["xxh64", "c4"]
    assert answer.result["origin"] == f"profile {profile / 'settings.toml'}"
    assert reelkeep("settings", "get", "offload.hash").out == "xxh64\nc4\n"


def test_a_value_that_is_forgotten_is_built_in_again(reelkeep):
    reelkeep("settings", "set", "log.keep", "9")

    answer = reelkeep("settings", "unset", "log.keep")

    assert answer.out == "log.keep = 5, built in\n"


def test_a_day_is_shown_as_people_write_it(reelkeep):
    reelkeep("settings", "set", "project.first_day", "2026-11-09")

    assert reelkeep("settings", "get", "project.first_day").out == "2026-11-09\n"
    assert reelkeep("--json", "settings", "get", "project.first_day").result["value"] == (
        "2026-11-09"
    )


def test_what_makes_no_sense_is_refused_and_nothing_is_written(reelkeep, profile):
    answer = reelkeep("settings", "set", "offload.wanted_copies", "none")

    assert answer.code == 2
    assert "expects a whole number from 1 to 99, not 'none'" in answer.err
    assert not (profile / "settings.toml").exists()


def test_every_setting_is_listed_with_what_it_is_for(reelkeep):
    people = reelkeep("settings", "list").out
    scripts = reelkeep("settings", "list", "--json").events

    assert "offload.wanted_copies = 2\n    On how many devices" in people
    assert {e["key"] for e in scripts[:-1]} >= {"log.keep", "offload.ignore"}
    assert scripts[-1]["event"] == "result"


def test_an_unknown_key_in_the_file_is_told_on_stderr(reelkeep, profile):
    profile.mkdir()
    (profile / "settings.toml").write_text("[log]\nkept = 3\n")

    answer = reelkeep("settings", "get", "log.keep")

    assert answer.out == "5\n"
    assert "Did you mean log.keep?" in answer.err


def test_the_log_shows_the_end_or_all_of_one_job(reelkeep, profile):
    handler = start_log(profile / "log")
    for number in range(300):
        job_log("AF1ADD" if number % 100 == 0 else "0B0B0B").info("Copied %d", number)
    stop_log(handler)

    assert len(reelkeep("log").out.splitlines()) == 200
    assert reelkeep("log", "--lines", "1").out.endswith("Copied 299\n")
    of_job = reelkeep("log", "af1add", "--json").events
    assert [e["text"].split()[-1] for e in of_job[:-1]] == ["0", "100", "200"]
    assert of_job[-1]["lines"] == 3


def test_a_job_that_the_log_does_not_know_is_said(reelkeep, profile):
    stop_log(start_log(profile / "log"))

    answer = reelkeep("log", "AF1ADD")

    assert answer.code == 2
    assert "Nothing of the job AF1ADD is in the log" in answer.err


@pytest.mark.root
def test_a_declared_device_of_no_connected_volume_is_said(reelkeep, bench):
    point = bench.ext4("raid", "DECLARED")
    odd = reelkeep("settings", "set", "devices.declared", "DECLARED=raid-a", "NOSUCH=foo")
    (volume,) = [one for one in volumes() if one.mount_point == point]

    assert odd.code == 0
    assert f"DECLARED is no volume that is connected now. Did you mean {point} or " in odd.err
    assert "NOSUCH is no volume that is connected now. Name one by its mount point" in odd.err
    for key in (point, volume.identity):
        assert reelkeep("settings", "set", "devices.declared", f"{key}=raid-a").err == ""


def test_presets_are_shown_as_json_a_line_each(reelkeep, profile):
    preset = {"name": "Tag 1, Köln", "destinations": [{"path": "/mnt/raid", "flush": False}]}
    Settings.load(profile / "settings.toml").set("offload.presets", [preset])
    (line,) = reelkeep("settings", "get", "offload.presets").out.splitlines()

    assert json.loads(line) == preset
    assert "Köln" in line
