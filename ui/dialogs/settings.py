"""The settings, by room; each value says where it comes from."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from app.errors import ReelkeepError
from app.jobs.notify import News, NewsKind
from app.settings import Key
from ui import theme
from ui.bridge import INTERNAL, Bridge
from ui.theme import Tone
from ui.widgets.buttons import plain_button
from ui.widgets.labels import TextLabel
from ui.widgets.setting_row import SettingRow

_ROOMS = {
    "offload": "Offload",
    "project": "Project",
    "notify": "Notifications",
    "devices": "Devices",
    "jobs": "Jobs",
    "report": "Reports",
    "media": "Media",
    "proxies": "Proxies",
    "log": "Log",
}


class SettingsDialog(QDialog):
    """What is changed here is kept at once, in the profile's file."""

    news_asked = Signal(object)
    """News to be told in every way that is set now, as a trial."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._settings = bridge.engine.settings
        self.setWindowTitle("Settings")
        self.resize(820, 640)
        self.rows: dict[str, SettingRow] = {}
        self.headings: dict[str, TextLabel] = {}
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter the settings")
        self.filter.setAccessibleName("Filter the settings")
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._narrow)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(self._page())
        self._area = area
        self.warnings = [
            TextLabel(text, tone=Tone.ATTENTION, wrap=True) for text in self._settings.warnings
        ]
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 14)
        column.setSpacing(8)
        column.addWidget(self.filter)
        for warning in self.warnings:
            column.addWidget(warning)
        column.addWidget(area, 1)
        last = QHBoxLayout()
        last.addWidget(plain_button("Try the notifications", self._try_notifications))
        last.addStretch(1)
        last.addWidget(plain_button("Close", self.close))
        column.addLayout(last)
        self.refresh()

    def _page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 12, 0)
        column.setSpacing(0)
        rooms = list(_ROOMS)
        keys = sorted(self._settings.keys(), key=lambda key: _place(key, rooms))
        for room, members in groupby(keys, key=_room):
            title = _ROOMS.get(room, room.capitalize())
            heading = TextLabel(title, tone=Tone.STRONG, size=theme.TITLE, strong=True)
            heading.setContentsMargins(0, 14, 0, 4)
            self.headings[room] = heading
            column.addWidget(heading)
            for key in members:
                row = SettingRow(key, self._save, self._reset)
                self.rows[key.name] = row
                column.addWidget(row)
        column.addStretch(1)
        return page

    def refresh(self) -> None:
        """Show every value as it stands now."""
        for name, row in self.rows.items():
            row.show_value(self._settings.get(name), self._settings.origin(name))

    def _show(self, name: str) -> None:
        self.rows[name].show_value(self._settings.get(name), self._settings.origin(name))

    def _save(self, name: str, value: Any) -> None:
        self._change(name, lambda: self._settings.set(name, value))

    def _reset(self, name: str) -> None:
        self._change(name, lambda: self._settings.unset(name))

    def _change(self, name: str, call: Any) -> None:
        def failed(error: Exception) -> None:
            expected = isinstance(error, ReelkeepError)
            self.rows[name].show_trouble(str(error) if expected else INTERNAL)

        self._bridge.ask(call, lambda _: self._show(name), failed)

    def _narrow(self, text: str) -> None:
        wanted = text.casefold().split()
        for row in self.rows.values():
            held = f"{row.key.name} {row.key.text}".casefold()
            row.setVisible(all(word in held for word in wanted))
        for room, heading in self.headings.items():
            members = [row for row in self.rows.values() if _room(row.key) == room]
            heading.setVisible(any(not row.isHidden() for row in members))

    def _try_notifications(self) -> None:
        text = "This is how the end of the queue will be told."
        self.news_asked.emit(News(kind=NewsKind.QUEUE_DONE, title="Reelkeep", text=text))


def _room(key: Key) -> str:
    return key.name.partition(".")[0]


def _place(key: Key, rooms: list[str]) -> int:
    room = _room(key)
    return rooms.index(room) if room in rooms else len(rooms)
