"""`reelkeep doctor` says what is there, what is missing, and what to do about it."""

import av
import pytest

from app.cli import examination
from app.cli.examination import Weight, examine
from app.media.ffmpeg import program as media_program

BROKEN = "#!/bin/sh\n[ \"$2\" = -version ] && { echo 'ffmpeg version 0.1'; exit 0; }\nexit 1\n"
STUCK = "#!/bin/sh\nexec sleep 600\n"


@pytest.fixture
def program(tmp_path):
    def put(script: str) -> str:
        path = tmp_path / "ffmpeg"
        path.write_text(script)
        path.chmod(0o755)
        return str(path)

    return put


def found(name: str, findings):
    return next(f for f in findings if f.name == name)


def test_a_machine_that_has_all_is_well(reelkeep):
    answer = reelkeep("doctor", "--json")

    facts = {event.get("name"): event for event in answer.events}
    assert answer.code == 0
    assert answer.result == {"event": "result", "ok": True, "missing": []}
    assert facts["ffmpeg"]["fact"].startswith("ffmpeg version")
    assert facts["encoder prores_ks"]["state"] == "good"
    assert facts["Qt"]["fact"][0].isdigit()
    assert facts["PyAV"]["state"] == "good"
    assert facts["PyAV"]["fact"] == f"{av.__version__} with FFmpeg {av.ffmpeg_version_info}"


def test_every_absence_comes_with_what_to_do(reelkeep):
    for line in reelkeep("doctor").out.splitlines():
        mark, _name, _fact, remedy = line.split("\t")
        assert bool(remedy) is (mark != "✓")


def test_without_ffmpeg_it_says_so_and_exits_with_1(reelkeep, tmp_path):
    reelkeep("settings", "set", "media.ffmpeg", tmp_path / "absent")

    answer = reelkeep("doctor", "--json")

    assert answer.code == 1
    assert answer.result["missing"] == ["ffmpeg"]


def test_an_encoder_that_is_there_but_does_not_open_is_told(program):
    findings = examine(program(BROKEN))

    assert found("ffmpeg", findings).fact.startswith("ffmpeg version 0.1")
    encoder = found("encoder libx264", findings)
    assert (encoder.weight, encoder.fact) == (Weight.OPTIONAL, "does not open")
    assert encoder.remedy


def test_a_program_that_never_answers_is_told_as_broken(program, monkeypatch):
    monkeypatch.setattr(media_program, "SECONDS", 0.2)

    ffmpeg = found("ffmpeg", examine(program(STUCK)))

    assert ffmpeg.weight is Weight.MISSING
    assert ffmpeg.fact.endswith("does not start as ffmpeg")


def test_a_package_that_is_absent_is_missing():
    absent = examination._package("no-such-package-of-ours", "no-such")

    assert absent.weight is Weight.MISSING
    assert absent.remedy


def test_the_journal_is_looked_through_and_nothing_is_made(reelkeep, profile):
    facts = {e.get("name"): e for e in reelkeep("doctor", "--json").events}
    assert facts["Journal"]["fact"] == "none yet"
    assert facts["Profile"]["fact"].startswith(f"{profile}, ")
    assert not profile.joinpath("journal.sqlite").exists()

    reelkeep("jobs")
    facts = {e.get("name"): e for e in reelkeep("doctor", "--json").events}
    assert facts["Journal"]["fact"].endswith("0 jobs, read through and sound")
    assert facts["Journal"]["state"] == "good"


def test_a_damaged_journal_is_told_with_what_to_do_and_left_alone(reelkeep, profile):
    reelkeep("jobs")
    journal = profile / "journal.sqlite"
    journal.write_bytes(journal.read_bytes()[:4096] + b"\xff" * 8192)
    before = journal.read_bytes()

    answer = reelkeep("doctor", "--json")
    facts = {e.get("name"): e for e in answer.events}
    assert answer.code == 1
    assert "Journal" in answer.result["missing"]
    assert "damaged" in facts["Journal"]["fact"]
    assert "\n" not in facts["Journal"]["fact"]
    assert "keeps it aside" in facts["Journal"]["remedy"]
    assert journal.read_bytes() == before


def test_decoders_that_are_lacking_are_named(program):
    script = "#!/bin/sh\n[ \"$2\" = -decoders ] && { echo ' V..... h264 H.264'; exit 0; }\n"
    script += "echo ffmpeg version 7.0\n"
    decoders = found("decoders", examine(program(script)))
    assert decoders.weight is Weight.OPTIONAL
    assert "h264" not in decoders.fact
    assert "prores" in decoders.fact
