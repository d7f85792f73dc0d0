"""One job done while somebody waits for it at a terminal, with Ctrl-C as the way to cancel."""

from __future__ import annotations

import threading
from collections.abc import Callable

from app.jobs.runner import Runner
from app.jobs.snapshot import JobSnapshot
from app.jobs.spec import JobId


def run_in_front(
    runner: Runner, job: JobId, progress: Callable[[JobSnapshot], None] | None, every: float
) -> JobSnapshot:
    """Run *job* to its end; *progress* is called each *every* seconds from this thread.

    KeyboardInterrupt cancels it at its next safe point.
    """
    ended = threading.Event()

    def run() -> None:
        try:
            runner.run((job,))
        finally:
            ended.set()

    thread = threading.Thread(target=run, name="runner")
    thread.start()
    over = asked = False
    while not over:
        try:  # all of it: Ctrl-C comes at any point, and may come twice
            if asked:
                asked = False
                runner.cancel(job)
            # Not join(): interrupted by Ctrl-C, it takes a running thread for an ended one.
            while not over:
                over = ended.wait(every)
                if progress is not None:
                    progress(runner.snapshot(job))
        except KeyboardInterrupt:
            asked = True
    thread.join()
    return runner.snapshot(job)
