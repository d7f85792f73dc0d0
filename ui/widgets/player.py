"""The player: picture, timeline, keys. Used by every pane that shows a clip."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QFocusEvent, QHideEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QPushButton, QVBoxLayout, QWidget

from app.timecode import rate_text
from app.units import count_text
from ui import theme
from ui.models.player import PlayerModel
from ui.models.versions import Version
from ui.theme import Tone
from ui.widgets.buttons import icon_button, small_button
from ui.widgets.labels import ElidedLabel
from ui.widgets.player_timeline import Timeline
from ui.widgets.player_view import PictureView
from ui.words import printable

Key = Qt.Key
_TYPED = set("0123456789+-#")
_SHIFT = Qt.KeyboardModifier.ShiftModifier
_FREE = _SHIFT | Qt.KeyboardModifier.KeypadModifier
"""Keys with Ctrl, Alt or Meta are commands of the window."""
_HELD = {Key.Key_Left, Key.Key_Right}
"""Keys that go on while they are held down."""


class Player(QWidget):
    """Shows what the model has, and does what keys and pointer ask for."""

    said = Signal(str)
    """One sentence, e.g. that there is no such frame."""
    still_wanted = Signal()
    """The shown frame is being dragged out of the picture."""
    menu_filling = Signal(object)
    """The QMenu behind the button, before it opens: for what else can be done with the clip."""

    def __init__(self, model: PlayerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        self.view = PictureView()
        self.timeline = Timeline()
        self.large: LargePlayer | None = None
        self.range = ElidedLabel(tone=Tone.DIM, size=theme.SMALL, mode=Qt.TextElideMode.ElideLeft)
        self.range.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.entry = QLineEdit(self.view)
        self.entry.setAccessibleName("Go to timecode")
        self.entry.installEventFilter(self)
        self.entry.hide()
        self.keys: dict[str, QPushButton] = {}
        self.more = icon_button("more", "More of the player", self._open_menu, size=14)
        self.setAccessibleName("Player")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._deeds = self._make_deeds()
        self._lay_out()
        self._connect()
        self.refresh()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.view, 1)
        column.addWidget(self.timeline)
        row = QHBoxLayout()
        row.setSpacing(4)
        for letter, what, deed in (
            ("J", "Play backwards, faster each time", lambda: self.model.faster(-1)),
            ("K", "Stop", self.model.pause),
            ("L", "Play, faster each time", lambda: self.model.faster(1)),
            ("I", "Keep from this frame on", self.model.mark_in),
            ("O", "Keep up to this frame", self.model.mark_out),
        ):
            button = small_button(letter, deed)
            button.setFixedWidth(22)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # clicked, the keys stay the player's
            button.setStyleSheet("padding: 2px 0;")
            button.setToolTip(f"{what} ({letter})")
            button.setAccessibleName(f"{what}, {letter}")
            self.keys[letter] = button
            row.addWidget(button)
        row.addWidget(self.range, 1)
        row.addWidget(self.more)
        column.addLayout(row)

    def _connect(self) -> None:
        model = self.model
        model.picture_changed.connect(self._show_picture)
        model.changed.connect(self.refresh)
        model.clip_changed.connect(self._new_clip)
        self.timeline.scrubbed.connect(model.scrub)
        self.timeline.released.connect(lambda: model.show(model.number))
        self.view.resized.connect(self._fit)
        self.view.large_wanted.connect(self.toggle_large)
        self.view.dragged.connect(self.still_wanted)
        self.view.pressed.connect(self.setFocus)
        self.entry.returnPressed.connect(self._go)
        self.entry.editingFinished.connect(self._leave_entry)

    def _make_deeds(self) -> dict[int, Callable[[], object]]:
        model = self.model
        return {
            Key.Key_J: lambda: model.faster(-1),
            Key.Key_K: model.pause,
            Key.Key_L: lambda: model.faster(1),
            Key.Key_Space: model.play_or_pause,
            Key.Key_Left: lambda: model.step(-1),
            Key.Key_Right: lambda: model.step(1),
            Key.Key_Home: lambda: model.show(0),
            Key.Key_End: model.to_end,
            Key.Key_I: model.mark_in,
            Key.Key_O: model.mark_out,
            Key.Key_X: model.clear_range,
            Key.Key_M: model.add_mark,
            Key.Key_F: self.toggle_large,
            Key.Key_R: lambda: model.set_loop(not model.loop),
        }

    def _make_shifted(self) -> dict[int, Callable[[], object]]:
        model = self.model
        second = max(1, round(model.rate))
        return {
            Key.Key_Left: lambda: model.step(-second),
            Key.Key_Right: lambda: model.step(second),
            Key.Key_I: lambda: model.show(model.marks.first or 0),
            Key.Key_O: lambda: model.show((model.marks.end or model.frames) - 1),
            Key.Key_M: lambda: model.next_mark(1),
        }

    # What is shown

    def _new_clip(self) -> None:
        self.timeline.show_strip(())
        self._leave_entry()

    def _show_picture(self) -> None:
        playback = self.model.playback
        self.view.show_picture(playback.picture if playback is not None else None)

    def refresh(self) -> None:
        """Tell everything as it is now."""
        model = self.model
        shown = model.timecode(model.number)
        self.view.tell(
            corner=str(shown) if shown is not None else "",
            badge=self._badge(),
            head=self._head(),
            message=self._message(),
            tone=Tone.ATTENTION if model.because else Tone.TEXT,
        )
        if not model.speed:
            self.view.speak()
        self.timeline.show_place(model.number, model.frames, model.marks)
        if (told := self._range()) != self.range.full_text:
            self.range.show_text(told)
        for button in self.keys.values():
            button.setEnabled(model.playback is not None)

    def _head(self) -> str:
        model = self.model
        if not model.frames:
            return ""
        speed = f" · {model.speed}×" if model.speed not in {0, 1} else ""
        loop = " · loop" if model.loop else ""
        late = f" · {count_text(model.dropped, 'frame')} dropped" if model.dropped else ""
        said = model.marks.text_at(model.number)
        comment = f" · {printable(said)}" if said else ""
        return f"frame {model.number:,} · {rate_text(model.rate)} fps{speed}{loop}{late}{comment}"

    def _badge(self) -> str:
        model = self.model
        if model.version is None or (model.fault is not None and not model.frames):
            return ""
        slow = model.playback is not None and model.playback.heavy
        why = model.because or ("slow here" if slow else "")
        return printable(", ".join(filter(None, (model.version.label, why, model.lut_name))))

    def _message(self) -> str:
        model = self.model
        if model.clip is None:
            return ""
        if model.fault is not None:
            return printable(str(model.fault))
        if model.playback is not None and model.playback.picture is None:
            return f"Opening {printable(model.clip.name)}…"
        return ""

    def _range(self) -> str:
        model = self.model
        marks, start = model.marks, model.timecode(0)
        if start is None or not model.frames:
            return ""
        if marks.first is None and marks.end is None:
            return f"{count_text(model.frames, 'frame')}"
        last = (marks.end if marks.end is not None else model.frames) - 1
        return f"{start + (marks.first or 0)} to {start + last}"

    def _fit(self, width: int, height: int) -> None:
        if self.large is None:
            self.model.fit(width, height)

    # Keys

    def press(self, event: QKeyEvent) -> bool:
        """Do what a key asks for; False where it means nothing here."""
        if event.modifiers() & ~_FREE or self.model.playback is None:
            return False
        shifted = bool(event.modifiers() & _SHIFT)
        deeds = self._make_shifted() if shifted else self._deeds
        deed = deeds.get(event.key())
        if deed is not None:
            if not event.isAutoRepeat() or event.key() in _HELD:
                deed()
            return True
        if event.text() in _TYPED and event.text():
            self.type_timecode(event.text())
            return True
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.press(event):
            super().keyPressEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing plays that nobody sees; a window that is only minimised plays on."""
        super().hideEvent(event)
        if not event.spontaneous():
            self.model.pause()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.view.show_focus(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.view.show_focus(False)

    def event(self, event: QEvent) -> bool:
        """Plain letters are the player's before they are anybody's short cut."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = not event.modifiers() & ~_FREE
            if plain and (event.key() in self._deeds or event.text() in _TYPED):
                event.accept()
                return True
        return super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Escape leaves what is being typed, and goes nowhere."""
        if (
            watched is self.entry
            and event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() == Key.Key_Escape
        ):
            self._leave_entry()
            return True
        return super().eventFilter(watched, event)

    def type_timecode(self, begun: str = "") -> None:
        """Let the person type where to go."""
        self.entry.setText(begun)
        self.entry.setFont(theme.bold())
        self.entry.resize(150, 28)
        self.entry.move(8, self.view.height() - 36)
        self.entry.setPlaceholderText("10:00:00:00  +12  #305")
        self.entry.show()
        self.entry.raise_()
        self.entry.setFocus()
        self.entry.deselect()

    def _go(self) -> None:
        wrong = self.model.go_to(self.entry.text())
        self._leave_entry()
        if wrong:
            self.said.emit(wrong)

    def _leave_entry(self) -> None:
        if not self.entry.isHidden():
            # Not hasFocus(): that is false in a window that is not the active one, or never is.
            keys_went_there = self.window().focusWidget() is self.entry
            self.entry.hide()
            if keys_went_there:
                self.setFocus()

    # More

    def _open_menu(self) -> None:
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def menu(self) -> QMenu:
        """Everything that can be done with the clip in the player."""
        model, menu = self.model, QMenu(self)
        for text, deed, checked in (
            ("Full screen\tF", self.toggle_large, None),
            ("Loop\tR", lambda: model.set_loop(not model.loop), model.loop),
            ("Go to timecode\t0…9", self.type_timecode, None),
            ("Mark this frame\tM", model.add_mark, None),
            ("Clear in and out\tX", model.clear_range, None),
        ):
            action = menu.addAction(text)
            action.setCheckable(checked is not None)
            action.setChecked(bool(checked))
            action.triggered.connect(lambda _=False, deed=deed: deed())
        if model.clip is not None and len(model.clip.versions) > 1:
            menu.addSeparator()
            for version in model.clip.versions:
                self._add_version(menu, version)
        self.menu_filling.emit(menu)
        return menu

    def _add_version(self, menu: QMenu, version: Version) -> QAction:
        action = menu.addAction(f"Play {printable(version.label)}")
        action.setCheckable(True)
        action.setChecked(version is self.model.version)
        action.setEnabled(version.online)
        action.triggered.connect(lambda _=False: self.model.play_from(version))
        return action

    def toggle_large(self) -> None:
        """Fill the screen, or come back from it."""
        if self.large is not None:
            self.large.close()
            return
        self.large = LargePlayer(self.model, self)
        self.large.closed.connect(self._come_back)
        self.large.showFullScreen()

    def _come_back(self) -> None:
        self.large = None
        ratio = self.view.devicePixelRatioF()
        self._fit(round(self.view.width() * ratio), round(self.view.height() * ratio))
        self.setFocus()


class LargePlayer(Player):
    """The same clip in a window of its own that fills the screen; Escape leaves."""

    closed = Signal()

    def __init__(self, model: PlayerModel, opener: Player) -> None:
        super().__init__(model)
        self._opener = opener
        self.setWindowTitle("Reelkeep player")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.timeline.show_pictures_of(opener.timeline)
        self.said.connect(opener.said)
        self.still_wanted.connect(opener.still_wanted)
        self.menu_filling.connect(opener.menu_filling)
        layout = self.layout()
        if layout is not None:
            layout.setContentsMargins(12, 12, 12, 10)
        self._show_picture()
        self.setFocus()

    def _fit(self, width: int, height: int) -> None:
        self.model.fit(width, height)

    def toggle_large(self) -> None:
        """Come back."""
        self.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Key.Key_Escape and self.entry.isHidden():
            self.close()
            return
        super().keyPressEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        QWidget.hideEvent(self, event)  # it plays on in the window that it came from

    def closeEvent(self, event: QCloseEvent) -> None:
        self.closed.emit()
        super().closeEvent(event)
