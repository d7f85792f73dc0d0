"""The trial material is what real cards are: structure, timecode, sidecars, recording times."""

import json
import subprocess

import pytest

from app.cli import run
from app.demo import MARKER
from app.demo.arri_card import SHOTS
from app.places.cards import recognise
from app.settings import Settings


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    place = tmp_path_factory.mktemp("demo") / "material"
    profile = tmp_path_factory.mktemp("demo-profile")
    assert run(["--profile", str(profile), "demo", str(place)], lambda **_: 0) == 0
    return place


def probe(path):
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", path],
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_the_camera_card_is_recognised_complete(material):
    card = recognise(material / "cards" / "A003")

    assert (card.structure, card.roll, card.camera) == ("arri", "A003", "ARRI ALEXA Mini")
    assert [clip.name for clip in card.clips] == [shot.name for shot in SHOTS]
    assert not card.findings
    assert not any(clip.missing for clip in card.clips)
    assert f"{card.first_recorded:%Y-%m-%d %H:%M:%S}" == "2026-11-20 14:03:22"


def test_the_sound_card_is_recognised(material):
    card = recognise(material / "cards" / "SOUND_12")

    assert card.structure == "sound-devices"
    assert len(card.clips) == 3
    assert f"{card.first_recorded:%H:%M:%S}" == "14:03:20"


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
def test_every_clip_has_its_timecode_reel_and_length(material, shot):
    facts = probe(material / "cards" / "A003" / "A003R2EC" / f"{shot.name}.mov")

    video = next(s for s in facts["streams"] if s["codec_type"] == "video")
    assert video["codec_name"] == "prores"
    assert int(video["nb_frames"]) == shot.frames
    assert video["tags"]["timecode"] == f"{shot.begins}:00"
    assert {s["tags"].get("reel_name") for s in facts["streams"]} & {"A003R2EC"}


def test_a_sound_take_has_four_channels_and_the_time_of_day(material):
    facts = probe(material / "cards" / "SOUND_12" / "26-11-20" / "12A-T001.WAV")

    assert facts["streams"][0]["channels"] == 4
    tags = facts["format"]["tags"]
    assert int(tags["time_reference"]) == (14 * 3600 + 3 * 60 + 20) * 48_000
    assert tags["creation_time"] == "14:03:20"


def test_there_is_litter_to_ignore_and_a_profile_to_work_with(material):
    assert (material / "cards" / "A003" / ".DS_Store").is_file()
    settings = Settings.load(material / "profile" / "settings.toml")

    assert settings.warnings == ()
    assert settings.get("offload.wanted_copies") == 1
    for drive in settings.get("offload.last_destinations"):
        assert (material / "drives").samefile(drive.rpartition("/")[0])


def test_material_that_is_there_is_kept(material, reelkeep):
    before = {path: path.stat().st_mtime_ns for path in material.rglob("*") if path.is_file()}

    answer = reelkeep("demo", material, "--json")

    assert [event["made"] for event in answer.events[:-1]] == [False] * 3
    assert answer.result["cards"] == [str(material / "cards" / n) for n in ("A003", "SOUND_12")]
    del before[material / MARKER]
    assert all(path.stat().st_mtime_ns == then for path, then in before.items())


def test_what_an_interrupted_run_left_out_is_made(tmp_path, reelkeep):
    marker = tmp_path / MARKER
    marker.write_text(json.dumps({"edition": 1, "parts": ["arri-card", "workplace"]}))

    answer = reelkeep("demo", tmp_path, "--json")

    assert answer.code == 0
    assert [e["key"] for e in answer.events if e.get("made")] == ["sound-card"]


def test_a_take_comes_out_the_same_at_every_run(material, tmp_path, reelkeep):
    (tmp_path / MARKER).write_text(json.dumps({"edition": 1, "parts": ["arri-card", "workplace"]}))
    reelkeep("demo", tmp_path)

    for first in (material / "cards" / "SOUND_12").rglob("*.WAV"):
        assert (tmp_path / first.relative_to(material)).read_bytes() == first.read_bytes()


@pytest.mark.parametrize("litter", ["film.mov", MARKER])
def test_a_folder_with_anything_else_is_refused_and_not_touched(tmp_path, reelkeep, litter):
    (tmp_path / litter).write_text("mine")

    answer = reelkeep("demo", tmp_path)

    assert answer.code == 2
    assert "is not empty" in answer.err
    assert [path.name for path in tmp_path.iterdir()] == [litter]
    assert (tmp_path / litter).read_text() == "mine"


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path, reelkeep):
    (tmp_path / "file").write_text("mine")

    assert reelkeep("demo", tmp_path / "file").code == 2


def test_material_of_another_edition_is_refused(tmp_path, reelkeep):
    (tmp_path / MARKER).write_text('{"edition": 0, "parts": []}')

    answer = reelkeep("demo", tmp_path)

    assert answer.code == 2
    assert "another edition" in answer.err


def test_without_ffmpeg_it_says_how_to_get_it(tmp_path, reelkeep):
    reelkeep("settings", "set", "media.ffmpeg", tmp_path / "absent")

    answer = reelkeep("demo", tmp_path / "material")

    assert answer.code == 2
    assert "There is no program" in answer.err
    assert "settings set media.ffmpeg" in answer.err
