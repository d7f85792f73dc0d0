"""A card as a tile: its roll and facts, what is copied, and above all its verdict."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from ui import theme
from ui.theme import Tone
from ui.widgets.bar import Bar
from ui.widgets.buttons import icon_button, small_button
from ui.widgets.labels import ElidedLabel, Pill, TextLabel, VerdictLabel
from ui.widgets.tile import Tile, TileMood
from ui.widgets.wrapped import WrappedLabel
from ui.words import Sign

_LEAST = 220
_FRAME = 30
"""Pixels of margins and spacing in a tile's last line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFace:
    """What the tile of a card says."""

    key: str
    roll: str
    camera: str = ""
    size: str = ""
    where: str = ""
    """Its path, for the tooltip."""
    facts: str = ""
    """Clips, time range, first and last clip."""
    findings: str = ""
    """Gaps and missing parts, in sentences."""
    copied: float | None = None
    """Share copied, 0 to 1; None hides the bar."""
    verified: float = 0.0
    sign: Sign | None = None
    """The verdict; None while the card is being looked at."""
    detail: str = ""
    trouble: str = ""
    has_evidence: bool = False
    can_eject: bool = False
    retry: str = ""
    """What brings a job that ended badly on again: `Retry failed`, `Resume`; empty: nothing."""
    can_remove: bool = True
    can_verify: bool = False
    """It has copies that can be read again."""
    report: str = ""
    chosen: bool = False

    @property
    def spoken(self) -> str:
        """The whole tile in words."""
        state = self.sign.word if self.sign else ""
        parts = (self.roll, self.camera, self.size, state, self.detail, self.facts, self.findings)
        said = ", ".join(part for part in (*parts, self.trouble) if part)
        return f"Card {said}{', chosen' if self.chosen else ''}"


