"""Which proxies are wanted: a button that names them, and a menu in which each can be ticked."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QMenu, QPushButton, QSizePolicy, QWidget

from ui.words import printable

NONE = "None"


class ProxyChoice(QPushButton):
    """Shows `preview, editorial ▾`."""

    proxies_chosen = Signal(object)
    """tuple[str, ...]: names of recipes, in their order."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoDefault(False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._names: tuple[str, ...] = ()
        self.chosen: tuple[str, ...] = ()
        self.clicked.connect(self._open)
        self.show_proxies((), ())

    def show_proxies(self, names: Sequence[str], chosen: Sequence[str]) -> None:
        """Show which of the recipes *names* are chosen; one that is gone stays in the list."""
        self.chosen = tuple(chosen)
        self._names = tuple(dict.fromkeys([*names, *chosen]))
        words = ", ".join(map(printable, self.chosen)) or NONE
        self.setText(f"{words} ▾".replace("&", "&&"))
        self.setAccessibleName(f"Proxies: {words}")

    def menu_now(self) -> QMenu:
        """Every recipe; several can be on."""
        menu = QMenu(self)
        for name in self._names:
            action = menu.addAction(printable(name).replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(name in self.chosen)
            action.triggered.connect(lambda on, n=name: self._choose(n, on))
        return menu

    def _choose(self, name: str, on: bool) -> None:
        wanted = {*self.chosen, name} if on else {*self.chosen} - {name}
        self.show_proxies(self._names, [one for one in self._names if one in wanted])
        self.proxies_chosen.emit(self.chosen)

    def _open(self) -> None:
        menu = self.menu_now()
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.mapToGlobal(QPoint(0, self.height())))
