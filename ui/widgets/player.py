"""The player: picture, timeline, keys. Used by every pane that shows a clip."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QFocusEvent, QHideEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QVBoxLayout, QWidget

from ui import theme
from ui.models import player_words
from ui.models.player import PlayerModel
from ui.theme import Tone
from ui.widgets.buttons import icon_button
from ui.widgets.labels import ElidedLabel
from ui.widgets.player_timeline import Timeline
from ui.widgets.player_transport import Transport
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
    previews_wanted = Signal()
    """Somebody wants previews of the clip, because the original is slow or may go."""
    menu_filling = Signal(object)
    """The QMenu behind the button, before it opens: for what else can be done with the clip."""

    def __init__(self, model: PlayerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        self.view = PictureView()
        self.timeline = Timeline()
        self.large: LargePlayer | None = None
        self.range = ElidedLabel(tone=Tone.DIM, size=theme.SMALL)
        self.entry = QLineEdit(self.view)
        self.entry.setAccessibleName("Go to timecode")
        self.entry.installEventFilter(self)
        self.entry.hide()
        self.transport = Transport(model)
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
        row.addWidget(self.transport)
        row.addStretch(1)
        row.addWidget(self.more)
        column.addLayout(row)
        column.addWidget(self.range)

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
        self.view.chip.clicked.connect(self.choose_version)
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
            Key.Key_V: self.choose_version,
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
            badge=player_words.badge(self.model),
            head=player_words.head(self.model),
            message=player_words.message(self.model),
            tone=Tone.ATTENTION if model.because else Tone.TEXT,
            advice=player_words.advice(self.model),
        )
        if not model.speed:
            self.view.speak()
        self.timeline.show_place(model.number, model.frames, model.marks)
        if (told := player_words.kept_range(self.model)) != self.range.full_text:
            self.range.show_text(told)
        self.transport.refresh()

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
        if player_words.has_proxies(self.model):
            menu.addSeparator()
            self._add_versions(menu)
        self.menu_filling.emit(menu)
        return menu

    def versions_menu(self) -> QMenu:
        """From what the clip can be played, and what is to be done where that is too little."""
        menu = QMenu(self)
        self._add_versions(menu)
        if not player_words.has_proxies(self.model):
            menu.addSeparator()
            menu.addAction("Make previews").triggered.connect(
                lambda _=False: self.previews_wanted.emit()
            )
        return menu

    def choose_version(self) -> None:
        """Open that menu at the words that tell what is played."""
        chip = self.view.chip
        if chip.isHidden():
            return
        menu = self.versions_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        corner = chip.mapToGlobal(chip.rect().bottomRight())
        menu.popup(corner - QPoint(menu.sizeHint().width(), -2))

    def _add_versions(self, menu: QMenu) -> None:
        model = self.model
        self._add_choice(menu, "Play automatically", not model.wished, model.play_by_itself)
        for version in model.clip.versions if model.clip is not None else ():
            here = version.label == model.wished
            offline = "" if version.online else " (offline)"
            action = self._add_choice(
                menu,
                f"Play {printable(version.label)}{offline}",
                here,
                lambda version=version: model.play_from(version),  # type: ignore[misc]
            )
            action.setEnabled(version.online)

    def _add_choice(
        self, menu: QMenu, text: str, checked: bool, deed: Callable[[], object]
    ) -> QAction:
        action = menu.addAction(text)
        action.setCheckable(True)
        action.setChecked(checked)
        action.triggered.connect(lambda _=False: deed())
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
        self.previews_wanted.connect(opener.previews_wanted)
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