class CardTile(Tile):
    """Shows a CardFace; a click or Space chooses, the buttons do what they say."""

    picked = Signal(str, object)
    """Key of the card and the keyboard modifiers."""
    moved = Signal(str, int, object)
    """An arrow key: key of this card, the step, the modifiers."""
    evidence_wanted = Signal(str)
    report_wanted = Signal(str)
    eject_wanted = Signal(str)
    retry_wanted = Signal(str)
    remove_wanted = Signal(str)
    verify_wanted = Signal(str)

    def __init__(self, face: CardFace, parent: QWidget | None = None) -> None:
        super().__init__(parent, selectable=True)
        self.face = face
        self.roll = ElidedLabel(size=theme.TITLE, strong=True)
        self.camera = Pill()
        self.size_label = TextLabel(tone=Tone.DIM)
        self.facts = ElidedLabel(tone=Tone.DIM, mode=Qt.TextElideMode.ElideRight)
        self.findings = WrappedLabel(tone=Tone.ATTENTION)
        self.bar = Bar(self, name="Copied and verified")
        self.verdict = VerdictLabel()
        self.trouble = WrappedLabel(tone=Tone.FAILED)
        self._quiet = False
        self._build_buttons()
        self._lay_out()
        self.show_face(face)

    def _build_buttons(self) -> None:
        self.more = icon_button("more", "More for this card", self._open_menu)
        self.evidence = small_button("Evidence", lambda: self.evidence_wanted.emit(self.face.key))
        self.eject = small_button("Eject", lambda: self.eject_wanted.emit(self.face.key))
        self.retry = small_button("Retry failed", lambda: self.retry_wanted.emit(self.face.key))
        self.verdict.clicked.connect(lambda: self.evidence_wanted.emit(self.face.key))

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.roll)
        head.addWidget(self.camera)
        head.addStretch(1)
        head.addWidget(self.size_label)
        head.addWidget(self.more)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.verdict, 1)
        for button in (self.retry, self.evidence, self.eject):
            foot.addWidget(button)
        self.column.setContentsMargins(13, 8, 8, 10)
        self.column.setSpacing(5)
        self.column.addLayout(head)
        for widget in (self.facts, self.findings, self.bar, self.trouble):
            self.column.addWidget(widget)
        self.column.addLayout(foot)

    # What is shown

    def show_face(self, face: CardFace) -> None:
        """Show all of *face*."""
        old, self.face = self.face, face
        self.roll.show_text(face.roll)
        self.setToolTip(face.where)
        self.camera.show_text(face.camera)
        self.size_label.show_text(face.size)
        self.facts.show_text(face.facts)
        self.facts.setVisible(bool(face.facts))
        self.findings.show_text(f"! {face.findings}" if face.findings else "")
        self.trouble.show_text(f"✕ {face.trouble}" if face.trouble else "")
        if face.sign:
            self.verdict.show_sign(face.sign, face.detail)
        self.verdict.setVisible(face.sign is not None)
        if self.verdict.clickable != face.has_evidence:
            self.verdict.set_clickable(face.has_evidence)
        ended = face.has_evidence and face.copied is None
        quiet = ended and not face.retry  # one button beside KEEP; the rest is in the menu
        self._show_button(
            self.eject, "Eject", face.can_eject and (quiet or face.copied is not None)
        )
        self._quiet = quiet
        self._fit_evidence()
        self.retry.setText(face.retry)
        self._show_button(self.retry, f"{face.retry}:", bool(face.retry))
        self.more.setAccessibleName(f"More for {face.roll}")
        self.set_mood(TileMood.FAILED if face.trouble else TileMood.PLAIN)
        self.set_selected(face.chosen)
        if old.spoken != face.spoken or not self.accessibleName():
            self.setAccessibleName(face.spoken)
        self.show_bar(face)

    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_evidence()

    def _fit_evidence(self) -> None:
        """In a narrow window a click on the verdict has to do."""
        beside = self.evidence.sizeHint().width() + _FRAME
        if not self.eject.isHidden():
            beside += self.eject.sizeHint().width() + 8
        fits = self.verdict.minimumSizeHint().width() + beside <= self.width()
        self._show_button(self.evidence, "Evidence of", self._quiet and fits)

    def show_bar(self, face: CardFace) -> None:
        """Show only how far it is: cheap enough for ten times a second."""
        self.bar.setVisible(face.copied is not None)
        if face.copied is not None:
            self.bar.set_progress(face.verified, face.copied, failed=bool(face.trouble))

    def _show_button(self, button: QWidget, what: str, visible: bool) -> None:
        button.setVisible(visible)
        button.setAccessibleName(f"{what} {self.face.roll}")

    # What people do

    def menu(self) -> QMenu:
        """Everything that can be done with this card."""
        face, menu = self.face, QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for text, signal, possible in (
            ("Evidence", self.evidence_wanted, face.has_evidence),
            ("Open report", self.report_wanted, bool(face.report)),
            ("Verify its copies again", self.verify_wanted, face.can_verify),
            (face.retry or "Retry failed", self.retry_wanted, bool(face.retry)),
            ("Eject", self.eject_wanted, face.can_eject),
            ("Remove from the list", self.remove_wanted, face.can_remove),
        ):
            action = menu.addAction(text)
            action.setEnabled(possible)
            action.triggered.connect(lambda _=False, s=signal: s.emit(self.face.key))
        return menu

    def _open_menu(self) -> None:
        self.menu().popup(self.more.mapToGlobal(QPoint(0, self.more.height())))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu().popup(event.globalPos())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self.picked.emit(self.face.key, event.modifiers())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, modifiers = event.key(), event.modifiers()
        if key in {Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.picked.emit(self.face.key, modifiers)
        elif key in {Qt.Key.Key_Up, Qt.Key.Key_Down}:
            self.moved.emit(self.face.key, -1 if key == Qt.Key.Key_Up else 1, modifiers)
        elif key in {Qt.Key.Key_Delete, Qt.Key.Key_Backspace} and self.face.can_remove:
            self.remove_wanted.emit(self.face.key)
        else:
            super().keyPressEvent(event)
