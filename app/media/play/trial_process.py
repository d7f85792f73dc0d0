"""The child of `Trial`: one line of JSON in, one line out, until its parent goes."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from app.media.facts.clip import read_clip
from app.media.facts.opened import opened
from app.media.facts.packets import packets_to_decode
from app.media.facts.probe_process import hold_back, told
from app.media.facts.row import PICTURES, ending
from app.media.facts.sequence import FORMATS
from app.media.facts.values import CONVERTER, ClipFacts
from app.media.play.trial import Tried, tried_as_plain
from app.places.cards.listing import SOUNDS

_WHOLE = 15.0
"""Seconds for which a damaged clip is decoded at most; what comes later is not tried."""
_ENOUGH = 400
"""Packets in which something has to come."""
_FEW = 8
"""Packets for each track in which sound has to come once there is a picture: some have none."""
_LONG = 5.0
"""Seconds for which something is waited for at most."""
_PATIENCE = 20.0
"""Seconds that one step of reading may take."""


def main() -> None:
    """Answer until there are no more questions."""
    hold_back()
    av.logging.set_level(None)
    for line in sys.stdin.buffer:
        answer = json.dumps(tried_as_plain(tried(Path(json.loads(line)["path"])))).encode()
        sys.stdout.buffer.write(answer + b"\n")
        sys.stdout.buffer.flush()


def tried(path: Path) -> Tried:
    """What playing the file shows."""
    if ending(path.name) in PICTURES:
        return _picture(path)
    try:
        shown, heard, harm = _beginning(path)
    except (av.FFmpegError, OSError, ValueError, MemoryError):
        shown, heard, harm = False, False, False
    if harm:
        shown |= _decode_all(path)
    if shown or (heard and ending(path.name) in SOUNDS):
        return Tried(shown=shown, heard=heard)
    return _without(path, heard=heard)


def _picture(path: Path) -> Tried:
    """One file of a row of pictures."""
    kind = FORMATS.get(ending(path.name))
    with contextlib.suppress(av.FFmpegError, OSError, StopIteration, ValueError, MemoryError):
        if kind is not None:
            with opened(path, form=kind) as container:
                next(container.decode(video=0))
                return Tried()
    return _without(path, heard=False)


def _without(path: Path, *, heard: bool) -> Tried:
    """No picture: what its header tells, and what is wrong in the words of the library's table."""
    said = told(path, read_clip)
    facts = said.get("facts")
    return Tried(
        shown=False,
        heard=heard,
        passing=bool(said.get("passing")),
        fault=str(said.get("fault", f"{path} holds no picture that could be shown.")),
        facts=CONVERTER.structure(facts, ClipFacts) if facts else None,
    )


def _beginning(path: Path) -> tuple[bool, bool, bool]:
    """Whether there is a picture, whether there is sound, and whether there is any damage."""
    with opened(path, timeout=_PATIENCE) as container:
        pictures = [one for one in container.streams.video if _shows(one)][:1]
        sounds = [one for one in container.streams.audio if one.codec_context]
        for picture in pictures:
            picture.thread_type = "SLICE"
        came, harm = _decoded(container, [*pictures, *sounds])
        for picture in pictures:
            harm |= _further_on(container, picture)
        heard = any(one.index in came for one in sounds)
        return any(one.index in came for one in pictures), heard, harm


def _further_on(container: InputContainer, picture: VideoStream) -> bool:
    """Whether a key frame in the middle shows damage, or the last one of an intra codec.

    There a cut shows. Other last frames need a run-up, which would take too long.
    """
    harm = False
    picture.codec_context.skip_frame = "NONKEY"
    places = [(picture.start_time or 0) + (picture.duration or 0) // 2]
    entries = picture.index_entries
    if picture.codec_context.codec.intra_only and len(entries) > 1:
        places.append(entries[len(entries) - 1].timestamp)
    for place in places:
        with contextlib.suppress(av.FFmpegError):  # of what can't be sought the rest is not tried
            container.seek(place, stream=picture)
            last, worse = _decoded(container, [picture])
            harm |= worse or not last
    return harm


def _shows(stream: VideoStream) -> bool:
    """Whether it is a clip's picture, not its cover, and of a codec that is known here."""
    cover = bool(stream.disposition & Disposition.attached_pic)
    return stream.codec_context is not None and not cover


def _decoded(
    container: InputContainer, tracks: Sequence[VideoStream | AudioStream]
) -> tuple[set[int], bool]:
    """Decode on until each of *tracks* has given something: which have, and any damage.

    A picture that takes too long is counted as one that came: that is for the player to find out.
    """
    pictures = {track.index for track in tracks if track.type == "video"}
    came: set[int] = set()
    harm = False
    end, left = time.monotonic() + _LONG, _ENOUGH
    for packet in packets_to_decode(container, *tracks):
        try:
            frames = packet.decode()
        except (av.FFmpegError, ValueError):
            frames, harm = [], True
        harm |= any(getattr(frame, "is_corrupt", False) for frame in frames)
        if frames and packet.stream.index not in came:
            came.add(packet.stream.index)
            left = min(left, _FEW * len(tracks)) if pictures <= came else left
        left -= 1
        if len(came) == len(tracks):
            break
        if left <= 0 or time.monotonic() > end:
            return came | pictures, harm
    return came, harm


def _decode_all(path: Path) -> bool:
    """Go through all of it, as long as there is time: what breaks down breaks down here.

    Answers whether any picture came.
    """
    end, shown = time.monotonic() + _WHOLE, False
    wrong = (av.FFmpegError, OSError, ValueError, MemoryError)
    with contextlib.suppress(*wrong), opened(path, timeout=_PATIENCE) as container:
        tracks = [*container.streams.video, *container.streams.audio]
        known = [one for one in tracks if one.codec_context]
        for packet in packets_to_decode(container, *known):
            with contextlib.suppress(*wrong):
                shown |= bool(packet.decode()) and packet.stream.type == "video"
            if time.monotonic() > end:
                break
    return shown


if __name__ == "__main__":
    main()
