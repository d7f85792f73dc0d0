"""The packets of an open container, whatever begins in the middle of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from av.container import InputContainer


def packets_of(container: InputContainer, *streams: Any) -> Iterator[Any]:
    """Those with anything in them, of *streams* or of all; raises av.FFmpegError."""
    return (packet for packet in packets_to_decode(container, *streams) if packet.size)


def packets_to_decode(container: InputContainer, *streams: Any) -> Iterator[Any]:
    """The same, and behind them an empty one of each stream, for what its decoder holds back.

    Raises av.FFmpegError.
    """
    last: dict[int, Any] = {}
    while True:
        try:
            for packet in container.demux(*streams):
                if packet.size:
                    yield packet
                else:  # in the middle of a file it would end the decoding there
                    last[packet.stream.index] = packet
        except IndexError:  # PyAV does not know tracks that begin later, and stops at them
            continue
        break
    yield from last.values()
