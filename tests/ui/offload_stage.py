"""A stage for the offload pane: invented cards, drives and plans behind the engine's door."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from stand_in import StandInProxies, StandInWatched

from app.errors import NotFound
from app.integrity.verdict import Answer, Verdict
from app.jobs.snapshot import JobSnapshot, JobState, PlaceSnapshot, PlaceState
from app.jobs.spec import JobId
from app.offload.plan import OffloadPlan, PlannedDestination, Remark, Weight
from app.offload.spec import OffloadSpec
from app.places.cards import Card, Clip, Finding, FindingKind, identity_of
from app.places.devices import Device, DeviceKind
from app.places.eject import EjectResult
from app.places.volumes import Volume
from app.reports.model import CopyRow, FileRow

GB = 1_000_000_000
TB = 1000 * GB
MOMENT = datetime(2026, 11, 20, 9, 14, tzinfo=UTC)


def volume(
    label: str, file_system: str, capacity: int, free: int, *, bus: str = "nvme", speed: int = 0
) -> Volume:
    return Volume(
        mount_point=Path(f"/media/{label}"),
        source=f"/dev/{label}",
        file_system=file_system,
        label=label,
        uuid=f"uuid-{label}",
        capacity=capacity,
        free=free,
        device=Device(
            id=label, name=f"{label} disk", kind=DeviceKind.DISK, bus=bus, bus_speed=speed
        ),
        removable=True,
    )


RAID = volume("RAID-1", "xfs", 32 * TB, 12 * TB + 100 * GB)
SHUTTLE = volume("SHUTTLE-07", "exfat", 4 * TB, 1600 * GB, bus="usb", speed=10_000_000_000)
STAGE = volume("LTO stage", "ext4", 8 * TB, 1100_000_000, bus="sata")
OLD = volume("OLD-USB", "vfat", 2 * TB, 900 * GB, bus="usb", speed=480_000_000)


def card(
    roll: str,
    camera: str = "ARRI ALEXA 35",
    clips: int = 58,
    size: int = 412_600_000_000,
    findings: tuple[str, ...] = (),
) -> Card:
    made = tuple(
        Clip(name=f"{roll}C{n:03d}", files=(f"{roll}C{n:03d}.mxf",), size=size // clips)
        for n in range(1, clips + 1)
    )
    return Card(
        root=Path(f"/media/{roll}"),
        structure="arri",
        camera=camera,
        roll=roll,
        label=roll,
        clips=made,
        size=size,
        files=clips * 2,
        first_recorded=MOMENT,
        last_recorded=MOMENT + timedelta(hours=3, minutes=17),
        findings=tuple(Finding(kind=FindingKind.SIDECAR_MISSING, text=text) for text in findings),
    )


@dataclass
class Settings:
    values: dict[str, object] = field(default_factory=dict)

    def get(self, key: str) -> object:
        return self.values.get(key)

    def set(self, key: str, value: object) -> None:
        self.values[key] = value


class StageEngine:
    """Answers with what a test put in; writes down what it was asked to do."""

    def __init__(self) -> None:
        self.jobs: list[JobSnapshot] = []
        self.mounted: tuple[Volume, ...] = (RAID, SHUTTLE, STAGE, OLD)
        self.inserted: list[Card] = []
        self.settings = Settings()
        self.proxies = StandInProxies()
        self.watched = StandInWatched()
        self.asked: list[tuple[object, ...]] = []
        self.rows: tuple[FileRow, ...] = ()
        self.remark: Callable[[OffloadSpec], tuple[Remark, ...]] = lambda spec: ()
        self.gate = threading.Event()
        """Plans wait for it."""
        self.gate.set()
        self.safe_already: set[str] = set()
        self.ignored: tuple[str, ...] = (".DS_Store", "clips/._A001.mxf")
        self._ended = threading.Event()

    def serve(self) -> None:
        self._ended.wait()

    def stop(self, interrupt: bool = True) -> None:
        self._ended.set()
        self.gate.set()

    def snapshots(self) -> tuple[JobSnapshot, ...]:
        return tuple(self.jobs)

    def volumes(self) -> tuple[Volume, ...]:
        return self.mounted

    def cards(self) -> tuple[Card, ...]:
        return tuple(self.inserted)

    def recognise(self, path: Path) -> Card:
        found = next((c for c in self.inserted if c.root == path), None)
        if found:
            return found
        if "missing" in path.name:
            raise NotFound(f"{path} is not there.")
        plain = card(path.name, camera="Folder", clips=3, size=3 * GB)
        structure = "arri" if path.name.startswith(("A", "B")) else "folder"
        return replace(plain, root=path, structure=structure)

    def plan(self, spec: OffloadSpec) -> OffloadPlan:
        self.gate.wait(10)
        self.asked.append(("plan", spec))
        found = self.recognise(spec.source)
        remarks = self.remark(spec)
        planned = []
        for index, destination in enumerate(spec.destinations):
            at = self.volume_of(destination.path)
            after = at.free - found.size
            if after < 0:
                text = (
                    f"{at.label} has {at.free / GB:.1f} GB free, {found.roll} needs "
                    f"{found.size / GB:.1f} GB. Free space or take another drive."
                )
                refusal = Remark(weight=Weight.REFUSAL, text=text, destination=index)
                remarks = (*remarks, refusal)
            root = destination.path / (destination.template or spec.template).replace(
                "{roll}", found.roll
            ).replace("{camera}", found.camera)
            planned.append(
                PlannedDestination(
                    path=destination.path,
                    root=root,
                    volume=at,
                    files=found.files,
                    size=found.size,
                    already=0,
                    free_after=after,
                )
            )
        return OffloadPlan(
            spec=spec,
            card=found,
            files=found.files,
            clips=len(found.clips),
            size=found.size,
            destinations=tuple(planned),
            ignored=self.ignored,
            remarks=remarks,
            identity=identity_of(found, ()),
            seconds=420.0,
            already_safe=str(spec.source) in self.safe_already,
        )

    def volume_of(self, path: Path) -> Volume:
        found = next((v for v in self.mounted if path.is_relative_to(v.mount_point)), None)
        return found or replace(RAID, mount_point=Path("/"), label=path.name, uuid=str(path))

    def submit(self, spec: OffloadSpec) -> JobId:
        self.asked.append(("submit", spec))
        made = offload(
            spec.source.name, JobState.QUEUED, tuple(str(d.path) for d in spec.destinations)
        )
        self.jobs.append(replace(made, card=str(spec.source)))
        return made.id

    def retry(self, job: JobId) -> JobId:
        self.asked.append(("retry", job))
        return job

    def resume(self, job: JobId) -> None:
        self.asked.append(("resume", job))

    def eject(self, path: Path) -> EjectResult:
        self.asked.append(("eject", path))
        return EjectResult(label=path.name, device="disk", unmounted=(path,), powered_off=False)

    def files(self, job: JobId) -> tuple[FileRow, ...]:
        return self.rows

    def report(self, job: JobId) -> None:
        return None

    def verdict(self, job: JobId) -> Verdict:
        shown = next(j for j in self.jobs if j.id == job)
        answer = Answer.SAFE if shown.safe else Answer.KEEP
        copies = 2 if shown.safe else 1
        return Verdict(
            answer=answer,
            verified_copies=copies,
            wanted_copies=2,
            files=len(self.rows),
            ignored=4,
            reasons=() if shown.safe else ("12 files are verified on 1 of 2 devices.",),
        )

    def did(self, verb: str) -> list[object]:
        return [entry[1] for entry in self.asked if entry[0] == verb]


def place(path: str, state: PlaceState = PlaceState.WRITING, **facts: object) -> PlaceSnapshot:
    values: dict[str, object] = {
        "total": 412 * GB,
        "written": 220 * GB,
        "verified": 140 * GB,
        "rate": 1.14e9,
    } | facts
    return PlaceSnapshot(
        name=Path(path).parts[2] if len(Path(path).parts) > 2 else Path(path).name,
        path=path,
        device="disk",
        state=state,
        **values,  # type: ignore[arg-type]
    )


_numbers = iter(range(1, 1_000_000))


def offload(
    roll: str, state: JobState, paths: tuple[str, ...] = (), **facts: object
) -> JobSnapshot:
    """A job of the card at /media/ROLL."""
    waiting = {JobState.QUEUED: PlaceState.WAITING}.get(state, PlaceState.WRITING)
    values: dict[str, object] = {
        "card": f"/media/{roll}",
        "size": 412_600_000_000,
        "work_total": 1000 * GB,
        "work_done": 400 * GB,
        "copied": 222 * GB,
        "verified": 157 * GB,
        "clips_done": 31,
        "clips_total": 58,
        "files_done": 62,
        "files_total": 116,
        "rate": 1.14e9 if state is JobState.RUNNING else 0.0,
        "left": 250.0,
        "stage": "Copying, reading back",
        "current": "A003R1AB/A003C031_261120_R1AB.mxf",
        "created": datetime.now(UTC),
        "started": None if state is JobState.QUEUED else datetime.now(UTC),
        "finished": datetime.now(UTC) + timedelta(seconds=5) if state.ended else None,
        "places": tuple(place(path, waiting) for path in paths),
    } | facts
    return JobSnapshot(
        id=JobId(f"{next(_numbers):06X}"),
        kind="offload",
        title=f"Offload {roll}",
        state=state,
        **values,  # type: ignore[arg-type]
    )


def file_rows(count: int, destinations: int = 2) -> tuple[FileRow, ...]:
    """*count* files with copies on every destination."""
    return tuple(
        FileRow(
            path=f"clips/A003C{n:05d}.mxf",
            clip=f"A003C{n:05d}",
            size=7_100_000_000 + n,
            modified=MOMENT,
            hashes={"xxh64": f"{n:016x}", "blake3": f"{n * 7919:064x}"},
            state="failed" if n % 500 == 499 else "verified",
            copies=tuple(
                CopyRow(destination=d, path=f"A003C{n:05d}.mxf", state="verified", read_back=MOMENT)
                for d in range(destinations)
            ),
        )
        for n in range(count)
    )
