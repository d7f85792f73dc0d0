"""Where sound goes: a device, or in tests a recorder."""

from __future__ import annotations

from typing import Protocol

RATE = 48_000
"""Samples a second, of each channel."""
CHANNELS = 2
FRAME = 4 * CHANNELS
"""Bytes of one sample of both channels, as 32-bit floats."""


class SoundSink(Protocol):
    """Plays 48 kHz stereo. Used by one thread."""

    def begin(self) -> None:
        """Play from now on what is written."""

    def room(self) -> int:
        """Samples that can be written now."""

    def write(self, samples: bytes) -> None:
        """Add samples, no more than there is room for."""

    def heard(self) -> float | None:
        """Seconds of what was written that people have heard; None once the device is lost."""

    def end(self) -> None:
        """Fall silent at once, and forget what was not heard."""
