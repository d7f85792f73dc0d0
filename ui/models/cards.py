"""The cards of the offload pane: which are there, which are chosen, which job speaks for each.

Pure state, no widgets and no file access: the pane feeds it with what the engine found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath

from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId
from app.places.cards import Card

Run = tuple[JobId, datetime | None]
"""One run of a job: a job that is retried ends at another time than before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardEntry:
    """One card of the pane."""

    root: str
    over: frozenset[Run] = frozenset()
    """What had ended when it came, or came back with other content: that does not speak for it."""
    card: Card | None = None
    """None while it is being looked at."""
    trouble: str = ""
    """Why it could not be looked at, in one sentence."""
    mounted: bool = False
    """Came by itself and goes with its volume."""
    confirmed: bool = False
    """A plan found every file of it verified, so an earlier job may speak for it."""
    thinned: tuple[str, ...] = ()
    """Destinations of its job on which a plan has since found less than was verified there."""
    earlier: JobSnapshot | None = None
    """The newest job that copied files of these names and sizes; it is no word on this card."""

    @property
    def name(self) -> str:
        """The roll, or the folder's name until the roll is known."""
        return self.card.roll if self.card else self.root.rstrip("/").rpartition("/")[2] or "/"


class CardShelf:
    """The cards in the order in which they came, and which of them are chosen."""

    def __init__(self) -> None:
        self._entries: dict[str, CardEntry] = {}
        self._hidden: set[str] = set()
        self._chosen: list[str] = []
        self._started: set[str] = set()
        """Chosen cards that were started since they were chosen."""
        self._over: frozenset[Run] | None = None
        self.current = ""
        """Root of the card that the keyboard is on."""

    @property
    def entries(self) -> tuple[CardEntry, ...]:
        """Every card, oldest first."""
        return tuple(self._entries.values())

    @property
    def chosen(self) -> tuple[CardEntry, ...]:
        """The chosen cards, in the order of the shelf."""
        return tuple(e for e in self._entries.values() if e.root in self._chosen)

    def get(self, root: str) -> CardEntry | None:
        """The card at *root*."""
        return self._entries.get(root)

    # What comes and goes

    def note_jobs(self, jobs: Iterable[JobSnapshot]) -> None:
        """Which jobs have ended by now; no clock is asked, because clocks are set back."""
        ended = frozenset(_run(job) for job in jobs if job.state.ended)
        if self._over is None:  # what was there before the queue was known
            for root, entry in self._entries.items():
                self._entries[root] = replace(entry, over=ended)
        self._over = ended

    @property
    def _ended(self) -> frozenset[Run]:
        return self._over or frozenset()

    def see(self, cards: Iterable[Card], busy: Iterable[str] = ()) -> bool:
        """Take in the cards mounted now; answers whether anything changed.

        *busy*: roots of unfinished jobs. Their tiles stay while the card is out, because the
        job says there what it waits for.
        """
        found = {str(card.root): card for card in cards}
        self._hidden &= set(found)
        before = dict(self._entries)
        for root, entry in before.items():
            if entry.mounted and root not in found and root not in set(busy):
                self._drop(root)
        for root, card in found.items():
            if root not in self._hidden:
                self._take(root, card)
        return before != self._entries

    def add(self, root: str) -> bool:
        """Put a dropped or chosen folder on the shelf and choose it; False when it is there."""
        self._hidden.discard(root)
        if root in self._entries:
            self.choose(root)
            return False
        self._entries[root] = CardEntry(root=root, over=self._ended)
        self._join(root)
        self.current = root
        return True

    def recall(self, root: str, card: Card | None, *, confirmed: bool) -> None:
        """Put back a card of an earlier job, without choosing it before others."""
        if root not in self._entries:
            self._entries[root] = CardEntry(
                root=root, over=self._ended, card=card, confirmed=confirmed
            )
            self._chosen = self._chosen or [root]
        elif confirmed:
            self.confirm(root, True)

    def recognised(self, root: str, card: Card) -> None:
        """A look at *root* has ended well; other content than before is another card."""
        entry = self._entries.get(root)
        if entry is None:
            return
        if entry.card is not None and _load(entry.card) != _load(card):
            entry = replace(entry, over=self._ended, confirmed=False, earlier=None)
        self._entries[root] = replace(entry, card=card, trouble="")

    def failed(self, root: str, trouble: str) -> None:
        """The look at *root* failed."""
        entry = self._entries.get(root)
        if entry:
            self._entries[root] = replace(entry, trouble=trouble)

    def confirm(self, root: str, confirmed: bool) -> bool:
        """Note whether every file of the card is known as verified; answers whether that is new."""
        entry = self._entries.get(root)
        if entry is None or entry.confirmed == confirmed:
            return False
        self._entries[root] = replace(entry, confirmed=confirmed)
        return True

    def thin(self, root: str, names: tuple[str, ...]) -> None:
        """Note on which destinations copies that were verified are no longer found."""
        if entry := self._entries.get(root):
            self._entries[root] = replace(entry, thinned=names)

    def look_back(self, root: str, card: Card, earlier: JobSnapshot | None) -> bool:
        """Note which job copied the like of *card* before; answers whether that is news."""
        entry = self._entries.get(root)
        if entry is None or entry.card is None or _load(entry.card) != _load(card):
            return False
        self._entries[root] = replace(entry, earlier=earlier)
        return entry.earlier != earlier

    def remove(self, root: str) -> None:
        """Take a card off the shelf; a mounted one comes back when it is plugged in again."""
        entry = self._entries.get(root)
        if entry and entry.mounted:
            self._hidden.add(root)
        self._drop(root)

    def _take(self, root: str, card: Card) -> None:
        entry = self._entries.get(root)
        if entry is None:
            self._entries[root] = CardEntry(root=root, over=self._ended, card=card, mounted=True)
            if not self._chosen:
                self.choose(root)
        elif entry.card != card:
            same = entry.card is None or _load(entry.card) == _load(card)
            if not same:
                entry = replace(entry, over=self._ended, confirmed=False, earlier=None)
            self._entries[root] = replace(entry, card=card, mounted=True)

    def _drop(self, root: str) -> None:
        self._entries.pop(root, None)
        if root in self._chosen:
            self._chosen.remove(root)
        if self.current == root:
            self.current = next(iter(self._entries), "")

    # What is chosen

    def started(self, roots: Iterable[str]) -> None:
        """Note what was started: it leaves the choice as soon as another card joins it."""
        self._started |= set(roots)

    def _join(self, root: str) -> None:
        self._chosen = [one for one in self._chosen if one not in self._started] + [root]
        self._started.clear()

    def choose(self, root: str, *, also: bool = False) -> None:
        """Choose a card alone, or add it to the choice, or take it out again when it is in."""
        if root not in self._entries:
            return
        self.current = root
        if also and root in self._chosen:
            self._chosen.remove(root)
        elif also:
            self._join(root)
        else:
            self._chosen = [root]
            self._started.clear()

    def choose_up_to(self, root: str) -> None:
        """Choose everything from the current card to *root*."""
        order = list(self._entries)
        if root not in order:
            return
        start = order.index(self.current) if self.current in order else order.index(root)
        low, high = sorted((start, order.index(root)))
        self._chosen = order[low : high + 1]
        self._started.clear()

    def choose_all(self) -> None:
        """Choose every card."""
        self._chosen = list(self._entries)
        self._started.clear()

    def is_chosen(self, root: str) -> bool:
        """Whether the card at *root* is chosen."""
        return root in self._chosen

    def neighbour(self, root: str, step: int) -> str:
        """Root of the card *step* places further on; the last one in that direction at the end."""
        order = list(self._entries)
        if root not in order:
            return order[0] if order else ""
        return order[max(0, min(len(order) - 1, order.index(root) + step))]


