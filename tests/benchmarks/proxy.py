"""How fast proxies are made, beside how fast the same file can be decoded at all.

    python tests/benchmarks/proxy.py [--quick] [--seconds N] [--rounds N] [--scratch DIR]

Every variant takes its turn in each round, decode-only first; the page beside this file says what
the figures mean.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
sys.path.insert(0, str(CHECKOUT))

from app.jobs.control import JobControl  # noqa: E402
from app.jobs.snapshot import JobSnapshot, JobState  # noqa: E402
from app.jobs.spec import JobId  # noqa: E402
from app.media.ffmpeg.feed import feed_of  # noqa: E402
from app.media.ffmpeg.program import Program, find_program  # noqa: E402
from app.media.ffmpeg.tally import Tally, tally  # noqa: E402
from app.media.frames.look import Looker  # noqa: E402
from app.media.proxy.graph import arguments  # noqa: E402
from app.media.proxy.recipes import ProxyRecipe, recipe_named  # noqa: E402
from app.media.proxy.rungs import rungs_of  # noqa: E402

CLAIMED = 500
"""Frames of HD a second that such systems claim."""
LONG_SECONDS = 120
"""Of the clip whose strip is timed by itself: in a short one the start of a program is most."""
LOADED = 0.3
"""Processors that others may use in a round whose wall ratio is to count."""
_X264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-bf", "2")


def _rate(mbits: int) -> tuple[str, ...]:
    """Options that hold x264 to a rate, also on noise."""
    return ("-b:v", f"{mbits}M", "-maxrate", f"{mbits}M", "-bufsize", f"{mbits // 2}M")


_HQ = ("-c:v", "prores_ks", "-profile:v", "3", "-q:v", "12", "-pix_fmt", "yuv422p10le")
SOURCES = {
    "UHD ProRes HQ": ("3840x2160", "mov", _HQ),
    "HD ProRes HQ": ("1920x1080", "mov", _HQ),
    "UHD H.264 100 Mb/s": ("3840x2160", "mp4", (*_X264, *_rate(100), "-g", "30")),
    "HD H.264 50 Mb/s": ("1920x1080", "mp4", (*_X264, *_rate(50), "-g", "30")),
    "HD H.264 10 Mb/s": ("1920x1080", "mp4", (*_X264, *_rate(10), "-g", "60")),
}
"""Name → size, container, encoder."""
PREVIEW, EDITORIAL = recipe_named("preview"), recipe_named("editorial")
THUMBNAIL = recipe_named("thumbnail")
Ladder = tuple[tuple[ProxyRecipe, ...], tuple[int, ...]]
LADDERS: dict[str, Ladder] = {
    "preview 540": ((PREVIEW,), (540,)),
    "preview 360 and 720": ((PREVIEW,), (360, 720)),
    "editorial": ((EDITORIAL,), ()),
    "thumbnail": ((THUMBNAIL,), ()),
    "all sizes, one decode": ((PREVIEW, EDITORIAL, THUMBNAIL), (540,)),
}


@dataclass(slots=True)
class Series:
    """All runs of one variant on one file."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)
    """Processors that others used meanwhile."""

    def add(self, seconds: float, cpu: float, others: float) -> None:
        self.seconds.append(seconds)
        self.cpu.append(cpu)
        self.others.append(others)


def main() -> None:
    """Make the clips, measure all rounds, print the tables."""
    given = _given()
    program = find_program(given.ffmpeg)
    print(f"{program.words}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.2f}\n")
    with tempfile.TemporaryDirectory(prefix="proxy-", dir=given.scratch) as folder:
        for name in (name for name in SOURCES if given.only in name):
            clip = _clip(Path(folder), name, given.seconds, program)
            _measure(name, clip, Path(folder), program, given.rounds)
            clip.unlink()


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one second, one round: a trial")
    parser.add_argument("--seconds", type=int, default=10, help="of each clip")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="clips with this in their name")
    parser.add_argument("--scratch", type=Path, default=Path.cwd())
    parser.add_argument("--ffmpeg", default="", help="another one than the usual")
    given = parser.parse_args()
    if given.quick:
        given.seconds, given.rounds = 1, 1
    return given


def _clip(folder: Path, name: str, seconds: int, program: Program) -> Path:
    size, container, encoder = SOURCES[name]
    path = folder / f"{name.replace('/', ' per ')}.{container}"
    picture = f"testsrc2=s={size}:r=24000/1001:d={seconds},noise=alls=8:allf=t"
    sound = ("-f", "lavfi", "-i", f"sine=r=48000:d={seconds}")
    command = [program.path, "-v", "error", "-f", "lavfi", "-i", picture, *sound, *encoder]
    command += ["-c:a", "pcm_s24le" if container == "mov" else "aac", "-timecode", "10:00:00:00"]
    subprocess.run([*command, path], check=True)
    return path


def _measure(name: str, clip: Path, folder: Path, program: Program, rounds: int) -> None:
    idle = JobSnapshot(id=JobId("B"), kind="proxy", title="", state=JobState.RUNNING)
    counted = tally(clip, JobControl(idle))
    runs = dict(_variants(clip, counted, folder, program))
    series = {what: Series() for what in runs}
    for _ in range(rounds):
        for what, run in runs.items():
            series[what].add(*_timed(run))
    _print(name, clip, counted.frames, series)
    if "strip of key frames" in runs:
        _print_long_strip(name, clip, counted, program)


