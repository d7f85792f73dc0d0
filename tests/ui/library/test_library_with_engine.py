"""The library with the real engine behind it: proxies made by a job are played when it is done."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import subprocess
from pathlib import Path

import psutil
import pytest
from library_bench import names, number_seen, pick, settled
from numbered_clips import NumberedClips
from PIL import Image
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from app.engine import Engine
from app.errors import NotFound
from app.jobs.snapshot import JobState
from app.media.facts.stamp import Stamp
from app.media.proxy.recipes import ProxySize
from app.media.proxy.spec import KeptProxy
from ui.application import Session
from ui.models.offline_clips import listing_of
from ui.panes.library import LibraryPane
from ui.widgets.labels import TextLabel
from ui.widgets.make_dialog import MakeDialog

PATIENCE = 120_000
CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def shown(session: Session, shelf: Path, qtbot) -> LibraryPane:
    pane = session.window.pane
    assert isinstance(pane, LibraryPane)
    pane.show_folder(shelf)
    qtbot.waitUntil(lambda: settled(pane) and pane.table.isVisible(), timeout=PATIENCE)
    return pane


def test_previews_are_made_by_a_key_and_played_when_they_are_there(
    session: Session, shelf: Path, numbered: NumberedClips, qtbot
) -> None:
    pane = shown(session, shelf, qtbot)
    session.window.activateWindow()
    qtbot.waitUntil(session.window.isActiveWindow)
    QTest.keyClick(session.window, Qt.Key.Key_M, CTRL_SHIFT)
    qtbot.waitUntil(lambda: len(session.bridge.snapshots) == 1, timeout=PATIENCE)
    qtbot.waitUntil(lambda: session.bridge.snapshots[0].state.ended, timeout=PATIENCE)
    assert session.bridge.snapshots[0].state is JobState.DONE, session.bridge.snapshots[0].error
    qtbot.waitUntil(lambda: len(pane.player.clip.versions) > 1, timeout=PATIENCE)
    preview = pane.player.clip.versions[1]
    assert preview.label.startswith("preview")
    pane.player.show(66)
    record = session.bridge.engine.proxies.shelf.place(shelf / "A003C001.mov") / "clip.json"
    os.utime(record, (1, 1))
    pane.player.play_from(preview)
    qtbot.waitUntil(lambda: settled(pane), timeout=PATIENCE)
    assert record.stat().st_mtime > 1, "What is played goes last when the cache is tidied."
    assert number_seen(pane.panel.player.view) == 66
    assert pane.panel.player.view.badge == preview.label
    pane.player.play_by_itself()
    qtbot.waitUntil(lambda: settled(pane), timeout=PATIENCE)
    its_original_goes_and_comes_back(pane, shelf, qtbot)


def its_original_goes_and_comes_back(pane: LibraryPane, shelf: Path, qtbot) -> None:
    view, clip = pane.panel.player.view, shelf / "A003C001.mov"
    away = clip.rename(shelf.parent / "away.mov")
    QTest.keyClick(pane.table, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: settled(pane) and "offline" in view.badge, timeout=PATIENCE)
    assert names(pane) == ["A003C001", "B014C002"]
    row = pane.clips.model.row(str(clip))
    assert (row.offline, bool(row.facts), bool(row.poster)) == (True, True, True)
    assert "offline" in str(pane.table.model().index(0, 1).data(Qt.ItemDataRole.ToolTipRole))
    assert (pane.player.clip.key, pane.player.number) == (str(clip), 66)
    assert number_seen(view) == 66
    gone = shelf.rename(shelf.parent / "gone")  # and then its drive is pulled
    QTest.keyClick(pane.table, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: settled(pane), timeout=PATIENCE)
    assert [row.offline for row in pane.clips.model.rows] == [True, True]
    assert number_seen(view) == 66
    gone.rename(shelf)
    away.rename(clip)
    QTest.keyClick(pane.table, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: settled(pane) and view.badge == "original", timeout=PATIENCE)
    assert [row.offline for row in pane.clips.model.rows] == [False, False]
    assert number_seen(view) == 66


def test_clips_that_are_offline_are_listed_in_a_new_window_too(
    tmp_path: Path, numbered: NumberedClips
) -> None:
    folder = tmp_path / "day"
    folder.mkdir()
    clip = Path(shutil.copy(numbered("h264_open_df.mov").path, folder / "A.mov"))
    with Engine(tmp_path / "profile") as engine:
        made = Path(shutil.copy(clip, tmp_path / "proxy.mp4"))
        stat = made.stat()
        proxy = KeptProxy(
            name="preview-90", size=ProxySize.PREVIEW, path=made, width=160, height=90, frames=1,
            bytes=stat.st_size, changed=stat.st_mtime_ns, peak=1, digest="x", way="libx264",
        )  # fmt: skip
        engine.proxies.shelf.remember(clip, Stamp.of(clip), [proxy])
        assert listing_of(folder, engine.proxies.offline, None).offline == ()
        stamp = Stamp.of(clip)
        clip.unlink()
        (row,) = listing_of(folder, engine.proxies.offline, None).offline
        assert (row.path, row.size, row.offline) == (clip, stamp.size, True)
        folder.rmdir()
        assert listing_of(folder, engine.proxies.offline, None).offline == (row,)
        made.unlink()
        with pytest.raises(NotFound):
            listing_of(folder, engine.proxies.offline, None)


def test_clips_that_are_offline_have_their_pictures_from_their_thumbnails(
    session: Session, shelf: Path, tmp_path: Path, qtbot
) -> None:
    pane, strips = session.window.pane, []
    assert isinstance(pane, LibraryPane)
    for number, path in enumerate(sorted(shelf.iterdir())):
        small = Path(shutil.copy(path, tmp_path / f"small-{number}.mp4"))
        stat = small.stat()
        proxy = KeptProxy(
            name="thumbnail", size=ProxySize.THUMBNAIL, path=small, width=192, height=108,
            frames=120, bytes=stat.st_size, changed=stat.st_mtime_ns, peak=1, digest="x",
            way="libx264",
        )  # fmt: skip
        session.bridge.engine.proxies.shelf.remember(path, Stamp.of(path), [proxy])
    shelf.rename(tmp_path / "away")
    pane.show_folder(shelf)
    qtbot.waitUntil(lambda: settled(pane) and len(pane.clips.model.rows) == 2, timeout=PATIENCE)
    for row in pane.clips.model.rows:
        assert (row.offline, row.facts) == (True, None)
        with Image.open(io.BytesIO(row.poster)) as picture:
            assert picture.size == (160, 90)
    pane.clips.strip_ready.connect(lambda _, strip: strips.append(strip))
    pane.clips.want_strip(pane.clips.model.rows[1].key)
    qtbot.waitUntil(lambda: bool(strips), timeout=PATIENCE)
    assert len(strips[-1]) == 12


def test_no_decoder_of_the_window_is_used_for_a_still(
    session: Session, shelf: Path, tmp_path: Path, qtbot
) -> None:
    pane, clip = shown(session, shelf, qtbot), shelf / "A003C001.mov"
    qtbot.waitUntil(lambda: pane.player.frames > 0, timeout=PATIENCE)
    clip.rename(tmp_path / "away.mov")
    os.mkfifo(clip)  # whoever opens it waits for ever
    pane.deeds.write_frame(tmp_path / "stills")
    found: list[psutil.Process] = []  # what is just being started shows no command for a moment
    qtbot.waitUntil(lambda: bool(found.extend(_stills()) or found), timeout=PATIENCE)
    (child,) = found
    with qtbot.waitSignal(session.bridge.error_raised, timeout=PATIENCE) as news:
        os.kill(child.pid, signal.SIGSEGV)
    assert str(news.args[0]) == f"{clip} is damaged: the program that read it broke down."
    assert not (tmp_path / "stills").exists()


def _stills() -> list[psutil.Process]:
    """Children that make a still."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            found += [child] * any("still_process" in word for word in child.cmdline())
    return found


