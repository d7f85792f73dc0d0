"""Notices a drive that neither answers nor fails: a dead server, a cable, a card that hangs.

Whoever asks a drive for something says so with `Silence.call`. One watcher for all drives looks a
few times a second. A drive that leaves a call unanswered for too long is given up: nothing more is
asked of it, whoever waits for it is told, and a thread that it holds ends by itself should it ever
come back. No such thread keeps the program from quitting.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from app.errors import DestinationSilent
from app.places.errands import Errand, Errands

log = logging.getLogger(__name__)

T = TypeVar("T")

_AHEAD = 100
"""Entries of a listing that are asked for in one go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a drive may leave a call unanswered, in seconds."""

    answer: float = 30.0
    """An open, a rename or the like; a disk that has to spin up takes up to 20."""
    sync: float = 120.0
    """A sync, on top of what the slowest drive needs for what is not written out yet."""
    slowest: int = 1 << 20
    """Bytes a second of the slowest drive."""
    cancelled: float = 5.0
    """Any call, once the person has cancelled the job."""
    mention: float = 5.0
    """After this it is said that the drive does not answer."""
    entry: float = 0.02
    """Naming one entry in folders and manifests, on the slowest drive."""

    def for_bytes(self, size: int) -> float:
        """For one read or write of so many bytes."""
        return self.answer + size / self.slowest

    def for_sync(self, unwritten: int) -> float:
        """For a sync when at most so many bytes of this machine's memory are to be written."""
        return self.sync + min(unwritten, _waiting_in_memory(unwritten)) / self.slowest

    def for_entries(self, count: int) -> float:
        """For what is done with so many entries in one go, such as writing a manifest of them."""
        return self.sync + self.entry * count


