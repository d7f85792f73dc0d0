"""Clips that proxies are made of in the tests, odd ones among them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
from clip_bench import H264, PICTURE, SOUND, Clips

BROUGHT = imageio_ffmpeg.get_ffmpeg_exe()
"""The ffmpeg that comes with Reelkeep."""


def turned(clips: Clips, degrees: int) -> Path:
    """A clip that players are told to turn clockwise."""
    upright = clips("upright.mp4", *H264)
    path = upright.with_name(f"turned {degrees}.mov")
    if not path.exists():
        command = [BROUGHT, "-v", "error", "-y", "-display_rotation", str(-degrees)]
        subprocess.run([*command, "-i", upright, "-c", "copy", path], check=True, timeout=60)
    return path


def unsteady(clips: Clips) -> Path:
    """Every third frame is missing, and the others keep their time."""
    return clips(
        "unsteady.mp4", "-vf", r"select=not(eq(mod(n\,3)\,2))", "-fps_mode", "passthrough", *H264
    )


def phone(clips: Clips) -> Path:
    """From 30 frames a second to 10 in its midst, with B-frames: as phones write it in the dark."""
    return clips(
        "phone.mp4",
        *("-vf", r"select=lt(n\,40)+not(mod(n\,3))", "-fps_mode", "passthrough", *H264, "-bf", "3"),
        rate="30",
        seconds="4",
    )


def open_groups(clips: Clips) -> Path:
    """Long open groups with B-frames, at 29.97 drop-frame."""
    return clips(
        "open.mp4",
        *(*H264, "-bf", "3", "-g", "40", "-x264-params", "open-gop=1"),
        *("-timecode", "00:59:58;00"),
        rate="30000/1001",
        seconds="4",
    )


def woven(clips: Clips) -> Path:
    """50 fields a second, in MXF."""
    return clips(
        "woven.mxf",
        *("-vf", "tinterlace=interleave_top,setfield=tff", "-r", "25"),
        *("-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-b:v", "4M", "-c:a", "pcm_s16le"),
        inputs=(*PICTURE, *SOUND),
        rate="50",
    )


def high_range(clips: Clips) -> Path:
    """10 bit in PQ and BT.2020."""
    return clips(
        "pq.mov",
        *("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"),
        *("-pix_fmt", "yuv420p10le", "-color_primaries", "bt2020", "-color_trc", "smpte2084"),
        *("-colorspace", "bt2020nc", "-color_range", "tv"),
    )


def long_clip(clips: Clips, seconds: int = 60) -> Path:
    """A clip that takes some seconds to make proxies of, without having taken that to make."""
    short = clips(
        "short.mp4",
        *(*H264, "-g", "25", "-c:a", "aac"),
        inputs=("-f", "lavfi", "-i", "testsrc2=s=1280x720:r=25:d=2", *SOUND),
        seconds="2",
    )
    path = short.with_name(f"long {seconds}.mov")
    if not path.exists():
        command = ["ffmpeg", "-v", "error", "-y", "-stream_loop", str(seconds // 2 - 1)]
        subprocess.run([*command, "-i", short, "-c", "copy", path], check=True, timeout=60)
    return path


def likeness(one: Path, other: Path, scale: str = "320:180") -> list[float]:
    """How alike the pictures of two clips are, frame by frame, by ffmpeg's SSIM."""
    graph = f"[0:v]scale={scale},settb=1/90000,setpts=N[a];[1:v]scale={scale},settb=1/90000,"
    graph += "setpts=N[b];[a][b]ssim=stats_file=-"
    command = ["ffmpeg", "-v", "error", "-i", one, "-i", other, "-lavfi", graph]
    done = subprocess.run(
        [*command, "-fps_mode", "passthrough", "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return [float(line.split("All:")[1].split()[0]) for line in done.stdout.splitlines()]


def spanned(folder: Path, clips: Clips) -> Path:
    """A recording of 60 frames in two files, as an action camera leaves it; its first file."""
    place = folder / "DCIM" / "100GOPRO"
    place.mkdir(parents=True)
    for n, seconds in enumerate(("1.6", "0.8"), 1):
        part = clips(
            f"part {n}.mp4", *H264, "-c:a", "aac", "-t", seconds,
            inputs=(*PICTURE, *SOUND), seconds="2",
        )  # fmt: skip
        (place / f"GX0{n}0042.MP4").write_bytes(part.read_bytes())
    return place / "GX010042.MP4"


def row(folder: Path, count: int = 30) -> Path:
    """Numbered pictures; the first one."""
    folder.mkdir(parents=True)
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=24"]
    pattern = str(folder).replace("%", "%%") + "/A001.%07d.dpx"
    command += ["-frames:v", str(count), "-start_number", "86400", pattern]
    subprocess.run(command, check=True, timeout=60)
    return folder / "A001.0086400.dpx"
