"""Footage in which every frame carries its own number, so that no test has to trust a player.

The top of the picture holds 16 black or white blocks: twelve bits of the number, and four that say
whether the rest was read rightly. `number_in` reads them out of any decoded picture, whatever its
size, depth and codec.
"""

from __future__ import annotations

import fcntl
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from edit_lists import with_edits
from numpy.typing import NDArray

FRAMES = 120
"""Of the footage that most clips are made from."""
_BITS = 16
_BAND = 8
"""The blocks take one of so many parts of the height."""


def bars(n: int) -> bytes:
    """The 16 blocks of number *n*, below 4096, as gray pixels."""
    word = n << 4 | _check(n)
    return bytes(235 if word >> (_BITS - 1 - bit) & 1 else 16 for bit in range(_BITS))


def _check(n: int) -> int:
    return (n ^ n >> 4 ^ n >> 8 ^ 0xA) & 0xF


def number_in(picture: VideoFrame | NDArray[np.generic]) -> int:
    """The number that a picture carries: of a decoded frame, or of an array of its brightness.

    AssertionError where there is none, because the picture is another one, or damaged there.
    """
    luma = _luma(picture) if isinstance(picture, VideoFrame) else picture.astype(float)
    height, width = luma.shape
    band = luma[height // _BAND // 4 : height // _BAND * 3 // 4]
    centres = [int((bit + 0.5) * width / _BITS) for bit in range(_BITS)]
    reach = max(width // _BITS // 4, 1)
    levels = [band[:, centre - reach : centre + reach].mean() for centre in centres]
    middle = (min(levels) + max(levels)) / 2
    word = sum((level > middle) << (_BITS - 1 - bit) for bit, level in enumerate(levels))
    assert max(levels) - min(levels) > middle / 2, "No blocks in this picture."
    assert word & 0xF == _check(word >> 4), f"The blocks say {word:016b}, which is no number."
    return int(word >> 4)


def _luma(frame: VideoFrame) -> NDArray[np.float64]:
    """The brightness of planar pictures of any depth; others are converted."""
    if frame.format.is_rgb or not frame.format.is_planar:
        return frame.reformat(format="gray").to_ndarray().astype(float)
    wide = frame.format.components[0].bits > 8
    plane = np.frombuffer(frame.planes[0], dtype="<u2" if wide else np.uint8)
    lines = plane.reshape(frame.height, -1)
    return lines[:, : frame.width].astype(float)


@dataclass(frozen=True, slots=True)
class NumberedClip:
    """A clip, and the number that each of its frames carries, in the order of showing."""

    path: Path
    shows: tuple[int | None, ...] = tuple(range(FRAMES))
    """None for a frame that the file left out."""
    lost: int = 0
    """So many frames at its head nobody can give."""


class NumberedClips:
    """Makes numbered clips below *folder*, each once; several processes may share the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def __call__(self, name: str) -> NumberedClip:
        """The clip of this name, one of `CLIPS`."""
        path = self.once(name, lambda partial: CLIPS[name](self, partial))
        lost, *shows = json.loads(path.with_name(path.name + ".shows").read_text())
        return NumberedClip(path, tuple(shows), lost)

    def once(self, name: str, make: Callable[[Path], object]) -> Path:
        """The file *name*, by *make*, which is given where to write it."""
        path = self.folder / name
        with (self.folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                partial = self.folder / "partial" / name
                partial.parent.mkdir(exist_ok=True)
                made = make(partial)
                if isinstance(made, NumberedClip):
                    said = json.dumps([made.lost, *made.shows])
                    path.with_name(path.name + ".shows").write_text(said)
                partial.replace(path)
        return path

    def master(self, frames: int = FRAMES, size: str = "320x180") -> Path:
        """Lossless footage that clips are made from."""

        def make(path: Path) -> None:
            width, height = map(int, size.split("x"))
            blocks = f"[1]scale={width}:{height // _BAND}:flags=neighbor[b];[0][b]overlay"
            command = f"ffmpeg -v error -y -f lavfi -i testsrc2=s={size}:r=25 -f rawvideo".split()
            command += ["-pix_fmt", "gray", "-s", "16x1", "-r", "25", "-i", "-", "-filter_complex"]
            command += [blocks, *f"-frames:v {frames} -pix_fmt yuv420p -c:v ffv1".split(), path]
            pixels = b"".join(map(bars, range(frames)))
            subprocess.run(command, input=pixels, check=True, timeout=300)

        return self.once(f"master-{size}-{frames}.mkv", make)

    def encode(
        self,
        path: Path,
        options: str,
        *,
        rate: str = "25",
        frames: int = FRAMES,
        size: str = "320x180",
    ) -> None:
        """Write *path* from the footage, as ffmpeg's *options* say, at *rate*."""
        master = self.master(frames, size)
        command = ["ffmpeg", "-v", "error", "-y", "-r", rate, "-i", master, *options.split(), path]
        subprocess.run(command, check=True, timeout=300)


def shared_clips(tmp_path_factory: pytest.TempPathFactory) -> NumberedClips:
    """The clips of a whole run of tests, however many processes it has."""
    base = tmp_path_factory.getbasetemp()
    if base.name.startswith("popen-"):
        base = base.parent
    return NumberedClips(base / "numbered")


# The clips

Make = Callable[[NumberedClips, Path], NumberedClip]

X264 = "-c:v libx264 -preset veryfast -pix_fmt yuv420p"
OPEN = "open-gop=1:keyint=20:min-keyint=20:scenecut=0"
OPEN_X264 = f"{X264} -bf 3 -x264-params {OPEN}"
OPEN_X265 = "-c:v libx265 -preset ultrafast -x265-params"
OPEN_X265 += f" {OPEN.replace('min-keyint=20:', '')}:bframes=3:log-level=none"
MPEG2 = "-c:v mpeg2video -g 15 -bf 2 -q:v 3"
PRORES = "-c:v prores_ks -profile:v 3 -q:v 8 -pix_fmt yuv422p10le"


def _encoded(options: str, rate: str = "25") -> Make:
    def make(clips: NumberedClips, path: Path) -> NumberedClip:
        clips.encode(path, options, rate=rate)
        return NumberedClip(path)

    return make


def _copied(source: str, options: str, before: str = "") -> Make:
    """Of another clip, its packets unchanged."""

    def make(clips: NumberedClips, path: Path) -> NumberedClip:
        origin = clips(source).path
        command = ["ffmpeg", "-v", "error", "-y", *before.split(), "-i", origin, "-c", "copy"]
        subprocess.run([*command, *options.split(), path], check=True, timeout=60)
        return NumberedClip(path)

    return make


def _cut(source: str, first: int, count: int, rate: str, tail: tuple[int | None, ...] = ()) -> Make:
    """Frames *first* on of another clip without encoding: an edit list hides the run-up to them.

    *tail* are those that ffmpeg leaves behind the end, because others needed them.
    """

    def make(clips: NumberedClips, path: Path) -> NumberedClip:
        begin = f"{float(first / Fraction(rate)) + 0.000001:.6f}"
        seconds = f"{float((count - Fraction(1, 2)) / Fraction(rate)):.6f}"
        _copied(source, f"-t {seconds}", f"-ss {begin}")(clips, path)
        return NumberedClip(path, (*range(first, first + count), *tail))

    return make


def _parts(options: str, *parts: tuple[int, int]) -> Make:
    """Only *parts* of the footage, first frame and how many, by an edit list over all of it."""

    def make(clips: NumberedClips, path: Path) -> NumberedClip:
        clips.encode(path, options)
        with_edits(path, parts, Fraction(25))
        return NumberedClip(path, tuple(n for at, count in parts for n in range(at, at + count)))

    return make


def _without_head(source: str, group: int, lost: int) -> Make:
    """A transport stream that begins in the middle, with an open group."""

    def make(clips: NumberedClips, path: Path) -> NumberedClip:
        origin = clips(source).path
        with av.open(str(origin)) as container:
            packets = [packet for packet in container.demux(video=0) if packet.size]
        begins = [n for n, packet in enumerate(packets) if packet.is_keyframe][group]
        data = origin.read_bytes()
        byte = packets[begins].pos
        assert byte is not None
        # The tables of the stream, which come first, and all from that group on.
        path.write_bytes(data[: packets[0].pos] + data[byte:])
        count = len(packets) - begins
        return NumberedClip(path, tuple(range(FRAMES - count, FRAMES)), lost)

    return make


NTSC = "30000/1001"
CLIPS: dict[str, Make] = {
    "prores.mov": _encoded(PRORES, "24000/1001"),
    "prores.mkv": _encoded(PRORES, "24000/1001"),
    "dnxhd.mxf": _encoded("-c:v dnxhd -profile:v dnxhr_lb -pix_fmt yuv422p"),
    "mjpeg.mov": _encoded("-c:v mjpeg -q:v 4 -pix_fmt yuvj420p"),
    "mjpeg.avi": _encoded("-c:v mjpeg -q:v 4 -pix_fmt yuvj420p"),
    "intra.mov": _encoded(f"{X264} -g 1"),
    "intra.mxf": _encoded(f"{X264} -g 1", NTSC),
    "h264.mp4": _encoded(f"{X264} -g 24 -bf 2"),
    "h264_fragments.mp4": _encoded(f"{X264} -g 24 -bf 2 -movflags frag_keyframe+empty_moov"),
    "h264_open_df.mov": _encoded(f"{OPEN_X264} -timecode 00:59:58;00", NTSC),
    "h264.mkv": _encoded(f"{X264} -g 24 -bf 2", "24000/1001"),
    "h264_open.mkv": _encoded(OPEN_X264, NTSC),
    "h264.mxf": _encoded(f"{X264} -g 24 -bf 2"),
    "h264_open.ts": _encoded(OPEN_X264, NTSC),
    "h264_refresh.mp4": _encoded(f"{X264} -x264-params intra-refresh=1:keyint=20"),
    "hevc_open.mov": _encoded(OPEN_X265),
    "hevc_open.ts": _encoded(OPEN_X265),
    "mpeg2.mov": _encoded(MPEG2),
    "mpeg2.mxf": _encoded(MPEG2, NTSC),
    "mpeg2.ts": _encoded(MPEG2),
    "mpeg2.mpg": _encoded(f"{MPEG2} -f vob"),
    "av1.mkv": _encoded("-c:v libsvtav1 -preset 10 -g 30 -pix_fmt yuv420p"),
    "vp9.webm": _encoded("-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 30 -b:v 500k"),
    "mpeg4.avi": _encoded("-c:v mpeg4 -bf 2 -q:v 3"),
    "vfr.mp4": _encoded(
        f"-vf settb=1/1000,setpts='N*40+mod(N*N,23)' -vsync passthrough {X264} -g 24 -bf 2"
        " -enc_time_base 1:1000 -video_track_timescale 1000"
    ),
    "vfr.mkv": _encoded(
        f"-vf settb=1/1000,setpts='N*40+mod(N*N,23)' -vsync passthrough {OPEN_X264}"
        " -enc_time_base 1:1000"
    ),
    "start.mkv": _copied("h264.mp4", "-output_ts_offset 10"),
    "start.mov": _copied("h264_open_df.mov", "-output_ts_offset 2.5"),
    "cut.mov": _cut("h264_open_df.mov", 33, 61, NTSC, (94, 95)),
    "cut.mp4": _cut("h264.mp4", 47, 40, "25", (87, None, 89)),
    "cut_prores.mov": _cut("prores.mov", 31, 50, "24000/1001"),
    "cut_exact.mov": _parts(OPEN_X264, (37, 58)),
    "cut_short.mov": _parts(f"{X264} -g 24 -bf 2", (31, 9)),
    "parts.mov": _parts(f"{X264} -g 24 -bf 2", (33, 20), (80, 15), (10, 30)),
    "parts_prores.mov": _parts(PRORES, (33, 20), (80, 15), (10, 30)),
    "doubled.mkv": _copied("h264.mp4", "-bsf:v setts=pts='if(eq(mod(N,10),5),PREV_INPTS,PTS)'"),
    "times.avi": _copied("h264.mp4", ""),
    "times.h264": _copied("h264.mp4", "-bsf:v h264_mp4toannexb"),
    "head.ts": _without_head("h264_open.ts", 1, 3),
    "mpeg2_head.ts": _without_head("mpeg2.ts", 1, 2),
    "hevc_head.ts": _without_head("hevc_open.ts", 1, 3),
}
"""Every clip by its name."""