class Call:
    """One question to a drive, unanswered for as long as one is inside."""

    __slots__ = ("_silence", "at", "done", "seconds", "waited")

    def __init__(self, silence: Silence, seconds: float, at: str = "") -> None:
        self._silence = silence
        self.seconds = seconds
        self.at = at
        """The file that it is about."""
        self.waited = 0.0
        """Seconds without an answer, as the watcher counts them."""
        self.done = 0
        """I/O that the device had done when it was looked at last."""

    def answered(self, then: Callable[[], None] | None = None) -> None:
        """The drive has answered; *then* do something else, and ask it on."""
        if then is None:
            self.waited = 0.0
            if self._silence.fault is not None:
                raise self._silence.fault
            return
        self._silence.end(self)
        then()
        self._silence.begin(self)

    def __enter__(self) -> Call:
        self._silence.begin(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._silence.end(self, error)


class Silence:
    """The unanswered calls of one drive, and whether it has been given up."""

    def __init__(
        self, name: str, device: int = 0, hint: str | None = None, *, endless: bool = False
    ) -> None:
        """*device* is the `st_dev` of its file system, for a look at what its device does.

        *hint*: what people are to do once it was given up. *endless*: as long as somebody wants to
        wait for it, it is not.
        """
        self.name = name
        self.fault: DestinationSilent | None = None
        """Why it was given up."""
        self.at = ""
        """The file that was asked for longest ago without an answer, as far as that is known."""
        self.hurried: Callable[[], bool] = lambda: False
        """Whether nobody wants to wait any longer, because the job was cancelled."""
        self.mention: Callable[[float], None] = lambda _: None
        """Told once a second for how many seconds it has not answered, and 0 when it has again."""
        self._hint = hint
        self._endless = endless
        self._told: list[Callable[[], None]] = []
        self._calls: dict[Call, None] = {}
        self._errands = Errands(name)
        self._lock = threading.Lock()
        self._mentioned = 0
        self.lies_on(device)
        watcher().watch(self)

    def lies_on(self, device: int) -> None:
        """It has another device now: that of a card which was put into another reader."""
        self._statistics = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat")

    # For those who ask the drive

    def call(self, seconds: float | None = None, at: str = "") -> Call:
        """Ask the drive for something inside of this; DestinationSilent once it is given up.

        It is raised on the way in and on the way out: a thread that comes back late does no more.
        *at* is the file that it is about.
        """
        return Call(self, watcher().patience.answer if seconds is None else seconds, at)

    def transfer(self, size: int, at: str = "") -> Call:
        """A call that reads or writes so many bytes."""
        return Call(self, watcher().patience.for_bytes(size), at)

    def sync(self, unwritten: int, at: str = "") -> Call:
        """A call that may take as long as writing *unwritten* bytes out takes on a slow drive."""
        return Call(self, watcher().patience.for_sync(unwritten), at)

    def each(self, answers: Iterable[T]) -> Iterator[T]:
        """Ask the drive for one after the other of *answers*, some ahead of whoever takes them."""
        left = iter(answers)
        while True:
            some: list[T] = []
            with self.call() as call:
                for answer in islice(left, _AHEAD):
                    some.append(answer)
                    call.waited = 0.0  # it has answered, without the locks that `answered` takes
            yield from some
            if len(some) < _AHEAD:
                return

    def ask(self, do: Callable[[], T], seconds: float | None = None) -> T:
        """Do something in a thread of its own, and wait for it only as long as the drive answers.

        What *do* raises is raised here; DestinationSilent when the drive has been given up.
        """

        def called() -> T:
            with self.call(seconds):
                return do()

        return self.work(called)[0]

    def work(self, *works: Callable[[], T]) -> list[T]:
        """Do *works* at once in threads of their own, which say with `call` what they ask for.

        Waits for all, but no longer than the drive answers: then DestinationSilent is raised, and
        whoever works on must do no harm when it comes back. What they raise is raised here.
        """
        errands = [Errand(work) for work in works]
        for errand in errands:
            self.told(errand.over.set)
            self._errands.begin(errand)
        try:
            for errand in errands:
                errand.over.wait()
        finally:
            for errand in errands:
                self.untold(errand.over.set)
        if self.fault is not None:
            raise self.fault
        for errand in errands:
            if errand.error is not None:
                raise errand.error
        return [errand.answer for errand in errands]  # type: ignore[misc]

    def begin(self, call: Call) -> None:
        """A call begins."""
        with self._lock:
            if self.fault is not None:
                raise self.fault
            call.waited = 0.0
            self._calls[call] = None

    def end(self, call: Call, error: BaseException | None = None) -> None:
        """A call was answered, well or not."""
        with self._lock:
            self._calls.pop(call, None)
        if self.fault is not None and error is not self.fault:
            raise self.fault from error

    # For those who wait for it

    def told(self, do: Callable[[], None]) -> None:
        """Have *do* called, by the watcher, once the drive is given up; at once if it is."""
        with self._lock:
            self._told.append(do)
            late = self.fault is not None
        if late:
            do()

    def untold(self, do: Callable[[], None]) -> None:
        """Call *do* no more."""
        with self._lock:
            if do in self._told:
                self._told.remove(do)

    # For the watcher

    def look(self, seconds: float, patience: Patience) -> None:
        """So many seconds have passed: is anything unanswered for too long?"""
        with self._lock:
            calls = list(self._calls)
        if self.fault is None:
            waited = [(self._waited(call, seconds), call.at) for call in calls]
            longest, self.at = max(waited, default=(0.0, ""))
            self._say(longest if longest >= patience.mention else 0.0)
            hurried = bool(calls) and self.hurried()
            for call in calls if hurried or not self._endless else ():
                most = min(call.seconds, patience.cancelled) if hurried else call.seconds
                if call.waited >= most:
                    self._give_up(call)
                    break

    def _waited(self, call: Call, seconds: float) -> float:
        call.waited += seconds
        if call.waited >= 1:
            done = self.device_has_done()
            if done != call.done:
                call.done, call.waited = done, 0.0  # it is busy, and answers somebody
        return call.waited

    def device_has_done(self) -> int:
        """Reads and writes that the block device has finished; 0 where there is none."""
        try:
            figures = self._statistics.read_text().split()
            return int(figures[0]) + int(figures[4])
        except (OSError, ValueError, IndexError):
            return 0

    def _say(self, waited: float) -> None:
        if int(waited) != self._mentioned:
            self._mentioned = int(waited)
            self.mention(waited)

    def _give_up(self, call: Call) -> None:
        with self._lock:
            answered = call not in self._calls  # at the last moment
        if not answered:
            self.give_up(max(call.waited, 1), call.at)

    def words(self, seconds: float, at: str = "") -> str:
        """For how long it has not answered, as a sentence."""
        where = f", at {at}" if at else ""
        return f"{self.name} has not answered for {seconds:.0f} seconds{where}."

    def give_up(self, seconds: float, at: str = "") -> None:
        """Somebody has waited for so long in vain: the drive is asked nothing more."""
        with self._lock:
            if self.fault is not None:
                return
            words = self.words(seconds, at)
            self.fault = DestinationSilent(words, device=self.name, hint=self._hint)
            told = list(self._told)
        log.info("%s It was given up.", self.fault.message)
        for do in told:
            try:
                do()
            except Exception:  # the others have to be told all the same
                log.exception("Giving %s up failed in part", self.name)


class Watcher:
    """Looks at every drive of this program, from one thread that only runs when needed."""

    def __init__(self, patience: Patience, interval: float = 0.25) -> None:
        self.patience = patience
        self._interval = interval
        self._watched: weakref.WeakSet[Silence] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def watch(self, silence: Silence) -> None:
        """Look at *silence* for as long as anybody has it."""
        with self._lock:
            self._watched.add(silence)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        before = time.monotonic()
        while True:
            time.sleep(self._interval)
            # A machine that was asleep, or a stopped process, has not waited for any drive.
            passed = min(time.monotonic() - before, 2 * self._interval)
            before = time.monotonic()
            with self._lock:
                watched = list(self._watched)
                if not watched:
                    self._thread = None
                    return
            for silence in watched:
                try:
                    silence.look(passed, self.patience)
                except Exception:  # or no drive would ever be noticed again
                    log.exception("Looking at %s failed", silence.name)
            del watched, silence  # or the last one would be held for as long as we sleep


_watcher = Watcher(Patience())


def watcher() -> Watcher:
    """The one watcher; tests give it less patience."""
    return _watcher


def _waiting_in_memory(otherwise: int) -> int:
    """Bytes of all files that this machine has not written out yet."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        found = dict(line.split(":", 1) for line in lines)
        return sum(int(found[name].split()[0]) << 10 for name in ("Dirty", "Writeback"))
    except (OSError, ValueError, KeyError, IndexError):
        return otherwise
