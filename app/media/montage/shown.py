"""What a sheet or a still is made of: facts and pictures of a clip, decoded here or by a program.

A program of another maker is asked where nothing here decodes the clip; see `facts.external`.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

from av.video.frame import VideoFrame

from app.errors import MediaFault
from app.media.facts.clip import read_clip
from app.media.facts.external import SETTING, ExternalDecoder
from app.media.facts.probe import CONVERTER as FACTS
from app.media.facts.probe import probe
from app.media.facts.probe_process import hold_back, told
from app.media.facts.row import ending
from app.media.facts.values import ClipFacts
from app.media.facts.whole import Whole
from app.media.frames.footage import Footage, MakeIndex, footage_of
from app.media.play.external_frames import ExternalFrames, ExternalRow, external_frames


def facts_of(source: Path, decoder: Sequence[str]) -> ClipFacts:
    """What the clip tells of itself; from here on this process has no more memory than it needs.

    *decoder* is the program of the settings for such files, () for none. It may need much memory,
    so that only where it is needed this process, which starts it, is not held back: then nothing
    of the clip is read here. Raises MediaFault, and what `probe` does.
    """
    if decoder:
        facts = probe(source, decoders={ending(source.name): shlex.join(decoder)})
        if not _by_program(facts, 0):
            hold_back()
        return facts
    hold_back()
    found = told(source, read_clip)
    if words := found.get("fault"):
        raise MediaFault(str(words), path=source)
    return FACTS.structure(found["facts"], ClipFacts)


def footage_shown(
    source: Path,
    whole: Whole,
    facts: ClipFacts,
    track: int,
    decoder: Sequence[str],
    make_index: MakeIndex,
    checkpoint: Callable[[], object],
) -> Footage:
    """The pictures of picture track *track*, to be closed by the caller.

    *checkpoint* is called while a program is asked how many there are. Raises MediaFault where
    nobody shows them.
    """
    one = facts.video[track]
    if one.decodable:
        return footage_of(whole, track, one.rate, make_index)
    if decoder and _by_program(facts, track):
        frames = external_frames(ExternalDecoder(tuple(decoder)), whole, facts, checkpoint)
        return _Shown(frames)
    if decoder and facts.remarks:  # why the program shows nothing
        raise MediaFault(facts.remarks[-1], path=source)
    what = one.codec_name or "of a kind"
    ext = ending(source.name)
    raise MediaFault(
        f"{source} is {what} that cannot be decoded here. Name a program that shows {ext} files in "
        f"the settings: {SETTING}.",
        path=source,
    )


def _by_program(facts: ClipFacts, track: int) -> bool:
    return track < len(facts.video) and bool(facts.video[track].decoder)


class _Shown:
    """The pictures that a program shows."""

    missing_at_end = 0

    def __init__(self, frames: ExternalFrames | ExternalRow) -> None:
        self._frames, self._index = frames, frames.index
        self.frames, self.rate, self.steady = self._index.frames, self._index.rate, True

    @property
    def duration(self) -> Fraction:
        """Seconds."""
        return self._index.duration

    def number_at(self, seconds: Fraction) -> int:
        """Which frame is shown then."""
        return self._index.number_at(seconds)

    def seconds(self, n: int) -> Fraction:
        """When frame *n* is shown, from the first one on."""
        return self._index.seconds(n)

    def frame(self, n: int) -> VideoFrame:
        """Frame *n*; FrameFault where the program does not show it."""
        return self._frames.frame(n)

    def close(self) -> None:
        """End the program."""
        self._frames.close()
