"""What tests of transcodes share: footage whose frames say their number, recipes that are quick,
ffprobe as the judge."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
from numbered_clips import NumberedClips, number_in

from app.engine import Engine
from app.jobs.snapshot import JobSnapshot
from app.media.transcode.recipe import Picture, TranscodeRecipe, transcode_recipe
from app.media.transcode.spec import TranscodeSheet, TranscodeSpec

COMPACT = transcode_recipe("compact")
QUICK = replace(
    COMPACT, picture=replace(COMPACT.picture, speed="veryfast", key_distance=12), raw_from=0
)
"""As compact, and as it is tested where its preset would take minutes."""
SOUND = "aevalsrc=0.4*sin(2*PI*(300+60*t)*t):s=48000:d={seconds}"
"""A tone that rises: every moment sounds unlike all others."""
PRORES = ("-c:v", "prores_ks", "-q:v", "9", "-pix_fmt", "yuv422p10le")


class Footage(NumberedClips):
    """Makes originals from numbered frames and rising tones."""

    def made(
        self,
        name: str,
        *options: str,
        frames: int = 300,
        size: str = "192x108",
        tones: int = 1,
        pictures: int = 1,
        extra: tuple[str, ...] = (),
    ) -> Path:
        """A clip of *frames* at 25 a second; *options* of ffmpeg say how it is encoded."""
        master = self.master(frames, size)

        def make(path: Path) -> None:
            tone = SOUND.format(seconds=frames / 25)
            line = ["ffmpeg", "-v", "error", "-y", "-i", master]
            line += ["-f", "lavfi", "-i", tone] * tones
            line += list(extra)
            line += ["-map", "0:v"] * pictures
            for n in range(tones):
                line += ["-map", f"{n + 1}:a"]
            subprocess.run([*line, *options, path], check=True, timeout=120)

        return self.once(name, make)


def transcoded(
    engine: Engine, *files: Path, to: Path, recipe: TranscodeRecipe = QUICK, **more: Any
) -> tuple[JobSnapshot, tuple[TranscodeSheet, ...]]:
    """Run a transcode job to its end; how it ended, and the sheet of each clip."""
    ended = engine.run(TranscodeSpec(files=files, recipe=recipe, to=to, **more))
    return ended, engine.transcodes.sheets(ended.id)


def numbers_of(path: Path, stream: int = 0) -> list[int]:
    """The number that each frame of a picture stream carries, in the order of showing."""
    with av.open(str(path)) as container:
        return [number_in(frame) for frame in container.decode(container.streams.video[stream])]


def told(path: Path, *wishes: str) -> dict[str, Any]:
    """What ffprobe says of a file."""
    command = ["ffprobe", "-v", "error", "-of", "json", *wishes, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, timeout=120)
    return dict(json.loads(done.stdout))


def streams_of(path: Path) -> list[dict[str, Any]]:
    """The streams of a file by ffprobe, with all packets counted."""
    return list(told(path, "-show_streams", "-count_packets")["streams"])


def picture(**facts: Any) -> Picture:
    """How QUICK encodes pictures, but for *facts*."""
    return replace(QUICK.picture, **facts)
