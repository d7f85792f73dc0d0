"""The child of `Looker`: one line of JSON in, one line out, until its parent goes."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.video.stream import VideoStream
from PIL import Image

from app.media.facts.clip import read_clip
from app.media.facts.opened import opened
from app.media.facts.packets import packets_to_decode
from app.media.facts.picture_track import picture_streams
from app.media.facts.probe_process import hold_back, told
from app.media.facts.refused import is_passing
from app.media.frames.look import POSTER, STRIP_HEIGHT
from app.media.frames.pictures import Size, fitted, scaled

_QUALITY = 82
_PATIENCE = 400
"""Packets that may go by before a picture comes."""
_POSTER_AT = [Fraction(1, 2), Fraction(0)]
"""Its beginning where there is no picture in its middle: sound may go on for longer."""
_FIELDS = 2
"""Packets behind a key frame in which its second field may be."""


def main() -> None:
    """Answer until there are no more questions."""
    hold_back()
    with contextlib.suppress(AttributeError, OSError):
        os.nice(10)  # players and running copies come first
    av.logging.set_level(None)
    for line in sys.stdin.buffer:
        answer = json.dumps(_answer(json.loads(line))).encode() + b"\n"
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()


def _answer(wish: Mapping[str, Any]) -> dict[str, Any]:
    path = Path(wish["path"])
    answer: dict[str, Any] = {}
    failed: list[BaseException] = []
    if wish["kind"] == "strip":
        pictures = _strip(wish["places"], failed)
        answer["pictures"] = [base64.b64encode(one).decode() for one in pictures]
    else:
        whole = wish["kind"] == "clip"
        answer = told(path, read_clip) if whole else {}
        if "facts" in answer or not whole:
            place = Path(wish["poster"]) if whole else path
            poster = next(_pictures(place, _POSTER_AT, POSTER, failed), b"")
            answer["poster"] = base64.b64encode(poster).decode()
    answer["passing"] = bool(answer.get("passing")) or any(map(is_passing, failed))
    return answer


def _strip(places: list[tuple[str, str]], failed: list[BaseException]) -> list[bytes]:
    """Of each file all its places at once; a file without a picture has none."""
    pictures: list[bytes] = []
    for path, some in groupby(places, key=itemgetter(0)):
        box = (STRIP_HEIGHT * 4, STRIP_HEIGHT)
        pictures += _pictures(Path(path), [Fraction(place) for _, place in some], box, failed)
    return pictures


def _pictures(
    path: Path, places: list[Fraction], box: Size, failed: list[BaseException]
) -> Iterator[bytes]:
    """A JPEG of a key frame at each of *places*, from 0 to 1; the last good one where one fails.

    Why there is none goes to *failed*.
    """
    last = b""
    try:
        with opened(path) as container:
            stream = next(iter(picture_streams(container)), None)
            if stream is None:
                return
            stream.thread_type = "SLICE"
            stream.codec_context.skip_frame = "NONKEY"
            for place in places:
                last = _one(container, stream, place, box) or last
                if last:
                    yield last
    except (av.FFmpegError, OSError, ValueError, EOFError, MemoryError) as error:
        failed.append(error)


def _one(container: InputContainer, stream: VideoStream, place: Fraction, box: Size) -> bytes:
    length = stream.duration or 0
    if not length and container.duration and stream.time_base:
        length = int(Fraction(container.duration, av.time_base) / stream.time_base)
    if length:
        with contextlib.suppress(av.FFmpegError):
            container.seek((stream.start_time or 0) + int(length * place), stream=stream)
    key = _PATIENCE
    for number, packet in enumerate(packets_to_decode(container, stream)):
        key = min(key, number) if packet.is_keyframe else key
        with contextlib.suppress(av.FFmpegError):
            frames = stream.codec_context.decode(packet if packet.size else None)
            if not frames and number >= key + _FIELDS:  # it waits for what is not decoded
                frames = stream.codec_context.decode(None)
                stream.codec_context.flush_buffers()
                key = _PATIENCE
            for frame in frames:
                return _jpeg(frame, stream, box)
        if number > _PATIENCE:
            break
    return b""


def _jpeg(frame: av.VideoFrame, stream: VideoStream, box: Size) -> bytes:
    turned = -int(getattr(frame, "rotation", 0) or 0) % 360
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    size = fitted(frame.width, frame.height, box, aspect=aspect, turned=turned)
    small = scaled(frame, size, fine=True, form="rgb24")
    plane = small.planes[0]
    shown = Image.frombytes("RGB", size, bytes(plane), "raw", "RGB", plane.line_size)
    if turned:
        shown = shown.rotate(-turned, expand=True)
    out = io.BytesIO()
    shown.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


if __name__ == "__main__":
    main()
