"""Opens a clip: the same way wherever a file is read."""

from __future__ import annotations

import os
from pathlib import Path

import av
from av.container import InputContainer


def opened(
    path: Path | str, *, form: str | None = None, timeout: float | tuple[float, float] | None = None
) -> InputContainer:
    """The clip *path*, to be closed by whoever asks. Raises av.FFmpegError, OSError.

    *timeout* is for each read, or for opening and for each read, in seconds. Tags in no known
    character set are no reason to fail, and no other file or server is read, whatever the clip
    names.
    """
    return av.open(
        os.fspath(path),
        format=form,
        metadata_errors="replace",
        timeout=timeout,
        options={"protocol_whitelist": "file"},
    )
