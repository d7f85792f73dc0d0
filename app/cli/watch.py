"""`reelkeep watch`: make what was ordered of every clip that lands in a folder."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click

from app.cli.ending import Ending
from app.cli.invocation import this_invocation
from app.cli.live import LiveLine
from app.cli.output import Output
from app.cli.typed import Place
from app.engine import Engine
from app.errors import BadInput, JournalFault
from app.jobs.snapshot import JobState
from app.media.watch.folder import GOES_ON, WatchFolder
from app.media.watch.ledger import PARTS, Entry, Stage
from app.media.watch.order import FILE, init
from app.media.watch.state import WatchState
from app.paths import absolute
from app.units import count_text

_WORDS = {
    Stage.QUEUED: "queued",
    Stage.DONE: "made",
    Stage.FAILED: "failed",
    Stage.LEFT_OUT: "left out",
}
_PATIENCE = 4.0
"""Seconds of nothing but waiting for a file, after which it is named."""
_LOOK = 0.25
_LAST = 20.0
"""Seconds that a thread is waited for at the end: a drive may never answer."""
_MOST_NAMED = 4
"""Products that are named one by one when it is stopped."""


@click.command("watch")
@click.argument("folder", metavar="DIR", type=Place())
@click.option("--init", "make", is_flag=True, help="Make the folders and the TOML, and stop.")
@click.option("--once", is_flag=True, help="Make what can be made of all that is there, and stop.")
@click.option("--retry", is_flag=True, help="Try again what failed before.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_context
def watch_command(context: click.Context, /, **given: Any) -> None:
    """Make archive, preview, contact sheets and proxies of every clip that lands in DIR/raw.

    A clip is taken up once it has stopped growing and is closed. Nothing is done twice; Ctrl-C and
    SIGTERM end it, and the next start goes on. What is made, and how the folders are called, stands
    in the reelkeep-watch.toml that --init writes into DIR.
    """
    output = Output(as_json=given["as_json"])
    root = absolute(given["folder"])
    if given["make"]:
        _init(root, output)
        return
    invocation = this_invocation()
    settings = invocation.settings()
    with (
        invocation.logged(settings),
        Engine(invocation.profile.directory, settings) as engine,
    ):
        context.exit(_Keeper(engine, root, output).keep(given["once"], given["retry"]))


def _init(root: Path, output: Output) -> None:
    if root.exists() and not root.is_dir():
        raise BadInput(f"{root} is a file; a folder is needed.", path=root)
    order = init(root)
    output.say(f"{root / FILE} says what is made of what lands in {order.raw}.")
    output.result(ok=True, exit_code=0, folder=str(root), raw=str(order.raw))


class _Keeper:
    """A watch folder, and the queue that its jobs run in, until somebody ends both."""

    def __init__(self, engine: Engine, root: Path, output: Output) -> None:
        self._engine, self._output = engine, output
        self._folder: WatchFolder = engine.watch(root, self._hear)
        self._line = LiveLine(output)
        self._asked = False
        self._failure: BaseException | None = None
        self._well = True

    def keep(self, once: bool, retry: bool) -> int:
        """Watch until a signal (or, *once*, until all is done); answers the exit code."""
        folder = self._folder
        runner = threading.Thread(target=self._serve, name="runner", daemon=True)
        watcher = threading.Thread(
            target=self._watch, args=(once,), name="watch folder", daemon=True
        )
        try:
            if retry:
                folder.retry()
            with _ended_by(self._ask):
                runner.start()
                watcher.start()
                self._until_ended(watcher)
        finally:
            folder.stop()
            self._engine.stop()
            for thread in (watcher, runner):
                if thread.ident is not None:
                    thread.join(_LAST)
            self._line.close()
        if watcher.is_alive() or runner.is_alive():
            self._well = False
            self._output.warn(f"{self._folder.order.root} did not answer, and was left as it is.")
        if self._failure is not None:
            raise self._failure
        return self._told()

    def _until_ended(self, watcher: threading.Thread) -> None:
        said = ""
        awaited = _Awaited(float(self._folder.order.watch.quiet_seconds) + _PATIENCE)
        while watcher.is_alive() and not self._asked:
            watcher.join(_LOOK)
            state = self._folder.state()
            if words := awaited.words(state):
                self._line.say(words)
            said = self._warn(state.trouble, said)
            jobs = {one.job for one in state.in_hand}
            self._line.show(
                next(
                    (
                        job
                        for job in self._engine.snapshots()
                        if job.id in jobs and job.state is JobState.RUNNING
                    ),
                    None,
                )
            )
        self._warn(self._folder.state().trouble, said)

    def _warn(self, trouble: str, said: str) -> str:
        if trouble and trouble != said:
            self._output.warn(trouble)
        return trouble

    def _told(self) -> int:
        state = self._folder.state()
        if self._asked:
            self._line.say(f"Stopped. {_left(state)}")
        code = Ending.DONE if self._well else Ending.FAILED
        self._output.result(
            ok=self._well,
            exit_code=int(code),
            done=state.done,
            failed=len(state.failures),
            in_hand=len(state.in_hand),
            left_out=state.left_out,
        )
        return int(code)

    # In threads

    def _serve(self) -> None:
        with contextlib.suppress(JournalFault):  # the watcher's next look at it tells
            self._engine.serve()

    def _watch(self, once: bool) -> None:
        try:
            self._well = self._folder.run(once=once)
        except BaseException as error:  # raised again where it can be told
            self._failure = error

    def _hear(self, entry: Entry) -> None:
        self._say(entry)
        self._output.event(
            "product",
            file=entry.file,
            product=entry.product,
            stage=str(entry.stage),
            job=entry.job,
            words=entry.words,
        )

    def _say(self, entry: Entry) -> None:
        if entry.words == GOES_ON:
            self._line.say(f"{entry.file}: {entry.product} goes on where it was")
            return
        if entry.product == PARTS:
            self._line.warn(entry.words)
            return
        words = f"{entry.file}: {entry.product} {_WORDS[entry.stage]}"
        told = f"{words}: {entry.words}" if entry.words else words
        if entry.stage is Stage.FAILED:
            self._line.warn(told)
        else:
            self._line.say(told)

    def _ask(self, _signal: int, _frame: FrameType | None) -> None:
        self._asked = True


class _Awaited:
    """Names the file that is waited for, once nothing else has been done for a while."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._since, self._file, self._said = time.monotonic(), "", ""

    def words(self, state: WatchState) -> str:
        """What to say now; "" for nothing."""
        now = time.monotonic()
        file = "" if state.in_hand or state.waiting else state.awaited
        if file != self._file:
            self._since, self._file = now, file
        if not file or file == self._said or now - self._since < self._patience:
            return ""
        self._said = file
        others = f" and {state.growing - 1:,} more" if state.growing > 1 else ""
        if state.lacks:
            return f"{file}{others}: {state.lacks} is missing, waited for"
        return f"{file}{others}: still being written, waited for"


def _left(state: WatchState) -> str:
    """What a stopped watch folder has left to be made, in a sentence or two."""
    left = [f"{one.product} of {one.file}" for one in state.in_hand[:_MOST_NAMED]]
    more = len(state.in_hand) - len(left)
    left += [f"{more:,} more in the queue"] * bool(more)
    others = state.waiting + state.growing
    left += [
        f"all of {count_text(others, 'clip')} that {'wait' if others > 1 else 'waits'}"
    ] * bool(others)
    if not left:
        return "Nothing is left to be made."
    return f"Left to be made: {', '.join(left)}. The next start goes on."


@contextmanager
def _ended_by(asked: Any) -> Iterator[None]:
    """While inside, Ctrl-C, a shutdown and a closed terminal ask for an orderly end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP"):
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, asked) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
