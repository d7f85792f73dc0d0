"""A hand-made engine for window tests: real snapshot values, no jobs behind them."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.jobs.snapshot import JobSnapshot, JobState, PlaceSnapshot, PlaceState
from app.jobs.spec import JobId
from app.media.montage.montages import Montages
from app.paths import Profile
from app.places.devices import Device, DeviceKind
from app.places.volumes import Volume
from app.reports.model import CopyRow, DayCard, DayReport, FileRow

GB = 1_000_000_000
MOMENT = datetime(2026, 11, 20, 16, 20, tzinfo=UTC)


class StandInProxies:
    """Knows the proxies that a test put in."""

    def __init__(self) -> None:
        self.known: dict[Path, tuple[object, ...]] = {}

    def recipe_names(self) -> tuple[str, ...]:
        return ("thumbnail", "preview", "editorial")

    def versions(self, clip: Path) -> tuple[object, ...]:
        return self.known.get(clip, ())

    def used(self, clip: Path) -> None: ...

    def small(self, _clip: Path) -> None: ...

    def offline(self, _folder: Path) -> tuple[object, ...]:
        return ()


class StandInWatched:
    """Watch folders that stand as a test says."""

    def __init__(self) -> None:
        self.now: tuple[object, ...] = ()
        self.asked: list[tuple[object, ...]] = []

    def begin(self) -> None: ...

    def end(self, _seconds: float) -> bool:
        return True

    def states(self) -> tuple[object, ...]:
        return self.now

    def switch(self, root: Path, on: bool) -> None:
        self.asked.append(("switch", root, on))

    def retry(self, root: Path) -> None:
        self.asked.append(("retry", root))


class StandInEngine:
    """Answers what a test put in, and writes down what it was asked to do."""

    def __init__(self, *jobs: JobSnapshot) -> None:
        self.jobs = list(jobs)
        self.asked: list[tuple[object, ...]] = []
        self.mounted: tuple[Volume, ...] = ()
        self.rows: tuple[FileRow, ...] = ()
        self.awake = True
        self.power_warning = ""
        self.day_cards: tuple[DayCard, ...] = ()
        self.left: tuple[str, ...] = ()
        self.proxies = StandInProxies()
        self.external_decoders: dict[str, str] = {}
        self.watched = StandInWatched()
        self.profile = Profile(directory=Path("/nonexistent"))
        self.fault: Exception | None = None
        self._ended = threading.Event()

    @property
    def montages(self) -> Montages:
        """The real ones: stills need no jobs."""
        decoders = lambda: self.external_decoders  # noqa: E731
        return Montages(self.profile.indexes, None, dict, decoders)  # type: ignore[arg-type]

    def serve(self) -> None:
        self._ended.wait()
        if self.fault:
            raise self.fault

    def stop(self) -> None:
        self.asked.append(("stop",))
        self._ended.set()

    def snapshots(self) -> tuple[JobSnapshot, ...]:
        return tuple(self.jobs)

    def volumes(self) -> tuple[Volume, ...]:
        return self.mounted

    def cards(self) -> tuple[object, ...]:
        return ()

    def day(self) -> DayReport:
        return DayReport(
            day=MOMENT.date(), number=12, project="", cards=self.day_cards, made=MOMENT
        )

    def files(self, job: JobId) -> tuple[FileRow, ...]:
        self.asked.append(("files", job))
        return self.rows

    def pause(self, job: JobId) -> None:
        self._turn(job, "pause", JobState.PAUSED)

    def resume(self, job: JobId) -> None:
        self._turn(job, "resume", JobState.RUNNING)

    def cancel(self, job: JobId) -> tuple[str, ...]:
        self._turn(job, "cancel", JobState.CANCELLED)
        return self.left

    def retry(self, job: JobId) -> JobId:
        self._turn(job, "retry", JobState.QUEUED)
        return job

    def forget(self, job: JobId) -> None:
        self.asked.append(("forget", job))
        self.jobs = [shown for shown in self.jobs if shown.id != job]

    def move(self, job: JobId, before: JobId | None) -> None:
        self.asked.append(("move", job, before))
        moved = next(shown for shown in self.jobs if shown.id == job)
        rest = [shown for shown in self.jobs if shown.id != job]
        at = next((i for i, shown in enumerate(rest) if shown.id == before), len(rest))
        self.jobs = [*rest[:at], moved, *rest[at:]]

    def _turn(self, job: JobId, verb: str, state: JobState) -> None:
        if self.fault:
            raise self.fault
        self.asked.append((verb, job))
        self.jobs = [replace(j, state=state) if j.id == job else j for j in self.jobs]


def place(name: str, state: PlaceState = PlaceState.WRITING, **facts: object) -> PlaceSnapshot:
    values = {"total": 412 * GB, "written": 200 * GB, "verified": 140 * GB} | facts
    path = str(values.pop("path", f"/mnt/{name}"))
    return PlaceSnapshot(name=name, path=path, device=name, state=state, **values)  # type: ignore[arg-type]


def job(number: int, title: str, state: JobState, **facts: object) -> JobSnapshot:
    values: dict[str, object] = {
        "size": 412 * GB,
        "work_total": 1000 * GB,
        "files_total": 58,
        "created": MOMENT - timedelta(minutes=number),
    } | facts
    return JobSnapshot(
        id=JobId(f"{number:06X}"), kind="offload", title=title, state=state, **values
    )  # type: ignore[arg-type]


def running(number: int = 1, title: str = "Offload A003", share: float = 0.54) -> JobSnapshot:
    return job(
        number,
        title,
        JobState.RUNNING,
        stage="Copying, reading back",
        current="A003C031_261120_R1AB.mxf",
        work_done=round(1000 * GB * share),
        copied=round(412 * GB * share),
        verified=round(412 * GB * share * 0.7),
        files_done=30,
        rate=1.14e9,
        left=250.0,
        places=(place("RAID-1"), place("SHUTTLE-07"), place("LTO stage")),
    )


def queued(number: int = 3) -> JobSnapshot:
    return job(
        number,
        "Verify SHUTTLE-06",
        JobState.QUEUED,
        stage="Waits for SHUTTLE-07 to finish",
        size=3100 * GB,
        places=(place("SHUTTLE-06", PlaceState.WAITING),),
    )


def failed(number: int = 4) -> JobSnapshot:
    return job(
        number,
        "Offload B002",
        JobState.FAILED,
        work_done=620 * GB,
        copied=380 * GB,
        verified=260 * GB,
        error="Destination full: A003C029.mxf needs 7.2 GB, 1.1 GB left on LTO stage.",
        hint="Free space or replace the drive, then retry.",
        verdict="KEEP, 1 of 2 copies verified",
        report="none.html",
        finished=MOMENT,
        places=(place("RAID-1", PlaceState.DONE), place("LTO stage", PlaceState.FAILED)),
    )


def done(number: int = 5, title: str = "Offload A002") -> JobSnapshot:
    return job(
        number,
        title,
        JobState.DONE,
        work_done=1000 * GB,
        copied=412 * GB,
        verified=412 * GB,
        files_done=58,
        verdict="SAFE TO FORMAT",
        safe=True,
        report="none.html",
        finished=MOMENT,
        places=(place("RAID-1", PlaceState.DONE), place("SHUTTLE-07", PlaceState.DONE)),
    )


def wanting(number: int = 6) -> JobSnapshot:
    return replace(
        running(number, "Offload C001", 0.3), wants="Connect SHUTTLE-07 again.", rate=0.0
    )


def volume(label: str) -> Volume:
    return Volume(
        mount_point=Path("/mnt") / label,
        source=f"/dev/{label}",
        file_system="xfs",
        label=label,
        uuid=label,
        capacity=32_000 * GB,
        free=12_100 * GB,
        device=Device(id=label, name=label, kind=DeviceKind.DISK),
    )


def file_row(number: int, state: str = "verified") -> FileRow:
    return FileRow(
        path=f"A003/A003C{number:03d}_261120_R1AB.mxf",
        clip=f"A003C{number:03d}",
        size=7 * GB + number,
        modified=MOMENT,
        hashes={"xxh64": f"{number:016x}", "blake3": "00" * 32},
        state=state,
        copies=(
            CopyRow(destination=0, path="x", state="verified", read_back=MOMENT),
            CopyRow(destination=1, path="x", state="written, not verified"),
        ),
    )
