"""The child of `work`: counts the packets of a run, and joins runs to one stream."""

from __future__ import annotations

import hashlib
import itertools
import json
import sys
import traceback
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from app.jobs.spec import CONVERTER, to_json
from app.media.facts.opened import opened
from app.media.transcode.flac_frames import numbered
from app.media.transcode.recipe import Sound
from app.media.transcode.sound_frames import SoundFrames
from app.media.transcode.work import Counted, Run

Runs = Sequence[tuple[Path, Run]]


def main(wish: str, path: Path) -> None:
    """Answer in one report."""
    av.logging.set_level(None)
    try:
        answer = to_json(count(path)) if wish == "count" else join(path)
        print(f"answer={answer}", "progress=end", sep="\n")
    except (av.FFmpegError, OSError) as error:
        words = getattr(error, "strerror", None) or str(error)
        print(f"fault={json.dumps(words)}", "progress=end", sep="\n")
    except Exception:
        print(f"bug={json.dumps(traceback.format_exc())}", "progress=end", sep="\n")


def packets_of(container: Any) -> Iterator[Any]:
    """Its packets, up to where it was cut off."""
    try:
        for packet in container.demux(container.streams[0]):
            if packet.is_corrupt:
                return
            if packet.size:
                yield packet
    except (av.FFmpegError, OSError):
        return


def count(path: Path) -> Counted:
    """What of a run counts. Raises OSError where its drive does not give it."""
    with path.open("rb") as file:  # else a read that failed would look like a run that was cut off
        while file.read(1 << 20):
            pass
    try:
        container = opened(path)
    except (av.FFmpegError, OSError):
        return Counted()  # it was cut off before its first packet
    with container:
        stream = container.streams[0]
        sizes: list[int] = []
        keys: list[int] = []
        shown: list[Fraction] = []
        for packet in packets_of(container):
            if packet.is_keyframe:
                keys.append(len(sizes))
            sizes.append(packet.size)
            if packet.pts is not None:
                shown.append(packet.pts * Fraction(packet.time_base))
        picture = stream.type == "video"
        whole = (keys[-1] if keys else 0) if picture else max(0, len(sizes) - 1)
        return Counted(
            packets=len(sizes),
            whole=whole,
            bytes=sum(sizes[:whole]),
            all_bytes=sum(sizes),
            mark=_mark(stream),
            first=float(min(shown, default=Fraction(0))),
        )


def _mark(stream: Any) -> str:
    codec = stream.codec_context
    head = bytes(codec.extradata or b"")
    return hashlib.sha256(f"{codec.name} {head.hex()}".encode()).hexdigest()[:16]


def join(order: Path) -> str:
    """Copy the packets that count, with the times that they have in the whole stream."""
    said = json.loads(order.read_text())
    runs = [(order.parent / run.pop("name"), Run(name="", **run)) for run in said["runs"]]
    with av.open(said["out"], "w") as made:
        if "sound" in said:
            frames = CONVERTER.structure(said["sound"], SoundFrames)
            return str(_join_sound(made, runs, frames))
        return str(_join_pictures(made, runs, said["shown"], Fraction(said["base"])))


def _join_pictures(made: Any, runs: Runs, shown: list[int], base: Fraction) -> int:
    target: Any = None
    position = 0
    ranks = [_ranks(*run) for run in runs]
    delay = max((n - rank for row in ranks for n, rank in enumerate(row)), default=0)
    for (path, run), row in zip(runs, ranks, strict=True):
        with opened(path) as container:
            target = target or made.add_stream_from_template(container.streams[0])
            begun = position
            for packet in _kept(container, run):
                packet.stream = target
                _time_picture(packet, begun + row[position - begun], position, shown, delay)
                packet.time_base = base
                made.mux_one(packet)
                position += 1
    return position


def _join_sound(made: Any, runs: Runs, frames: SoundFrames) -> int:
    target: Any = None
    position = 0
    for n, (path, run) in enumerate(runs):
        with opened(path) as container:
            target = target or made.add_stream_from_template(container.streams[0])
            for found in _kept(container, run):
                packet = found
                if n and frames.codec is Sound.FLAC:
                    packet = av.Packet(numbered(bytes(found), position))
                packet.stream = target
                packet.time_base = Fraction(1, frames.rate)
                packet.pts = packet.dts = position * frames.samples - frames.head
                packet.duration = found.duration or frames.samples
                made.mux_one(packet)
                position += 1
    return position


def _kept(container: Any, run: Run) -> Iterator[Any]:
    """The packets of a run that count."""
    return itertools.islice(packets_of(container), run.skip, run.packets)


def _ranks(path: Path, run: Run) -> list[int]:
    """For each packet of a run, as how many-eth it is shown."""
    with opened(path) as container:
        times = [packet.pts or 0 for packet in _kept(container, run)]
    ranks = [0] * len(times)
    for rank, n in enumerate(sorted(range(len(times)), key=times.__getitem__)):
        ranks[n] = rank
    return ranks


def _time_picture(packet: Any, rank: int, place: int, shown: list[int], delay: int) -> None:
    packet.pts = shown[rank]
    before = place - delay
    step = shown[1] - shown[0] if len(shown) > 1 else 1
    packet.dts = shown[before] if before >= 0 else shown[0] + before * max(step, 1)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
