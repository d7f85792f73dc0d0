"""`reelkeep verify`, as scripts and people see it."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import html
from offload_bench import SMALL_CARD, make_card, wait_for
from verify_bench import change, generations

CLIP = "CLIPS/A003C001.mov"


@pytest.fixture
def copies(reelkeep, tmp_path: Path) -> tuple[Path, Path]:
    """Two copies of a card, offloaded by the command line."""
    card = make_card(tmp_path / "card" / "A003", SMALL_CARD)
    places = (tmp_path / "one", tmp_path / "two")
    for place in places:
        place.mkdir()
    reelkeep("offload", card, "--to", places[0], "--to", places[1], "--name", "A003",
             "--wanted-copies", 1)  # fmt: skip
    return places[0] / "A003", places[1] / "A003"


def test_a_whole_copy_is_exit_0(reelkeep, copies) -> None:
    answer = reelkeep("verify", copies[0])
    assert answer.code == 0
    assert answer.err == ""
    assert answer.out.splitlines()[-1] == "6 files verified, nothing differs."
    assert str(generations(copies[0])[-1]) in answer.out


def test_differences_are_exit_1_and_named_on_stderr(reelkeep, copies) -> None:
    change(copies[0] / CLIP)
    (copies[0] / "index.xml").unlink()
    (copies[0] / "new\nfile.txt").write_text("x")
    (copies[0] / "SOUND/T001.wav").rename(copies[0] / "SOUND/T002.wav")
    answer = reelkeep("verify", copies[0])
    assert answer.code == 1
    lines = answer.err.splitlines()
    assert any(line.startswith(f"  changed    {CLIP}: xxh64 ") for line in lines)
    assert "  missing    index.xml" in lines
    assert "  new        new\\nfile.txt" in lines
    assert "  renamed    SOUND/T002.wav, was SOUND/T001.wav" in lines
    assert lines[-1].startswith("4 files differ (1 changed, 1 missing, 1 renamed, 1 new)")


def test_scripts_get_every_difference_and_the_result_as_json(reelkeep, copies) -> None:
    (copies[0] / os.fsdecode(b"bad \xff.txt")).write_text("x")
    change(copies[0] / CLIP)
    answer = reelkeep("verify", copies[0], "--json")
    assert answer.code == 1
    files = {event["path"]: event["state"] for event in answer.events if event["event"] == "file"}
    assert files == {CLIP: "changed", os.fsdecode(b"bad \xff.txt"): "new"}
    result = answer.result
    assert (result["event"], result["ok"], result["exit_code"]) == ("result", False, 1)
    assert (result["verified"], result["cached"], result["differences"]) == (5, 0, 2)
    assert result["parts"][0]["generation"] == str(generations(copies[0])[-1])


def test_the_verdict_of_an_offload_that_loses_a_copy_is_said(reelkeep, copies) -> None:
    for copy in copies:
        change(copy / CLIP)
    assert "KEEP" not in reelkeep("verify", copies[0]).err  # the other copy still is enough
    answer = reelkeep("verify", copies[1])
    assert "KEEP, 0 of 1 copies verified now, SAFE TO FORMAT before" in answer.err


@pytest.mark.parametrize("place", ["nowhere", "", "card/A003/index.xml"])
def test_a_place_without_a_history_is_exit_2(reelkeep, copies, tmp_path, place) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    answer = reelkeep("verify", tmp_path / place if place else empty, "--json")
    assert answer.code == 2
    assert answer.result["ok"] is False
    assert answer.result["error"]


def test_a_dry_run_says_what_would_be_read_and_writes_nothing(reelkeep, copies) -> None:
    before = generations(copies[0])
    answer = reelkeep("verify", copies[0], "--dry-run")
    assert answer.code == 0
    assert "6 files, 11.6 MB" in answer.out
    assert "its ASC MHL history" in answer.out
    assert reelkeep("verify", copies[0], "--dry-run", "--json").result["files"] == 6
    assert generations(copies[0]) == before


def test_repair_from_another_copy_is_exit_0_once_all_is_whole(reelkeep, copies) -> None:
    change(copies[0] / CLIP)
    answer = reelkeep("verify", copies[0], "--repair-from", copies[1])
    assert answer.code == 0
    assert "changed, repaired" in answer.err
    assert "the damaged file is kept as CLIPS/A003C001.mov.damaged-" in answer.err
    assert "1 file repaired" in answer.out
    assert (copies[0] / CLIP).read_bytes() == (copies[1] / CLIP).read_bytes()
    assert reelkeep("verify", copies[0]).code == 0


def test_repair_from_itself_is_exit_2(reelkeep, copies) -> None:
    assert reelkeep("verify", copies[0], "--repair-from", copies[0]).code == 2


def test_an_altered_history_is_exit_1_and_named(reelkeep, copies) -> None:
    manifest = generations(copies[0])[0]
    manifest.write_bytes(manifest.read_bytes() + b" ")
    answer = reelkeep("verify", copies[0])
    assert answer.code == 1
    assert manifest.name in answer.err


def test_a_verify_that_found_something_can_be_tried_again(reelkeep, copies) -> None:
    change(copies[0] / CLIP)
    job = reelkeep("verify", copies[0], "--json").result["job"]
    again = reelkeep("jobs", "retry", job)
    assert again.code == 1
    assert f"{CLIP} is changed" in again.err
    change(copies[0] / CLIP)  # back again
    answer = reelkeep("jobs", "retry", job, "--json")
    assert answer.code == 0
    (facts,) = answer.result["jobs"]
    assert (facts["kind"], facts["state"], facts["error"]) == ("verify", "done", "")
    assert job in reelkeep("jobs").out


def test_control_c_cancels_with_130_and_leaves_the_history_as_it_was(
    copies, tmp_path, profile
) -> None:
    os.truncate(copies[0] / CLIP, 300 << 30)  # holes, but whoever reads them needs minutes
    before = generations(copies[0])
    out = tmp_path / "out"
    with out.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "--profile", profile, "verify", copies[0], "--json"],
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd=Path(__file__).parents[3],
        )
        wait_for(
            lambda: '"state": "running"' in out.read_text() or process.poll() is not None,
            "it runs",
        )
        process.send_signal(signal.SIGINT)
        code = process.wait(60)
    assert code == 130, out.read_text()
    assert generations(copies[0]) == before


def cells_of(report: Path) -> list[tuple[str, str]]:
    """State and file of every row of the differences."""
    rows = html.parse(report).xpath('//table[@class="differences"]/tbody/tr')
    return [(r.xpath("string(td[1])"), r.xpath('string(td[2]/span[@class="path"])')) for r in rows]


def test_a_verification_has_a_report_that_names_every_difference(
    reelkeep, copies, tmp_path
) -> None:
    change(copies[0] / CLIP)
    (copies[0] / "index.xml").unlink()
    (copies[0] / "=new\nfile.txt").write_text("x")
    (copies[0] / "SOUND/T001.wav").rename(copies[0] / "SOUND/T002.wav")
    found = reelkeep("verify", copies[0], "--json").result
    report = Path(found["report"])
    assert report.name.startswith("Verify_A003")
    assert sorted(cells_of(report)) == [
        ("!new", "=new\\nfile.txt"),
        ("!renamed", "SOUND/T002.wav"),
        ("✕changed", CLIP),
        ("✕missing", "index.xml"),
    ]
    page = html.parse(report).xpath("string(//body)")
    assert "4 files differ: 1 changed, 1 missing, 1 renamed, 1 new." in page
    assert "KEEP, 0 of 1 copies verified now" not in page  # the other copy is whole
    assert "was SOUND/T001.wav" in page
    assert Path(found["parts"][0]["generation"]).name in page
    assert report.with_suffix(".pdf").read_bytes().startswith(b"%PDF-")
    rows = list(csv.DictReader(report.with_suffix(".csv").open(encoding="utf-8-sig", newline="")))
    assert {row["file"]: row["state"] for row in rows} == {
        CLIP: "changed", "index.xml": "missing", "'=new\\nfile.txt": "new",
        "SOUND/T002.wav": "renamed",
    }  # fmt: skip
    assert {(row["files_read"], row["files_verified"]) for row in rows} == {("6", "4")}

    report.unlink()
    told = reelkeep("report", found["job"].lower()).out.splitlines()
    assert told[0] == str(report)
    assert told[1] == found["sentence"]
    elsewhere = reelkeep("jobs", "report", found["job"], "--to", tmp_path / "else", "--json").result
    assert not elsewhere["good"]
    assert cells_of(Path(elsewhere["report"])) == cells_of(report)


def test_the_report_of_a_whole_copy_says_so(reelkeep, copies) -> None:
    found = reelkeep("verify", copies[0], "--json").result
    page = html.parse(found["report"])
    assert cells_of(Path(found["report"])) == []
    assert page.xpath('string(//div[@class="verdict day safe"]/strong)') == f"✓ {found['sentence']}"
    assert "Every recorded file is there, under its name" in page.xpath("string(//body)")
    (row,) = csv.DictReader(
        Path(found["report"]).with_suffix(".csv").open(encoding="utf-8-sig", newline="")
    )
    assert (row["files_verified"], row["state"], row["file"]) == ("6", "verified", "")


def test_a_report_of_a_job_and_a_day_at_once_is_bad_usage(reelkeep, copies) -> None:
    job = reelkeep("verify", copies[0], "--json").result["job"]
    assert reelkeep("report", job, "--day", "2026-11-20").code == 2
