"""Where copies may go: the last destinations, what is mounted, or any folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QBoxLayout, QFileDialog, QMenu, QWidget

from app.places.volumes import Volume
from app.units import bytes_text
from ui.models.destinations import volume_of
from ui.panes.offload_desk import OffloadDesk
from ui.widgets.buttons import link_button
from ui.words import printable

if TYPE_CHECKING:
    from PySide6.QtWidgets import QPushButton

    from ui.panes.offload import OffloadPane

_SYSTEM = ("/", "/boot", "/boot/efi", "/efi", "/home", "/usr", "/var", "/tmp", "/recovery")
_NEVER = {"squashfs", "iso9660", "tmpfs", "overlay", "udf"}


class Suggestions(QObject):
    """Offers destinations in a menu, and the last ones with one click while there is none."""

    def __init__(self, desk: OffloadDesk, pane: OffloadPane) -> None:
        super().__init__(pane)
        self._desk, self._pane = desk, pane
        self.again: QPushButton | None = None

    def show(self) -> None:
        """Offer the last destinations in the empty column."""
        last = self._desk.remembered.last
        if self.again is None:
            self.again = link_button("", self._add_last)
            layout = self._pane.destinations.empty.layout()
            if isinstance(layout, QBoxLayout):  # above the stretch that ends it
                centre = Qt.AlignmentFlag.AlignHCenter
                layout.insertWidget(layout.count() - 1, self.again, 0, centre)
        names = ", ".join(self._drive_name(spec.path) for spec in last[:3])
        text = f"As last time: {names}{' …' if len(last) > 3 else ''}"
        self.again.setText((text if len(text) < 46 else f"{text[:45]}…").replace("&", "&&"))
        self.again.setAccessibleName(text)
        self.again.setVisible(bool(last))

    def _drive_name(self, path: Path) -> str:
        volume = volume_of(path, self._desk.volumes)
        on_drive = volume is not None and str(volume.mount_point) != "/"
        return printable(volume.label if volume and on_drive else path.name or str(path))

    def open(self) -> None:
        """Open the menu of destinations below the button that asks."""
        menu = self.menu()
        column = self._pane.destinations
        under: QWidget = column.add if column.add.isVisible() else column
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(under.mapToGlobal(QPoint(0, under.height())))

    def menu(self) -> QMenu:
        """The last destinations, the mounted drives, and any folder."""
        desk, menu = self._desk, QMenu(self._pane)
        taken = {entry.key for entry in desk.destinations.entries}
        last = [spec for spec in desk.remembered.last if str(spec.path) not in taken]
        for spec in last:
            action = menu.addAction(_plain(f"As last time: {spec.path}"))
            action.triggered.connect(lambda _=False, s=spec: desk.add_destinations([s]))
        if last:
            menu.addSeparator()
        offered = [v for v in desk.volumes if self._fits(v) and str(v.mount_point) not in taken]
        for volume in offered:
            free = bytes_text(volume.free)
            action = menu.addAction(_plain(f"{volume.label} · {free} free · {volume.mount_point}"))
            path = volume.mount_point
            action.triggered.connect(lambda _=False, p=path: self._pane.add_destinations([p]))
        if offered:
            menu.addSeparator()
        choose = menu.addAction("Choose a folder…")
        choose.triggered.connect(self.choose)
        if not (last or offered):
            menu.setDefaultAction(choose)
        menu.setActiveAction(menu.actions()[0])
        return menu

    def choose(self) -> None:
        """Choose any folder as a destination."""
        choose_folder(
            self._pane, "Add destination", lambda path: self._pane.add_destinations([path])
        )

    def _add_last(self) -> None:
        self._desk.add_destinations(self._desk.remembered.last)

    def _fits(self, volume: Volume) -> bool:
        """Whether a volume may be a drive for copies; any folder can still be chosen."""
        cards = {entry.root for entry in self._desk.cards.entries}
        point = str(volume.mount_point)
        return not (
            volume.read_only
            or volume.file_system in _NEVER
            or point in cards
            or point.startswith(("/sys", "/proc", "/dev", "/run/user", "/snap", "/boot"))
            or point in _SYSTEM
        )


def choose_folder(parent: QWidget, title: str, done: Callable[[Path], object]) -> QFileDialog:
    """Ask for a folder in a window that blocks nothing."""
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    dialog.setModal(False)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(lambda text: done(Path(text)))
    dialog.show()
    return dialog


def _plain(text: str) -> str:
    """*text* for a menu, where & would mark a key."""
    text = printable(text)
    return (text if len(text) < 70 else f"{text[:34]} … {text[-34:]}").replace("&", "&&")
