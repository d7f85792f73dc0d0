"""Pictures and sound with real timecode, made by ffmpeg: the same bytes at every run."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import ffmpeg

from app.errors import NotFound, WriteFailed

SECONDS = 120.0
"""No take needs longer; a program that does is stuck."""


def picture(frames: int, rate: int, *, size: str, hue: int) -> Any:
    """A moving test picture of *frames* frames, tinted so that clips can be told apart."""
    source = ffmpeg.input(f"testsrc2=size={size}:rate={rate}:duration={frames / rate}", f="lavfi")
    return source.filter("hue", h=hue)


def tone(hertz: Iterable[int], seconds: float) -> Any:
    """One channel of sound for each frequency."""
    # Spelled as one source: the wrapper's own sine would need one input each.
    channels = "|".join(f"0.2*sin(2*PI*{frequency}*t)" for frequency in hertz)
    return ffmpeg.input(f"aevalsrc={channels}:s=48000:d={seconds}", f="lavfi")


def exactly(target: Path, *streams: Any, **options: Any) -> list[str]:
    """The arguments for one file that comes out the same each time."""
    # Absolute, so that no name begins with a dash or looks like a protocol.
    output = ffmpeg.output(
        *streams, f"file:{target.absolute()}", fflags="+bitexact", threads=1, **options
    )
    arguments: list[str] = ffmpeg.get_args(output, overwrite_output=True)
    return arguments


def make_all(program: str, takes: Iterable[list[str]]) -> None:
    """Run ffmpeg once for each list of arguments, two at a time.

    NotFound when there is no such program, WriteFailed when one fails.
    """
    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(lambda arguments: _run(program, arguments), takes):
            pass


def _run(program: str, arguments: list[str]) -> None:
    command = [program, "-v", "error", "-nostdin", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    except FileNotFoundError as error:
        raise NotFound(
            f"There is no program {program}.",
            hint="Install ffmpeg, or name it: reelkeep settings set media.ffmpeg PROGRAM",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise WriteFailed(f"{program} did not finish a take in {SECONDS:.0f} s.") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise WriteFailed(
            f"{program} could not make a take: {said[-1] if said else done.returncode}.",
            hint="`reelkeep doctor` shows which encoders open.",
        )


def recorded(path: Path, end: datetime) -> None:
    """Give a file the time at which its recording ended, as cameras do."""
    with contextlib.suppress(OSError):
        os.utime(path, (end.timestamp(), end.timestamp()))
