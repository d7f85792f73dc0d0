"""`reelkeep probe`: what a clip tells of itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from app.cli.ending import Ending
from app.cli.output import shown
from app.cli.typed import Place
from app.errors import ReelkeepError
from app.media.facts import AudioTrack, ClipFacts, Colour, KeyFrames, VideoTrack
from app.media.probe import CONVERTER, probe
from app.timecode import rate_text
from app.units import bytes_text, count_text


@click.command("probe")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=Place())
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_context
def probe_command(context: click.Context, /, files: tuple[Path, ...], as_json: bool) -> None:
    """Show container, picture, sound, timecode, reel and what else a clip tells of itself."""
    failed = 0
    for n, file in enumerate(files):
        try:
            facts = probe(file)
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


def _lines(facts: ClipFacts) -> Iterator[str]:
    for name, text in _rows(facts):
        if text:
            yield f"  {name:<11}{shown(text)}"


def _rows(facts: ClipFacts) -> Iterator[tuple[str, str]]:
    yield "container", f"{facts.container}, {bytes_text(facts.size)}, {_length(facts)}"
    start = f"{facts.start} ({facts.start_from})" if facts.start else ""
    if not start and facts.since_midnight is not None:
        start = f"{_clock(float(facts.since_midnight))} (BWF, without a frame rate)"
    yield "timecode", start
    yield "reel", facts.reel
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
        yield "sound", _sound(sound)
        yield "", ", ".join(sound.channel_names)
    yield "also", ", ".join(facts.other)
    for key, value in facts.camera.items():
        yield "camera", f"{key.rpartition('.')[2]} {value}"


def _length(facts: ClipFacts) -> str:
    seconds = f"{float(facts.duration):.2f} s"
    picture = facts.picture
    if picture is None:
        return seconds
    about = "" if picture.counted else "about "
    return f"{about}{count_text(picture.frames, 'frame')}, {seconds}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes // 60):02}:{int(minutes % 60):02}:{rest:06.3f}"


def _picture(track: VideoTrack) -> str:
    scanned = ", interlaced" if track.interlaced else ""
    turned = f", turned by {track.rotation}°" if track.rotation else ""
    aspect = f", pixels {track.pixel_aspect}" if track.pixel_aspect != 1 else ""
    named = track.codec_name or track.codec
    if not track.decodable:
        return f"{named}, {track.width}×{track.height}, cannot be decoded here"
    return f"{named}, {track.width}×{track.height}{aspect}{scanned}{turned}, {track.pixel_format}"


def _timing(track: VideoTrack) -> str:
    rate = f"{rate_text(track.rate)} frames a second" if track.rate else "no frame rate"
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
        return "no colour tags" + (f", {colour.range} range" if colour.range else "")
    names = " / ".join(one or "?" for one in said)
    return f"{names}, {colour.range or '?'} range"


def _sound(track: AudioTrack) -> str:
    bits = f", {track.bits} bit" if track.bits else ""
    name = f" ({track.name})" if track.name else ""
    return f"{track.codec_name}, {track.layout}, {track.rate / 1000:g} kHz{bits}{name}"
