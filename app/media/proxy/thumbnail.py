"""Poster and strip of a clip, taken from its thumbnail: the small movie that has all its frames."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
from av.container import InputContainer
from PIL import Image

from app.errors import MediaFault
from app.media.facts.opened import opened

TILES = 10
_QUALITY = 82


def poster(thumbnail: Path, frame: int | None = None) -> bytes:
    """A JPEG of one frame, the middle one unless *frame* says which. MediaFault."""
    count = _count(thumbnail)
    wanted = count // 2 if frame is None else frame
    (picture,) = _pictures(thumbnail, [wanted])
    return _jpeg(picture)


def strip(thumbnail: Path, tiles: int = TILES) -> bytes:
    """A JPEG of so many frames side by side, in equal steps from the first on. MediaFault.

    A clip of fewer frames than that has as many tiles as frames.
    """
    count = _count(thumbnail)
    tiles = max(1, min(tiles, count))
    pictures = list(_pictures(thumbnail, [n * count // tiles for n in range(tiles)]))
    width, height = pictures[0].size
    whole = Image.new("RGB", (width * tiles, height))
    for n, picture in enumerate(pictures):
        whole.paste(picture, (n * width, 0))
    return _jpeg(whole)


def _count(path: Path) -> int:
    with _opened(path) as container:
        return max(1, len(container.streams.video[0].index_entries))


def _pictures(path: Path, frames: Sequence[int]) -> Iterator[Image.Image]:
    """Frames by number, each from the key frame before it.

    Thumbnails have no frames out of order and closed groups: their index tells when each is shown.
    """
    with _opened(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "SLICE"
        times = [entry.timestamp for entry in stream.index_entries]
        for n in frames:
            if not 0 <= n < len(times):
                raise MediaFault(f"{path} has no frame {n}.", path=path)
            container.seek(times[n], stream=stream)
            shown = (one for one in container.decode(stream) if one.pts == times[n])
            found = next(shown, None)
            if found is None:
                raise _unreadable(path)
            yield found.to_image()  # type: ignore[no-untyped-call]


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[InputContainer]:
    try:
        with opened(path) as container:
            yield container
    except (av.FFmpegError, OSError, IndexError) as error:
        raise _unreadable(path) from error


def _unreadable(path: Path) -> MediaFault:
    return MediaFault(f"The thumbnail {path} cannot be read; make it again.", path=path)


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
