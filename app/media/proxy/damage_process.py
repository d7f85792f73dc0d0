"""The child of `damage`: decodes every frame of a clip and reports as ffmpeg does."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av

from app.errors import FrameFault, ReelkeepError
from app.media.facts.whole import whole_clip
from app.media.frames.footage import Footage, Row, footage_of
from app.media.frames.frame_index import FrameIndex
from app.media.frames.index import build_index
from app.media.frames.source import FileSource

_EVERY = 0.25
"""Seconds between two reports."""


def main(path: Path) -> None:
    """Say which frames cannot be given, counted from 0; none where nobody can tell."""
    av.logging.set_level(None)
    try:
        whole = whole_clip(path)
        with contextlib.closing(footage_of(whole, 0, Fraction(0), _index)) as footage:
            lost = list(_lost(footage))
    except (ReelkeepError, av.FFmpegError, OSError):
        lost = []
    print(f"frames={json.dumps(lost)}\nprogress=end", flush=True)


def _index(source: FileSource, track: int) -> FrameIndex:
    return build_index(source, track=track)


def _lost(footage: Footage) -> Iterator[int]:
    since = 0.0
    for n in range(footage.frames):
        if time.monotonic() - since > _EVERY:
            since = time.monotonic()
            print(f"frame={n}\nprogress=continue", flush=True)
        if isinstance(footage, Row) and not footage.has(n):
            continue  # that a row lacks it is said by its file's name
        try:
            footage.frame(n)
        except FrameFault:
            yield n


if __name__ == "__main__":
    main(Path(sys.argv[1]))
