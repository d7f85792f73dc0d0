"""`reelkeep watch`: make what was ordered of every clip that lands in a folder."""

from __future__ import annotations

import contextlib
import signal
import threading
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
from app.media.watch.folder import WatchFolder
from app.media.watch.ledger import Entry, Stage
from app.media.watch.order import FILE, init
from app.paths import absolute

_WORDS = {Stage.QUEUED: "queued", Stage.DONE: "made", Stage.FAILED: "failed"}
_LOOK = 0.25


@click.command("watch")
@click.argument("folder", metavar="DIR", type=Place())
@click.option("--init", "make", is_flag=True, help="Make the folders and the TOML, and stop.")
@click.option("--once", is_flag=True, help="Do what is there, and stop.")
@click.option("--retry", is_flag=True, help="Try again what failed before.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_context
def watch_command(context: click.Context, /, **given: Any) -> None:
    """Make archive, preview, contact sheets and proxies of every clip that lands in DIR/raw.

    A clip is taken up once it has stopped growing and is closed. Nothing is done twice; Ctrl-C and
    SIGTERM end it, and the next start goes on.
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
        runner = threading.Thread(target=self._serve, name="runner")
        watcher = threading.Thread(target=self._watch, args=(once,), name="watch folder")
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
                    thread.join()
            self._line.close()
        if self._failure is not None:
            raise self._failure
        return self._told()

    def _until_ended(self, watcher: threading.Thread) -> None:
        said = ""
        while watcher.is_alive() and not self._asked:
            watcher.join(_LOOK)
            state = self._folder.state()
            if state.trouble and state.trouble != said:
                self._output.warn(state.trouble)
            said = state.trouble
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

    def _told(self) -> int:
        state = self._folder.state()
        if self._asked:
            self._line.say("Stopped. The next start goes on.")
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
        words = f"{entry.file}: {entry.product} {_WORDS[entry.stage]}"
        if entry.stage is Stage.FAILED:
            self._line.warn(f"{words}: {entry.words}")
        else:
            self._line.say(words)
        self._output.event(
            "product",
            file=entry.file,
            product=entry.product,
            stage=str(entry.stage),
            job=entry.job,
            words=entry.words,
        )

    def _ask(self, _signal: int, _frame: FrameType | None) -> None:
        self._asked = True


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
