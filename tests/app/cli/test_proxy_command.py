"""`reelkeep proxy`, as scripts and people see it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from clip_bench import H264, PICTURE, SOUND, Clips
from proxy_bench import shown_by_ffprobe


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    """Makes clips."""
    return Clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture
def clip(clips: Clips) -> Path:
    return clips(
        "A003C001.mov",
        *(*H264, "-g", "24", "-c:a", "pcm_s24le", "-timecode", "10:20:30:00"),
        inputs=(*PICTURE, *SOUND),
    )


def test_a_preview_is_made_and_told(reelkeep, clip, tmp_path):
    answer = reelkeep("proxy", clip, "--size", "preview", "--to", tmp_path / "out", "--json")
    made = tmp_path / "out" / "preview-180" / "A003C001.mp4"
    assert answer.code == 0
    assert answer.result["frames"] == 25
    (told,) = [event for event in answer.events if event["event"] == "clip"]
    assert [proxy["path"] for proxy in told["proxies"]] == [str(made)]
    facts = shown_by_ffprobe(made)
    assert (facts.frames, facts.rate, facts.timecode) == (25, "25/1", "10:20:30:00")
    progress = [event for event in answer.events if event["event"] == "progress"]
    assert {event["unit"] for event in progress[1:]} == {"frames"}
    assert progress[-1]["size"] == 25


def test_a_dry_run_writes_nothing(reelkeep, clip, tmp_path):
    answer = reelkeep("proxy", clip, "--to", tmp_path / "out", "--dry-run")
    assert answer.code == 0
    assert str(tmp_path / "out" / "preview-180" / "A003C001.mp4") in answer.out
    assert not (tmp_path / "out").exists()


def test_a_finished_proxy_is_not_made_again(reelkeep, clip):
    reelkeep("proxy", clip)
    answer = reelkeep("proxy", clip)
    assert answer.code == 0
    assert f"{clip}: there already" in answer.out.splitlines()
    assert "25 frames, " in reelkeep("proxy", clip, "--anew").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--size", "huge"], '"huge" is no size. There are: thumbnail, preview, editorial.'),
        (["--recipe", "none"], 'There is no recipe "none".'),
        (["--burn-in", "date"], '"date" cannot be burnt in.'),
        (["--lut", "absent.cube"], "cannot be read: No such file or directory."),
        (["--height", "7"], "is not a whole number from 16"),
        (["--to", ""], "'--to': It is empty."),
    ],
)
def test_what_makes_no_sense_is_refused(reelkeep, clip, arguments, words):
    answer = reelkeep("proxy", clip, *arguments)
    assert answer.code == 2
    assert words in answer.err


def test_a_clip_that_is_not_there_is_refused(reelkeep, tmp_path):
    answer = reelkeep("proxy", tmp_path / "absent.mov")
    assert answer.code == 2
    assert answer.err == f"Not found: There is no file {tmp_path / 'absent.mov'}.\n"


def test_one_bad_clip_does_not_stop_the_others(reelkeep, clip, tmp_path):
    bad = tmp_path / "bad.mov"
    bad.write_bytes(b"no clip at all")
    answer = reelkeep("proxy", bad, clip, "--to", tmp_path / "out")
    assert answer.code == 1
    assert str(bad) in answer.err
    assert (tmp_path / "out" / "preview-180" / "A003C001.mp4").exists()


def test_the_cache_is_tidied_down_to_its_limit(reelkeep, clip, tmp_path):
    reelkeep("proxy", clip, "--size", "thumbnail")
    reelkeep("settings", "set", "proxies.limit", "1000")
    shown = reelkeep("proxy", "--tidy", "--dry-run", "--json").result
    assert (shown["gone"], shown["after"]) == (1, 0)
    (looks := tmp_path / "profile" / "media" / "looks").mkdir(parents=True)
    (looks / "a.json").write_bytes(bytes(2000))
    os.utime(looks / "a.json", (1, 1))
    reelkeep("settings", "set", "media.memory", "1500")
    row, told, kept = reelkeep("proxy", "--tidy", "--dry-run").out.splitlines()
    size = re.fullmatch(rf"would go +(\S+ kB)  thumbnail of {re.escape(str(clip))}", row)
    assert size is not None
    assert told == f"The cache holds {size[1]}, 0 B would be left; its limit is 1.0 kB."
    assert kept == (
        "1 file, 2.0 kB, would go of what is remembered of clips, 0 B would be left;"
        " the limit is 1.5 kB."
    )
    assert reelkeep("proxy", "--tidy", "--json").result["gone"] == 1
    assert reelkeep("proxy", "--tidy", "--json").result["gone"] == 0
    assert reelkeep("proxy", "--tidy").out == (
        "The cache holds 0 B; its limit is 1.0 kB.\n"
        "0 B are remembered of clips; the limit is 1.5 kB.\n"
    )
