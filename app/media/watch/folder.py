"""Watches a folder: takes up what has settled in it, queues what is to be made, remembers it."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Protocol

from app.errors import BadInput, NotFound, ReelkeepError
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId, Spec
from app.media.facts.probe import probe
from app.media.facts.row import PICTURES, ending
from app.media.products.partial import PART
from app.media.products.stamp import Stamp
from app.media.watch.ledger import Entry, Ledger, Stage
from app.media.watch.order import WatchOrder
from app.media.watch.products import Products
from app.media.watch.settled import Settling
from app.media.watch.state import InHand, WatchState
from app.media.watch.wakes import gives_notice, wakes
from app.places.cards.listing import MEDIA

log = logging.getLogger(__name__)

_AT_ONCE = 2
"""Files whose products are queued at a time: the queue stays short, and can be read."""
_LOOK_LEAST = 2.0
"""Seconds between two looks at everything, however much is notified."""
_LEDGER, _LOCK = "watch.jsonl", "watch.lock"
PROBE = "probe"
Told = Callable[[Entry], None]


class Queue(Protocol):
    """What a watch folder needs of the engine."""

    def submit(self, spec: Spec) -> JobId:
        """Put a job in the queue."""

    def snapshot(self, job: JobId) -> JobSnapshot:
        """How it stands; NotFound."""

    def resume(self, job: JobId) -> None:
        """Go on with one that was cut off."""

    def forget(self, job: JobId) -> None:
        """Take one that has ended off the list."""


class WatchFolder:
    """One watch folder; somebody else runs the queue that its jobs go into."""

    def __init__(
        self, order: WatchOrder, products: Products, queue: Queue, told: Told = lambda _: None
    ) -> None:
        """*told* hears, in the watching thread, of everything that is begun or has ended."""
        self.order = order
        self._products, self._queue, self._told = products, queue, told
        self._ledger = Ledger(order.work / _LEDGER)
        self._settling = Settling(float(order.watch.quiet_seconds))
        self._ready: deque[str] = deque()
        """Files that have settled and wait for their turn."""
        self._known: dict[str, Stamp] = {}
        """Files of the last look that have something to be made."""
        self._in_hand: dict[tuple[str, str], Entry] = {}
        self._left_out: set[str] = set()
        self._stop = threading.Event()
        self._state = WatchState(root=order.root)

    # For others

    def state(self) -> WatchState:
        """How it stands right now."""
        return self._state

    def stop(self) -> None:
        """Let `run` return; jobs that run are the queue's business."""
        self._stop.set()

    def retry(self) -> None:
        """Before `run`: have what failed tried again."""
        with self._remembering():
            self._ledger.forget_failures()

    def run(self, *, once: bool = False) -> bool:
        """Watch until `stop`; with *once* until all that is there is done.

        False when something failed in this run. Raises BadInput where another program watches
        the same folder, WriteFailed where nothing can be remembered.
        """
        try:
            with self._locked(), self._remembering():
                self._take_up_again()
                return self._watch(once)
        finally:
            self._state = replace(self._state, running=False)

    def _watch(self, once: bool) -> bool:
        well, polled = True, not gives_notice(self.order)
        looks, looked = 1, -math.inf
        for woken in wakes(self.order, self._stop, polled=polled):
            if woken:  # twice: what is still being made may give notice of its folder only
                looks = 1 if once else 2
            since = time.monotonic() - looked
            if since >= (_LOOK_LEAST if looks else self.order.watch.rescan_seconds):
                self._look()
                looks, looked = max(0, looks - 1), time.monotonic()
            self._settle()
            well = self._follow() and well
            well = self._queue_next() and well
            self._show(polled=polled)
            idle = not (looks or self._known or self._ready or self._in_hand)
            if self._stop.is_set() or (once and idle):
                break
        return well

    # Looking

    def _look(self) -> None:
        """Find the files that have something to be made."""
        found: dict[str, Stamp] = {}
        self._left_out.clear()
        try:
            for name, stamp in _files_below(self.order.raw, self._left_out):
                if name not in self._ready and self._wanting(name, stamp):
                    found[name] = stamp
        except OSError as error:
            words = f"{self.order.raw} cannot be read: {error.strerror}."
            self._state = replace(self._state, trouble=words)
            return
        self._state = replace(self._state, trouble="")
        for gone in self._known.keys() - found.keys():
            self._settling.forget(gone)
        self._known = found

    def _wanting(self, name: str, stamp: Stamp) -> tuple[str, ...]:
        """Products of a file that are ordered, and not known to be made of it or to have failed."""
        bad = self._ledger.get(name, PROBE)
        if bad is not None and bad.stamp == stamp:
            return ()
        known = ((one, self._ledger.get(name, one)) for one in self._products.names())
        return tuple(one for one, entry in known if entry is None or entry.stamp != stamp)

    def _settle(self) -> None:
        """Take up what has stopped growing and is closed."""
        for name in list(self._known):
            path = self.order.raw / name
            try:
                stamp = Stamp.of(path)
            except OSError:
                self._settling.forget(name)
                self._known.pop(name)
                continue
            if self._settling.settled(name, path, stamp):
                self._known.pop(name)
                self._ready.append(name)

    # Making

    def _queue_next(self) -> bool:
        """Queue what is to be made of the next files; False when one of them is no clip."""
        well = True
        while self._ready and len({file for file, _ in self._in_hand}) < _AT_ONCE:
            name = self._ready.popleft()
            if self._stop.is_set():
                return well
            path = self.order.raw / name
            try:
                stamp = Stamp.of(path)
                facts = probe(path)
            except OSError:
                continue  # it is gone
            except ReelkeepError as error:
                if path.exists():
                    self._add(name, stamp, PROBE, Stage.FAILED, words=str(error))
                    well = False
                continue
            log.info("%s is %s, %.1f s", name, facts.container, float(facts.duration))
            for product in self._wanting(name, stamp):
                well = self._queue_one(name, stamp, product) and well
        return well

    def _queue_one(self, name: str, stamp: Stamp, product: str) -> bool:
        spec = self._products.spec(product, name, apart=self._has_twin(name))
        try:
            job = self._queue.submit(spec)
        except ReelkeepError as error:
            self._add(name, stamp, product, Stage.FAILED, words=str(error))
            return False
        entry = self._add(name, stamp, product, Stage.QUEUED, job=job)
        self._in_hand[name, product] = entry
        return True

    def _has_twin(self, name: str) -> bool:
        """Whether another file in the same folder has the same name but for its ending."""
        own = PurePath(name)
        with contextlib.suppress(OSError), os.scandir((self.order.raw / name).parent) as entries:
            return any(
                one.name != own.name
                and PurePath(one.name).stem.casefold() == own.stem.casefold()
                and ending(one.name) in MEDIA
                for one in entries
            )
        return False

    def _add(
        self, name: str, stamp: Stamp, product: str, stage: Stage, *, job: str = "", words: str = ""
    ) -> Entry:
        entry = Entry(
            file=name, size=stamp.size, changed=stamp.changed, product=product, stage=stage,
            job=job, words=words,
        )  # fmt: skip
        self._ledger.add(entry)
        self._tell(entry)
        return entry

    def _tell(self, entry: Entry) -> None:
        log.info("%s: %s %s %s", entry.file, entry.product, entry.stage, entry.words)
        self._told(entry)

    def _follow(self) -> bool:
        """Look how the jobs at hand stand; False when one has failed."""
        well = True
        for key, entry in list(self._in_hand.items()):
            job = JobId(entry.job)
            try:
                now = self._queue.snapshot(job)
            except NotFound:
                del self._in_hand[key]
                continue
            if now.state is JobState.DONE:
                self._tell(self._ledger.ended(entry, Stage.DONE))
                self._queue.forget(job)
            elif now.state in {JobState.FAILED, JobState.CANCELLED}:
                words = f"{now.error} {now.hint}".strip() or str(now.state)
                self._tell(self._ledger.ended(entry, Stage.FAILED, words))
                well = False
            else:
                continue
            del self._in_hand[key]
        return well

    def _take_up_again(self) -> None:
        """Go on with what an earlier run has left: its jobs, in the queue they are in."""
        for entry in self._ledger.at(Stage.QUEUED):
            try:
                now = self._queue.snapshot(JobId(entry.job))
                if now.state is JobState.INTERRUPTED:
                    self._queue.resume(now.id)
            except ReelkeepError:  # of another profile: it is queued anew
                self._ledger.add(replace(entry, changed=0))
                continue
            self._in_hand[entry.file, entry.product] = entry

    # Keeping

    def _show(self, *, polled: bool) -> None:
        in_hand = tuple(
            InHand(file=one.file, product=one.product, job=JobId(one.job))
            for one in self._in_hand.values()
        )
        self._state = replace(
            self._state,
            running=True,
            polled=polled,
            growing=len(self._known),
            waiting=len(self._ready),
            in_hand=in_hand,
            done=len(self._ledger.at(Stage.DONE)),
            failed=len(self._ledger.at(Stage.FAILED)),
            left_out=len(self._left_out),
        )

    @contextlib.contextmanager
    def _remembering(self) -> Iterator[None]:
        self.order.work.mkdir(parents=True, exist_ok=True)
        self._ledger.open()
        try:
            yield
        finally:
            self._ledger.close()

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Two programs that watch one folder would do everything twice."""
        self.order.work.mkdir(parents=True, exist_ok=True)
        with (self.order.work / _LOCK).open("a") as file:
            with contextlib.suppress(ImportError):
                import fcntl

                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError as error:
                    raise BadInput(
                        f"{self.order.root} is being watched already.", path=self.order.root
                    ) from error
            yield


def _files_below(raw: Path, left_out: set[str]) -> Iterator[tuple[str, Stamp]]:
    """Every clip below a folder, by its path in it; what is none goes to *left_out*."""
    if not raw.is_dir():
        raise FileNotFoundError(2, "No such file or directory", str(raw))
    for folder, below, names in os.walk(raw):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            if name.startswith(".") or name.endswith(PART):
                continue
            path = Path(folder) / name
            inside = path.relative_to(raw).as_posix()
            kind = ending(name)
            if kind not in MEDIA or kind in PICTURES or path.is_symlink():
                left_out.add(inside)
                continue
            with contextlib.suppress(OSError):
                yield inside, Stamp.of(path)
