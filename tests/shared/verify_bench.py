"""What tests of verifying share: one call that verifies a place as the job does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from app.integrity.verify.outcome import FileState, VerifyOutcome
from app.integrity.verify.run import VerifyRun
from app.integrity.verify.signature import Signature
from app.integrity.verify.spec import VerifySpec
from app.jobs.control import JobControl
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId


def fresh_control() -> JobControl:
    """The control of a job that begins now."""
    control = JobControl(
        JobSnapshot(id=JobId("AF1ADD"), kind="verify", title="Verify", state=JobState.QUEUED)
    )
    control.start(datetime.now(UTC))
    return control


def verify(
    path: Path, repair_from: Path | None = None, control: JobControl | None = None
) -> VerifyOutcome:
    """Verify *path* to the end."""
    spec = VerifySpec(path=path, repair_from=repair_from)
    signature = Signature(job="AF1ADD", tool_version="0.1.0", operator="Ada")
    return VerifyRun(spec, control or fresh_control(), signature, {}).run()


def named(outcome: VerifyOutcome) -> dict[str, str]:
    """Every difference that is still open: path to state."""
    return {d.path: str(d.state) for d in outcome.differences() if not d.repaired}


def found(outcome: VerifyOutcome, state: FileState) -> list[str]:
    """The paths in one state."""
    return sorted(d.path for d in outcome.differences() if d.state is state)


def generations(root: Path) -> list[Path]:
    """The manifests of a folder's history."""
    return sorted((root / "ascmhl").glob("*.mhl"))


def change(path: Path, at: int = 3) -> None:
    """Change one bit of a file without changing its size or time."""
    import os

    before = path.stat()
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def texts(paths: Iterable[Path]) -> dict[str, bytes]:
    """The bytes of several files, by name."""
    return {path.name: path.read_bytes() for path in paths}
