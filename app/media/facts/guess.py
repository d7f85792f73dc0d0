"""Where FFmpeg guesses: what is a clip only by its word, and rates that no file has told."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from app.timecode import frame_rate

_NO_CLIPS = {"tty", "ico"}
"""What FFmpeg takes for a moving picture, and nobody else does: any text, for one."""
_RAW = {
    "h261", "h263", "h264", "hevc", "vvc", "evc", "obu", "m4v", "mpegvideo", "mjpeg", "dirac",
    "vc1", "dnxhd", "cavsvideo", "avs2", "avs3", "ingenient", "rawvideo", "aac", "ac3", "eac3",
    "mp3", "loas", "dts", "dtshd", "mlp", "truehd", "aptx", "sbc", "g722", "g729",
}  # fmt: skip
"""Streams without a container: noise passes for one, so that the name must speak for it too."""
_ENDINGS = {"mpegvideo": {"m1v", "m2v", "mpv"}, "dnxhd": {"dnxhd", "dnxhr"}}
"""Of those for which FFmpeg knows none."""
_FASTEST = 10_000
"""Frames a second; what is more is a unit of time."""


def is_guess(container: Any, name: str) -> bool:
    """Whether nothing but FFmpeg says that the file called *name*, now open, is a clip."""
    kind = container.format
    ending = name.rpartition(".")[2].lower()
    known = kind.extensions | _ENDINGS.get(kind.name, set())
    return kind.name in _NO_CLIPS or (kind.name in _RAW and ending not in known)


def has_times(container: Any) -> bool:
    """Whether times of pictures are the file's own; a stream without a container has none."""
    return container.format.name not in _RAW


def said_rate(container: Any, stream: Any) -> Fraction:
    """Frames a second of a picture track, as the file says; 0 where it does not."""
    rates = [stream.guessed_rate, stream.base_rate]
    if has_times(container):
        rates.insert(0, stream.average_rate)
    said = next((rate for rate in rates if rate and rate <= _FASTEST), None)
    return frame_rate(Fraction(said)) if said else Fraction(0)
