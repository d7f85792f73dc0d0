"""Takes away what an offload that was cut off, and will not go on, has left half written."""

from __future__ import annotations

from app.errors import DestinationFault
from app.jobs.journal import Journal
from app.jobs.spec import JobId
from app.offload.card.surroundings import Surroundings
from app.offload.copying.place import Place
from app.offload.evidence.ledger import Ledger
from app.offload.job.roster import Roster
from app.offload.spec import OffloadSpec


def clear_up(
    job: JobId, spec: OffloadSpec, journal: Journal, around: Surroundings
) -> tuple[str, ...]:
    """Remove the partial files and markers of *job* wherever its drives are connected.

    Answers, in words, what could not be reached.
    """
    if journal.fact(job, "places") is None:
        return ()
    roster = Roster(Ledger(journal, job), spec, around)
    return tuple(words for place in roster.places if (words := _left_on(place, roster, around)))


def _left_on(place: Place, roster: Roster, around: Surroundings) -> str:
    """Why partial files may stay on a destination; "" when none is left there."""
    job = place.job
    if not place.find(around.volumes, around.volume_of):
        return (
            f"{place.name} is not connected: what the job may have left half written there stays,"
            f" under names that begin with .reelkeep-{job}. `reelkeep jobs resume {job}` with the"
            " drive takes it up."
        )
    listed = roster.ledger.journal.fact(job, "listed")
    try:
        place.clear_up(around.volume_of, roster.folders_on(place) if listed else [""])
    except DestinationFault as error:
        return f"What the job left half written on {place.name} could not be removed: {error}"
    return ""
