"""Sound in the window: where there is no device, the player is silent and nobody is troubled."""

from __future__ import annotations

import subprocess
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
