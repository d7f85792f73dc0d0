"""Watches a folder: takes up what has settled in it, queues what is to be made, remembers it."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Protocol

from app.errors import BadInput, NotFound, ReelkeepError, WriteFailed
from app.jobs.instance import take_lock
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId, Spec
from app.log import job_of, start_log, stop_log
from app.media.facts.stamp import Stamp
from app.media.facts.values import ClipFacts
from app.media.watch.landed import Landed, Landing, look
from app.media.watch.ledger import PARTS, PROBE, Entry, Ledger, Stage
from app.media.watch.order import WatchOrder
from app.media.watch.products import SEEN, Products
from app.media.watch.settled import Settling
from app.media.watch.state import Failure, InHand, WatchState
from app.media.watch.wakes import gives_notice, wakes
from app.places.online import is_online

log = logging.getLogger(__name__)

_AT_ONCE = 2
"""Files whose products are queued at a time: the queue stays short, and can be read."""
_LOOK_LEAST = 2.0
"""Seconds between two looks at everything, however much is notified."""
_DEAD = 5.0
"""Seconds between two questions whether the Reelkeep that had a job in hand has died."""
_FOR_PARTS = 60.0
"""Seconds more for which a clip has to stay as it is while files of it are missing."""
_LEDGER, _LOCK = "watch.jsonl", "watch.lock"
GOES_ON = "goes on"
"""The words of a job that an earlier run has left, and that is gone on with."""
Told = Callable[[Entry], None]


class Queue(Protocol):
    """What a watch folder needs of the engine."""

    def probe(self, path: Path) -> ClipFacts:
        """What a clip tells of itself; a ReelkeepError for what is none."""

    def submit(self, spec: Spec) -> JobId:
        """Put a job in the queue."""

    def snapshot(self, job: JobId) -> JobSnapshot:
        """How it stands; NotFound."""

    def resume(self, job: JobId) -> None:
        """Go on with one that was cut off."""

    def recover(self) -> object:
        """Mark jobs whose Reelkeep has died as interrupted."""

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
        self._ready: dict[str, Stamp] = {}
        """Clips that have settled and wait for their turn, as they were then."""
        self._there = Landing()
        """What was found at the last look."""
        self._looks = 1
        """How often to look at everything as soon as may be."""
        self._changes = 0
        self._known: dict[str, Landed] = {}
        """Clips that have something to be made, and have not settled yet."""
        self._in_hand: dict[tuple[str, str], Entry] = {}
        self._jobs: set[str] = set()
        """Every job of this run, for the log."""
        self._asked_dead = -math.inf
        self._stop, self._again = threading.Event(), threading.Event()
        self._state = WatchState(root=order.root)

    # For others

    def state(self) -> WatchState:
        """How it stands right now."""
        return self._state

    def stop(self) -> None:
        """Let `run` return; jobs that run are the queue's business."""
        self._stop.set()

    def retry(self) -> None:
        """Have what failed tried again: at the beginning of `run`, or while it runs."""
        self._again.set()

    def run(self, *, once: bool = False) -> bool:
        """Watch until `stop`; with *once* until all that is there is done.

        False when something failed in this run. Raises BadInput where another program watches
        the same folder, WriteFailed where nothing can be remembered.
        """
        try:
            with self._alone(), self._logged(), self._remembering():
                self._queue.recover()
                self._take_up_again()
                return self._watch(once)
        finally:
            self._state = replace(self._state, running=False)

    def _watch(self, once: bool) -> bool:
        well, polled = True, not gives_notice(self.order)
        looked, stale = -math.inf, False
        for woken in wakes(self.order, self._stop, polled=polled):
            stale = stale or woken
            if woken:  # twice: what is still being made may give notice of its folder only
                self._looks = 1 if once else 2
            if self._again.is_set():
                self._again.clear()
                self._ledger.forget_failures()
                self._looks = max(self._looks, 1)
            since = time.monotonic() - looked
            if since >= (_LOOK_LEAST if self._looks else self.order.watch.rescan_seconds):
                self._look()
                self._looks, looked, stale = max(0, self._looks - 1), time.monotonic(), False
            self._settle(stale=stale)
            well = self._follow() and well
            self._show(polled=polled)  # to look into a clip may take its time
            well = self._queue_next() and well
            self._show(polled=polled)
            idle = not (self._looks or self._known or self._ready or self._in_hand)
            if self._stop.is_set() or (once and idle):
                break
        return well and not (once and self._state.trouble)

    # Looking

    def _look(self) -> None:
        """Find the clips that have something to be made."""
        try:
            there = look(self.order.raw)
        except OSError as error:
            words = f"{self.order.raw} cannot be read: {error.strerror}."
            self._state = replace(self._state, trouble=words)
            return
        bad = (f"{one.filename} cannot be read: {one.strerror}." for one in there.unreadable)
        self._state = replace(self._state, trouble=" ".join(bad))
        for name, stamp in list(self._ready.items()):
            if name not in there.clips or there.clips[name].stamp != stamp:
                del self._ready[name]
        taken = self._ready.keys() | {file for file, _ in self._in_hand}
        found = {
            name: clip
            for name, clip in there.clips.items()
            if name not in taken and self._wanting(name, clip.stamp)
        }
        for gone in self._known.keys() - found.keys():
            self._settling.forget(gone)
        for name, clip in found.items():
            if clip.lacks and (name not in self._known or self._known[name].lacks != clip.lacks):
                log.info("%s lacks %s, which may still come", name, clip.lacks)
        self._changes += there.clips != self._there.clips
        self._there, self._known = there, found

    def _wanting(self, name: str, stamp: Stamp) -> tuple[str, ...]:
        """Products of a clip that are ordered, and not known to be made of it or to have failed."""
        bad = self._ledger.get(name, PROBE)
        if bad is not None and bad.stamp == stamp:
            return ()
        known = ((one, self._ledger.get(name, one)) for one in self._products.names())
        return tuple(one for one, entry in known if entry is None or entry.stamp != stamp)

    def _settle(self, *, stale: bool) -> None:
        """Take up what has stopped growing and is closed; *stale*: files may have come since."""
        for name, clip in list(self._known.items()):
            if (stale and len(clip.files) > 1) or clip.due > time.time():
                continue
            more = _FOR_PARTS if clip.lacks else 0.0
            try:
                stamp = self._settling.settled(name, clip.files, clip.stamp, more=more)
            except OSError:
                self._settling.forget(name)
                self._known.pop(name)
                continue
            if stamp is not None:
                self._known.pop(name)
                self._ready[name] = stamp

    # Making

    def _queue_next(self) -> bool:
        """Queue what is to be made of the next clips; False when one of them is none."""
        well = True
        while self._ready and len({file for file, _ in self._in_hand}) < _AT_ONCE:
            name = next(iter(self._ready))
            stamp = self._ready.pop(name)
            if self._stop.is_set():
                return well
            clip = self._there.clips[name] = replace(self._there.clips[name], stamp=stamp)
            try:
                well = self._queue_all(clip) and well
            except WriteFailed:  # nothing can be remembered
                raise
            except Exception:  # a bug of ours: the other clips are none the worse
                log.exception("%s could not be looked at", clip.files[0])
                self._add(clip, PROBE, Stage.FAILED, words="Internal error, see the log.")
                well = False
        return well

    def _queue_all(self, clip: Landed) -> bool:
        """Queue what is to be made of one clip; False when it is none, or not whole."""
        path = clip.files[0]
        try:
            if Stamp.of_all(clip.files) != clip.stamp:
                self._looks = max(self._looks, 1)  # it has grown again
                return True
            facts = self._queue.probe(path)
        except OSError:
            return True  # it is gone
        except ReelkeepError as error:
            if is_online(path):
                self._add(clip, PROBE, Stage.FAILED, words=str(error))
                return False
            return True
        log.info("%s is %s, %.1f s", clip.name, facts.container, float(facts.duration))
        well = not clip.lacks
        if clip.lacks:
            words = f"{clip.name} lacks {clip.lacks}. It is made anew when that has come."
            self._add(clip, PARTS, Stage.FAILED, words=words)
        for product in self._wanting(clip.name, clip.stamp):
            if self._products.fits(product, facts):
                well = self._queue_one(clip, product) and well
            else:
                self._add(clip, product, Stage.LEFT_OUT, words="it has no picture")
        return well

    def _queue_one(self, clip: Landed, product: str) -> bool:
        apart = self._there.has_twin(clip, sounds=product not in SEEN)
        spec = self._products.spec(product, clip.name, apart=apart)
        try:
            job = self._queue.submit(spec)
        except ReelkeepError as error:
            self._add(clip, product, Stage.FAILED, words=str(error))
            return False
        self._take_in_hand(self._add(clip, product, Stage.QUEUED, job=job))
        return True

    def _add(
        self, clip: Landed, product: str, stage: Stage, *, job: str = "", words: str = ""
    ) -> Entry:
        stamp = clip.stamp
        entry = Entry(
            file=clip.name, size=stamp.size, changed=stamp.changed, each=stamp.each,
            product=product, stage=stage, job=job, words=words,
        )  # fmt: skip
        self._ledger.add(entry)
        self._tell(entry)
        return entry

    def _tell(self, entry: Entry) -> None:
        log.info("%s: %s %s %s", entry.file, entry.product, entry.stage, entry.words)
        self._told(entry)

    def _take_in_hand(self, entry: Entry) -> None:
        self._in_hand[entry.file, entry.product] = entry
        self._jobs.add(entry.job)

    def _follow(self) -> bool:
        """Look how the jobs at hand stand; False when one has failed."""
        well, foreign = True, False
        for key, entry in list(self._in_hand.items()):
            job = JobId(entry.job)
            try:
                now = self._queue.snapshot(job)
            except NotFound:  # of a journal that is gone: it is queued anew
                self._ledger.add(replace(entry, changed=0))
                del self._in_hand[key]
                continue
            foreign = foreign or now.foreign
            if now.state is JobState.DONE:
                self._tell(self._ledger.ended(entry, Stage.DONE))
                self._queue.forget(job)
            elif now.state in {JobState.FAILED, JobState.CANCELLED}:
                words = f"{now.error} {now.hint}".strip() or f"It was {now.state}."
                self._tell(self._ledger.ended(entry, Stage.FAILED, words))
                well = False
            else:
                self._go_on(now)
                continue
            del self._in_hand[key]
            if self._stamp_of(entry.file) != entry.stamp:  # it has changed meanwhile
                self._looks = max(self._looks, 1)
        self._ask_for_the_dead(foreign)
        return well

    def _go_on(self, job: JobSnapshot) -> None:
        """Take up a job that was cut off, unless we are being ended ourselves."""
        if job.state is JobState.INTERRUPTED and not self._stop.is_set():
            with contextlib.suppress(ReelkeepError):  # somebody else has taken it up
                self._queue.resume(job.id)

    def _ask_for_the_dead(self, foreign: bool) -> None:
        """Another Reelkeep has a job of ours in hand, and may die without a word."""
        if foreign and time.monotonic() - self._asked_dead >= _DEAD:
            self._asked_dead = time.monotonic()
            self._queue.recover()

    def _take_up_again(self) -> None:
        """Go on with what an earlier run has left: its jobs, in the queue they are in."""
        for entry in self._ledger.at(Stage.QUEUED):
            try:
                self._go_on(self._queue.snapshot(JobId(entry.job)))
            except ReelkeepError:  # of another profile: it is queued anew
                self._ledger.add(replace(entry, changed=0))
                continue
            self._take_in_hand(entry)
            self._tell(replace(entry, words=GOES_ON))

    # Keeping

    def _show(self, *, polled: bool) -> None:
        first = next(iter(self._known.values()), None)
        in_hand = tuple(
            InHand(file=one.file, product=one.product, job=JobId(one.job))
            for one in self._in_hand.values()
        )
        self._state = replace(
            self._state,
            running=True,
            polled=polled,
            there=len(self._there.clips),
            changes=self._changes,
            growing=len(self._known),
            awaited=first.name if first else "",
            lacks=first.lacks if first else "",
            waiting=len(self._ready),
            in_hand=in_hand,
            done=self._ledger.count(Stage.DONE),
            failures=tuple(self._failures()),
            left_out=len(self._there.left_out),
        )

    def _failures(self) -> Iterator[Failure]:
        """What could not be made of files that are there as they were then."""
        for one in self._ledger.at(Stage.FAILED):
            if self._stamp_of(one.file) == one.stamp:
                yield Failure(file=one.file, product=one.product, words=one.words)

    def _stamp_of(self, name: str) -> Stamp | None:
        clip = self._there.clips.get(name)
        return clip.stamp if clip is not None else None

    @contextlib.contextmanager
    def _logged(self) -> Iterator[None]:
        """Whatever is done here, and by the jobs that come of it, is also logged in the folder."""
        here = threading.get_ident()
        handler = start_log(self.order.log)
        handler.addFilter(lambda record: record.thread == here or job_of(record) in self._jobs)
        try:
            yield
        finally:
            stop_log(handler)

    @contextlib.contextmanager
    def _remembering(self) -> Iterator[None]:
        self._ledger.open()
        try:
            yield
        finally:
            self._ledger.close()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Two programs that watch one folder would do everything twice."""
        with self._lock_file() as file:
            elsewhere = not take_lock(file)
            self._state = replace(self._state, elsewhere=elsewhere)
            if elsewhere:
                raise BadInput(f"{self.order.root} is being watched already.", path=self.order.root)
            yield

    def _lock_file(self) -> IO[bytes]:
        path = self.order.work / _LOCK
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return path.open("ab")
        except OSError as error:
            words = f"{self.order.root} cannot be watched: {error.strerror}."
            hint = f"What was done is remembered in {self.order.work}, which has to be writable."
            raise WriteFailed(words, path=path, hint=hint) from error
