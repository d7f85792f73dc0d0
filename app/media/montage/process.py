"""The child that draws the contact sheets of one clip, and reports as ffmpeg does.

A clip that makes a decoder hang, crash or take all memory costs this process and its own sheets.
"""

from __future__ import annotations

import contextlib
import errno
import json
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import av
from PIL import Image

from app.errors import FrameFault, MediaFault, ReelkeepError
from app.jobs.spec import CONVERTER
from app.media.facts.values import ClipFacts, VideoTrack, cut_off_words
from app.media.facts.whole import Whole, whole_clip
from app.media.frames.footage import Footage
from app.media.frames.frame_index import FrameIndex
from app.media.frames.index import build_index
from app.media.frames.index_cache import IndexCache
from app.media.frames.pictures import scaled
from app.media.frames.source import FileSource
from app.media.montage.mark import mark_in
from app.media.montage.order import Obstacle, SheetAnswer, SheetOrder
from app.media.montage.sheet import Layout, Size, Tile, layout_of, write_sheet
from app.media.montage.shown import facts_of, footage_shown
from app.media.montage.spec import MadeSheet, SheetState
from app.media.montage.tiles import grid_of, heading, numbers_for, timecode_of
from app.media.products.partial import part_of
from app.units import count_text

_EVERY = 0.2
"""Seconds between two reports."""
_NAMED = 5
"""Frames that could not be shown which are named one by one."""


def main(order: SheetOrder) -> None:
    """Draw what is ordered and say how it went."""
    av.logging.set_level(None)
    try:
        drawing = Drawing(order)
        answer = drawing.answer()
    except Exception:  # the parent says so, and does not blame the clip
        say(bug=json.dumps(traceback.format_exc()), progress="end")
        return
    drawing.tell(answer=json.dumps(CONVERTER.unstructure(answer)), progress="end")


def say(**facts: object) -> None:
    """One report."""
    for name, value in facts.items():
        print(f"{name}={value}")
    sys.stdout.flush()


