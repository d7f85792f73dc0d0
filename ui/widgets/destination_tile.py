"""A destination as a tile: the drive, its room, and whether it may be unplugged."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from ui import theme
from ui.theme import Tone
from ui.widgets.bar import Bar
from ui.widgets.buttons import icon_button, small_button
from ui.widgets.labels import ElidedLabel, Pill, TextLabel, VerdictLabel
from ui.widgets.tile import Tile, TileMood
from ui.widgets.wrapped import WrappedLabel
from ui.words import SAFE_TO_EJECT, Sign

GLYPHS = {Tone.FAILED: "✕", Tone.ATTENTION: "!", Tone.IDLE: "·"}
STATE_SIZE = 15
_BESIDE_NAME = 95
"""Pixels of margins, spacing, the pill's own frame and the button in a tile's first line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationFace:
    """What the tile of a destination says."""

    key: str
    name: str
    pill: str = ""
    """File system and capacity."""
    rate: str = ""
    where: str = ""
    """Folder, naming template, bus."""
    used: float = 0.0
    """Share of the drive that is full."""
    planned: float = 0.0
    """Share that this plan adds."""
    has_room: bool = False
    """Whether the room is known, so that the bar is shown."""
    fits: bool = True
    free: str = ""
    remarks: tuple[tuple[Tone, str], ...] = ()
    sign: Sign | None = None
    """What people act on: writing, safe to eject."""
    detail: str = ""
    trouble: str = ""
    hint: str = ""
    """The way out of the trouble."""
    failed: bool = False
    can_retry: bool = False
    can_leave_out: bool = False
    """The job waits for this drive, and can be finished without it."""
    can_repair: bool = False
    """What failed can be brought back from another copy."""
    can_verify: bool = False
    can_eject: bool = False
    can_remove: bool = True
    has_details: bool = False

    @property
    def spoken(self) -> str:
        """The whole tile in words."""
        state = self.sign.word if self.sign else ""
        remarks = " ".join(text for _, text in self.remarks)
        parts = (self.name, self.pill, state, self.trouble, self.hint, remarks, self.free)
        return f"Destination {', '.join(part for part in parts if part)}"


