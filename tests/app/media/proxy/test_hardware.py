"""A device is used once it has proven itself, and done without when it fails.

There is none on most machines that run the tests: a program stands in for it that calls itself
h264_nvenc, and encodes well, badly, or until half-way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from proxy_bench import proxies_of, shown_by_ffprobe

from app.engine import Engine
from app.jobs.snapshot import JobState
from app.media.facts.values import VideoTrack
from app.media.ffmpeg.program import find_program
from app.media.proxy import hardware
from app.media.proxy.graph import Way
from app.media.proxy.recipes import recipe_named
from app.media.proxy.rungs import rungs_of

DEVICE = """#!/bin/bash
# Takes the options of h264_nvenc, and has libx264 do it {quality}
args=()
for word; do
  case $word in
    h264_nvenc) args+=(libx264 -preset ultrafast {quality}); device=1 ;;
    -rc|-cq|-no-scenecut) skip=1; continue ;;
    -hwaccel*) exit 1 ;;
    *) if [ -n "$skip" ]; then skip=; continue; fi; args+=("$word") ;;
  esac
  [[ $word = *.part ]] && real=1
done
{then}
exec ffmpeg "${{args[@]}}"
"""
HALF_WAY = (
    '[ -n "$device$real" ] && [ "$device$real" = 11 ] && { ffmpeg -t 0.5 "${args[@]}"; exit 1; }'
)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setattr(hardware, "any_device", lambda: True)
    with Engine(tmp_path / "profile") as made:
        yield made


@pytest.fixture
def device(engine: Engine, tmp_path: Path) -> Callable[..., str]:
    """Puts a program in ffmpeg's place."""

    def put(quality: str = "", then: str = "") -> str:
        path = tmp_path / "ffmpeg"
        path.write_text(DEVICE.format(quality=quality, then=then))
        path.chmod(0o755)
        engine.settings.set("media.ffmpeg", str(path))
        return str(path)

    return put


def proven(path: str) -> bool:
    program = find_program(path)
    return hardware.proven_encoder(program.path, program.words, "h264_nvenc")


def test_one_that_proves_itself_is_used_and_named(engine, device, camera_clip, tmp_path):
    device()
    ended, (result,) = proxies_of(engine, camera_clip, to=tmp_path / "out")
    assert ended.state is JobState.DONE, result.trouble
    assert [proxy.way for proxy in result.proxies] == ["h264_nvenc"]
    assert shown_by_ffprobe(result.proxies[0].path).keys == (0, 12, 24, 36, 48)


def test_one_that_spoils_pictures_or_loses_some_is_not_used(engine, device, camera_clip, tmp_path):
    assert proven(device())
    hardware.proven_encoder.cache_clear()
    assert not proven(device(quality="-vf negate"))
    hardware.proven_encoder.cache_clear()
    assert not proven(device(quality="-frames:v 9"))
    _, (result,) = proxies_of(engine, camera_clip, to=tmp_path / "out")
    assert [proxy.way for proxy in result.proxies] == ["libx264"]


def test_a_trial_that_was_cut_short_is_no_answer_and_is_made_again(engine, device, tmp_path):
    once = tmp_path / "once"
    path = device(
        then=f'[[ "$*" = *-version ]] || [ -e "{once}" ] || {{ touch "{once}"; kill -9 $$; }}'
    )
    program = find_program(path)
    assert hardware.proven_encoders(program) == ()
    assert once.exists()
    assert hardware.proven_encoders(program) == ("h264_nvenc",)


def test_one_that_fails_half_way_is_done_without_and_that_is_said(
    engine, device, camera_clip, tmp_path
):
    device(then=HALF_WAY)
    ended, (result,) = proxies_of(engine, camera_clip, to=tmp_path / "out")
    assert ended.state is JobState.DONE, result.trouble
    assert [proxy.way for proxy in result.proxies] == ["libx264"]
    (note,) = result.notes
    assert note.startswith("h264_nvenc failed, so it was made without: ")
    assert shown_by_ffprobe(result.proxies[0].path).frames == 60
    assert ended.work_done == ended.work_total == 60


def test_of_a_device_that_decodes_no_more_is_said_than_is_proven():
    track = VideoTrack(index=0, codec="h264", width=640, height=360)
    (rung,) = rungs_of(track, [recipe_named("thumbnail")])
    assert Way().name_for(rung) == "libx264"
    assert Way(decoder="cuda").name_for(rung) == "libx264, decoded by cuda where it could"


def test_nobody_is_tried_who_does_not_want_it(engine, device, camera_clip, tmp_path):
    device()
    engine.settings.set("media.hardware", "off")
    _, (result,) = proxies_of(engine, camera_clip, to=tmp_path / "out")
    assert [proxy.way for proxy in result.proxies] == ["libx264"]


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """What was proven of one program says nothing of the next one under its name."""
    hardware.proven_encoder.cache_clear()
    yield
    hardware.proven_encoder.cache_clear()
