"""The words people read: how states, jobs and drives are called in the window."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePath

from app.jobs.snapshot import JobSnapshot, JobState, PlaceSnapshot, PlaceState
from app.units import BYTES, amount_text, duration_text, now, speed_text
from ui.theme import Tone

_NAMED = 3
_LONGEST = 28
NOTHING = "–"
"""What a cell shows when there is no figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A state as people see it: mark, glyph and word; colour comes last."""

    mark: str
    """Name of the icon that is painted."""
    glyph: str
    """The same in running text."""
    word: str
    tone: Tone

    def __str__(self) -> str:
        return f"{self.glyph} {self.word}"


def _sign(mark: str, glyph: str, word: str, tone: Tone) -> Sign:
    return Sign(mark=mark, glyph=glyph, word=word, tone=tone)


SAFE = _sign("verified", "✓", "SAFE TO FORMAT", Tone.VERIFIED)
KEEP = _sign("attention", "!", "KEEP", Tone.ATTENTION)
SAFE_TO_EJECT = _sign("verified", "✓", "SAFE TO EJECT", Tone.VERIFIED)
WRITING = _sign("running", "▶", "Writing, do not unplug", Tone.RUNNING)
PAUSED_DRIVE = _sign("paused", "||", "Paused, do not unplug", Tone.ATTENTION)
COMPLETE = _sign("verified", "✓", "All verified", Tone.VERIFIED)
HOLDS_ALL = _sign("running", "▶", "All verified, do not unplug yet", Tone.RUNNING)
IN_USE = _sign("running", "▶", "In use, do not unplug", Tone.RUNNING)
VERIFIED_NOW = _sign("running", "▶", "Being verified, do not unplug", Tone.RUNNING)
REPAIRED_NOW = _sign("running", "▶", "Being repaired, do not unplug", Tone.RUNNING)
EJECTED = _sign("verified", "✓", "Ejected", Tone.VERIFIED)
INCOMPLETE = _sign("attention", "!", "Not complete", Tone.ATTENTION)
AWAY = _sign("attention", "!", "Not connected", Tone.ATTENTION)
STOPPED = _sign("failed", "✕", "Failed", Tone.FAILED)

JOB_SIGNS: dict[JobState, Sign] = {
    JobState.QUEUED: _sign("idle", "…", "Waiting", Tone.IDLE),
    JobState.RUNNING: _sign("running", "▶", "Running", Tone.RUNNING),
    JobState.PAUSED: _sign("paused", "||", "Paused", Tone.ATTENTION),
    JobState.DONE: _sign("verified", "✓", "Done", Tone.VERIFIED),
    JobState.FAILED: _sign("failed", "✕", "Failed", Tone.FAILED),
    JobState.CANCELLED: _sign("cancelled", "×", "Cancelled", Tone.IDLE),
    JobState.INTERRUPTED: _sign("interrupted", "!", "Interrupted", Tone.ATTENTION),
}
"""How a job's state is shown."""

WANTS = _sign("attention", "!", "Needs you", Tone.ATTENTION)
"""A job that waits for a person."""

COPY_LOST = _sign("attention", "!", "A copy has failed since", Tone.ATTENTION)
"""A job that was done, and a later look found a copy damaged or gone."""

PLACE_SIGNS: dict[PlaceState, Sign] = {
    PlaceState.WAITING: _sign("idle", "…", "Waiting", Tone.IDLE),
    PlaceState.WRITING: WRITING,
    PlaceState.READING_BACK: _sign("running", "▶", "Reading back, do not unplug", Tone.RUNNING),
    PlaceState.DONE: _sign("verified", "✓", "Done", Tone.VERIFIED),
    PlaceState.FAILED: STOPPED,
    PlaceState.GONE: _sign("attention", "!", "Connect it again", Tone.ATTENTION),
}
"""How a destination's state is shown."""


def printable(text: str) -> str:
    """*text* safe to show on one line: odd bytes, newlines and controls become visible marks."""
    if text.isprintable():
        return text
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    if char.isprintable():
        return char
    if 0xDC80 <= ord(char) <= 0xDCFF:
        return f"\\x{ord(char) - 0xDC00:02x}"
    if char in "\u200d\ufe0f\u00a0" or unicodedata.category(char) == "Zs":
        return char
    return {"\n": "⏎", "\t": " "}.get(char, "\ufffd")


