"""Files of one name in one folder: each is a clip, but for the small version a camera made."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from clip_bench import H264, SOUND, Clips

from app.media.facts import forms
from app.media.facts.folder import clips_below
from app.media.facts.probe import probe
from app.media.products.names import names_of
from app.media.products.sources import sources_of

BEGIN = ("-timecode", "01:00:00:00")


def in_one_folder(folder: Path, **files: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for ending, path in files.items():
        shutil.copy(path, folder / f"A.{ending}")
    return folder


def listed(folder: Path) -> list[list[str]]:
    return [[part.name for part in clip.parts] for clip in clips_below(folder).clips]


def asked_for(folder: Path, *, every_form: bool) -> list[str]:
    return sorted(path.name for path in sources_of([folder], every_form=every_form).clips)


@pytest.mark.parametrize(
    ("other", "seconds"),
    [(("-timecode", "01:00:00:00"), "3"), (("-timecode", "01:00:05:00"), "2"), ((), "2")],
    ids=["of another length", "of another time", "without a timecode"],
)
def test_another_clip_of_the_same_name_is_a_clip(
    clips: Clips, tmp_path: Path, other: tuple[str, ...], seconds: str
) -> None:
    folder = in_one_folder(
        tmp_path / "in",
        mov=clips("a.mov", *H264, *BEGIN, seconds="2"),
        mp4=clips("a.mp4", *H264, *other, seconds=seconds),
    )
    assert listed(folder) == [["A.mov"], ["A.mp4"]]
    for every_form in (False, True):
        assert asked_for(folder, every_form=every_form) == ["A.mov", "A.mp4"]
    for name in ("A.mov", "A.mp4"):
        facts = probe(folder / name)
        assert (facts.parts, facts.sidecars) == ((), ())
        assert [clip.path.name for clip in clips_below(folder / name).clips] == [name]


def test_the_small_version_of_a_camera_belongs_to_its_clip(clips: Clips, tmp_path: Path) -> None:
    small = clips("a.mp4", *H264, "-vf", "scale=160:90", *BEGIN, seconds="2")
    folder = in_one_folder(
        tmp_path / "in", mov=clips("a.mov", *H264, *BEGIN, seconds="2"), mp4=small
    )
    assert listed(folder) == [["A.mov", "A.mp4"]]
    assert asked_for(folder, every_form=False) == ["A.mov"]
    assert asked_for(folder, every_form=True) == ["A.mov", "A.mp4"]


def test_sound_of_the_same_name_is_a_clip_and_takes_no_name_away(
    clips: Clips, tmp_path: Path
) -> None:
    folder = in_one_folder(
        tmp_path / "in", mov=clips("a.mov", *H264), wav=clips("a.wav", inputs=SOUND)
    )
    (folder / "A.xml").write_text("<a/>")
    assert sorted(listed(folder)) == [["A.mov"], ["A.wav"]]
    assert asked_for(folder, every_form=False) == ["A.mov", "A.wav"]
    assert probe(folder / "A.mov").sidecars == ("A.xml",)
    names = sources_of([folder]).names
    assert str(names_of(names, sounds=False)[folder / "A.mov"]) == "A"
    assert str(names_of(names)[folder / "A.mov"]) == "A_mov"


def test_a_transport_stream_is_listed_beside_its_remuxed_copy(clips: Clips, tmp_path: Path) -> None:
    folder = in_one_folder(tmp_path / "in", mkv=clips("a.mkv", *H264), ts=clips("a.ts", *H264))
    assert listed(folder) == [["A.mkv"], ["A.ts"]]
    assert probe(folder / "A.mkv").sidecars == ()


def test_what_does_not_answer_is_a_clip_of_its_own_and_the_others_are_told(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "PATIENCE", 4)
    movie = clips("a.mov", *H264, *BEGIN, seconds="2")
    folder = in_one_folder(tmp_path / "in", mov=movie, mp4=movie)
    pipe = folder / "A.m4v"
    os.mkfifo(pipe)
    forms.look_at([pipe, folder / "A.mov", folder / "A.mp4"])
    files = [pipe, folder / "A.mov", folder / "A.mp4"]
    assert forms.recordings(files) == [files[:1], files[1:]]
