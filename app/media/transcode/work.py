"""What of a stream is encoded already: a folder of runs, and which packets of each count.

A run that was cut off leaves a file without an end. Of its pictures all groups count that another
one follows, of its sound all packets but the last.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.errors import EnvironmentFault, WriteFailed
from app.jobs.spec import CONVERTER
from app.media.ffmpeg.process import Wishes, run_reporting
from app.media.products.partial import sync_folder
from app.media.transcode.sound_frames import SoundFrames
from app.own_process import own_process

_STATE = "state.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One ffmpeg's file."""

    name: str
    skip: int = 0
    """Packets at its head that only warm up."""
    packets: int | None = None
    """From its head, those to skip included, that count; None: it was not looked at yet."""
    bytes: int = 0
    """Of those packets."""
    mark: str = ""
    """Of the encoder's head: runs with another one do not fit together."""

    @property
    def counts(self) -> int:
        """Packets that go into the stream."""
        return max(0, (self.packets or 0) - self.skip)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamState:
    """How far one stream is."""

    runs: tuple[Run, ...] = ()
    begun: int = 0
    """How often it was begun or continued."""
    done: bool = False
    raw_at: float | None = None
    """The raw stream is used; since when that is known, in seconds of output."""
    why: str = ""

    @property
    def packets(self) -> int:
        """That are encoded for good."""
        return sum(run.counts for run in self.runs)

    @property
    def bytes(self) -> int:
        """Of them."""
        return sum(run.bytes for run in self.runs)

    @property
    def raw(self) -> bool:
        """Whether the stream stays as it is."""
        return self.raw_at is not None or bool(self.why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What was found in a run's file."""

    packets: int = 0
    whole: int = 0
    """Packets at its head that count also where it was cut off."""
    bytes: int = 0
    """Of those."""
    all_bytes: int = 0
    mark: str = ""
    first: float = 0.0
    """Seconds of the first one that is shown or heard."""


@dataclass(slots=True)
class StreamWork:
    """The folder of one stream."""

    folder: Path
    suffix: str
    state: StreamState = field(default_factory=StreamState)

    def load(self) -> None:
        """Take up what is there."""
        with contextlib.suppress(OSError, ValueError):
            data = json.loads((self.folder / _STATE).read_bytes())
            self.state = CONVERTER.structure(data, StreamState)

    def keep(self, **facts: object) -> None:
        """Change the state, on disk too."""
        self.state = replace(self.state, **facts)  # type: ignore[arg-type]
        self.folder.mkdir(parents=True, exist_ok=True)
        write_safely(self.folder / _STATE, json.dumps(CONVERTER.unstructure(self.state)))

    def forget(self) -> None:
        """Begin anew."""
        begun = self.state.begun
        shutil.rmtree(self.folder, ignore_errors=True)
        self.state = StreamState()
        self.keep(begun=begun)

    def take_stock(self, control: Wishes) -> None:
        """Look at what a run that was cut off has left; what cannot be joined is let go of."""
        good: list[Run] = []
        for known in self.state.runs:
            run = known
            if run.packets is None:
                found = counted(self.folder / run.name, control)
                run = replace(run, packets=found.whole, bytes=found.bytes, mark=found.mark)
            fits = not good or run.mark == good[0].mark
            if run.counts and fits:
                good.append(run)
            else:
                (self.folder / run.name).unlink(missing_ok=True)
            if not fits:
                break
        self.keep(runs=tuple(good))

    def begin(self, skip: int = 0) -> Path:
        """A new run; the path of its file."""
        begun = self.state.begun + 1
        run = Run(name=f"run-{begun:03d}{self.suffix}", skip=skip)
        self.keep(runs=(*self.state.runs, run), begun=begun)
        return self.folder / run.name

    def end(self, control: Wishes) -> None:
        """The last run has come to its end by itself: all of it counts."""
        *before, last = self.state.runs
        found = counted(self.folder / last.name, control)
        last = replace(last, packets=found.packets, bytes=found.all_bytes, mark=found.mark)
        self.keep(runs=(*before, last), done=True)

    @property
    def fits(self) -> bool:
        """Whether all runs were made by the same encoder in the same way."""
        return len({run.mark for run in self.state.runs}) <= 1


def counted(path: Path, control: Wishes) -> Counted:
    """The packets of a run, also of one that ends in the middle of one."""
    if not path.exists() or not path.stat().st_size:
        return Counted()
    answer = _asked(["count", str(path)], control, path)
    return CONVERTER.structure(json.loads(answer), Counted)


def join_pictures(work: StreamWork, shown: Sequence[int], base: str, control: Wishes) -> Path:
    """One file out of all runs of a stream; *shown*: times of all pictures, in *base* seconds."""
    if len(work.state.runs) == 1:
        return work.folder / work.state.runs[0].name
    return _joined(work, work.suffix, control, shown=list(shown), base=base)


def join_sound(work: StreamWork, frames: SoundFrames, control: Wishes) -> Path:
    """One file out of all runs of a sound stream."""
    if len(work.state.runs) == 1 and frames.whole_suffix == work.suffix:
        return work.folder / work.state.runs[0].name
    return _joined(work, frames.whole_suffix, control, sound=CONVERTER.unstructure(frames))


def _joined(work: StreamWork, suffix: str, control: Wishes, **facts: object) -> Path:
    order, out = work.folder / "join.json", work.folder / f"whole{suffix}"
    runs = CONVERTER.unstructure(work.state.runs)
    order.write_text(json.dumps({"runs": runs, "out": str(out), **facts}))
    _asked(["join", str(order)], control, out)
    return out


def _asked(words: list[str], control: Wishes, path: Path) -> str:
    command, environment = own_process("app.media.transcode.runs_process", *words)
    ended = run_reporting(command, control, environment=environment)
    if bug := ended.said.get("bug"):
        raise RuntimeError(f"Joining {path} failed:\n{json.loads(bug)}")
    ended.refuse_torn("read what was encoded so far,", path)
    if not ended.whole or "fault" in ended.said:
        why = json.loads(ended.said.get("fault", '"the program that read it broke down"'))
        raise EnvironmentFault(  # never the clip's doing
            f"What was encoded so far cannot be read: {path}: {why}.",
            path=path,
            hint="Remove its folder to begin anew.",
        )
    return ended.said["answer"]


def write_safely(path: Path, text: str) -> None:
    """Replace a small file so that a power cut leaves the old one or the new one."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise WriteFailed(f"{path} could not be written: {error.strerror}.", path=path) from error
    sync_folder(path.parent)