def test_previews_are_made_from_the_words_that_tell_what_is_played(
    session: Session, shelf: Path, qtbot
) -> None:
    pane = shown(session, shelf, qtbot)
    pick(pane, "Make previews", qtbot)
    qtbot.waitUntil(lambda: len(session.bridge.snapshots) == 1, timeout=PATIENCE)
    assert session.bridge.snapshots[0].kind == "proxy"
    qtbot.waitUntil(lambda: session.bridge.snapshots[0].state.ended, timeout=PATIENCE)
    qtbot.waitUntil(lambda: settled(pane), timeout=PATIENCE)


@pytest.mark.parametrize(
    ("action", "choices", "made"),
    [
        ("Make contact sheets…", {"Tiles": "2 × 2", "Format": "PNG"}, ["A003C001", "B014C002"]),
        ("Transcode…", {"Recipe": "keepsake: tiny, for looking only"}, ["A003C001"]),
        ("Make proxies…", {"Recipe": "thumbnail: small, for lists and strips"}, ["A003C001"]),
    ],
)
def test_what_is_made_goes_where_the_person_says(
    session: Session, shelf: Path, tmp_path: Path, qtbot, action, choices, made
) -> None:
    if len(made) > 1:  # sound has no sheet, and does no harm
        made_by_ffmpeg("-f", "lavfi", "-i", "sine=d=1", shelf / "T001.wav")
    pane, to = shown(session, shelf, qtbot), tmp_path / "made"
    if len(made) > 1:
        pane.table.selectAll()
    next(one for one in pane.commands() if one.text() == action).trigger()
    (dialog,) = pane.findChildren(MakeDialog)
    qtbot.waitUntil(dialog.isVisible)
    for combo in dialog.lists:
        combo.setCurrentText(choices[combo.accessibleName()])
        assert combo.currentText() == choices[combo.accessibleName()]
    assert dialog.make.isEnabled() is (action == "Make proxies…")  # they may go into the cache
    QTest.keyClicks(dialog.folder, str(to))
    with qtbot.waitSignal(pane.said, timeout=PATIENCE):
        QTest.mouseClick(dialog.make, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(session.bridge.snapshots) == 1, timeout=PATIENCE)
    qtbot.waitUntil(lambda: session.bridge.snapshots[0].state.ended, timeout=PATIENCE)
    (job,) = session.bridge.snapshots
    assert job.state is JobState.DONE, job.error
    assert job.goes_to == str(to)
    found = [path for path in to.rglob("*") if path.suffix in {".png", ".mkv", ".mp4"}]
    assert sorted(path.stem for path in found) == made
    if action == "Make contact sheets…":
        results = session.bridge.engine.montages.results(job.id)
        assert {one.sheets[0].grid for one in results} == {2}
    qtbot.waitUntil(lambda: settled(pane), timeout=PATIENCE)


