"""A clip is played from its original or from a proxy, always at the same frame."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from fault_mount import FaultMount
from library_bench import number_seen, pick, settled
from numbered_clips import X264, NumberedClips, number_in
from picture_bench import r3d
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from app.media.proxy.recipes import ProxySize
from app.media.proxy.spec import KeptProxy
from ui.models import leaving
from ui.panes.library import LibraryPane

Key = Qt.Key


def kept(path: Path, height: int, size: ProxySize = ProxySize.PREVIEW) -> KeptProxy:
    stat = path.stat()
    return KeptProxy(
        name=f"{size}-{height}", size=size, path=path, width=height * 16 // 9, height=height,
        frames=120, bytes=stat.st_size, changed=stat.st_mtime_ns, peak=1, digest="x", way="libx264",
    )  # fmt: skip


@pytest.fixture
def proxied(pane: LibraryPane, shelf: Path, numbered: NumberedClips, tmp_path: Path, qtbot):
    """The first clip has previews of 90 and 180 lines, and a thumbnail."""
    proxies = []
    for height in (90, 180):
        options = f"-vf scale=-2:{height} {X264} -g 12"
        made = numbered.once(
            f"preview{height}.mp4", lambda path, options=options: numbered.encode(path, options)
        )
        proxies.append(kept(Path(shutil.copy(made, tmp_path / f"preview{height}.mp4")), height))
    proxies.append(kept(proxies[0].path, 40, ProxySize.THUMBNAIL))
    pane.bridge.engine.proxies.known[shelf / "A003C001.mov"] = tuple(proxies)
    pane.show_folder(shelf)
    qtbot.waitUntil(lambda: settled(pane), timeout=30_000)
    return pane


def menu_action(pane: LibraryPane, text: str):
    menu = pane.panel.player.menu()
    found = next((a for a in menu.actions() if a.text() == text), None)
    return menu, found


def test_the_original_is_played_while_it_can_be(proxied):
    assert proxied.panel.player.view.badge == "original"
    assert [v.label for v in proxied.player.clip.versions] == [
        "original", "preview 90", "preview 180",
    ]  # fmt: skip


def test_another_version_is_chosen_by_hand_and_stays_at_the_same_frame(proxied, qtbot):
    proxied.player.show(57)
    qtbot.waitUntil(lambda: settled(proxied), timeout=30_000)
    for label in ("preview 90", "original", "preview 180"):
        menu, action = menu_action(proxied, f"Play {label}")
        action.trigger()
        menu.deleteLater()
        qtbot.waitUntil(lambda: settled(proxied), timeout=30_000)
        assert proxied.panel.player.view.badge == label
        assert proxied.player.number == 57
        assert number_seen(proxied.panel.player.view) == 57
        assert proxied.panel.player.view.corner == "01:00:02:07"


def test_a_click_on_what_is_played_chooses_and_automatic_goes_back(proxied, qtbot):
    proxied.player.show(57)
    qtbot.waitUntil(lambda: settled(proxied), timeout=30_000)
    view = proxied.panel.player.view
    assert view.chip.text() == "original ▾"
    assert view.rect().contains(view.chip.geometry())
    assert view.chip.toolTip() == "Original. A click, or V, chooses what is played."
    pick(proxied, "Play preview 90", qtbot)
    assert view.chip.text() == "preview 90 ▾"
    menu = proxied.panel.player.versions_menu()
    assert [(one.text(), one.isChecked()) for one in menu.actions()] == [
        ("Play automatically", False),
        ("Play original", False),
        ("Play preview 90", True),
        ("Play preview 180", False),
    ]
    menu.deleteLater()
    pick(proxied, "Play automatically", qtbot)
    assert view.badge == "original"
    assert not proxied.player.wished
    assert number_seen(view) == 57
    QTest.keyClick(proxied.table, Key.Key_V)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    QTest.keyClick(menu, Key.Key_Escape)


def test_the_player_stays_at_its_frame_when_the_original_goes_and_when_it_comes_back(
    proxied, shelf, bridge, qtbot
):
    view = proxied.panel.player.view
    proxied.player.show(57)
    qtbot.waitUntil(lambda: settled(proxied), timeout=30_000)
    for goes, badge in ((True, "preview 180, original offline"), (False, "original")):
        away, here = shelf.parent / "away", shelf
        (here if goes else away).rename(away if goes else here)
        bridge.look_at_volumes()
        qtbot.waitUntil(
            lambda badge=badge: settled(proxied) and view.badge == badge, timeout=30_000
        )
        assert proxied.player.number == 57
        assert number_seen(view) == 57


def test_a_wish_for_the_original_outlives_its_absence(proxied, shelf, bridge, qtbot):
    view, clip = proxied.panel.player.view, shelf / "A003C001.mov"
    pick(proxied, "Play original", qtbot)
    proxied.player.show(57)
    for source, badge in (
        (clip, "preview 180, original offline"),
        (shelf.parent / "away.mov", "original"),
    ):
        source.rename(clip if source != clip else shelf.parent / "away.mov")
        bridge.look_at_volumes()
        qtbot.waitUntil(
            lambda badge=badge: settled(proxied) and view.badge == badge, timeout=30_000
        )
        assert proxied.player.wished == "original"
        assert number_seen(view) == 57


def test_a_preview_that_cannot_be_shown_is_not_played_in_place_of_the_original(
    proxied, shelf, tmp_path, qtbot
):
    view = proxied.panel.player.view
    (tmp_path / "preview180.mp4").write_bytes(b"no film")
    proxied.player.show(57)
    (shelf / "A003C001.mov").rename(tmp_path / "away.mov")
    proxied.player.look_for_original()
    badge = "preview 90, original offline"
    qtbot.waitUntil(lambda: settled(proxied) and view.badge == badge, timeout=30_000)
    assert number_seen(view) == 57


def test_a_clip_that_went_offline_and_has_no_proxy_says_so(opened, shelf, bridge, qtbot):
    (shelf / "A003C001.mov").rename(shelf.parent / "away.mov")
    bridge.look_at_volumes()
    view = opened.panel.player.view
    qtbot.waitUntil(lambda: settled(opened) and view.badge == "original, offline", timeout=30_000)


def test_a_read_that_fails_because_the_original_has_gone_leads_to_a_proxy(proxied, shelf, qtbot):
    view = proxied.panel.player.view
    proxied.player.show(57)
    qtbot.waitUntil(lambda: settled(proxied), timeout=30_000)
    clip = shelf / "A003C001.mov"
    os.truncate(clip, 1000)  # it stays open: without this, all of it could still be read
    clip.unlink()
    proxied.player.show(90)
    qtbot.waitUntil(
        lambda: settled(proxied) and view.badge == "preview 180, original offline", timeout=30_000
    )
    assert number_seen(view) == 90
    assert view.message == ""


@pytest.mark.root
def test_a_drive_that_only_fails_is_offline(proxied, shelf, bench, qtbot):
    drive = FaultMount(bench, "shuttle")
    clip = drive.point / "A003C001.mov"
    shutil.copy(shelf / "A003C001.mov", drive.backing)
    known = proxied.bridge.engine.proxies.known
    known[clip] = known[shelf / "A003C001.mov"]
    proxied.show_folder(drive.point)
    view = proxied.panel.player.view
    qtbot.waitUntil(lambda: settled(proxied) and view.badge == "original", timeout=30_000)
    drive.set(*({"op": op, "match": "/A*", "do": "EIO"} for op in ("getattr", "open", "read")))
    proxied.player.show(90)
    qtbot.waitUntil(
        lambda: settled(proxied) and view.badge == "preview 180, original offline", timeout=30_000
    )
    assert number_seen(view) == 90


@pytest.mark.root
def test_the_window_ends_though_the_drive_of_the_clip_is_silent(
    pane, shelf, bench, qtbot, monkeypatch, expected_log, caplog
):
    monkeypatch.setattr(leaving, "PATIENCE", 0.2)
    drive = FaultMount(bench, "shuttle")
    shutil.copy(shelf / "A003C001.mov", drive.backing)
    pane.show_folder(drive.point)
    qtbot.waitUntil(lambda: settled(pane), timeout=30_000)
    drive.set({"op": "read", "match": "/A*", "do": "hold"})
    pane.player.show(90)
    drive.wait_acted("hold")
    expected_log.append("does not answer")
    pane.end()
    drive.set()
    said = f"{drive.point / 'A003C001.mov'} does not answer; its reader was left behind"
    assert said in caplog.text


def test_a_switch_while_it_plays_goes_on_playing(proxied, qtbot):
    QTest.keyClick(proxied.table, Key.Key_L)
    qtbot.waitUntil(lambda: proxied.player.number > 5, timeout=30_000)
    proxied.player.play_from(proxied.player.clip.versions[1])
    qtbot.waitUntil(lambda: proxied.player.speed == 1, timeout=30_000)
    qtbot.waitUntil(lambda: settled(proxied), timeout=30_000)
    assert proxied.player.number == 119
    assert number_seen(proxied.panel.player.view) == 119


def test_a_proxy_steps_in_where_the_original_is_offline(proxied, shelf, qtbot):
    proxied.table.choose(1)
    qtbot.waitUntil(lambda: settled(proxied), timeout=30_000)
    (shelf / "A003C001.mov").rename(shelf.parent / "away.mov")
    proxied.table.choose(0)
    view = proxied.panel.player.view
    qtbot.waitUntil(
        lambda: settled(proxied) and view.badge.endswith("original offline"), timeout=30_000
    )
    assert view.badge == "preview 180, original offline"
    proxied.player.show(33)
    qtbot.waitUntil(lambda: settled(proxied), timeout=30_000)
    assert number_seen(view) == 33
    assert view.message == ""
    QTest.keyClick(proxied.table, Key.Key_M)
    qtbot.waitUntil(lambda: settled(proxied), timeout=30_000)
    proxied.table.choose(1)
    qtbot.waitUntil(lambda: settled(proxied), timeout=30_000)
    proxied.table.choose(0)
    qtbot.waitUntil(lambda: bool(proxied.player.marks.marks), timeout=30_000)
    qtbot.waitUntil(lambda: settled(proxied), timeout=30_000)
    assert [mark.frame for mark in proxied.player.marks.marks] == [33]


def test_a_proxy_that_stepped_in_follows_the_size_of_the_picture(proxied, shelf, qtbot):
    proxied.table.choose(1)
    qtbot.waitUntil(lambda: settled(proxied), timeout=30_000)
    (shelf / "A003C001.mov").rename(shelf.parent / "away.mov")
    proxied.table.choose(0)
    view = proxied.panel.player.view
    qtbot.waitUntil(lambda: settled(proxied) and "offline" in view.badge, timeout=30_000)
    proxied.player.show(41)
    for box, badge in (((120, 68), "preview 90"), ((1920, 1080), "preview 180")):
        proxied.player.fit(*box)
        qtbot.waitUntil(lambda: settled(proxied), timeout=30_000)
        assert view.badge == f"{badge}, original offline"
        assert proxied.player.number == 41


def test_a_raw_clip_is_shown_by_the_program_of_the_settings(pane, numbered, tmp_path, qtbot):
    folder, script = tmp_path / "card", tmp_path / "showraw"
    clip = r3d(folder / "A003_C014_1120AB_001.R3D")
    script.write_text(
        f"#!/bin/sh\nexec ffmpeg -nostdin -v error -i '{numbered('mjpeg.mov').path}' "
        "-vf \"select='gte(n,$2)'\" -frames:v $3 -fps_mode passthrough -f yuv4mpegpipe -\n"
    )
    script.chmod(0o755)
    pane.show_folder(folder)
    view = pane.panel.player.view
    qtbot.waitUntil(lambda: settled(pane) and pane.player.fault is not None, timeout=30_000)
    assert view.message == (
        f"The REDCODE RAW pictures of {clip} cannot be decoded here. Name a program that shows "
        "r3d files in the settings: media.external_decoders."
    )
    pane.bridge.engine.external_decoders = {"r3d": f"'{script}' {{file}} {{first}} {{frames}}"}
    pane.player.open(pane.player.clip)
    qtbot.waitUntil(lambda: settled(pane) and pane.player.frames > 0, timeout=30_000)
    assert view.message == ""
    pane.player.show(45)
    QTest.keyClick(pane.table, Key.Key_Right)
    qtbot.waitUntil(lambda: settled(pane), timeout=30_000)
    assert number_seen(view) == 46
    with qtbot.waitSignal(pane.said, timeout=30_000):
        pane.deeds.write_frame(tmp_path / "stills")
    (still,) = (tmp_path / "stills").iterdir()
    with Image.open(still) as image:
        assert number_in(np.asarray(image.convert("L"))) == 46


def test_a_clip_that_is_gone_without_a_proxy_says_so(proxied, shelf, qtbot):
    (shelf / "B014C002.mov").unlink()
    proxied.table.choose(1)
    qtbot.waitUntil(lambda: settled(proxied) and proxied.player.fault is not None, timeout=30_000)
    assert proxied.panel.player.view.message == f"There is no file {shelf / 'B014C002.mov'}."


def test_a_proxy_steps_in_where_this_machine_is_too_slow_and_can_be_overruled(
    pane, numbered, tmp_path, qtbot
):
    """2,000 frames a second are more than any machine shows."""
    folder = tmp_path / "fast"
    folder.mkdir()
    for name, options in (("fast.mp4", f"{X264} -g 120"), ("small.mp4", f"{X264} -g 12")):
        made = numbered.once(
            name, lambda path, options=options: numbered.encode(path, options, rate="20000")
        )
        shutil.copy(made, tmp_path / name)
    (tmp_path / "fast.mp4").rename(folder / "fast.mp4")
    pane.bridge.engine.proxies.known[folder / "fast.mp4"] = (kept(tmp_path / "small.mp4", 180),)
    pane.show_folder(folder)
    view = pane.panel.player.view
    qtbot.waitUntil(lambda: settled(pane), timeout=30_000)
    QTest.keyClick(pane.table, Key.Key_L)
    qtbot.waitUntil(lambda: pane.player.because != "", timeout=30_000)
    qtbot.waitUntil(lambda: settled(pane), timeout=30_000)
    assert view.badge == "preview 180, original too heavy here"
    pane.player.play_from(pane.player.clip.versions[0])
    qtbot.waitUntil(lambda: settled(pane), timeout=30_000)
    pane.player.show(0)
    QTest.keyClick(pane.table, Key.Key_L)
    qtbot.waitUntil(lambda: settled(pane), timeout=30_000)
    assert view.badge == "original, slow here"
    assert "Previews play smoothly" in view.chip.toolTip()
    pick(pane, "Play automatically", qtbot)
    assert view.badge == "preview 180, original too heavy here"
    clip, away = folder / "fast.mp4", tmp_path / "away.mp4"
    for source, target, why in ((clip, away, "offline"), (away, clip, "too heavy here")):
        source.rename(target)
        pane.player.look_for_original()
        badge = f"preview 180, original {why}"
        qtbot.waitUntil(lambda badge=badge: settled(pane) and view.badge == badge, timeout=30_000)