class DestinationTile(Tile):
    """Shows a DestinationFace; Return opens its options, Delete takes it out of the plan."""

    options_wanted = Signal(str)
    moved = Signal(str, int)
    eject_wanted = Signal(str)
    remove_wanted = Signal(str)
    retry_wanted = Signal(str)
    replace_wanted = Signal(str)
    leave_out_wanted = Signal(str)
    repair_wanted = Signal(str)
    verify_wanted = Signal(str)
    details_wanted = Signal(str)

    def __init__(self, face: DestinationFace, parent: QWidget | None = None) -> None:
        super().__init__(parent, selectable=True)
        self.face = face
        self.name = ElidedLabel(size=theme.TITLE, strong=True)
        self.pill = Pill()
        self.rate = TextLabel(tone=Tone.DIM)
        self.where = ElidedLabel(tone=Tone.DIM)
        self.trouble = WrappedLabel(tone=Tone.FAILED)
        self.hint = WrappedLabel(tone=Tone.DIM)
        self.bar = Bar(self, name="Room used")
        self.free = ElidedLabel(tone=Tone.DIM, mode=Qt.TextElideMode.ElideRight)
        self.state = VerdictLabel(size=STATE_SIZE)
        self.remarks = QVBoxLayout()
        self.remarks.setSpacing(2)
        self._remark_labels: list[ElidedLabel] = []
        self._build_buttons()
        self._lay_out()
        self.show_face(face)

    def _build_buttons(self) -> None:
        self.more = icon_button("more", "More for this destination", self._open_menu)
        self.retry = small_button("Retry", lambda: self.retry_wanted.emit(self.face.key))
        self.leave_out = small_button(
            "Finish without it", lambda: self.leave_out_wanted.emit(self.face.key)
        )
        self.repair = small_button("Repair", lambda: self.repair_wanted.emit(self.face.key))
        self.repair.setToolTip("Bring back what failed from the other verified copy")
        self.replace = small_button("Replace…", lambda: self.replace_wanted.emit(self.face.key))
        self.details = small_button("Details", lambda: self.details_wanted.emit(self.face.key))
        self.eject = small_button("Eject", lambda: self.eject_wanted.emit(self.face.key))
        self.state.clicked.connect(lambda: self.details_wanted.emit(self.face.key))

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.name)
        head.addWidget(self.pill)
        head.addStretch(1)
        head.addWidget(self.rate)
        head.addWidget(self.more)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.state, 1)
        foot.addWidget(self.eject)
        self.trouble_row = QWidget(self)
        row = QHBoxLayout(self.trouble_row)
        row.setContentsMargins(0, 2, 0, 0)
        row.setSpacing(8)
        for button in (self.retry, self.leave_out, self.repair, self.replace, self.details):
            row.addWidget(button)
        row.addStretch(1)
        self.column.setContentsMargins(13, 8, 8, 10)
        self.column.setSpacing(5)
        self.column.addLayout(head)
        for widget in (self.where, self.trouble, self.hint, self.bar, self.free):
            self.column.addWidget(widget)
        self.column.addLayout(self.remarks)
        self.column.addLayout(foot)
        self.column.addWidget(self.trouble_row)

    # What is shown

    def show_face(self, face: DestinationFace) -> None:
        """Show all of *face*."""
        old, self.face = self.face, face
        self.name.show_text(face.name)
        self._fit_pill()
        self.rate.show_text(face.rate)
        self.where.show_text(face.where)
        self.trouble.show_text(f"✕ {face.trouble}" if face.trouble else "")
        self.hint.show_text(face.hint)
        self.free.show_text(face.free)
        self.free.setVisible(bool(face.free) and not face.failed)
        self._show_remarks(face.remarks)
        if face.sign:
            self.state.show_sign(face.sign, face.detail)
        self.state.setVisible(face.sign is not None)
        if self.state.clickable != face.has_details:
            self.state.set_clickable(face.has_details)
        self._show_buttons(face)
        refused = not face.fits or any(t is Tone.FAILED for t, _ in face.remarks)
        bad = face.failed or bool(face.trouble) or refused
        self.set_mood(TileMood.FAILED if bad else TileMood.PLAIN)
        if old.spoken != face.spoken or not self.accessibleName():
            self.setAccessibleName(face.spoken)
        self.show_bar(face)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_pill()

    def _fit_pill(self) -> None:
        """The name of the drive comes first; file system and capacity give way to it."""
        needed = self.name.sizeHint().width() + self.rate.sizeHint().width() + _BESIDE_NAME
        wide = self.pill.fontMetrics().horizontalAdvance(self.face.pill)
        self.pill.show_text(self.face.pill if needed + wide <= self.width() else "")

    def show_bar(self, face: DestinationFace) -> None:
        """Show only the room: cheap enough for ten times a second."""
        self.bar.setVisible(face.has_room)
        self.bar.set_room(face.used, face.planned, failed=face.failed or not face.fits)

    def _show_buttons(self, face: DestinationFace) -> None:
        self.trouble_row.setVisible(face.failed)
        self.retry.setVisible(face.can_retry)
        self.leave_out.setVisible(face.can_leave_out)
        self.repair.setVisible(face.can_repair)
        self.replace.setVisible(not face.can_leave_out and not face.can_repair)
        self.eject.setVisible(face.can_eject and face.sign is SAFE_TO_EJECT and not face.failed)
        for button, what in (
            (self.retry, "Retry on"),
            (self.leave_out, "Finish without"),
            (self.repair, "Repair"),
            (self.replace, "Replace"),
            (self.details, "Details of"),
            (self.eject, "Eject"),
            (self.more, "More for"),
        ):
            button.setAccessibleName(f"{what} {face.name}")

    def _show_remarks(self, remarks: tuple[tuple[Tone, str], ...]) -> None:
        while len(self._remark_labels) < len(remarks):
            label = ElidedLabel(mode=Qt.TextElideMode.ElideRight)
            self._remark_labels.append(label)
            self.remarks.addWidget(label)
        for label, said in zip(self._remark_labels, remarks, strict=False):
            label.set_tone(said[0] if said[0] is not Tone.IDLE else Tone.DIM)
            label.show_text(f"{GLYPHS.get(said[0], '·')} {said[1]}")
            label.show()
        for label in self._remark_labels[len(remarks) :]:
            label.hide()

    # What people do

    def menu(self) -> QMenu:
        """Everything that can be done with this destination."""
        face, menu = self.face, QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for text, signal, possible in (
            ("Options…", self.options_wanted, True),
            ("Replace…", self.replace_wanted, True),
            ("Verify all copies on it", self.verify_wanted, face.can_verify),
            ("Repair from the other verified copy", self.repair_wanted, face.can_repair),
            ("Details", self.details_wanted, face.has_details),
            ("Eject", self.eject_wanted, face.can_eject),
            ("Remove from the plan", self.remove_wanted, face.can_remove),
        ):
            action = menu.addAction(text)
            action.setEnabled(possible)
            action.triggered.connect(lambda _=False, s=signal: s.emit(self.face.key))
        return menu

    def _open_menu(self) -> None:
        self.menu().popup(self.more.mapToGlobal(QPoint(0, self.more.height())))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu().popup(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space}:
            self.options_wanted.emit(self.face.key)
        elif key in {Qt.Key.Key_Up, Qt.Key.Key_Down}:
            self.moved.emit(self.face.key, -1 if key == Qt.Key.Key_Up else 1)
        elif key in {Qt.Key.Key_Delete, Qt.Key.Key_Backspace} and self.face.can_remove:
            self.remove_wanted.emit(self.face.key)
        else:
            super().keyPressEvent(event)