def job_sign(job: JobSnapshot) -> Sign:
    """How *job* stands; a job that waits for a person, or lost a copy since, says so first."""
    if job.wants and not job.state.ended:
        return WANTS
    lost = any(place.state is PlaceState.FAILED for place in job.places)
    return COPY_LOST if job.state is JobState.DONE and lost else JOB_SIGNS[job.state]


def job_text(job: JobSnapshot) -> str:
    """E.g. `Offload A003 · 412.6 GB`; the drive of a check stands in a column of its own."""
    title = printable(job.title.rpartition(" on ")[0] or job.title if job.checked else job.title)
    amount = amount_text(job.size, job.unit) if job.size and job.unit == BYTES else ""
    return " · ".join(filter(None, (title, amount)))


def stage_text(job: JobSnapshot) -> str:
    """What the job does now, or how it ended, in one line."""
    if job.wants and not job.state.ended:
        return printable(job.wants)
    if job.foreign:
        return "Run by another Reelkeep on this profile"
    if job.state.ended or job.state is JobState.INTERRUPTED:
        return _ending(job)
    stage = printable(job.stage) or {
        JobState.QUEUED: "Waits for its turn",
        JobState.PAUSED: "Paused",
    }.get(job.state, "Starting")
    if job.state is JobState.PAUSED and job.stage:
        stage = f"Paused · {stage}"
    return stage + (_files(job) if job.state is not JobState.QUEUED else "")


def _ending(job: JobSnapshot) -> str:
    if job.state is JobState.FAILED:
        return printable(job.error) or "Something failed, see the report"
    if job.state is JobState.DONE:
        return printable(job.verdict) or "Done"
    if job.state is JobState.CANCELLED:
        return f"Cancelled{_files(job)}"
    return f"Interrupted{_files(job)}, can be resumed"


def _files(job: JobSnapshot) -> str:
    cut_off = job.state is JobState.INTERRUPTED
    if not job.files_total or (cut_off and not job.files_done):
        return ""
    at = min(job.files_done + (not job.state.ended and not cut_off), job.files_total)
    return f" · file {at:,} of {job.files_total:,}"


def rate_cell(job: JobSnapshot) -> str:
    """The job's rate, or a dash."""
    moving = job.state is JobState.RUNNING and job.rate > 0
    return speed_text(job.rate, job.unit) if moving else NOTHING


def left_cell(job: JobSnapshot) -> str:
    """Time left, or a dash while nobody can know."""
    if job.state is not JobState.RUNNING or job.left is None or job.wants:
        return NOTHING
    return duration_text(job.left)


def goes_to_text(job: JobSnapshot) -> str:
    """Names of the job's destinations, the copy that it checks, or the folder of its products."""
    if job.checked or job.goes_to:
        return printable(job.checked or job.goes_to)
    return ", ".join(place_name(place, job.places) for place in job.places) or NOTHING


def place_name(place: PlaceSnapshot, among: Sequence[PlaceSnapshot] = ()) -> str:
    """The volume's name; where it stands for several folders, the part in which they differ."""
    same = [PurePath(other.path).parts for other in among if other.name == place.name]
    if len(same) > 1:
        for parts in zip(*same, strict=False):
            if len(set(parts)) > 1:
                return printable(parts[same.index(PurePath(place.path).parts)])
    return printable(place.name if place.name.strip("/") else place.path)


def percent_text(job: JobSnapshot) -> str:
    """How far a job is; "" before it begins, and where a crash or another process left it open."""
    unknown = (job.state is JobState.INTERRUPTED or job.foreign) and not job.work_done
    if unknown or job.state in {JobState.QUEUED, JobState.CANCELLED}:
        return ""
    return f"{int(job.fraction * 100)} %"


def job_spoken(job: JobSnapshot) -> str:
    """The whole row in words, for a screen reader."""
    parts = [job_text(job), job_sign(job).word, stage_text(job), f"{job.fraction:.0%}"]
    if job.state is JobState.RUNNING and job.left is not None:
        parts.append(f"{duration_text(job.left)} left")
    if job.checked:
        parts.append(f"reads {goes_to_text(job)}")
    elif job.places or job.goes_to:
        parts.append(f"goes to {goes_to_text(job)}")
    return ", ".join(parts)


def is_whole(place: PlaceSnapshot) -> bool:
    """Whether a destination has all that it is to get, verified; the manifest may be to come."""
    return place.state is PlaceState.DONE or (
        place.state in {PlaceState.WRITING, PlaceState.READING_BACK}
        and place.verified >= place.total > 0
    )


