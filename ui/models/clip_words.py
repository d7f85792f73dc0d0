"""What is said of a clip beside its picture."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.media.facts.values import AudioTrack, ClipFacts, Colour, KeyFrames, VideoTrack
from app.timecode import rate_text
from app.units import bytes_text, count_text, duration_text, rotation_text
from ui.models.clips import ClipRow, start_text

_ISO = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(Z)?")


def headline(row: ClipRow) -> str:
    """`ARRI ALEXA 35 · 4608×3164 · 24 fps · 48 s · scene 42, take 3`."""
    facts = row.facts
    if facts is None:
        return row.fault or bytes_text(row.size)
    parts = [_camera(facts)]
    if (picture := facts.picture) is not None:
        parts.append(f"{picture.width}×{picture.height}")
        parts.append(f"{rate_text(picture.rate)} fps" if picture.rate else "")
    parts.append(duration_text(float(facts.duration)) if facts.duration else "")
    take = f", take {facts.take}" if facts.take else ""
    parts.append(f"scene {facts.scene}{take}" if facts.scene else "")
    return " · ".join(filter(None, parts))


def _camera(facts: ClipFacts) -> str:
    """Maker and model where the file tells them."""
    found = {key.rpartition(".")[2].lower(): value for key, value in facts.camera.items()}
    maker, model = found.get("make", ""), found.get("model", "")
    return model if model.startswith(maker) else f"{maker} {model}".strip()


def fact_rows(row: ClipRow) -> list[tuple[str, str]]:
    """What and value, for the table below the player."""
    return [(what, value) for what, value in _rows(row) if value]


def _rows(row: ClipRow) -> Iterator[tuple[str, str]]:
    facts = row.facts
    if facts is not None:
        start = start_text(facts)
        yield "Start", f"{start}, from {facts.start_from}" if facts.start_from else start
        yield "Reel", facts.reel
        if (picture := facts.picture) is not None:
            yield "Frames", _frames(picture)
            yield "Picture", _picture(picture)
            yield "Colour", _colour(picture.colour)
            yield "Key frames", _keys(picture)
        yield "Sound", _sound(facts.audio)
        yield "Names", ", ".join(name for track in facts.audio for name in _names(track))
        yield "Container", facts.container
        yield "Recorded", _moment(facts.recorded)
        yield "Project", facts.project
        yield "Note", facts.note
    yield "Card", row.group
    yield "Missing", ", ".join(row.missing)
    yield "Size", _size(row)
    yield "Folder", str(row.path.parent)


def _frames(track: VideoTrack) -> str:
    if not track.frames:
        return "not told by the file"
    lost = f", of which {track.lost:,} are cut off" if track.lost else ""
    return ("" if track.counted else "about ") + f"{track.frames:,}{lost}"


def _moment(text: str) -> str:
    """`2026-11-20 14:03:22 UTC` of what ISO 8601 writes; anything else as it stands."""
    found = _ISO.fullmatch(text)
    return f"{found[1]} {found[2]}{' UTC' if found[3] else ''}" if found else text


def _size(row: ClipRow) -> str:
    count = len(row.files) + len(row.beside)
    return bytes_text(row.size) + (f" in {count_text(count, 'file')}" if count > 1 else "")


def _picture(track: VideoTrack) -> str:
    bits = f", {track.bits} bit" if track.bits else ""
    turned = f", turned by {rotation_text(track.rotation)}" if track.rotation else ""
    aspect = f", pixels {track.pixel_aspect}" if track.pixel_aspect != 1 else ""
    lines = ", interlaced" if track.interlaced else ""
    return f"{track.codec_name or track.codec}{bits}{aspect}{lines}{turned}"


def _colour(colour: Colour) -> str:
    said = [colour.primaries, colour.transfer, colour.matrix]
    if not any(said):
        return "not tagged"
    shown = " / ".join(dict.fromkeys(one or "untold" for one in said))
    return f"{shown}, {colour.range} range" if colour.range else shown


def _keys(track: VideoTrack) -> str:
    if track.key_frames is KeyFrames.EVERY:
        return "every frame"
    return f"at most {track.key_distance} apart" if track.key_distance else ""


def _sound(tracks: tuple[AudioTrack, ...]) -> str:
    if not tracks:
        return "none"
    first = tracks[0]
    alike = all(
        (t.layout, t.rate, t.bits) == (first.layout, first.rate, first.bits) for t in tracks
    )
    if not alike:
        return count_text(len(tracks), "track")
    times = f"{len(tracks)} × " if len(tracks) > 1 else ""
    bits = f", {first.bits} bit" if first.bits else ""
    return f"{times}{_layout(first)}, {first.rate / 1000:g} kHz{bits}"


def _layout(track: AudioTrack) -> str:
    """In words that a recorder's tracks share: FFmpeg calls any four of them 4.0."""
    known = track.layout in {"mono", "stereo", "5.1", "7.1"}
    return track.layout if known else count_text(track.channels, "channel")


def _names(track: AudioTrack) -> tuple[str, ...]:
    return track.channel_names or ((track.name,) if track.name else ())
