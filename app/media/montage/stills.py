"""Single frames as picture files: exactly that frame, its timecode in the file's name.

A source with more than 8 bits gives 16 bits a colour; untagged colours are taken for what the
picture's size suggests, as in the player.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation

from app.errors import DestinationFault, DestinationFull, WriteFailed
from app.media.frames.pictures import scaled
from app.media.montage.still_order import Still, StillForm
from app.media.products.partial import part_of, sync_folder

__all__ = ["Still", "StillForm", "write_still"]

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}
_DEEP, _PLAIN = "rgb48le", "rgb24"
_PACKED = {"tiff": {"compression_algo": "deflate"}, "png": {}}


def write_still(
    frame: VideoFrame,
    n: int,
    timecode: str,
    folder: Path,
    *,
    name: str,
    form: StillForm = StillForm.PNG,
    aspect: Fraction = Fraction(1),
    dry_run: bool = False,
) -> Still:
    """Write a decoded *frame*, number *n* of its clip, as `NAME_01-02-03-04.png`.

    *aspect* is that of a pixel. With *dry_run* only its name and size are found. Raises a
    DestinationFault that names the file.
    """
    turned = round(-int(getattr(frame, "rotation", 0) or 0) / 90) * 90 % 360
    bits = 16 if frame.format.components[0].bits > 8 else 8
    shown = as_shown(frame, turned, aspect, _PLAIN if bits == 8 else _DEEP)
    stem = f"{name}_{''.join('-' if char in ':;.' else char for char in timecode)}"
    names = (f"{stem}-{n}{form.suffix}" if n > 1 else f"{stem}{form.suffix}" for n in count(1))
    free = (folder / each for each in names if not (folder / each).exists())
    if dry_run:
        path = next(free)
    else:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = _kept(_encoded(shown, form, bits), free)
        except OSError as error:
            raise _fault(error, folder) from error
    return Still(
        path=path, frame=n, timecode=timecode, width=shown.width, height=shown.height, bits=bits
    )


def as_shown(frame: VideoFrame, turned: int, aspect: Fraction, form: str) -> VideoFrame:
    """*frame* in RGB, in FFmpeg's *form* of it, with square pixels, turned clockwise."""
    size = max(round(frame.width * aspect), 1), frame.height
    straight = scaled(frame, size, fine=True, form=form, way=Interpolation.BICUBIC)
    stretched = form == _DEEP and not frame.format.is_rgb
    if not turned and not stretched:
        return straight
    pixels: Any = straight.to_ndarray()
    if stretched:
        # FFmpeg's scaler counts white as 255 × 256; in 16 bits it is 255 × 257.
        pixels = np.minimum(pixels.astype(np.uint32) * 257 >> 8, 65535).astype(np.uint16)
    pixels = np.ascontiguousarray(np.rot90(pixels, -turned // 90))
    return VideoFrame.from_ndarray(pixels, format=form)


def _encoded(frame: VideoFrame, form: StillForm, bits: int) -> bytes:
    pixels = _PLAIN if bits == 8 else "rgb48be" if form is StillForm.PNG else _DEEP
    context = av.CodecContext.create(form, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = frame.width, frame.height, pixels
    context.time_base = Fraction(1, 25)
    context.options = _PACKED[form]
    packets = [*context.encode(frame.reformat(format=pixels)), *context.encode(None)]
    return b"".join(map(bytes, packets))


def _kept(picture: bytes, names: Iterator[Path]) -> Path:
    """The first of *names* that nobody has: complete under it, or not at all. OSError."""
    path = next(names)
    part = part_of(path, uuid4().hex[:8])  # another still of the same name may be on its way
    try:
        with part.open("xb") as file:
            file.write(picture)
            file.flush()
            os.fsync(file.fileno())
        while not _given(part, path):
            path = next(names)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)
    return path


def _given(part: Path, path: Path) -> bool:
    """Give what is in *part* a name; False where another file has got it meanwhile. OSError."""
    try:
        os.link(part, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _renamed(part, path)
    return True


def _renamed(part: Path, path: Path) -> bool:
    """The same on a file system without links: the name is taken first. OSError."""
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    try:
        part.replace(path)
    except OSError:
        path.unlink()
        raise
    return True


def _fault(error: OSError, folder: Path) -> DestinationFault:
    place = Path(error.filename) if isinstance(error.filename, str) else folder
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DestinationFull(f"There is no room for a still in {folder}.", path=folder)
    return WriteFailed(f"The still {place} could not be written: {error.strerror}.", path=place)
