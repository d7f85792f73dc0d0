"""Runs one ffmpeg: counts its frames, holds it while its job is paused, ends it with its job.

How it ended is an answer, not an error: whoever asked knows what file it is about. And an answer
that says "ended well" is no proof: what it has written must be looked at.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from app.errors import EnvironmentFault
from app.jobs.snapshot import JobState
from app.media.ffmpeg.leash import NOT_STARTED
from app.own_process import own_process

log = logging.getLogger(__name__)

PATIENCE = 300.0
"""Seconds without any progress after which a program is given up."""
_BY = re.compile(r"^\[[^]]* @ 0x[0-9a-f]+\] ")
"""Which part of ffmpeg speaks, by its address."""
_LOOK = 0.1
"""Seconds between two looks at the job's wishes."""
_LAST_WORDS = 5.0
"""Seconds that a killed program, and what it said, are waited for."""
_HEAD, _TAIL, _WIDE = 12, 12, 400
"""Lines of its complaints that are kept from the beginning and from the end, and their length."""
_LONGEST = 8 << 20
"""Bytes of a line of its reports; ffmpeg's are short, our own tell the facts of a clip."""
_REPORTS = (
    "-hide_banner",
    "-nostdin",
    "-v",
    "error",
    "-progress",
    "pipe:1",
    "-stats_period",
    "0.25",
)


class Wishes(Protocol):
    """What is asked of a program while it runs; JobControl is one."""

    @property
    def state(self) -> JobState:
        """PAUSED while it is to be held."""

    def checkpoint(self) -> None:
        """Return, wait while paused, or raise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far it is."""

    frames: int = 0
    """Of the first picture that it writes."""
    seconds: float = 0.0
    """Of the output."""
    size: int = 0
    """Bytes of the first output."""
    wanted: int = 0
    """How many frames there will be, where it tells; 0 else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended by itself."""

    code: int
    whole: bool
    """It said that it came to its end, and its exit code does not speak against that."""
    progress: Progress
    words: tuple[str, ...] = ()
    """What it complained of, for people; also runs that ended well may have complained."""
    silent: bool = False
    """It made no progress for too long and was killed."""
    said: Mapping[str, str] = field(default_factory=dict)
    """Its last report, by name."""

    @property
    def trouble(self) -> str:
        """Why it did not come to its end, in one sentence; "" where it did."""
        if self.whole:
            return ""
        if self.silent:
            return "ffmpeg made no progress any more and was ended."
        if self.words:  # the first one is the cause, what follows are its consequences
            return f"ffmpeg says: {_BY.sub('', self.words[0]).rstrip('.')}."
        return f"ffmpeg ended with {self.code} and without a word."

    def refuse_torn(self, what: str, path: Path) -> None:
        """Raise EnvironmentFault where it was killed, or hung: that is not the doing of *path*.

        *what* it did with that, in the past tense.
        """
        if self.code < 0 or self.silent:
            raise EnvironmentFault(
                f"The program that {what} {path} {'hung' if self.silent else 'was ended'}.",
                path=path,
                hint="Look whether the memory was full, or a drive silent; then retry.",
            )

    @property
    def full(self) -> bool:
        """Whether there was no room left for what it wrote."""
        return any("No space left on device" in line for line in self.words)


def run_ffmpeg(
    program: str,
    arguments: Sequence[str],
    control: Wishes,
    told: Callable[[Progress], None] = lambda _: None,
    *,
    patience: float = PATIENCE,
) -> Ended:
    """Run *program* to its end; *told* hears of progress four times a second, in this thread.

    Raises JobCancelled once the job is cancelled, after the program has ended; EnvironmentFault
    where it does not start.
    """
    quiet = {**os.environ, "SVT_LOG": "1"}  # else it tells its whole set-up as complaints
    command = [program, *_REPORTS, *arguments]
    return run_reporting(command, control, told, environment=quiet, patience=patience)


def run_reporting(
    command: Sequence[str],
    control: Wishes,
    told: Callable[[Progress], None] = lambda _: None,
    *,
    environment: Mapping[str, str] | None = None,
    patience: float = PATIENCE,
) -> Ended:
    """The same for any program that reports as ffmpeg does: `name=value`, then `progress=…`."""
    run = _Run(command, environment, patience)
    try:
        return run.until_ended(control, told)
    finally:
        run.close()