def _variants(
    clip: Path, counted: Tally, folder: Path, program: Program
) -> Iterator[tuple[str, Callable[[], None]]]:
    plain = ["-i", str(clip), "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "null", "-"]
    yield "decode only", lambda: _ffmpeg(program, plain)
    for what, ladder in LADDERS.items():
        line = _line(clip, counted, folder, ladder)
        yield what, lambda line=line: _ffmpeg(program, line)  # type: ignore[misc]
    singles = [
        _line(clip, counted, folder, ((recipe,), (540,)))
        for recipe in (PREVIEW, EDITORIAL, THUMBNAIL)
    ]
    yield "all sizes, one by one", lambda: [_ffmpeg(program, line) for line in singles]  # type: ignore[func-returns-value]
    command = [sys.executable, "-m", "app", "--profile", str(folder / "profile"), "proxy"]
    whole = [*command, str(clip), "--height", "540", "--anew", "--to", str(folder / "out")]
    yield "reelkeep proxy --height 540", lambda: _quiet(whole)
    if counted.facts.picture is not None and counted.facts.picture.key_distance > 1:
        yield "strip of key frames", lambda: _strip(clip)


def _line(clip: Path, counted: Tally, folder: Path, ladder: Ladder) -> list[str]:
    """What ffmpeg is told for these sizes; the very line that a job runs."""
    track = counted.facts.picture
    assert track is not None
    recipes, heights = ladder
    rungs = rungs_of(track, recipes, heights)
    outputs = {folder / f"made {rung.name}{rung.suffix}": rung for rung in rungs}
    with feed_of(clip, counted, {}) as feed:
        return arguments(clip.stem, counted.facts, feed, outputs)


def _ffmpeg(program: Program, line: list[str]) -> None:
    _quiet([program.path, "-v", "error", "-nostdin", "-y", *line])


def _quiet(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=CHECKOUT)


def _strip(clip: Path) -> None:
    looker = Looker()
    try:
        if len(looker.strip((clip,), "", 10)) != 10:
            sys.exit(f"{clip} gave no strip")
    finally:
        looker.close()


def _print_long_strip(name: str, clip: Path, counted: Tally, program: Program) -> None:
    """The strip of a clip as long as a take: the same clip many times over, its packets copied."""
    times = round(LONG_SECONDS / (counted.frames * 1001 / 24000))
    long = clip.with_stem("long take")
    again = ["-stream_loop", str(times - 1), "-i", str(clip), "-map", "0:v", "-c", "copy"]
    _ffmpeg(program, [*again, str(long)])
    seconds = [_timed(lambda: _strip(long))[0] for _ in range(3)]
    long.unlink()
    fps = times * counted.frames / statistics.median(seconds)
    print(f"  strip of {LONG_SECONDS} s of {name}: {fps:,.0f} frames of the clip a second\n")


def _timed(run: Callable[[], None]) -> tuple[float, float, float]:
    """Seconds, processor seconds of our children, and processors that others used meanwhile."""
    busy, begin, ours = _busy(), time.perf_counter(), os.times()
    run()
    seconds, now = time.perf_counter() - begin, os.times()
    cpu = now.children_user - ours.children_user + now.children_system - ours.children_system
    mine = cpu + now.user - ours.user + now.system - ours.system
    return seconds, cpu, max(0.0, (_busy() - busy - mine) / seconds)


def _busy() -> float:
    """Seconds that all processors together were at work, since the machine was started."""
    user, nice, system, _, _, irq, soft, *_ = map(
        int, Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    )
    return (user + nice + system + irq + soft) / os.sysconf("SC_CLK_TCK")


def _print(name: str, clip: Path, frames: int, series: dict[str, Series]) -> None:
    plain = series["decode only"]
    rate = clip.stat().st_size * 8 / 1e6 / (frames * 1001 / 24000)
    print(f"{name}, {rate:.0f} Mb/s, {frames} frames")
    print(f"  {'':<30}{'fps':>8}{'CPU ms/f':>10}{'CPU ratio':>11}{'wall ratio':>12}{'others':>8}")
    for what, runs in series.items():
        seconds, cpu = statistics.median(runs.seconds), statistics.median(runs.cpu)
        pairs = zip(plain.seconds, runs.seconds, plain.others, runs.others, strict=True)
        clean = [one / other for one, other, *load in pairs if max(load) < LOADED]
        wall = f"{statistics.median(clean):.2f}" if clean else "-"
        ratio = statistics.median(plain.cpu) / cpu if cpu else 0.0
        others = statistics.median(runs.others)
        line = f"  {what:<30}{frames / seconds:>8.1f}{1000 * cpu / frames:>10.1f}{ratio:>11.2f}"
        print(f"{line}{wall:>12}{others:>8.2f}", flush=True)
    _print_claims(name, frames, series)


def _print_claims(name: str, frames: int, series: dict[str, Series]) -> None:
    one = statistics.median(series["all sizes, one decode"].cpu)
    several = statistics.median(series["all sizes, one by one"].cpu)
    print(f"  one decode for all sizes: {several / one:.2f} times as fast, by processor seconds")
    if name.startswith("HD"):
        per_frame = statistics.median(series["preview 540"].cpu) / frames
        fps = frames / statistics.median(series["preview 540"].seconds)
        cores = os.cpu_count() or 1
        print(
            f"  {CLAIMED} fps are claimed elsewhere; here {fps:.0f}, {1 / per_frame:.0f} a core:"
            f" {CLAIMED} would take {CLAIMED * per_frame:.1f} of these {cores} cores"
        )
    print()


if __name__ == "__main__":
    main()
