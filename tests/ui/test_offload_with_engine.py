"""The whole way with the real engine and real folders, and nothing but keys."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QSettings, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu

from app.engine import Engine
from app.jobs.snapshot import JobState
from app.settings import Settings
from ui.bridge import Bridge
from ui.dialogs.evidence import EvidenceDialog
from ui.dialogs.offload import OffloadWindows
from ui.main_window import MainWindow, PaneDoor
from ui.panes.offload import OffloadPane
from ui.words import COMPLETE, KEEP, SAFE

Key = Qt.Key
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
PATIENCE = 30_000


def fill_card(root: Path) -> None:
    """A small reel as a camera leaves it: three clips, one sidecar each."""
    reel = root / "A003R1AB"
    reel.mkdir(parents=True)
    for number in range(1, 4):
        name = f"A003C{number:03d}_261120_R1AB"
        (reel / f"{name}.mxf").write_bytes(os.urandom(300_000))
        (reel / f"{name}.xml").write_text("<clip/>")
    (root / ".DS_Store").write_bytes(b"left by a computer")


class Opened(QObject):
    """Catches what would be opened in the browser."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[QUrl] = []

    @Slot(QUrl)
    def take(self, url: QUrl) -> None:
        self.urls.append(url)


@pytest.fixture
def opened() -> Iterator[Opened]:
    made = Opened()
    QDesktopServices.setUrlHandler("file", made, "take")
    yield made
    QDesktopServices.unsetUrlHandler("file")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """One wanted copy, because all folders of a test lie on one disk."""
    profile = tmp_path / "profile"
    profile.mkdir()
    settings = Settings.load(
        profile / "config.toml", site=tmp_path / "none.toml", overrides={"offload.wanted_copies": 1}
    )
    made = Engine(profile, settings)
    yield made
    made.close()


@pytest.fixture
def window(bridge: Bridge, memory: QSettings, qtbot, request) -> MainWindow:
    def build(of: Bridge) -> OffloadPane:
        return OffloadPane(of, OffloadWindows(of))

    made = MainWindow(bridge, [PaneDoor(key="offload", title="Offload", build=build)], memory, "T")
    made.resize(1280, 800)
    made.enter("offload")
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    bridge.start()
    qtbot.waitUntil(lambda: settled(made), timeout=PATIENCE)
    return made


def settled(window: MainWindow) -> bool:
    return not window.bridge.waiting and not window.pane.desk.planner.working


def press(key: Qt.Key, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """A key, wherever the keyboard is now."""
    target = QApplication.activePopupWidget() or QApplication.focusWidget()
    QTest.keyClick(target or QApplication.activeWindow(), key, keys)


def type_folder(window: MainWindow, qtbot, folder: Path) -> None:
    qtbot.waitUntil(lambda: bool(dialogs(window)))
    dialog = dialogs(window)[-1]
    qtbot.waitUntil(lambda: dialog.isAncestorOf(QApplication.focusWidget()))
    QTest.keyClicks(QApplication.focusWidget(), str(folder))
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: not dialogs(window))
    to_front(window, qtbot)
    qtbot.waitUntil(lambda: settled(window), timeout=PATIENCE)


def to_front(window: MainWindow, qtbot) -> None:
    """What a window manager does once a dialog has closed; offscreen there is none."""
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window)


def dialogs(window: MainWindow) -> list[QFileDialog]:
    return [d for d in window.findChildren(QFileDialog) if d.isVisible()]


