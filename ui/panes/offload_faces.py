"""From facts to faces: what the tiles of the offload pane say about cards and destinations.

Pure functions, so that every word on a tile can be tested without a window.
"""

from __future__ import annotations

from datetime import datetime
from fnmatch import fnmatchcase

from app.jobs.snapshot import JobSnapshot, JobState, PlaceState
from app.offload.plan import Remark, Weight
from app.places.cards import Card, FindingKind
from app.units import bytes_text, count_text, rate_text
from ui.models.cards import CardEntry, is_busy
from ui.models.choices import Choices
from ui.models.destinations import DestinationEntry, PlaceInHand, bus_text, is_slow_usb
from ui.models.plan import PlannedRoom, PlanReading
from ui.theme import Tone
from ui.widgets.card_tile import CardFace
from ui.widgets.destination_tile import DestinationFace
from ui.widgets.plan_view import PlanFace
from ui.words import KEEP, SAFE, SAFE_TO_EJECT, Sign, place_sign, printable

_FILE_SYSTEMS = {"exfat": "exFAT", "vfat": "FAT32", "fuseblk": "NTFS", "ntfs3": "NTFS"}
_UPPER = {"xfs", "ntfs", "apfs", "zfs", "jfs", "nfs", "nfs4", "smb", "cifs"}
_SHOWN_GAPS = 2
_RETRY = {
    JobState.FAILED: "Retry failed",
    JobState.CANCELLED: "Resume",
    JobState.INTERRUPTED: "Resume",
}
_MATCHED = 200
_RED = 0.07
"""A drive without room shows at least so much of its bar in red."""
_TONES = {
    Weight.REFUSAL: Tone.FAILED,
    Weight.ATTENTION: Tone.ATTENTION,
    Weight.NOTE: Tone.IDLE,
}


# Cards


def card_face(
    entry: CardEntry,
    job: JobSnapshot | None,
    *,
    chosen: bool,
    wanted: int,
    ejectable: bool = False,
) -> CardFace:
    """What the tile of a card says."""
    card = entry.card
    sign, detail = _verdict(entry, job, wanted)
    started = is_busy(job) or (job is not None and not job.state.ended)
    moving = started and job is not None and job.state is not JobState.QUEUED
    size = job.size if job and job.size else 1
    return CardFace(
        key=entry.root,
        roll=printable(entry.name),
        camera=_short(card.camera, 20) if card else "",
        size=bytes_text(card.size) if card else "",
        facts=_facts(entry, job),
        findings=_attention(card, job),
        copied=job.copied / size if job and moving else None,
        verified=job.verified / size if job and moving else 0.0,
        sign=sign,
        detail=detail,
        trouble=entry.trouble or (_job_trouble(job) if job else ""),
        has_evidence=job is not None and job.state is not JobState.QUEUED,
        can_eject=ejectable and not started,
        retry=_RETRY.get(job.state, "") if job else "",
        report=job.report if job else "",
        chosen=chosen,
    )


def _facts(entry: CardEntry, job: JobSnapshot | None) -> str:
    card = entry.card
    if card is None:
        return "" if entry.trouble else "Looking at its structure …"
    if job and job.state is JobState.DONE and job.safe:
        done = _verified_on(job)
        return f"{_count(card)} · {done}" if done else _count(card)
    parts = [_count(card)]
    if card.first_recorded:
        parts.append(_time_range(card.first_recorded, card.last_recorded))
    if len(card.clips) > 1:
        parts.append(f"{printable(card.clips[0].name)} to {printable(card.clips[-1].name)}")
    elif card.clips:
        parts.append(printable(card.clips[0].name))
    return " · ".join(parts)


def _count(card: Card) -> str:
    return count_text(len(card.clips), "clip") if card.clips else count_text(card.files, "file")


def _verified_on(job: JobSnapshot) -> str:
    names = [printable(p.name) for p in job.places if p.state is PlaceState.DONE]
    moment = f" {job.finished.astimezone():%H:%M}" if job.finished else ""
    return f"verified on {', '.join(names)}{moment}" if names else ""


def _time_range(first: datetime, last: datetime | None) -> str:
    if last is None or last == first:
        return f"{first:%H:%M}"
    if first.date() != last.date():
        return f"{first:%d %b %H:%M} to {last:%d %b %H:%M}"
    return f"{first:%H:%M} to {last:%H:%M}"


def _attention(card: Card | None, job: JobSnapshot | None) -> str:
    """What the job asks of a person, else what the card seems to lack."""
    if job and job.wants and not job.state.ended:
        return printable(job.wants)
    return _findings(card) if card else ""