def _load(card: Card) -> tuple[object, ...]:
    """What tells one load of a card from another; the reader's serial number does not."""
    names = (card.clips[0].name, card.clips[-1].name) if card.clips else ()
    return card.label, card.structure, card.roll, names, card.files, card.size


def job_for(entry: CardEntry, jobs: Sequence[JobSnapshot]) -> JobSnapshot | None:
    """The newest job that speaks for this card, None where none does.

    An ended job speaks for a card only if it had not ended when the card came, or if a plan has
    confirmed that this very content is verified: another card may lie in the same reader.
    """
    for job in reversed(jobs):
        if job.card != entry.root or job.kind not in {"", "offload"}:
            continue
        if not job.state.ended or entry.confirmed or _run(job) not in entry.over:
            return job
    return None


def _run(job: JobSnapshot) -> Run:
    return job.id, job.finished


def told_apart(entries: Sequence[CardEntry]) -> dict[str, str]:
    """By root, what tells cards of one name apart: as much of the path's end as is needed."""
    alike: dict[str, list[str]] = {}
    for entry in entries:
        alike.setdefault(entry.name, []).append(entry.root)
    return {
        root: _end_of(root, roots) for roots in alike.values() if len(roots) > 1 for root in roots
    }


def _end_of(root: str, among: Sequence[str]) -> str:
    parts = PurePath(root).parts
    for count in range(1, len(parts)):
        end = parts[-count:]
        if sum(PurePath(other).parts[-count:] == end for other in among) == 1:
            return "/".join(end)
    return root


def is_busy(job: JobSnapshot | None) -> bool:
    """Whether a job is on its way, so that no second one should start on its card."""
    return job is not None and job.state in {JobState.QUEUED, JobState.RUNNING, JobState.PAUSED}
