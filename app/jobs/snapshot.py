"""How a job stands at one moment: an immutable picture that anyone may take at any time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.jobs.spec import JobId
from app.units import BYTES


class JobState(StrEnum):
    """Where a job is in its life.

    QUEUED → RUNNING ⇄ PAUSED → DONE | FAILED | CANCELLED; INTERRUPTED after a crash or quit.
    """

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    """Everything that was asked is done and, in the modes that verify, verified."""
    FAILED = "failed"
    """It came to its end, but something failed or differs."""
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen unless somebody asks."""
        return self in {JobState.DONE, JobState.FAILED, JobState.CANCELLED}


class PlaceState(StrEnum):
    """How one destination of a job stands."""

    WAITING = "waiting"
    WRITING = "writing"
    """Bytes are on their way: do not unplug."""
    READING_BACK = "reading-back"
    DONE = "done"
    """All that was asked is on it, and verified where asked."""
    FAILED = "failed"
    GONE = "gone"
    """Pulled; the job waits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceSnapshot:
    """One destination of a job."""

    name: str
    """The volume's label, or the folder's name."""
    path: str
    device: str
    """Name of the device behind it."""
    lane: str = ""
    """Id of that device; "" where it was not kept."""
    state: PlaceState = PlaceState.WAITING
    total: int = 0
    """Bytes it is to receive."""
    written: int = 0
    verified: int = 0
    """Bytes read back from the medium and equal."""
    rate: float = 0.0
    """Bytes written per second, smoothed."""
    trouble: str = ""
    """What failed, in one sentence with file and way out."""
    safe_to_eject: bool = False
    """All is on it, and no job of any Reelkeep on this profile is at work on its device."""

    @property
    def fraction(self) -> float:
        """How much of what it is to receive is there, 0 to 1."""
        if self.state is PlaceState.DONE:
            return 1.0
        there = max(self.written, self.verified)  # what lay there before was not written
        return min(1.0, there / self.total) if self.total else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSnapshot:
    """One job at one moment."""

    id: JobId
    kind: str
    title: str
    """For people: "Offload A003"."""
    state: JobState
    stage: str = ""
    """What it does now: "Copying, reading back"."""
    current: str = ""
    """The file in hand."""
    unit: str = BYTES
    """What work, source and rate are counted in: bytes, or frames (`app.units`)."""
    work_done: int = 0
    """Units of work done; of a copy all bytes, read-back included."""
    work_total: int = 0
    copied: int = 0
    """Bytes of the source that have been read and handed to every destination still in the job."""
    verified: int = 0
    """Bytes of the source that are verified on all destinations still in the job."""
    size: int = 0
    """Units of the source."""
    files_done: int = 0
    files_total: int = 0
    clips_done: int = 0
    clips_total: int = 0
    rate: float = 0.0
    """Units of the source per second, smoothed."""
    left: float | None = None
    """Seconds left; None while nobody can know."""
    places: tuple[PlaceSnapshot, ...] = ()
    wants: str = ""
    """What the job waits for, as a request to a person: "Connect SHUTTLE-07 again."."""
    error: str = ""
    """Why it failed, in one sentence."""
    hint: str = ""
    verdict: str = ""
    """For an offload that has ended: the sentence people act on."""
    safe: bool = False
    """Whether that verdict says SAFE TO FORMAT."""
    card: str = ""
    """Root of the card it copies, as text."""
    checked: str = ""
    """Path of the copy that a verify or repair job reads."""
    goes_to: str = ""
    """Path of the folder that it puts what it makes into; "" for copies, which have places."""
    lanes: frozenset[str] = frozenset()
    """Ids of the devices that it keeps busy while it runs."""
    report: str = ""
    """Path of the HTML report once it is written."""
    created: datetime | None = None
    started: datetime | None = None
    finished: datetime | None = None
    foreign: bool = False
    """Another running Reelkeep on this profile has this job in hand."""

    @property
    def fraction(self) -> float:
        """Share of the work done, 0 to 1."""
        if self.state is JobState.DONE:
            return 1.0  # what was found in place was planned as work, and was none
        return min(1.0, self.work_done / self.work_total) if self.work_total else 0.0
