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


def examine(ffmpeg: str = "") -> tuple[Finding, ...]:
    """Look at everything; *ffmpeg* is the program of the settings, "" for the one on the PATH."""
    return (*_python(), *_ffmpeg(ffmpeg), *_programs())


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
    program = shutil.which(os.path.expanduser(chosen) or "ffmpeg")  # noqa: PTH111 - a name too
    if program is None:
        what = f"{chosen}, of the settings, is no program" if chosen else "not on the PATH"
        yield Finding(
            name="ffmpeg",
            weight=Weight.MISSING,
            fact=what,
            remedy="Install ffmpeg, or name it: reelkeep settings set media.ffmpeg PROGRAM",
        )
        return
    first = _said([program, "-hide_banner", "-version"])
    if first is None:
        yield Finding(
            name="ffmpeg",
            weight=Weight.MISSING,
            fact=f"{program} does not start",
            remedy="Install ffmpeg anew.",
        )
        return
    yield Finding(name="ffmpeg", weight=Weight.GOOD, fact=f"{first}, {program}")
    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(lambda name: _encoder(program, name), ENCODERS)


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
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    return lines[0] if lines else ""
