"""Clips for the tests of media."""

from __future__ import annotations

from pathlib import Path

import pytest
from clip_bench import H264, PICTURE, SOUND, Clips


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    """Makes clips."""
    return Clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="session")
def camera_clip(clips: Clips) -> Path:
    """29.97 drop-frame, two named tracks, a reel, two seconds before the hour."""
    return clips(
        "A003C001.mov",
        *("-map", "0", "-map", "1", "-map", "2"),
        *(*H264, "-g", "12", "-c:a", "pcm_s24le", "-timecode", "00:59:58;00"),
        *("-metadata:s:v:0", "reel_name=A003R1"),
        *("-metadata:s:a:0", "handler_name=Boom", "-metadata:s:a:1", "handler_name=Lav"),
        inputs=(*PICTURE, *SOUND, *SOUND),
        rate="30000/1001",
        seconds="2",
    )
