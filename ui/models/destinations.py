"""The destinations of the offload pane: folders on drives, their options, what a job does there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from app.jobs.snapshot import JobSnapshot, JobState, PlaceSnapshot, PlaceState
from app.offload.spec import DestinationSpec
from app.places.chosen import DRIVES, ejectable, look_at, volume_of
from app.places.volumes import Volume
from ui.job_table import repairable

__all__ = [
    "DRIVES",
    "DestinationEntry",
    "DestinationShelf",
    "PlaceInHand",
    "bus_text",
    "ejectable",
    "holder_of",
    "is_slow_usb",
    "look_at",
    "place_for",
    "place_name",
    "volume_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationEntry:
    """One destination of the pane."""

    spec: DestinationSpec
    volume: Volume | None = None
    """The volume that it lies on; None while it is being looked at or gone."""
    trouble: str = ""
    """Why it can't be used, in one sentence."""
    looked: bool = False
    """Whether the look at it has ended."""
    home: Volume | None = None
    """The drive that it was found on, while it is connected or not."""
    ejected: bool = False
    """Its drive was ejected here, and has not come back since."""

    @property
    def key(self) -> str:
        """The chosen folder, as text."""
        return str(self.spec.path)

    @property
    def name(self) -> str:
        """The volume's label; on the system's own volume, or on none, the folder's name."""
        return place_name(self.spec.path, self.volume or self.home)

    @property
    def gone(self) -> bool:
        """Whether its drive was there and is not any more."""
        return self.home is not None and self.volume is None and self.looked

    @property
    def unusable(self) -> bool:
        """Whether nothing can be copied to it now: a job would write into an empty mount point."""
        return self.gone or (self.looked and bool(self.trouble))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceInHand:
    """What a job does, or last did, on a destination."""

    job: JobSnapshot
    place: PlaceSnapshot

    @property
    def live(self) -> bool:
        """Whether the drive must stay where it is."""
        at_work = self.job.state in {JobState.RUNNING, JobState.PAUSED}
        done = self.place.state is PlaceState.DONE and self.place.safe_to_eject
        return at_work and not done and self.place.state is not PlaceState.FAILED

    @property
    def repairable(self) -> bool:
        """Whether what failed here can be brought back from a copy that is whole."""
        return any(self.job.places[n].path == self.place.path for n in repairable(self.job))

    @property
    def index(self) -> int:
        """Which of the job's destinations this is, from 0."""
        return next(n for n, place in enumerate(self.job.places) if place.path == self.place.path)


def place_name(path: Path, volume: Volume | None) -> str:
    """What people call a destination: the drive, or the folder where `/` would say nothing."""
    if volume is not None and volume.label and str(volume.mount_point) != "/":
        return volume.label
    return path.name or str(path)


class DestinationShelf:
    """The destinations in the order in which they were added."""

    def __init__(self) -> None:
        self._entries: dict[str, DestinationEntry] = {}

    @property
    def entries(self) -> tuple[DestinationEntry, ...]:
        """Every destination, in order."""
        return tuple(self._entries.values())

    @property
    def specs(self) -> tuple[DestinationSpec, ...]:
        """What a job is to be given."""
        return tuple(entry.spec for entry in self._entries.values())

    def get(self, key: str) -> DestinationEntry | None:
        """The destination at *key*."""
        return self._entries.get(key)

    def add(self, spec: DestinationSpec) -> bool:
        """Add a destination; False when it is there already."""
        if str(spec.path) in self._entries:
            return False
        self._entries[str(spec.path)] = DestinationEntry(spec=spec)
        return True

    def remove(self, key: str) -> None:
        """Take a destination out of the plan; nothing on the drive changes."""
        self._entries.pop(key, None)

    def put(self, specs: Sequence[DestinationSpec]) -> None:
        """Replace all destinations, as a preset does; what is known of those that stay is kept."""
        old = self._entries
        self._entries = {}
        for spec in specs:
            key = str(spec.path)
            known = old.get(key)
            self._entries[key] = replace(known, spec=spec) if known else DestinationEntry(spec=spec)

    def set_options(self, spec: DestinationSpec) -> None:
        """Change a destination's options."""
        key = str(spec.path)
        if key in self._entries:
            self._entries[key] = replace(self._entries[key], spec=spec)

    def exchange(self, key: str, spec: DestinationSpec) -> None:
        """Put another folder in the place of *key*, in the same row."""
        self.put([spec if str(old.path) == key else old for old in self.specs])

    def eject(self, key: str) -> None:
        """Note that the drive of *key* was ejected, for every folder that lies on it."""
        entry = self._entries.get(key)
        for other in self.entries:
            if entry and (other.key == key or (other.home and other.home == entry.home)):
                self._entries[other.key] = replace(other, ejected=True)

    def follow(self, volumes: Sequence[Volume]) -> bool:
        """Drives that are back under another mount point take their folders along; whether any is.

        Where two volumes could be the drive, neither is taken for it.
        """
        moved = False
        for entry in [entry for entry in self.entries if entry.gone]:
            now = _elsewhere(entry, volumes)
            if now is None or entry.home is None:
                continue
            path = now.mount_point / entry.spec.path.relative_to(entry.home.mount_point)
            if str(path) not in self._entries:
                self.exchange(entry.key, replace(entry.spec, path=path))
                moved = True
        return moved

    def looked_at(self, key: str, volume: Volume | None, trouble: str = "") -> bool:
        """Note what a look at a destination found; answers whether that is new."""
        entry = self._entries.get(key)
        if entry is None:
            return False
        home, ejected = entry.home, entry.ejected
        if home and volume and len(volume.mount_point.parts) < len(home.mount_point.parts):
            # What is left is an empty folder on the disk that the drive was mounted on.
            volume, trouble = (
                None,
                (f"{home.label} is not connected. Connect it again, or remove it from the plan."),
            )
        if volume and str(volume.mount_point) != "/":
            home = volume
        if volume:  # an answer from before it went says nothing of its coming back
            ejected = ejected and entry.volume is not None
        elif ejected and home:
            trouble = f"{home.label} is ejected. Connect it again, or remove it from the plan."
        fresh = replace(
            entry, volume=volume, trouble=trouble, looked=True, home=home, ejected=ejected
        )
        self._entries[key] = fresh
        return fresh != entry