def _findings(card: Card) -> str:
    """The first gaps in full, the rest as a count."""
    if not card.findings:
        return ""
    texts = [printable(finding.text) for finding in card.findings]
    if card.findings[0].kind is not FindingKind.ROLL_SEEN and len(texts) > _SHOWN_GAPS:
        return f"{' '.join(texts[:_SHOWN_GAPS])} {len(texts) - _SHOWN_GAPS} more."
    return " ".join(texts[: _SHOWN_GAPS + 1])


def _verdict(entry: CardEntry, job: JobSnapshot | None, wanted: int) -> tuple[Sign | None, str]:
    """The big words, and what stands small beside them."""
    if entry.card is None:
        return (KEEP, "could not be read") if entry.trouble else (None, "")
    if job is None:
        return KEEP, "not started"
    if job.safe and job.state is JobState.DONE:
        return SAFE, ""
    return KEEP, _keep_detail(job, wanted)


def _keep_detail(job: JobSnapshot, wanted: int) -> str:
    if job.state in {JobState.DONE, JobState.FAILED} and job.verdict:
        return job.verdict.partition(", ")[2] or job.verdict
    words = {
        JobState.QUEUED: "waiting in the queue",
        JobState.CANCELLED: "cancelled",
        JobState.INTERRUPTED: "interrupted, can be resumed",
        JobState.FAILED: "failed",
    }
    if job.state in words:
        return words[job.state]
    if job.clips_total:
        progress = f"{job.clips_done:,} of {count_text(job.clips_total, 'clip')}"
    else:
        progress = f"{job.files_done:,} of {count_text(job.files_total, 'file')}"
    done = sum(1 for place in job.places if place.state is PlaceState.DONE)
    paused = "paused, " if job.state is JobState.PAUSED else ""
    return f"{paused}{min(done, wanted)} of {wanted} copies verified, {progress}"


def _job_trouble(job: JobSnapshot) -> str:
    if job.state is JobState.FAILED and not any(place.trouble for place in job.places):
        return printable(f"{job.error} {job.hint}".strip())
    return ""


# The plan


def plan_face(
    reading: PlanReading, choices: Choices, *, why_not: str, can_try: bool, wrong: bool, tried: str
) -> PlanFace:
    """What the plan in the middle says."""
    refused = bool(reading.refusals)
    alone = [r for r in reading.remarks if r.destination is None or r.weight is not Weight.NOTE]
    safe = [
        (Tone.VERIFIED, "Every file is verified on these destinations already.")
        for _ in reading.safe_already[:1]
    ]
    return PlanFace(
        title=printable(reading.title),
        rows=reading.rows,
        remarks=(*safe, *((_TONES[r.weight], printable(r.text)) for r in alone)),
        ignored=_ignored(choices.ignore, reading.ignored) if reading.rows else "",
        start=f"Start · {_short(choices.preset, 16)}" if choices.preset else "Start",
        can_start=not why_not,
        can_try=can_try,
        why_not=f"Start is not possible: {count_text(len(reading.refusals), 'refusal')} above."
        if refused
        else why_not,
        why_tone=Tone.FAILED if refused or wrong else Tone.DIM,
        tried=tried,
    )


def _short(name: str, most: int) -> str:
    name = printable(name)
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _ignored(patterns: tuple[str, ...], ignored: tuple[str, ...]) -> str:
    """The patterns that leave something out now (else the first ones), and how many files."""
    names = [path.rpartition("/")[2] for path in ignored[:_MATCHED]]
    hits = [p for p in patterns if any(fnmatchcase(name, p) for name in names)]
    listed = ", ".join((hits or list(patterns))[:2]) or "nothing"
    more = ", …" if len(hits or patterns) > 2 else ""
    return f"Ignored: {printable(listed)}{more} · {count_text(len(ignored), 'file')}"


# Destinations


