"""How a job stands, in words for people and as facts for scripts."""

from __future__ import annotations

from typing import Any

from app.cli.output import shown
from app.jobs.snapshot import JobSnapshot, JobState, PlaceSnapshot, PlaceState
from app.units import BYTES, amount_text, duration_text, speed_text


def progress_text(job: JobSnapshot) -> str:
    """One line on how a job stands."""
    parts = [job.title, str(job.state), job.stage, f"{job.fraction:.0%}"]
    parts += (
        [f"{amount_text(job.copied, job.unit)} of {amount_text(job.size, job.unit)}"]
        if job.size
        else []
    )
    if job.state is JobState.RUNNING:
        parts += [speed_text(job.rate, job.unit)] if job.rate else []
        parts += [f"{duration_text(job.left)} left"] if job.left is not None else []
    parts += [job.wants] if job.wants else []
    return ", ".join(part for part in parts if part)


_PLACE_WORDS = {
    PlaceState.WAITING: "waiting",
    PlaceState.WRITING: "writing, do not unplug",
    PlaceState.READING_BACK: "reading back",
    PlaceState.DONE: "done",
    PlaceState.FAILED: "failed",
    PlaceState.GONE: "gone",
}


def place_text(place: PlaceSnapshot) -> str:
    """How one destination stands, in words."""
    if place.trouble:
        return shown(place.trouble)
    return "safe to eject" if place.safe_to_eject else _PLACE_WORDS[place.state]


def progress_facts(job: JobSnapshot) -> dict[str, Any]:
    """How a job stands, as JSON."""
    return {
        "job": job.id,
        "kind": job.kind,
        "title": job.title,
        "state": str(job.state),
        "stage": job.stage,
        "current": job.current,
        "fraction": round(job.fraction, 4),
        "unit": job.unit,
        "size": job.size,
        "copied": job.copied,
        "verified": job.verified,
        "files_done": job.files_done,
        "files_total": job.files_total,
        "rate": round(job.rate) if job.unit == BYTES else round(job.rate, 2),
        "left": None if job.left is None else round(job.left, 1),
        "wants": job.wants,
        "places": [
            {
                "name": place.name,
                "path": place.path,
                "state": str(place.state),
                "written": place.written,
                "verified": place.verified,
                "trouble": place.trouble,
                "safe_to_eject": place.safe_to_eject,
            }
            for place in job.places
        ],
    }
