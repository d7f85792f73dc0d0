"""A destination over the whole life of a job: known by its volume, found again elsewhere."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TypeVar

from app.errors import DestinationGone, DestinationReadOnly, DestinationSilent, WriteFailed
from app.jobs.spec import JobId
from app.offload.copying.target import PARTIAL, Target
from app.offload.plan import PlannedDestination
from app.places.devices import DeviceKind
from app.places.linux.calls import runs_in_user_space
from app.places.patience import ask
from app.places.root import PinnedFolder, is_gone
from app.places.silence import Silence, watcher
from app.places.volumes import Volume
from app.units import count_text

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRecord:
    """What the journal keeps of a destination."""

    path: str
    """The folder that was chosen."""
    below: str
    """The root of the copy, relative to the volume's mount point."""
    root: str
    """The root of the copy as it was planned."""
    name: str
    """For people."""
    identity: str
    """Of the volume."""
    label: str
    file_system: str
    device: str
    device_name: str
    counts: bool
    identified: bool = True
    """Whether the device could be told from others."""
    memory: bool
    flush: bool
    stage: int


def record_of(planned: PlannedDestination) -> PlaceRecord:
    """What is to be kept of *planned*."""
    volume = planned.volume
    device = volume.device
    name = device.name + (" (as declared)" if device.declared else "")
    name += "" if device.identified else " (not identified)"
    return PlaceRecord(
        path=str(planned.path),
        below=os.path.relpath(planned.root, volume.mount_point),
        root=str(planned.root),
        name=planned.name,
        identity=volume.identity,
        label=volume.label,
        file_system=volume.file_system,
        device=device.id,
        device_name=name,
        counts=device.counts,
        identified=device.identified,
        memory=device.kind is DeviceKind.MEMORY,
        flush=planned.flush,
        stage=planned.stage,
    )


