"""The player's buttons: a sign on each, and in its tool tip the key that does the same."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from ui import icons, theme
from ui.models.player import PlayerModel
from ui.theme import Tone
from ui.widgets.buttons import small_button

_WIDE = 28
_SIGN = 14


class Transport(QWidget):
    """Play, step, faster, in, out, loop. Clicked, the keys stay where they were."""

    def __init__(self, model: PlayerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.keys: dict[str, QPushButton] = {}
        """By the key that does the same."""
        self._model = model
        self._signs: dict[str, tuple[str, Tone]] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for key, sign, what, deed in (
            ("J", "backwards", "Play backwards, faster each time (J)", lambda: model.faster(-1)),
            ("Left", "step_back", "One frame back (←)", lambda: model.step(-1)),
            ("Space", "running", "", model.play_or_pause),
            ("Right", "step_on", "One frame on (→)", lambda: model.step(1)),
            ("L", "forwards", "Play, faster each time (L)", lambda: model.faster(1)),
            ("I", "mark_in", "Keep from this frame on (I)", model.mark_in),
            ("O", "mark_out", "Keep up to and with this frame (O)", model.mark_out),
            ("R", "loop", "", lambda: model.set_loop(not model.loop)),
        ):
            if key in {"I", "R"}:
                row.addSpacing(6)
            row.addWidget(self._button(key, sign, what, deed))
        self.refresh()

    def _button(self, key: str, sign: str, what: str, deed: Callable[[], object]) -> QPushButton:
        button = small_button("", deed)
        button.setFixedSize(_WIDE, 24)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setStyleSheet("padding: 0;")
        button.setIconSize(QSize(_SIGN, _SIGN))
        self.keys[key] = button
        self._show(key, sign, what)
        return button

    def _show(self, key: str, sign: str, what: str, tone: Tone = Tone.TEXT) -> None:
        button = self.keys[key]
        if self._signs.get(key) != (sign, tone):
            self._signs[key] = sign, tone
            button.setIcon(icons.icon(sign, theme.COLOURS.of(tone), _SIGN))
        if what != button.toolTip():
            button.setToolTip(what)
            button.setAccessibleName(what)

    def refresh(self) -> None:
        """Show what a click would do now."""
        model = self._model
        if model.speed:
            self._show("Space", "paused", "Stop (Space or K)")
        else:
            self._show("Space", "running", "Play (Space)")
        loop = "Play on at the end (R)" if model.loop else "Play in a loop (R)"
        self._show("R", "loop", loop, Tone.RUNNING if model.loop else Tone.DIM)
        shown = model.playback is not None and (model.fault is None or model.frames > 0)
        for button in self.keys.values():
            button.setEnabled(shown)
