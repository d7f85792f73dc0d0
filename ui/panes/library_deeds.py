"""What the library does with clips: versions to play, stills, LUTs for viewing."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QDrag, QPixmap
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QWidget

from app.media.frames.source import FileSource
from app.media.montage.still_order import Still, StillForm
from app.media.play.film import ClipFilm, FileFilm, IndexOf
from app.media.play.lens import check_lut
from app.media.play.log_looks import LOOKS, LogLook, look_file
from app.media.play.sound_sink import SoundSink
from app.media.play.trial import Trial
from app.media.proxy.recipes import ProxySize
from app.media.proxy.spec import KeptProxy
from app.places.online import is_online
from ui.bridge import Bridge
from ui.models.clips import ClipRow, files_as_mime
from ui.models.player import PlayerModel
from ui.models.versions import OFFLINE, ORIGINAL, TOO_HEAVY, PlayerClip, Version, start_of
from ui.words import printable

_DRAG_WIDTH = 160


class LibraryDeeds(QObject):
    """Carries out what is asked for the chosen clips and for the frame in the player."""

    said = Signal(str)

    def __init__(
        self,
        bridge: Bridge,
        player: PlayerModel,
        index_of: IndexOf,
        chosen: Callable[[], Sequence[ClipRow]],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._player = player
        self._index_of = index_of
        self._chosen = chosen
        self._window = parent
        self._media = bridge.engine.profile.looks.parent
        self._trial = Trial(kept=self._media / "trials")
        self.drag: Callable[[QMimeData], object] = self._drag

    def end(self) -> None:
        """The window closes: no child stays."""
        self._trial.close()

    def warm_up(self) -> None:
        """A clip will be opened soon."""
        self._bridge.ask(self._trial.warm_up)

    # Versions

    def clip_of(self, row: ClipRow) -> PlayerClip:
        """A row for the player."""
        start = start_of(row.facts) if row.facts is not None else None
        told = row.facts.start if row.facts is not None else None
        film = ClipFilm(
            row.path,
            self._index_of,
            rate=told.rate if told is not None else None,
            trial=self._trial,
            decoders=lambda: self._bridge.engine.external_decoders,
        )
        return PlayerClip(
            key=row.key,
            name=row.name,
            versions=(Version(film=film, label=ORIGINAL, online=not row.offline),),
            start=start,
            files=row.files,
            stamp=row.stamp,
        )

    def find_versions(self, key: str, original: Version, path: Path) -> None:
        """Look for everything that a clip can be played from, and tell the player."""
        engine = self._bridge.engine

        def look() -> tuple[Version, ...]:
            kept = engine.proxies.versions(Path(os.path.realpath(path)))
            return versions_of(original, is_online(path), kept, self._index_of)

        self._bridge.ask(look, lambda found: self._player.offer(key, found))

    # Files

    def show_in_folder(self) -> None:
        """Open the folder of the first chosen clip in the system's file manager."""
        rows = self._chosen()
        if rows and not QDesktopServices.openUrl(QUrl.fromLocalFile(str(rows[0].path.parent))):
            self.said.emit(
                f"{printable(rows[0].name)} lies in {printable(str(rows[0].path.parent))}."
            )

    # Stills

    def save_frame(self, form: StillForm = StillForm.PNG) -> None:
        """Choose a folder, and write the shown frame there."""
        if self._player.frames:
            self.ask_folder("Save the frame in", partial(self.write_frame, form=form))

    def write_frame(self, folder: Path, form: StillForm = StillForm.PNG) -> None:
        """Write the shown frame into *folder*."""
        self._still(folder, form, self._told)

    def _told(self, still: Still, why: str) -> None:
        self.said.emit(f"Saved {printable(still.path.name)}{why}.")

    def drag_frame(self) -> None:
        """The shown frame leaves the window as a file."""
        self._still(self._media / "stills", StillForm.PNG, self._ready_to_drag)

    def _still(self, folder: Path, form: StillForm, done: Callable[[Still, str], object]) -> None:
        player, clip = self._player, self._player.clip
        if clip is None or not player.frames:
            return
        original = clip.versions[0]
        readable = original.online and player.because in {"", TOO_HEAVY}
        taken = original if readable else player.version or original
        number, timecode = player.number, str(player.timecode(player.number))
        name, why = clip.name, ""
        if taken.label != ORIGINAL:
            name = f"{name}_{taken.label.replace(' ', '-')}"
            why = f" from {taken.label}: {player.because if original.online else OFFLINE}"
        source, still = Path(taken.film.name), self._bridge.engine.montages.still
        self._bridge.ask(
            lambda: still(source, f"#{number}", folder, form=form, name=name, timecode=timecode),
            lambda made: done(made, why),
        )

    def _ready_to_drag(self, still: Still, why: str) -> None:
        if why:
            self._told(still, why)
        self.drag(files_as_mime([still.path]))

    def _drag(self, data: QMimeData) -> None:
        """Begin a drag, unless the button was let go meanwhile."""
        if not QApplication.mouseButtons() & Qt.MouseButton.LeftButton:
            return
        drag = QDrag(self._window)
        drag.setMimeData(data)
        small = QPixmap(data.urls()[0].toLocalFile())
        if not small.isNull():
            mode = Qt.TransformationMode.SmoothTransformation
            drag.setPixmap(small.scaledToWidth(_DRAG_WIDTH, mode))
        drag.exec(Qt.DropAction.CopyAction)

    # LUTs

    def fill_menu(self, menu: QMenu) -> None:
        """What else can be done with the clip in the player."""
        menu.addSeparator()
        looks = menu.addMenu("View through")
        self._add_look(looks, "Nothing", None)
        for look in LOOKS:
            self._add_look(looks, f"{look.name} to Rec. 709", look)
        looks.addSeparator()
        looks.addAction("LUT file…").triggered.connect(lambda _=False: self.choose_lut())
        for text, form in (("", StillForm.PNG), (" as TIFF", StillForm.TIFF)):
            action = menu.addAction(f"Save this frame{text}…")
            action.triggered.connect(lambda _=False, form=form: self.save_frame(form))

    def _add_look(self, menu: QMenu, text: str, look: LogLook | None) -> None:
        action = menu.addAction(text)
        action.setCheckable(True)
        used = self._player.lut
        here = used is None if look is None else self._player.lut_name == look.name
        action.setChecked(here)
        action.triggered.connect(lambda _=False: self.view_through(look))

    def view_through(self, look: LogLook | None) -> None:
        """Show log pictures as they are meant, or as they are stored."""
        if look is None:
            self._player.look_through(None)
            return
        folder = self._media / "luts"
        through = partial(self._player.look_through, name=look.name)
        self._bridge.ask(lambda: look_file(look, folder), through)

    def use_lut(self, path: Path) -> None:
        """View through any `.cube` file."""
        through = partial(self._player.look_through, name=path.stem)
        self._bridge.ask(lambda: check_lut(path), through)

    def choose_lut(self) -> None:
        """Choose a `.cube` file to view through."""
        dialog = QFileDialog(self._window, "LUT for viewing")
        dialog.setNameFilter("LUTs (*.cube)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda name: self.use_lut(Path(name)))
        dialog.open()

    def ask_folder(self, title: str, done: Callable[[Path], object]) -> None:
        """Have a folder chosen; *done* hears which."""
        dialog = QFileDialog(self._window, title)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, True)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda name: done(Path(name)))
        dialog.open()


def sound_of_window() -> SoundSink | None:
    """What plays sound here; None where nothing does. Imported when it is first wanted."""
    from ui.widgets.sound_out import sound_out

    return sound_out()


def versions_of(
    original: Version, online: bool, kept: Sequence[KeptProxy], index_of: IndexOf
) -> tuple[Version, ...]:
    """The original, and every proxy that is good enough to look at."""
    found = [Version(film=original.film, label=ORIGINAL, online=online)]
    for proxy in sorted(kept, key=lambda one: one.height):
        if proxy.size is not ProxySize.THUMBNAIL:
            label = proxy.name.replace("-", " ")
            film = FileFilm(FileSource(proxy.path), index_of)
            found.append(Version(film=film, label=label, height=proxy.height))
    return tuple(found)
