"""Cameras count anew in each folder: clips of one name are told apart in reports."""

from __future__ import annotations

import csv
import shutil
import subprocess
from pathlib import Path

import pytest
from offload_bench import House, make_card, spec_for

from app.jobs.snapshot import JobState
from app.jobs.spec import JobId
from app.offload.evidence.clip_states import ClipNames
from app.offload.spec import OffloadSpec
from app.places.cards import Card, Clip

XF = {
    f"CONTENTS/CLIPS00{n}/AA0001/AA0001{ending}": size + n
    for n in (1, 2) for ending, size in ((".MXF", 7000), (".XML", 90))
}  # fmt: skip
DCIM = {f"DCIM/10{n}CANON/MVI_0001.MP4": 7000 + n for n in (0, 1)}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "profile")


def _offloaded(house: House, spec: OffloadSpec) -> JobId:
    with house.engine() as engine:
        done = engine.run(spec)
        assert done.state in {JobState.DONE, JobState.FAILED}
        return done.id


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (XF, ["CONTENTS/CLIPS001/AA0001/AA0001", "CONTENTS/CLIPS002/AA0001/AA0001"]),
        (DCIM, ["DCIM/100CANON/MVI_0001", "DCIM/101CANON/MVI_0001"]),
    ],
    ids=["xf", "dcim"],
)
def test_two_clips_of_one_name_are_two_rows_each_with_its_own_state(
    house: House, tmp_path: Path, files: dict[str, int], names: list[str]
) -> None:
    card = make_card(tmp_path / "A003", {**files, "CONTENTS/INDEX.MIF": 10})
    drive = tmp_path / "drive"
    second = [path for path in files if "2/" in path or "101" in path]
    lies = drive / "A003" / second[0]  # something else has its name there
    lies.parent.mkdir(parents=True)
    lies.write_bytes(b"other")
    job = _offloaded(house, spec_for(card, drive, report=tmp_path / "reports"))
    with house.engine() as engine:
        report = engine.report(job)
    assert [(clip.name, clip.state) for clip in report.clips] == [
        (names[0], "verified"),
        (names[1], "failed"),
    ]
    (html,), (pdf,), (table,) = (
        list((tmp_path / "reports").glob(f"*.{ending}")) for ending in ("html", "pdf", "csv")
    )
    with table.open(encoding="utf-8-sig", newline="") as stream:
        clips = {row["file"]: row["clip"] for row in csv.DictReader(stream)}
    for n, path in enumerate(files):
        assert clips[path] == names[n // (len(files) // 2)]
    assert clips["CONTENTS/INDEX.MIF"] == ""
    text = html.read_text(encoding="utf-8")
    assert all(f"{name}</" in text for name in names)
    if program := shutil.which("pdftotext"):
        shown = subprocess.run(
            [program, "-layout", pdf, "-"], capture_output=True, text=True, check=True
        ).stdout
        assert all(name[-12:] in shown for name in names)


def test_clips_of_one_name_in_one_folder_are_told_apart_by_their_files() -> None:
    clips = [
        Clip(name="A", files=("X/A.mov", "X/A.xml"), size=1),
        Clip(name="A", files=("X/A.wav",), size=1),
        Clip(name="B", files=("X/B.wav",), size=1),
    ]
    card = Card(root=Path("/c"), structure="folder", camera="", roll="", label="",
                clips=tuple(clips), size=3, files=4)  # fmt: skip
    assert [name for _, name in ClipNames(card)] == ["X/A.mov", "X/A.wav", "B"]
