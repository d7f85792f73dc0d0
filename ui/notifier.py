"""Calls people who are not looking: desktop notification, sound, command and webhook."""

from __future__ import annotations

import logging
import shutil
import sys

from PySide6.QtCore import QObject, QProcess
from PySide6.QtWidgets import QSystemTrayIcon

from app.jobs.notify import News, NewsDesk, NewsKind, announce
from app.jobs.snapshot import JobSnapshot
from resources import ROOT
from ui import icons
from ui.bridge import Bridge
from ui.words import printable

log = logging.getLogger(__name__)

_PLAYERS = ("pw-play", "paplay", "aplay", "afplay")


class Notifier(QObject):
    """One call when the queue is done or needs hands; the settings say in which ways."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._desk = NewsDesk()
        self._tray: QSystemTrayIcon | None = None
        bridge.snapshots_changed.connect(self.look)

    def look(self, jobs: tuple[JobSnapshot, ...]) -> None:
        """Tell what is new in *jobs*."""
        for news in self._desk.take(jobs):
            self.tell(news)

    def tell(self, news: News) -> None:
        """Call in every way that the settings ask for."""
        settings = self._bridge.engine.settings
        if settings.get("notify.desktop"):
            self._show(news)
        if settings.get("notify.sound"):
            self._play()
        announce(settings, news)

    def _show(self, news: News) -> None:
        title, text = printable(news.title), "\n".join(map(printable, news.text.split("\n")))
        if QSystemTrayIcon.isSystemTrayAvailable():
            if self._tray is None:
                self._tray = QSystemTrayIcon(icons.icon("reelkeep", "", 64), self)
                self._tray.setToolTip("Reelkeep")
                self._tray.show()
            hands = news.kind is NewsKind.NEEDS_HANDS
            kind = QSystemTrayIcon.MessageIcon
            self._tray.showMessage(title, text, kind.Warning if hands else kind.Information)
        elif program := shutil.which("notify-send"):
            QProcess.startDetached(program, ["--app-name=Reelkeep", "--", title, text])

    def _play(self) -> None:
        """By the system's own player: Qt's sound takes long to load and wants more libraries."""
        sound = str(ROOT / "sounds" / "done.wav")
        if sys.platform == "win32":
            import winsound

            winsound.PlaySound(sound, winsound.SND_FILENAME | winsound.SND_ASYNC)
            return
        for player in _PLAYERS:
            if program := shutil.which(player):
                QProcess.startDetached(program, [sound])
                return
        log.info("No sound: none of %s is installed", ", ".join(_PLAYERS))
