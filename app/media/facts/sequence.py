"""Facts of a clip with one file for each picture: what the first and the last header say."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av

from app.errors import BadInput, MediaFault
from app.media.facts.arri import ari_header
from app.media.facts.dpx import dpx_header
from app.media.facts.exr import exr_header
from app.media.facts.header import PictureHeader
from app.media.facts.picture_track import video_track
from app.media.facts.row import Pictures, ending
from app.media.facts.tiff import tiff_header
from app.media.facts.values import ClipFacts, KeyFrames, VideoTrack
from app.timecode import Timecode

_HEADERS: Mapping[str, Callable[[Path], PictureHeader | None]] = {
    "dpx": dpx_header, "exr": exr_header, "ari": ari_header,
    "tif": tiff_header, "tiff": tiff_header, "dng": tiff_header,
}  # fmt: skip
FORMATS = {
    "dpx": "dpx_pipe", "exr": "exr_pipe", "tif": "tiff_pipe", "tiff": "tiff_pipe",
    "dng": "tiff_pipe", "png": "png_pipe", "jpg": "jpeg_pipe", "jpeg": "jpeg_pipe",
}  # fmt: skip
"""FFmpeg's name of one picture; a name with a % in it would be taken for a pattern otherwise."""
_UNREAD = {
    "arx": ("arriraw-hde", "ARRIRAW HDE"), "rmf": ("canon-raw", "Canon Cinema RAW"),
    "vrw": ("phantom-raw", "Vision Research RAW"), "cin": ("cineon", "Cineon"),
}  # fmt: skip
"""Formats whose header is not known here: told by their name alone."""
_MAGIC = {"png": b"\x89PNG\r\n\x1a\n", "jpg": b"\xff\xd8\xff", "jpeg": b"\xff\xd8\xff"}
_HEAD = 4096
"""Bytes of the beginning of a picture; every camera's file has more."""
_COUNTED_SINGLY = 30
"""Frames a second up to which each has a timecode of its own."""
_LARGEST = 1 << 30
"""Bytes of a picture that is decoded: FFmpeg reads all of them at once."""


def row_facts(pictures: Pictures) -> ClipFacts:
    """Everything that a row of pictures tells. Raises MediaFault, OSError."""
    path = pictures.first
    ext = ending(path.name)
    header = _HEADERS[ext](path) if ext in _HEADERS else None
    _check(path, ext, header)
    track = _decoded(path, ext)
    remarks = [*_gaps(pictures)]
    if track is None:
        track = _told(path, ext, header)
        if ext in FORMATS and ext != "dng":  # raw ones of these are whole, and not decoded here
            remarks.append(f"{path.name} is damaged, or of a kind that is not known here.")
    rate = header.rate if header else Fraction(0)
    duration = pictures.frames / rate if rate else Fraction(0)
    track = replace(
        track,
        width=track.width or (header.width if header else 0),
        height=track.height or (header.height if header else 0),
        rate=rate,
        steady=True,
        frames=pictures.frames,
        counted=True,
        duration=duration,
        key_frames=KeyFrames.EVERY,
        key_distance=1,
    )
    if header and header.codec_name:
        track = replace(track, codec_name=header.codec_name)
    if header and header.transfer:
        track = replace(track, colour=replace(track.colour, transfer=header.transfer))
    facts = ClipFacts(
        container=header.container if header else ext.upper(),
        size=pictures.size,
        duration=duration,
        video=(track,),
        row=pictures.row if pictures.row.present > 1 else None,
        remarks=tuple(remarks),
    )
    return facts if header is None else with_header(facts, header, _last(pictures, ext))


def with_header(
    facts: ClipFacts, header: PictureHeader, last: PictureHeader | None = None
) -> ClipFacts:
    """*facts* with what the first picture's header says; *last* is held against it."""
    track = facts.video[0]
    start, remarks = None, list(facts.remarks)
    if header.timecode:
        try:
            start = Timecode.parse(header.timecode, header.rate) if header.rate else None
            if start is None:
                remarks.append(f"It begins at {header.timecode}, without a frame rate.")
        except BadInput as error:
            remarks.append(f"Its header's timecode is none: {error.message}")
    if last is not None and start is not None:
        remarks += _against(start, track, last)
    return replace(
        facts,
        start=start,
        start_from=f"{header.container} header" if start else "",
        reel=header.reel,
        reel_from=f"{header.container} header" if header.reel else "",
        scene=header.scene,
        take=header.take,
        project=header.project,
        recorded=header.recorded,
        camera=dict(header.camera),
        remarks=tuple(remarks),
    )


def _check(path: Path, ext: str, header: PictureHeader | None) -> None:
    """Refuse what is no picture: MediaFault names the file."""
    if header is not None:
        return
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if ext in _HEADERS or not head.startswith(_MAGIC.get(ext, b"")):
        raise MediaFault(f"{path} is no {ext.upper()} file, or its header is damaged.", path=path)
    if ext in _UNREAD and (len(head) < _HEAD or not head.strip(b"\0") or _is_text(head)):
        raise MediaFault(f"{path} is no picture.", path=path)


def _is_text(head: bytes) -> bool:
    try:
        return head.decode("utf-8").isprintable() or b"\n" in head
    except UnicodeDecodeError:
        return False


def _decoded(path: Path, ext: str) -> VideoTrack | None:
    """What FFmpeg makes of the first picture; None where it cannot read it."""
    if ext not in FORMATS or path.stat().st_size > _LARGEST:
        return None
    with (
        contextlib.suppress(av.FFmpegError),
        av.open(os.fspath(path), format=FORMATS[ext]) as container,
    ):
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for picture in container.decode(stream):
            return video_track(container, stream, None, picture)
    return None


def _told(path: Path, ext: str, header: PictureHeader | None) -> VideoTrack:
    """A picture that nobody here can decode, by its header or its name."""
    codec, name = _UNREAD.get(ext, (ext, f"{ext.upper()} image"))
    if header is not None and header.codec:
        codec, name = header.codec, header.codec_name
    if header is None and ext not in _UNREAD:
        raise MediaFault(f"{path} is no picture, or its header is damaged.", path=path)
    return VideoTrack(index=0, codec=codec, codec_name=name, decodable=False)


def _gaps(pictures: Pictures) -> Iterator[str]:
    for first, last in pictures.row.missing[:3]:
        what = f"Frame {first} is" if first == last else f"Frames {first} to {last} are"
        yield f"{what} missing."
    more = len(pictures.row.missing) - 3
    if more > 0:
        yield f"There are {more:,} more gaps in its frames."


def _last(pictures: Pictures, ext: str) -> PictureHeader | None:
    if pictures.row.present < 2:
        return None
    try:
        return _HEADERS[ext](pictures.last)
    except OSError:
        return None


def _against(start: Timecode, track: VideoTrack, last: PictureHeader) -> Iterator[str]:
    """Sentences where the last picture does not go on from the first."""
    if (last.width, last.height) != (track.width, track.height):
        yield f"Its last frame has {last.width}×{last.height} pixels."
    if track.rate > _COUNTED_SINGLY:  # cameras number such frames in pairs, or not
        return
    due = str(start + (track.frames - 1))
    if last.timecode and last.timecode != due:
        yield f"Its last frame says {last.timecode}; counted from the first one it is {due}."
