"""A transport stream whose sound begins so late that nothing at its head or tail tells of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from numbered_clips import NumberedClips

FRAMES = 90
_FILLING = (b"\x47\x1f\xff\x10" + bytes(184)) * 32_000


def late_track(numbered: NumberedClips, folder: Path) -> Path:
    """It has 90 frames, numbered 0 to 29 three times over; a sine sounds from the 31st to the 60th.

    Long recordings are like this; here packets of nothing make it long.
    """
    picture, both, end, path = (folder / name for name in ("p.ts", "b.ts", "e.ts", "later.ts"))
    numbered.encode(picture, "-c:v libx264 -bf 0 -g 12", frames=30)
    command = ["ffmpeg", "-v", "error", "-y", "-i", picture, "-f", "lavfi", "-i", "sine=d=1"]
    command += ["-c:v", "copy", "-c:a", "ac3", "-output_ts_offset", "1.2", both]
    subprocess.run(command, check=True, timeout=60)
    command = ["ffmpeg", "-v", "error", "-y", "-i", picture, "-c", "copy", "-output_ts_offset"]
    subprocess.run([*command, "2.4", end], check=True, timeout=60)
    parts = [picture.read_bytes(), _FILLING, both.read_bytes(), _FILLING, end.read_bytes()]
    path.write_bytes(b"".join(parts))
    return path
