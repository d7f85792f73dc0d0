"""A clip with one file for each picture, as a player has it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame

from app.errors import FrameFault, MediaFault
from app.media.facts.row import Pictures, ending
from app.media.facts.sequence import FORMATS, row_facts
from app.media.frames.asked_child import AskedChild, NoAnswer
from app.media.frames.decoder import Seen
from app.media.frames.footage import Row
from app.media.play.steady import steady_index

PATIENCE = 30.0
"""Seconds that the child may take over one picture."""


class RowFrames:
    """A row of pictures: each frame is a file.

    With *aside* they are decoded by a child process, which may die of one: any may be damaged.
    """

    def __init__(self, pictures: Pictures, *, aside: bool = False) -> None:
        rate = _rate_of(pictures)
        self._row = Row(pictures, rate)
        self._child = AskedChild("app.media.play.row_process", PATIENCE) if aside else None
        self._deadly: dict[int, FrameFault] = {}
        """Pictures that the child has died of, which are not tried again."""
        self.seen: Seen | None = None
        self.abandon: Callable[[], bool] | None = None
        self.index = steady_index(self._row.frames, rate)

    def frame(self, n: int) -> VideoFrame:
        """Frame *n*, or FrameFault."""
        path = self._row.path_of(n)
        if self._child is None or ending(path.name) not in FORMATS:
            return self._row.frame(n)
        if (fault := self._deadly.get(n)) is not None:
            raise fault
        try:
            told, data = self._child.ask_for_bytes({"path": str(path)})
        except NoAnswer as none:
            fault = FrameFault(f"Frame {n} cannot be given: {path} {none}", path=path)
            if not none.hung:
                self._deadly[n] = fault
            raise fault from none
        if why := told.get("fault"):
            raise FrameFault(f"Frame {n}, {path}, cannot be given: {why}.", path=path)
        return _built(told, data) if data else self._row.frame(n)

    def key_frame(self, n: int) -> tuple[int, VideoFrame]:
        """Frame *n* itself."""
        return n, self.frame(n)

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.close()


def _built(told: Mapping[str, Any], data: bytes) -> VideoFrame:
    """The frame that the child has decoded."""
    width, height = told["size"]
    frame = VideoFrame(width, height, told["form"])
    frame.colorspace, frame.color_range = told["tags"]
    at = 0
    for plane, line in zip(frame.planes, told["lines"], strict=True):
        came = np.frombuffer(data, np.uint8, line * plane.height, at).reshape(plane.height, line)
        at += came.size
        if line != plane.line_size:
            wide = np.zeros((plane.height, plane.line_size), np.uint8)
            both = min(line, plane.line_size)
            wide[:, :both] = came[:, :both]
            came = wide
        plane.update(came)  # type: ignore[arg-type]  # any buffer will do
    return frame


def _rate_of(pictures: Pictures) -> Fraction:
    """As the header of its first picture says; 0 where it doesn't."""
    with contextlib.suppress(MediaFault, OSError, av.FFmpegError):
        picture = row_facts(pictures).picture
        return picture.rate if picture is not None else Fraction(0)
    return Fraction(0)
