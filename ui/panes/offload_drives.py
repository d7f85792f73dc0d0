"""From facts to faces: what the tiles of the destinations say.

Pure functions, so that every word on a tile can be tested without a window.
"""

from __future__ import annotations

import re

from app.jobs.snapshot import JobSnapshot, JobState, PlaceState
from app.offload.plan import Remark, Weight
from app.places.volumes import Volume
from app.units import bytes_text, count_text, rate_text
from ui.models.destinations import (
    DRIVES,
    DestinationEntry,
    PlaceInHand,
    bus_text,
    ejectable,
    is_slow_usb,
)
from ui.models.plan import PlannedRoom
from ui.theme import Tone
from ui.widgets.destination_tile import DestinationFace
from ui.words import (
    COMPLETE,
    EJECTED,
    IN_USE,
    PLACE_SIGNS,
    REPAIRED_NOW,
    SAFE_TO_EJECT,
    VERIFIED_NOW,
    Sign,
    drive_sign,
    is_whole,
    printable,
)

_FILE_SYSTEMS = {"exfat": "exFAT", "vfat": "FAT32", "fuseblk": "NTFS", "ntfs3": "NTFS"}
_UPPER = {"xfs", "ntfs", "apfs", "zfs", "jfs", "nfs", "nfs4", "smb", "cifs"}
_KNOWN = re.compile(r"([\d,]+) files? known from job (\w+)")
_RED = 0.07
"""A drive without room shows at least so much of its bar in red."""
TONES = {
    Weight.REFUSAL: Tone.FAILED,
    Weight.ATTENTION: Tone.ATTENTION,
    Weight.NOTE: Tone.IDLE,
}


def destination_face(
    entry: DestinationEntry,
    hand: PlaceInHand | None,
    room: PlannedRoom | None,
    remarks: tuple[Remark, ...],
    template: str,
    *,
    thinned: bool = False,
    holder: JobSnapshot | None = None,
    cards: int = 1,
) -> DestinationFace:
    """What the tile of a destination says.

    *thinned*: copies on it have gone since. *holder*: the job that keeps its drive busy. *cards*:
    how many are planned; of one the folder is known by its name.
    """
    volume, place = entry.volume, hand.place if hand else None
    at_work = hand is not None and hand.live
    held = holder is not None and not (hand and hand.job.id == holder.id)
    sign, detail = _drive_state(entry, hand)
    detail = "" if thinned else detail
    if held and holder is not None and not at_work:
        sign, detail = _held(entry, holder) or (sign, detail)
    trouble, hint = _trouble(entry, hand)
    gone = hand is not None and hand.place.state is PlaceState.GONE and not hand.job.state.ended
    failed = place is not None and place.state in {PlaceState.FAILED, PlaceState.GONE}
    failed = failed and not (entry.ejected and volume is None)
    fits = room is None or room.after >= 0
    used, planned = _shares(volume, room, bad=failed or not fits)
    planned_root = room.root if room and cards == 1 else ""
    free_to_go = volume is not None and not held and not at_work
    return DestinationFace(
        key=entry.key,
        name=printable(entry.name),
        pill=_pill(volume),
        rate=_rate(hand),
        where=_where(entry, template, place.path if place and at_work else planned_root),
        used=used,
        planned=planned,
        has_room=volume is not None,
        fits=fits,
        free=_free_text(entry, room),
        remarks=_tile_remarks(entry, remarks, at_work=at_work),
        sign=sign,
        detail=detail,
        trouble=trouble,
        hint=hint,
        failed=failed,
        can_retry=not gone and not (hand and hand.job.state is JobState.DONE),
        can_leave_out=gone,
        can_repair=hand is not None and hand.repairable,
        can_eject=free_to_go and volume is not None and ejectable(volume),
        can_remove=not at_work,
        can_verify=free_to_go,
        has_details=hand is not None,
    )


def _shares(volume: Volume | None, room: PlannedRoom | None, *, bad: bool) -> tuple[float, float]:
    """How much of a drive is full, and how much a plan adds; where it is *bad*, some is red."""
    if volume is None or not volume.capacity:
        return 0.0, _RED if bad else 0.0
    used = (volume.capacity - volume.free) / volume.capacity
    planned = (volume.free - room.after) / volume.capacity if room else 0.0
    if bad:
        used, planned = min(used, 1.0 - _RED), max(planned, _RED)
    return min(1.0, used), max(0.0, min(1.0 - used, planned))


def _pill(volume: Volume | None) -> str:
    """File system and capacity."""
    if volume is None:
        return ""
    return f"{_file_system(volume.file_system)} · {_capacity(volume.capacity)}"


def _file_system(name: str) -> str:
    return _FILE_SYSTEMS.get(name, name.upper() if name in _UPPER else name)


def _capacity(count: int) -> str:
    """A capacity as it stands on the drive: `32 TB`, `4 TB`, `1.9 TB`, `500 GB`."""
    return bytes_text(count).replace(".0 ", " ")


def _rate(hand: PlaceInHand | None) -> str:
    if hand is None or hand.job.state.ended or hand.job.state is JobState.INTERRUPTED:
        return ""
    if hand.place.state is PlaceState.FAILED:
        return "stopped"
    if hand.job.state is JobState.PAUSED:
        return "paused"
    if is_whole(hand.place) or hand.job.wants:
        return ""
    return rate_text(hand.place.rate) if hand.place.rate > 0 else ""


