"""The child of `tally`: reads a file packet by packet and reports as ffmpeg does."""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from app.media.probe_process import hold_back, told
from app.media.tally import Care

_EVERY = 0.25
"""Seconds between two reports."""
_WINDOW = 2
"""Seconds over which the peak is taken."""


def main(path: Path, care: Care) -> None:
    """Report until the end."""
    hold_back()
    av.logging.set_level(None)
    facts = told(path)
    try:
        if "facts" not in facts:
            _report(fault=facts["fault"])
            return
        counted = _counted(path, care)
    except (av.FFmpegError, OSError) as error:
        words = getattr(error, "strerror", None) or "it is damaged"
        _report(fault=f"{path} cannot be read to its end: {words}.")
        return
    except Exception:
        _report(bug=json.dumps(traceback.format_exc()))
        return
    _report(**counted, facts=json.dumps(facts["facts"]), end=True)


def _report(*, end: bool = False, **facts: object) -> None:
    for name, value in facts.items():
        print(f"{name}={value}")
    print("progress=end" if end or {"fault", "bug"} & facts.keys() else "progress=continue")
    sys.stdout.flush()


def _counted(path: Path, care: Care) -> dict[str, int]:
    with av.open(str(path), metadata_errors="replace") as container:
        stream = next(
            (
                one
                for one in container.streams.video
                if not one.disposition & av.stream.Disposition.attached_pic
            ),
            None,
        )
        if stream is None:
            return {"frame": 0, "key_every": 0, "peak": 0}
        indexed = _indexed(container, stream)
        if care is Care.FACTS or (indexed and care is Care.FRAMES):
            return {"frame": indexed, "key_every": 0, "peak": 0}
        found = _Packets()
        for packet in found.watched(container.demux()):
            found.take(packet, stream)
        if care is Care.PACKETS:
            _decode_last(container, stream)
        return {
            "frame": len(found.pictures),
            "key_every": found.key_every(),
            "peak": found.peak(),
        }


def _indexed(container: Any, stream: Any) -> int:
    """Pictures by the container's own index; 0 where it has none that is whole."""
    if not container.format.name.startswith("mov,"):
        return 0
    entries = stream.index_entries
    if len(entries) < stream.frames:  # in fragments, which are read as they come
        return 0
    return sum(1 for entry in entries if not entry.is_discard)


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
                _report(frame=len(self.pictures), total_size=sum(self._loads.values()))
            yield packet

    def take(self, packet: Any, stream: Any) -> None:
        if not packet.size:
            return
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
    if not sum(1 for _ in container.decode(stream)):
        raise OSError(0, "its last picture cannot be decoded")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Care(sys.argv[2]))
