"""The child of `RowFrames`: decodes one picture of a row after the other, until its parent goes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import av
from av.video.frame import VideoFrame

from app.media.facts.opened import opened
from app.media.facts.probe_process import hold_back
from app.media.facts.row import ending
from app.media.facts.sequence import FORMATS


def main() -> None:
    """Answer until there are no more questions."""
    hold_back()
    av.logging.set_level(None)
    for line in sys.stdin.buffer:
        answer, planes = _answer(Path(json.loads(line)["path"]))
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        for plane in planes:
            sys.stdout.buffer.write(plane)
        sys.stdout.buffer.flush()


def _answer(path: Path) -> tuple[dict[str, Any], list[memoryview]]:
    """The picture in *path*: what it is, and its bytes behind the line; or why there is none."""
    try:
        with opened(path, form=FORMATS[ending(path.name)]) as container:
            frame = next(container.decode(video=0))
    except (av.FFmpegError, OSError, StopIteration, ValueError, MemoryError) as error:
        return {"fault": getattr(error, "strerror", None) or "it is damaged"}, []
    if frame.rotation or frame.format.has_palette or frame.format.is_bit_stream:
        return {}, []  # what a frame that is built anew cannot have
    planes = [memoryview(plane).cast("B") for plane in frame.planes]
    return {**_told(frame), "bytes": sum(map(len, planes))}, planes


def _told(frame: VideoFrame) -> dict[str, Any]:
    return {
        "form": frame.format.name,
        "size": (frame.width, frame.height),
        "lines": [plane.line_size for plane in frame.planes],
        "tags": [int(frame.colorspace), int(frame.color_range)],
    }


if __name__ == "__main__":
    main()
