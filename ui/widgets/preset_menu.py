"""The name of the preset in use; a click opens the list of presets."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from ui import theme
from ui.words import printable


class PresetMenu(QPushButton):
    """Shows `Preset: Main unit` and offers the others."""

    preset_chosen = Signal(str)
    """Name of the preset to use; "" for none."""
    presets_wanted = Signal()
    """The list of presets is to be edited."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "link")
        self.setAutoDefault(False)
        self.setFont(theme.font())
        self._names: tuple[str, ...] = ()
        self._current = ""
        self.clicked.connect(self._open)
        self.show_presets((), "")

    def show_presets(self, names: Sequence[str], current: str) -> None:
        """Show the preset in use among *names*."""
        self._names, self._current = tuple(names), current
        name = printable(current) if current else "none"
        if len(name) > 28:
            name = f"{name[:27]}…"
        self.setText(f"Preset: {name}")
        self.setToolTip("Choose, save or edit presets")
        self.setAccessibleName(f"Preset in use: {printable(current) or 'none'}")

    def menu_now(self) -> QMenu:
        """The list of presets as a menu."""
        menu = QMenu(self)
        for name in self._names:
            action = menu.addAction(printable(name).replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(name == self._current)
            action.triggered.connect(lambda _=False, n=name: self.preset_chosen.emit(n))
        if self._names:
            menu.addSeparator()
        none = menu.addAction("No preset")
        none.setEnabled(bool(self._current))
        none.triggered.connect(lambda: self.preset_chosen.emit(""))
        menu.addAction("Save or edit presets…").triggered.connect(self.presets_wanted.emit)
        return menu

    def _open(self) -> None:
        menu = self.menu_now()
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.mapToGlobal(QPoint(0, self.height())))
