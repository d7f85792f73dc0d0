"""`reelkeep probe`: what a clip tells of itself."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import chain
from pathlib import Path

import click

from app.cli.ending import Ending
from app.cli.invocation import this_invocation
from app.cli.output import shown
from app.cli.typed import Place
from app.errors import NotFound, ReelkeepError
from app.media.facts.folder import clips_below
from app.media.facts.probe import CONVERTER, probe
from app.media.facts.values import AudioTrack, ClipFacts, Colour, FrameRow, KeyFrames, VideoTrack
from app.timecode import rate_text
from app.units import bytes_text, count_text, rotation_text

_MOST_NAMED = 12
"""Files of a clip that are named one by one."""
_OTHER = Fraction(1, 10)
"""Seconds by which the length of sound has to differ from the picture's to be said."""


@click.command("probe")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=Place())
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_context
def probe_command(context: click.Context, /, files: tuple[Path, ...], as_json: bool) -> None:
    """Show container, picture, sound, timecode, reel and what else a clip tells of itself.

    A file that is a part of a clip stands for all of it: a frame of a row of pictures, a part of
    a recording that spans several files. Of a folder all clips below it are shown.
    """
    failed = 0
    files = tuple(chain.from_iterable(map(_clips_of, files)))
    decoders = this_invocation().settings().get("media.external_decoders")
    for n, file in enumerate(files):
        try:
            facts = probe(file, decoders=decoders)
        except ReelkeepError as error:
            failed += 1
            click.echo(f"{error.title}: {shown(str(error))}", err=True)
            if as_json:
                click.echo(json.dumps({"event": "fault", "path": str(file), "error": str(error)}))
            continue
        if as_json:
            told = CONVERTER.unstructure(facts)
            if facts.start is not None:
                told["start"] = str(facts.start)
            click.echo(json.dumps({"event": "clip", "path": str(file), **told}))
        else:
            click.echo("\n".join([*([""] if n else []), shown(str(file)), *_lines(facts)]))
    if as_json:
        click.echo(json.dumps({"event": "result", "clips": len(files) - failed, "failed": failed}))
    context.exit(Ending.FAILED if failed else Ending.DONE)


def _clips_of(path: Path) -> Sequence[Path]:
    """The clips of a folder, where there are several; else *path* itself."""
    with contextlib.suppress(NotFound):  # said when its turn comes
        clips = clips_below(path).clips if path.is_dir() else ()
        if len(clips) > 1:
            return [clip.path for clip in clips]
    return [path]


def _lines(facts: ClipFacts) -> Iterator[str]:
    for name, text in _rows(facts):
        if text:
            yield f"  {name:<11}{shown(text)}"


def _rows(facts: ClipFacts) -> Iterator[tuple[str, str]]:
    yield "container", f"{facts.container}, {bytes_text(facts.size)}, {_length(facts)}"
    yield "clip", facts.name if facts.row or facts.parts else ""
    yield "frames", _frames(facts.row)
    yield "files", _listed(facts.parts)
    start = f"{facts.start} ({facts.start_from})" if facts.start else ""
    if not start and facts.since_midnight is not None:
        start = f"{_clock(float(facts.since_midnight))} (BWF, without a frame rate)"
    yield "timecode", start
    yield "reel", facts.reel + (" (by its name)" if facts.reel_from == "name" else "")
    yield "scene", " ".join(filter(None, [facts.scene, facts.take and f"take {facts.take}"]))
    yield "project", facts.project
    yield "note", facts.note
    yield "recorded", facts.recorded
    for track in facts.video:
        yield "picture", _picture(track)
        yield "", _timing(track)
        if track.decodable:
            yield "", _colour(track.colour)
    for sound in facts.audio:
        yield "sound", _sound(sound, facts.duration)
        yield "", ", ".join(sound.channel_names)
    said = {"data tmcd"} if facts.start_from == "tmcd track" else set()
    yield "also", ", ".join(one for one in facts.other if one not in said)
    for key, value in facts.camera.items():
        yield "camera", f"{key.rpartition('.')[2]} {value}"
    yield "beside", _listed(facts.sidecars)
    yield "missing", _listed(facts.missing)
    for remark in facts.remarks:
        yield "remark", remark


def _frames(row: FrameRow | None) -> str:
    if row is None:
        return ""
    return f"{row.pattern}, {row.first} to {row.last}, {count_text(row.present, 'file')}"


def _listed(names: tuple[str, ...]) -> str:
    shown_names, more = names[:_MOST_NAMED], len(names) - _MOST_NAMED
    return ", ".join(shown_names) + (f" and {more:,} more" if more > 0 else "")


def _length(facts: ClipFacts) -> str:
    seconds = f"{float(facts.duration):.2f} s"
    picture = facts.picture
    if picture is None:
        return seconds
    if not picture.frames:
        return "of unknown length"
    about = "" if picture.counted else "about "
    frames = f"{about}{count_text(picture.frames, 'frame')}"
    if picture.lost:
        frames += f", of which {picture.lost:,} are cut off"
    return f"{frames}, {seconds}" if facts.duration else frames


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes // 60):02}:{int(minutes % 60):02}:{rest:06.3f}"


def _picture(track: VideoTrack) -> str:
    scanned = ", interlaced" if track.interlaced else ""
    turned = f", turned by {rotation_text(track.rotation)}" if track.rotation else ""
    aspect = f", pixels {track.pixel_aspect}" if track.pixel_aspect != 1 else ""
    named = track.codec_name or track.codec
    if not track.decodable:
        by = f"decoded by {track.decoder}" if track.decoder else "cannot be decoded here"
        size = f"{track.width}×{track.height}, " if track.width else ""
        return f"{named}, {size}{by}"
    pixels = track.pixel_format
    if track.codec == "dpx":  # the decoder's order of bytes is not the file's
        pixels = pixels.removesuffix("le").removesuffix("be")
    return f"{named}, {track.width}×{track.height}{aspect}{scanned}{turned}, {pixels}"


def _timing(track: VideoTrack) -> str:
    exact = f" ({track.rate})" if track.rate.denominator > 1 else ""
    rate = f"{rate_text(track.rate)}{exact} frames a second" if track.rate else "no frame rate"
    steady = "" if track.steady else ", not steady"
    if track.key_frames is KeyFrames.EVERY:
        keys = ", every frame a key frame"
    elif track.key_distance:
        keys = f", key frames at most {track.key_distance} apart"
    else:
        keys = ""
    return rate + steady + keys


def _colour(colour: Colour) -> str:
    said = [colour.primaries, colour.transfer, colour.matrix]
    if not any(said):
        return f"no colour tags but {colour.range} range" if colour.range else "no colour tags"
    names = " / ".join(one or "?" for one in said)
    return f"{names}, {colour.range or '?'} range"


def _sound(track: AudioTrack, clip: Fraction) -> str:
    bits = f", {track.bits} bit" if track.bits else ""
    name = f" ({track.name})" if track.name else ""
    other = track.duration and clip and abs(track.duration - clip) >= _OTHER
    longer = f", {float(track.duration):.2f} s long" if other else ""
    return f"{track.codec_name}, {track.layout}, {track.rate / 1000:g} kHz{bits}{name}{longer}"
