"""What stands against a start, in one sentence for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.jobs.snapshot import JobState
from ui.words import listed, printable

if TYPE_CHECKING:
    from ui.panes.offload_desk import OffloadDesk

PLANNING = "Planning …"


def why_not(desk: OffloadDesk) -> str:
    """Why Start can't be pressed, in one sentence; empty where it can."""
    missing = _missing(desk)
    if missing or desk.planner.working:
        return missing or PLANNING
    if desk.planner.error:
        return printable(desk.planner.error)
    refusals = desk.reading().refusals
    return printable(refusals[0].text) if refusals else ""


def stands_against(desk: OffloadDesk) -> bool:
    """Whether what keeps Start from being pressed is wrong, not only missing yet."""
    lost = any(e.unusable and not e.ejected for e in desk.destinations.entries)
    lost = lost and bool(desk.startable())
    return lost or (bool(desk.planner.error) and not desk.planner.working)


def _missing(desk: OffloadDesk) -> str:
    """What a plan still needs."""
    chosen = desk.cards.chosen
    if not chosen:
        return "Choose a card." if desk.cards.entries else "Add a card to start."
    if any(entry.card is None and not entry.trouble for entry in chosen):
        return "The card is being looked at."
    if not desk.startable():
        verb = "is" if len(chosen) == 1 else "are"
        states = {job.state for job in map(desk.job_of, chosen) if job}
        what = "in the queue already"
        if JobState.RUNNING in states or JobState.PAUSED in states:
            what = "being copied" if JobState.RUNNING in states else "paused"
        return f"{listed(entry.name for entry in chosen)} {verb} {what}."
    if not desk.destinations.entries:
        return "Add a destination to start."
    return printable(next((e.trouble for e in desk.destinations.entries if e.unusable), ""))
