"""Sound in the window: where there is no device, the player is silent and nobody is troubled."""

from __future__ import annotations

import struct
import subprocess
import wave
from dataclasses import replace
from pathlib import Path

import pytest
from library_bench import number_seen, settled
from play_bench import Recorder
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.media.play.sound_sink import RATE
from ui.widgets.sound_out import sound_out
from ui.widgets.sound_server import SoundServer


@pytest.fixture
def sounding(numbered, tmp_path: Path) -> Path:
    """A folder with one clip that has sound."""
    folder = tmp_path / "sound"
    folder.mkdir()
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", numbered("h264.mp4").path, "-f", "lavfi", "-i",
         f"sine=r={RATE}", "-c:v", "copy", "-c:a", "pcm_s16le", "-shortest", folder / "a.mov"],
        check=True,
    )  # fmt: skip
    return folder


def test_a_clip_with_sound_plays_to_its_end_with_or_without_a_device(pane, sounding, qtbot):
    pane.show_folder(sounding)
    qtbot.waitUntil(lambda: settled(pane) and pane.table.isVisible(), timeout=30_000)
    pane.player.show(90)
    QTest.keyClick(pane.table, Qt.Key.Key_L)
    qtbot.waitUntil(lambda: settled(pane), timeout=30_000)
    assert number_seen(pane.panel.player.view) == 119


def test_pictures_follow_the_device_in_the_window_too(pane, sounding, qtbot):
    import time

    sink = Recorder(time.monotonic)
    pane.player._make_sink = lambda: sink
    pane.show_folder(sounding)
    qtbot.waitUntil(lambda: settled(pane) and pane.table.isVisible(), timeout=30_000)
    QTest.keyClick(pane.table, Qt.Key.Key_L)
    qtbot.waitUntil(lambda: pane.player.number > 40, timeout=30_000)
    heard = sink.heard()
    assert heard is not None
    assert abs(heard * 25 - pane.player.number) < 10
    QTest.keyClick(pane.table, Qt.Key.Key_K)
    assert not sink.plays
    qtbot.waitUntil(lambda: settled(pane), timeout=30_000)


def test_asking_for_a_device_never_fails(qapp):
    sink = sound_out()
    if sink is not None:
        sink.end()


def test_a_server_that_never_was_is_not_gone(qapp, monkeypatch, tmp_path):
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/none")
    server = SoundServer()
    assert not server.gone


def recording(path: Path, rate: str) -> Path:
    """A second of sound from 14:03:20 on, as a recorder writes it; *rate* "" tells none."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48000)
        file.writeframes(bytes(96000))
    since_midnight = (14 * 3600 + 3 * 60 + 20) * 48000
    told = struct.pack("<256s32s32s10s8sQ", b"", b"", b"", b"2026-11-20", b"14:03:20",
                       since_midnight)  # fmt: skip
    chunks = [(b"bext", told + bytes(256))]
    if rate:
        xml = f"<BWFXML><SPEED><TIMECODE_RATE>{rate}</TIMECODE_RATE></SPEED></BWFXML>"
        chunks.append((b"iXML", xml.encode()))
    with path.open("r+b") as raw:
        raw.seek(0, 2)
        for name, data in chunks:
            raw.write(name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2))
        size = raw.tell()
        raw.seek(4)
        raw.write(struct.pack("<I", size - 8))
    return path


@pytest.mark.parametrize(
    ("rate", "told", "frame", "corner"),
    [
        ("24/1", "frame 12 · 24 fps", 12, "14:03:20:12"),
        ("", "frame 12 · 25 fps assumed", 12, "14:03:20:12"),
    ],
)
def test_sound_alone_has_the_timecode_of_its_recorder(
    pane, tmp_path, qtbot, rate, told, frame, corner
):
    """Also where it was opened before anybody had looked into it."""
    folder = tmp_path / "SOUND_12"
    folder.mkdir()
    recording(folder / "T001.wav", rate)
    pane.show_folder(folder)
    qtbot.waitUntil(lambda: settled(pane) and pane.player.frames > 0, timeout=30_000)
    row = pane.clips.model.row(pane.table.current)
    pane.player.open(pane.deeds.clip_of(replace(row, looked=False, facts=None)))
    pane.clips.looked.emit(row.key)
    qtbot.waitUntil(lambda: settled(pane) and pane.player.frames > 0, timeout=30_000)
    pane.player.show(frame)
    qtbot.waitUntil(lambda: settled(pane), timeout=30_000)
    view = pane.panel.player.view
    assert (view.head, view.corner) == (told, corner)
    assert pane.player.frames == (24 if rate else 25)
