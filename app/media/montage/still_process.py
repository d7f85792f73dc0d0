"""The child that exports one still, and reports as ffmpeg does."""

from __future__ import annotations

import contextlib
import json
import sys
import traceback
from itertools import count

import av

from app.errors import DestinationFault, MediaFault, ReelkeepError, Refusal
from app.jobs.spec import CONVERTER
from app.media.facts.whole import whole_clip
from app.media.frames.footage import MakeIndex
from app.media.frames.frame_index import FrameIndex
from app.media.frames.index import build_index
from app.media.frames.index_cache import IndexCache
from app.media.frames.source import FileSource
from app.media.montage.process import say
from app.media.montage.shown import facts_of, footage_shown
from app.media.montage.still_order import StillOrder, number_of
from app.media.montage.stills import Still, write_still
from app.media.montage.tiles import timecode_of


def main(order: StillOrder) -> None:
    """Export it and say how it went."""
    av.logging.set_level(None)
    try:
        still = exported(order)
    except ReelkeepError as error:
        kind = {Refusal: "input", DestinationFault: "writing"}
        found = next((word for family, word in kind.items() if isinstance(error, family)), "clip")
        _fault(error.message, error.hint, found)
    except (av.FFmpegError, OSError, MemoryError) as error:
        words = getattr(error, "strerror", None) or "it is damaged"
        _fault(f"{order.source} cannot be decoded: {words}.")
    except Exception:  # the parent says so, and does not blame the clip
        say(bug=json.dumps(traceback.format_exc()), progress="end")
    else:
        say(still=json.dumps(CONVERTER.unstructure(still)), progress="end")


def _fault(words: str, hint: str = "", kind: str = "clip") -> None:
    say(fault=json.dumps({"words": words, "hint": hint, "kind": kind}), progress="end")


def exported(order: StillOrder) -> Still:
    """The still, written. Raises ReelkeepError, av.FFmpegError, OSError."""
    facts = facts_of(order.source, order.decoder)
    if order.track >= len(facts.video):
        lacking = f"no picture track {order.track + 1}" if facts.video else "no picture"
        raise MediaFault(f"{order.source} has {lacking}.")
    track = facts.video[order.track]
    whole = whole_clip(order.source)
    asked = count(1)

    def still_here() -> None:
        say(total_size=next(asked), progress="continue")

    footage = footage_shown(
        order.source, whole, facts, order.track, order.decoder, _index_by(order), still_here
    )
    with contextlib.closing(footage):
        n = number_of(footage, facts.start, order.at, str(order.source))
        timecode = order.timecode or timecode_of(footage, facts.start, n)
        frame = footage.frame(n)
        several = whole.pictures is not None or len(whole.parts) > 1
        name = whole.name if several else order.source.stem
        if len(facts.video) > 1:
            name += f"-{order.track + 1}"
        name = order.name or name
        return write_still(
            frame,
            n,
            timecode,
            order.to,
            name=name,
            form=order.form,
            aspect=track.pixel_aspect,
            dry_run=order.dry_run,
        )


def _index_by(order: StillOrder) -> MakeIndex:
    """The kept index of a file, or one that is built while the parent hears how far it is."""

    def read_so_far(share: float) -> None:
        say(total_size=int(share * 1e6), progress="continue")

    def index_of(source: FileSource, number: int) -> FrameIndex:
        if order.indexes is None:
            return build_index(source, track=number, progress=read_so_far)
        cache = IndexCache(order.indexes)
        return cache.index(source, track=number, progress=read_so_far)

    return index_of


if __name__ == "__main__":
    main(CONVERTER.structure(json.loads(sys.argv[1]), StillOrder))