def destination_face(
    entry: DestinationEntry,
    hand: PlaceInHand | None,
    room: PlannedRoom | None,
    remarks: tuple[Remark, ...],
    template: str,
) -> DestinationFace:
    """What the tile of a destination says."""
    volume = entry.volume
    capacity = volume.capacity if volume else 0
    used = (capacity - volume.free) / capacity if volume and capacity else 0.0
    needed = volume.free - room.after if volume and room else 0
    planned = needed / capacity if capacity else 0.0
    sign, detail = _drive_state(hand)
    trouble, hint = _trouble(entry, hand)
    place = hand.place if hand else None
    failed = place is not None and place.state in {PlaceState.FAILED, PlaceState.GONE}
    fits = room is None or room.after >= 0
    if failed or not fits:
        planned = max(planned, _RED)
        used = min(used, 1.0 - _RED)
    return DestinationFace(
        key=entry.key,
        name=printable(entry.name),
        pill=f"{_file_system(volume.file_system)} · {_capacity(capacity)}" if volume else "",
        rate=_rate(hand),
        where=_where(entry, template),
        used=min(1.0, used),
        planned=max(0.0, min(1.0 - used, planned)),
        has_room=volume is not None,
        fits=fits,
        free=_free_text(entry, room),
        remarks=_tile_remarks(entry, remarks),
        sign=sign,
        detail=detail,
        trouble=trouble,
        hint=hint,
        failed=failed,
        can_retry=True,
        can_eject=volume is not None and volume.removable and not (hand and hand.live),
        can_remove=not (hand and hand.live),
        has_details=hand is not None,
    )


def _file_system(name: str) -> str:
    return _FILE_SYSTEMS.get(name, name.upper() if name in _UPPER else name)


def _capacity(count: int) -> str:
    """A capacity as it stands on the drive: `32 TB`, `4 TB`, `1.9 TB`, `500 GB`."""
    return bytes_text(count).replace(".0 ", " ")


def _rate(hand: PlaceInHand | None) -> str:
    if hand is None or hand.job.state.ended:
        return ""
    if hand.place.state is PlaceState.FAILED:
        return "stopped"
    if hand.job.state is JobState.PAUSED:
        return "paused"
    return rate_text(hand.place.rate) if hand.place.rate > 0 else ""


def _where(entry: DestinationEntry, template: str) -> str:
    volume = entry.volume
    folder = entry.key
    if volume and str(volume.mount_point) != "/":
        folder = folder.removeprefix(str(volume.mount_point))
    own = entry.spec.template if entry.spec.template is not None else template
    path = f"{folder.rstrip('/')}/{own}".rstrip("/") or "/"
    parts = [printable(path)]
    if volume and (bus := bus_text(volume)):
        parts.append(bus)
    if entry.spec.only:
        parts.append(f"only {', '.join(entry.spec.only)}")
    if entry.spec.stage:
        parts.append(f"stage {entry.spec.stage + 1}")
    return " · ".join(parts)


def _free_text(entry: DestinationEntry, room: PlannedRoom | None) -> str:
    if entry.volume is None:
        return "" if entry.looked else "Looking at the drive …"
    free = f"{bytes_text(entry.volume.free)} free"
    if room is None or not room.needed:
        return free
    if room.after < 0:
        return f"{free}, {bytes_text(-room.after)} too few for this plan"
    return f"{free}, {bytes_text(room.after)} after this plan"


def _tile_remarks(
    entry: DestinationEntry, remarks: tuple[Remark, ...]
) -> tuple[tuple[Tone, str], ...]:
    said = [(_TONES[remark.weight], printable(remark.text)) for remark in remarks]
    volume = entry.volume
    if volume and is_slow_usb(volume) and not any("USB 2" in text for _, text in said):
        said.append((Tone.ATTENTION, "Came up as USB 2, about 40 MB/s. Try another port or cable."))
    if not entry.spec.flush:
        said.append((Tone.ATTENTION, "Not flushed: this copy is never verified."))
    return tuple(said)


def _drive_state(hand: PlaceInHand | None) -> tuple[Sign | None, str]:
    """The words people act on, and what stands small beside them."""
    if hand is None:
        return None, ""
    place, job = hand.place, hand.job
    if place.state is PlaceState.FAILED:
        return None, ""
    if place.safe_to_eject:
        done = place.verified >= place.total > 0
        return SAFE_TO_EJECT, f"{printable(job.title)} verified" if done else ""
    if job.state is JobState.QUEUED or hand.live or place.state is PlaceState.GONE:
        return place_sign(place), ""
    return None, ""


def _trouble(entry: DestinationEntry, hand: PlaceInHand | None) -> tuple[str, str]:
    """What went wrong here, and the way out."""
    if hand is not None and hand.place.state in {PlaceState.FAILED, PlaceState.GONE}:
        said, dot, rest = hand.place.trouble.partition(". ")
        others = [p for p in hand.job.places if p != hand.place]
        go_on = any(p.state is not PlaceState.FAILED for p in others) and not hand.job.state.ended
        hint = f"{'The others go on. ' if go_on and 'others' not in rest.lower() else ''}{rest}"
        return printable(said + dot.strip()), printable(hint.strip())
    return printable(entry.trouble), ""
