"""Encodes the streams of a clip side by side; when one fails, all end."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed

from app.errors import JobCancelled
from app.jobs.control import JobControl
from app.jobs.snapshot import JobState
from app.log import carried
from app.media.transcode.task import StreamTask

Told = Callable[[float], None]
"""Hears how much of a clip's work is done, from 0 to 1."""
_SOUND = 0.05
"""Work of a second of sound, where a second of picture is 1."""


class Together:
    """What all tasks of a clip heed: the job's wishes, and that all end when one has failed."""

    def __init__(self, control: JobControl) -> None:
        self._control = control
        self.given_up = threading.Event()

    @property
    def state(self) -> JobState:
        """Of the job."""
        return self._control.state

    def checkpoint(self) -> None:
        """JobCancelled also where another task has failed."""
        if self.given_up.is_set():
            raise JobCancelled
        self._control.checkpoint()


class SideBySide:
    """The tasks of one clip, and how much of their work is done."""

    def __init__(self, control: JobControl, told: Told) -> None:
        self.together = Together(control)
        self._told = told
        self._lock = threading.Lock()
        self._lengths: dict[int, float] = {}
        """Seconds that are encoded, of each task."""
        self._price: dict[int, float] = {}
        """Work of one of its seconds."""
        self._work = 0.0

    def ear(self, index: int) -> Callable[[float], None]:
        """Hears how many seconds the task *index* has encoded."""

        def hear(length: float) -> None:
            with self._lock:
                self._lengths[index] = length
                done = sum(value * self._price[n] for n, value in self._lengths.items())
            self._told(min(1.0, done / self._work) if self._work else 1.0)

        return hear

    def run(self, tasks: Mapping[int, StreamTask]) -> None:
        """Bring them all to their end; raises what the first one that failed has raised."""
        self._price = {index: 1.0 if task.picture else _SOUND for index, task in tasks.items()}
        self._work = sum(task.length * self._price[index] for index, task in tasks.items())
        if not tasks:
            return
        with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="stream") as pool:
            dearest = sorted(tasks, key=lambda index: -tasks[index].length * self._price[index])
            futures = [pool.submit(carried(tasks[index].run)) for index in dearest]
            failure: BaseException | None = None
            for future in as_completed(futures):
                error = future.exception()
                if error is not None and (failure is None or isinstance(failure, JobCancelled)):
                    failure = error
                    self.together.given_up.set()
        if failure is not None:
            raise failure
        self._told(1.0)  # also of a stream that is shorter than was told, or stays raw
