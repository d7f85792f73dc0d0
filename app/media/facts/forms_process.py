"""The child of `forms`: a line of JSON for each file, what its header tells of length and start."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import av

from app.media.facts.container import start_of
from app.media.facts.guess import said_rate
from app.media.facts.opened import opened
from app.media.facts.picture_track import picture_streams, told_length
from app.media.facts.probe_process import hold_back

_PATIENCE = (5.0, 2.0)
"""Seconds for opening a file, and for each further step."""


def main() -> None:
    """Answer for one file after the other."""
    hold_back()
    av.logging.set_level(None)
    for name in json.loads(sys.stdin.buffer.read()):
        print(json.dumps(_outline(Path(name))), flush=True)


def _outline(path: Path) -> tuple[str, str, str] | None:
    try:
        with opened(path, timeout=_PATIENCE) as container:
            stream = picture_streams(container)[0]
            rate = said_rate(container, stream)
            _, seconds = told_length(container, stream, rate)
            start, _ = start_of(container, rate)
            return str(start or ""), str(seconds), str(rate)
    except (av.FFmpegError, OSError, EOFError, MemoryError, ValueError, IndexError):
        return None


if __name__ == "__main__":
    main()
