"""Devices that decode and encode, used only once they have proven it.

Being listed says nothing, and opening says little: ten frames are encoded, decoded again and
compared. A device that decodes has to give the same ten frames of the very clip; of the frames
behind them nobody learns whether it or the processor has decoded them, and no more is said.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from app.media.facts.values import ClipFacts
from app.media.ffmpeg.program import NoAnswer, Program
from app.media.proxy.graph import SOFTWARE, VAAPI_DEVICE, Way

log = logging.getLogger(__name__)

FRAMES = 10
LIKE = 0.95
"""The least likeness (SSIM) of each frame."""
_SECONDS = 30.0
_ENCODERS: Mapping[str, tuple[str, ...]] = {
    "linux": ("h264_nvenc", "h264_qsv", "h264_vaapi", "h264_amf"),
    "darwin": ("h264_videotoolbox",),
    "win32": ("h264_nvenc", "h264_qsv", "h264_amf"),
}
_DECODERS: Mapping[str, tuple[str, ...]] = {
    "linux": ("cuda", "qsv", "vaapi"),
    "darwin": ("videotoolbox",),
    "win32": ("cuda", "qsv", "d3d11va"),
}
_WORTH = {"h264", "hevc", "av1", "vp9"}
"""What devices decode; for the others the way there and back would only cost time."""
_PARTS = re.compile(r"^n:(\d+) .*All:([0-9.]+|inf)", re.MULTILINE)


def ways_for(program: Program, source: Path, facts: ClipFacts) -> tuple[Way, ...]:
    """How a clip can be done, best first; plain software is always the last way."""
    if not any_device():
        return (SOFTWARE,)
    track = facts.picture
    encoder = next(_opening_encoders(program.path, program.words), "libx264")
    decoder = ""
    if track is not None and track.codec in _WORTH:
        decoder = next(_proven_decoders(program.path, source), "")
    best = Way(decoder=decoder, encoder=encoder)
    return (SOFTWARE,) if best == SOFTWARE else (best, SOFTWARE)


def any_device() -> bool:
    """Whether there may be one at all, so that others are spared the trials."""
    if not sys.platform.startswith("linux"):
        return True
    return any(Path("/dev").glob("dri/renderD*")) or any(Path("/dev").glob("nvidia[0-9]*"))


def proven_encoders(program: Program) -> tuple[str, ...]:
    """Encoders of devices that can be used here."""
    return tuple(_opening_encoders(program.path, program.words)) if any_device() else ()


def _opening_encoders(program: str, words: str) -> Iterator[str]:
    for name in _ENCODERS.get(sys.platform, ()):
        with contextlib.suppress(NoAnswer):
            if proven_encoder(program, words, name):
                yield name


@functools.lru_cache(maxsize=32)
def proven_encoder(program: str, _words: str, name: str) -> bool:
    """Whether ten frames come back from this encoder as they went in; tried once.

    Raises NoAnswer where the trial did not come to an end, so that it is tried again.
    """
    with tempfile.TemporaryDirectory(prefix="reelkeep-") as folder:
        plain, coded = Path(folder, "plain.mkv"), Path(folder, "coded.mp4")
        picture = ["-f", "lavfi", "-i", "testsrc2=s=1280x720:r=25", "-frames:v", str(FRAMES)]
        there = _ran(program, *picture, "-pix_fmt", "yuv420p", "-c:v", "ffv1", str(plain))
        uploads = Way(encoder=name).uploads
        upload = ["-vf", "format=nv12,hwupload"] if uploads else []
        device = ["-vaapi_device", VAAPI_DEVICE] if uploads else []
        options = [*upload, "-c:v", name, "-b:v", "20M", "-g", "12", "-bf", "0"]
        if there is None or _ran(program, *device, "-i", str(plain), *options, str(coded)) is None:
            return False
        graph = "[0:v][1:v]ssim=stats_file=-"
        told = _ran(program, "-i", str(plain), "-i", str(coded), "-lavfi", graph, "-f", "null", "-")
    well = told is not None and _alike(told)
    log.info("%s %s", name, "has proven itself" if well else "gives other pictures: not used")
    return well


def _proven_decoders(program: str, source: Path) -> Iterator[str]:
    """Devices that give the first frames of *source* as the processor does."""
    for name in _DECODERS.get(sys.platform, ()):
        # Without an output format a device that fails is silently done without.
        strict = ["-hwaccel", name, "-hwaccel_output_format", _format(name), "-i", str(source)]
        graph = "[0:v:0]hwdownload,format=nv12|p010le,format=yuv420p[a];"
        graph += "[1:v:0]format=yuv420p[b];[a][b]ssim=stats_file=-"
        frames = ["-frames:v", str(FRAMES), "-f", "null", "-"]
        with contextlib.suppress(NoAnswer):
            told = _ran(program, *strict, "-i", str(source), "-lavfi", graph, *frames)
            if told is not None and _alike(told):
                yield name


def _format(name: str) -> str:
    return {"d3d11va": "d3d11", "videotoolbox": "videotoolbox_vld"}.get(name, name)


def _alike(told: str) -> bool:
    found = _PARTS.findall(told)
    return len(found) == FRAMES and all(part == "inf" or float(part) >= LIKE for _, part in found)


def _ran(program: str, *arguments: str) -> str | None:
    """What a short run says; None when it fails.

    Raises NoAnswer where it does not start, takes too long or is ended by somebody else: that
    tells of a busy machine, and nothing of the device.
    """
    try:
        done = subprocess.run(
            [program, "-hide_banner", "-nostdin", "-v", "error", "-y", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoAnswer from error
    if done.returncode < 0:
        raise NoAnswer
    return None if done.returncode else done.stdout.decode("utf-8", "replace")
