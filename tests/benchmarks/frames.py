"""Measures how long a frame takes: the first one, any other, the next one, the nearest key frame.

python tests/benchmarks/frames.py [--frames 240] [--seeks 60] [--quick] [--only prores|h264]
        [--size 3840x2160] [--scratch DIR]

UHD ProRes 422 HQ and UHD long-group H.264 with noise, so that codecs have to work; every frame
carries its number, and what comes out is read. Ours includes scaling to 960×540 for a window.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1]), str(HERE.parent / "shared")]

from av.video.frame import VideoFrame  # noqa: E402
from av.video.reformatter import Interpolation  # noqa: E402
from numbered_clips import NumberedClips, number_in  # noqa: E402
from players import Player, installed  # noqa: E402
from table import head, row  # noqa: E402

from app.media.frames.decoder import Decoder  # noqa: E402
from app.media.frames.index import IndexBuild, build_index  # noqa: E402
from app.media.frames.index_cache import IndexCache  # noqa: E402
from app.media.frames.source import FileSource  # noqa: E402
from app.media.play.film import first_picture  # noqa: E402

RATE = "24000/1001"
NOISE = "-vf noise=alls=4:allf=t"
PRORES = f"{NOISE} -c:v prores_ks -profile:v 3 -q:v 4 -pix_fmt yuv422p10le"
H264 = f"{NOISE} -c:v libx264 -preset veryfast -b:v 100M -maxrate 100M -bufsize 30M -g 30 -bf 2"
CLIPS = {
    "ProRes 422 HQ": ("prores.mov", PRORES),
    "H.264, groups of 30": ("h264.mp4", f"{H264} -pix_fmt yuv420p"),
}
ROUNDS = 5


@dataclass(slots=True)
class Times:
    """One way to the frames of one clip; seconds."""

    first: list[float] = field(default_factory=list)
    seek: list[float] = field(default_factory=list)
    step: list[float] = field(default_factory=list)
    back: list[float] = field(default_factory=list)
    key: list[float] = field(default_factory=list)
    wrong: int | None = None


def timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def shown(frame: VideoFrame) -> VideoFrame:
    """As a window needs it."""
    return frame.reformat(960, 540, "bgra", interpolation=Interpolation.FAST_BILINEAR)


def ours(clip: Path, targets: list[int], scratch: Path) -> dict[str, Times]:
    """From nothing, with an index that was kept, and without any for the first picture."""
    source = FileSource(clip)
    cache = IndexCache(scratch / "indexes")
    nothing, kept, none = Times(), Times(), Times()

    def begin(index: Callable[[], object]) -> None:
        with Decoder(source, index()) as decoder:  # type: ignore[arg-type]
            shown(decoder.frame(0))

    cache.index(source)
    for _ in range(ROUNDS):
        nothing.first.append(timed(lambda: begin(lambda: build_index(source))))
        kept.first.append(timed(lambda: begin(lambda: cache.index(source))))
        none.first.append(timed(lambda: shown(first_picture(source).frame)))
    kept.wrong = 0
    index = cache.index(source)
    with Decoder(source, index) as decoder:
        for n in targets:
            kept.seek.append(timed(lambda n=n: shown(decoder.frame(n))))  # type: ignore[misc]
            kept.wrong += number_in(decoder.frame(n)) != n
        for n in range(10, min(30, index.frames)):
            kept.step.append(timed(lambda n=n: shown(decoder.frame(n))))  # type: ignore[misc]
        del kept.step[0]
        for n in range(min(29, index.frames - 1), 15, -1):
            kept.back.append(timed(lambda n=n: shown(decoder.frame(n))))  # type: ignore[misc]
        for n in targets[:20]:
            kept.key.append(timed(lambda n=n: shown(decoder.key_frame(n)[1])))  # type: ignore[misc]
    return {
        "Reelkeep, index kept": kept,
        "Reelkeep, index made first": nothing,
        "Reelkeep, first picture without index": none,
    }


def index_line(clip: Path) -> str:
    """What the index costs, made of the file's tables and of all its packets."""
    build = IndexBuild(FileSource(clip))
    tables, packets = (
        statistics.median(timed(way) for _ in range(ROUNDS))
        for way in (build.from_tables, build.from_packets)
    )
    return f"Index by its tables: {tables * 1000:.0f} ms, by all packets: {packets * 1000:.0f} ms."


def theirs(player: Player, clip: Path, targets: list[int]) -> Times:
    """The same frames, asked for by the middle of the time that they are shown."""
    rate = Fraction(RATE)
    times = Times()
    times.first = [player.open(clip) for _ in range(ROUNDS)]
    times.seek = [player.seek(float((n + Fraction(1, 2)) / rate)) for n in targets]
    return times


def figure(values: list[float], part: float = 0.5) -> str:
    if not values:
        return "-"
    if part == 0.5:
        return f"{statistics.median(values) * 1000:.0f}"
    return f"{sorted(values)[min(int(len(values) * part), len(values) - 1)] * 1000:.0f}"


def show(name: str, clip: Path, ways: Iterable[tuple[str, Times]]) -> None:
    print(f"\n### {name}, {clip.stat().st_size / 1e6:,.0f} MB\n")
    head("ms", "wrong", "first frame", "seek p50", "seek p95", "step", "step back", "key frame")
    for way, times in ways:
        cells = [figure(times.first), figure(times.seek), figure(times.seek, 0.95)]
        cells += [figure(times.step), figure(times.back), figure(times.key)]
        row([way, "-" if times.wrong is None else str(times.wrong), *cells])


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    words.add_argument("--frames", type=int, default=240, help="of each clip")
    words.add_argument("--seeks", type=int, default=60, help="random frames that are asked for")
    words.add_argument("--only", choices=["prores", "h264"], help="one of the clips")
    words.add_argument("--size", default="3840x2160", help="of the pictures")
    words.add_argument("--quick", action="store_true", help="48 frames, 12 seeks")
    words.add_argument("--scratch", type=Path, default=Path.cwd(), help="where clips are made")
    asked = words.parse_args()
    frames, seeks = (48, 12) if asked.quick else (asked.frames, asked.seeks)
    load = Path("/proc/loadavg").read_text().split()[0]
    print(f"{os.cpu_count()} processors, clips in memory, load at the beginning: {load}.")
    with tempfile.TemporaryDirectory(dir=asked.scratch, prefix="frames-") as folder:
        scratch = Path(folder)
        clips = NumberedClips(scratch)
        with installed(scratch) as players:
            for name, (file, options) in CLIPS.items():
                if asked.only and not file.startswith(asked.only):
                    continue
                clip = scratch / file
                clips.encode(clip, options, rate=RATE, frames=frames, size=asked.size)
                targets = random.Random(7).choices(range(frames), k=seeks)
                ways = list(ours(clip, targets, scratch).items())
                ways += [(other.name, theirs(other, clip, targets)) for other in players]
                show(f"{asked.size} {name}", clip, ways)
                print(f"\n{index_line(clip)}")
                clip.unlink()


if __name__ == "__main__":
    main()