def place_sign(place: PlaceSnapshot, *, running: bool = False) -> Sign:
    """How a destination stands: the sentence that says whether it may be unplugged.

    *running*: its job is on its way, and keeps even the drives that hold all of it.
    """
    if place.safe_to_eject and place.state is PlaceState.DONE:
        return SAFE_TO_EJECT
    at_work = place.state in {PlaceState.WRITING, PlaceState.READING_BACK}
    at_work = at_work or (running and place.state is PlaceState.DONE)
    return HOLDS_ALL if at_work and is_whole(place) else PLACE_SIGNS[place.state]


def drive_sign(job: JobSnapshot, place: PlaceSnapshot) -> Sign:
    """How a destination of *job* stands by what that job does, or has left there."""
    begun = place.state in {PlaceState.WRITING, PlaceState.READING_BACK}
    if job.state in {JobState.RUNNING, JobState.PAUSED}:
        if job.foreign and (begun or place.state is PlaceState.WAITING):
            return IN_USE  # the other process does not tell how far it is
        if job.state is JobState.PAUSED and (begun or place.state is PlaceState.WAITING):
            return PAUSED_DRIVE
        return place_sign(place, running=True)
    if job.state is not JobState.QUEUED and (begun or place.state is PlaceState.WAITING):
        return INCOMPLETE
    return place_sign(place)


def done_at_text(jobs: Iterable[JobSnapshot], moment: datetime | None = None) -> str:
    """E.g. `All done at about 16:42`; "" while nothing runs or nobody can know."""
    open_jobs = [job for job in jobs if not job.state.ended]
    running = [job for job in open_jobs if job.state is JobState.RUNNING]
    known = [job.left for job in running if job.left is not None]
    if any(job.wants for job in open_jobs):
        return "Waits for you"
    if not running or len(known) < len(running):
        return ""
    work_rate = sum(job.rate for job in running)
    queued = sum(job.work_total for job in open_jobs if job.state is JobState.QUEUED)
    if queued and work_rate <= 0:
        return ""
    seconds = max(known) + (queued / work_rate if queued else 0.0)
    start = moment or now()
    end = start + timedelta(seconds=seconds)
    day = "" if end.date() == start.date() else f"on {end.day} {end:%b} "
    return f"All done {day}at about {end:%H:%M}"


def listed(names: Iterable[str]) -> str:
    """E.g. `A003, B002, C001 and 2 more`; very long names are cut."""
    all_names = [printable(name) for name in names]
    short = [n if len(n) <= _LONGEST else f"{n[: _LONGEST - 1]}…" for n in all_names[:_NAMED]]
    more = f" and {len(all_names) - _NAMED} more" if len(all_names) > _NAMED else ""
    return ", ".join(short) + more


def moment_words(moment: datetime, today: datetime | None = None) -> str:
    """A moment that was: `at 14:02`, or `on 20 Nov` where that was another day."""
    there = moment.astimezone()
    if there.date() == (today or now()).astimezone().date():
        return f"at {there:%H:%M}"
    return f"on {there.day} {there:%b}"


def earlier_text(job: JobSnapshot, today: datetime | None = None) -> str:
    """What an ended job says of a card that nobody has looked through since."""
    when = moment_words(job.finished, today) if job.finished else "before"
    if job.state is JobState.CANCELLED:
        return f"cancelled {when}"
    if job.safe:
        return f"safe {when}, not checked now"
    what = job.verdict.partition(", ")[2] or (
        "offloaded" if job.state is JobState.DONE else "failed"
    )
    return f"{what} {when}"


def started_text(jobs: Sequence[JobSnapshot]) -> str:
    """What became of jobs that were just put in the queue; of several only what stays true."""
    if len(jobs) == 1:
        job = jobs[0]
        title = printable(job.title)
        if job.state is JobState.QUEUED:
            why = stage_text(job)
            return f"{title} {why[:1].lower()}{why[1:]}."
        how = stage_text(job).partition(": ")[0].partition(". ")[0]
        return f"{title} has started." if not job.state.ended else f"{title}: {how}."
    return f"{len(jobs):,} jobs were put in the queue."


def counts_text(pairs: Iterable[tuple[int, str]]) -> str:
    """E.g. `2 running, 1 waiting`; what counts nothing is left out."""
    return ", ".join(f"{count:,} {word}" for count, word in pairs if count)
