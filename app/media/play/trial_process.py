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
from app.media.facts.probe_process import hold_back, told
from app.media.facts.row import PICTURES, ending
from app.media.facts.sequence import FORMATS
from app.media.facts.values import CONVERTER, ClipFacts
from app.media.play.trial import Tried, tried_as_plain
from app.places.cards.listing import SOUNDS

_WHOLE = 15.0
"""Seconds for which a damaged clip is decoded at most; what comes later is not tried."""
_ENOUGH = 400
"""Packets after which a track that has given nothing is not waited for."""
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
        _decode_all(path)
    if shown or (heard and ending(path.name) in SOUNDS):
        return Tried(shown=shown, heard=heard)
    return _without(path, heard=heard)


def _picture(path: Path) -> Tried:
    """One file of a row of pictures."""
    kind = FORMATS.get(ending(path.name))
    with contextlib.suppress(av.FFmpegError, OSError, StopIteration, ValueError, MemoryError):
        if kind is not None:
            with av.open(str(path), format=kind) as container:
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
        fault=str(said.get("fault", f"{path} holds no picture that could be shown.")),
        facts=CONVERTER.structure(facts, ClipFacts) if facts else None,
    )


def _beginning(path: Path) -> tuple[bool, bool, bool]:
    """Whether there is a picture, whether there is sound, and whether there is any damage.

    Of pictures that stand for themselves the last one is decoded too: a cut shows there.
    """
    with _opened(path) as container:
        pictures = [one for one in container.streams.video if _shows(one)][:1]
        sounds = [one for one in container.streams.audio if one.codec_context]
        for picture in pictures:
            picture.thread_type = "SLICE"
        came, harm = _decoded(container, [*pictures, *sounds])
        for picture in pictures:
            entries = picture.index_entries
            if picture.codec_context.codec.intra_only and len(entries) > 1:
                container.seek(entries[len(entries) - 1].timestamp, stream=picture)
                last, worse = _decoded(container, [picture])
                harm |= worse or not last
        heard = any(one.index in came for one in sounds)
        return any(one.index in came for one in pictures), heard, harm


def _opened(path: Path) -> InputContainer:
    return av.open(
        str(path),
        metadata_errors="replace",
        timeout=_PATIENCE,
        options={"protocol_whitelist": "file"},
    )


def _shows(stream: VideoStream) -> bool:
    """Whether it is a clip's picture, not its cover, and of a codec that is known here."""
    cover = bool(stream.disposition & Disposition.attached_pic)
    return stream.codec_context is not None and not cover


def _decoded(
    container: InputContainer, tracks: Sequence[VideoStream | AudioStream]
) -> tuple[set[int], bool]:
    """Decode on until each of *tracks* has given something: which have, and any damage."""
    came: set[int] = set()
    harm = False
    for number, packet in enumerate(container.demux(*tracks)):
        try:
            frames = packet.decode()
        except (av.FFmpegError, ValueError):
            harm = True
            continue
        harm |= any(getattr(frame, "is_corrupt", False) for frame in frames)
        if frames:
            came.add(packet.stream.index)
        if len(came) == len(tracks) or number > _ENOUGH:
            break
    return came, harm


def _decode_all(path: Path) -> None:
    """Go through all of it, as long as there is time: what breaks down breaks down here."""
    end = time.monotonic() + _WHOLE
    wrong = (av.FFmpegError, OSError, ValueError, MemoryError)
    with contextlib.suppress(*wrong), _opened(path) as container:
        tracks = [*container.streams.video, *container.streams.audio]
        for packet in container.demux([one for one in tracks if one.codec_context]):
            with contextlib.suppress(*wrong):
                packet.decode()
            if time.monotonic() > end:
                return


if __name__ == "__main__":
    main()
