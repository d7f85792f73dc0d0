"""The child of `tally`: reads a file packet by packet and reports as ffmpeg does."""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av

from app.media.facts.clip import read_clip
from app.media.facts.guess import said_rate
from app.media.facts.opened import opened
from app.media.facts.packets import packets_of, packets_to_decode
from app.media.facts.picture_track import picture_streams
from app.media.facts.probe_process import hold_back, told
from app.media.facts.shown import shown_frames
from app.media.facts.whole import whole_clip
from app.media.ffmpeg.tally import Care

_EVERY = 0.25
"""Seconds between two reports."""
_ROUNDED = 1.1
"""By how much the steps of a steady clip may differ in whole ticks."""
_WINDOW = 2
"""Seconds over which the peak is taken."""


def main(care: Care, paths: list[Path]) -> None:
    """Report until the end, and answer then."""
    hold_back()
    av.logging.set_level(None)
    answers = []
    for n, path in enumerate(paths):
        _report(out_time_us=n, progress="continue")  # a sign of life
        answers.append(_answer(path, care))
    _report(answers=json.dumps(answers), progress="end")


def _report(**facts: object) -> None:
    for name, value in facts.items():
        print(f"{name}={value}")
    sys.stdout.flush()


def _answer(path: Path, care: Care) -> dict[str, object]:
    try:
        if care is Care.PACKETS:
            answer = told(path)
            return answer if "fault" in answer else {**answer, **_counted(path, care)}
        answer = told(path, read_clip)
        return answer if "fault" in answer else {**answer, **_whole(path, answer["facts"], care)}
    except (av.FFmpegError, OSError) as error:
        words = getattr(error, "strerror", None) or "it is damaged"
        return {"fault": f"{path} cannot be read to its end: {words}."}
    except Exception:  # the parent says so, and does not blame the file
        return {"bug": traceback.format_exc()}


def _whole(path: Path, facts: Any, care: Care) -> dict[str, object]:
    """What is counted of a whole clip."""
    track = next(iter(facts["video"]), None)
    if track is None or not track["decodable"]:
        return {}
    whole = whole_clip(path)
    rate = Fraction(track["rate"])
    if whole.pictures is not None:
        frames = whole.pictures.frames
        span = Fraction(frames - 1) / rate if rate else Fraction(0)
        return {"frames": frames, "span": str(span)}
    counted = [_counted(part, care) for part in whole.parts]
    frames = sum(int(one["frames"]) for one in counted)
    if not all(one["frames"] for one in counted):
        frames = 0  # some part has no index
    told_of = {
        "frames": frames,
        "span": counted[0]["span"] if len(counted) == 1 else str((frames - 1) / rate),
        "sounds": [{"path": str(one), "tracks": _sounds(one)} for one in whole.sounds],
    }
    if len(counted) > 1:
        told_of["parts"] = [
            {"path": str(part), "seconds": str(_seconds(part, one, rate))}
            for part, one in zip(whole.parts, counted, strict=True)
        ]
    return told_of


def _seconds(part: Path, counted: dict[str, Any], rate: Fraction) -> Fraction:
    frames = int(counted["frames"])
    if not frames:
        with opened(part) as container:
            return Fraction(container.duration or 0, av.time_base)
    return frames / rate


def _sounds(path: Path) -> int:
    with opened(path) as container:
        return len(container.streams.audio)


def _counted(path: Path, care: Care) -> dict[str, Any]:
    with opened(path) as container:
        stream = next(iter(picture_streams(container)), None)
        if stream is None:
            return {"frames": 0, "span": "0"}
        if care is Care.PICTURES:
            return _decoded(container, stream)
        times = _indexed(container, stream)
        even = _evenly_spaced(times)
        if care is not Care.PACKETS and times:
            rate = said_rate(container, stream)
            shown = shown_frames(container, stream, rate)
            if shown.even and shown.frames > len(times):
                return {"frames": shown.frames, "span": str((shown.frames - 1) / rate)}
        if care is Care.FACTS or (care is Care.FRAMES and even):
            return {"frames": len(times), "span": str(_span(times, stream)) if even else "0"}
        found = _Packets()
        for packet in found.watched(packets_of(container)):
            found.take(packet, stream)
        if care is Care.PACKETS:
            _decode_last(container, stream)
        return {
            "frames": len(found.pictures),
            "span": str(_span([when for when, _ in found.pictures], stream)),
            "key_every": found.key_every(),
            "peak": found.peak(),
        }


