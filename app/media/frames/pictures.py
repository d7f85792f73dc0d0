"""Decoded frames made ready for a screen: scaled once, in the right colours, 4 bytes a pixel."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from fractions import Fraction

import av
from av.video.reformatter import ColorRange, Colorspace, Interpolation

Size = tuple[int, int]
HD_HEIGHT = 576
"""Untagged pictures that are higher than this are counted as Rec. 709, others as Rec. 601."""
_UNTAGGED = {0, 2, 3}
_SPACES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One frame for the screen: rows of B, G, R, X."""

    number: int
    width: int
    """Pixels, before it is turned."""
    height: int
    stride: int
    """Bytes from one row to the next."""
    pixels: bytes
    turned: int = 0
    """Degrees clockwise by which it is to be shown turned."""
    fine: bool = True
    """Scaled with care, not in motion."""

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return len(self.pixels)


def fitted(width: int, height: int, box: Size, *, aspect: Fraction, turned: int) -> Size:
    """The size, before turning, in which a picture fills *box* and no more, in even pixels.

    *aspect* is that of a pixel: 2 for an anamorphic picture. Never larger than the box.
    """
    room = (box[1], box[0]) if turned % 180 else box
    shown = Fraction(width) * (aspect or 1)
    scale = min(room[0] / shown, Fraction(room[1], height))
    wide, high = round(shown * scale), round(height * scale)
    return max(2, wide - wide % 2), max(2, high - high % 2)


def scaled(
    frame: av.VideoFrame,
    size: Size,
    *,
    fine: bool,
    form: str = "bgra",
    way: Interpolation | None = None,
) -> av.VideoFrame:
    """*frame* in RGB at *size*; untagged colours are taken for what their size suggests.

    *way*: for pictures that are not made smaller, and have to be better than for a screen.
    """
    space = _SPACES.get(int(frame.colorspace))
    if int(frame.colorspace) in _UNTAGGED or space is None:
        space = Colorspace.ITU709 if frame.height > HD_HEIGHT else Colorspace.ITU601
    full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")
    return frame.reformat(
        width=size[0],
        height=size[1],
        format=form,
        src_colorspace=space,
        src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        interpolation=way or (Interpolation.AREA if fine else Interpolation.FAST_BILINEAR),
    )


def picture_of(frame: av.VideoFrame, number: int, *, turned: int, fine: bool) -> Picture:
    """A BGRA frame as a picture of its own, free of the decoder."""
    plane = frame.planes[0]
    return Picture(
        number=number,
        width=frame.width,
        height=frame.height,
        stride=plane.line_size,
        pixels=bytes(plane),
        turned=turned,
        fine=fine,
    )


class PictureCache:
    """The pictures shown last, up to so many bytes; those of another *kind* are forgotten.

    A kind is all that pictures have in common: their size and what they are seen through. Not
    locked: one thread uses it.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[int, Picture] = OrderedDict()
        self._kind: object = None
        self.bytes = 0

    def of_kind(self, kind: object) -> None:
        """Forget all pictures of another kind."""
        if kind != self._kind:
            self._kept.clear()
            self.bytes = 0
            self._kind = kind

    def get(self, number: int) -> Picture | None:
        """The picture of frame *number*, or None."""
        found = self._kept.get(number)
        if found is not None:
            self._kept.move_to_end(number)
        return found

    def put(self, picture: Picture) -> None:
        """Keep *picture*, and let go of those that were not asked for longest."""
        before = self._kept.pop(picture.number, None)
        self.bytes += picture.size - (before.size if before else 0)
        self._kept[picture.number] = picture
        while self.bytes > self._most and len(self._kept) > 1:
            _, gone = self._kept.popitem(last=False)
            self.bytes -= gone.size