def test_that_a_second_picture_is_left_out_is_said(session: Session, tmp_path: Path, qtbot) -> None:
    two = ("-f", "lavfi", "-i", "testsrc2=s=64x36:d=1:r=25", "-map", "0", "-map", "0")
    folder = tmp_path / "two"
    folder.mkdir()
    made_by_ffmpeg(*two, "-c:v", "mjpeg", folder / "two.mov")
    pane = shown(session, folder, qtbot)
    pane.making.ask_proxies()
    (dialog,) = pane.findChildren(MakeDialog)
    words = "Only the first picture track of two is made into proxies."
    assert words in [label.text() for label in dialog.findChildren(TextLabel)]
    with qtbot.waitSignal(pane.said, timeout=PATIENCE) as said:
        QTest.mouseClick(dialog.make, Qt.MouseButton.LeftButton)
    assert said.args[0].endswith(f"in the queue. {words}")
    qtbot.waitUntil(lambda: len(session.bridge.snapshots) == 1, timeout=PATIENCE)
    qtbot.waitUntil(lambda: session.bridge.snapshots[0].state.ended, timeout=PATIENCE)


def made_by_ffmpeg(*options: object) -> None:
    subprocess.run(["ffmpeg", "-v", "error", *map(str, options)], check=True, timeout=60)


def test_the_menu_key_offers_what_can_be_done_with_the_chosen_clips(
    session: Session, shelf: Path, qtbot
) -> None:
    pane = shown(session, shelf, qtbot)
    event = QContextMenuEvent(
        QContextMenuEvent.Reason.Keyboard, pane.table.rect().center(), pane.table.rect().center()
    )
    QApplication.sendEvent(pane.table.viewport(), event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert "Make previews" in [action.text() for action in menu.actions()]
    menu.close()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