def add_destination(window: MainWindow, qtbot, folder: Path) -> None:
    press(Key.Key_D, CTRL)
    qtbot.waitUntil(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
    if len(QApplication.activePopupWidget().actions()) > 1:
        press(Key.Key_Up)  # from the first entry round to the last: Choose a folder…
    press(Key.Key_Return)
    type_folder(window, qtbot, folder)


def copy_and_judge(window: MainWindow, qtbot) -> None:
    """Ctrl+Return, and wait for the end of the job."""
    pane = window.pane
    assert pane.plan.start.isEnabled(), pane.plan.face.why_not
    press(Key.Key_Return, CTRL)
    qtbot.waitUntil(
        lambda: bool(pane.desk.jobs) and pane.desk.jobs[-1].state.ended, timeout=PATIENCE
    )
    qtbot.waitUntil(lambda: settled(window), timeout=PATIENCE)


def test_card_to_two_destinations_to_verdict_to_report_with_keys_only(
    window, engine, tmp_path, opened, qtbot
):
    card = tmp_path / "card"
    fill_card(card)
    drives = [tmp_path / "RAID-1", tmp_path / "SHUTTLE-07"]
    for drive in drives:
        drive.mkdir()
    to_front(window, qtbot)
    press(Key.Key_O, CTRL)
    type_folder(window, qtbot, card)
    for drive in drives:
        add_destination(window, qtbot, drive)
    pane: OffloadPane = window.pane
    assert list(pane.destinations.tiles) == [str(drive) for drive in drives]

    copy_and_judge(window, qtbot)

    job = pane.desk.jobs[-1]
    assert job.state is JobState.DONE, job.error
    tile = pane.cards.tiles[str(card)]
    assert tile.verdict.sign is SAFE
    for drive in drives:
        assert pane.destinations.tiles[str(drive)].state.sign is COMPLETE
        copied = sorted(p.name for p in drive.rglob("*.mxf"))
        assert len(copied) == 3

    press(Key.Key_E, CTRL | SHIFT)
    qtbot.waitUntil(lambda: bool(window.findChildren(EvidenceDialog)))
    dialog = window.findChildren(EvidenceDialog)[0]
    qtbot.waitUntil(lambda: dialog.model.total == 7, timeout=PATIENCE)
    assert dialog.verdict.text() == "✓ SAFE TO FORMAT"
    QTest.keyClicks(dialog.filter, "c002")
    qtbot.waitUntil(lambda: len(dialog.model.rows) == 2)
    QTest.keyClick(dialog, Key.Key_Escape)
    to_front(window, qtbot)

    press(Key.Key_R, CTRL | SHIFT)
    qtbot.waitUntil(lambda: len(opened.urls) == 1)
    report = Path(opened.urls[0].toLocalFile())
    assert "SAFE TO FORMAT" in report.read_text()


def test_one_copy_of_two_wanted_keeps_the_card(window, engine, tmp_path, qtbot):
    card, drive = tmp_path / "card", tmp_path / "RAID-1"
    fill_card(card)
    drive.mkdir()
    pane: OffloadPane = window.pane
    pane.options.copies.setCurrentIndex(1)
    pane.desk.add_cards([card])
    pane.add_destinations([drive])
    qtbot.waitUntil(lambda: settled(window), timeout=PATIENCE)
    assert any("2 verified copies are wanted" in text for _, text in pane.plan.face.remarks)
    to_front(window, qtbot)
    copy_and_judge(window, qtbot)
    tile = pane.cards.tiles[str(card)]
    assert tile.verdict.sign is KEEP
    assert tile.verdict.detail == "1 of 2 copies verified"

    later = OffloadPane(window.bridge)  # knows the card by its files, and says what became of it
    qtbot.addWidget(later)
    later.desk._jobs_changed(window.bridge.snapshots)
    later.desk.add_cards([card])
    qtbot.waitUntil(lambda: not window.bridge.waiting and not later.desk.planner.working)
    tile = later.cards.tiles[str(card)]
    assert tile.verdict.sign is KEEP
    assert tile.verdict.detail.startswith("1 of 2 copies verified ")
    assert tile.verdict.detail != "1 of 2 copies verified "

    verify = engine.snapshot(engine.verify(drive))
    assert verify.checked == str(drive)
    assert verify.lanes == {device.lane for device in engine.snapshots()[0].places}
    qtbot.waitUntil(lambda: engine.snapshot(verify.id).state.ended, timeout=PATIENCE)
    assert engine.snapshot(verify.id).checked == str(drive)


def test_a_destination_inside_the_card_is_refused_before_anything_is_written(
    window, engine, tmp_path, qtbot
):
    card = tmp_path / "card"
    fill_card(card)
    inside = card / "copies"
    inside.mkdir()
    pane: OffloadPane = window.pane
    pane.desk.add_cards([card])
    pane.add_destinations([inside])
    qtbot.waitUntil(lambda: settled(window), timeout=PATIENCE)
    assert not pane.plan.start.isEnabled()
    assert pane.plan.face.why_not == "Start is not possible: 1 refusal above."
    assert list(inside.iterdir()) == []


def test_the_next_window_brings_card_drives_and_verdict_back(
    window, engine, tmp_path, memory, bridge, qtbot
):
    card, drive = tmp_path / "card", tmp_path / "RAID-1"
    fill_card(card)
    drive.mkdir()
    window.pane.desk.add_cards([card])
    window.pane.add_destinations([drive])
    qtbot.waitUntil(lambda: settled(window), timeout=PATIENCE)
    to_front(window, qtbot)
    copy_and_judge(window, qtbot)

    pane = OffloadPane(bridge)
    qtbot.addWidget(pane)
    pane.desk._jobs_changed(bridge.snapshots)
    qtbot.waitUntil(lambda: not bridge.waiting and not pane.desk.planner.working)
    assert pane.cards.tiles[str(card)].verdict.sign is SAFE
    assert list(pane.destinations.tiles) == [str(drive)]
    (card / "A003R1AB" / "A003C004_261120_R1AB.mxf").write_bytes(b"new")
    pane.desk.plan_again()
    qtbot.waitUntil(lambda: not bridge.waiting and not pane.desk.planner.working)
    assert pane.cards.tiles[str(card)].verdict.sign is KEEP


@pytest.fixture
def mounted_card(tmp_path: Path) -> Iterator[Path]:
    """A card that can be ejected: a small file system in an image."""
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        pytest.skip("mounting an image needs root and mkfs.ext4")
    image, mount = tmp_path / "card.img", tmp_path / "A003"
    with image.open("wb") as file:
        file.truncate(16 << 20)
    mount.mkdir()
    subprocess.run(["mkfs.ext4", "-q", "-F", "-L", "A003", image], check=True)
    subprocess.run(["mount", "-o", "loop", image, mount], check=True)
    try:
        fill_card(mount)
        subprocess.run(["mount", "-o", "remount,ro", mount], check=True)
        yield mount
    finally:
        if os.path.ismount(mount):
            subprocess.run(["umount", "-l", mount], check=True)


@pytest.mark.root
def test_a_safe_card_is_ejected_with_keys_only(mounted_card, window, tmp_path, qtbot):
    drive = tmp_path / "RAID-1"
    drive.mkdir()
    to_front(window, qtbot)
    pane: OffloadPane = window.pane
    qtbot.waitUntil(lambda: str(mounted_card) in pane.cards.tiles, timeout=PATIENCE)
    add_destination(window, qtbot, drive)
    copy_and_judge(window, qtbot)
    tile = pane.cards.tiles[str(mounted_card)]
    assert tile.verdict.sign is SAFE, pane.desk.jobs[-1]
    assert tile.eject.isVisible()
    press(Key.Key_J, CTRL)
    qtbot.waitUntil(lambda: not os.path.ismount(mounted_card), timeout=PATIENCE)
    qtbot.waitUntil(lambda: str(mounted_card) not in pane.cards.tiles, timeout=PATIENCE)
    qtbot.waitUntil(lambda: settled(window), timeout=PATIENCE)
