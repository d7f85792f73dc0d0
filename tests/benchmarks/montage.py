"""Measures contact sheets: ours beside the two usual ways to make them with ffmpeg alone.

python tests/benchmarks/montage.py [--seconds 120] [--runs 3] [--quick] [--scratch DIR]

Every frame carries its number, and what is on the sheets is read. All ways make as many tiles of
the same size; only ours write timecodes below them.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1]), str(HERE.parent / "shared")]

import numpy as np  # noqa: E402
from figures import facts  # noqa: E402
from measure import Series, refuse_unless_root, timed  # noqa: E402
from numbered_clips import NumberedClips, number_in  # noqa: E402
from PIL import Image  # noqa: E402
from table import head, row  # noqa: E402

from app.media.montage.mark import mark_in  # noqa: E402
from app.media.montage.sheet import layout_of  # noqa: E402
from app.media.montage.tiles import grid_for  # noqa: E402

RATE = 25
MASTER = 240
"""Frames that are encoded; longer clips show them again and again."""
NOISE = "-vf noise=alls=12:allf=t"
X264 = "-c:v libx264 -preset veryfast -bf 2 -pix_fmt yuv420p"
CLIPS = {
    "UHD ProRes 422 HQ": (
        "prores_uhd.mov", "3840x2160",
        f"{NOISE} -c:v prores_ks -profile:v 3 -q:v 4 -pix_fmt yuv422p10le",
    ),
    "UHD H.264 100 Mb/s, groups of 30": (
        "h264_uhd.mp4", "3840x2160", f"{NOISE} {X264} -b:v 100M -maxrate 100M -bufsize 50M -g 30",
    ),
    "HD H.264 10 Mb/s, groups of 60": (
        "h264_hd.mp4", "1920x1080", f"{NOISE} {X264} -b:v 10M -maxrate 10M -bufsize 5M -g 60",
    ),
    "HD H.264 10 Mb/s, groups of 240": (
        "h264_long.mp4", "1920x1080", f"{NOISE} {X264} -b:v 10M -maxrate 10M -bufsize 5M -g 240",
    ),
}  # fmt: skip
WIDTH = 3840


@dataclass(slots=True)
class Way:
    """One way to make a sheet, and its runs."""

    command: Callable[[], list[str]]
    """Made anew before each run."""
    read: Callable[[], list[int | None]]
    """The numbers on the tiles of the sheet that it has made; None where there is none."""
    series: Series = field(default_factory=Series)
    wrong: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """One clip, and what is to be on its sheet."""

    clip: Path
    frames: int
    grid: int
    tile: tuple[int, int]
    folder: Path

    @property
    def due(self) -> list[int]:
        """The frame of each tile."""
        tiles = self.grid**2
        if tiles == 1:
            return [self.frames // 2]
        return [n * self.frames // tiles for n in range(tiles)]

    @property
    def moments(self) -> list[float]:
        """When these frames are shown."""
        return [n / RATE for n in self.due]


def ours(work: Work, *, kept: bool) -> Way:
    """The whole command; *kept*: with the frame index that an earlier look has left."""
    to, profile = work.folder / "ours", work.folder / "profile"
    sheet = to / f"{work.clip.stem}.jpg"

    def command() -> list[str]:
        shutil.rmtree(to, ignore_errors=True)
        if not kept:
            shutil.rmtree(profile, ignore_errors=True)
        program = [sys.executable, "-m", "app", "--profile", str(profile), "montage"]
        return [*program, str(work.clip), "--to", str(to), "--grid", str(work.grid)]

    def read() -> list[int | None]:
        mark = mark_in(sheet)
        assert mark is not None
        width, height = (3840, 2160) if "uhd" in work.clip.name else (1920, 1080)
        layout = layout_of((width, height), mark.tiles, mark.grid, WIDTH, "", "")
        with Image.open(sheet) as image:
            deeper = image.height - layout.height
            corners = [layout.place(n) for n in range(mark.tiles)]
            return [_number(image, left, top + deeper, layout.tile) for left, top in corners]

    return Way(command, read)


def by_inputs(work: Work) -> Way:
    """One input for each tile, each sought by itself, laid beside each other."""
    sheet = work.folder / "inputs.jpg"
    wide, high = work.tile
    count = work.grid**2

    def command() -> list[str]:
        line = ["ffmpeg", "-v", "error", "-nostdin", "-y"]
        for moment in work.moments:
            line += ["-ss", f"{moment:.6f}", "-i", str(work.clip)]
        scaled = "".join(f"[{n}:v]scale={wide}:{high}:flags=area[t{n}];" for n in range(count))
        places = "|".join(f"{n % work.grid * wide}_{n // work.grid * high}" for n in range(count))
        names = "".join(f"[t{n}]" for n in range(count))
        laid = f"{names}xstack=inputs={count}:layout={places}[o]" if count > 1 else "[t0]null[o]"
        line += ["-filter_complex", scaled + laid, "-map", "[o]", "-frames:v", "1"]
        return [*line, "-q:v", "3", "-pix_fmt", "yuvj420p", str(sheet)]

    return Way(command, lambda: _tiled(sheet, work))


def by_decoding(work: Work) -> Way:
    """Everything decoded once, tiles selected by their numbers."""
    sheet = work.folder / "decoded.jpg"

    def command() -> list[str]:
        wanted = "+".join(f"eq(n\\,{n})" for n in work.due)
        wide, high = work.tile
        chain = f"select={wanted},scale={wide}:{high}:flags=area,tile={work.grid}x{work.grid}"
        line = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", str(work.clip), "-vf", chain]
        return [*line, "-frames:v", "1", "-q:v", "3", "-pix_fmt", "yuvj420p", str(sheet)]

    return Way(command, lambda: _tiled(sheet, work))


def _tiled(sheet: Path, work: Work) -> list[int | None]:
    wide, high = work.tile
    with Image.open(sheet) as image:
        return [
            _number(image, n % work.grid * wide, n // work.grid * high, work.tile)
            for n in range(work.grid**2)
        ]


def _number(image: Image.Image, left: int, top: int, tile: tuple[int, int]) -> int | None:
    shown = image.crop((left, top, left + tile[0], top + tile[1])).convert("L")
    try:
        return number_in(np.asarray(shown))
    except AssertionError:
        return None


def measured(work: Work, runs: int) -> dict[str, Way]:
    """All ways, in turns."""
    ways = {
        "reelkeep montage": ours(work, kept=False),
        "reelkeep montage, index kept": ours(work, kept=True),
        "ffmpeg, an input for each tile": by_inputs(work),
        "ffmpeg, decoding everything": by_decoding(work),
    }
    for _ in range(runs):
        for way in ways.values():
            way.series.runs.append(timed(way.command(), [work.folder]))
            due = [n % MASTER for n in work.due]
            way.wrong = sum(got != n for got, n in zip(way.read(), due, strict=True))
    return ways


def show(name: str, work: Work, ways: dict[str, Way]) -> None:
    """One table."""
    seconds = work.frames / RATE
    print(f"\n### {name}, {seconds:.0f} s, {work.grid}×{work.grid} tiles\n")
    head("way", "wrong tiles", "s", "CPU s", "peak MB", "× ours")
    base = ways["reelkeep montage"].series.seconds
    for way, found in ways.items():
        low, high = found.series.spread
        row([
            way,
            f"{found.wrong} of {work.grid**2}",
            f"{found.series.seconds:.2f} ({low:.2f} to {high:.2f})",
            f"{found.series.cpu:.1f}",
            f"{found.series.memory / 1e6:,.0f}",
            f"{found.series.seconds / base:.1f}",
        ])  # fmt: skip


def prepared(folder: Path, name: str, seconds: int, frames: int) -> Work:
    """The clip, as long as asked."""
    file, size, options = CLIPS[name]
    clips = NumberedClips(folder / "master")
    short = clips.once(file, lambda path: clips.encode(path, options, frames=frames, size=size))
    clip = folder / file
    again = -(-seconds * RATE // frames)
    command = ["ffmpeg", "-v", "error", "-y", "-stream_loop", str(again - 1), "-i", str(short)]
    subprocess.run([*command, "-c", "copy", str(clip)], check=True)
    grid = grid_for(Fraction(again * frames, RATE))
    wide, high = map(int, size.split("x"))
    room = WIDTH // grid - 16
    return Work(clip, again * frames, grid, (room // 2 * 2, room * high // wide // 2 * 2), folder)


def main() -> None:
    """Measure, print."""
    global MASTER
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=120, help="of each clip")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="short clips, one run: a trial")
    parser.add_argument("--only", default="", help="clips whose names begin so")
    parser.add_argument("--scratch", type=Path, default=Path.cwd())
    given = parser.parse_args()
    refuse_unless_root()
    if given.quick:
        given.seconds, given.runs, MASTER = 14, 1, 60
    print(facts(given.runs))
    for name in CLIPS:
        if name.startswith(given.only):
            with tempfile.TemporaryDirectory(prefix="montage-", dir=given.scratch) as folder:
                work = prepared(Path(folder), name, given.seconds, MASTER)
                show(name, work, measured(work, given.runs))


if __name__ == "__main__":
    main()