class _Run:
    """One program at work."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str] | None, patience: float
    ) -> None:
        self._patience = patience
        self._progress, self._finished = Progress(), False
        self._said: dict[str, str] = {}
        self._head: list[str] = []
        self._tail: deque[str] = deque(maxlen=_TAIL)
        self._moved = time.monotonic()
        self._program = command[0]
        self._process = _started(command, dict(environment or os.environ))
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._readers = (
            threading.Thread(target=self._count, args=(self._process.stdout,), name="ffmpeg says"),
            threading.Thread(target=self._hear, args=(self._process.stderr,), name="ffmpeg warns"),
        )
        for reader in self._readers:
            reader.start()

    def until_ended(self, control: Wishes, told: Callable[[Progress], None]) -> Ended:
        shown, silent = Progress(), False
        while not silent and not self._ended_within(_LOOK):
            self._heed(control)
            if self._progress != shown:
                shown = self._progress
                told(shown)
            silent = time.monotonic() - self._moved > self._patience
        self.close()
        if self._progress != shown:
            told(self._progress)
        code = self._process.returncode
        words = tuple(dict.fromkeys([*self._head, *self._tail]))
        if code == NOT_STARTED:
            raise _not_started(self._program, words[-1] if words else "")
        return Ended(
            code=-1 if code is None else code,
            whole=self._finished and code == 0 and not silent,
            progress=self._progress,
            words=words,
            silent=silent,
            said=self._said,
        )

    def _ended_within(self, seconds: float) -> bool:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _heed(self, control: Wishes) -> None:
        """Hold it while the job is paused; JobCancelled when that is cancelled."""
        if control.state is JobState.PAUSED:
            held = _signalled(self._process, "SIGSTOP")
            try:
                control.checkpoint()
            finally:
                self._moved = time.monotonic()
                if held:
                    _signalled(self._process, "SIGCONT")
        control.checkpoint()

    def close(self) -> None:
        """Leave nothing behind: neither the program, nor what it has started, nor our listeners."""
        if self._process.poll() is None:
            if not _signalled(self._process, "SIGKILL"):
                self._process.kill()
            if not self._ended_within(_LAST_WORDS):  # the kernel keeps it: a drive is silent
                log.warning("ffmpeg (%s) could not be ended yet", self._process.pid)
        for reader in self._readers:
            reader.join(_LAST_WORDS)

    # What it says

    def _count(self, pipe: IO[bytes]) -> None:
        facts: dict[str, str] = {}
        with pipe:
            for line in iter(lambda: pipe.readline(_LONGEST), b""):
                name, _, value = line.decode("utf-8", "replace").strip().partition("=")
                facts[name] = value
                if name == "progress":
                    self._take(facts)
                    self._said, self._finished = facts, value == "end"
                    facts = {}

    def _take(self, facts: dict[str, str]) -> None:
        progress = Progress(
            frames=_whole(facts.get("frame", "")),
            seconds=_whole(facts.get("out_time_us", "")) / 1e6,
            size=_whole(facts.get("total_size", "")),
            wanted=_whole(facts.get("wanted", "")),
        )
        if progress != self._progress:
            self._progress, self._moved = progress, time.monotonic()

    def _hear(self, pipe: IO[bytes]) -> None:
        with pipe:
            for line in iter(lambda: pipe.readline(_WIDE), b""):
                words = line.decode("utf-8", "replace").strip()
                if words and len(self._head) < _HEAD:
                    self._head.append(words)
                elif words:
                    self._tail.append(words)


def _whole(text: str) -> int:
    try:
        return max(0, int(text))
    except ValueError:  # N/A until it is known
        return 0


def _started(command: Sequence[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """In a group of its own, so that Ctrl-C is for us; and never longer alive than we are."""
    if sys.platform == "linux":
        command, leashed = own_process("app.media.ffmpeg.leash", os.getpid(), *command)
        environment = {**environment, "PYTHONPATH": leashed["PYTHONPATH"]}
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise _not_started(command[0], error.strerror or "") from error


def _not_started(program: str, why: str) -> EnvironmentFault:
    return EnvironmentFault(
        f"{program} does not start: {(why or 'it does not say why').rstrip('.')}.",
        path=Path(program),
    )


def _signalled(process: subprocess.Popen[bytes], name: str) -> bool:
    """Send a signal to the program and all that it has started; False where there is no such."""
    number = getattr(signal, name, None)
    if number is None or not hasattr(os, "killpg"):
        return False
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
    return True
