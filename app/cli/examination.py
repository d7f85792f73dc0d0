"""What `reelkeep doctor` looks at, and what it makes of it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata

from app.errors import Refusal
from app.jobs.soundness import inspect
from app.media.ffmpeg.program import BROUGHT, find_program
from app.media.proxy.hardware import proven_encoders
from app.paths import Profile
from app.units import bytes_text, count_text

SECONDS = 15.0
"""A program that does not answer within this time does not work."""

ENCODERS = {
    "libx264": ("yuv420p", "previews", ()),
    "libx265": ("yuv420p10le", "archive transcodes", ()),
    "libsvtav1": ("yuv420p10le", "archive transcodes", ()),
    "prores_ks": ("yuv422p10le", "editorial proxies", ()),
    "dnxhd": ("yuv422p", "editorial proxies", ("-b:v", "36M", "-r", "25")),
    "ffv1": ("yuv422p10le", "archives", ()),
    "mjpeg": ("yuvj420p", "stills", ()),
    "pcm_s24le": ("", "sound", ()),
    "aac": ("", "sound of previews", ()),
}
"""Encoder → pixel format to try it with, what it is for, and what it insists on."""

DECODERS = (
    *("h264", "hevc", "av1", "prores", "dnxhd", "mpeg2video", "mjpeg", "jpeg2000", "cfhd"),
    *("ffv1", "vp9", "dpx", "exr", "aac", "pcm_s24le"),
)
"""What cameras, recorders and houses deliver."""

ROOM = 1 << 30
"""Bytes that should be free for journal, log and reports."""

PROGRAMS = {
    "ffprobe": "It comes with ffmpeg.",
    "xxhsum": "Optional, an independent judge of hashes: install xxhash.",
    "ltfs": "Needed for tapes only: install the LTFS program of the drive's vendor.",
    "mkltfs": "Needed for tapes only: install the LTFS program of the drive's vendor.",
    "sg_logs": "Needed for tapes only: install sg3-utils.",
    "mt": "Needed for tapes only: install mt-st.",
}
_LINUX_PROGRAMS = {
    "udisksctl": "Lets people without root eject drives: install udisks2.",
    "systemd-inhibit": "Keeps the machine awake during a job; without it, it may fall asleep.",
}
_PACKAGES = ("xxhash", "blake3", "lxml", "click", "rich", "reportlab", "psutil")


class Weight(StrEnum):
    """What a finding means."""

    GOOD = "good"
    OPTIONAL = "optional"
    """Absent; something that not everybody needs will not work."""
    MISSING = "missing"
    """Absent, and Reelkeep cannot do its work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked for."""

    name: str
    weight: Weight
    fact: str
    remedy: str = ""
    """What to do, where something is to be done."""


def examine(ffmpeg: str = "", profile: Profile | None = None) -> tuple[Finding, ...]:
    """Look at everything; *ffmpeg* is the program of the settings, "" for the one on the PATH."""
    own = _profile(profile) if profile else ()
    return (*_python(), *own, *_ffmpeg(ffmpeg), *_programs())


def _profile(profile: Profile) -> Iterator[Finding]:
    place = next(p for p in (profile.directory, *profile.directory.parents) if p.is_dir())
    free = shutil.disk_usage(place).free
    short = "Free some space, or choose another profile: without room no job can be written down."
    yield Finding(
        name="Profile",
        weight=Weight.GOOD if free >= ROOM else Weight.MISSING,
        fact=f"{profile.directory}, {bytes_text(free)} free",
        remedy="" if free >= ROOM else short,
    )
    if not profile.journal.exists():
        yield Finding(name="Journal", weight=Weight.GOOD, fact="none yet")
        return
    jobs, trouble = inspect(profile.journal)
    trouble = " ".join(trouble.split())
    size = bytes_text(profile.journal.stat().st_size)
    damaged = (
        "The next start keeps it aside and begins a new one. Bring it back from a backup, or"
        " verify the copies again."
    )
    yield Finding(
        name="Journal",
        weight=Weight.MISSING if trouble else Weight.GOOD,
        fact=f"{size}, damaged: {trouble}"
        if trouble
        else f"{size}, {count_text(jobs, 'job')}, read through and sound",
        remedy=damaged if trouble else "",
    )


def _python() -> Iterator[Finding]:
    good = sys.version_info >= (3, 11)
    yield Finding(
        name="Python",
        weight=Weight.GOOD if good else Weight.MISSING,
        fact=f"{platform.python_version()}, {sys.executable}",
        remedy="" if good else "Install Python 3.11 or newer.",
    )
    yield Finding(
        name="Platform",
        weight=Weight.GOOD,
        fact=f"{platform.platform()}, {os.cpu_count()} processors",
    )
    yield _package("PySide6_Essentials", "Qt")
    for name in _PACKAGES:
        yield _package(name, name)
    yield _pyav()


def _pyav() -> Finding:
    """PyAV, which looks into clips, and the FFmpeg that it brings along."""
    try:
        import av

        lacking = [name for name in DECODERS if name not in av.codecs_available]
        brought = f"{av.__version__} with FFmpeg {av.ffmpeg_version_info}"
    except (ImportError, OSError, AttributeError) as error:
        return Finding(
            name="PyAV",
            weight=Weight.MISSING,
            fact=f"cannot be loaded: {error}",
            remedy="Set Reelkeep up again: ./run, or install it anew.",
        )
    return Finding(
        name="PyAV",
        weight=Weight.OPTIONAL if lacking else Weight.GOOD,
        fact=f"{brought}, lacks {', '.join(lacking)}" if lacking else brought,
        remedy="To look into such clips: install a PyAV that has them." if lacking else "",
    )


def _package(package: str, name: str) -> Finding:
    """A Python package, without importing it."""
    try:
        return Finding(name=name, weight=Weight.GOOD, fact=metadata.version(package))
    except metadata.PackageNotFoundError:
        return Finding(
            name=name,
            weight=Weight.MISSING,
            fact="not installed",
            remedy="Set Reelkeep up again: ./run, or install it anew.",
        )


def _ffmpeg(chosen: str) -> Iterator[Finding]:
    try:
        program = find_program(chosen)
    except Refusal as error:
        fact = error.message.rstrip(".")
        yield Finding(name="ffmpeg", weight=Weight.MISSING, fact=fact, remedy=error.hint)
        return
    brought = "; there is none, or too old a one, on the PATH" if program.origin == BROUGHT else ""
    fact = f"{program.words}, {program.path}{brought}"
    yield Finding(name="ffmpeg", weight=Weight.GOOD, fact=fact)
    yield _decoders(program.path)
    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(lambda name: _encoder(program.path, name), ENCODERS)
    proven = proven_encoders(program)
    yield Finding(
        name="encoders of devices",
        weight=Weight.GOOD,
        fact=", ".join(proven) or "none has proven itself; the processor encodes",
    )


def _decoders(ffmpeg: str) -> Finding:
    """Which of the decoders that matter ffmpeg has."""
    lines = _all_said([ffmpeg, "-hide_banner", "-decoders"]) or []
    known = {parts[1] for line in lines if len(parts := line.split()) > 1}
    lacking = [name for name in DECODERS if name not in known]
    return Finding(
        name="decoders",
        weight=Weight.OPTIONAL if lacking else Weight.GOOD,
        fact=f"lacks {', '.join(lacking)}" if lacking else ", ".join(DECODERS),
        remedy="To read such clips: install an ffmpeg that has them." if lacking else "",
    )


def _encoder(ffmpeg: str, name: str) -> Finding:
    """Whether an encoder opens and gives a frame: being listed says nothing."""
    pixels, purpose, options = ENCODERS[name]
    command = [ffmpeg, "-v", "error", "-nostdin", "-f", "lavfi"]
    if pixels:
        command += ["-i", "testsrc2=size=1920x1080:rate=25", "-frames:v", "1", "-c:v", name]
        command += ["-pix_fmt", pixels, *options]
    else:
        command += ["-i", "sine=duration=0.1", "-c:a", name]
    opens = _said([*command, "-f", "null", "-"]) is not None
    return Finding(
        name=f"encoder {name}",
        weight=Weight.GOOD if opens else Weight.OPTIONAL,
        fact="opens" if opens else "does not open",
        remedy="" if opens else f"For {purpose}: install an ffmpeg that has it.",
    )


def _programs() -> Iterator[Finding]:
    for name, remedy in PROGRAMS.items():
        yield _program(name, remedy)
    if sys.platform.startswith("linux"):
        for name, remedy in _LINUX_PROGRAMS.items():
            yield _program(name, remedy)


def _program(name: str, remedy: str) -> Finding:
    found = shutil.which(name)
    if found is None:
        return Finding(name=name, weight=Weight.OPTIONAL, fact="not there", remedy=remedy)
    return Finding(name=name, weight=Weight.GOOD, fact=found)


def _said(command: list[str]) -> str | None:
    """The first line a program says; None when it fails, or does not end in time."""
    lines = _all_said(command)
    return None if lines is None else next(iter(lines), "")


def _all_said(command: list[str]) -> list[str] | None:
    """All that a program says; None when it fails, or does not end in time."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        return None
    return done.stdout.decode("utf-8", "replace").splitlines()