class Drawing:
    """The sheets of one clip in the making."""

    def __init__(self, order: SheetOrder) -> None:
        self._order = order
        self._done = self._steps = 0
        self._tiles = 0
        self._said = 0.0
        self._notes: list[str] = []
        self._gaps = False

    def answer(self) -> SheetAnswer:
        """Draw them all."""
        source = self._order.source
        try:
            facts = facts_of(source, self._order.decoder)
        except ReelkeepError as error:
            return _failed(str(error))
        if facts.picture is None:
            return _failed(f"{source} has no picture.", Obstacle.NO_PICTURE)
        try:
            return self._all(whole_clip(source), facts)
        except (ReelkeepError, av.FFmpegError, MemoryError, OSError) as error:
            return _fault(error, self._order)

    def _all(self, whole: Whole, facts: ClipFacts) -> SheetAnswer:
        sheets: list[MadeSheet] = []
        paths = self._order.paths(len(facts.video))
        for number, (track, path) in enumerate(zip(facts.video, paths, strict=True)):
            mark, there = self._order.mark(whole, number), mark_in(path)
            if there is not None and mark.finished(there) and not self._order.anew:
                sheets.append(there.sheet(path, known=True))
                continue
            if path.exists() and not (there and self._order.is_of(there, whole, number)):
                words = f"{path} is there already and was not made from {self._order.source}."
                return _failed(words, Obstacle.TAKEN, path)
            path.parent.mkdir(parents=True, exist_ok=True)
            sheets.append(self._one(whole, facts, track, number, path))
        known = all(sheet.known for sheet in sheets)
        state = SheetState.GAPS if self._gaps else SheetState.KNOWN if known else SheetState.MADE
        return SheetAnswer(state=state, sheets=tuple(sheets), notes=tuple(self._notes))

    def _one(
        self, whole: Whole, facts: ClipFacts, track: VideoTrack, number: int, path: Path
    ) -> MadeSheet:
        with contextlib.closing(self._footage(whole, facts, number)) as footage:
            grid = grid_of(footage, self._order.grid)
            numbers = numbers_for(footage, grid)
            self._tiles += len(numbers)
            layout = layout_of(
                shown_size(track),
                len(numbers),
                grid,
                self._order.width,
                facts.name or self._order.source.stem,
                heading(facts, track, footage, number + 1),
            )
            tiles = list(self._pictures(footage, facts, track, layout, numbers))
            cut_off = self._is_cut_off(track, footage)
        bare = self._order.mark(whole, number)
        gaps = sum(tile.picture is None for tile in tiles) + cut_off
        mark = replace(
            bare, grid=grid, tiles=len(tiles), gaps=gaps, width=layout.width, height=layout.height
        )
        write_sheet(part_of(path), self._order.form, layout, tiles, mark.text)
        return replace(mark.sheet(part_of(path), known=False), path=path)

    def _is_cut_off(self, track: VideoTrack, footage: Footage) -> bool:
        """Whether frames are behind the end of the file; says so."""
        lost = track.lost or footage.missing_at_end
        if lost:
            self._gaps = True
            of = track.frames if track.lost else footage.frames + lost
            self._notes.append(f"{self._order.source} {cut_off_words(lost, of)}")
        return lost > 0

    def _footage(self, whole: Whole, facts: ClipFacts, number: int) -> Footage:
        asked = count(1)
        return footage_shown(
            self._order.source,
            whole,
            facts,
            number,
            self._order.decoder,
            self._index,
            lambda: self._tell(next(asked)),
        )

    def _index(self, source: FileSource, track: int) -> FrameIndex:
        def read_so_far(share: float) -> None:
            self._tell(int(share * 1e6))

        if self._order.indexes is None:
            return build_index(source, track=track, progress=read_so_far)
        cache = IndexCache(self._order.indexes)
        return cache.index(source, track=track, progress=read_so_far)

    def _pictures(
        self,
        footage: Footage,
        facts: ClipFacts,
        track: VideoTrack,
        layout: Layout,
        numbers: tuple[int, ...],
    ) -> Iterator[Tile]:
        lost = []
        for n in numbers:
            timecode, picture = timecode_of(footage, facts.start, n), None
            try:
                picture = tile_of(footage.frame(n), layout.tile, track)
            except FrameFault:
                lost.append(timecode)
            self._done += 1
            self._tell()
            yield Tile(number=n, timecode=timecode, picture=picture)
        if len(lost) == len(numbers):
            raise MediaFault(f"No frame of {self._order.source} can be shown: it is damaged.")
        if lost:
            self._gaps = True
            named = ", ".join(lost[:_NAMED]) + (" …" if len(lost) > _NAMED else "")
            count = f"{len(lost)} of {count_text(len(numbers), 'frame')}"
            self._notes.append(f"{self._order.source}: {count} cannot be shown: {named}")

    def _tell(self, read: int = 0) -> None:
        now = time.monotonic()
        if now - self._said >= _EVERY:
            self._said = now
            self.tell(total_size=read, progress="continue")

    def tell(self, **facts: object) -> None:
        """How far it is, and *facts*."""
        say(frame=self._done, wanted=self._tiles, **facts)


def shown_size(track: VideoTrack) -> Size:
    """Pixels of a track's picture as it is shown: square pixels, turned."""
    wide = max(round(track.width * track.pixel_aspect), 1)
    return (track.height, wide) if track.rotation % 180 else (wide, track.height)


def tile_of(frame: av.VideoFrame, size: Size, track: VideoTrack) -> Image.Image:
    """*frame* as it is shown, in exactly *size* pixels."""
    turned = round(track.rotation / 90) * 90 % 360
    before = (size[1], size[0]) if turned % 180 else size
    small = scaled(frame, before, fine=True, form="rgb24")
    plane = small.planes[0]
    shown = Image.frombytes("RGB", before, bytes(plane), "raw", "RGB", plane.line_size)
    return shown.rotate(-turned, expand=True) if turned else shown


def _failed(
    trouble: str, obstacle: Obstacle | None = None, path: Path | None = None
) -> SheetAnswer:
    return SheetAnswer(state=SheetState.FAILED, trouble=trouble, obstacle=obstacle, path=path)


def _fault(error: Exception, order: SheetOrder) -> SheetAnswer:
    """What went wrong, in words."""
    if isinstance(error, ReelkeepError):
        return _failed(str(error))
    if isinstance(error, MemoryError):
        return _failed(f"{order.source} is damaged: its pictures would take all memory.")
    if isinstance(error, av.FFmpegError) or not isinstance(error, OSError):
        return _failed(f"{order.source} cannot be decoded: {getattr(error, 'strerror', error)}.")
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        words = f"There is no room for contact sheets in {order.to}."
        return _failed(words, Obstacle.FULL, order.to)
    path = Path(error.filename) if isinstance(error.filename, str) else order.to
    return _failed(f"{path} cannot be used: {error.strerror}.", Obstacle.WRITING, path)


if __name__ == "__main__":
    main(CONVERTER.structure(json.loads(sys.argv[1]), SheetOrder))
