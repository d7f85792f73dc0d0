"""Through what a clip is looked at: the size of the screen's picture, and a LUT for viewing.

The LUT comes after scaling: a UHD picture through it costs 100 ms, one of a window's size 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.filter import Graph

from app.errors import BadInput
from app.media.frames.pictures import Picture, Size, fitted, picture_of, scaled


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """What pictures on one screen have in common."""

    box: Size
    """Pixels within which a picture has to fit, turned as it is shown."""
    lut: Path | None = None
    """A `.cube` file that the colours go through, for viewing only."""


class Glass:
    """Makes pictures through one lens, of pixels of one *aspect*. For one thread at a time."""

    def __init__(self, lens: Lens, aspect: Fraction = Fraction(1)) -> None:
        self.lens = lens
        self._aspect = aspect
        self._graph: Graph | None = None
        self._made_for: tuple[int, int] | None = None

    def picture(self, frame: av.VideoFrame, number: int, *, fine: bool) -> Picture:
        """*frame*, ready for the screen. Raises BadInput for a LUT that is none."""
        turned = -int(frame.rotation or 0) % 360
        box = self.lens.box
        size = fitted(frame.width, frame.height, box, aspect=self._aspect, turned=turned)
        if self.lens.lut is None:
            shown = scaled(frame, size, fine=fine)
        else:
            shown = self._through_lut(scaled(frame, size, fine=fine, form="gbrp10le"))
        return picture_of(shown, number, turned=turned, fine=fine)

    def check(self) -> None:
        """Raises BadInput for a LUT that is none."""
        if self.lens.lut is not None:
            self._graph_for(*self.lens.box)

    def _through_lut(self, frame: av.VideoFrame) -> av.VideoFrame:
        if self._graph is None or self._made_for != (frame.width, frame.height):
            self._graph = self._graph_for(frame.width, frame.height)
            self._made_for = frame.width, frame.height
        frame.pts = 0
        self._graph.push(frame)
        shown = self._graph.pull()
        assert isinstance(shown, av.VideoFrame)
        return shown

    def _graph_for(self, width: int, height: int) -> Graph:
        graph = Graph()
        try:
            steps = [
                graph.add_buffer(
                    width=width,
                    height=height,
                    format=av.VideoFormat("gbrp10le"),
                    time_base=Fraction(1, 1000),
                ),
                graph.add("lut3d", file=str(self.lens.lut), interp="tetrahedral"),
                graph.add("format", pix_fmts="bgra"),
                graph.add("buffersink"),
            ]
            graph.link_nodes(*steps).configure()
        except (av.FFmpegError, ValueError) as error:
            raise BadInput(
                f"{self.lens.lut} is no LUT that can be used here.",
                path=self.lens.lut,
                hint="A .cube file with a table of 2 to 256 steps is needed.",
            ) from error
        return graph


def check_lut(path: Path) -> Path:
    """*path*, if it is a LUT that can be used here. Raises BadInput, by name."""
    Glass(Lens(box=(16, 16), lut=path)).check()
    return path
