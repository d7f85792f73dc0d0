"""What recorders write beside the samples: read whole, and never believed further than it goes."""

from __future__ import annotations

import struct
import wave
from fractions import Fraction
from pathlib import Path

import pytest

from app.media.facts.probe import probe
from app.media.facts.sound import sound_facts
from app.timecode import Timecode

HOUR = 3600 * 48000
IXML = """<?xml version="1.0" encoding="UTF-8"?>
<BWFXML><IXML_VERSION>1.61</IXML_VERSION><PROJECT>Night Ferry</PROJECT><SCENE>12A</SCENE>
<TAKE>3</TAKE><TAPE>S004</TAPE><NOTE>plane overhead</NOTE>
<SPEED><MASTER_SPEED>30000/1001</MASTER_SPEED><TIMECODE_RATE>30000/1001</TIMECODE_RATE>
<TIMECODE_FLAG>DF</TIMECODE_FLAG></SPEED>
<TRACK_LIST><TRACK_COUNT>2</TRACK_COUNT>
<TRACK><INTERLEAVE_INDEX>2</INTERLEAVE_INDEX><NAME>Lav Ada</NAME></TRACK>
<TRACK><INTERLEAVE_INDEX>1</INTERLEAVE_INDEX><NAME>Boom</NAME></TRACK>
</TRACK_LIST></BWFXML>"""


def bext(samples: int) -> bytes:
    return struct.pack(
        "<256s32s32s10s8sQ",
        b"sSPEED=029.97-ND",
        b"Scorpio",
        b"",
        b"2026-11-20",
        b"17:04:00",
        samples,
    ) + bytes(256)


def recording(path: Path, *chunks: tuple[bytes, bytes]) -> Path:
    """A second of two channels, with chunks behind the samples."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(3)
        file.setframerate(48000)
        file.writeframes(bytes(48000 * 6))
    with path.open("r+b") as raw:
        raw.seek(0, 2)
        for name, data in chunks:
            raw.write(name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2))
        size = raw.tell()
        raw.seek(4)
        raw.write(struct.pack("<I", size - 8))
    return path


def test_scene_take_tracks_and_timecode_of_a_recorder_are_told(tmp_path: Path) -> None:
    path = recording(tmp_path / "T003.wav", (b"bext", bext(HOUR)), (b"iXML", IXML.encode()))
    facts = probe(path)
    assert (facts.project, facts.scene, facts.take, facts.reel) == (
        "Night Ferry",
        "12A",
        "3",
        "S004",
    )
    assert facts.note == "plane overhead"
    assert facts.recorded == "2026-11-20 17:04:00"
    assert facts.since_midnight == 3600
    assert facts.start == Timecode.at(3600, Fraction(30000, 1001), drop=True)
    assert facts.start_from == "BWF"
    (track,) = facts.audio
    assert track.channel_names == ("Boom", "Lav Ada")
    assert (track.layout, track.bits, track.rate) == ("2 channels", 24, 48000)


def test_sound_without_a_frame_rate_keeps_its_time_of_day(tmp_path: Path) -> None:
    facts = probe(recording(tmp_path / "T003.wav", (b"bext", bext(HOUR + 24000))))
    assert facts.start is None
    assert facts.since_midnight == Fraction(7201, 2)


def test_a_file_larger_than_four_gigabytes_is_walked_by_its_real_length(tmp_path: Path) -> None:
    """RF64: the length of the samples stands in ds64, and iXML behind them."""
    path, size = tmp_path / "long.wav", 5 << 30
    body = struct.pack("<HHIIHH", 1, 2, 48000, 48000 * 6, 6, 24)
    with path.open("wb") as file:
        file.write(b"RF64" + b"\xff" * 4 + b"WAVE")
        file.write(b"ds64" + struct.pack("<IQQQI", 28, size + 1000, size, size // 6, 0))
        file.write(b"fmt " + struct.pack("<I", len(body)) + body)
        file.write(b"data" + b"\xff" * 4)
        file.seek(size, 1)
        file.write(b"iXML" + struct.pack("<I", len(IXML)) + IXML.encode())
    found = sound_facts(path)
    assert found is not None
    assert (found.scene, found.take) == ("12A", "3")


@pytest.mark.parametrize(
    "chunk",
    [
        (b"iXML", b""),
        (b"iXML", b"no xml at all"),
        (b"iXML", b"<BWFXML><SCENE>12A</SCENE><TAKE>"),
        (b"iXML", b"<BWFXML><SPEED><TIMECODE_RATE>fast</TIMECODE_RATE></SPEED></BWFXML>"),
        (b"bext", b"short"),
        (b"bext", b""),
    ],
)
def test_damaged_chunks_tell_what_is_whole_in_them(
    tmp_path: Path, chunk: tuple[bytes, bytes]
) -> None:
    found = sound_facts(recording(tmp_path / "T003.wav", chunk))
    assert found is not None
    assert found.timecode_rate is None
    assert found.samples_since_midnight is None
    assert found.scene == ("12A" if b"12A" in chunk[1] else "")


def test_an_entity_in_ixml_reads_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the rushes")
    xml = (
        f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{secret}">]>'
        "<BWFXML><SCENE>&e;</SCENE><TAKE>1</TAKE></BWFXML>"
    )
    facts = probe(recording(tmp_path / "T003.wav", (b"iXML", xml.encode())))
    assert "rushes" not in facts.scene


def test_a_chunk_that_claims_to_be_longer_than_the_file_is_passed_over(tmp_path: Path) -> None:
    path = recording(tmp_path / "T003.wav")
    with path.open("ab") as file:
        file.write(b"iXML" + struct.pack("<I", 1 << 30) + b"<BWFXML/>")
    found = sound_facts(path)
    assert found is not None
    assert found.scene == ""


def test_what_is_no_wave_file_has_no_such_facts(tmp_path: Path) -> None:
    (tmp_path / "a.mov").write_bytes(b"ftyp" * 100)
    assert sound_facts(tmp_path / "a.mov") is None
    (tmp_path / "b.wav").write_bytes(b"RIFF")
    assert sound_facts(tmp_path / "b.wav") is None
