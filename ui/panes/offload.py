"""The offload pane: cards left, the plan and one Start in the middle, destinations right."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Protocol

from PySide6.QtCore import QTimer
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.jobs.snapshot import JobSnapshot
from app.offload.spec import DestinationSpec
from ui.bridge import Bridge
from ui.models.cards import told_apart
from ui.models.choices import Preset
from ui.models.day import CardOnDesk
from ui.models.destinations import holder_of, place_for
from ui.panes import Pane
from ui.panes.offload_column import DropArea
from ui.panes.offload_columns import card_column, destination_column
from ui.panes.offload_deeds import OffloadDeeds
from ui.panes.offload_desk import OffloadDesk
from ui.panes.offload_drives import destination_face
from ui.panes.offload_drop import sort_dropped
from ui.panes.offload_faces import card_face, on_desk, plan_face
from ui.panes.offload_obstacles import stands_against
from ui.panes.offload_options import PlanOptions
from ui.panes.offload_rate import rate_face
from ui.panes.offload_suggest import Suggestions, choose_folder
from ui.widgets.card_tile import CardFace
from ui.widgets.destination_tile import DestinationFace
from ui.widgets.labels import Heading
from ui.widgets.opening import open_path
from ui.widgets.plan_view import PlanView
from ui.widgets.preset_menu import PresetMenu

TEXT_SECONDS = 0.5
"""Text changes at most so often; bars move with every look at the queue."""


class OffloadDialogs(Protocol):
    """The windows that this pane opens; all of them stay beside it."""

    def evidence(self, job: JobSnapshot, parent: QWidget, *, only_open: bool = False) -> object:
        """Show what a verdict rests on."""

    def ignore_list(
        self,
        patterns: Sequence[str],
        ignored: Sequence[str],
        done: Callable[[tuple[str, ...]], None],
        parent: QWidget,
    ) -> object:
        """Edit the ignore list."""

    def destination_options(
        self,
        spec: DestinationSpec,
        template: str,
        recipes: Sequence[str],
        done: Callable[[DestinationSpec], None],
        parent: QWidget,
    ) -> object:
        """Edit one destination's own options."""

    def presets(
        self,
        presets: Sequence[Preset],
        present: Preset,
        changed: Callable[[tuple[Preset, ...]], None],
        parent: QWidget,
    ) -> object:
        """Save and edit presets."""


