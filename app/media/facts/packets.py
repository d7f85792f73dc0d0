"""The packets of an open container, whatever begins in the middle of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from av.container import InputContainer


def packets_of(container: InputContainer, *streams: Any) -> Iterator[Any]:
    """Those with anything in them, of *streams* or of all; raises av.FFmpegError."""
    while True:
        try:
            yield from (packet for packet in container.demux(*streams) if packet.size)
        except IndexError:  # PyAV does not know tracks that begin later, and stops at them
            continue
        return
