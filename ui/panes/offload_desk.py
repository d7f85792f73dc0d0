"""What lies on the offload pane's desk: cards, destinations, choices, plans, and the jobs.

All questions to the engine go through the bridge; nothing here touches a disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from operator import is_
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from app.jobs.snapshot import JobSnapshot, JobState
from app.offload.plan import OffloadPlan
from app.offload.spec import DestinationSpec, OffloadSpec
from app.places.cards import Card
from app.places.volumes import Volume
from ui.bridge import INTERNAL, Bridge
from ui.models.cards import CardEntry, CardShelf, is_busy, job_for
from ui.models.choices import Choices, Preset
from ui.models.destinations import DestinationShelf, place_for
from ui.models.plan import PlanReading, read_job, read_plans, seen_now, settled, thinned
from ui.models.rates import RateHistory
from ui.panes.offload_looks import DestinationLooks
from ui.panes.offload_obstacles import why_not
from ui.panes.offload_planner import Planner
from ui.panes.offload_recall import (
    Recalled,
    earlier_jobs,
    newest_per_card,
    recall,
    worth_recalling,
)
from ui.panes.offload_settings import OffloadSettings, Remembered
from ui.words import printable

LOOK_MS = 2000
"""While a job runs the room on the drives is asked for so often."""


class OffloadDesk(QObject):
    """Holds the state of the pane and talks to the engine."""

    changed = Signal()
    """Anything but progress: cards, destinations, choices, plan, a job's state."""
    progressed = Signal()
    """Jobs have moved on."""
    said = Signal(str)
    """One sentence for the message bar."""

    ended = Signal(object)
    """tuple[JobSnapshot, ...]: jobs that have just ended."""

    def __init__(self, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.cards, self.destinations = CardShelf(), DestinationShelf()
        self.choices = Choices()
        self.remembered = Remembered()
        self.jobs: tuple[JobSnapshot, ...] = ()
        self.volumes: tuple[Volume, ...] = ()
        self.rates = RateHistory()
        self.tried = ""
        self.starting: set[str] = set()
        self._first = True
        self._cards_asked = self._cards_again = False
        self._held: dict[str, OffloadPlan] = {}
        self._read_last: tuple[tuple[OffloadPlan, ...], PlanReading] = ((), PlanReading(title=""))
        self.settings = OffloadSettings(bridge)
        self.planner = Planner(bridge, self.specs, self)
        self.planner.planned.connect(self._planned)
        self.looks = DestinationLooks(bridge, self.destinations, lambda: self.volumes, self)
        self.looks.changed.connect(self.plan_again)
        self.looks.seen.connect(self.changed)
        bridge.snapshots_changed.connect(self._jobs_changed)
        bridge.volumes_changed.connect(self._volumes_changed)
        self._look = QTimer(self)
        self._look.setInterval(LOOK_MS)
        self._look.timeout.connect(bridge.look_at_volumes)
        self.settings.read(self._remember)

    # What the engine tells

    def _remember(self, remembered: Remembered) -> None:
        self.remembered = remembered
        self.choices = remembered.choices
        self.plan_again()

    def _volumes_changed(self, volumes: tuple[Volume, ...]) -> None:
        mounted = {(v.mount_point, v.identity) for v in self.volumes}
        self.volumes = tuple(volumes)
        if mounted != {(v.mount_point, v.identity) for v in volumes}:
            self._look_for_cards()
        self.looks.look()

    def _look_for_cards(self) -> None:
        """One look at a time: a card that hangs holds one question, not one for each mount."""
        self._cards_again = self._cards_asked
        if not self._cards_asked:
            self._cards_asked = True
            self.bridge.ask(self.bridge.engine.cards, self._cards_told, self._cards_untold)

    def _cards_told(self, cards: Sequence[Card]) -> None:
        self._cards_asked = False
        self._cards_seen(cards)
        if self._cards_again:
            self._look_for_cards()

    def _cards_untold(self, error: Exception) -> None:
        self._cards_asked = False
        self.bridge.error_raised.emit(error)

    def _cards_seen(self, cards: Sequence[Card]) -> None:
        busy = [job.card for job in self.jobs if not job.state.ended]
        known = {entry.root for entry in self.cards.entries}
        if not self.cards.see(cards, busy):
            return
        fresh = [e.root for e in self.cards.entries if e.root not in known]
        self._recall(newest_per_card(job for job in self.jobs if job.card in fresh))
        self._look_back()
        if fresh and all(self.job_of(entry) for entry in self.cards.chosen):
            self.cards.choose(fresh[0])
        self.plan_again()

    def _jobs_changed(self, jobs: tuple[JobSnapshot, ...]) -> None:
        first = self._first
        self._first = False
        before = {job.id: job for job in self.jobs}
        self.jobs = tuple(job for job in jobs if job.kind in {"", "offload"})
        self.cards.note_jobs(self.jobs)
        self.rates.take(self.jobs)
        self.starting -= {job.card for job in self.jobs if not job.state.ended}
        ended = [
            job
            for job in self.jobs
            if job.state.ended and job.id in before and not before[job.id].state.ended
        ]
        self._run_look()
        if first:
            self._recall(worth_recalling(self.jobs))
            self._look_back()
        if ended:
            self.ended.emit(tuple(ended))
        if _states(self.jobs) != _states(before.values()):
            if _ended(before.values()) != _ended(self.jobs):
                self.plan_again()
            self.changed.emit()
        else:
            self.progressed.emit()

    def _recall(self, jobs: Sequence[JobSnapshot]) -> None:
        engine = self.bridge.engine
        if jobs:
            self.bridge.ask(lambda: recall(engine, jobs), self._recalled)

    def _recalled(self, found: Sequence[Recalled]) -> None:
        """Unfinished jobs bring all their drives back, ended ones those of the newest."""
        for one in found:
            self.cards.recall(one.root, one.card, confirmed=one.confirmed)
        self._look_back()
        open_ones = [one for one in found if one.unfinished]
        if not self.destinations.entries:
            for one in open_ones or found[-1:]:
                for spec in one.destinations:
                    self.destinations.add(spec)
        self._destinations_changed()

    def _look_back(self) -> None:
        """Ask what became of cards like those for which no job speaks."""
        engine, jobs = self.bridge.engine, self.jobs
        mute = {e.root: e.card for e in self.cards.entries if e.card and not self.job_of(e)}
        if not mute or not any(job.state.ended for job in jobs):
            return

        def told(found: dict[str, JobSnapshot | None]) -> None:
            news = [self.cards.look_back(root, mute[root], found[root]) for root in found]
            if any(news):
                self.changed.emit()

        self.bridge.ask(lambda: earlier_jobs(engine, tuple(mute.items()), jobs), told)

    def _run_look(self) -> None:
        runs = any(job.state is JobState.RUNNING for job in self.jobs)
        if runs != self._look.isActive():
            self._look.start() if runs else self._look.stop()
            self.bridge.look_at_volumes()  # also once after the end: what is free has changed

    def _planned(self) -> None:
        for plan in self.planner.plans:
            root = str(plan.spec.source)
            self._held[root] = plan
            entry = self.cards.get(root)
            self.cards.thin(root, thinned(plan, self.job_of(entry) if entry else None))
            if plan.card != getattr(self.cards.get(root), "card", None):
                self.cards.recognised(root, plan.card)
        self.changed.emit()

    # What is asked about the state

    def job_of(self, entry: CardEntry) -> JobSnapshot | None:
        """The job that speaks for a card."""
        return job_for(entry, self.jobs)

    def startable(self) -> tuple[CardEntry, ...]:
        """The chosen cards that no job has in hand."""
        return tuple(
            entry
            for entry in self.cards.chosen
            if entry.card and not is_busy(self.job_of(entry)) and entry.root not in self.starting
        )

    def reading(self) -> PlanReading:
        """The plan as it is shown: of what can start, else of what is on its way."""
        free = {e.key: e.volume.free for e in self.destinations.entries if e.volume}
        return seen_now(self._reading(), free)

    def _reading(self) -> PlanReading:
        if self.planner.plans:
            return self._read(self.planner.plans)
        held = tuple(self._held[e.root] for e in self.cards.chosen if e.root in self._held)
        there = not any(entry.gone for entry in self.destinations.entries)
        if held and there and (self.planner.working or not self.startable()):
            return settled(self._read(held))
        jobs = [self.job_of(entry) for entry in self.cards.chosen]
        busy = next((job for job in jobs if job and is_busy(job)), None)
        return read_job(busy) if busy else PlanReading(title="")

    def _read(self, plans: tuple[OffloadPlan, ...]) -> PlanReading:
        """Read plans once: the pane asks for the reading ten times a second."""
        known = self._read_last
        same = len(known[0]) == len(plans) and all(map(is_, known[0], plans))
        if not same:
            self._read_last = plans, read_plans(plans)
        return self._read_last[1]

    def why_not(self) -> str:
        """Why Start can't be pressed, in one sentence; empty where it can."""
        return why_not(self)

    # Cards

    def add_cards(self, paths: Sequence[Path]) -> None:
        """Put folders on the shelf of cards and look at them."""
        for path in paths:
            root = str(path)
            if self.cards.add(root):
                self._recognise(path)
        self.plan_again()

    def _recognise(self, path: Path) -> None:
        engine, root = self.bridge.engine, str(path)
        self.bridge.ask(
            lambda: engine.recognise(path),
            lambda card: self._recognised(root, card),
            lambda error: self._unreadable(root, error),
        )

    def _recognised(self, root: str, card: Card) -> None:
        self.cards.recognised(root, card)
        self._look_back()
        self.plan_again()

    def _unreadable(self, root: str, error: Exception) -> None:
        self.cards.failed(root, str(error) or INTERNAL)
        self.changed.emit()

    def choose(self, root: str, *, also: bool = False, up_to: bool = False) -> None:
        """Choose a card alone, one more, or a row of them."""
        if up_to:
            self.cards.choose_up_to(root)
        else:
            self.cards.choose(root, also=also)
        self.plan_again()

    def choose_all(self) -> None:
        """Choose every card."""
        self.cards.choose_all()
        self.plan_again()

    def remove_card(self, root: str) -> None:
        """Take a card off the list; nothing on it changes."""
        self.cards.remove(root)
        self.plan_again()

    # Destinations

    def add_destinations(self, specs: Sequence[DestinationSpec]) -> None:
        """Add folders to the destinations."""
        for spec in specs:
            if not self.destinations.add(spec):
                self.said.emit(f"{printable(str(spec.path))} is among the destinations already.")
        self._destinations_changed()

    def remove_destination(self, key: str) -> None:
        """Take a destination out of the plan; nothing on it changes."""
        self.destinations.remove(key)
        self._destinations_changed()

    def set_options(self, spec: DestinationSpec) -> None:
        """Change a destination's own options."""
        self.destinations.set_options(spec)
        self._destinations_changed()

    def replace_destination(self, key: str, path: Path) -> None:
        """Put another folder in the place of a destination."""
        old = self.destinations.get(key)
        if old:
            self.destinations.exchange(key, replace(old.spec, path=path))
            self._destinations_changed()

    def _destinations_changed(self) -> None:
        self.looks.look()
        self.plan_again()

    # Choices and presets

    def set_choices(self, choices: Choices) -> None:
        """Change how the next offload is done."""
        if choices != self.choices:
            self.choices = choices
            self.plan_again()

    def set_ignore(self, patterns: tuple[str, ...]) -> None:
        """Change what is left out."""
        self.settings.write_ignore(patterns)
        self.set_choices(replace(self.choices, ignore=patterns))

    def use_preset(self, name: str) -> None:
        """Take choices and destinations from a preset; "" only forgets the name."""
        preset = next((p for p in self.remembered.presets if p.name == name), None)
        if preset is None:
            self.set_choices(replace(self.choices, preset=""))
            return
        if preset.destinations:
            self.destinations.put(preset.destinations)
        self.set_choices(preset.over(self.choices))
        self._destinations_changed()

    def set_presets(self, presets: tuple[Preset, ...]) -> None:
        """Keep *presets* in the settings."""
        before = {p.name for p in self.remembered.presets}
        self.remembered = replace(self.remembered, presets=presets)
        self.settings.write_presets(presets)
        added = [p.name for p in presets if p.name not in before]
        known = {p.name for p in presets}
        name = added[0] if added else self.choices.preset
        self.set_choices(replace(self.choices, preset=name if name in known else ""))
        self.changed.emit()

    def present(self) -> Preset:
        """The present choices as a preset."""
        return Preset(
            name=self.choices.preset, choices=self.choices, destinations=self.destinations.specs
        )

    # Plan and start

    def specs(self) -> tuple[OffloadSpec, ...]:
        """One offload per chosen card that can start."""
        if not self.destinations.entries or any(e.unusable for e in self.destinations.entries):
            return ()
        specs = self.destinations.specs
        return tuple(self.choices.spec(Path(entry.root), specs) for entry in self.startable())

    def plan_again(self) -> None:
        """Ask for a new plan, because something that it depends on has changed."""
        self.tried = ""
        self.planner.changed()

    def no_longer_starting(self, roots: set[str]) -> None:
        """The jobs of these cards are in the queue, or have ended already."""
        if self.starting & roots:
            self.starting -= roots
            self.plan_again()

    def job_at(self, key: str) -> JobSnapshot | None:
        """The job that a destination's tile speaks of."""
        entry = self.destinations.get(key)
        hand = place_for(entry, self.jobs) if entry else None
        return hand.job if hand else None


def _ended(jobs: Iterable[JobSnapshot]) -> tuple[object, ...]:
    """What plans rest on: which jobs are to take room yet, and what became of the others."""
    known = tuple(jobs)  # a verify job may find a copy damaged
    return {j.id for j in known if not j.state.ended}, _states(j for j in known if j.state.ended)


def _states(jobs: Iterable[JobSnapshot]) -> list[tuple[object, ...]]:
    """What of the jobs is more than progress."""
    return [
        (job.id, job.state, job.wants, job.safe, [(p.state, p.safe_to_eject) for p in job.places])
        for job in jobs
    ]
