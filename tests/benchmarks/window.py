"""Measures how long the window does not answer while a card is copied to three folders.

python tests/benchmarks/window.py [--size 2G] [--files 5000] [--copies 3] [--scratch DIR] [--shown]

The real window with the real engine: a card is added, planned, started by the pane's own Start,
and copied in the mode `full`; first one of large files, then one of small ones. A timer asks the
event loop every 5 ms, and the time between two answers counts, from Start to the verdict; planning
before and after it is told apart. Needs no root and no display; --shown uses the one that is there.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from event_loop import LoopWatch, show  # noqa: E402
from material import Material, large_card, parse_count, small_card  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402
from qasync import QEventLoop  # noqa: E402

from app.engine import Engine  # noqa: E402
from app.paths import Profile  # noqa: E402
from app.places.volume_watch import VolumeWatch  # noqa: E402
from app.settings import Settings  # noqa: E402
from ui.application import Session, logged, make_application  # noqa: E402
from ui.panes.offload import OffloadPane  # noqa: E402

PATIENCE = 3600.0


async def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            sys.exit("What was waited for did not come.")
        await asyncio.sleep(0.05)


@contextlib.contextmanager
def _watched(name: str) -> Iterator[None]:
    """Watch the loop while inside, then print how it fared."""
    watch, begin = LoopWatch(), time.perf_counter()
    watch.begin()
    try:
        yield
    finally:
        watch.end()
    show(f"{name}, {time.perf_counter() - begin:.1f} s", watch.gaps, watch.seen)


class Copying:
    """One card through the window."""

    def __init__(self, session: Session) -> None:
        self._session = session
        pane = session.window.pane
        if not isinstance(pane, OffloadPane):
            sys.exit("The window did not open on the offload pane.")
        self._pane = pane

    async def settled(self) -> None:
        """Wait until nothing has been asked of the engine for a while."""
        quiet = 0
        while quiet < 10:
            await asyncio.sleep(0.05)
            busy = self._session.bridge.waiting or self._pane.desk.planner.working
            quiet = 0 if busy else quiet + 1

    async def measure(self, name: str, made: Material, drives: list[Path]) -> None:
        """Plan and copy a card; print how the loop fared meanwhile, and after."""
        pane, jobs = self._pane, len(self._pane.desk.jobs)
        with _watched(f"{name}, planning"):
            pane.desk.add_cards([made.root])
            pane.add_destinations([drive for drive in drives if not self._knows(drive)])
            await self.settled()
        if not pane.plan.face.can_start:
            sys.exit(f"Start is not possible: {pane.plan.face.why_not}")
        with _watched(f"{name}, copying"):
            pane.start()
            await _until(lambda: len(pane.desk.jobs) > jobs)
            await _until(lambda: all(job.state.ended for job in pane.desk.jobs))
        for job in pane.desk.jobs[jobs:]:
            print(f"  {job.title}: {job.state}{', safe to format' if job.safe else ''}")
        with _watched(f"{name}, planned again after it"):
            await self.settled()
        pane.desk.remove_card(str(made.root))

    def _knows(self, drive: Path) -> bool:
        return self._pane.desk.destinations.get(str(drive)) is not None


async def _live(session: Session, scratch: Path, given: argparse.Namespace) -> None:
    session.window.resize(1280, 800)
    living = asyncio.create_task(session.live())
    try:
        copying = Copying(session)
        await copying.settled()
        drives = [scratch / f"drive {n + 1}" for n in range(given.copies)]
        for part in given.parts.split(","):
            root = scratch / f"{part}-card"
            large = part == "large"
            made = large_card(root, given.size) if large else small_card(root, given.files)
            name = f"{part.capitalize()} files ({made.files:,}, {made.size / 1e9:.2f} GB)"
            await copying.measure(f"{name}, 1 → {given.copies}", made, drives)
            shutil.rmtree(root)
    finally:
        session.close()
        await living


def _measure(app: QApplication, scratch: Path, given: argparse.Namespace) -> None:
    for n in range(given.copies):
        (scratch / f"drive {n + 1}").mkdir()
    profile = scratch / "profile"
    profile.mkdir()
    settings = Settings.load(Profile.at(profile).settings_file)
    settings.set("offload.wanted_copies", 1)  # all folders lie on one disk
    with (
        Engine(profile) as engine,
        logged(engine),
        asyncio.Runner(loop_factory=lambda: QEventLoop(app)) as runner,
    ):
        runner.run(_live(Session(engine, "offload", VolumeWatch()), scratch, given))


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    add = parser.add_argument
    add("--size", type=parse_count, default="2G", help="bytes of the card of large files")
    add("--files", type=parse_count, default=5000, help="files of the card of small files")
    add("--parts", default="large,small", help="which of large and small")
    add("--copies", type=int, default=3, help="to how many folders")
    add("--scratch", type=Path, help="a folder on the disk to work on; default: here")
    add("--shown", action="store_true", help="on the display, not offscreen")
    given = parser.parse_args()
    if not given.shown:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    app = make_application()
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=given.scratch or Path.cwd()) as name:
        _measure(app, Path(name), given)


if __name__ == "__main__":
    main()