class OffloadPane(Pane):
    """Cards to several drives in one read, verified."""

    key: ClassVar[str] = "offload"
    title: ClassVar[str] = "Offload"

    def __init__(self, bridge: Bridge, dialogs: OffloadDialogs | None = None) -> None:
        super().__init__(bridge)
        self.dialogs = dialogs
        self.desk = OffloadDesk(bridge, self)
        self.deeds = OffloadDeeds(self.desk, self)
        self.suggestions = Suggestions(self.desk, self)
        self.cards = card_column(self)
        self.destinations = destination_column(self)
        self.options = PlanOptions()
        self.plan = PlanView(self.options)
        self.preset = PresetMenu()
        self._text_at = 0.0
        self._on_desk: tuple[CardOnDesk, ...] = ()
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(round(TEXT_SECONDS * 1000))
        self._later.timeout.connect(self.refresh)
        self._actions = self._make_actions()
        self._lay_out()
        self._connect()
        self.setAcceptDrops(True)
        self.refresh()

    def _lay_out(self) -> None:
        middle = DropArea()
        middle.dropped.connect(lambda paths: self.accept_drop(list(paths)))
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(7)
        heading = Heading("Plan")
        heading.row.addWidget(self.preset)
        column.addWidget(heading)
        column.addWidget(self.plan, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 10, 16, 16)
        row.setSpacing(16)
        for part, stretch in ((self.cards, 362), (middle, 406), (self.destinations, 372)):
            part.setMinimumWidth(round(stretch * 0.72))
            row.addWidget(part, stretch)
        height = max(c.heading.sizeHint().height() for c in (self.cards, self.destinations))
        for line in (self.cards.heading, heading, self.destinations.heading):
            line.setFixedHeight(height)
        chain: tuple[QWidget, ...] = (self.cards, self.preset, self.plan, self.destinations)
        for first, second in pairwise(chain):
            QWidget.setTabOrder(first, second)

    def _connect(self) -> None:
        desk = self.desk
        desk.changed.connect(self.refresh)
        desk.progressed.connect(self._progress)
        desk.said.connect(self.said)
        self.plan.start_wanted.connect(self.start)
        self.plan.try_wanted.connect(self.deeds.attempt)
        self.plan.ignored_wanted.connect(self.edit_ignore_list)
        self.options.choices_changed.connect(desk.set_choices)
        self.preset.preset_chosen.connect(desk.use_preset)
        self.preset.presets_wanted.connect(self.edit_presets)
        self.cards.dropped.connect(desk.add_cards)
        self.destinations.dropped.connect(self.add_destinations)

    # What is shown

    def refresh(self) -> None:
        """Show everything as it is now."""
        self._text_at = time.monotonic()
        self._later.stop()
        desk = self.desk
        faces = self._card_faces()
        self.cards.show_faces(faces)
        self._tell_cards(faces)
        self.destinations.show_faces(self._destination_faces())
        reading = desk.reading()
        self.plan.show_face(
            plan_face(
                reading,
                desk.choices,
                why_not=desk.why_not(),
                can_try=bool(desk.specs()) and not desk.planner.working,
                wrong=stands_against(desk),
                soon=desk.planner.working and bool(desk.specs()),
                absent=any(entry.unusable for entry in desk.destinations.entries),
                tried=desk.tried,
            )
        )
        self.options.show_recipes(desk.remembered.recipes)
        self.options.show_choices(desk.choices)
        self.options.show_preview(f"→ {reading.rooms[0].root}" if reading.rooms else "")
        self.preset.show_presets([p.name for p in desk.remembered.presets], desk.choices.preset)
        self.suggestions.show()
        self.plan.show_rate(rate_face(desk))
        self._enable_actions()
        self.badge_changed.emit(sum(1 for job in desk.jobs if job.wants and not job.state.ended))

    def cards_on_desk(self) -> Sequence[CardOnDesk]:
        return self._on_desk

    def _tell_cards(self, faces: Sequence[CardFace]) -> None:
        pairs = zip(faces, self.desk.cards.entries, strict=True)
        told = (on_desk(face, entry, self.desk.job_of(entry)) for face, entry in pairs)
        before, self._on_desk = self._on_desk, tuple(filter(None, told))
        if self._on_desk != before:
            self.cards_changed.emit()

    def _progress(self) -> None:
        """Bars at once, text when it is due."""
        self.cards.show_bars(self._card_faces())
        self.destinations.show_bars(self._destination_faces())
        if time.monotonic() - self._text_at >= TEXT_SECONDS:
            self.refresh()
        elif not self._later.isActive():
            self._later.start()

    def _card_faces(self) -> list[CardFace]:
        desk = self.desk
        where = told_apart(desk.cards.entries)
        mounted = {str(v.mount_point) for v in desk.volumes if str(v.mount_point) != "/"}
        return [
            card_face(
                entry,
                desk.job_of(entry),
                chosen=desk.cards.is_chosen(entry.root),
                wanted=desk.choices.wanted_copies,
                ejectable=entry.mounted or entry.root in mounted,
                waiting=entry.root in desk.starting,
                where=where.get(entry.root, ""),
            )
            for entry in desk.cards.entries
        ]

    def _destination_faces(self) -> list[DestinationFace]:
        desk = self.desk
        reading = desk.reading()
        thinned = {name for entry in desk.cards.entries for name in entry.thinned}
        faces = [
            destination_face(
                entry,
                place_for(entry, desk.jobs),
                reading.room(entry.key),
                tuple(r for r in reading.remarks if r.destination == index),
                desk.choices.template,
                thinned=entry.name in thinned,
                holder=holder_of(entry, desk.bridge.snapshots),
                cards=reading.cards,
            )
            for index, entry in enumerate(desk.destinations.entries)
        ]
        return sorted(faces, key=lambda face: not face.failed)  # what failed is never out of sight

    # What people do

    def start(self) -> None:
        """Put the chosen cards in the queue."""
        self.deeds.start()

    def add_card(self) -> None:
        """Choose a folder to be copied like a card."""
        choose_folder(self, "Add card", lambda path: self.desk.add_cards([path]))

    def add_destinations(self, paths: Sequence[Path]) -> None:
        """Add folders as destinations."""
        self.desk.add_destinations([DestinationSpec(path=path) for path in paths])

    def verify_folder(self) -> None:
        """Choose any copy, or a drive with copies, to be read again."""
        choose_folder(self, "Verify a copy", lambda path: self.deeds.verify(str(path)))

    def replace_destination(self, key: str) -> None:
        """Choose another folder for a destination."""
        choose_folder(
            self, "Replace destination", lambda path: self.desk.replace_destination(key, path)
        )

    def edit_options(self, key: str) -> None:
        """Edit a destination's own options."""
        desk = self.desk
        entry = desk.destinations.get(key)
        if entry and self.dialogs:
            template, recipes = desk.choices.template, desk.remembered.recipes
            self.dialogs.destination_options(entry.spec, template, recipes, desk.set_options, self)

    def edit_ignore_list(self) -> None:
        """Show and edit what is left out."""
        desk = self.desk
        if self.dialogs:
            self.dialogs.ignore_list(
                desk.choices.ignore, desk.reading().ignored, desk.set_ignore, self
            )

    def edit_presets(self) -> None:
        """Save, rename and remove presets."""
        desk = self.desk
        if self.dialogs:
            self.dialogs.presets(desk.remembered.presets, desk.present(), desk.set_presets, self)

    def show_evidence(self, root: str) -> None:
        """Show what the verdict of a card rests on."""
        entry = self.desk.cards.get(root)
        job = self.desk.job_of(entry) if entry else None
        if job and self.dialogs:
            self.dialogs.evidence(job, self)

    def show_details(self, key: str) -> None:
        """Show what is not verified on a destination, file by file."""
        job = self.desk.job_at(key)
        if job and self.dialogs:
            self.dialogs.evidence(job, self, only_open=True)

    def retry_card(self, root: str) -> None:
        """Do again what failed on a card."""
        entry = self.desk.cards.get(root)
        job = self.desk.job_of(entry) if entry else None
        if job:
            self.deeds.retry(job)

    def retry_destination(self, key: str) -> None:
        """Do again what failed on a destination."""
        job = self.desk.job_at(key)
        if job:
            self.deeds.retry(job)

    def open_report(self, root: str) -> None:
        """Open the HTML report of the job that speaks for a card."""
        entry = self.desk.cards.get(root)
        job = self.desk.job_of(entry) if entry else None
        if job and job.report:
            open_path(Path(job.report), self)

    def eject_card(self, root: str) -> None:
        """Unmount a card; its tile goes when it has gone."""
        entry = self.desk.cards.get(root)
        if entry:
            self.deeds.eject(root, entry.name, lambda: self.desk.remove_card(root))

    def eject_destination(self, key: str) -> None:
        """Unmount a drive."""
        entry = self.desk.destinations.get(key)
        if entry:
            self.deeds.eject(key, entry.name)

    # Pane

    def accept_drop(self, paths: list[Path]) -> bool:
        """Cards go left, drives go right, told apart by a look at what is on them."""
        if not paths:
            return False
        sort_dropped(self.desk, paths, self.add_destinations, self.deeds.verify)
        return True

    def commands(self) -> Sequence[QAction]:
        """Everything that the mouse can do here."""
        return self._actions

    def _make_actions(self) -> list[QAction]:
        column = self._current_card
        made: list[QAction] = []
        for text, keys, call in (
            ("Add card…", "Ctrl+O", self.add_card),
            ("Add destination…", "Ctrl+D", self.suggestions.open),
            ("", "", None),
            ("Start", "Ctrl+Return", self.start),
            ("Try without writing", "Ctrl+Shift+Return", self.deeds.attempt),
            ("Show or fold options", "Ctrl+Shift+O", self.plan.fold.click),
            ("", "", None),
            ("Evidence of the card", "Ctrl+Shift+E", lambda: self.show_evidence(column())),
            ("Open report of the card", "Ctrl+Shift+R", lambda: self.open_report(column())),
            ("Eject the card", "Ctrl+J", lambda: self.eject_card(column())),
            ("Remove the card from the list", "", lambda: self.desk.remove_card(column())),
            ("Choose all cards", "Ctrl+Shift+A", self.desk.choose_all),
            ("", "", None),
            ("Verify the card's copies again", "", lambda: self.deeds.verify_copies(column())),
            ("Verify a folder or drive…", "Ctrl+Shift+V", self.verify_folder),
            ("", "", None),
            ("Ignored files…", "Ctrl+Shift+I", self.edit_ignore_list),
            ("Presets…", "Ctrl+Shift+S", self.edit_presets),
        ):
            action = QAction(text, self)
            action.setSeparator(not text)
            if keys:
                action.setShortcut(QKeySequence(keys))
            if call:
                action.triggered.connect(lambda _=False, c=call: c())
                self.addAction(action)
            made.append(action)
        return made

    def _enable_actions(self) -> None:
        face = next((f for f in self._card_faces() if f.key == self._current_card()), None)
        can = {
            "Start": self.plan.face.can_start,
            "Try without writing": self.plan.face.can_try,
            "Evidence of the card": bool(face and face.has_evidence),
            "Open report of the card": bool(face and face.report),
            "Verify the card's copies again": bool(face and face.can_verify),
            "Eject the card": bool(face and face.can_eject),
            "Remove the card from the list": bool(face and face.can_remove),
        }
        for action in self._actions:
            if action.text() in can:
                action.setEnabled(can[action.text()])

    def _current_card(self) -> str:
        shelf = self.desk.cards
        return shelf.current or (shelf.chosen[0].root if shelf.chosen else "")