def _where(entry: DestinationEntry, template: str, root: str) -> str:
    """*root*: the folder that a job writes now, else that of the one card that is planned."""
    volume = entry.volume
    own = entry.spec.template if entry.spec.template is not None else template
    parts = [printable(root or f"{entry.key.rstrip('/')}/{own}".rstrip("/") or "/")]
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
        return free
    return f"{free}, {bytes_text(room.after)} after this plan"


def _tile_remarks(
    entry: DestinationEntry, remarks: tuple[Remark, ...], *, at_work: bool
) -> tuple[tuple[Tone, str], ...]:
    """What is to be said of a drive; *at_work*: a job writes there, and not what is known."""
    known = [_KNOWN.findall(r.text) if r.weight is Weight.NOTE else [] for r in remarks]
    said = [
        (TONES[r.weight], printable(r.brief or _gist(r.text, entry.name)))
        for r, of_jobs in zip(remarks, known, strict=True)
        if not of_jobs
    ]
    if any(known) and not at_work:
        said.append((TONES[Weight.NOTE], _known_text([one for some in known for one in some])))
    volume = entry.volume
    if volume and is_slow_usb(volume) and not any("USB 2" in text for _, text in said):
        said.append((Tone.ATTENTION, "USB 2, about 40 MB/s: try another port or cable"))
    if not entry.spec.flush:
        said.append((Tone.ATTENTION, "Not flushed: this copy is never verified"))
    if volume and str(volume.mount_point) == "/" and entry.key.startswith(DRIVES):
        said.append((Tone.ATTENTION, "No drive is mounted here: this is the system's disk"))
    return tuple(dict.fromkeys(said))


def _known_text(known: list[tuple[str, str]]) -> str:
    """E.g. `10,025 files known from 5 earlier jobs`: one line, however many cards are planned."""
    files = count_text(sum(int(count.replace(",", "")) for count, _ in known), "file")
    jobs = list(dict.fromkeys(job for _, job in known))
    return f"{files} known from {f'job {jobs[0]}' if len(jobs) == 1 else f'{len(jobs)} jobs'}"


def _gist(text: str, name: str) -> str:
    """The first sentence without the drive's name; all of it stands in the plan."""
    first = text.partition(". ")[0].rstrip(".")
    for before in (f"{name} is ", f"{name}: ", f"{name} "):
        if first.startswith(before):
            first = first.removeprefix(before)
            return first[:1].upper() + first[1:]
    return first


def _drive_state(entry: DestinationEntry, hand: PlaceInHand | None) -> tuple[Sign | None, str]:
    """The words people act on, and what stands small beside them."""
    if entry.ejected and entry.volume is None:
        return EJECTED, "may be unplugged"
    if hand is None or hand.place.state is PlaceState.FAILED:
        return None, ""
    return _in_hand(entry, hand)


def _held(entry: DestinationEntry, holder: JobSnapshot) -> tuple[Sign, str] | None:
    """What another job does with the drive; nobody unplugs the system's own disk."""
    here = holder.checked == entry.key or holder.checked.startswith(entry.key.rstrip("/") + "/")
    around = entry.key.startswith(holder.checked.rstrip("/") + "/") if holder.checked else False
    if not (here or around or (entry.volume and ejectable(entry.volume))):
        return None
    if holder.state is JobState.QUEUED:
        return PLACE_SIGNS[PlaceState.WAITING], printable(holder.title)
    sign = {"verify": VERIFIED_NOW, "repair": REPAIRED_NOW}.get(holder.kind, IN_USE)
    return sign, printable(holder.title)


def _in_hand(entry: DestinationEntry, hand: PlaceInHand) -> tuple[Sign | None, str]:
    """What a job does here, or has left here."""
    place, job = hand.place, hand.job
    if place.safe_to_eject:
        return _at_rest(entry, hand)
    if not (job.state is JobState.QUEUED or hand.live or place.state is PlaceState.GONE):
        return None, ""
    sign = drive_sign(job, place)
    return sign, printable(job.title) if sign is IN_USE else ""


def _at_rest(entry: DestinationEntry, hand: PlaceInHand) -> tuple[Sign | None, str]:
    """A drive with which nothing is done any more; nobody ejects a folder of the system's disk."""
    whole = hand.place.verified >= hand.place.total > 0
    what = printable(hand.job.title)
    if entry.volume is None:
        return None, ""
    if ejectable(entry.volume):
        return SAFE_TO_EJECT, f"{what} verified" if whole else ""
    return (COMPLETE, what) if whole else (None, "")


def _trouble(entry: DestinationEntry, hand: PlaceInHand | None) -> tuple[str, str]:
    """What went wrong here, and the way out."""
    if entry.ejected and entry.volume is None:
        failed = hand is not None and hand.place.state is PlaceState.FAILED
        return (printable(hand.place.trouble) if hand and failed else ""), ""
    if hand is not None and hand.place.state in {PlaceState.FAILED, PlaceState.GONE}:
        said, dot, rest = hand.place.trouble.partition(". ")
        others = [p for p in hand.job.places if p != hand.place]
        go_on = any(p.state is not PlaceState.FAILED for p in others) and not hand.job.state.ended
        hint = f"{'The others go on. ' if go_on and 'other' not in rest.lower() else ''}{rest}"
        return printable(said + dot.strip()), printable(hint.strip())
    if hand is not None and hand.live and hand.place.trouble:
        return printable(hand.place.trouble), ""  # it does not answer at this moment
    return printable(entry.trouble), ""
