"""Sound alone, as a player has it: dark frames for as long as it lasts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import ceil
from typing import cast

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame

from app.errors import MediaFault
from app.media.facts.refused import why_refused
from app.media.frames.decoder import Seen
from app.media.frames.opened import PATIENCE
from app.media.frames.source import ByteSource
from app.media.play.steady import steady_index

ASSUMED = Fraction(25)
"""Frames a second where no file tells by how many its sound is counted."""


class SoundFrames:
    """Sound alone: dark frames for as long as it lasts, so that it has places to go to."""

    def __init__(self, source: ByteSource, rate: Fraction | None) -> None:
        self.seen: Seen | None = None
        self.abandon: Callable[[], bool] | None = None
        by = rate or ASSUMED
        index = steady_index(max(1, ceil(_seconds_of(source) * by)), by)
        self.index = replace(index, assumed=rate is None)

    def frame(self, n: int) -> VideoFrame:
        """A dark frame."""
        return dark_frame()

    def key_frame(self, n: int) -> tuple[int, VideoFrame]:
        """The same."""
        return n, dark_frame()

    def close(self) -> None:
        """Nothing is kept open."""


def dark_frame() -> VideoFrame:
    """What is seen where there is only sound."""
    return VideoFrame.from_ndarray(np.full((90, 160), 17, np.uint8), format="gray")


def _seconds_of(source: ByteSource) -> Fraction:
    """How long a file's sound lasts. Raises MediaFault."""
    given = source.for_av()
    try:
        opened = av.open(given, metadata_errors="replace", timeout=PATIENCE)
        with cast(InputContainer, opened) as container:
            if not container.streams.audio or not container.duration:
                raise MediaFault(f"{source.name} holds no sound.")
            return Fraction(container.duration, av.time_base)
    except (av.FFmpegError, OSError, ValueError) as error:
        path = getattr(source, "path", None)
        raise MediaFault(why_refused(source.name, error, path)) from error
    finally:
        if not isinstance(given, str):
            given.close()
