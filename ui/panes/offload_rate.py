"""How fast the job in hand is: what stands beside the curve below the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.jobs.snapshot import JobSnapshot, JobState
from app.units import duration_text, rate_text
from ui.models.rates import slowest
from ui.widgets.plan_view import RateFace
from ui.words import printable

if TYPE_CHECKING:
    from ui.panes.offload_desk import OffloadDesk


def rate_face(desk: OffloadDesk) -> RateFace:
    """The rate of the job in hand; empty where none runs."""
    job = _job_in_hand(desk)
    if job is None:
        return RateFace()
    name = next((e.name for e in desk.cards.entries if e.root == job.card), job.title)
    slow = slowest(job)
    return RateFace(
        title=f"Rate of {printable(name)}",
        rate="waiting" if job.wants else rate_text(job.rate) if job.rate > 0 else "",
        samples=desk.rates.samples(str(job.id)),
        note=f"slowest: {printable(slow)}" if slow else "",
        current=printable(job.current),
        left=f"{duration_text(job.left)} left" if job.left is not None and not job.wants else "",
    )


def _job_in_hand(desk: OffloadDesk) -> JobSnapshot | None:
    """The running job of a chosen card, else the first that runs."""
    at_work = {JobState.RUNNING, JobState.PAUSED}
    running = [job for job in desk.jobs if job.state in at_work and not job.foreign]
    roots = [entry.root for entry in desk.cards.chosen]
    return next((j for j in running if j.card in roots), running[0] if running else None)