def _elsewhere(entry: DestinationEntry, volumes: Sequence[Volume]) -> Volume | None:
    """Where the drive of a destination that is gone is mounted now."""
    home = entry.home
    if home is None or not entry.spec.path.is_relative_to(home.mount_point):
        return None
    found = [volume for volume in volumes if volume.may_be(home.identity, home.device.id)]
    return found[0] if len(found) == 1 and found[0].mount_point != home.mount_point else None


def place_for(entry: DestinationEntry, jobs: Sequence[JobSnapshot]) -> PlaceInHand | None:
    """What is said on the destination's tile: a live job first, else the newest one."""
    newest: PlaceInHand | None = None
    for job in jobs:
        for place in job.places:
            if not _is_below(place.path, entry.key):
                continue
            hand = PlaceInHand(job=job, place=place)
            if newest is None or hand.live or not newest.live:
                newest = hand
    return newest


def holder_of(entry: DestinationEntry, jobs: Sequence[JobSnapshot]) -> JobSnapshot | None:
    """The job, of any kind, that keeps the drive of a destination busy or is about to."""
    if entry.volume is None:
        return None
    device = entry.volume.device.id
    holding = [job for job in jobs if device in job.lanes and _holds(job)]
    if entry.volume.source.startswith(_IMAGES):
        holding = [job for job in holding if _touches(job, entry.volume)]
    return next((j for j in holding if j.state is not JobState.QUEUED), next(iter(holding), None))


_IMAGES = "/dev/loop"
"""Images of drives lie together on one disk, and each can go while another is in use."""


def _touches(job: JobSnapshot, volume: Volume) -> bool:
    paths = [job.card, job.checked, job.goes_to, *(place.path for place in job.places)]
    return any(path and PurePath(path).is_relative_to(volume.mount_point) for path in paths)


def _holds(job: JobSnapshot) -> bool:
    if job.state is JobState.QUEUED:
        return not job.wants  # it waits for a person, not for its turn
    return job.state in {JobState.RUNNING, JobState.PAUSED}


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


_BUSES = {
    "usb": "USB",
    "nvme": "NVMe",
    "sata": "SATA",
    "sas": "SAS",
    "mmc": "Card reader",
    "thunderbolt": "Thunderbolt",
    "network": "Network",
}


def bus_text(volume: Volume) -> str:
    """How the drive is connected, for people: `USB 3, 5 Gbit/s`; empty where nobody knows."""
    device = volume.device
    bus = _BUSES.get(device.bus.lower(), "")
    if bus == "USB" and device.bus_speed:
        gigabits = device.bus_speed / 1e9
        return "USB 2" if gigabits < 1 else f"USB 3, {gigabits:g} Gbit/s"
    return bus


def is_slow_usb(volume: Volume) -> bool:
    """Whether the drive has come up as USB 2 or slower."""
    return volume.device.bus.lower() == "usb" and 0 < volume.device.bus_speed < 1_000_000_000
