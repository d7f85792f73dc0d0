"""What tests of media share: clips made by ffmpeg, each once."""

from __future__ import annotations

import subprocess
from pathlib import Path
from zlib import crc32

PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=320x180:r={rate}:d={seconds}")
SOUND = ("-f", "lavfi", "-i", "sine=r=48000:d={seconds}")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


class Clips:
    """Makes clips below one folder; one that is there already is taken as it is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(
        self,
        name: str,
        *options: str,
        inputs: tuple[str, ...] = PICTURE,
        rate: str = "25",
        seconds: str = "1",
    ) -> Path:
        """A clip of *name*, by ffmpeg from *inputs* with *options*."""
        given = [word.format(rate=rate, seconds=seconds) for word in inputs]
        # Two tests may give clips of other kinds one name.
        path = self._folder / f"{crc32(repr((given, options)).encode()):08x}" / name
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            command = ["ffmpeg", "-v", "error", "-y", *given, *options, path]
            subprocess.run(command, check=True, timeout=120)
        return path