def _decoded(container: Any, stream: Any) -> dict[str, Any]:
    """Counted one by one as they come out of the decoder."""
    stream.thread_type = "AUTO"
    times: list[int] = []
    since = time.monotonic()
    for frame in _pictures(container, stream):
        times.append(len(times) if frame.pts is None else frame.pts)
        if time.monotonic() - since > _EVERY:
            since = time.monotonic()
            _report(frame=len(times), progress="continue")
    return {"frames": len(times), "span": str(_span(times, stream))}


def _pictures(container: Any, stream: Any) -> Iterator[Any]:
    for packet in packets_to_decode(container, stream):
        yield from packet.decode()


def _span(times: list[int], stream: Any) -> Fraction:
    if not times or not stream.time_base:
        return Fraction(0)
    return Fraction((max(times) - min(times)) * stream.time_base)


def _indexed(container: Any, stream: Any) -> list[int]:
    """When each picture is decoded, by the container's own index; none where that is not whole.

    Where the pictures do not follow each other at one rate, these are not the times at which they
    are shown: with B-frames the span of the ones is not the span of the others.
    """
    if not container.format.name.startswith("mov,"):
        return []
    entries = stream.index_entries
    if len(entries) < stream.frames:  # in fragments, which are read as they come
        return []
    return [entry.timestamp for entry in entries if not entry.is_discard]


def _evenly_spaced(times: list[int]) -> bool:
    """Whether there are any, and all follow at one rate, but for what rounding does to it."""
    steps = [after - before for before, after in pairwise(times)]
    return bool(times) and max(steps, default=0) <= min(steps, default=0) * _ROUNDED


class _Packets:
    """All that goes by."""

    def __init__(self) -> None:
        self.pictures: list[tuple[int, bool]] = []
        """When it is shown, and whether it is a key frame."""
        self._loads: dict[int, int] = {}
        """Bytes of each second."""
        self._since = time.monotonic()

    def watched(self, packets: Iterator[Any]) -> Iterator[Any]:
        for packet in packets:
            if time.monotonic() - self._since > _EVERY:
                self._since = time.monotonic()
                size = sum(self._loads.values())
                _report(frame=len(self.pictures), total_size=size, progress="continue")
            yield packet

    def take(self, packet: Any, stream: Any) -> None:
        at = packet.dts if packet.dts is not None else packet.pts
        if at is not None and packet.time_base:
            second = int(at * Fraction(packet.time_base))
            self._loads[second] = self._loads.get(second, 0) + packet.size
        if packet.stream.index == stream.index and not packet.is_discard:
            when = packet.pts if packet.pts is not None else packet.dts
            self.pictures.append((len(self.pictures) if when is None else when, packet.is_keyframe))

    def key_every(self) -> int:
        keys = [n for n, (_, key) in enumerate(sorted(self.pictures)) if key]
        distance = keys[1] if len(keys) > 1 else len(self.pictures)
        even = bool(distance) and keys == list(range(0, len(self.pictures), distance))
        return distance if even else 0

    def peak(self) -> int:
        """The last second is seldom whole; a clip shorter than that counts as one."""
        sums = [
            sum(self._loads.get(second + n, 0) for n in range(_WINDOW)) for second in self._loads
        ]
        return max(sums, default=0) * 8 // min(_WINDOW, max(1, len(self._loads)))


def _decode_last(container: Any, stream: Any) -> None:
    """What is written must also be readable; raises av.FFmpegError, OSError."""
    if stream.duration and stream.time_base:
        container.seek((stream.start_time or 0) + stream.duration, stream=stream)
    else:
        container.seek(0)
    if not sum(1 for _ in _pictures(container, stream)):
        raise OSError(0, "its last picture cannot be decoded")


if __name__ == "__main__":
    main(Care(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
