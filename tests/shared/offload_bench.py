"""What tests of offloads share: cards of real bytes, trees compared byte by byte, jobs watched."""

from __future__ import annotations

import hashlib
import os
import random
import stat
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from public_mhl import ascmhl

from app.engine import Engine
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId
from app.offload.spec import DestinationSpec, OffloadSpec
from app.settings import Settings

MB = 1 << 20
CARD_TIME = 1_700_000_000_123_456_789 + os.getpid() % 100_000 * 60 * 10**9
"""When the first file of a card was written, in nanoseconds: another time in each test process.

A job that waits for its card takes it from any mount that holds the same names, sizes and times:
else it would find the card of a test that runs beside it.
"""
PATIENCE = 90.0
"""Seconds after which a condition that was waited for counts as never met."""


def wait_for(met: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Wait until *met* answers something true."""
    end = time.monotonic() + patience
    while not met():
        assert time.monotonic() < end, f"never happened: {what}"
        time.sleep(0.01)


def noise(size: int, seed: object) -> bytes:
    """So many bytes that no compression or repetition can fake."""
    return random.Random(str(seed).encode("utf-8", "surrogateescape")).randbytes(size)


def make_card(root: Path, files: Mapping[str, bytes | int]) -> Path:
    """A card with *files*; a number stands for so many bytes of noise. Times are in the past."""
    for n, (name, content) in enumerate(files.items()):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(noise(content, name) if isinstance(content, int) else content)
        os.utime(path, ns=(10**9, CARD_TIME + n * 10**9))
    return root


SMALL_CARD: Mapping[str, bytes | int] = {
    "CLIPS/A003C001.mov": 5 * MB + 4097,
    "CLIPS/A003C002.mov": 6 * MB,
    "CLIPS/A003C002.xml": b"<clip/>",
    "SOUND/T001.wav": 70_001,
    "empty.txt": b"",
    "index.xml": b"<index/>",
}


def tree(root: Path, without: Iterable[str] = ()) -> dict[bytes, tuple[object, ...]]:
    """Everything below *root* by its bytes: kind, content, and for files mode and time.

    Our own history and marks are left out, what mkfs makes, and the names *without*.
    """
    held = {b"ascmhl", b"lost+found", *map(os.fsencode, without)}
    found: dict[bytes, tuple[object, ...]] = {}
    base = os.fsencode(root)

    def ours(name: bytes) -> bool:
        return name.startswith(b".reelkeep-") or name in held

    for folder, folders, files in os.walk(base):
        folders[:] = [name for name in folders if not ours(name)]
        for name in [*folders, *files]:
            if ours(name):
                continue
            path = os.path.join(folder, name)
            facts = os.lstat(path)
            relative = os.path.relpath(path, base)
            if stat.S_ISLNK(facts.st_mode):
                found[relative] = ("link", os.readlink(path))
            elif stat.S_ISDIR(facts.st_mode):
                found[relative] = ("folder",)
            elif stat.S_ISREG(facts.st_mode):
                with open(path, "rb") as file:
                    digest = hashlib.file_digest(file, "blake2b").hexdigest()
                mode = stat.S_IMODE(facts.st_mode)
                found[relative] = ("file", facts.st_size, digest, mode, facts.st_mtime_ns)
            else:
                found[relative] = ("special",)
    return found


def leftovers(root: Path) -> list[str]:
    """Everything of a job that should be gone when it has ended: partials and markers."""
    return [str(path) for path in root.rglob(".reelkeep-*")]


def accepted_by_ascmhl(copy: Path) -> None:
    """The public tool reads the newest generation and finds every file as it should be."""
    code, said = ascmhl("diff", copy)
    assert code == 0, said


def generations(copy: Path) -> list[Path]:
    """The manifests of a copy."""
    return sorted((copy / "ascmhl").glob("*.mhl"))


@dataclass
class House:
    """A profile, with volumes declared to be devices of their own."""

    profile: Path
    declared: dict[str, str] = field(default_factory=dict)

    def engine(self) -> Engine:
        """An engine on this profile."""
        self.profile.mkdir(parents=True, exist_ok=True)
        settings = Settings.load(
            self.profile / "settings.toml",
            site=self.profile / "no site file",
            overrides={"devices.declared": self.declared},
        )
        return Engine(self.profile, settings)

    def declare(self, *places: Path) -> None:
        """Say that the volumes at *places* are on devices of their own."""
        from app.places.volumes import volume_of

        for place in places:
            self.declared[volume_of(place).identity] = f"drive {place.name}"


def to(*paths: Path, **facts: Any) -> tuple[DestinationSpec, ...]:
    """Destinations at *paths*."""
    return tuple(DestinationSpec(path=path, **facts) for path in paths)


def spec_for(card: Path, *paths: Path, **facts: Any) -> OffloadSpec:
    """An offload of *card* to *paths*, into a folder named after the card's folder."""
    facts.setdefault("template", "A003")
    facts.setdefault("buffer_size", MB)
    return OffloadSpec(source=card, destinations=to(*paths), **facts)


class Watched:
    """A job that runs in a thread while the test does something to the world."""

    def __init__(self, engine: Engine, spec: OffloadSpec | JobId) -> None:
        self.engine = engine
        self.job = engine.submit(spec) if isinstance(spec, OffloadSpec) else spec
        if engine.snapshot(self.job).state is not JobState.QUEUED:
            engine.resume(self.job)
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.engine._runner.run((self.job,))
        finally:
            self.ended.set()

    def __enter__(self) -> Watched:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self.ended.is_set():
            self.engine.cancel(self.job)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the job hangs"

    @property
    def now(self) -> JobSnapshot:
        """How it stands."""
        return self.engine.snapshot(self.job)

    def until(self, met: Callable[[JobSnapshot], object], what: str) -> JobSnapshot:
        """Wait for a condition on the job's snapshot."""
        deadline = time.monotonic() + PATIENCE
        while not met(shown := self.now):
            ended = self.ended.is_set()
            assert time.monotonic() < deadline, f"never happened: {what}"
            assert not ended or met(self.now), f"it ended without: {what}: {self.now}"
            time.sleep(0.01)
        return shown

    def end(self) -> JobSnapshot:
        """Wait for the job's end."""
        assert self.ended.wait(PATIENCE), f"the job does not end: {self.now}"
        return self.now