class Place:
    """One destination of a job, wherever its volume is mounted now."""

    def __init__(self, index: int, record: PlaceRecord, job: JobId) -> None:
        self.index = index
        self.record = record
        self.job = job
        self.root = Path(record.root)
        self.target: Target | None = None
        self.opened_before = False
        self.hurried: Callable[[], bool] = lambda: False
        """Whether nobody waits for a silent drive any more, because the job was cancelled."""

    @property
    def name(self) -> str:
        """For people."""
        return self.record.name

    @property
    def marker(self) -> str:
        """The file by which the job knows this very folder again."""
        return f"{PARTIAL}{self.job}.{self.index + 1}.job"

    def find(
        self, volumes: Callable[[], Iterable[Volume]], volume_of: Callable[[Path], Volume]
    ) -> bool:
        """Look for the volume where it was, then under any other mount point."""
        if self._is_mine(volume_of(self.root)):
            return self._usable(self.root)
        for volume in volumes():
            root = volume.mount_point / PurePosixPath(self.record.below)
            if self._is_mine(volume) and self._usable(root):
                self.root = root
                return True
        return False

    def _is_mine(self, volume: Volume) -> bool:
        return volume.may_be(self.record.identity, self.record.device)

    def _usable(self, root: Path) -> bool:
        """Whether the drive answers and, once opened, this job has left its marker there.

        A dead drive that is still mounted cannot say, and a hung one says nothing.
        """

        def marked() -> bool:
            try:
                return (root / self.marker).exists()
            except OSError:
                return False

        found = ask(("marker", root, self.marker), marked, None, watcher().patience.answer)
        return found is not None and (found or not self.opened_before)

    def pin(self, volume_of: Callable[[Path], Volume], *, make: bool = False) -> PinnedFolder:
        """Hold the root open, made where it is missing; only on the volume that it belongs to.

        The drive may have been pulled since `find` has seen it. What is there is opened first and
        looked at then, so nothing is ever made in an empty mount point. Raises
        DestinationReadOnly, WriteFailed or DestinationGone.
        """
        try:
            return self._pin(volume_of, make=make)
        except OSError as error:
            raise self._fault(error) from error

    def _pin(self, volume_of: Callable[[Path], Volume], *, make: bool) -> PinnedFolder:
        near = next(path for path in (self.root, *self.root.parents) if path.is_dir())
        held = PinnedFolder(near)
        try:
            if not self._is_mine(volume_of(near)) or not held.still_there():
                raise self._gone()
            if near == self.root:
                return held
            own = held.own_folder(self.root.relative_to(near).as_posix(), make=make)
            try:
                root = PinnedFolder(self.root)
                with root.folder("") as fd:
                    same = os.path.samestat(os.fstat(fd), os.fstat(own))
            finally:
                os.close(own)
        except BaseException:
            held.close()
            raise
        held.close()
        if not same:
            root.close()
            raise self._gone()
        return root

    def _gone(self) -> DestinationGone:
        return DestinationGone(f"{self.name} was removed.", path=self.root, device=self.name)

    def open(self, volume_of: Callable[[Path], Volume]) -> Target:
        """Pin the root, making it where it is missing, and leave the job's marker there.

        Raises DestinationReadOnly, WriteFailed, DestinationGone or DestinationSilent.
        """
        silence = Silence(self.name)
        silence.hurried = self.hurried
        folder, hidden_cache = silence.ask(
            partial(self._open, volume_of, silence), watcher().patience.sync
        )
        self.opened_before = True
        self.target = Target(
            self.index,
            self.name,
            folder,
            job=self.job,
            flush=self.record.flush,
            provable=not hidden_cache and not self.record.memory,
        )
        self.target.silence.hurried = self.hurried
        return self.target

    def _open(
        self, volume_of: Callable[[Path], Volume], silence: Silence
    ) -> tuple[PinnedFolder, bool]:
        """The root, with the marker in it, and whether a program behind it may hide a cache."""
        folder = self.pin(volume_of, make=True)
        try:
            self._mark(folder)
        except OSError as error:
            folder.close()  # or the drive could not be ejected
            raise self._fault(error) from error
        if silence.fault is not None:  # nobody waits for it any more, and it must not stay open
            folder.remove(self.marker)
            folder.close()
            raise silence.fault
        with folder.folder("") as fd:
            return folder, runs_in_user_space(fd)

    def _mark(self, folder: PinnedFolder) -> None:
        fd = folder.open(self.marker, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            os.write(fd, f"Reelkeep offload {self.job} is not finished here.\n".encode())
            os.fsync(fd)
        finally:
            os.close(fd)
        folder.sync_folder("")

    def _fault(self, error: OSError) -> DestinationReadOnly | WriteFailed | DestinationGone:
        words = error.strerror or str(error)
        if is_gone(error) or not self.root.parent.exists():
            return self._gone()
        if isinstance(error, PermissionError) or error.errno == 30:
            return DestinationReadOnly(
                f"{self.name} cannot be written to at {self.root}: {words}.", path=self.root
            )
        return WriteFailed(f"{self.root} on {self.name} cannot be opened: {words}.", path=self.root)

    def close(self) -> None:
        """Let go, and take the job's marker away where the drive still answers."""
        target, self.target = self.target, None
        if target is None:
            return
        try:
            if not target.gone and not target.silent:
                target.ask(lambda: self._unmark(target.folder), watcher().patience.sync)
        except (OSError, DestinationSilent):
            pass  # a drive that is gone keeps its marker; it names the job that left it
        finally:
            target.close()

    def _unmark(self, folder: PinnedFolder) -> None:
        folder.remove(self.marker)
        folder.sync_folder("")

    def ask(self, do: Callable[[], T]) -> T:
        """Ask a drive that is not opened, with patience; raises DestinationSilent."""
        silence = Silence(self.name)
        silence.hurried = self.hurried
        return silence.ask(do)

    def drop_partials(self, folders: Iterable[str]) -> None:
        """Remove what a crash or a pulled drive left half written by this job.

        What cannot be removed stays, under a name that nobody takes for a file of the card.
        """
        assert self.target is not None
        folder, known = self.target.folder, tuple(folders)
        self.target.ask(lambda: self._drop_partials(folder, known), watcher().patience.sync)

    def _drop_partials(self, folder: PinnedFolder, folders: Iterable[str]) -> list[str]:
        """Remove all that can be; answers what cannot. Raises DestinationGone."""
        left = []
        for path in folders:
            try:
                with folder.folder(path) as fd:
                    names = os.listdir(fd)
            except OSError:
                continue
            for name in names:
                partial = f"{path}/{name}" if path else name
                if name.startswith(f"{PARTIAL}{self.job}-") and not self._dropped(folder, partial):
                    left.append(partial)
        return left

    def _dropped(self, folder: PinnedFolder, path: str) -> bool:
        try:
            folder.remove(path)
        except OSError as error:
            if is_gone(error):
                raise self._gone() from error
            log.warning("%s: %s on %s cannot be removed: %s", self.job, path, self.name, error)
            return False
        return True

    def clear_up(self, volume_of: Callable[[Path], Volume], folders: Iterable[str]) -> None:
        """Take away what a job that was cut off has left in a root that `find` has found.

        Raises DestinationFault.
        """
        known = tuple(folders)
        Silence(self.name).ask(lambda: self._clear_up(volume_of, known), watcher().patience.sync)

    def _clear_up(self, volume_of: Callable[[Path], Volume], folders: Iterable[str]) -> None:
        if not self.root.is_dir():
            return  # the job was cut off before it had made anything
        folder = self.pin(volume_of)
        try:
            left = self._drop_partials(folder, folders)
            self._unmark(folder)
        except OSError as error:
            raise self._fault(error) from error
        finally:
            folder.close()
        if left:
            raise WriteFailed(
                f"{count_text(len(left), 'file')} on {self.name} cannot be removed, e.g."
                f" {self.root / left[0]}. Remove by hand what begins with {PARTIAL}{self.job}.",
                path=self.root / left[0],
                device=self.name,
            )


def room_of_partials(root: Path, job: JobId, folders: Iterable[str] | None = None) -> int:
    """The bytes on disk that *job* has half written below *root*, or in *folders* there alone."""
    room = 0
    if folders is None:
        looked = ((folder, names) for folder, _, names in os.walk(root))
    else:
        looked = ((str(root / folder), _names_in(root / folder)) for folder in folders)
    for folder, names in looked:
        for name in names:
            if name.startswith(f"{PARTIAL}{job}-"):
                with suppress(OSError):
                    room += os.lstat(os.path.join(folder, name)).st_blocks * 512
    return room


def _names_in(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
